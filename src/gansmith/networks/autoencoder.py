"""BEGAN's bodies (Berthelot et al. 2017): convolutions of 3 with ELU and no norm, over one, two or three axes.

A grid is halved until no side is above 8 (a long signal is quartered, see `pyramid`). The generator, which is also the
decoder of the discriminator, has as many channels everywhere; the encoder gains `width` more with each halving.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from gansmith.networks.blocks import Generator
from gansmith.networks.convolutional import Pyramid, pyramid, repeat, stay


class EluGenerator(Generator):
    """A linear map onto the coarsest grid, two convolutions at every grid, nearest up-sampling between, one last."""

    def __init__(self, latent: int, shape: tuple[int, ...], width: int = 64):
        super().__init__(latent)
        steps = pyramid(shape[1:], coarsest=8)
        self.grids, self.stride = steps.grids[::-1], steps.stride
        self.first = (width, *self.grids[0])
        self.linear = nn.Linear(latent, prod(self.first))
        self.pairs = nn.ModuleList(two(width, steps) for _ in self.grids)
        self.last = stay(width, shape[0], steps)

    def body(self, z: Tensor) -> Tensor:
        x = self.pairs[0](self.linear(z).unflatten(1, self.first))
        for pair, grid in zip(self.pairs[1:], self.grids[1:], strict=True):
            x = pair(repeat(x, self.stride, grid))
        return self.last(x)


class AutoencoderDiscriminator(nn.Module):
    """An auto-encoder whose score of an item is minus how badly it rebuilds it: −mean |x − D(x)|, (n,)."""

    def __init__(self, shape: tuple[int, ...], width: int = 64, code: int = 64):
        super().__init__()
        steps = pyramid(shape[1:], coarsest=8)
        channels = [width * (i + 1) for i in range(len(steps.grids))]
        layers = [stay(shape[0], width, steps), nn.ELU(), two(width, steps)]
        for a, b in pairwise(channels):
            layers += [stay(a, b, steps, steps.stride), nn.ELU(), two(b, steps)]
        self.encode = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * prod(steps.grids[-1]), code))
        self.decode = EluGenerator(code, shape, width)

    def rebuild(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return -(x - self.rebuild(x)).abs().flatten(1).mean(1)


def two(channels: int, steps: Pyramid) -> nn.Sequential:
    layers = stay(channels, channels, steps), stay(channels, channels, steps)
    return nn.Sequential(layers[0], nn.ELU(), layers[1], nn.ELU())
