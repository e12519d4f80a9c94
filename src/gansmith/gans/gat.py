"""GAT: transformers alone, in the latent space of a small auto-encoder."""

from __future__ import annotations

from math import log2, sqrt
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith import losses
from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import DataError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.base import TwoPlayer, observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Stepping
from gansmith.networks.compression import Decoder, Encoder
from gansmith.networks.convolutional import crop, padded
from gansmith.networks.transformer import TransformerDiscriminator, TransformerGenerator
from gansmith.training.augment import cut, translated
from gansmith.training.metrics import Metric

BASE = 768  # the width (GAT-B's) that `learning_rate` is of
LEAST = 1 / 8  # how much of an item the coarsest level keeps
ALWAYS = 0.01  # deviation of the noise that every level has, and of the differences that stand for gradients
FEW = 20_000  # pictures below which D begins to know them by heart (Karras et al. 2020, StyleGAN2-ADA, figure 1)
FINEST, FINEST_ON_CPU = 16, 8  # a grid of latents is halved while its sides stay this long


class GAT(Stepping, TwoPlayer):
    """A variational auto-encoder makes small latent pictures of the data, E and its inverse, and is then frozen; the
    game is played on those, by plain transformers over their patches. G's blocks are in K parts, each of which adds to
    the picture: x̂₁ … x̂_K, of which the last is the sample. D sees all at once, level k noisier than the one behind it:
    x̃_k = (1 − t_k) x̂_k + t_k ε_k,   t_k = 1 − (1/8)^{1−k/(K−1)} + .01 for k = 0 … K−1,
    and of a real item the item at each level (multi-level noise-perturbed guidance), so that early blocks must make
    what can be seen through strong noise. The noise is nested: that of a level holds that of all behind it. Then
    L_D = E log(1 + e^{D(x̃_G) − D(x̃)}) + γ/2 (aR1 + aR2),   L_G = E log(1 + e^{D(x̃) − D(x̃_G)}),
    aR = E(D(x̃) − D(x̃'))²/σ², x̃' made from x + σ ε' with the noise of x̃, σ = .01: gradient penalties by differences.
    The step is `learning_rate` · 768 / width, since what a step changes grows with the width. (In three minutes of one
    core that is too careful: at width 128 twice the step ends nearer in all of 3 seeds, proofs/gat.py --step-size.)

    Where the paper's text was not at hand, the released code (MIT) was read for its settings: t, σ, γ, nested noise,
    Adam's memories, clipping at 1, K = 4, blocks with root-mean-square norms, SwiGLU and layer scale; its step of 2e-4
    is for batches of 512, and ours for 64, by the root of the batch.
    Deviations: our own small auto-encoder, trained here on squared errors, in place of Stable Diffusion's; no alignment
    of D with a pretrained encoder (REPA), which this library does not ship, and which their ablation misses; no rotary
    positions beside the sines; DiffAugment without colour, for few pictures only; on a CPU smaller grids of latents and
    16 pictures a move, since minutes play too few of the paper's moves. Mind that with batches so small D ends flat
    (loss log 2, no slope) while samples are poor: a new D tells them within fifty moves, and so does the old one where
    G waits, but G moves on faster than D turns. A third of D's step for G (`generator_step=0.33`) keeps D alive; it
    costs the first minute, and in four samples are as near. Proof: proofs/gat.py, played with it.
    """

    name = "gat"
    paper = Paper(
        "Scalable GANs with Transformers",
        "Hyun, Lee, Heo",
        "ICML",
        2026,
        "https://arxiv.org/abs/2509.24935",
        code="https://github.com/hse1032/GAT",
    )
    summary = "transformers alone, in the latent space of a small auto-encoder"
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("prior", "discriminator_steps", "discriminator_learning_rate"),  # as released; one rule for both steps
    )
    replaceable: ClassVar[tuple[str, ...]] = ()  # its losses need levels
    for_cpu: ClassVar[dict[str, object]] = {"channels": 8, "vae_width": 16}
    batch_size_on_cpu: ClassVar[int | None] = 16
    prior = "normal"

    vae_share: float = setting(0.2, "share of training that the auto-encoder gets", minimum=0.0, maximum=1.0)
    vae_width: int = setting(32, "channels of the auto-encoder's finest grid", minimum=1)
    vae_learning_rate: float = setting(2e-3, "the auto-encoder's step size", minimum=0.0)
    kl: float = setting(1e-4, "weight of a latent number's KL against the squared error", minimum=0.0)
    channels: int = setting(4, "channels of a latent picture", minimum=1)
    fold: int | None = setting(
        None,
        "how many times shorter a latent picture's sides are; None: so that 16 stay, on a CPU 8",
        choices=(2, 4, 8),
    )
    patch: int = setting(2, "side of a transformer's patches, in latents", minimum=1)
    depth: int = setting(4, "blocks of each transformer", minimum=1)
    levels: int = setting(4, "K, pictures that G makes on its way, at most as many as blocks", minimum=1)
    guidance: bool = setting(True, "show D all levels (MNG); False: the last alone")
    gamma: float = setting(0.1, "weight of aR1 and aR2", minimum=0.0)
    augment_latents: bool | None = setting(
        None, "move and cut all latents that D sees (DiffAugment); None: of few pictures"
    )
    learning_rate: float = setting(7e-5, "Adam's learning rate at width 768; at others times 768 / width", minimum=0.0)
    generator_step: float = setting(1.0, "… of G, as a multiple of D's", minimum=0.0)
    beta1: float = setting(0.0, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.99, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    clip_gradient: float | None = setting(1.0, "clip gradients at this norm; None: do not", minimum=0.0)
    latent: int = setting(64, "numbers of noise", minimum=1)

    # --- before training ---------------------------------------------------------------------------------------------
    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        reasons = super().choose(spec, count)
        if self.fold is None:
            finest = FINEST_ON_CPU if self.device.type == "cpu" else FINEST
            sides = [side // finest for side in spec.shape[1:]] or [1]
            self.fold = min(8, max(2, 2 ** int(log2(max(1, min(sides))))))
            reasons.append(
                f"fold {self.fold}: latents of {' × '.join(str(-(-s // self.fold)) for s in spec.shape[1:])}"
            )
        if self.augment_latents is None:
            self.augment_latents = count is not None and count < FEW
            if count is not None:
                reasons.append(f"augment_latents {self.augment_latents}: {count:,} pictures")
        return reasons

    def default_width(self, spec: Kind) -> int:
        return 64

    def build(self, spec: Kind) -> None:
        if spec.axes != 2 or not spec.bounded:
            raise DataError(
                f"GAT makes pictures and the data is {spec.noun} of shape {spec.shape}: use {spec.default_game}"
            )
        self.choose(spec)
        halvings = int(log2(self.fold))
        self.encoder = Encoder(spec.shape[0], self.channels, halvings, self.vae_width)
        self.decoder = Decoder(spec.shape[0], self.channels, halvings, self.vae_width)
        multiple = self.fold * self.patch
        small = (self.channels, *(-(-side // multiple) * self.patch for side in spec.shape[1:]))
        sizes = {"depth": self.depth, "patch": self.patch}
        classes = self.classes(spec)
        self.generator = TransformerGenerator(self.latent, small, self.width, classes, levels=self.levels, **sizes)
        seen = min(self.levels, self.depth) if self.guidance else 1
        self.discriminator = TransformerDiscriminator((seen * small[0], *small[1:]), self.width, classes, **sizes)
        keep, mixing = noise_schedule(min(self.levels, self.depth))
        self.register_buffer("keep", keep[-seen:], persistent=False)
        self.register_buffer("mixing", mixing[-seen:, -seen:], persistent=False)
        self.register_buffer("moments", torch.stack([torch.zeros(self.channels), torch.ones(self.channels)]))

    def players(self) -> dict[str, list[nn.Module]]:
        return {"vae": [self.encoder, self.decoder], **super().players()}

    def turns(self) -> list[Turn]:
        """Of the game: both players on the same batch."""
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, fresh=False),
        ]

    def stages(self) -> list[Stage]:
        return [
            Stage("auto-encoder", [Turn("vae", self.rebuilding)], share=self.vae_share),
            Stage("game", self.turns(), share=1 - self.vae_share),
        ]

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        made = super().optimizer(player, parameters)
        of_vae = player == "vae"
        rate = self.learning_rate * BASE / self.width * (self.generator_step if player == "generator" else 1)
        for group in made.param_groups:
            group["lr"] = self.vae_learning_rate if of_vae else rate
            group["betas"] = (0.9, 0.999) if of_vae else group["betas"]
        return made

    # --- the auto-encoder --------------------------------------------------------------------------------------------
    def rebuilding(self, batch: Batch) -> dict[str, Tensor]:
        x = padded(batch.real, self.fold * self.patch)
        mean, log_variance = self.encoder(x)
        z = drawn(mean, log_variance)
        with torch.no_grad():
            seen = torch.stack([mean_over_ranks(power.mean((0, 2, 3))) for power in (z, z.square())])
            self.moments.lerp_(seen, 0.01)
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2
        return {"rebuilding": F.mse_loss(self.decoder(z), x), "kl": self.kl * kl}

    def standard(self) -> tuple[Tensor, Tensor]:
        """The running mean and deviation of the latents, (channels, 1, 1) each: the game is played in units of them."""
        mean, square = self.moments[:, :, None, None]
        return mean, (square - mean.square()).clamp(min=1e-8).sqrt()

    def encoded(self, x: Tensor, *, draw: bool = True) -> Tensor:
        """Pictures in network units to latents (n, channels, h, w) in standard units: drawn, or the likeliest."""
        with torch.no_grad():
            mean, log_variance = self.encoder(padded(x, self.fold * self.patch))
            middle, deviation = self.standard()
            return ((drawn(mean, log_variance) if draw else mean) - middle) / deviation

    def decoded(self, latents: Tensor) -> Tensor:
        middle, deviation = self.standard()
        return crop(self.decoder(latents * deviation + middle), self.spec.shape[1:])

    def reconstruct(self, x, *, batch_size: int = 250) -> np.ndarray:
        """Pictures through the auto-encoder and back, in the data's units: the best that the game can do."""
        there_and_back = lambda part, _: self.decoded(self.encoded(part, draw=False))  # noqa: E731
        made = self.apply_in_batches(there_and_back, x, batch_size=batch_size)
        return self.spec.to_data(torch.as_tensor(made)) if len(made) else np.empty((0, *self.spec.shape), np.uint8)

    # --- the game ----------------------------------------------------------------------------------------------------
    def shown(self, items: Tensor) -> Tensor:
        """Of items (n, K, C, h, w) the levels that D sees, augmented alike, if the setting says so."""
        items = items[:, -len(self.keep) :]
        return cut(translated(items.flatten(1, 2))).view_as(items) if self.augment_latents else items

    def perturbed(self, items: Tensor, noise: Tensor) -> Tensor:
        """x̃ (n, K·C, h, w) of items and independent noise (n, K, C, h, w): see `noise_schedule`."""
        nested = torch.einsum("kj,njchw->nkchw", self.mixing, noise)
        return (self.keep[:, None, None, None] * items + nested).flatten(1, 2)

    def both(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(a batch's items at each level, as many fakes), as D sees them but for the noise."""
        real = self.encoded(batch.real)[:, None].expand(-1, len(self.generator.after), -1, -1, -1)
        return self.shown(real), self.shown(self.fake(batch))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            real, fake = self.both(batch)
            noise = torch.cat([torch.randn_like(real), torch.randn_like(fake)])
            step = torch.cat([torch.randn_like(real[:, :1]).expand_as(real), torch.randn_like(fake)])
            here = torch.cat([real, fake])
            points = torch.cat([self.perturbed(here, noise), self.perturbed(here + ALWAYS * step, noise)])
        label = batch.label.repeat(4) if self.conditional else None
        on_real, on_fake, near_real, near_fake = self.discriminator(points, label).chunk(4)
        observe_scores(on_real, on_fake)
        r1, r2 = (((near - on) / ALWAYS).square().mean() for near, on in ((near_real, on_real), (near_fake, on_fake)))
        return {
            "adversarial": losses.relativistic.discriminator(on_real, on_fake),
            "r1": self.gamma / 2 * r1,
            "r2": self.gamma / 2 * r2,
        }

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        real, fake = self.both(batch)
        observe("generator/first_head", lambda: fake[:, 0].var() / fake[:, -1].var())
        on_fake = self.discriminator(self.perturbed(fake, torch.randn_like(fake)), batch.label)
        with torch.no_grad():
            on_real = self.discriminator(self.perturbed(real, torch.randn_like(real)), batch.label)
        return {"adversarial": losses.relativistic.generator(on_fake, on_real)}

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.decoded(self.generator(latent, label)[:, -1])

    def judged(self, x: Tensor) -> Tensor:
        """What D is shown of pictures in network units when it scores them: the likeliest latents, under one noise."""
        latents = self.encoded(x, draw=False)[:, None].expand(-1, len(self.keep), -1, -1, -1)
        rng = torch.Generator().manual_seed(0)
        return self.perturbed(latents, torch.randn(1, *latents.shape[1:], generator=rng).to(latents).expand_as(latents))

    def score_samples(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        """D's raw scores (n,) of pictures in the data's units, in eval mode, under the same noise for all; float32."""
        self.check_is_fitted()
        labels = self.labels(len(x), label, None) if self.conditional else None
        judge = lambda part, y: self.discriminator(self.judged(part), y)  # noqa: E731
        return self.apply_in_batches(judge, x, labels, batch_size=batch_size)

    def refiner(self, real, **options):
        features = lambda part, _: self.discriminator.features(self.judged(part))  # noqa: E731
        return super().refiner(real, **{"features": lambda x: self.apply_in_batches(features, x)} | options)

    logs: ClassVar[dict[str, Metric]] = {
        "*/rebuilding": Metric(
            "mean (x − x̂)² of pictures through the auto-encoder, in network units",
            "falling to 0.002 … 0.02",
            "above 0.03 at its end: samples will be blurred; raise --channels, --vae-width or --vae-share",
        ),
        "vae/kl": Metric(
            "KL of a latent number's law from a standard normal, times --kl",
            "far below the squared error",
            "above it: latents say little; lower --kl",
        ),
        "discriminator/adversarial": Metric(
            "relativistic loss E log(1 + e^(D(fake) − D(real))): how well D orders pairs of a fake and a real",
            "0.3 … 0.69; log 2 = 0.69 means that it cannot tell them apart",
            "below 0.1 for long: D is sure of every pair; raise --gamma",
        ),
        "generator/adversarial": Metric(
            "relativistic loss with the roles exchanged: E log(1 + e^(D(real) − D(fake)))",
            "0.7 … 2, and steady",
            "rising without end: D runs away; raise --gamma or lower --learning-rate",
        ),
        "generator/first_head": Metric(
            "variance of the first level's pictures as a share of the last's",
            "0.2 … 1.2",
            "near 0: early blocks make nothing; leave --guidance on",
        ),
    }


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def noise_schedule(levels: int) -> tuple[Tensor, Tensor]:
    """(1 − t (K,), the matrix (K, K) that mixes independent noise into nested noise of deviations t), coarse to fine.

    x̃_k = (1 − t_k) x + Σ_{j ≥ k} M_kj ε_j, made from the finest level down: each is the one behind it, scaled by
    r = (1 − t_k) / (1 − t_{k+1}), plus noise of its own of variance t_k² − r² t²_{k+1}. So a level tells nothing of an
    item that the levels behind it do not tell.
    """
    t = [1 - (LEAST ** (1 - k / (levels - 1)) if levels > 1 else 1.0) + ALWAYS for k in range(levels)]
    mixing = torch.zeros(levels, levels)
    for k in reversed(range(levels)):
        finer = k + 1 < levels
        r = (1 - t[k]) / (1 - t[k + 1]) if finer else 0.0
        if finer:
            mixing[k] = r * mixing[k + 1]
        mixing[k, k] = sqrt(t[k] ** 2 - (r * t[k + 1]) ** 2 if finer else t[k] ** 2)
    return 1 - torch.tensor(t), mixing
