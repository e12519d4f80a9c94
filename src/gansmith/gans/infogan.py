"""InfoGAN: codes that can be read from the samples: categories without labels."""

from __future__ import annotations

from math import log, pi
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.errors import UserError
from gansmith.game import observe, setting
from gansmith.gans.base import FromNoise, new_rng, observe_scores
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.training.metrics import Metric


class Codes(NamedTuple):
    """What Q reads: the category's probabilities (n, K), the numbers' means (n, continuous)."""

    category: np.ndarray
    continuous: np.ndarray


class InfoGAN(GAN):
    """G's input is noise z and a code c: one category of K and some numbers in −1 … 1. G must make items from which c
    can be read again:  min_{G,Q} max_D  V(D, G) − λ·L_I(G, Q),   L_I = E log Q(c | G(z, c)) + H(c) ≤ I(c; G(z, c))
    (eqs. 5, 6). Q shares all layers of D but the last: a head of its own on D's features gives the category's
    probabilities, and a mean and a standard deviation for each number. So the digits of MNIST fall into the K
    categories without a single label.

    Who moves what: D's move lowers −λ·L_I through the layers it shares with Q, as in the released code; Q's head moves
    with G. A number's prior is uniform, of entropy log 2 (the released code prints a bound with a normal's, which is
    none), so each part of L_I is a true lower bound in nats: `information/category` ≤ log K, and
    `information/continuous`. `fixed_deviation` sets Q's standard deviations to 1, as in the released network.

    Networks: DCGAN's with the paper's dense layer (1024 at the default width) before G's convolutions and after D's;
    for vectors perceptrons; Q's head has 128 units. D takes its two batches apart.
    Deviations: grids down to 4×4, not 7×7; one category, not several; a smaller λ for the numbers, as the paper
    advises; R1 on vectors of three columns and more; an average of G is kept and sampled. Mind that categories that
    look alike (4 and 9, 3 and 5) merge under some seeds; what varies inside a category should go into the numbers, and
    the proof weighs them as much as the category, at a standard deviation of 1, as the released code does. Of pictures
    λ is a fifth of the paper's by default, and D's step 5e-4: with λ = 1 G collapses on CIFAR-10 in its first thousand
    rounds, or strays on clothes, since it can tell ten categories apart by what no eye sees (proofs/every_game.py).
    Proof: proofs/infogan.py.
    """

    name = "infogan"
    paper = Paper(
        "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets",
        "Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel",
        "NeurIPS",
        2016,
        "https://arxiv.org/abs/1606.03657",
        code="https://github.com/openai/InfoGAN",
    )
    summary = "codes that can be read from the samples: categories without labels"
    for_vectors: ClassVar[dict[str, object]] = {"discriminator_learning_rate": 1e-3}
    for_pictures: ClassVar[dict[str, object]] = {
        "information": 0.2,
        "information_continuous": 0.05,
        "discriminator_learning_rate": 5e-4,
    }
    for_columns: ClassVar[dict[str, object]] = {"r1": 0.3}  # without it, it collapses (proofs/every_game.py)
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("conditional", "packing", "augment", "ada_target", "instance_noise"),  # both heads share one pass
    )
    default_width = FromNoise.default_width

    categories: int = setting(10, "K, values of the categorical code", minimum=2)
    continuous: int = setting(2, "codes that are numbers in −1 … 1", minimum=0)
    latent: int = setting(62, "numbers of noise beside the codes", minimum=1)
    information: float = setting(1.0, "λ, weight of the category's information", minimum=0.0)
    information_continuous: float = setting(0.1, "… and of the numbers'", minimum=0.0)
    fixed_deviation: bool = setting(False, "Q takes the numbers' standard deviation for 1")
    learning_rate: float = setting(1e-3, "Adam's learning rate of G and Q", minimum=0.0)
    discriminator_learning_rate: float | None = setting(2e-4, "… and of D; None: the same", minimum=0.0)

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        inputs = self.latent + self.categories + self.continuous
        if spec.axes:
            norm = self.discriminator_norm("batch")
            output = nn.Tanh if spec.bounded else None
            self.generator = DenseGenerator(inputs, spec.shape, self.width, output)
            self.discriminator = self.make_discriminator(
                lambda shape: DenseDiscriminator(shape, self.width, norm=norm), spec.shape
            )
        else:
            self.generator = MLPGenerator(inputs, spec.shape, self.width, 3)
            self.discriminator = self.make_discriminator(
                lambda shape: MLPDiscriminator(shape, self.width, 3), spec.shape
            )
        self.q = nn.Sequential(
            nn.Linear(self.discriminator.score.in_features, 128),
            nn.BatchNorm1d(128),
            nn.LeakyReLU(0.1),
            nn.Linear(128, self.categories + 2 * self.continuous),
        )

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator, self.q]}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.latents(len(batch))
        fake = self.generator(z)
        features = self.discriminator.features(fake)
        on_real, on_fake = self.discriminator(batch.real), self.discriminator.judge(features)
        observe_scores(on_real, on_fake)
        terms = {"adversarial": self.cross_entropy(on_real, on_fake), **self.information_terms(features, z)}
        return terms | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.latents(len(batch))
        features = self.discriminator.features(self.generator(z))
        on_fake = self.discriminator.judge(features)
        return {"adversarial": self.generator_cost(on_fake), **self.information_terms(features, z)}

    def information_terms(self, features: Tensor, z: Tensor) -> dict[str, Tensor]:
        """−λ·L_I, of the category and of the numbers: what Q cannot read of the codes in `z`."""
        _, category, numbers = z.split([self.latent, self.categories, self.continuous], 1)
        logits, mean, deviation = self.read_codes(features)
        about_category = log(self.categories) - F.cross_entropy(logits, category)
        log_density = -((numbers - mean) / deviation).square() / 2 - deviation.log() - log(2 * pi) / 2
        about_numbers = (log(2) + log_density).sum(1).mean()
        observe("information/category", about_category)
        observe("information/continuous", about_numbers)
        return {
            "information": -self.information * about_category,
            "information_continuous": -self.information_continuous * about_numbers,
        }

    def read_codes(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Q: logits (n, K), and mean and standard deviation (n, continuous) of the numbers."""
        sizes = [self.categories, self.continuous, self.continuous]
        logits, mean, spread = self.q(features).float().split(sizes, 1)
        return logits, mean, torch.ones_like(mean) if self.fixed_deviation else F.softplus(spread) + 1e-3

    def latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n, latent + K + continuous): noise of the prior, a category as one of K ones, numbers in −1 … 1."""
        device = self.device if rng is None else "cpu"
        drawn = torch.randint(self.categories, (n,), device=device, generator=rng)
        numbers = 2 * torch.rand(n, self.continuous, device=device, generator=rng) - 1
        codes = torch.cat([F.one_hot(drawn, self.categories), numbers], 1).to(self.device)
        return torch.cat([super().latents(n, rng), codes], 1)

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(
        self, n: int, *, seed: int | None = None, category=None, codes=None, batch_size: int = 250
    ) -> np.ndarray:
        """`n` new items in the data's units, the same for the same seed.

        category  one of 0 … K − 1, or `n` of them; None: drawn evenly
        codes     the numbers (continuous,), or (n, continuous); trained on −1 … 1; None: drawn evenly
        """
        self.check_is_fitted()
        latent = self.latents(n, new_rng(seed))
        if category is not None:
            given = np.asarray(category)
            if given.shape not in ((), (n,)) or not np.isin(given, np.arange(self.categories)).all():
                raise UserError(f"category={category}: give one of 0 … {self.categories - 1}, or {n} of them")
            wanted = torch.as_tensor(np.broadcast_to(given, n).copy(), dtype=torch.long, device=self.device)
            latent[:, self.latent : self.latent + self.categories] = F.one_hot(wanted, self.categories).float()
        if codes is not None:
            given = np.asarray(codes, np.float32)
            if given.shape not in ((self.continuous,), (n, self.continuous)):
                raise UserError(f"codes of shape {given.shape}: give {self.continuous} numbers, or {n} rows of them")
            latent[:, self.latent + self.categories :] = torch.as_tensor(given, device=self.device)
        return self.decode(latent, batch_size=batch_size)

    def encode(self, x, *, batch_size: int = 250) -> Codes:
        """The codes that Q reads from items in the data's units."""

        def read(part: Tensor, _) -> Tensor:
            logits, mean, _ = self.read_codes(self.discriminator.features(part))
            return torch.cat([logits.softmax(1), mean], 1)

        codes = self.apply_in_batches(read, x, batch_size=batch_size)
        return Codes(codes[:, : self.categories], codes[:, self.categories :])

    logs: ClassVar[dict[str, Metric]] = {
        "*/information": Metric(
            "− λ · bound on the information between the category and the sample, as weighted in the loss",
            "falling to − λ · log K",
            "flat at 0: the code is ignored; raise --information",
        ),
        "*/information_continuous": Metric(
            "− λ · bound on the information between the numbers and the sample",
            "below 0 and falling slowly",
            "flat above 0: the numbers are ignored; raise --information-continuous. Large beside the rest: lower it",
        ),
        "information/category": Metric(
            "E log Q(c|x) + log K in nats: at least so much of the category can be read from a sample",
            "towards log K (2.30 for ten)",
            "below 1 after some thousand rounds: raise --information; categories may have merged, try another --seed",
        ),
        "information/continuous": Metric(
            "E log Q(c|x) + log 2 for each number, summed, in nats: the same for the numbers",
            "above 0",
            "below 0: Q knows less than nothing of the numbers yet; later, raise --information-continuous",
        ),
    }


class DenseGenerator(nn.Module):
    """(n, latent) through a dense layer of 16·width with batch norm and ReLU, then DCGAN's convolutions."""

    def __init__(self, latent: int, shape: tuple[int, ...], width: int, output: type[nn.Module] | None):
        super().__init__()
        units = 16 * width
        self.dense = nn.Sequential(nn.Linear(latent, units, bias=False), nn.BatchNorm1d(units), nn.ReLU())
        self.body = ConvGenerator(units, shape, width, output=output)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.body(self.dense(z))


class DenseDiscriminator(ConvDiscriminator):
    """DCGAN's convolutions, a dense layer of 16·width with batch norm and leaky ReLU of .1, one linear score."""

    def __init__(self, shape: tuple[int, ...], width: int, classes: int = 0, *, norm: str = "batch"):
        super().__init__(shape, width, norm=norm)
        units = 16 * width
        normed = nn.BatchNorm1d(units) if norm == "batch" else nn.Identity()
        self.dense = nn.Sequential(nn.Linear(self.score.in_features, units), normed, nn.LeakyReLU(0.1))
        self.score = nn.Linear(units, 1)

    def features(self, x: Tensor) -> Tensor:
        return self.dense(super().features(x))
