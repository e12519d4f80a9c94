"""What is done to everything that the discriminator sees while it trains, reals and fakes alike, so that it cannot know
the reals by heart; and noise on both, so that their laws overlap.

It hangs on the discriminator itself, so that no game knows of it: penalties and both players' losses look through it,
and scoring, in eval mode, does not. Mirroring is done to the data instead: samples then come either way round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.images import Images
from gansmith.errors import UserError
from gansmith.training.bgc import bgc

CLIP, EVERY = 0.8, 4  # ADA's largest p; rounds from one look at the discriminator to the next
SIGN, SPAN = 0.6, 500_000  # E sign D(real) that is aimed at; images from p = 0 to 1 (Karras et al. 2020)
FEWEST = 10  # held-out pictures that a mean is taken of
QUICK, MEMORY = 100_000, 0.9  # images from p = 0 to 1 where pictures are held out; of a moving average of r_v


class Augment(nn.Module):
    """What D sees of pictures, changed by the augmentations of DiffAugment (Zhao et al. 2020: colour, translation,
    cutout) or those of ADA's paper (`training.bgc`), each with probability `p` for each picture.

    kind   "none", "diffaugment" (p = 1), or "ada" with the augmentations of DiffAugment and "ada-bgc" with the paper's:
           p follows how well D knows the training pictures by heart (Karras et al. 2020,
           https://arxiv.org/abs/2006.06676, eq. 1). Where pictures are held out that is their
           r_v = (E D(train) − E D(held out)) / (E D(train) − E D(fake)), which is held at `target`: 0 where D knows
           nothing by heart, so that p stays 0 and costs nothing, 1 where held-out pictures look as false as fakes.
           Otherwise their r_t = E sign D(real), held at 0.6, which also grows where D is merely good
    noise  standard deviation of normal noise on top, in network units, which falls to 0 along the run (Sønderby et al.
           2017; Roth et al. 2017);  progress  tells how far that is, 0 … 1

    mirror whether each real picture is shown as it is or mirrored, by an even chance

    Adaptive p is clipped at 0.8: the reference lets it go beyond 1, and what is always done shows up in the samples.
    """

    def __init__(
        self,
        kind: str = "none",
        noise: float = 0.0,
        progress: Callable[[], float] = lambda: 0.0,
        mirror: bool = False,
        target: float = 0.5,
    ):
        super().__init__()
        self.kind, self.noise, self.progress, self.mirror, self.target = kind, noise, progress, mirror, target
        self.register_buffer("p", torch.tensor(1.0 if kind == "diffaugment" else 0.0))
        self.register_buffer("gap", torch.zeros(2))  # moving averages of both differences of r_v

    @property
    def acts(self) -> bool:
        """Whether it changes what D is shown, in ways that no recording of a move could repeat."""
        return self.kind != "none" or self.noise > 0

    def forward(self, x: Tensor) -> Tensor:
        if self.kind != "none" and float(self.p):
            x = PIPES[self.kind](x, self.p)
        if self.noise:
            x = x + self.noise * (1 - self.progress()) * torch.randn_like(x)
        return x

    def hook(self, module: nn.Module, args: tuple) -> tuple | None:
        return (self(args[0]), *args[1:]) if module.training else None

    def turned(self, batch: Batch, state) -> Batch:
        """The batch that `state` has just drawn, half of its pictures mirrored, by chance, where that is asked for."""
        if not self.mirror:
            return batch
        coins = torch.Generator().manual_seed(state.order.position)
        chosen = state.ranks.rows(torch.rand(state.batch_size, generator=coins) < 0.5).to(batch.real.device)
        return replace(batch, real=torch.where(chosen[:, None, None, None], batch.real.flip(3), batch.real))

    @torch.no_grad()
    def adapt(self, state) -> None:
        """After a round, every fourth: move p towards where D knows as little by heart as it should."""
        if self.kind in ("none", "diffaugment") or state.round % EVERY:
            return
        players = state.game.generator, state.game.discriminator
        for network in players:
            network.eval()  # no running statistic may move here, and D sees pictures as they are
        by_held = state.held is not None and len(state.held) >= FEWEST
        too_much = self.known(state) > self.target if by_held else self.sign(state) > SIGN
        for network in players:
            network.train()
        step = (1 if too_much else -1) * EVERY * state.batch_size / (QUICK if by_held else SPAN)
        self.p.copy_((self.p + step).clamp(0, CLIP))

    def known(self, state) -> float:
        """r_v, of moving averages of its two differences."""
        trained, held = self.some(state, state.data), self.some(state, state.held)
        scores = lambda batch: self.scores(state, batch, batch.real)  # noqa: E731
        on_trained, on_fake = scores(trained), self.scores(state, trained, state.game.fake(trained))
        now = torch.stack([on_trained - scores(held), on_trained - on_fake])
        self.gap.copy_(now if not self.gap.any() else self.gap.lerp(now, 1 - MEMORY))
        return float(self.gap[0] / self.gap[1].clamp(min=1e-6))

    def sign(self, state) -> float:
        """r_t. Where the loss is of differences of scores, whose zero says nothing, the middle between the mean scores
        of reals and of fakes stands for it."""
        batch, game = self.some(state, state.data), state.game
        zero = 0.0
        if game.of_differences:
            on_real, on_fake = (self.scores(state, batch, self(x)) for x in (batch.real, game.fake(batch)))
            zero = (on_real + on_fake) / 2
        with state.ranks.together(len(batch)):
            sign = (game.discriminator(self(batch.real), batch.label) - zero).sign().mean()
        state.ranks.average(sign)
        return float(sign)

    def some(self, state, data: Dataset) -> Batch:
        """This rank's share of some items of the data, drawn by the round, as many as a batch holds or as there are."""
        rng = torch.Generator().manual_seed(state.round)
        count = min(state.batch_size, len(data))
        return data.batch(state.ranks.rows(torch.randperm(len(data), generator=rng)[:count]), state.game.device)

    @staticmethod
    def scores(state, batch: Batch, x: Tensor) -> Tensor:
        """D's mean score of `x`, of the labels of the batch, over all ranks."""
        with state.ranks.together(len(batch)):
            found = state.game.discriminator(x, batch.label).float().mean()
        state.ranks.average(found)
        return found


def attach(game) -> Augment | None:
    """Hang what the game's settings `augment` and `instance_noise` ask for on its discriminator; None when nothing."""
    kind, noise = getattr(game, "augment", "none"), getattr(game, "instance_noise", 0.0)
    mirror = getattr(game, "mirror", False)
    if (kind == "none" and not noise and not mirror) or not hasattr(game, "discriminator"):
        return None
    if (kind != "none" or mirror) and game.spec is not None and not isinstance(game.spec, Images):
        asked = f"augment={kind!r}" if kind != "none" else "mirror=True"
        raise UserError(f"{asked} is for pictures and these are {game.spec.noun}: try instance_noise=0.1")
    target = getattr(game, "ada_target", 0.5)
    made = Augment(kind, noise, lambda: game.progress, mirror, target).to(game.device)
    if made.acts:
        game.discriminator.register_forward_pre_hook(made.hook)
    return made


def diffaugment(x: Tensor, p: Tensor) -> Tensor:
    """Pictures (n, C, H, W), of each a share `p` changed in colour, moved, and cut."""
    for change in (color, translated, cut):
        chosen = (torch.rand(len(x), device=x.device) < p).nonzero()[:, 0]
        if len(chosen):
            x = x.index_copy(0, chosen, change(x[chosen]))
    return x


def color(x: Tensor) -> Tensor:
    """Brightness ± 0.5, saturation times 0 … 2, contrast times 0.5 … 1.5, another for each picture."""
    brightness, saturation, contrast = torch.rand(len(x), 3, 1, 1, 1, device=x.device).unbind(1)
    x = x + brightness - 0.5
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * 2 * saturation
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (x - mean) * (contrast + 0.5)


def translated(x: Tensor, share: float = 1 / 8) -> Tensor:
    """Moved by up to an eighth of its sides, black coming in; differentiable, as a gather."""
    n, _, height, width = x.shape
    down, right = max(1, round(height * share)), max(1, round(width * share))
    rows = torch.arange(height, device=x.device) + torch.randint(-down, down + 1, (n, 1), device=x.device) + down
    columns = torch.arange(width, device=x.device) + torch.randint(-right, right + 1, (n, 1), device=x.device) + right
    padded = F.pad(x, (right, right, down, down))
    item = torch.arange(n, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut(x: Tensor, share: float = 0.5) -> Tensor:
    """A rectangle of half the sides set to 0, its centre anywhere."""
    n, _, height, width = x.shape

    def band(side: int) -> Tensor:
        center = torch.randint(0, side + 1, (n, 1), device=x.device)
        return (torch.arange(side, device=x.device) - center).abs() < side * share / 2

    return x * ~(band(height)[:, None, :, None] & band(width)[:, None, None, :])


PIPES = {"diffaugment": diffaugment, "ada": diffaugment, "ada-bgc": bgc}
KINDS = ("none", *PIPES)
