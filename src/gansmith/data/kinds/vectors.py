"""Vectors: rows of numbers, each column centred and scaled by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.labels import few
from gansmith.data.spec import Kind


@dataclass(frozen=True)
class Vectors(Kind):
    """Rows of `shape` (d,) numbers, float32; standardised column by column in the networks."""

    kind = "vectors"
    noun = "vectors"
    points = True
    takes = "an array (n, d) or (n,) of numbers, in memory or in a .npy or .npz file"
    endings: ClassVar[tuple[str, ...]] = (".npz", ".npy", ".csv", ".png")
    write_options: ClassVar[tuple[str, ...]] = ("labels",)

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), **others):
        if x.ndim > 2:
            return None
        data = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
        center, scale = data.mean(0, dtype=np.float64), data.std(0, dtype=np.float64)
        constant = np.flatnonzero(data.max(0) == data.min(0))
        scale[constant] = 1.0
        if len(constant):
            names = [str(columns[i]) if len(columns) else str(i) for i in constant]
            notes.append(f"constant columns, centred but not scaled: {few(names)}")
        form = cls(
            data.shape[1:],
            columns=tuple(str(c) for c in columns),
            center=tuple(center.tolist()),
            scale=tuple(scale.tolist()),
        )
        return data, form

    @classmethod
    def of_json(cls, fields: dict) -> Kind:
        if "entries" in fields:  # rows of a table of numbers
            from gansmith.data.kinds.table import numbers as table_numbers

            return table_numbers.of_json(fields)
        return super().of_json(fields)

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [normal((5,), n, seed)]

    def describe(self, count: int) -> str:
        return f"{count:,} rows of {self.shape[0]} numbers"

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        preflight.look_at_values(check, dataset, 0, "column")
        _check_columns(dataset, check)

    @property
    def small(self) -> bool:
        return True

    def keep(self, items, stem: Path) -> None:
        """The numbers, so that later pages can draw them again."""
        from gansmith.data.write import write_arrays

        write_arrays(items, stem.with_name(stem.name + ".npy"), self)


def normal(shape: tuple[int, ...], n: int = 40, seed: int = 0) -> Dataset:
    """`n` made-up normal vectors in three classes."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    real = (rng.standard_normal((n, *shape)) + label[:, None]).astype(np.float32)
    form = Vectors(shape, ("a", "b", "c"), center=(1.0,), scale=(1.5,))
    return Dataset(form, {"real": real, "label": label}, name="made up", digest=f"{shape}{n}{seed}")


def _check_columns(dataset: Dataset, check: preflight.Check) -> None:
    """Columns that are no measurements: row numbers, copies of each other, few whole numbers."""
    x = dataset.raw(np.arange(len(dataset)))
    labels = check.columns or tuple(str(i) for i in range(x.shape[1]))
    counters = [label for label, column in zip(labels, x.T, strict=True) if (np.diff(column) == 1).all()]
    if counters:
        check.problems.append(f"columns that count the rows: {few(counters)}; leave them out")
    first: dict[bytes, str] = {}
    copies = []
    for label, column in zip(labels, x.T, strict=True):
        twin = first.setdefault(column.tobytes(), label)
        if twin != label and np.ptp(column) > 0:
            copies.append(f"{label} = {twin}")
    if copies:
        check.problems.append(f"columns that say the same: {few(copies)}; one of each is enough")
    coded = []
    for label, column in zip(labels, x[:100_000].T, strict=True):
        values = np.unique(column)
        if 1 < len(values) <= 20 and (values == np.round(values)).all():
            coded.append(f"{label} ({len(values)} values)")
    if coded:
        check.notes.append(f"whole numbers with few values, drawn as any other number: {few(coded, 8)}")
    wide = x.astype(np.float64)  # whose squares do not overflow
    far = np.abs(wide - wide.mean(0)).max(0) / np.maximum(wide.std(0), 1e-30)
    wild = [f"{label} ({f:.0f} sd)" for label, f in zip(labels, far, strict=True) if f > 20]
    if wild:
        check.problems.append(f"columns with values far from all others: {few(wild, 8)}; consider their logarithm")
