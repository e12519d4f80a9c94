"""Every game keeps the contract."""

import pytest

from gansmith.gans import GAMES
from gansmith.testing import check_game

SMALL = {"width": 16}


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("name", GAMES)
def test_contract(name, conditional):
    check_game(GAMES[name], conditional=conditional, **SMALL)
