"""Groups of rows: what is of the group and what of the row, what a row is told, new names, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.groups import Grouped, Groups, told
from gansmith.data.kinds.groups.measures import ALIKE, LENGTHS, NEXT, PARENT, TOLD, alike, follows
from gansmith.data.kinds.groups.read import LONGEST, Names, names_of
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.infer import infer
from gansmith.errors import DataError


def orders() -> pandas.DataFrame:
    """Three customers, whose orders lie about."""
    return pandas.DataFrame(
        {
            "order": ["a7", "b1", "c2", "d9", "e3", "f4"],
            "customer": ["C2", "C1", "C2", "C3", "C1", "C2"],
            "city": ["Lima", "Oslo", "Lima", "Lima", "Oslo", "Lima"],
            "paid": ["$5.00", "$2.50", "$7.00", None, "$2.50", "$6.00"],
            "day": ["2024-01-09", "2024-01-02", "2024-01-05", "2024-01-04", "2024-01-01", "2024-01-12"],
            "sent": ["2024-01-10", "2024-01-02", "2024-01-05", "2024-01-07", "2024-01-03", "2024-01-13"],
        }
    )


def many(n: int = 300, seed: int = 0) -> Grouped:
    return Groups.example(seed, n)[0]


def test_what_holds_for_a_group_is_told_from_what_differs_in_it():
    data = gs.data.read(orders(), group="customer", form="groups")
    form, names = data.spec, [c.name for c in data.spec.table.entries]
    assert len(data) == 3 and form.shape == (3, 6)
    assert [names[i] for i in form.plan.attributes] == ["city"]
    assert [names[i] for i in form.plan.children] == ["order", "paid", "sent"] and names[form.plan.order] == "day"
    frame = form.frame(data.raw([0, 1]))
    assert frame["day"].tolist() == ["2024-01-05", "2024-01-09", "2024-01-12", "2024-01-01", "2024-01-02"]
    assert frame["paid"].tolist() == ["$7.00", "$5.00", "$6.00", "$2.50", "$2.50"]
    assert frame["customer"].tolist() == ["C4"] * 3 + ["C5"] * 2  # nobody's


def test_what_a_row_is_told():
    data = gs.data.read(orders().drop(columns="order"), group="customer", form="groups", types={"city": "categorical"})
    flat = data.spec.flat_of(data.raw([0]))
    column = {c.name: x.tolist() for c, x in zip(data.spec.flat.entries, flat.T)}
    gaps = lambda values: [None if v != v else v for v in values]  # noqa: E731
    assert column["rows"] == [3, 3, 3] and column["row"] == [1, 2, 3] and column["first"] == [1, 0, 0]
    assert gaps(column["day: steps since the last row"]) == [None, 4, 3]
    assert gaps(column["last day: steps since the last row"]) == [None, None, 4]
    assert column["paid"] == [7, 5, 6] and gaps(column["last paid"]) == [None, 7, 5]
    assert gaps(column["usual paid"]) == [None, 7, 6]
    assert column["sent: steps since day"] == [0, 1, 1]


def test_the_commonest_value_so_far_and_the_mean_of_what_is_there():
    words = told.Habit(Column("x", "categorical", "str", True, ("a", "b")))
    seen = words.over(np.array([1.0, 1, 0, 0, np.nan, 0]), np.array([0, 5]), np.array([5, 1]))
    np.testing.assert_array_equal(seen, [np.nan, 1, 1, 1, 0, np.nan])
    numbers = told.Habit(Column("x", "continuous", "float64", high=9.0))
    seen = numbers.over(np.array([2.0, np.nan, 4, 10]), np.array([0]), np.array([4]))  # 10 is a word
    np.testing.assert_array_equal(seen, [np.nan, 2, 2, 3])


@pytest.mark.parametrize("place", [0, 1])
def test_the_flat_table_and_back(place):
    data = Groups.example()[place]
    form, rows = data.spec, data.fields["real"]
    flat = told.flat_codes(form.plan, form.flat.entries, form.table.entries, rows, data.starts)
    back = told.table_codes(form.plan, form.table.entries, flat, data.starts)
    np.testing.assert_array_equal(back, rows)
    again, starts = form.rows_of(data.raw(np.arange(len(data))))
    np.testing.assert_array_equal(again, rows)
    np.testing.assert_array_equal(starts, data.starts)


@pytest.mark.parametrize(
    "values, names, made",
    [
        (["C007", "C012"], Names("C", 3, 12), ["C013", "C014"]),
        (["c-7", "c-12"], Names("c-", 0, 12), ["c-13", "c-14"]),
        ([40, 7, 40], Names(taken=40), [41, 42]),
        (["Ann", "Bo"], Names("who "), ["who 1", "who 2"]),
    ],
)
def test_new_names_are_like_the_old_ones_and_nobodys(values, names, made):
    column = infer(pandas.Series(values, name="who"), "categorical")[0]
    codes = np.arange(len(column.levels), dtype=float)
    assert names_of(column, codes) == names
    assert names.of(column, 2).tolist() == made


def test_whole_groups_are_held_out():
    train, held = many(40).split(0.2)
    assert len(held) == 8 and not set(train.rows.tolist()) & set(held.rows.tolist())
    assert held.raw(np.arange(8)).shape == (8, *held.spec.shape)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda f: f.assign(customer=range(6)), "one row|differs in every row"),
        (lambda f: f.assign(customer="C1"), "1 groups"),
        (lambda f: f.rename(columns={"customer": "who"}), "no such column"),
        (lambda f: f[["customer", "city"]], "are alike"),
    ],
)
def test_what_are_no_groups(change, said):
    with pytest.raises(DataError, match=said):
        gs.data.read(change(orders()), group="customer", form="groups")


def test_a_column_to_go_by_and_one_to_tell_apart_are_asked_for():
    with pytest.raises(DataError, match="--group COLUMN"):
        gs.data.read(orders(), form="groups")
    with pytest.raises(DataError, match="date=paid: the column holds no dates"):
        gs.data.read(orders(), form="groups", group="customer", date="paid")


def test_rows_without_a_group_and_very_long_groups_are_said():
    frame = orders()
    frame.loc[3, "customer"] = None
    notes = "\n".join(gs.data.read(frame, form="groups", group="customer").notes)
    assert "1 rows without customer are left out, the first row 4" in notes
    long = pandas.DataFrame({"who": [0] * (LONGEST + 5) + [1, 2, 2], "x": np.arange(LONGEST + 8) % 7})
    data = gs.data.read(long, form="groups", group="who")
    assert data.spec.shape[0] == LONGEST and any("the first 500 are taken" in note for note in data.notes)


def test_group_alone_finds_series_where_dates_go_on_regularly_and_groups_elsewhere():
    days = pandas.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    demand = pandas.concat([pandas.DataFrame({"day": days, "shop": s, "sold": np.arange(60) % 7}) for s in "AB"])
    assert gs.data.read(demand.reset_index(drop=True), group="shop").spec.kind == "series"
    assert gs.data.read(orders(), group="customer").spec.kind == "groups"


def test_how_alike_the_rows_of_a_group_are_and_what_follows_what():
    owner = np.repeat(np.arange(200), 4)
    same, rng = np.repeat(np.arange(200) % 2, 4), np.random.default_rng(0)
    x = np.stack([same, rng.integers(0, 2, 800), np.arange(800) % 2], 1)
    assert np.allclose(alike(x, owner)[:2], [1, 0], atol=0.1)
    assert np.allclose(np.diag(follows(x, owner)), [1, 0, 1], atol=0.1)  # the last one always changes


def test_dealt_rows_are_told_by_every_measure_and_real_groups_by_none():
    data = many()
    form, items = data.spec, data.raw(np.arange(len(data)))
    real, other = items[::2], items[1::2]
    control = form.shuffled(other, np.random.default_rng(0))
    assert len(control) == len(other)
    assert (~np.isnan(control[:, :, form.key])).sum() == (~np.isnan(other[:, :, form.key])).sum()
    floor, dealt = form.measures(real, other), form.measures(real, control)
    for name in (ALIKE, NEXT, PARENT, LENGTHS):
        assert floor[name] < dealt[name], name
    assert abs(floor[TOLD] - 0.5) < 0.2 and dealt[TOLD] > 0.8
    assert "as in the data" in form.says(floor, floor, dealt) and "not learned" in form.says(dealt, floor, dealt)


def test_made_rows_of_a_file_are_read_as_groups_of_the_form(tmp_path):
    data = many(30)
    data.spec.write(data.raw(np.arange(20)), tmp_path / "made.csv")
    found = gs.data.read(tmp_path / "made.csv", form="items", **data.spec.read_options())
    mine = data.spec.like(found)
    assert len(mine) == 20 and mine.raw([0]).shape[2] == data.spec.shape[1]
    assert mine.spec.numbers(mine.raw([0, 1])).shape == data.spec.numbers(data.raw([0, 1])).shape
    with pytest.raises(DataError, match="--group"):
        data.spec.like(gs.data.read(orders(), form="table"))


def test_check_says_what_is_what():
    text = str(gs.check(many(), form="groups"))
    assert "300 groups by customer" in text and "(parent): country" in text and "(child): item, pieces, price" in text


def test_the_form_does_not_hold_the_names_of_groups():
    assert "C017" not in str(many(40).spec.to_json())


def test_a_damaged_form_is_refused():
    form = many(20).spec
    broken = replace(form, plan=replace(form.plan, attributes=(99,))).to_json()
    with pytest.raises(DataError, match="damaged"):
        gs.data.spec.Kind.from_json(broken)


def test_a_batch_is_groups_in_network_units():
    data = many(20)
    batch = data.batch(torch.tensor([3, 1]))
    assert batch.real.shape == (2, *data.spec.shape)
