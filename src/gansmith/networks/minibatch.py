"""Layers that look at more than one sample (Salimans et al. 2016, sections 3.2 and 3.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchFeatures(nn.Module):
    """(n, inside) to (n, inside + kernels): beside each sample's own features, how close the others of the batch are.

    o_b = Σ_{i≠b} exp(−‖M_b − M_i‖₁) + bias, with M a learned (kernels, dimensions) for each sample. A generator that
    makes one thing only is found out by it. Each output depends on the whole batch, in eval mode too.
    """

    def __init__(self, inside: int, kernels: int = 100, dimensions: int = 5):
        super().__init__()
        self.form = (kernels, dimensions)
        self.direction = nn.Parameter(0.05 * torch.randn(inside, kernels, dimensions))
        self.log_scale = nn.Parameter(torch.zeros(kernels, dimensions))
        self.bias = nn.Parameter(torch.full((kernels,), -1.0))

    def forward(self, x: Tensor) -> Tensor:
        kernels = self.direction / self.direction.norm(dim=0) * self.log_scale.exp()
        m = (x.float() @ kernels.flatten(1)).unflatten(1, self.form)
        distance = (m[:, None] - m[None]).abs().sum(3)
        others = 1 - torch.eye(len(x), device=x.device)
        closeness = ((-distance).exp() * others[:, :, None]).sum(1) + self.bias
        return torch.cat([x, closeness.to(x.dtype)], 1)


class VirtualBatchNorm(nn.Module):
    """Batch norm by a fixed reference batch and the sample itself: what mates a sample has does not matter.

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
