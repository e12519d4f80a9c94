"""Remedies: settings that mend a game of two players, whatever its paper (docs/diagnose.md says which, and when)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import SettingError, UserError
from gansmith.game import setting
from gansmith.gans.base import FromNoise, TwoPlayer
from gansmith.networks.blocks import Discriminator
from gansmith.networks.minibatch import Packed, SecondHead
from gansmith.networks.spectral import spectrally_normalised
from gansmith.training import optimizers
from gansmith.training.augment import KINDS
from gansmith.training.metrics import Metric


class Stepping(FromNoise):
    """How the players step."""

    stepping: str = setting("plain", "how all networks are updated", choices=tuple(optimizers.WAYS))
    clip_gradient: float | None = setting(None, "clip gradients at this norm; None: do not", minimum=0.0)

    def wrap_optimizer(self, optimizer: torch.optim.Optimizer, player: str):
        wrapped = optimizers.WAYS[self.stepping](super().wrap_optimizer(optimizer, player))
        return optimizers.Clipped(wrapped, self.clip_gradient) if self.clip_gradient else wrapped


class Augmenting(TwoPlayer):
    """What is done to all that the discriminator sees while it trains: see `gansmith.training.augment`."""

    augment: str = setting("none", "of pictures, what is done to all that D sees", choices=KINDS)
    ada_target: float = setting(
        0.5, "how well D may know pictures by heart (r_v) before ada changes them", minimum=0.0, maximum=1.0
    )
    mirror: bool = setting(False, "of pictures, show D each real one as it is or mirrored: samples then come both ways")
    instance_noise: float = setting(0.0, "standard deviation of noise on all that D sees, falling to 0", minimum=0.0)


class Regularising(TwoPlayer):
    """What bounds the discriminator, and what shows it several samples at once."""

    r1: float = setting(
        0.0, "R1 weight γ: squared gradient norm of D at real samples; D then has no batch norm", minimum=0.0
    )
    r2: float = setting(0.0, "R2 weight γ: the same at generated samples", minimum=0.0)
    lecam: float = setting(
        0.0, "LeCam weight: D's scores near the moving average of the other side's scores", minimum=0.0
    )
    spectral_norm: bool = setting(False, "divide D's weights by their spectral norms; D then has no batch norm")
    packing: int = setting(1, "items that D judges at once, as one (PacGAN)", minimum=1)
    minibatch: str = setting(
        "none",
        "minibatch features for the discriminator: standard deviation or discrimination",
        choices=("none", "deviation", "discrimination"),
    )

    # --- networks ----------------------------------------------------------------------------------------------------
    def make_discriminator(self, body: Callable[[tuple[int, ...]], Discriminator], shape: tuple[int, ...]) -> nn.Module:
        """D for items of `shape`, its `body` made for what packing shows it, with what the other remedies add to it."""
        if self.packing > 1 and self.conditional:
            raise SettingError(
                "packing shows D several items of several labels at once: set conditional=False or packing=1"
            )
        made = body((self.packing * shape[0], *shape[1:]))
        if self.minibatch != "none":
            made.second = SecondHead(made.score.in_features, self.minibatch)
        if self.spectral_norm:
            spectrally_normalised(made)
        if self.lecam:
            self.register_buffer("lecam_ema", torch.zeros(2))  # mean scores of reals and of fakes
        return Packed(made, self.packing) if self.packing > 1 else made

    def discriminator_norm(self, norm: str) -> str:
        """Batch norm gives way to what bounds the gradient at each item."""
        return "none" if norm == "batch" and (self.spectral_norm or self.r1 or self.r2) else norm

    # --- losses ------------------------------------------------------------------------------------------------------
    def extra_terms(self, batch: Batch, fake: Tensor, on_real: Tensor, on_fake: Tensor) -> dict[str, Tensor]:
        return self.lecam_term(on_real, on_fake) | self.gradient_penalties(batch, fake)

    def lecam_term(self, on_real: Tensor, on_fake: Tensor) -> dict[str, Tensor]:
        """LeCam on these scores, which the next move of the moving averages takes in."""
        if not self.lecam:
            return {}
        self.last_scores = mean_over_ranks(torch.stack([on_real.mean(), on_fake.mean()]).detach())
        return {"lecam": self.lecam * penalties.lecam(on_real, on_fake, *self.lecam_ema)}

    def gradient_penalties(self, batch: Batch, fake: Tensor) -> dict[str, Tensor]:
        """R1 at the batch's reals and R2 at these fakes, where their weights ask for them."""
        points = {"r1": (self.r1, batch.real), "r2": (self.r2, fake)}
        discriminator = lambda x: self.discriminator(x, batch.label)  # noqa: E731
        return {name: gamma * penalties.r1(discriminator, x) for name, (gamma, x) in points.items() if gamma}

    def moved(self, player: str) -> None:
        super().moved(player)
        if self.lecam and player == "discriminator":
            self.lecam_ema.lerp_(self.last_scores, 0.01)  # a memory of a hundred moves

    # --- use ---------------------------------------------------------------------------------------------------------
    def score_samples(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        if self.packing > 1:
            raise UserError(
                f"this discriminator judges {self.packing} items at once (packing) and has no score for one"
            )
        return super().score_samples(x, label, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "*/r1": Metric(
            "R1: γ/2 · E‖∇D‖² on reals, as weighted in the loss",
            "small beside the adversarial loss, rarely above a tenth of it",
            "larger than the adversarial loss: --gamma is too high; rising bursts: too low, or the step size is "
            "too large",
        ),
        "*/r2": Metric(
            "R2: γ/2 · E‖∇D‖² on fakes, as weighted in the loss",
            "about as large as R1",
            "far above R1: the fakes lie where D is steep; raise --gamma",
        ),
        "*/lecam": Metric(
            "LeCam: mean squared distances of D's scores from where those of the other side usually are, as weighted",
            "small beside the adversarial loss",
            "larger: D is held back; lower --lecam",
        ),
    }


class Remedies(Stepping, Augmenting, Regularising):
    """All of them."""
