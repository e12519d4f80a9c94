"""LSGAN: least squares in place of cross-entropy."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.training.metrics import Metric

PLANE = 2  # columns of vectors up to which the networks are those of the released toy


class LSGAN(Remedies, TwoPlayer):
    """The discriminator regresses reals to b and fakes to a, the generator pulls its fakes to c:
    L_D = ½E(D(x) − b)² + ½E(D(G(z)) − a)²,   L_G = ½E(D(G(z)) − c)²   (eq. 2). A fake far on the right side of the
    boundary still has a gradient, which cross-entropy would not give it. The best D is (b·p + a·q)/(p + q); with b − c
    = 1 and b − a = 2 the generator then minimises the Pearson χ²(p + q ‖ 2q)   (eqs. 5-9; both tested in
    tests/gans/test_lsgan.py). The default a, b, c = 0, 1, 1 is the coding of the paper's experiments; −1, 1, 0 is that
    of its theorem.

    Networks: DCGAN's for pictures; in the plane two tanh layers of 128, orthogonal with gain 1.4, as in the released
    toy, which learn nothing of vectors of 14 columns (proofs/every_game.py): these get ReLU perceptrons. Deviations: no
    extra stride-1 layers; losses are means (the released toy sums, so that its step sizes do not carry over); its ring
    has nine angles, two of them the same mode: gansmith's `ring8` has eight; an average of G is kept.
    Proof: proofs/ring.py.
    """

    name = "lsgan"
    paper = Paper(
        "Least Squares Generative Adversarial Networks",
        "Mao, Li, Xie, Lau, Wang, Smolley",
        "ICCV",
        2017,
        "https://arxiv.org/abs/1611.04076",
        code="https://github.com/xudonmao/LSGAN",
    )
    summary = "least squares in place of cross-entropy"
    for_vectors: ClassVar[dict[str, object]] = {"learning_rate": 5e-4, "latent": 16, "prior": "uniform"}
    for_columns: ClassVar[dict[str, object]] = {"r1": 1.0}  # without it, it collapses (proofs/every_game.py)

    a: float = setting(0.0, "score that the discriminator should give fakes")
    b: float = setting(1.0, "score that the discriminator should give reals; .9 is label smoothing")
    c: float = setting(1.0, "score that the generator wants for its fakes")

    def build(self, spec: Kind) -> None:
        if spec.axes:
            return self.build_bodies(spec)
        if spec.shape[0] > PLANE:
            return self.build_bodies(spec, norm="none", discriminator_norm="none")
        self.choose(spec)
        classes = self.classes(spec)
        self.generator = MLPGenerator(self.latent, spec.shape, self.width, 2, classes, activation=nn.Tanh)
        self.generator.layers.apply(orthogonal)

        def body(shape):
            discriminator = MLPDiscriminator(shape, self.width, 2, classes, activation=nn.Tanh)
            discriminator.layers.apply(orthogonal)
            return discriminator

        self.discriminator = self.make_discriminator(body, spec.shape)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        distance = ((on_real - self.b).square().mean() + (on_fake - self.a).square().mean()) / 2
        return {"adversarial": distance} | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_fake = self.discriminator(self.fake(batch), batch.label)
        return {"adversarial": (on_fake - self.c).square().mean() / 2}

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/adversarial": Metric(
            "½E(D(real) − b)² + ½E(D(fake) − a)²: how far the scores are from their targets",
            "0.05 … 0.25; 0.25 means that it cannot tell them apart (targets 0 and 1)",
            "near 0 for long: D is sure; lower --discriminator-learning-rate. At 0.25 with poor samples: give D "
            "more --width",
        ),
        "generator/adversarial": Metric(
            "½E(D(fake) − c)²: how far the scores of fakes are from what G wants",
            "0.1 … 0.5, and steady; 0.125 at the balance (targets 0 and 1)",
            "rising without end: D wins; lower --discriminator-learning-rate",
        ),
    }


def orthogonal(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, gain=1.4)
        nn.init.zeros_(module.bias)
