"""Convolutions that are fast to differentiate twice, as R1, R2 and gradient penalties do.

torch's own second derivative of a convolution takes the slope of the weights by a convolution whose kernel is as large
as the map and whose channels are the batch, group by group; on a card that took three quarters of a round of R3GAN at
64×64 (H100, batch 256). Here the first derivative is written with convolutions, so the second needs only their first:
what StyleGAN2-ADA's `conv2d_gradfix` does (Karras et al. 2020, released code), from the formulas, for today's torch.

With y = x ∗ w and slope g of y:  ∂/∂x = g ∗ᵀ w,  ∂/∂w = x ⋆ g,  and of the latter, with slope v:  ∂/∂x = g ∗ᵀ v,
∂/∂g = x ∗ v.  All three are differentiable as often as one likes.
"""

from __future__ import annotations

from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

_slopes_only = False


@contextmanager
def slopes_only():
    """Inside, a backward pass leaves out what only weights would need: a critic's slope at its points is asked for,
    and a custom function cannot see that."""
    global _slopes_only
    before, _slopes_only = _slopes_only, True
    try:
        yield
    finally:
        _slopes_only = before


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0, groups: int = 1):
    """`F.conv2d` with square strides and paddings; on a card by way of the functions below."""
    if not x.is_cuda:
        return F.conv2d(x, weight, bias, stride, padding, groups=groups)
    if torch.is_autocast_enabled("cuda"):
        kind = torch.get_autocast_dtype("cuda")
        x, weight, bias = x.to(kind), weight.to(kind), bias if bias is None else bias.to(kind)
    return Convolution.apply(x, weight, bias, stride, padding, groups)


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` with zero padding by the function above."""

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride[0], self.padding[0], self.groups)


def as_it_is(x: Tensor):
    """Inside, no autocast: all operands have one precision already."""
    return torch.autocast(x.device.type, enabled=False)


def transposed(g: Tensor, weight: Tensor, size, stride: int, padding: int, groups: int) -> Tensor:
    """g ∗ᵀ w, of height and width `size`."""
    extra = [n - ((m - 1) * stride - 2 * padding + k) for n, m, k in zip(size, g.shape[2:], weight.shape[2:])]
    return F.conv_transpose2d(g, weight, None, stride, padding, extra, groups)


class Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding, groups):
        ctx.save_for_backward(x, weight)
        ctx.about = stride, padding, groups
        with as_it_is(x):
            return F.conv2d(x, weight, bias, stride, padding, groups=groups)

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad[:3]
        with as_it_is(g):
            return (
                transposed(g, weight, x.shape[2:], *ctx.about) if of_x else None,
                WeightSlope.apply(x, g, weight.shape, *ctx.about) if of_weight and not _slopes_only else None,
                g.sum((0, 2, 3)) if of_bias and not _slopes_only else None,
                *[None] * 3,
            )


class WeightSlope(torch.autograd.Function):
    """x ⋆ g, the slope of a loss with respect to the weights."""

    @staticmethod
    def forward(ctx, x, g, shape, stride, padding, groups):
        ctx.save_for_backward(x, g)
        ctx.about = stride, padding, groups
        with as_it_is(g):
            return conv2d_weight(x, shape, g, stride, padding, groups=groups)

    @staticmethod
    def backward(ctx, v):
        x, g = ctx.saved_tensors
        stride, padding, groups = ctx.about
        of_x, of_g = ctx.needs_input_grad[:2]
        with as_it_is(v):
            return (
                transposed(g, v, x.shape[2:], *ctx.about) if of_x else None,
                F.conv2d(x, v, None, stride, padding, groups=groups) if of_g else None,
                *[None] * 4,
            )
