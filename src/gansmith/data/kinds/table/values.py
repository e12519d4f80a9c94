"""Columns of pandas as plain arrays of text, numbers or ticks, and back; and cells as JSON can hold them."""

from __future__ import annotations

import ast
import datetime
import re
import uuid
from decimal import Decimal

import numpy as np

from gansmith.errors import DataError

TICKS = ("s", "ms", "us", "ns")


def is_text(values) -> bool:
    """Whether a Series holds text and gaps only."""
    import pandas

    if isinstance(values.dtype, pandas.CategoricalDtype):
        return False
    if values.dtype != object:
        return pandas.api.types.is_string_dtype(values.dtype)
    return pandas.api.types.infer_dtype(values, skipna=True) == "string"


def numeric(values) -> bool:
    """Whether the type of a Series is one of whole or real numbers."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype) and values.dtype.kind != "c"


def countable(values) -> bool:
    """Whether a Series holds numbers or truths, of whatever type."""
    import pandas

    if values.dtype != object:
        return numeric(values) or pandas.api.types.is_bool_dtype(values.dtype)
    return pandas.api.types.infer_dtype(values, skipna=True) in (
        "integer",
        "floating",
        "mixed-integer-float",
        "boolean",
    )


def truths(values) -> bool:
    """Whether a Series holds True and False only."""
    import pandas

    kind = values.dtype
    return pandas.api.types.is_bool_dtype(kind) or pandas.api.types.infer_dtype(values, skipna=True) == "boolean"


def plain(values):
    """A Series of an Arrow or sparse type as one of numpy's own or pandas' nullable types."""
    import pandas

    if isinstance(values.dtype, pandas.SparseDtype):
        return values.sparse.to_dense()
    if hasattr(pandas, "ArrowDtype") and isinstance(values.dtype, pandas.ArrowDtype):
        kind = values.dtype.kind
        if kind in "mM" and hasattr(values.dtype.pyarrow_dtype, "unit"):
            zone = getattr(values.dtype.pyarrow_dtype, "tz", None)
            unit = values.dtype.pyarrow_dtype.unit
            name = f"{'timedelta' if kind == 'm' else 'datetime'}64[{unit}"
            return values.astype(f"{name}, {zone}]" if zone else f"{name}]")
        if kind in "iufb":
            return values.convert_dtypes(dtype_backend="numpy_nullable", convert_integer=kind in "iu")
        return values.astype(object).where(values.notna(), None)
    return values


def numbers(values) -> tuple[np.ndarray, np.ndarray]:
    """A Series of numbers or booleans as (int64, uint64, float64, or objects where ints are longer; where missing)."""
    gaps = values.isna().to_numpy()
    kind = values.dtype.kind
    if kind in "iu":
        whole = values.to_numpy(np.int64 if kind == "i" else np.uint64, na_value=0)
        return whole, gaps
    if kind == "O":
        found = [v for v, gap in zip(values, gaps, strict=True) if not gap]
        if all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in found):
            return np.array([0 if gap else int(v) for v, gap in zip(values, gaps, strict=True)] + [0], object)[
                :-1
            ], gaps
    return values.to_numpy(np.float64, na_value=np.nan), gaps


def ticks(values) -> tuple[np.ndarray, np.ndarray, str]:
    """A Series of dates, durations or periods as (int64, where missing, unit: one of TICKS, or "period")."""
    import pandas

    gaps = values.isna().to_numpy()
    if isinstance(values.dtype, pandas.PeriodDtype):
        return np.where(gaps, 0, values.array.asi8), gaps, "period"
    if getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    array = values.to_numpy()
    unit = np.datetime_data(array.dtype)[0]
    if unit not in TICKS:
        unit, array = "s", array.astype(array.dtype.str[:2] + "8[s]")
    return np.where(gaps, 0, array.view(np.int64)), gaps, unit


def from_ticks(found: np.ndarray, gaps: np.ndarray, unit: str, dtype: str):
    """What `ticks` took apart, as a Series of `dtype`."""
    import pandas

    wanted = pandas.api.types.pandas_dtype(dtype)
    if unit == "period":
        ordinals = np.where(gaps, np.iinfo(np.int64).min, found)
        return pandas.Series(pandas.arrays.PeriodArray(ordinals, dtype=wanted))
    duration = dtype.startswith(("timedelta", "duration"))
    array = found.astype(np.int64).view(f"{'m' if duration else 'M'}8[{unit}]").copy()
    array[gaps] = "NaT"
    made = pandas.Series(array)
    zone = getattr(wanted, "tz", None) or getattr(getattr(wanted, "pyarrow_dtype", None), "tz", None)
    return (made.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else made).astype(wanted)


def from_texts(cells: list, dtype: str):
    """Text and None as a Series of a type of text, of whatever pandas is at hand."""
    import pandas

    if dtype == "str" and int(pandas.__version__.split(".")[0]) < 3:
        dtype = "object"
    made = pandas.Series(cells, dtype=object)
    try:
        return made if dtype == "object" else made.astype(dtype)
    except (ImportError, TypeError):  # text of Arrow, where Arrow is not installed
        return made.astype("string")


def series(values: np.ndarray, dtype: str):
    """Values, None where missing, as a Series of `dtype`; as they are where a type cannot hold them."""
    import pandas

    if dtype in ("object", "str", "string") or dtype.startswith(("string", "large_string")):
        return from_texts([v if v is None or dtype == "object" else str(v) for v in values.tolist()], dtype)
    try:
        if values.dtype != object:
            return pandas.Series(values).astype(dtype)
        if dtype[0] in "iufb" and not dtype.startswith("interval"):  # through objects, so that long integers stay exact
            missing = np.nan if dtype[0] == "f" else None
            return pandas.Series([missing if v is None else v for v in values.tolist()], dtype=object).astype(dtype)
        return pandas.Series(pandas.array(values.tolist(), dtype=dtype))
    except (TypeError, ValueError, OverflowError):
        return pandas.Series(values)


def array(numbers: list) -> np.ndarray:
    """Numbers as int64, as ints of any length, or as float64."""
    if all(type(v) is int for v in numbers):
        small = all(-(2**63) <= v < 2**63 for v in numbers)
        return np.array([*numbers, 0], np.int64 if small else object)[:-1]
    return np.array(numbers, np.float64)


def written(values, made: str = ""):
    """The cells of a Series as text, those of a type that can be made again by its own function."""
    text = types()[made][1] if made else lambda v: f"{v:d}" if isinstance(v, (int, np.integer)) else str(v)
    if not made and values.dtype.kind == "f":
        text = lambda v: f"{v:.0f}" if float(v).is_integer() else str(v)  # noqa: E731
    return values.astype(object).map(text, na_action="ignore").astype(object)


def kept_dtype(values) -> str:
    """The name of a Series' type, from which pandas makes it again. DataError where it cannot."""
    import pandas

    name = "category" if isinstance(values.dtype, pandas.CategoricalDtype) else str(values.dtype)
    try:
        known = name == "category" or pandas.api.types.pandas_dtype(name) == values.dtype
    except (TypeError, ValueError, SyntaxError, NotImplementedError):
        known = False
    if name == "string":
        return f"string[{values.dtype.storage}]"
    if known or is_text(values):
        return name
    raise DataError(
        f"column {values.name!r} is of the type {name}, which cannot be made again: bring it to a type of pandas' own "
        f"(df[{values.name!r}] = df[{values.name!r}].astype(object), for example), or leave it out"
    )


# --- cells that are neither text nor numbers -------------------------------------------------------------------------
def _pandas_types() -> dict:
    import pandas

    return {
        "timestamp": (pandas.Timestamp, str, pandas.Timestamp),
        "timedelta": (pandas.Timedelta, str, pandas.Timedelta),
        "span": (
            datetime.timedelta,
            lambda cell: str(pandas.Timedelta(cell)),
            lambda text: pandas.Timedelta(text).to_pytimedelta(),
        ),
    }


def types() -> dict:
    """Name -> (type, cell to text, text to cell): whose text says all of them. The first that fits is meant."""
    return _pandas_types() | {
        "datetime": (datetime.datetime, str, datetime.datetime.fromisoformat),
        "date": (datetime.date, str, datetime.date.fromisoformat),
        "time": (datetime.time, str, datetime.time.fromisoformat),
        "decimal": (Decimal, str, Decimal),
        "uuid": (uuid.UUID, str, uuid.UUID),
        "int": (int, str, int),
        "float": (float, repr, float),
        "literal": ((list, dict, tuple, set, bytes), repr, ast.literal_eval),
    }


def made_of(values) -> str:
    """The name in `types` of what all cells of a column of objects are, "" where they are none of them or differ."""
    if values.dtype != object:
        return ""
    there = values[values.notna()].tolist()
    found = {type(v) for v in there}
    for name, (kind, text, back) in types().items():
        if found == {kind} or (isinstance(kind, tuple) and found and found <= set(kind)):
            try:
                return name if all(back(text(v)) == v for v in there[:100]) else ""
            except (TypeError, ValueError, SyntaxError):
                return ""  # what Python cannot read back
    return ""


def to_json(value):
    """A value as JSON can hold it: text, numbers, booleans and None as they are, all else by its type's name."""
    import pandas

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, pandas.Interval):
        return {"interval": [to_json(value.left), to_json(value.right), value.closed]}
    if isinstance(value, pandas.Period):
        return {"period": [str(value), value.freqstr]}
    if isinstance(value, tuple):
        return {"tuple": [to_json(v) for v in value]}
    for name, (kind, text, _) in types().items():
        if type(value) is kind or (isinstance(kind, tuple) and type(value) in kind):
            return {name: text(value)}
    raise DataError(f"{value!r} is of the type {type(value).__name__}, which cannot be written down: turn it into text")


def of_json(value):
    """The value that `to_json` wrote."""
    import pandas

    if not isinstance(value, dict):
        return value
    (name, inside), = value.items()  # fmt: skip
    if name == "interval":
        return pandas.Interval(of_json(inside[0]), of_json(inside[1]), closed=inside[2])
    if name == "period":
        return pandas.Period(inside[0], freq=inside[1])
    if name == "tuple":
        return tuple(map(of_json, inside))
    return types()[name][2](inside)


def keys(values) -> list:
    """The cells of a Series as plain values that can be compared and written down, None where missing.

    DataError for cells that are lists, dictionaries or the like.
    """
    gaps = values.isna().to_numpy()
    found = [None if gap else v for v, gap in zip(values.tolist(), gaps, strict=True)]
    seen: dict = {}
    for row, value in enumerate(found):
        try:
            if value is not None and type(value) is not str and value not in seen:
                to_json(seen.setdefault(value, value))
        except TypeError:
            raise DataError(
                f"column {values.name!r} holds a {type(value).__name__} in row {row + 1} ({shorten(repr(value))}): "
                "turn it into text or into columns of its own, or leave it out"
            ) from None
        except DataError as problem:
            raise DataError(f"column {values.name!r}, row {row + 1}: {problem}") from None
    return found


def shorten(text: str, most: int = 40) -> str:
    """`text` in one line of at most `most` characters, control characters left out."""
    text = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text))
    return text if len(text) <= most else text[: most - 1] + "…"
