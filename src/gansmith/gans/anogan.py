"""AnoGAN and f-AnoGAN: what a generator of the normal cannot make is abnormal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import Stage, Turn, setting
from gansmith.gans.base import FromNoise
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.paper import Paper
from gansmith.gans.wgan_gp import WGANGP
from gansmith.networks.convolutional import ConvEncoder
from gansmith.training.metrics import Metric


class Anomalies(FromNoise):
    """What both have: a score and a map from `rebuild` (the nearest sample) and `distance` (how far it is).

    Higher is more abnormal. Both residuals are means over entries, not sums, or λ and κ would depend on the picture's
    size. A model that can rebuild anything tells nothing apart: look at the reconstructions of anomalies.
    """

    def anomaly_score(self, x, *, batch_size: int = 250) -> np.ndarray:
        """How abnormal items in the data's units are, (n,), higher is more so; the same every time."""
        return self.apply_in_batches(lambda part, _: self.distance(part, self.rebuild(part)), x, batch_size=batch_size)

    def anomaly_map(self, x, *, batch_size: int = 250) -> np.ndarray:
        """|x − its reconstruction| at each place, mean over channels, in network units: of pictures (n, H, W)."""
        return self.apply_in_batches(
            lambda part, _: (part - self.rebuild(part)).abs().mean(1), x, batch_size=batch_size
        )

    def reconstruct(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The nearest items that the generator makes, in the data's units."""
        made = self.apply_in_batches(lambda part, _: self.rebuild(part), x, batch_size=batch_size)
        return self.spec.to_data(torch.from_numpy(made))


class AnoGAN(Anomalies, DCGAN):
    """A DCGAN is trained on normal pictures alone. To judge a picture x, G and D are frozen and the latent whose
    sample is nearest is searched by gradient, from a random start:
    A(x) = min_z (1 − λ)·|x − G(z)| + λ·|f(x) − f(G(z))|, λ = .1, f the features of D   (eqs. 4 to 7).

    Deviations: the search is Adam's, from the same random latent for every picture. Proof: proofs/anogan.py.
    """

    name = "anogan"
    paper = Paper(
        "Unsupervised Anomaly Detection with Generative Adversarial Networks to Guide Marker Discovery",
        "Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs",
        "IPMI",
        2017,
        "https://arxiv.org/abs/1703.05921",
    )
    summary = "anomalies: what a latent search cannot find again"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("conditional", "packing")

    feature_weight: float = setting(
        0.1, "λ, weight of D's features beside pixels in the score", minimum=0.0, maximum=1.0
    )
    search_steps: int = setting(500, "steps of the search for a picture's latent", minimum=1)
    search_rate: float = setting(0.02, "… and their size", minimum=0.0)

    def rebuild(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            z = self.latents(1, torch.Generator().manual_seed(0)).repeat(len(x), 1).requires_grad_()
            optimizer = torch.optim.Adam([z], lr=self.search_rate)
            for _ in range(self.search_steps):
                (z.grad,) = torch.autograd.grad(self.distance(x, self.generator(z)).sum(), z)
                optimizer.step()
        return self.generator(z.detach())

    def distance(self, x: Tensor, made: Tensor) -> Tensor:
        """(1 − λ)·|x − made| + λ·|f(x) − f(made)| (n,), each a mean over an item's entries."""
        pixels = (x - made).abs().flatten(1).mean(1)
        features = (self.discriminator.features(x) - self.discriminator.features(made)).abs().mean(1)
        return (1 - self.feature_weight) * pixels + self.feature_weight * features


class FAnoGAN(Anomalies, WGANGP):
    """A WGAN-GP is trained first, then, G and D at rest, an encoder E that finds the latent in one pass:
    A(x) = (x − G(E(x)))² + κ·(f(x) − f(G(E(x))))², κ = 1, which is also E's loss ("izi_f", eqs. 4 and 6).

    Deviations: DCGAN's networks with layer norm in G and E (the paper: residual ones, batch norm in G, layer norm in
    D), so that nothing depends on a batch, and none in D unless `layer_norm`, with which samples stay far from the data
    (proofs/every_game.py); E's output is not squashed unless `bounded` (the release ends E in tanh, which cuts the
    normal prior at ±1). Proof: proofs/anogan.py.
    """

    name = "f-anogan"
    paper = Paper(
        "f-AnoGAN: Fast unsupervised anomaly detection with generative adversarial networks",
        "Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth",
        "Medical Image Analysis",
        2019,
        "https://doi.org/10.1016/j.media.2019.01.010",
        code="https://github.com/tSchlegl/f-AnoGAN",
    )
    summary = "anomalies: what an encoder and a WGAN-GP cannot rebuild"
    averaged: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    unsupported_settings: ClassVar[tuple[str, ...]] = ("conditional", "packing")
    for_cpu: ClassVar[dict[str, object]] = {  # those of proofs/anogan.py
        "discriminator_steps": 2,
        "learning_rate": 5e-4,
        "encoder_learning_rate": 1e-3,
    }

    learning_rate: float = setting(1e-4, "Adam's learning rate of G and D", minimum=0.0)
    beta1: float = setting(0.0, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    feature_weight: float = setting(1.0, "κ, weight of D's features beside pixels", minimum=0.0)
    encoder_share: float = setting(
        0.5, "share of the rounds, at the end, that train the encoder", minimum=0.0, maximum=1.0
    )
    encoder_learning_rate: float = setting(5e-5, "RMSProp's step size of the encoder", minimum=0.0)
    bounded: bool = setting(False, "the encoder's output passes tanh, as released")
    layer_norm: bool = setting(False, "D has layer norm, as in the paper")

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1, 2, 3)
        self.build_bodies(spec, norm="layer", discriminator_norm="layer" if self.layer_norm else "none")
        self.encoder = ConvEncoder(spec.shape, self.latent, self.width, norm="layer")

    def players(self) -> dict[str, list[nn.Module]]:
        return super().players() | {"encoder": [self.encoder]}

    def stages(self) -> list[Stage]:
        return [
            Stage("play", self.turns(), share=1 - self.encoder_share),
            Stage("encode", [Turn("encoder", self.encoder_loss)], share=self.encoder_share),
        ]

    def encoder_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"rebuilding": self.distance(batch.real, self.rebuild(batch.real)).mean()}

    def rebuild(self, x: Tensor) -> Tensor:
        z = self.encoder(x)
        return self.generator(z.tanh() if self.bounded else z)

    def distance(self, x: Tensor, made: Tensor) -> Tensor:
        """(x − made)² + κ·(f(x) − f(made))² (n,), each a mean over an item's entries."""
        pixels = (x - made).square().flatten(1).mean(1)
        features = (self.discriminator.features(x) - self.discriminator.features(made)).float().square().mean(1)
        return pixels + self.feature_weight * features

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        if player == "encoder":
            return torch.optim.RMSprop(parameters, lr=self.encoder_learning_rate)
        return super().optimizer(player, parameters)

    logs: ClassVar[dict[str, Metric]] = {
        "encoder/rebuilding": Metric(
            "(x − G(E(x)))² + κ·(f(x) − f(G(E(x))))²: how badly the encoder finds items again",
            "falling, then steady",
            "flat: raise --encoder-learning-rate; rising: lower it",
        ),
    }
