"""What rows are good for: how well each column is foretold from the others, on real rows that nobody trained on, by a
model that learned from made ones (train on synthetic, test on real)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gansmith.data.kinds.table.kind import TableSpec

SHOWN_LEVELS = 30  # of a column of categories, when rows are compared as numbers
HIDDEN = 200  # random units beside the columns themselves, for what is not linear
RIDGE = 1e-2  # of the mean square of a regressor
FORETOLD = 0.05  # R² from real rows, below which a column is not to be foretold from the others
FEWEST = 50  # kept rows


def blocks(form: TableSpec, codes: np.ndarray) -> list[np.ndarray]:
    """The numbers (n, k) of each column of codes (n, columns): see `TableSpec.numbers`."""
    found = []
    for column, code, center, scale in zip(form.entries, codes.T, form.center, form.scale):
        parts: list[np.ndarray] = []
        if column.levels:
            parts += [(code == level) * 0.5**0.5 for level in range(min(len(column.levels), SHOWN_LEVELS))]
        else:
            words = [code == column.word_code(k) for k in range(len(column.words))]
            number = np.where(np.any(words, 0), np.nan, code) if words else code
            parts.append(np.nan_to_num(np.clip((number - center) / scale, -4, 4)))
            parts += [word * 0.5**0.5 for word in words]
        if column.missing:
            parts.append(np.isnan(code) * 0.5**0.5)
        found.append(np.stack(parts, 1).astype(np.float32))
    return found


class Skill:
    """Rows -> the mean R² on `kept` rows of the columns that can be foretold from the others, each by a ridge
    regression on the others' numbers and on random rectified sums of them, that learned from those rows. At most 1;
    below 0 where what was learned is worse than the mean. None of them can be foretold: `columns` is empty."""

    def __init__(self, form: TableSpec, real, kept):
        self.form, self.kept = form, blocks(form, form.codes(kept, strict=False))
        width = sum(block.shape[1] for block in self.kept)
        rng = np.random.default_rng(0)
        self.mix = rng.standard_normal((width, HIDDEN)).astype(np.float32) / width**0.5
        self.shift = rng.standard_normal(HIDDEN).astype(np.float32) / 2
        self.columns = list(range(len(self.kept)))
        each = self.of_columns(real)
        self.columns = [i for i in self.columns if each[i] > FORETOLD]

    def __call__(self, rows) -> float:
        return float(np.mean(self.of_columns(rows)))

    def of_columns(self, rows) -> list[float]:
        """R² of each of `columns`."""
        known = blocks(self.form, self.form.codes(rows, strict=False))
        return [self.of_column(i, known) for i in self.columns]

    def of_column(self, i: int, known: list[np.ndarray]) -> float:
        x, x_kept = self.regressors(known, i), self.regressors(self.kept, i)
        y, y_kept = known[i].astype(np.float64), self.kept[i].astype(np.float64)
        center, mean = x.mean(0), y.mean(0)
        x, total = x - center, ((y_kept - y_kept.mean(0)) ** 2).sum()
        if not total or not np.isfinite(x).all():
            return 0.0
        square = x.T @ x
        square[np.diag_indices_from(square)] += RIDGE * max(np.trace(square) / len(square), 1e-9)
        weights = np.linalg.solve(square, x.T @ (y - mean))
        return float(max(-1.0, 1 - ((y_kept - (x_kept - center) @ weights - mean) ** 2).sum() / total))

    def regressors(self, known: list[np.ndarray], i: int) -> np.ndarray:
        """The numbers of all columns but one, and random rectified sums of them, float64."""
        x = np.concatenate([np.zeros_like(b) if k == i else b for k, b in enumerate(known)], 1)
        return np.concatenate([x, np.maximum(x @ self.mix + self.shift, 0)], 1).astype(np.float64)
