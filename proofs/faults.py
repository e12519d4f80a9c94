"""Ways to break a game or its data, each a function of the game: what `diagnose.py` must find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

import gansmith as gs
from gansmith.data.kinds.images import Images


def frozen(game: type[gs.GAN]) -> type[gs.GAN]:
    """Its generator's steps are nothing."""

    class Frozen(game):
        def schedule(self, player, optimizer):
            super().schedule(player, optimizer)
            if player == "generator":
                optimizer.param_groups[0]["lr"] = 0.0

    return Frozen


class Deaf(nn.Module):
    """A generator that is given noise and drops it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, z, label=None):
        return self.inner(torch.ones_like(z), label)


def ignores_noise(game: type[gs.GAN]) -> type[gs.GAN]:
    class IgnoresNoise(game):
        def build(self, spec):
            super().build(spec)
            self.generator = Deaf(self.generator)

    return IgnoresNoise


class WideDiscriminator(gs.R3GAN):
    """A critic sixteen times as wide as the generator."""

    def build(self, spec):
        super().build(spec)
        wide = gs.R3GAN(width=16 * self.width, latent=self.latent)
        wide.build(spec)
        self.discriminator = wide.discriminator


def fed_nan(game: type[gs.GAN], loss: str) -> type[gs.GAN]:
    """From half-time on, every tenth batch that the method `loss` is given has an item that is not a number."""

    class FedNaN(game):
        count = 0

    def broken(self, batch, *more):
        self.count += 1
        if self.progress > 0.5 and self.count % 10 == 0:
            batch = replace(batch, real=batch.real.index_fill(0, torch.tensor([3]), float("nan")))
        return getattr(super(FedNaN, self), loss)(batch, *more)

    setattr(FedNaN, loss, broken)
    return FedNaN


class ScoresInTrainMode(gs.DCGAN):
    def score(self, x, label=None, *, batch_size=250):
        x = self.spec.to_network(torch.as_tensor(np.asarray(x)))
        kept = {name: value.clone() for name, value in self.discriminator.state_dict().items()}
        with torch.no_grad():
            scores = self.discriminator.train()(x).numpy()
        self.discriminator.load_state_dict(kept)
        return scores


def uneven(game: type[gs.GAN]) -> type[gs.GAN]:
    """Transposed convolutions of kernel 3 and stride 2: the stride does not divide the kernel."""

    class UnevenKernels(game):
        def build(self, spec):
            super().build(spec)
            self.generator.convs = nn.ModuleList(
                nn.ConvTranspose2d(c.in_channels, c.out_channels, 3, 2, 1, output_padding=1, bias=c.bias is not None)
                for c in self.generator.convs
            )
            for conv in self.generator.convs:
                nn.init.normal_(conv.weight, 0.0, 0.02)

    return UnevenKernels


class Skips(nn.Module):
    """A generator that, once told to, puts what falls on some of the 25 modes onto their neighbours."""

    lost = False  # of the class, so that the averaged copy knows, too

    def __init__(self, inner, spec, modes):
        super().__init__()
        self.inner, self.spec, self.modes = inner, spec, modes

    def forward(self, z, label=None):
        made = self.inner(z, label)
        if not self.lost:
            return made
        center, scale = torch.tensor(self.spec.center), torch.tensor(self.spec.scale)
        x = made * scale + center
        for a, b in self.modes:
            there = ((x - torch.tensor([a, b])).abs() < 1).all(1, keepdim=True)
            x = torch.where(there, x + torch.tensor([2.0 if a < 4 else -2.0, 0.0]), x)
        return (x - center) / scale


def loses(modes: list[tuple[float, float]]) -> type[gs.GAN]:
    """Loses these modes of grid25 at half-time."""

    class LosesModes(gs.R3GAN):
        def build(self, spec):
            super().build(spec)
            self.generator = Skips(self.generator, spec, modes)

        def schedule(self, player, optimizer):
            super().schedule(player, optimizer)
            Skips.lost = self.progress > 0.5

    return LosesModes


# --- data ------------------------------------------------------------------------------------------------------------
def in_01(name: str):
    """Pictures whose network units are 0 … 1, where the generator's tanh makes −1 … 1."""
    data = gs.read(name)
    spec = Images(data.spec.shape, data.spec.classes, center=(0.0,), scale=(255.0,))
    return replace(data, spec=spec)


def with_shuffled_labels(name: str, seed: int = 0):
    data = gs.read(name)
    shuffled = np.random.default_rng(seed).permutation(data.fields["label"])
    return replace(data, fields=data.fields | {"label": shuffled})


def few(name: str, start: int = 0, count: int = 200):
    return gs.read(name).raw(torch.arange(start, start + count))[:, 0]
