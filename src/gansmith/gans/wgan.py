"""WGAN. "Wasserstein GAN", Arjovsky, Chintala & Bottou, ICML 2017.

W₁(p, q) = sup over 1-Lipschitz D of E D(x) − E D(G(z))   (eq. 2); the supremum is sought by a critic whose every weight
is clipped to ±c after each of its moves, which makes it K-Lipschitz for some K (algorithm 1). The critic is trained
far: `discriminator_steps` moves a round, and 100 in the first 25 rounds and in every 500th, as in the released code.
RMSProp,
since momentum made the critic's loss unstable.

Networks: DCGAN's, batch norm in the critic too, whose scales and shifts are clipped like all else.
Deviations: reals score high (in the released code they score low); an average of G is kept and sampled.
Clipping is a poor way to bound a slope, as the paper says itself: weights crowd at ±c. wgan-gp and sngan do it better.
Proof: proofs/ring.py.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gansmith import losses
from gansmith.data.spec import DataSpec
from gansmith.game import Turn, observe, setting
from gansmith.gans.gan import GAN


class WGAN(GAN):
    summary: ClassVar[str] = "Wasserstein critic with clipped weights (Arjovsky et al. 2017)"
    adversarial: ClassVar[losses.Loss] = losses.wasserstein
    loss: ClassVar[str] = "wasserstein"
    widths: ClassVar[tuple[int, int]] = (64, 128)
    beta1: ClassVar[float] = 0.0  # RMSProp has neither
    beta2: ClassVar[float] = 0.99
    without: ClassVar[tuple[str, ...]] = ("smoothing",)

    clip: float = setting(0.01, "c, the largest size of a critic's weight", minimum=0.0)
    discriminator_steps: int = setting(5, "moves of the critic for each of the generator", minimum=1)
    discriminator_steps_far: int = setting(100, "… in the first 25 rounds and in every 500th", minimum=1)
    learning_rate: float = setting(5e-5, "RMSProp's step size", minimum=0.0)
    prior: str = setting("normal", "law of the noise, with unit variance", choices=("uniform", "normal"))

    def build(self, spec: DataSpec) -> None:
        self.build_convolutional(spec)

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss, times=self.times),
            Turn("generator", self.generator_loss),
        ]

    def times(self, round: int) -> int:
        """Moves of the critic in this round."""
        return self.discriminator_steps_far if round < 25 or round % 500 == 0 else self.discriminator_steps

    def judged(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        observe("discriminator/distance", lambda: real.mean() - fake.mean())
        return super().judged(real, fake)

    @torch.no_grad()
    def moved(self, player: str) -> None:
        super().moved(player)
        if player == "discriminator":
            for p in self.discriminator.parameters():
                p.clamp_(-self.clip, self.clip)

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return self.steps(torch.optim.RMSprop(parameters, lr=self.learning_rate), player)
