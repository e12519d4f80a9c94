"""From an item through a narrow middle to an item: the translators of DiscoGAN (Kim et al. 2017, section 3.3)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.convolutional import crop, halvings, init, padded
from gansmith.networks.mlp import hidden


class EncoderDecoder(nn.Module):
    """(n, inside, H, W) to (n, outside, H, W) in −1 … 1, float32, of one size from 8 pixels on.

    Convolutions of 4 with stride 2 until no side is above 4 (leaky ReLU of .2, batch norm in all but the first), and as
    many transposed ones back (ReLU, batch norm), tanh at the end; channels double up to 8·width. No skip connects the
    two halves.
    """

    def __init__(self, inside: int, outside: int, size: tuple[int, int], width: int = 64):
        super().__init__()
        self.grids = halvings(size, 4)
        widths = [min(2**i, 8) * width for i in range(len(self.grids) - 1)]
        conv = {"kernel_size": 4, "stride": 2, "padding": 1}
        self.down = nn.ModuleList(nn.Conv2d(a, b, **conv) for a, b in pairwise([inside, *widths]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, **conv) for a, b in pairwise([*widths[::-1], outside]))
        self.down_norms = nn.ModuleList(nn.BatchNorm2d(c) if i else nn.Identity() for i, c in enumerate(widths))
        self.up_norms = nn.ModuleList(nn.BatchNorm2d(c) for c in widths[-2::-1])
        self.apply(partial(init, norm="batch"))

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.down, self.down_norms, strict=True):
            x = F.leaky_relu(norm(conv(padded(x, 2))), 0.2)
        for i, (conv, grid) in enumerate(zip(self.up, self.grids[-2::-1], strict=True)):
            x = crop(conv(x), grid)
            x = F.relu(self.up_norms[i](x)) if i < len(self.up_norms) else x
        return torch.tanh(x).float()


class PerceptronMap(nn.Sequential):
    """(n, inside) to (n, outside): `depth` ReLU layers of `width` and a linear one, for points."""

    def __init__(self, inside: int, outside: int, width: int = 128, depth: int = 3):
        super().__init__(*hidden(inside, width, depth, nn.ReLU), nn.Linear(width, outside))


class LayeredDiscriminator(nn.Module):
    """Items (n, …) to scores (n,), and what each layer before the last made of them: [(n, …), …].

    Pictures: convolutions of 4 with stride 2 until no side is above 4, leaky ReLU of .2, batch norm in all but the
    first. Points: three ReLU layers.
    """

    def __init__(self, shape: tuple[int, ...], width: int = 64):
        super().__init__()
        if len(shape) == 1:
            steps = [nn.Sequential(nn.Linear(a, width), nn.ReLU()) for a in (shape[0], width, width)]
            last = width
        else:
            grids = halvings(shape[1:], 4)
            widths = [shape[0], *(min(2**i, 8) * width for i in range(len(grids) - 1))]
            steps = [
                nn.Sequential(
                    nn.Conv2d(a, b, 4, 2, 1), *([nn.BatchNorm2d(b)] if i else []), nn.LeakyReLU(0.2)
                )
                for i, (a, b) in enumerate(pairwise(widths))
            ]  # fmt: skip
            last = widths[-1] * grids[-1][0] * grids[-1][1]
        self.steps, self.score = nn.ModuleList(steps), nn.Linear(last, 1)
        if len(shape) > 1:
            self.apply(partial(init, norm="batch"))

    def layers(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(scores, the layers behind the first, or that one where there is no other)."""
        seen = []
        for step in self.steps:
            x = step(padded(x, 2) if x.dim() == 4 else x)
            seen.append(x)
        return self.score(x.flatten(1)).float().squeeze(1), seen[1:] or seen

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)[0]
