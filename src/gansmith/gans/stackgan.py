"""StackGAN: pictures from captions in two stages, the second at a higher resolution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Stage, Turn, setting
from gansmith.gans.gan_int_cls import GANINTCLS
from gansmith.gans.paper import Paper
from gansmith.networks.convolutional import ConvGenerator, repeat
from gansmith.networks.second_stage import ConditioningAugmentation, SecondStage, divergence
from gansmith.networks.text_encoder import ImageEncoder, TextDiscriminator, TextEncoder
from gansmith.training.metrics import Metric


class StackGAN(GANINTCLS):
    """First the rough shape and the colours, at 1/`scale` of the size, then, from that picture and the caption once
    more, the picture. Each stage has a discriminator that is shown mismatched pairs, too:
    L_D = BCE(D(x, t) → 1) + ½ [BCE(D(x, t̂) → 0) + BCE(D(G, t) → 0)],
    L_G = BCE(D(G, t) → 1) + λ KL(N(μ(t), σ²(t)) ‖ N(0, 1))   (eqs. 3 to 6).
    The condition c = μ(t) + σ(t) ε is drawn anew for each item, with μ and σ of each stage's own (conditioning
    augmentation). The first stage is frozen while the second learns. Its reals are the data, averaged over squares.

    λ (`kl`) is 1 in the paper, for a sum over the condition's numbers; the released code has 2, for their mean, and so
    has this. Captions are read as in GAN-INT-CLS, by a stage before these two.
    Deviations: the released code passes μ and log σ through leaky ReLU, which makes small deviations rare, and this
    does not; the first stage is DCGAN's generator; an average of each generator is kept and sampled, and the second
    learns from the first as it stands at the end of its stage; `decay` in place of halving the step. The noise of a
    sample is z, ε of the first stage, ε of the second, side by side, so that `generate` is a function of it.
    Proof: proofs/stackgan.py.
    """

    name = "stackgan"
    paper = Paper(
        "StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative Adversarial Networks",
        "Zhang, Xu, Li, Zhang, Wang, Huang, Metaxas",
        "ICCV",
        2017,
        "https://arxiv.org/abs/1612.03242",
        code="https://github.com/hanzhanggit/StackGAN",
    )
    summary = "pictures from captions, a small one first and then a large one"
    averaged: ClassVar[tuple[str, ...]] = ("first", "generator")
    unsupported_settings: ClassVar[tuple[str, ...]] = ("interpolated",)

    interpolated = 0.0
    scale: int = setting(4, "how many times larger the second stage's pictures are: 2, 4 or 8", choices=(2, 4, 8))
    first_share: float = setting(
        0.5, "share of training, after reading, that the first stage gets", minimum=0.0, maximum=1.0
    )
    kl: float = setting(2.0, "λ, weight of the mean divergence of a condition from a standard normal", minimum=0.0)
    conditioning: int = setting(128, "numbers of a condition", minimum=1)
    blocks: int = setting(4, "residual blocks of the second stage", minimum=0)

    def build(self, spec: Kind) -> None:
        self.check_captions(spec)
        if any(side % self.scale or side // self.scale < 4 for side in spec.shape[1:]):
            raise DataError(
                f"StackGAN(scale={self.scale}) needs pictures whose sides are at least {4 * self.scale} and divided by "
                f"{self.scale}, and these are {spec.shape[1]}x{spec.shape[2]}: give another --size or --scale"
            )
        small = (spec.shape[0], *(side // self.scale for side in spec.shape[1:]))
        wide, condition = self.text_width, self.conditioning
        self.text_encoder = TextEncoder(len(spec.of("text").columns), wide)
        self.image_encoder = ImageEncoder(spec.shape, wide)
        self.first_condition = ConditioningAugmentation(wide, condition)
        self.first = ConvGenerator(self.latent + condition, small, self.width)
        self.first_discriminator = TextDiscriminator(small, wide, self.width)
        self.condition = ConditioningAugmentation(wide, condition)
        self.generator = SecondStage(small, self.scale, condition, self.width, self.blocks)
        self.discriminator = TextDiscriminator(spec.shape, wide, self.width)
        self.register_buffer("second_has_begun", torch.zeros((), dtype=torch.bool))

    def players(self) -> dict[str, list[nn.Module]]:
        return {
            "text_encoder": [self.text_encoder, self.image_encoder],
            "first_discriminator": [self.first_discriminator],
            "first": [self.first, self.first_condition],
            "discriminator": [self.discriminator],
            "generator": [self.generator, self.condition],
        }

    def stages(self) -> list[Stage]:
        painting = 1 - self.reading
        return [
            Stage("reading", [Turn("text_encoder", self.matching_loss)], share=self.reading),
            Stage(
                "first",
                [Turn("first_discriminator", self.first_discriminator_loss), Turn("first", self.first_loss)],
                share=painting * self.first_share,
            ),
            Stage(
                "second",
                [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)],
                share=painting * (1 - self.first_share),
                begin=self.begin_second,
            ),
        ]

    def begin_second(self) -> None:
        self.second_has_begun.fill_(True)

    # --- the first stage ---------------------------------------------------------------------------------------------
    def latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n, latent + 2·conditioning): z, ε of the first stage, ε of the second."""
        device = self.device if rng is None else "cpu"
        return torch.randn(n, self.latent + 2 * self.conditioning, device=device, generator=rng).to(self.device)

    def small(self, latent: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """(the first stage's pictures, how far their conditions are from a standard normal)."""
        z, eps, _ = latent.split([self.latent, self.conditioning, self.conditioning], 1)
        mean, log_deviation = self.first_condition(text)
        made = self.first(torch.cat([z, mean + log_deviation.exp() * eps], 1))
        return made, divergence(mean, log_deviation).mean()

    def first_discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        fake, _ = self.small(self.latents(len(batch)), text)
        return self.told_apart(self.first_discriminator, F.avg_pool2d(batch.real, self.scale), fake, text)

    def first_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        fake, away = self.small(self.latents(len(batch)), text)
        return {"adversarial": F.softplus(-self.first_discriminator(fake, text)).mean(), "kl": self.kl * away}

    # --- the second stage --------------------------------------------------------------------------------------------
    def large(self, latent: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """(the second stage's pictures, how far their conditions are from a standard normal)."""
        with torch.no_grad():
            training, _ = self.first.training, self.first.eval()
            small, _ = self.small(latent, text)
            self.first.train(training)
        mean, log_deviation = self.condition(text)
        eps = latent[:, -self.conditioning :]
        return self.generator(small, mean + log_deviation.exp() * eps), divergence(mean, log_deviation).mean()

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        fake, _ = self.large(self.latents(len(batch)), text)
        return self.told_apart(self.discriminator, batch.real, fake, text)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        fake, away = self.large(self.latents(len(batch)), text)
        return {"adversarial": F.softplus(-self.discriminator(fake, text)).mean(), "kl": self.kl * away}

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, text: Tensor) -> Tensor:
        """Noise (n, latent + 2·conditioning) and encoded captions to pictures in network units: the second stage's, or,
        before that has begun, the first's with their pixels repeated."""
        if self.second_has_begun:
            return self.large(latent, text)[0]
        return repeat(self.small(latent, text)[0], self.scale, self.spec.shape[1:])

    def sketch(self, n: int, *, seed: int | None = None, text=None, batch_size: int = 250) -> np.ndarray:
        """What the first stage makes of the noise and captions that `sample` starts from: uint8 (n, C, h, w), small."""
        made = self.painted(lambda z, encoded: self.small(z, encoded)[0], n, seed, text, batch_size)
        return np.concatenate(made)

    logs: ClassVar[dict[str, Metric]] = {
        "*/kl": Metric(
            "λ · mean KL of a condition's law from a standard normal, a number",
            "0.05 … 1",
            "near 0: captions are forgotten; lower --kl. Rising: raise it",
        ),
        "first/adversarial": Metric(
            "−E log σ(D) of the first stage's pictures with their captions",
            "0.7 … 3",
            "rising without end: D wins; lower --learning-rate",
        ),
        "first_discriminator/cost_*": GANINTCLS.logs["discriminator/cost_*"],
    }
