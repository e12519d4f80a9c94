"""Rows made column after column, each from those before it, and a discriminator of whole rows.

A row is one part of each column, end to end as one-hot vectors (n, parts), and a place (a normal score) for each
column of numbers. NADE (Larochelle & Murray 2011) over columns: what is known of a row is a sum of vectors, one for
each column made so far, so that the next column costs no more than the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Bounds = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
LARGEST = 2.0  # logarithm of a place's scale, at most
FAR = 6.0  # standard deviations that no place goes beyond


class PartTable(nn.Module):
    """A vector (parts, size) for each part of each column: one of its own, and what parts with an order share, by their
    coordinates (parts, k) in it."""

    basis: Tensor

    def __init__(self, basis: Tensor, size: int, spread: float):
        super().__init__()
        self.own = nn.Parameter(torch.randn(len(basis), size) * spread)
        self.shared = nn.Parameter(torch.randn(basis.shape[1], size) * spread)
        self.register_buffer("basis", basis, persistent=False)

    def forward(self) -> Tensor:
        return self.own + self.basis @ self.shared


class ColumnGenerator(nn.Module):
    """Noise to rows: for each column a choice of its parts and, for numbers, a place, given the columns before it.

    start    (columns + 1,) where the parts of each column begin;  numbers  which columns have a place
    shares   (parts,) of the rows: what it makes before it is trained, each column by itself
    curves   (parts, k) coordinates of parts that have an order (see `PartTable`)
    bins     (parts,) 1 for those within which a number has a place, else 0
    """

    bins: Tensor

    def __init__(
        self, start: list[int], numbers: list[int], shares: Tensor, curves: Tensor, bins: Tensor, hidden: int,
        dropout: float,
    ):  # fmt: skip
        super().__init__()
        self.start, self.numbers = start, {k: row for row, k in enumerate(numbers)}
        self.widths = [b - a for a, b in zip(start, start[1:])]
        columns = len(start) - 1
        basis = torch.block_diag(*curves.split(self.widths))
        spread = (columns * 2) ** -0.5
        self.enter = PartTable(basis, hidden, spread)
        self.place_in = nn.Parameter(torch.randn(len(numbers), hidden) * spread / 2)
        self.bias = nn.Parameter(torch.randn(columns, hidden) * 0.3)
        self.middle = nn.Linear(hidden, hidden, bias=False)
        self.middle_bias = nn.Parameter(torch.zeros(columns, hidden))
        self.leave = PartTable(basis, hidden, 0.0)
        self.level = nn.Parameter(shares.clamp(min=1e-12).log())  # finite for parts that no row has
        self.place_out = nn.Parameter(torch.zeros(len(curves), 2 * hidden))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("bins", bins.float(), persistent=False)
        self.register_buffer("before", torch.ones(columns, columns).tril(-1), persistent=False)
        self.register_buffer("first", torch.tensor(start[:-1]), persistent=False)

    def read(self, known: Tensor, bias: Tensor, middle_bias: Tensor) -> Tensor:
        """What is known (…, n, hidden) to what a column is chosen by, (…, n, hidden)."""
        a = F.relu(known + bias)
        if self.training and self.dropout.p:  # the same units for all columns of a row: one draw is slow enough
            a = a * self.dropout(torch.ones_like(a[0] if a.ndim == 3 else a))
        return a + F.relu(self.middle(a) + middle_bias)

    def spot(self, hidden: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the scale (…, n) of a number's place, in parts (…, n) counted over all columns."""
        weight = F.embedding(part, self.place_out).unflatten(-1, (2, -1))
        mean, scale = (weight * hidden[..., None, :]).sum(-1).unbind(-1)
        return mean, LARGEST * torch.tanh(scale / LARGEST)

    def likelihood(self, parts: Tensor, places: Tensor, columns: range | None = None) -> Tensor:
        """log of the likelihood (n,) of rows: parts (n, columns), places (n, numbers); of the places, beyond that of a
        standard normal. Of these `columns` alone, given those before them; None: of all."""
        at = (parts + self.first).T.contiguous()
        vectors = F.embedding(at, self.enter())
        rows = list(self.numbers)
        if rows:
            where = places.T.contiguous()
            vectors = vectors.index_add(
                0, torch.tensor(rows, device=at.device), where[:, :, None] * self.place_in[:, None]
            )
        chosen = columns or range(len(self.widths))
        mine = slice(chosen.start, chosen.stop)
        known = (self.before[mine] @ vectors.flatten(1)).view(len(chosen), *vectors.shape[1:])
        hidden = self.read(known, self.bias[mine, None], self.middle_bias[mine, None])
        found = torch.zeros(len(parts), device=parts.device)
        every = self.leave().split(self.widths), self.level.split(self.widths), parts.T.contiguous()
        for inside, leave, level, part in zip(hidden.unbind(), *(of[mine] for of in every)):
            found = found - F.cross_entropy(F.linear(inside, leave, level), part, reduction="none")
        if rows := [k for k in rows if k in chosen]:
            mean, scale = self.spot(hidden[[k - chosen.start for k in rows]], at[rows])
            there = where[[self.numbers[k] for k in rows]]
            gain = there.square() / 2 - ((there - mean) / scale.exp()).square() / 2 - scale
            found = found + (gain * self.bins[at[rows]]).sum(0)
        return found

    def mass(self, hidden: Tensor, k: int, low: Tensor, high: Tensor) -> Tensor:
        """Logarithm of how likely each part (n, parts of column k) has a place between these: −∞ where they are
        crossed, the density where they are equal, 0 for parts without places."""
        found = torch.where(low > high, -torch.inf, 0.0)
        if k in self.numbers:
            every = torch.arange(self.start[k], self.start[k + 1], device=low.device).expand(len(hidden), -1)
            mean, scale = self.spot(hidden[:, None], every)
            a, b = (low - mean) / scale.exp(), (high - mean) / scale.exp()
            inside = (torch.special.ndtr(b) - torch.special.ndtr(a)).clamp(min=1e-30).log()
            inside = torch.where(low == high, -a.square() / 2 - scale, inside)
            found = torch.where((low <= high) & (self.bins[every] > 0), inside, found)
        return found

    def forward(
        self,
        noise: Tensor,
        spots: Tensor,
        temperature: float,
        given: tuple[Tensor, Tensor] | None = None,
        begin: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """Gumbel noise (n, parts) and normal noise (n, numbers) to rows: one-hot (n, parts), whose gradient is that of
        a softmax of this temperature, and places (n, numbers). Columns before `begin` are those of `given` rows."""
        enter, places_in = self.enter(), self.place_in.unbind()
        known, flats, places = noise.new_zeros(len(noise), enter.shape[1]), [], []
        if begin:
            flat, where = given
            head = [row for k, row in self.numbers.items() if k < begin]
            known = flat[:, : self.start[begin]] @ enter[: self.start[begin]] + where[:, head] @ self.place_in[head]
            flats, places = [flat[:, : self.start[begin]]], [where[:, head]]
        enter, leave, level = (t.split(self.widths) for t in (enter, self.leave(), self.level))
        noise, bias, middle = noise.split(self.widths, 1), self.bias.unbind(), self.middle_bias.unbind()
        for k in range(begin, len(self.widths)):
            hidden = self.read(known, bias[k], middle[k])
            soft = ((F.linear(hidden, leave[k], level[k]) + noise[k]) / temperature).softmax(1)
            choice = soft.argmax(1)
            one = F.one_hot(choice, soft.shape[1]).float() + soft - soft.detach()
            flats.append(one)
            known = known + one @ enter[k]
            if k in self.numbers:
                row, part = self.numbers[k], choice + self.start[k]
                mean, scale = self.spot(hidden, part)
                place = ((mean + scale.exp() * spots[:, row]) * self.bins[part])[:, None]
                places.append(place)
                known = known + place * places_in[row]
        return torch.cat(flats, 1), torch.cat([*places, spots[:, :0]], 1)


@torch.no_grad()
def draw(
    generator: ColumnGenerator, n: int, rng: torch.Generator, bounds: Mapping[int, Bounds] | None = None,
    particles: int = 1, given: tuple[Tensor, Tensor] | None = None, columns: range | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """`n` rows: parts (n, columns), places (n, numbers) and whether they keep within `bounds` (n,).

    bounds     column -> function of (row of each particle (m,), parts so far (m, columns), places so far (m, numbers))
               that gives the lowest and the highest place (m or 1, parts of the column): none where they are crossed,
               a known number where they are equal
    particles  of each row while bounds are to come. Each is weighted by how likely its column keeps within them, and
               drawn again by that weight (Doucet et al. 2001), so that the columns before are as likely as they are
               among rows that keep within; with one, they are drawn as if nothing was asked
    columns    that are made; None: all. Those before are as in the `given` rows (parts, places), those after 0
    """
    bounds, device = bounds or {}, generator.level.device
    last = max(bounds, default=-1) if particles > 1 else -1
    uniform = lambda m: torch.rand(m, generator=rng).to(device)  # noqa: E731
    which = torch.arange(n, device=device).repeat_interleave(particles if last >= 0 else 1)
    enter, leave = generator.enter(), generator.leave()
    known = enter.new_zeros(len(which), enter.shape[1])
    parts = torch.zeros(len(which), len(generator.widths), dtype=torch.int64, device=device)
    places, alive = enter.new_zeros(len(which), len(generator.numbers)), torch.ones_like(which, dtype=torch.bool)
    columns = columns or range(len(generator.widths))
    if given is not None:
        first, head = columns.start, [row for k, row in generator.numbers.items() if k < columns.start]
        parts[:, :first], places[:, head] = (x.to(device)[which][:, of] for x, of in zip(given, (slice(first), head)))
        known = F.embedding(parts[:, :first] + generator.first[:first], enter).sum(1)
        known = known + places[:, head] @ generator.place_in[head]
    for k in columns:
        mine, row = slice(generator.start[k], generator.start[k + 1]), generator.numbers.get(k)
        hidden = generator.read(known, generator.bias[k], generator.middle_bias[k])
        logits = F.linear(hidden, leave[mine], generator.level[mine])
        low = high = None
        if k in bounds:
            low, high = (b.expand(len(which), -1).to(device) for b in bounds[k](which, parts, places))
            inside = logits + generator.mass(hidden, k, low, high)
            dead = inside.isneginf().all(1)
            weight = (inside.logsumexp(1) - logits.logsumexp(1)).masked_fill(dead, -1e9)
            alive, logits = alive & ~dead, torch.where(dead[:, None], logits, inside)
            low, high = low.masked_fill(dead[:, None], -torch.inf), high.masked_fill(dead[:, None], torch.inf)
        share = logits.softmax(1).cumsum(1)
        part = (share < uniform(len(which))[:, None] * share[:, -1:]).sum(1).clamp(max=share.shape[1] - 1)
        parts[:, k], known = part, known + enter[part + mine.start]
        if row is not None:
            mean, scale = generator.spot(hidden, part + mine.start)
            ends = [x.gather(1, part[:, None])[:, 0] if x is not None else mean.new_tensor(e) for x, e in
                    ((low, -torch.inf), (high, torch.inf))]  # fmt: skip
            a, b = ((end - mean) / scale.exp() for end in ends)
            rank = torch.special.ndtr(a) + uniform(len(which)) * (torch.special.ndtr(b) - torch.special.ndtr(a))
            z = torch.special.ndtri(rank).clamp(-FAR, FAR)
            place = (mean + scale.exp() * z).clamp(*ends) * generator.bins[part + mine.start]
            places[:, row], known = place, known + place[:, None] * generator.place_in[row]
        if k in bounds and last >= 0:
            take = torch.multinomial(
                weight.view(n, -1).softmax(1).cpu(), particles if k < last else 1, True, generator=rng
            )
            at = (take.to(device) + torch.arange(n, device=device)[:, None] * (len(which) // n)).flatten()
            which, parts, places, known, alive = which[at], parts[at], places[at], known[at], alive[at]
    return parts.cpu(), places.cpu(), alive.cpu()


class RowDiscriminator(nn.Module):
    """Rows (n, inside), one-hot parts and numbers, to scores (n,)."""

    def __init__(self, inside: int, hidden: int, depth: int = 2):
        super().__init__()
        sizes = [inside, *[hidden] * depth]
        self.layers = nn.Sequential(
            *(m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.LeakyReLU(0.2)))
        )
        self.last = nn.Linear(hidden, 1)

    def forward(self, rows: Tensor, label: Tensor | None = None) -> Tensor:
        return self.last(self.layers(rows))[:, 0]
