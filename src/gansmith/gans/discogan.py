"""DiscoGAN: relations between two domains, found without pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Turn, observe, setting
from gansmith.gans.paper import Paper
from gansmith.gans.translation import BothWays
from gansmith.networks.encoder_decoder import EncoderDecoder, LayeredDiscriminator, PerceptronMap
from gansmith.training.metrics import Metric


class DiscoGAN(BothWays):
    """Two domains and no pairs: G_AB maps A to B, G_BA maps B to A, each against a discriminator of its own, and both
    ways must lead back:
    L_G = −E log D_B(G_AB(a)) − E log D_A(G_BA(b)) + E d(G_BA(G_AB(a)), a) + E d(G_AB(G_BA(b)), b)   (eqs. 7, 8),
    L_D = the usual cross-entropies, for each domain   (eq. 9); d is the squared error. With only one of the two ways
    back (`both=False`) two items of A may share one of B, or part of B is never reached (section 2.3, figure 3).

    The released code's losses differ from the paper's: for each direction
    (1 − r) [.1 · adversarial + .9 · feature matching] + r · reconstruction, with r = .01 in the first 10,000 rounds and
    .5 after, where feature matching is the squared difference of the mean activations of each layer of D but the first,
    of reals and of fakes. `features`, `reconstruction`, `early` and `early_share` are these numbers, as the code has
    them; `features=0, early=None` with the default reconstruction=.5 is the paper's loss over two. As there, D moves in
    one round of three.
    Networks: encoders and decoders without skips, as deep as the size asks for; for points perceptrons. Deviations:
    pictures in −1 … 1 and tanh, where the code has 0 … 1 and a sigmoid; Adam without its weight decay of 1e-5; averages
    of both maps are kept and used. Both signs of a relation (an angle, or its mirror image) are solutions.
    Proof: proofs/discogan.py.
    """

    name = "discogan"
    paper = Paper(
        "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
        "Kim, Cha, Kim, Lee, Kim",
        "ICML",
        2017,
        "https://arxiv.org/abs/1703.05192",
        code="https://github.com/SKTBrain/DiscoGAN",
    )
    summary = "relations between two domains, found without pairs"

    reconstruction: float = setting(0.5, "r, share of the ways back in the loss", minimum=0.0, maximum=1.0)
    early: float | None = setting(0.01, "r at the beginning; None: the same throughout", minimum=0.0, maximum=1.0)
    early_share: float = setting(0.2, "share of training in which r is `early`", minimum=0.0, maximum=1.0)
    features: float = setting(
        0.9, "share of feature matching in the rest; 0: adversarial alone, as in the paper", minimum=0.0, maximum=1.0
    )
    both: bool = setting(True, "demand both ways back; False: only that from A to B to A")
    generator_moves: int = setting(2, "moves of both maps for each of the discriminators", minimum=1)
    width: int = setting(64, "channels of the finest layer of all players, or units of a perceptron", minimum=1)

    def build(self, spec: Kind) -> None:
        source = spec.also.get("source")
        if source is not None and source.axes == spec.axes == 0 and source.continuous and spec.continuous:
            size = ()
        else:
            source, _ = self.two_pictures(spec)
            size = (spec.shape[1:],)
        make = EncoderDecoder if size else PerceptronMap
        one, two = source.shape[0], spec.shape[0]
        self.generator = make(one, two, *size, width=self.width)
        self.inverse = make(two, one, *size, width=self.width)
        self.discriminator_target = LayeredDiscriminator(spec.shape, self.width)
        self.discriminator_source = LayeredDiscriminator(source.shape, self.width)

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, times=self.generator_moves),
        ]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        a, b = batch.source, batch.target
        fake_b, fake_a = self.generator(a), self.inverse(b)
        there_and_back = square(self.inverse(fake_b) - a)
        observe("reconstruction/source", there_and_back)
        if self.both:
            back_and_there = square(self.generator(fake_a) - b)
            observe("reconstruction/target", back_and_there)
            there_and_back = there_and_back + back_and_there
        fooling, matching = map(
            sum, zip(self.looks(self.discriminator_target, b, fake_b), self.looks(self.discriminator_source, a, fake_a))
        )
        r = self.share()
        terms = {
            "adversarial": (1 - r) * (1 - self.features) * fooling,
            "reconstruction": r * there_and_back,
        }
        return terms | ({"features": (1 - r) * self.features * matching} if self.features else {})

    def share(self) -> float:
        """r in this round."""
        return self.early if self.early is not None and self.progress < self.early_share else self.reconstruction

    def looks(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """(adversarial loss of `fake`, how far its mean activations are from those of `real`)."""
        score, of_fake = discriminator.layers(fake)
        fooling = softplus(-score).mean()
        if not self.features:
            return fooling, fooling.detach() * 0
        with torch.no_grad():
            _, of_real = discriminator.layers(real)
        return fooling, sum(square(x.mean(0) - y.mean(0)) for x, y in zip(of_real, of_fake))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        a, b = batch.source, batch.target
        with torch.no_grad():
            fake_b, fake_a = self.generator(a), self.inverse(b)
        return {
            "target": self.half("target", b, fake_b),
            "source": self.half("source", a, fake_a),
        }

    def half(self, domain: str, real: Tensor, fake: Tensor) -> Tensor:
        """L_D of one domain."""
        discriminator = getattr(self, f"discriminator_{domain}")
        on_real, on_fake = discriminator(real), discriminator(fake)
        observe(f"discriminator/real_{domain}", lambda: on_real.sigmoid())
        observe(f"discriminator/fake_{domain}", lambda: on_fake.sigmoid())
        return softplus(-on_real).mean() + softplus(on_fake).mean()

    def read_source(self, path) -> Mapping[str, np.ndarray]:
        if not self.spec.axes:
            raise DataError(f"{path}: points are translated from Python only: game.translate(array)")
        return super().read_source(path)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/adversarial": Metric(
            "−E log D_B(G_AB(a)) − E log D_A(G_BA(b)), as weighted in the loss",
            "steady; a tenth of feature matching's weight at the defaults",
            "rising without end: a discriminator wins; raise --features or --generator-moves",
        ),
        "generator/features": Metric(
            "squared difference of the mean activations of reals and of fakes in each layer of D, as weighted",
            "falling, then steady",
            "rising: D runs away; lower --learning-rate",
        ),
        "generator/reconstruction": Metric(
            "squared errors of the ways back, as weighted in the loss",
            "falling below 0.05",
            "steady: what is lost on the way cannot be found again; raise --reconstruction",
        ),
        "reconstruction/*": Metric(
            "mean squared error of the way from this domain to the other and back, in network units",
            "falling below 0.05",
            "steady: raise --reconstruction. Near 0 from the start: nothing is translated",
        ),
        "discriminator/real_*": Metric(
            "mean chance that D gives this domain's true items of being real",
            "0.5 … 0.9",
            "at 1 with the fakes at 0 for long: D wins; raise --generator-moves",
        ),
        "discriminator/fake_*": Metric(
            "mean chance that D gives items made for this domain of being real",
            "0.1 … 0.5",
            "at 0 for long: D is sure of every fake; raise --generator-moves",
        ),
        "discriminator/*": Metric(
            "cross-entropy of one domain's discriminator, on true and on made items",
            "0.4 … 1.4; 2 log 2 = 1.39 means that it cannot tell them apart",
            "near 0 for long: it is sure; raise --generator-moves",
        ),
    }


def square(x: Tensor) -> Tensor:
    return x.square().mean()
