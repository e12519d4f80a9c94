"""Words and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gansmith.errors import UserError

Run = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a training run")]
SEEDS = {"min": -(2**63), "max": 2**63 - 1, "metavar": "S"}  # that torch takes
Seed = Annotated[int, typer.Option(help="random seed", **SEEDS)]
NewSeed = Annotated[int | None, typer.Option(help="random seed [a new one]", **SEEDS)]
Steps = Annotated[int | None, typer.Option(metavar="N", help="training steps")]
Minutes = Annotated[float | None, typer.Option(metavar="M", help="minutes of training, instead of --steps [5]")]
Size = Annotated[str | None, typer.Option(metavar="S", help="64, HEIGHTxWIDTH, of volumes XxYxZ [from the data]")]
Channels = Annotated[int | None, typer.Option(metavar="C", help="channels: 1, 3 or 4; of sound 1 or 2 [from the data]")]
Within = Annotated[
    float | None, typer.Option(min=2, metavar="SECONDS", help="time to measure in, about: coarser where it is short")
]
OwnGame = Annotated[
    str | None,
    typer.Option("--game", metavar="FILE.py:CLASS", help="your own GAN: a subclass of gansmith.Game in FILE.py"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="print only the folder of the run")]


def find_own(game: str | None) -> str | None:
    """The name in GAMES of the game of `--game`, once it is there."""
    if game is None:
        return None
    from gansmith.gans import GAMES
    from gansmith.runs.own_game import find_game

    if game in GAMES:
        raise UserError(
            f"--game {game}: --game is for GANs of your own, as FILE.py:CLASS, and this one is known: leave it out, "
            f"and train with: gansmith train {game} DATA"
        )
    return find_game(game).__name__
