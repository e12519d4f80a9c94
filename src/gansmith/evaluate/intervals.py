"""How sure a number is: fresh draws on the generator's side, a delete-a-group jackknife on the side that is given.

Never a bootstrap with replacement: duplicates double the Fréchet distance's null bias and spoil nearest neighbours.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gansmith.distributed.collectives import map_across_ranks
from gansmith.errors import UserError


class Interval(NamedTuple):
    value: float
    low: float
    high: float


def jackknife(rows: np.ndarray, number: Callable[[np.ndarray], dict], groups: int, seed: int = 0) -> dict[str, float]:
    """Variance of each number over the choice of `rows`, from leaving out each of `groups` random groups in turn.

    `number(rows)` -> dict of floats. Shao & Wu 1989: (g - 1)/g times the sum of squared deviations.
    """
    if not 2 <= groups <= len(rows) // 2:
        raise UserError(f"{len(rows)} rows make no {groups} groups; give groups between 2 and {len(rows) // 2}.")
    group = np.random.default_rng(seed).permutation(len(rows)) % groups
    found = map_across_ranks(lambda g: number(rows[group != g]), range(groups), what="intervals")
    return {k: (groups - 1) * float(np.var([f[k] for f in found])) for k in found[0]}


def interval(values, sources: list[tuple[float, int]] = (), level: float = 0.95) -> Interval:
    """Mean of the independent draws `values`, and its interval by Student's t.

    `sources` are further variances with their degrees of freedom (a jackknife of g groups: g - 1); they add to the
    variance of the mean of the draws, and Welch and Satterthwaite say how many degrees of freedom the sum has.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=float)
    parts = list(sources)
    if len(values) > 1:
        parts.append((float(values.var(ddof=1)) / len(values), len(values) - 1))
    mean, variance = float(values.mean()), sum(v for v, _ in parts)
    if not parts:
        return Interval(mean, -math.inf, math.inf)
    if variance == 0:
        return Interval(mean, mean, mean)
    freedom = variance**2 / sum(v**2 / f for v, f in parts)
    half = float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half)
