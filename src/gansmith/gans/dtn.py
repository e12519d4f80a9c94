"""DTN: pictures of one domain drawn as those of another, without pairs, keeping what they show."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.paper import Paper
from gansmith.gans.translation import Translation
from gansmith.networks.convolutional import ConvGenerator
from gansmith.networks.transfer import Content, TernaryDiscriminator
from gansmith.training.metrics import Metric

FROM_SOURCE, FROM_TARGET, REAL = range(3)  # what D tells apart


class DTN(Translation):
    """Two domains S and T, no pairs, and a function f whose value must survive: G = g ∘ f, and f(G(x)) ≈ f(x).
    D names one of three: a picture made from S (1), one made from T (2), a true one of T (3):
    L_D = −E log D₁(G(s)) − E log D₂(G(t)) − E log D₃(t)   (eq. 3),
    L_G = −E log D₃(G(s)) − E log D₃(G(t)) + α L_CONST + β L_TID + γ L_TV   (eqs. 4 to 7), where
    L_CONST = E‖f(s) − f(G(s))‖² and L_TID = E‖t − G(t)‖², both a mean over numbers here, and L_TV smooths (eq. 8).
    Without L_CONST what is drawn has nothing to do with what came in; without L_TID pictures of T are redrawn.

    f is learned in a first stage, as a classifier of the source's labels of which the last hidden layer is taken
    (section 5.1), and is frozen: in the second stage no weight and no statistic of it moves. So the source needs
    labels: A/cat/…, A/dog/… beside B/…, or ((pictures, labels), target); the target needs none.
    Digits: α = β = 15, γ = 0, faces: α = 100, β = 1, γ = .05 (sections 5.1 and 5.2). Networks: f convolutions with
    batch norm, ReLU and tanh; g transposed ones; D strided ones with three logits. Deviations: any size from 8 pixels
    on; L_TV is the mean of squared differences of neighbours, without the paper's exponent B/2; an average of g is kept
    and used. Proof: proofs/dtn.py.
    """

    name = "dtn"
    paper = Paper(
        "Unsupervised Cross-Domain Image Generation",
        "Taigman, Polyak, Wolf",
        "ICLR",
        2017,
        "https://arxiv.org/abs/1611.02200",
    )
    summary = "draws pictures of one domain as those of another, keeping what a classifier sees in them"
    form: ClassVar[str] = "domains"
    source_labels: ClassVar[str | None] = "auto"

    constancy: float = setting(15.0, "α, weight of f(G(s)) being f(s)", minimum=0.0)
    identity: float = setting(15.0, "β, weight of pictures of the target staying as they are", minimum=0.0)
    smoothness: float = setting(0.0, "γ, weight of the differences of neighbouring pixels; .05 for faces", minimum=0.0)
    reading: float = setting(0.2, "share of training in which f learns the source's labels", minimum=0.0, maximum=0.9)
    width: int = setting(64, "channels of the finest layer of all players; f has twice as many numbers", minimum=1)

    def build(self, spec: Kind) -> None:
        source, target = self.two_pictures(spec)
        if len(source.classes) < 2:
            raise DataError(
                "DTN keeps what a classifier sees, so the source needs classes: give A/cat/…, A/dog/… beside B/…, or "
                "((pictures, labels), target); without labels use cyclegan"
            )
        self.content = Content(source.shape, self.width)
        self.classifier = nn.Linear(self.content.outside, len(source.classes))
        self.generator = ConvGenerator(self.content.outside, target.shape, self.width, output=nn.Tanh)
        self.discriminator = TernaryDiscriminator(target.shape, self.width)

    def players(self) -> dict[str, list[nn.Module]]:
        return {
            "content": [self.content, self.classifier],
            "discriminator": [self.discriminator],
            "generator": [self.generator],
        }

    def stages(self) -> list[Stage]:
        return [
            Stage("reading", [Turn("content", self.reading_loss)], share=self.reading),
            Stage(
                "transfer",
                [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)],
                share=1 - self.reading,
            ),
        ]

    # --- the game ----------------------------------------------------------------------------------------------------
    def reading_loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.classifier(self.content(batch.source)).float()
        observe("content/accuracy", lambda: (logits.argmax(1) == batch.source_label).float().mean())
        return {"class": F.cross_entropy(logits, batch.source_label)}

    def f(self, x: Tensor) -> Tensor:
        """What must survive (n, 2·width), by the frozen net: no batch moves its statistics."""
        training, _ = self.content.training, self.content.eval()
        try:
            return self.content(x)
        finally:
            self.content.train(training)

    def transfer(self, x: Tensor) -> Tensor:
        """G = g ∘ f on pictures in network units."""
        return self.generator(self.f(x))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = [self.transfer(x) for x in (batch.source, batch.target)]
        logits = [self.discriminator(x) for x in (*fake, batch.target)]
        observe("discriminator/real", lambda: logits[REAL].softmax(1)[:, REAL])
        observe("discriminator/fake", lambda: logits[FROM_SOURCE].softmax(1)[:, REAL])
        names = ("from_source", "from_target", "true")
        return {name: named(made, answer) for answer, (name, made) in enumerate(zip(names, logits))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            seen = self.f(batch.source)
        drawn, again = self.generator(seen), self.transfer(batch.target)
        terms = {
            "adversarial": named(self.discriminator(drawn), REAL) + named(self.discriminator(again), REAL),
            "constancy": self.constancy * (self.f(drawn) - seen).square().mean(),
            "identity": self.identity * (again - batch.target).square().mean(),
        }
        return terms | ({"smoothness": self.smoothness * rough(drawn)} if self.smoothness else {})

    # --- use ---------------------------------------------------------------------------------------------------------
    def translate(self, x, *, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """Pictures uint8 (n, C, H, W) of the source drawn as those of the target, in eval mode; there is no noise."""
        return self.through(self.transfer, x, "source", self.spec, seed, batch_size)

    def redraw(self, y, *, batch_size: int = 64) -> np.ndarray:
        """Pictures uint8 (n, C, H, W) of the target drawn again: with L_TID they stay as they are."""
        return self.through(self.transfer, y, "target", self.spec, None, batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "content/class": Metric(
            "cross-entropy of the source's classes, in the first stage",
            "falling towards 0",
            "steady: f learns nothing worth keeping; more labels, or raise --reading",
        ),
        "content/accuracy": Metric(
            "share of the source's items in the batch whose class f knows, in the first stage",
            "rising above 0.9",
            "low at its end: raise --reading",
        ),
        "discriminator/from_source": Metric(
            "−E log D₁(G(s)): cross-entropy on pictures made from the source",
            "0.4 … 1.1; log 3 = 1.1 is a guess",
            "near 0 with the other two for long: D is sure; lower --learning-rate",
        ),
        "discriminator/from_target": Metric(
            "−E log D₂(G(t)): cross-entropy on pictures made from the target",
            "0.4 … 1.1",
            "near 0 for long: D is sure; raise --identity",
        ),
        "discriminator/true": Metric(
            "−E log D₃(t): cross-entropy on true pictures of the target",
            "0.4 … 1.1",
            "near 0 for long: D is sure; lower --learning-rate",
        ),
        "discriminator/real": Metric(
            "mean chance that D gives true pictures of being true",
            "0.4 … 0.8",
            "at 1 with the fakes at 0 for long: D wins; lower --learning-rate",
        ),
        "discriminator/fake": Metric(
            "mean chance that D gives pictures made from the source of being true ones",
            "0.1 … 0.5",
            "at 0 for long: D is sure of every fake; lower --learning-rate",
        ),
        "generator/adversarial": Metric(
            "−E log D₃(G(s)) − E log D₃(G(t))", "1 … 4", "rising without end: D wins; lower --learning-rate"
        ),
        "generator/constancy": Metric(
            "α · mean squared difference of f before and after",
            "falling",
            "steady: what is drawn is not what came in; raise --constancy",
        ),
        "generator/identity": Metric(
            "β · mean squared error of pictures of the target drawn again", "falling", "steady: raise --identity"
        ),
        "generator/smoothness": Metric(
            "γ · mean squared difference of neighbouring pixels", "falling, then steady", "rising: raise --smoothness"
        ),
    }


def named(logits: Tensor, answer: int) -> Tensor:
    """−E log of the probability (n, 3 logits) of one of the three answers."""
    return -logits.log_softmax(1)[:, answer].mean()


def rough(x: Tensor) -> Tensor:
    """Mean squared difference of neighbours along both axes."""
    return (x[..., 1:, :] - x[..., :-1, :]).square().mean() + (x[..., 1:] - x[..., :-1]).square().mean()
