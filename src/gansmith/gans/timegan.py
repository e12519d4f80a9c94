"""TimeGAN: series made in the space of an autoencoder whose steps a supervisor foretells."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Stage, Turn, setting
from gansmith.gans.base import FromNoise, observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.recurrent import Steps
from gansmith.training.metrics import Metric

LONGEST = 400  # steps


class TimeGAN(FromNoise):
    """Five stacks of GRUs with a dense head at each step: embedder e and recovery r, between series x and hidden ones
    h = e(x); generator g from noise of each step to hidden series; supervisor s, one step ahead; discriminator d of
    hidden series. Three stages (section 4.3, appendix B and the released code):
    1. e, r minimise R = 10 √E(x − r(e(x)))²;
    2. s minimises S = E(h_{t+1} − s(h)_t)², shifted by one step: without the shift the identity is the best supervisor,
       as in early versions and most copies of the code;
    3. g, s: BCE of d on s(g(z)) and γ times that on g(z), + 100 √S + 100 V, V the gaps between means and deviations of
       batches; e, r: R + 0.1 S; both twice a round; d, only while its loss is above 0.15: BCE on h, s(g(z)), γ on g(z).

    Deviations: numbers are in network units (normal scores of series), not scaled to 0 … 1, so r ends in a plain layer;
    noise is normal, of as many numbers a step as a step has; stages share the rounds evenly (50,000 each there), V is
    squared nowhere; what a series is told of (calendar, attributes) is made with it, as further columns. The released
    judge of its scores has half as many units as columns: too weak to fail anyone.
    Proof: proofs/timegan.py.
    """

    name = "timegan"
    paper = Paper(
        "Time-series Generative Adversarial Networks",
        "Yoon, Jarrett, van der Schaar",
        "NeurIPS",
        2019,
        "https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks",
        code="https://github.com/jsyoon0823/TimeGAN",
    )
    summary = "series by GRUs in the space of an autoencoder, with a supervisor of the next step"
    batch_size: ClassVar[int] = 128
    averaged: ClassVar[tuple[str, ...]] = ()
    replaceable: ClassVar[tuple[str, ...]] = ()
    unsupported_settings: ClassVar[tuple[str, ...]] = ("latent", "average_half_life")  # noise of every step; no average
    recordable: ClassVar[bool] = False  # whether d moves is asked of its loss

    width: int = setting(24, "units of a recurrent layer", minimum=1)
    layers: int = setting(3, "recurrent layers of each network; the supervisor has one less", minimum=2)
    gamma: float = setting(1.0, "γ, weight of what d thinks of hidden series before the supervisor", minimum=0.0)
    supervision: float = setting(100.0, "weight of √S in the joint stage", minimum=0.0)
    moments: float = setting(100.0, "weight of V, the gaps of means and deviations", minimum=0.0)
    threshold: float = setting(0.15, "loss of d below which it does not move", minimum=0.0)
    learning_rate: float = setting(1e-3, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1)
        numbers, steps = spec.shape
        if steps > LONGEST:
            raise DataError(
                f"TimeGAN goes through {steps} steps one by one, and learns nothing of more than {LONGEST}: give "
                "shorter ones (--window 24 of series, --length of sound)"
            )
        self.latent = steps * numbers
        output = nn.Tanh if spec.bounded else None
        self.embedder = Steps(numbers, self.width, self.width, self.layers)
        self.recovery = Steps(self.width, self.width, numbers, self.layers, output)
        self.generator = Steps(numbers, self.width, self.width, self.layers)
        self.supervisor = Steps(self.width, self.width, self.width, self.layers - 1)
        self.discriminator = Steps(self.width, self.width, 1, self.layers, None)
        self.register_buffer("last_loss", torch.tensor(1e3))

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        return {
            "autoencoder": [self.embedder, self.recovery],
            "supervisor": [self.supervisor],
            "generator": [self.generator],
            "discriminator": [self.discriminator],
        }

    def turns(self) -> list[Turn]:
        """Of the joint stage."""
        makers = Turn(("generator", "supervisor"), self.generator_loss)
        autoencoder = Turn("autoencoder", self.joint_loss, fresh=False)
        critic = Turn("discriminator", self.discriminator_loss, when=self.is_behind)
        return [makers, autoencoder, makers, autoencoder, critic]

    def stages(self) -> list[Stage]:
        return [
            Stage("embedding", [Turn("autoencoder", self.rebuilding)]),
            Stage("supervision", [Turn("supervisor", self.supervised)]),
            Stage("joint", self.turns()),
        ]

    def is_behind(self) -> bool:
        """Whether d's loss, when it was last looked at, lets it move."""
        return bool(self.last_loss > self.threshold)

    def rebuilding(self, batch: Batch) -> dict[str, Tensor]:
        x = batch.real.transpose(1, 2)
        return {"rebuilding": 10 * root(F.mse_loss(self.recovery(self.embedder(x)), x))}

    def supervised(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            hidden = self.embedder(batch.real.transpose(1, 2))
        return {"supervised": self.ahead(hidden)}

    def ahead(self, hidden: Tensor) -> Tensor:
        """S: how badly the supervisor foretells the next step of hidden series."""
        return F.mse_loss(self.supervisor(hidden)[:, :-1], hidden[:, 1:])

    def joint_loss(self, batch: Batch) -> dict[str, Tensor]:
        x = batch.real.transpose(1, 2)
        hidden = self.embedder(x)
        rebuilt = 10 * root(F.mse_loss(self.recovery(hidden), x))
        return {"rebuilding": rebuilt, "supervised": 0.1 * self.ahead(hidden)}

    def generator_loss(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        x = batch.real.transpose(1, 2)
        with torch.no_grad():
            hidden = self.embedder(x)
        first = self.generator(self.noise(self.latents(len(batch))))
        second = self.supervisor(first)
        made = self.recovery(second)
        with torch.no_grad():  # d is looked at whether it moves or not
            self.last_loss.copy_(self.judged(hidden, first, second))
        gaps = (made.mean(0) - x.mean(0)).abs().mean() + (deviation(made) - deviation(x)).abs().mean()
        terms = {
            "adversarial": F.softplus(-self.discriminator(second)).mean()
            + self.gamma * F.softplus(-self.discriminator(first)).mean(),
            "supervised": self.supervision * root(self.ahead(hidden)),
            "moments": self.moments * gaps,
        }
        return {"generator": {k: v for k, v in terms.items() if k != "supervised"}, "supervisor": terms}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            hidden = self.embedder(batch.real.transpose(1, 2))
            first = self.generator(self.noise(self.latents(len(batch))))
            second = self.supervisor(first)
        return {"adversarial": self.judged(hidden, first, second)}

    def judged(self, hidden: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """d's loss on hidden reals, hidden fakes and supervised ones."""
        on_real, on_first, on_second = map(self.discriminator, (hidden, first, second))
        observe_scores(on_real.mean((1, 2)), on_second.mean((1, 2)))
        return F.softplus(-on_real).mean() + F.softplus(on_second).mean() + self.gamma * F.softplus(on_first).mean()

    # --- use ---------------------------------------------------------------------------------------------------------
    def noise(self, z: Tensor) -> Tensor:
        return z.unflatten(1, (-1, self.generator.gru.input_size))

    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.recovery(self.supervisor(self.generator(self.noise(latent)))).transpose(1, 2)

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The mean of d's scores over the steps of items in the data's units, (n,) float32."""
        judge = lambda x, label: self.discriminator(self.embedder(x.transpose(1, 2))).mean((1, 2))  # noqa: E731
        return self.apply_in_batches(judge, x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "*/rebuilding": Metric(
            "10 √E(x − r(e(x)))²: how badly the autoencoder finds series again",
            "falling; below 2, a fifth of a standard deviation",
            "staying high: more --width, or a longer run",
        ),
        "*/supervised": Metric(
            "how badly the supervisor foretells the next hidden step; in the joint stage as weighted",
            "falling, then steady",
            "near 0 at once: a supervisor that is shown what it should foretell",
        ),
        "*/moments": Metric(
            "V: gaps between means and deviations of batches of samples and of reals, as weighted",
            "falling to below 30",
            "rising: the game runs away; lower --learning-rate",
        ),
    }


def root(x: Tensor) -> Tensor:
    return (x + 1e-12).sqrt()


def deviation(x: Tensor) -> Tensor:
    return (x.var(0, unbiased=False) + 1e-6).sqrt()
