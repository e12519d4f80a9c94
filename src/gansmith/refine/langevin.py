"""Moving latents along the gradient of the log-ratio, for generators and critics that are differentiable.

Put modules in eval mode first. `log_ratio` maps samples to (n,) and must be differentiable:
`lambda x: calibration.log_ratio(critic(x))`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from gansmith.distributed.track import track
from gansmith.errors import UserError


def standard_normal(latent: torch.Tensor) -> torch.Tensor:
    """Log-density (n,) of the usual prior, up to a constant."""
    return -0.5 * latent.flatten(1).square().sum(1)


def latent_mala(
    generator: Callable,
    log_ratio: Callable,
    latent: torch.Tensor,
    steps: int = 100,
    step_size: float = 0.01,
    seed: int | None = None,
    *,
    log_prior: Callable = standard_normal,
    adjust: bool = True,
) -> tuple[torch.Tensor, dict]:
    """Langevin sampling in latent space (DDLS: Che et al., 2020) with the Metropolis-Hastings test (REP-GAN: Wang et
    al., 2021).

    The target is p0(z) exp(log_ratio(G(z))), whose images under G are distributed as the data; no Jacobian is needed.
    generator: latents -> samples. latent: (n, ...) draws from the prior. log_prior: latents -> (n,).
    A proposal is z + step_size / 2 * gradient + sqrt(step_size) * noise. adjust=False skips the test, as DDLS does,
    and is biased by the step size. Returns the moved latents and {"acceptance": mean acceptance probability}.
    """
    noise = _generator(latent, steps, step_size, seed)

    def density(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return _with_gradient(lambda z: log_prior(z) + log_ratio(generator(z)), z)

    z = latent.detach()
    value, gradient = density(z)
    if bool(torch.isnan(value).any()):
        raise UserError("log_ratio is NaN at the starting latents: a chain there could never move.")
    acceptance = 0.0
    for _ in track(range(steps), "moving latents"):
        proposal = z + step_size / 2 * gradient + step_size**0.5 * _normal(z, noise)
        new_value, new_gradient = density(proposal)
        forward = (proposal - z - step_size / 2 * gradient).flatten(1).square().sum(1)
        backward = (z - proposal - step_size / 2 * new_gradient).flatten(1).square().sum(1)
        rng = (new_value - value + (forward - backward) / (2 * step_size)).clamp(max=0).exp()
        # A NaN chance compares false, so a proposal without a score is refused.
        moved = torch.rand(rng.shape, generator=noise, dtype=rng.dtype, device=z.device) < rng
        moved = moved if adjust else torch.ones_like(moved)
        acceptance += float(rng.nan_to_num(0).mean()) / steps
        wide = moved.view(-1, *[1] * (z.ndim - 1))
        z, gradient = torch.where(wide, proposal, z), torch.where(wide, new_gradient, gradient)
        value = torch.where(moved, new_value, value)
    return z, {"acceptance": acceptance}


def gradient_flow(
    generator: Callable,
    log_ratio: Callable,
    latent: torch.Tensor,
    steps: int = 25,
    eta: float = 0.1,
    gamma: float = 0.01,
    seed: int | None = None,
) -> torch.Tensor:
    """DGflow with the KL divergence (Ansari et al., 2021): z + eta * gradient + sqrt(2 eta gamma) * noise.

    A refiner WITHOUT a target law: it has no prior term, so it climbs towards what the critic likes best and the
    spread of the samples shrinks with every step. Stop early, and never judge it by the same critic. For samples that
    are distributed as the data use `latent_mala`.
    """
    noise = _generator(latent, steps, eta, seed)
    z = latent.detach()
    for _ in range(steps):
        _, gradient = _with_gradient(lambda z: log_ratio(generator(z)), z)
        z = z + eta * gradient + (2 * eta * gamma) ** 0.5 * _normal(z, noise)
    return z


def _with_gradient(function: Callable, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Values (n,) and the gradient of each at its own z."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        value = function(z)
        if value.shape != z.shape[:1]:
            raise UserError(
                f"log_ratio returned shape {tuple(value.shape)} for {len(z)} samples: one value per sample."
            )
        (gradient,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), gradient


def _generator(latent: torch.Tensor, steps: int, step_size: float, seed: int | None) -> torch.Generator:
    if steps < 1 or not step_size > 0:
        raise UserError(f"steps is {steps} and the step size {step_size}: both must be positive.")
    generator = torch.Generator(latent.device)
    generator.seed() if seed is None else generator.manual_seed(seed)
    return generator


def _normal(z: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
