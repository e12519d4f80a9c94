"""Networks that make a series step by step: a linear law of the last steps, and what a perceptron adds to it.

Series are normal scores (n, steps, columns); what a step is told of itself (calendar, attributes) is its context (n,
channels). `known` (n,) says how many steps before it a step knows: none at the beginning of a series. What the law
leaves of a step is its innovation, itself as a normal score: noise, for a generator that has learned nothing yet.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator
from gansmith.networks.mlp import hidden

EDGE, LEAST = 4.26, 1e-3  # scores beyond which no step goes; share of the outermost quantiles


class Law(nn.Module):
    """The linear law of each group of series: weight (groups, lags + 1, features, columns), scale (groups, lags + 1,
    columns), knots (groups, columns, quantiles).

    groups    (groups, attributes): which series each is for, by the last channels of their context
    features  (context, steps before laid flat) -> (n, features)
    """

    def __init__(self, weight: Tensor, scale: Tensor, knots: Tensor, groups: Tensor, features: Callable):
        super().__init__()
        self.lags, self.values, self.features = weight.shape[1] - 1, scale.shape[2], features
        share = torch.linspace(0, 1, knots.shape[2], dtype=torch.float64).clamp(LEAST / 2, 1 - LEAST / 2)
        places = torch.special.ndtri(share)
        tables = {"weight": weight, "scale": scale, "knots": knots, "groups": groups, "places": places}
        for name, value in tables.items():
            self.register_buffer(name, value.float())

    def group(self, context: Tensor) -> Tensor:
        """(n,): the group whose attributes are nearest."""
        if len(self.groups) == 1:
            return torch.zeros(len(context), dtype=torch.int64, device=context.device)
        told = context[:, context.shape[1] - self.groups.shape[1] :]
        return (told[:, None] - self.groups).square().sum(2).argmin(1)

    def expected(self, before: Tensor, known: Tensor, context: Tensor, group: Tensor) -> Tensor:
        """(n, columns) of the steps before (n, lags, columns), the last first and zeros for those not known."""
        weight = self.weight[group, known]
        return torch.einsum("nf,nfc->nc", self.features(context, before.flatten(1)), weight)

    def innovation(self, step: Tensor, before: Tensor, known: Tensor, context: Tensor) -> Tensor:
        """The normal score (n, columns) of what is left of a step."""
        group = self.group(context)
        left = (step - self.expected(before, known, context, group)) / self.scale[group, known]
        at = (self.place(left.detach(), group) - 1).clamp(0, self.knots.shape[2] - 2)
        low, high = self.quantile(group, at), self.quantile(group, at + 1)
        part = ((left - low) / (high - low)).clamp(0, 1)
        return self.places[at] + part * (self.places[at + 1] - self.places[at])

    def step(self, innovation: Tensor, before: Tensor, known: Tensor, context: Tensor) -> Tensor:
        """The step (n, columns) with this innovation, the other way round."""
        group = self.group(context)
        score = innovation.clamp(self.places[0], self.places[-1])
        at = (torch.searchsorted(self.places, score.detach().contiguous()) - 1).clamp(0, len(self.places) - 2)
        part = (score - self.places[at]) / (self.places[at + 1] - self.places[at])
        low, high = self.quantile(group, at), self.quantile(group, at + 1)
        left = (low + part * (high - low)) * self.scale[group, known]
        return (self.expected(before, known, context, group) + left).clamp(-EDGE, EDGE)

    def place(self, left: Tensor, group: Tensor) -> Tensor:
        """(n, columns): how many quantiles of its group's column each number is above."""
        if len(self.groups) == 1:
            return torch.searchsorted(self.knots[0], left.T.contiguous()).T
        return torch.searchsorted(self.knots[group], left[..., None].contiguous())[..., 0]

    def quantile(self, group: Tensor, at: Tensor) -> Tensor:
        return self.knots[group[:, None], torch.arange(self.values, device=at.device), at]


class StepGenerator(nn.Module):
    """Noise (n, 2 + steps · (columns + noise)) to windows (n, channels, steps).

    contexts  two normal numbers an item -> what its steps are told (n, channels, steps): which series, and when
    mix       (columns, columns): how the innovations of the columns hang together at first
    """

    def __init__(
        self, law: Law, channels: int, steps: int, noise: int, width: int, contexts: Callable, mix: Tensor | None = None
    ):
        super().__init__()
        self.law, self.steps, self.noise, self.contexts = law, steps, noise, contexts
        self.latent = 2 + steps * (law.values + noise)
        inside = (law.lags + 3) * law.values + channels + noise + 1
        leaky = partial(nn.LeakyReLU, 0.2)
        self.layers = nn.Sequential(*hidden(inside, width, 2, leaky), nn.Linear(width, 2 * law.values))
        self.mix = nn.Parameter(torch.eye(law.values) if mix is None else mix.float().T)  # of the noise of the columns
        with torch.no_grad():
            last = self.layers[-1]
            last.weight.mul_(0.1)
            last.bias.zero_()

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        context = self.contexts(z[:, :2], self.steps).to(z.device)
        start = z.new_zeros(len(z), self.law.lags, self.law.values)
        known = torch.zeros(len(z), dtype=torch.int64, device=z.device)
        made, _ = self.roll(start, known, context.transpose(1, 2), start[:, 0], z[:, 2:].unflatten(1, (self.steps, -1)))
        return torch.cat([made.transpose(1, 2), context], 1).float()

    def roll(
        self, before: Tensor, known: Tensor, context: Tensor, last: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(steps, innovations), each (n, count, columns), that follow the steps `before` (n, lags, columns) and the
        `last` innovation, for context (n, count, channels) and noise (n, count, columns + …)."""
        steps, innovations = [], []
        for t in range(context.shape[1]):
            step, last = self.next(before, known, context[:, t], last, noise[:, t])
            before = torch.cat([step[:, None], before[:, :-1]], 1)
            known = (known + 1).clamp(max=self.law.lags)
            steps.append(step)
            innovations.append(last)
        return torch.stack(steps, 1), torch.stack(innovations, 1)

    def next(self, before, known, context, last, noise) -> tuple[Tensor, Tensor]:
        own = noise[:, : self.law.values]
        share = (known / self.law.lags)[:, None].to(own.dtype)
        seen = torch.cat([before.flatten(1), context, last, last.abs(), noise, share], 1)
        shift, spread = self.layers(seen).chunk(2, 1)
        innovation = own @ self.mix * torch.exp(spread.clamp(-3, 2)) + shift
        return self.law.step(innovation, before, known, context), innovation


class StepDiscriminator(Discriminator):
    """What `sight` shows of a few steps and those before them to scores (n,); of whole windows (n, channels, steps) the
    mean of what their parts look like.

    ahead  steps that are judged together
    """

    def __init__(self, law: Law, channels: int, ahead: int, width: int):
        super().__init__(width)
        self.law, self.channels, self.ahead = law, channels, ahead
        inside = (law.lags + ahead + 2 * (ahead + 1)) * law.values + channels + 1
        self.layers = nn.Sequential(*hidden(inside, width, 3, partial(nn.LeakyReLU, 0.2)))

    def features(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return self.layers(x)
        starts = range(0, x.shape[2] - self.ahead + 1, self.ahead)
        return torch.stack([self.layers(self.sight(*self.part(x, self.at(x, start)))) for start in starts]).mean(0)

    @staticmethod
    def at(x: Tensor, start: int) -> Tensor:
        return torch.full((len(x),), start, device=x.device)

    def part(self, x: Tensor, start: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(steps (n, lags + ahead, columns), innovations (n, ahead + 1, columns), known (n,), context (n, ahead,
        channels)) of windows (n, channels, steps) from `start` (n,) on: what was before it is zero where it is not."""
        lags, values = self.law.lags, self.law.values
        both = F.pad(x.transpose(1, 2), (0, 0, lags + 1, 0))
        at = start[:, None] + torch.arange(lags + 1 + self.ahead, device=x.device)
        seen = both.gather(1, at[..., None].expand(-1, -1, both.shape[2]))
        steps, context = seen[..., :values], seen[..., values:]
        ago = torch.arange(self.ahead + 1, device=x.device)  # the step before, and those ahead
        before = steps[:, (ago[:, None] + torch.arange(lags - 1, -1, -1, device=x.device)).flatten()]
        known = (start[:, None] + ago - 1).clamp(0, lags)
        made = self.law.innovation(
            steps[:, lags:].flatten(0, 1),
            before.unflatten(1, (self.ahead + 1, lags)).flatten(0, 1),
            known.flatten(),
            context[:, lags:].flatten(0, 1),
        )
        innovations = made.unflatten(0, (len(x), -1))
        first = innovations[:, :1] * (start > 0)[:, None, None]
        return steps[:, 1:], torch.cat([first, innovations[:, 1:]], 1), start.clamp(max=lags), context[:, lags + 1 :]

    def sight(self, steps: Tensor, innovations: Tensor, known: Tensor, context: Tensor) -> Tensor:
        share = (known / self.law.lags)[:, None].to(steps.dtype)
        parts = [steps.flatten(1), innovations.flatten(1), innovations.abs().flatten(1), context[:, 0], share]
        return torch.cat(parts, 1)
