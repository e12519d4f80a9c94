"""Charts: what they show is where it should be, and no text and no number breaks them."""

import numpy as np
import pytest

from gansmith.data.chart import FILL, LINE, Sheet, bars, font_for, has, histogram, one_line, scatter, spell, ticks


def pixels(sheet, color) -> np.ndarray:
    """(n, 2): across and down of the pixels of a colour."""
    return np.argwhere((sheet.picture == color).all(2))[:, ::-1]


def test_a_bar_is_as_high_as_its_share():
    sheet = Sheet(1, 240, 200)
    box = left, top, right, bottom = sheet.panel(0, "x")
    histogram(sheet, box, np.r_[np.zeros(30), np.ones(60), np.nan, np.inf], bins=2)
    x, y = pixels(sheet, FILL).T
    middle = (left + right) // 2
    assert bottom - y[x < middle].min() == pytest.approx((bottom - top) / 2, abs=1)
    assert bottom - y[x >= middle].min() == pytest.approx(bottom - top, abs=1)


def test_the_line_of_what_it_is_compared_with_has_shares_of_its_own():
    sheet = Sheet(1, 240, 200, ("made", "real"))
    box = left, top, right, bottom = sheet.panel(0, "x")
    histogram(sheet, box, np.r_[np.zeros(10), np.ones(10)], np.r_[np.zeros(5000), np.ones(5000)], bins=2)
    assert pixels(sheet, FILL)[:, 1].min() < top and pixels(sheet, LINE)[:, 1].min() < top  # the legend's
    inside = [p[(p >= (left, top)).all(1)] for p in (pixels(sheet, FILL), pixels(sheet, LINE))]
    assert abs(inside[0][:, 1].min() - inside[1][:, 1].min()) <= 2


def test_bars_of_names_and_marks_across_them():
    sheet = Sheet(1, 240, 200)
    box = sheet.panel(0, "job", bottom=8)
    bars(sheet, box, ["a", "b"], [0.8, 0.2], [0.4, 0.6])
    x, y = pixels(sheet, FILL).T
    half = (y.min() + y.max()) / 2
    long, short = np.ptp(x[y < half]), np.ptp(x[y > half])
    assert short == pytest.approx(long / 4, abs=2)
    at = pixels(sheet, LINE)
    assert np.median(at[at[:, 1] < half][:, 0]) - x.min() == pytest.approx(long / 2, abs=2)


def test_dots_are_where_their_points_are_to_one_scale():
    sheet = Sheet(1, 300, 300)
    box = left, top, right, bottom = sheet.panel(0, "", left=46)
    scatter(sheet, box, np.array([[0, 0], [2.0, 0], [0, 1.0], [np.nan, 0]]))
    red, _, blue = sheet.picture[top:bottom, left:right].astype(int).transpose(2, 0, 1)
    y, x = np.argwhere(blue - red > 40).T
    assert np.ptp(x) == pytest.approx(2 * np.ptp(y), abs=4)


@pytest.mark.parametrize(
    "values", [[], [np.nan], [np.inf, -np.inf], [3.0], [0.0, 0.0], [1e300, -1e300], [1.7e308, -1.7e308], [1, 1 + 1e-16]]
)
def test_no_numbers_break_a_chart(values, recwarn):
    sheet = Sheet(2, 150, 150)
    histogram(sheet, sheet.panel(0, "x"), np.array(values))
    scatter(sheet, sheet.panel(1, "y"), np.array(values)[:, None].repeat(2, 1))
    assert sheet.picture.shape[2] == 3 and not recwarn.list


@pytest.mark.parametrize("text", ["größe", "名前", "a\nb\tc", "\ud800", "🙂", "x" * 9999, "", 7, None, "عمر"])
def test_no_text_breaks_a_chart(text, recwarn):
    sheet = Sheet(2, 150, 150)
    bars(sheet, sheet.panel(0, text), [text, "b"], [0.5, 0.5])
    histogram(sheet, sheet.panel(1, text), np.arange(9.0))
    assert "\n" not in one_line(text) and not recwarn.list


def test_letters_beyond_ascii_are_looked_for_in_other_fonts():
    assert has(font_for("abc"), "a") and not has(font_for("abc"), "é")
    assert font_for("abc") is font_for("xyz")


def test_long_titles_stay_in_their_panel():
    sheet = Sheet(4, 100, 100)
    sheet.panel(0, "w" * 500)
    assert (sheet.picture[:100, 102:] == 255).all()


def test_round_numbers_of_an_axis():
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10] and ticks(3, 3) == [3]
    assert [spell(x) for x in (12345, 3.5e6, 0.02, -4)] == ["12.35k", "3.5M", "0.02", "−4"]
