"""Series: what the networks are told of what a series is, and series that are asked for by it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.series.write import Made, members_where, rows
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import UserError
from gansmith.gans.doppelganger import DoppelGANger, sizes_of
from gansmith.testing import begin


def shops(count=40, steps=96, **columns):
    """`count` shops, each with more sales and more people about than the last."""
    times = pd.date_range("2025-01-01", periods=steps, freq="h").astype(str)
    rng = np.random.default_rng(0)
    each = [
        {"shop": f"s{k:02}", "people": 1000.5 * 1.3**k, "time": times, "sales": rng.poisson(5 + 5 * k, steps)}
        for k in range(count)
    ]
    return pd.concat([pd.DataFrame(one | columns) for one in each], ignore_index=True)


def told(form):
    return [str(form.table.entries[i].name) for i in form.told]


def test_many_names_are_told_by_codes_and_amounts_as_one_number():
    form = gs.read(shops()).spec
    assert told(form) == ["shop", "people"] and [form.table.entries[i].name for i in form.coded] == ["shop"]
    codes = np.array([m.codes for m in form.members])
    made = form.attributes(codes)
    assert made.shape == (40, len(sizes_of(form))) and len(np.unique(made[:, :-1].round(6), axis=0)) == 40
    assert np.allclose(made[:, -1], np.linspace(-1, 1, 40))  # by rank, however far apart
    assert not form.attributes(codes * np.nan).any()
    assert form.columns[-1] == "people" and Kind.from_json(json.loads(json.dumps(form.to_json()))) == form


def test_numbers_that_tell_series_apart_are_names():
    frame = shops().drop(columns="people").assign(shop=lambda f: f["shop"].str[1:].astype(int) + 100)
    form = gs.read(frame, form="series", group="shop").spec
    assert form.told == form.coded and told(form) == ["shop"]


def test_names_of_short_series_are_not_told():
    """Whoever is told which series it is knows it by heart."""
    form = gs.read(shops(steps=30).drop(columns="people"), form="series", group="shop", window=30).spec
    assert form.told == () and gs.read(shops(), form="series", window=24).spec.told


def test_names_that_are_told_come_back(tmp_path):
    found = gs.read(shops())
    write_samples(found.raw(np.array([0, len(found) // 2])), str(tmp_path / "made.csv"), found.spec)
    made = pd.read_csv(tmp_path / "made.csv")
    assert set(made["shop"]) == {"s00", "s20"} and made["people"].nunique() == 2


def test_names_that_are_not_told_come_back_where_real_series_go_on_and_are_numbered_elsewhere():
    found = gs.read(shops(steps=30).drop(columns="people"), form="series", group="shop", window=30)
    form, items = found.spec, found.raw(np.array([0, 5]))
    known = np.array([form.members[k].codes for k in (0, 5)]), np.array([form.members[k].start for k in (0, 5)])
    for going_on, names in ((True, ["s00", "s05"]), (False, [1, 2])):
        spec, codes = rows(form, Made.of(items, *known, going_on=going_on))
        assert spec.frame(codes)["shop"].unique().tolist() == names


@pytest.mark.parametrize(
    "where, count",
    [
        ({"shop": "s07"}, 1),
        ({"people": 1000.5}, 1),
        ({"people": "> 20000"}, 28),
        ({"people": ["> 20000", "< 40000"]}, 3),
        ({"size": "> 1"}, 20),
        ({"size": "2", "shop": "s03"}, 1),
        ({"land": "Peru"}, 40),
    ],
)
def test_series_are_asked_for_by_names_amounts_and_ranges(where, count):
    frame = shops(land="Peru").assign(size=lambda f: f["shop"].str[1:].astype(int) % 2 + 1)
    assert len(members_where(gs.read(frame).spec, where)) == count


@pytest.mark.parametrize(
    "where, words",
    [
        ({"shop": ["s01", "s02"]}, "no value is s01 and s02"),
        ({"shop": "nowhere"}, "no row has that value"),
        ({"people": 7}, "people: no series has that: there are 1000.5"),
        ({"people": "> 20000", "shop": "s01"}, "at once"),
        ({"sales": 3}, "changes from step to step; series can be asked for shop, people"),
        ({"town": "Lima"}, "no such column"),
    ],
)
def test_what_no_series_has_is_said(where, words):
    with pytest.raises(UserError, match=words):
        members_where(gs.read(shops()).spec, where)


def test_series_are_not_asked_for_by_what_the_networks_are_not_told():
    form = gs.read(shops(steps=30).drop(columns="people"), form="series", group="shop", window=30).spec
    with pytest.raises(UserError, match="shop: the networks are not told it; series can be asked for no column"):
        members_where(form, {"shop": "s07"})


def test_a_shop_is_made_at_its_own_level():
    frame = shops(steps=120).drop(columns="people")
    game = gs.SeriesGAN(width=16).fit(
        gs.read(frame, form="series", window=24), steps=2, batch_size=64, diagnose=False, evaluate=False
    )
    names = [f"s{k:02}" for k in (1, 10, 20, 30, 38)]
    made = [np.nanmean(game.sample(100, seed=0, where={"shop": name})[:, 0]) for name in names]
    real = [frame[frame["shop"] == name]["sales"].mean() for name in names]
    assert np.corrcoef(made, real)[0, 1] > 0.8


def test_doppelganger_makes_amounts_among_attributes():
    made = begin(DoppelGANger, gs.read(shops(8), window=12), {"width": 12}, 0).game
    assert sizes_of(made.spec) == [8, 1]
    one = torch.from_numpy(made.sample(20, seed=0))[:, made.generator.columns :, 0]
    assert one[:, :8].sum(1).eq(1).all() and one[:, 8].abs().max() <= 1 and one[:, 8].std() > 0
    made.generator.train()
    steps = made.generator.make(made.latents(8))[2].sum()
    own = list(made.generator.attributes.parameters())
    assert all(g is None for g in torch.autograd.grad(steps, own, allow_unused=True))
