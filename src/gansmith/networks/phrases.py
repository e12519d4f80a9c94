"""MuseGAN's networks: phrases of bars on piano-rolls (n, tracks, bars · steps, pitches), bar by bar.

Noise -> `Temporal` (one latent for each bar) -> `BarMaker` (a bar of one track); `PhraseCritic` looks at each bar and
then at the phrase. `Refiner` makes real-valued rolls binary, `binary` is its last neuron.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import FromMean

OCTAVE = 12


def times_of(steps: int, most: int = 3) -> list[int]:
    """Factors by which one step becomes a bar of `steps`: its primes, the first few as strides, the rest in one."""
    factors, rest, prime = [], steps, 2
    while rest > 1 and len(factors) < most:
        if rest % prime == 0:
            factors.append(prime)
            rest //= prime
        else:
            prime += 1
    return [*([rest] if rest > 1 else []), *factors]


class Temporal(nn.Module):
    """(n, latent) to (n, bars, latent): one latent for each bar, by transposed convolutions over time."""

    def __init__(self, latent: int, bars: int, width: int):
        super().__init__()
        kernel = min(2, bars)
        self.layers = nn.Sequential(
            nn.ConvTranspose1d(latent, width, kernel, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.ConvTranspose1d(width, latent, bars - kernel + 1, bias=False), nn.BatchNorm1d(latent), nn.ReLU(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[..., None]).transpose(1, 2)


class Unit(nn.Module):
    """A linear layer of the last axis, batch norm and an activation: (…, inside) to (…, outside). Convolutions whose
    kernel is their stride are such layers of parts laid flat, which a CPU multiplies many times as fast."""

    def __init__(self, inside: int, outside: int, activation: nn.Module):
        super().__init__()
        self.linear = nn.Linear(inside, outside, bias=False)
        self.norm, self.activation = nn.BatchNorm1d(outside), activation

    def forward(self, x: Tensor) -> Tensor:
        h = self.linear(x)
        return self.activation(self.norm(h.flatten(0, -2)).view(h.shape))


class BarMaker(nn.Module):
    """(n, latent) to a bar (n, tracks, steps, pitches), −1 … 1: first time, then pitch, an octave at a time.

    told  channels that an `Encoder` of another track adds to each layer in time; 0: none
    """

    def __init__(self, latent: int, tracks: int, steps: int, pitches: int, width: int, told: int = 0):
        super().__init__()
        self.times, self.tracks, self.pitches, self.width = times_of(steps), tracks, pitches, width
        self.octaves = -(-pitches // OCTAVE)
        sizes = [4 * width, *[max(width, 4 * width >> i) for i in range(1, len(self.times) + 1)]]
        self.start = Unit(latent, sizes[0], nn.ReLU())
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:])
        self.rises = nn.ModuleList(
            nn.Linear(a + told, b * t, bias=False) for a, b, t in zip(sizes, sizes[1:], self.times)
        )
        self.up = nn.Linear(sizes[-1] + told, self.octaves * width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.last = nn.Linear(width, OCTAVE * tracks)
        self.output = FromMean((tracks, 1, pitches))

    def forward(self, z: Tensor, told: list[Tensor] | None = None) -> Tensor:
        h = self.start(z)[:, None]  # (n, time, channels)
        beside = lambda h, i: h if told is None else torch.cat([h, told[i]], 2)  # noqa: E731
        for i, (layer, norm, times) in enumerate(zip(self.rises, self.norms, self.times)):
            h = layer(beside(h, i)).unflatten(2, (times, -1)).flatten(1, 2)
            h = norm(h.flatten(0, 1)).view(h.shape).relu()
        h = self.up(beside(h, -1)).unflatten(2, (self.octaves, self.width))
        h = self.last(self.norm(h.flatten(0, 2)).view(h.shape).relu())  # (n, time, octaves, tracks · 12)
        h = h.unflatten(3, (self.tracks, OCTAVE)).permute(0, 3, 1, 2, 4).flatten(3)
        return self.output(h[..., : self.pitches])


class Encoder(nn.Module):
    """A bar of a given track (n, steps, pitches) to what `BarMaker`'s layers are told (n, time, channels), the coarsest
    first: the same sizes on the way back."""

    def __init__(self, steps: int, pitches: int, width: int = 16):
        super().__init__()
        self.times = times_of(steps)[::-1]
        self.first = Unit(pitches, width, nn.LeakyReLU(0.2))
        self.falls = nn.ModuleList(Unit(width * t, width, nn.LeakyReLU(0.2)) for t in self.times)

    def forward(self, bar: Tensor) -> list[Tensor]:
        told = [self.first(bar)]
        for layer, times in zip(self.falls, self.times):
            told.append(layer(told[-1].unflatten(1, (-1, times)).flatten(2)))
        return told[::-1]


class PhraseCritic(nn.Module):
    """Phrases (n, tracks, bars, steps, pitches) to raw scores (n,): pitch first, by octaves, then time within each bar,
    then two bars at a time; no norm, since a gradient penalty wants each item's own gradient."""

    def __init__(self, tracks: int, bars: int, steps: int, pitches: int, width: int):
        super().__init__()
        self.times = times_of(steps)[::-1]
        self.octaves = -(-pitches // OCTAVE)
        self.octave = nn.Linear(tracks * OCTAVE, width)
        self.pitch = nn.Linear(self.octaves * width, width)
        sizes = [min(4 * width, width << i) for i in range(len(self.times) + 1)]
        self.falls = nn.ModuleList(nn.Linear(a * t, b) for a, b, t in zip(sizes, sizes[1:], self.times))
        self.pair = min(2, bars)
        self.phrase = nn.Linear(self.pair * sizes[-1], sizes[-1])
        self.dense = nn.Linear(sizes[-1] * (bars - self.pair + 1), 4 * width)
        self.score = nn.Linear(4 * width, 1)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        leaky = lambda h: F.leaky_relu(h, 0.2)  # noqa: E731
        h = F.pad(x, (0, self.octaves * OCTAVE - x.shape[4]), value=-1.0).unflatten(4, (self.octaves, OCTAVE))
        h = h.permute(0, 2, 3, 4, 1, 5).flatten(4)  # (n, bars, steps, octaves, tracks · 12)
        h = leaky(self.pitch(leaky(self.octave(h)).flatten(3)))
        for layer, times in zip(self.falls, self.times):
            h = leaky(layer(h.unflatten(2, (-1, times)).flatten(3)))
        h = h.flatten(2)  # (n, bars, channels)
        h = torch.cat([h[:, i : h.shape[1] - self.pair + 1 + i] for i in range(self.pair)], 2)
        h = leaky(self.dense(leaky(self.phrase(h)).flatten(1)))
        return self.score(h)[:, 0]


class Refiner(nn.Module):
    """Real-valued rolls of one track (n, 1, time, pitches), −1 … 1, to logits of where a note sounds: two residual
    units of 3 × 13 convolutions (3 × 12 in Dong & Yang 2018)."""

    def __init__(self, width: int, units: int = 2):
        super().__init__()
        conv = lambda a, b, bias: nn.Conv2d(a, b, (3, OCTAVE + 1), padding=(1, OCTAVE // 2), bias=bias)  # noqa: E731
        self.units = nn.ModuleList(
            nn.Sequential(
                *(nn.BatchNorm2d(1), nn.ReLU(), conv(1, width, False)),
                *(nn.BatchNorm2d(width), nn.ReLU(), conv(width, 1, True)),
            )
            for _ in range(units)
        )

    def forward(self, x: Tensor) -> Tensor:
        for unit in self.units:
            x = x + unit(x)
        return x


def binary(logits: Tensor, threshold: Tensor | float, slope: float = 1.0) -> Tensor:
    """Binary neurons (Dong & Yang 2018, section 2): 1 where σ(logit) is above `threshold`, −1 elsewhere. ½ is the
    deterministic neuron; uniform numbers, one for each, the stochastic. Backwards the step counts as a sigmoid of that
    `slope`: the sigmoid-adjusted straight-through estimator."""
    step = (logits.sigmoid() > threshold).to(logits.dtype)
    soft = (slope * logits).sigmoid()
    return 2 * (soft + (step - soft).detach()) - 1
