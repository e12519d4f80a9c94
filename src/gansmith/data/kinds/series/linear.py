"""The next step of a series from the last ones, as well as a linear law can: what a generator starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtri

KNOTS = 129  # quantiles of what the law leaves
NUMBERS = 128  # of the steps that are looked back on, at most
LAGS = 6
FITTED = 4000  # windows that the law is fitted to
RIDGE = 1.0  # in steps, towards zero for all groups together, and towards what all have in common for each
OWN = 20  # steps that count as much as what all groups have in common, for the deviation and the quantiles of one


@dataclass(frozen=True)
class Linear:
    """In normal scores, for each group of series.

    weight  (groups, lags + 1, features, columns): of a step that knows 0, 1 … lags steps before it
    scale   (groups, lags + 1, columns): deviation of what is left
    knots   (groups, columns, KNOTS): its quantiles in these deviations
    mix     (columns, columns): makes of independent normal numbers such as hang together as what is left does
    """

    weight: tuple
    scale: tuple
    knots: tuple
    mix: tuple

    @classmethod
    def from_json(cls, about: dict) -> Linear:
        return cls(*(nested(about[name]) for name in ("weight", "scale", "knots", "mix")))

    def to_json(self) -> dict:
        return asdict(self)


def nested(x) -> tuple:
    return tuple(nested(part) if isinstance(part, (list, tuple)) else float(part) for part in x)


def lags_of(values: int, steps: int) -> int:
    """Steps that a step is made from."""
    return int(np.clip(NUMBERS // values, 1, min(LAGS, max(1, steps // 3))))


def features(context, before, cycles: int, join):
    """(n, 1 + …): a one, the context (n, channels), the second and third harmonics of its cycles, those of the first
    cycle with those of the second (a Sunday has another course than a Monday), and the steps before (n, lags ·
    columns). Of arrays or of tensors: `join` puts columns side by side."""
    s, c = context[:, 0 : 2 * cycles : 2], context[:, 1 : 2 * cycles : 2]
    waves = [2 * s * c, c * c - s * s, s * (3 - 4 * s * s), c * (4 * c * c - 3)]
    both = []
    if cycles > 1:
        first, second = (join([wave[:, i : i + 1] for wave in (s, c, *waves)]) for i in (0, 1))
        both = [(first[:, :, None] * second[:, None, :]).reshape(len(context), -1)]
    return join([before[:, :1] * 0 + 1, context, *waves, *both, before])


def fit(
    z: np.ndarray, context: np.ndarray, cycles: int, lags: int, group: np.ndarray | None = None, groups: int = 1
) -> Linear:
    """The law of normal scores (n, columns, steps) with their context (n, channels, steps); `group` (n,) < groups."""
    n, values, steps = z.shape
    group = np.zeros(n, np.int64) if group is None else group
    join = lambda parts: np.concatenate(parts, 1)  # noqa: E731
    weight, scale, left = [], [], np.zeros((0, values))
    for known in range(lags + 1):
        at = range(lags, steps) if known == lags else [known]
        x, y = [], []
        for t in at:
            before = np.zeros((n, lags, values))
            for lag in range(known):
                before[:, lag] = z[:, :, t - 1 - lag]
            x.append(features(context[:, :, t], before.reshape(n, -1), cycles, join))
            y.append(z[:, :, t])
        a, b, mine = np.concatenate(x), np.concatenate(y), np.tile(group, len(at))
        ridge = RIDGE * np.eye(a.shape[1])
        common = np.linalg.solve(a.T @ a + ridge, a.T @ b)
        left = b - a @ common
        whole, laws, spreads = left.std(0), [], []
        for g in range(groups):
            one = mine == g
            more = np.linalg.solve(a[one].T @ a[one] + ridge, a[one].T @ left[one]) if groups > 1 else 0 * common
            left[one] -= a[one] @ more
            square = ((left[one] ** 2).sum(0) + OWN * whole**2) / (one.sum() + OWN) if groups > 1 else whole**2
            laws.append(common + more)
            spreads.append(np.maximum(np.sqrt(square), 1e-3))
            left[one] /= spreads[-1]
        weight.append(laws)
        scale.append(spreads)
    ranks = (left.argsort(0).argsort(0) + 0.5) / len(left)
    mix = np.linalg.cholesky(np.cov(ndtri(ranks).T).reshape(values, values) + 1e-3 * np.eye(values))
    shares, steps_up = np.linspace(0, 1, KNOTS), np.arange(KNOTS) * 1e-6  # so that no two are equal
    enough = lambda own: own if len(own) >= KNOTS else left  # noqa: E731
    knots = np.array([np.quantile(enough(left[mine == g]), shares, axis=0).T + steps_up for g in range(groups)])
    tables = np.swapaxes(weight, 0, 1), np.swapaxes(scale, 0, 1), knots, mix
    return Linear(*(nested(table.tolist()) for table in tables))
