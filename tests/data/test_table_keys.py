"""What tells the rows of a table apart is said, and what names a row is not learned as a number."""

import numpy as np
import pandas
import pytest

import gansmith as gs
from gansmith.data.kinds.table import as_table
from gansmith.data.kinds.table.keys import advice, differ, together


def weather() -> pandas.DataFrame:
    days = pandas.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    rng = np.random.default_rng(0)
    made = [pandas.DataFrame({"city": city, "date": days, "rain": rng.integers(0, 3, 60)}) for city in "ABC"]
    return pandas.concat(made, ignore_index=True).sample(frac=1, random_state=0)


def test_two_columns_that_never_come_twice_together_are_named_with_the_rule_to_type():
    table = as_table(weather())
    entries, codes = table.spec.entries, table.fields["real"]
    assert together(entries, codes) == [(0, 1)]
    assert advice(entries, codes)[0].endswith('made rows keep to it with --keep "unique city date"')
    assert any("--keep" in note for note in gs.check(table).notes)
    assert any("--keep" in note for note in gs.TabularGAN().read(table).notes)
    assert not any("never twice" in note for note in gs.TabularGAN(keep="unique city date").read(table).notes)
    codes[0, :2] = codes[1, :2]  # one pair comes twice
    assert not together(entries, codes)


def test_few_rows_and_pairs_that_differ_by_chance_are_no_news():
    rng = np.random.default_rng(0)
    table = as_table(pandas.DataFrame({"a": rng.permutation(40) // 2, "b": rng.permutation(40) // 2}))
    assert not together(table.spec.entries, table.fields["real"])
    assert not together(table.spec.entries, table.fields["real"][:10])


@pytest.mark.parametrize("name, kind", [("parcel", "id"), ("account", "id"), ("area", "integer")])
def test_numbers_that_all_differ_are_names_of_rows_or_said_to_be_perhaps(name, kind):
    values = np.random.default_rng(0).permutation(10**6)[:200] + 10**8
    table = as_table(pandas.DataFrame({name: values, "x": np.arange(200) % 7}))
    assert table.spec.entries[0].kind == kind
    assert differ(table.spec.entries, table.fields["real"]) == ([0] if kind == "integer" else [])
    said = [line for line in gs.check(table).problems if "NAME=id" in line and name in line]
    assert bool(said) == (kind == "integer")
