"""The one table of logged numbers: complete, and the same in the docs."""

import fnmatch
from dataclasses import fields
from pathlib import Path

import pytest

from gansmith.gans import GAMES
from gansmith.testing import played_on
from gansmith.training.metrics import as_markdown, explain, metrics

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def logged(name: str) -> set[str]:
    """Every number that two rounds of a game log, on the smallest data that it takes."""
    small = {f.name for f in fields(GAMES[name])} & {"width", "latent"}
    settings = dict.fromkeys(small, 8)
    game = GAMES[name](**settings)
    game.fit(played_on(GAMES[name], **settings), steps=2, batch_size=8, device="cpu", precision="fp32")
    return {number for row in game.history for number in row}


@pytest.mark.parametrize("name", GAMES)
def test_every_number_a_game_logs_has_an_entry(name):
    numbers = logged(name)
    assert {"step", "seconds", "samples"} <= numbers and any("/" in number for number in numbers)
    assert not [number for number in numbers if explain(number, name) is None]


def test_what_is_not_in_the_table_has_no_entry():
    assert explain("discriminator/phase_of_the_moon", "gan") is None


def test_a_game_s_own_meaning_comes_before_the_general_one():
    assert "Wasserstein" in explain("discriminator/distance", "wgan-gp").meaning
    assert explain("discriminator/adversarial", "r3gan") is metrics()["r3gan:discriminator/adversarial"]
    assert explain("discriminator/adversarial", "dcgan") is metrics()["discriminator/adversarial"]
    assert explain("discriminator/r1", "r3gan") is metrics()["*/r1"]


def test_no_entry_is_hidden_behind_another():
    for pattern, metric in metrics().items():
        game, _, number = pattern.rpartition(":")
        assert explain(number.replace("*", "discriminator"), game.replace("*", "")) is metric, pattern


def test_games_in_the_table_exist():
    for pattern in metrics():
        game, _, number = pattern.rpartition(":")
        assert not game or fnmatch.filter(GAMES, game), f"no game is called {game}"


def test_the_docs_are_up_to_date():
    assert DOCS.read_text() == as_markdown(), "python -m gansmith.training.metrics > docs/metrics.md"
