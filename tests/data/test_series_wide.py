"""Wide tables of series: read by rows or by columns, and written as they came."""

import json

import numpy as np
import pandas
import pytest

import gansmith as gs
from gansmith.data.kinds.series.wide import Wide, counting
from gansmith.data.spec import Kind
from gansmith.errors import DataError


def rows(n: int = 40) -> pandas.DataFrame:
    x = np.random.default_rng(0).normal(size=(n, 12)).cumsum(1).round(2)
    frame = pandas.DataFrame(x, columns=[f"t{k}" for k in range(12)])
    frame.insert(0, "area", np.where(np.arange(n) % 2, "home", "work"))
    return frame


def columns(n: int = 30) -> pandas.DataFrame:
    x = np.random.default_rng(0).normal(size=(12, n)).cumsum(0).round(2)
    frame = pandas.DataFrame(x, columns=[f"cell {k}" for k in range(n)])
    frame.insert(0, "hour", np.arange(12) / 2)
    return frame


def test_each_row_is_a_series_and_comes_back_as_a_row(tmp_path):
    rows().to_csv(tmp_path / "x.csv", index=False, sep=";")
    data = gs.data.read(tmp_path / "x.csv", wide="rows")
    form = data.spec
    assert len(data) == 40 and form.values == 1 and form.shape[1] == 12 and len(form.members) == 40
    assert [form.table.entries[i].name for i in form.told] == ["area"]  # the number of a row is told to nobody
    form.write(data.raw(np.arange(40)), tmp_path / "made.csv")
    made = pandas.read_csv(tmp_path / "made.csv", sep=";")
    pandas.testing.assert_frame_equal(made, rows())
    assert form.read_options() == {"wide": "rows"}
    assert Kind.from_json(json.loads(json.dumps(form.to_json()))) == form


def test_each_column_is_a_series_and_comes_back_as_a_column(tmp_path):
    columns().to_csv(tmp_path / "x.csv", index=False)
    data = gs.data.read(tmp_path / "x.csv", wide="columns")
    assert len(data) == 30
    data.spec.write(data.raw(np.arange(30)), tmp_path / "made.csv")
    made = pandas.read_csv(tmp_path / "made.csv")
    assert made.columns[0] == "hour" and made.hour.tolist() == columns().hour.tolist()
    np.testing.assert_allclose(made.to_numpy(), columns().to_numpy())


def test_steps_are_counted_on():
    assert Wide("rows", ("t0", "t1", "t2")).names(5) == ["t0", "t1", "t2", "t3", "t4"]
    assert Wide("columns", ("0.0", "0.5")).names(3) == ["0.0", "0.5", "1.0"]
    assert Wide("rows", ("Mon", "Tue")).names(3) == ["Mon", "Tue", "step 3"]


def test_columns_that_count_on_are_steps():
    assert counting(["age", "t0", "t1", "t2", "t3"]) == ["t0", "t1", "t2", "t3"]
    assert counting(["t0", "t1", "t7", "t9"]) == [] and counting(["a", "b"]) == []


@pytest.mark.parametrize(
    "frame, wide, said",
    [
        (rows(), "both", "type rows"),
        (rows(), "columns", "area holds no numbers"),
        (rows()[["area", "t1", "t2"]], "rows", "2 steps"),
    ],
)
def test_what_is_no_wide_table(frame, wide, said):
    with pytest.raises(DataError, match=said):
        gs.data.read(frame, wide=wide)
