"""Columns: what they are taken for, and that what goes in comes out."""

import json
from dataclasses import asdict

import numpy as np
import pandas
import pytest

from gansmith.data.kinds.table_columns import Column, decode, encode, infer
from gansmith.errors import UserError

CHANCE = np.random.default_rng(0)
COLUMNS = {
    "categorical": pandas.Series(["b", "a", "b", None] * 10),
    "category": pandas.Series(["b", "a", "b"] * 10, dtype="category"),
    "boolean": pandas.Series([True, False, True] * 10),
    "boolean with gaps": pandas.Series([True, False, None] * 10, dtype="boolean"),
    "integer": pandas.Series(CHANCE.integers(-500, 500, 60)),
    "integer, small type": pandas.Series(CHANCE.integers(0, 250, 60), dtype="uint8"),
    "integer with gaps": pandas.Series(CHANCE.integers(0, 500, 60)).where(CHANCE.random(60) < 0.8),
    "integer with gaps, of pandas": pandas.Series([*range(0, 500, 7), None], dtype="Int64"),
    "integer of few values": pandas.Series([3, 1, 3, 2] * 30),
    "continuous": pandas.Series(CHANCE.normal(size=60)),
    "continuous, single": pandas.Series(CHANCE.normal(size=60), dtype="float32"),
    "continuous, two decimals": pandas.Series(CHANCE.normal(size=60)).round(2),
    "date": pandas.Series(pandas.date_range("2020-02-28", periods=60)),
    "date with hours": pandas.Series(pandas.date_range("2020-02-28", periods=60, freq="7h")),
    "date with a zone": pandas.Series(pandas.date_range("2020-02-28", periods=60, freq="7h", tz="Asia/Tokyo")),
    "date with gaps": pandas.Series([*pandas.date_range("2020-02-28", periods=30), None]),
    "date as text": pandas.Series(pandas.date_range("2020-02-20", periods=60)).dt.strftime("%d.%m.%Y"),
    "date and time as text": pandas.Series(pandas.date_range("2020-02-28", periods=60, freq="min")).dt.strftime(
        "%Y-%m-%d %H:%M:%S"
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_what_goes_in_comes_out(name):
    values = COLUMNS[name].rename("x")
    column = infer(values)
    assert column.kind == name.split(",")[0].split()[0].replace("category", "categorical")
    codes = encode(column, values)
    assert codes.dtype == np.float64 and np.array_equal(np.isnan(codes), values.isna())
    pandas.testing.assert_series_equal(decode(column, codes), values, check_names=False, check_categorical=False)
    assert Column.from_json(json.loads(json.dumps(asdict(column)))) == column


def test_made_values_are_whole_have_their_digits_and_stay_in_range():
    whole, money = infer(pandas.Series(range(100)) * 3), infer(pandas.Series(np.arange(100) / 4))
    assert decode(whole, np.array([1.4, -50.0, 1e9])).tolist() == [1, 0, 297]
    assert decode(money, np.array([3.14159, -1.0])).tolist() == [3.14, 0.0]
    day = infer(pandas.Series(pandas.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")))
    assert decode(day, np.array([day.low + 86_400 * 1.4, np.nan])).tolist()[0] == "2024-01-02"


def test_spikes_are_values_far_commoner_than_others():
    gain = pandas.Series([0] * 900 + list(range(1, 101)) * 1).sample(frac=1, random_state=0)
    column = infer(gain)
    assert column.levels == (0,) and column.shares == (0.9,) and not column.discrete
    assert infer(pandas.Series(CHANCE.integers(0, 60, 5000))).levels == ()


def test_numbers_kept_as_text_with_marks_of_gaps_are_numbers():
    column = infer(pandas.Series(["1.5", " ", "2.25", "?", "7"] * 5))
    assert column.kind == "continuous" and column.missing == 0.4 and column.dtype == "float64"


def test_names_of_rows_are_ids_and_numbered_anew():
    for values in (pandas.Series([f"{i:04d}-X" for i in range(50)]), pandas.Series(range(7, 57))):
        column = infer(values)
        assert column.kind == "id" and encode(column, values).tolist() == [0.0] * 50
        assert [int(v) for v in decode(column, np.zeros(3))] == [1, 2, 3]


def test_what_a_column_is_can_be_overruled():
    codes = pandas.Series([10115, 20095, 10115, 80331] * 10, name="zip")
    assert infer(codes).levels == (10115, 20095, 80331) and infer(codes, "categorical").dtype == "int64"
    assert decode(infer(codes, "categorical"), np.array([0.0, 2.0])).tolist() == [10115, 80331]
    assert infer(codes, "continuous").step == 1.0 and not infer(codes, "continuous").discrete
    for kind, values, says in (
        ("colour", codes, "choose one of categorical"),
        ("integer", codes + 0.5, "not whole"),
        ("continuous", pandas.Series(["1", "x"], name="zip"), "'x' in row 2"),
        ("date", pandas.Series(["2020-01-01", "soon"], name="zip"), "'soon' in row 2"),
        (None, pandas.Series([1.0, np.inf], name="zip"), "finite"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            infer(values, kind)
        assert "\n" not in str(caught.value)


def test_a_value_that_no_row_had_is_refused():
    column = infer(COLUMNS["categorical"].rename("kind"))
    with pytest.raises(UserError, match="'kind' holds 'z', which no row of the table had: b, a"):
        encode(column, pandas.Series(["a", "z"]))
