"""Feature spaces of music, in which samples are compared with real phrases."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.kinds.music import measures


class Statistics:
    """Phrases to (n, d): what each track plays, when, how much, how high and how long (`measures.statistics`)."""

    name = "music-statistics"

    def __init__(self, form):
        self.form = form

    def __call__(self, items) -> np.ndarray:
        return measures.statistics(np.asarray(items), self.form)


class RandomRoll(nn.Module):
    """A frozen, never trained net of convolutions over time and pitch, (n, tracks, steps, pitches) to (n, 256): unlike
    `Statistics` it knows what sounds together and what comes first. It ranks models of the same data and means nothing
    across data sets."""

    name = "random-roll"

    def __init__(self, tracks: int):
        super().__init__()
        sizes = (tracks, 32, 64)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, (5, 13), (2, 3), (2, 6)) for a, b in zip(sizes, sizes[1:]))
        for name, values in self.convs.named_parameters():
            nn.init.zeros_(values) if name.endswith("bias") else nn.init.kaiming_normal_(values, a=0.2)

    def forward(self, items: Tensor) -> Tensor:
        x = items.float()
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return F.adaptive_avg_pool2d(x, (4, 1)).flatten(1)


@cache
def random_network(tracks: int) -> RandomRoll:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RandomRoll(tracks).eval().requires_grad_(False)
