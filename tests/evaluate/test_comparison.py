"""Cards that refuse, floors that are measured, intervals that cover, and verdicts that need two spaces."""

import json

import numpy as np
import pytest

from gansmith.errors import UserError
from gansmith.evaluate import compare, kernel_distance, paired, rank
from gansmith.evaluate.intervals import interval, jackknife


def normal(n, seed=0, d=3, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, d))


def sampler(scale=1.0, d=3):
    return lambda n, seed: normal(n, 1000 + seed, d, scale)


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    real = normal(600)
    return {s: compare(real, sampler(s), n=200, groups=10, cache=cache) for s in (1.0, 1.5, 3.0)}


def test_floors_and_intervals(scores):
    good, bad = scores[1.0], scores[3.0]
    for metric in ("frechet_distance", "kernel_distance", "mind", "precision", "recall", "density", "coverage"):
        score = good[metric]
        assert score.low <= score.value <= score.high
        assert score.low - 0.5 * abs(score.floor) <= score.floor  # alike: the floor is not beyond the interval by much
    assert bad["mind"].low > bad["mind"].floor and bad["coverage"].high < bad["coverage"].floor
    assert good["mind"].floor == bad["mind"].floor  # the floor knows no model
    assert "held_out" in good.notes[0]


def test_given_items_get_an_interval_too(tmp_path):
    got = compare(normal(400), normal(150, 1), n=200, groups=5, cache=tmp_path)
    assert got.cards["columns"].n_fake == 150
    assert got["mind"].low < got["mind"].value < got["mind"].high


@pytest.mark.parametrize("n, there", [(30, False), (33, False), (40, True)])
def test_ten_rows_a_feature_or_no_frechet_distance(n, there, tmp_path, recwarn):
    got = compare(normal(200), sampler(), n=n, groups=5, cache=tmp_path)
    assert ("frechet_distance" in got.numbers["columns"]) == there
    assert any("too few for a Fréchet" in note for note in got.notes) != there
    assert not recwarn.list


def test_rank_and_refusal(scores, tmp_path):
    names = {str(k): v for k, v in scores.items()}
    assert rank(names, "mind") == ["1.0", "1.5", "3.0"] == rank(names, "coverage")
    for other in ({"n": 100}, {"seed": 1}, {"weights": "EMA"}, {"split": "train"}, {"truncation": 0.7}):
        unlike = compare(normal(600), sampler(), **{"n": 200, "groups": 0, "cache": tmp_path, **other})
        with pytest.raises(UserError, match="measured differently"):
            rank({"a": scores[1.0], "b": unlike}, "mind")
    with pytest.raises(UserError, match="data '"):
        rank({"a": scores[1.0], "b": compare(normal(600, 9), sampler(), n=200, groups=0, cache=tmp_path)}, "mind")
    with pytest.raises(UserError, match="there is frechet_distance"):
        rank(names, "fid")
    with pytest.raises(UserError, match="there is columns"):
        rank(names, "mind", "inception")


def test_scores_as_text_and_lines(scores):
    text = str(scores[1.0])
    assert "n_fake 200 | ref as given 400" in text and "reals" in text
    record = json.loads(scores[1.0].lines()[0])
    assert record["card"]["n_fake"] == 200 and {"value", "low", "high", "floor"} <= set(record)


def test_held_out_is_the_floor(tmp_path):
    shifted = compare(normal(400), sampler(), held_out=normal(200, 1) + 1, n=200, groups=0, cache=tmp_path)
    assert shifted.cards["columns"].n_real == 400
    assert shifted["mind"].floor > 5 * shifted["mind"].value


def test_images_get_two_spaces(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), dtype=np.uint8)
    got = compare(images, images[:60], n=60, groups=0, cache=tmp_path)
    assert list(got.numbers) == ["random", "pixels"]
    assert any("too few for a Fréchet distance of 256" in note for note in got.notes)
    assert any("relative only" in note for note in got.notes)
    with pytest.raises(UserError, match="no 'frechet_distance' in random"):
        got["frechet_distance"]


def images(n, seed, brightest):
    return np.random.default_rng(seed).integers(0, brightest, (n, 1, 8, 8), dtype=np.uint8)


def test_paired_verdicts(tmp_path):
    def call(brightest):
        return lambda n, seed: images(n, seed, brightest)

    def run(a, b):
        return paired(images(400, 99, 256), call(a), call(b), n=200, groups=5, cache=tmp_path)

    good = run(256, 220)
    assert good.better == "a" and len(good.differences) == 2 and str(good).startswith("a is better")
    assert run(220, 256).better == "b"
    few = paired(images(400, 99, 256), call(256), call(200), n=200, draws=1, groups=5, cache=tmp_path)
    assert few.better == "a"
    same = run(256, 256)
    assert same.better is None and all(d.value == 0 for d in same.differences.values())
    with pytest.raises(UserError, match="cannot decide"):
        paired(images(400, 99, 256), call(256), call(220), features="pixels")
    with pytest.raises(UserError, match="two models or callables"):
        paired(images(400, 99, 256), images(50, 0, 256), call(220))


def test_jackknife_of_a_mean_is_the_usual_variance():
    x = np.random.default_rng(0).normal(size=(1000, 1))
    found = [jackknife(x, lambda rows: {"mean": float(rows.mean())}, 20, seed)["mean"] for seed in range(40)]
    assert np.mean(found) == pytest.approx(x.var() / 1000, rel=0.15)
    with pytest.raises(UserError, match="groups between"):
        jackknife(x[:6], lambda rows: {"mean": 0.0}, 20)


def test_interval():
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2, 2 - 2.484, 2 + 2.484), abs=1e-3)  # t(2) = 4.303, s/sqrt 3
    assert interval([2.0], [(0.04, 19)]) == pytest.approx((2, 2 - 2.093 * 0.2, 2 + 2.093 * 0.2), abs=1e-3)
    assert interval([2.0]) == (2, -np.inf, np.inf)
    assert interval([2.0, 2.0], [(0.0, 3)]) == (2, 2, 2)


def test_intervals_cover_the_population_value():
    """KID of N(0,1) against N(1,1) is 22 - 0; the control, draws alone without the reals' share, must cover less."""
    hits, without = 0, 0
    for trial in range(60):
        real, draws = normal(120, 10 * trial, 1), [normal(120, 10 * trial + k, 1) + 1 for k in (1, 2, 3)]

        def number(rows, draws=draws):
            return {"kid": kernel_distance(rows, draws[0])}

        values = [kernel_distance(real, x) for x in draws]
        got = interval(values, [(jackknife(real, number, 10, trial)["kid"], 9)])
        hits += got.low <= 22 <= got.high
        narrow = 1.96 * np.std(values, ddof=1) / np.sqrt(3)
        without += abs(np.mean(values) - 22) <= narrow
    assert hits >= 0.85 * 60 > without


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: compare(normal(100), lambda n, seed: normal(n)[:, :1]), "was asked for"),
        (lambda: compare(normal(100), lambda n, seed: normal(n)[:0]), "no items"),
        (lambda: compare(normal(100), normal(100, d=4)), "form of the reals"),
        (lambda: compare(normal(5), normal(100)), "too few"),
        (lambda: compare(images(50, 0, 256), images(50, 1, 256) / 255), r"\[0, 255\] and fake images in \[0, 1\]"),
        (lambda: compare(images(50, 0, 256) / 255, images(50, 1, 256) / 127.5 - 1, features="columns"), "bring both"),
        (lambda: compare(np.ones(50), np.ones(50)), "one array"),
        (lambda: compare(normal(50), np.full((50, 3), np.nan)), "NaN or infinity"),
        (lambda: compare(images(50, 0, 256), normal(50), labels=np.zeros(49)), "one label per item"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_reals_that_are_all_equal_are_refused_and_such_fakes_are_not():
    varied = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(UserError, match="all 60 real items are equal"):
        compare(np.ones((60, 2)), varied, groups=0)
    assert compare(varied, np.ones((30, 2)), n=30, groups=0)["recall"].value == 0


@pytest.mark.parametrize("shape", [(3,), (4, 12)])
def test_vectors_and_arrays_are_compared_in_two_spaces_without_being_asked(shape):
    draw = lambda shift: lambda n, seed: np.random.default_rng(seed).normal(shift, 1, (n, *shape))  # noqa: E731
    real = draw(0)(300, 9)
    assert len(compare(real, draw(0), n=100, draws=2, groups=0).numbers) == 2
    assert paired(real, draw(0), draw(3), n=100, draws=3, groups=3).better == "a"
