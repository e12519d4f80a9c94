"""Where rows come from: files of text, Parquet, DataFrames of any library; and what was asked of their columns."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gansmith.data.kinds.table import csv as table_csv
from gansmith.data.kinds.table.columns import KINDS
from gansmith.data.kinds.table.csv import Layout
from gansmith.data.labels import few
from gansmith.errors import DataError, nearest

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


@dataclass(frozen=True)
class Source:
    """What is known of the file of text that a DataFrame came from: its layout, its separator of decimals, and what was
    done in reading it. `parsed` is False for data that have types of their own."""

    parsed: bool = False
    layout: Layout | None = None
    decimal: str = "."
    notes: tuple[str, ...] = ()


def frame_of(data):
    """(the DataFrame that `data` is or that its path holds, what to call it, its Source); DataError for all else."""
    if isinstance(data, (str, os.PathLike)):
        path = Path(data).expanduser()
        if not str(path).lower().endswith(TABLES):
            raise DataError(f"{data} is no table: give a .csv, .tsv, .parquet or a DataFrame")
        frame, source = read_file(path)
        return frame, str(path), source
    if hasattr(data, "to_pandas"):  # a table of another library
        data = data.to_pandas()
    if not (hasattr(data, "columns") and hasattr(data, "to_numpy")):
        raise DataError(f"{type(data).__name__} is no table: give a .csv, .tsv, .parquet or a DataFrame")
    data, notes = with_times(data)
    return data, "table", Source(notes=notes)


def with_times(frame):
    """(a DataFrame whose index of times, if it has one, is a column, what to say of it)."""
    levels, names = getattr(frame.index, "levels", [frame.index]), list(frame.index.names)
    if not any(str(level.dtype).startswith(("datetime64", "period", "timestamp")) for level in levels):
        return frame, ()
    names = ["time"] if names == [None] else names
    if None in names or set(names) & set(frame.columns):
        return frame, ()
    return frame.rename_axis(index=names).reset_index(), (f"the index is taken as a column: {few(names)}",)


def read_file(path: Path):
    """(DataFrame, Source) of a .csv, .tsv (both plain or .gz) or .parquet file."""
    try:
        import pandas
    except ImportError:
        raise DataError(f"reading {path} needs pandas: pip install 'gansmith[tables]'") from None
    if path.suffix.lower() != ".parquet":
        frame, layout, decimal, notes = table_csv.read(path)
        return frame, Source(True, layout, decimal, tuple(notes))
    try:
        frame, said = with_times(pandas.read_parquet(path))
        return frame, Source(notes=said)
    except ImportError:
        raise DataError(f"reading {path} needs pyarrow: pip install 'gansmith[tables]'") from None
    except Exception as problem:  # whatever Arrow makes of a torn or forged file
        why = few(str(problem).splitlines() or [type(problem).__name__], 1)
        raise DataError(f"{path} cannot be read as a table ({why}): write the file again") from None


def kinds_asked(types, columns) -> dict[str, str]:
    """{"zip": "categorical", …} from that, or from "zip=categorical, …"."""
    known = [str(c) for c in columns]
    if types is None or isinstance(types, Mapping):
        asked = {str(name): kind for name, kind in (types or {}).items()}
    else:
        pairs = re.findall(rf"\s*(.+?)\s*=\s*({'|'.join(KINDS)})\s*(?:,|$)", types)
        asked = dict(pairs)
        if len(re.sub(r"[\s,]", "", types)) > sum(len(re.sub(r"[\s,]", "", f"{n}={k}")) for n, k in pairs):
            asked = {n.strip(): k.strip() for n, _, k in (p.rpartition("=") for p in types.split(",") if p.strip())}
    for name in asked:
        if name not in known:
            raise DataError(
                f"types names no column of the table: {name!r}.{nearest(name, known)} It has {few(known, 12)}"
            )
    return asked
