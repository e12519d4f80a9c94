"""SpecGAN: sound as log-spectrograms, back by Griffin-Lim."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.labels import evenly
from gansmith.data.spec import Kind
from gansmith.data.spectrogram import frame_length, griffin_lim, stft
from gansmith.game import setting
from gansmith.gans.wavegan import OfSound, WaveGAN
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator

CLIP = 3.0  # standard deviations that are ±1
MOST = 2000  # sounds that the statistics are of


class SpecGAN(OfSound):
    """WGAN-GP on sound as a picture (section 3.1 and appendix): magnitudes of a short-time Fourier transform of `frame`
    samples every half of it, the highest bin left out; their logarithm; each bin less its mean over the data, over its
    standard deviation, clipped at ±3 and divided by 3, so that it lies in −1 … 1. DCGAN's networks without norm play on
    that, and what they make becomes sound by 16 rounds of Griffin & Lim: 16,384 samples are 128×128.

    As the paper found, SpecGAN has the better inception score, and listeners prefer WaveGAN.
    Deviations: 1e-3 is added to magnitudes before their logarithm (the paper: 1e-6), for behind a recording that is
    shorter than others there is silence, to which 1e-6 leaves three quarters of the range between −1 and 1 and 1e-3
    half, and Griffin-Lim makes as good a sound of either; few moves on few sounds on a CPU, as WaveGAN's; kernels
    of 4, not 5×5, so that no checkerboard is drawn; z uniform with unit variance; Griffin-Lim begins at phases of
    zero, so that the same noise is always the same sound; the last frame, centred on the end, is left out and on
    the way back taken to be like the one before; means and deviations are those of at most 2,000 sounds; an average
    of G is kept and sampled. In training `fake` is a spectrogram; `generate` and `sample` make sound, and D takes
    either. Proof: proofs/wavegan.py.
    """

    name = "specgan"
    paper = WaveGAN.paper
    summary = "sound as log-spectrograms, back by Griffin-Lim"
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks see spectrograms, whose form is its own

    frame: int = setting(256, "samples of a frame of the Fourier transform, a power of two", minimum=16)
    rounds: int = setting(16, "of Griffin & Lim, from magnitudes to sound", minimum=0)
    floor: float = setting(1e-3, "added to magnitudes before their logarithm; 1e-6 as in the paper", minimum=1e-12)

    def read(self, data, **options) -> Dataset:
        dataset = super().read(data, **options)
        self.check_axes(dataset.spec, 1)
        self.statistics = bin_statistics(dataset, self.spectrogram(dataset.spec))
        return dataset

    def spectrogram(self, spec: Kind) -> Spectrogram:
        """For sounds of this form, with the statistics of the data where it has been read."""
        frame = min(2 ** (self.frame.bit_length() - 1), frame_length(self.frame * 32, spec.shape[1]))
        made = Spectrogram(spec.shape, frame, self.rounds, self.floor)
        for name, value in zip(("mean", "deviation"), getattr(self, "statistics", ())):
            getattr(made, name).copy_(value)
        return made

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1)
        self.choose(spec)
        seen, classes = self.spectrogram(spec), self.classes(spec)
        self.generator = ConvGenerator(self.latent, seen.shape, self.width, classes, norm="none")
        body = self.make_discriminator(
            lambda shape: ConvDiscriminator(shape, self.width, classes, norm="none"), seen.shape
        )
        self.discriminator = Listener(body, seen)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return super().discriminator_loss(replace(batch, real=self.discriminator.spectrogram(batch.real)))

    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.discriminator.spectrogram.inverse(self.generator(latent, label))


class Spectrogram(nn.Module):
    """Sounds (n, C, T) to log-magnitudes (n, C, frame/2, frames) in −1 … 1, and back."""

    def __init__(self, sound: tuple[int, int], frame: int, rounds: int, floor: float):
        super().__init__()
        self.length, self.frame, self.rounds, self.floor = sound[1], frame, rounds, floor
        self.shape = (sound[0], frame // 2, max(1, sound[1] // (frame // 2)))
        self.register_buffer("mean", torch.zeros(frame // 2, 1))
        self.register_buffer("deviation", torch.ones(frame // 2, 1))

    def logarithms(self, x: Tensor) -> Tensor:
        magnitude = stft(x, self.frame).abs()[..., : self.shape[1], : self.shape[2]]
        return torch.log(magnitude + self.floor)

    def forward(self, x: Tensor) -> Tensor:
        return ((self.logarithms(x) - self.mean) / (CLIP * self.deviation)).clamp(-1, 1)

    def inverse(self, x: Tensor) -> Tensor:
        magnitude = (torch.exp(x.float() * CLIP * self.deviation + self.mean) - self.floor).clamp_min(0)
        frames = 1 + self.length // (self.frame // 2)
        magnitude = torch.cat([magnitude, *[magnitude[..., -1:]] * (frames - magnitude.shape[-1])], -1)
        return griffin_lim(F.pad(magnitude, (0, 0, 0, 1)), self.length, self.frame, rounds=self.rounds)


class Listener(nn.Module):
    """A discriminator of spectrograms that takes sounds, too."""

    def __init__(self, network: nn.Module, spectrogram: Spectrogram):
        super().__init__()
        self.network, self.spectrogram = network, spectrogram

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.network(self.spectrogram(x) if x.dim() == 3 else x, label)


def bin_statistics(dataset: Dataset, seen: Spectrogram) -> tuple[Tensor, Tensor]:
    """(means, standard deviations) (bins, 1) of the logarithms over sounds, channels and frames."""
    rows = evenly(len(dataset), min(MOST, len(dataset)))
    sums, count = torch.zeros(2, seen.shape[1], dtype=torch.float64), 0
    for part in torch.from_numpy(rows).split(250):
        x = seen.logarithms(dataset.batch(part).real).transpose(1, 2).flatten(2).double()
        sums += torch.stack([x.sum((0, 2)), x.square().sum((0, 2))])
        count += x.shape[0] * x.shape[2]
    mean = sums[0] / count
    deviation = (sums[1] / count - mean.square()).clamp_min(0).sqrt().clamp_min(1e-3)
    return mean[:, None].float(), deviation[:, None].float()
