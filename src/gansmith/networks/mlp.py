"""Perceptrons: for vectors, for toys whose density is known, and for the GAN of 2014."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from torch import Tensor, nn

from gansmith.networks.blocks import Discriminator, Generator


class MLPGenerator(Generator):
    """`depth` hidden layers of `width`, then a linear layer onto `shape`.

    activation  of the hidden layers, made anew for each
    output      what squashes the last layer: `nn.Tanh` for pictures in −1 … 1, None for anything unbounded
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        width: int = 128,
        depth: int = 3,
        classes: int = 0,
        *,
        activation: Callable[[], nn.Module] = nn.ReLU,
        output: Callable[[], nn.Module] | None = None,
    ):
        super().__init__(latent, classes)
        self.shape = tuple(shape)
        layers = hidden(self.inputs, width, depth, activation)
        layers += [nn.Linear(width if depth else self.inputs, prod(shape))]
        self.layers = nn.Sequential(*layers, *([output()] if output else []))

    def body(self, z: Tensor) -> Tensor:
        x = self.layers(z)
        return x if len(self.shape) == 1 else x.unflatten(1, self.shape)


class MLPDiscriminator(Discriminator):
    """The item laid flat, then `depth` hidden layers of `width`; the last of them is `features`.

    activation  of the hidden layers, made anew for each
    pieces      above 1, a maxout layer of that many linear pieces in place of each linear layer and its activation
    dropout     shares dropped before the first layer and before each later one (Goodfellow 2014 keeps .8 and .5)
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        width: int = 128,
        depth: int = 3,
        classes: int = 0,
        *,
        activation: Callable[[], nn.Module] = nn.ReLU,
        pieces: int = 1,
        dropout: tuple[float, float] = (0.0, 0.0),
    ):
        super().__init__(width if depth else prod(shape), classes)
        layers = hidden(prod(shape), width, depth, activation, pieces, dropout)
        self.layers = nn.Sequential(*layers)
        self.flat = len(shape) == 1

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x if self.flat else x.flatten(1))


class Maxout(nn.Module):
    """(n, inside) to (n, outside): the largest of `pieces` linear maps, for each output (Goodfellow 2013)."""

    def __init__(self, inside: int, outside: int, pieces: int):
        super().__init__()
        self.linear = nn.Linear(inside, outside * pieces)
        self.form = (outside, pieces)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(1, self.form).amax(2)


def hidden(
    inside: int,
    width: int,
    depth: int,
    activation: Callable[[], nn.Module],
    pieces: int = 1,
    dropout: tuple[float, float] = (0.0, 0.0),
) -> list[nn.Module]:
    """`depth` layers of `width`, linear with an activation or maxout; dropout before each and after the last."""
    layers: list[nn.Module] = []
    for i in range(depth):
        size = width if i else inside
        layers += [nn.Dropout(dropout[min(i, 1)])] if any(dropout) else []
        layers += [Maxout(size, width, pieces)] if pieces > 1 else [nn.Linear(size, width), activation()]
    return layers + ([nn.Dropout(dropout[1])] if any(dropout) else [])
