"""Tables of numbers (CSV, Parquet, DataFrame) -> vectors that remember their columns."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from gansmith.data.arrays import few, from_array
from gansmith.errors import UserError


def from_table(path: Path, **options):
    """The Dataset in a .csv, .tsv (both plain or .gz) or .parquet file."""
    try:
        import pandas
    except ImportError:
        raise UserError(f"reading {path} needs pandas: pip install 'gansmith[tables]'") from None
    try:
        if path.suffix.lower() == ".parquet":
            frame = pandas.read_parquet(path)
        else:
            with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rt", encoding="utf-8-sig") as file:
                head = file.readline()
            sep = max(",;\t|", key=head.count)
            named = not all(_is_number(cell) for cell in head.split(sep))
            frame = pandas.read_csv(path, sep=sep, header=0 if named else None)
    except ImportError:
        raise UserError(f"reading {path} needs pyarrow: pip install 'gansmith[tables]'") from None
    except (ValueError, OSError, EOFError, zlib.error) as problem:
        raise UserError(
            f"{path} cannot be read as a table ({few(str(problem).splitlines(), 1)}): write the file again"
        ) from None
    return from_frame(frame, name=str(path), **options)


def from_frame(frame, *, labels="auto", name="table", **options):
    """The Dataset of a DataFrame of numbers; `labels` names the column that holds the class of each row, if any."""
    found = None
    if isinstance(labels, str) and labels != "auto":
        if labels not in frame.columns:
            raise UserError(f"{name} has no column {labels!r}: it has {few(frame.columns, 12)}")
        gaps = frame[labels].isna()
        if gaps.any():
            raise UserError(f"{name}: column {labels!r} has no label in row {_first(gaps)}: fill it in or drop the row")
        found, frame, labels = frame[labels].to_numpy(), frame.drop(columns=labels), "auto"
    if frame.empty:
        raise UserError(f"{name}: no numbers, the table has {frame.shape[0]} rows and {frame.shape[1]} columns")
    _only_numbers(frame, name)
    columns = () if list(frame.columns) == list(range(frame.shape[1])) else tuple(str(c) for c in frame.columns)
    values = frame.to_numpy(dtype=np.float64)
    return from_array(values, found, labels=labels, columns=columns, name=name, **options)


def _only_numbers(frame, name: str) -> None:
    """Refuse text, dates and gaps, naming the column, the row (the first is 1) and what to type."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    bad = [c for c in frame.columns if not (is_numeric_dtype(frame[c].dtype) or is_bool_dtype(frame[c].dtype))]
    if bad:
        shown = "; ".join(_what_is_wrong(frame[c]) for c in bad[:3]) + (
            f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        )
        rest = frame.shape[1] - len(bad)
        keep = (
            f"To keep the numbers only (columns: {rest}): {_one_liner(name, bad)}"
            if rest
            else "There is no column of numbers"
        )
        raise UserError(f"{name}: numbers are due, but {shown}. {keep}")
    gaps = frame.isna()
    if gaps.to_numpy().any():
        column = frame.columns[int(gaps.any().to_numpy().argmax())]
        rows, columns = int(gaps.any(axis=1).sum()), [str(c) for c in frame.columns[gaps.any()]]
        raise UserError(
            f"{name}: column {column!r} is empty (NaN) in row {_first(gaps[column])}; {rows} of {len(frame)} rows have "
            f"gaps, in {few(columns)}. To leave those rows out: {_one_liner(name, None)}"
        )


def _what_is_wrong(column) -> str:
    import pandas

    values = column.dropna()
    if not len(values):
        return f"column {column.name!r} is empty"
    text = values.astype(str)
    wrong = pandas.to_numeric(text, errors="coerce").isna()
    if not wrong.any():
        return f"column {column.name!r} holds numbers kept as text"
    row, value = column.index.get_loc(wrong.index[wrong.argmax()]) + 1, text[wrong].iloc[0]
    if wrong.sum() <= len(values) / 2:
        return f"column {column.name!r} has {value!r} in row {row} ({int(wrong.sum())} such rows)"
    kind = "text"
    if column.dtype.kind == "M" or _is_date(value):
        kind = "dates"
    return f"column {column.name!r} holds {kind} ({value!r} in row {row})"


def _is_date(text: str) -> bool:
    import warnings

    import pandas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(c.isdigit() for c in text) and not pandas.isna(pandas.to_datetime(text, errors="coerce"))


def _one_liner(name: str, drop) -> str:
    """What to type: Python for a DataFrame, a shell line that writes a mended file for a file."""
    mend = ".dropna()" if drop is None else (f".drop(columns={drop})" if len(drop) <= 3 else ".select_dtypes('number')")
    if name == "table":
        return f"df{mend}"
    read = "read_parquet" if name.endswith(".parquet") else "read_csv"
    stem = Path(name).name.split(".")[0]
    return f"""python -c "import pandas; pandas.{read}('{name}'){mend}.to_csv('{stem}-numbers.csv', index=False)\""""


def _first(mask) -> int:
    return int(mask.to_numpy().argmax()) + 1


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True
