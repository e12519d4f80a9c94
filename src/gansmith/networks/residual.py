"""The R3GAN bodies (Huang et al., NeurIPS 2024, section 3.2 and appendix): residual, no norms, for any size of picture.

No normalisation and no squashing of the output. Every block starts as the identity: its last convolution is zero and
the others are scaled by L^(−1/4) for L blocks (Fixup, Zhang et al. 2019, with three layers a block). Grids are those
of `halvings`; resampling is bilinear, by the [1, 2, 1] kernel. The generator starts from a learned coarsest map whose
channels are scaled by a linear map of z; the critic ends in a kernel over each channel of the coarsest map and a
linear score.

width   channels at each grid, finest first; an integer is doubled with each halving, up to four times
blocks  residual blocks at each grid, finest first; an integer stands for every grid
group   channels in each group of the 3×3 convolutions; 0 makes them dense
stem    True: the finest grid is only a 4×4 convolution of stride 2, since on a CPU most of the time goes to full
        resolution. False: a 1×1 convolution and blocks there too, as in the paper

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
from gansmith.networks.conv2d_gradfix import Conv2d, conv
from gansmith.networks.convolutional import halvings

Sizes = int | tuple[int, ...]


class ResidualGenerator(Generator):
    """Scaled basis, then up-sampling and blocks to the finest grid, then one convolution to the picture's channels."""

    def __init__(
        self,
        latent: int,
        shape: tuple[int, int, int],
        width: Sizes = 32,
        classes: int = 0,
        *,
        blocks: Sizes = 1,
        group: int = 16,
        stem: bool = True,
    ):
        super().__init__(latent, classes)
        grids, widths, counts = plan(shape, width, blocks, stem)
        self.size = shape[1:]
        self.scale = started(nn.Linear(self.inputs, widths[-1]))
        self.basis = nn.Parameter(torch.randn(widths[-1], *grids[-1]))
        layers = []
        for i in reversed(range(len(grids))):
            if i < len(grids) - 1:
                layers.append(Up(widths[i + 1], widths[i], grids[i]))
            layers += [ResidualBlock(widths[i], sum(counts), group) for _ in range(counts[i])]
        self.layers = nn.Sequential(*layers)
        last = nn.ConvTranspose2d(widths[0], shape[0], 4, 2, 1) if stem else nn.Conv2d(widths[0], shape[0], 1)
        self.last = started(last, inputs=widths[0] * (4 if stem else 1))

    def body(self, z: Tensor) -> Tensor:
        x = self.last(self.layers(self.scale(z)[:, :, None, None] * self.basis))
        return x[:, :, : self.size[0], : self.size[1]]


class ResidualDiscriminator(Discriminator):
    """One convolution from the picture's channels, blocks and down-sampling to the coarsest grid, one kernel there."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: Sizes = 32,
        classes: int = 0,
        *,
        blocks: Sizes = 1,
        group: int = 16,
        stem: bool = True,
    ):
        grids, widths, counts = plan(shape, width, blocks, stem)
        super().__init__(widths[-1], classes)
        self.odd = (0, shape[2] % 2, 0, shape[1] % 2) if stem else (0, 0, 0, 0)
        self.first = started(Conv2d(shape[0], widths[0], 4, 2, 1) if stem else Conv2d(shape[0], widths[0], 1))
        layers = []
        for i in range(len(grids)):
            layers += [ResidualBlock(widths[i], sum(counts), group) for _ in range(counts[i])]
            if i < len(grids) - 1:
                layers.append(Down(widths[i], widths[i + 1]))
        self.layers = nn.Sequential(*layers)
        self.basis = nn.Parameter(torch.randn(widths[-1], *grids[-1]) / sqrt(prod(grids[-1])))
        started(self.score)

    def features(self, x: Tensor) -> Tensor:
        x = self.layers(self.first(F.pad(x, self.odd) if any(self.odd) else x))
        return (x * self.basis).sum((2, 3))


class ResidualBlock(nn.Module):
    """x + (1×1 → grouped 3×3 → 1×1)(x), twice as wide inside, leaky ReLU of .2 between; the identity at the start."""

    def __init__(self, channels: int, blocks: int, group: int = 16):
        super().__init__()
        inner = 2 * channels
        groups = inner // group if group else 1
        if group and inner % group:
            raise UserError(
                f"a block {channels} wide has {inner} inner channels, which groups of {group} do not divide; "
                f"choose a width that is a multiple of {max(1, group // 2)}, or group=0 for dense convolutions."
            )
        gain = sqrt(2 / (1 + 0.2**2)) * blocks**-0.25
        self.widen = started(Conv2d(channels, inner, 1), gain)
        self.mix = started(Conv2d(inner, inner, 3, padding=1, groups=groups), gain)
        self.narrow = started(Conv2d(inner, channels, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.widen(x), 0.2)
        y = F.leaky_relu(self.mix(y), 0.2)
        return x + self.narrow(y)


class Down(nn.Module):
    """A blur by [1, 2, 1] and a 1×1 convolution at every second pixel: (n, a, h, w) to (n, b, ⌈h/2⌉, ⌈w/2⌉).

    The two are one convolution, with the product of their kernels. Under R1 and R2 in bfloat16 on a CPU that took 6.9
    ms where a depthwise blur and a 1×1 took 28 (64 maps of 32×14×14 to 64×7×7), 59 where it took 125 (64×28×28 to
    128×14×14); in float32 the blur apart is faster (5.9 against 8.8, 69 against 143).
    """

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside, 1, 1) / sqrt(inside))
        self.bias = nn.Parameter(torch.zeros(outside))
        self.register_buffer("kernel", bilinear(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return conv(x, self.weight * self.kernel, self.bias, stride=2, padding=1)


class Up(nn.Module):
    """Twice the size, or one less, bilinear, and a 1×1 convolution, as one transposed convolution: `Down` mirrored."""

    def __init__(self, inside: int, outside: int, size: tuple[int, int]):
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.randn(inside, outside, 1, 1) / sqrt(inside))
        self.bias = nn.Parameter(torch.zeros(outside))
        self.register_buffer("kernel", 4 * bilinear(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        extra = [size - (2 * side - 1) for size, side in zip(self.size, x.shape[2:], strict=True)]
        return F.conv_transpose2d(x, self.weight * self.kernel, self.bias, stride=2, padding=1, output_padding=extra)


def bilinear() -> Tensor:
    """[1, 2, 1] by [1, 2, 1], of sum 1."""
    line = torch.tensor([0.25, 0.5, 0.25])
    return line[:, None] * line


def plan(shape: tuple[int, int, int], width: Sizes, blocks: Sizes, stem: bool) -> tuple[list, tuple, tuple]:
    """The grids that have channels, finest first, with the channels and the number of blocks of each."""
    grids = halvings(shape[1:])[1 if stem else 0 :]
    widths = tuple(min(2**i, 4) * width for i in range(len(grids))) if isinstance(width, int) else tuple(width)
    counts = (blocks,) * len(grids) if isinstance(blocks, int) else tuple(blocks)
    for name, given in (("width", widths), ("blocks", counts)):
        if len(given) != len(grids):
            raise UserError(
                f"{name}={given} has {len(given)} entries, but pictures of {shape[1]}×{shape[2]} have {len(grids)} "
                f"grids ({', '.join(f'{h}×{w}' for h, w in grids)}); give {len(grids)} numbers, or one."
            )
    return grids, widths, counts


def started(layer: nn.Module, gain: float = 1.0, inputs: int | None = None) -> nn.Module:
    """The same layer, its weights N(0, gain²/inputs) and its biases 0."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(inputs or layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
