"""Networks that make a series step by step: a linear law of the last steps, and the law of what it leaves.

Series are normal scores (n, steps, columns); what a step is told of itself (calendar, attributes) is its context (n,
channels). `known` (n,) says how many steps before it a step knows: none at the beginning of a series. What the law
leaves of a step is its innovation, itself as a normal score: noise, for a generator that has learned nothing yet. A
generator that has learned knows what innovations follow what: a mixture of normal laws for each column, told of the
columns before it in the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator
from gansmith.networks.mlp import hidden

EDGE, LEAST = 4.26, 1e-3  # scores beyond which no step goes; share of the outermost quantiles
OWN = 32  # units of a column, fewer where there are more than a hundred
NARROW = (-5.0, 2.0)  # logarithms of the least and the largest deviation of a law
HALF_LOG = 0.5 * log(2 * pi)


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
        expected = self.expected(before, known, context, group)
        made = [self.column(j, x, expected[:, j], known, group) for j, x in enumerate(innovation.unbind(1))]
        return torch.stack(made, 1)

    def column(self, j: int, innovation: Tensor, expected: Tensor, known: Tensor, group: Tensor) -> Tensor:
        """Column j (n,) of a step with this innovation (n,)."""
        score = innovation.clamp(self.places[0], self.places[-1])
        at = (torch.searchsorted(self.places, score.detach().contiguous()) - 1).clamp(0, len(self.places) - 2)
        part = (score - self.places[at]) / (self.places[at + 1] - self.places[at])
        low, high = self.knots[group, j, at], self.knots[group, j, at + 1]
        left = (low + part * (high - low)) * self.scale[group, known, j]
        return (expected + left).clamp(-EDGE, EDGE)

    def place(self, left: Tensor, group: Tensor) -> Tensor:
        """(n, columns): how many quantiles of its group's column each number is above."""
        if len(self.groups) == 1:
            return torch.searchsorted(self.knots[0], left.T.contiguous()).T
        return torch.searchsorted(self.knots[group], left[..., None].contiguous())[..., 0]

    def quantile(self, group: Tensor, at: Tensor) -> Tensor:
        return self.knots[group[:, None], torch.arange(self.values, device=at.device), at]


class StepGenerator(nn.Module):
    """Noise (n, 2 + steps · 2 columns) to windows (n, channels, steps).

    contexts  two normal numbers an item -> what its steps are told (n, channels, steps): which series, and when
    mix       (columns, columns): how the innovations of the columns hang together at first
    mixture   normal laws of a column

    What is known before a step goes through two layers of `width` units, then through a few units for each column,
    which also see the columns made before it, as innovations and as scores.
    """

    def __init__(
        self, law: Law, channels: int, steps: int, width: int, contexts: Callable, mix: Tensor, mixture: int,
        dropout: float = 0.0,
    ):  # fmt: skip
        super().__init__()
        values, own = law.values, min(OWN, max(4, 100 * OWN // law.values))
        self.law, self.steps, self.contexts, self.mixture = law, steps, contexts, mixture
        self.latent = 2 + steps * 2 * values
        inside = (law.lags + 2) * values + channels + 1
        leaky = partial(nn.LeakyReLU, 0.2)
        body = [layer for n in (inside, width) for layer in (nn.Linear(n, width), leaky(), nn.Dropout(dropout))]
        self.layers = nn.Sequential(*body, nn.Linear(width, values * own))
        self.enter = nn.Parameter(torch.randn(2 * values, values, own) * 0.3 / values**0.5)
        self.leave = nn.Parameter(torch.randn(values, own, 3 * mixture) * 0.03)
        self.linear = nn.Parameter(torch.zeros(values, values))  # what a column has of those before it
        self.bias = nn.Parameter(torch.zeros(values, 3, mixture))
        self.register_buffer("before", torch.ones(values, values).triu(1), persistent=False)
        self.start(mix)

    @torch.no_grad()
    def start(self, mix: Tensor) -> None:
        """Begin as normal numbers of the covariance mix · mixᵀ, `mix` lower triangular."""
        alone = mix.diagonal()
        self.linear.copy_((torch.eye(len(mix)) - torch.diag(alone) @ torch.linalg.inv(mix)).T)
        places = torch.linspace(-1, 1, self.mixture) if self.mixture > 1 else torch.zeros(1)
        rest = (1 - places.square().mean()).sqrt()
        self.bias[:, 1] = alone[:, None] * places
        self.bias[:, 2] = (alone * rest).log()[:, None]

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
        `last` innovation, for context (n, count, channels) and noise (n, count, 2 columns)."""
        steps, innovations, columns = [], [], self.columns()
        for t in range(context.shape[1]):
            step, last = self.next(before, known, context[:, t], last, noise[:, t], columns)
            before = torch.cat([step[:, None], before[:, :-1]], 1)
            known = (known + 1).clamp(max=self.law.lags)
            steps.append(step)
            innovations.append(last)
        return torch.stack(steps, 1), torch.stack(innovations, 1)

    def columns(self) -> list[tuple[Tensor, Tensor]]:
        """For each column what its units and its mean have of those before it: (2j, units) and (j,)."""
        count = self.law.values
        enter = [torch.cat([self.enter[:j, j], self.enter[count : count + j, j]]) for j in range(count)]
        return [(rows, self.linear[:j, j]) for j, rows in enumerate(enter)]

    def told(self, before: Tensor, known: Tensor, context: Tensor, last: Tensor) -> Tensor:
        """(n, columns, units) of what is known before a step."""
        share = (known / self.law.lags)[:, None].to(last.dtype)
        seen = torch.cat([before.flatten(1), context, last, last.abs(), share], 1)
        return self.layers(seen).unflatten(1, (self.law.values, -1))

    def next(self, before, known, context, last, noise, columns=None) -> tuple[Tensor, Tensor]:
        """(step, innovation), each (n, columns), one column after the other. A mixture is drawn from by choosing one of
        its laws; the gradient is that of the number at this share of the whole mixture (Figurnov et al. 2018,
        https://arxiv.org/abs/1805.08498)."""
        told, group = self.told(before, known, context, last), self.law.group(context)
        expected = self.law.expected(before, known, context, group)
        within, choice = noise.chunk(2, 1)
        made: list[Tensor] = []
        steps: list[Tensor] = []
        for j, (enter, linear) in enumerate(columns or self.columns()):
            units, mean = told[:, j], torch.zeros_like(within[:, 0])
            if made:
                so_far = torch.stack([*made, *steps], 1)
                units, mean = units + so_far @ enter, so_far[:, :j] @ linear
            about = (F.leaky_relu(units, 0.2) @ self.leave[j]).unflatten(1, (3, -1)) + self.bias[j]
            made.append(drawn(about, mean, within[:, j], choice[:, j]))
            steps.append(self.law.column(j, made[-1], expected[:, j], known, group))
        return torch.stack(steps, 1), torch.stack(made, 1)

    def likelihood(self, before, known, context, last, innovation, step) -> Tensor:
        """log of the likelihood (n,) of innovations (n, columns), whose steps are `step`, in nats."""
        both = torch.cat([innovation, step], 1)
        enter = self.enter * self.before.repeat(2, 1)[:, :, None]
        units = self.told(before, known, context, last) + torch.einsum("ni,iju->nju", both, enter)
        about = torch.einsum("nju,juk->njk", F.leaky_relu(units, 0.2), self.leave).unflatten(2, (3, -1)) + self.bias
        share, place, spread = parts(about, innovation @ (self.linear * self.before))
        away = (innovation[..., None] - place) / spread.exp()
        return (share - spread - away.square() / 2 - HALF_LOG).logsumexp(2).sum(1)


def parts(about: Tensor, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(log shares, places, log deviations), each (…, mixture), of mixtures from (…, 3, mixture) and means (…)."""
    share, place, spread = about.unbind(-2)
    return share.log_softmax(-1), place + mean[..., None], spread.clamp(*NARROW)


def drawn(about: Tensor, mean: Tensor, within: Tensor, choice: Tensor) -> Tensor:
    """A number (n,) of each mixture from two normal numbers: within the law that the second chooses."""
    share, place, spread = parts(about, mean)
    with torch.no_grad():
        up = share.exp().cumsum(1)
        law = (torch.special.ndtr(choice)[:, None] > up).sum(1, keepdim=True).clamp(max=place.shape[1] - 1)
        x = (place + spread.exp() * within[:, None]).gather(1, law)[:, 0]
    if not torch.is_grad_enabled():
        return x
    away = (x[:, None] - place) / spread.exp()
    below = (share.exp() * torch.special.ndtr(away)).sum(1)
    density = (share - spread - away.square() / 2 - HALF_LOG).exp().sum(1)
    return x - (below - below.detach()) / density.detach().clamp(min=1e-3)


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
