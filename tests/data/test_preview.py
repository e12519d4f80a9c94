"""Sheets of samples: what goes in stands beside what came out."""

import numpy as np
import pytest

from gansmith.data.preview import beside, plot, plot_rows


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


@pytest.mark.parametrize("columns, panels", [(1, 1), (2, 1), (3, 4), (5, 6), (9, 9), (30, 9)])
def test_vectors_as_a_sheet(columns, panels, recwarn):
    points = np.random.default_rng(0).normal(size=(200, columns)).astype(np.float32)
    picture = plot(points, [f"größe {i}" for i in range(columns)])
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert 300 < picture.shape[0] <= 510 and 480 < picture.shape[1] <= 510 and not recwarn.list
    assert np.array_equal(picture, plot(points, [f"größe {i}" for i in range(columns)]))


def test_rows_as_a_sheet_beside_real_ones(recwarn):
    pd = pytest.importorskip("pandas")
    rng, n = np.random.default_rng(0), 60
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n).astype(np.float32),
            "many": pd.array(rng.integers(0, 9, n), "Int64"),
            "名前": rng.choice(["甲", "b\nb", ""], n),
            "yes": rng.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "zoned": pd.Timestamp("2020-01-01", tz="Asia/Tokyo") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "none": np.full(n, np.nan),
            7: pd.Categorical(rng.choice(list("abc"), n)),
        }
    )
    frame.loc[:5, ["many", "since", "名前"]] = None
    alone, both = plot_rows(frame), plot_rows(frame.sample(20, random_state=0), frame)
    assert alone.shape[1] == both.shape[1] and both.shape[0] > alone.shape[0], "a legend over all panels"
    assert plot_rows(frame[[]]).ndim == 3 and not recwarn.list
