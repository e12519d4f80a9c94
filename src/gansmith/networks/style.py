"""The StyleGAN2 networks (Karras et al. 2020, https://arxiv.org/abs/1912.04958), from the paper; any size.

Weights are kept as N(0, 1) and scaled by He's constant when they are used (equalised learning rate, Karras et al.
2018, section 4.1), so that Adam's steps are as large everywhere. Sizes change through the filter [1, 3, 3, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator, needed
from gansmith.networks.convolutional import crop, halvings, padded, repeat
from gansmith.networks.minibatch import MinibatchDeviation

MOST = 8  # times as many channels at the coarsest grid as at the finest
DECAY = 0.995  # of the running mean of w


def activated(x: Tensor) -> Tensor:
    """Leaky ReLU of .2, times √2, which keeps the variance of a normal input about as it was."""
    return F.leaky_relu(x, 0.2) * 2**0.5


class EqualLinear(nn.Module):
    """A linear layer with an equalised learning rate, `rate` times the others'. Its bias starts at `bias`."""

    def __init__(self, inside: int, outside: int, bias: float = 0.0, rate: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside) / rate)
        self.bias = nn.Parameter(torch.full((outside,), bias / rate))
        self.scale, self.rate = rate / inside**0.5, rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv(nn.Module):
    """A convolution with an equalised learning rate, of stride 1, or halving: through the filter, then stride 2."""

    def __init__(self, inside: int, outside: int, kernel: int, *, halve: bool = False, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outside)) if bias else None
        self.scale, self.halve = (inside * kernel**2) ** -0.5, halve

    def forward(self, x: Tensor) -> Tensor:
        weight, kernel = self.weight * self.scale, self.weight.shape[2]
        if not self.halve:
            return F.conv2d(x, weight, self.bias, padding=kernel // 2)
        return F.conv2d(filtered(padded(x, 2), 1 + kernel // 2), weight, self.bias, stride=2)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style, and whose outputs are scaled back to unit variance
    (section 2.2, eqs. 1 and 3): w' = s_i w_ijk,  w'' = w' / √(Σ_ik w'² + 1e-8), for each item.

    It is done on the activations, x s before and a factor for each output after, which is the same and needs no weights
    of each item's own. `double` makes the grid twice as fine.
    """

    def __init__(
        self, inside: int, outside: int, kernel: int, style: int, *, demodulate: bool = True, double: bool = False
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside, kernel, kernel))
        self.affine = EqualLinear(style, inside, bias=1.0)
        self.scale, self.demodulate, self.double = (inside * kernel**2) ** -0.5, demodulate, double

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style, weight = self.affine(w), self.weight * self.scale
        x = x * style[:, :, None, None].to(x.dtype)
        if self.double:
            x = 4 * filtered(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[2] // 2)
        if not self.demodulate:
            return x
        size = style.float().square() @ weight.float().square().sum((2, 3)).T
        return x * (size + 1e-8).rsqrt()[:, :, None, None].to(x.dtype)


def filtered(x: Tensor, padding: int) -> Tensor:
    """(n, C, H, W) padded with zeros, then through [1, 3, 3, 1] / 8 along both axes: three places fewer."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], device=x.device, dtype=x.dtype) / 8
    channels = x.shape[1]
    return F.conv2d(x, (taps[:, None] * taps).expand(channels, 1, 4, 4), padding=padding, groups=channels)


def doubled(x: Tensor, grid: tuple[int, ...]) -> Tensor:
    """(n, C, h, w) twice as fine through [1, 3, 3, 1], cut to `grid`: repeated, then [1, 2, 1] / 4 along both axes."""
    x = F.pad(repeat(x, 2, grid), [1] * 4, mode="replicate")
    for axis in (2, 3):
        a, b, c = (x.narrow(axis, i, x.shape[axis] - 2) for i in range(3))
        x = (a + c) * 0.25 + b * 0.5
    return x


class StyledLayer(nn.Module):
    """A modulated 3×3 convolution, noise of one strength for all channels, bias, leaky ReLU.

    In training the noise is drawn anew for each item; in use it is a picture of its own that never changes, so that a
    sample is a function of its latent.
    """

    def __init__(self, inside: int, outside: int, style: int, grid: tuple[int, ...], double: bool = False):
        super().__init__()
        self.conv = ModulatedConv(inside, outside, 3, style, double=double)
        self.bias = nn.Parameter(torch.zeros(outside))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, *grid))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = crop(self.conv(x, w), self.noise.shape[2:])
        noise = torch.randn(len(x), 1, *x.shape[2:], device=x.device) if self.training else self.noise
        return activated(x + (self.strength * noise).to(x.dtype) + self.bias[:, None, None])


class Mapping(nn.Module):
    """(n, latent) noise, and labels when `classes` > 0, to w (n, style): normalised, then `depth` layers at a hundredth
    of the others' rate (Karras et al. 2019, section 2)."""

    def __init__(self, latent: int, style: int, depth: int, classes: int = 0):
        super().__init__()
        self.classes = classes
        self.embed = EqualLinear(classes, latent) if classes else None
        sizes = [latent * (1 + bool(classes)), *[style] * depth]
        self.layers = nn.ModuleList(EqualLinear(a, b, rate=0.01) for a, b in pairwise(sizes))
        self.register_buffer("mean", torch.zeros(style))  # of w, for truncation

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x = normalised(z)
        if self.embed is not None:
            one = F.one_hot(needed(label, self.classes), self.classes).to(x.dtype)
            x = torch.cat([x, normalised(self.embed(one))], 1)
        for layer in self.layers:
            x = activated(layer(x))
        if self.training:
            self.mean.lerp_(x.detach().float().mean(0), 1 - DECAY)
        return x


def normalised(x: Tensor) -> Tensor:
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class StyleGenerator(nn.Module):
    """Mapping and synthesis: (n, latent) to pictures (n, C, H, W), float32; each grid adds to the sum of all grids'
    pictures (output skips, section 4.1).

    latent  also the width of w;  width  channels of the finest grid, doubling towards the coarsest, up to 8·width
    output  what squashes that sum: `nn.Tanh` for values in −1 … 1, None, as in the paper, for anything unbounded
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, int, int],
        width: int = 32,
        classes: int = 0,
        depth: int = 8,
        *,
        output: Callable[[], nn.Module] | None = nn.Tanh,
    ):
        super().__init__()
        self.latent, self.grids = latent, halvings(shape[1:], 4)[::-1]
        widths = [width * min(2**i, MOST) for i in range(len(self.grids))][::-1]
        self.mapping = Mapping(latent, latent, depth, classes)
        self.constant = nn.Parameter(torch.randn(1, widths[0], *self.grids[0]))
        layers = [StyledLayer(widths[0], widths[0], latent, self.grids[0])]
        for (a, b), grid in zip(pairwise(widths), self.grids[1:]):
            layers += [StyledLayer(a, b, latent, grid, double=True), StyledLayer(b, b, latent, grid)]
        self.layers = nn.ModuleList(layers)
        self.to_picture = nn.ModuleList(ModulatedConv(c, shape[0], 1, latent, demodulate=False) for c in widths)
        self.bias = nn.Parameter(torch.zeros(len(widths), shape[0], 1, 1))
        self.output = output() if output else nn.Identity()

    def forward(self, z: Tensor, label: Tensor | None = None, psi: float = 1.0) -> Tensor:
        return self.synthesis(self.styles(z, label, psi))

    def styles(self, z: Tensor, label: Tensor | None = None, psi: float = 1.0) -> Tensor:
        """(n, layers, latent): w for each layer, moved towards its mean by 1 − `psi` (truncation)."""
        w = self.mapping(z, label)
        if psi != 1:
            w = self.mapping.mean + psi * (w - self.mapping.mean)
        return w[:, None].expand(-1, len(self.layers) + 1, -1)

    def synthesis(self, styles: Tensor) -> Tensor:
        """Styles (n, layers, latent) to pictures. The last style is that of the finest grid's picture."""
        return self.output(self.unsquashed(styles))

    def unsquashed(self, styles: Tensor) -> Tensor:
        """The sum of all grids' pictures."""
        x = self.layers[0](self.constant.expand(len(styles), -1, -1, -1), styles[:, 0])
        picture = self.to_picture[0](x, styles[:, 1]) + self.bias[0]
        for i, grid in enumerate(self.grids[1:], 1):
            x = self.layers[2 * i](self.layers[2 * i - 1](x, styles[:, 2 * i - 1]), styles[:, 2 * i])
            picture = doubled(picture, grid) + self.to_picture[i](x, styles[:, 2 * i + 1]) + self.bias[i]
        return picture.float()


class StyleDiscriminator(Discriminator):
    """Residual blocks that halve, their sums divided by √2; how much the batch varies, as one more channel; a 3×3
    convolution, a linear layer, the score. Labels by projection, as in `blocks.Discriminator`."""

    def __init__(self, shape: tuple[int, int, int], width: int = 32, classes: int = 0):
        grids = halvings(shape[1:], 4)
        widths = [width * min(2**i, MOST) for i in range(len(grids))]
        super().__init__(widths[-1], classes)
        self.first = EqualConv(shape[0], widths[0], 1)
        self.blocks = nn.ModuleList(ResidualHalving(a, b) for a, b in pairwise(widths))
        self.variation = MinibatchDeviation(4)
        self.last = EqualConv(widths[-1] + 1, widths[-1], 3)
        self.linear = EqualLinear(widths[-1] * prod(grids[-1]), widths[-1])

    def features(self, x: Tensor) -> Tensor:
        x = activated(self.first(x))
        for block in self.blocks:
            x = block(x)
        varied = self.variation(x.flatten(1))[:, -1, None, None, None]
        x = torch.cat([x, varied.expand(-1, 1, *x.shape[2:]).to(x.dtype)], 1)
        return activated(self.linear(activated(self.last(x)).flatten(1)))


class ResidualHalving(nn.Module):
    """(n, inside, H, W) to (n, outside, ⌈H/2⌉, ⌈W/2⌉)."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.one = EqualConv(inside, inside, 3)
        self.two = EqualConv(inside, outside, 3, halve=True)
        self.skip = EqualConv(inside, outside, 1, halve=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return (activated(self.two(activated(self.one(x)))) + self.skip(x)) / 2**0.5
