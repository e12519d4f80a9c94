"""AC-GAN: the discriminator also names the class."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import observe, setting
from gansmith.gans.base import FromNoise, observe_scores
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper
from gansmith.training.metrics import Metric


class ACGAN(GAN):
    """D judges an item by itself and, with a second head on the same features, names its class; G is told the class to
    make:
    L_S = E log P(real | x) + E log P(fake | G(z, y)),   L_C = E log P(y | x) + E log P(y | G(z, y))   (eqs. 2 and 3);
    D maximises L_S + L_C, G maximises L_C − L_S. D is never told the label.

    The known price: G is paid for items that are easy to name, and gives up variety inside a class.
    The code of improved_wgan_training names reals alone in D and weighs the class .1 in G, which steadies the start:
    `classify_fakes=False, class_weight_generator=0.1`.
    Networks: DCGAN's; for vectors perceptrons. Deviations: the non-saturating L_S; an
    average of G is kept and sampled. Proof: proofs/cgan.py.
    """

    name = "acgan"
    paper = Paper(
        "Conditional Image Synthesis With Auxiliary Classifier GANs",
        "Odena, Olah, Shlens",
        "ICML",
        2017,
        "https://arxiv.org/abs/1610.09585",
    )
    summary = "the discriminator also names the class"
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("conditional", "packing", "augment", "ada_target", "instance_noise"),  # both heads share one pass
    )
    default_width = FromNoise.default_width
    conditional = True

    class_weight: float = setting(1.0, "weight of naming the class in D's loss", minimum=0.0)
    class_weight_generator: float = setting(1.0, "… and in G's", minimum=0.0)
    classify_fakes: bool = setting(True, "D names the class of fakes too, not of reals alone")
    prior: str = setting("normal", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        bodies, classes, norm = spec.bodies(), self.classes(spec), self.discriminator_norm("batch")
        self.generator = bodies.generator(self.latent, spec.shape, self.width, classes)
        self.discriminator = self.make_discriminator(  # which is not given the label
            lambda shape: bodies.discriminator(shape, self.width, norm=norm), spec.shape
        )
        self.classifier = nn.Linear(self.discriminator.score.in_features, classes)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator, self.classifier], "generator": [self.generator]}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real, named_real = self.heads(batch.real)
        fake = self.fake(batch)
        on_fake, named_fake = self.heads(fake)
        observe_scores(on_real, on_fake)
        observe("class/real", lambda: (named_real.argmax(1) == batch.label).float().mean())
        naming = cross_entropy(named_real, batch.label)
        if self.classify_fakes:
            naming = naming + cross_entropy(named_fake, batch.label)
        terms = {"adversarial": self.cross_entropy(on_real, on_fake), "class": self.class_weight * naming}
        return terms | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_fake, named = self.heads(self.fake(batch))
        observe("class/fake", lambda: (named.argmax(1) == batch.label).float().mean())
        naming = self.class_weight_generator * cross_entropy(named, batch.label)
        return {"adversarial": self.generator_cost(on_fake), "class": naming}

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n,) and class logits (n, classes) of one pass."""
        features = self.discriminator.features(x)
        return self.discriminator.judge(features), self.classifier(features).float()

    def classify(self, x) -> np.ndarray:
        """The class (n,) that D gives items in the data's units, in eval mode."""
        return self.apply_in_batches(lambda part, _: self.heads(part)[1].argmax(1), x).astype(np.int64)

    logs: ClassVar[dict[str, Metric]] = {
        "*/class": Metric(
            "cross-entropy of naming the class, as weighted in the loss (D: reals, and fakes unless told otherwise)",
            "below log(classes) and falling",
            "flat at log(classes): labels may be wrong. G's near 0 with samples alike: lower --class-weight-generator",
        ),
        "class/real": Metric(
            "share of reals whose class D names rightly",
            "rising to what a classifier reaches",
            "—",
        ),
        "class/fake": Metric(
            "share of fakes that D names as the class they were asked for",
            "rising, 0.9 and more at the end",
            "at 1 / classes: G ignores its label; raise --class-weight-generator",
        ),
    }
