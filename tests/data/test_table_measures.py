"""What made rows are worth: closed forms, and shuffled columns, which must be seen."""

import numpy as np
import pandas
import pytest

from gansmith.data.kinds.table_measures import dependence, dependence_gap, detection, shapes, shuffled, utility
from gansmith.errors import UserError


def rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    label = np.where(x + 0.3 * rng.normal(size=n) > 0, "yes", "no")
    kind = pandas.Series(label).where(rng.random(n) < 0.9)
    return pandas.DataFrame({"x": x, "label": label, "kind": kind, "noise": rng.normal(size=n)})


def test_shapes_are_one_minus_the_distance_of_the_distributions():
    real = pandas.DataFrame({"x": [0.0, 1, 2, 3], "c": ["a", "a", "b", None]})
    fake = pandas.DataFrame({"x": [2.0, 3, 4, 5], "c": ["a", "b", "b", "d"]})
    assert shapes(real, real) == {"x": 1.0, "c": 1.0}
    assert shapes(real, fake) == {"x": 0.5, "c": 0.5}


def test_dependence_is_one_where_one_column_says_the_other_and_none_with_noise():
    real = rows()
    real["again"] = real["label"]
    found = dependence(real)
    assert found[1, 4] == pytest.approx(1.0) and found[1, 3] < 0.15 and np.array_equal(found, found.T)
    assert np.diag(found).tolist() == [0.0] * 5


def test_shuffled_columns_are_alike_and_know_nothing_of_each_other():
    real, other = rows(), rows(seed=1)
    control = shuffled(real)
    assert min(shapes(real, control).values()) == 1.0
    assert dependence_gap(real, other) < 0.05 < 0.2 < dependence_gap(real, control)
    assert detection(real, other) < 0.55 < 0.8 < detection(real, control)
    assert utility(real, other, "label") > 0.95 and abs(utility(control, other, "label") - 0.5) < 0.15


def test_what_cannot_be_measured_is_refused_in_one_line():
    real = rows(100)
    with pytest.raises(UserError, match="lack the columns noise"):
        shapes(real, real.drop(columns="noise"))
    with pytest.raises(UserError, match="column of two values"):
        utility(real, real, "noise")
    assert utility(real.assign(label="yes"), real, "label") == 0.5
