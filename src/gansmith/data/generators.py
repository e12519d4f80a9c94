"""Other people's generators: anything that can be asked for items, in eval mode, by seed, until there are enough.

A generator is a callable `f(n)` or `f(n, seed=…)`, or an object with such a method `sample`: a game, a module, a class
of somebody else's. What it returns may be a tensor, an array, a DataFrame, a dict of these or a list of objects.
A network that takes noise becomes one by `from_noise`.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from gansmith.data.batching import count, join, take
from gansmith.errors import UserError


def generator_of(thing) -> Callable | None:
    """What to call for items of `thing`: its method `sample`, or itself; None for data and all else that is not called.

    A DataFrame has a `sample`, too, and is data.
    """
    if isinstance(thing, type) or hasattr(thing, "columns"):
        return None
    if callable(getattr(thing, "sample", None)):
        return thing.sample
    return thing if callable(thing) else None


def generate_items(generate: Callable, n: int, seed: int, **conditions):
    """`n` items of `generate(n, seed=, **conditions)`; a generator without `seed` runs under a global one.

    One that returns fewer than it is asked for is asked again for `n`, with other seeds, until there are enough; what
    is then too many is left out. UserError when it returns none.
    """
    parts, have = [], 0
    while have < n:
        again = int(np.random.SeedSequence([seed, len(parts)]).generate_state(1)[0]) if parts else seed
        part = _call(generate, n, again, conditions)
        if not count(part):
            raise UserError(f"{name_of(generate)}({n}) returned no items: it must return at least one.")
        parts.append(part)
        have += count(part)
    items = join(parts)
    return items if have == n else take(items, slice(0, n))


def _call(generate: Callable, n: int, seed: int, conditions: dict):
    try:
        if accepts(generate, "seed"):
            return generate(n, seed=seed, **conditions)
        with seeded(seed):
            return generate(n, **conditions)
    except (TypeError, AttributeError, RuntimeError) as error:
        if not isinstance(generate, nn.Module):
            raise
        raise UserError(
            f"{name_of(generate)}({n}) failed ({type(error).__name__}: {error}): a generator is asked for n items; "
            "a network that takes noise is given as from_noise(network, latent) of gansmith.evaluate or gansmith.refine"
        ) from error


class from_noise:  # noqa: N801  (called as the function that it is to its users)
    """A network that turns noise into items, as a generator that is asked for `n` of them with a seed.

    network  z -> items, a module or any callable; a module runs in eval mode, without gradients, where its weights are
    latent   size of z for one item: 100, or (100, 1, 1); or a callable (n, torch.Generator) -> z
    prior    "normal" (standard) or "uniform" (-1 … 1), where `latent` is a size
    to_data  from what the network returns to the units of the data, such as lambda x: 127.5 * (x + 1)

    >>> compare("photos/", from_noise(network, 100, to_data=lambda x: (127.5 * (x + 1)).byte()))
    """

    def __init__(
        self,
        network: Callable,
        latent: int | tuple[int, ...] | Callable,
        *,
        prior: str = "normal",
        to_data: Callable | None = None,
        batch_size: int = 250,
    ):
        if prior not in ("normal", "uniform"):
            raise UserError(f"prior={prior!r}: choose normal or uniform, or pass latent=a function (n, rng) -> z")
        self.network, self.latent, self.prior, self.to_data = network, latent, prior, to_data
        self.batch_size = batch_size

    def __call__(self, n: int, seed: int = 0) -> torch.Tensor:
        """`n` items on the CPU; the same for the same seed."""
        rng = torch.Generator().manual_seed(seed)
        modules = modules_of(self.network)
        weights = next((p for module in modules for p in module.parameters()), torch.empty(0))
        made = []
        with evaluating(modules), seeded(seed):
            for z in self.noise(n, rng).split(self.batch_size):
                items = self.network(z.to(weights.device, weights.dtype))
                made.append((self.to_data(items) if self.to_data else items).detach().cpu())
        return torch.cat(made)

    def noise(self, n: int, rng: torch.Generator) -> torch.Tensor:
        if callable(self.latent):
            return self.latent(n, rng)
        shape = (n, self.latent) if isinstance(self.latent, int) else (n, *self.latent)
        return torch.randn(shape, generator=rng) if self.prior == "normal" else 2 * torch.rand(shape, generator=rng) - 1


def accepts(function: Callable, name: str) -> bool:
    """Does the callable name this parameter?"""
    function = function.forward if isinstance(function, nn.Module) else function
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in callables hide their signature
        return False


def modules_of(*callables) -> list[nn.Module]:
    """The callables that are modules, and the modules whose methods they are."""
    owners = [getattr(f, "__self__", f) for f in callables]
    return [m for m in owners if isinstance(m, nn.Module)]


@contextmanager
def evaluating(modules: list[nn.Module]) -> Iterator[None]:
    """No gradients, and every module in eval mode; each submodule gets its own mode back, frozen layers included."""
    before = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        with torch.no_grad():
            yield
    finally:
        for part, mode in before:
            part.training = mode


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global generators of torch, NumPy and Python started from `seed`, and given back as they were."""
    state, python_state = np.random.get_state(), random.getstate()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
            yield
    finally:
        np.random.set_state(state)
        random.setstate(python_state)


def name_of(function: Callable) -> str:
    """What a message calls it: `sample` of a game is GAN.sample."""
    name = getattr(function, "__name__", type(function).__name__)
    owner = getattr(function, "__self__", None)
    return name if owner is None or inspect.ismodule(owner) else f"{type(owner).__name__}.{name}"
