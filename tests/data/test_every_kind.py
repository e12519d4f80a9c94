"""Every kind keeps the contract of data: there and back, looked at, shown, written, measured, and played."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds import KINDS
from gansmith.data.preflight import look_over
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.evaluate.features import extract, space
from gansmith.gans import GAMES
from gansmith.gans.recommend import choose

EXAMPLES = [(name, i) for name, kind in KINDS.items() for i in range(len(kind.example()))]


@pytest.fixture(params=EXAMPLES, ids=lambda one: f"{one[0]} {one[1]}", scope="module")
def data(request):
    name, place = request.param
    found = KINDS[name].example()[place]
    assert isinstance(found.spec, KINDS[name])
    return found


@pytest.fixture
def items(data):
    return data.raw(np.arange(min(12, len(data))))


def test_the_form_is_written_down_and_read_again(data):
    again = Kind.from_json(json.loads(json.dumps(data.spec.to_json())))
    assert type(again) is type(data.spec) and again == data.spec
    assert data.spec.noun and data.spec.takes and data.spec.describe(len(data))


def test_items_are_finite_in_the_networks_and_come_back_alike(data, items):
    form, index = data.spec, torch.arange(len(items))
    units = getattr(data.batch(index), data.main)
    assert units.dtype in (torch.float32, torch.int64) and len(units) == len(items)
    assert torch.isfinite(units).all() or not form.continuous  # tables have gaps
    assert not form.bounded or units.abs().max() <= 1.001
    back = form.to_data(units)
    assert np.shape(back) == np.shape(items)
    if isinstance(back, np.ndarray) and back.dtype != object:  # rows of tables: tests/data/test_tables_kept.py
        again = form.to_network(torch.from_numpy(back))
        assert (again.double() - units.double()).abs().nanmedian() < 0.02


def test_it_is_looked_at_shown_and_written_in_every_form(data, items, tmp_path):
    assert str(look_over(data))
    picture = data.spec.preview(items)
    assert picture.dtype == np.uint8 and picture.ndim in (2, 3) and min(picture.shape[:2]) > 4 and picture.std() > 0
    places = [f"x{ending}" for ending in data.spec.endings] + (["each/"] if data.spec.folder_of else [])
    for place in places:
        write_samples(items, str(tmp_path / place), data.spec)
        assert any((tmp_path / place).iterdir()) if place.endswith("/") else (tmp_path / place).stat().st_size


def test_it_is_measured_and_destroyed(data):
    form, half = data.spec, np.arange(len(data))
    real, other = (data.raw(half[i::2][:20]) for i in (0, 1))
    seen = form.numbers(real)
    for where in form.features():
        values = extract(space(where, seen), seen)
        assert len(values) == len(real) and np.isfinite(values).all()
    destroyed = form.shuffled(other, np.random.default_rng(0))
    assert np.shape(destroyed) == np.shape(other)
    one, two = (np.nan_to_num(np.asarray(form.numbers(x), np.float64)) for x in (destroyed, other))
    assert not np.array_equal(one, two)
    found = form.measures(real, other)
    assert all(np.isfinite(value) for value in found.values())
    names = [  # tables have a row for each; a name may say how many there were
        [re.sub(r"\d[\d,]*", "#", name) for name in form.measures(real, x)]
        for x in (other, destroyed, other[: len(other) // 2])
    ]
    assert names[0] == names[1] == names[2]


def test_its_feature_spaces_stand_in_the_docs(data):
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    names = [space if isinstance(space, str) else space.name for space in data.spec.features()]
    assert all(f"`{name}`" in page or f'`"{name}"`' in page for name in names), names


def test_its_default_game_is_there_and_plays(data):
    game = GAMES[choose(data)[0]]()
    game.fit(data, steps=1, batch_size=4, val=0, diagnose=False, evaluate=False)
    given = {name: data.raw(np.arange(3), name) for name in game.inputs}
    assert len(game.sample(3, seed=0, **given)) == 3 and isinstance(game, gs.game.Game)
