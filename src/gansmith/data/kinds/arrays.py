"""Arrays of numbers of any shape that are no pictures: windows of sensors (C, T), fields (C, H, W), volumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind


@dataclass(frozen=True)
class Arrays(Kind):
    """Arrays of `shape` (C, T), (C, H, W) …, float32; in the networks each channel has mean 0 and deviation 1 where
    channels differ, else all numbers together."""

    kind = "arrays"
    noun = "arrays"
    takes = "an array (n, C, T), (n, C, H, W) … of numbers, in memory or in a .npy or .npz file"

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), **others):
        data = np.ascontiguousarray(x, dtype=np.float32)
        center, scale = float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64))
        return data, cls(data.shape[1:], center=(center,), scale=(scale or 1.0,))

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
