"""What is played when nobody says: the game and the settings that the pictures ask for."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import gansmith as gs
from gansmith.cli.main import app
from gansmith.data.kinds.images import EACH, FEW
from gansmith.gans.recommend import settings_for


def speckled(n: int, side: int = 12) -> np.ndarray:
    """Pictures without a left or right."""
    return np.random.default_rng(0).integers(0, 256, (n, 1, side, side)).astype(np.uint8)


def test_few_pictures_without_sides_are_mirrored_and_augmented():
    game = gs.recommend(speckled(100))
    assert game.name == "r3gan" and game.mirror and game.augment == "ada" and not game.conditional


def test_a_thousand_pictures_are_not_mirrored():
    assert not gs.recommend(speckled(1000, 4)).mirror


def test_many_pictures_with_classes_are_made_by_class_and_need_no_augmentation():
    labels = np.arange(FEW) % 4
    game = gs.recommend(speckled(FEW, 4), labels=labels)
    assert game.conditional and game.augment == "none"


def test_classes_of_too_few_pictures_are_left_aside():
    labels = np.arange(10 * EACH) < EACH - 1
    assert not gs.recommend(speckled(10 * EACH), labels=labels).conditional


def test_what_is_given_stays_and_other_games_take_what_they_know():
    data = gs.read(speckled(100))
    found, why = settings_for(data, gs.R3GAN, {"augment": "none"})
    assert found == {"mirror": True} and len(why) == 1 and "mirror" in why[0]
    assert settings_for(data, gs.VAE)[0] == {}


@pytest.mark.parametrize("words", [np.zeros((50, 3), np.float32) + np.arange(50)[:, None]])
def test_other_kinds_of_data_ask_for_nothing(words):
    assert settings_for(gs.read(words), gs.R3GAN) == ({}, [])


def test_the_command_line_trains_with_them_and_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("dots.npy", speckled(100)[:, 0])
    run = CliRunner().invoke(app, ["train", "dots.npy", "--steps", "1", "--mirror", "false", "--width", "8"])
    assert run.exit_code == 0, run.output
    settings = json.loads((tmp_path / "runs" / "dots-r3gan" / "settings.json").read_text())
    assert settings["settings"]["augment"] == "ada" and not settings["settings"]["mirror"]
    assert any(line.startswith("augment ada: D would soon know 100 pictures") for line in settings["reasons"])
    run = CliRunner().invoke(app, ["train", "r3gan", "dots.npy", "--steps", "1", "--width", "8"])
    settings = json.loads((tmp_path / "runs" / "dots-r3gan-2" / "settings.json").read_text())
    assert run.exit_code == 0 and settings["settings"]["augment"] == "none"  # who names a paper gets the paper
