"""A saved model comes back whole, and what is damaged is refused in one line."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import save

import gansmith as gs
from gansmith.gans import GAMES
from gansmith.testing import begin, played_on
from gansmith.training import modelfile
from gansmith.training.modelfile import read_header


@pytest.fixture(scope="module")
def trained():
    return gs.DCGAN(width=4, latent=8).fit("digits", steps=2, batch_size=16)


def test_a_saved_game_comes_back_whole(trained, tmp_path):
    trained.save(tmp_path / "x.gan")
    again = gs.load(tmp_path / "x.gan")
    assert np.array_equal(again.sample(4, seed=3), trained.sample(4, seed=3))
    items = trained.sample(4, seed=3)
    assert np.array_equal(again.score_samples(items), trained.score_samples(items))
    assert again.settings() == trained.settings() and again.spec == trained.spec and again.trained == trained.trained
    assert set(again.raw) == {"generator"}
    header = read_header(tmp_path / "x.gan")
    assert header["game"] == "dcgan" and header["trained"]["rounds"] == 2


def damage(path, how):
    whole = path.read_bytes()
    if how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "one weight":
        path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    elif how == "settings":
        path.write_bytes(whole.replace(b'\\"latent\\": 8', b'\\"latent\\": 9'))
    elif how == "text":
        path.write_text("hello")
    elif how == "foreign":
        save_file({"w": np.zeros(3)}, path)
    elif how == "missing":
        path.unlink()
    assert not path.exists() or path.read_bytes() != whole


@pytest.mark.parametrize("how", ["cut", "empty", "one weight", "settings", "text", "foreign", "missing"])
def test_damaged_and_foreign_models_are_refused_in_one_line(trained, tmp_path, how):
    path = tmp_path / "x.gan"
    trained.save(path)
    damage(path, how)
    with pytest.raises(gs.UserError) as refusal:
        gs.load(path)
    assert "\n" not in str(refusal.value) and "x.gan" in str(refusal.value)


def test_a_foreign_game_is_loaded_with_its_class(tmp_path):
    class Mine(gs.DCGAN):
        pass

    mine = Mine(width=4, latent=8).fit("digits", steps=1, batch_size=8)
    mine.save(tmp_path / "x.gan")
    with pytest.raises(gs.UserError, match="game=Mine"):
        gs.load(tmp_path / "x.gan")
    assert isinstance(gs.load(tmp_path / "x.gan", game=Mine), Mine)


def test_an_untrained_game_is_not_saved(tmp_path):
    with pytest.raises(gs.UserError, match="call fit"):
        gs.GAN().save(tmp_path / "x.gan")
    assert json.dumps(list(tmp_path.iterdir())) == "[]"


def forge(source, target, change) -> None:
    """A model file whose header, or tensors, were changed and whose digest is right: anyone can compute it."""
    with safe_open(str(source), framework="pt") as file:
        about, tensors = json.loads(file.metadata()["gansmith"]), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    held = change(about, tensors)
    text = held if isinstance(held, str) else json.dumps(about if held is None else held)
    target.write_bytes(save(tensors, metadata={"gansmith": text, "digest": modelfile._digest(text, tensors)}))


def put(*path):
    """A change of the header: the last of `path` at the place that the others name."""

    def change(about, tensors):
        *names, last, value = path
        for name in names:
            about = about[name]
        about[last] = value

    return change


def leave_out(about, tensors):
    del about["settings"]


def not_a_number(about, tensors):
    tensors["generator.output.weight" if "generator.output.weight" in tensors else sorted(tensors)[0]].fill_(np.nan)


def other_type(about, tensors):
    name = sorted(tensors)[0]
    tensors[name] = tensors[name].double()


def one_more(about, tensors):
    tensors["extra"] = torch.zeros(3)


FORGED = {
    "a list": lambda about, tensors: [],
    "no json": lambda about, tensors: "{",
    "deep": lambda about, tensors: "[" * 100_000,
    "no settings": leave_out,
    "format": put("format", "1"),
    "version": put("gansmith", 2),
    "averaged": put("averaged", ["discriminator"]),
    "averaged twice": put("averaged", 3),
    "trained": put("trained", []),
    "rounds": put("trained", "rounds", "many"),
    "spec": put("spec", 3),
    "kind": put("spec", "kind", []),
    "shape text": put("spec", "shape", ["1", 8, 8]),
    "shape negative": put("spec", "shape", [1, -8, 8]),
    "shape empty": put("spec", "shape", []),
    "shape huge": put("spec", "shape", [1, 2**40, 2**40]),
    "scale null": put("spec", "scale", [None]),
    "scale zero": put("spec", "scale", [0.0]),
    "scale of another length": put("spec", "scale", [1.0] * 5),
    "center infinite": put("spec", "center", [float("inf")]),
    "classes": put("spec", "classes", [1, 2]),
    "also": put("spec", "also", {"source": 1}),
    "a field of the future": put("spec", "warp", 9),
    "setting of another type": put("settings", "latent", "eight"),
    "setting of the future": put("settings", "warp", 9),
    "latent huge": put("settings", "latent", 2**40),
    "width huge": put("settings", "width", 2**20),
    "not a number": not_a_number,
    "tensor of another type": other_type,
    "tensor too many": one_more,
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_models_are_refused_in_one_line(trained, tmp_path, how):
    trained.save(tmp_path / "x.gan")
    forge(tmp_path / "x.gan", tmp_path / "forged.gan", FORGED[how])
    with pytest.raises(gs.UserError) as refusal:
        gs.load(tmp_path / "forged.gan")
    assert "\n" not in str(refusal.value) and "forged.gan" in str(refusal.value)


def test_an_honest_copy_is_no_forgery(trained, tmp_path):
    trained.save(tmp_path / "x.gan")
    forge(tmp_path / "x.gan", tmp_path / "copy.gan", lambda about, tensors: None)
    assert np.array_equal(gs.load(tmp_path / "copy.gan").sample(2, seed=0), trained.sample(2, seed=0))


def test_huge_networks_of_a_small_file_take_no_memory(trained, tmp_path, monkeypatch):
    trained.save(tmp_path / "x.gan")
    forge(tmp_path / "x.gan", tmp_path / "fat.gan", put("settings", "width", 4096))
    made = []
    build = gs.DCGAN.build

    def on(game, spec):
        made.append(str(torch.empty(0).device))
        build(game, spec)

    monkeypatch.setattr(gs.DCGAN, "build", on)
    with pytest.raises(gs.UserError, match="does not fit dcgan"):
        gs.load(tmp_path / "fat.gan")
    assert made == ["meta"]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_compared_before_it_is_built(name):
    """`check_fit` takes each game for what it is, and leaves torch's generator as it was."""
    state = begin(GAMES[name], played_on(GAMES[name]), {}, 0)
    before = torch.get_rng_state()
    game, passing = state.game, modelfile._passing(state.game)
    tensors = {k: v for k, v in game.state_dict().items() if k not in passing}
    modelfile.check_fit(type(game)(**game.settings()), game.spec, tensors, {})
    assert torch.equal(torch.get_rng_state(), before)
    short = dict(list(tensors.items())[1:])
    with pytest.raises(ValueError):
        modelfile.check_fit(type(game)(**game.settings()), game.spec, short, {})


def test_a_game_of_ones_own_may_look_at_values_while_it_is_built(tmp_path):
    class Looking(gs.DCGAN):
        def build(self, spec):
            super().build(spec)
            if not self.generator.linear.weight.any():  # nothing that the device "meta" can tell
                raise AssertionError

    Looking(width=4, latent=8).fit("digits", steps=1, batch_size=8).save(tmp_path / "x.gan")
    assert isinstance(gs.load(tmp_path / "x.gan", game=Looking), Looking)
