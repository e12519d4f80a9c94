"""Rows of a table as one part of each column: a value that is told apart, a gap, or a bin of numbers and a place in it.

Bins hold about as many rows each. A number's place in its bin is the normal score of its rank there, so that places are
standard normal; back again, bin and place are a point of the column's quantile function: numbers are as they were
distributed, and lie between the knots of that function, not on somebody's. Numbers that people chose are round more
often than chance would have it: how often, each bin knows, and a number that is made is rounded as often.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.kinds.table import Table, TableSpec
from gansmith.data.kinds.table.columns import NUMBERS, Column

KNOTS = 8  # steps of the quantile function in a bin
ROUNDER = (5, 2, 5, 2, 5, 2, 5, 2)  # from steps to multiples of 5, of 10, of 50 … 10,000 of them
ENOUGH = 10  # numbers of a bin that tell how often they are round
EDGE = 1e-3  # ranks of places lie so far from 0 and 1
KNOTTED = slice(1, KNOTS + 2)  # where they stand among the numbers of a bin
CURVES = 5  # numbers that say where in its column a part with an order stands


def with_bins(table: Table, most: int) -> Table:
    """`table` with the knots of at most `most` bins of each column of numbers, of those of its rows that are played."""
    codes = table.fields["real"] if table.rows is None else table.fields["real"][table.rows.numpy()]
    entries = list(table.spec.entries)
    for i, column in enumerate(entries):
        if not column.discrete:
            x = codes[:, i]
            x = x[~np.isnan(x) & ~np.isin(x, np.array(column.levels, np.float64))]
            entries[i] = replace(column, bins=bins_of(x, most, column.step))
    return replace(table, spec=replace(table.spec, entries=tuple(entries)))


def bins_of(x: np.ndarray, most: int, step: float = 0.0) -> tuple[tuple[float, ...], ...]:
    """(share, KNOTS + 1 values of the quantile function, `roundness`) of each of at most `most` bins of `x` (n,), of
    which one begins where the last one ends. Multiples of `step` lie in the middle of half a step to both sides."""
    if not len(x):
        return ((1.0, *(np.linspace(-0.5, 0.5, KNOTS + 1) * (step or 1.0)).tolist(), *[0.0] * len(ROUNDER)),)
    x = np.sort(x)
    half = step / 2 or max(1e-9 * float(np.ptp(x)), 1e-12 * float(np.abs(x).max()), 1e-300)
    different = np.unique(x)
    starts = different if len(different) <= most else np.unique(x[len(x) * np.arange(most) // most])
    edges = np.append(starts - half, different[-1] + half)
    inside, found = np.arange(1, KNOTS) / KNOTS, []
    for low, high in zip(edges, edges[1:]):
        mine = x[np.searchsorted(x, low) : np.searchsorted(x, high)]
        few = len(np.unique(mine)) <= KNOTS
        between = np.linspace(low, high, KNOTS + 1)[1:-1] if few else np.quantile(mine, inside)
        knots = [float(low), *np.clip(between, low, high).tolist(), float(high)]
        found.append((len(mine) / len(x), *knots, *roundness(mine, step)))
    return tuple(found)


def roundness(x: np.ndarray, step: float) -> list[float]:
    """How many of the numbers, multiples of `step`, were rounded to multiples of 5 steps; of these, to 10; of these, to
    50 …: more of them are such multiples than chance would have it, which makes one in five, in ten … of the others."""
    found, x = [0.0] * len(ROUNDER), np.rint(x / (step or 1.0))
    rounded_to, by_chance, unit = 1.0, 0.0, 1  # the share that was rounded so far; Σ shares · units of those before
    for i, times in enumerate(ROUNDER if step and len(x) >= ENOUGH else ()):
        unit *= times
        share = float((x % unit == 0).mean())
        more = (share - by_chance / unit - rounded_to / times) / (1 - 1 / times)
        more = min(max(more, 0.0), rounded_to)
        if more * len(x) < 1:
            break
        found[i] = more / rounded_to
        by_chance += (rounded_to - more) * unit / times
        rounded_to = more
    return found


def rounded(x: np.ndarray, often: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Steps (n,) rounded `often` (n, len(ROUNDER)), by a number from 0 to 1 (n,)."""
    x, unit, on = np.rint(x), np.ones(len(x)), np.ones(len(x), bool)
    for i, times in enumerate(ROUNDER):
        on &= chance < often[:, i]
        chance = np.where(on, chance / np.maximum(often[:, i], 1e-12), chance)
        unit = np.where(on, unit * times, unit)
    return np.rint(x / unit) * unit


class Bins(nn.Module):
    """Parts of the columns of a table that are learned, in the table's order, and the ways there and back.

    columns  (place in the table, Column);  widths  parts of each: levels, one for all others, a gap, bins
    start    (columns + 1,) where the parts of each begin;  parts  how many there are in all
    table    how many columns the table has;  numbers  places among `columns` of those of numbers
    shares   (parts,) of the rows;  curves  (parts, CURVES) where in its column a part with an order stands, else 0
    low, wide  (parts,) rank at which a part begins and how much of the ranks it takes: 0 for what is no bin
    """

    shares: Tensor
    curves: Tensor
    low: Tensor
    wide: Tensor
    edges: Tensor
    source: Tensor
    spikes: Tensor

    def __init__(self, spec: TableSpec, most: int):
        super().__init__()
        self.table = len(spec.entries)
        self.columns = [(i, c) for i, c in enumerate(spec.entries) if c.kind != "id"]
        self.numbers = [k for k, (_, c) in enumerate(self.columns) if not c.discrete]
        entries = [c for _, c in self.columns]
        self.head = [min(len(c.levels), most) for c in entries]
        self.gap = [h + (len(c.levels) > most) for h, c in zip(self.head, entries)]  # the part that says "missing"
        self.first = [g + (c.missing > 0) for g, c in zip(self.gap, entries)]  # the first bin
        self.widths = [f + len(c.bins) for f, c in zip(self.first, entries)]
        self.start = np.cumsum([0, *self.widths]).tolist()
        self.parts = self.start[-1]

        def keep(name: str, values, dtype=torch.float32) -> None:
            self.register_buffer(name, torch.as_tensor(np.array(values)).to(dtype), persistent=False)

        keep("source", [i for i, _ in self.columns], torch.int64)
        found = [ordered(c, h, w) for c, h, w in zip(entries, self.head, self.widths)]
        for name, values in zip(("shares", "curves", "low", "wide"), zip(*found)):
            keep(name, np.concatenate(values))
        shift = np.array([spec.center[self.columns[k][0]] for k in self.numbers])[:, None]
        scale = np.array([spec.scale[self.columns[k][0]] for k in self.numbers])[:, None]
        longest = max([len(entries[k].bins) for k in self.numbers], default=1) * (KNOTS + 1)
        edges = np.full((len(self.numbers), longest), np.inf)
        for row, k in enumerate(self.numbers):
            flat = np.array(entries[k].bins)[:, KNOTTED].ravel()
            edges[row, : len(flat)] = flat
        keep("edges", (edges - shift) / scale)
        most = max([len(entries[k].levels) for k in self.numbers], default=0)
        spikes = np.full((len(self.numbers), most), np.nan)
        for row, k in enumerate(self.numbers):
            spikes[row, : len(entries[k].levels)] = entries[k].levels
        keep("spikes", (spikes - shift) / scale)

    def place(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (n, table's columns) in network units to parts (n, columns) and places in their bins (n, numbers)."""
        x = rows.index_select(1, self.source)
        gaps, parts = x.isnan(), torch.empty(x.shape, dtype=torch.int64, device=x.device)
        for k, (_, column) in enumerate(self.columns):
            if column.discrete:
                parts[:, k] = x[:, k].nan_to_num().clamp(max=self.head[k]).long()
        v = x[:, self.numbers].nan_to_num().T.contiguous()
        at = torch.searchsorted(self.edges, v, right=True) - 1
        last = (self.edges.isfinite().sum(1) - 2)[:, None]
        at = torch.minimum(at.clamp(min=0), last)
        low, high = self.edges.gather(1, at), self.edges.gather(1, at + 1)
        bins, step = at // (KNOTS + 1), at % (KNOTS + 1)
        rank = (step + ((v - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)) / KNOTS
        where = torch.special.ndtri(rank.clamp(EDGE, 1 - EDGE)).T
        same = v[:, :, None] == self.spikes[:, None]  # (numbers, n, spikes)
        spike = torch.where(same.any(2), same.float().argmax(2) if same.shape[2] else 0, -1).T
        for row, k in enumerate(self.numbers):
            parts[:, k] = torch.where(spike[:, row] >= 0, spike[:, row], self.first[k] + bins[row])
        parts = torch.where(gaps, torch.tensor(self.gap, device=x.device), parts)
        return parts, where * ((spike < 0) & ~gaps[:, self.numbers])

    def flat(self, parts: Tensor) -> Tensor:
        """Parts (n, columns) as one-hot vectors end to end, (n, parts)."""
        at = parts + torch.tensor(self.start[:-1], device=parts.device)
        return torch.zeros(len(parts), self.parts, device=parts.device).scatter_(1, at, 1.0)

    def seen(self, flat: Tensor, places: Tensor) -> Tensor:
        """What a discriminator is shown: one-hot vectors (n, parts) and the normal scores of the numbers (n, numbers),
        which follow from those and the places; differentiable in both."""
        scores = []
        for row, k in enumerate(self.numbers):
            mine = slice(self.start[k], self.start[k + 1])
            rank = flat[:, mine] @ self.low[mine] + flat[:, mine] @ self.wide[mine] * torch.special.ndtr(places[:, row])
            scores.append(torch.special.ndtri(rank.clamp(2e-3, 1 - 2e-3)))
        return torch.cat([flat, *(s[:, None] for s in scores)], 1)

    def codes(self, parts: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Parts (n, columns) and places (n, numbers) as the table's codes (n, columns of the table); 0 for ids.

        Which of the values that share one part it is, chance draws by their frequency.
        """
        table = np.zeros((len(parts), self.table))
        for k, (source, column) in enumerate(self.columns):
            table[:, source] = self.column(k, parts[:, k], places)
            rest = (parts[:, k] == self.head[k]) & (self.gap[k] > self.head[k])
            if rest.any():
                tail = np.array(column.shares[self.head[k] :])
                table[rest, source] = self.head[k] + rng.choice(len(tail), int(rest.sum()), p=tail / tail.sum())
        return table

    def column(self, k: int, part: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The codes (n,) of one column; of values that share a part, the first."""
        _, column = self.columns[k]
        code = part.astype(np.float64)
        if not column.discrete:
            rank = KNOTS * torch.special.ndtr(torch.from_numpy(places[:, self.numbers.index(k)]).double()).numpy()
            mine = np.array(column.bins)[np.maximum(part - self.first[k], 0)]
            grid, often = mine[:, KNOTTED], mine[:, KNOTS + 2 :]
            step, rows = np.minimum(rank.astype(int), KNOTS - 1), np.arange(len(part))
            code = grid[rows, step] + (rank - step) * (grid[rows, step + 1] - grid[rows, step])
            if column.step:  # on the border of two bins, not beyond it
                low, high = np.rint(grid[:, 0] / column.step + 0.5), np.rint(grid[:, -1] / column.step - 0.5)
                chance = rank * 997 % 1 if column.kind in NUMBERS else np.ones(len(part))  # the place says it
                code = np.clip(rounded(code / column.step, often, chance), low, high) * column.step
            exact = np.array([*column.levels, 0.0], np.float64)
            code = np.where(part < self.head[k], exact[np.minimum(part, self.head[k])], code)
        return np.where((part == self.gap[k]) & (column.missing > 0), np.nan, code)

    def only(self, k: int, code: float) -> tuple[Tensor, Tensor]:
        """Bounds of column `k` for `networks.columns.draw`, (1, parts) both: the value of this code, NaN for a gap."""
        part = self.gap[k] if np.isnan(code) else min(int(code), self.head[k])
        mine = torch.arange(self.widths[k])[None] == part
        return torch.where(mine, -torch.inf, torch.inf), torch.where(mine, torch.inf, -torch.inf)

    def there(self, k: int) -> tuple[Tensor, Tensor]:
        """The same: any value, and no gap."""
        mine = torch.arange(self.widths[k])[None] != (self.gap[k] if self.columns[k][1].missing else -1)
        return torch.where(mine, -torch.inf, torch.inf), torch.where(mine, torch.inf, -torch.inf)

    def between(self, k: int, low: np.ndarray, high: np.ndarray, gaps: bool = False) -> tuple[Tensor, Tensor]:
        """The same (n, parts): numbers from `low` (n,) to `high` (n,), as codes or levels; `gaps` or none."""
        _, column = self.columns[k]
        ends = np.full((2, len(low), self.widths[k]), np.inf)
        ends[1] = -np.inf  # crossed: none
        if gaps and column.missing:
            ends[:, :, self.gap[k]] = np.array([-np.inf, np.inf])[:, None]
        plain = column.levels[: len(column.levels) - len(column.words)][: self.head[k]]
        values = np.full(self.head[k], np.nan)
        values[: len(plain)] = [level if is_number(level) else np.nan for level in plain]
        exact = (low[:, None] <= values) & (values <= high[:, None])
        ends[:, :, : self.head[k]][:, exact] = np.array([-np.inf, np.inf])[:, None]
        if column.bins:
            if column.step:
                low = (np.ceil(low / column.step - 1e-9) - 0.5) * column.step
                high = (np.floor(high / column.step + 1e-9) + 0.5) * column.step
            grid = np.array(column.bins)[:, KNOTTED]
            wide = np.maximum(np.diff(grid), 1e-300)
            ranks = [((end[:, None, None] - grid[:, :-1]) / wide).clip(0, 1).mean(2) for end in (low, high)]
            there = (low[:, None] < grid[:, -1]) & (high[:, None] > grid[:, 0]) & (low <= high)[:, None]
            for end, rank, none in zip(ends, ranks, (np.inf, -np.inf)):
                end[:, -len(grid) :] = np.where(there, torch.special.ndtri(torch.from_numpy(rank)).numpy(), none)
        return torch.from_numpy(ends[0]).float(), torch.from_numpy(ends[1]).float()

    def known(self, parts: Tensor, places: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Bounds of column `k` that leave but these parts (n, columns) and places (n, numbers)."""
        mine = nn.functional.one_hot(parts[:, k].clamp(max=self.widths[k] - 1), self.widths[k]).bool()
        at = places[:, [self.numbers.index(k)]] if k in self.numbers else torch.zeros(len(parts), 1)
        binned = mine & (torch.arange(self.widths[k]) >= self.first[k])
        low = torch.where(binned, at, torch.where(mine, -torch.inf, torch.inf))
        return low, torch.where(binned, at, torch.where(mine, torch.inf, -torch.inf))


def is_number(level) -> bool:
    return type(level) in (int, float)


def ordered(column: Column, head: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(shares, curves, low, wide) of the parts of one column: see `Bins`."""
    shares, value = np.full(width, 1e-6), np.full(width, np.nan)
    shares[:head] = column.shares[:head]
    if len(column.levels) > head:
        shares[head] = sum(column.shares[head:])
    if column.missing:
        shares[head + (len(column.levels) > head)] = column.missing
    bins = np.array(column.bins).reshape(-1, KNOTS + 2 + len(ROUNDER))
    if len(bins):
        shares[-len(bins) :] = max(1 - shares[: -len(bins)].sum(), 1e-3) * bins[:, 0]
        value[-len(bins) :] = bins[:, KNOTTED].mean(1)
    if not column.discrete or all(map(is_number, column.levels)):
        value[:head] = column.levels[:head]
    shares, there = shares / shares.sum(), ~np.isnan(value)
    low, wide, curves = np.zeros(width), np.zeros(width), np.zeros((width, CURVES))
    if there.sum() > 1:
        order = np.flatnonzero(there)[np.argsort(value[there], kind="stable")]
        total = shares[order].sum()
        begin = (np.cumsum(shares[order]) - shares[order]) / total
        middle = begin + shares[order] / total / 2
        low[order], wide[order] = begin, shares[order] / total
        score = [NormalDist().inv_cdf(rank) for rank in middle]
        curves[order] = np.stack([score, *(np.cos(np.pi * k * middle) for k in range(1, CURVES))], 1)
        spike = order[order < width - len(bins)]
        low[spike], wide[spike] = low[spike] + wide[spike] / 2, 0.0
    return shares, curves, low, wide
