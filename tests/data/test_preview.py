"""Sheets of samples: what goes in stands beside what came out."""

import numpy as np

from gansmith.data.preview import beside


def test_what_goes_in_is_brought_to_the_form_of_what_came_out():
    small = np.arange(4, dtype=np.uint8).reshape(1, 1, 2, 2)
    large = np.full((1, 3, 4, 4), 9, np.uint8)
    both = beside(small, large)
    assert both.shape == (1, 3, 4, 8) and (both[..., 4:] == 9).all()
    for channel in both[0, :, :, :4]:
        assert channel.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]


def test_color_beside_grey():
    both = beside(np.zeros((2, 3, 4, 4), np.uint8), np.full((2, 1, 4, 4), 7, np.uint8))
    assert both.shape == (2, 3, 4, 8) and (both[..., 4:] == 7).all()
