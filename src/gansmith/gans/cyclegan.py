"""CycleGAN: between two folders of pictures without pairs."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import all_gather, local_rows
from gansmith.errors import SettingError
from gansmith.game import Turn, observe, setting
from gansmith.gans.paper import Paper
from gansmith.gans.translation import BothWays, jitter
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.translator import Translator
from gansmith.training.metrics import Metric


class CycleGAN(BothWays):
    """Two domains and no pairs: G maps X to Y, F maps Y to X, each against a critic of its own with least-squares
    losses, and going there and back must lead home:
    L_G,F = E(D_Y(G(x)) − 1)² + E(D_X(F(y)) − 1)² + λ (E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁)   (eqs. 2, 3; λ = 10),
    L_D_Y = ½ [E(D_Y(y) − 1)² + E D_Y(G(x))²], and D_X likewise, halved to slow the critics (section 4, appendix 7.1).
    The critics are shown fakes from a pool of the last 50, half the time an old one in exchange for the new (section
    4). `identity` adds λ · identity · (E‖G(y) − y‖₁ + E‖F(x) − x‖₁) (section 5.2): the paper uses .5 for paintings
    only, the released code always.

    Networks: residual translators (9 blocks from 256 pixels on, 6 below, 3 below 64), 70×70 PatchGAN critics. As in the
    code, pictures are enlarged from 256 to 286 pixels, cut back at a random place and mirrored half the time (`jitter`,
    `mirror`), each domain by itself; pictures under 64 pixels are left as they are.
    Deviations: averages of G and F are kept and used.
    A low cycle loss proves little: a translator may hide the way back in faint noise. Proof: proofs/cyclegan.py.
    """

    name = "cyclegan"
    paper = Paper(
        "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
        "Zhu, Park, Isola, Efros",
        "ICCV",
        2017,
        "https://arxiv.org/abs/1703.10593",
        code="https://github.com/junyanz/CycleGAN",
    )
    summary = "between two folders of pictures without pairs"
    training_only: ClassVar[tuple[str, ...]] = ("pool_target", "pool_source")
    batch_size: ClassVar[int] = 1
    tiled: ClassVar[bool] = True

    cycle: float = setting(10.0, "λ, weight of the way there and back", minimum=0.0)
    identity: float = setting(0.0, "share of λ for leaving alone what needs no change; .5 in the code", minimum=0)
    pool: int = setting(50, "fakes of the past that the critics are shown, too; 0: none", minimum=0)
    decay: float = setting(
        0.5, "share of training, at its end, in which the step size falls to 0", minimum=0.0, maximum=1.0
    )
    width: int = setting(64, "channels of the finest layer of all players", minimum=1)
    blocks: int | None = setting(None, "residual blocks of a translator; None: from the size", minimum=0)
    patch: int | None = setting(
        None,
        "strided layers of a critic: 3 sees 70 pixels at once, 2 sees 34, 1 sees 16; None: from the size",
        minimum=1,
    )
    jitter: float | None = setting(
        None, "how much pictures are enlarged before a random cut; None: from the size", minimum=1
    )
    mirror: bool | None = setting(None, "turn half of the pictures left to right; None: from the size")

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if spec.axes != 2:
            return []
        side, reasons = min(spec.shape[1:]), []
        if self.blocks is None:
            self.blocks = 9 if side >= 256 else 6 if side >= 64 else 3
            reasons.append(f"blocks {self.blocks}: for pictures of {side} pixels")
        return reasons + self.choose_by_size(spec)

    def build(self, spec: Kind) -> None:
        source, target = self.two_pictures(spec)
        self.choose(spec)
        one, two = source.shape[0], target.shape[0]
        if self.identity and one != two:
            raise SettingError(
                f"identity={self.identity} needs equal channels and the domains have {one} and {two}: set it to 0"
            )
        self.generator = Translator(one, two, self.width, self.blocks)
        self.inverse = Translator(two, one, self.width, self.blocks)
        self.discriminator_target = PatchDiscriminator(two, self.width, self.patch, norm=nn.InstanceNorm2d)
        self.discriminator_source = PatchDiscriminator(one, self.width, self.patch, norm=nn.InstanceNorm2d)
        self.pool_target = Pool(self.pool, target.shape)
        self.pool_source = Pool(self.pool, source.shape)

    def turns(self) -> list[Turn]:
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, fresh=False),
        ]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        (x,), (y,) = (jitter(one, enlarge=self.jitter, mirror=self.mirror) for one in (batch.source, batch.target))
        fake_y, fake_x = self.generator(x), self.inverse(y)
        batch.memo |= {"x": x, "y": y, "fake_y": fake_y.detach(), "fake_x": fake_x.detach()}
        there_and_back = distance(self.inverse(fake_y), x) + distance(self.generator(fake_x), y)
        terms = {
            "adversarial": square(self.discriminator_target(fake_y) - 1)
            + square(self.discriminator_source(fake_x) - 1),
            "cycle": self.cycle * there_and_back,
        }
        if self.identity:
            unchanged = distance(self.generator(y), y) + distance(self.inverse(x), x)
            terms["identity"] = self.cycle * self.identity * unchanged
        return terms

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {
            "target": self.half("target", batch.memo["y"], self.pool_target(batch.memo["fake_y"])),
            "source": self.half("source", batch.memo["x"], self.pool_source(batch.memo["fake_x"])),
        }

    def half(self, domain: str, real: Tensor, fake: Tensor) -> Tensor:
        """L_D of one domain."""
        discriminator = getattr(self, f"discriminator_{domain}")
        on_real, on_fake = discriminator(real), discriminator(fake)
        observe(f"discriminator/real_{domain}", on_real)
        observe(f"discriminator/fake_{domain}", on_fake)
        return (square(on_real - 1) + square(on_fake)) / 2

    logs: ClassVar[dict[str, Metric]] = {
        "generator/adversarial": Metric(
            "E(D_Y(G(x)) − 1)² + E(D_X(F(y)) − 1)²",
            "0.3 … 1.6; 0.5 where both critics are at a loss",
            "at 2 for long: the critics are sure of every fake; lower --patch",
        ),
        "generator/cycle": Metric(
            "λ (‖F(G(x)) − x‖₁ + ‖G(F(y)) − y‖₁), means per pixel in network units",
            "falling below 2 (0.1 a pixel, each way, at λ = 10)",
            "steady above 5: the way back is lost; raise --cycle. Near 0 from the start: nothing is translated",
        ),
        "*/identity": Metric(
            "how much a translator changes what is already of its target's domain, as weighted in the loss",
            "falling, below half the cycle loss",
            "rising: colours or contrast are changed needlessly; raise --identity",
        ),
        "discriminator/real_*": Metric(
            "mean score of this domain's true pictures",
            "0.5 … 1: least squares aim at 1",
            "at 0.5 together with the fakes: the critic cannot tell them apart",
        ),
        "discriminator/fake_*": Metric(
            "mean score of pictures made for this domain",
            "0 … 0.5: least squares aim at 0",
            "at 0 for long: the critic is sure of every fake; lower --patch",
        ),
        "discriminator/*": Metric(
            "½ [E(D(real) − 1)² + E D(fake)²] of one domain's critic",
            "0.05 … 0.25; 0.25 means that it cannot tell real from made",
            "near 0 for long: the critic is sure; lower --patch or --width",
        ),
    }


class Pool(nn.Module):
    """The last fakes, kept in buffers so that a resumed run goes on exactly. An empty one hands back what it is given.

    Until it is full it keeps every fake and hands it back; then, for each, it keeps it or, half the time, exchanges it
    for one it holds (Shrivastava et al. 2017).
    """

    def __init__(self, size: int, shape: tuple[int, ...]):
        super().__init__()
        self.register_buffer("kept", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def forward(self, fakes: Tensor) -> Tensor:
        fakes = all_gather(fakes)  # one pool, kept alike by every rank
        size, shown = len(self.kept), fakes.clone()
        for i in range(len(fakes) if size else 0):
            held = int(self.count)
            if held < size:
                self.kept[held] = fakes[i]
                self.count += 1
            elif torch.rand(()) < 0.5:
                old = int(torch.randint(size, ()))
                shown[i] = self.kept[old]
                self.kept[old] = fakes[i]
        return local_rows(shown)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean ‖a − b‖₁ per pixel and channel."""
    return (a - b).abs().mean()


def square(x: Tensor) -> Tensor:
    return x.square().mean()
