"""Made series as rows of the table that the data came from: its columns and types, its dates going on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.kinds.series.clocks import begins_at, written
from gansmith.data.kinds.series.wide import write_wide
from gansmith.data.kinds.series.windows import fresh
from gansmith.data.kinds.table.asked import ranges
from gansmith.data.kinds.table.columns import Column, decode
from gansmith.data.kinds.table.csv import Layout
from gansmith.data.labels import few
from gansmith.errors import UserError

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series
    from gansmith.data.kinds.series.windows import Member
    from gansmith.data.kinds.table import TableSpec

ENDS = (".csv", ".tsv", ".parquet")


class Made(np.ndarray):
    """Series (n, channels, steps) that know what they are: `codes` (n, named) and `start` (n,), lost in slicing; and
    whether they are real series `going_on`, which keep names that others are given anew."""

    codes: np.ndarray | None = None
    start: np.ndarray | None = None
    going_on: bool = False

    @classmethod
    def of(cls, items: np.ndarray, codes: np.ndarray, start: np.ndarray, going_on: bool = False) -> Made:
        made = np.asarray(items).view(cls)
        made.codes, made.start, made.going_on = np.asarray(codes, float), np.asarray(start, float), going_on
        return made


def write(form: Series, items, path: Path, safe: bool = False, start=None) -> None:
    from gansmith.data.write import write_arrays

    if path.suffix not in ENDS:
        return write_arrays(np.asarray(items), path, form)
    spec, codes = rows(form, items, start)
    if form.wide.by:
        return write_wide(form, spec, codes, path, safe)
    return spec.write(spec.frame(codes), path, safe)


def rows(form: Series, items, start=None) -> tuple[TableSpec, np.ndarray]:
    """(the form of the table, its codes (rows, entries)) of series one below the other."""
    known, begins = whose(form, items)
    if start is not None:
        begins = begins_at(form, known, start)
    given, items = items, np.asarray(items)
    spec = form.table
    same = len(np.unique(known.round(6), axis=0)) == len(items) if known.shape[1] else len(items) == 1
    learned = form.learned
    entries, made = list(spec.entries), []
    anew = [] if getattr(given, "going_on", False) else fresh(form)
    for number, (item, first) in enumerate(zip(items, begins)):
        values = item[: form.values]
        gone = np.isnan(values).all(0)
        end = (
            len(gone) - int(np.argmin(gone[::-1]))
            if (form.padded or isinstance(given, Made)) and not gone.all()
            else len(gone)
        )
        part = np.full((end, len(entries)), 0.0)
        part[:, learned] = values[:, :end].T
        part[:, form.named] = known[number]
        for place in anew:
            part[:, place] = number
        if form.date is not None:
            for place, code in written(form, known[number], form.step.times(first, end)).items():
                part[:, place] = code
        made.append(part[~gone[:end]] if form.date is not None and gone.mean() < 1 else part)
    codes = np.concatenate(made)
    for place in anew:
        entries[place] = numbered(entries[place].name, len(items))
        same = True
    dates = [] if form.date is None else [form.date, *(place for place, *_ in form.other_dates)]
    for place in (*learned, *dates):  # beyond what the data had
        column, there = entries[place], codes[:, place][~np.isnan(codes[:, place])]
        if len(there) and not column.discrete:
            low, high = min(column.low, there.min()), max(column.high, there.max())
            entries[place] = replace(column, low=float(low), high=float(high))
    if not same:
        which = np.repeat(np.arange(len(made)), [len(part) for part in made])
        codes = np.c_[which, codes]
        entries = [numbered("series", len(made)), *entries]
        if spec.layout is not None:
            spec = replace(spec, layout=with_series(spec.layout))
    of = type(spec).of_columns(tuple(entries), codes)
    return replace(of, layout=spec.layout), codes


def members_where(form: Series, where) -> list[Member]:
    """The series of the data of which all is so in the columns that hold for a whole series.

    where  column -> a value, "> 60", "10 .. 20", or a list of such, all of which hold. UserError where none is so
    """
    entries, found = form.table.entries, list(form.members)
    for place, asked in ranges(entries, where or {}).items():
        column = entries[place]
        told = few([str(entries[i].name) for i in form.told], 20) or "no column"
        if place not in form.named:
            raise UserError(f"--where {column.name}: it changes from step to step; series can be asked for {told}")
        codes = np.array([m.codes[form.named.index(place)] for m in form.members])
        if place not in form.told and len(np.unique(codes)) > 1:
            raise UserError(f"--where {column.name}: the networks are not told it; series can be asked for {told}")
        if asked.code is not None:
            held = np.isnan(codes) if asked.code != asked.code else codes == asked.code
        else:
            levels = np.array([*(column.levels if column.discrete else ()), np.nan])
            at = np.where(np.isnan(codes), -1, codes).astype(int)
            numbers = levels[at] - column.origin if column.discrete else codes
            held = (numbers >= asked.low) & (numbers <= asked.high)
        if not held.any():
            there = few(sorted(np.unique(decode(column, codes[~np.isnan(codes)])).tolist()), 4)
            raise UserError(f"--where {column.name}: no series has that: there are {there}; ranges can be asked, too")
        alike = {id(m) for m, fine in zip(form.members, held) if fine}
        found = [m for m in found if id(m) in alike]
    if not found:
        raise UserError(f"no series of the data had {dict(where)} at once")
    return found


def numbered(name, count: int) -> Column:
    """A column of the numbers 1 … count; codes count from 0."""
    return Column(name, "integer", "int64", low=0.0, high=float(max(1, count)), step=1.0, origin=1)


def with_series(layout: Layout) -> Layout:
    header = layout.header
    return replace(layout, header=None if header is None else ("series", *header))


def whose(form: Series, items) -> tuple[np.ndarray, np.ndarray]:
    """(codes (n, named), start (n,)) of series: what they say of themselves, else the series of the data and the time
    in it that their calendar and attributes fit best."""
    if getattr(items, "codes", None) is not None and len(items.codes) == len(items):
        return items.codes, items.start
    items = np.asarray(items)
    codes = np.array([m.codes for m in form.members], float).reshape(len(form.members), -1)
    seen = items[:, form.values :].mean(2)
    dated = 2 * len(form.cycles)
    told = form.attributes(codes)
    member = ((told**2).sum(1) - 2 * seen[:, dated:] @ told.T).argmin(1)  # the nearest
    begins = np.array([form.members[m].start for m in member])
    if form.cycles:
        for i, m in enumerate(member):
            times = form.step.times(form.members[m].start, form.members[m].length)[:20_000]
            wave = form.told_at(codes[m : m + 1], times[None])[0, :dated]
            begins[i] = times[((wave - items[i, form.values : form.values + dated, 0][:, None]) ** 2).sum(0).argmin()]
    return codes[member], begins
