"""CTGAN's two players (Xu et al. 2019, section 4.4): a generator of rows, and a critic of packs of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RowGenerator(nn.Module):
    """Noise and condition (n, latent + conditions) to words (n, width), before any squashing (section 4.4).

    Each hidden layer adds batch-normed ReLU units to what it was given.
    """

    def __init__(self, inside: int, outside: int, hidden: int, depth: int = 2):
        super().__init__()
        sizes = [inside + i * hidden for i in range(depth + 1)]
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(size, hidden), nn.BatchNorm1d(hidden), nn.ReLU()) for size in sizes[:-1]
        )
        self.last = nn.Linear(sizes[-1], outside)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([layer(x), x], 1)
        return self.last(x)


class PackCritic(nn.Module):
    """Packs of rows laid end to end (n, inside) to scores (n,): too much likeness among the rows betrays fakes."""

    def __init__(self, inside: int, hidden: int, dropout: float, depth: int = 2):
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [nn.Linear(hidden if i else inside, hidden), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden, 1))

    def forward(self, packs: Tensor) -> Tensor:
        return self.layers(packs)[:, 0]
