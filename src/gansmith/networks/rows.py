"""CTGAN's two players (Xu et al. 2019, section 4.4): a generator of rows, and a discriminator of packs of them."""

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


class PackDiscriminator(nn.Module):
    """Packs of rows laid end to end (n, pack · row) to scores (n,): too much likeness among the rows betrays fakes.

    shared  the first layer reads each row by itself, with the same weights, and the second all of them together; else
            the first one reads them together, and learns ten times what a row is (section 4.4)
    """

    def __init__(self, row: int, pack: int, hidden: int, dropout: float, shared: bool):
        super().__init__()
        self.row = row if shared else row * pack
        self.first = nn.Sequential(nn.Linear(self.row, hidden), nn.LeakyReLU(0.2), nn.Dropout(dropout))
        inside = hidden * pack if shared else hidden
        self.rest = nn.Sequential(
            nn.Linear(inside, hidden), nn.LeakyReLU(0.2), nn.Dropout(dropout), nn.Linear(hidden, 1)
        )

    def forward(self, packs: Tensor) -> Tensor:
        rows = self.first(packs.reshape(-1, self.row))
        return self.rest(rows.reshape(len(packs), -1))[:, 0]
