"""pix2pix: from pairs of pictures, one into the other."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.game import Turn, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.translation import Translation, jitter
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.unet import UNet
from gansmith.training.metrics import Metric


class Pix2Pix(Translation):
    """From pairs (x, y) learn a map x → y whose outputs look real, where a mean over all plausible ones would be a
    blur:
    L_G = −E log σ(D(x, G(x))) + λ E‖y − G(x)‖₁   (eq. 4, λ = 100),
    L_D = ½ [−E log σ(D(x, y)) − E log(1 − σ(D(x, G(x))))]   (eq. 1, halved as in section 3.3).
    D sees the input beside the output, and scores every 70×70 patch by itself (section 3.2.2), since L1 already sees
    to the coarse structure. G is a U-Net, and its only noise is dropout, which stays on when it is used (section 3.3).

    In a round G moves first and D then judges the very fakes it made, as the released Torch code does, where G's step
    uses D's answer from before D's own step. In training both pictures of a pair are enlarged from 256 to 286 pixels,
    cut back at a random place and mirrored half the time (6.2: `jitter`, `mirror`); pictures under 64 pixels are left
    as they are. Deviations: instance norm in place of batch norm (the two are the same at the paper's batch size of 1,
    and so each picture is translated by itself at any other); an average of G is kept and used.
    Proof: proofs/pix2pix.py.
    """

    name = "pix2pix"
    paper = Paper(
        "Image-to-Image Translation with Conditional Adversarial Networks",
        "Isola, Zhu, Zhou, Efros",
        "CVPR",
        2017,
        "https://arxiv.org/abs/1611.07004",
        code="https://github.com/phillipi/pix2pix",
    )
    summary = "from pairs of pictures, one into the other"
    batch_size: ClassVar[int] = 1
    tiled: ClassVar[bool] = True

    l1: float = setting(100.0, "λ, weight of the mean distance to the true picture", minimum=0.0)
    adversarial: float = setting(1.0, "weight of the adversarial loss; 0: L1 alone, which blurs", minimum=0.0)
    reverse: bool = setting(False, "learn the other way: from B to A")
    width: int = setting(64, "channels of the finest layer of both players", minimum=1)
    patch: int | None = setting(
        None,
        "strided layers of the critic: 3 sees 70 pixels at once, 2 sees 34, 1 sees 16; None: from the size",
        minimum=1,
    )
    jitter: float | None = setting(
        None, "how much pairs are enlarged before a random cut; None: from the size", minimum=1
    )
    mirror: bool | None = setting(None, "turn half of the pairs left to right; None: from the size")

    def read(self, data, **options) -> Dataset:
        dataset = super().read(data, **options)
        if not self.reverse:
            return dataset
        source, fields = dataset.spec.of("source"), dataset.fields
        return replace(
            dataset,
            spec=replace(source, also={"source": replace(dataset.spec, also={})}),
            fields=fields | {"source": fields["target"], "target": fields["source"]},
        )

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        return self.choose_by_size(spec) if spec.axes == 2 else []

    def build(self, spec: Kind) -> None:
        source, target = self.two_pictures(spec)
        self.choose(spec)
        self.generator = UNet(source.shape[0], target.shape[0], target.shape[1:], self.width)
        self.discriminator = PatchDiscriminator(source.shape[0] + target.shape[0], self.width, self.patch)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, fresh=False),
        ]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        source, target = jitter(batch.source, batch.target, enlarge=self.jitter, mirror=self.mirror)
        fake = self.generator(source)
        batch.memo |= {"source": source, "target": target, "fake": fake.detach()}
        adversarial = softplus(-self.judge(source, fake)).mean()
        return {"adversarial": self.adversarial * adversarial, "l1": self.l1 * (fake - target).abs().mean()}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        source, target, fake = (batch.memo[name] for name in ("source", "target", "fake"))
        on_real, on_fake = self.judge(source, target), self.judge(source, fake)
        observe_scores(on_real, on_fake)
        return {"adversarial": (softplus(-on_real).mean() + softplus(on_fake).mean()) / 2}

    def judge(self, source: Tensor, picture: Tensor) -> Tensor:
        """(n, 1, h, w) scores of the patches of a picture, given what it was made from."""
        return self.discriminator(torch.cat([source, picture], 1))

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/adversarial": Metric(
            "half the cross-entropy of D on the patches of true and of made pictures",
            "0.2 … 0.69; log 2 = 0.69 means that it cannot tell them apart",
            "near 0 for long: D is sure; lower --patch or --width. At 0.69: outputs are real to it, or D sees too "
            "little",
        ),
        "generator/adversarial": Metric(
            "−E log σ(D(x, G(x))) over patches, as weighted in the loss",
            "0.7 … 4",
            "rising without end: D wins; raise --l1 or lower --learning-rate",
        ),
        "generator/l1": Metric(
            "λ · mean ‖y − G(x)‖₁, in network units (0 … 2 before λ)",
            "falling, then steady; the floor is what the input cannot tell",
            "rising on and on: the adversarial loss leads; raise --l1. Far lower than on held-out pairs: too few pairs",
        ),
    }
