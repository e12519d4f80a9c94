"""CaloGAN's bodies (Paganini, de Oliveira & Nachman 2018, https://arxiv.org/abs/1712.10321), for any layers of cells.

Items are (n, cells), or (n, 1 + cells) with the particle's energy first, on the logarithmic scale of `Scale`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator, Generator
from gansmith.networks.locally_connected import LocallyConnected2d, items_first, places_first
from gansmith.networks.minibatch import MinibatchFeatures

FAINTEST, BRIGHTEST = 0.05, 1.5  # logarithm of a layer's largest cell at least, of any at most
TINY = 1e-9  # GeV
EMPTY, USUAL = 0.3, 0.3  # logarithms of an empty cell, below 0, and of one that is hit, as a generator begins
LARGEST, COARSE = 8, 6  # cells of a layer that are looked at by size; rows and columns of coarse cells


class Scale(NamedTuple):
    """Energies in network units: −1 is 0, 1 is the largest, 2 log(1 + x / threshold) / log_top − 1 between them."""

    threshold: float
    log_top: float

    @property
    def largest(self) -> float:
        """GeV that 1 stands for."""
        return self.threshold * expm1(self.log_top)

    def energy(self, x: Tensor) -> Tensor:
        """Network units to GeV."""
        return torch.expm1((x + 1) * (self.log_top / 2)) * self.threshold

    def network(self, energy: Tensor) -> Tensor:
        return torch.log1p(energy / self.threshold) * (2 / self.log_top) - 1


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


class Stream(nn.Module):
    """A layer of LAGAN: (n, inputs) and noise (n, 1, rows, columns) to logarithms of its cells (n, 1, rows, columns).

    A dense map of 2·width channels that is one cell wider at each side, a convolution of `width` channels with batch
    norm, two locally connected layers. The last gives each cell a value, and how much noise of its own it gets.
    """

    def __init__(self, inputs: int, size: tuple[int, int], width: int):
        super().__init__()
        self.first = (2 * width, size[0] + 2, size[1] + 2)
        self.dense = nn.Linear(inputs, 2 * width * self.first[1] * self.first[2])
        self.conv = nn.Conv2d(2 * width, width, 2)
        self.norm = nn.BatchNorm2d(width)
        few = max(2, width // 2)
        self.local = LocallyConnected2d(width, few, (size[0] + 1, size[1] + 1), (2, 2))
        self.cells = LocallyConnected2d(few, 2, size, (1, 1))
        nn.init.normal_(self.cells.weight, 0, 0.1)

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        x = self.conv(leaky(self.dense(z).unflatten(1, self.first)))
        x = self.local(places_first(leaky(self.norm(x))))
        value, spread = items_first(self.cells(leaky(x))).split(1, 1)
        return value + F.softplus(spread - 2) * noise


class ShowerGenerator(Generator):
    """(n, noise + 1 + cells): noise, the energy asked for in network units, noise of each cell; to items.

    A stream for each layer; each is in-painted from the one before it: w · own + (1 − w) · before, w a two-way softmax
    of a locally connected layer of 3×3, which begins near 1. ReLU makes cells that are exactly empty. A small head
    gives the share of the energy that is found (within `response`) and the shares of the layers, to which the cells are
    scaled: all hold together what the head says, but for layers given less than the threshold, which stay empty.

    sizes       rows and columns of each layer;  has_energy  whether items begin with the energy of the particle
    response    least and largest share of the energy asked for that cells hold together
    """

    def __init__(
        self,
        noise: int,
        sizes: Sequence[tuple[int, int]],
        has_energy: bool,
        scale: Scale,
        response: tuple[float, float],
        width: int,
        classes: int = 0,
    ):
        self.sizes, self.counts = list(sizes), [rows * columns for rows, columns in sizes]
        super().__init__(noise + 1 + sum(self.counts), classes)
        self.parts = [noise, 1, sum(self.counts), classes]
        self.has_energy, self.scale, self.response = has_energy, scale, response
        told = noise + 2 + classes  # the energy twice: its logarithm, and as a share of the largest
        self.streams = nn.ModuleList(Stream(told, size, width) for size in self.sizes)
        self.attention = nn.ModuleList(
            LocallyConnected2d(2, 2, size, (3, 3), padding=(1, 1)) for size in self.sizes[1:]
        )
        for layer in self.attention:
            nn.init.normal_(layer.weight, 0, 0.02)
            nn.init.constant_(layer.bias[..., 1], -3.0)
        outputs = (response[1] > response[0]) + (len(self.sizes) if len(self.sizes) > 1 else 0)
        self.head = nn.Sequential(*hidden(told, 64), *hidden(64, 64), nn.Linear(64, outputs)) if outputs else None

    def begin_with(self, mean: Tensor) -> None:
        """Let each cell begin about as bright, and as often empty, as in the mean item, in network units: else it takes
        a long time to empty the rim, since layers are scaled to their energy, whatever lights them."""
        for stream, part in zip(self.streams, ((mean[int(self.has_energy) :] + 1) / 2).split(self.counts)):
            with torch.no_grad():
                stream.cells.bias[..., 0] = (part - EMPTY * (1 - part / USUAL).clamp(min=0))[:, None]

    def body(self, z: Tensor) -> Tensor:
        noise, asked, of_cells, label = z.split(self.parts, 1)
        energy = self.scale.energy(asked)
        told = torch.cat([noise, asked, energy / self.scale.largest, label], 1)
        layers = self.scaled(self.painted(told, of_cells), energy * self.shares(told))
        cells = self.scale.network(torch.cat(layers, 1))
        return torch.cat([asked, cells], 1) if self.has_energy else cells

    def shares(self, told: Tensor) -> Tensor:
        """(n, layers): what each layer holds of the energy asked for. They add up to the response."""
        low, high = self.response
        made = told.new_zeros(len(told), 0) if self.head is None else self.head(told)
        found = low + (high - low) * made[:, :1].sigmoid() if high > low else told.new_full((len(told), 1), low)
        return found * made[:, int(high > low) :].softmax(1) if len(self.sizes) > 1 else found

    def painted(self, told: Tensor, noise: Tensor) -> list[Tensor]:
        """Of each layer logarithms of its cells (n, cells), before they are scaled."""
        made: list[Tensor] = []
        for i, (stream, part, size) in enumerate(zip(self.streams, noise.split(self.counts, 1), self.sizes)):
            own = stream(told, part.unflatten(1, (1, *size)))
            if made:
                both = torch.cat([own, F.adaptive_avg_pool2d(made[-1], size)], 1)
                own = (both * items_first(self.attention[i - 1](places_first(both))).softmax(1)).sum(1, keepdim=True)
            made.append(own)
        return [x.flatten(1) for x in made]

    def scaled(self, layers: list[Tensor], energies: Tensor) -> list[Tensor]:
        """Cells (n, cells) in GeV, of each layer so many that its energy (n, layers) is that of its sum: ReLU, and what
        is below the threshold then, empty them; the rest shares what they held."""
        made = []
        for x, energy in zip(layers, energies.split(1, 1)):
            x = x + F.relu(FAINTEST - x.amax(1, keepdim=True))  # never a layer without a single cell
            x = torch.expm1(F.relu(x).clamp(max=BRIGHTEST) * self.scale.log_top)
            x = x / x.sum(1, keepdim=True) * energy
            hit = (x >= self.scale.threshold) | ((x == x.amax(1, keepdim=True)) & (energy >= self.scale.threshold))
            x = x * hit  # nothing is told to what is empty: a rim that is pushed as one is lit as one
            made.append(x * (energy / x.sum(1, keepdim=True).clamp(min=TINY)))
        return made


class ShowerDiscriminator(Discriminator):
    """Items to scores, from the cells of each layer, from how many are hit, from the energies, and from the batch.

    For each layer a convolution of 2×2 over its logarithms and over how surely each cell is hit, three locally
    connected layers (3×3, 2×2, 2×2), and minibatch discrimination on what they see (10 kernels of 10). Beside them, of
    each layer, its share of the energy, its share of cells hit, its centre and its widths; depth; the energy found
    against the energy asked for; and minibatch discrimination on all that. A hidden layer joins them.

    places  (2, cells): where each lies, in sides of its layer
    norm    "batch", or "none" beside a penalty of the gradient at each item
    """

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        has_energy: bool,
        scale: Scale,
        places: Tensor,
        width: int,
        classes: int = 0,
        *,
        norm: str = "none",
    ):
        super().__init__(8 * width, classes)
        self.shapes = ShowerShapes(sizes, has_energy, scale, places)
        self.towers = nn.ModuleList(Tower(size, width, norm) for size in sizes)
        seen = [one.outputs for one in self.towers]
        self.alike = nn.ModuleList(MinibatchFeatures(inputs, 10, 10) for inputs in seen)
        self.shapes_alike = MinibatchFeatures(self.shapes.outputs, 10, 10)
        inside = sum(seen) + 10 * len(seen) + self.shapes.outputs + 10
        self.joined = nn.Sequential(*hidden(inside, 8 * width))

    def features(self, x: Tensor) -> Tensor:
        cells = x[:, int(self.shapes.has_energy) :]
        hit = torch.tanh(self.shapes.scale.energy(cells.clamp(min=-1)) / self.shapes.scale.threshold)
        maps = (part.split(self.shapes.counts, 1) for part in ((cells + 1) / 2, hit))
        seen = []
        for size, tower, alike, *pair in zip(self.shapes.sizes, self.towers, self.alike, *maps):
            seen.append(alike(tower(torch.stack(pair, 1).unflatten(2, size))))
        return self.joined(torch.cat([*seen, self.shapes_alike(self.shapes(x))], 1))


class ShowerShapes(nn.Module):
    """Items to (n, outputs) numbers of order 1 that physicists look at: of each layer its share of the energy, the
    logarithm of its energy, its share of cells hit (smooth), its centre and its widths, the shares of its largest
    cells; depth; the energy found against the energy asked for, which comes last. No parameters.

    places  (2, cells): where each lies, in sides of its layer
    """

    def __init__(self, sizes: Sequence[tuple[int, int]], has_energy: bool, scale: Scale, places: Tensor):
        super().__init__()
        self.sizes, self.counts = list(sizes), [rows * columns for rows, columns in sizes]
        self.has_energy, self.scale = has_energy, scale
        self.largest = [min(LARGEST, count) for count in self.counts]
        self.outputs = 7 * len(self.sizes) + sum(self.largest) + 4
        self.register_buffer("places", places, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        energies = self.scale.energy(x[:, int(self.has_energy) :].clamp(min=-1))
        hit = torch.tanh(energies / self.scale.threshold)
        total = energies.sum(1, keepdim=True)
        asked = self.scale.energy(x[:, :1]) if self.has_energy else total
        found, depth = [], torch.zeros_like(total)
        where = zip(energies.split(self.counts, 1), hit.split(self.counts, 1), self.places.split(self.counts, 1))
        for i, (e, h, place) in enumerate(where):
            energy = e.sum(1, keepdim=True)
            share = energy / (total + TINY)
            middle = e @ place.T / (energy + TINY)
            width = (e @ place.T.square() / (energy + TINY) - middle.square()).clamp(min=1e-6).sqrt()
            large = e.topk(self.largest[i], 1).values / (energy + TINY)
            found += [share, self.size(energy), h.mean(1, keepdim=True), 4 * middle, 8 * width, (large + TINY).sqrt()]
            depth = depth + i * share
        response = total / asked.clamp(min=TINY)
        return torch.cat([*found, depth, 5 * (response - 1), (response - 1).abs(), self.scale.network(asked)], 1)

    def looks(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The shapes, and logarithms of the energies in coarse cells, at most COARSE × COARSE of each layer."""
        energies = self.scale.energy(x[:, int(self.has_energy) :].clamp(min=-1)).split(self.counts, 1)
        coarse = []
        for e, size in zip(energies, self.sizes):
            few = (min(COARSE, size[0]), min(COARSE, size[1]))
            coarse.append(F.adaptive_avg_pool2d(e.unflatten(1, size), few).flatten(1))
        return self(x), self.size(torch.cat(coarse, 1))

    def size(self, energy: Tensor) -> Tensor:
        """Energies as logarithms, 0 … 1."""
        return (self.scale.network(energy) + 1) / 2


class Tower(nn.Module):
    """(n, 2, rows, columns) to (n, features): how the discriminator looks at a layer of cells."""

    def __init__(self, size: tuple[int, int], width: int, norm: str):
        super().__init__()
        few = max(4, width // 2)
        kernel = (min(2, size[0]), min(2, size[1]))
        self.conv = nn.Conv2d(2, width, kernel)
        inside, size = width, (size[0] - kernel[0] + 1, size[1] - kernel[1] + 1)
        self.locals, self.norms = nn.ModuleList(), nn.ModuleList()
        for kernel, stride in (((3, 3), (1, 2)), ((2, 2), (1, 1)), ((2, 2), (1, 2))):
            self.locals.append(LocallyConnected2d(inside, few, size, kernel, stride))
            self.norms.append(nn.BatchNorm1d(few) if norm == "batch" else nn.Identity())
            inside, size = few, self.locals[-1].size
        self.outputs = few * size[0] * size[1]

    def forward(self, x: Tensor) -> Tensor:
        x = places_first(leaky(self.conv(x)))
        for local, norm in zip(self.locals, self.norms):
            x = local(x)
            x = leaky(norm(x.flatten(0, 2)).unflatten(0, x.shape[:3]))
        return x.permute(2, 0, 1, 3).flatten(1)


def hidden(inside: int, outside: int) -> list[nn.Module]:
    return [nn.Linear(inside, outside), nn.LeakyReLU(0.2)]
