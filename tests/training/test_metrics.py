"""The one table of logged numbers: complete, and the same in the docs."""

from pathlib import Path

import pytest

from gansmith.gans import GAMES
from gansmith.training.metrics import METRICS, as_markdown, explain

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def logged(name: str) -> set[str]:
    """Every number that two rounds of a game log."""
    data = "digits" if name == "dcgan" else "ring8"
    game = GAMES[name](width=8, latent=4).fit(data, steps=2, batch_size=8, device="cpu", precision="fp32")
    return {number for row in game.history for number in row}


@pytest.mark.parametrize("name", GAMES)
def test_every_number_a_game_logs_has_an_entry(name):
    numbers = logged(name)
    assert {"step", "seconds", "samples", "discriminator/adversarial", "generator/adversarial"} <= numbers
    assert not [number for number in numbers if explain(number, name) is None]


def test_what_is_not_in_the_table_has_no_entry():
    assert explain("critic/phase_of_the_moon", "gan") is None


def test_a_game_s_own_meaning_comes_before_the_general_one():
    assert "Wasserstein" in explain("critic/distance", "wgan-gp").meaning
    assert explain("discriminator/adversarial", "r3gan") is METRICS["r3gan:discriminator/adversarial"]
    assert explain("discriminator/adversarial", "dcgan") is METRICS["discriminator/adversarial"]
    assert explain("discriminator/r1", "r3gan") is METRICS["*/r1"]


def test_no_entry_is_hidden_behind_another():
    for pattern, metric in METRICS.items():
        game, _, number = pattern.rpartition(":")
        assert explain(number.replace("*", "discriminator"), game) is metric


def test_games_in_the_table_exist():
    assert {pattern.split(":")[0] for pattern in METRICS if ":" in pattern} <= set(GAMES)


def test_the_docs_are_up_to_date():
    assert DOCS.read_text() == as_markdown(), "python -m gansmith.training.metrics > docs/metrics.md"
