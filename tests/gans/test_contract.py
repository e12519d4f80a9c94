"""Every game keeps the contract, with labels and without."""

from dataclasses import fields

import pytest

from gansmith.game import observing
from gansmith.gans import GAMES
from gansmith.testing import begin, check_game, played_on
from gansmith.testing.play import moves

SMALL = {
    "width": 16,
    "blocks": 1,
    "depth": 1,
    "discriminator_steps_far": 3,
    "search_steps": 5,
    "discriminator_width": 8,
    "vae_width": 8,
    "segment": 8,
    "rollouts": 4,
    "candidates": 64,
}


def settings(game):
    """Small ones, of those the game has; with labels and without where it leaves the choice."""
    names = {f.name for f in fields(game)}
    small = {name: value for name, value in SMALL.items() if name in names}
    return [small | {"conditional": c} for c in (False, True)] if "conditional" in names else [small]


@pytest.mark.parametrize("name, small", [(name, small) for name, game in GAMES.items() for small in settings(game)])
def test_contract(name, small):
    check_game(GAMES[name], **small)


@pytest.mark.parametrize("name", GAMES)
def test_no_term_of_a_loss_is_logged_under_the_name_of_what_is_observed(name):
    small = settings(GAMES[name])[0]
    state, seen = begin(GAMES[name], played_on(GAMES[name], **small), small, 0), {}
    with observing(seen):
        terms = {name for _, _, moved in moves(state) for name in moved}
    assert terms and not terms & seen.keys()
