"""The last steps of other rows of the series that were learned, which samples go on from."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.kinds.series import clocks as series_clocks
from gansmith.data.kinds.series.read import groups_of, instants, split
from gansmith.data.kinds.series.steps import step_of
from gansmith.data.kinds.series.windows import Member
from gansmith.data.kinds.series.write import members_where
from gansmith.data.kinds.table import Table, TableSpec, as_table
from gansmith.data.kinds.table.columns import decode
from gansmith.data.kinds.table.read import frame_of
from gansmith.errors import UserError

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series


def history_of(form: Series, data, least: int, where=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(codes (n, named), start of the next step (n,), the last `least` steps (n, channels, least)) of the series in a
    table of the same columns, those that `where` asks for. UserError: they are of another step, or too short; a warning
    where they hold numbers that the data had not."""
    frame, name, source = frame_of(data)
    if form.wide.by:
        raise UserError(f"{name}: series of a wide table begin anew: leave history out (--continue-from)")
    codes, times, east = read(form, frame, name, source)
    rows = split(groups_of(codes, list(form.named)))
    own = [tuple(codes[r[0], list(form.named)].tolist()) for r in rows]
    if where:
        members = tuple(Member(code, 0.0, len(r)) for code, r in zip(own, rows))
        asked = set(map(id, members_where(replace(form, members=members), where)))
        rows = [r for r, m in zip(rows, members) if id(m) in asked]
        own = [m.codes for m in members if id(m) in asked]
    known, made, begins = np.array(own).reshape(len(own), -1), [], []
    for r, code, clock in zip(rows, known, series_clocks.clocks(form, known)):
        at = counted(clock, times[r], None if east is None else east[r])
        order = np.argsort(at, kind="stable")
        r, at = r[order], at[order]
        places = np.arange(len(r)) if form.step.kind == "order" else form.step.places(at)
        if len(r) > 1 and np.median(np.diff(places)) != 1:
            theirs = step_of([np.unique(at)])[0]
            raise UserError(
                f"{name}: its rows are {theirs.one if theirs else 'no step'} apart, and the series go by "
                f"{form.step.one}: give rows of that step"
            )
        places, first = np.unique(places, return_index=True)
        length = int(places[-1] - places[0]) + 1
        if length < least:
            raise UserError(f"{name}: {length} steps are too few to go on from: give {least} of each series")
        x = np.full((length, form.values), np.nan)
        x[places - places[0]] = codes[r[first]][:, list(form.learned)]
        steps = form.step.after(at[0], np.arange(length - least, length + 1))
        made.append(np.concatenate([x[-least:].T, form.told_at(code[None], steps[None, :-1])[0]]))
        begins.append(steps[-1])
    return known, np.array(begins), within(form, np.stack(made), name)


def read(form: Series, frame, name: str, source) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(codes (rows, entries) of what is learned and named, times in UTC, offsets or None) of rows. Dates may be written
    in another way than the data's, and be of other offsets."""
    entries, place = form.table.entries, 0
    kept: list[int] = []
    for cell in form.table.cells():
        places = range(place, place := place + len(cell))
        kept += places if set(places) & {*form.named, *form.learned} else []
    codes = np.zeros((len(frame), len(entries)))
    columns = tuple(entries[i] for i in kept)
    codes[:, kept] = TableSpec((len(kept),), entries=columns).codes(frame)
    if form.date is None:
        return codes, np.arange(len(frame), dtype=float), None
    main = str(entries[form.date].name)
    found = [place for place, column in enumerate(frame.columns) if str(column) == main]
    if not found:
        raise UserError(f"{name}: no column {main}, which has the dates")
    dates = as_table(frame.iloc[:, found[:1]], name=name, types={main: "date"}, source=replace(source, notes=()))
    return codes, *instants(Table(dates.spec, dates.fields, name=name), 0)


def counted(clock, utc: np.ndarray, east: np.ndarray | None) -> np.ndarray:
    """Times as the series of a clock count them; dates without a zone are taken for what that clock shows."""
    if clock is None:
        return utc if east is None else utc + east
    return clock.times(utc) if east is None else clock.of_utc(utc)


def within(form: Series, x: np.ndarray, name: str) -> np.ndarray:
    """Windows (series, channels, steps) as the networks can be told them: gaps of a column that had none are filled
    with the number before, and what lies outside the range of the series' group counts as its end. Both are said."""
    filled, beyond = np.zeros(form.values, int), np.zeros(form.values, int)
    ends = np.stack([np.full(form.values, np.inf), np.full(form.values, -np.inf)])  # of groups that something is beyond
    for rows, scores in form.each_group(x):
        part = x[rows]
        for i, one in enumerate(scores):
            gaps = np.isnan(part[:, i]) & (one.missing == 0)
            last = np.maximum.accumulate(np.where(gaps, -1, np.arange(x.shape[2])), 1)
            last = np.where(last < 0, np.argmin(gaps, 1)[:, None], last)
            part[:, i] = np.take_along_axis(part[:, i], last, 1)
            low, high = one.values[0], one.values[-1]
            far = (part[:, i] < low) | (part[:, i] > high)
            filled[i] += gaps.sum()
            beyond[i] += far.sum()
            if far.any():
                ends[:, i] = min(ends[0, i], low), max(ends[1, i], high)
        x[rows] = part
    for i, place in enumerate(form.learned):
        column = form.table.entries[place]
        if filled[i]:
            warnings.warn(f"{name}: {filled[i]:,} gaps of {column.name}, which had none: filled", stacklevel=4)
        if beyond[i]:
            told = " to ".join(decode(column, ends[:, i]).astype(str))
            warnings.warn(
                f"{name}: {beyond[i]:,} of the last {np.isfinite(x[:, i]).sum():,} numbers of {column.name} lie "
                f"outside what was learned, {told}: they count as its ends",
                stacklevel=4,
            )
    return x
