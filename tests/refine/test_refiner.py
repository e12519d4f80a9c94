"""Refiner on models: laws, items of every kind, classes, seeds, modes, caps. Generator uniform on [0, 1], p(x) = 2x."""

import itertools
import math
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from gansmith.errors import UserError
from gansmith.refine import Refiner

EXACT = {"kind": "log_ratio"}


def generate(n, seed):
    return np.random.default_rng(seed).uniform(1e-9, 1, n)


def score(x):
    return np.log(2 * x)


def reals(n=2000, seed=1):
    return np.sqrt(np.random.default_rng(seed).uniform(1e-9, 1, n))


def distance(x):
    return kstest(np.asarray(x, float).ravel(), lambda v: np.clip(v, 0, 1) ** 2).statistic


@pytest.mark.parametrize("method", ["obrs", "rejection", "drs", "mh", "sir"])
def test_samples_follow_the_data(method):
    refiner = Refiner(generate, score, reals(), method, **EXACT)
    x = refiner.sample(5000, seed=3)
    assert len(x) == 5000
    assert distance(x) < 1.63 / math.sqrt(5000) * (1.5 if method == "sir" else 1)  # sir repeats itself
    assert distance(generate(5000, 3)) > 0.2
    report = refiner.report
    assert not report["capped"] and report["returned"] == 5000
    cost = {"obrs": 4, "rejection": 2, "drs": 2, "mh": 7, "sir": 10}[method]
    assert report["proposals"] / 5000 == pytest.approx(cost, rel=0.15)


@pytest.mark.parametrize("dtype, bound", [(torch.float32, 16.7), (torch.bfloat16, 16.7), (torch.float64, 37)])
def test_saturated_probabilities_are_read_in_the_precision_they_came_in(dtype, bound):
    refiner = Refiner(
        generate,
        lambda x: torch.sigmoid(60 * torch.from_numpy(score(x))).to(dtype),
        reals(),
        kind="probability",
        calibration="none",
    )
    assert refiner.report["saturated"] > 0
    assert bound - 1 < refiner.report["log_m"] <= bound


def test_a_learned_calibration_works_too():
    refiner = Refiner(generate, lambda x: 3 * score(x) + 1, reals(4000))
    assert refiner.report["method"] == "affine"
    assert distance(refiner.sample(5000, seed=3)) < 0.03
    uncalibrated = Refiner(generate, lambda x: 3 * score(x) + 1, reals(4000), budget=10, calibration="none")
    assert distance(uncalibrated.sample(5000, seed=3)) > 0.1
    assert "not calibrated" in uncalibrated.report["verdict"]


def test_obrs_report_says_what_remains():
    report = Refiner(generate, score, reals(), budget=4 / 3, **EXACT).report
    assert report["tv_refined"] == pytest.approx(1 / 9, abs=0.02)
    assert report["tv_plain"] == pytest.approx(1 / 4, abs=0.02)
    assert report["predicted_acceptance"] == pytest.approx(3 / 4)


def test_mh_never_returns_a_real_and_restarts():
    refiner = Refiner(generate, score, reals(), "mh", budget=1, **EXACT)
    x = refiner.sample(3000, seed=0)
    assert not np.isin(x, reals()).any()
    assert refiner.report["restarts"] == pytest.approx(1000, abs=120)  # one third refuse the only candidate
    assert refiner.report["steps"] == 1


def test_mh_picks_its_own_length():
    report = Refiner(generate, score, reals(), "mh", **EXACT).report
    assert report["steps"] == 7 and report["tv_bound"] < 0.01
    assert Refiner(generate, score, reals(), "mh", tolerance=1e-4, **EXACT).report["steps"] > 7


ITEMS = {
    "array": (lambda x: x[:, None], lambda b: b[:, 0]),
    "tensor": (lambda x: torch.from_numpy(x), lambda b: b.numpy()),
    "dict": (lambda x: {"a": x, "b": torch.from_numpy(x)}, lambda b: b["b"].numpy()),
    "list": (lambda x: [{"value": v} for v in x], lambda b: np.array([item["value"] for item in b])),
    "table": (lambda x: pd.DataFrame({"v": x}), lambda b: b["v"].to_numpy()),
}


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize("method", ["obrs", "mh", "sir"])
def test_items_of_every_kind(kind, method):
    pack, unpack = ITEMS[kind]
    refiner = Refiner(
        lambda n, seed: pack(generate(n, seed)), lambda b: score(unpack(b)), pack(reals(200)), method, **EXACT
    )
    plain = Refiner(generate, score, reals(200), method, **EXACT).sample(300, seed=5)
    out = refiner.sample(300, seed=5)
    assert type(out) is type(pack(plain))
    np.testing.assert_array_equal(unpack(out), plain)


@pytest.mark.parametrize("method", ["obrs", "rejection", "drs", "mh", "sir"])
def test_the_seed_decides_whatever_the_scoring_batch(method):
    draws = [
        Refiner(generate, score, reals(), method, batch_size=b, **EXACT).sample(700, seed=2) for b in (7, 64, 10**6)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    np.testing.assert_array_equal(draws[0], draws[2])
    refiner = Refiner(generate, score, reals(), method, **EXACT)
    assert (refiner.sample(700, seed=2) == draws[0]).all()
    assert (refiner.sample(700, seed=3) != draws[0]).any()
    assert (refiner.sample(700) != refiner.sample(700)).any()


def test_a_generator_without_seed_is_seeded_and_the_global_state_given_back():
    refiner = Refiner(lambda n: torch.rand(n) * 1.0, lambda x: torch.log(2 * x), torch.from_numpy(reals()), **EXACT)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = refiner.sample(50, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(10)
    assert torch.equal(first, refiner.sample(50, seed=1))


def test_stream_is_endless_and_within_the_law():
    refiner = Refiner(generate, score, reals(), "rejection", **EXACT)
    batches = list(itertools.islice(refiner.stream(seed=0), 12))
    x = np.concatenate(batches)
    assert len(batches) == 12 and max(map(len, batches)) <= refiner.block
    assert distance(x) < 1.63 / math.sqrt(len(x))


# Classes ---------------------------------------------------------------------------------------------------------


def class_generate(n, label, seed):
    return np.stack([generate(n, seed), np.full(n, label)], 1)


def class_score(items, label):
    """Class 0 is as above; class 1's data lean the other way."""
    assert (items[:, 1] == label).all()
    return np.log(2 * np.abs(label - items[:, 0]))


@pytest.mark.parametrize("method", ["obrs", "rejection", "mh"])
def test_classes_never_mix(method):
    label = np.repeat([0, 1], [3000, 1000])
    real = np.stack([np.where(label == 0, reals(4000), 1 - reals(4000)), label], 1)
    refiner = Refiner(class_generate, class_score, real, method, label=label, **EXACT)
    x = refiner.sample(4000, seed=1)
    assert np.bincount(x[:, 1].astype(int)).tolist() == [3000, 1000]
    assert distance(x[x[:, 1] == 0, 0]) < 0.03
    assert distance(1 - x[x[:, 1] == 1, 0]) < 0.05
    assert set(refiner.report["classes"]) == {0, 1}
    only = refiner.sample(100, seed=1, label=1)
    assert (only[:, 1] == 1).all()
    assert (next(refiner.stream(seed=0, label=1))[:, 1] == 1).all()
    with pytest.raises(UserError, match=r"the classes are \[0, 1\]"):
        refiner.sample(5, label=7)
    with pytest.raises(UserError, match="which class to stream"):
        next(refiner.stream())


# Modules ---------------------------------------------------------------------------------------------------------


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1)
        self.frozen = nn.Dropout(0.5).eval()
        self.modes = set()

    def forward(self, x):
        self.modes.add((self.training, torch.is_grad_enabled()))
        return self.frozen(self.norm(x[:, None])).squeeze(1)


def test_modules_run_in_eval_mode_and_get_their_mode_back():
    discriminator = Discriminator()
    refiner = Refiner(lambda n: torch.rand(n), discriminator, torch.from_numpy(reals()).float())
    refiner.sample(20, seed=0)
    for _ in itertools.islice(refiner.stream(seed=0), 2):
        assert discriminator.training and torch.is_grad_enabled()  # the caller may train between batches
    assert discriminator.modes == {(False, False)}
    assert discriminator.training and discriminator.norm.training and not discriminator.frozen.training
    assert refiner.report["batch_effect"] < 1e-4
    assert discriminator.norm.num_batches_tracked == 0


def test_mode_comes_back_after_an_error():
    discriminator = Discriminator()
    with pytest.raises(UserError):
        Refiner(lambda n: torch.rand(n), discriminator, torch.rand(5))
    assert discriminator.training and torch.is_grad_enabled()


@pytest.mark.parametrize("hidden", [True, False])
def test_a_batch_dependent_discriminator_is_seen(hidden):
    discriminator = Discriminator()
    modules = () if hidden else (discriminator,)
    refiner = Refiner(
        lambda n: torch.rand(n), lambda x: discriminator(x), torch.from_numpy(reals()).float(), modules=modules
    )
    assert ("depend on the rest of the batch" in refiner.report["verdict"]) == hidden


# What goes wrong -------------------------------------------------------------------------------------------------


def test_a_blind_discriminator_gives_plain_samples_and_says_so():
    noise = np.random.default_rng(0)
    refiner = Refiner(generate, lambda x: noise.normal(size=len(x)), reals())
    x = refiner.sample(1000, seed=0)
    assert "cannot tell real from fake" in refiner.report["verdict"]
    assert refiner.report["proposals"] == 1000
    assert kstest(x, "uniform").pvalue > 0.01


def test_a_verdict_advises_no_budget_to_who_has_one():
    def normal(n, seed):
        return np.random.default_rng(seed).normal(size=n)

    said = {
        m: Refiner(normal, lambda x: x - 0.5, normal(2000, 1) + 1, m, **EXACT).report["verdict"] for m in ("obrs", "mh")
    }
    assert "choose by a budget" in said["mh"] and "usable" in said["obrs"]


def test_the_proposal_cap_returns_what_there_is():
    def rare(x):
        return np.where(x > 0.999, 7.0, -9.0)

    refiner = Refiner(generate, rare, 1 - reals() * 1e-3, "rejection", kind="log_ratio", max_proposals=20)
    with pytest.warns(UserWarning, match="of 100 samples after 2000 proposals"):
        x = refiner.sample(100, seed=0)
    assert 0 < len(x) < 100 and refiner.report["capped"] and refiner.report["proposals"] == 2000


def test_nan_candidates_are_refused_and_counted():
    def holes(x):
        return np.where(x > 0.8, np.nan, score(x))

    below = reals()[reals() < 0.8]
    for method in ("obrs", "rejection", "drs", "mh", "sir"):
        refiner = Refiner(generate, holes, below, method, **EXACT)
        assert refiner.sample(500, seed=0).max() <= 0.8
        assert refiner.report["nan"] > 50


def test_nothing_accepted_is_an_error():
    alive = [True]

    def dies(items):
        return score(items) if alive[0] else np.full(len(items), np.nan)

    refiner = Refiner(generate, dies, reals(300), max_proposals=3, **EXACT)
    alive[0] = False
    with pytest.raises(UserError, match="none of 30 candidates was accepted"):
        refiner.sample(10, seed=0)


@pytest.mark.parametrize(
    "change, says",
    [
        ({"real": reals(19)}, "19 real samples: calibration needs at least 20"),
        ({"real": reals(0)}, "0 real samples"),
        ({"score": lambda x: score(x)[:-1]}, "return one each"),
        ({"score": lambda x: np.stack([score(x)] * 2, 1)}, "one score each"),
        ({"score": lambda x: score(x) * np.nan}, "NaN for 2000 of 2000 real"),
        ({"score": lambda x: 0 * x}, "does not look at its input"),
        ({"score": lambda x: 1 + x, "kind": "probability"}, "lie in"),
        ({"generate": lambda n: reals(0)}, "returned no items"),
        ({"generate": reals()}, "pass a callable"),
        ({"generate": lambda n: 3.0}, "must be a tensor, array"),
        ({"method": "obsr"}, "Did you mean obrs"),
        ({"method": "mh", "budget": 0}, "budget is 0"),
        ({"method": "mh", "budget": math.inf}, "budget is inf"),
        ({"method": "mh", "tolerance": 0}, "tolerance is 0"),
        ({"budget": -2}, "budget is -2"),
        ({"method": "rejection", "budget": 4}, "rejection takes no budget"),
        ({"block": 0}, "block is 0"),
        ({"label": [1, 2]}, "2 entries for 2000"),
        ({"label": ["cat"] * 1990 + ["dog"] * 10, "generate": lambda n, label: reals(n)}, "class 'dog' has 10"),
    ],
)
def test_bad_input_is_one_clear_line(change, says):
    settings = {"generate": generate, "score": score, "real": reals(), "kind": "log_ratio"} | change
    with pytest.raises(UserError, match=says) as caught:
        Refiner(**settings)
    assert "\n" not in str(caught.value)


def test_a_dry_stream_ends():
    def only_once(x):
        return np.where(x > 0.5, score(x), -700.0)

    refiner = Refiner(generate, only_once, reals()[reals() > 0.5], "rejection", max_proposals=1, **EXACT)
    with pytest.warns(UserWarning, match="dried up"):
        assert 0 < sum(map(len, refiner.stream(seed=0))) < refiner.block


def test_asking_for_nothing():
    with pytest.raises(UserError, match="n is 0"):
        Refiner(generate, score, reals(), **EXACT).sample(0)


def test_no_warning_on_the_way():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Refiner(generate, score, reals(), **EXACT).sample(100, seed=0)
