"""R3GAN: relativistic pairing with R1 and R2: the default for pictures and vectors."""

from __future__ import annotations

from functools import partial
from math import cos, pi, prod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import TwoPlayer, observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator
from gansmith.training.metrics import Metric


class R3GAN(Remedies, TwoPlayer):
    """The relativistic pairing loss with zero-centred penalties on reals *and* fakes, which converges where one alone
    fails:
    L_D = E log(1 + e^{D(G(z)) − D(x)}) + γ/2 (E‖∇D(x)‖² + E‖∇D(G(z))‖²),   L_G = E log(1 + e^{D(x) − D(G(z))})
    (eqs. 2, 7, 8), x and z paired, not averaged; both penalties every move: lazy ones fail completely (their ablation).
    γ and the step size go along a cosine from a wide start to a fine end while training proceeds (their "burn-in").
    As released, layers under the penalties run in the run's precision and the norms in fp32.

    Networks: the paper's residual bodies, without any norm, with `body="residual"`; their sizes follow `width` and
    `blocks` (the paper's CIFAR-10: width 768, blocks 2). They need a card and time, and are taken where a trial finds
    both (`on_card`). Else `body="plain"`: DCGAN's convolutions with layer norm in G and none in D, which make better
    pictures in the first minutes of two cores. For vectors and tiny pictures: perceptrons with leaky ReLU.

    Deviations, by default: `simultaneous`, for convolutions, moves both players from one pass of D: what R2 computes,
    ∇D(G(z)), is what the generator needs, so its own pass is saved (1.3 times as fast). Perceptrons keep the paper's
    turns, by which they learn faster. β2 stays where it is.
    Proof: proofs/r3gan.py (the ablation), proofs/mnist.py and proofs/grid25.py (default settings).
    """

    name = "r3gan"
    paper = Paper(
        "The GAN is dead; long live the GAN! A Modern Baseline GAN",
        "Huang, Gokaslan, Kuleshov, Tompkin",
        "NeurIPS",
        2024,
        "https://arxiv.org/abs/2501.05441",
        code="https://github.com/brownvc/R3GAN",
    )
    summary = "relativistic pairing with R1 and R2: the default for pictures and vectors"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("r1", "r2", "decay")  # gamma is both; a cosine
    of_differences = True
    on_card: ClassVar[tuple[dict, ...]] = tuple({"body": "residual", "width": width} for width in (128, 64))
    unreached: ClassVar[dict[str, str]] = {
        "discriminator*score.bias": "the loss is of differences of scores, which no constant changes"
    }

    gamma: float | None = setting(None, "weight of R1 and R2 at the start; None: from the data", minimum=0.0)
    gamma_end: float | None = setting(None, "gamma at the end of training; default: chosen from the data", minimum=0.0)
    learning_rate: float | None = setting(None, "Adam's learning rate at the start; None: from the data", minimum=0.0)
    learning_rate_end: float | None = setting(
        None, "learning rate at the end of training; default: a fiftieth of the start", minimum=0.0
    )
    beta1: float = setting(0.0, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.99, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    latent: int | None = setting(None, "size of the noise (latent) vector; None: from the data", minimum=1)
    width: int | None = setting(None, "channels of the finest layer, or units; None: from the data", minimum=1)
    body: str | None = setting(
        None,
        "networks: plain convolutions, the paper's residual ones, or perceptrons; None: from the data",
        choices=("plain", "residual", "perceptron"),
    )
    blocks: int = setting(1, "residual blocks at each grid", minimum=0)
    simultaneous: bool | None = setting(None, "move both players from one pass of D; None: for convolutions")
    average_half_life: int | None = setting(
        None, "samples after which a weight counts half in the average; None: from the data", minimum=0
    )

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if not spec.axes:
            few = spec.shape[0] <= 4
            rule = {
                "body": ("perceptron", "vectors"),
                "width": (64 if few else 128, f"{spec.shape[0]} columns"),
                "latent": (min(64, max(2, spec.shape[0])), "as many as columns, 2 to 64"),
                "gamma": (0.1, "standardised columns"),
                "gamma_end": (0.02, "a fine end finds fine detail"),
                "learning_rate": (2e-3, "perceptrons"),
                "average_half_life": (20_000, "vectors"),
            }
        else:
            tiny, large = prod(spec.shape[1:]) <= 12**spec.axes, max(spec.shape[1:]) > 48
            width = (256, "units") if tiny else (spec.bodies().width, "channels that train in minutes")
            rule = {
                "body": ("perceptron", "too small to halve") if tiny else ("plain", "the best of the first minutes"),
                "width": width,
                "latent": (64, spec.noun),
                "gamma": (5.0 if large else 1.0, "grows with the size"),
                "gamma_end": (5.0 if large else 1.0, "as gamma"),
                "learning_rate": (1e-3 if large else 2e-3, "falls with the size"),
                "average_half_life": (5_000, spec.noun),
            }
        reasons = []
        for name, (value, why) in rule.items():
            if getattr(self, name) is None:
                setattr(self, name, value)
                reasons.append(f"{name} {value}: {why}")
        if self.learning_rate_end is None:
            self.learning_rate_end = self.learning_rate / 50
        if self.simultaneous is None:
            self.simultaneous = self.body != "perceptron"
            how = "one pass of D moves both players" if self.simultaneous else "perceptrons learn faster by turns"
            reasons.append(f"simultaneous {self.simultaneous}: {how}")
        return reasons

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        classes = self.classes(spec)
        if self.body == "perceptron":
            leaky = partial(nn.LeakyReLU, 0.2)
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 3, classes, activation=leaky)
            body = lambda shape: MLPDiscriminator(shape, self.width, 3, classes, activation=leaky)  # noqa: E731
            self.discriminator = self.make_discriminator(body, spec.shape)
        elif self.body == "plain":
            self.check_axes(spec, 1, 2, 3)
            self.build_bodies(spec, norm="layer", discriminator_norm="none")
        else:
            self.check_axes(spec, 1, 2, 3)
            sizes = {"width": self.width, "classes": classes, "blocks": self.blocks}
            self.generator = ResidualGenerator(self.latent, spec.shape, **sizes)
            self.discriminator = self.make_discriminator(
                lambda shape: ResidualDiscriminator(shape, **sizes), spec.shape
            )

    # --- the game ----------------------------------------------------------------------------------------------------
    def turns(self) -> list[Turn]:
        return [Turn(("discriminator", "generator"), self.both_losses)] if self.simultaneous else super().turns()

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return self.terms_and_gradients(batch, self.fake(batch))[0]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            on_real = self.discriminator(batch.real, batch.label)
        on_fake = self.discriminator(self.fake(batch), batch.label)
        return {"adversarial": softplus(on_real - on_fake).mean()}

    def both_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """Both players' losses from one pass of D: by the chain rule ∂L_G/∂G(z) = ∂L_G/∂D(G(z)) · ∇D(G(z))."""
        fake = self.fake(batch)
        terms, on_real, on_fake, gradient = self.terms_and_gradients(batch, fake)
        on_fake = on_fake.detach().requires_grad_()
        value = softplus(on_real.detach() - on_fake).mean()
        (weight,) = torch.autograd.grad(value, on_fake)
        pull = ((fake * gradient.detach()).reshape(len(weight), -1).sum(1) * weight).sum()
        # The value of the loss with the gradient of the pull.
        return {"discriminator": terms, "generator": {"adversarial": value.detach() + pull - pull.detach()}}

    def terms_and_gradients(self, batch: Batch, fake: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor, Tensor]:
        """(the discriminator's terms, scores of reals, of fakes, ∇D at the fakes) from one pass over both."""
        label = torch.cat([batch.label, batch.label]) if self.conditional else None
        both = torch.cat([batch.real, fake.detach()])
        scores, gradient = penalties.gradients(lambda x: self.discriminator(x, label), both, precise=False)
        on_real, on_fake = scores.chunk(2)
        observe_scores(on_real, on_fake)
        r1, r2 = penalties.square(gradient, len(scores)).chunk(2)
        observe("discriminator/gradient_norm_real", lambda: r1.sqrt().mean())
        observe("discriminator/gradient_norm_fake", lambda: r2.sqrt().mean())
        weight = self.along(self.gamma, self.gamma_end) / 2
        terms = {
            "adversarial": softplus(on_fake - on_real).mean(),
            "r1": weight * r1.mean(),
            "r2": weight * r2.mean(),
        }
        return terms | self.extra_terms(batch, fake, on_real, on_fake), on_real, on_fake, gradient.chunk(2)[1]

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        of_discriminator = player == "discriminator" and self.discriminator_learning_rate is not None
        rate = self.discriminator_learning_rate if of_discriminator else self.learning_rate
        end = self.learning_rate_end / self.learning_rate if self.learning_rate else 0.0
        optimizer.param_groups[0]["lr"] = self.along(rate, rate * end)

    def along(self, start: float, end: float) -> float:
        """From `start` to `end` along a half cosine of the training budget."""
        if start == end:  # so that a move can be recorded (see `training.recording`)
            return start
        return end + (start - end) * (1 + cos(pi * self.progress)) / 2

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/adversarial": Metric(
            "relativistic loss E log(1 + e^(D(fake) − D(real))): how well D orders pairs of a fake and a real",
            "0.3 … 0.69; log 2 = 0.69 means that it cannot tell them apart",
            "below 0.1 for long: D is sure of every pair; raise --gamma. At 0.69 with poor samples: give D more "
            "--width",
        ),
        "generator/adversarial": Metric(
            "relativistic loss with the roles exchanged: E log(1 + e^(D(real) − D(fake)))",
            "0.7 … 2, and steady",
            "rising without end: D runs away; raise --gamma or lower --learning-rate",
        ),
        "discriminator/gradient_norm_real": Metric(
            "mean ‖∇D‖ at reals, in network units",
            "falling with training, of the order of 1 or below",
            "rising bursts: raise --gamma",
        ),
        "discriminator/gradient_norm_fake": Metric(
            "mean ‖∇D‖ at fakes, in network units",
            "about as large as at reals",
            "towards 0 while the fakes are poor: G gets no gradient; far above the slope at reals: raise --gamma",
        ),
    }
