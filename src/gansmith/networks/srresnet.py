"""SRResNet and its discriminator (Ledig et al. 2017, figure 4), and the frozen net whose features are compared."""

from __future__ import annotations

import math
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from gansmith.networks.blocks import Discriminator
from gansmith.networks.convolutional import init


class SRResNet(nn.Module):
    """(n, channels, h, w) to (n, channels, scale·h, scale·w) in network units, float32; any size, fully convolutional.

    c9-width, `blocks` residual blocks, a long skip, one pixel shuffle for each doubling, c9. One slope a PReLU. At
    ×4 with the default width and blocks 1,549,462 parameters. What is added to a skip starts at zero (Goyal et al.
    2017), the other weights as He et al. 2015 start them: the way from picture to picture is learned first.
    """

    def __init__(self, channels: int, scale: int = 4, width: int = 64, blocks: int = 16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.joined = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        self.up = nn.Sequential(
            *(
                layer
                for _ in range(round(math.log2(scale)))
                for layer in (nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())
            )
        )
        self.last = nn.Conv2d(width, channels, 9, padding=4)
        self.apply(partial(init, norm="none"))
        for added in (self.joined, *(block.body for block in self.blocks)):
            nn.init.zeros_(added[-1].weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.last(self.up(x + self.joined(self.blocks(x)))).float()


class ResidualBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class SRDiscriminator(Discriminator):
    """Eight 3×3 convolutions, every second of stride 2, leaky ReLU of .2, batch norm after the first; a dense layer.

    norm  "batch", or "none" where a penalty on the gradient at each item takes its place
    """

    def __init__(self, shape: tuple[int, int, int], width: int = 64, norm: str = "batch"):
        super().__init__(16 * width)
        layers, inside = [], shape[0]
        for i in range(8):
            outside = width * 2 ** (i // 2)
            layers += [
                nn.Conv2d(inside, outside, 3, 1 + i % 2, 1),
                *([nn.BatchNorm2d(outside)] if i and norm == "batch" else []),
            ]
            layers, inside = [*layers, nn.LeakyReLU(0.2)], outside
        flat = inside * math.ceil(shape[1] / 16) * math.ceil(shape[2] / 16)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, 16 * width), nn.LeakyReLU(0.2))

    def features(self, x: Tensor) -> Tensor:
        return self.body(x)


class FrozenFeatures(nn.Module):
    """SqueezeNet 1.1's convolutions (Iandola et al. 2016): (n, 1|3, H, W) in −1 … 1 to (n, 512, ~H/16, ~W/16), or as
    far as its first `layers` go: the SHALLOW ones to (n, 128, ~H/4, ~W/4).

    Random, always the same way, until weights are loaded; never trained.
    """

    SHALLOW: ClassVar[int] = 5
    DEEP: ClassVar[int] = 13

    def __init__(self, layers: int = DEEP):
        super().__init__()
        self.layers = layers
        from torchvision.models import squeezenet1_1

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.body = squeezenet1_1(weights=None).features
        self.register_buffer("mean", torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, :3]
        x = 127.5 * (x.flip(1) + 1) - self.mean  # blue, green, red, as those weights were trained
        return self.body[: self.layers](x)
