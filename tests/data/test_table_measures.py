"""What made rows are worth: closed forms, and shuffled columns, which must be seen."""

import numpy as np
import pandas
import pytest

from gansmith.data.kinds.table.measures import dependence, dependence_gap, detection, shapes, shuffled, utility
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


def test_what_the_dependence_of_columns_means_is_said_in_words():
    from gansmith.data.kinds.table.measures import in_words

    kept = in_words(0.02, 0.018, 0.2, 0.95, 0.97)
    assert "kept as well as in other real rows" in kept and "as in real rows" not in kept.split(";")[0]
    assert "61 % of it is missing" in in_words(0.13, 0.02, 0.2, 0.9, 0.97)
    assert "nearly independent columns: train longer, or with smaller batches" in in_words(0.19, 0.02, 0.2, 0.5, 0.97)
    assert "differ by 0.50" in in_words(0.19, 0.02, 0.2, 0.5, 0.97)
    assert "hardly depend on each other" in in_words(0.02, 0.02, 0.03, 0.97, 0.97)


def test_evaluate_of_tables_prints_sentence_floor_control_and_columns(tmp_path):
    from gansmith.runs.evaluate import evaluate

    rng = np.random.default_rng(0)
    x = rng.normal(size=900)
    frame = pandas.DataFrame({"x": x, "y": x + 0.3 * rng.normal(size=900), "kind": np.where(x > 0, "up", "down")})
    frame[:600].to_csv(tmp_path / "data.csv", index=False)
    frame[600:].apply(rng.permutation).to_csv(tmp_path / "shuffled.csv", index=False)
    frame[600:].assign(y=lambda f: f.y + 9).to_csv(tmp_path / "far.csv", index=False)
    said = evaluate([str(tmp_path / "shuffled.csv"), str(tmp_path / "data.csv")], n=200, seconds=60)
    assert "nearly independent columns" in said and "shuffled (control)" in said and "gap of the dependence" in said
    taught = next(line for line in said.splitlines() if line.startswith("R² on real rows")).split()[-3:]
    assert float(taught[0]) < 0.1 and float(taught[2]) < 0.1 and float(taught[1]) > 0.6
    said = evaluate([str(tmp_path / "far.csv"), str(tmp_path / "data.csv")], n=200)
    assert "columns that differ most: y 1.00" in said
