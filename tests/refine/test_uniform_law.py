"""Group A of the closed forms: q uniform on [0, 1], p(x) = 2x, so w = 2x and M = 2. n = 1e5; controls must fail."""

import math

import numpy as np
import pytest
from scipy.stats import kstest

from gansmith.refine import drs, metropolis_hastings, obrs, obrs_log_c, rejection, sir, weights
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
