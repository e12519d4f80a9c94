"""Showers as pictures: every layer as it lies, energies on a logarithmic scale; histograms of shapes."""

from __future__ import annotations

import numpy as np

from gansmith.data.chart import Sheet, histogram
from gansmith.data.kinds.showers.layers import Layers
from gansmith.data.kinds.showers.shapes import Shapes

HEAT = np.array([[0, 0, 4], [60, 15, 112], [150, 44, 128], [238, 96, 93], [254, 190, 130], [252, 253, 191]])


def drawn(cells: np.ndarray, layers: Layers, threshold: float, gap: int = 2) -> np.ndarray:
    """Cells (n, cells) in GeV as uint8 (n, 3, side, layers · side): layers from left to right, black is empty and the
    brightest is the largest cell of all."""
    value = np.log1p(np.maximum(cells, 0) / threshold)
    value = np.concatenate([value / max(float(value.max(initial=0)), 1e-9), np.full((len(value), 1), -1.0)], 1)
    blocks = []
    for index in layers.pixels():
        seen = value[:, index]  # −1 is the last: outside of the detector
        colours = np.stack([np.interp(seen, np.linspace(0, 1, len(HEAT)), channel) for channel in HEAT.T], 1)
        blocks.append(np.where((seen < 0)[:, None], 255, colours).round().astype(np.uint8))
        blocks.append(np.full((len(value), 3, index.shape[0], gap), 255, np.uint8))
    return np.concatenate(blocks[:-1], 3)


def average(real: np.ndarray, fake: np.ndarray, layers: Layers, threshold: float) -> np.ndarray:
    """The mean shower of each, the real one above, uint8 (h, w, 3)."""
    both = drawn(np.stack([real.mean(0), fake.mean(0)]), layers, threshold)
    gap = np.full((3, 4, both.shape[3]), 255, np.uint8)
    return np.concatenate([both[0], gap, both[1]], 1).transpose(1, 2, 0).repeat(2, 0).repeat(2, 1)


def profiles(shapes: Shapes, real, fake, most: int = 12) -> np.ndarray:
    """Histograms of the first shapes of each kind, made ones as bars and real ones as a line, uint8 (h, w, 3)."""
    one, two = shapes(real), shapes(fake)
    order = [i for i, name in enumerate(shapes.names) if "x" not in name.split() and "y" not in name.split()]
    wide = shapes.where("width x")
    chosen = sorted({*order[: most - 3], *wide[:3]})[:most]
    sheet = Sheet(len(chosen), 220, 160, ("made", "real"))
    for panel, i in enumerate(chosen):
        histogram(sheet, sheet.panel(panel, shapes.names[i]), two[:, i], one[:, i], bins=30)
    return sheet.picture
