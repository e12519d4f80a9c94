"""Networks that see more than one sample at a time: what a generator that makes one thing only is found out by."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.distributed.collectives import all_gather, local_rows, mean_over_ranks
from gansmith.errors import UserError


class BatchStatistic(nn.Module):
    """(n, inside) to (n, inside + more): appends a statistic of the batch to each sample's features.

    more   numbers that `statistic`, which a subclass defines, gives for each sample
    group  samples, one after the other, that are compared, so that reals and fakes in one pass do not mix; None: all

    In eval mode, where a score must be an item's own, the mean of the statistic in training stands in its place.
    """

    def __init__(self, more: int, group: int | None):
        super().__init__()
        self.more, self.group = more, group
        self.register_buffer("running_mean", torch.zeros(more))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return torch.cat([x, self.running_mean.to(x.dtype).expand(len(x), -1)], 1)
        batch = x.float() if self.group else all_gather(x.float())
        size = self.group or len(batch)
        if len(batch) % size:
            raise UserError(f"D compares {size} samples at a time: give a batch size that {size} divides, not {len(x)}")
        statistic = self.statistic(batch.unflatten(0, (-1, size))).flatten(0, 1)
        self.running_mean.lerp_(mean_over_ranks(statistic.detach().mean(0)), 0.01)
        return torch.cat([x, (statistic if self.group else local_rows(statistic)).to(x.dtype)], 1)

    def statistic(self, x: Tensor) -> Tensor:
        """(groups, size, inside) to (groups, size, more)."""
        raise NotImplementedError


class MinibatchDeviation(BatchStatistic):
    """The standard deviation in the group, averaged over features: one number (Karras et al. 2018, section 3)."""

    def __init__(self, group: int | None = 4):
        super().__init__(1, group)

    def statistic(self, x: Tensor) -> Tensor:
        variance = (x - x.mean(1, keepdim=True)).square().mean(1)  # `var` takes six times as long for so few
        deviation = (variance + 1e-8).sqrt().mean(1)
        return deviation[:, None, None].expand(-1, x.shape[1], 1)


class MinibatchFeatures(BatchStatistic):
    """How close the others are: o_b = Σ_{i≠b} exp(−‖M_b − M_i‖₁) + bias, with M a learned (kernels, dimensions) for
    each sample: minibatch discrimination (Salimans et al. 2016, section 3.2)."""

    def __init__(self, inside: int, kernels: int = 100, dimensions: int = 5, group: int | None = None):
        super().__init__(kernels, group)
        self.form = (kernels, dimensions)
        self.direction = nn.Parameter(0.05 * torch.randn(inside, kernels, dimensions))
        self.log_scale = nn.Parameter(torch.zeros(kernels, dimensions))
        self.bias = nn.Parameter(torch.full((kernels,), -1.0))

    def statistic(self, x: Tensor) -> Tensor:
        kernels = self.direction / self.direction.norm(dim=0) * self.log_scale.exp()
        m = (x @ kernels.flatten(1)).unflatten(2, self.form)
        distance = (m[:, :, None] - m[:, None]).abs().sum(4)
        others = 1 - torch.eye(x.shape[1], device=x.device)
        return ((-distance).exp() * others[:, :, None]).sum(2) + self.bias


class SecondHead(nn.Module):
    """(n, inside) features to (n,) scores that depend on the batch: for a discriminator to add to its own.

    kind  "deviation" (groups of 4, as StyleGAN2's) or "discrimination" (groups of 8)
    """

    def __init__(self, inside: int, kind: str, width: int = 64):
        super().__init__()
        statistic = MinibatchDeviation() if kind == "deviation" else MinibatchFeatures(width, group=8)
        self.layers = nn.Sequential(
            nn.Linear(inside, width),
            nn.LeakyReLU(0.2),
            statistic,
            nn.Linear(width + statistic.more, width),
            nn.LeakyReLU(0.2),
        )
        self.score = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.layers(x)).float().squeeze(1)


class Packed(nn.Module):
    """A discriminator of `count` items at once, laid one behind the other along their first axis: (n, C, …) to
    (n / count,) scores (PacGAN, Lin et al. 2018). What is lost of the variety shows twice as clearly in a pair."""

    def __init__(self, discriminator: nn.Module, count: int):
        super().__init__()
        self.discriminator, self.count = discriminator, count

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        if len(x) % self.count:
            raise UserError(f"packing={self.count}: give a batch size that {self.count} divides, not {len(x)}")
        return self.discriminator(x.reshape(-1, self.count * x.shape[1], *x.shape[2:]))


class VirtualBatchNorm(nn.Module):
    """Batch norm by a fixed reference batch and the sample itself, so that a sample's result does not depend on the
    rest of its batch (Salimans et al. 2016, section 3.5).

    The first `reference` rows of what comes in are the reference batch, which is normalised by itself.
    """

    def __init__(self, features: int, reference: int):
        super().__init__()
        self.reference = reference
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        first, rest = x.float().split([self.reference, len(x) - self.reference])
        mean, square = first.mean(0), first.square().mean(0)
        share = 1 / (self.reference + 1)
        means = torch.cat([mean.expand_as(first), (1 - share) * mean + share * rest])
        squares = torch.cat([square.expand_as(first), (1 - share) * square + share * rest.square()])
        normed = (x.float() - means) / (squares - means.square() + 1e-5).sqrt()
        return (normed * self.weight + self.bias).to(x.dtype)
