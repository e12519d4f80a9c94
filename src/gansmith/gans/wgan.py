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

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.remedies import Remedies


class WGAN(Remedies, TwoPlayer):
    summary: ClassVar[str] = "Wasserstein critic with clipped weights (Arjovsky et al. 2017)"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("beta1", "beta2")  # RMSProp has neither
    unreached: ClassVar[dict[str, str]] = {
        "discriminator*score.bias": "the loss is of differences of scores, which no constant changes"
    }

    clip: float = setting(0.01, "c, the largest size of a critic's weight", minimum=0.0)
    discriminator_steps: int = setting(5, "moves of the critic for each of the generator", minimum=1)
    discriminator_steps_far: int = setting(100, "… in the first 25 rounds and in every 500th", minimum=1)
    learning_rate: float = setting(5e-5, "RMSProp's step size", minimum=0.0)

    def build(self, spec: Kind) -> None:
        self.build_bodies(spec)

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss, times=self.times),
            Turn("generator", self.generator_loss),
        ]

    def times(self, round: int) -> int:
        """Moves of the critic in this round."""
        return self.discriminator_steps_far if round < 25 or round % 500 == 0 else self.discriminator_steps

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        observe("discriminator/distance", lambda: on_real.mean() - on_fake.mean())
        distance = on_fake.mean() - on_real.mean()
        return {"adversarial": distance} | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.discriminator(self.fake(batch), batch.label).mean()}

    @torch.no_grad()
    def moved(self, player: str) -> None:
        super().moved(player)
        if player == "discriminator":
            for p in self.discriminator.parameters():
                p.clamp_(-self.clip, self.clip)

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return self.wrap_optimizer(torch.optim.RMSprop(parameters, lr=self.learning_rate), player)
