"""What a column of a table holds, and the way between its values and numbers that a network can be told.

A column is coded as float64, NaN where a value is missing. Values that are told apart (categories, booleans, whole
numbers of which there are few) are coded by their place in `levels`, the most frequent first. All other numbers stay
what they are; dates and durations are whole ticks; both are counted from `origin`. Back again, whole numbers are whole,
decimals have the digits they had, text is spelled as it was, and every value is of the type that it had.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from gansmith.data.kinds.table import dates
from gansmith.data.kinds.table import values as cells_of
from gansmith.data.kinds.table.text import Form
from gansmith.data.labels import few
from gansmith.errors import DataError

KINDS = ("categorical", "boolean", "integer", "continuous", "date", "duration", "id")
NUMBERS, TIMES = ("integer", "continuous"), ("date", "duration")
MARKS = {"", "?", "-", ".", "na", "n/a", "nan", "null", "none", "missing", "#n/a", "#div/0!", "#value!"}  # of a gap
EXACT = 2**53  # whole numbers up to here are floats, too
IN_0_1 = 12  # the first so many fields of a Column were there in version 0.1
CODED = ("origin", "unit", "words", "made", "categories", "ordered", "part")  # and these say what codes mean, too


@dataclass(frozen=True, repr=False)
class Column:
    """One column of a table, or a part of one whose cells hold several things ("52.5, 13.4").

    kind      one of KINDS; an "id" names its row: it is not learned, and numbered anew in samples
    dtype     of the pandas column, so that samples have it again
    discrete  whether all its values are in `levels`
    levels    values that are told apart, the most frequent first: all of them, or the spikes of a number (as codes)
    shares    of the rows that hold each level;  missing  of those that hold nothing
    low, high, step  of codes of numbers, dates and durations: range, and what they are whole multiples of (0: nothing)
    format    of dates and durations as text: see `dates`
    modes     (mean, sd, weight) of each component of a mixture, in units of the standard deviation, if one was fitted
    form      how numbers are written, where they are text or came from a file of text
    origin    what the codes of numbers, dates and durations are counted from
    unit      of the ticks of dates and durations: s, ms, us, ns, or period; "" in version 0.1: seconds, not ticks
    parsed    whether it came from a file of text: then gaps are NaN, however they are written
    gap       how a gap is written in text; None: it is none
    texts     how False and True are written in a file of text
    words     what stands among numbers or dates and is neither, nor a gap: "unknown", inf; each is a level, too
    made      type of the cells of a column of objects (a name in `values.types`)
    categories, ordered  of pandas categories: all of them in their order;  of  the type of these
    part      0: the column holds it alone; 1, 2 …: its place among the parts of a cell
    lost      what of its values does not come back as it was, in words
    bins, taken  of numbers, what `table.bins` says; the largest whole number among ids, beyond which new ones begin
    """

    name: str | int
    kind: str
    dtype: str
    discrete: bool = False
    levels: tuple = ()
    shares: tuple[float, ...] = ()
    missing: float = 0.0
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    format: str = ""
    modes: tuple[tuple[float, float, float], ...] = ()
    form: Form | None = None
    origin: int = 0
    unit: str = ""
    parsed: bool = False
    gap: str | None = None
    texts: tuple[str, ...] = ()
    words: tuple = ()
    made: str = ""
    categories: tuple | None = None
    ordered: bool = False
    of: str = ""
    part: int = 0
    lost: str = ""
    bins: tuple[tuple[float, ...], ...] = ()
    taken: int = 0

    def to_json(self) -> dict:
        plain = asdict(self) | {"levels": [cells_of.to_json(v) for v in self.levels]}
        if self.categories is not None:
            plain["categories"] = [cells_of.to_json(v) for v in self.categories]
        return plain | {"name": cells_of.to_json(self.name)}

    @classmethod
    def from_json(cls, about: dict) -> Column:
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in about.items()}
        for name in ("levels", "categories"):
            if about.get(name) is not None:
                plain[name] = tuple(map(cells_of.of_json, about[name]))
        if about.get("form") is not None:
            plain["form"] = Form(**about["form"])
        plain["name"] = cells_of.of_json(about["name"])
        nested = {name: tuple(map(tuple, about.get(name, ()))) for name in ("modes", "bins")}
        return cls(**plain | nested)

    def every_code(self, count: int) -> np.ndarray:
        """`count` codes, over and over: of each level and word, the ends of the range, a gap where there are any."""
        some = range(len(self.levels)) if self.discrete else [*self.levels, self.low, self.high]
        codes = [*some, *map(self.word_code, range(len(self.words))), *([np.nan] if self.missing else [])]
        return np.resize(np.array(codes or [0.0], np.float64), count)

    def __repr__(self) -> str:
        """What its codes mean, without how they are written: digests of data are made of it, now as in version 0.1."""
        later = [f for f in fields(self)[IN_0_1:] if f.name in CODED and getattr(self, f.name) != f.default]
        return f"Column({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in [*fields(self)[:IN_0_1], *later])})"

    def __str__(self) -> str:
        gaps = f"; {self.missing:.2%} missing" if self.missing else ""
        if self.missing and self.gap:
            gaps += f" ({cells_of.shorten(self.gap)!r})"
        if self.kind == "id":
            return "id: names its row, not learned, numbered anew in samples"
        written = self.levels if self.discrete else map(str, decode(self, np.array(self.levels, np.float64)))
        shown = few([f"{_shown(v)} {s:.1%}" for v, s in zip(written, self.shares)], 4)
        if self.discrete:
            return f"{self.kind}: {len(self.levels)} values: {shown}{gaps}"
        low, high = (cells_of.shorten(str(v)) for v in decode(self, np.array([self.low, self.high])))
        spikes = f"; spikes: {shown}" if self.levels else ""
        return f"{self.kind}: {low} … {high}{spikes}{gaps}"

    def word_code(self, k: int) -> float:
        """The code of the k-th of `words`: beyond all numbers."""
        return self.high + (k + 1) * ((self.high - self.low) or 1.0)

    @property
    def is_text(self) -> bool:
        """Whether its values are text, or objects, that are made of text, whatever they stand for."""
        text = self.dtype in ("str", "object", "string") or self.dtype.startswith(("string", "large_string"))
        return text and (self.kind not in NUMBERS or self.form is not None)


# --- values to codes -------------------------------------------------------------------------------------------------
def encode(column: Column, values, strict: bool = True) -> np.ndarray:
    """A pandas Series of such values, typed or as text, to float64 codes (n,).

    strict  DataError for a value that no row of the table had; False: such values are coded as one more level
    """
    if column.kind == "id":
        return np.zeros(len(values))
    values = cells_of.plain(values)
    if column.made and (made := cells_of.made_of(values)):
        values = cells_of.written(values, made)
    if cells_of.is_text(values):
        return _of_text(column, values, strict)
    if column.kind == "categorical":
        return _places(column, cells_of.keys(values), strict)
    times = values.dtype.kind in "mM" or str(values.dtype).startswith("period")
    if column.kind in TIMES and not times:
        return _of_text(column, cells_of.written(values), strict)
    if column.kind in TIMES:
        found, gaps, unit = cells_of.ticks(values)
        return _from_origin(column, _in_unit(found, unit, column.unit), gaps)
    if not cells_of.countable(values):
        if column.kind in NUMBERS:
            return _of_text(column, cells_of.written(values), strict)
        return _places(column, cells_of.keys(values), strict)
    found, gaps = cells_of.numbers(values)
    if column.discrete:
        truth = column.kind == "boolean"
        plain = [None if gap else bool(v) if truth else v for v, gap in zip(found.tolist(), gaps.tolist())]
        return _places(column, plain, strict)
    codes = _from_origin(column, found, gaps)
    endless = np.flatnonzero(np.isinf(codes)).tolist()
    for row in endless:
        if codes[row] not in column.words:
            raise _odd(column, codes[row], row, len(endless))
        codes[row] = column.word_code(column.words.index(codes[row]))
    return codes


def _of_text(column: Column, values, strict: bool) -> np.ndarray:
    """Codes of a Series of text: each different text is read once."""
    import pandas

    place, different = pandas.factorize(values)
    texts = [str(t) for t in different]
    codes = np.append(_of_texts(column, texts, place, strict), np.nan)
    return codes[place]  # factorize says -1 of what is missing


def _of_texts(column: Column, texts: list[str], place: np.ndarray, strict: bool) -> np.ndarray:
    """Codes (k,) of different texts; `place` (n,) says which of them each row holds."""
    if column.kind == "categorical":
        plain: list = [None if text == column.gap else text for text in texts]
        if column.form is not None:
            plain = [text if text is None else column.form.number(text) for text in plain]
        return _places(column, plain, strict)
    codes = np.full(len(texts), np.nan)
    spoken = {word: column.word_code(k) for k, word in enumerate(column.words)}
    there = []
    for i, text in enumerate(texts):
        if text in spoken:
            codes[i] = spoken[text]
        elif text != column.gap and text.strip().lower() not in MARKS:
            there.append(i)
    if column.kind == "boolean":
        truth = {"False": False, "True": True} | dict(zip(column.texts, (False, True)))
        codes[there] = _places(column, [truth.get(texts[i], texts[i]) for i in there], strict)
        return codes
    found, bad = _numbers_of(column, [texts[i] for i in there])
    if bad is not None:
        raise _odd(column, texts[there[bad]], int((place == there[bad]).argmax()), int((place == there[bad]).sum()))
    if column.discrete:
        codes[there] = _places(column, found.tolist(), strict)
    else:
        codes[there] = _from_origin(column, found, np.zeros(len(there), bool))
    return codes


def _numbers_of(column: Column, texts: list[str]) -> tuple[np.ndarray, int | None]:
    """Numbers or ticks of different texts, and the place of the first that is none."""
    if column.kind in TIMES:
        long = column.kind == "duration"
        form = column.format or (dates.find_duration(texts) if long else dates.find(texts, True)) or "%Y-%m-%d"
        found, bad = dates.parse(texts, form, long)
        if found is None and not long and (other := dates.find(texts, True)):  # rows of somebody else
            form, (found, bad) = other, dates.parse(texts, other)
        return (np.zeros(0), bad) if found is None else (_in_unit(found, dates.unit_of(form), column.unit), None)
    numbers = [(column.form or Form()).number(text) for text in texts]
    wrong = next((i for i, v in enumerate(numbers) if v is None or v - v != 0), None)
    return (np.zeros(0), wrong) if wrong is not None else (cells_of.array(numbers), None)


def _from_origin(column: Column, found: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Numbers or ticks as codes; exact beyond 2^53, too."""
    if found.dtype.kind != "f" and (column.origin or found.dtype.kind != "i"):
        found = np.array([v - column.origin for v in found.tolist()], np.float64)
    codes = np.array(found, np.float64)
    codes[gaps] = np.nan
    return codes


def _in_unit(found: np.ndarray, unit: str, wanted: str) -> np.ndarray:
    """Ticks in another unit; "" is that of version 0.1: seconds, with fractions."""
    if unit == wanted or "period" in (unit, wanted):
        return found
    if not wanted:
        return found / dates.UNITS[unit]
    up, down = dates.UNITS[wanted], dates.UNITS[unit]
    return found * (up // down) if up >= down else found // (down // up)


def _places(column: Column, plain: list, strict: bool) -> np.ndarray:
    """The place of each value in `levels`; None is a gap."""
    place: dict = {str(level): i for i, level in reversed(list(enumerate(column.levels)))}
    place |= {_key(level): i for i, level in enumerate(column.levels)}
    beyond = -1 if strict else len(column.levels)
    codes = np.full(len(plain), np.nan)
    for i, value in enumerate(plain):
        if value is not None:
            codes[i] = place.get(_key(value), place.get(str(value), beyond))
            if codes[i] < 0:
                levels = few([cells_of.shorten(str(v)) for v in column.levels], 8)
                raise DataError(
                    f"column {column.name!r} holds {_shown(value)}, which no row of the table had: {levels}"
                )
    return codes


def _key(value) -> tuple:
    """A key that tells True from 1, and not 1 from 1.0."""
    kind = type(value)
    return ("", int(value)) if kind is float and value.is_integer() else ("b" if kind is bool else "", value)


def _odd(column: Column, value, row: int, count: int) -> DataError:
    what = {"date": "date", "duration": "duration"}.get(column.kind, "finite number")
    such = f" ({count} such rows)" if count > 1 else ""
    return DataError(
        f"column {column.name!r} has {_shown(value)} in row {row + 1}{such}, which is no {what}: mend it, or type "
        f"{column.name}=categorical"
    )


# --- codes to values -------------------------------------------------------------------------------------------------
def decode(column: Column, codes: np.ndarray):
    """float64 codes (n,), NaN where missing, to a pandas Series of the column's dtype."""
    import pandas

    gaps = np.isnan(codes)
    if column.kind == "id":
        new = np.arange(1, len(codes) + 1) + column.taken
        new = new if column.form is None else np.array([*map(column.form.cell, new.tolist())], object)
        return cells_of.series(new, "str" if column.dtype == "category" else column.dtype)
    if column.discrete:
        values = np.array([*column.levels, None, None], dtype=object)[:-1][np.where(gaps, -1, codes).astype(np.int64)]
        if column.dtype == "category":
            every = column.levels if column.categories is None else column.categories
            index = pandas.Index(list(every), dtype=column.of or None)
            return pandas.Series(pandas.Categorical(list(values), categories=index, ordered=column.ordered))
        if column.is_text and column.kind in ("boolean", *NUMBERS) and (column.form or column.texts):
            return _as_text(column, _written(column, values[~gaps].tolist()), gaps, {})
        if column.made:
            return _as_text(column, list(values[~gaps]), gaps, {})
        return cells_of.series(values, column.dtype)
    spoken = {k: codes == column.word_code(k) for k in range(len(column.words))}
    there = ~gaps & ~np.any(list(spoken.values()), 0) if spoken else ~gaps
    found = counted(column, codes[there])
    if column.is_text or column.format:
        return _as_text(column, _written(column, found), gaps, spoken)
    if column.kind in TIMES:
        ticks = np.zeros(len(codes), np.int64)
        ticks[there] = found
        return cells_of.from_ticks(ticks, gaps, column.unit or "ms", column.dtype)
    if there.all():
        return cells_of.series(found, column.dtype)
    exact = found.dtype.kind != "f" and column.dtype[:1] in "IU"  # nullable integers: floats might not hold them
    whole = np.full(len(codes), None, object) if exact else np.full(len(codes), np.nan)
    whole[there] = found
    for k, rows in spoken.items():
        whole[rows] = column.words[k]
    return cells_of.series(whole, column.dtype)


def counted(column: Column, codes: np.ndarray) -> np.ndarray:
    """Codes without gaps as numbers or ticks, rounded as the column's are; whole ones as int64 or longer ints."""
    values = np.clip(codes, column.low, column.high)
    if column.kind in TIMES and not column.unit:
        step = column.step or 1e-3  # seconds since 1970 of a table of version 0.1, as milliseconds
        return np.rint(np.rint(values / step) * step * 1000).astype(np.int64)
    if not column.step:
        return values
    steps = np.rint(values / column.step)
    if column.kind == "continuous":
        return steps / 10 ** max(0, round(-np.log10(column.step)))
    whole = steps.astype(np.int64) * int(column.step)
    if abs(column.origin) < 2**62:
        return whole + column.origin
    return cells_of.array([v + column.origin for v in whole.tolist()])


def _written(column: Column, values) -> list[str]:
    """Numbers, ticks or truths as the column writes them."""
    if column.kind in TIMES:
        ticks = _in_unit(np.asarray(values), column.unit or "ms", dates.unit_of(column.format))
        return dates.write(ticks, column.format, column.kind == "duration")
    if column.kind == "boolean":
        return [(column.texts or ("False", "True"))[bool(v)] for v in values]
    form = column.form or Form("repr")
    return list(map(form.cell, values.tolist() if isinstance(values, np.ndarray) else values))


def _as_text(column: Column, texts: list, gaps: np.ndarray, spoken: dict):
    """The texts of what is there, words and the mark of a gap as a Series of the column's type."""
    made = cells_of.types()[column.made][2] if column.made else str
    every = np.full(len(gaps), None if column.parsed or column.made else column.gap, object)
    there = ~gaps & ~np.any(list(spoken.values()), 0) if spoken else ~gaps
    for place, text in zip(np.flatnonzero(there).tolist(), texts, strict=True):
        every[place] = made(text) if column.made else text  # one by one: it may be a list
    for k, rows in spoken.items():
        every[rows] = column.words[k]
    if column.is_text:
        return cells_of.from_texts(list(every), column.dtype)
    if not column.made:  # days written as whole numbers
        every[there] = list(map(int, texts))
    return cells_of.series(every, column.dtype)


def legible(column: Column, values):
    """Numbers and dates that are kept as text as numbers (durations in seconds) and dates; words and gaps as NaN."""
    import pandas

    codes = encode(replace(column, discrete=False), values, strict=False)
    gaps = np.isnan(codes) | ((codes > column.high) & (not column.discrete))
    if column.kind not in TIMES:
        return pandas.Series(np.where(gaps, np.nan, codes + float(column.origin)), index=values.index)
    ticks = np.where(gaps, 0, codes).astype(np.int64) + column.origin
    seconds = ticks // dates.UNITS.get(column.unit, 1)
    if column.kind == "duration":
        return pandas.Series(np.where(gaps, np.nan, seconds), index=values.index)
    found = seconds.astype("M8[s]")
    found[gaps] = "NaT"
    return pandas.Series(found, index=values.index)


def spelled(column: Column) -> list[str]:
    """The levels of a column whose values are told apart, as its cells have them."""
    return write_cells(column, decode(column, np.arange(len(column.levels), dtype=np.float64)))


def write_cells(column: Column, values) -> list[str]:
    """A Series as `decode` made it, as the cells of a file of text."""
    gaps = values.isna().tolist()
    there = [v for v, gap in zip(values.tolist(), gaps) if not gap]
    plain = not cells_of.is_text(values)
    if plain and column.form is not None:
        there = [column.form.cell(value) for value in there]
    elif plain and column.texts:
        there = _written(column, there)
    texts = iter(there)
    return [column.gap or "" if gap else str(next(texts)) for gap in gaps]


def _shown(value) -> str:
    return cells_of.shorten(repr(value) if isinstance(value, str) else str(value))
