"""Closed forms of other pairs of data p and generator q. n = 1e5; every law has a control that fails.

B: q = N(0, 4), p = N(0, 1).   C: q = N(0, 1), p = N(m, 1).   D: four states.
G: a region the generator has almost lost.   K: 25 Gaussians.
"""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from gansmith.refine import drs, metropolis_hastings, obrs, obrs_log_c, rejection
from gansmith.refine.diagnostics import auc, effective_fraction

N = 100_000
LN2 = math.log(2)


def chain_states(log_ratio, draw, start, steps, seed=0):
    """The state after `steps` candidates, and the index the sampler gave."""
    candidates = draw((len(start), steps), seed + 1)
    index = metropolis_hastings(log_ratio(candidates), log_ratio(start), seed)
    moved = np.take_along_axis(candidates, np.maximum(index, 0)[:, None], 1)[:, 0]
    return np.where(index >= 0, moved, start), index


def near_rate(observed, expected, n=N):
    assert abs(observed - expected) < 4 * math.sqrt(expected * (1 - expected) / n), (observed, expected)


# B, C ------------------------------------------------------------------------------------------------------------


def law_b(x):
    return LN2 - 3 * x**2 / 8


def wide_normal(shape, seed=0):
    return np.random.default_rng(seed).normal(0, 2, shape)


def test_b_bounded_gaussians():
    fake, real = wide_normal(N), np.random.default_rng(9).normal(0, 1, N)
    near_rate(rejection(law_b(fake), LN2, seed=1).mean(), 1 / 2)
    near_rate((chain_states(law_b, wide_normal, real, 1)[1] >= 0).mean(), 4 / math.pi * math.atan(1 / 2))
    assert effective_fraction(law_b(fake)) == pytest.approx(math.sqrt(7) / 4, abs=0.005)
    near_rate((chain_states(law_b, wide_normal, real, 5)[1] < 0).mean(), 0.016177)


@pytest.mark.parametrize("steps, variance", [(1, 1.72), (2, 1.24), (5, 1.02), (20, 1.0)])
def test_b_variance_of_the_kth_state(steps, variance):
    x, _ = chain_states(law_b, wide_normal, wide_normal(N), steps)
    assert x.var() == pytest.approx(variance, abs=0.03)


@pytest.mark.parametrize("m, acceptance, ess", [(0.5, 0.723674, 0.7788), (1, 0.479500, 0.3679), (2, 0.157299, 0.0183)])
def test_c_unbounded_ratio(m, acceptance, ess):
    def law(x):
        return m * x - m**2 / 2

    def draw(shape, seed=0):
        return np.random.default_rng(seed).normal(0, 1, shape)

    near_rate((chain_states(law, draw, draw(N, 9) + m, 1)[1] >= 0).mean(), acceptance)
    assert effective_fraction(law(draw(4 * N))) == pytest.approx(ess, rel=0.35 if m == 2 else 0.03)


# D ---------------------------------------------------------------------------------------------------------------

P = np.array([0.4, 0.3, 0.2, 0.1])
Q = P[::-1]
W = P / Q


def states(shape, seed=0):
    return np.random.default_rng(seed).choice(4, shape, p=Q)


def four_state(x):
    return np.log(W)[x]


def test_d_rates():
    fake, real = states(N), np.random.default_rng(9).choice(4, N, p=P)
    near_rate(rejection(four_state(fake), math.log(4), seed=1).mean(), 1 / 4)
    assert auc(four_state(real), four_state(fake)) == pytest.approx(0.75, abs=0.005)
    assert effective_fraction(four_state(fake)) == pytest.approx(0.452830, abs=0.01)
    _, index = chain_states(four_state, states, real, 1)
    near_rate((index >= 0).mean(), 0.5)
    for state, rate in enumerate((1 / 4, 1 / 2, 3 / 4)):
        here = index[real == state] >= 0
        near_rate(here.mean(), rate, len(here))
    assert (index[real == 3] == 0).all()


@pytest.mark.parametrize("steps, refused", [(1, 0.5), (5, 0.104492), (10, 0.022819)])
def test_d_no_acceptance(steps, refused):
    real = np.random.default_rng(9).choice(4, N, p=P)
    near_rate((chain_states(four_state, states, real, steps)[1] < 0).mean(), refused)


@pytest.mark.parametrize(
    "steps, law",
    [(1, (0.175, 0.2875, 0.316667, 0.220833)), (5, (0.328809, 0.327783, 0.228776, 0.114632))],
)
def test_d_law_after_k_steps(steps, law):
    x, _ = chain_states(four_state, states, states(N), steps)
    for state in range(4):
        near_rate((x == state).mean(), law[state])


@pytest.mark.parametrize("steps, right", [(30, True), (10, False)])
def test_d_chi_square(steps, right):
    x, _ = chain_states(four_state, states, states(N), steps)
    statistic = ((np.bincount(x, minlength=4) - N * P) ** 2 / (N * P)).sum()
    assert (statistic < chi2.ppf(0.99, 3)) == right


@pytest.mark.parametrize(
    "budget, c, law", [(2, 2 / 3, (0.2, 0.4, 0.26667, 0.13333)), (3, 7 / 18, (0.3, 0.35, 0.23333, 0.11667))]
)
def test_d_obrs(budget, c, law):
    exact = np.repeat(np.arange(4), [100, 200, 300, 400])
    assert math.exp(obrs_log_c(four_state(exact), budget)) == pytest.approx(c, rel=1e-12)
    x = states(N)
    kept = x[obrs(four_state(x), budget, seed=1)]
    near_rate(len(kept) / N, 1 / budget)
    for state in range(4):
        near_rate((kept == state).mean(), law[state], len(kept))


def test_d_drs_with_epsilon():
    x = np.arange(4).repeat(N)
    mask = drs(four_state(x), seed=1, log_m=math.log(4), eps=1e-6).reshape(4, N)
    assert mask[0].mean() > 0.9999
    for state, rate in ((1, 0.375), (2, 1 / 6), (3, 0.0625)):
        near_rate(mask[state].mean(), rate)


# G ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0.04, 0.001])
def test_g_lost_region(eps):
    def law(rare):
        return np.where(rare, math.log(0.25 / eps), math.log(0.75 / (1 - eps)))

    def draw(shape, seed=0):
        return np.random.default_rng(seed).random(shape) < eps

    steps = 10
    x, _ = chain_states(law, draw, draw(N), steps)
    near_rate(x.mean(), 0.25 - (0.25 - eps) * (1 - 4 * eps) ** steps)
    real = np.random.default_rng(9).random(N) < 0.25
    near_rate((chain_states(law, draw, real, 1)[1] >= 0).mean(), {0.04: 0.79, 0.001: 0.751}[eps])


@pytest.mark.parametrize("eps", [0.04, 0.001])
@pytest.mark.parametrize("budget", [2, 5, 10, 25, 250])
def test_g_no_rule_of_that_cost_beats_obrs(eps, budget):
    """Mass brought to the lost region, target 1/4, exactly; chains spend one proposal on their start."""
    rare, common = round(10_000 * eps), round(10_000 * (1 - eps))
    d = np.repeat(np.log([0.25 / eps, 0.75 / (1 - eps)]), [rare, common])
    kept = np.exp(np.minimum(d + obrs_log_c(d, budget), 0))
    mass = kept[:rare].sum() / kept.sum()
    assert mass == pytest.approx(min(0.25, budget * eps))
    assert mass > 0.25 - (0.25 - eps) * (1 - 4 * eps) ** (budget - 1) - 1e-12


# K ---------------------------------------------------------------------------------------------------------------

GRID = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), -1).reshape(25, 2)


def mixture(n, weight, sd, seed):
    rng = np.random.default_rng(seed)
    return GRID[rng.choice(25, n, p=weight)] + sd * rng.normal(size=(n, 2))


def log_density(x, weight, sd):
    square = ((x[:, None] - GRID) ** 2).sum(-1)
    return np.log(np.exp(-square / (2 * sd**2)) @ weight) - 2 * math.log(sd)


def test_k_random_mixtures():
    rng = np.random.default_rng(5)
    p, q = rng.dirichlet(np.ones(25)), rng.dirichlet(np.ones(25))
    real, fake = mixture(20_000, p, 0.1, 1), mixture(20_000, q, 0.12, 2)
    d_real, d_fake = (log_density(x, p, 0.1) - log_density(x, q, 0.12) for x in (real, fake))
    moved = (metropolis_hastings(d_fake[:, None], d_real, 3) >= 0).mean()
    assert moved == pytest.approx(2 * (1 - auc(d_real, d_fake)), abs=0.015)
    odds = np.exp(d_fake)
    assert abs(odds.mean() - 1) < 5 * odds.std() / math.sqrt(len(odds))


def test_k_high_quality_rate():
    def high_quality(x):
        return (((x[:, None] - GRID) ** 2).sum(-1).min(1) < (4 * 0.05) ** 2).mean()

    even = np.full(25, 1 / 25)
    fake = mixture(N, even, 0.15, 0)
    near_rate(high_quality(fake), 0.588888)
    kept = fake[rejection(log_density(fake, even, 0.05) - log_density(fake, even, 0.15), math.log(9), 1)]
    near_rate(len(kept) / N, 1 / 9)
    near_rate(high_quality(kept), 1 - math.exp(-8), len(kept))
