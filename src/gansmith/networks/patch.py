"""PatchGAN (Isola et al. 2017): a discriminator that scores every patch of a picture by itself, fully convolutional.

`layers` convolutions of 4 with stride 2, one with stride 1, one with stride 1 to a single channel; channels double up
to 8·width. Three layers see patches of 70 pixels, two of 34, one of 16; a 256² picture gets 30² scores.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from gansmith.networks.convolutional import init

INSTANCE = partial(nn.InstanceNorm2d, affine=True)  # each picture by itself: what batch norm is at batch size 1


class PatchDiscriminator(nn.Module):
    """(n, channels, H, W) in network units to (n, 1, h, w) raw scores, float32.

    norm  makes a norm from its number of channels, for all but the first and the last convolution
    """

    def __init__(self, channels: int, width: int = 64, layers: int = 3, *, norm=INSTANCE):
        super().__init__()
        sizes = [channels] + [width * min(2**i, 8) for i in range(layers + 1)]
        body: list[nn.Module] = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            body += [nn.Conv2d(a, b, 4, 2 if i < layers else 1, 1), *([norm(b)] if i else []), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*body, nn.Conv2d(sizes[-1], 1, 4, 1, 1))
        self.apply(start)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).float()


def patch_layers(size: tuple[int, int]) -> int:
    """How many for pictures of (height, width): the discriminator sees 70 pixels from 64 on, 34 from 24 on, else 16."""
    side = min(size)
    return 3 if side >= 64 else 2 if side >= 24 else 1


def start(module: nn.Module) -> None:
    """Weights N(0, .02), scales of norms N(1, .02), shifts 0: as both papers have it."""
    init(module)
    if isinstance(module, nn.InstanceNorm2d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
