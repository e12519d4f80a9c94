"""A fresh head wins where the critic is poor, and the critic stays where it is right. Data N(+-m/2, 1) on one axis."""

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.refine import Refiner, fit_ratio

D = 6


def pair(n, seed=0):
    """Reals and fakes differ by a shift of 1.5 on the first axis: log-ratio 1.5 x."""
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(2, n, D))
    real[:, 0] += 0.75
    fake[:, 0] -= 0.75
    return real, fake


def poor(x):
    return x[:, 0] + 3 * x[:, 1]


def right(x):
    return 1.5 * x[:, 0]


def test_a_head_beats_a_poor_discriminator():
    ratio = fit_ratio(*pair(2000), poor, features=lambda x: x)
    report = ratio.report
    assert report["chosen"] in ("linear head", "deep head")
    assert report["candidates"][report["chosen"]] < report["candidates"]["discriminator"] - 0.05
    x = np.concatenate(pair(500, 1))
    assert np.corrcoef(ratio.log_ratio(x), right(x))[0, 1] > 0.97
    assert np.corrcoef(fit_ratio(*pair(2000), poor).log_ratio(x), right(x))[0, 1] < 0.6


def test_a_right_discriminator_is_not_replaced_by_anything_worse():
    ratio = fit_ratio(*pair(2000), right, features=lambda x: x[:, 1:])
    assert ratio.report["chosen"] == "discriminator"
    x = np.concatenate(pair(500, 1))
    assert np.corrcoef(ratio.log_ratio(x), right(x))[0, 1] > 0.97


def test_features_without_a_discriminator_and_bent_classes():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2000, 2)), 2 * rng.normal(size=(2000, 2))  # no line separates them
    ratio = fit_ratio(real, fake, features=lambda x: x)
    assert ratio.report["chosen"] == "deep head"
    assert set(ratio.report["candidates"]) == {"linear head", "deep head"}
    x = rng.normal(size=(500, 2)) * 1.5
    assert np.corrcoef(ratio.log_ratio(x), -(x**2).sum(1))[0, 1] > 0.9


def test_few_items_leave_the_discriminator_alone():
    ratio = fit_ratio(*pair(39), right, features=lambda x: x)
    assert set(ratio.report["candidates"]) == {"discriminator"}
    assert set(fit_ratio(*pair(40), right, features=lambda x: x).report["candidates"]) > {"discriminator"}


def test_heads_are_judged_on_what_they_did_not_see():
    """Features that tell every item from every other, and reals from fakes not at all."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 100, 200))
    losses = fit_ratio(real, fake, features=lambda x: x).report["candidates"]
    assert min(losses.values()) > 0.66  # ln 2 = 0.693; by heart it would be 0


def test_the_seed_decides_and_global_state_is_left_alone():
    before = torch.get_rng_state()
    x = pair(50, 1)[0]
    first, second = (fit_ratio(*pair(200), poor, features=lambda x: x, seed=3).log_ratio(x) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_refiner_with_features_repairs_what_the_discriminator_cannot():
    def generate(n, seed):
        x = np.random.default_rng(seed).normal(size=(n, D))
        x[:, 0] -= 0.75
        return x

    real = pair(3000)[0]
    with_head = Refiner(generate, poor, real, features=lambda x: x, budget=6)
    without = Refiner(generate, poor, real, budget=6)
    assert with_head.sample(2000, seed=0)[:, 0].mean() > 0.3
    assert without.sample(2000, seed=0)[:, 0].mean() < 0.0


def test_refiner_without_a_discriminator():
    def generate(n, seed):
        return np.random.default_rng(seed).normal(-0.75, 1, (n, 1))

    refiner = Refiner(generate, None, np.random.default_rng(1).normal(0.75, 1, (2000, 1)), features=lambda x: x)
    assert refiner.sample(1000, seed=0).mean() > 0.2
    assert refiner.report["batch_effect"] < 1e-4


def test_nan_fakes_are_left_out():
    def holes(x):
        return np.where(x[:, 0] > 1, np.nan, right(x))

    real, fake = pair(1000)
    ratio = fit_ratio(real[real[:, 0] <= 1], fake, holes)
    assert ratio.report["nan"] == (fake[:, 0] > 1).sum() > 0
    assert np.isnan(ratio.log_ratio(np.full((1, D), 2.0)))[0]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(
    "settings, says",
    [
        ({}, "pass score="),
        ({"score": lambda x: right(x) * np.nan}, "NaN for 200 of 200"),
        ({"features": lambda x: x, "real": pair(30)[0]}, "with features, half of them train"),
        ({"features": lambda x: x / 0}, "features holds NaN or infinite"),
        ({"features": lambda x: x[:-1]}, "return one each"),
    ],
)
def test_bad_input_is_one_clear_line(settings, says):
    with pytest.raises(UserError, match=says):
        fit_ratio(**dict(zip(("real", "fake"), pair(200), strict=True)) | settings)
