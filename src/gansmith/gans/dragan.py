"""DRAGAN: gradient norm of D held near 1 around the data."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.base import FromNoise
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper
from gansmith.training.metrics import Metric


class DRAGAN(GAN):
    """Mode collapse is read as a bad equilibrium with sharp slopes of D around the data; so the slope is held near 1
    there:
    L_D = −E log σ(D(x)) − E log(1 − σ(D(G(z)))) + λ E(‖∇D(x + δ)‖ − 1)²,   L_G = −E log σ(D(G(z)))   (eq. 2).
    Unlike WGAN-GP's, the penalty looks at the surroundings of reals alone, and one move of D is enough.

    The noise is the released one: δ = ½ std(x)·α·u, u uniform on 0 … 1 for each entry (so the push is one-sided) and α
    for each point; the paper prints a normal δ, which is the setting `noise`.
    Deviations: no norm in D, whose gradient must be each point's own; an average of G is kept and sampled; on pictures
    the step is 5e-4, since minutes do not suffice for the paper's 1e-4.
    Proof: proofs/ring.py.
    """

    name = "dragan"
    paper = Paper(
        "On Convergence and Stability of GANs",
        "Kodali, Abernethy, Hays, Kira",
        "arXiv",
        2017,
        "https://arxiv.org/abs/1705.07215",
        code="https://github.com/kodalinaveen3/DRAGAN",
    )
    summary = "gradient norm of D held near 1 around the data"
    for_vectors: ClassVar[dict[str, object]] = {"learning_rate": 1e-3, "penalty": 1.0, "latent": 16}
    for_pictures: ClassVar[dict[str, object]] = {"learning_rate": 5e-4}
    default_width = FromNoise.default_width

    penalty: float = setting(10.0, "λ, weight of the gradient penalty", minimum=0.0)
    noise: str = setting(
        "released", "how reals are moved to where the gradient norm is held", choices=("released", "normal")
    )
    reach: float = setting(
        1.0, "standard deviation of the normal noise, in that of the data: the paper's c", minimum=0.0
    )
    learning_rate: float = setting(1e-4, "Adam's learning rate", minimum=0.0)
    beta2: float = setting(0.9, "Adam's memory of its square", minimum=0.0, maximum=1.0)

    def build(self, spec: Kind) -> None:
        self.build_bodies(spec, discriminator_norm="none")

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return super().discriminator_loss(batch) | {"penalty": self.penalty * self.gradient_penalty(batch)}

    def gradient_penalty(self, batch: Batch) -> Tensor:
        """E(‖∇D(x + δ)‖ − 1)²."""
        discriminator = lambda x: self.discriminator(x, batch.label)  # noqa: E731
        if self.noise == "released":
            return penalties.dragan(discriminator, batch.real)
        reach = self.reach * penalties.spread(batch.real)
        return penalties.one_centered(discriminator, batch.real + reach * torch.randn_like(batch.real))

    logs: ClassVar[dict[str, Metric]] = {
        "*/penalty": Metric(
            "λ · E(‖∇D‖ − 1)²: on the segments between reals and fakes (wgan-gp), or around the reals (dragan)",
            "0.05 … 1 after the first rounds",
            "above 5 for long: the slope is not held; raise --penalty or lower --learning-rate",
        ),
    }
