"""gansmith: train, diagnose, evaluate, refine and sample generative adversarial networks.

>>> import gansmith as gs
>>> gan = gs.R3GAN().fit("digits", minutes=1)
>>> pictures = gan.sample(64, seed=1)

Everything is looked up when first used, so that `import gansmith` is instantaneous.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from gansmith.errors import UserError
from gansmith.moved import install
from gansmith.version import __version__

if TYPE_CHECKING:  # for editors and type checkers, which do not run `__getattr__`
    from gansmith import data as data
    from gansmith import diagnose as diagnose
    from gansmith import evaluate as evaluate
    from gansmith import gans as gans
    from gansmith import losses as losses
    from gansmith import networks as networks
    from gansmith import penalties as penalties
    from gansmith import refine as refine
    from gansmith import testing as testing
    from gansmith import training as training
    from gansmith.data import check as check
    from gansmith.data import read as read
    from gansmith.data.kinds import KINDS as KINDS
    from gansmith.data.spec import Kind as Kind
    from gansmith.game import Game as Game
    from gansmith.game import Stage as Stage
    from gansmith.game import Turn as Turn
    from gansmith.game import observe as observe
    from gansmith.game import setting as setting
    from gansmith.gans import *  # noqa: F403
    from gansmith.gans.recommend import recommend as recommend
    from gansmith.runs.load import load as load
    from gansmith.runs.train import resume as resume

# Threads of GNU's OpenMP, which torch's wheels for Linux bring along, spin for some 3 ms when they wait for each other.
# Where something else wants their core, that time is missing when there is work: R3GAN became ten times as slow beside
# one busy process, and a third slower when they spin for 0.1 ms (docs/performance.md). Read when torch is imported.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

install()

_PLACES = {
    "load": "gansmith.runs.load",
    "resume": "gansmith.runs.train",
    "recommend": "gansmith.gans.recommend",
    "check": "gansmith.data",
    "read": "gansmith.data",
    "Game": "gansmith.game",
    "Turn": "gansmith.game",
    "Stage": "gansmith.game",
    "setting": "gansmith.game",
    "observe": "gansmith.game",
    "GAMES": "gansmith.gans",
    "KINDS": "gansmith.data.kinds",
    "Kind": "gansmith.data.spec",
}
_MODULES = ("data", "diagnose", "evaluate", "gans", "losses", "networks", "penalties", "refine", "testing", "training")

__all__ = ["UserError", "__version__", *_PLACES, *_MODULES]


def __getattr__(name: str):
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"gansmith.{name}")
    if name[:1].isupper():  # a game, by its class's name
        from gansmith.gans import GAMES

        for game in GAMES.values():
            if game.__name__ == name:
                return game
    raise AttributeError(f"module 'gansmith' has no attribute '{name}'")


def __dir__():
    from gansmith.gans import GAMES

    return sorted([*__all__, *(game.__name__ for game in GAMES.values())])
