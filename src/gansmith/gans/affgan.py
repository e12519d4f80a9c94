"""AffGAN: makes pictures larger so that making them smaller again gives exactly what went in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith import penalties
from gansmith.data import cache as caching
from gansmith.data import read
from gansmith.data.crops import read_crops
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.spec import Kind
from gansmith.errors import DataError, UserError
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Regularising
from gansmith.gans.translation import Enlarging, Translation
from gansmith.networks.downscaling import KERNELS, Downscaling
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.srresnet import SRDiscriminator, SRResNet
from gansmith.training.metrics import Metric


class AffGAN(Enlarging):
    """Of all large items y that a known linear map A turns into the small item x, find one that looks real: the most
    probable one given x. The mean of all of them, which minimises the squared error, is a blur and mostly not among
    them. G ends in a projection onto those that fit,
    g(x) = (1 − A⁺A) f(x) + A⁺ x,  so that A g(x) = x exactly, whatever f is   (eq. 7);
    L_D = −E log D(y) − E log(1 − D(g(x))),   L_G = −E log [D(g(x)) / (1 − D(g(x)))], whose expectation is
    KL[q‖p] at the best D (eq. 10 prints the ratio the other way up). Reals and samples lie on thin sets that hardly
    meet, so noise is added to all that D sees; its deviation falls to 0 during training (section 3.2).

    `projection=False` is the paper's SoftGAN, which is asked for A g(x) = x by a penalty; `objective="mse"` minimises
    E‖y − g(x)‖² without a discriminator: with the projection AffMSE, the best in PSNR.
    Networks: f is SRResNet, D SRGAN's; for vectors, of which neighbours are averaged, perceptrons of three layers.
    Deviations: A⁺ is exact (`networks.Downscaling`), where the paper fits a transposed convolution; for pictures f ends
    in a tanh and begins at 0, so that training begins with repeated pixels, and D has R1 (`r1`) in place of batch norm:
    L_G has no end, and without these f left the range of pictures at once (digits of 7 pixels made 28 were read rightly
    in 9 %, with them in 76 % after 800 rounds); an average of f is kept and used. Pictures are clipped and rounded to 8
    bits at the end, which moves A g(x) by up to half a grey level, and by more where f leaves the range.
    Proof: proofs/affgan.py.
    """

    name = "affgan"
    paper = Paper(
        "Amortised MAP Inference for Image Super-resolution",
        "Sønderby, Caballero, Theis, Shi, Huszár",
        "ICLR",
        2017,
        "https://arxiv.org/abs/1610.04490",
    )
    summary = "makes pictures larger, and smaller again they are what went in"
    batch_size: ClassVar[int] = 16

    scale: int = setting(4, "how many times larger: 2, 4 or 8", choices=(2, 4, 8))
    crop: int = setting(96, "pixels of the squares that it learns from", minimum=8)
    kernel: str = setting("box", "A: the mean of scale x scale pixels, or a Gaussian", choices=KERNELS)
    objective: str = setting(
        "gan", "what G minimises: the adversarial loss, or the squared error", choices=("gan", "mse")
    )
    projection: bool = setting(True, "project onto what fits the input; False: ask for it by a penalty (SoftGAN)")
    consistency: float = setting(1.0, "weight of E|A g(x) − x| where there is no projection", minimum=0.0)
    instance_noise: float = setting(0.1, "standard deviation of noise on all that D sees, falling to 0", minimum=0.0)
    r1: float = setting(
        1.0, "of pictures, R1 weight γ: squared gradient norm of D at true ones; 0: batch norm", minimum=0.0
    )
    learning_rate: float = setting(1e-4, "Adam's learning rate", minimum=0.0)
    width: int = setting(64, "channels of both players' finest layers, or units of a perceptron", minimum=1)
    blocks: int = setting(15, "residual blocks of f", minimum=1)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        if isinstance(data, Dataset):
            return data if "source" in data.fields else self.paired(data)
        if isinstance(data, (str, os.PathLike)):
            options = {k: v for k, v in options.items() if k != "labels"}
            return self.paired(read_crops(data, self.crop, self.scale, **options))
        return self.paired(read(data, **{"form": "items"} | options))

    def paired(self, dataset: Dataset) -> Dataset:
        """Each item as `target`, and as `source` what A makes of it."""
        spec = dataset.spec
        if not self.takes(spec):
            raise DataError(f"AffGAN enlarges pictures and vectors: {dataset.name} holds {spec.noun}")
        if any(side % self.scale for side in self.sides(spec)):
            raise DataError(
                f"AffGAN(scale={self.scale}) learns from items whose sides {self.scale} divides, and these are "
                f"{spec.shape}: read them with another size"
            )
        small = (*spec.shape[: -len(self.sides(spec))], *(side // self.scale for side in self.sides(spec)))
        if not spec.axes:  # one unit for all numbers, so that a mean of them is one in the data's units, too
            spec = replace(spec, center=(float(np.mean(spec.center)),), scale=(float(np.mean(spec.scale)),))
        source = Images(small) if spec.axes else Vectors(small, center=spec.center, scale=spec.scale)
        down, rows = self.downscaling(spec), np.arange(len(dataset))
        parts = [
            source.to_data(down(spec.to_network(torch.from_numpy(dataset.raw(part, dataset.main)))))
            for part in np.array_split(rows, max(1, len(rows) // 256))
        ]
        fields = {"source": np.concatenate(parts), "target": dataset.raw(rows, dataset.main)}
        return replace(
            dataset,
            spec=replace(spec, classes=(), also={"source": source}),
            fields=fields,
            rows=None,
            digest=caching.digest(dataset.digest, self.scale, self.kernel),
        )

    @staticmethod
    def takes(spec: Kind) -> bool:
        return spec.continuous and (spec.axes == 0 and len(spec.shape) == 1 or spec.axes == 2 and spec.bounded)

    @staticmethod
    def sides(spec: Kind) -> tuple[int, ...]:
        """The lengths of the axes that A makes shorter."""
        return spec.shape[-max(1, spec.axes) :]

    def downscaling(self, spec: Kind):
        return Downscaling(self.scale, max(1, spec.axes), self.kernel).down

    # --- the game ----------------------------------------------------------------------------------------------------
    def build(self, spec: Kind) -> None:
        source = spec.of("source")
        wanted = tuple(self.scale * side for side in self.sides(source))
        if source is spec or not self.takes(spec) or wanted != self.sides(spec):
            raise DataError(
                f"AffGAN(scale={self.scale}) learns from items beside copies {self.scale} times smaller: "
                f"{spec.shape} and {source.shape} are not that"
            )
        if spec.axes:
            f = nn.Sequential(SRResNet(spec.shape[0], self.scale, self.width, self.blocks), nn.Tanh())
            nn.init.zeros_(f[0].last.weight)
        else:
            f = MLPGenerator(source.shape[0], spec.shape, self.width)
        self.generator = Projected(f, Downscaling(self.scale, max(1, spec.axes), self.kernel), self.projection)
        if self.objective == "gan":
            if spec.axes:
                self.discriminator = SRDiscriminator(spec.shape, self.width, "none" if self.r1 else "batch")
            else:
                self.discriminator = MLPDiscriminator(spec.shape, self.width)

    def players(self) -> dict[str, list[nn.Module]]:
        alone = {"generator": [self.generator]}
        return alone if self.objective == "mse" else alone | {"discriminator": [self.discriminator]}

    def turns(self) -> list[Turn]:
        if self.objective == "mse":
            return [Turn("generator", self.squared_error)]
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, fresh=False),
        ]

    def made(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """G's items for the true ones made smaller, and what they are held to beside their looks."""
        x = self.generator.downscaling.down(batch.target)
        fake = self.generator(x)
        away = (self.generator.downscaling.down(fake) - x).abs()
        observe("generator/inconsistency", away.max())
        return fake, {} if self.projection else {"consistency": self.consistency * away.mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake, terms = self.made(batch)
        batch.memo["fake"] = fake.detach()
        return {"adversarial": -self.discriminator(fake).mean()} | terms

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real = self.discriminator(batch.target)
        on_fake = self.discriminator(batch.memo["fake"])
        observe_scores(on_real, on_fake)
        terms = {"adversarial": softplus(-on_real).mean() + softplus(on_fake).mean()}
        if self.r1 and self.spec.axes:
            terms["r1"] = self.r1 * penalties.r1(self.discriminator, batch.target)
        return terms

    def squared_error(self, batch: Batch) -> dict[str, Tensor]:
        fake, terms = self.made(batch)
        return {"squared": (fake - batch.target).square().mean()} | terms

    # --- use ---------------------------------------------------------------------------------------------------------
    def read_source(self, path) -> Mapping[str, np.ndarray]:
        if not self.spec.axes:
            raise UserError(f"{path}: vectors are enlarged from Python only: game.sample(n, source=array)")
        return super().read_source(path)

    def check_input(self, x: Tensor, form: Kind) -> None:
        return super().check_input(x, form) if form.axes else Translation.check_input(self, x, form)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/adversarial": Metric(
            "−E log [D / (1 − D)] at made items: estimates KL[q‖p] plus a constant",
            "0 … 3, falling",
            "rising without end: D wins; raise --instance-noise or lower --learning-rate",
        ),
        "generator/squared": Metric(
            "mean squared error of the enlarged item, in network units",
            "falling; 0.01 is 26 dB",
            "rising or not a number: lower --learning-rate",
        ),
        "generator/inconsistency": Metric(
            "the largest |A g(x) − x| of the batch, in network units",
            "below 1e-5 with the projection, from the first round on",
            "above: f has grown very large; lower --learning-rate. Without the projection: raise --consistency",
        ),
        "discriminator/r1": Regularising.logs["*/r1"],
        "*/consistency": Metric(
            "E|A g(x) − x| where there is no projection, as weighted in the loss",
            "falling below 0.05",
            "steady above: raise --consistency",
        ),
    }


class Projected(nn.Module):
    """f, then what it made is moved to the nearest item that A turns into the input: (n, C, h, w) or (n, d), `scale`
    times larger."""

    def __init__(self, f: nn.Module, downscaling: Downscaling, projection: bool):
        super().__init__()
        self.f, self.downscaling, self.projection = f, downscaling, projection

    def forward(self, x: Tensor) -> Tensor:
        y = self.f(x)
        return self.downscaling.project(y, x) if self.projection else y
