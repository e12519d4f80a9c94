"""The two feature spaces in which sequences are compared: a profile of n-grams, and a random convolution."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.kinds.symbols.measures import hashed

PROFILE = 64  # numbers of an n-gram profile, of each order


def numbers_of(ids: np.ndarray, symbols: int) -> np.ndarray:
    """(n, d) float32: the profile of n-grams (orders 1 to 3, hashed), then what a random convolution sees."""
    network = random_network(symbols)
    with torch.no_grad():
        seen = [network(torch.from_numpy(ids[i : i + 256].astype(np.int64))) for i in range(0, len(ids), 256)]
    profile = [hashed(ids, order, symbols, PROFILE) for order in (1, 2, 3)]
    return np.concatenate([*profile, torch.cat(seen).numpy() if seen else np.zeros((0, 128), np.float32)], 1)


class Part:
    """A part of the columns of `numbers_of`."""

    def __init__(self, name: str, start: int, stop: int | None):
        self.name, self.columns = name, slice(start, stop)

    def __call__(self, numbers) -> np.ndarray:
        return np.asarray(numbers)[:, self.columns]


class RandomConvolution(nn.Module):
    """A frozen, never trained net over random vectors of the symbols, ids (n, L) to (n, 128): mean and maximum over the
    sequence. It ranks models of the same data and means nothing across data sets."""

    def __init__(self, symbols: int, width: int = 64):
        super().__init__()
        self.embed = nn.Embedding(symbols + 1, 16, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv1d(16, width, 5, padding=4), nn.Conv1d(width, width, 5, 2, padding=4)])

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids).transpose(1, 2)
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return torch.cat([x.mean(2), x.amax(2)], 1)


@cache
def random_network(symbols: int) -> RandomConvolution:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RandomConvolution(symbols).eval().requires_grad_(False)


SPACES = Part("n-gram-profile", 0, 3 * PROFILE), Part("random-convolution", 3 * PROFILE, None)
