"""GroupGAN: groups in order, under new names, as asked; likelihoods and draws of some columns alone."""

import numpy as np
import pandas
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.groups import Groups
from gansmith.errors import UserError
from gansmith.networks.columns import draw


@pytest.fixture(scope="module")
def gan():
    data = Groups.example(0, 300)[0]
    return gs.GroupGAN(width=32, game_share=0.1).fit(data, steps=80, batch_size=64, val=0, threads=1)


def test_groups_are_in_order_and_nobodys(gan):
    made = gan.frame(50, seed=1)
    assert list(made.columns) == ["customer", "country", "ordered", "item", "pieces", "price"]
    assert made.customer.nunique() == 50 and set(made.customer) <= {f"C{i}" for i in range(300, 350)}
    assert made.groupby("customer", sort=False).country.nunique().max() == 1
    assert made.groupby("customer").size().min() >= 2 and made.groupby("customer").size().max() <= 5
    days = pandas.to_datetime(made.ordered)
    assert days.notna().all() and (days.groupby(made.customer).diff().dropna().dt.days > 0).all()
    assert set(made.item) <= {"tea", "coffee", "cake"} and made.pieces.isna().any()


def test_a_seed_says_which_and_none_asked_for_are_as_many_as_in_the_data(gan):
    pandas.testing.assert_frame_equal(gan.frame(5, seed=3), gan.frame(5, seed=3))
    assert len(gan.sample(seed=0)) == 300 and len(gan.sample(0)) == 0


def test_groups_are_as_asked(gan):
    made = gan.frame(30, seed=0, where={"country": "PE", "rows": [">= 3", "<= 4"]})
    assert set(made.country) == {"PE"} and set(made.groupby("customer").size()) <= {3, 4}
    with pytest.raises(UserError, match="hold for all rows"):
        gan.sample(3, where={"item": "tea"})
    with pytest.raises(UserError, match="fills no cells"):
        gan.impute(made)


def test_what_holds_for_a_group_is_distributed_as_in_groups_not_as_in_rows():
    """Groups of one row are nine in ten, and one row in two."""
    lengths = np.repeat([1, 9], [180, 20])
    rows = pandas.DataFrame({"who": np.repeat(np.arange(200), lengths), "big": np.repeat(lengths > 1, lengths)})
    rows["x"] = np.random.default_rng(0).integers(0, 3, len(rows))
    gan = gs.GroupGAN(width=16, game_share=0.0).fit(
        gs.data.read(rows, form="groups", group="who"), steps=40, batch_size=64, val=0
    )
    made = gan.frame(400, seed=0).groupby("who").big.first()
    assert 0.04 < made.mean() < 0.17


def test_scores_are_one_a_group(gan):
    items = gan.sample(7, seed=0)
    scores = gan.score_samples(items)
    assert scores.shape == (7,) and np.isfinite(scores).all()
    assert scores[3] == pytest.approx(gan.score_samples(items[3:4])[0], abs=1e-5)


def test_the_likelihood_of_some_columns_and_of_the_others_is_that_of_all(gan):
    data = gan.read(Groups.example(0, 20)[0])
    parts, places = gan.layout.place(data.batch(torch.arange(20)).real)
    count = parts.shape[1]
    with torch.no_grad():
        whole = gan.generator.likelihood(parts, places)
        some = [gan.generator.likelihood(parts, places, range(*r)) for r in ((0, 3), (3, 9), (9, count))]
    torch.testing.assert_close(sum(some), whole, rtol=1e-4, atol=1e-4)


def test_columns_that_are_given_stay_and_are_known(gan):
    data = gan.read(Groups.example(0, 20)[0])
    rows = gan.layout.place(data.batch(torch.arange(20)).real)
    rng = torch.Generator().manual_seed(0)
    parts, places, alive = draw(gan.generator, 20, rng, given=rows, columns=range(5, 9))
    assert torch.equal(parts[:, :5], rows[0][:, :5]) and alive.all() and (parts[:, 9:] == 0).all()


def test_of_watched_groups_no_row_is_learned_from():
    gan, data = gs.GroupGAN(width=8), Groups.example(0, 60)[0]
    data = gan.read(data)
    gan.build(data.spec)
    batch = data.batch(torch.arange(60))
    owner = gan.owners(batch)
    parts, _ = gan.learned_from(batch)
    assert len(parts) == int((owner % 10 != 0).sum()) and int(gan.watched.count) == int((owner % 10 == 0).sum())
    first = batch.real[::2, gan.plan.first]
    assert (first == 1).all()  # half of a batch are first rows


def test_tables_are_refused_in_one_line():
    with pytest.raises(UserError, match="group"):
        gs.GroupGAN().fit(pandas.DataFrame({"a": [1, 2, 3] * 5, "b": list("xyz") * 5}), steps=1)


def cars(n: int = 80) -> pandas.DataFrame:
    """Trips of cars: the odometer never falls, what is paid is at most the price, the price at most the car's limit."""
    rng, rows = np.random.default_rng(0), []
    for car in range(n):
        limit, odometer = round(float(rng.uniform(50, 200)), 2), int(rng.integers(1000, 9000))
        for _ in range(1 + int(rng.integers(1, 5))):
            price = round(limit * float(rng.uniform(0.2, 1)), 2)
            odometer += int(rng.integers(0, 900))
            rows.append((f"car {car}", limit, odometer, price, round(price * float(rng.uniform(0.5, 1)), 2)))
    return pandas.DataFrame(rows, columns=["car", "limit", "odometer", "price", "paid"])


def test_rules_hold_in_rows_between_rows_and_with_the_group():
    kept = "paid <= price, price <= limit, odometer >= last odometer"
    data = gs.read(cars(), form="groups", group="car")
    how = {"steps": 10, "batch_size": 32, "val": 0, "evaluate": False, "diagnose": False}
    made = gs.GroupGAN(width=16, game_share=0.0, keep=kept).fit(data, **how).frame(60, seed=0)
    assert (made.paid <= made.price).all() and (made.price <= made.limit).all()
    assert (made.groupby("car").odometer.diff().dropna() >= 0).all() and len(made) > 100
    free = gs.GroupGAN(width=16, game_share=0.0).fit(data, **how).frame(60, seed=0)  # the control
    assert not (free.paid <= free.price).all() and (free.groupby("car").odometer.diff() < 0).any()


@pytest.mark.parametrize(
    "keep, why",
    [
        ("paid >= price", "does not hold in .* rows of the data, first in row 1 of group 1 of the table"),
        ("unique odometer", "only rules within a row"),
        ("last price <= limit", "name a column of the row"),
        ("paid <= cost", "no column 'cost'"),
    ],
)
def test_rules_that_are_none_of_groups_are_one_line(keep, why):
    with pytest.raises(UserError, match=why):
        gs.GroupGAN(keep=keep).fit(gs.read(cars(8), form="groups", group="car"), steps=1, val=0)
