"""BEGAN: an auto-encoder for a discriminator, held in balance."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Augmenting, Stepping
from gansmith.networks.autoencoder import AutoencoderDiscriminator, EluGenerator
from gansmith.training.metrics import Metric


class BEGAN(Stepping, Augmenting):
    """The discriminator is an auto-encoder with the error L(v) = mean |v − D(v)| (eq. 1). It wants to rebuild reals
    well and fakes badly, as far as a control k lets it; the generator wants its fakes rebuilt well (section 3.4):
    L_D = L(x) − k·L(G(z)),   L_G = L(G(z)),   k ← clip(k + λ_k(γ·L(x) − L(G(z))), 0, 1).
    So L(G(z)) / L(x) is held at γ, the diversity ratio: low γ gives clean samples of little variety. What falls as
    training gets on is M = L(x) + |γ·L(x) − L(G(z))|   (section 3.4.1), observed as `balance/convergence`.

    Both players move at once, from one pass of D over reals and fakes; k is a buffer, so it is saved and resumed.
    On pictures the step is 1e-3, Adam's β1 .5, λ_k .3 and γ .9, for minutes; the paper's 8e-5, .9, .001 and .5 are for
    days. With γ .5 and λ_k .01 G made dark blobs of clothes in 45 seconds and in four minutes, since these are rebuilt
    well. With what stands the first 45 seconds still hang by the seed (clothes: proofs/every_game.py, by --seed).
    Deviations: the same z for both losses; no vanishing residuals in G (as in carpedm20/BEGAN-tensorflow); the step
    size is halved after a fifth and after two fifths of the budget (there: at 100,000 and 200,000 of 500,000 steps).
    Proof: proofs/began.py.
    """

    name = "began"
    paper = Paper(
        "BEGAN: Boundary Equilibrium Generative Adversarial Networks",
        "Berthelot, Schumm, Metz",
        "arXiv",
        2017,
        "https://arxiv.org/abs/1703.10717",
    )
    summary = "an auto-encoder for a discriminator, held in balance"
    score_kind: ClassVar[str] = "raw"
    batch_size: ClassVar[int] = 16
    for_pictures: ClassVar[dict[str, object]] = {"learning_rate": 1e-3, "beta1": 0.5, "lambda_k": 0.3, "gamma": 0.9}
    unsupported_settings: ClassVar[tuple[str, ...]] = ("conditional", "discriminator_steps", "decay")

    gamma: float = setting(
        0.5, "γ, the ratio L(fake)/L(real) to hold: low is clean, high is diverse", minimum=0, maximum=1
    )
    lambda_k: float = setting(0.001, "λ_k, the step size of k", minimum=0.0)
    prior: str = setting("uniform", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))
    latent: int = setting(64, "numbers of noise, and of the auto-encoder's code", minimum=1)
    learning_rate: float = setting(8e-5, "Adam's learning rate at the start", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1, 2, 3)
        self.choose(spec)
        self.generator = EluGenerator(self.latent, spec.shape, self.width)
        self.discriminator = AutoencoderDiscriminator(spec.shape, self.width, self.latent)
        self.register_buffer("k", torch.zeros(()))
        self.pull = torch.zeros(())

    def turns(self) -> list[Turn]:
        return [Turn(("discriminator", "generator"), self.both_losses)]

    def both_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        scores = self.discriminator(torch.cat([batch.real, self.fake(batch)]))
        on_real, on_fake = scores.chunk(2)
        real, fake = -on_real.mean(), -on_fake.mean()
        self.pull = mean_over_ranks((self.gamma * real - fake).detach())
        observe_scores(on_real, on_fake)
        observe("balance/k", self.k.clone())
        observe("balance/ratio", lambda: fake / real)
        observe("balance/convergence", lambda: real + self.pull.abs())
        return {
            "discriminator": {"cost_real": real, "cost_fake": -self.k * fake},
            "generator": {"adversarial": fake},
        }

    def moved(self, player: str) -> None:
        if player == "discriminator":
            self.k.add_(self.lambda_k * self.pull).clamp_(0, 1)

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        of_discriminator = player == "discriminator" and self.discriminator_learning_rate is not None
        rate = self.discriminator_learning_rate if of_discriminator else self.learning_rate
        optimizer.param_groups[0]["lr"] = rate * max(0.25, 0.5 ** int(5 * self.progress))

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/cost_real": Metric(
            "L(x): mean error of rebuilding reals, in network units (0 … 2)",
            "falling, from about 0.5 to below 0.1",
            "flat above 0.3: the auto-encoder does not learn; raise --width or --learning-rate",
        ),
        "discriminator/cost_fake": Metric(
            "− k · L(G(z)): what D gains by rebuilding fakes badly",
            "a small part of L(x)",
            "as large as L(x): k is near 1; lower --lambda-k or --learning-rate",
        ),
        "generator/adversarial": Metric(
            "L(G(z)): mean error of rebuilding fakes",
            "γ times L(x)",
            "near 0 while samples are poor: G makes what is easiest to rebuild; raise --gamma",
        ),
        "discriminator/*": Metric(
            "minus the error of rebuilding these items: the score",
            "rising towards 0, fakes above reals when γ is below 1",
            "fakes far below reals for long: G does not follow; lower --lambda-k",
        ),
        "balance/k": Metric(
            "k: how much D cares about rebuilding fakes badly",
            "strictly between 0 and 1, and moving",
            "at 0 for long after the start: fakes are too easy, raise --lambda-k; at 1: G cannot follow, lower it",
        ),
        "balance/ratio": Metric(
            "L(G(z)) / L(x), which k holds at γ",
            "γ ± 0.05, averaged over some hundred rounds",
            "away from γ for long: raise --lambda-k",
        ),
        "balance/convergence": Metric(
            "M = L(x) + |γ·L(x) − L(G(z))|: BEGAN's measure of how far training has got",
            "falling",
            "flat: training has come as far as it will; rising: lower --learning-rate",
        ),
    }
