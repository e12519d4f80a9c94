"""Rows of groups as rows of one flat table: what holds for the group, what came before in it, what the row is.

Its columns, in this order, which is the order in which they are made:
    the group's number (never learned)
    of the group: its attributes, the first date, how many rows
    told to each row: whether it is the first, its number, each column's value in the row before, and so far on average
        (of values that are told apart: the commonest)
    of the row: time since the row before, and each column; other dates as time since the row's own
What comes of a row depends on all before it through these: a chain of one step, and the habits of the group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gansmith.data.kinds.groups.read import Found
from gansmith.data.kinds.table import TableSpec
from gansmith.data.kinds.table.bins import bins_of
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.dates import UNITS
from gansmith.data.kinds.table.typed import with_words

HABITS = 32  # values that are told apart, of a column whose commonest one so far a row is told


@dataclass(frozen=True)
class Plan:
    """How the entries of a table and the columns of the flat one belong together.

    attributes, children, order  places in the table (order −1: rows go as they stand)
    since   those of the children that are dates, learned as time since the row's own date
    habits  which of the flat table's columns of a row (counted from their first) rows are told the average of
    """

    attributes: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
    order: int = -1
    since: tuple[int, ...] = ()
    habits: tuple[int, ...] = ()

    @property
    def dated(self) -> bool:
        return self.order >= 0

    @property
    def parents(self) -> range:
        """Columns of the flat table that hold for a group."""
        return range(1, 2 + len(self.attributes) + self.dated)

    @property
    def size(self) -> int:
        """Columns of a row."""
        return len(self.children) + self.dated

    @property
    def first(self) -> int:
        """The column that says whether a row is the first; its number comes next."""
        return self.parents.stop

    @property
    def rows(self) -> range:
        """Columns of the flat table that differ within a group."""
        start = self.first + 2 + self.size + len(self.habits)
        return range(start, start + self.size)


def numbers_of(plan: Plan, entries: tuple[Column, ...], codes: np.ndarray, starts: np.ndarray):
    """(of groups (n, attributes …), of rows (rows, columns)) as numbers: counts, times and codes of the table.

    codes   (rows, entries), the rows of each group one after the other;  starts  (groups + 1,) where they begin
    """
    begin, lengths = starts[:-1], np.diff(starts)
    groups, rows = [codes[begin, i] for i in plan.attributes], []
    if plan.dated:
        ticks, step = codes[:, plan.order], entries[plan.order].step or 1.0
        groups.append(ticks[begin])
        ahead = np.append(np.nan, np.diff(ticks) / step)
        ahead[begin] = np.nan
        rows.append(ahead)
    groups.append(lengths.astype(float))
    for i in plan.children:
        rows.append(since(plan, entries, codes, i) if i in plan.since else codes[:, i])
    return np.stack(groups, 1), np.stack(rows, 1)


def seconds(column: Column, codes: np.ndarray) -> np.ndarray:
    return (codes + column.origin) / UNITS[column.unit]


def second_step(plan: Plan, entries: tuple[Column, ...], i: int) -> float:
    return min((entries[k].step or 1.0) / UNITS[entries[k].unit] for k in (i, plan.order))


def since(plan: Plan, entries: tuple[Column, ...], codes: np.ndarray, i: int) -> np.ndarray:
    """Steps from the row's own date to that of the entry `i`."""
    own, other = (seconds(entries[k], codes[:, k]) for k in (plan.order, i))
    return np.rint((other - own) / second_step(plan, entries, i))


def date_of(plan: Plan, entries: tuple[Column, ...], i: int, steps: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Codes of the entry `i`, so many steps after the row's own date, whose codes are `ticks`."""
    time = seconds(entries[plan.order], ticks) + steps * second_step(plan, entries, i)
    column = entries[i]
    return np.rint(np.rint(time * UNITS[column.unit] / (column.step or 1.0)) * (column.step or 1.0)) - column.origin


# --- columns of the flat table ---------------------------------------------------------------------------------------
def flat_table(entries: tuple[Column, ...], codes: np.ndarray, starts: np.ndarray, found: Found):
    """(Plan, form of the flat table) of groups that were found in a table of these entries."""
    timed = [i for i, c in enumerate(entries) if c.kind == "date" and c.unit in UNITS]
    order = -1 if found.order is None else found.order
    after = tuple(i for i in found.children if i in timed and order in timed)
    plan = Plan(found.attributes, found.children, order, after)
    groups, rows = numbers_of(plan, entries, codes, starts)
    own = [known(replace(entries[i], part=0), groups[:, k]) for k, i in enumerate(plan.attributes)]
    if plan.dated:
        own.append(known(replace(entries[order], name=f"first {entries[order].name}", part=0), groups[:, -2]))
    own.append(counted("rows", groups[:, -1]))
    each = [counted(f"{entries[order].name}: steps since the last row", rows[:, 0])] if plan.dated else []
    for i in plan.children:
        if i in plan.since:
            text = f"{entries[i].name}: steps since {entries[order].name}"
            each.append(counted(text, rows[:, len(each)]))
        else:
            each.append(known(replace(entries[i], part=0), rows[:, len(each)]))
    habits = tuple(k for k, c in enumerate(each) if not c.discrete or len(c.levels) <= HABITS)
    plan = replace(plan, habits=habits)
    last, usual = before(plan, each, rows, starts)
    place = np.arange(len(rows)) - np.repeat(starts[:-1], np.diff(starts)) + 1.0
    told = [
        Column("first", "boolean", "bool", True, (False, True), (1 - len(groups) / len(rows), len(groups) / len(rows))),
        counted("row", place),
        *(known(replace(c, name=f"last {c.name}"), x) for c, x in zip(each, last.T)),
        *(habit(each[k], x) for k, x in zip(habits, usual.T)),
    ]
    columns = (Column("group", "id", "int64", True), *own, *told, *each)
    names = dict.fromkeys(str(c.name) for c in columns)
    if len(names) < len(columns):  # of columns that are called alike
        columns = tuple(replace(c, name=f"{c.name} {k}") for k, c in enumerate(columns))
    return plan, TableSpec.of_columns(columns, flat_codes(plan, columns, entries, codes, starts))


def flat_codes(
    plan: Plan, columns: tuple[Column, ...], entries: tuple[Column, ...], codes: np.ndarray, starts: np.ndarray,
    numbers: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """(rows, columns of the flat table): its codes of rows of the table (rows, entries).

    numbers  (groups,) the number of each group; None: 0, 1, 2 …
    """
    groups, rows = numbers_of(plan, entries, codes, starts)
    owner = np.repeat(np.arange(len(groups)), np.diff(starts))
    place = np.arange(len(rows)) - starts[owner] + 1.0
    last, usual = before(plan, [columns[k] for k in plan.rows], rows, starts)
    number = owner if numbers is None else numbers[owner]
    told = np.stack([place == 1, place], 1)
    return np.concatenate([number[:, None], groups[owner], told, last, usual, rows], 1)


def before(plan: Plan, each: list[Column], rows: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(codes of the row before (rows, columns), averages so far (rows, habits)), NaN in the first row of a group."""
    begin, lengths = starts[:-1], np.diff(starts)
    last = np.concatenate([np.full((1, rows.shape[1]), np.nan), rows[:-1]])
    last[begin] = np.nan
    usual = [Habit(each[k]).over(rows[:, k], begin, lengths) for k in plan.habits]
    return last, np.stack(usual, 1) if usual else np.zeros((len(rows), 0))


class Habit:
    """The average of a column over the rows of a group so far, or its commonest value, by counts of them."""

    def __init__(self, column: Column):
        self.column = column
        self.size = len(column.levels) if column.discrete else 2

    def counts(self, x: np.ndarray) -> np.ndarray:
        """(n, size) of codes (n,): a 1 for the level, or how many and their sum; words among numbers are none."""
        if self.column.discrete:
            return (x[:, None] == np.arange(self.size)).astype(np.float64)
        there = ~np.isnan(x) & (x <= self.column.high)
        return np.stack([there, np.where(there, x, 0.0)], 1)

    def of(self, counts: np.ndarray) -> np.ndarray:
        """Codes (n,) of counts (n, size), NaN where there are none."""
        if self.column.discrete:
            return np.where(counts.any(1), counts.argmax(1), np.nan)
        with np.errstate(all="ignore"):
            return np.where(counts[:, 0] > 0, counts[:, 1] / counts[:, 0], np.nan)

    def over(self, x: np.ndarray, begin: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(rows,) for each row, of the rows of its group before it."""
        counts = self.counts(x)
        total = np.cumsum(counts, 0) - counts
        return self.of(total - np.repeat(total[begin], lengths, axis=0))


def counted(name: str, x: np.ndarray) -> Column:
    """A column of whole numbers."""
    there = x[~np.isnan(x)]
    low, high = (there.min(), there.max()) if len(there) else (0.0, 0.0)
    missing = float(np.isnan(x).mean())
    base = Column(name, "integer", "float64", missing=missing, low=float(low), high=float(high), step=1.0)
    return with_words(base, there, ~np.isnan(x), np.full(len(x), -1)) if len(there) else base


def habit(column: Column, x: np.ndarray) -> Column:
    """The column of averages so far of another."""
    name = f"usual {column.name}"
    if column.discrete:
        return known(replace(column, name=name), x)
    there = x[~np.isnan(x)]
    low, high = (there.min(), there.max()) if len(there) else (0.0, 0.0)
    missing = float(np.isnan(x).mean())
    return Column(name, "continuous", "float64", low=float(low), high=float(high), missing=missing)


def known(column: Column, codes: np.ndarray) -> Column:
    """A column of the table with the shares that it has among these codes."""
    rows = len(codes)
    shares = column.shares
    if column.discrete:
        shares = tuple((np.bincount(codes[~np.isnan(codes)].astype(int), minlength=len(column.levels)) / rows).tolist())
    return replace(column, shares=shares[: len(column.levels)], missing=float(np.isnan(codes).mean()))


def with_bins(plan: Plan, flat: TableSpec, codes: np.ndarray, most: int | None) -> TableSpec:
    """`flat` with the bins of its numbers (see `table.bins`); those of groups from the first row of each."""
    entries, first = list(flat.entries), codes[:, plan.first] == 1
    for i, column in enumerate(entries):
        if not column.discrete:
            x = codes[first, i] if i in plan.parents else codes[:, i]
            x = x[~np.isnan(x) & ~np.isin(x, np.array(column.levels, np.float64))]
            entries[i] = replace(column, bins=bins_of(x, most or min(40, max(8, len(x) // 150)), column.step))
    return replace(flat, entries=tuple(entries))


def table_codes(plan: Plan, entries: tuple[Column, ...], made: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Codes of the flat table (rows, columns) as codes of the table (rows, entries): the way back of `flat_codes`."""
    codes, start = np.zeros((len(made), len(entries))), np.repeat(starts[:-1], np.diff(starts))
    codes[:, list(plan.attributes)] = made[start, 1 : 1 + len(plan.attributes)]
    if plan.dated:
        begin, ahead = made[start, plan.parents.stop - 2], made[:, plan.rows.start] * (entries[plan.order].step or 1.0)
        ahead[starts[:-1]] = 0.0
        total = np.cumsum(np.nan_to_num(ahead))
        codes[:, plan.order] = np.where(np.isnan(ahead), np.nan, begin + total - total[start])
    for k, i in enumerate(plan.children, plan.rows.start + plan.dated):
        codes[:, i] = made[:, k]
        if i in plan.since:
            codes[:, i] = date_of(plan, entries, i, made[:, k], codes[:, plan.order])
    return codes
