"""Convolutions whose slopes are written out, where that is faster than torch's own.

On a card, to differentiate twice, as R1, R2 and gradient penalties do: torch's own second derivative takes the slope of
the weights by a convolution whose kernel is as large as the map and whose channels are the batch, group by group, which
took three quarters of a round of R3GAN at 64×64 (H100, batch 256). Here the first derivative is written with
convolutions, so the second needs only their first: what StyleGAN2-ADA's `conv2d_gradfix` does (Karras et al. 2020,
released code), from the formulas, for today's torch. Convolutions of one and three axes go the same way, which
was not timed for them.

On a CPU that multiplies bf16 in tiles (AMX), for the slope of the weights over small maps: see `im2col_matmul`.

With y = x ∗ w and slope g of y:  ∂/∂x = g ∗ᵀ w,  ∂/∂w = x ⋆ g.  Of g ∗ᵀ w, with slope v:  ∂/∂g = v ∗ w,  ∂/∂w = v ⋆ g.
Of x ⋆ g, with slope v:  ∂/∂x = g ∗ᵀ v,  ∂/∂g = x ∗ v.  So all three are differentiable as often as one likes.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv1d_weight, conv2d_weight, conv3d_weight

SMALL = 64  # places of a map over which windows are the faster way
WINDOWS = 2**24  # numbers in all windows together, above which writing them down costs more than it gains

# By the dimensions of a batch (n, C, …).
CONV = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}
CONV_TRANSPOSE = {3: F.conv_transpose1d, 4: F.conv_transpose2d, 5: F.conv_transpose3d}
CONV_WEIGHT = {3: conv1d_weight, 4: conv2d_weight, 5: conv3d_weight}

_no_weight_gradients = False


@contextmanager
def no_weight_gradients():
    """Inside, a backward pass leaves out what only weights would need: a critic's slope at its points is asked for,
    and a custom function cannot see that."""
    global _no_weight_gradients
    before, _no_weight_gradients = _no_weight_gradients, True
    try:
        yield
    finally:
        _no_weight_gradients = before


@cache
def has_amx_bf16() -> bool:
    """Whether this CPU has AMX for bf16. By its flags, not measured: a run resumed here must go on by the same sums."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False  # not Linux


def in_tiles(x: Tensor) -> bool:
    return x.dim() == 4 and x.device.type == "cpu" and torch.is_autocast_enabled("cpu") and has_amx_bf16()


def cast(x: Tensor, *others: Tensor | None):
    """As autocast would: a custom function sees what it is given."""
    if not torch.is_autocast_enabled(x.device.type):
        return x, *others
    kind = torch.get_autocast_dtype(x.device.type)
    return tuple(other if other is None else other.to(kind) for other in (x, *others))


def conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0, groups: int = 1):
    """`F.conv1d`, `F.conv2d` or `F.conv3d`, by the axes of x (n, C, …); one stride and padding for all."""
    if not (x.is_cuda or in_tiles(x)):
        return CONV[x.dim()](x, weight, bias, stride, padding, groups=groups)
    return Convolution.apply(*cast(x, weight, bias), stride, padding, groups)


def _forward(self, x: Tensor) -> Tensor:
    return conv(x, self.weight, self.bias, self.stride[0], self.padding[0], self.groups)


class Conv1d(nn.Conv1d):
    """`nn.Conv1d` with zero padding by the function above."""

    forward = _forward


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` with square strides and zero padding by the function above."""

    forward = _forward


class Conv3d(nn.Conv3d):
    """`nn.Conv3d` with one stride and one zero padding for all axes by the function above."""

    forward = _forward


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d` with square strides and paddings."""

    def forward(self, x: Tensor) -> Tensor:
        if not in_tiles(x):
            return super().forward(x)
        stride, padding = self.stride[0], self.padding[0]
        size = [
            (n - 1) * stride - 2 * padding + k + extra
            for n, k, extra in zip(x.shape[2:], self.kernel_size, self.output_padding)
        ]
        x, weight, bias = cast(x, self.weight, self.bias)
        y = Transposed.apply(x, weight, size, stride, padding, self.groups)
        return y if bias is None else y + bias[:, None, None]


def as_it_is(x: Tensor):
    """Inside, no autocast: all operands have one precision already."""
    return torch.autocast(x.device.type, enabled=False)


def in_order_of(x: Tensor, slope: Tensor) -> Tensor:
    """The slope in channels-last order where x is: what follows a convolution may have turned it."""
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return slope.contiguous(memory_format=torch.channels_last) if last else slope


class Convolution(torch.autograd.Function):
    """x ∗ w + b."""

    @staticmethod
    def forward(ctx, x, weight, bias, *about):
        ctx.save_for_backward(x, weight)
        ctx.about = about
        stride, padding, groups = about
        with as_it_is(x):
            return CONV[x.dim()](x, weight, bias, stride, padding, groups=groups)

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        g = in_order_of(x, g)
        of_x, of_weight, of_bias = ctx.needs_input_grad[:3]
        return (
            Transposed.apply(g, weight, x.shape[2:], *ctx.about) if of_x else None,
            WeightGradient.apply(x, g, weight.shape, *ctx.about) if of_weight and not _no_weight_gradients else None,
            g.sum((0, *range(2, g.dim()))) if of_bias and not _no_weight_gradients else None,
            *[None] * 3,
        )


class Transposed(torch.autograd.Function):
    """g ∗ᵀ w, its axes as long as `size` says."""

    @staticmethod
    def forward(ctx, g, weight, size, *about):
        ctx.save_for_backward(g, weight)
        ctx.about = about
        stride, padding, groups = about
        extra = [n - ((m - 1) * stride - 2 * padding + k) for n, m, k in zip(size, g.shape[2:], weight.shape[2:])]
        with as_it_is(g):
            return CONV_TRANSPOSE[g.dim()](g, weight, None, stride, padding, extra, groups)

    @staticmethod
    def backward(ctx, v):
        g, weight = ctx.saved_tensors
        v = in_order_of(g, v)
        of_g, of_weight = ctx.needs_input_grad[:2]
        return (
            Convolution.apply(v, weight, None, *ctx.about) if of_g else None,
            WeightGradient.apply(v, g, weight.shape, *ctx.about) if of_weight and not _no_weight_gradients else None,
            *[None] * 4,
        )


class WeightGradient(torch.autograd.Function):
    """x ⋆ g, the slope of a loss with respect to the weights."""

    @staticmethod
    def forward(ctx, x, g, shape, *about):
        ctx.save_for_backward(x, g)
        ctx.about = about
        stride, padding, groups = about
        with as_it_is(g):
            if windows_pay(x, g, shape, groups):
                return im2col_matmul(x, g, shape, stride, padding)
            return CONV_WEIGHT[x.dim()](x, shape, g, stride, padding, groups=groups)

    @staticmethod
    def backward(ctx, v):
        x, g = ctx.saved_tensors
        of_x, of_g = ctx.needs_input_grad[:2]
        return (
            Transposed.apply(g, v, x.shape[2:], *ctx.about) if of_x else None,
            Convolution.apply(x, v, None, *ctx.about) if of_g else None,
            *[None] * 4,
        )


def windows_pay(x: Tensor, g: Tensor, shape, groups: int) -> bool:
    if x.dim() != 4 or x.is_cuda or x.dtype != torch.bfloat16 or groups != 1:
        return False
    places = g.shape[2] * g.shape[3]
    return places <= SMALL and len(g) * places * shape[1] * shape[2] * shape[3] <= WINDOWS


def im2col_matmul(x: Tensor, g: Tensor, shape, stride: int, padding: int) -> Tensor:
    """x ⋆ g as one matrix product: the window of x at each place, times g there, summed over places and batch.

    oneDNN's own slope of 512×256 weights of 4×4 over maps of 4×4 takes seven times as long (AMX, bf16, batch 64).
    """
    outputs, inputs, *kernel = shape
    x = F.pad(x, [padding] * 4).permute(0, 2, 3, 1)
    windows = x.unfold(1, kernel[0], stride).unfold(2, kernel[1], stride)[:, : g.shape[2], : g.shape[3]]
    windows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, inputs * kernel[0] * kernel[1])
    slope = g.permute(1, 0, 2, 3).reshape(outputs, -1) @ windows
    return slope.unflatten(1, (*kernel, inputs)).permute(0, 3, 1, 2)
