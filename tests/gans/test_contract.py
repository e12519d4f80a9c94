"""Every game keeps the contract, with labels and without."""

from dataclasses import fields

import pytest

from gansmith.gans import GAMES
from gansmith.testing import check_game

SMALL = {"width": 16, "discriminator_steps_far": 3, "search_steps": 5}


def settings(game):
    """Small ones, of those the game has; with labels and without where it leaves the choice."""
    names = {f.name for f in fields(game)}
    small = {name: value for name, value in SMALL.items() if name in names}
    return [small | {"conditional": c} for c in (False, True)] if "conditional" in names else [small]


@pytest.mark.parametrize("name, small", [(name, small) for name, game in GAMES.items() for small in settings(game)])
def test_contract(name, small):
    check_game(GAMES[name], **small)
