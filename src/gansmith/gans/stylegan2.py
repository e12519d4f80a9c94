"""StyleGAN2, with ADA where the data is few: styles by weight modulation, lazy penalties, path length."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import map_across_ranks, mean_over_ranks
from gansmith.errors import DataError, UserError
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import new_rng
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Augmenting, Stepping
from gansmith.networks.style import StyleDiscriminator, StyleGenerator
from gansmith.training.augment import KINDS
from gansmith.training.metrics import Metric

FEW = 20_000  # pictures below which D begins to know them by heart (Karras et al. 2020b, figure 1)
OUTPUTS = {"tanh": nn.Tanh, "linear": None}


class StyleGAN2(Stepping, Augmenting):
    """Noise z is mapped to w, and w, as a style, scales the channels of each layer of G.
    L_D = E log(1 + e^{D(G(z))}) + E log(1 + e^{−D(x)}) + γ/2 E‖∇D(x)‖²,
    L_G = E log(1 + e^{−D(G(z))}) + λ E(‖Jᵀ_w y‖ − a)²,  y a picture of normal noise over √(HW), a the running mean of
    the norm (path length, section 3.2). The penalties are lazy: R1 every 16th round at 16 times the weight, path length
    every 4th at 4 times and on half a batch, with Adam's step and memories corrected to k/(k+1) (appendix B). With
    probability `mixing` a picture has the style of another w from a random layer on. `sample(psi=.7)` moves w towards
    its mean, for better pictures and fewer kinds of them (truncation); `styles` and `synthesize` mix by hand.

    γ is 0.0002 · pixels / batch size, as in the ADA release. `augment` is "ada" by default below 20,000 pictures
    (Karras et al. 2020b), with DiffAugment's changes of pictures; "ada-bgc" is ADA with those of its own paper.
    Deviations: small by default, for two cores (width 32, a mapping of 2 layers as in their CIFAR preset; the paper's
    has 8); sizes need not be powers of 2; in use, noise is a fixed picture, so that a sample is a function of its
    latent. Pictures end in tanh, unless `output` is "linear" as in the paper: a sum is never quite flat, and D tells
    digits, whose ground is, by that alone; G then made one digit. On a CPU G's step is four times D's (in minutes
    nearer to digits and to CIFAR-10; at 64 pixels as near), and there is no path length (nor is there in their CIFAR
    preset), which slows the beginning. The official code may not be used commercially; this is from the papers.
    Proof: proofs/stylegan2.py.
    """

    name = "stylegan2"
    paper = Paper(
        "Analyzing and Improving the Image Quality of StyleGAN",
        "Karras, Laine, Aittala, Hellsten, Lehtinen, Aila",
        "CVPR",
        2020,
        "https://arxiv.org/abs/1912.04958",
        code="https://github.com/NVlabs/stylegan2-ada-pytorch",
    )
    summary = "styles, path length, ADA for few pictures"
    batch_size: ClassVar[int] = 32
    for_cpu: ClassVar[dict[str, object]] = {"generator_step": 4.0, "path_length": 0.0}
    unsupported_settings: ClassVar[tuple[str, ...]] = ("discriminator_steps", "prior")
    replaceable: ClassVar[tuple[str, ...]] = ()  # its losses need styles
    unreached: ClassVar[dict[str, str]] = {"*.strength": "where the noise falls on flat activations"}

    gamma: float | None = setting(None, "weight of R1; None: 0.0002 · pixels / batch size", minimum=0.0)
    path_length: float = setting(2.0, "λ, weight of the path length penalty; 0: none", minimum=0.0)
    mixing: float = setting(0.9, "how often a picture has two styles", minimum=0.0, maximum=1.0)
    r1_every: int = setting(16, "rounds between penalties of D", minimum=1)
    path_every: int = setting(4, "rounds between penalties of G", minimum=1)
    augment: str | None = setting(
        None,
        "of pictures, what is done to all that D sees; None: ada for few pictures",
        choices=KINDS,
    )
    learning_rate: float = setting(2.5e-3, "Adam's learning rate", minimum=0.0)
    generator_step: float = setting(1.0, "… of G, as a multiple of D's", minimum=0.0)
    beta1: float = setting(0.0, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.99, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    latent: int = setting(128, "numbers of noise, and of w", minimum=1)
    mapping: int = setting(2, "layers from noise to w", minimum=1)
    output: str = setting(
        "tanh", "what G's pictures go through; linear: nothing, as in the paper", choices=tuple(OUTPUTS)
    )

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        reasons = super().choose(spec, count)
        if self.augment is None:
            self.augment = "ada" if count is not None and count < FEW else "none"
            if count is not None:
                reasons.append(f"augment {self.augment}: {count:,} pictures")
        return reasons

    def default_width(self, spec: Kind) -> int:
        return 32

    def build(self, spec: Kind) -> None:
        if spec.axes != 2 or not spec.bounded:
            raise DataError(
                f"StyleGAN2 makes pictures and the data is {spec.noun} of shape {spec.shape}: use {spec.default_game}"
            )
        self.choose(spec)
        self.generator = StyleGenerator(
            self.latent, spec.shape, self.width, self.classes(spec), self.mapping, output=OUTPUTS[self.output]
        )
        self.discriminator = StyleDiscriminator(spec.shape, self.width, self.classes(spec))
        self.register_buffer("path_mean", torch.zeros(()))

    def turns(self) -> list[Turn]:
        turns = [
            Turn("discriminator", self.discriminator_loss),
            Turn("discriminator", self.r1_loss, every=self.r1_every, fresh=False),
            Turn("generator", self.generator_loss),
        ]
        path = Turn("generator", self.path_loss, every=self.path_every, fresh=False)
        return [*turns, path] if self.path_length else turns

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """Adam for the moves and for the penalties between them: step and memories corrected to k / (k + 1)."""
        every = self.r1_every if player == "discriminator" else self.path_every if self.path_length else 0
        share = every / (every + 1) if every else 1.0
        made = super().optimizer(player, parameters)
        for group in made.param_groups:
            group["lr"] *= share * (self.generator_step if player == "generator" else 1)
            group["betas"] = tuple(beta**share if beta else 0.0 for beta in group["betas"])
        return made

    # --- losses ------------------------------------------------------------------------------------------------------
    def mixed(self, n: int, label: Tensor | None) -> Tensor:
        """Styles (n, layers, latent) of n new pictures, some of two w."""
        styles = self.generator.styles(self.latents(n), label)
        if not self.mixing:
            return styles
        other, layers = self.generator.styles(self.latents(n), label), styles.shape[1]
        first = torch.randint(1, layers, (n, 1), device=styles.device)
        first = torch.where(torch.rand(n, 1, device=styles.device) < self.mixing, first, layers)
        return torch.where((torch.arange(layers, device=styles.device) >= first)[:, :, None], other, styles)

    def fake(self, batch: Batch) -> Tensor:
        return self.generator.synthesis(self.mixed(len(batch), batch.label))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        return {"adversarial": softplus(-on_real).mean() + softplus(on_fake).mean()}

    def r1_loss(self, batch: Batch) -> dict[str, Tensor]:
        gamma = self.gamma
        if gamma is None:
            everyone = mean_over_ranks(torch.tensor(float(len(batch)), device=batch.real.device))
            gamma = 0.0002 * prod(batch.real.shape[2:]) / float(everyone)
        penalty = penalties.r1(lambda x: self.discriminator(x, batch.label), batch.real)
        return {"r1": gamma * self.r1_every * penalty}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": softplus(-self.discriminator(self.fake(batch), batch.label)).mean()}

    def path_loss(self, batch: Batch) -> dict[str, Tensor]:
        half = max(1, len(batch) // 2)
        label = None if batch.label is None else batch.label[:half]
        with torch.autocast(self.device.type, enabled=False):
            lengths = self.path_lengths(self.mixed(half, label))
            mean = self.path_mean.lerp(mean_over_ranks(lengths.detach().mean()), 0.01)
            self.path_mean.copy_(mean)
        observe("generator/path_length", lengths.mean())
        return {"path": self.path_length * self.path_every * (lengths - mean).square().mean()}

    def path_lengths(self, styles: Tensor) -> Tensor:
        """‖Jᵀ_w y‖ (n,) at styles (n, layers, latent), differentiable: the root of the mean over layers of the sums.

        Of pictures before `output`: behind it, one that is black throughout has equal lengths for all w, none, and
        stays so.
        """
        if not styles.requires_grad:
            styles = styles.detach().requires_grad_()
        picture = self.generator.unsquashed(styles)
        noise = torch.randn_like(picture) / prod(picture.shape[2:]) ** 0.5
        (gradient,) = torch.autograd.grad((picture * noise).sum(), styles, create_graph=True)
        return gradient.square().sum(2).mean(1).sqrt()

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(
        self, n: int, *, seed: int | None = None, label=None, psi: float = 1.0, batch_size: int = 250
    ) -> np.ndarray:
        """`n` new pictures uint8 (n, C, H, W), the same for the same seed.

        psi    0 … 1: how far w may lie from its mean; 1 as trained, .7 for better pictures, 0 one picture for all
        label  for a conditional game: one class or `n` of them, by number or name; None: classes drawn evenly
        """
        return self.synthesize(self.styles(n, seed=seed, label=label, psi=psi), batch_size=batch_size)

    def styles(self, n: int, *, seed: int | None = None, label=None, psi: float = 1.0) -> Tensor:
        """The styles (n, layers, latent) of the samples of that seed: coarse layers first."""
        self.check_is_fitted()
        if not 0 <= psi <= 1:
            raise UserError(f"psi={psi}: how far styles may lie from their mean is a share, 0 … 1")
        rng = new_rng(seed)
        latent, labels = self.latents(n, rng), self.labels(n, label, rng)
        with self.at_rest():
            return self.generator.styles(latent, labels, psi).clone()

    def synthesize(self, styles: Tensor, *, batch_size: int = 250) -> np.ndarray:
        """The pictures of styles (n, layers, latent), such as those of two samples put together."""
        self.check_is_fitted()
        with self.at_rest():
            made = map_across_ranks(
                lambda w: self.spec.to_data(self.generator.synthesis(w)), styles.split(batch_size), what="sampling"
            )
        return np.concatenate(made) if made else np.empty((0, *self.spec.shape), self.spec.dtype)

    logs: ClassVar[dict[str, Metric]] = {
        "*/r1": Metric(
            "γ/2 · E‖∇D(x)‖² on reals, as weighted in the loss and times the rounds between two of them",
            "small beside the adversarial loss, rarely above it",
            "larger for long: --gamma is too high; rising bursts: too low",
        ),
        "generator/path": Metric(
            "λ E(‖Jᵀ_w y‖ − a)², as weighted in the loss and times the rounds between two of them",
            "falling after the start, small beside the adversarial loss",
            "larger for long: lower --path-length",
        ),
        "generator/path_length": Metric(
            "mean ‖Jᵀ_w y‖: how far a picture moves for a step in w",
            "steady, a mean that moves slowly",
            "rising without end: raise --path-length or lower --learning-rate",
        ),
    }
