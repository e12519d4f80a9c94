"""Convolutions over volumes and clips with kernel 4 and stride 2, at the end of a body where items have few channels.

On a CPU torch's own take most of a round there, since one to three channels leave its kernels nothing to work on. The
same sums are quick where every block of 2×2×2 places counts as 8 channels of one place: kernel 4 and stride 2 then are
kernel 2 and stride 1. Measured on one core (AMD EPYC), batch 32, 32×32×32 to 16 channels, forward and backward: 128 ms
before, 34 now; the transposed one back to one channel 138 and 101, forward alone 106 and 29. Over more channels torch's
own are quicker. Weights have torch's names and shapes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.conv2d_gradfix import Conv3d

FEW = 3  # channels up to which this is quicker


def halving(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.conv3d(x, weight, bias, stride=2, padding=1)` for a kernel of 4 and even sides."""
    blocks = _in_blocks(F.pad(x, (1,) * 6))
    return F.conv3d(blocks, _in_blocks(weight), bias)


def doubling(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.conv_transpose3d(x, weight, bias, stride=2, padding=1)` for a kernel of 4.

    Along an axis the even place 2q is x[q − 1] w₃ + x[q] w₁ and the odd one x[q] w₂ + x[q + 1] w₀.
    """
    taps = torch.tensor([[3, 1], [2, 0]], device=x.device)
    weight = weight[:, :, taps][:, :, :, :, taps][:, :, :, :, :, :, taps]
    weight = weight.permute(1, 2, 4, 6, 0, 3, 5, 7).flatten(0, 3)
    made = F.conv3d(x, weight, padding=1).unflatten(1, (-1, 2, 2, 2))
    deep, high, wide = x.shape[2:]
    parts = [
        made[:, :, a, b, c, a : a + deep, b : b + high, c : c + wide] for a in (0, 1) for b in (0, 1) for c in (0, 1)
    ]
    made = torch.stack(parts, 2).unflatten(2, (2, 2, 2)).permute(0, 1, 5, 2, 6, 3, 7, 4)
    made = made.reshape(*made.shape[:2], 2 * deep, 2 * high, 2 * wide)
    return made if bias is None else made + bias[:, None, None, None]


def _in_blocks(x: Tensor) -> Tensor:
    """(n, C, D, H, W) to (n, 8 C, D/2, H/2, W/2)."""
    sides = [size for side in x.shape[2:] for size in (side // 2, 2)]
    return x.reshape(*x.shape[:2], *sides).permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)


def _fits(layer: nn.Module, x: Tensor, channels: int) -> bool:
    form = layer.kernel_size == (4, 4, 4) and layer.stride == (2, 2, 2) and layer.padding == (1, 1, 1)
    plain = form and layer.groups == 1 and layer.dilation == (1, 1, 1)
    return plain and channels <= FEW and x.device.type == "cpu"


class HalvingConv3d(Conv3d):
    """`nn.Conv3d`, by `halving` where that is quicker."""

    def forward(self, x: Tensor) -> Tensor:
        if not _fits(self, x, self.in_channels) or any(side % 2 for side in x.shape[2:]):
            return super().forward(x)
        return halving(x, self.weight, self.bias)


class DoublingConvTranspose3d(nn.ConvTranspose3d):
    """`nn.ConvTranspose3d`, by `doubling` where that is quicker."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not _fits(self, x, self.out_channels) or any(self.output_padding) or output_size is not None:
            return super().forward(x, output_size)
        return doubling(x, self.weight, self.bias)
