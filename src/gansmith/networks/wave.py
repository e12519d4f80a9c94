"""The WaveGAN bodies (Donahue, McAuley & Puckette 2019, https://arxiv.org/abs/1802.04208): one axis, quartered.

Items are (C, T) of any length. Each convolution has a long kernel and a stride of 4, until no more than 16 steps are
left; channels double from `width` up to 16·width. At 1×16,384 with a latent of 100, width 64 and kernel 25 the
generator is the paper's: 19,065,345 parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator, Generator, flat
from gansmith.networks.convolutional import CONVS, Pyramid, crop, halvings, init, padded

STRIDE, COARSEST = 4, 16


def wave_pyramid(steps: int, kernel: int) -> Pyramid:
    """For sounds of `steps`: each convolution leads from T to T/4, and back to exactly 4·T/4."""
    padding = (kernel - STRIDE + 1) // 2
    return Pyramid(halvings((steps,), COARSEST, by=STRIDE), STRIDE, kernel, padding, growth=16)


def phase_shuffle(x: Tensor, most: int, *, each: bool = True) -> Tensor:
    """(n, C, T) with each item moved along T by a whole number from −most to most, drawn evenly; what is missing at an
    end is reflected there.

    each  a number for each item; False: one for the whole batch
    """
    most = min(most, x.shape[2] - 1)
    shift = torch.randint(-most, most + 1, (len(x) if each else 1, 1), device=x.device)
    return moved(x, shift)


def moved(x: Tensor, shift: Tensor) -> Tensor:
    """(n, C, T) moved to later times by `shift` (n or 1, 1), reflected at the ends without doubling them."""
    last = x.shape[2] - 1
    place = (torch.arange(last + 1, device=x.device) - shift).abs()
    place = last - (last - place).abs()
    return x.gather(2, place[:, None].expand(len(x), *x.shape[1:]))


class WaveGenerator(Generator):
    """A linear map onto the coarsest steps, then transposed convolutions with ReLU before each; no norm.

    kernel  25 as in the paper; an even one, such as 24, touches every output by as many weights
    output  what squashes the last layer: `nn.Tanh` for values in −1 … 1, None for anything unbounded
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, int],
        width: int = 64,
        classes: int = 0,
        *,
        kernel: int = 25,
        output: Callable[[], nn.Module] | None = nn.Tanh,
    ):
        super().__init__(latent, classes)
        steps = wave_pyramid(shape[1], kernel)
        self.grids = steps.grids[::-1]
        channels = steps.widths(width)[::-1] + [shape[0]]
        self.first = (channels[0], *self.grids[0])
        self.linear = nn.Linear(self.inputs, channels[0] * self.grids[0][0])
        how = {"stride": STRIDE, "padding": steps.padding, "output_padding": kernel % 2}
        self.convs = nn.ModuleList(nn.ConvTranspose1d(a, b, kernel, **how) for a, b in pairwise(channels))
        self.output = output() if output else nn.Identity()
        self.apply(lambda module: init(module, "none"))

    def body(self, z: Tensor) -> Tensor:
        x = self.linear(z).unflatten(1, self.first)
        for conv, grid in zip(self.convs, self.grids[1:], strict=True):
            x = crop(conv(F.relu(x)), grid)
        return self.output(x)


class WaveDiscriminator(Discriminator):
    """Convolutions with leaky ReLU of .2 and, while training, a phase shuffle behind each but the last; one score.

    shuffle  steps that a phase is moved by, at most; 0: none
    each     a move for each item, or one for the batch: see `phase_shuffle`
    """

    def __init__(
        self,
        shape: tuple[int, int],
        width: int = 64,
        classes: int = 0,
        *,
        kernel: int = 25,
        shuffle: int = 2,
        each: bool = True,
    ):
        steps = wave_pyramid(shape[1], kernel)
        channels = [shape[0], *steps.widths(width)]
        super().__init__(channels[-1] * steps.grids[-1][0], classes)
        self.shuffle, self.each = shuffle, each
        how = {"stride": STRIDE, "padding": steps.padding}
        self.convs = nn.ModuleList(CONVS[1](a, b, kernel, **how) for a, b in pairwise(channels))
        self.apply(lambda module: init(module, "none"))

    def features(self, x: Tensor) -> Tensor:
        for i, conv in enumerate(self.convs, 1):
            x = F.leaky_relu(conv(padded(x, STRIDE)), 0.2)
            if self.training and self.shuffle and i < len(self.convs):
                x = phase_shuffle(x, self.shuffle, each=self.each)
        return flat(x)
