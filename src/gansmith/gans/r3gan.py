"""R3GAN. "The GAN is dead; long live the GAN! A Modern Baseline GAN", Huang et al., NeurIPS 2024.

The relativistic pairing loss with zero-centred penalties on reals *and* fakes, which converges where one alone fails:
L_D = E log(1 + e^{D(G(z)) − D(x)}) + γ/2 (E‖∇D(x)‖² + E‖∇D(G(z))‖²),   L_G = E log(1 + e^{D(x) − D(G(z))})
(eqs. 2, 7, 8), x and z paired, not averaged; both penalties every move: lazy ones fail completely (their ablation).
Step size, β2 and γ go along a cosine from a wide start to a fine end while training proceeds (their "burn-in").

No norm anywhere; residual blocks that start as the identity. For vectors: perceptrons with leaky ReLU.
Proof: proofs/r3gan.py.
"""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

import torch
from torch import Tensor, nn

from gansmith import losses, penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import DataSpec
from gansmith.game import observe, setting
from gansmith.gans.gan import GAN
from gansmith.networks.convolutional import ConvCritic, ConvGenerator
from gansmith.networks.mlp import MLPCritic, MLPGenerator


class R3GAN(GAN):
    summary: ClassVar[str] = (
        "relativistic pairing with R1 and R2: the default for pictures and vectors (Huang et al. 2024)"
    )
    adversarial: ClassVar[losses.Loss] = losses.relativistic
    loss: ClassVar[str] = "relativistic"

    gamma: float | None = setting(None, "weight of R1 and R2 at the start; None: from the data", least=0.0)
    gamma_end: float | None = setting(None, "… at the end; None: from the data", least=0.0)
    learning_rate: float | None = setting(None, "Adam's step size at the start; None: from the data", least=0.0)
    learning_rate_end: float | None = setting(None, "… at the end; None: a fiftieth of the start", least=0.0)
    beta1: float = setting(0.0, "Adam's memory of the gradient", least=0.0, most=1.0)
    beta2: float = setting(0.99, "Adam's memory of its square", least=0.0, most=1.0)
    latent: int | None = setting(None, "numbers of noise a sample is made from; None: from the data", least=1)
    prior: str = setting("normal", "law of the noise, with unit variance", choices=("uniform", "normal"))
    average_half_life: int | None = setting(
        None, "samples after which a weight counts half in the average; None: from the data", least=0
    )

    def choose(self, spec: DataSpec, count: int | None = None) -> list[str]:
        vector = spec.kind != "images"
        rule = {
            "width": (64 if spec.shape[0] <= 4 else 128, "perceptrons of three layers") if vector else (32, "channels"),
            "latent": (min(64, max(2, spec.shape[0])), "as many as columns, at most 64")
            if vector
            else (64, "pictures"),
            "gamma": (0.1, "standardised columns") if vector else (1.0, "pictures"),
            "gamma_end": (0.02, "standardised columns") if vector else (0.1, "pictures"),
            "learning_rate": (2e-3, "falls to a fiftieth"),
            "average_half_life": (20_000 if vector else 5_000, "samples"),
        }
        reasons = []
        for name, (value, why) in rule.items():
            if getattr(self, name) is None:
                setattr(self, name, value)
                reasons.append(f"{name} {value}: {why}")
        self.learning_rate_end = self.learning_rate / 50 if self.learning_rate_end is None else self.learning_rate_end
        return reasons

    def build(self, spec: DataSpec) -> None:
        self.choose(spec)
        classes = self.classes(spec)
        if spec.kind == "images":
            self.generator = ConvGenerator(self.latent, spec.shape, self.width, classes, norm="layer")
            self.discriminator = ConvCritic(spec.shape, self.width, classes, norm="none")
        else:
            leaky = lambda: nn.LeakyReLU(0.2)  # noqa: E731
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 3, classes, activation=leaky)
            self.discriminator = MLPCritic(spec.shape, self.width, 3, classes, activation=leaky)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        # One pass over reals and fakes, one gradient for both penalties: the critic treats each point by itself.
        both = torch.cat([batch.real, self.fake(batch)])
        label = None if batch.label is None else batch.label.repeat(2)
        scores, slopes = penalties.slopes(lambda x: self.discriminator(x, label), both)
        real, fake = scores.chunk(2)
        r1, r2 = slopes.chunk(2)
        observe("critic/slope_real", lambda: r1.sqrt().mean())
        observe("critic/slope_fake", lambda: r2.sqrt().mean())
        weight = self.along(self.gamma, self.gamma_end) / 2
        return {"adversarial": self.judged(real, fake), "r1": weight * r1.mean(), "r2": weight * r2.mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            real = self.discriminator(batch.real, batch.label)
        fake = self.discriminator(self.fake(batch), batch.label)
        return {"adversarial": losses.relativistic.generator(fake, real)}

    def schedule(self, player: str, optimiser: torch.optim.Optimizer) -> None:
        optimiser.param_groups[0]["lr"] = self.along(self.learning_rate, self.learning_rate_end)

    def along(self, start: float, end: float) -> float:
        """From `start` to `end` along a half cosine of the training budget."""
        return end + (start - end) * (1 + cos(pi * self.progress)) / 2
