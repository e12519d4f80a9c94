"""What networks start with: the mean item of the data, or the weights of a trained game: `gansmith train DATA
--start-from RUN`."""

from __future__ import annotations

import os

import torch

from gansmith.data.dataset import Dataset
from gansmith.data.labels import evenly
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.runs.load import load

MEAN = 5000  # items that a mean is taken of


def weights_of(start) -> Game | None:
    """The trained game that `start` is, or that lies at this path: a run, or a model.gan."""
    if start is None or isinstance(start, Game):
        return start
    if not isinstance(start, (str, os.PathLike)):
        raise UserError(f"start_from is a {type(start).__name__}: give a run, a model.gan, or a trained game")
    return load(start)


def begin_with_mean(game: Game, data: Dataset) -> None:
    """Let the networks that begin with the mean item do so, of at most MEAN items of the data: those that have
    `begin_with`, as `blocks.FromMean` has."""
    beginning = [module for module in game.modules() if hasattr(module, "begin_with")]
    if not beginning:
        return
    index = torch.from_numpy(evenly(len(data), min(MEAN, len(data))))
    total = sum(getattr(data.batch(part), data.main).sum(0, dtype=torch.float64) for part in index.split(250))
    for module in beginning:
        module.begin_with((total / len(index)).float())


def take_weights(game: Game, old: Game) -> None:
    """Put the weights of `old` into `game`, which is built; UserError where it is another game, or of another size."""
    if old.name != game.name:
        raise UserError(f"--start-from holds {old.name}, and this is {game.name}: its networks are others")
    old.check_is_fitted()
    mine, its = game.state_dict(), old.state_dict()
    kept = {name for name in mine if name in its and mine[name].shape == its[name].shape}
    lost = [name for name, _ in game.named_parameters() if name not in kept]
    if lost:
        name = lost[0]
        there = tuple(its[name].shape) if name in its else "not there"
        form = old.spec.describe(0).partition(" ")[2] + (
            f", {len(old.spec.classes)} classes" if old.spec.classes else ""
        )
        raise UserError(
            f"--start-from does not fit: {name} is {there} in it and {tuple(mine[name].shape)} here. It was trained on "
            f"{form}: read this data alike (--size, --channels), with the same settings"
        )
    with torch.no_grad():
        for name in kept:
            mine[name].copy_(its[name])
