"""Counts of n-grams of sequences of numbers, and a small language model of them. All in arrays: no loop over symbols.

Sequences are ids (n, L), 0 behind the last symbol. An n-gram is one int64 key: its symbols as digits.
"""

from __future__ import annotations

import numpy as np

TRIES = 8  # to draw a sequence that ends in time


def lengths_of(ids: np.ndarray) -> np.ndarray:
    """(n,) symbols before the first 0."""
    return np.where((ids == 0).any(1), (ids == 0).argmax(1), ids.shape[1])


def keys(ids: np.ndarray, order: int, symbols: int) -> tuple[np.ndarray, np.ndarray]:
    """(row, key) of each n-gram inside the sequences ids (n, L) of numbers 1 … symbols."""
    steps = ids.shape[1] - order + 1
    if steps < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    key = np.zeros((len(ids), steps), np.int64)
    for j in range(order):
        key = key * (symbols + 1) + ids[:, j : j + steps]
    row, at = np.nonzero(np.arange(steps) + order <= lengths_of(ids)[:, None])
    return row, key[row, at]


def distribution(ids: np.ndarray, order: int, symbols: int, step: int = 1) -> np.ndarray:
    """How often each of the (symbols)^order n-grams comes, (symbols**order,), summing to 1. For small alphabets.

    step  3: codons, when order is 3: n-grams that begin at the first symbol, the fourth, …
    """
    steps = ids.shape[1] - order + 1
    if steps < 1:
        return np.full(symbols**order, 1 / symbols**order)
    key = np.zeros((len(ids), steps), np.int64)
    for j in range(order):
        key = key * symbols + ids[:, j : j + steps] - 1
    inside = np.arange(steps) + order <= lengths_of(ids)[:, None]
    inside[:, np.arange(steps) % step > 0] = False
    counts = np.bincount(key[inside], minlength=symbols**order)
    return counts / max(1, counts.sum())


class NGramModel:
    """Probabilities of the next symbol, or of the end, from the `order` − 1 before it: each order is mixed with the
    shorter one by how many different symbols follow (Witten and Bell 1991; Jelinek and Mercer's interpolation).

    Its perplexities compare sets of sequences; a neural language model predicts better.
    """

    def __init__(self, ids: np.ndarray, symbols: int, order: int = 3, weight: float = 5.0):
        self.symbols, self.order, self.weight = symbols, order, weight
        self.tables = []
        for n in range(1, order + 1):
            found, counts = np.unique(self._keys(ids, n)[self._inside(ids)], return_counts=True)
            before, first = np.unique(found // (symbols + 2), return_index=True)
            total = np.add.reduceat(counts, first) if len(first) else counts
            kinds = np.diff(np.append(first, len(found)))
            self.tables.append((found, counts, before, total, kinds))

    def log_likelihoods(self, ids: np.ndarray) -> np.ndarray:
        """(n, L + 1) nats of each symbol and of the end, 0 behind it."""
        chance = np.full((len(ids), ids.shape[1] + 1), 1 / (self.symbols + 1))
        for n, (found, counts, before, total, kinds) in enumerate(self.tables, 1):
            key = self._keys(ids, n)
            there, at = _look_up(found, key)
            known, context = _look_up(before, key // (self.symbols + 2))
            share = total[context] / (
                total[context] + (self.weight * kinds[context] if n > 1 else 1e-3 * total[context])
            )
            mixed = share * np.where(there, counts[at], 0) / total[context] + (1 - share) * chance
            chance = np.where(known, mixed, chance)
        return np.where(self._inside(ids), np.log(chance), 0.0)

    def per_symbol(self, ids: np.ndarray) -> np.ndarray:
        """(n,) mean nats a symbol, the end among them."""
        return self.log_likelihoods(ids).sum(1) / (lengths_of(ids) + 1)

    def perplexity(self, ids: np.ndarray) -> float:
        """exp of the mean negative log-likelihood of a symbol of all sequences together."""
        return float(np.exp(-self.log_likelihoods(ids).sum() / (lengths_of(ids) + 1).sum()))

    def draw(self, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
        """`count` sequences ids (count, steps), none empty where none of the data is. Those that do not end in time are
        drawn again, and cut where TRIES are not enough."""
        made = self._draw(count, steps + 1, rng)
        for _ in range(TRIES):
            long = np.flatnonzero(made[:, -1])
            made[long] = self._draw(len(long), steps + 1, rng)
        return made[:, :-1]

    def _draw(self, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
        ids, going = np.zeros((count, steps), np.int64), np.ones(count, bool)
        ends = [np.cumsum(table[1]) for table in self.tables]
        for t in range(steps):
            symbol = np.zeros(count, np.int64)
            for n, (found, counts, before, total, kinds) in enumerate(self.tables, 1):
                context = self._keys(ids[:, max(0, t - n + 1) : t], n)[:, -1] // (self.symbols + 2)
                known, at = _look_up(before, context)
                longest = n == self.order and t == 0  # a sequence begins as one of the data does
                share = total[at] / (total[at] + (self.weight * kinds[at] if n > 1 and not longest else 0))
                first = np.searchsorted(found, context * (self.symbols + 2)).clip(max=len(found) - 1)
                drawn = ends[n - 1][first] - counts[first] + rng.integers(0, total[at])
                drawn = found[np.searchsorted(ends[n - 1], drawn, side="right").clip(max=len(found) - 1)]
                symbol = np.where(known & (rng.random(count) < share), drawn % (self.symbols + 2), symbol)
            ids[:, t] = np.where(going, symbol, 0)
            going &= symbol > 0
        return ids

    def _inside(self, ids: np.ndarray) -> np.ndarray:
        return np.arange(ids.shape[1] + 1) <= lengths_of(ids)[:, None]

    def _keys(self, ids: np.ndarray, n: int) -> np.ndarray:
        """(n, L + 1) keys of the last `n` symbols up to each place; before the first stands symbols + 1."""
        start = np.full((len(ids), n - 1), self.symbols + 1)
        padded = np.concatenate([start, ids, np.zeros((len(ids), 1), np.int64)], 1).astype(np.int64)
        key = np.zeros((len(ids), ids.shape[1] + 1), np.int64)
        for j in range(n):
            key = key * (self.symbols + 2) + padded[:, j : j + key.shape[1]]
        return key


def _look_up(table: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(whether each key is in the sorted `table`, its place there or anywhere)."""
    at = np.searchsorted(table, key).clip(max=len(table) - 1)
    return table[at] == key, at
