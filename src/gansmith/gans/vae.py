"""VAE: variational auto-encoder, without an adversary."""

from __future__ import annotations

from math import log, pi, prod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import Turn, setting
from gansmith.gans.base import AutoEncoding, FromNoise
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Stepping
from gansmith.networks.mlp import MLPGenerator
from gansmith.training.metrics import Metric


class VAE(AutoEncoding, Stepping, FromNoise):
    """One player and no adversary: the contrast to all the others. An encoder says which latents an item may have come
    from, N(μ(x), σ(x)²); a decoder says how likely the item is under each; both maximise the lower bound on log p(x)
    (eqs. 3 and 10):
    E_{z ~ N(μ, σ²)} log p(x | z) − KL(N(μ, σ²) ‖ N(0, 1)),   KL = ½ Σ (μ² + σ² − 1 − log σ²)   (appendix B).
    The likelihood is summed, not averaged, over an item's entries: a mean would weigh the KL 784-fold on MNIST.

    The likelihood is Bernoulli for pictures, whose values stand for probabilities, else a normal of standard deviation
    `deviation`.
    Networks: one hidden layer of 400 each way and 20 latents, the common form of the paper's MNIST experiment (500 and
    3–200 there, with tanh). Deviations: Adam instead of Adagrad; ReLU; averages of both are kept and used.
    Proof: proofs/vae.py.
    """

    name = "vae"
    paper = Paper(
        "Auto-Encoding Variational Bayes",
        "Kingma, Welling",
        "ICLR",
        2014,
        "https://arxiv.org/abs/1312.6114",
    )
    summary = "variational auto-encoder, without an adversary"
    averaged: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    batch_size: ClassVar[int] = 128
    score_kind: ClassVar[str] = "raw"

    likelihood: str | None = setting(
        None, "law of an item given its latent; None: Bernoulli for pictures", choices=("bernoulli", "normal")
    )
    deviation: float = setting(0.1, "standard deviation of the normal likelihood, in network units", minimum=1e-4)
    latent: int = setting(20, "size of the noise (latent) vector", minimum=1)
    learning_rate: float = setting(1e-3, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)

    def default_width(self, spec: Kind) -> int:
        return 400 if spec.axes else 128

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if self.likelihood is None:
            self.likelihood = "bernoulli" if spec.bounded else "normal"
        return super().choose(spec, count)

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(prod(spec.shape), self.width), nn.ReLU(), nn.Linear(self.width, 2 * self.latent)
        )
        self.generator = MLPGenerator(self.latent, spec.shape, self.width, 1)  # to logits, or to means

    def players(self) -> dict[str, list[nn.Module]]:
        return {"autoencoder": [self.encoder, self.generator]}

    def turns(self) -> list[Turn]:
        return [Turn("autoencoder", self.bound)]

    def bound(self, batch: Batch) -> dict[str, Tensor]:
        likelihood, kl = self.parts(batch.real)
        return {"rebuilding": -likelihood.mean(), "kl": kl.mean()}

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x | z) at one z of the encoder's (n,), and KL(encoder's law ‖ prior) (n,), in nats."""
        mean, log_variance = self.encoder(x).float().chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        made, x = self.generator(z).flatten(1), x.flatten(1)
        if self.likelihood == "bernoulli":
            log_p = -F.binary_cross_entropy_with_logits(made, (x + 1) / 2, reduction="none")
        else:
            log_p = -((x - made) / self.deviation).square() / 2 - log(self.deviation) - log(2 * pi) / 2
        return log_p.sum(1), self.kl(mean, log_variance)

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        made = self.generator(latent)
        return torch.tanh(made / 2) if self.likelihood == "bernoulli" else made  # 2σ(l) − 1: the mean, in −1 … 1

    def score_samples(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        """The lower bound on log p(x) (n,) in nats, from one z for each item: higher is likelier.

        The z are drawn by torch's own generator.
        """
        bound = lambda part, _: torch.sub(*self.parts(part))  # noqa: E731
        return self.apply_in_batches(bound, x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "autoencoder/rebuilding": Metric(
            "−E log p(x | z) in nats, summed over an item",
            "falling; about 80 on MNIST",
            "flat from the start: raise --width or --learning-rate",
        ),
    }
