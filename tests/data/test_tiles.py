"""Tiles: what does nothing to a tile does nothing to a picture, whatever its size; neighbours fade into each other."""

import numpy as np
import pytest

from gansmith.data.tiles import AT_ONCE, in_tiles, ramp, starts


@pytest.mark.parametrize("size", [(8, 8), (5, 3), (8, 9), (37, 50), (8, 200)])
def test_an_identity_stays_one(size):
    picture, seen = np.random.default_rng(0).integers(0, 256, (3, *size), np.uint8), []

    def make(tiles):
        seen.append(tiles.shape)
        return tiles[:, :2]

    assert np.array_equal(in_tiles(make, picture, (8, 8)), picture[:2])
    assert all(shape[1:] == (3, 8, 8) and shape[0] <= AT_ONCE for shape in seen)


@pytest.mark.parametrize("size", [(8, 8), (5, 3), (37, 50)])
def test_what_repeats_pixels_does_so_for_any_size(size):
    larger = lambda x: x.repeat(4, -2).repeat(4, -1)  # noqa: E731
    picture = np.random.default_rng(0).integers(0, 256, (3, *size), np.uint8)
    assert np.array_equal(in_tiles(larger, picture, (8, 8), 4), larger(picture))


@pytest.mark.parametrize("length", [8, 9, 14, 15, 100])
def test_tiles_cover_all_and_overlap(length):
    first = starts(length, 8)
    assert first[0] == 0 and first[-1] == length - 8
    assert (np.diff(first) <= 6).all() and (np.diff(first) > 0).all()


def test_there_is_no_seam():
    """Tiles that disagree by 60 levels: no step between neighbouring pixels is nearly as large."""
    calls = iter(range(100))
    made = in_tiles(lambda tiles: np.stack([np.full_like(t, 60 * (next(calls) % 2)) for t in tiles]),
                    np.zeros((1, 32, 80), np.uint8), (32, 32))  # fmt: skip
    assert np.abs(np.diff(made.astype(int), axis=2)).max() < 15 and made.min() == 0 and made.max() == 60


def test_the_ramp_is_never_zero():
    assert ramp(8).tolist() == [0.25, 1, 1, 1, 1, 1, 1, 0.25] and ramp(1).tolist() == [1.0]
