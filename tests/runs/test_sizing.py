"""The size of pictures follows from the minutes: by what a step takes at the smallest size."""

import json
from functools import partial

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data import read
from gansmith.distributed.ranks import Ranks
from gansmith.runs import train
from gansmith.runs.sizing import fitting, stand_in, try_step
from gansmith.training.plan import Plan


def photos(height, width, n=70):
    return read(np.random.default_rng(0).integers(0, 256, (n, height, width, 3), np.uint8))


@pytest.mark.parametrize(
    "step, minutes, chosen",
    [
        (0.2, 4, (32, 32)),  # 1,000 steps take 3.3 minutes, the 4,000 of 64 pixels 53
        (0.2, 60, (64, 64)),
        (0.002, 60, (128, 128)),  # a card
        (0.0002, 600, None),
        (3.0, 4, (32, 32)),  # the smallest there is
    ],
)
def test_the_largest_size_that_the_minutes_allow_is_taken(step, minutes, chosen):
    seen = []
    size, reasons = fitting(photos(256, 256), minutes, 16, lambda data: seen.append(data) or step)
    assert size == chosen and [data.spec.shape for data in seen] == [(3, 32, 32)] and len(seen[0]) == 16
    assert chosen is None or f"size {size[0]}x{size[0]}" in reasons[0]


def test_the_plan_says_what_a_larger_size_takes_and_how_to_have_it():
    _, (reason,) = fitting(photos(256, 256), 4, 16, lambda data: 0.2)
    assert "what 4 minutes allow" in reason and "64x64 takes about 53 min here" in reason
    assert "--minutes 54" in reason and "--size 64" in reason
    _, (reason,) = fitting(photos(256, 256), 1, 16, lambda data: 0.2)
    assert "the smallest, and it takes about 3 min" in reason


def test_shapes_are_kept_and_small_pictures_and_other_data_are_as_they_are():
    assert photos(192, 256).spec.coarser() == ((96, 128), (48, 64), (24, 32))
    for data in (photos(28, 28), read(np.zeros((30, 4), np.float32) + np.arange(30)[:, None])):
        assert fitting(data, 1, 16, None) == (None, [])


def test_clips_keep_their_frames():
    clips = read(np.zeros((20, 6, 64, 64, 3), np.uint8), form="video")
    seen = []
    size, _ = fitting(clips, 4, 8, lambda data: seen.append(data.spec.shape) or 100.0)
    assert seen == [(3, 6, 16, 16)] and size == (16, 16)
    trial = partial(try_step, partial(train.make_state, ranks=Ranks(torch.device("cpu"))), gs.VGAN(width=2, latent=2))
    assert trial("fp32", torch.device("cpu"), stand_in(clips, size, 8)) > 0


@pytest.mark.parametrize("how, shape", [({"minutes": 0.01}, [3, 32, 32]), ({"minutes": 0.01, "size": 48}, [3, 48, 48]),
                                        ({"steps": 1}, [3, 64, 64])])  # fmt: skip
def test_a_run_is_trained_at_the_size_that_its_minutes_allow_unless_it_is_given(how, shape, tmp_path, monkeypatch):
    monkeypatch.setattr("gansmith.runs.sizing.step_seconds", lambda state, precision: 1.0)
    said = []
    game = gs.GAN(width=4, latent=2)
    game.fit(photos(64, 64).raw(np.arange(20)), out=tmp_path / "run", evaluate=False, say=said.append, **how)
    about = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert about["spec"]["shape"] == shape
    assert about["options"]["size"] == ([32, 32] if shape == [3, 32, 32] else how.get("size"))
    assert any("size 32x32: the smallest" in line for line in said) == (shape == [3, 32, 32])


def test_a_trial_step_is_timed_and_leaves_the_game_as_it_was():
    game, place = gs.GAN(width=4, latent=2), torch.device("cpu")
    make = partial(train.make_state, ranks=train.Ranks(place))
    assert 0 < try_step(make, game, "fp32", place, photos(8, 8)) < 60 and game.spec is None


def test_a_short_run_is_told_what_to_expect():
    plan = Plan({"generator": 1}, 0.5, 100, 64, 1, 1, needed=(1000, 5000))
    line = next(line for line in plan.lines() if line.startswith("expect"))
    assert "about 1,000 steps (8 min here)" in line and "this run has 100" in line
    plan.rounds = 1000
    assert not any(line.startswith("expect") for line in plan.lines())
