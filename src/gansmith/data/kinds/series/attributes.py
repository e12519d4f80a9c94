"""What the networks are told of what a series is: the values of the columns that hold for all of it.

A column is told as a 1 among zeros where it has few values; as one number, −1 … 1 by its rank among the series, where
it holds amounts; and as a code of `CODE` numbers, drawn once for each value, where it has many names and series are
long enough to learn of each, or many share one. Other names stay unknown to the networks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gansmith.data.kinds.table.columns import NUMBERS, TIMES, Column
from gansmith.data.kinds.table.typed import is_key

LEVELS = 32  # of a column that is told as a 1 among zeros
NAMES = 1000  # … that is told by codes
CODE = 32  # numbers of one
LONG, SHARED = 64, 4  # steps of a series, or series of a name, from which names are told


def told(
    entries: tuple[Column, ...], named: tuple[int, ...], keys: tuple[int, ...], codes: np.ndarray, steps: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(places that are told, those of them that are told by codes) of the entries `named`.

    keys  those that tell series apart;  codes  (series, named) of all series, which are so many `steps` long
    """
    made, coded = [], []
    for place, code in zip(named, codes.T):
        column, count = entries[place], len(np.unique(code))
        if one_hot(column):
            made.append(place)
        elif column.kind in (*NUMBERS, *TIMES) and place not in keys:
            whole = column.kind == "integer" and is_key(column.name, code) and count == len(codes)
            made += [place] if count > 1 and not whole else []
        elif column.kind != "id" and 1 < count <= NAMES and (steps >= LONG or SHARED * count <= len(codes)):
            made.append(place)
            coded.append(place)
    return tuple(made), tuple(coded)


def one_hot(column: Column) -> bool:
    """Whether it is told as a 1 among zeros."""
    return column.discrete and 1 < len(column.levels) <= LEVELS


def sizes(form: Any) -> list[int]:
    """How many channels each attribute has: those of a 1 among zeros, and 1 for each number."""
    made = []
    for place in form.told:
        column, coded = form.table.entries[place], place in form.coded
        made += [1] * CODE if coded else [len(column.levels)] if one_hot(column) else [1]
    return made


def names(form: Any) -> list[str]:
    """Of the channels."""
    made = []
    for place in form.told:
        column, coded = form.table.entries[place], place in form.coded
        of = range(1, CODE + 1) if coded else [f"={level}" for level in column.levels] if one_hot(column) else [""]
        made += [f"{column.name} {part}" if coded else f"{column.name}{part}" for part in of]
    return made


def channels(form: Any, codes: np.ndarray) -> np.ndarray:
    """(n, channels) of the codes (n, named) of series; zeros for what no series of the data had, and for gaps."""
    made = [np.zeros((len(codes), 0))]
    for place in form.told:
        k, column = form.named.index(place), form.table.entries[place]
        code = codes[:, k]
        if place not in form.coded and one_hot(column):
            levels = len(column.levels)
            made.append((np.where(np.isnan(code), levels, code)[:, None] == np.arange(levels)).astype(float))
            continue
        known = np.unique([member.codes[k] for member in form.members])
        known = known[~np.isnan(known)]
        if place in form.coded:
            at = np.searchsorted(known, code).clip(0, len(known) - 1)
            drawn = np.random.default_rng(0).uniform(-1, 1, (len(known), CODE))
            made.append(drawn[at] * (known[at] == code)[:, None])
        else:
            rank = np.interp(np.nan_to_num(code), known, np.linspace(-1, 1, len(known)))
            made.append(np.where(np.isnan(code), 0, rank)[:, None])
    return np.concatenate(made, 1)
