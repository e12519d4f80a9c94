"""MidiNet's networks: a bar of melody from noise, its chord and the bar before; and what tells such bars from real.

A bar is (n, pitches, steps), 0 … 1. The paper's kernels span all pitches at once or none, so its maps are one pitch
wide and its convolutions are these, in time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHORD = 13  # numbers that say which chord: one for each root, and whether it is minor; all 0 for none
MAPS = 16  # of the conditioner, of each size
FOLDS = 3  # times that a bar is halved, where its steps allow it


def halvings(steps: int) -> int:
    """How often a bar of so many steps is halved: at most FOLDS times, and not to less than two steps."""
    count = 0
    while count < FOLDS and steps % 2 ** (count + 1) == 0 and steps // 2 ** (count + 1) >= 2:
        count += 1
    return count


def chord_code(chord: Tensor) -> Tensor:
    """Chords (…,) 0 … 11 major, 12 … 23 minor, 24 none, as (…, 13)."""
    there = (chord < 24).float()[..., None]
    return torch.cat([F.one_hot(chord % 12, 12) * there, ((chord >= 12) & (chord < 24)).float()[..., None]], -1)


class BarGenerator(nn.Module):
    """(noise (n, latent), chord (n, 13), the bar before) to a bar: a generator CNN whose layers are given, at their own
    size, what the conditioner CNN made of the bar before."""

    def __init__(self, latent: int, pitches: int, steps: int, width: int, hidden: int):
        super().__init__()
        self.folds = halvings(steps)
        self.base, self.width = steps >> self.folds, width
        before = [nn.Conv1d(pitches, MAPS, 1, bias=False)]
        before += [nn.Conv1d(MAPS, MAPS, 2, 2, bias=False) for _ in range(self.folds)]
        self.conditioner = nn.ModuleList(
            nn.Sequential(conv, nn.BatchNorm1d(MAPS), nn.LeakyReLU(0.2)) for conv in before
        )
        self.first = nn.Sequential(nn.Linear(latent + CHORD, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU())
        self.second = nn.Sequential(
            nn.Linear(hidden + CHORD, width * self.base, bias=False), nn.BatchNorm1d(width * self.base), nn.ReLU()
        )
        inside = width + CHORD + MAPS
        self.rises = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose1d(inside, width, 2, 2, bias=False), nn.BatchNorm1d(width), nn.ReLU())
            for _ in range(self.folds)
        )
        self.last = nn.Conv1d(inside, pitches, 1)

    def forward(self, z: Tensor, chord: Tensor, before: Tensor) -> Tensor:
        maps = [before]
        for layer in self.conditioner:
            maps.append(layer(maps[-1]))
        h = self.second(torch.cat([self.first(torch.cat([z, chord], 1)), chord], 1)).unflatten(
            1, (self.width, self.base)
        )
        told = lambda h, m: torch.cat([h, chord[..., None].expand(-1, -1, h.shape[2]), m], 1)  # noqa: E731
        for layer, map_ in zip(self.rises, maps[:1:-1]):
            h = layer(told(h, map_))
        return self.last(told(h, maps[1])).sigmoid()


class BarDiscriminator(nn.Module):
    """(a bar, its chord (n, 13)) to (raw scores (n,), the first layer's maps). It never sees the bar before."""

    def __init__(self, pitches: int, steps: int, hidden: int, maps: int = 14):
        super().__init__()
        kernel = min(2, steps)
        self.first = nn.Conv1d(pitches + CHORD, maps, kernel, 2)
        size = (steps - kernel) // 2 + 1
        kernel = min(4, size)
        self.second = nn.Sequential(
            nn.Conv1d(maps + CHORD, 77, kernel, 2, bias=False), nn.BatchNorm1d(77), nn.LeakyReLU(0.2), nn.Flatten()
        )
        inside = 77 * ((size - kernel) // 2 + 1)
        self.third = nn.Sequential(
            nn.Linear(inside + CHORD, hidden, bias=False), nn.BatchNorm1d(hidden), nn.LeakyReLU(0.2)
        )
        self.score = nn.Linear(hidden + CHORD, 1)

    def forward(self, bar: Tensor, chord: Tensor) -> tuple[Tensor, Tensor]:
        wide = lambda x: torch.cat([x, chord[..., None].expand(-1, -1, x.shape[2])], 1)  # noqa: E731
        maps = F.leaky_relu(self.first(wide(bar)), 0.2)
        h = self.third(torch.cat([self.second(wide(maps)), chord], 1))
        return self.score(torch.cat([h, chord], 1))[:, 0], maps
