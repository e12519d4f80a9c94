"""Spectral normalisation and the residual bodies of SNGAN (Miyato et al. 2018), over one, two or three axes.

At 3×32×32 with width 256 in the generator and 128 in the discriminator they are the paper's CIFAR-10 networks:
4,276,739 and 1,053,824 parameters. A long signal is quartered where a picture is halved (see `pyramid`).
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from gansmith.networks.blocks import Discriminator, Generator, needed
from gansmith.networks.convolutional import BATCH_NORMS, PLAIN_CONVS, Pyramid, pyramid, repeat, stay

POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class SpectralNorm(nn.Module):
    """A parametrisation: W becomes W/σ(W), W laid out as (out, in·k·k), σ its largest singular value.

    σ is followed by one power iteration a pass in training mode from a vector that is kept (and saved). That bounds the
    matrix, not the convolution, whose own norm differs by a small factor (section 2.1).
    """

    def __init__(self, weight: Tensor):
        super().__init__()
        self.register_buffer("u", F.normalize(torch.randn(len(weight)), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast("cpu" if weight.is_meta else weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            with torch.no_grad():
                v = F.normalize(self.u @ matrix, dim=0)
                u = F.normalize(matrix @ v, dim=0)
                if self.training:
                    self.u.copy_(u)
            return weight / (u @ matrix @ v)


def spectrally_normalised(network: nn.Module) -> nn.Module:
    """The same network, every linear map, convolution and embedding in it divided by its spectral norm."""
    for module in list(network.modules()):
        if isinstance(module, (nn.Linear, nn.Embedding, *PLAIN_CONVS.values())):
            # σ of a projection that starts at zero has no direction to follow; on "meta" there are shapes only
            if not module.weight.is_meta and not module.weight.any():
                nn.init.xavier_uniform_(module.weight)
            parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return network


class SpectralGenerator(Generator):
    """A linear map onto the coarsest grid, pre-activation residual blocks that up-sample, ReLU and tanh.

    Batch norm in every block; with classes its scales and shifts are each class's own (Miyato & Koyama 2018).
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        width: int = 256,
        classes: int = 0,
        *,
        output: Callable[[], nn.Module] | None = nn.Tanh,
    ):
        super().__init__(latent)
        self.classes = classes
        steps = pyramid(shape[1:])
        grids = steps.grids[::-1]
        self.first = (width, *grids[0])
        self.linear = nn.Linear(latent, prod(self.first))
        self.blocks = nn.ModuleList(UpBlock(width, grid, classes, steps) for grid in grids[1:])
        self.norm = BATCH_NORMS[steps.axes](width)
        self.last = stay(width, shape[0], steps)
        self.output = output() if output else nn.Identity()
        glorot(self)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        label = needed(label, self.classes) if self.classes else None
        x = self.linear(z).unflatten(1, self.first)
        for block in self.blocks:
            x = block(x, label)
        return self.output(self.last(F.relu(self.norm(x)))).float()


class SpectralDiscriminator(Discriminator):
    """Residual blocks that halve the picture until no side is above 8, two that keep it, ReLU, a sum over the map.

    Its weights are to be `spectrally_normalised`.
    """

    def __init__(self, shape: tuple[int, ...], width: int = 128, classes: int = 0):
        super().__init__(width, classes, bias=False)
        steps = pyramid(shape[1:], coarsest=8)
        downs = [True] * (len(steps.grids) - 1) + [False] * 2
        self.blocks = nn.Sequential(
            *(DownBlock(width if i else shape[0], width, down, steps, first=not i) for i, down in enumerate(downs))
        )
        glorot(self)

    def features(self, x: Tensor) -> Tensor:
        return F.relu(self.blocks(x)).sum(tuple(range(2, x.dim())))


class UpBlock(nn.Module):
    """norm → ReLU → twice the size → 3×3 → norm → ReLU → 3×3, beside twice the size → 1×1."""

    def __init__(self, channels: int, size: tuple[int, ...], classes: int, steps: Pyramid):
        super().__init__()
        self.size, self.stride = size, steps.stride
        self.norms = nn.ModuleList(ConditionalNorm(channels, classes, steps.axes) for _ in range(2))
        self.convs = nn.ModuleList(stay(channels, channels, steps) for _ in range(2))
        self.shortcut = PLAIN_CONVS[steps.axes](channels, channels, 1)

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        y = self.convs[0](self.up(F.relu(self.norms[0](x, label))))
        y = self.convs[1](F.relu(self.norms[1](y, label)))
        return y + self.up(self.shortcut(x))  # a 1×1 map and a repetition may change places; this way costs a quarter

    def up(self, x: Tensor) -> Tensor:
        return repeat(x, self.stride, self.size)


class DownBlock(nn.Module):
    """[ReLU →] 3×3 → ReLU → 3×3 [→ halved], beside [1×1 → halved]; a discriminator's first has no leading ReLU."""

    def __init__(self, inside: int, outside: int, down: bool, steps: Pyramid, first: bool):
        super().__init__()
        self.stride, self.leading = steps.stride if down else 1, not first
        self.convs = nn.ModuleList(stay(width, outside, steps) for width in (inside, outside))
        self.shortcut = PLAIN_CONVS[steps.axes](inside, outside, 1) if down or inside != outside else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.convs[0](F.relu(x) if self.leading else x)
        y = self.halved(self.convs[1](F.relu(y)))
        return y + (x if self.shortcut is None else self.shortcut(self.halved(x)))

    def halved(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            return x
        window = [min(self.stride, side) for side in x.shape[2:]]  # volumes refuse one that is longer than an axis
        return POOLS[x.dim() - 2](x, window, self.stride, ceil_mode=True)


class ConditionalNorm(nn.Module):
    """Batch norm, with a scale and a shift for each class when there are any."""

    def __init__(self, channels: int, classes: int, axes: int = 2):
        super().__init__()
        self.norm = BATCH_NORMS[axes](channels, affine=not classes)
        self.classes = classes
        if classes:
            self.scale, self.shift = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
            nn.init.ones_(self.scale.weight)
            nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        x = self.norm(x)
        if not self.classes:
            return x
        scale, shift = (numbers(label).unflatten(1, (-1, *[1] * (x.dim() - 2))) for numbers in (self.scale, self.shift))
        return x * scale + shift


def glorot(network: nn.Module) -> None:
    """Glorot's uniform weights, with gain √2 for the 3×3 convolutions inside blocks; biases 0."""
    for name, module in network.named_modules():
        if isinstance(module, (nn.Linear, *PLAIN_CONVS.values())):
            nn.init.xavier_uniform_(module.weight, gain=2**0.5 if "convs" in name else 1.0)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
