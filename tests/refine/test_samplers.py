"""Closed forms. Group letters follow the laws they test; n = 1e5 unless said, and every law has a control that fails.

A: q uniform on [0, 1], p(x) = 2x, w = 2x, M = 2.   B: q = N(0, 4), p = N(0, 1).   C: q = N(0, 1), p = N(m, 1).
D: four states.   F: invariances.   G: a region the generator has almost lost.   K: 25 Gaussians.
"""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest

from gansmith.errors import UserError
from gansmith.refine import chain_length, drs, metropolis_hastings, obrs, obrs_log_c, rejection, sir, weights
from gansmith.refine.diagnostics import auc, effective_fraction

N = 100_000
KS_1_PERCENT = 1.63 / math.sqrt(N)
LN2 = math.log(2)


def law_a(x):
    return np.log(2 * x)


def uniform(shape, seed=0):
    return np.random.default_rng(seed).uniform(1e-300, 1, shape)


def chain_states(log_ratio, draw, start, steps, seed=0):
    """The state after `steps` candidates, and the index the sampler gave."""
    candidates = draw((len(start), steps), seed + 1)
    index = metropolis_hastings(log_ratio(candidates), log_ratio(start), seed)
    moved = np.take_along_axis(candidates, np.maximum(index, 0)[:, None], 1)[:, 0]
    return np.where(index >= 0, moved, start), index


def near_rate(observed, expected, n=N):
    assert abs(observed - expected) < 4 * math.sqrt(expected * (1 - expected) / n), (observed, expected)


def near_mean(x, expected):
    assert abs(x.mean() - expected) < 4 * x.std() / math.sqrt(len(x)), (x.mean(), expected)


# A ---------------------------------------------------------------------------------------------------------------


def test_a1_rejection_is_exact():
    x = uniform(N)
    kept = x[rejection(law_a(x), LN2, seed=1)]
    near_rate(len(kept) / N, 1 / 2)
    near_mean(kept, 2 / 3)
    assert kstest(kept, lambda v: v**2).pvalue > 0.01
    assert kstest(x, lambda v: v**2).pvalue < 1e-6


def test_a2_first_step_and_stationary_acceptance():
    fake, real = uniform(N), np.sqrt(uniform(N, 9))
    near_rate((chain_states(law_a, uniform, fake, 1)[1] >= 0).mean(), 3 / 4)
    stationary = (chain_states(law_a, uniform, real, 1)[1] >= 0).mean()
    near_rate(stationary, 2 / 3)
    assert abs(2 * (1 - auc(real, fake)) - 2 / 3) < 0.01


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_a3_mean_of_the_kth_state(steps):
    x, _ = chain_states(law_a, uniform, uniform(N), steps)
    near_mean(x, 2 / 3 - 1 / (3 * 2**steps * (steps + 2)))


@pytest.mark.parametrize("steps, right", [(1, False), (3, False), (20, True)])
def test_a3_kolmogorov_smirnov_sees_short_chains(steps, right):
    x, _ = chain_states(law_a, uniform, uniform(N), steps)
    assert (kstest(x, lambda v: v**2).statistic < KS_1_PERCENT) == right


@pytest.mark.parametrize("steps, dropped_mean", [(1, 0.625), (2, 0.647619), (5, 0.664790)])
def test_a4_refusing_all_and_the_bias_of_dropping(steps, dropped_mean):
    x, index = chain_states(law_a, uniform, np.sqrt(uniform(N, 9)), steps)
    near_rate((index < 0).mean(), 2.0 ** (1 - steps) / (steps + 2))
    near_mean(x, 2 / 3)
    near_mean(x[index >= 0], dropped_mean)


def test_a5_autocorrelation():
    start = np.sqrt(uniform(N, 9))
    after, _ = chain_states(law_a, uniform, start, 1)
    assert abs(np.corrcoef(start, after)[0, 1] - 0.4) < 4 / math.sqrt(N)


def test_a6_weights():
    w = weights(law_a(uniform(N)))
    assert w.sum() == pytest.approx(1)
    assert 1 / (N * (w**2).sum()) == pytest.approx(3 / 4, abs=0.005)
    assert effective_fraction(law_a(uniform(N))) == pytest.approx(3 / 4, abs=0.005)


@pytest.mark.parametrize("percentile, rate, mean", [(50, 0.5, 2 / 3), (80, 0.28280, 0.74398), (95, 0.11711, 0.81837)])
def test_a7_drs_with_gamma_at_a_percentile(percentile, rate, mean):
    x = uniform(N)
    kept = x[drs(law_a(x), seed=1, log_m=LN2, percentile=percentile)]
    assert len(kept) / N == pytest.approx(rate, abs=0.008)  # the percentile is estimated as well
    assert kept.mean() == pytest.approx(mean, abs=0.006)


def test_a7_drs_without_gamma_targets_the_data_and_with_gamma_does_not():
    x = uniform(N)
    assert kstest(x[drs(law_a(x), 0.0, 1, log_m=LN2)], lambda v: v**2).pvalue > 0.01
    assert kstest(x[drs(law_a(x), 1.0, 1, log_m=LN2)], lambda v: v**2).pvalue < 1e-6


def test_a7_drs_running_maximum_starts_too_generous():
    x = np.array([0.1, 0.5, 1.0] * 20_000)
    first_alone = np.array([drs(law_a(np.array([0.1, 1.0])), seed=s)[0] for s in range(200)])
    assert first_alone.all()  # nothing larger was seen yet
    near_rate(drs(law_a(x), seed=0)[3::3].mean(), 0.1, 20_000)


@pytest.mark.parametrize("rate, mean", [(0.9, 0.548148), (0.75, 0.611111), (0.6, 0.655556)])
def test_a8_obrs(rate, mean):
    x = uniform(N)
    kept = x[obrs(law_a(x), 1 / rate, seed=1)]
    near_rate(len(kept) / N, rate)
    near_mean(kept, mean)
    assert obrs_log_c(law_a(x), 1 / rate) == pytest.approx(-math.log(4 * (1 - rate)), abs=0.02)


def test_a8_an_underestimated_m_is_obrs():
    x = uniform(N)
    kept = x[rejection(law_a(x), math.log(1.5), seed=1)]
    near_rate(len(kept) / N, 0.625)
    near_mean(kept, 0.65)


@pytest.mark.parametrize("size, mean", [(2, 4 / 3 * LN2 - 1 / 3), (5, 0.6402), (10, 0.6543), (50, 0.6644)])
def test_a9_sir_of_small_pools(size, mean):
    x = uniform((40_000, size))
    chosen = np.take_along_axis(x, sir(law_a(x), seed=1)[:, None], 1)[:, 0]
    near_mean(chosen, mean)


def test_a9_sir_with_replacement_from_one_pool():
    x = uniform(10 * N)
    index = sir(law_a(x), seed=1, draws=N)
    near_rate(1 - len(np.unique(index)) / N, 0.06346)
    near_mean(x[index], 2 / 3)
    assert abs(x[index].mean() - 0.66079) > 4 * x[index].std() / math.sqrt(N)  # what refusing repeats would give


@pytest.mark.parametrize("t, distance", [(0.5, 0.105), (2, 0.148), (3, 0.25)])
def test_a10_temperature_moves_the_target(t, distance):
    x, _ = chain_states(lambda v: t * law_a(v), uniform, uniform(N), 60 if t == 3 else 40)
    near_mean(x, (t + 1) / (t + 2))
    assert kstest(x, lambda v: v**2).statistic == pytest.approx(distance, abs=0.006)


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


# F ---------------------------------------------------------------------------------------------------------------


def test_f_a_constant_changes_no_chain_and_no_obrs_decision():
    d = np.random.default_rng(0).normal(size=(500, 30))
    index = metropolis_hastings(d, d[:, 0], 3)
    assert (index == metropolis_hastings(d + 7, d[:, 0] + 7, 3)).all()
    assert (index != metropolis_hastings(2 * d, 2 * d[:, 0], 3)).any()
    assert (obrs(d.ravel(), 4, 3) == obrs(d.ravel() + 7, 4, 3)).mean() > 0.9999


def test_f_chains_do_not_see_each_other():
    d, start = np.random.default_rng(0).normal(size=(500, 30)), np.zeros(500)
    other = d.copy()
    other[0] = 50
    assert (metropolis_hastings(d, start, 3)[1:] == metropolis_hastings(other, start, 3)[1:]).all()
    certain = 1000 * d  # decisions without chance: permuting chains must permute outputs
    order = np.random.default_rng(1).permutation(500)
    assert (metropolis_hastings(certain[order], start, 3) == metropolis_hastings(certain, start, 4)[order]).all()


def test_f_three_fixed_scores():
    index = metropolis_hastings(np.tile([LN2, -LN2], (N, 1)), np.zeros(N), 0)
    assert (index >= 0).all()
    near_rate((index == 0).mean(), 0.75)


def test_f_torch_follows_the_same_laws():
    x = torch.from_numpy(uniform(N))
    d = torch.log(2 * x)
    pools = torch.log(2 * torch.from_numpy(uniform((N, 3), 5)))
    index = metropolis_hastings(pools, d, 0)
    assert index.dtype == torch.int64 and index.min() == -1 and index.max() == 2
    near_rate(float((index < 0).double().mean()), 1 / 32)  # E[(x / 2)^3], x uniform
    for mask, rate, mean in (
        (rejection(d, LN2, 0), 0.5, 2 / 3),
        (drs(d, 0.0, 0, log_m=LN2), 0.5, 2 / 3),
        (obrs(d, 4 / 3, 0), 0.75, 0.611111),
    ):
        assert mask.dtype == torch.bool
        near_rate(float(mask.double().mean()), rate)
        near_mean(x[mask].numpy(), mean)
    near_mean(x[sir(d, 0, draws=20_000)].numpy(), 2 / 3)
    two = pools[:, :2]
    near_mean(torch.exp(two).gather(1, sir(two, 0)[:, None]).numpy() / 2, 4 / 3 * LN2 - 1 / 3)
    np.testing.assert_allclose(weights(d).numpy(), weights(d.numpy()))
    assert drs(d.float(), percentile=80, seed=0, log_m=LN2).double().mean() == pytest.approx(0.2828, abs=0.008)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_f_a_tensor_stays_on_its_device():
    d = torch.log(2 * torch.from_numpy(uniform(N))).cuda()
    pools = d.reshape(-1, 10)
    answers = (
        *(rejection(d, LN2, 0), drs(d, 0.0, 0, log_m=LN2), obrs(d, 2, 0), weights(d)),
        *(metropolis_hastings(pools[:, 1:], pools[:, 0], 0), sir(pools, 0), sir(d, 0, draws=9)),
    )
    assert all(answer.device == d.device for answer in answers)
    near_rate(float(answers[0].double().mean()), 0.5)


def test_f_the_seed_decides():
    d = np.random.default_rng(0).normal(size=(50, 40))
    for draw in (lambda s: metropolis_hastings(d, d[:, 0], s), lambda s: sir(d, s), lambda s: obrs(d.ravel(), 4, s)):
        assert (draw(1) == draw(1)).all()
        assert (draw(1) != draw(2)).any()


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


# The rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("m, steps", [(2, 7), (10, 44), (50, 228), (139, 638), (250, 1149), (1000, 4603)])
def test_chain_length(m, steps):
    assert chain_length(math.log(m)) == steps
    assert chain_length(-1.0) == 1 and chain_length(800.0) > 10**9


def test_obrs_constant_survives_outliers_and_zero_weights():
    assert obrs_log_c(np.array([1000.0, 0, 0, 0]), 2) == pytest.approx(math.log(1 / 3))
    assert obrs_log_c(np.array([0.0, 0, -np.inf, -np.inf]), 2) == math.inf
    assert obrs(np.array([0.0, 0, -np.inf, np.nan]), 2, 0).tolist() == [True, True, False, False]
    assert obrs(np.array([0.0, -5, 3]), 1, 0).all()
    d = np.random.default_rng(0).normal(0, 5, 5000)
    for budget in (1.5, 4, 100):
        assert np.exp(np.minimum(d + obrs_log_c(d, budget), 0)).mean() == pytest.approx(1 / budget, rel=1e-9)


def test_nan_candidates_are_refused():
    d = np.array([0.0, np.nan, 0.0, -np.inf] * 100)
    for mask in (rejection(d, seed=0), drs(d, seed=0), obrs(d, 2, 0)):
        assert not mask[1::2].any()
    assert set(metropolis_hastings(np.full((9, 5), np.nan), np.zeros(9), 0)) == {-1}
    assert set(sir(np.tile(d[:4], (500, 1)), 0)) == {0, 2}
    assert set(sir(d[:4], 0, draws=500)) == {0, 2}
    assert weights(d)[1::2].sum() == 0


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: obrs(np.zeros(5), -1), "budget is -1"),
        (lambda: obrs(np.zeros(5), math.nan), "budget is nan"),
        (lambda: obrs([]), "non-empty"),
        (lambda: rejection(np.full(5, np.nan)), "no finite value"),
        (lambda: rejection([0.0, np.inf]), r"holds \+inf"),
        (lambda: metropolis_hastings(np.zeros((3, 0)), np.zeros(3)), "non-empty"),
        (lambda: metropolis_hastings(np.zeros(3), np.zeros(3)), "candidates"),
        (lambda: metropolis_hastings(np.zeros((3, 2)), np.zeros(4)), "4 values for 3 chains"),
        (lambda: metropolis_hastings(np.zeros((2, 2)), [0, np.nan]), "start holds NaN"),
        (lambda: sir(np.zeros(4), draws=0), "draws is 0"),
        (lambda: drs(np.zeros(4), percentile=101), "percentile is 101"),
    ],
)
def test_bad_input_is_one_clear_line(call, says):
    with pytest.raises(UserError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)
