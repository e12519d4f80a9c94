"""`check_game`: the contract as a test that anyone can run on a game of their own.

>>> from gansmith.testing import check_game
>>> check_game(MyGame)                                # raises AssertionError that says what is wrong
>>> check_game(MyGame, only="resuming_is_exact")      # one check; `skip` leaves some out

Each check has a name, and pytest can run them one by one:

>>> @pytest.mark.parametrize("name, check", checks(MyGame))
... def test_my_game(name, check):
...     check()
"""

from gansmith.testing.contract import CHECKS, check_game, checks
from gansmith.testing.examples import made_up, made_up_pairs, made_up_table
from gansmith.testing.play import assert_same, begin, played_on, rounds, same_items

__all__ = [
    "CHECKS",
    "assert_same",
    "begin",
    "check_game",
    "checks",
    "made_up",
    "made_up_pairs",
    "made_up_table",
    "played_on",
    "rounds",
    "same_items",
]
