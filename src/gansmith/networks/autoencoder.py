"""BEGAN's bodies (Berthelot et al. 2017): 3×3 convolutions with ELU and no norm, for any channels, height and width.

A grid is halved until no side is above 8. The generator, which is also the decoder of the critic, has as many channels
everywhere; the encoder gains `width` more with each halving.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from gansmith.networks.blocks import Generator
from gansmith.networks.convolutional import halvings


class EluGenerator(Generator):
    """A linear map onto the coarsest grid, two convolutions at every grid, nearest up-sampling between, one last."""

    def __init__(self, latent: int, shape: tuple[int, int, int], width: int = 64):
        super().__init__(latent)
        self.grids = halvings(shape[1:], coarsest=8)[::-1]
        self.first = (width, *self.grids[0])
        self.linear = nn.Linear(latent, prod(self.first))
        self.pairs = nn.ModuleList(two(width) for _ in self.grids)
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)

    def body(self, z: Tensor) -> Tensor:
        x = self.pairs[0](self.linear(z).unflatten(1, self.first))
        for pair, (height, width) in zip(self.pairs[1:], self.grids[1:], strict=True):
            n, channels, h, w = x.shape
            # Expanding is several times faster on a CPU than interpolate.
            x = x[:, :, :, None, :, None].expand(n, channels, h, 2, w, 2).reshape(n, channels, 2 * h, 2 * w)
            x = pair(x[:, :, :height, :width])
        return self.last(x)


class AutoencoderDiscriminator(nn.Module):
    """An auto-encoder whose score of an item is minus how badly it rebuilds it: −mean |x − D(x)|, (n,)."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64, code: int = 64):
        super().__init__()
        grids = halvings(shape[1:], coarsest=8)
        channels = [width * (i + 1) for i in range(len(grids))]
        layers = [nn.Conv2d(shape[0], width, 3, padding=1), nn.ELU(), two(width)]
        for a, b in pairwise(channels):
            layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ELU(), two(b)]
        self.encode = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * prod(grids[-1]), code))
        self.decode = EluGenerator(code, shape, width)

    def rebuild(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return -(x - self.rebuild(x)).abs().flatten(1).mean(1)


def two(channels: int) -> nn.Sequential:
    layers = (nn.Conv2d(channels, channels, 3, padding=1), nn.Conv2d(channels, channels, 3, padding=1))
    return nn.Sequential(layers[0], nn.ELU(), layers[1], nn.ELU())
