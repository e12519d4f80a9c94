"""VAE-GAN. "Autoencoding beyond pixels using a learned similarity metric", Larsen et al., ICML 2016.

A VAE whose likelihood is not of pixels but of the discriminator's features f, a normal of unit variance (eq. 7), so
that what counts as alike is learned. Three players, x̃ the reconstruction, each with a loss of its own (algorithm 1):
encoder        KL(q(z|x) ‖ p(z)) + L_f,                L_f = ½‖f(x) − f(x̃)‖²
decoder        w·L_f − (1 − w)·[log σ(D(x̃)) + log σ(D(G(z)))]        (the non-saturating form)
discriminator  −log σ(D(x)) − log(1 − σ(D(x̃))) − log(1 − σ(D(G(z))))
So no adversarial gradient enters the encoder, and none of L_f the discriminator. Losses are summed over an item, which
is what makes a w of 1e-6 (CelebA's) mean something: take it larger for smaller pictures.

Gates, as released: D rests while its cost on reals or on fakes is under .68 − `margin`, the decoder while one is over
.68 + `margin`; neither rests if both would. `judge_rebuilt=False` keeps x̃ out of the adversarial losses, as in the
released CelebA run, against the paper's formula.
Networks: DCGAN's; the encoder is D's with 2·latent outputs. Deviations: kernels of 4; the encoder moves first and the
others after it, on the same batch; averages of encoder and decoder are kept and used. Proof: proofs/vae_gan.py.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch
from gansmith.data.spec import DataSpec
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.game import Turn, observe, setting
from gansmith.gans.gan import GAN
from gansmith.networks.convolutional import ConvEncoder, ConvGenerator

EQUILIBRIUM = 0.68  # about log 2: what each cost is when D cannot tell


class VAEGAN(GAN):
    summary: ClassVar[str] = "auto-encoder that rebuilds what the discriminator sees (Larsen et al. 2016)"
    averaged: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    conditional: ClassVar[bool] = False
    without: ClassVar[tuple[str, ...]] = ("packing", "smoothing", "augment", "instance_noise")
    loss: ClassVar[str] = "non-saturating"
    prior: ClassVar[str] = "normal"
    beta1: ClassVar[float] = 0.0  # RMSProp has neither
    beta2: ClassVar[float] = 0.99
    discriminator_steps: ClassVar[int] = 1

    weight: float = setting(1e-6, "w, weight of rebuilding against fooling D", minimum=0.0, maximum=1.0)
    margin: float = setting(0.35, "how far from balance D's costs may be before a player rests", minimum=0.0)
    judge_rebuilt: bool = setting(True, "reconstructions are fakes too, not samples alone")
    latent: int = setting(128, "numbers of noise a sample is made from", minimum=1)
    width: int = setting(64, "channels of the finest layer, doubled as the picture halves", minimum=1)
    learning_rate: float = setting(3e-4, "RMSProp's step size", minimum=0.0)

    def choose(self, spec: DataSpec, count: int | None = None) -> list[str]:
        return []

    def build(self, spec: DataSpec) -> None:
        self.pictures_only(spec)
        self.encoder = ConvEncoder(spec.shape, 2 * self.latent, self.width)
        self.generator = ConvGenerator(self.latent, spec.shape, self.width)
        self.discriminator = self.conv_discriminator(spec.shape)
        self.register_buffer("costs", torch.full((2,), EQUILIBRIUM))  # D's, on reals and on fakes
        self.seen = self.costs

    def players(self) -> dict[str, list[nn.Module]]:
        return {"encoder": [self.encoder], "generator": [self.generator], "discriminator": [self.discriminator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("encoder", self.encoder_loss),
            Turn("generator", self.generator_loss, when=self.generator_plays, fresh=False),
            Turn("discriminator", self.discriminator_loss, when=self.discriminator_plays, fresh=False),
        ]

    def encoder_loss(self, batch: Batch) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(batch.real).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        rebuilt, sampled = self.generator(z), self.generator(self.latents(len(batch)))
        batch.memo |= {"z": z.detach(), "rebuilt": rebuilt.detach(), "sampled": sampled.detach()}
        real_features, rebuilt_features = self.discriminator.features(batch.real), self.discriminator.features(rebuilt)

        fakes = [self.discriminator(sampled)] + [self.discriminator.judge(rebuilt_features)] * self.judge_rebuilt
        costs = softplus(-self.discriminator.judge(real_features)).mean(), softplus(torch.cat(fakes)).mean()
        self.seen = mean_over_ranks(torch.stack(costs).detach())
        return {
            "kl": (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2,
            "features": unlike(real_features, rebuilt_features),
        }

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        rebuilt, sampled = self.generator(batch.memo["z"]), self.generator(self.latents(len(batch)))
        rebuilt_features = self.discriminator.features(rebuilt)
        adversarial = softplus(-self.discriminator(sampled)).mean()
        if self.judge_rebuilt:
            adversarial = adversarial + softplus(-self.discriminator.judge(rebuilt_features)).mean()
        return {
            "features": self.weight * unlike(self.discriminator.features(batch.real), rebuilt_features),
            "adversarial": (1 - self.weight) * adversarial,
        }

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        sampled = batch.memo["sampled"]
        terms = self.judged(self.discriminator(batch.real), self.discriminator(sampled)) | self.sloped(batch, sampled)
        if self.judge_rebuilt:
            terms["rebuilt"] = softplus(self.discriminator(batch.memo["rebuilt"])).mean()
        return terms

    def moved(self, player: str) -> None:
        super().moved(player)
        if player == "encoder":
            self.costs.copy_(self.seen)
            observe("gate/generator", lambda: float(self.generator_plays()))
            observe("gate/discriminator", lambda: float(self.discriminator_plays()))

    def generator_plays(self) -> bool:
        return bool(self.costs.max() <= EQUILIBRIUM + self.margin) or self.both_would_rest()

    def discriminator_plays(self) -> bool:
        return bool(self.costs.min() >= EQUILIBRIUM - self.margin) or self.both_would_rest()

    def both_would_rest(self) -> bool:
        return bool(self.costs.max() > EQUILIBRIUM + self.margin and self.costs.min() < EQUILIBRIUM - self.margin)

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return self.steps(torch.optim.RMSprop(parameters, lr=self.learning_rate), player)

    # --- use ---------------------------------------------------------------------------------------------------------
    def encode(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The means (n, latent) of the latents that items in the data's units may have come from."""
        return self.said_by(lambda part, _: self.encoder(part).chunk(2, 1)[0], x, batch_size=batch_size)

    def reconstruct(self, x) -> np.ndarray:
        """Items as the decoder makes them from their encoded means, in the data's units."""
        return self.made_from(torch.as_tensor(self.encode(x), device=self.device))


def unlike(features: Tensor, others: Tensor) -> Tensor:
    """½‖f − f̃‖², summed over an item's features: the normal's −log p without its constant."""
    return (features - others).float().square().sum(1).mean() / 2
