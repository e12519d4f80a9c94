"""The layers of a calorimeter: how many cells each has, where they lie, and how that is spelt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from gansmith.errors import DataError

# Voxels of a shower in the CaloChallenge -> (angles, radii) of each layer, https://calochallenge.github.io/homepage/
CHALLENGE = {
    368: ((1, 8), (10, 16), (10, 19), (1, 5), (1, 5)),  # dataset 1, photons
    533: ((1, 8), (10, 10), (10, 10), (1, 5), (10, 15), (10, 16), (1, 10)),  # dataset 1, pions
    6480: 45 * ((16, 9),),  # dataset 2
    40500: 45 * ((50, 18),),  # dataset 3
}
SHOWN = 8  # layers of a shower that are drawn, at most
SIDE = 48  # pixels of a layer that is drawn


@dataclass(frozen=True)
class Layers:
    """Cells in layers one behind the other, all over the same area.

    heights, widths  rows and columns of each;  polar  rows are angles and columns are radii
    """

    heights: tuple[int, ...]
    widths: tuple[int, ...]
    polar: bool = False

    @cached_property
    def sizes(self) -> list[int]:
        return [a * b for a, b in zip(self.heights, self.widths)]

    @property
    def cells(self) -> int:
        return sum(self.sizes)

    @cached_property
    def parts(self) -> list[slice]:
        """Which cells are those of each layer."""
        ends = np.cumsum([0, *self.sizes]).tolist()
        return [slice(a, b) for a, b in zip(ends, ends[1:])]

    @cached_property
    def places(self) -> np.ndarray:
        """(2, cells): how far right and how far down of the middle each lies, in sides of the layer: −0.5 … 0.5."""
        found = []
        for rows, columns in zip(self.heights, self.widths):
            down, right = ((np.arange(k) + 0.5) / k for k in (rows, columns))
            if self.polar:
                angle, radius = 2 * np.pi * down[:, None], right / 2
                x, y = radius * np.cos(angle), radius * np.sin(angle)
                if rows == 1:  # rings, which lie around the middle
                    x, y = np.tile(radius, (1, 1)), np.zeros((1, columns))
            else:
                x, y = np.meshgrid(right - 0.5, down - 0.5)
            found.append(np.stack([x.ravel(), y.ravel()]))
        return np.concatenate(found, 1)

    def pixels(self) -> list[np.ndarray]:
        """Of at most SHOWN layers, evenly spaced: (SIDE, SIDE) numbers of the cells that are seen there, −1 outside."""
        chosen = np.unique(np.linspace(0, len(self.sizes) - 1, SHOWN).round().astype(int))
        at = (np.arange(SIDE) + 0.5) / SIDE
        y, x = np.meshgrid(at, at, indexing="ij")
        made = []
        for i in chosen:
            rows, columns, first = self.heights[i], self.widths[i], self.parts[i].start
            down, right = y, x
            if self.polar:
                right = 2 * np.hypot(x - 0.5, y - 0.5)
                down = np.arctan2(y - 0.5, x - 0.5) / (2 * np.pi) % 1
            index = (
                first + (down * rows).astype(int) % rows * columns + (right * columns).astype(int).clip(0, columns - 1)
            )
            made.append(np.where(right < 1, index, -1))
        return made

    def __str__(self) -> str:
        """'3x96,12x12,12x6', and '45*16x9' of 45 equal ones."""
        each = [f"{a}x{b}" for a, b in zip(self.heights, self.widths)]
        return f"{len(each)}*{each[0]}" if len(each) > 1 and len(set(each)) == 1 else ",".join(each)


def layers_of(pairs, polar: bool = False) -> Layers:
    """Layers of these (rows, columns)."""
    return Layers(tuple(int(a) for a, _ in pairs), tuple(int(b) for _, b in pairs), polar)


def read_layers(text, polar: bool = False) -> Layers:
    """Layers from '3x96,12x12,12x6', '45*16x9', from pairs of numbers, or from a binning .xml of the CaloChallenge."""
    if isinstance(text, str) and text.lower().endswith(".xml"):
        return layers_of(_binning(Path(text).expanduser()), polar)
    if not isinstance(text, str):
        text = ",".join("x".join(map(str, pair)) for pair in text)
    pairs = []
    for part in text.replace(" ", "").split(","):
        found = re.fullmatch(r"(?:(\d{1,4})\*)?([1-9]\d{0,4})x([1-9]\d{0,4})", part)
        if not found:
            raise DataError(
                f"layers are rows x columns of each, such as 3x96,12x12,12x6 or 45*16x9; found {text[:80]!r}"
            )
        pairs += int(found[1] or 1) * [(int(found[2]), int(found[3]))]
    if not pairs:
        raise DataError(f"no layers in {text[:80]!r}: give rows x columns of each, such as 3x96,12x12,12x6")
    return layers_of(pairs, polar)


def _binning(path: Path) -> list[tuple[int, int]]:
    """(angles, radii) of each layer that has cells, from a binning file of the CaloChallenge."""
    try:
        found = ElementTree.parse(path).getroot().iter("Layer")
        counts = [(int(one.get("n_bin_alpha", 1)), one.get("r_edges", "").count(",")) for one in found]
    except (OSError, ValueError, ElementTree.ParseError) as problem:
        raise DataError(f"{path} is no binning file of the CaloChallenge ({problem}): give --layers 10x16,…") from None
    if pairs := [(angles, radii) for angles, radii in counts if radii and angles > 0]:
        return pairs
    raise DataError(f"{path} has no <Layer r_edges=… n_bin_alpha=…> with cells: give --layers 10x16,…")
