"""A small convolutional variational auto-encoder: pictures to a coarser grid of a few channels, and back. What Stable
Diffusion's (Rombach et al. 2022, https://arxiv.org/abs/2112.10752) is to pictures of 256 pixels, without its attention
and at a width that two cores can train.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

MOST = 4  # times as many channels at the coarsest grid as at the finest


class Encoder(nn.Module):
    """(n, C, H, W), sides multiples of 2^`halvings`, to means and log-variances (n, 2·channels, H/2^…, W/2^…)."""

    def __init__(self, inside: int, channels: int, halvings: int, width: int = 32):
        super().__init__()
        sizes = [inside, *widths(width, halvings)]
        layers = [part for a, b in pairwise(sizes) for part in (nn.Conv2d(a, b, 4, 2, 1), Refine(b))]
        self.layers = nn.Sequential(*layers, nn.SiLU(), nn.Conv2d(sizes[-1], 2 * channels, 3, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.layers(x).float().chunk(2, 1)
        return mean, log_variance.clamp(-20, 10)


class Decoder(nn.Module):
    """`Encoder` mirrored: (n, channels, h, w) to (n, outside, h·2^…, w·2^…), unbounded, float32."""

    def __init__(self, outside: int, channels: int, halvings: int, width: int = 32):
        super().__init__()
        sizes = [*widths(width, halvings)[::-1], outside]
        layers = [
            part for a, b in pairwise(sizes) for part in (Refine(a), nn.SiLU(), nn.ConvTranspose2d(a, b, 4, 2, 1))
        ]
        self.layers = nn.Sequential(nn.Conv2d(channels, sizes[0], 3, 1, 1), *layers)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).float()


class Refine(nn.Module):
    """x + two 3×3 convolutions, each behind a norm of each item and SiLU."""

    def __init__(self, width: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            y = conv(F.silu(norm(y)))
        return x + y


def widths(width: int, halvings: int) -> list[int]:
    """Channels of each grid, finest first."""
    return [width * min(2**i, MOST) for i in range(halvings)]
