"""3D-GAN: shapes as cells, with a discriminator that rests while it is ahead."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import SettingError, UserError
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import AutoEncoding
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Regularising, Stepping
from gansmith.networks.convolutional import ConvDiscriminator, ConvEncoder
from gansmith.networks.depth import DepthView
from gansmith.training.metrics import Metric

POOLED = 2  # places along each side that D's maps are pooled to for `describe`: kernels of 8, 4 and 2 at 64×64×64


class GAN3D(AutoEncoding, Stepping, Regularising):
    """Goodfellow's game on a grid of cells: D minimises −log σ(D(x)) − log(1 − σ(D(G(z)))), G −log σ(D(G(z))).
    Among cells D learns far faster than G: it moves only in rounds in which it told at most `accuracy` of the batch
    rightly, as it stood before the move (section 3.2). z is uniform.

    `codes_from="picture"` makes it 3D-VAE-GAN (section 3.3): an encoder gives a law N(μ, σ²) of z for a picture of the
    shape, and it and G also minimise α₁ KL(N(μ, σ²) ‖ N(0, 1)) + α₂ ‖G(z) − x‖². `encode`, `reconstruct` and `decode`
    then go from shapes to codes and back. The picture is the depth of the shape seen from the front; the paper renders
    it over photographs. `codes_from="volume"` reads the cells themselves.

    `describe` gives D's features, by which a linear classifier tells shapes apart (section 4.2): its maps behind the
    second to the last layer, each pooled to at most so many cells a side and strung together.

    Networks: the generator is the paper's, from 4×4×4 up by kernels of 4 with stride 2, at 64×64×64, latent 200 and
    width 64; D mirrors it. Deviations: both step sizes are .002 (the paper: .0025 and 1e-5), since the gate alone
    holds D back well enough (at 16×16×16, in half of the time, twice the coverage of a D with a fifth of it); D rests
    above 90 % (80 %, with which it plays a third of the rounds and chairs are too thin) and batches are of 8 (100):
    on a CPU the time goes into items, and with as many chairs 32, 16 and 8 cover .09, .16 and .25; z has unit
    variance (0 … 1 in the released code, which batch norm behind the first layer takes out); the KL is
    averaged over z, the rebuilding squared and summed over cells; latent and width for two cores; tanh on −1 … 1
    for a sigmoid on 0 … 1; an average of G is kept and sampled. Proof: proofs/gan3d.py.
    """

    name = "3d-gan"
    paper = Paper(
        "Learning a Probabilistic Latent Space of Object Shapes via 3D Generative-Adversarial Modeling",
        "Wu, Zhang, Xue, Freeman, Tenenbaum",
        "NeurIPS",
        2016,
        "https://arxiv.org/abs/1610.07584",
        code="https://github.com/zck119/3dgan-release",
    )
    summary = "shapes as cells, with a discriminator that rests while it is ahead"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("discriminator_steps", "packing")
    batch_size: ClassVar[int] = 8

    accuracy: float = setting(0.9, "share of a batch that D may tell rightly and still move", minimum=0.0, maximum=1.0)
    codes_from: str = setting(
        "nothing", "3D-VAE-GAN: what an encoder reads codes from", choices=("nothing", "picture", "volume")
    )
    kl_weight: float = setting(5.0, "α₁, weight of the KL of codes, with an encoder", minimum=0.0)
    rebuilding: float = setting(1e-4, "α₂, weight of rebuilding, with an encoder", minimum=0.0)
    prior: str | None = setting(
        None,
        "noise (latent) distribution, with unit variance; None: uniform, normal with an encoder",
        choices=("uniform", "normal"),
    )
    learning_rate: float = setting(
        2e-3, "Adam's learning rate, of both unless --discriminator-learning-rate says another", minimum=0.0
    )

    @property
    def encodes(self) -> bool:
        return self.codes_from != "nothing"

    @property
    def averaged(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("generator", "encoder") if self.encodes else ("generator",)

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if self.prior is None:
            self.prior = "normal" if self.encodes else "uniform"
        return super().choose(spec, count)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 3)
        if self.encodes and self.conditional:
            raise SettingError(
                "codes are read from a shape without its class: set conditional=False or codes_from=nothing"
            )
        self.build_bodies(spec)
        if self.encodes:
            _, wide, _, tall = spec.shape
            picture = self.codes_from == "picture"
            body = ConvEncoder((1, tall, wide) if picture else spec.shape, 2 * self.latent, self.width)
            self.encoder = nn.Sequential(DepthView(), body) if picture else body
        self.register_buffer("told", torch.zeros(()))  # share of the last batch that D told rightly
        self.seen = self.told

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        makers = [self.generator, self.encoder] if self.encodes else [self.generator]
        return {"generator": makers, "discriminator": [self.discriminator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, when=self.discriminator_plays, fresh=False),
        ]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        batch.memo["fake"] = fake.detach()
        on_fake = self.discriminator(fake, batch.label)
        with torch.no_grad():
            on_real = self.discriminator(batch.real, batch.label)
            right = ((on_real > 0).float().mean() + (on_fake < 0).float().mean()) / 2
        self.seen = mean_over_ranks(right)
        return {"adversarial": softplus(-on_fake).mean()} | self.rebuilding_terms(batch)

    def rebuilding_terms(self, batch: Batch) -> dict[str, Tensor]:
        """What the encoder and G pay for codes and for shapes made from them; nothing without an encoder."""
        if not self.encodes:
            return {}
        mean, log_variance = self.encoder(batch.real).float().chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        lost = (self.generator(z) - batch.real).square().flatten(1).sum(1)
        kl = self.kl(mean, log_variance) / self.latent
        return {"kl": self.kl_weight * kl.mean(), "rebuilding": self.rebuilding * lost.mean()}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = batch.memo["fake"]
        on_real, on_fake = self.scores(batch, fake)
        cost = softplus(-on_real).mean() + softplus(on_fake).mean()
        return {"adversarial": cost} | self.extra_terms(batch, fake, on_real, on_fake)

    def moved(self, player: str) -> None:
        super().moved(player)
        if player == "generator":
            self.told.copy_(self.seen)
            observe("gate/accuracy", self.told)
            observe("gate/discriminator", lambda: float(self.discriminator_plays()))

    def discriminator_plays(self) -> bool:
        return bool(self.told <= self.accuracy)

    # --- use ---------------------------------------------------------------------------------------------------------
    def encode(self, x, *, batch_size: int = 250) -> np.ndarray:
        if not self.encodes:
            raise UserError("this model reads no codes: train it with --codes-from picture or volume")
        return super().encode(x, batch_size=batch_size)

    def describe(self, x, *, batch_size: int = 250) -> np.ndarray:
        """D's features (n, d) of items in the data's units: float32, for a linear classifier."""
        if not isinstance(self.discriminator, ConvDiscriminator):
            raise UserError("features are of the paper's discriminator, and this one is another")
        pooled = lambda x: F.adaptive_max_pool3d(x, POOLED).flatten(1)  # noqa: E731
        return self.apply_in_batches(
            lambda part, _: torch.cat([*map(pooled, islice(self.discriminator.maps(part), 1, None))], 1),
            x,
            batch_size=batch_size,
        )

    logs: ClassVar[dict[str, Metric]] = {
        "gate/accuracy": Metric(
            "share of the last batch, reals and fakes, that D told rightly before it moved",
            "0.6 … 0.9, about --accuracy",
            "1 for long: G learns nothing from it; lower --discriminator-learning-rate. Below 0.5: raise it",
        ),
        "gate/discriminator": Metric(
            "1 where D may move, 0 where it rests, being ahead",
            "between 0.2 and 0.9 on average",
            "0 for long: D is too strong; lower --discriminator-learning-rate or --accuracy",
        ),
        "generator/kl": Metric(
            "α₁ KL(q(z|picture) ‖ N(0, 1)), averaged over z: what a code says of its shape",
            "0.1 … 2",
            "near 0: codes are ignored; lower --kl-weight or raise --rebuilding",
        ),
        "generator/rebuilding": Metric(
            "α₂ ‖G(z) − x‖², summed over cells: how unlike the shapes made from codes are",
            "falling",
            "flat: raise --rebuilding",
        ),
    }
