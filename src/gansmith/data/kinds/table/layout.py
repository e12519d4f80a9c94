"""Rows of a table as one flat vector of numbers and one-hot parts (Xu et al. 2019, sections 4.2 and 4.3).

[ a number for each column of numbers, within its mode: −1 … 1 | one-hot parts of each column ]. The parts of a column
are its levels (of one with more than `most`, the commonest and one for all others), a gap if it has any, and its modes.
Columns whose values are told apart stand first among the parts: what a row is asked to be is one of theirs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.kinds.table import TableSpec

EDGE = 0.99  # numbers lie within ±EDGE of four standard deviations of their mode


class Layout(nn.Module):
    """Where in the flat vector what stands, and the ways there and back. Rows come and go in network units of the spec.

    numbers, parts, conditions  how many numbers, one-hot parts, and parts of columns that are told apart
    width  of the flat vector;  columns  (place in the table, Column) of those that are played, in the layout's order
    """

    source: Tensor
    head: Tensor
    gap: Tensor
    mode: Tensor
    owner: Tensor
    start: Tensor
    member: Tensor
    spread: Tensor
    share: Tensor
    spike_of: Tensor
    spike_part: Tensor
    spike: Tensor
    modes: Tensor

    def __init__(self, spec: TableSpec, most: int):
        super().__init__()
        there = [(i, c) for i, c in enumerate(spec.entries) if c.kind != "id"]
        self.columns = sorted(there, key=lambda pair: not pair[1].discrete)
        mixed = [c for _, c in self.columns if not c.discrete]
        heads = [min(len(c.levels), most) for _, c in self.columns]
        tails = [len(c.levels) > most for _, c in self.columns]
        gaps = [c.missing > 0 for _, c in self.columns]
        widths = [h + t + g + len(c.modes) for h, t, g, (_, c) in zip(heads, tails, gaps, self.columns)]
        self.numbers, self.parts, self.told_apart = len(mixed), sum(widths), len(widths) - len(mixed)
        self.width, self.conditions = self.numbers + self.parts, sum(widths[: self.told_apart])

        def keep(name: str, values, dtype=torch.int64) -> None:
            self.register_buffer(name, torch.as_tensor(values).to(dtype), persistent=False)

        keep("source", [i for i, _ in self.columns])
        keep("head", heads)
        keep("gap", [h + t for h, t in zip(heads, tails)])  # the part that says "missing"
        keep("mode", [h + t + g for h, t, g in zip(heads, tails, gaps)])  # the first of the modes
        keep("owner", [c for c, w in enumerate(widths) for _ in range(w)])  # column of each part
        keep("start", [sum(widths[:c]) for c in range(len(widths))])
        keep("member", torch.arange(len(widths)) == self.owner[:, None], torch.float32)  # (parts, columns)
        place = torch.arange(max(widths, default=0)) + self.start[:, None]
        beyond = torch.arange(max(widths, default=0)) >= torch.tensor(widths)[:, None]
        keep("spread", place.masked_fill(beyond, self.parts))  # (columns, widest): the parts of each; one past the end

        self.tails = [c.shares[h:] for h, (_, c) in zip(heads, self.columns)]
        share = [
            [*c.shares[:h], *([sum(c.shares[h:])] if t else []), *([c.missing] if g else [])]
            for h, t, g, (_, c) in zip(heads, tails, gaps, self.columns[: self.told_apart])
        ]
        keep("share", sum(share, []), torch.float32)  # (conditions,): of the rows
        self.shift, self.scale = (torch.tensor(v, dtype=torch.float64) for v in (spec.center, spec.scale))
        spikes = [(n, k, v) for n, c in enumerate(mixed) for k, v in enumerate(c.levels)]
        at = self.source[self.told_apart :]
        keep("spike_of", [n for n, _, _ in spikes])
        keep("spike_part", [k for _, k, _ in spikes])
        values = torch.tensor([float(v) for _, _, v in spikes], dtype=torch.float64)
        keep("spike", (values - self.shift[at[self.spike_of]]) / self.scale[at[self.spike_of]], torch.float32)
        modes = [list(c.modes) + [(0.0, 1.0, 0.0)] * (max(len(m.modes) for m in mixed) - len(c.modes)) for c in mixed]
        keep("modes", modes or torch.empty(0, 1, 3), torch.float32)  # (numbers, most, mean | sd | weight)

    def place(self, rows: Tensor, draw: bool = True) -> tuple[Tensor, Tensor]:
        """Rows (n, table's columns) to the part of each column (n, columns) and its number within it (n, numbers).

        A number's mode is drawn from what the mixture says of it (section 4.2), anew each time; or the likeliest.
        """
        x = rows.index_select(1, self.source)
        gaps = x.isnan()
        levels = torch.minimum(x[:, : self.told_apart].nan_to_num(), self.head[: self.told_apart]).long()
        v = x[:, self.told_apart :].nan_to_num()
        mean, sd, weight = self.modes.unbind(2)
        unlikely = ((v[:, :, None] - mean) / sd).square() / 2 + sd.log() - weight.log()
        if draw:
            unlikely = unlikely - gumbel(unlikely.shape, unlikely.device)
        mode = unlikely.argmin(2)
        mean, sd = (m.expand(len(v), -1, -1).gather(2, mode[:, :, None])[:, :, 0] for m in (mean, sd))
        numbers = ((v - mean) / (4 * sd)).clamp(-EDGE, EDGE)
        spike = torch.zeros_like(mode).index_add_(
            1, self.spike_of, (v.index_select(1, self.spike_of) == self.spike) * (self.spike_part + 1)
        )
        at_mode = (spike == 0) & ~gaps[:, self.told_apart :]
        parts = torch.cat([levels, torch.where(spike > 0, spike - 1, self.mode[self.told_apart :] + mode)], 1)
        return torch.where(gaps, self.gap, parts), numbers * at_mode

    def flat(self, parts: Tensor, numbers: Tensor) -> Tensor:
        """What `place` gives as flat vectors (n, width)."""
        row = numbers.new_zeros(len(parts), self.parts).scatter_(1, parts + self.start, 1.0)
        return torch.cat([numbers, row], 1)

    def asked(self, given: Tensor) -> Tensor:
        """Conditions (n,), each a part of a column that is told apart, as one-hot vectors (n, conditions)."""
        if not self.conditions:
            return torch.zeros(len(given), 0, device=given.device)
        return nn.functional.one_hot(given, self.conditions).float()

    def words(self, said: Tensor, given: Tensor) -> Tensor:
        """Of a generator's words (n, width) those on the column that each condition (n,) is of: (n, widest)."""
        return padded(said[:, self.numbers :]).gather(1, self.spread[self.owner[given]])

    def most(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        """The largest of each column's parts, and which it is: (n, columns) both."""
        spread = padded(parts).T.contiguous().index_select(0, self.spread.flatten())
        found = spread.unflatten(0, self.spread.shape).max(1)
        return found.values.T, found.indices.T

    def soft(self, said: Tensor, temperature: float) -> Tensor:
        """A generator's words (n, width) as flat vectors: tanh of the numbers, a Gumbel-softmax of each column's parts.

        One softmax over all columns: sums within a column are products with `member`.
        """
        numbers, parts = said.float().split([self.numbers, self.parts], 1)
        noisy = (parts + gumbel(parts.shape, parts.device)) / temperature
        with torch.no_grad():  # a shift that changes no share
            largest = self.most(noisy)[0].index_select(1, self.owner)
        share = (noisy - largest).exp()
        return torch.cat([numbers.tanh(), share / ((share @ self.member) @ self.member.T)], 1)

    def hard(self, said: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The same as a draw: a part of each column (n, columns), and the numbers (n, numbers)."""
        numbers, parts = said.split([self.numbers, self.parts], 1)
        return self.most(parts + noise)[1], numbers.tanh()

    def codes(self, parts: Tensor, numbers: Tensor, rng: torch.Generator) -> np.ndarray:
        """Parts and numbers as the table's codes (n, table's columns) float64; 0 for ids.

        Which of the values that share one part it is, chance draws by their frequency.
        """
        table = np.zeros((len(parts), len(self.shift)))
        for c, (source, column) in enumerate(self.columns):
            part, head, gap, mode = parts[:, c].numpy(), int(self.head[c]), int(self.gap[c]), int(self.mode[c])
            if column.discrete:
                code = part.astype(np.float64)
                rest = part == head if gap > head else np.zeros(len(part), bool)
                if rest.any():
                    drawn = torch.multinomial(torch.tensor(self.tails[c]), int(rest.sum()), True, generator=rng)
                    code[rest] = head + drawn.numpy()
            else:
                mean, sd = (np.array([m[i] for m in column.modes])[np.maximum(part - mode, 0)] for i in (0, 1))
                code = mean + 4 * sd * numbers[:, c - self.told_apart].double().numpy()
                code = code * self.scale[source].item() + self.shift[source].item()
                exact = np.array([*column.levels, 0.0], np.float64)
                code = np.where(part < head, exact[np.minimum(part, head)], code)
            table[:, source] = np.where((part == gap) & (column.missing > 0), np.nan, code)
        return table


def padded(parts: Tensor) -> Tensor:
    """One more column, of −∞: where a column of the table has fewer parts than the widest."""
    return torch.cat([parts, parts.new_full((len(parts), 1), -torch.inf)], 1)


def gumbel(shape, device=None, rng: torch.Generator | None = None) -> Tensor:
    """Standard Gumbel noise: the largest of it plus logits is a draw from their softmax."""
    return -(-torch.rand(shape, device=device, generator=rng).log()).log()
