"""What a column of a table holds, and the way between its values and numbers that a network can be told.

A column is coded as float64, NaN where a value is missing. Values that are told apart (categories, booleans, whole
numbers of which there are few) are coded by their place in `levels`, the most frequent first. All other numbers stay
what they are, dates are seconds since 1970. Back again, whole numbers are whole, decimals have the digits they had,
dates and missing values are what they were.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from gansmith.data.labels import few
from gansmith.errors import UserError

KINDS = ("categorical", "boolean", "integer", "continuous", "date", "id")
FEW = 20  # whole numbers of at most so many values are told apart
ROWS_A_VALUE = 10  # … if each comes this often on average
SPIKE_SHARE, SPIKE_TIMES = 0.002, 10  # a spike has this share of the rows, and is this much commoner than other values
SPIKES = 20  # at most, of a column
MARKS = frozenset({"", "?", "-", "na", "n/a", "nan", "null", "none", "missing", "."})  # of a gap among numbers
STEPS = (86_400.0, 3600.0, 60.0, 1.0, 1e-3)  # of dates, in seconds


@dataclass(frozen=True)
class Column:
    """One column of a table.

    kind      one of KINDS; an "id" names its row: it is not learned, and numbered anew in samples
    dtype     of the pandas column, so that samples have it again
    discrete  whether all its values are in `levels`
    levels    values that are told apart, the most frequent first: all of them, or the spikes of a number
    shares    of the rows that hold each level;  missing  of those that hold nothing
    low, high, step  of numbers and dates (seconds): range, and what they are whole multiples of (0: of nothing)
    format    of dates kept as text, as in strftime
    modes     (mean, sd, weight) of each component of a mixture, in units of the standard deviation, if one was fitted
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

    @classmethod
    def from_json(cls, fields: dict) -> Column:
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**plain | {"modes": tuple(tuple(mode) for mode in fields["modes"])})

    def __str__(self) -> str:
        gaps = f"; {self.missing:.2%} missing" if self.missing else ""
        if self.kind == "id":
            return "id: names its row, not learned, numbered anew in samples"
        shown = few([f"{v!r} {s:.1%}" for v, s in zip(self.levels, self.shares)], 4)
        if self.discrete:
            return f"{self.kind}: {len(self.levels)} values: {shown}{gaps}"
        low, high = (str(v) for v in decode(self, np.array([self.low, self.high])))
        spikes = f"; spikes: {shown}" if self.levels else ""
        return f"{self.kind}: {low} … {high}{spikes}{gaps}"


def infer(values, kind: str | None = None) -> Column:
    """The Column of a pandas Series; `kind` overrules what it looks like. UserError when it cannot be of that kind."""
    found = kind or _kind(values)
    if found not in KINDS:
        raise UserError(f"column {values.name!r} as {kind!r}: choose one of {', '.join(KINDS)}")
    about = {"name": values.name if isinstance(values.name, (str, int)) else str(values.name), "kind": found}
    about["dtype"] = str(values.dtype)
    if found == "id":
        return Column(**about, discrete=True)
    if found == "date":
        about["format"] = "" if values.dtype.kind == "M" else _format(values.dropna().astype(str)) or "%Y-%m-%d"
    if found in ("categorical", "boolean"):
        plain = _plain(values)
        return Column(**about, **_levels(plain), discrete=True, missing=float(values.isna().mean()))
    if not _is_number(values) and found != "date":
        about["dtype"] = "float64"  # numbers kept as text come out as numbers
    numbers = _numbers(values, found, about.get("format", ""))
    there = numbers[~np.isnan(numbers)]
    if not len(there):
        raise UserError(
            f"column {values.name!r} holds no {found}: give types='{values.name}=categorical', or leave it out"
        )
    about["missing"] = float(np.isnan(numbers).mean())
    if found == "integer":
        if (there != np.round(there)).any():
            odd = there[there != np.round(there)][0]
            raise UserError(f"column {values.name!r} holds {odd:g}, which is not whole: type {values.name}=continuous")
        different = len(np.unique(there))
        if different <= FEW and len(there) >= ROWS_A_VALUE * different:
            return Column(**about, **_levels(there, len(numbers)), discrete=True, step=1.0)
    spikes = _levels(there, len(numbers), spikes=True)
    return Column(**about, **spikes, low=float(there.min()), high=float(there.max()), step=_step(there, found))


def encode(column: Column, values) -> np.ndarray:
    """A pandas Series of such values to float64 codes (n,). UserError for a value that no row had."""
    if column.kind == "id":
        return np.zeros(len(values))
    if not column.discrete:
        return _numbers(values, column.kind, column.format)
    plain = _plain(values) if column.kind != "integer" else _numbers(values, "integer")
    place = {level: i for i, level in enumerate(column.levels)}
    gaps = values.isna().to_numpy() if column.kind != "integer" else np.isnan(plain)
    codes = np.array([np.nan if gap else place.get(v, -1) for v, gap in zip(plain, gaps)], np.float64)
    if (codes == -1).any():
        odd = plain[int((codes == -1).argmax())]
        raise UserError(f"column {column.name!r} holds {odd!r}, which no row of the table had: {few(column.levels, 8)}")
    return codes


def decode(column: Column, codes: np.ndarray):
    """float64 codes (n,), NaN where missing, to a pandas Series of the column's dtype."""
    import pandas

    gaps = np.isnan(codes)
    if column.kind == "id":
        values = np.arange(1, len(codes) + 1)
    elif column.discrete:
        values = np.array([*column.levels, None], dtype=object)[np.where(gaps, -1, codes).astype(np.int64)]
    else:
        values = np.clip(codes, column.low, column.high)
        if column.step:
            values = np.round(np.round(values / column.step) * column.step, max(0, round(-np.log10(column.step))))
    if column.kind == "date":
        dates = pandas.to_datetime(pandas.Series(values), unit="s").dt.round("ms")
        if column.format:
            return dates.dt.strftime(column.format).astype(column.dtype)
        zone = getattr(pandas.api.types.pandas_dtype(column.dtype), "tz", None)
        return (dates.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else dates).astype(column.dtype)
    if column.dtype == "category":
        return pandas.Series(pandas.Categorical(values, categories=list(column.levels)))
    return pandas.Series(values).astype(column.dtype)


# --- what a column looks like ----------------------------------------------------------------------------------------
def _kind(values) -> str:
    from pandas import CategoricalDtype
    from pandas.api.types import is_bool_dtype

    there = values.dropna()
    if isinstance(values.dtype, CategoricalDtype) or not len(there):
        return "categorical"
    if is_bool_dtype(values.dtype) or (values.dtype == object and there.map(type).eq(bool).all()):
        return "boolean"
    if values.dtype.kind == "M":
        return "date"
    if _is_number(values):
        numbers = there.to_numpy(np.float64)
        if not (numbers == np.round(numbers)).all():
            return "continuous"
        counts_rows = len(numbers) == len(values) > FEW and (np.diff(numbers) == 1).all()
        return "id" if counts_rows else "integer"
    numbers, marks = _parsed(values)
    if not np.isnan(numbers[~marks]).any() and not marks.all():
        whole = numbers[~marks]
        return "integer" if (whole == np.round(whole)).all() else "continuous"
    text = there.astype(str)
    if _format(text):
        return "date"
    return "id" if len(there) == len(values) > FEW and text.is_unique else "categorical"


def _is_number(values) -> bool:
    from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

    return is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype) and not is_complex_dtype(values.dtype)


def _parsed(values) -> tuple[np.ndarray, np.ndarray]:
    """Text as numbers (NaN where it is none), and where it is empty or a mark of a gap."""
    import pandas

    text = values.astype("object").where(values.notna(), "").astype(str).str.strip()
    marks = text.str.lower().isin(MARKS).to_numpy()
    return pandas.to_numeric(text.where(~marks), errors="coerce").to_numpy(np.float64), marks


def _format(text) -> str | None:
    """The strftime format that all of these texts have, if they are dates."""
    import pandas
    from pandas.tseries.api import guess_datetime_format

    first = text.iloc[0]
    if sum(c.isdigit() for c in first) < 4 or not any(c in "-/.: " for c in first):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dayfirst in (False, True):
            form = guess_datetime_format(first, dayfirst=dayfirst)
            if form and form.endswith("%z") and text.str.endswith("Z").all():
                form = form[:-2] + "Z"
            if form and "%z" not in form and not pandas.to_datetime(text, format=form, errors="coerce").isna().any():
                return form
    return None


def _numbers(values, kind: str, form: str = "") -> np.ndarray:
    """Numbers, or dates as seconds since 1970, float64; NaN where missing."""
    import pandas

    if kind == "date":
        dates = pandas.to_datetime(values, format=form or None, errors="coerce")
        wrong = dates.isna() & values.notna()
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None) if dates.dt.tz is not None else dates
        found = ((dates - pandas.Timestamp(0)) / pandas.Timedelta(seconds=1)).to_numpy(np.float64)
    elif _is_number(values) or values.dtype.kind == "b":
        found = values.to_numpy(np.float64, na_value=np.nan)
        wrong = pandas.Series(np.isinf(found))
    else:
        found, marks = _parsed(values)
        wrong = pandas.Series(np.isnan(found) & ~marks)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UserError(
            f"column {values.name!r} has {values.iloc[row]!r} in row {row + 1} ({int(wrong.sum())} such rows), which "
            f"is no {'date' if kind == 'date' else 'finite number'}: mend it, or type {values.name}=categorical"
        )
    return found


def _plain(values) -> np.ndarray:
    """Values as str, bool, int or float, so that they can be written down; None where missing."""
    known = (str, bool, int, float)
    plain = values.astype("object").where(values.notna(), None).to_numpy()
    plain = [v.item() if isinstance(v, np.generic) else v for v in plain]
    return np.array([v if v is None or isinstance(v, known) else str(v) for v in plain] + [None], object)[:-1]


def _levels(values: np.ndarray, rows: int | None = None, spikes: bool = False) -> dict:
    """`levels` and `shares` of `rows` rows, the most frequent first, equal ones in order; of spikes only, if asked."""
    import pandas

    counts = pandas.Series(values).value_counts()
    rows = rows or len(values)
    if spikes:
        least = max(SPIKE_SHARE * rows, SPIKE_TIMES * counts.median(), 2 * ROWS_A_VALUE)
        counts = counts[counts >= least][:SPIKES]
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    plain = [int(v) if isinstance(v, float) and v.is_integer() else v for v, _ in pairs]
    return {"levels": tuple(plain), "shares": tuple(float(n / rows) for _, n in pairs)}


def _step(there: np.ndarray, kind: str) -> float:
    """The coarsest of the usual steps that all values are multiples of: 1 for whole numbers, 0.01, a day …; 0: none."""
    if kind == "integer":
        return 1.0
    for step in STEPS if kind == "date" else (10.0**-digits for digits in range(7)):
        if np.allclose(np.round(there / step) * step, there, rtol=1e-13, atol=1e-6 * step):
            return step
    return 0.0
