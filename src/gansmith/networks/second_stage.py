"""From a small picture and what is wanted of it to a larger one: the second stage of StackGAN, and its text."""

from __future__ import annotations

from functools import partial
from math import log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.convolutional import halvings, init, padded, repeat


class ConditioningAugmentation(nn.Module):
    """Text (n, text) to the mean and log deviation, (n, width) each, of the normal law that a condition is drawn from
    (Zhang et al. 2017, section 3.2): captions of which there are few become a region of which there is plenty."""

    def __init__(self, text: int, width: int = 128):
        super().__init__()
        self.linear = nn.Linear(text, 2 * width)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_deviation = self.linear(text).float().chunk(2, 1)
        return mean, log_deviation


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) of each number, in nats: ½ (μ² + σ² − 1) − log σ."""
    return (mean.square() + (2 * log_deviation).exp() - 1) / 2 - log_deviation


class SecondStage(nn.Module):
    """Pictures (n, C, h, w) in −1 … 1 and conditions (n, condition) to pictures (n, C, scale·h, scale·w), float32.

    Two halvings, the condition laid beside every place, `blocks` residual blocks, then doublings with 3×3 convolutions
    that halve the channels; ReLU and batch norm throughout, tanh at the end. Any size from 4 pixels on.
    """

    def __init__(self, shape: tuple[int, int, int], scale: int, condition: int, width: int = 64, blocks: int = 4):
        super().__init__()
        small = tuple(shape[1:])
        self.grids = halvings(small, max(1, -(-max(small) // 4)))[1:][::-1] + [
            tuple(2**i * side for side in small) for i in range(round(log2(scale)) + 1)
        ]
        wide = 4 * width
        self.down = nn.Sequential(
            nn.Conv2d(shape[0], width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.Conv2d(2 * width, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(),
        )  # fmt: skip
        self.join = nn.Sequential(
            nn.Conv2d(wide + condition, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(wide, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(),
                nn.Conv2d(wide, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide),
            )
            for _ in range(blocks)
        )  # fmt: skip
        widths = [max(wide // 2**i, width // 2, 1) for i in range(len(self.grids))]
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in zip(widths, widths[1:])
        )
        self.last = nn.Conv2d(widths[-1], shape[0], 3, padding=1)
        self.apply(partial(init, norm="batch"))

    def forward(self, small: Tensor, condition: Tensor) -> Tensor:
        x = self.down(padded(small, 4))
        beside = condition[:, :, None, None].expand(-1, -1, *x.shape[2:])
        x = self.join(torch.cat([x, beside], 1))
        for block in self.blocks:
            x = F.relu(x + block(x))
        for up, grid in zip(self.up, self.grids[1:], strict=True):
            x = up(repeat(x, 2, grid))
        return torch.tanh(self.last(x)).float()
