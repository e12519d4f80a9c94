"""Windows that take no training, made of real ones: what a GAN of series should beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.kinds.series.measures import filled

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series

SEAMS = 8  # blocks that a window is put together from
EACH = 8  # windows of one season and group, on average, below which seasons or groups are not told apart


def baselines(form: Series, real, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Name -> `count` items, each with the calendar, the attributes and the gaps of a real one drawn by chance."""
    real = np.asarray(real)
    x, told, rows = filled(form, real), real[:, form.values :, 0], rng.integers(len(real), size=count)
    made = {
        "one Gaussian": gaussian(x, told, rows, rng),
        "persistence": walk(x, rows, rng),
        "seasonal blocks": blocks(x, seasons(form, told), rows, rng),
    }

    def item(values: np.ndarray) -> np.ndarray:
        like = real[rows]
        like[:, : form.values] = np.where(np.isnan(like[:, : form.values]), np.nan, values)
        return like

    return {name: item(values) for name, values in made.items()}


def seasons(form: Series, told: np.ndarray) -> np.ndarray:
    """(n,): the group and the place in the shortest cycle of the calendar that each window begins in, of what each is
    `told` (n, channels): the finest of these that has windows enough."""
    dated = 2 * len(form.cycles)
    cycle, group = told[:, : min(2, dated)], told[:, dated:]
    for parts in (np.concatenate([cycle, group], 1), cycle):
        found, season = np.unique(parts.round(6), axis=0, return_inverse=True)
        if len(found) * EACH <= len(told):
            return season.ravel()
    return np.zeros(len(told), int)


# --- of x (n, columns, steps), a window for each of `rows`, whose season or group it has ------------------------------
def gaussian(x: np.ndarray, told: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of one normal distribution of whole windows, whose mean is linear in what windows are `told` (n, channels)."""
    flat, known = x.reshape(len(x), -1), np.concatenate([np.ones((len(x), 1)), told], 1)
    mean = known @ np.linalg.lstsq(known, flat, rcond=None)[0]
    chance = rng.standard_normal((len(rows), len(x))) / np.sqrt(max(1, len(x) - 1))  # the covariance is never written
    return (mean[rows] + chance @ (flat - mean)).reshape(len(rows), *x.shape[1:])


def walk(x: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """From the first step of a real window on by steps of any: the last value is all that foretells the next."""
    first, moves = x[rows, :, :1], np.diff(x, axis=2).transpose(0, 2, 1).reshape(-1, x.shape[1])
    drawn = moves[rng.integers(len(moves), size=(len(rows), x.shape[2] - 1))]
    return np.concatenate([first, first + drawn.transpose(0, 2, 1).cumsum(2)], 2)


def blocks(x: np.ndarray, season: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seasonal block bootstrap: put together from blocks of other windows of the same `season` (n,)."""
    made, length = x[rows], max(2, x.shape[2] // SEAMS)
    for value in np.unique(season[rows]):
        pool, mine = np.flatnonzero(season == value), np.flatnonzero(season[rows] == value)
        for start in range(0, x.shape[2], length):
            made[mine, :, start : start + length] = x[rng.choice(pool, len(mine)), :, start : start + length]
    return made
