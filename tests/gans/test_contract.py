"""Every game keeps the contract, with labels and without."""

from dataclasses import fields

import pytest

from gansmith.gans import GAMES
from gansmith.testing import check_game, made_up_pairs

SMALL = {"width": 16}
SIZES = [(1, 8, 8), (3, 17, 23), (1, 28, 28)]
DATA = {  # for games that are not played on single items
    "pix2pix": [made_up_pairs(shape) for shape in SIZES],
    "cyclegan": [made_up_pairs(shape, paired=False) for shape in SIZES],
}


def settings(game):
    """Small ones, of those the game has; with labels and without where it leaves the choice."""
    names = {f.name for f in fields(game)}
    small = {name: value for name, value in SMALL.items() if name in names}
    return [small | {"conditional": c} for c in (False, True)] if "conditional" in names else [small]


@pytest.mark.parametrize("name, small", [(name, small) for name, game in GAMES.items() for small in settings(game)])
def test_contract(name, small):
    check_game(GAMES[name], data=DATA.get(name), **small)
