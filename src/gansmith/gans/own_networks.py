"""Networks of your own in a GAN: `gs.WGANGP(generator=my_G, discriminator=my_D)`, any `nn.Module` each.

They take the places of the paper's networks and must answer as those do, which is tried on two items when the networks
are built: G takes noise (n, latent) and returns items (n, *shape) in network units, D takes such items and returns
scores (n,) or (n, 1), raw, without a sigmoid. A `forward` of two arguments is given the labels as its second, (n,)
class numbers, or None.

The game trains a copy, so that `fit` can begin anew. After training `gan.generator.network` is your network. Parameters
that do not require gradients stay as they are.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor, nn

from gansmith.errors import SettingError


class MissingPart(SettingError, AttributeError):
    """A network of one's own lacks something that the paper's loss asks of it; what only may be there is not missed."""


class OwnNetwork(nn.Module):
    """Somebody's network in the place of the paper's, called as that is: network(x, label).

    scalar  whether it must return one number an item, (n,): then (n, 1) and (n, 1, 1, 1) are that, too
    """

    def __init__(self, network: nn.Module, place: str, scalar: bool):
        super().__init__()
        self.network, self.place, self.scalar = network, place, scalar
        self.labelled = takes_two(network)

    def forward(self, x: Tensor, label: Tensor | None = None):
        made = self.network(x, label) if self.labelled else self.network(x)
        if self.scalar and isinstance(made, Tensor) and made.dim() > 1 and made[0].numel() == 1:
            made = made.flatten()
        return made

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            network = self.__dict__["_modules"].get("network")
            if hasattr(network, name):
                return getattr(network, name)
        raise MissingPart(f"{self.place}={type(network).__name__}(…) has no '{name}', which this paper asks of it")


def takes_two(network: nn.Module) -> bool:
    """Whether `forward` takes a second positional argument."""
    parameters = inspect.signature(network.forward).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) >= 2 or any(p.kind == p.VAR_POSITIONAL for p in parameters)


def with_own_networks(build: Callable) -> Callable:
    """A game's `build`, after which the networks that it was given are in their places; those of parents' `build`s that
    it calls are not yet, so that a paper's initial weights go to the paper's networks."""

    @wraps(build)
    def building(self, spec) -> None:
        outermost = not self.__dict__.get("_is_building")
        self._is_building = True
        try:
            build(self, spec)
            if outermost:
                place_networks(self, spec)
        finally:
            if outermost:
                del self._is_building

    return building


def place_networks(game, spec) -> None:
    """Put the networks that a game was given in the places of those that it has built for this data."""
    n = 2 * getattr(game, "packing", 1)
    rng = torch.Generator().manual_seed(0)
    label = torch.zeros(n, dtype=torch.long) if game.conditional else None
    inputs = {"generator": game.latents(n, rng), "discriminator": torch.randn(n, *spec.shape, generator=rng).tanh()}
    for place, network in game.own_networks.items():
        default = getattr(game, place, None)
        if not isinstance(default, nn.Module):
            raise SettingError(f"{type(game).__name__} has no {place} for this data: leave {place}= out")
        expected = shapes(call(default, inputs[place], label))
        own = OwnNetwork(
            copy.deepcopy(network).float().to(game.device), place, isinstance(expected, tuple) and len(expected) == 1
        )
        if game.conditional and not own.labelled:
            raise SettingError(
                f"conditional=True gives the networks labels: let forward of {place}={type(network).__name__}(…) take "
                "them as its second argument, (n,) class numbers"
            )
        if not any(p.requires_grad for p in own.parameters()):
            raise SettingError(f"{place}={type(network).__name__}(…) has no parameters to train")
        whole = own
        if place == "discriminator":
            whole = game.make_discriminator(lambda shape, own=own: own, spec.shape)
        check_answer(whole, own, inputs[place], label, expected)
        setattr(game, place, whole)


def check_answer(whole: nn.Module, own: OwnNetwork, x: Tensor, label: Tensor | None, expected) -> None:
    """SettingError unless the network, with what remedies add to it, returns what the paper's does."""
    name = f"{own.place}={type(own.network).__name__}(…)"
    try:
        found = shapes(call(whole, x, label))
    except Exception as error:  # whatever somebody's network raises
        hint = "set latent= to the size of its noise" if own.place == "generator" else "check its first layer"
        if own.place == "generator":
            hint += f", or begin it with nn.Unflatten(1, ({x.shape[1]}, 1, 1))"
        reason = " ".join(str(error).split())[:200]
        raise SettingError(
            f"{name} cannot take {what(own.place)} of shape {tuple(x.shape)} ({type(error).__name__}: {reason}): {hint}"
        ) from error
    if found != expected:
        hint = ""
        if own.place == "generator" and isinstance(found, tuple):
            hint = f": end it with nn.Unflatten(1, {expected[1:]})" if len(found) == 2 else ""
        raise SettingError(f"{name} returned {told(found)}, expected {told(expected)}, for {len(x)} items{hint}")
    if own.scalar and isinstance(last_layer(own.network), nn.Sigmoid):
        raise SettingError(f"{name} ends in a Sigmoid, and losses here take raw scores (logits): leave it out")


def call(network: nn.Module, x: Tensor, label: Tensor | None):
    """What a network returns, without a trace: in eval mode, without gradients, and with chance of its own."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            return network(x.to(next(network.parameters()).device), label)
    finally:
        for module, mode in modes.items():
            module.training = mode


def shapes(answer):
    """The shape of a tensor, the shapes of several."""
    if isinstance(answer, Tensor):
        return tuple(answer.shape)
    return [shapes(part) for part in answer] if isinstance(answer, (tuple, list)) else type(answer).__name__


def last_layer(network: nn.Module) -> nn.Module:
    """The module without children that was registered last; of a network without layers, itself."""
    return [module for module in network.modules() if not any(True for _ in module.children())][-1]


def what(place: str) -> str:
    return "noise" if place == "generator" else "items"


def told(shape) -> str:
    return " and ".join(map(str, shape)) if isinstance(shape, list) else str(shape)
