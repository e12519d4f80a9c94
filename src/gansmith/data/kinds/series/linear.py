"""The next step of a series from the last ones, as well as a linear law can: what a generator starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtri

KNOTS = 129  # quantiles of what the law leaves
NUMBERS = 128  # of the steps that are looked back on, at most
LAGS = 6
FITTED = 4000  # windows that the law is fitted to
RIDGE = 1.0
TOLD = 16  # levels of attributes that have a day, a week and a year of their own


@dataclass(frozen=True)
class Linear:
    """In normal scores.

    weight  (lags + 1, features, columns): of a step that knows 0, 1 … lags steps before it
    scale   (lags + 1, columns): deviation of what is left;  knots  (columns, KNOTS): its quantiles in these deviations
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
    """(n, 1 + …): a one, the context (n, channels) with the second and third harmonics of its cycles, these for each
    attribute apart where there are not many, and the steps before (n, lags · columns). Of arrays or of tensors: `join`
    puts columns side by side."""
    s, c = context[:, 0 : 2 * cycles : 2], context[:, 1 : 2 * cycles : 2]
    waves = [2 * s * c, c * c - s * s, s * (3 - 4 * s * s), c * (4 * c * c - 3)]
    told, whole = context[:, 2 * cycles :], join([context[:, : 2 * cycles], *waves])
    few = told.shape[1] <= TOLD
    apart = [(whole[:, :, None] * told[:, None, :]).reshape(len(context), -1)] if few else []
    return join([before[:, :1] * 0 + 1, context, *waves, *apart, before])


def fit(z: np.ndarray, context: np.ndarray, cycles: int, lags: int) -> Linear:
    """The law of normal scores (n, columns, steps) with their context (n, channels, steps)."""
    n, values, steps = z.shape
    weight, scale, knots, mix = [], [], None, None
    join = lambda parts: np.concatenate(parts, 1)  # noqa: E731
    for known in range(lags + 1):
        at = range(lags, steps) if known == lags else [known]
        x, y = [], []
        for t in at:
            before = np.zeros((n, lags, values))
            for lag in range(known):
                before[:, lag] = z[:, :, t - 1 - lag]
            x.append(features(context[:, :, t], before.reshape(n, -1), cycles, join))
            y.append(z[:, :, t])
        a, b = np.concatenate(x), np.concatenate(y)
        law = np.linalg.solve(a.T @ a + RIDGE * np.eye(a.shape[1]), a.T @ b)
        left = b - a @ law
        spread = np.maximum(left.std(0), 1e-3)
        weight.append(law)
        scale.append(spread)
        knots = np.quantile(left / spread, np.linspace(0, 1, KNOTS), axis=0).T
        ranks = (left.argsort(0).argsort(0) + 0.5) / len(left)
        mix = np.linalg.cholesky(np.cov(ndtri(ranks).T).reshape(values, values) + 1e-3 * np.eye(values))
    assert knots is not None and mix is not None
    steps_up = np.arange(KNOTS) * 1e-6  # so that no two are equal
    tables = np.array(weight), np.array(scale), knots + steps_up, mix
    return Linear(*(nested(table.tolist()) for table in tables))
