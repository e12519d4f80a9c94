"""What the clock on the wall shows at the times of a series: offsets from UTC, and when they change."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gansmith.data.kinds.series.steps import CYCLES, DAY
from gansmith.data.kinds.table import Table
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.dates import UNITS
from gansmith.errors import DataError

WEEK, YEAR = 7 * DAY, CYCLES["year"]
CHANGES = 4  # of one clock in a year, at most: two for summer, two where summer pauses for Ramadan
NAMED = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "JST": 9, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """A clock that goes by `offsets` (seconds east of Greenwich), each from the time `since` on, as seen up to `until`.

    wall  whether the times of the series are those on the wall (days begin at midnight, however long the last one was);
          else they are UTC (the hour that comes twice is two steps)
    """

    since: tuple[float, ...]
    offsets: tuple[float, ...]
    until: float
    wall: bool = False

    @classmethod
    def of(cls, times: np.ndarray, offsets: np.ndarray, wall: bool = False) -> Clock:
        """Of rows in any order: the time of each (n,), and the offset then (n,)."""
        order = np.argsort(times, kind="stable")
        times, offsets = times[order], offsets[order]
        at = np.flatnonzero(np.append(True, np.diff(offsets) != 0))
        return cls(tuple(times[at].tolist()), tuple(offsets[at].tolist()), float(times[-1]), wall)

    @classmethod
    def from_json(cls, about: dict) -> Clock:
        made = cls(**about | {name: tuple(map(float, about[name])) for name in ("since", "offsets")})
        if not made.since or len(made.since) != len(made.offsets):
            raise ValueError("a clock has an offset for each time since which it goes by one")
        return made

    def to_json(self) -> dict:
        return asdict(self)

    def offset(self, times: np.ndarray) -> np.ndarray:
        """Seconds east of Greenwich at `times`. Beyond the data: those of the same week of another year, or of the
        time in the data that is nearest to that week."""
        first, last = self.since[0], self.until
        years = np.ceil((times - last) / YEAR)
        early, late = (times - np.rint(n * YEAR / WEEK) * WEEK for n in (years, years - 1))
        near = np.where(first - early <= late - last, early, late)
        seen = np.where((times >= first) & (times <= last), times, np.clip(near, first, last))
        return np.array(self.offsets)[np.maximum(0, np.searchsorted(self.since, seen, "right") - 1)]

    def shown(self, times: np.ndarray) -> np.ndarray:
        """What the clock on the wall shows at the times of the series."""
        return times if self.wall else times + self.offset(times)

    def utc(self, times: np.ndarray) -> np.ndarray:
        return times - self.offset(times) if self.wall else times

    def of_utc(self, utc: np.ndarray) -> np.ndarray:
        return utc + self.offset(utc) if self.wall else utc

    def times(self, shown: np.ndarray) -> np.ndarray:
        """The times of the series at which the clock shows this; of an hour that comes twice the first."""
        return shown if self.wall else shown - self.offset(shown - self.offset(shown))


def offsets(table: Table, date: int) -> np.ndarray | None:
    """Seconds east of Greenwich (rows,) of the dates in an entry; None: of no zone. DataError: one unknown."""
    column, codes = table.spec.entries[date], table.fields["real"]
    zone = zone_of(table.spec.entries, date)
    if zone is not None:
        levels = np.array([*map(seconds, table.spec.entries[zone].levels), 0.0])
        return levels[np.where(np.isnan(codes[:, zone]), -1, codes[:, zone]).astype(np.int64)]
    if named := typed(column):
        import pandas

        utc = pandas.to_datetime(np.nan_to_num(codes[:, date]) + column.origin, unit=column.unit)
        local = utc.tz_localize("UTC").tz_convert(named).tz_localize(None)
        return (local - utc).total_seconds().to_numpy()
    found = re.search(r"%[.\d_^-]?[HIMSpf]( ?(?:Z|[A-Z]{3,5}|[+-]\d{2}(?::?\d{2})?)(?:\[[\w/]+\])?)$", column.format)
    known = found and (not found[1].strip().isalpha() or found[1].strip() in NAMED)
    return np.full(len(codes), seconds(found[1])) if found and known else None


def zone_of(entries: tuple[Column, ...], date: int) -> int | None:
    """The place of the offsets that stand in the same cells as the dates of an entry."""
    beside = date + 1 < len(entries) and entries[date + 1]
    return date + 1 if beside and beside.part == 2 and entries[date].part == 1 else None


def typed(column: Column):
    """The time zone of a column of dates that are no text; None without one."""
    import pandas

    if column.is_text or column.format:
        return None
    dtype = pandas.api.types.pandas_dtype(column.dtype)
    return getattr(dtype, "tz", None) or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)


def seconds(text: str) -> float:
    """Of an offset such as '+01:00', 'Z', 'CEST' or '-0500[America/Lima]'; DataError."""
    found = re.fullmatch(r" ?(?:([A-Z]+)|([+-]\d{2}):?(\d{2})?)(?:\[.*\])?", text)
    if not found or (found[1] and found[1] not in NAMED):
        raise DataError(f"times with the zone {text.strip()!r}, which is not known: write offsets such as +01:00")
    if found[1]:
        return NAMED[found[1]] * 3600.0
    return int(found[2]) * 3600 + int(found[2][0] + (found[3] or "0")) * 60.0


def clocks_of(times: np.ndarray, offsets: np.ndarray, rows: list[np.ndarray], wall: bool) -> tuple[Clock, ...]:
    """One clock of all series where they change it together, else one of each."""
    whole = Clock.of(times, offsets, wall)
    if len(whole.since) <= 2 + CHANGES * (whole.until - whole.since[0]) / YEAR:
        return (whole,)
    return tuple(Clock.of(times[r], offsets[r], wall) for r in rows)


def clocks(form: Any, codes: np.ndarray) -> list[Clock | None]:
    """Of series with these codes (n, named), one for each; None where the data has no zones."""
    if len(form.clocks) < 2:
        return list(form.clocks or (None,)) * len(codes)
    key = lambda code: np.nan_to_num(np.asarray(code, float), nan=-1e18).tobytes()  # noqa: E731
    own = {key(member.codes): clock for member, clock in zip(form.members, form.clocks)}
    return [own.get(key(code), form.clocks[0]) for code in codes]


def shown(form: Any, codes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """What the clocks of series with these codes (n, named) show at their times (n, steps)."""
    if len(form.clocks) < 2:
        return form.clocks[0].shown(times) if form.clocks else times
    own = zip(clocks(form, codes), times)
    return np.array([t if clock is None else clock.shown(t) for clock, t in own]).reshape(times.shape)


def written(form: Any, code: np.ndarray, times: np.ndarray) -> dict[int, np.ndarray]:
    """Entry of the table -> codes, of the dates of one series at its times (steps,), and of their offsets: of the main
    dates, and of those beside them."""
    entries, made = form.table.entries, {}
    clock = clocks(form, code[None])[0]
    utc = times if clock is None else clock.utc(times)
    east = np.zeros(len(times)) if clock is None else clock.offset(times)
    for place, size, behind, fixed in ((form.date, 0.0, 0.0, None), *form.other_dates):
        own = east if fixed is None else np.full(len(times), fixed)
        local = floor(utc + own, size) + behind
        ticks = local - own if typed(entries[place]) else local
        made[place] = np.rint(ticks * UNITS[entries[place].unit]) - entries[place].origin
        zone = zone_of(entries, place)
        if zone is not None:
            levels = np.array([*map(seconds, entries[zone].levels)])
            made[zone] = np.abs(own[:, None] - levels).argmin(1).astype(float)
    return made


def beside(table: Table, date: int, place: int) -> tuple[tuple[int, float, float, float | None], bool]:
    """((place, size, behind, east), whether that says all) of other dates beside the main ones: they stand `behind`
    seconds after the main one, rounded down to `size` seconds, on a clock `east` of Greenwich or (None) on the same."""
    column, main, codes = table.spec.entries[place], table.spec.entries[date], table.fields["real"]
    east, own = offsets(table, date), offsets(table, place)
    fixed = float(own[0]) if own is not None and (own == own[0]).all() else None
    of = np.full(len(codes), fixed) if fixed is not None else np.zeros(len(codes)) if east is None else east
    there = codes[:, place] <= column.high  # no gap, and no word
    seen = (codes[:, place] + column.origin) / UNITS[column.unit] - (0 if own is None or typed(column) else own)
    seen = seen if own is None else seen + of
    first = (codes[:, date] + main.origin) / UNITS[main.unit]
    utc = first if east is None or typed(main) else first - east
    size = column.step / UNITS[column.unit]
    behind = (seen - floor(utc + of, size))[there]
    usual = float(np.median(behind)) if len(behind) else 0.0
    return (place, size, usual, fixed), bool((behind == usual).all())


def floor(times: np.ndarray, size: float) -> np.ndarray:
    return np.floor(times / size) * size if size else times


def begins_at(form: Any, codes: np.ndarray, start) -> np.ndarray:
    """The times (n,) at which the clocks of series with these codes (n, named) show a date such as 2026-01-01 or
    2026-01-01T06:00; one with an offset is that instant. UserError."""
    from gansmith.errors import UserError

    text = str(start).strip().replace(" ", "T", 1)
    found = re.fullmatch(r"(.*T.*?)(Z|[+-]\d{2}(?::?\d{2})?)", text)
    try:
        local = float(np.datetime64(found[1] if found else text, "s").astype(np.int64))
    except ValueError:
        raise UserError(f"start={start}: give a date such as 2026-01-01, or 2026-01-01T06:00") from None
    if found and not form.clocks and found[2] != "Z":
        raise UserError(f"start={start}: the dates of these series have no offset from UTC: leave {found[2]} out")
    of = clocks(form, codes)
    if found and form.clocks:
        return np.array([float(clock.of_utc(np.array(local - seconds(found[2])))) for clock in of if clock])
    return np.array([local if clock is None else float(clock.times(np.array(local))) for clock in of])
