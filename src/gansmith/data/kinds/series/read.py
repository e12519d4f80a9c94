"""A table whose rows are steps of series, found out: the times, the groups, what varies and what does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from gansmith.data.kinds.series import clocks as series_clocks
from gansmith.data.kinds.series.clocks import Clock
from gansmith.data.kinds.series.steps import DAY, REGULAR, Step, step_of
from gansmith.data.kinds.table import Table
from gansmith.data.kinds.table.columns import NUMBERS, Column
from gansmith.data.kinds.table.dates import UNITS
from gansmith.data.labels import few
from gansmith.errors import DataError

LEAST = 50  # rows of a table that is taken for series when nobody says so
LEAST_EACH = 24  # … of half of its series
TWICE = 0.001  # share of times that may come twice in a series (when clocks go back)
TRIED = 10  # columns that may name the series of a table
MOST_SERIES = 0.125  # series for each row, at most


@dataclass
class Found:
    """What the rows of a table are, as series.

    date   place of the dates among the entries; None: rows one after the other
    keys, attributes, values  places of the entries that name a series, that hold for all of it, that vary in it
    rows   of each series, in the order of time;  places  of these rows on the grid of `step`;  times  in seconds
    clocks  of the dates, if they have zones: one of all series or one of each;  other_dates  see `clocks.beside`
    """

    step: Step
    date: int | None
    keys: tuple[int, ...]
    attributes: tuple[int, ...]
    values: tuple[int, ...]
    rows: list[np.ndarray]
    places: list[np.ndarray]
    times: list[np.ndarray]
    notes: list[str] = field(default_factory=list)
    clocks: tuple[Clock, ...] = ()
    other_dates: tuple[tuple, ...] = ()


def find(table: Table, *, date: str | None = None, group: str | None = None, sure: bool = False) -> Found | None:
    """How the rows of `table` are series; None, or DataError where the user is `sure`, if they are not.

    date, group  names of the columns of times, and of those that tell series apart ("city,shop")
    """
    entries = table.spec.entries
    asked = keys_asked(table, group) if group else None
    dates = (
        [place_of(entries, date, "date")]
        if date
        else [i for i, c in enumerate(entries) if c.kind == "date" and c.part < 2]
    )
    if date and entries[dates[0]].kind != "date":
        raise DataError(f"{table.name}: date={date}: the column holds no dates but {entries[dates[0]]}")
    problem = f"{table.name}: no column of dates"
    for place in dates:
        found = along(table, place, asked, sure)
        if isinstance(found, Found):
            return found
        problem = found
    if not sure or date:
        if sure:
            raise DataError(problem)
        return None
    if dates:
        raise DataError(f"{problem}. gansmith train --kind table learns single rows")
    return undated(table, asked)


def certain(table: Table, date: str | None = None, group: str | None = None) -> Found:
    """`find` of a table that the user calls series; DataError if it is none."""
    found = find(table, date=date, group=group, sure=True)
    assert found is not None
    return found


def along(table: Table, date: int, asked: list[int] | None, sure: bool) -> Found | str:
    """The series whose times are the entry `date`, or why there are none."""
    entries, codes = table.spec.entries, table.fields["real"]
    column = entries[date]
    zone, notes = series_clocks.zone_of(entries, date), []
    try:
        times, east = instants(table, date)
    except DataError as problem:
        return str(problem)
    keys = asked if asked is not None else keys_of(table, times, date, zone)
    if keys is None:
        return (
            f"{table.name}: times come again and no column tells series apart by {column.name}: name it, group=COLUMN"
        )
    owner = groups_of(codes, keys)
    rows = split(owner)
    mixed = not all(is_sorted(times[r]) for r in rows)
    if mixed and not sure:
        return f"{table.name}: {column.name} is not sorted"
    if mixed:
        notes.append(f"rows are sorted by {column.name}")
    rows = [r[np.argsort(times[r], kind="stable")] for r in rows]
    again = [r[1:][np.diff(times[r]) == 0] for r in rows]
    twice = np.concatenate(again)
    if len(twice):
        notes.append(
            f"{len(twice):,} rows have a time that their series has already, the first row {twice.min() + 1}: left out"
        )
        rows = [
            np.setdiff1d(r, a, assume_unique=True)[
                np.argsort(times[np.setdiff1d(r, a, assume_unique=True)], kind="stable")
            ]
            for r, a in zip(rows, again)
        ]
    lengths = np.array([len(r) for r in rows])
    if asked and lengths.max() == 1:
        raise DataError(
            f"{table.name}: every group of {few([entries[k].name for k in asked])} has one row: leave --group out"
        )
    times, wall, (step, share) = counted(times, east, rows)
    clocks = () if east is None else series_clocks.clocks_of(times, east, rows, wall)
    if east is not None and len(offsets := np.unique(east)) > 1:
        notes.append(f"{column.name}: times of {len(offsets)} offsets from UTC; samples go by the same clock")
    if not sure and (len(codes) < LEAST or np.median(lengths) < (LEAST if len(rows) == 1 else LEAST_EACH)):
        return f"{table.name}: {int(np.median(lengths))} rows a series are few"
    if step is None or (share < REGULAR and not sure):
        if not sure:
            return f"{table.name}: the steps of {column.name} are irregular"
        notes.append(
            f"the steps of {column.name} are irregular (only {share:.0%} are alike): rows are taken as they come"
        )
        step = Step(
            "order", float(np.median(np.concatenate([np.diff(times[r]) for r in rows]))) if lengths.max() > 1 else 1.0
        )
    if step.kind == "order":
        places = [np.arange(len(r)) for r in rows]
    else:
        places = [step.places(times[r]) for r in rows]
        off = sum(int((np.diff(p) < 1).sum()) for p in places)
        if off:
            notes.append(f"{off:,} times lie off the grid of {step.one}, with another in the same step: left out")
            kept = [np.r_[True, np.diff(p) > 0] for p in places]
            rows, places = [r[k] for r, k in zip(rows, kept)], [p[k] for p, k in zip(places, kept)]
    found = sorted_out(table, step, date, keys, rows, places, [times[r] for r in rows], notes, zone, sure)
    return replace(found, clocks=clocks) if isinstance(found, Found) else found


def instants(table: Table, date: int) -> tuple[np.ndarray, np.ndarray | None]:
    """(seconds since 1970, in UTC where zones are known; offsets east of Greenwich then, None: no zones) of the rows.
    DataError: the first row that has no date, or a zone that is not known."""
    column, ticks = table.spec.entries[date], table.fields["real"][:, date]
    if column.unit not in UNITS:
        raise DataError(
            f"{table.name}: {column.name} holds periods: give dates, with frame[{column.name!r}].dt.to_timestamp()"
        )
    if np.isnan(ticks).any():
        row = int(np.isnan(ticks).argmax())
        raise DataError(f"{table.name}: row {row + 1} has no date in {column.name}: leave it out, or fill it in")
    if (words := ticks > column.high).any():
        row, codes_of = int(words.argmax()), [column.word_code(k) for k in range(len(column.words))]
        word = column.words[codes_of.index(ticks[row])]
        raise DataError(
            f"{table.name}: row {row + 1} has {word!r} in {column.name}, which is no date: leave it out, or mend it"
        )
    times = (ticks + column.origin) / UNITS[column.unit]
    try:
        east = series_clocks.offsets(table, date)
    except DataError as problem:
        raise DataError(f"{table.name}: {column.name}: {problem}") from None
    return times if east is None or series_clocks.typed(column) else times - east, east


def counted(times: np.ndarray, east: np.ndarray | None, rows: list[np.ndarray]) -> tuple:
    """(times of the rows, whether they are those on the wall, (step, share of steps that are exactly one)): UTC, or
    what the clock shows where that is more regular, as days are, of which one has 23 hours and one 25."""
    plain = step_of([times[r] for r in rows])
    if east is None:
        return times, False, plain
    shown = step_of([(times + east)[r] for r in rows])
    short = plain[0] is not None and plain[0].kind == "seconds" and plain[0].size < DAY
    wall = shown[0] is not None and (plain[0] is None or (shown[1], not short) > (plain[1], short))
    return (times + east, True, shown) if wall else (times, False, plain)


def undated(table: Table, asked: list[int] | None) -> Found:
    """Rows one after the other, in the order in which they stand."""
    rows = split(groups_of(table.fields["real"], asked or []))
    places = [np.arange(len(r)) for r in rows]
    notes = ["no dates: rows are taken one after the other, and nothing of a calendar is learned"]
    times = [p.astype(float) for p in places]
    found = sorted_out(table, Step(), None, asked or [], rows, places, times, notes, None, True)
    assert isinstance(found, Found)  # of what is sure nothing else is handed back
    return found


def sorted_out(table, step, date, keys, rows, places, times, notes, zone, sure) -> Found | str:
    """Entries by whether they vary within series."""
    entries, codes = table.spec.entries, table.fields["real"]
    first = np.concatenate([np.full(len(r), r[0]) for r in rows])
    at = np.concatenate(rows)
    same = (codes[at] == codes[first]) | (np.isnan(codes[at]) & np.isnan(codes[first]))
    fixed = same.all(0)
    zones = [series_clocks.zone_of(entries, i) for i, c in enumerate(entries) if c.kind == "date"]
    others = [i for i, c in enumerate(entries) if i not in (date, *zones, *keys) and c.kind != "id"]
    varies = [i for i in others if not fixed[i] and entries[i].kind != "date"]
    beside = []
    for i in (i for i in others if not fixed[i] and i not in varies):
        name = entries[i].name
        if date is None or entries[i].unit not in UNITS:
            notes.append(f"{name} is not learned: its first date stands in every row of samples")
            continue
        told, whole = series_clocks.beside(table, date, i)
        beside.append(told)
        how = "stands as far from" if whole else "is not learned: it stands as far as usual from"
        notes.append(f"{name} {how} {entries[date].name} in samples")
    if not varies:
        text = (
            f"{table.name}: no column varies from row to row but {entries[date].name if date is not None else 'none'}"
        )
        if sure:
            raise DataError(text)
        return text
    numbers = sum(entries[i].kind in NUMBERS for i in varies)
    if not sure and numbers * 2 < len(varies):
        return f"{table.name}: most columns hold no numbers"
    attributes = [i for i in others if fixed[i] and len(rows) > 1]
    return Found(
        step, date, tuple(keys), tuple(attributes), tuple(varies), rows, places, times, notes, other_dates=tuple(beside)
    )


def in_order(table: Table) -> Table:
    """`table` with the levels of its numbers from small to large: what follows in time is told by how far it moved."""
    codes, entries = table.fields["real"].copy(), list(table.spec.entries)
    for i, column in enumerate(entries):
        if not (column.discrete and column.kind in NUMBERS):
            continue
        order = sorted(range(len(column.levels)), key=column.levels.__getitem__)
        rank = np.argsort(order)
        known = np.isfinite(codes[:, i]) & (codes[:, i] < len(order))
        codes[known, i] = rank[codes[known, i].astype(int)]
        levels, shares = (tuple(of[k] for k in order) for of in (column.levels, column.shares))
        entries[i] = replace(column, levels=levels, shares=shares)
    return replace(table, spec=replace(table.spec, entries=tuple(entries)), fields=table.fields | {"real": codes})


def keys_asked(table: Table, group: str) -> list[int]:
    """The entries that somebody names, "city,shop". DataError: there is no such column, or it differs in every row."""
    keys = [place_of(table.spec.entries, name.strip(), "group") for name in group.split(",")]
    if nameless := [table.spec.entries[k].name for k in keys if table.spec.entries[k].kind == "id"]:
        raise DataError(
            f"{table.name}: group={group}: {nameless[0]} differs in every row, so that each row is a group of its own: "
            "leave --group out for single rows"
        )
    return keys


# --- groups ----------------------------------------------------------------------------------------------------------
def keys_of(table: Table, times: np.ndarray, date: int, zone: int | None) -> list[int] | None:
    """The fewest entries that, with the times, tell all rows apart; none for one series; None: there are no such."""
    entries, codes = table.spec.entries, table.fields["real"]
    allowed = max(2, TWICE * len(codes))
    order = np.unique(times, return_inverse=True)[1]
    if len(codes) - order.max() - 1 <= allowed:
        return []
    found = []
    for i, column in enumerate(entries):
        whole = column.kind in ("categorical", "boolean", "integer") and i not in (date, zone)
        if whole and 1 < (levels := len(np.unique(codes[:, i]))) <= MOST_SERIES * len(codes):
            found.append((not column.discrete, i, levels))
    tried = [i for _, i, _ in sorted(found)][:TRIED]
    for size in (1, 2, 3):
        for keys in combinations(tried, size):
            owner = groups_of(codes, list(keys)).astype(np.int64)
            if owner.max() + 1 > MOST_SERIES * len(codes):
                continue
            pairs = np.unique(owner * (order.max() + 1) + order)
            if len(codes) - len(pairs) <= allowed:
                return list(keys)
    return None


def groups_of(codes: np.ndarray, keys: list[int]) -> np.ndarray:
    """(rows,) the number of each row's series, in the order in which they begin."""
    owner = np.zeros(len(codes), np.int64)
    for key in keys:
        level = np.unique(np.nan_to_num(codes[:, key], nan=-1e18), return_inverse=True)[1]
        owner = np.unique(owner * (level.max() + 1) + level, return_inverse=True)[1]
    values, first, owner = np.unique(owner, return_index=True, return_inverse=True)
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(first)] = np.arange(len(values))
    return rank[owner]


def split(owner: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owner))[:-1])


def is_sorted(times: np.ndarray) -> bool:
    """Whether time goes one way, but for a few that are repeated."""
    ahead = np.diff(times)
    return bool((ahead >= 0).all() or (ahead <= 0).all())


def place_of(entries: tuple[Column, ...], name: str, option: str) -> int:
    for i, column in enumerate(entries):
        if str(column.name) == name:
            return i
    raise DataError(f"{option}={name}: the table has no such column, but {few([c.name for c in entries], 12)}")
