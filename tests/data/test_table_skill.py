"""What rows are good for: columns are foretold on kept rows by what was learned from made ones."""

import numpy as np
import pandas as pd
import pytest

import gansmith as gs
from gansmith.data.kinds.table.measures import shuffled


def rows(n: int, seed: int) -> pd.DataFrame:
    """y is a + b, z is |a| (nothing linear), word follows a, alone follows nothing."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n))
    word = np.where(a > 0.5, "high", np.where(a < -0.5, "low", "mid"))
    return pd.DataFrame({"a": a, "b": b, "y": a + b, "z": np.abs(a), "word": word, "alone": rng.standard_normal(n)})


@pytest.fixture(scope="module")
def data():
    return gs.read(rows(2000, 0), form="table")


@pytest.fixture(scope="module")
def useful(data):
    return data.spec.usefulness(rows(1000, 1), rows(800, 2))


def test_only_columns_that_others_tell_of_count(useful):
    names = [useful.form.entries[i].name for i in useful.columns]
    assert names == ["a", "b", "y", "z", "word"]


def test_real_rows_teach_much_and_shuffled_ones_nothing(useful):
    each = dict(zip(["a", "b", "y", "z", "word"], useful.of_columns(rows(1000, 3))))
    assert each["y"] > 0.99 and each["z"] > 0.8 and each["word"] > 0.6
    assert useful(rows(1000, 3)) > 0.85
    assert useful(shuffled(rows(1000, 3))) < 0.1
    half = rows(1000, 3)
    half["y"] += 2 * np.random.default_rng(0).standard_normal(1000)
    assert 0.3 < useful(half) < useful(rows(1000, 3)) - 0.1


def test_gaps_constants_and_rows_of_one_value_are_no_errors(data, useful):
    poor = rows(1000, 3)
    poor["y"], poor["word"] = 1.0, "mid"
    poor.loc[::2, "a"] = np.nan
    assert -1 <= useful(poor) < 0.6


def test_where_nothing_is_to_be_learned_there_is_no_such_number(data):
    alone = pd.DataFrame(np.random.default_rng(0).standard_normal((500, 3)), columns=list("abc"))
    form = gs.read(alone, form="table").spec
    assert form.usefulness(alone[:200], alone[200:]) is None
    assert data.spec.usefulness(rows(1000, 1), rows(20, 2)) is None  # kept rows are too few
    assert gs.read(np.random.default_rng(0).standard_normal((50, 2))).spec.usefulness(None, None) is None
