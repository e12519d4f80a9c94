"""DoppelGANger: what a series is first, its range second, its steps in batches third."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.data.kinds.series import attributes as series_attributes
from gansmith.errors import DataError
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import FromNoise, observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.mlp import hidden
from gansmith.training.metrics import Metric

LONGEST = 400  # steps


class DoppelGANger(FromNoise):
    """Attributes, ranges and steps are made one after the other, each from noise and from what is there already:
    1. a perceptron makes the attributes (channels of the data that do not change within a series);
    2. a second one makes, for each column, (max + min)/2 and (max − min)/2 of the whole series: without them series of
       unlike ranges collapse to a few (section 4.1.3);
    3. an LSTM makes the steps within that range, −1 … 1, `batch_steps` of them at each turn (section 4.1.1), and is
       given attributes and range every time. Back through it no gradient reaches the attributes (as released).
    Two critics play WGAN-GP: one of series with attributes and ranges, an auxiliary one of attributes and ranges alone
    (weight α = 1), so that these are right, too (section 4.2). A series that ends early has gaps behind its end, which
    are values like others here; the paper has a flag for each step.

    Networks: perceptrons 3 × 100 with ReLU and batch norm, LSTM of 100, critics 5 × 200. Attributes are softmaxes, of
    which the released code takes the largest before it goes on, as samples do; numbers among them are tanh. Deviations:
    an average of G is sampled; the columns' numbers are in network units (normal scores of series), so ranges end in a
    plain layer; it has no place for dates, whose calendar it makes as further columns.
    Proof: proofs/doppelganger.py.
    """

    name = "doppelganger"
    paper = Paper(
        "Using GANs for Sharing Networked Time Series Data: Challenges, Initial Promise, and Open Questions",
        "Lin, Jain, Wang, Fanti, Sekar",
        "IMC",
        2020,
        "https://arxiv.org/abs/1909.13403",
        code="https://github.com/fjxmlzn/DoppelGANger",
    )
    summary = "series: attributes first, their range second, an LSTM's steps third"
    batch_size: ClassVar[int] = 100
    replaceable: ClassVar[tuple[str, ...]] = ()
    score_kind: ClassVar[str] = "raw"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("latent",)  # noise of each part
    unreached: ClassVar[dict[str, str]] = {
        "discriminator.*.score.bias": "the loss is of differences of scores, which no constant changes",
        "generator.attributes.*.0.bias": "batch norm takes it away again",
        "generator.ranges.*.0.bias": "batch norm takes it away again",
    }

    width: int = setting(100, "units of the LSTM and of a hidden layer of G; critics have twice as many", minimum=1)
    batch_steps: int = setting(5, "S, steps that the LSTM makes at each turn", minimum=1)
    noise: int = setting(5, "numbers of noise of the attributes, of the range, and of each turn", minimum=1)
    penalty: float = setting(10.0, "λ, weight of the gradient penalty", minimum=0.0)
    auxiliary: float = setting(1.0, "α, weight of the critic of attributes and ranges", minimum=0.0)
    learning_rate: float = setting(1e-3, "Adam's learning rate", minimum=0.0)

    def build(self, spec: Any) -> None:
        self.check_axes(spec, 1)
        channels, steps = spec.shape
        if steps > LONGEST:
            raise DataError(
                f"DoppelGANger goes through {steps} steps in turn, and learns little of more than {LONGEST}: give "
                "shorter ones (--window 24 of series, --length of sound)"
            )
        sizes = sizes_of(spec)
        self.generator = PartsGenerator(channels, sizes, steps, min(self.batch_steps, steps), self.noise, self.width)
        self.latent = self.generator.latent
        inside = sum(sizes) + 2 * self.generator.columns
        self.discriminator = nn.ModuleDict(
            {
                "whole": Critic(inside + self.generator.columns * steps, 2 * self.width),
                "first": Critic(inside, 2 * self.width),
            }
        )

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        real = self.generator.parts(batch.real)
        with torch.no_grad():
            fake = self.generator.make(self.latents(len(batch)))
        terms = {}
        for name, critic in self.discriminator.items():
            weight = self.auxiliary if name == "first" else 1.0
            x, made = (pack(part, name) for part in (real, fake))
            on_real, on_fake = critic(torch.cat([x, made])).chunk(2)
            if name == "whole":
                observe_scores(on_real, on_fake)
                observe("discriminator/distance", lambda on=(on_real, on_fake): on[0].mean() - on[1].mean())
            terms[name] = weight * (on_fake.mean() - on_real.mean())
            terms[f"{name}_penalty"] = weight * self.penalty * penalties.gradient_penalty(critic, x, made)
        return terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.generator.make(self.latents(len(batch)))
        first, whole = self.discriminator["first"], self.discriminator["whole"]
        return {
            "adversarial": -whole(pack(fake, "whole")).mean(),
            "auxiliary": -self.auxiliary * first(pack(fake, "first")).mean(),
        }

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The first critic's scores (n,) of items in the data's units, float32."""
        judge = lambda x, label: self.discriminator["whole"](pack(self.generator.parts(x), "whole"))  # noqa: E731
        return self.apply_in_batches(judge, x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/whole": Metric(
            "E D(fake) − E D(real): minus the distance that the critic of whole series reads",
            "negative and shrinking towards 0; its size depends on the data",
            "growing without end: lower --learning-rate or raise --penalty",
        ),
        "discriminator/first": Metric(
            "the same of the critic of attributes and ranges",
            "negative and shrinking towards 0",
            "growing without end: lower --learning-rate or raise --penalty",
        ),
        "*/whole_penalty": Metric(
            "λ · E(‖∇D‖ − 1)² of the critic of whole series, between reals and fakes",
            "0.05 … 1 after the first steps",
            "above 5 for long: raise --penalty or lower --learning-rate",
        ),
        "*/first_penalty": Metric(
            "λ · E(‖∇D‖ − 1)² of the critic of attributes and ranges",
            "0.05 … 1 after the first steps",
            "above 5 for long: raise --penalty or lower --learning-rate",
        ),
        "generator/adversarial": Metric(
            "− E D(fake) of the critic of whole series: drifts with it, as its scores have no zero",
            "any; a slow drift is normal",
            "look at discriminator/distance instead",
        ),
        "generator/auxiliary": Metric(
            "the same of the critic of attributes and ranges",
            "any; a slow drift is normal",
            "look at discriminator/first instead",
        ),
        "discriminator/distance": Metric(
            "E D(real) − E D(fake): what the critic reads; not the Wasserstein distance itself, but it falls with it",
            "positive and slowly falling",
            "rising: the generator gets worse; lower --learning-rate",
        ),
    }


def sizes_of(spec: Any) -> list[int]:
    """How many channels each attribute has, which are the last of series: a 1 among zeros, or 1 for a number."""
    return series_attributes.sizes(spec) if getattr(spec, "told", ()) else []


def pack(parts: tuple[Tensor, Tensor, Tensor], name: str) -> Tensor:
    """Attributes, ranges and steps (n, columns, steps), laid flat, for the critic of that name."""
    attributes, ranges, steps = parts
    return torch.cat([attributes, ranges, *([steps.flatten(1)] if name == "whole" else [])], 1)


class Critic(nn.Module):
    """(n, inside) to scores (n,) by five layers."""

    def __init__(self, inside: int, width: int):
        super().__init__()
        self.layers = nn.Sequential(*hidden(inside, width, 5, nn.ReLU))
        self.score = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.layers(x))[:, 0]


class PartsGenerator(nn.Module):
    """Noise (n, latent) to series (n, channels, steps): attributes, ranges, steps.

    sizes  of the attributes, which are the last channels: of a 1 among zeros, or 1 for a number in −1 … 1
    """

    def __init__(self, channels: int, sizes: list[int], steps: int, batch_steps: int, noise: int, width: int):
        super().__init__()
        self.sizes, self.columns, self.steps, self.noise = sizes, channels - sum(sizes), steps, noise
        self.turns = -(-steps // batch_steps)
        self.latent = noise * (self.turns + 1 + bool(sizes))
        self.attributes = perceptron(noise, width, sum(sizes)) if sizes else None
        self.ranges = perceptron(noise + sum(sizes), width, 2 * self.columns)
        self.lstm = nn.LSTM(noise + sum(sizes) + 2 * self.columns, width, batch_first=True)
        self.head = nn.Linear(width, batch_steps * self.columns)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        attributes, ranges, steps = self.make(z)
        middle, half = ranges.chunk(2, 1)
        made = middle[..., None] + half[..., None] * steps
        return torch.cat([made, attributes[..., None].expand(-1, -1, self.steps)], 1).float()

    def make(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(attributes (n, Σ sizes), middles and halves of ranges (n, 2 · columns), steps in −1 … 1)."""
        parts = z.split(self.noise, 1)
        told, attributes = z[:, :0], z[:, :0]
        if self.attributes is not None:
            logits = self.attributes(parts[0]).split(self.sizes, 1)
            attributes = torch.cat([part.softmax(1) if part.shape[1] > 1 else part.tanh() for part in logits], 1)
            hard = [
                F.one_hot(part.argmax(1), part.shape[1]).to(z.dtype) if part.shape[1] > 1 else part.tanh()
                for part in logits
            ]
            told = torch.cat(hard, 1).detach()
            attributes = attributes if self.training else told
            parts = parts[1:]
        middle, half = self.ranges(torch.cat([parts[0], told], 1)).chunk(2, 1)
        ranges = torch.cat([middle, F.softplus(half)], 1)
        given = torch.cat([told, ranges], 1)
        turns = torch.stack([torch.cat([part, given], 1) for part in parts[1:]], 1)
        steps = self.head(self.lstm(turns)[0]).unflatten(2, (-1, self.columns)).flatten(1, 2)[:, : self.steps]
        return attributes, ranges, steps.tanh().transpose(1, 2)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What series (n, channels, steps) are made of, in the same form."""
        columns, attributes = x[:, : self.columns], x[:, self.columns :, 0]
        high, low = columns.amax(2), columns.amin(2)
        middle, half = (high + low) / 2, (high - low) / 2
        steps = (columns - middle[..., None]) / (half[..., None] + 1e-6)
        return attributes, torch.cat([middle, half], 1), steps


def perceptron(inside: int, width: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(3):
        layers += [nn.Linear(width if i else inside, width), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, outside))
