"""GAN: the original: perceptrons, minimax or non-saturating."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator


class GAN(Remedies, TwoPlayer):
    """A generator G turns noise into items; a discriminator D says how likely an item is real. They play
    min_G max_D  V = E log σ(D(x)) + E log(1 − σ(D(G(z))))   (eq. 1, D the raw score). For a fixed G the best D is
    σ(D) = p/(p+q) and V = 2·JSD(p, q) − log 4 (prop. 1 and thm. 1; tested in tests/gans/test_gan.py on known
    densities). Section 3's non-saturating generator, which maximises E log σ(D(G(z))), keeps a gradient where D is
    sure; it is the default, as in the released code. `discriminator_steps` is the k of algorithm 1 (1 in their
    experiments).

    Networks: for pictures (and series and volumes) those of the MNIST experiment (G: two ReLU layers of 1200; D: two
    maxout layers of 240 × 5 with dropout .2 and .5; z uniform with unit variance); for vectors, ReLU perceptrons.
    Deviations: Adam instead of SGD with momentum; tanh on −1 … 1 instead of a sigmoid on 0 … 1; default initial
    weights; on vectors R1 of weight 1 (Mescheder et al. 2018), without which it finds 5 of a ring's 8 modes, 9 of 25
    Gaussians, and collapses on a bank's amounts; `r1=0` is the paper's game. Proof: proofs/gan.py.
    """

    name = "gan"
    paper = Paper(
        "Generative Adversarial Nets",
        "Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio",
        "NeurIPS",
        2014,
        "https://arxiv.org/abs/1406.2661",
        code="https://github.com/goodfeli/adversarial",
    )
    summary = "the original: perceptrons, minimax or non-saturating"
    for_vectors: ClassVar[dict[str, object]] = {"learning_rate": 1e-3, "latent": 16, "r1": 1.0}

    loss: str = setting("non-saturating", "what the generator minimises", choices=("non-saturating", "minimax"))
    smoothing: float = setting(1.0, "how real D should call reals: one-sided label smoothing", minimum=0.5, maximum=1.0)
    prior: str = setting("uniform", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))

    def default_width(self, spec: Kind) -> int:
        return 1200 if spec.axes else 128

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        classes, output = self.classes(spec), nn.Tanh if spec.bounded else None
        if spec.axes:
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 2, classes, output=output)
            maxout = {"pieces": 5, "dropout": (0.2, 0.5)}
            body = lambda shape: MLPDiscriminator(shape, max(1, self.width // 5), 2, classes, **maxout)  # noqa: E731
        else:
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 3, classes, output=output)
            body = lambda shape: MLPDiscriminator(shape, self.width, 3, classes)  # noqa: E731
        self.discriminator = self.make_discriminator(body, spec.shape)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        return {"adversarial": self.cross_entropy(on_real, on_fake)} | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.generator_cost(self.discriminator(self.fake(batch), batch.label))}

    def cross_entropy(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        """−E log σ(D(x)) − E log(1 − σ(D(G(z)))): minus the value of the game (eq. 1). With `smoothing` α reals are to
        be called real by α only and fakes stay fake: σ(D) = αp/(p + q) at best (Salimans et al. 2016, section 3.4)."""
        cost_real = softplus(-on_real) if self.smoothing == 1 else softplus(on_real) - self.smoothing * on_real
        return cost_real.mean() + softplus(on_fake).mean()

    def generator_cost(self, on_fake: Tensor) -> Tensor:
        """−E log σ(D(G(z))) (section 3), or the value itself, E log(1 − σ(D(G(z)))) (eq. 1)."""
        return softplus(-on_fake).mean() if self.loss == "non-saturating" else -softplus(on_fake).mean()
