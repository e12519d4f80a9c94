"""The R3GAN bodies (Huang et al., NeurIPS 2024, section 3.2 and appendix): residual, no norms, over one, two or three
axes of any size.

No normalisation and no squashing of the output. Every block starts as the identity: its last convolution is zero and
the others are scaled by L^(−1/4) for L blocks (Fixup, Zhang et al. 2019, with three layers a block). Grids are those
of `pyramid`; resampling is linear along every axis, by the [1, 2, 1] kernel where the grid is halved and by
[1, 2, 3, 4, 3, 2, 1] where a long signal is quartered. The generator starts from a learned coarsest map whose channels
are scaled by a linear map of z; the discriminator ends in a kernel over each channel of the coarsest map and a linear
score. What the paper's 3×3 convolutions are to pictures, 3×3×3 are to volumes, 3 to short signals and 9, as many
weights as 3×3 has, to long ones.

width   channels at each grid, finest first; an integer is doubled with each halving, up to four times
blocks  residual blocks at each grid, finest first; an integer stands for every grid
group   channels in each group of the 3×3 convolutions; 0 makes them dense
stem    True: the finest grid is only a strided convolution (4×4 of stride 2, DCGAN's), since on a CPU most of the time
        goes to full resolution. False: a 1×1 convolution and blocks there too, as in the paper

The paper's CIFAR-10 networks are width=(768,) * 4, blocks=2, stem=False; the defaults here are for two CPU cores.
Groups pay there too: with widths 32/64/128 and blocks at 7×7 and 4×4, training with R1 + R2 on 28×28 pictures ran at
737 images/s with groups of 16 and at 370 dense (one core, bfloat16).
"""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator, Generator
from gansmith.networks.conv2d_gradfix import CONV_TRANSPOSE, conv
from gansmith.networks.convolutional import CONVS, PLAIN_CONVS, PLAIN_TRANSPOSED, Pyramid, crop, padded, pyramid

Sizes = int | tuple[int, ...]


class ResidualGenerator(Generator):
    """Scaled basis, then up-sampling and blocks to the finest grid, then one convolution to the picture's channels."""

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        width: Sizes = 32,
        classes: int = 0,
        *,
        blocks: Sizes = 1,
        group: int = 16,
        stem: bool = True,
    ):
        super().__init__(latent, classes)
        steps, grids, widths, counts = plan(shape, width, blocks, stem)
        self.size = shape[1:]
        self.scale = started(nn.Linear(self.inputs, widths[-1]))
        self.basis = nn.Parameter(torch.randn(widths[-1], *grids[-1]))
        layers = []
        for i in reversed(range(len(grids))):
            if i < len(grids) - 1:
                layers.append(Up(widths[i + 1], widths[i], grids[i], steps.stride))
            layers += [ResidualBlock(widths[i], sum(counts), group, steps.axes, steps.window) for _ in range(counts[i])]
        self.layers = nn.Sequential(*layers)
        if stem:
            last = PLAIN_TRANSPOSED[steps.axes](widths[0], shape[0], steps.kernel, steps.stride, steps.padding)
        else:
            last = PLAIN_CONVS[steps.axes](widths[0], shape[0], 1)
        self.last = started(last, inputs=widths[0] * (prod(last.kernel_size) // prod(last.stride)))

    def body(self, z: Tensor) -> Tensor:
        x = self.scale(z)[(..., *[None] * len(self.size))] * self.basis
        return crop(self.last(self.layers(x)), self.size)


class ResidualDiscriminator(Discriminator):
    """One convolution from the picture's channels, blocks and down-sampling to the coarsest grid, one kernel there."""

    def __init__(
        self,
        shape: tuple[int, ...],
        width: Sizes = 32,
        classes: int = 0,
        *,
        blocks: Sizes = 1,
        group: int = 16,
        stem: bool = True,
    ):
        steps, grids, widths, counts = plan(shape, width, blocks, stem)
        super().__init__(widths[-1], classes)
        layer = CONVS[steps.axes]
        self.multiple = steps.stride if stem else 1
        if stem:
            first = layer(shape[0], widths[0], steps.kernel, steps.stride, steps.padding)
        else:
            first = layer(shape[0], widths[0], 1)
        self.first = started(first)
        layers = []
        for i in range(len(grids)):
            layers += [ResidualBlock(widths[i], sum(counts), group, steps.axes, steps.window) for _ in range(counts[i])]
            if i < len(grids) - 1:
                layers.append(Down(widths[i], widths[i + 1], steps.axes, steps.stride))
        self.layers = nn.Sequential(*layers)
        self.basis = nn.Parameter(torch.randn(widths[-1], *grids[-1]) / sqrt(prod(grids[-1])))
        started(self.score)

    def features(self, x: Tensor) -> Tensor:
        x = self.layers(self.first(padded(x, self.multiple)))
        return (x * self.basis).sum(tuple(range(2, x.dim())))


class ResidualBlock(nn.Module):
    """x + (1×1 → grouped 3×3 → 1×1)(x), twice as wide inside, leaky ReLU of .2 between; the identity at the start.

    kernel  of the convolution in the middle, along each of the `axes`; odd
    """

    def __init__(self, channels: int, blocks: int, group: int = 16, axes: int = 2, kernel: int = 3):
        super().__init__()
        inner = 2 * channels
        groups = inner // group if group else 1
        if group and inner % group:
            raise UserError(
                f"a block {channels} wide has {inner} inner channels, which groups of {group} do not divide; "
                f"choose a width that is a multiple of {max(1, group // 2)}, or group=0 for dense convolutions."
            )
        layer = CONVS[axes]
        gain = sqrt(2 / (1 + 0.2**2)) * blocks**-0.25
        self.widen = started(layer(channels, inner, 1), gain)
        self.mix = started(layer(inner, inner, kernel, padding=kernel // 2, groups=groups), gain)
        self.narrow = started(layer(inner, channels, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.widen(x), 0.2)
        y = F.leaky_relu(self.mix(y), 0.2)
        return x + self.narrow(y)


class Down(nn.Module):
    """A blur by [1, 2, 1] and a 1×1 convolution at every second place: (n, a, h, w) to (n, b, ⌈h/2⌉, ⌈w/2⌉).

    axes, stride  any number of axes, each divided by `stride`, blurred by the linear filter of that stride

    The two are one convolution, with the product of their kernels. Under R1 and R2 in bfloat16 on a CPU that took 6.9
    ms where a depthwise blur and a 1×1 took 28 (64 maps of 32×14×14 to 64×7×7), 59 where it took 125 (64×28×28 to
    128×14×14); in float32 the blur apart is faster (5.9 against 8.8, 69 against 143).
    """

    def __init__(self, inside: int, outside: int, axes: int = 2, stride: int = 2):
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.randn(outside, inside, *[1] * axes) / sqrt(inside))
        self.bias = nn.Parameter(torch.zeros(outside))
        self.register_buffer("kernel", linear_filter(axes, stride), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return conv(x, self.weight * self.kernel, self.bias, stride=self.stride, padding=self.stride - 1)


class Up(nn.Module):
    """`Down` mirrored: to `size`, `stride` times as long or up to stride − 1 less, linear between the old places, and a
    1×1 convolution, as one transposed convolution."""

    def __init__(self, inside: int, outside: int, size: tuple[int, ...], stride: int = 2):
        super().__init__()
        self.size, self.stride = size, stride
        self.weight = nn.Parameter(torch.randn(inside, outside, *[1] * len(size)) / sqrt(inside))
        self.bias = nn.Parameter(torch.zeros(outside))
        kernel = stride ** len(size) * linear_filter(len(size), stride)
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        by = self.stride
        extra = [size - (by * (side - 1) + 1) for size, side in zip(self.size, x.shape[2:], strict=True)]
        return CONV_TRANSPOSE[x.dim()](
            x, self.weight * self.kernel, self.bias, stride=by, padding=by - 1, output_padding=extra
        )


def linear_filter(axes: int = 2, stride: int = 2) -> Tensor:
    """1, 2 … stride … 2, 1 along every axis, of sum 1: [1, 2, 1] by [1, 2, 1] over 16 when pictures are halved."""
    line = (stride - (torch.arange(2 * stride - 1) - (stride - 1)).abs()) / stride**2
    kernel = line
    for _ in range(axes - 1):
        kernel = kernel[..., None] * line
    return kernel


def plan(
    shape: tuple[int, ...], width: Sizes, blocks: Sizes, stem: bool
) -> tuple[Pyramid, list[tuple[int, ...]], tuple[int, ...], tuple[int, ...]]:
    """(the pyramid, its grids that have channels, finest first, the channels and the number of blocks of each)."""
    steps = pyramid(shape[1:])
    grids = steps.grids[1 if stem else 0 :]
    widths = tuple(min(2**i, 4) * width for i in range(len(grids))) if isinstance(width, int) else tuple(width)
    counts = (blocks,) * len(grids) if isinstance(blocks, int) else tuple(blocks)
    for name, given in (("width", widths), ("blocks", counts)):
        if len(given) != len(grids):
            sizes = ["×".join(map(str, grid)) for grid in (shape[1:], *grids)]
            raise UserError(
                f"{name}={given} has {len(given)} entries, but items of {sizes[0]} have {len(grids)} "
                f"grids ({', '.join(sizes[1:])}); give {len(grids)} numbers, or one."
            )
    return steps, grids, widths, counts


def started(layer: nn.Module, gain: float = 1.0, inputs: int | None = None) -> nn.Module:
    """The same layer, its weights N(0, gain²/inputs) and its biases 0."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(inputs or layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
