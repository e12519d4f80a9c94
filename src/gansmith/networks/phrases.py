"""MuseGAN's networks: phrases of bars on piano-rolls (n, tracks, bars · steps, pitches), bar by bar.

Noise -> `Temporal` (one latent for each bar) -> `BarMaker` (a bar of one track); `PhraseCritic` looks at each bar and
then at the phrase. `Refiner` makes real-valued rolls binary, `binary` is its last neuron.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import flat

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


class BarMaker(nn.Module):
    """(n, latent) to a bar (n, tracks, steps, pitches), −1 … 1: first time, then pitch, an octave at a time.

    told  channels that an `Encoder` of another track adds to each layer in time; 0: none
    """

    def __init__(self, latent: int, tracks: int, steps: int, pitches: int, width: int, told: int = 0):
        super().__init__()
        times = times_of(steps)
        sizes = [4 * width, *[max(width, 4 * width >> i) for i in range(1, len(times) + 1)]]
        self.start = nn.Sequential(nn.Linear(latent, sizes[0], bias=False), nn.BatchNorm1d(sizes[0]), nn.ReLU())
        self.rises = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose1d(a + told, b, t, t, bias=False), nn.BatchNorm1d(b), nn.ReLU())
            for a, b, t in zip(sizes, sizes[1:], times)
        )
        self.octaves = -(-pitches // OCTAVE)
        self.pitches = pitches
        self.up = nn.Sequential(
            nn.ConvTranspose2d(sizes[-1] + told, width, (1, self.octaves), bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.last = nn.ConvTranspose2d(width, tracks, (1, OCTAVE), (1, OCTAVE))

    def forward(self, z: Tensor, told: list[Tensor] | None = None) -> Tensor:
        h = self.start(z)[..., None]
        for i, layer in enumerate(self.rises):
            h = layer(h if told is None else torch.cat([h, told[i]], 1))
        h = h if told is None else torch.cat([h, told[-1]], 1)
        return self.last(self.up(h[..., None]))[..., : self.pitches].tanh()


class Encoder(nn.Module):
    """A bar of a given track (n, steps, pitches) to what `BarMaker`'s layers are told, the coarsest first: the same
    sizes on the way back."""

    def __init__(self, steps: int, pitches: int, width: int = 16):
        super().__init__()
        times = times_of(steps)[::-1]
        unit = lambda conv: nn.Sequential(conv, nn.BatchNorm1d(width), nn.LeakyReLU(0.2))  # noqa: E731
        self.first = unit(nn.Conv1d(pitches, width, 1, bias=False))
        self.falls = nn.ModuleList(unit(nn.Conv1d(width, width, t, t, bias=False)) for t in times)

    def forward(self, bar: Tensor) -> list[Tensor]:
        told = [self.first(bar.transpose(1, 2))]
        for layer in self.falls:
            told.append(layer(told[-1]))
        return told[::-1]


class PhraseCritic(nn.Module):
    """Phrases (n, tracks, bars, steps, pitches) to raw scores (n,): pitch first, by octaves, then time within each bar,
    then the bars; no norm, since a gradient penalty wants each item's own gradient."""

    def __init__(self, tracks: int, bars: int, steps: int, pitches: int, width: int):
        super().__init__()
        times, leaky = times_of(steps)[::-1], nn.LeakyReLU(0.2)
        self.octaves = -(-pitches // OCTAVE)
        layers: list[nn.Module] = [nn.Conv2d(tracks, width, (1, OCTAVE), (1, OCTAVE)), leaky]
        layers += [nn.Conv2d(width, width, (1, self.octaves)), leaky]
        size = width
        for t in times:
            layers += [nn.Conv2d(size, min(4 * width, 2 * size), (t, 1), (t, 1)), leaky]
            size = min(4 * width, 2 * size)
        self.bar = nn.Sequential(*layers)
        kernel = min(2, bars)
        self.phrase = nn.Sequential(nn.Conv1d(size, size, kernel), leaky, nn.Flatten())
        self.dense = nn.Sequential(nn.Linear(size * (bars - kernel + 1), 4 * width), leaky)
        self.score = nn.Linear(4 * width, 1)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        n, tracks, bars, steps, pitches = x.shape
        h = x.transpose(1, 2).reshape(n * bars, tracks, steps, pitches)
        h = self.bar(F.pad(h, (0, self.octaves * OCTAVE - pitches), value=-1.0))
        h = flat(h).unflatten(0, (n, bars)).transpose(1, 2)
        return self.score(self.dense(self.phrase(h)))[:, 0]


class Refiner(nn.Module):
    """Real-valued rolls of one track (n, 1, time, pitches), −1 … 1, to logits of where a note sounds: two residual
    units of 3 × 12 convolutions, as in Dong & Yang 2018 (there of 64 maps)."""

    def __init__(self, width: int, units: int = 2):
        super().__init__()
        unit = lambda: nn.Sequential(  # noqa: E731
            nn.BatchNorm2d(1), nn.ReLU(), nn.Conv2d(1, width, (3, OCTAVE), padding="same", bias=False),
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 1, (3, OCTAVE), padding="same"),
        )  # fmt: skip
        self.units = nn.ModuleList(unit() for _ in range(units))

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for unit in self.units:
            h = h + unit(h)
        return h


def binary(logits: Tensor, threshold: Tensor | float, slope: float = 1.0) -> Tensor:
    """Binary neurons (Dong & Yang 2018, section 2): 1 where σ(logit) is above `threshold`, −1 elsewhere. ½ is the
    deterministic neuron; uniform numbers, one for each, the stochastic. Backwards the step counts as a sigmoid of that
    `slope`: the sigmoid-adjusted straight-through estimator."""
    step = (logits.sigmoid() > threshold).to(logits.dtype)
    soft = (slope * logits).sigmoid()
    return 2 * (soft + (step - soft).detach()) - 1
