"""The DCGAN bodies (Radford, Metz & Chintala 2016): strided convolutions over one, two or three axes.

Items are (C, T), (C, H, W) or (C, D, H, W), of any channels and any size. Each convolution halves every axis, rounding
up, until none is longer than 4; where a side is odd the discriminator pads one row of zeros and the generator crops
one. Channels double as the sides halve, up to 8·width. Kernels are 4, strides 2, padding 1, so that every output
is touched by equally many weights (a kernel of 5 draws checkerboards).

At 3×64×64 with a latent of 100 and width 64 these are the networks of DCGAN's Torch release: 3,576,704 and 2,765,568
parameters. At 1×64×64×64 with a latent of 200 the generator has the layers of 3D-GAN (Wu et al. 2016,
https://arxiv.org/abs/1610.07584).

A signal of more than 512 steps is quartered instead, until it has no more than 16, and channels double up to 16·width,
as in WaveGAN (Donahue et al. 2019, https://arxiv.org/abs/1802.04208): a tone has hundreds of steps, so kernels must be
long, and halving takes twice the layers. WaveGAN's kernel of 25 with stride 4 touches one sample in four by 7 weights
and the others by 6, a checkerboard that is heard as a tone at a quarter of the sampling rate. Ours is 24 with padding
10: all are touched by 6.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod

from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator, Generator, flat
from gansmith.networks.conv2d_gradfix import Conv1d, Conv2d, ConvTranspose2d
from gansmith.networks.few_channels import DoublingConvTranspose3d, HalvingConv3d

LONG = 512  # steps of a signal above which it is quartered
CONVS = {1: Conv1d, 2: Conv2d, 3: HalvingConv3d}  # fast to differentiate twice
PLAIN_CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}  # docs/performance.md: for some bodies faster
PLAIN_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
TRANSPOSED = PLAIN_TRANSPOSED | {2: ConvTranspose2d, 3: DoublingConvTranspose3d}
BATCH_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
NORMS = {
    "batch": lambda channels, axes: BATCH_NORMS[axes](channels),
    "layer": lambda channels, axes: nn.GroupNorm(1, channels),  # per sample: allowed beside a gradient penalty
    "none": lambda channels, axes: nn.Identity(),
}


@dataclass(frozen=True)
class Pyramid:
    """The grids of a body, finest first, and the convolution that leads from each to the next."""

    grids: list[tuple[int, ...]]
    stride: int = 2
    kernel: int = 4
    padding: int = 1
    window: int = 3  # the kernel of a convolution that stays on a grid; of a long signal 9, as many weights as 3×3
    growth: int = 8  # how many times as many channels as the first the last may have

    @property
    def axes(self) -> int:
        return len(self.grids[0])

    def widths(self, width: int) -> list[int]:
        """The channels of every grid but the finest, which has those of the data."""
        return [min(2**i, self.growth) * width for i in range(len(self.grids) - 1)]


def pyramid(size: tuple[int, ...], coarsest: int = 4) -> Pyramid:
    """For items whose axes are this long: halved until none is above `coarsest`, or, where that is one long axis,
    quartered until it is not above 4·`coarsest`."""
    if len(size) not in CONVS:
        raise UserError(
            f"convolutions take one, two or three axes behind the channels and these items have {len(size)}: use "
            "perceptrons (networks.MLPGenerator, networks.MLPDiscriminator)"
        )
    if len(size) == 1 and size[0] > LONG:
        return Pyramid(halvings(size, 4 * coarsest, by=4), stride=4, kernel=24, padding=10, window=9, growth=16)
    return Pyramid(halvings(size, coarsest))


def halvings(size: tuple[int, ...], coarsest: int = 4, by: int = 2) -> list[tuple[int, ...]]:
    """At least two grids from `size` down, each the one before divided by `by`, rounded up, until no side is above
    `coarsest`."""
    grids = [tuple(size)]
    while len(grids) < 2 or max(grids[-1]) > coarsest:
        grids.append(tuple(-(-side // by) for side in grids[-1]))
    return grids


def stay(inside: int, outside: int, steps: Pyramid, stride: int = 1) -> nn.Module:
    """A convolution that stays on its grid: 3×3 for pictures; with a stride the next grid of `halvings` by it."""
    return PLAIN_CONVS[steps.axes](inside, outside, steps.window, stride, steps.window // 2)


def crop(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """(n, C, …) with its axes cut to `size`."""
    return x[(..., *(slice(side) for side in size))]


def repeat(x: Tensor, by: int, size: tuple[int, ...]) -> Tensor:
    """(n, C, …) with every place repeated `by` times along every axis, then cut to `size`.

    Not by expanding, of which the way back is a sum that takes a CPU two to four times as long.
    """
    return crop(F.interpolate(x, scale_factor=by, mode="nearest"), size)


def padded(x: Tensor, multiple: int) -> Tensor:
    """(n, C, …) with zeros behind, up to the next multiple on every axis."""
    missing = [amount for side in reversed(x.shape[2:]) for amount in (0, -side % multiple)]
    return F.pad(x, missing) if any(missing) else x


class ConvGenerator(Generator):
    """A linear map onto the coarsest grid, transposed convolutions with ReLU and a norm before each, then tanh.

    shape   (C, T), (C, H, W) or (C, D, H, W) of an item
    norm    "batch", "layer" or "none"
    output  what squashes the last layer: `nn.Tanh` for values in −1 … 1, None for anything unbounded
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        width: int = 64,
        classes: int = 0,
        *,
        norm: str = "batch",
        output: Callable[[], nn.Module] | None = nn.Tanh,
    ):
        super().__init__(latent, classes)
        steps = pyramid(shape[1:])
        make = norm_layer(norm, steps.axes)
        self.grids = steps.grids[::-1]
        channels = steps.widths(width)[::-1] + [shape[0]]
        self.first = (channels[0], *self.grids[0])
        self.linear = nn.Linear(self.inputs, prod(self.first), bias=norm == "none")
        self.norms = nn.ModuleList(make(c) for c in channels[:-1])
        conv = partial(
            TRANSPOSED[steps.axes],
            kernel_size=steps.kernel,
            stride=steps.stride,
            padding=steps.padding,
            bias=norm == "none",
        )
        self.convs = nn.ModuleList(conv(a, b) for a, b in pairwise(channels))
        self.output = output() if output else nn.Identity()
        self.apply(partial(init, norm=norm))

    def body(self, z: Tensor) -> Tensor:
        x = self.linear(z).unflatten(1, self.first)
        for norm, conv, grid in zip(self.norms, self.convs, self.grids[1:], strict=True):
            x = crop(conv(F.relu(norm(x))), grid)
        return self.output(x)


class ConvDiscriminator(Discriminator):
    """Convolutions with leaky ReLU of .2, the norm in all but the first, and one linear score over the coarsest map.

    shape  (C, T), (C, H, W) or (C, D, H, W) of an item
    norm   "batch" as in the paper (its scores then depend on the whole batch), "layer", or "none" (for WGAN-GP and R1)
    """

    def __init__(self, shape: tuple[int, ...], width: int = 64, classes: int = 0, *, norm: str = "batch"):
        steps = pyramid(shape[1:])
        make = norm_layer(norm, steps.axes)
        channels = [shape[0], *steps.widths(width)]
        super().__init__(channels[-1] * prod(steps.grids[-1]), classes, bias=norm == "none")
        self.stride = steps.stride
        conv = partial(
            CONVS[steps.axes], kernel_size=steps.kernel, stride=steps.stride, padding=steps.padding, bias=norm == "none"
        )
        self.convs = nn.ModuleList(conv(a, b) for a, b in pairwise(channels))
        self.norms = nn.ModuleList(make(c) if i else nn.Identity() for i, c in enumerate(channels[1:]))
        self.apply(partial(init, norm=norm))

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """What is behind each convolution, (n, channels, …), finest first."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(padded(x, self.stride))), 0.2)
            yield x

    def features(self, x: Tensor) -> Tensor:
        return flat(deque(self.maps(x), maxlen=1).pop())  # of the maps the last is kept, no other


class ConvEncoder(ConvDiscriminator):
    """(n, *shape) to (n, outputs): the discriminator's convolutions with a linear layer in place of its score."""

    def __init__(self, shape: tuple[int, ...], outputs: int, width: int = 64, *, norm: str = "batch"):
        super().__init__(shape, width, norm=norm)
        self.score = nn.Linear(self.score.in_features, outputs)
        init(self.score, norm)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.features(x)).float()


def norm_layer(name: str, axes: int = 2) -> Callable[[int], nn.Module]:
    """What makes this norm from a number of channels."""
    if name not in NORMS:
        raise UserError(f"there is no norm {name!r}; choose one of {', '.join(map(repr, NORMS))}.")
    return partial(NORMS[name], axes=axes)


def init(module: nn.Module, norm: str = "batch") -> None:
    """Weights N(0, .02), norm scales N(1, .02), shifts 0, as in the paper; He's normal weights where no norm follows,
    since there a signal started at .02 would fade from layer to layer.
    """
    transposed = isinstance(module, tuple(PLAIN_TRANSPOSED.values()))
    if transposed or isinstance(module, (nn.Linear, *PLAIN_CONVS.values())):
        if norm == "none":
            inputs = module.weight[0].numel()
            if transposed:  # of each output: a stride leaves out all but so many places of the kernel
                inputs = module.in_channels * prod(module.kernel_size) // prod(module.stride)
            nn.init.normal_(module.weight, 0.0, (2 / inputs) ** 0.5)
        else:
            nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, (*BATCH_NORMS.values(), nn.GroupNorm)):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
