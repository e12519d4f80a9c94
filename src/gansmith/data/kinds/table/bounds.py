"""What each column of a row may be, given the columns before it, so that rows are as asked and rules hold in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from gansmith.data.kinds.table.asked import Range, Rule, values
from gansmith.data.kinds.table.bins import Bins
from gansmith.data.kinds.table.columns import Column, write_cells
from gansmith.data.kinds.table.values import is_text

Bounds = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def bounds_of(
    layout: Bins,
    asked: Mapping[int, Range],
    rules: tuple[Rule, ...],
    known: tuple[Tensor, Tensor, Tensor] | None = None,
    codes: np.ndarray | None = None,
) -> dict[int, Bounds]:
    """Column of the layout -> its bounds, for `networks.columns.draw`.

    asked  place in the table -> what the column is asked to be
    known, codes  parts, places and which cells are there, of rows that are to be filled, and their codes
    """
    order = {source: k for k, (source, _) in enumerate(layout.columns)}
    found: dict[int, list[Bounds]] = {}
    for source, want in asked.items():
        k = order[source]
        if want.code is not None:
            fixed = layout.only(k, want.code)
        else:
            fixed = layout.between(k, np.array([want.low]), np.array([want.high]))
        found.setdefault(k, []).append(_always(fixed))
    for rule in rules:
        if rule.kind != "unique":
            last = max((rule.left, *rule.right), key=order.__getitem__)
            found.setdefault(order[last], []).append(_of_rule(layout, order, rule, last, codes))
    if known is not None:
        for k in range(len(layout.columns)):
            found.setdefault(k, []).append(_of_known(layout, k, *known))
    return {k: both(several) for k, several in found.items()}


def _always(fixed: tuple[Tensor, Tensor]) -> Bounds:
    return lambda which, parts, places: fixed


def both(several: list[Bounds]) -> Bounds:
    """Bounds that keep within all of these."""

    def all_of(which: Tensor, parts: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        lows, highs = zip(*(one(which, parts, places) for one in several))
        low, high = lows[0], highs[0]
        for other, another in zip(lows[1:], highs[1:]):
            low, high = torch.maximum(low, other.to(low.device)), torch.minimum(high, another.to(high.device))
        return low, high

    return all_of


def _of_known(layout: Bins, k: int, parts: Tensor, places: Tensor, there: Tensor) -> Bounds:
    low, high = layout.known(parts, places, k)
    free = layout.there(k)
    low, high = (torch.where(there[:, k, None], one, any_) for one, any_ in zip((low, high), free))
    return lambda which, *made: (low[which.cpu()], high[which.cpu()])


def _of_rule(layout: Bins, order: dict[int, int], rule: Rule, last: int, codes: np.ndarray | None) -> Bounds:
    entries = dict(layout.columns)

    def bounds(which: Tensor, parts: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        def told(source: int) -> np.ndarray:
            mine = parts[:, order[source]].cpu().numpy()
            made = layout.column(order[source], mine, places.cpu().numpy())
            own = made * np.nan if codes is None else codes[which.cpu().numpy(), source]
            return _told(entries[source], np.where(np.isnan(own), made, own))

        shift = float(entries[last].origin)
        low, high = np.full(len(which), -np.inf), np.full(len(which), np.inf)
        if rule.kind == "sum" and last == rule.left:
            low = high = np.sum([told(source) for source in rule.right], 0) - shift
        elif rule.kind == "sum":
            others = [told(source) for source in rule.right if source != last]
            low = high = told(rule.left) - sum(others, np.zeros(len(which))) - shift
        else:
            more = (entries[last].step or 1e-9) if rule.strict else 0.0
            if last == rule.left:
                low = told(rule.right[0]) - shift + more
            else:
                high = told(rule.left) - shift - more
        open_ = np.isnan(low) | np.isnan(high)
        low, high = np.where(open_, -np.inf, low), np.where(open_, np.inf, high)
        return layout.between(order[last], low, high, gaps=True)

    return bounds


def finished(
    layout: Bins, made: tuple[Tensor, Tensor], rng: np.random.Generator, asked: Mapping[int, Range],
    rules: tuple[Rule, ...], known: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """The codes of rows that were drawn within bounds, to the last digit what was asked, what is `known` (n, columns)
    and what the rules say."""
    codes = layout.codes(made[0].numpy(), made[1].numpy(), rng)
    entries, free = dict(layout.columns), np.ones_like(codes, bool) if known is None else np.isnan(known)
    codes = codes if known is None else np.where(free, codes, known)
    for source, want in asked.items():
        if want.code is not None:
            codes[:, source] = want.code
        elif not entries[source].discrete:
            codes[:, source] = np.clip(codes[:, source], want.low, want.high)
    for rule in rules:
        left = free.copy()
        for source in (rule.left, *reversed(rule.right)) if rule.kind == "sum" else ():
            rows, others = left[:, source], [i for i in rule.right if i != source]
            exact = sum((_told(entries[i], codes[:, i]) for i in others), np.zeros(len(codes)))
            if source != rule.left:
                exact = _told(entries[rule.left], codes[:, rule.left]) - exact
            exact = np.where(np.isnan(exact), codes[:, source], exact - float(entries[source].origin))
            if not entries[source].discrete:
                codes[:, source] = np.where(rows, exact, codes[:, source])
            left[rows] = False  # one cell of each row makes up for the others
    return codes


def _told(column: Column, codes: np.ndarray) -> np.ndarray:
    return values(column, codes) + float(column.origin)


def within(layout: Bins, codes: np.ndarray, rules: tuple[Rule, ...], known: np.ndarray | None = None) -> np.ndarray:
    """Whether the cells that rules are about lie within the range of their columns, in which they are written."""
    good = np.ones(len(codes), bool)
    for source, column in layout.columns:
        if not column.discrete and any(source in (rule.left, *rule.right) for rule in rules):
            outside = (codes[:, source] < column.low) | (codes[:, source] > column.high + 1e-9 * abs(column.high))
            good &= ~outside if known is None else ~outside | ~np.isnan(known[:, source])
    return good


def filled(spec, rows, codes: np.ndarray, made: np.ndarray):
    """A DataFrame of a table's columns whose cells without a code get what was made; written as text where they are."""
    new, found, gap, at = spec.frame(np.where(np.isnan(codes), made, codes)), {}, np.isnan(codes), 0
    for place, columns in enumerate(spec.cells()):
        name, empty = columns[0].name, gap[:, at : at + len(columns)].any(1)
        mine, other, at = rows[name], new.iloc[:, place], at + len(columns)
        if is_text(mine) and not is_text(other):
            other = mine.astype(object).where(~empty, write_cells(columns[0], other))
        found[name] = mine.where(~empty, other.set_axis(mine.index)) if not empty.all() else other.set_axis(mine.index)
    return type(rows)(found)[list(rows.columns)] if set(found) == set(rows.columns) else type(rows)(found)


def emptied(spec, rows):
    """The DataFrame with empty cells of text, as files have them, as gaps, where "" is no value of the column."""
    rows = rows.copy()
    for columns in spec.cells():
        name, levels = columns[0].name, columns[0].levels if columns[0].discrete else ()
        if name in rows and is_text(rows[name]) and "" not in levels:
            rows[name] = rows[name].astype(object).where(rows[name].astype(str).str.strip() != "", None)
    return rows
