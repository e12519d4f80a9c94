"""A table whose rows belong to groups, taken apart: in what order they go, what holds for a group, what for a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gansmith.data.kinds.series.read import groups_of, keys_asked, place_of, split
from gansmith.data.kinds.table import Table
from gansmith.data.kinds.table.columns import Column, decode
from gansmith.data.labels import few
from gansmith.errors import DataError

LONGEST = 500  # rows of a group that are learned


@dataclass(frozen=True)
class Found:
    """What the rows of a table are, as groups.

    key     place of the entry whose values are made anew: it tells groups apart
    order   place of the dates that rows of a group go by; None: they go as they stand
    attributes, children  places of the entries that hold for a whole group, and of those that differ in it
    rows    of each group, in order
    """

    key: int
    order: int | None
    attributes: tuple[int, ...]
    children: tuple[int, ...]
    rows: list[np.ndarray]
    notes: tuple[str, ...]


def taken_apart(table: Table, group: str, date: str | None = None) -> Found:
    """The groups of `table` by the column or columns `group` ("customer_id", "city,shop"), whose rows go by the dates
    in the column `date` (None: the first of dates that differ in groups, else as they stand). DataError: there are none
    """
    entries, codes, notes = table.spec.entries, table.fields["real"], []
    keys = keys_asked(table, group)
    lacking = np.isnan(codes[:, keys]).any(1)
    if lacking.any():
        notes.append(f"{lacking.sum():,} rows without {group} are left out, the first row {int(lacking.argmax()) + 1}")
    there = np.flatnonzero(~lacking)
    rows = [there[r] for r in split(groups_of(codes[there], keys))] if len(there) else []
    lengths = np.array([len(r) for r in rows])
    if len(rows) < 2:
        raise DataError(f"{table.name}: group={group} has {len(rows)} groups: give a column with more values")
    if lengths.max() == 1:
        raise DataError(f"{table.name}: every group of {group} has one row: leave --group out for single rows")
    fixed = holds(codes, rows)
    order = order_of(table, date, fixed, keys)
    if order is not None:
        ticks = codes[:, order]
        rows = [r[np.argsort(ticks[r], kind="stable")] for r in rows]  # rows without a date last
        if undated := int(np.isnan(ticks[there]).sum()):
            notes.append(f"{undated:,} rows have no {entries[order].name}: they come last in their group")
    if lengths.max() > LONGEST:
        notes.append(
            f"{(lengths > LONGEST).sum():,} groups have more than {LONGEST} rows: the first {LONGEST} are taken"
        )
        rows = [r[:LONGEST] for r in rows]
    key = max(keys, key=lambda k: len(np.unique(codes[there, k])))
    rest = [i for i, c in enumerate(entries) if i not in (key, order) and c.kind != "id"]
    attributes, children = ([i for i in rest if bool(fixed[i]) is held] for held in (True, False))
    if not children and order is None:
        raise DataError(f"{table.name}: the rows of each group of {group} are alike: leave --group out")
    return Found(key, order, tuple(attributes), tuple(children), rows, tuple(notes))


def holds(codes: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """(entries,) whether each is the same in all rows of every group; a gap is a value."""
    first = codes[np.concatenate([np.full(len(r), r[0]) for r in rows])]
    at = codes[np.concatenate(rows)]
    return ((at == first) | (np.isnan(at) & np.isnan(first))).all(0)


def order_of(table: Table, date: str | None, fixed: np.ndarray, keys: list[int]) -> int | None:
    entries = table.spec.entries
    if date is not None:
        place = place_of(entries, date, "date")
        if entries[place].kind != "date" or place in keys:
            raise DataError(f"{table.name}: date={date}: the column holds no dates but {entries[place]}")
        return place
    dates = (i for i, c in enumerate(entries) if c.kind == "date" and c.part < 2 and not fixed[i] and i not in keys)
    return next(dates, None)


# --- names of groups -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Names:
    """How groups are called: `prefix` and a number, of so many `digits` (0: as many as it takes), beyond `taken`."""

    prefix: str = ""
    digits: int = 0
    taken: int = 0

    def of(self, column: Column, count: int):
        """`count` new names as a Series of the column's type."""
        names = decode(Column(column.name, "id", column.dtype, True, taken=self.taken), np.zeros(count))
        if self.prefix or self.digits:
            texts = [f"{self.prefix}{self.taken + 1 + i:0{self.digits}d}" for i in range(count)]
            names = names.astype(object)
            names[:] = texts
            names = names.astype("object" if column.dtype == "category" else column.dtype)
        return names


def names_of(column: Column, codes: np.ndarray) -> Names:
    """The form of the names in a column: new ones differ from all of them."""
    texts = list(map(str, decode(column, np.unique(codes)).tolist()))
    if not column.is_text and column.dtype != "category":
        return Names(taken=max([int(float(t)) for t in texts if re.fullmatch(r"-?\d+(\.0)?", t)], default=0))
    parts = [re.fullmatch(r"(\D*)(\d{1,15})", text) for text in texts]
    known = [(p[1], p[2]) for p in parts if p]
    if len(known) < len(texts) or len({prefix for prefix, _ in known}) > 1:
        return Names(f"{column.name} ")
    long = {len(number) for _, number in known}
    return Names(known[0][0], long.pop() if len(long) == 1 else 0, max(int(number) for _, number in known))


def said(table: Table, found: Found) -> list[str]:
    """What was found, for the plan and for `check`."""
    name = lambda places: few([str(table.spec.entries[i].name) for i in places], 12)  # noqa: E731
    lengths = np.array([len(r) for r in found.rows])
    by = "as they stand" if found.order is None else f"by {name([found.order])}"
    one = (lengths == 1).mean()
    return [
        f"{len(lengths):,} groups by {name([found.key])} of {lengths.min()} to {lengths.max()} rows, "
        f"{np.median(lengths):g} in the middle{f', {one:.0%} of one row' if one else ''}; rows go {by}",
        f"of a group (parent): {name(found.attributes) or 'nothing'}, how many rows it has"
        + ("" if found.order is None else f", its first {name([found.order])}"),
        f"of a row (child): {name(found.children) or 'nothing'}"
        + ("" if found.order is None else f"; {name([found.order])} as the time since the row before"),
        f"{name([found.key])} is made anew",
    ]
