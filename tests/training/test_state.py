"""A checkpoint that is not as it was written is refused in one line, whatever happened to it."""

import shutil

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.runs.train import fit, resume


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("state") / "run"
    game = gs.GAN(width=8, latent=2)
    fit(game, "ring8", out=out, steps=3, batch_size=8, device="cpu", precision="fp32", evaluate=False)
    return out


@pytest.fixture
def copied(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


def refused(run, match="checkpoint cannot be resumed from"):
    with pytest.raises(gs.UserError, match=match) as refusal:
        resume(run, steps=5)
    assert "\n" not in str(refusal.value)


def test_any_flipped_bit_is_found_or_harmless(copied):
    whole = (copied / "checkpoint").read_bytes()
    weights = torch.load(copied / "checkpoint", weights_only=True)["game"]["generator.layers.0.weight"].numpy()
    place = whole.find(weights.tobytes())
    rng = np.random.default_rng(0)
    places = [place, place + 3, *rng.integers(0, len(whole), 40)]
    sound = resume(shutil.copytree(copied, copied.with_name("sound")), steps=5).sample(8, seed=1)
    for number, at in enumerate(places):
        changed = bytearray(whole)
        changed[at] ^= 1 << int(rng.integers(8))
        again = shutil.copytree(copied, copied.with_name(f"again-{number}"))
        (again / "checkpoint").write_bytes(changed)
        try:
            made = resume(again, steps=5).sample(8, seed=1)
        except gs.UserError as error:
            assert "cannot be resumed from" in str(error)
        else:  # padding, dates and other parts of the file that mean nothing
            assert number > 1 and np.array_equal(made, sound)


@pytest.mark.parametrize("length", [0, 10, 3000, -1, -30])
def test_a_checkpoint_that_was_cut_short(copied, length):
    whole = (copied / "checkpoint").read_bytes()
    (copied / "checkpoint").write_bytes(whole[:length])
    refused(copied)


def rewrite(state, path: str, value):
    *names, last = path.split(".")
    for name in names:
        state = state[int(name) if isinstance(state, list) else int(name) if name.isdigit() else name]
    state[last] = value


CHANGES = {
    "round": "three", "seconds": -1.0, "position": -4, "stage": None, "skipped": {}, "game": None, "rng": None,
    "optimizers": [], "optimizers.generator.state": {0: {"exp_avg": torch.zeros(3)}}, "average": {"generator": 1},
    "optimizers.generator.param_groups": [], "skipped.generator": None, "rng ": torch.zeros(4),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_edited_by_hand(copied, name):
    state = torch.load(copied / "checkpoint", weights_only=True)
    rewrite(state, name.strip(), CHANGES[name])
    torch.save(state, copied / "checkpoint")
    refused(copied)


@pytest.mark.parametrize("held", [[], None, {}, {"gansmith": "0.2.0"}, 3], ids=str)
def test_something_else_under_its_name(copied, held):
    torch.save(held, copied / "checkpoint")
    refused(copied)


SETTINGS = {
    "no json": lambda text: text[:50],
    "a list": lambda text: "[]",
    "no marker": lambda text: text.replace('"gansmith"', '"somebody"'),
    "a version that is no text": lambda text: text.replace('"gansmith": "', '"gansmith": 2, "was": "'),
    "options of another type": lambda text: text.replace('"batch_size": 8', '"batch_size": "8"'),
    "an option of the future": lambda text: text.replace('"batch_size": 8', '"batch_size": 8, "warp": 9'),
    "a setting of another type": lambda text: text.replace('"latent": 2', '"latent": "two"'),
    "a setting of the future": lambda text: text.replace('"latent": 2', '"latent": 2, "warp": 9'),
    "no digest": lambda text: text.replace('"digest"', '"was"'),
    "a form that is none": lambda text: text.replace('"kind": "vectors"', '"kind": 4'),
}


@pytest.mark.parametrize("how", SETTINGS)
def test_settings_edited_by_hand(copied, how):
    path = copied / "settings.json"
    path.write_text(SETTINGS[how](path.read_text()))
    refused(copied, match="damaged|no setting|expected|does not know|not a run")


LOGS = {
    "a line that is none": ("\n", "\nhello\n"),
    "a list": ("\n", "\n[1, 2]\n"),
    "no step": ('"step": 1', '"was": 1'),
    "a step that is text": ('"step": 1', '"step": "one"'),
    "a nested value": ('"step": 1', '"step": 1, "x": {"y": 1}'),
}


@pytest.mark.parametrize("how", LOGS)
def test_a_log_edited_by_hand(copied, how):
    path = copied / "log.jsonl"
    assert LOGS[how][0] in path.read_text()
    path.write_text(path.read_text().replace(*LOGS[how], 1))
    refused(copied, match="log.jsonl is damaged")


def test_a_log_whose_last_line_was_cut_short_is_gone_on_with(copied):
    path = copied / "log.jsonl"
    path.write_text(path.read_text() + '{"step": 4, "sec')
    assert resume(copied, steps=5).trained["rounds"] == 5
    assert [row["step"] for row in resume(copied, steps=5).history][-1] == 5
