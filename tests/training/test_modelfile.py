"""A saved model comes back whole, and what is damaged is refused in one line."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import gansmith as gs
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
    assert header["game"] == "DCGAN" and header["trained"]["rounds"] == 2


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
