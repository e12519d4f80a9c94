"""What physicists look at in a shower: how much energy lies in which layer, how deep, how wide, in how many cells."""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.showers.layers import Layers

TINY = 1e-12  # GeV


class Shapes:
    """Showers (n, numbers), an energy before the cells where the form has it, to (n, shapes): see `names`.

    response           energy in all cells / energy of the particle; without particles the energy in all cells, GeV
    share i            of that energy, in layer i
    depth, its width   mean layer, weighted by energy, and the deviation of it
    cells i            share of the layer's cells that are not empty
    x i, y i           centre of the energy, and width x i, width y i its deviation, in sides of the layer
    top i, second i    the largest cell as a share of the layer, and (largest − second) / (largest + second)
    """

    name = "shower-shapes"

    def __init__(self, layers: Layers, has_energy: bool):
        self.layers, self.first = layers, int(has_energy)
        count = range(len(layers.sizes))
        depth = ["depth", "width of depth"] if len(count) > 1 else []
        kinds = (*(("share",) if depth else ()), "cells", "x", "y", "width x", "width y", "top", "second")
        self.names = ["response" if has_energy else "energy", *depth, *(f"{kind} {i}" for kind in kinds for i in count)]

    def __call__(self, items) -> np.ndarray:
        return np.concatenate([self._of(np.asarray(part)) for part in _split(items)]).astype(np.float32)

    def _of(self, items: np.ndarray) -> np.ndarray:
        cells = items[:, self.first :].astype(np.float64)
        x, y = self.layers.places
        total = cells.sum(1)
        columns: dict[str, list] = {k: [] for k in ("share", "cells", "x", "y", "width x", "width y", "top", "second")}
        for part in self.layers.parts:
            e = cells[:, part]
            energy = e.sum(1)
            columns["share"].append(energy / (total + TINY))
            columns["cells"].append((e > 0).mean(1))
            for name, place in (("x", x[part]), ("y", y[part])):
                middle = e @ place / (energy + TINY)
                columns[name].append(middle)
                columns[f"width {name}"].append(np.sqrt(np.maximum(e @ place**2 / (energy + TINY) - middle**2, 0)))
            high = np.sort(e, 1)[:, ::-1]
            second = high[:, 1] if high.shape[1] > 1 else 0 * energy
            columns["top"].append(high[:, 0] / (energy + TINY))
            columns["second"].append((high[:, 0] - second) / (high[:, 0] + second + TINY))
        found = [total / np.maximum(items[:, 0], TINY) if self.first else total]
        if len(self.layers.sizes) > 1:
            number, share = np.arange(len(self.layers.sizes)), np.stack(columns["share"], 1)
            depth = share @ number
            found += [depth, np.sqrt(np.maximum(share @ number**2 - depth**2, 0))]
        else:
            del columns["share"]
        return np.stack([*found, *(column for kind in columns.values() for column in kind)], 1)

    def where(self, *kinds: str) -> list[int]:
        """Columns of the shapes of these kinds: "share" of share 0, share 1 …"""
        return [i for i, name in enumerate(self.names) if name.rstrip("0123456789 ") in kinds]


class LogCells:
    """Showers (n, numbers) in GeV to the logarithms of their cells above the threshold: (n, cells)."""

    name = "log-cells"

    def __init__(self, first: int, threshold: float):
        self.first, self.threshold = first, threshold

    def __call__(self, items) -> np.ndarray:
        return np.concatenate([np.log1p(part[:, self.first :] / self.threshold) for part in _split(items)])


def _split(items, size: int = 500):
    for start in range(0, max(1, len(items)), size):
        yield np.asarray(items[start : start + size])
