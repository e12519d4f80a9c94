"""Adversarial losses: pairs of functions on raw scores (logits) of shape (n,), to be minimised, batch means.

`discriminator(real, fake)` is what the discriminator minimises, `generator(fake, real)` what the generator does; the
generator's losses that ignore `real` take it all the same, so that every pair is called alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import relu, softplus


class Loss(NamedTuple):
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]


def logistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """−E log σ(D(x)) − E log(1 − σ(D(G(z)))): minus the value of the game (Goodfellow et al. 2014, eq. 1)."""
    return softplus(-real).mean() + softplus(fake).mean()


def smoothed(alpha: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The logistic loss of D, reals to be called real by α only: −E[α log σ(D(x)) + (1 − α) log(1 − σ(D(x)))]
    for them. At best σ(D) = αp/(p + q); fakes stay fake, hence one-sided (Salimans et al. 2016, section 3.4)."""
    return lambda real, fake: (softplus(real) - alpha * real).mean() + softplus(fake).mean()


def minimax_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """E log(1 − σ(D(G(z)))): the value itself (eq. 1); its gradient vanishes where the discriminator is sure."""
    return -softplus(fake).mean()


def non_saturating_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """−E log σ(D(G(z))) (Goodfellow et al. 2014, section 3)."""
    return softplus(-fake).mean()


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E D(G(z)) − E D(x) (Arjovsky et al. 2017, eq. 2; reals score high)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """−E D(G(z)), also the hinge pair's generator."""
    return -fake.mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))) (Lim and Ye 2017; Miyato et al. 2018, eq. 17)."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def paired_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E log(1 + exp(D(G(z)) − D(x))), x and z paired (Jolicoeur-Martineau 2018, RSGAN; R3GAN eq. 2)."""
    return softplus(fake - real).mean()


def paired_generator(fake: Tensor, real: Tensor) -> Tensor:
    """E log(1 + exp(D(x) − D(G(z)))): the generator's side of the pairing."""
    return softplus(real - fake).mean()


def least_squares(fake: float = 0.0, real: float = 1.0, wanted: float = 1.0) -> Loss:
    """½ E(D(x) − b)² + ½ E(D(G(z)) − a)² and ½ E(D(G(z)) − c)² for targets a, b, c (Mao et al. 2017, eq. 2).

    0, 1, 1 are the paper's codes for its experiments; −1, 1, 0 make the generator's loss Pearson's χ² divergence.
    """

    def discriminator(on_real: Tensor, on_fake: Tensor) -> Tensor:
        return ((on_real - real).square().mean() + (on_fake - fake).square().mean()) / 2

    def generator(on_fake: Tensor, on_real: Tensor | None = None) -> Tensor:
        return (on_fake - wanted).square().mean() / 2

    return Loss(discriminator, generator)


minimax = Loss(logistic_discriminator, minimax_generator)
non_saturating = Loss(logistic_discriminator, non_saturating_generator)
wasserstein = Loss(wasserstein_discriminator, wasserstein_generator)
hinge = Loss(hinge_discriminator, wasserstein_generator)
relativistic = Loss(paired_discriminator, paired_generator)
