"""Pictures that may be mirrored are told from those that may not, whatever their size and number."""

import numpy as np
import pytest

import gansmith as gs
from gansmith.data.mirror import HARMLESS, asymmetry, may_mirror


def blobs(n: int, side: int, left: float, seed: int = 0) -> np.ndarray:
    """Bright spots on dark ground, this share of them in the left half."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    here = rng.uniform(0.1, 0.4, n)
    at = np.where(rng.permutation(n) < left * n, here, 1 - here)[:, None, None]
    up = rng.uniform(0.2, 0.8, n)[:, None, None]
    bright = np.exp(-((x - at) ** 2 + (y - up) ** 2) / 0.02) + 0.1 * rng.random((n, side, side))
    return (200 * bright / bright.max()).astype(np.uint8)[:, None]


@pytest.mark.parametrize("side", [8, 16, 40])
def test_what_lies_on_one_side_is_noticed_and_what_lies_on_both_is_not(side):
    share, chance = asymmetry(blobs(60, side, left=1.0))
    assert share > 10 * HARMLESS and chance == 0
    share, chance = asymmetry(blobs(500, side, left=0.5))
    assert abs(share) < 0.02 and chance > 0.01


def test_it_is_the_share_of_the_spread_that_mirroring_explains():
    even, most, all_of = (asymmetry(blobs(400, 16, left))[0] for left in (0.5, 0.75, 1.0))
    assert abs(even) < 0.02 < most < all_of < 1
    assert asymmetry(np.full((40, 3, 20, 20), 7, np.uint8)) == (0, 1)


def test_few_pictures_are_not_mirrored_on_a_guess():
    assert may_mirror(gs.read(blobs(500, 16, 0.5)))
    assert not may_mirror(gs.read(blobs(20, 16, 0.5))) and not may_mirror(gs.read(blobs(100, 16, 1.0)))


def test_digits_are_not_mirrored():
    assert not may_mirror(gs.read("digits"))
