"""Runs: two halves make a whole, whatever ends the first; bad options never begin one."""

import json
import signal

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.gans import GAMES
from gansmith.testing import assert_same, played_on, same_items

SMALL = {name: {"width": 4} for name in GAMES} | {
    "gan": {"width": 16},
    "wgan-gp": {"width": 4, "discriminator_steps": 2},
    "wgan": {"width": 4, "discriminator_steps": 2, "discriminator_steps_far": 3},
    "f-anogan": {"width": 4, "discriminator_steps": 2},
    "sngan": {"width": 4, "discriminator_steps": 2},
    "neural-crypto": {"bits": 4},
    "hifi-gan": {"width": 16, "discriminator_width": 4, "segment": 4},
    "gan-int-cls": {"width": 4, "reading": 0.4},
    "srgan": {"width": 4, "blocks": 1, "pretrain": 0.6},
    "seqgan": {"width": 4, "rollouts": 2, "maps": 4},
    "fbgan": {"width": 4, "depth": 1, "candidates": 64},
}
# Each for something of its own: state of a loss, pools, stages, gates, labels, rows, series, sequences, no data. The
# others are played by `make test-slow`; that a state is whole, the contract asks of every game.
ALWAYS = (
    *("gan", "r3gan", "stylegan2", "wgan", "began", "acgan", "cyclegan", "srgan", "gan-int-cls", "improved-gan"),
    *("neural-crypto", "tabular", "seriesgan", "midinet", "fbgan", "seqgan", "3d-gan"),
)
HOW = {"steps": 10, "batch_size": 16, "precision": "fp32", "seed": 3}


@pytest.fixture(autouse=True)
def a_program_that_handles_sigterm():
    """What `fit` hands on, once all is saved, is no end of the tests."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def stopping_at(step):
    def watch(state, row):
        if row["step"] == step:
            signal.raise_signal(signal.SIGTERM)

    return watch


def checkpoint(folder):
    return torch.load(folder / "checkpoint", weights_only=True)


def log(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow) for name in GAMES]
)
def test_five_and_resume_are_ten_bit_for_bit(name, tmp_path, monkeypatch):
    # how often a run is looked at follows from its time, so that the first of two alike might be and the second not
    monkeypatch.setattr("gansmith.runs.train.look_interval", lambda *plan: 4)
    whole, halves, data = tmp_path / "whole", tmp_path / "halves", played_on(GAMES[name], **SMALL[name])
    GAMES[name](**SMALL[name]).fit(data, out=whole, **HOW)
    first = GAMES[name](**SMALL[name]).fit(data, out=halves, watch=stopping_at(5), **HOW)
    assert not first.trained["finished"] and first.trained["rounds"] == 5
    torch.manual_seed(12345)  # what happened between must not matter
    second = gs.resume(halves, data=data)
    assert second.trained["finished"] and second.trained["rounds"] == 10
    assert_same(checkpoint(whole), checkpoint(halves), f"{name}: five and five are not ten")
    assert log(whole) == log(halves)
    one, two = gs.load(whole), gs.load(halves)
    given = {field: data.raw(np.arange(8), field) for field in one.inputs}
    assert same_items(one.sample(8, seed=0, **given), two.sample(8, seed=0, **given))


@pytest.mark.parametrize("remedy", [{"instance_noise": 0.3}, {"augment": "ada"}, {"stepping": "lookahead"}], ids=str)
def test_remedies_go_on_where_they_stood(remedy, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    gs.DCGAN(width=4, **remedy).fit("digits", out=whole, **HOW)
    gs.DCGAN(width=4, **remedy).fit("digits", out=halves, watch=stopping_at(5), **HOW)
    gs.resume(halves)
    assert_same(checkpoint(whole), checkpoint(halves), f"{remedy}: five and five are not ten")
    assert log(whole) == log(halves)


def test_a_kill_between_checkpoint_and_log_loses_only_what_came_after(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    gs.DCGAN(width=4).fit("digits", out=whole, **HOW)
    gs.DCGAN(width=4).fit("digits", out=killed, watch=stopping_at(5), **HOW)
    with open(killed / "log.jsonl", "a") as file:  # as if it had played on for two rounds and died in mid-line
        file.write(json.dumps({"step": 6, "seconds": 9.0, "samples": 96, "x": 1.0}) + "\n" + '{"step": 7, "disc')
    gs.resume(killed)
    assert log(whole) == log(killed)
    assert_same(checkpoint(whole), checkpoint(killed), "resuming after a kill is not exact")


def test_a_disk_that_fills_up_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    gs.DCGAN(width=4).fit("digits", out=folder, watch=stopping_at(5), **HOW)
    good = (folder / "checkpoint").read_bytes()
    real_save = torch.save

    def full(state, file, *args):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(gs.UserError, match="Free some space, then: gansmith resume"):
        gs.resume(folder)
    assert (folder / "checkpoint").read_bytes() == good
    assert not list(folder.glob(".*part"))
    monkeypatch.setattr(torch, "save", real_save)
    assert gs.resume(folder).trained["rounds"] == 10


def test_a_run_can_be_taken_further_than_it_was_planned(tmp_path):
    gs.DCGAN(width=4).fit("digits", out=tmp_path / "run", **HOW)
    assert gs.resume(tmp_path / "run", steps=12).trained["rounds"] == 12


def test_a_cut_checkpoint_is_refused(tmp_path):
    gs.DCGAN(width=4).fit("digits", out=tmp_path / "run", **HOW)
    path = tmp_path / "run" / "checkpoint"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(gs.UserError, match="cannot be resumed from"):
        gs.resume(tmp_path / "run")


def test_data_in_memory_is_asked_for_again_and_other_data_refused(tmp_path):
    data = np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8)
    gs.DCGAN(width=4).fit(data, out=tmp_path / "run", watch=stopping_at(5), **HOW)
    with pytest.raises(gs.UserError, match="data="):
        gs.resume(tmp_path / "run")
    with pytest.raises(gs.UserError, match="not as it was|not the data"):
        gs.resume(tmp_path / "run", data=255 - data)
    assert gs.resume(tmp_path / "run", data=data).trained["rounds"] == 10


def test_held_out_items_are_never_drawn(monkeypatch):
    drawn = []
    real_batch = gs.data.dataset.Dataset.batch

    def watch(self, index, device="cpu"):
        drawn.append(self.rows[index] if self.rows is not None else index)
        return real_batch(self, index, device)

    monkeypatch.setattr(gs.data.dataset.Dataset, "batch", watch)
    data = gs.read("digits")
    gs.DCGAN(width=4).fit(data, steps=40, batch_size=64, val=0.2)
    _, held = data.split(0.2, 0)
    seen = set(torch.cat(drawn).tolist())
    assert len(held) == round(0.2 * len(data)) and not seen & set(held.rows.tolist())
    assert seen == set(data.split(0.2, 0)[0].rows.tolist())


def test_fit_twice_restarts_and_leaves_the_global_chance_alone():
    data, gan = gs.read("digits"), gs.DCGAN(width=4)
    before = torch.get_rng_state()
    one = gan.fit(data, steps=3).sample(4, seed=0)
    two = gan.fit(data, steps=3).sample(4, seed=0)
    assert np.array_equal(one, two) and torch.equal(before, torch.get_rng_state())


def test_minutes_are_a_budget_that_schedules_fit(tmp_path):
    seen = []

    class Watched(gs.R3GAN):
        def schedule(self, player, optimizer):
            super().schedule(player, optimizer)
            seen.append((self.progress, optimizer.param_groups[0]["lr"]))

    gan = Watched(width=4).fit("digits", minutes=0.02, batch_size=16)
    assert gan.trained["finished"] and gan.trained["seconds"] >= 1.2
    assert seen[0][0] < 0.01 and 0.9 < seen[-1][0] <= 1 and seen[-1][1] < 0.1 * seen[0][1]


BAD = [
    ({"steps": 0}, "steps=0"),
    ({"steps": 5, "minutes": 1}, "not both"),
    ({"minutes": -1}, "minutes=-1"),
    ({"batch_size": 5000}, "batch_size=5000"),
    ({"batch_size": 0}, "batch_size=0"),
    ({"val": 1.5}, "val=1.5"),
    ({"device": "gpu"}, "device 'gpu'"),
    ({"precision": "fp8"}, "precision 'fp8'"),
    ({"micro_batches": 0}, "micro_batches=0"),
]


@pytest.mark.parametrize("options, says", BAD)
def test_bad_options_are_one_line_and_leave_nothing(options, says, tmp_path):
    with pytest.raises(gs.UserError, match=says) as refusal:
        gs.DCGAN(width=4).fit("digits", out=tmp_path / "a" / "run", **options)
    assert "\n" not in str(refusal.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"witdh": 3}, "Did you mean width"),
        ({"width": -1}, "at least 1"),
        ({"loss": "hinge"}, "choose one of"),
        ({"latent": "many"}, "expected int"),
        ({"beta1": 2.0}, "between 0.0 and 1.0"),
        ({"conditional": 1}, "expected bool"),
    ],
)
def test_impossible_settings_cannot_be_built(settings, says):
    with pytest.raises(gs.UserError, match=says):
        gs.GAN(**settings)


def test_a_conditional_game_needs_labels_and_pictures_need_a_game_for_them():
    plain = np.zeros((20, 8, 8), np.uint8)
    with pytest.raises(gs.UserError, match="needs labels"):
        gs.DCGAN(conditional=True).fit(plain, steps=1)
    with pytest.raises(gs.UserError, match="DCGAN makes .*the data is vectors"):
        gs.DCGAN().fit("ring8", steps=1)


def test_conditional_samples_take_classes_by_number_and_name():
    gan = gs.DCGAN(width=4, conditional=True).fit("digits", steps=2)
    assert gan.sample(3, label=7, seed=0).shape == gan.sample(3, label=["7", "0", "1"], seed=0).shape == (3, 1, 8, 8)
    for label, says in ((12, "no class 12"), ("seven", "no class 'seven'"), ([1, 2], "2 labels for 3")):
        with pytest.raises(gs.UserError, match=says):
            gan.sample(3, label=label)
    with pytest.raises(gs.UserError, match="without labels|is unconditional"):
        gs.DCGAN(width=4).fit("digits", steps=1).sample(2, label=1)


def test_another_run_in_the_folder_is_kept_unless_told_otherwise(tmp_path):
    folder = tmp_path / "run"
    gan = gs.DCGAN(width=4)
    gan.fit("digits", out=folder, **HOW)
    with pytest.raises(gs.UserError, match="holds a run already"):
        gan.fit("digits", out=folder, **HOW)
    gan.fit("digits", out=folder, overwrite=True, **HOW)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(gs.UserError, match="not a run"):
        gan.fit("digits", out=tmp_path / "mine", overwrite=True, **HOW)
    assert (tmp_path / "mine" / "thesis.txt").exists()
