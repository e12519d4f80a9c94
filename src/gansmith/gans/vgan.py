"""VGAN: clips of a foreground that moves over a background that does not; also from a first frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data import read
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import new_rng, observe_scores
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.paper import Paper
from gansmith.gans.translation import Translation
from gansmith.networks.convolutional import ConvDiscriminator
from gansmith.networks.two_streams import Animator, TwoStreams, composed
from gansmith.training.metrics import Metric


@dataclass
class Streams:
    """Clips taken apart, in data units: foreground and background (n, C, T, H, W), mask float32 (n, 1, T, H, W)."""

    foreground: np.ndarray
    mask: np.ndarray
    background: np.ndarray


class VGAN(DCGAN):
    """A clip is m(z) ⊙ f(z) + (1 − m(z)) ⊙ b(z) (eq. 2): the foreground f and the mask m come from convolutions over
    time, height and width, the background b from convolutions over height and width alone and stands still throughout.
    D sees time as a third axis. The two play the game of the original GAN with the non-saturating loss, and the
    generator pays λ·E m (section 2.2, λ = 0.1), so that it leaves to the background whatever can be left to it.

    At 32 frames of 64×64 with width 64 the layers are those of the paper (figure 2; five in each network).
    Deviations: b begins as the mean frame and m at .05 (else both streams paint the wall for the first half hour);
    weights N(0, .02), not N(0, .01); f and m share the last layer's channels, which is the same; the mean
    of the mask is over batch and places alike, as the released code (github.com/cvondrick/videogan) averages; G moves
    after D and is judged by it as it then is, where the released code uses D's answer from before its step; an average
    of G is kept and sampled. The paper holds its videos still first: under a moving camera nothing is background.
    Proof: proofs/vgan.py.
    """

    name = "vgan"
    paper = Paper(
        "Generating Videos with Scene Dynamics",
        "Vondrick, Pirsiavash, Torralba",
        "NeurIPS",
        2016,
        "https://arxiv.org/abs/1609.02612",
        code="https://github.com/cvondrick/videogan",
    )
    summary = "clips of a foreground that moves over a background that stands still"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("augment", "mirror")  # which are of pictures
    replaceable: ClassVar[tuple[str, ...]] = ("discriminator",)  # the generator is its two streams

    sparsity: float = setting(0.1, "λ, weight of the mean of the mask of what moves", minimum=0.0)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 3)
        self.choose(spec)
        classes, output = self.classes(spec), nn.Tanh if spec.bounded else None
        self.generator = TwoStreams(self.latent, spec.shape, self.width, classes, output=output)
        norm = self.discriminator_norm("batch")
        self.discriminator = self.make_discriminator(
            lambda shape: ConvDiscriminator(shape, self.width, classes, norm=norm), spec.shape
        )

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        foreground, mask, background = self.generator.streams(self.latents(len(batch)), batch.label)
        on_fake = self.discriminator(composed(foreground, mask, background), batch.label)
        observe("generator/mask", lambda: mask.mean())
        return {"adversarial": self.generator_cost(on_fake), "sparsity": self.sparsity * mask.mean()}

    def streams(self, n: int, *, seed: int | None = None, label=None, batch_size: int = 250) -> Streams:
        """What the clips of `sample(n, seed=seed, label=label)` are made of."""
        self.check_is_fitted()
        rng = new_rng(seed)
        latent, labels = self.latents(n, rng), self.labels(n, label, rng)
        known = repeat(None) if labels is None else labels.split(batch_size)
        with self.at_rest():
            made = [self.generator.streams(z, y) for z, y in zip(latent.split(batch_size), known)]
        foreground, mask, background = (torch.cat(parts) for parts in zip(*made))
        still = background.expand_as(foreground)
        return Streams(self.spec.to_data(foreground), mask.cpu().numpy(), self.spec.to_data(still))

    logs: ClassVar[dict[str, Metric]] = {
        "generator/mask": Metric(
            "mean of the mask: the share of the pixels that the moving stream makes",
            "0.03 … 0.5, about as large as what moves in the data",
            "towards 0: the clips stand still, lower --sparsity; towards 1: one stream makes all, raise it (under a "
            "camera that moves all is foreground)",
        ),
        "generator/sparsity": Metric(
            "λ times the mean of the mask", "a tenth of the mask at the default λ", "see generator/mask"
        ),
    }


class VGANFromFrame(Translation):
    """A picture is the first frame of a clip that goes on from it (section 2.4): five convolutions make of it what
    takes the place of the noise in VGAN's two streams, and the generator pays γ·|x₀ − G(x₀)₀| too, the mean distance of
    its first frame from the picture (γ = 10, as in the released code; the paper writes ‖x₀ − G(x₀)₀‖² with a γ of its
    own). One picture gives one clip: there is no noise. D sees clips only, as VGAN's does.

    It learns from the clips of a video data set, each from its own first frame.
    Deviations: as in VGAN. Proof: proofs/vgan.py.
    """

    name = "vgan-from-frame"
    paper = VGAN.paper
    summary = "a picture moves: clips from their first frame"

    latent: int = setting(100, "numbers that a picture is encoded in", minimum=1)
    width: int | None = setting(None, "channels of the finest layer of all networks; None: from the data", minimum=1)
    sparsity: float = setting(0.1, "λ, weight of the mean of the mask of what moves", minimum=0.0)
    first_frame: float = setting(10.0, "γ, weight of the mean distance of the first frame to the picture", minimum=0.0)

    def read(self, data, **options) -> Dataset:
        dataset = read(data, form="items", **options)
        if "source" in dataset.fields and dataset.spec.first_frames(dataset.fields["target"][:1]):  # read before
            return dataset
        clips = dataset.fields.get("real")
        found = None if clips is None else dataset.spec.first_frames(clips)
        if found is None:
            raise DataError(f"{type(self).__name__} needs clips and {dataset.name} holds {dataset.spec.noun}")
        pictures, form = found
        fields = {"source": pictures, "target": clips}
        return replace(dataset, spec=replace(dataset.spec, classes=(), also={"source": form}), fields=fields)

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if self.width is not None:
            return []
        self.width = spec.bodies().width
        return [f"width {self.width}: for {spec.noun}"]

    def build(self, spec: Kind) -> None:
        if "source" not in spec.also or spec.axes != 3:
            raise DataError(f"{type(self).__name__} needs clips and their first frames: give it videos")
        self.choose(spec)
        self.generator = Animator(self.latent, spec.shape, self.width)
        self.discriminator = ConvDiscriminator(spec.shape, self.width)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real, on_fake = self.discriminator(batch.target), self.discriminator(self.generator(batch.source))
        observe_scores(on_real, on_fake)
        return {"adversarial": softplus(-on_real).mean() + softplus(on_fake).mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        foreground, mask, background = self.generator.streams(batch.source)
        made = composed(foreground, mask, background)
        observe("generator/mask", lambda: mask.mean())
        return {
            "adversarial": softplus(-self.discriminator(made)).mean(),
            "sparsity": self.sparsity * mask.mean(),
            "first_frame": self.first_frame * (made[:, :, 0] - batch.source).abs().mean(),
        }

    logs: ClassVar[dict[str, Metric]] = VGAN.logs | {
        "generator/first_frame": Metric(
            "γ times the mean distance of a clip's first frame from its picture, in network units",
            "falling to 1 or less",
            "standing high: clips do not begin with the picture; raise --first-frame or --latent",
        ),
    }
