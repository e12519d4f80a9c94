"""Numbers of any law as normal scores, and back: how the networks see the columns of a series.

A value x of a column goes to Φ⁻¹(u), u its share in the column's distribution; of values that come again and
again (counts, coarse readings, yes and no, gaps) u is drawn evenly from the share that the value holds, so that each
column is standard normal whatever it was. Back again a score is a value of the column, or one between two: counts stay
counts, and nothing leaves the range of the data. A gap is the lowest value of all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtr, ndtri

EXACT = 2048  # values of a column that are all kept
KNOTS = 513  # quantiles of a column that has more
EDGE = 1e-5  # share beyond which no score goes: ±4.3
NUMBERS = 200_000  # that all columns of a form may keep


@dataclass(frozen=True)
class Scores:
    """The distribution of one column: each of `values`, ascending, holds the shares `low` … `high`; where `high` of one
    is less than `low` of the next, numbers lie evenly between them. `missing` is the share of gaps, 0 … missing.
    """

    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    missing: float = 0.0

    @classmethod
    def of(cls, x: np.ndarray, most: int = EXACT) -> Scores:
        """Of numbers (n,) with NaN where a value is missing; at least one is there, or all are taken for 0."""
        there = np.sort(x[~np.isnan(x)])
        missing = float(1 - len(there) / max(1, len(x)))
        if not len(there):
            return cls((0.0,), (missing,), (1.0,), missing)
        values, count = np.unique(there, return_counts=True)
        high = np.cumsum(count) / len(there)
        low = np.r_[0, high[:-1]]
        if len(values) > most:
            knots = min(KNOTS, most)
            at = np.quantile(there, np.linspace(0, 1, knots))
            values = np.unique(at)
            place = np.arange(knots) / (knots - 1)
            low = place[np.searchsorted(at, values, "left")]
            high = place[np.searchsorted(at, values, "right") - 1]
        scale = lambda share: tuple((missing + (1 - missing) * share).tolist())  # noqa: E731
        return cls(tuple(values.tolist()), scale(low), scale(high), missing)

    @classmethod
    def from_json(cls, about: dict) -> Scores:
        values, low, high = (tuple(map(float, about[name])) for name in ("values", "low", "high"))
        return cls(values, low, high, float(about["missing"]))

    def to_json(self) -> dict:
        return asdict(self)

    def forward(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Values, NaN where missing, to scores."""
        values, low, high = (np.array(part) for part in (self.values, self.low, self.high))
        gap, x = np.isnan(x), np.nan_to_num(x)
        at = np.clip(np.searchsorted(values, x, "right") - 1, 0, len(values) - 1)
        after = np.minimum(at + 1, len(values) - 1)
        step = np.where(after > at, values[after] - values[at], 1)
        part = np.clip((x - values[at]) / step, 0, 1)
        between = (part > 0) & (low[after] > high[at])
        drawn = rng.random(x.shape)
        share = np.where(between, high[at] + part * (low[after] - high[at]), low[at] + drawn * (high[at] - low[at]))
        nearest = (part > 0.5) & ~between & (after > at)  # a value that none of the column's had
        share = np.where(nearest, low[after] + drawn * (high[after] - low[after]), share)
        share = np.where(gap, drawn * self.missing, share)
        return ndtri(np.clip(share, EDGE, 1 - EDGE))

    def backward(self, z: np.ndarray) -> np.ndarray:
        """Scores to values, NaN where missing."""
        values, low, high = (np.array(part) for part in (self.values, self.low, self.high))
        share = ndtr(np.asarray(z, np.float64))
        at = np.clip(np.searchsorted(low, share, "right") - 1, 0, len(values) - 1)
        after = np.minimum(at + 1, len(values) - 1)
        room = low[after] - high[at]
        part = np.clip((share - high[at]) / np.where(room > 0, room, 1), 0, 1)
        x = values[at] + np.where(room > 0, part, 0) * (values[after] - values[at])
        return np.where(share < self.missing, np.nan, x) if self.missing else x


def fitted(x: np.ndarray, groups: int = 1) -> tuple[Scores, ...]:
    """Of each of the columns of (n, columns), one of so many groups."""
    most = int(np.clip(NUMBERS // max(1, 3 * x.shape[1] * groups), 33, EXACT))
    return tuple(Scores.of(column, most) for column in x.T)
