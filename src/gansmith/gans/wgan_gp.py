"""WGAN-GP: Wasserstein critic with a gradient penalty."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import observe, setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.gans.wgan import WGAN
from gansmith.training.metrics import Metric


class WGANGP(Remedies, TwoPlayer):
    """D maximises E D(x) − E D(G(z)) with its gradient norm held near 1 on the segments between reals and fakes:
    L = E D(G(z)) − E D(x) + λ E(‖∇D(x̂)‖ − 1)²   (eq. 3); `discriminator_steps` moves of D for one of G; no batch
    norm in D, since the gradient must be each point's own. Reals score high (the released WGAN code of Arjovsky
    has the sign turned).

    What the critic reads is *not* the Wasserstein distance, even at its optimum: for unit normals a shift Δ apart it
    reads 1.0545, 2.210, 4.813 for Δ = 1, 2, 4 and λ = 10 (tests/gans/test_wgan_gp.py).
    Networks: DCGAN's without norm in the critic; for vectors three ReLU layers, as in the paper's toys (512 there).
    Deviations: an average of G is kept and sampled; width 128 for vectors; bias in convolutions without norm; on a CPU,
    of all but vectors, 2 moves of the critic at five times the step, which in 45 seconds end a hundredth as far from
    clothes as 5 of the paper's (proofs/every_game.py).
    Proof: proofs/wgan_gp.py.
    """

    name = "wgan-gp"
    paper = Paper(
        "Improved Training of Wasserstein GANs",
        "Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville",
        "NeurIPS",
        2017,
        "https://arxiv.org/abs/1704.00028",
        code="https://github.com/igul222/improved_wgan_training",
    )
    summary = "Wasserstein critic with a gradient penalty"
    for_vectors: ClassVar[dict[str, object]] = {
        "learning_rate": 1e-3,
        "penalty": 1.0,
        "latent": 16,
        "discriminator_steps": 5,
    }
    for_cpu: ClassVar[dict[str, object]] = {"discriminator_steps": 2, "learning_rate": 5e-4}
    score_kind: ClassVar[str] = "raw"
    of_differences = True
    unreached: ClassVar[dict[str, str]] = WGAN.unreached

    penalty: float = setting(10.0, "λ, weight of the gradient penalty; 0.1 for toys in the plane", minimum=0.0)
    discriminator_steps: int = setting(5, "moves of the critic for each of the generator", minimum=1)
    learning_rate: float = setting(1e-4, "Adam's learning rate", minimum=0.0)
    beta2: float = setting(0.9, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    latent: int = setting(128, "size of the noise (latent) vector", minimum=1)

    def build(self, spec: Kind) -> None:
        self.build_bodies(spec, discriminator_norm="none")

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake, joint=True)
        observe("discriminator/distance", lambda: on_real.mean() - on_fake.mean())
        penalty = penalties.gradient_penalty(lambda x: self.discriminator(x, batch.label), batch.real, fake)
        terms = {"adversarial": on_fake.mean() - on_real.mean(), "penalty": self.penalty * penalty}
        return terms | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.discriminator(self.fake(batch), batch.label).mean()}

    logs: ClassVar[dict[str, Metric]] = {
        **WGAN.logs,  # of a critic
        "*/penalty": Metric(
            "λ · E(‖∇D‖ − 1)²: on the segments between reals and fakes (wgan-gp), or around the reals (dragan)",
            "0.05 … 1 after the first rounds",
            "above 5 for long: the slope is not held; raise --penalty or lower --learning-rate",
        ),
    }
