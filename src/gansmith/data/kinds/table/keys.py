"""Columns of a table by which its rows are told apart: alone, or two together."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from gansmith.data.kinds.table.columns import Column
from gansmith.data.labels import few

FEWEST = 20  # rows of a table in which what differs in every row means something
BY_CHANCE = 10.0  # pairs of rows that would be alike if two columns knew nothing of each other, at least
TRIED, MOST = 24, 100_000  # columns and rows that are looked at, at most


def differ(entries: tuple[Column, ...], codes: np.ndarray) -> list[int]:
    """Places of whole numbers that are learned as such and yet differ in every row: they may be somebody's."""
    if len(codes) <= FEWEST:
        return []
    whole = (i for i, c in enumerate(entries) if c.kind == "integer" and not c.discrete and not c.missing)
    return [i for i in whole if len(np.unique(codes[:, i])) == len(codes)]


def together(entries: tuple[Column, ...], codes: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of columns (dates, and values that are told apart) that never have the same two values in two rows, where
    chance would have it many times: what `keep="unique city date"` holds."""
    if not FEWEST < len(codes) <= MOST:
        return []
    able = [i for i, c in enumerate(entries) if (c.discrete and c.kind != "id") or c.kind == "date"][:TRIED]
    levels = {i: np.unique(codes[:, i], return_inverse=True)[1] for i in able}
    alike = {i: float(((np.bincount(x) / len(x)) ** 2).sum()) for i, x in levels.items()}
    found = []
    for a, b in combinations(able, 2):
        many = int(levels[b].max()) + 1
        if (int(levels[a].max()) + 1) * many < len(codes) or max(alike[a], alike[b]) <= 1 / len(codes):
            continue
        if alike[a] * alike[b] * len(codes) ** 2 / 2 < BY_CHANCE:
            continue
        if len(np.unique(levels[a] * many + levels[b])) == len(codes):
            found.append((a, b))
    return found


def advice(entries: tuple[Column, ...], codes: np.ndarray) -> list[str]:
    """What `together` found, in a line, with what to type; [] where it found nothing."""
    pairs = [(str(entries[a].name), str(entries[b].name)) for a, b in together(entries, codes)]
    if not pairs:
        return []
    shown = few([" and ".join(pair) for pair in pairs], 4)
    return [f'never twice in the table: {shown}; made rows keep to it with --keep "unique {" ".join(pairs[0])}"']
