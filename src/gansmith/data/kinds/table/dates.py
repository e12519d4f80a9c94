"""Dates and durations as the cells of a table write them, to whole ticks and back in the same spelling.

A format is written as for strftime, with these of its own: `%-d` a field without zeros in front, `%3f` three digits of
a second (`%f` six, `%.f` a point and as many as it takes, or nothing), `%^b` in capitals, `%_b` in small letters.
Durations have `%D` days, and what they begin with may be more than 24 or 60. Years are 1 to 9999; of two digits, 50 to
99 are 1950 to 1999.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

import numpy as np

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # ticks a second
TOKEN = re.compile(r"%(?:\^|_|-|\.|\d)?[A-Za-z]|%%|[^%]+")
NAMES = {"b": [m[:3] for m in MONTHS], "B": MONTHS, "a": [d[:3] for d in DAYS], "A": DAYS, "p": ["AM", "PM"]}
TIME = re.compile(
    r"(?P<date>.*?)(?P<gap>(?<=.)(?:[T ]|, ?))?(?<!\d)"
    r"(?P<time>(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2}(?P<fraction>[.,]\d{1,9})?)?)"
    r"(?P<half>[ \u202f]?[AaPp][Mm])?(?P<zone> ?(?:Z|[A-Z]{3,5}|[+-]\d{2}(?::?\d{2})?)(?:\[[A-Za-z_/]+\])?)?"
    r"(?P<year> \d{4})?"
)
DURATION = re.compile(r"(-?)(?:(\d+)( ?d(?:ays?)?[ ,]{1,2}))?(\d+):(\d{2})(?::(\d{2})(\.\d{1,9})?)?")
LAP = re.compile(r"-?(\d+):[0-5]\d\.(\d{1,9})")  # minutes, seconds and parts of one
SIZES = {"D": 86400, "H": 3600, "M": 60, "S": 1}


def find(cells: list[str], compact: bool = False) -> str | None:
    """The format that all of these different cells have, if they are dates.

    compact  whether six, eight or fourteen digits without a separator are dates, too
    """
    best, most = None, -1
    for form in _candidates(cells[0], cells, compact) if cells else ():
        ticks, _ = parse(cells, form)
        if ticks is not None:
            spelled = sum(map(str.__eq__, cells, write(ticks, form)))
            if spelled == len(cells):
                return form
            best, most = (form, spelled) if spelled > most else (best, most)
    return best


def odd(cells: list[str], most: int) -> set[int]:
    """The places of the fewest of these different cells, at most so many, without which the others are dates of one
    format: 2023-02-30, 0000-00-00. None where they are no dates."""
    found: set[int] = set()
    for form in dict.fromkeys(form for cell in cells[: most + 1] for form in _candidates(cell, cells, False)):
        rest, bad = list(range(len(cells))), set[int]()
        while rest and len(bad) <= most and (place := parse([cells[i] for i in rest], form)[1]) >= 0:
            bad.add(rest.pop(place))
        if rest and len(bad) <= most and (not found or len(bad) < len(found)):
            found = bad
    return found


def find_duration(cells: list[str]) -> str | None:
    """The format that all of these different cells have, if they are durations such as 25:10:07, 2 days 03:15:00 or
    1:02.500."""
    if laps := _all_match(LAP, cells):
        minutes = "%-M" if any(len(m[1]) == 1 for m in laps) else "%M"
        lengths = {len(m[2]) for m in laps}
        return f"{minutes}:%S" + (f".%{lengths.pop()}f" if len(lengths) == 1 else "%.f")
    matched = _all_match(DURATION, cells)
    if not matched:
        return None
    days, seconds, fractions = (next((m[i] for m in matched if m[i]), None) for i in (2, 6, 7))
    hours = "%-H" if any(len(m[4]) == 1 for m in matched) else "%H"
    form = (f"%D{next(m[3] for m in matched if m[3])}" if days else "") + f"{hours}:%M" + (":%S" if seconds else "")
    lengths = {len(m[7] or ".") - 1 for m in matched}
    if fractions:
        form += f".%{lengths.pop()}f" if len(lengths) == 1 else "%.f"
    ticks, _ = parse(cells, form, duration=True)
    return None if ticks is None else form


def _all_match(expression: re.Pattern, cells: list[str]) -> list[re.Match]:
    """The matches of all cells; none where one does not match."""
    matched = [m for m in map(expression.fullmatch, cells) if m]
    return matched if len(matched) == len(cells) else []


def split_zone(cells: list[str]) -> tuple[list[str], list[str]] | None:
    """Dates with a time and offsets from UTC that differ, as (dates, offsets); None for anything else."""
    matched = [m for m in map(TIME.fullmatch, cells) if m]
    if len(matched) < len(cells) or not all(m["zone"] and not m["year"] for m in matched):
        return None
    return [cell[: m.start("zone")] for cell, m in zip(cells, matched, strict=True)], [m["zone"] for m in matched]


def unit_of(form: str) -> str:
    """The coarsest of UNITS that a format tells apart."""
    found = re.search(r"%(\.|\d)?f", form)
    if not found:
        return "s"
    digits = 9 if found[1] == "." else int(found[1] or 6)
    return "ms" if digits <= 3 else "us" if digits <= 6 else "ns"


def parse(cells: list[str], form: str, duration: bool = False) -> tuple[np.ndarray | None, int]:
    """(ticks since 1970, or of the duration, int64 (n,) in `unit_of(form)`; None and the first cell that has none)."""
    fields, expression = _compiled(form, duration)
    matched = [m for m in itertools.takewhile(bool, map(expression.fullmatch, cells)) if m]
    if len(matched) < len(cells):
        return None, len(matched)
    columns = dict(zip(fields, zip(*(m.groups("") for m in matched), strict=True), strict=True))
    unit = UNITS[unit_of(form)]
    length = len(str(unit)) - 1
    zero = np.zeros(len(cells), np.int64)

    def number(*names: str) -> np.ndarray | None:
        found = next((columns[n] for n in names if n in columns), None)
        return None if found is None else np.array([int(v or 0) for v in found], np.int64)

    fraction = next((columns[n] for n in columns if n[-1] == "f"), None)
    part = zero if fraction is None else np.array([int(f.strip(".").ljust(length, "0")) for f in fraction], np.int64)
    shown = ((size, number(size, f"-{size}")) for size in SIZES)
    clock = {size: count for size, count in shown if count is not None}
    seconds = sum((count * SIZES[size] for size, count in clock.items()), zero)
    if duration:
        sign = np.where([c == "-" for c in columns["sign"]], -1, 1)
        return sign * (seconds * unit + part), -1
    if (hours := number("I", "-I")) is not None:
        later = np.array([p.upper() == "PM" for p in columns["p"]])
        seconds = seconds + (hours % 12 + 12 * later) * 3600
    short = number("y")
    year = number("Y") if short is None else np.where(short < 50, 2000, 1900) + short
    year = zero + 1970 if year is None else year
    named = next((columns[n] for n in ("b", "B") if n in columns), None)
    month = number("m", "-m") if named is None else np.array([_place(m, MONTHS) for m in named])
    day = number("d", "-d")
    month, day = (np.ones_like(zero) if v is None else v for v in (month, day))
    months = (year - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    right = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) == months
    right &= (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    for name, most in (("H", 24), ("M", 60), ("S", 60)):
        if name in clock:
            right &= clock[name] < most
    if not right.all():
        return None, int((~right).argmax())
    return (days * 86400 + seconds) * unit + part, -1


def write(ticks: np.ndarray, form: str, duration: bool = False) -> list[str]:
    """Cells of `ticks` (n,) int64, as in `parse`."""
    unit = UNITS[unit_of(form)]
    length = len(str(unit)) - 1
    ticks = np.asarray(ticks, np.int64)
    whole, part = np.divmod(np.abs(ticks) if duration else ticks, unit)
    values: dict[str, np.ndarray] = {}
    names = {t[-1] for t in TOKEN.findall(form) if t[0] == "%"}
    if duration:
        rest = whole
        for name in (n for n in SIZES if n in names):
            values[name], rest = np.divmod(rest, SIZES[name])
    else:
        days, clock = np.divmod(whole, 86400)
        date = days.astype("datetime64[D]")
        month = date.astype("datetime64[M]").astype(np.int64)
        values |= {"H": clock // 3600, "M": clock // 60 % 60, "S": clock % 60, "Y": month // 12 + 1970}
        values |= {"m": month % 12 + 1, "d": (date - date.astype("datetime64[M]")).astype(np.int64) + 1}
        values |= {"y": values["Y"] % 100, "I": (values["H"] + 11) % 12 + 1, "p": values["H"] // 12}
        values |= {"b": values["m"] - 1, "B": values["m"] - 1, "a": (days + 3) % 7, "A": (days + 3) % 7}
    parts = [["-" if t < 0 else "" for t in ticks.tolist()]] if duration else []
    for token in TOKEN.findall(form):
        if token[0] != "%" or token == "%%":
            parts.append([token.replace("%%", "%")] * len(ticks))
        else:
            parts.append(_texts(token, values, part, length))
    return list(map("".join, zip(*parts, strict=True))) if len(ticks) else []


def _texts(token: str, values: dict, part: np.ndarray, length: int) -> list[str]:
    """One field of a format for all ticks."""
    flag, name = token[1:-1], token[-1]
    if name == "f":
        texts = [f"{v:0{length}d}" if length else "" for v in part.tolist()]
        if flag == ".":
            return [f".{t}".rstrip("0").rstrip(".") for t in texts]
        return [t.ljust(int(flag or 6), "0")[: int(flag or 6)] for t in texts]
    numbers = values[name].tolist()
    if name in NAMES:
        case = {"^": str.upper, "_": str.lower}.get(flag, str)
        return [case(NAMES[name][v]) for v in numbers]
    if flag == "-" or name == "D":
        return list(map(str, numbers))
    digits = 4 if name == "Y" else 2
    return [f"{v:0{digits}d}" for v in numbers]


@lru_cache(maxsize=256)
def _compiled(form: str, duration: bool) -> tuple[list[str], re.Pattern]:
    """(names of the groups in order, expression of a cell)."""
    fields, text = (["sign"], "(-?)") if duration else ([], "")
    for token in TOKEN.findall(form):
        if token[0] != "%" or token == "%%":
            text += re.escape(token.replace("%%", "%"))
            continue
        flag, name = token[1:-1], token[-1]
        if name == "f":
            text += r"((?:\.\d{1,9})?)" if flag == "." else rf"(\d{{{flag or 6}}})"
        elif name in NAMES:
            text += f"((?i:{'|'.join(sorted(NAMES[name], key=len, reverse=True))}))"
        elif name == "Y":
            text += r"(\d{4})"
        elif duration and len(fields) == 1:
            text += r"(\d+)" if flag == "-" or name == "D" else r"(\d{2,})"
        else:
            text += r"(\d{1,2})" if flag == "-" or duration else r"(\d{2})"
        fields.append((flag if flag == "-" else "") + name)
    return fields, re.compile(text)


def pattern(form: str) -> str:
    """A regular expression for one date of this format, without groups."""
    return re.sub(r"\((?!\?)", "(?:", _compiled(form, False)[1].pattern)


def _place(word: str, words: list[str]) -> int:
    return 1 + next(i for i, w in enumerate(words) if w[:3].lower() == word[:3].lower())


def _unpadded(cells: list[str]) -> bool:
    """Whether a field of one digit is among the dates of cells, such as the month of 7/14/2023."""
    return any(re.search(r"(?<![\d:.,])\d(?![\d:])", cell) for cell in cells)


def _candidates(cell: str, cells: list[str], compact: bool):
    """Formats that one of `cells` may have, the likeliest first."""
    found, times = TIME.fullmatch(cell), [""]
    if found:
        second, fraction = found["second"] or "", found["fraction"] or ""
        hour = "I" if found["half"] else "H"
        short = any(m and len(m["hour"]) == 1 for m in map(TIME.fullmatch, cells))
        clock = (found["gap"] or "") + f"%{'-' if short else ''}{hour}:%M" + (":%S" if second else "")
        parts = [f"{fraction[0]}%{len(fraction) - 1}f", "%.f"] if fraction else ["", "%.f"] if second else [""]
        half = found["half"] or ""
        half = half and half[:-2] + ("%_p" if half.islower() else "%p")
        times = [clock + part + half + (found["zone"] or "") for part in parts]
        if found["half"] and not found["date"]:
            yield from times
    year = (found["year"] or "") if found else ""
    for date in _dates(found["date"] + year if found else cell, _unpadded(cells), compact or found is not None):
        for time in times:
            if not year:
                yield date + time
            elif date.endswith(" %Y"):
                yield date.removesuffix(" %Y") + time + " %Y"
    if close := re.fullmatch(r"\d{8}T\d{4}(\d{2})?(Z?)", cell):
        yield f"%Y%m%dT%H%M{'%S' if close[1] else ''}{close[2]}"


def _dates(text: str, unpadded: bool, compact: bool):
    """Formats of the part of a cell before the time."""
    pieces = re.findall(r"\d+|[A-Za-z]+|[^\dA-Za-z]+", text)
    lengths = [len(p) for p in pieces if p.isdigit()]
    if len(lengths) == 1 and len(pieces) == 1:
        if compact and lengths[0] in (6, 8, 14):
            yield "%y%m%d" if lengths[0] == 6 else "%Y%m%d" + ("%H%M%S" if lengths[0] == 14 else "")
        return
    letters = [p for p in pieces if p.isalpha()]
    named = [name for name in map(_name, letters) if name is not None]
    if len(named) < len(letters):
        return
    months = [n for n in named if n[-1] in "bB"]
    if len(months) > 1 or not lengths or any(len(p) > 3 for p in pieces if not p.isalnum()):
        return
    for order in _orders(lengths, bool(months), "".join(p for p in pieces if not p.isalnum())):
        for flag in ("-", "") if unpadded else ("",):
            numbers, words = iter(order), iter(named)
            fields = {"Y": "%Y", "y": "%y", "m": f"%{flag}m", "d": f"%{flag}d"}
            yield "".join(
                fields[next(numbers)] if p.isdigit() else next(words) if p.isalpha() else p.replace("%", "%%")
                for p in pieces
            )


def _orders(lengths: list[int], month_named: bool, separators: str):
    """What the numbers of a date may be, by how many digits they have."""
    short, long = [n <= 2 for n in lengths], [n == 4 for n in lengths]
    if month_named:
        return {
            (True, False): ["dY"],
            (False, True): ["Yd"],
            (True, True): ["dy"],
            (False,): ["Y"],
            (True,): ["y"],
        }.get(tuple(short), []) if all(s or w for s, w in zip(short, long, strict=True)) else []  # fmt: skip
    if len(lengths) == 3:
        if long[0] and all(short[1:]):
            return ["Ymd"]
        if long[2] and all(short[:2]):
            return ["mdY", "dmY"] if "/" in separators else ["dmY", "mdY"]
        if all(short):
            return ["mdy", "dmy", "ymd"] if "/" in separators else ["dmy", "mdy", "ymd"]
    if len(lengths) == 2 and separators in ("-", "/", "."):
        if long[0] and short[1]:
            return ["Ym"]
        if short[0] and long[1] and separators != ".":
            return ["mY"]
    return []


def _name(word: str) -> str | None:
    """The field that a word of a date is."""
    flag = "^" if word.isupper() and len(word) > 1 else "_" if word.islower() else ""
    for name in ("b", "B", "a", "A"):
        if word.lower() in map(str.lower, NAMES[name]):
            if name == "b" and word.lower() == "may":
                return f"%{flag}b"
            return f"%{flag}{name}"
    return None
