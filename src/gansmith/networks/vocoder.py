"""HiFi-GAN's networks (Kong, Kim & Bae 2020, https://arxiv.org/abs/2010.05646): waves of spectrograms, and judges.

A generator of 80 bands has the paper's 13.92, 0.92 and 1.46 million parameters as V1, V2 and V3, without the lengths
that weight norm keeps beside each weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, gcd, prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

from gansmith.networks.spectral import spectrally_normalised

SLOPE = 0.1  # of every leaky ReLU but the generator's last
PERIODS = (2, 3, 5, 7, 11)
SCALES = 3  # resolutions that a sound is heard at: whole, half and quarter
HOPS = (64, 128, 256, 512)  # samples a frame that there are up-samplings for; the paper's is 256


@dataclass(frozen=True)
class Version:
    """A generator of the paper's appendix A.

    width    channels of its coarsest layer; each up-sampling halves them
    rates    up-samplings to 256 samples a frame, each by a kernel of twice its length
    kernels, dilations  of the residual blocks side by side behind each up-sampling
    double   whether each dilated convolution is followed by a plain one
    """

    width: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    double: bool

    def rates_to(self, hop: int) -> tuple[int, ...]:
        """Up-samplings to `hop` samples a frame, one of HOPS: the paper's, one or two of them halved or doubled."""
        rates = list(self.rates)
        for place in (1, 0):
            if prod(rates) > hop:
                rates[place] //= 2
        if prod(rates) < hop:
            rates[2] *= 2
        return tuple(rates)


VERSIONS = {
    "v1": Version(512, (8, 8, 2, 2), (3, 7, 11), ((1, 3, 5),) * 3, True),
    "v2": Version(128, (8, 8, 2, 2), (3, 7, 11), ((1, 3, 5),) * 3, True),
    "v3": Version(256, (8, 8, 4), (3, 5, 7), ((1, 2), (2, 6), (3, 12)), False),
}


def conv(inside: int, outside: int, kernel: int, dilation: int = 1) -> nn.Module:
    """A convolution with weight norm over the last axis of (n, C, 1, T) that keeps the length."""
    pad = dilation * (kernel - 1) // 2
    return weight_norm(nn.Conv2d(inside, outside, (1, kernel), dilation=(1, dilation), padding=(0, pad)))


# --- generator -------------------------------------------------------------------------------------------------------
class MelGenerator(nn.Module):
    """Log-mel spectrograms (n, bands, frames) to waves (n, 1, frames · hop) in −1 … 1.

    Transposed convolutions up-sample; behind each the mean of residual blocks of several kernels and dilations, which
    see patterns of several lengths at once (multi-receptive field fusion, section 2.2). Inside, time is the second axis
    of pictures one pixel tall: a CPU convolves those, channels last, up to twice as fast as it does series.

    width  channels of the coarsest layer; None: those of the version
    """

    def __init__(self, version: str = "v1", bands: int = 80, hop: int = 256, width: int | None = None):
        super().__init__()
        like = VERSIONS[version]
        rates, width = like.rates_to(hop), width or like.width
        self.hop, self.rates, self.like = hop, rates, like
        widths = [max(1, width // 2**i) for i in range(len(rates) + 1)]
        self.first = conv(bands, widths[0], 7)
        self.ups = nn.ModuleList(
            weight_norm(nn.ConvTranspose2d(a, b, (1, 2 * rate), (1, rate), padding=(0, rate // 2)))
            for (a, b), rate in zip(pairwise(widths), rates, strict=True)
        )
        self.blocks = nn.ModuleList(
            nn.ModuleList(Residual(w, k, d, like.double) for k, d in zip(like.kernels, like.dilations, strict=True))
            for w in widths[1:]
        )
        self.last = conv(widths[-1], 1, 7)

    def forward(self, mel: Tensor) -> Tensor:
        x = mel[:, :, None]
        x = self.first(x.contiguous(memory_format=torch.channels_last) if x.device.type == "cpu" else x)
        for up, blocks in zip(self.ups, self.blocks, strict=True):
            x = up(F.leaky_relu(x, SLOPE))
            x = sum(block(x) for block in blocks) / len(blocks)
        return torch.tanh(self.last(F.leaky_relu(x)))[:, :, 0].float()  # torch's slope of .01, as released

    @property
    def reach(self) -> int:
        """Frames before and behind one frame of a spectrogram that its samples depend on, at most."""
        samples, far = 1, 3.0  # samples a frame; how far the first convolution sees, in frames
        for rate in self.rates:
            far += 1 / samples  # a transposed convolution sees a place beside its own
            samples *= rate
            far += (
                max(Residual.reach(k, d, self.like.double) for k, d in zip(self.like.kernels, self.like.dilations))
                / samples
            )
        return ceil(far + 3 / samples) + 1


class Residual(nn.Module):
    """x ← x + conv(leaky(x)) for each dilation; with `double` x ← x + conv(leaky(dilated conv(leaky(x))))."""

    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...], double: bool):
        super().__init__()
        self.dilated = nn.ModuleList(conv(width, width, kernel, dilation) for dilation in dilations)
        self.plain = nn.ModuleList(conv(width, width, kernel) for _ in dilations if double)

    def forward(self, x: Tensor) -> Tensor:
        for i, dilated in enumerate(self.dilated):
            y = dilated(F.leaky_relu(x, SLOPE))
            x = x + (self.plain[i](F.leaky_relu(y, SLOPE)) if self.plain else y)
        return x

    @staticmethod
    def reach(kernel: int, dilations: tuple[int, ...], double: bool) -> int:
        return kernel // 2 * (sum(dilations) + double * len(dilations))


@contextmanager
def weights_at_rest() -> Iterator[None]:
    """Inside, weight norm is worked out once and not in every pass: for networks that nobody trains."""
    with parametrize.cached():
        yield


# --- discriminators --------------------------------------------------------------------------------------------------
class WaveJudges(nn.Module):
    """Waves (n, 1, T) to a list, for each judge, of its layers' activations, the last of which are its scores.

    Five judges see a wave folded at a prime period, (n, 1, T/p, p), and so every p-th sample beside each other; three
    hear it whole, halved and quartered.

    width  channels of their coarsest layers; the paper's are 1,024
    """

    def __init__(self, width: int = 1024):
        super().__init__()
        self.periods = nn.ModuleList(PeriodJudge(period, width) for period in PERIODS)
        self.scales = nn.ModuleList(ScaleJudge(width, spectral=not i) for i in range(SCALES))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        heard = [judge(x) for judge in self.periods]
        for i, judge in enumerate(self.scales):
            x = F.avg_pool1d(x, 4, 2, 2) if i else x
            heard.append(judge(x))
        return heard


class PeriodJudge(nn.Module):
    """Convolutions of 5×1 that never mix the columns of a folded wave (section 2.3)."""

    def __init__(self, period: int, width: int):
        super().__init__()
        self.period = period
        widths = [1, *(max(1, width * share // 32) for share in (1, 4, 16, 32, 32))]
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (3 if i < 4 else 1, 1), padding=(2, 0)))
            for i, (a, b) in enumerate(pairwise(widths))
        )
        self.score = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, x: Tensor) -> list[Tensor]:
        lacking = -x.shape[2] % self.period
        x = F.pad(x, (0, lacking), "reflect") if lacking else x
        return layers(x.unflatten(2, (-1, self.period)), self.convs, self.score)


class ScaleJudge(nn.Module):
    """Long grouped convolutions over the wave (MelGAN's, Kumar et al. 2019); spectral norm in place of weight norm for
    the one that hears the whole wave."""

    def __init__(self, width: int, spectral: bool):
        super().__init__()
        plan = [  # share of width in eighths, kernel, stride, groups
            (1, 15, 1, 1), (1, 41, 2, 4), (2, 41, 2, 16), (4, 41, 4, 16), (8, 41, 4, 16), (8, 41, 1, 16), (8, 5, 1, 1),
        ]  # fmt: skip
        widths = [1, *(max(1, width * share // 8) for share, *_ in plan)]
        convs = [
            nn.Conv1d(a, b, kernel, stride, kernel // 2, groups=gcd(groups, a, b))
            for (a, b), (_, kernel, stride, groups) in zip(pairwise(widths), plan, strict=True)
        ]
        score = nn.Conv1d(widths[-1], 1, 3, padding=1)
        normed = spectrally_normalised if spectral else weight_norm
        self.convs, self.score = nn.ModuleList(map(normed, convs)), normed(score)

    def forward(self, x: Tensor) -> list[Tensor]:
        return layers(x, self.convs, self.score)


def layers(x: Tensor, convs: nn.ModuleList, score: nn.Module) -> list[Tensor]:
    """What each layer makes of x, and the scores."""
    seen = []
    for layer in convs:
        x = F.leaky_relu(layer(x), SLOPE)
        seen.append(x)
    return [*seen, score(x)]
