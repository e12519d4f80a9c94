"""Memorisation and two-sample tests: what copies, near-copies and honest samples must read."""

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.evaluate.copying import mann_whitney, memorisation, nearest_pairs
from gansmith.evaluate.two_sample import c2st, mmd_test, one_nearest_neighbour


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.fixture(scope="module")
def split():
    train, held_out = normal(1000, 2), normal(1000, 2, seed=1)
    copies = train[np.random.default_rng(2).integers(0, 1000, 1000)]
    return train, held_out, copies


def test_copies(split):
    got = memorisation(*split)
    assert (got.ratio, got.authenticity) == (0, 0)
    assert got.c_t == pytest.approx(-np.sqrt(3 * 1000 * 1000 / 2001))  # the lowest z there is: -38.7
    assert got.one_nn < 0.35 and got.copied


def test_near_copies(split):
    train, held_out, copies = split
    near = memorisation(train, held_out, copies + 0.01 * normal(1000, 2, seed=3))
    assert 0 < near.ratio < 0.5 and near.c_t < -20 and near.copied


def test_honest_samples(split):
    train, held_out, _ = split
    got = memorisation(train, held_out, normal(1000, 2, seed=4))
    assert got.ratio == pytest.approx(1, abs=0.15) and abs(got.c_t) < 3 and not got.copied
    assert got.authenticity == pytest.approx(got.authenticity_held_out, abs=0.07)
    assert abs(memorisation(train, held_out, normal(1000, 2, seed=4), cells=5).c_t) < 3
    assert memorisation(*split, cells=5).c_t < -10


def test_copies_need_held_out_reals(split):
    train, _, copies = split
    for none in (None, []):
        with pytest.raises(UserError, match="val=0.05"):
            memorisation(train, none, copies)
    with pytest.raises(UserError, match="split again"):
        memorisation(train, train, copies)


def test_mann_whitney():
    a, b = torch.tensor([1.0, 2, 3]), torch.tensor([2.0, 4])
    assert mann_whitney(a, b) == pytest.approx((1.5 - 3) / np.sqrt(3 * 2 * 6 / 12))  # one win (3 > 2), one tie (2 = 2)
    assert mann_whitney(a, a) == 0


def test_nearest_pairs():
    real, fake = np.array([[0.0], [10], [20]]), np.array([[11.0], [20.5], [3]])
    pairs = nearest_pairs(real, fake, 2)
    assert pairs.fake.tolist() == [1, 0] and pairs.real.tolist() == [2, 1]
    assert pairs.distance.tolist() == pytest.approx([0.5, 1])


def test_one_nearest_neighbour(split):
    train, held_out, copies = split
    assert one_nearest_neighbour(train, held_out).accuracy == pytest.approx(0.5, abs=0.05)
    assert one_nearest_neighbour(train, held_out + 100).accuracy == 1
    assert one_nearest_neighbour(train, train).accuracy == 0
    assert one_nearest_neighbour(train, copies).accuracy < 0.35
    with pytest.warns(UserWarning, match="rows are equal"):
        assert one_nearest_neighbour(np.ones((50, 2)), np.ones((50, 2))).accuracy == 0.5  # ties are coin tosses
    odd = one_nearest_neighbour(train, held_out[:101])
    assert odd == one_nearest_neighbour(train, held_out[:101], rows=7)


def test_c2st_null_law_and_power():
    nulls = [c2st(normal(400, 2, 2 * s), normal(400, 2, 2 * s + 1), steps=100) for s in range(12)]
    assert nulls[0].null_sd == pytest.approx(1 / np.sqrt(4 * 400))
    z = np.array([(t.accuracy - 0.5) / t.null_sd for t in nulls])
    assert abs(z.mean()) < 3 / np.sqrt(12) and 0.4 < z.std() < 1.8
    shifted = c2st(normal(400, 2), normal(400, 2, 1) + 1, steps=100)
    assert shifted.accuracy > 0.7 and shifted.p_value < 1e-6


def test_mmd_test_null_law_and_power():
    p = [mmd_test(normal(60, 2, 2 * s), normal(50, 2, 2 * s + 1), permutations=99).p_value for s in range(60)]
    assert 0.35 < np.mean(p) < 0.65 and min(p) >= 0.01
    assert mmd_test(normal(60, 2), normal(50, 2, 1) + 1, permutations=99).p_value == pytest.approx(0.01)


def test_average_items_lie_near_the_data_and_are_no_copies():
    rng = np.random.default_rng(0)
    train, held = rng.normal(size=(400, 50)), rng.normal(size=(200, 50))
    grey = rng.normal(0, 0.01, size=(200, 50))
    found = memorisation(train, held, grey)
    assert found.ratio < 1 and found.c_t < -5 and found.spread < 0.1 and not found.copied
    assert memorisation(train, held, train[rng.choice(400, 200)]).copied
    assert memorisation(train, held, train[[0] * 200]).copied, "one item again and again is a copy"
