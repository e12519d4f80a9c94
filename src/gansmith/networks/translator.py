"""The residual translator of CycleGAN (after Johnson et al. 2016): two halvings, residual blocks, two doublings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.networks.patch import start


class Translator(nn.Module):
    """(n, inside, H, W) to (n, outside, H, W) in −1 … 1, float32; any size from 8 pixels on.

    c7s1-w, d2w, d4w, `blocks` residual blocks, u2w, uw, c7s1-outside, in the paper's words, with reflection padding,
    instance norm without scales, ReLU, and tanh at the end.
    """

    def __init__(self, inside: int, outside: int, width: int = 64, blocks: int = 9):
        super().__init__()
        w = width
        self.first = _step(nn.Conv2d(inside, w, 7, padding=3, padding_mode="reflect"))
        self.down = nn.ModuleList(_step(nn.Conv2d(c, 2 * c, 3, 2, 1)) for c in (w, 2 * w))
        self.blocks = nn.ModuleList(Block(4 * w) for _ in range(blocks))
        self.up = nn.ModuleList(_step(nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1)) for c in (4 * w, 2 * w))
        self.last = nn.Conv2d(w, outside, 7, padding=3, padding_mode="reflect")
        self.apply(start)

    def forward(self, x: Tensor) -> Tensor:
        sizes = []
        x = self.first(x)
        for down in self.down:
            sizes.append(x.shape[2:])
            x = down(x)
        for block in self.blocks:
            x = block(x)
        for up, (height, width) in zip(self.up, reversed(sizes), strict=True):
            x = up[1:](up[0](x)[:, :, :height, :width])
        return torch.tanh(self.last(x)).float()


class Block(nn.Module):
    """x + IN(conv(ReLU(IN(conv(x)))))."""

    def __init__(self, channels: int):
        super().__init__()
        one, two = (nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect") for _ in range(2))
        self.body = nn.Sequential(*_step(one), two, nn.InstanceNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def _step(conv: nn.Module) -> nn.Sequential:
    return nn.Sequential(conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU())
