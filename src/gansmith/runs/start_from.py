"""What networks start with: the mean item of the data, or the weights of a trained game: `gansmith train DATA
--start-from RUN`."""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gansmith.data.dataset import Dataset
from gansmith.data.labels import evenly, few
from gansmith.errors import SettingError, UserError
from gansmith.game import Game
from gansmith.networks.blocks import Discriminator
from gansmith.runs.load import load

MEAN = 5000  # items that a mean is taken of


def weights_of(start) -> Game | None:
    """The trained game that `start` is, or that lies at this path: a run, or a model.gan."""
    if start is None or isinstance(start, Game):
        return start
    if not isinstance(start, (str, os.PathLike)):
        raise UserError(f"start_from is a {type(start).__name__}: give a run, a model.gan, or a trained game")
    return load(start)


def starting(start, old: Game | None, game: Game, dataset: Dataset) -> list[str]:
    """What the plan says of the weights that `game` starts with, those of `old`, which `start` names.

    Raises SettingError where layers are to be kept as a model has them, and there is none.
    """
    freeze = getattr(game, "freeze", 0)
    if old is None:
        if freeze:
            raise SettingError(
                f"freeze={freeze} keeps layers of D as a trained model has them: give start_from=RUN (--start-from RUN)"
            )
        return []
    old.check_is_fitted()
    lines = [f"starts with the weights of {start if isinstance(start, (str, os.PathLike)) else 'a game'}"]
    lines += [f"freeze {freeze}: D's first layers stay as they are there"] * bool(freeze)
    before, now = old.spec.classes, dataset.spec.classes
    if now and not getattr(game, "conditional", True):
        lines.append(f"conditional False, as there: that {few(now)} are {len(now)} classes is not learned")
    elif now and before and now != before:
        lines.append(f"classes {few(before)} become {few(now)}, in this order")
    return lines


def layers(network: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of each layer that has weights (a matrix or a kernel), in the order in which items go through
    them, which is that in which networks make them; of ours those that score what the others saw stand last."""
    heads = [
        head
        for module in network.modules()
        if isinstance(module, Discriminator)
        for head in (module.score, module.embed, module.second)
        if head is not None
    ]
    last = {id(module) for head in heads for module in head.modules()}
    found = []
    for module in sorted(network.modules(), key=lambda module: id(module) in last):
        plain = not parametrize.is_parametrized(module)
        if plain and (isinstance(module, parametrize.ParametrizationList) or next(module.children(), None) is not None):
            continue
        held = list(module.parameters())
        if any(parameter.dim() > 1 for parameter in held):
            found.append(held)
    return found


def freeze(network: nn.Module, count: int) -> None:
    """Let the first `count` layers with weights never change (FreezeD, Mo et al. 2020,
    https://arxiv.org/abs/2002.10964); SettingError where none would be left."""
    held = layers(network)
    if count >= len(held):
        raise SettingError(f"freeze={count}: D has {len(held)} layers with weights, of which one must learn")
    for parameter in (parameter for layer in held[:count] for parameter in layer):
        parameter.requires_grad_(False)


def begin_with_mean(game: Game, data: Dataset) -> None:
    """Let the networks that begin with the mean item do so, of at most MEAN items of the data: those that have
    `begin_with`, as `blocks.FromMean` has. Where they have `counted`, the mean is of what that makes of items."""
    beginning: list = [module for module in game.modules() if hasattr(module, "begin_with")]
    index = torch.from_numpy(evenly(len(data), min(MEAN, len(data))))
    for network in beginning:
        counted = getattr(network, "counted", Tensor.double)
        parts = (counted(getattr(data.batch(part), data.main)) for part in index.split(250))
        total = torch.stack([part.sum(0, dtype=torch.float64) for part in parts]).sum(0)
        network.begin_with((total / len(index)).float())


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
