"""Gradient penalties: functions of (discriminator, points), in fp32 or finer whatever the rest runs in.

A discriminator is any callable `points -> scores (n,)` that treats each point by itself: then the gradient of the
summed scores with respect to the points holds each point's own gradient. Batch normalisation breaks that.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gansmith.distributed.collectives import mean_over_ranks
from gansmith.networks.conv2d_gradfix import no_weight_gradients

Discriminator = Callable[[Tensor], Tensor]


def gradients(discriminator: Discriminator, points: Tensor, *, precise: bool = True) -> tuple[Tensor, Tensor]:
    """(scores (n,), ∇D(x) of the points' shape) of one pass, differentiable twice.

    precise  run the discriminator in fp32; False leaves its layers in the run's own precision, where bf16 is a third
             faster, and only what is made of the gradient is in fp32 (as R3GAN's authors train)
    """
    points = points.detach().to(torch.promote_types(points.dtype, torch.float32)).requires_grad_()
    device = points.device.type
    with torch.autocast(device, enabled=not precise and torch.is_autocast_enabled(device)):
        scores = discriminator(points)
        with no_weight_gradients():
            (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return scores, gradient


def square(gradient: Tensor, count: int | None = None) -> Tensor:
    """‖∇D(x)‖² (n,), over all entries of a point (Gulrajani et al. 2017), not by channel; of `count` packs of points
    over all of a pack's."""
    return gradient.reshape(count or len(gradient), -1).square().sum(1)


def squared_gradient_norms(discriminator: Discriminator, points: Tensor) -> tuple[Tensor, Tensor]:
    """(scores (n,), squared gradient norms ‖∇D(x)‖² (n,)) of one pass in fp32, differentiable twice."""
    scores, gradient = gradients(discriminator, points)
    return scores, square(gradient, len(scores))


def r1(discriminator: Discriminator, real: Tensor) -> Tensor:
    """½ E‖∇D(x)‖² on reals; times γ it is the R1 of Mescheder et al. 2018, eq. 9. On fakes it is R2."""
    return squared_gradient_norms(discriminator, real)[1].mean() / 2


def gradient_penalty(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """E(‖∇D(x̂)‖ − 1)², x̂ uniform on the segments between paired reals and fakes (WGAN-GP, eq. 3)."""
    mix = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    return one_centered(discriminator, real + mix * (fake - real))


def dragan(discriminator: Discriminator, real: Tensor) -> Tensor:
    """E(‖∇D(x + δ)‖ − 1)², δ = ½ std(x) · u · α, u uniform per entry, α per point (Kodali et al. 2017, as released)."""
    strength = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    return one_centered(discriminator, real + 0.5 * spread(real) * torch.rand_like(real) * strength)


def spread(x: Tensor) -> Tensor:
    """The standard deviation of all entries of everyone's items."""
    return mean_over_ranks((x - mean_over_ranks(x.mean())).square().mean()).sqrt()


def one_centered(discriminator: Discriminator, points: Tensor) -> Tensor:
    """E(‖∇D(x)‖ − 1)²."""
    # The small constant keeps the square root's own gradient finite where the discriminator is flat.
    return ((squared_gradient_norms(discriminator, points)[1] + 1e-12).sqrt() - 1).square().mean()


def lecam(on_real: Tensor, on_fake: Tensor, real_ema: Tensor, fake_ema: Tensor) -> Tensor:
    """E(D(x) − α_F)² + E(D(G(z)) − α_R)², α the running means of the scores of each side (Tseng et al. 2021, eq. 5).

    It keeps the discriminator from being surer than it has been: each side is drawn to where the other usually lies.
    """
    return (on_real - fake_ema).square().mean() + (on_fake - real_ema).square().mean()
