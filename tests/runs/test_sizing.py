"""The size of pictures and the width of networks follow from the minutes: by what a step takes at the smallest size."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data import read
from gansmith.data.kinds.images import COVERED
from gansmith.distributed.ranks import Ranks
from gansmith.runs import train
from gansmith.runs.sizing import fitting, read_to_fit, stand_in, try_step, widths_of
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
    size, width, reasons = fitting(photos(256, 256), minutes, 16, lambda data, width: seen.append(data) or step)
    assert (
        width is None and size == chosen and [data.spec.shape for data in seen] == [(3, 32, 32)] and len(seen[0]) == 16
    )
    assert chosen is None or f"size {size[0]}x{size[0]}" in reasons[0]


def test_the_plan_says_what_a_larger_size_takes_and_how_to_have_it():
    _, _, (reason,) = fitting(photos(256, 256), 4, 16, lambda data, width: 0.2)
    assert "what 4 minutes allow" in reason and "64x64 takes about 53 min here" in reason
    assert "--minutes 54" in reason and "--size 64" in reason
    _, _, (reason,) = fitting(photos(256, 256), 1, 16, lambda data, width: 0.2)
    assert "the smallest, and it takes about 3 min" in reason


def test_shapes_are_kept_and_small_pictures_and_other_data_are_as_they_are():
    assert photos(192, 256).spec.coarser() == ((96, 128), (48, 64), (24, 32))
    for data in (photos(28, 28), read(np.zeros((30, 4), np.float32) + np.arange(30)[:, None])):
        assert fitting(data, 1, 16, None) == (None, None, [])


def test_clips_keep_their_frames():
    clips = read(np.zeros((20, 6, 64, 64, 3), np.uint8), form="video")
    seen = []
    size, _, _ = fitting(clips, 4, 8, lambda data, width: seen.append(data.spec.shape) or 100.0)
    assert seen == [(3, 6, 16, 16)] and size == (16, 16)
    trial = partial(try_step, partial(train.make_state, ranks=Ranks(torch.device("cpu"))), gs.VGAN(width=2, latent=2))
    assert trial("fp32", torch.device("cpu"), stand_in(clips, size, 8)) > 0


STEPS = {64: 3.0, 32: 1.0, 16: 0.4}  # seconds at the smallest size, where 1,000 steps are needed


@pytest.mark.parametrize(
    "minutes, chosen",
    [
        (51, ((32, 32), None)),
        (17, ((32, 32), 32)),
        (7, ((32, 32), 16)),
        (1, ((32, 32), 16)),  # the least of both
        (107, ((64, 64), 16)),  # a larger size comes before a larger width
        (801, ((64, 64), None)),
    ],
)
def test_the_widest_networks_that_train_in_time_are_taken(minutes, chosen):
    size, width, reasons = fitting(photos(256, 256), minutes, 16, lambda data, width: STEPS[width], widths=tuple(STEPS))
    assert (size, width) == chosen
    assert any(f"width {width}" in reason for reason in reasons) == (width is not None)


def test_the_width_is_chosen_at_a_size_that_is_given_and_said_with_what_the_usual_one_takes():
    found = fitting(photos(28, 28), 6, 16, lambda data, width: STEPS[width], widths=tuple(STEPS))
    assert found[:2] == (None, 16)
    found = fitting(photos(256, 256), 6, 16, lambda data, width: STEPS[width], widths=tuple(STEPS), sized=True)
    assert found[:2] == (None, 16)
    assert "width 16: the narrowest, and it takes about 5.6 h" in found[2][0] and "--width 32" in found[2][0]


def test_a_width_that_a_game_cannot_have_is_passed_over_and_one_that_it_must_have_is_said():
    def step(data, width):
        if width == 16:
            raise gs.UserError("no")
        return STEPS[width]

    found = fitting(photos(28, 28), 1, 16, step, widths=tuple(STEPS))
    assert found[:2] == (None, 32) and "--width 64" in found[2][0]
    with pytest.raises(gs.UserError, match="no"):
        fitting(photos(28, 28), 1, 16, step, widths=(16, 8))


@pytest.mark.parametrize(
    "device, minutes, chosen",
    [
        ("cuda", 60, ("residual", 128)),
        ("cuda", 20, ("residual", 64)),
        ("cuda", 4, (None, None)),
        ("cpu", 60, (None, None)),
    ],
)
def test_a_card_that_is_quick_enough_gets_the_papers_networks(device, minutes, chosen):
    """20,000 steps at 64 pixels; a step of the trial, at 32, is a quarter of one there."""

    def step(data, width=None, body="plain"):
        assert data.spec.shape == (3, 32, 32) or body == "plain"
        return {128: 0.04, 64: 0.01}[width] if body == "residual" else 0.0001

    def sized(game):
        ranks = Ranks(torch.device(device))
        return read_to_fit(game, photos(64, 64), photos(64, 64), minutes, 16, step, ranks, {})

    game = gs.R3GAN()
    _, size, reasons = sized(game)
    assert (game.body, game.width) == chosen and size is None
    assert not reasons if chosen == (None, None) else "the 20,000 steps that make samples good" in reasons[0]
    for given in (gs.R3GAN(width=32), gs.R3GAN(body="plain"), gs.DCGAN()):
        before = given.width
        sized(given)
        assert given.width == before


def test_widths_are_tried_where_they_are_open_and_of_pictures():
    assert widths_of(gs.SNGAN(), photos(28, 28)) == (128, 64, 32, 16) and widths_of(gs.R3GAN(), photos(32, 32)) == (
        32,
        16,
    )
    assert widths_of(gs.GAN(), photos(28, 28)) == (1200, 600, 300, 150)
    assert widths_of(gs.GAN(width=64), photos(28, 28)) == () == widths_of(gs.Pix2Pix(), photos(28, 28))
    assert widths_of(gs.GAN(), read(np.arange(60.0).reshape(30, 2))) == ()


def test_a_run_is_trained_and_planned_with_the_width_that_its_minutes_allow(tmp_path, monkeypatch):
    wide = []

    def slow(state, precision):
        wide.append(state.game.width)
        return 1.0

    monkeypatch.setattr("gansmith.runs.sizing.step_seconds", slow)
    said = []
    gan = gs.WGANGP().fit(photos(16, 16).raw(np.arange(20)), minutes=0.01, out=tmp_path / "run", say=said.append,
                          evaluate=False)  # fmt: skip
    about = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert wide == [64, 32, 16] and gan.width == 16 and about["settings"]["width"] == 16
    assert "width" not in about["asked"] and any("width 16: the narrowest" in line for line in said)
    count = sum(x.numel() for x in gan.generator.parameters())
    assert any(f"generator {count:,}" in line for line in said)  # the plan is of this width
    gan.fit(photos(16, 16).raw(np.arange(20)), steps=1)
    assert gan.width == 64


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
    line = next(line for line in plan.lines() if line.startswith("expect"))
    assert "resemble the data" in line and "after about 5,000 (42 min here)" in line
    plan.rounds = 5000
    assert "expect       samples that are good, as they usually are after about 5,000 steps" in plan.lines()
    assert not any(line.startswith("expect") for line in Plan({"generator": 1}, 0.5, 100, 64, 1, 1).lines())


@pytest.mark.parametrize(
    "rounds, batch, said",
    [
        (30, 64, "0 % had a sample like them after as many steps, 10 % after twice as many"),
        (1000, 64, "50 % had a sample like them after as many steps, 70 % after twice as many"),
        (2000, 32, "50 % had a sample like them after as many steps, 70 % after twice as many"),
        (9000, 64, "80 % had a sample like them after as many steps; more than 2,471 were not measured"),
    ],
)
def test_the_plan_says_what_was_reached_on_other_pictures(rounds, batch, said):
    plan = Plan({}, 0.1, rounds, batch, 1, 1)
    plan.expect(gs.R3GAN, photos(32, 32, n=700))
    assert any(said in line for line in plan.lines()), plan.lines()
    for game, data in ((gs.DCGAN, photos(32, 32)), (gs.R3GAN, photos(64, 64))):
        plan.expect(game, data)
        assert not any("had a sample" in line for line in plan.lines())


def test_what_was_reached_is_what_was_recorded():
    """The table in `images.py` beside the record of proofs/defaults.py."""
    record = json.loads((Path(__file__).parents[2] / "proofs" / "results.json").read_text())["defaults"]["found"]
    for name, arms in record.items():
        if "64-" in name:  # the table is of pictures of 24 to 40 pixels, and of portraits too few were kept
            continue
        table = COVERED[1_000 if "1000" in name else 60_000]
        for arm in ("default", "control: 5 seconds"):
            share = np.mean([arms[arm][space]["coverage"] for space in ("random", "pixels")])
            assert table[arms[arm]["rounds"]] == pytest.approx(share, abs=0.01)


def test_a_dataset_in_memory_stays_at_its_size_even_where_it_was_read_from_a_path(tmp_path, monkeypatch):
    """Somebody may have changed it since: taken a part, added mirror images."""
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 255, (30, 64, 64, 3), dtype=np.uint8))
    monkeypatch.setattr("gansmith.runs.sizing.step_seconds", lambda state, precision: 1.0)
    data, rest = read(tmp_path / "x.npy").split(0.5)
    for chosen, side in ((), 64), (("why",), 32):
        gan = gs.GAN(width=4, latent=2).fit(data, minutes=0.001, val=0, evaluate=False, reasons=chosen)
        assert gan.spec.shape == (3, side, side)
