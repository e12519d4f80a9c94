"""Modes, classes, bins, Vendi, inception score and Parzen windows against what is known on paper."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.evaluate import counts
from gansmith.evaluate.counts import GRID25


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def grid(n, seed=0, keep=25, sd=0.05):
    random = np.random.default_rng(seed)
    return GRID25[random.integers(0, keep, n)] + sd * random.normal(size=(n, 2))


def test_jensen_shannon():
    assert counts.jensen_shannon([1, 2, 3], [2, 4, 6]) == 0
    assert counts.jensen_shannon([5, 0], [0, 3]) == pytest.approx(math.log(2))
    assert counts.kullback_leibler([1, 0], [1, 1]) == pytest.approx(math.log(2))
    assert counts.kullback_leibler([1, 1], [1, 0]) == math.inf
    with pytest.raises(UserError, match="no histogram"):
        counts.jensen_shannon([0, 0], [1, 1])
    with pytest.raises(UserError, match="same bins"):
        counts.jensen_shannon([1], [1, 1])


def test_sampling_floors_are_what_sampling_gives():
    random = np.random.default_rng(0)
    draws = random.multinomial(2500, [1 / 25] * 25, size=400)
    kl = np.mean([counts.kullback_leibler(c, np.ones(25)) for c in draws])
    known = np.mean([counts.jensen_shannon(c, np.ones(25)) for c in draws])
    second = np.mean([counts.jensen_shannon(a, b) for a, b in zip(draws[::2], draws[1::2])])
    assert kl == pytest.approx(24 / 5000, rel=0.08)
    assert known == pytest.approx(24 / 20000, rel=0.08)
    assert second == pytest.approx(24 / 10000, rel=0.08)


def test_grid_modes_of_a_perfect_sampler():
    got = counts.grid_modes(grid(100_000))
    assert got.modes == 25
    assert got.high_quality_ceiling == pytest.approx(1 - math.exp(-4.5), abs=1e-6)
    assert got.high_quality == pytest.approx(got.high_quality_ceiling, abs=0.002)
    assert got.kl_floor == pytest.approx(24 / (2 * got.counts.sum()))
    assert got.reverse_kl < 4 * got.kl_floor and got.jsd < 4 * got.jsd_floor
    assert counts.grid_modes(grid(2500), within=4).high_quality_ceiling == pytest.approx(0.99966, abs=1e-5)


def test_grid_modes_of_failures():
    exact = counts.grid_modes(np.repeat(GRID25[:5], 20, 0))
    assert (exact.modes, exact.high_quality) == (5, 1)
    assert exact.reverse_kl == pytest.approx(math.log(5))
    assert exact.jsd == pytest.approx(counts.jensen_shannon([1] * 5 + [0] * 20, [1] * 25))
    far = counts.grid_modes(np.full((10, 2), 100.0))
    assert (far.modes, far.high_quality, far.reverse_kl, far.jsd) == (0, 0, math.inf, math.log(2))
    few = np.vstack([np.repeat(GRID25[:1], 19, 0), np.repeat(GRID25[1:2], 20, 0)])
    assert (counts.grid_modes(few).modes, counts.grid_modes(few, least=20).modes) == (2, 1)


def test_stacked_modes():
    every = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), 1)
    assert counts.stacked_modes(every)[:2] == (1000, pytest.approx(0, abs=1e-12))
    assert counts.stacked_modes(every[:100]).kl == pytest.approx(math.log(10))
    few = counts.stacked_modes(np.random.default_rng(0).integers(0, 10, (2560, 3)))
    assert few.expected_modes == pytest.approx(922.8, abs=0.05)
    assert abs(few.modes - few.expected_modes) < 30
    shares = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]) / 60000  # MNIST's training digits
    digits = np.random.default_rng(1).choice(10, (26000, 3), p=shares)
    true, flat = counts.stacked_modes(digits, shares), counts.stacked_modes(digits)
    assert true.kl_floor == pytest.approx(0.0192, abs=5e-5)
    assert true.kl == pytest.approx(0.0192, abs=0.003) and flat.kl == pytest.approx(0.0235, abs=0.003)
    with pytest.raises(UserError, match="predicted digits"):
        counts.stacked_modes(np.full((4, 3), 10))


def test_ndb_and_class_counts():
    shares = [counts.ndb(normal(2000, 2, 2 * s), normal(2000, 2, 2 * s + 1), 50).share for s in range(12)]
    assert np.mean(shares) == pytest.approx(0.05, abs=0.03)  # the null value is the test's level
    dropped = counts.ndb(grid(2500), grid(2500, seed=1, keep=12), 25)
    assert dropped.share > 0.8 and (dropped.fake == 0).sum() >= 8
    names, test = counts.class_counts(["a"] * 500 + ["b"] * 500, ["a"] * 1000)
    assert names.tolist() == ["a", "b"] and test.z[0] > 20 and test.z[1] < -20
    with pytest.raises(UserError, match="bins=5"):
        counts.ndb(normal(50, 2), normal(50, 2), 100)


def test_inception_score():
    assert counts.inception_score(np.eye(7)[np.arange(700) % 7], splits=10)[0] == pytest.approx(7)
    assert counts.inception_score(np.full((50, 4), 0.25), splits=1) == (pytest.approx(1), 0)
    with pytest.raises(UserError, match="softmax"):
        counts.inception_score(normal(20, 3))


@pytest.mark.parametrize("bandwidth", [None, 0.1])
def test_vendi_score(bandwidth):
    score = partial(counts.vendi_score, bandwidth=bandwidth)
    assert score(np.ones((30, 5))) == pytest.approx(1)
    assert score(np.eye(20)) == pytest.approx(20)
    assert score(np.repeat(np.eye(6), 5, 0)) == pytest.approx(6)  # groups, through the dual form where d < n
    shares = np.array([0.5, 0.3, 0.2])
    groups = np.repeat(np.eye(3), (shares * 100).astype(int), 0)
    assert score(groups) == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    assert score(groups, order=2) == pytest.approx(1 / (shares**2).sum())
    assert score(groups, order=math.inf) == pytest.approx(2)


def test_parzen_log_likelihood():
    x, y = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 1.0]])
    densities = np.exp(-((x[:, None] - y) ** 2).sum(-1) / (2 * 0.25)).mean(1) / (2 * math.pi * 0.25)
    assert counts.parzen_log_likelihood(x, y, 0.5) == pytest.approx(np.log(densities).mean())
    far = counts.parzen_log_likelihood(x, y + 1e3, 0.5)
    assert math.isfinite(far) and far < -1e6  # log-sum-exp: no underflow to log 0
    with pytest.raises(UserError, match="above 0"):
        counts.parzen_log_likelihood(x, y, 0)
    assert torch.isfinite(torch.tensor(counts.parzen_log_likelihood(x, y, 0.5, rows=1)))
