"""WGAN: Wasserstein critic with clipped weights."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.training.metrics import Metric


class WGAN(Remedies, TwoPlayer):
    """W₁(p, q) = sup over 1-Lipschitz D of E D(x) − E D(G(z))   (eq. 2); the supremum is sought by a critic whose
    every weight is clipped to ±c after each of its moves, which makes it K-Lipschitz for some K (algorithm 1). The
    critic is trained far: `discriminator_steps` moves a round, and 100 in the first 25 rounds and in every 500th, as
    in the released code. RMSProp, since momentum made the critic's loss unstable.

    Networks: DCGAN's, batch norm in the critic too, whose scales and shifts are clipped like all else.
    Deviations: reals score high (in the released code they score low); an average of G is kept and sampled; on a CPU,
    of all but vectors, ten times the step and no more moves in the first rounds than in others: 45 seconds of the
    published ones are 25 rounds, which end 3.7 times as far from clothes as their mean, those .02 times.
    Clipping is a poor way to bound a gradient, as the paper says itself: weights crowd at ±c. wgan-gp and sngan do it
    better. Proof: proofs/ring.py.
    """

    name = "wgan"
    paper = Paper(
        "Wasserstein GAN",
        "Arjovsky, Chintala, Bottou",
        "ICML",
        2017,
        "https://arxiv.org/abs/1701.07875",
        code="https://github.com/martinarjovsky/WassersteinGAN",
    )
    summary = "Wasserstein critic with clipped weights"
    for_vectors: ClassVar[dict[str, object]] = {
        "learning_rate": 5e-4,
        "clip": 0.1,
        "discriminator_steps_far": 25,
        "latent": 16,
    }
    for_cpu: ClassVar[dict[str, object]] = {"discriminator_steps_far": 5, "learning_rate": 5e-4}
    unsupported_settings: ClassVar[tuple[str, ...]] = ("beta1", "beta2")  # RMSProp has neither
    of_differences = True
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

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/adversarial": Metric(
            "E D(fake) − E D(real): minus the distance that the critic reads",
            "negative and shrinking towards 0; its size depends on the data",
            "growing without end: lower --learning-rate. Positive for long: it cannot "
            "follow; raise --discriminator-steps",
        ),
        "generator/adversarial": Metric(
            "− E D(fake): drifts with the critic, whose scores have no zero",
            "any; a slow drift is normal",
            "look at discriminator/distance instead",
        ),
        "discriminator/real": Metric(
            "mean raw score of reals; the critic's scores have no zero",
            "any; it drifts together with discriminator/fake",
            "look at discriminator/distance instead",
        ),
        "discriminator/fake": Metric(
            "mean raw score of fakes",
            "below discriminator/real; it drifts together with it",
            "look at discriminator/distance instead",
        ),
        "discriminator/distance": Metric(
            "E D(real) − E D(fake): what the critic reads; not the Wasserstein distance itself, but it falls with it",
            "positive and slowly falling",
            "rising: the generator gets worse; lower --learning-rate. Negative: raise --discriminator-steps",
        ),
    }
