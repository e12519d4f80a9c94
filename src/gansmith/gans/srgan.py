"""SRGAN: makes pictures larger: SRResNet, then SRGAN."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data.crops import read_crops
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import DataError, SettingError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.translation import Enlarging
from gansmith.networks.srresnet import FrozenFeatures, SRDiscriminator, SRResNet
from gansmith.training.metrics import Metric


class SRGAN(Enlarging):
    """Enlarge a picture `scale` times. First, as SRResNet, G minimises the mean squared error (eq. 4), which is best
    in PSNR and blurs; then, as SRGAN, it goes on from there with
    L_G = content + 10⁻³ Σ −log σ(D(G(x)))   (eqs. 3, 6),    content = E‖φ(y) − φ(G(x))‖²   (eq. 5),
    φ being features of a frozen net, which forgives a pixel's shift but not its absence; D tells true from made as
    ever. Adversarial training without the first stage fails (section 3.2). The second half of SRGAN goes at a tenth of
    the step. The paper's three contents are `content`: VGG54 is "deep", VGG22 "shallow", MSE "pixels". Deep features
    see a square of 48 pixels as 2×2 places and leave its colours and edges open: they need crops of 96.

    φ is VGG19's in the paper. Here it is the convolutions of SqueezeNet 1.1: with the weights you name in `features`
    (an .npz of arrays named as torchvision names them), or, without any, random ones, which know of no object and only
    compare textures; the plan says which. Its loss is relative, E‖φ(y) − φ(G(x))‖² / E‖φ(y)‖², in place of VGG's
    1/12.75. Other deviations: crops are cut once, evenly, from each picture; G's residual branches start at zero, of
    which the paper says nothing; an average of G is kept and used.
    Proof: proofs/srgan.py.
    """

    name = "srgan"
    paper = Paper(
        "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
        "Ledig, Theis, Huszár, Caballero, Cunningham, Acosta, Aitken, Tejani, Totz, Wang, Shi",
        "CVPR",
        2017,
        "https://arxiv.org/abs/1609.04802",
    )
    summary = "makes pictures larger: SRResNet, then SRGAN"
    batch_size: ClassVar[int] = 16

    scale: int = setting(4, "how many times larger: 2, 4 or 8", minimum=2, maximum=8)
    crop: int = setting(96, "pixels of the squares that it learns from", minimum=24)
    pretrain: float = setting(5 / 6, "share of training that is SRResNet alone; 1: no SRGAN", minimum=0.0, maximum=1.0)
    content: str = setting("deep", "features, or pixels, that SRGAN compares", choices=("deep", "shallow", "pixels"))
    features: str | None = setting(None, "file of the frozen net's weights (.npz); None: random ones")
    adversarial: float = setting(1e-3, "weight of the adversarial loss", minimum=0.0)
    learning_rate: float = setting(1e-4, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    decay: float = setting(
        0.0, "share of each stage, at its end, in which the step falls to 0", minimum=0.0, maximum=1.0
    )
    width: int = setting(64, "channels of both players' finest layers", minimum=1)
    blocks: int = setting(16, "residual blocks of G", minimum=1)

    def read(self, data, **options) -> Dataset:
        if self.scale not in (2, 4, 8):
            raise SettingError(f"scale={self.scale}: SRGAN enlarges 2, 4 or 8 times")
        if isinstance(data, Dataset) and "source" in data.fields:
            return data
        options = {k: v for k, v in options.items() if k != "labels"}
        return read_crops(data, self.crop, self.scale, **options)

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if self.pretrain == 1 or self.content == "pixels":
            return []
        if self.features is None:
            return ["features: of a frozen net with random weights; --features FILE.npz for a trained one"]
        weights(self.features)
        return [f"features: SqueezeNet 1.1 with the weights in {self.features}"]

    def build(self, spec: Kind) -> None:
        small, (channels, height, width) = spec.of("source").shape, spec.shape
        if small != (channels, height // self.scale, width // self.scale) or min(height, width) < 24:
            raise DataError(
                f"SRGAN(scale={self.scale}) learns from pictures of at least 24 pixels beside smaller copies: "
                f"{spec.shape} and {small} are not that"
            )
        self.generator = SRResNet(channels, self.scale, self.width, self.blocks)
        self.discriminator = SRDiscriminator(spec.shape, self.width)
        self.feature_net = FrozenFeatures(FrozenFeatures.SHALLOW if self.content == "shallow" else FrozenFeatures.DEEP)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def stages(self) -> list[Stage]:
        adversarial = [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, fresh=False),
        ]
        return [
            Stage("srresnet", [Turn("generator", self.pixel_loss)], share=self.pretrain),
            Stage("srgan", adversarial, share=1 - self.pretrain, begin=self.load_feature_weights),
        ]

    def load_feature_weights(self) -> None:
        """Load the frozen net's weights, if there are any; from then on they are part of the game's state."""
        if self.features is not None and self.content != "pixels":
            self.feature_net.load_state_dict(
                {f"body.{k.removeprefix('features.')}": v for k, v in weights(self.features).items()}
            )

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        adversarial = self.progress >= self.pretrain
        start, end = (self.pretrain, 1.0) if adversarial else (0.0, self.pretrain)
        left = (end - self.progress) / (end - start)
        fall = min(1.0, left / self.decay) if self.decay else 1.0
        optimizer.param_groups[0]["lr"] = self.learning_rate * fall * (0.1 if adversarial and left < 0.5 else 1.0)

    def pixel_loss(self, batch: Batch) -> dict[str, Tensor]:
        error = (self.generator(batch.source) - batch.target).square().mean()
        observe("psnr/crops", lambda: 10 * torch.log10(4 / error))
        return {"pixels": error}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.generator(batch.source)
        batch.memo["fake"] = fake.detach()
        error = (fake - batch.target).square().mean()
        observe("psnr/crops", lambda: 10 * torch.log10(4 / error))
        if self.content == "pixels":
            terms = {"pixels": error}
        else:
            terms = {"features": self.feature_distance(batch.target, fake)}
        return terms | {"adversarial": self.adversarial * softplus(-self.discriminator(fake)).mean()}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real, on_fake = self.discriminator(batch.target), self.discriminator(batch.memo["fake"])
        observe_scores(on_real, on_fake)
        return {"adversarial": softplus(-on_real).mean() + softplus(on_fake).mean()}

    def feature_distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """E‖φ(y) − φ(ŷ)‖² / E‖φ(y)‖²."""
        of_real, of_fake = self.feature_net(real), self.feature_net(fake)
        return (of_real - of_fake).square().mean() / mean_over_ranks(of_real.square().mean())

    logs: ClassVar[dict[str, Metric]] = {
        "generator/pixels": Metric(
            "mean squared error of the enlarged picture, in network units",
            "falling; 0.01 is 26 dB",
            "rising or not a number: lower --learning-rate",
        ),
        "generator/features": Metric(
            "E‖φ(y) − φ(G(x))‖² / E‖φ(y)‖²: how unlike the frozen net finds made and true pictures",
            "falling below 1",
            "rising in the second stage: the adversarial loss leads; lower --adversarial",
        ),
        "psnr/crops": Metric(
            "10 log₁₀ of full range² over the mean squared error, on the crops of the batch, in dB",
            "rising in the first stage; falling by 1 to 3 dB in the second, which trades it for sharpness",
            "falling by more: lower --adversarial",
        ),
    }


def weights(path: str) -> dict[str, Tensor]:
    """The arrays of an .npz by name; UserError if they are not those of SqueezeNet 1.1's convolutions."""
    try:
        with np.load(Path(path).expanduser(), allow_pickle=False) as file:
            held = {name: torch.from_numpy(file[name]) for name in file.files if name.startswith("features.")}
    except (OSError, ValueError) as error:
        raise SettingError(f"features={path!r} cannot be read ({error}): name an .npz, or leave it out") from None
    wanted = {f"features.{k}": v.shape for k, v in FrozenFeatures().body.state_dict().items()}
    if {k: v.shape for k, v in held.items()} != wanted:
        raise SettingError(
            f"{path} does not hold SqueezeNet 1.1's convolutions: features.0.weight … features.12.expand3x3.bias"
        )
    return held
