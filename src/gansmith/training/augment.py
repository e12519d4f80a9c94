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

from gansmith.data.dataset import Batch
from gansmith.data.kinds.images import Images
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import UserError

TARGET, CLIP, SPAN, EVERY = 0.6, 0.8, 500_000, 4  # ADA's E sign D(real), its largest p, images from 0 to 1, rounds


class Augment(nn.Module):
    """DiffAugment (Zhao et al. 2020: colour, translation, cutout), each with probability `p` for each picture.

    kind   "none", "diffaugment" (p = 1) or "ada": p follows E sign D(real), which it holds at 0.6 (Karras et al. 2020)
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
    ):
        super().__init__()
        self.kind, self.noise, self.progress, self.mirror = kind, noise, progress, mirror
        self.register_buffer("p", torch.tensor(1.0 if kind == "diffaugment" else 0.0))

    @property
    def acts(self) -> bool:
        """Whether it changes what D is shown, in ways that no recording of a move could repeat."""
        return self.kind != "none" or self.noise > 0

    def forward(self, x: Tensor) -> Tensor:
        if self.kind != "none" and float(self.p):
            for change in (color, translated, cut):
                chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < self.p
                x = torch.where(chosen, change(x), x)
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
        """After a round, every fourth: move p towards where E sign D(real) is 0.6.

        Where the loss is of differences of scores, whose zero says nothing, the middle between the mean scores of reals
        and of fakes stands for it.
        """
        if self.kind != "ada" or state.round % EVERY:
            return
        rng = torch.Generator().manual_seed(state.round)
        index = state.ranks.rows(torch.randint(len(state.data), (state.batch_size,), generator=rng))
        game = state.game
        batch, players = state.data.batch(index, game.device), (game.generator, game.discriminator)
        for network in players:
            network.eval()  # no running statistic may move here
        with state.ranks.together(len(batch)):
            scores = game.discriminator(self(batch.real), batch.label)
            if game.of_differences:
                on_fake = game.discriminator(self(game.fake(batch)), batch.label)
                scores = scores - mean_over_ranks((scores.mean() + on_fake.mean()) / 2)
            sign = scores.sign().mean()
        for network in players:
            network.train()
        state.ranks.average(sign)
        step = torch.sign(sign - TARGET) * EVERY * state.batch_size / SPAN
        self.p.copy_((self.p + step).clamp(0, CLIP))


def attach(game) -> Augment | None:
    """Hang what the game's settings `augment` and `instance_noise` ask for on its discriminator; None when nothing."""
    kind, noise = getattr(game, "augment", "none"), getattr(game, "instance_noise", 0.0)
    mirror = getattr(game, "mirror", False)
    if (kind == "none" and not noise and not mirror) or not hasattr(game, "discriminator"):
        return None
    if (kind != "none" or mirror) and game.spec is not None and not isinstance(game.spec, Images):
        asked = f"augment={kind!r}" if kind != "none" else "mirror=True"
        raise UserError(f"{asked} is for pictures and these are {game.spec.noun}: try instance_noise=0.1")
    made = Augment(kind, noise, lambda: game.progress, mirror).to(game.device)
    if made.acts:
        game.discriminator.register_forward_pre_hook(made.hook)
    return made


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
