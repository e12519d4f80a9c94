"""VAE-GAN: auto-encoder that rebuilds what the discriminator sees."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import AutoEncoding
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Regularising, Stepping
from gansmith.networks.convolutional import ConvDiscriminator, ConvEncoder
from gansmith.training.metrics import Metric

EQUILIBRIUM = 0.68  # about log 2: what each cost is when D cannot tell


class VAEGAN(AutoEncoding, Stepping, Regularising):
    """A VAE whose likelihood is not of pixels but of the discriminator's features f, a normal of unit variance
    (eq. 7), so that what counts as alike is learned. Three players, x̃ the reconstruction, each with a loss of its own
    (algorithm 1):
    encoder        KL(q(z|x) ‖ p(z)) + L_f,                L_f = ½‖f(x) − f(x̃)‖²
    decoder        w·L_f − (1 − w)·[log σ(D(x̃)) + log σ(D(G(z)))]        (the non-saturating form)
    discriminator  −log σ(D(x)) − log(1 − σ(D(x̃))) − log(1 − σ(D(G(z))))
    So no adversarial gradient enters the encoder, and none of L_f the discriminator. Losses are summed over an item,
    which is what makes a w of 1e-6 (CelebA's) mean something: take it larger for smaller pictures.

    Gates, as released: D rests while its cost on reals or on fakes is under .68 − `margin`, the decoder while one is
    over .68 + `margin`; neither rests if both would. `judge_rebuilt=False` keeps x̃ out of the adversarial losses, as
    in the released CelebA run, against the paper's formula.
    Networks: DCGAN's; the encoder is D's with 2·latent outputs. Deviations: kernels of 4; the encoder moves first and
    the others after it, on the same batch; averages of encoder and decoder are kept and used. Proof: proofs/vae_gan.py.
    """

    name = "vae-gan"
    paper = Paper(
        "Autoencoding beyond pixels using a learned similarity metric",
        "Larsen, Sønderby, Larochelle, Winther",
        "ICML",
        2016,
        "https://arxiv.org/abs/1512.09300",
        code="https://github.com/andersbll/autoencoding_beyond_pixels",
    )
    summary = "auto-encoder that rebuilds what the discriminator sees"
    averaged: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("conditional", "prior", "discriminator_steps", "packing"),
        *("beta1", "beta2"),  # RMSProp has neither
    )
    prior = "normal"

    weight: float = setting(1e-6, "w, weight of rebuilding against fooling D", minimum=0.0, maximum=1.0)
    margin: float = setting(0.35, "how far from balance D's costs may be before a player rests", minimum=0.0)
    judge_rebuilt: bool = setting(True, "reconstructions are fakes too, not samples alone")
    latent: int = setting(128, "size of the noise (latent) vector", minimum=1)
    learning_rate: float = setting(3e-4, "RMSProp's step size", minimum=0.0)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1, 2, 3)
        self.choose(spec)
        norm = self.discriminator_norm("batch")
        self.encoder = ConvEncoder(spec.shape, 2 * self.latent, self.width)
        self.generator = spec.bodies().generator(self.latent, spec.shape, self.width)
        self.discriminator = self.make_discriminator(
            lambda shape: ConvDiscriminator(shape, self.width, norm=norm), spec.shape
        )
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

        fakes = [self.discriminator(sampled)]
        if self.judge_rebuilt:
            fakes.append(self.discriminator.judge(rebuilt_features))
        costs = softplus(-self.discriminator.judge(real_features)).mean(), softplus(torch.cat(fakes)).mean()
        self.seen = mean_over_ranks(torch.stack(costs).detach())
        return {
            "kl": self.kl(mean, log_variance).mean(),
            "features": feature_distance(real_features, rebuilt_features),
        }

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        rebuilt, sampled = self.generator(batch.memo["z"]), self.generator(self.latents(len(batch)))
        rebuilt_features = self.discriminator.features(rebuilt)
        adversarial = softplus(-self.discriminator(sampled)).mean()
        if self.judge_rebuilt:
            adversarial = adversarial + softplus(-self.discriminator.judge(rebuilt_features)).mean()
        return {
            "features": self.weight * feature_distance(self.discriminator.features(batch.real), rebuilt_features),
            "adversarial": (1 - self.weight) * adversarial,
        }

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        sampled = batch.memo["sampled"]
        on_real, on_sampled = self.scores(batch, sampled)
        terms = {"adversarial": softplus(-on_real).mean() + softplus(on_sampled).mean()}
        terms |= self.extra_terms(batch, sampled, on_real, on_sampled)
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
        return self.wrap_optimizer(torch.optim.RMSprop(parameters, lr=self.learning_rate), player)

    logs: ClassVar[dict[str, Metric]] = {
        "*/features": Metric(
            "½‖f(x) − f(x̃)‖²: how unlike reconstructions are to D (in the decoder's loss times w)",
            "falling, then steady",
            "rising without end: D runs away; lower --discriminator-learning-rate",
        ),
        "discriminator/rebuilt": Metric(
            "−E log(1 − σ(D(x̃))): D's cost on reconstructions",
            "0.33 … 1.03 at the default margin",
            "near 0: D is sure; lower --discriminator-learning-rate",
        ),
        "gate/*": Metric(
            "1 where the player may move, 0 where D's costs are so far from balance that it rests",
            "both mostly 1",
            "one at 0 for long: the other is too weak; change --discriminator-learning-rate or --margin",
        ),
    }


def feature_distance(features: Tensor, others: Tensor) -> Tensor:
    """½‖f − f̃‖², summed over an item's features: the normal's −log p without its constant."""
    return (features - others).float().square().sum(1).mean() / 2
