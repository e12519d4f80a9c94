"""Columns: what they are taken for, and that what goes in comes out."""

import datetime
import decimal
import json
import uuid

import numpy as np
import pandas
import pytest

from gansmith.data.kinds.table import as_table
from gansmith.data.kinds.table import text as table_text
from gansmith.data.kinds.table.columns import Column, decode, encode
from gansmith.data.kinds.table.infer import infer
from gansmith.errors import UserError

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=60)
Series = pandas.Series


def days(unit="s", periods=60, **how):
    return Series(pandas.date_range("2020-02-28", periods=periods, **how)).astype(f"datetime64[{unit}]")


COLUMNS = {
    "categorical": Series(["b", "a", "b", None] * 15),
    "categorical, of pandas": Series(["b", "a", "b"] * 20, dtype="category"),
    "categorical, in order and one unused": Series(
        pandas.Categorical(RNG.choice(["low", "mid", "high"], 60), ["low", "mid", "high", "never"], ordered=True)
    ),
    "categorical, of whole numbers": Series(pandas.Categorical(RNG.integers(0, 5, 60))),
    "categorical, intervals": Series(pandas.cut(NORMAL, 4)),
    "categorical, intervals as a type": Series(pandas.arrays.IntervalArray.from_breaks(np.linspace(0, 3, 61))),
    "categorical, empty text and gaps": Series(["", "a", None] * 20, dtype=object),
    "categorical, codes with zeros": Series(["01234", "00501"] * 30),
    "categorical, mixed": Series(["a", 1, 2.5, None, True] * 12, dtype=object),
    "categorical, lists": Series([[1, 2], ["a"], None] * 20),
    "categorical, uuids": Series([uuid.UUID(int=i % 3) for i in range(60)]),
    "categorical, wide whole numbers": Series(RNG.choice(RNG.integers(-(2**62), 2**62, 25), 60)),
    "categorical, nothing": Series([None] * 60, dtype=object),
    "boolean": Series([True, False, True] * 20),
    "boolean with gaps": Series([True, False, None] * 20, dtype="boolean"),
    "boolean, objects with gaps": Series([True, False, None] * 20, dtype=object),
    "integer": Series(RNG.integers(-500, 500, 60)),
    "integer, small type": Series(RNG.integers(0, 250, 60), dtype="uint8"),
    "integer with gaps": Series(RNG.integers(0, 500, 60)).where(RNG.random(60) < 0.8),
    "integer with gaps, of pandas": Series([*range(0, 500, 7), None], dtype="Int64"),
    "integer of few values": Series([3, 1, 3, 2] * 30),
    "integer, the extremes": Series(RNG.choice([2**63 - 1, 5, -(2**63)], 60)),
    "integer, beyond 2^63": Series(np.uint64(2**63) + RNG.integers(0, 10**6, 60).astype("uint64")),
    "integer, beyond 2^53": Series(10**18 + RNG.integers(0, 10**6, 60)),
    "integer, beyond 2^53, with gaps": Series([2**60 + i * 7 if i % 5 else None for i in range(60)], dtype="Int64"),
    "integer, of any length": Series([10**25 + i * i for i in range(60)], dtype=object),
    "integer, codes of text": Series(["1E5", "2E3"] * 30),
    "integer, text with marks": Series(["1,234", "20", "?", "45,678,901"] * 15),
    "continuous": Series(NORMAL),
    "continuous, small": Series(NORMAL * 1e-9),
    "continuous, small beside large": Series(np.where(NORMAL > 0, NORMAL * 1e-9, NORMAL * 1e9)),
    "continuous, the smallest": Series(NORMAL * 1e-300),
    "continuous, the largest": Series(NORMAL * 1e300),
    "continuous, single": Series(NORMAL, dtype="float32"),
    "continuous, half": Series(NORMAL, dtype="float16"),
    "continuous, of pandas": Series([1.5, 2.25, None] * 20, dtype="Float64"),
    "continuous, two decimals": Series(NORMAL).round(2),
    "continuous, twelve decimals": Series(NORMAL).round(12),
    "continuous, infinite": Series(np.where(NORMAL > 1, np.inf, np.where(NORMAL < -1, -np.inf, NORMAL))),
    "continuous, text with two marks": Series([["?", " "][i % 2] if i % 7 == 0 else f"{i / 4:g}" for i in range(60)]),
    "continuous, prices": Series([f"${abs(v) * 1000:,.2f}" for v in NORMAL]),
    "continuous, decimals": Series([decimal.Decimal(f"{v:.2f}") for v in NORMAL]),
    "continuous, sparse": Series(pandas.arrays.SparseArray(np.where(NORMAL > 1, NORMAL, 0.0))),
    "date": days(),
    "date with hours": days(freq="7h"),
    "date, microseconds": days("us", freq="17us"),
    "date, nanoseconds": days("ns", freq="17ns"),
    "date with a zone": Series(pandas.date_range("2020-02-28", periods=60, freq="7h", tz="Asia/Tokyo")),
    "date with a zone that shifts": Series(pandas.date_range("2020-03-28", periods=60, freq="h", tz="Europe/Berlin")),
    "date with gaps": Series([*pandas.date_range("2020-02-28", periods=30), None]),
    "date, far away": Series(np.array([f"{9000 + i}-01-01" for i in range(60)], "datetime64[s]")),
    "date, long ago": Series(np.array([f"{1000 + i}-01-01" for i in range(60)], "datetime64[s]")),
    "date, months": Series(pandas.period_range("2020-01", periods=60, freq="M")),
    "date, objects": Series([datetime.date(2020, 1, 1 + i % 28) for i in range(60)]),
    "date, times": Series([datetime.datetime(2020, 1, 1 + i % 28, i % 24, 3) for i in range(60)], dtype=object),
    "date as text": days().dt.strftime("%d.%m.%Y"),
    "date and time as text": days(freq="min").dt.strftime("%Y-%m-%d %H:%M:%S"),
    "date as whole number": days().dt.strftime("%Y%m%d").astype("int64"),
    "duration": Series(pandas.to_timedelta(RNG.integers(-(10**6), 10**6, 60), unit="s")),
    "duration as text": Series([f"{h}:{m:02d}" for h, m in RNG.integers(0, 60, (60, 2))]),
    "date, small letters": Series([f"{i % 12 + 1}:{i:02d} {'ap'[i % 2]}m" for i in range(60)]),
    "date, small months": Series([f"{i % 28 + 1:02d}-{['jan', 'may', 'oct'][i % 3]}-{2000 + i}" for i in range(60)]),
    "duration, laps": Series([f"{i // 7}:{i:02d}.{i * 13:03d}" for i in range(60)]),
    "duration, objects": Series(
        [datetime.timedelta(days=i % 3, seconds=i, microseconds=7) for i in range(60)], dtype=object
    ),
    "duration, times of day": Series([datetime.time(i % 24, i) for i in range(60)]),
}


def there_and_back(values, **how):
    """(the columns of a Series, the Series that comes back), through the file of a model."""
    table = as_table(values.rename("x").to_frame(), **how)
    form = type(table.spec).of_json(json.loads(json.dumps(table.spec.to_json())))
    assert form == table.spec
    return form.entries, form.frame(form.codes(values.rename("x").to_frame()))["x"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", COLUMNS)
def test_what_goes_in_comes_out(name):
    values = COLUMNS[name].rename("x")
    column, *more = infer(values)
    assert not more and column.kind == name.split(",")[0].split()[0] and not column.lost
    codes = encode(column, values)
    gap = values.astype("object").isin([column.gap]) if "mark" in name else values.isna()
    assert codes.dtype == np.float64 and np.array_equal(np.isnan(codes), gap)
    pandas.testing.assert_series_equal(decode(column, codes), values, check_names=False)
    assert Column.from_json(json.loads(json.dumps(column.to_json()))) == column
    pandas.testing.assert_series_equal(there_and_back(values)[1], values)


PARTS = {
    "a place": [f"{a:.4f},{b:.5f}" for a, b in RNG.normal(size=(60, 2)) * 50],
    "a place in brackets": [f"({a:.4f}, {b:.5f})" for a, b in RNG.normal(size=(60, 2)) * 50],
    "blood pressure": [f"{a}/{b}" for a, b in RNG.integers(60, 190, (60, 2))],
    "a box": [f"{a}x{b}x{c}" for a, b, c in RNG.integers(1, 90, (60, 3))],
    "offsets of summer and winter": [f"2023-{i % 12 + 1:02d}-03T10:{i:02d}:00+0{1 + (i % 2)}:00" for i in range(60)],
    "two units": [f"{i} {'kg' if i % 3 else 'lb'}" for i in range(60)],
    "a currency before": [f"{'$' if i % 3 else '€'}{i}.50" for i in range(60)],
}


@pytest.mark.parametrize("name", PARTS)
def test_cells_of_several_things_come_apart_and_together(name):
    values = Series(PARTS[name]).where(np.arange(60) % 7 > 0)
    columns, back = there_and_back(values)
    assert len(columns) > 1 and [c.part for c in columns] == list(range(1, len(columns) + 1))
    pandas.testing.assert_series_equal(back, values, check_names=False)
    assert as_table(values.rename("x").to_frame()).spec.cells() == [columns]
    with pytest.raises(UserError, match="not of the form of the others"):
        as_table(values.rename("x").to_frame()).spec.codes(pandas.DataFrame({"x": ["what?"]}))


def test_made_values_are_whole_have_their_digits_and_stay_in_range():
    (whole,), (money,) = infer(Series(range(100)) * 3), infer(Series(np.arange(100) / 4))
    assert decode(whole, np.array([1.4, -50.0, 1e9])).tolist() == [1, 0, 297]
    assert decode(money, np.array([3.14159, -1.0])).tolist() == [3.14, 0.0]
    (day,) = infer(Series(pandas.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")))
    assert decode(day, np.array([day.low + 86_400 * 1.4, np.nan])).tolist()[0] == "2024-01-02"
    (tiny,) = infer(Series([1.25e-8, 3.5e-7, 1.0]))
    assert decode(tiny, np.array([4.567e-8])).tolist() == [4.57e-8]


def test_spikes_are_values_far_commoner_than_others():
    gain = Series([0] * 900 + list(range(1, 101)) * 1).sample(frac=1, random_state=0)
    (column,) = infer(gain)
    assert column.levels == (0,) and column.shares == (0.9,) and not column.discrete
    assert infer(Series(RNG.integers(0, 60, 5000)))[0].levels == ()


def test_words_among_numbers_are_values_of_their_own():
    values = Series(["unknown" if i % 9 == 0 else f"{i * 37 % 1000}" for i in range(90)])
    (column,) = infer(values)
    assert column.kind == "integer" and column.words == ("unknown",) and column.levels == (column.word_code(0),)
    assert column.high < column.word_code(0) and "'unknown' 11.1%" in str(column).replace("spikes: ", "")
    assert decode(column, encode(column, values)).tolist() == values.tolist()


def test_names_of_rows_are_ids_and_numbered_anew():
    large = RNG.integers(2**62, size=50)
    for values, first in (  # numbers go on beyond the largest, so that none is somebody's
        (Series([f"{i:04x}-X" for i in range(50)]), 1),
        (Series(range(7, 57)), 57),
        (Series(large), int(large.max()) + 1),
    ):
        (column,) = infer(values)
        assert column.kind == "id" and encode(column, values).tolist() == [0.0] * 50
        assert [int(v) for v in decode(column, np.zeros(3))] == [first, first + 1, first + 2]


def test_new_names_of_rows_are_written_as_the_old_ones():
    for write in ("{:04d}-X", "INV-{:05d}", "{:09d}", "No. {}"):
        values = Series([write.format(i) for i in range(50)])
        column, made = there_and_back(values, types={"x": "id"})
        assert made.tolist()[:2] == [write.format(50), write.format(51)] and made.dtype == values.dtype


def test_what_a_column_is_can_be_overruled():
    codes = Series([10115, 20095, 10115, 80331] * 10, name="zip")
    assert infer(codes)[0].levels == (10115, 20095, 80331) and infer(codes, "categorical")[0].dtype == "int64"
    assert decode(infer(codes, "categorical")[0], np.array([0.0, 2.0])).tolist() == [10115, 80331]
    assert infer(codes, "continuous")[0].step == 1.0 and not infer(codes, "continuous")[0].discrete
    (zeros,) = infer(Series(["007", "012", "007"] * 20), "integer")
    assert decode(zeros, np.array([0.0])).tolist() == ["007"] and zeros.levels == (7, 12)
    (day,) = infer(Series([20230623, 20231231] * 3, name="day"), "date")
    assert day.kind == "date" and decode(day, np.array([0.0])).tolist() == [20230623]
    for kind, values, says in (
        ("colour", codes, "choose one of categorical"),
        ("integer", codes + 0.5, "not whole"),
        ("continuous", Series(["1", "x"], name="zip"), "'x' in row 2"),
        ("date", Series(["2020-01-01", "soon"], name="zip"), "'soon' in row 2"),
        ("date", Series([20231340, 20230623], name="zip"), "'20231340' in row 1"),
        ("date", Series(["2020-01-01", "1.2.2020"], name="zip"), "more than one form"),
        ("boolean", Series(["a", "b"], name="zip"), "'a' in row 1"),
        ("duration", codes, "no duration"),
        ("integer", Series([None, None], dtype=object), "holds no integer"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            infer(values, kind)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (Series(NORMAL + 1j), "complex numbers: give their parts"),
        (Series([np.zeros(2)] * 60), "holds a ndarray in row 1"),
        (Series([object()] * 60), "of the type object, which cannot be written down"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(values, says):
    with pytest.raises(UserError, match=says) as caught:
        infer(values)
    assert "\n" not in str(caught.value)


def test_what_does_not_come_back_as_it_was_is_said():
    (column,) = infer(Series([f"{i / 10:.{1 + i % 2}f}" for i in range(60)]))
    assert column.lost == "30 of 60 spellings, such as '0.10' as '0.1'"
    (column,) = infer(Series(pandas.to_datetime(RNG.integers(0, 10**18, 60))))
    assert "values, such as" in column.lost
    assert as_table(pandas.DataFrame({"a": ["0.10", "0.2"] * 5, "b": 1})).spec.kept_otherwise() == [
        "not kept as it was: a: 1 of 2 spellings, such as '0.10' as '0.1'"
    ]


def test_a_value_that_no_row_had_is_refused_or_a_level_of_its_own():
    (column,) = infer(COLUMNS["categorical"].rename("kind"))
    with pytest.raises(UserError, match="'kind' holds 'z', which no row of the table had: b, a"):
        encode(column, Series(["a", "z"]))
    assert encode(column, Series(["a", "z"]), strict=False).tolist() == [1.0, 2.0]


def test_rows_of_somebody_else_are_read_as_the_column_is():
    (price,) = infer(Series(["$1,200.50", "$12.00", "$3.25", "$9.75"] * 5))
    assert encode(price, Series(["$1,200.50", "12", 3.25])).tolist() == [1200.5, 12.0, 3.25]
    assert encode(price, Series([1200.5, 12])).tolist() == [1200.5, 12.0]
    (day,) = infer(days())
    wanted = encode(day, days().iloc[3:5])
    assert encode(day, Series(["2020-03-02", "2020-03-03"])).tolist() == wanted.tolist()
    assert encode(day, Series(["02.03.2020", "03.03.2020"])).tolist() == wanted.tolist()


def test_columns_of_version_0_1_are_decoded_as_they_were():
    about = {"name": "since", "kind": "date", "dtype": "str", "format": "%d.%m.%Y", "step": 86400.0, "modes": []}
    about |= {"low": 0.0, "high": 1e9, "levels": [], "shares": []}
    column = Column.from_json(about)
    assert decode(column, np.array([86400.0 * 365, np.nan])).tolist()[0] == "01.01.1971"
    assert encode(column, Series(["01.01.1971"])).tolist() == [86400.0 * 365]
    column = Column.from_json(about | {"dtype": "datetime64[ns]", "format": "", "step": 0.001})
    made = decode(column, np.array([1.5, np.nan]))
    assert str(made.dtype) == "datetime64[ns]" and made[0] == pandas.Timestamp("1970-01-01 00:00:01.5")


@pytest.mark.parametrize("cell", ["1e400", "-1e999", "9" * 5000])
def test_what_is_beyond_all_numbers_is_text(cell):
    assert table_text.find([cell], coded=False) is None


def test_a_few_cells_that_are_no_dates_or_numbers_are_words_among_the_others():
    days = [f"{1 + i % 28:02d}.{1 + i % 12:02d}.20{10 + i % 9}" for i in range(100)]
    days[7], days[30], days[31] = "31.02.2020", "00.00.0000", "00.00.0000"
    numbers = [f"{i * 7 % 90}.{i % 10}" for i in range(100)]
    numbers[3], numbers[50] = "#DIV/0!", "12a"
    frame = pandas.DataFrame({"day": days, "number": numbers})
    data = as_table(frame)
    assert [c.kind for c in data.spec.entries] == ["date", "continuous"]
    assert data.raw(np.arange(100)).equals(frame)
    short = pandas.DataFrame(
        {"day": [f"{20 + i % 3}{1 + i % 12:02d}{1 + i % 28:02d}" for i in range(100)], "k": numbers}
    )
    assert as_table(short, types="day=date").spec.entries[0].kind == "date"


@pytest.mark.parametrize(
    "cells", [["2023-02-30", "0000-00-00"], ["12.5", str(10**400), "0.25"], ["1", "-1" + "0" * 310]]
)
def test_cells_that_are_all_odd_and_integers_beyond_a_float_come_back(cells):
    """Found by tests/fuzz."""
    values = Series(cells * 3, name="x")
    pandas.testing.assert_series_equal(there_and_back(values)[1], values)
