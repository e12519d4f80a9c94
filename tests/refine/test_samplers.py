"""What every sampler keeps to: seeds, constants, torch, devices, weights of zero, bad input. F are the spec's letters.

The laws they follow are in test_uniform_law.py and test_other_laws.py.
"""

import math

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.refine import chain_length, drs, metropolis_hastings, obrs, obrs_log_c, rejection, sir, weights
from gansmith.refine.samplers import FEW

N = 100_000
LN2 = math.log(2)


def uniform(shape, seed=0):
    return np.random.default_rng(seed).uniform(1e-300, 1, shape)


def near_rate(observed, expected, n=N):
    assert abs(observed - expected) < 4 * math.sqrt(expected * (1 - expected) / n), (observed, expected)


def near_mean(x, expected):
    assert abs(x.mean() - expected) < 4 * x.std() / math.sqrt(len(x)), (x.mean(), expected)


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


@pytest.mark.parametrize("order", ["drawn", "sorted", "every other of another kind", "one far above"])
@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_obrs_constant_of_many_is_exact_whatever_a_part_of_them_says(order, library):
    d = np.random.default_rng(0).normal(0, 2, 4 * FEW)
    if order == "sorted":
        d = np.sort(d)
    elif order == "one far above":
        d[1] = 900
    elif order != "drawn":
        d[::2] += 700  # beyond what exp could put beside the rest; the part is of this kind alone
    for budget in (1.2, 4, 1000):
        accepted = np.exp(np.minimum(d + obrs_log_c(library(d), budget), 0))
        assert accepted.mean() == pytest.approx(1 / budget, rel=1e-9)


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
        (lambda: obrs(np.zeros(5), math.inf), "budget is inf"),
        (lambda: obrs([]), "non-empty"),
        (lambda: chain_length(1.0, 0), "tolerance is 0"),
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
