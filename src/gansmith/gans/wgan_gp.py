"""WGAN-GP. "Improved Training of Wasserstein GANs", Gulrajani et al., NeurIPS 2017.

D maximises E D(x) − E D(G(z)) with its slope held near 1 on the segments between reals and fakes:
L = E D(G(z)) − E D(x) + λ E(‖∇D(x̂)‖ − 1)²   (eq. 3); `discriminator_steps` moves of D for one of G; no batch
norm in D, since the slope must be each point's own. Reals score high (the released WGAN code of Arjovsky
has the sign turned).

What the critic reads is *not* the Wasserstein distance, even at its optimum: for unit normals a shift Δ apart it reads
1.0545, 2.210, 4.813 for Δ = 1, 2, 4 and λ = 10 (tests/gans/test_wgan_gp.py).
Networks: DCGAN's without norm in the critic; for vectors three ReLU layers, as in the paper's toys (512 there).
Deviations: an average of G is kept and sampled; width 128 for vectors; bias in convolutions without norm.
Proof: proofs/wgan_gp.py.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gansmith import losses, penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import DataSpec
from gansmith.game import observe, setting
from gansmith.gans.gan import GAN


class WGANGP(GAN):
    summary: ClassVar[str] = "Wasserstein critic with a gradient penalty (Gulrajani et al. 2017)"
    adversarial: ClassVar[losses.Loss] = losses.wasserstein
    loss: ClassVar[str] = "wasserstein"
    score_kind: ClassVar[str] = "raw"
    widths: ClassVar[tuple[int, int]] = (64, 128)
    without: ClassVar[tuple[str, ...]] = ("smoothing",)

    penalty: float = setting(10.0, "λ, weight of the gradient penalty; 0.1 for toys in the plane", minimum=0.0)
    discriminator_steps: int = setting(5, "moves of the critic for each of the generator", minimum=1)
    learning_rate: float = setting(1e-4, "Adam's step size", minimum=0.0)
    beta2: float = setting(0.9, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    latent: int = setting(128, "numbers of noise a sample is made from", minimum=1)
    prior: str = setting("normal", "law of the noise, with unit variance", choices=("uniform", "normal"))
    width: int | None = setting(
        None, "channels of the finest layer; None: 64 for pictures, 128 units for vectors", minimum=1
    )

    def build(self, spec: DataSpec) -> None:
        self.build_convolutional(spec, discriminator_norm="none")

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        label = torch.cat([batch.label, batch.label]) if self.conditional else None
        real_scores, fake_scores = self.discriminator(torch.cat([batch.real, fake]), label).chunk(2)
        observe("discriminator/distance", lambda: real_scores.mean() - fake_scores.mean())
        penalty = penalties.gradient_penalty(lambda x: self.discriminator(x, batch.label), batch.real, fake)
        return self.judged(real_scores, fake_scores) | {"penalty": self.penalty * penalty} | self.sloped(batch, fake)
