"""Networks between words and pictures."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator
from gansmith.networks.convolutional import init


class TextEncoder(nn.Module):
    """(n, captions, words) word numbers, 0 for none, to (n, width): the mean of the words' vectors through two layers,
    the mean over captions, brought to length √width.
    """

    def __init__(self, vocabulary: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(vocabulary + 1, width, padding_idx=0)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, width))

    def forward(self, text: Tensor) -> Tensor:
        count = (text > 0).sum(-1, keepdim=True).clamp(min=1)
        vector = self.layers(self.embed(text).sum(-2) / count).mean(1)
        return F.normalize(vector, dim=1) * vector.shape[1] ** 0.5


class TextReader(nn.Module):
    """Word numbers (n, words), 0 from the end on, to (n, width): the state of an LSTM after the last word."""

    def __init__(self, vocabulary: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(vocabulary + 1, width)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def forward(self, text: Tensor) -> Tensor:
        seen = self.lstm(self.embed(text))[0]
        last = (text > 0).sum(1).clamp(min=1) - 1
        return seen[torch.arange(len(text), device=text.device), last]


class ImageEncoder(nn.Module):
    """Pictures (n, C, H, W) to (n, width) of length √width: what a caption's vector is matched with."""

    def __init__(self, shape: tuple[int, int, int], width: int, channels: int = 32):
        super().__init__()
        self.body = Halvings(shape, channels, norm=False)
        self.last = nn.Linear(self.body.out * prod(self.body.grid), width)

    def forward(self, x: Tensor) -> Tensor:
        vector = self.last(self.body(x).flatten(1))
        return F.normalize(vector, dim=1) * vector.shape[1] ** 0.5


class TextDiscriminator(Discriminator):
    """(pictures, (n, text) vectors of their captions) to (n,) scores, float32.

    The picture is halved to about 4×4 before the text, brought to `embedding` numbers, is laid beside every place of it
    (Reed et al. 2016, figure 2): words that enter early are ignored. What joins them has no batch norm, unlike the
    paper's: a batch fits its captions as a whole or as a whole does not, and the batch's mean is just what says so.
    """

    def __init__(self, shape: tuple[int, int, int], text: int, width: int = 64, embedding: int = 128):
        body = Halvings(shape, width, norm=True)
        super().__init__(body.out * prod(body.grid))
        self.body, both = body, body.out
        self.text_embedding = nn.Sequential(nn.Linear(text, embedding), nn.LeakyReLU(0.2))
        self.joined = nn.Sequential(nn.Conv2d(both + embedding, both, 1), nn.LeakyReLU(0.2))
        self.apply(init)
        nn.init.kaiming_normal_(self.joined[0].weight, 0.2)  # no norm makes up for small weights

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        return self.score_maps(self.body(x), text)

    def score_maps(self, maps: Tensor, text: Tensor) -> Tensor:
        """Scores (n,) of the body's maps of pictures and a text each, so that several texts take one pass."""
        embedding = self.text_embedding(text)[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return self.judge(self.joined(torch.cat([maps, embedding], 1)).flatten(1))


class Halvings(nn.Module):
    """Strided 4×4 convolutions with leaky ReLU until no side is above 4; `out` channels on a `grid` come out."""

    def __init__(self, shape: tuple[int, int, int], width: int, *, norm: bool):
        super().__init__()
        grid, sizes = tuple(shape[1:]), [shape[0]]
        while len(sizes) == 1 or (max(grid) > 4 and min(grid) > 1):
            grid = grid[0] // 2, grid[1] // 2
            sizes.append(width * min(2 ** (len(sizes) - 1), 8))
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            layers += [nn.Conv2d(a, b, 4, 2, 1), *([nn.BatchNorm2d(b)] if norm and i else []), nn.LeakyReLU(0.2)]
        self.layers, self.grid, self.out = nn.Sequential(*layers), grid, sizes[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
