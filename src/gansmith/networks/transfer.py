"""What a picture shows as a few numbers, and a discriminator of three answers: for DTN (Taigman et al. 2017)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from gansmith.networks.convolutional import halvings, init, padded


class Strided(nn.Module):
    """Pictures (n, C, H, W) to (n, outside), float32: convolutions of 4 with stride 2 until no side is above 4, batch
    norm in all but the first, then one over the whole of the last grid. Channels double up to 4·width.
    """

    def __init__(self, shape: tuple[int, int, int], outside: int, width: int, act: type[nn.Module] | partial):
        super().__init__()
        grids = halvings(shape[1:], 4)
        channels = [shape[0], *(min(2**i, 4) * width for i in range(len(grids) - 1))]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(channels))
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) if i else nn.Identity() for i, c in enumerate(channels[1:]))
        self.act, self.last = act(), nn.Linear(channels[-1] * grids[-1][0] * grids[-1][1], outside)
        self.apply(partial(init, norm="batch"))

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = self.act(norm(conv(padded(x, 2))))
        return self.last(x.flatten(1)).float()


class Content(nn.Module):
    """f: pictures of the source's channels to (n, 2·width) in −1 … 1. A grey picture is shown to a net of colours three
    times over, a coloured one to a net of grey as its mean."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64):
        super().__init__()
        self.channels, self.outside = shape[0], 2 * width
        self.body = Strided(shape, self.outside, width, nn.ReLU)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.channels:
            x = x.mean(1, keepdim=True).expand(-1, self.channels, -1, -1)
        return self.body(x).tanh()


class TernaryDiscriminator(Strided):
    """Pictures to three logits (n, 3): made from the source, made from the target, a true one of the target."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64):
        super().__init__(shape, 3, width, partial(nn.LeakyReLU, 0.2))
