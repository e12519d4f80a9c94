"""Arrays of numbers of any shape that are no pictures: windows of sensors (C, T), fields (C, H, W), volumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind

LARGER, APART = 3.0, 1.0  # times as large, and deviations apart, that channels are scaled one by one from


@dataclass(frozen=True)
class Arrays(Kind):
    """Arrays of `shape` (C, T), (C, H, W) …, float32; in the networks each channel has mean 0 and deviation 1 where
    channels differ, else all numbers together.

    by  axis of an item that `center` and `scale` go along, where they have more than one number: channels may also come
        last, as in windows of (T, C)
    """

    kind = "arrays"
    noun = "arrays"
    write_options = ("labels",)
    takes = "an array (n, C, T), (n, C, H, W) … of numbers, in memory or in a .npy or .npz file"

    by: int = -1

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), **others):
        data = np.ascontiguousarray(x, dtype=np.float32)
        axis = channel_axis(data)
        if axis is None:
            middle, size = float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64))
            return data, cls(data.shape[1:], center=(middle,), scale=(size or 1.0,))
        mean, deviation = levels(data, axis)
        which = f"{len(mean)} channels of different size, along the {'last' if axis == data.ndim - 1 else 'first'} axis"
        notes.append(f"{which}: each is centred and scaled by itself")
        by = -1 if axis == data.ndim - 1 else 0
        scale = np.where(deviation > 0, deviation, 1.0)
        return data, cls(data.shape[1:], center=tuple(mean.tolist()), scale=tuple(scale.tolist()), by=by)

    def _map(self, device):
        center, scale = super()._map(device)
        if len(self.center) == 1 or self.by in (-1, len(self.shape) - 1):
            return center, scale
        form = (-1, *[1] * (len(self.shape) - 1))
        return center.view(form), scale.view(form)

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        rng = np.random.default_rng(seed)
        made = []
        for shape in ((2, 24), (1, 6, 7, 5)):
            label = rng.integers(0, 3, n)
            walk = np.cumsum(rng.standard_normal((n, *shape)), -1) + label.reshape(n, *[1] * len(shape))
            form = cls(shape, ("a", "b", "c"), center=(1.0,), scale=(3.0,))
            fields: dict[str, np.ndarray] = {"real": walk.astype(np.float32), "label": label}
            made.append(Dataset(form, fields, name="made up", digest=f"{shape}{n}{seed}"))
        return made


def levels(data: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """(mean, standard deviation) of (n, …) for each place along `axis`, float64."""
    others = tuple(a for a in range(data.ndim) if a != axis)
    return data.mean(others, dtype=np.float64), data.std(others, dtype=np.float64)


def channel_axis(data: np.ndarray) -> int | None:
    """The axis of (n, …) that holds channels of unlike level or size: the first of an item or its last, whichever has
    fewer entries. None: its channels are alike, so that one scale does for all."""
    axis = 1 if data.shape[1] <= data.shape[-1] else data.ndim - 1
    if data.shape[axis] < 2:
        return None
    mean, deviation = levels(data, axis)
    sizes = deviation[deviation > 0]
    if not len(sizes):
        return None
    apart = np.std(mean) / np.sqrt(np.mean(sizes**2))
    return axis if sizes.max() > LARGER * sizes.min() or apart > APART else None
