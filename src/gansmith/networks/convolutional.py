"""The DCGAN bodies (Radford, Metz & Chintala 2016): strided convolutions, for any channels, height and width.

Kernels are 4, strides 2, padding 1, so that every output pixel is touched by equally many weights (a kernel of 5
draws checkerboards). A picture is halved, rounding up, until its longer side is at most 4; where a side is odd the
critic pads one row or column of zeros and the generator crops one. Channels double as the side halves, up to 8·width.

At 3×64×64 with a latent of 100 and width 64 these are the networks of the Torch release: 3,576,704 and 2,765,568
parameters.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator, Generator, flat
from gansmith.networks.conv2d_gradfix import Conv2d, ConvTranspose2d

NORMS = {
    "batch": nn.BatchNorm2d,
    "layer": lambda channels: nn.GroupNorm(1, channels),  # per sample: allowed beside a gradient penalty
    "none": lambda channels: nn.Identity(),
}


class ConvGenerator(Generator):
    """A linear map onto the coarsest grid, transposed convolutions with ReLU and a norm before each, then tanh."""

    def __init__(
        self, latent: int, shape: tuple[int, int, int], width: int = 64, classes: int = 0, *, norm: str = "batch"
    ):
        super().__init__(latent, classes)
        make = norm_layer(norm)
        self.grids = halvings(shape[1:])[::-1]
        channels = [min(2**i, 8) * width for i in range(len(self.grids) - 1)][::-1] + [shape[0]]
        self.first = (channels[0], *self.grids[0])
        self.linear = nn.Linear(self.inputs, prod(self.first), bias=norm == "none")
        self.norms = nn.ModuleList(make(c) for c in channels[:-1])
        self.convs = nn.ModuleList(ConvTranspose2d(a, b, 4, 2, 1, bias=norm == "none") for a, b in pairwise(channels))
        self.apply(partial(init, norm=norm))

    def body(self, z: Tensor) -> Tensor:
        x = self.linear(z).unflatten(1, self.first)
        for norm, conv, (height, width) in zip(self.norms, self.convs, self.grids[1:], strict=True):
            x = conv(F.relu(norm(x)))[:, :, :height, :width]
        return torch.tanh(x)


class ConvDiscriminator(Discriminator):
    """Convolutions with leaky ReLU of .2, the norm in all but the first, and one linear score over the coarsest map.

    norm  "batch" as in the paper (its scores then depend on the whole batch), "layer", or "none" (for WGAN-GP and R1)
    """

    def __init__(self, shape: tuple[int, int, int], width: int = 64, classes: int = 0, *, norm: str = "batch"):
        make = norm_layer(norm)
        grids = halvings(shape[1:])
        channels = [shape[0]] + [min(2**i, 8) * width for i in range(len(grids) - 1)]
        super().__init__(channels[-1] * prod(grids[-1]), classes, bias=norm == "none")
        self.odd = [(w % 2, h % 2) for h, w in grids[:-1]]
        self.convs = nn.ModuleList(Conv2d(a, b, 4, 2, 1, bias=norm == "none") for a, b in pairwise(channels))
        self.norms = nn.ModuleList(make(c) if i else nn.Identity() for i, c in enumerate(channels[1:]))
        self.apply(partial(init, norm=norm))

    def features(self, x: Tensor) -> Tensor:
        for conv, norm, (right, below) in zip(self.convs, self.norms, self.odd, strict=True):
            if right or below:
                x = F.pad(x, (0, right, 0, below))
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return flat(x)


class ConvEncoder(ConvDiscriminator):
    """(n, C, H, W) to (n, outputs): the critic's convolutions with a linear layer in place of its score."""

    def __init__(self, shape: tuple[int, int, int], outputs: int, width: int = 64, *, norm: str = "batch"):
        super().__init__(shape, width, norm=norm)
        self.score = nn.Linear(self.score.in_features, outputs)
        init(self.score, norm)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.features(x)).float()


def halvings(size: tuple[int, int], coarsest: int = 4) -> list[tuple[int, int]]:
    """At least two grids from `size` down, each half the one before, rounded up, until no side is above `coarsest`."""
    grids = [tuple(size)]
    while len(grids) < 2 or max(grids[-1]) > coarsest:
        height, width = grids[-1]
        grids.append(((height + 1) // 2, (width + 1) // 2))
    return grids


def norm_layer(name: str):
    if name not in NORMS:
        raise UserError(f"there is no norm {name!r}; choose one of {', '.join(map(repr, NORMS))}.")
    return NORMS[name]


def init(module: nn.Module, norm: str = "batch") -> None:
    """Weights N(0, .02), norm scales N(1, .02), shifts 0, as in the paper; He's normal weights where no norm follows,
    since there a signal started at .02 would fade from layer to layer.
    """
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        if norm == "none":
            inputs = module.weight[0].numel() if not isinstance(module, nn.ConvTranspose2d) else module.in_channels * 4
            nn.init.normal_(module.weight, 0.0, (2 / inputs) ** 0.5)
        else:
            nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
