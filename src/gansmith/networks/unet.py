"""The U-Net of pix2pix (Isola et al. 2017, appendix 6.1): an encoder to a single point, a decoder back, and every level
of the one joined to the same level of the other. Any channels, height and width.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.patch import INSTANCE, start


class UNet(nn.Module):
    """(n, inside, H, W) to (n, outside, H, W) in −1 … 1, float32.

    Pictures are halved, rounding up, until a side is 1 pixel, at most eight times: 4×4 convolutions of stride 2 with
    channels doubling up to 8·width, leaky ReLU of .2, a norm but in the first and the innermost; then transposed ones
    with ReLU, dropout of .5 in the first three, the encoder's maps beside the decoder's.
    Dropout is the only noise: it acts whenever `noise` is true, also in eval mode.
    """

    def __init__(self, inside: int, outside: int, size: tuple[int, int], width: int = 64, *, norm=INSTANCE):
        super().__init__()
        self.grids = _halvings(size)
        depth = len(self.grids) - 1
        channels = [width * min(2**i, 8) for i in range(depth)]
        norms = [norm(c) if 0 < i < depth - 1 else nn.Identity() for i, c in enumerate(channels)]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise([inside, *channels]))
        self.down_norms = nn.ModuleList(norms)
        ends = [outside, *channels[:-1]]  # of the decoder's levels, the finest first
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(c if i == depth - 1 else 2 * c, ends[i], 4, 2, 1) for i, c in enumerate(channels)
        )
        self.up_norms = nn.ModuleList(norm(c) if i else nn.Identity() for i, c in enumerate(ends))
        self.noise = True
        self.apply(start)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        for i, (conv, norm) in enumerate(zip(self.down, self.down_norms, strict=True)):
            x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))
            x = norm(conv(F.leaky_relu(x, 0.2) if i else x))
            levels.append(x)
        depth = len(levels)
        for i in reversed(range(depth)):
            height, width = self.grids[i]
            x = x if i == depth - 1 else torch.cat([x, levels[i]], 1)
            x = self.up_norms[i](self.up[i](F.relu(x))[:, :, :height, :width])
            if i > 0 and depth - 1 - i < 3:
                x = F.dropout(x, 0.5, training=self.noise)
        return torch.tanh(x).float()


def _halvings(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Grids from `size` down, each half the one before, rounded up, until a side is 1; at most eight halvings."""
    grids = [tuple(size)]
    while min(grids[-1]) > 1 and len(grids) < 9:
        height, width = grids[-1]
        grids.append(((height + 1) // 2, (width + 1) // 2))
    return grids
