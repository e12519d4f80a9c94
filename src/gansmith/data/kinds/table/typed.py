"""Columns of what is no text any more: numbers, ticks, values that are told apart; their range, steps and levels."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np

from gansmith.data.kinds.table import dates
from gansmith.data.kinds.table.columns import EXACT, Column
from gansmith.errors import DataError

FEW = 20  # whole numbers of at most so many values are told apart
ROWS_A_VALUE = 10  # … if each comes this often on average
SPIKE_SHARE, SPIKE_TIMES = 0.002, 10  # a spike has this share of the rows, and is this much commoner than other values
SPIKES = 20  # at most, of a column
STEPS = (86_400, 3600, 60, 1)  # of dates and durations, in seconds
KEY = re.compile(
    r"(?i:(?:^|[^a-z])(?:p?id|key|no|nr|number|code|uuid|parcel|account|phone|ssn|serial|invoice|passport)s?$)|(?<=[a-z])(?:I[Dd]|Key|Number)$"
)
FIGURES = 2.0**47  # numbers of more steps than this are rounded to none


def told_apart(base: Column, values: list) -> Column:
    """A column each of whose values (None: missing) is told apart."""
    there = [v for v in values if v is not None]
    count = Counter((type(v), v) for v in there)
    pairs = sorted(((v, n) for (_, v), n in count.items()), key=lambda pair: (-pair[1], str(pair[0])))
    return replace(
        base,
        discrete=True,
        levels=tuple(v for v, _ in pairs),
        shares=tuple(n / len(values) for _, n in pairs),
        missing=1 - len(there) / len(values),
    )


def of_numbers(base: Column, found: np.ndarray, gaps: np.ndarray, kind: str | None, words=None) -> Column:
    """A column of numbers as `values.numbers` gives them; `words` (n,) says where one stands (−1: nowhere).

    Without `words`, numbers that are infinite are the column's words.
    """
    if words is None:
        endless = np.isinf(found.astype(np.float64)) & ~gaps
        base = replace(base, words=tuple(sorted(set(found[endless].tolist()))))
        words = np.array([base.words.index(v) if e else -1 for v, e in zip(found.tolist(), endless.tolist())])
    finite = ~gaps & (words < 0)
    there, rows = found[finite], len(found)
    if not len(there):
        raise DataError(
            f"column {base.name!r} holds no finite number: give types='{base.name}=categorical', or leave it out"
        )
    exact = there.dtype.kind != "f"
    largest = max(abs(int(v)) for v in (there.min(), there.max()))
    whole = exact or (largest < EXACT and bool((there == np.rint(there)).all()))
    if kind == "integer" and not whole:
        odd = there[there != np.rint(there)] if largest < EXACT else there
        raise DataError(f"column {base.name!r} holds {odd[0]:g}, which is not whole: type {base.name}=continuous")
    if whole and kind is None and len(there) == rows > FEW and (counts(there) or is_key(base.name, there)):
        return replace(base, kind="id", discrete=True)
    base = replace(base, kind=kind or ("integer" if whole else "continuous"), missing=float(gaps.mean()))
    different = np.unique(there)
    few = len(different) <= FEW and len(there) >= ROWS_A_VALUE * len(different)
    span = int(different[-1]) - int(different[0])
    if exact and largest >= EXACT and span >= EXACT and kind is None and not few:  # no float tells them apart: names
        if len(different) == rows > FEW:
            return replace(base, kind="id", discrete=True)
        few, base = True, replace(base, kind="categorical")
    if few and base.kind != "continuous" and not base.words:
        plain = [None if gap else int(v) for v, gap in zip(found.tolist(), gaps.tolist())]
        return replace(told_apart(base, plain), step=1.0)
    if exact and largest >= EXACT:
        base = replace(base, origin=int(different[0]))
    codes = np.array([int(v) - base.origin for v in there.tolist()], np.float64) if exact else there
    step = 1.0 if base.kind == "integer" else decimals(codes, base.dtype)
    base = replace(base, low=float(codes.min()), high=float(codes.max()), step=step)
    return with_words(base, codes, finite, words)


def of_ticks(base: Column, ticks: np.ndarray, gaps: np.ndarray, unit: str, words=None) -> Column:
    """A column of dates, durations or periods as `values.ticks` gives them; `words` as in `of_numbers`."""
    words = np.full(len(ticks), -1) if words is None else words
    there = ticks[~gaps & (words < 0)]
    for finer, coarser in (("ns", "us"), ("us", "ms"), ("ms", "s")):
        if unit == finer and not (there % 1000).any():
            unit, there = coarser, there // 1000
    origin = int(there.min())
    codes = there - origin
    scale = dates.UNITS.get(unit, 1)
    steps = [scale * seconds for seconds in STEPS] if unit != "period" else []
    step = next((s for s in (*steps, scale // 1000, scale // 10**6) if s and not (codes % s).any()), 1)
    base = replace(base, unit=unit, origin=origin, low=0.0, high=float(codes.max()), step=float(step))
    return with_words(replace(base, missing=float(gaps.mean())), codes.astype(np.float64), ~gaps & (words < 0), words)


def with_words(base: Column, codes: np.ndarray, there: np.ndarray, words: np.ndarray) -> Column:
    """`base` with the values that are far commoner than others, and its words, as levels.

    codes  of the rows that are `there` (n,);  words  (n,) the word of each row, −1 for none
    """
    values, count = np.unique(codes, return_counts=True)
    least = max(SPIKE_SHARE * len(there), SPIKE_TIMES * float(np.median(count)), 2 * ROWS_A_VALUE)
    order = sorted(np.flatnonzero(count >= least), key=lambda i: (-count[i], str(values[i])))[:SPIKES]
    levels = [*values[order].tolist(), *(base.word_code(k) for k in range(len(base.words)))]
    times = [*count[order].tolist(), *(int((words == k).sum()) for k in range(len(base.words)))]
    plain = tuple(int(v) if v.is_integer() else v for v in levels)
    return replace(base, levels=plain, shares=tuple(n / len(there) for n in times))


def is_key(name, there: np.ndarray) -> bool:
    """Whether whole numbers that all differ are a key by the name of their column: "customer_id", "PID", "Order No"."""
    return bool(KEY.search(str(name))) and len(np.unique(there)) == len(there)


def counts(there: np.ndarray) -> bool:
    """Whether each number is one more than the last."""
    return bool((there[1:] - there[:-1] == 1).all())


def decimals(there: np.ndarray, dtype: str = "float64") -> float:
    """The coarsest of 1, 0.1, 0.01 … that all numbers are multiples of, as far as their type tells; 0: none of them."""
    single = dtype.lower() in ("float32", "float16")
    largest = np.abs(there).max()
    for digits in range(16):
        if largest * 10.0**digits >= (2.0**22 if single else FIGURES):
            return 0.0
        rounded = np.rint(there * 10.0**digits) / 10.0**digits
        if np.array_equal(rounded.astype(dtype.lower()) if single else rounded, there):
            return 10.0**-digits
    return 0.0
