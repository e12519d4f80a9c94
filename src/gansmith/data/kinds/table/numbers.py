"""Rows of numbers only as vectors, for games that make arrays; they know their columns, and are written as those."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table import Source, Table, TableSpec, as_table
from gansmith.data.kinds.table.columns import NUMBERS, Column, decode
from gansmith.data.kinds.table.csv import Layout
from gansmith.data.kinds.table.values import shorten
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.labels import few
from gansmith.data.numeric import from_array
from gansmith.errors import DataError


@dataclass(frozen=True)
class TableVectors(Vectors):
    """Vectors that are rows of a table: written to .csv and .parquet as its columns are, whole numbers whole.

    entries, layout  of the table: see `TableSpec`; names of rows among the entries are no part of the vectors
    label   name of the column that samples have their classes in
    """

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".npz", ".npy", ".parquet", ".png")
    write_options: ClassVar[tuple[str, ...]] = ("safe", "labels")

    entries: tuple[Column, ...] = ()
    layout: Layout | None = None
    label: str = "label"

    def frame(self, items: np.ndarray):
        """Vectors (n, d) as a DataFrame with the columns of the table: each number as near as its column has it."""
        items, codes, left = np.asarray(items, np.float64), [], 0
        for column in self.entries:
            if column.kind == "id":
                codes.append(np.zeros(len(items)))
                continue
            values, left = items[:, left], left + 1
            codes.append(_nearest(column, values) if column.discrete else values - float(column.origin))
        return TableSpec((len(codes),), entries=self.entries).frame(np.stack(codes, 1))

    def write(self, items, path: Path, labels=None, safe: bool = False) -> None:
        if path.suffix not in (".csv", ".tsv", ".parquet"):
            return super().write(items, path, labels)
        frame, entries, layout = self.frame(items), self.entries, self.layout
        if labels is not None:
            frame[self.label] = labels
            entries = (*entries, Column(self.label, "categorical", "object", True, self.classes))
            if layout is not None and layout.header is not None:
                layout = replace(layout, header=(*layout.header, self.label))
        return TableSpec((len(entries),), entries=entries, layout=layout).write(frame, path, safe)

    def to_json(self) -> dict:
        plain = super(TableVectors, replace(self, entries=(), layout=None)).to_json()
        layout = None if self.layout is None else self.layout.to_json()
        return plain | {"entries": [column.to_json() for column in self.entries], "layout": layout}


def of_json(fields: dict) -> TableVectors:
    """The form that `TableVectors.to_json` wrote."""
    plain: dict = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k not in ("also", "kind")}
    plain["entries"] = tuple(map(Column.from_json, fields["entries"]))
    if fields["layout"] is not None:
        plain["layout"] = Layout.from_json(fields["layout"])
    return TableVectors(**plain)


def as_vectors(table: Table, labels=None, label: str = "label") -> Dataset:
    """The rows of a table of numbers as vectors; DataError names what is no number, its row (the first is 1), and says
    what to type. Columns that name their rows are left out."""
    ids = [str(c.name) for c in table.spec.entries if c.kind == "id"]
    played = [(i, c) for i, c in enumerate(table.spec.entries) if c.kind != "id"]
    codes = table.fields["real"] if table.rows is None else table.fields["real"][table.rows.numpy()]
    bad = [c for _, c in played if c.kind not in (*NUMBERS, "boolean") or c.words or c.part]
    if bad or not played or np.isnan(codes).any():
        raise _refusal(table, [c.name for c in bad] if played else ids)
    values = np.stack([_values(column, codes[:, i]) for i, column in played], 1)
    names = [column.name for _, column in played]
    columns = () if names == list(range(len(names))) else tuple(map(str, names))
    notes = [*table.notes, *([f"left out, since they name the rows: {few(ids)}"] if ids else [])]
    found = from_array(values, labels, columns=columns, name=table.name, notes=notes, kind="vectors")
    form = {k: getattr(found.spec, k) for k in ("shape", "classes", "columns", "center", "scale", "also")}
    spec = TableVectors(**form, entries=table.spec.entries, layout=table.spec.layout, label=label)
    return replace(found, spec=spec, source=table.source)


def with_labels(frame, labels, *, name: str, source: Source, limit=None) -> Dataset:
    """Rows of numbers with a label each: a column of the table, by name, or one given for each row."""
    if not isinstance(labels, str):
        made = as_vectors(as_table(frame, name=name, source=source), labels)
        return made if limit is None else _some(made, limit)
    if labels not in frame.columns:
        raise DataError(f"{name} has no column {labels!r}: it has {few(frame.columns, 12)}")
    told = as_table(frame[[labels]].assign(_=0), types={labels: "categorical"}, name=name, source=source)
    column, codes = told.spec.entries[0], told.fields["real"][:, 0]
    if np.isnan(codes).any():
        row = int(np.isnan(codes).argmax()) + 1
        raise DataError(f"{name}: column {labels!r} has no label in row {row}: fill it in or drop the row")
    found = decode(column, codes).to_numpy()
    table = as_table(frame.drop(columns=labels), name=name, source=_without(source, labels, frame))
    made = as_vectors(table, found, str(labels))
    return made if limit is None else _some(made, limit)


def _without(source: Source, name, frame) -> Source:
    """The layout of a file without one of its columns."""
    if source.layout is None or source.layout.header is None:
        return source
    place = list(frame.columns).index(name)
    header = tuple(cell for i, cell in enumerate(source.layout.header) if i != place)
    return replace(source, layout=replace(source.layout, header=header))


def wide(frame, name: str, most: int) -> Dataset:
    """A frame of more columns than a table may have as vectors; DataError where they are not all numbers."""
    try:
        values = np.asarray(frame, dtype=object).astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{name}: the table has {frame.shape[1]:,} columns that are not all numbers, and at most {most:,} can be "
            "learned: leave some out"
        ) from None
    columns = () if list(frame.columns) == list(range(frame.shape[1])) else tuple(map(str, frame.columns))
    return from_array(values, columns=columns, name=name, kind="vectors")


def _some(made: Dataset, limit: int) -> Dataset:
    from gansmith.data.labels import evenly

    if limit >= len(made):
        return made
    rows = evenly(len(made), limit)
    note = f"{limit} of {len(made)} rows taken, evenly spaced (limit={limit})"
    return replace(made, fields={k: v[rows] for k, v in made.fields.items()}, notes=(*made.notes, note))


def _values(column: Column, codes: np.ndarray) -> np.ndarray:
    if not column.discrete:
        return codes + float(column.origin)
    return np.array([float(level) for level in column.levels])[codes.astype(np.int64)]


def _nearest(column: Column, values: np.ndarray) -> np.ndarray:
    """The place of the level next to each value."""
    levels = np.array([float(level) for level in column.levels])
    return np.abs(values[:, None] - levels).argmin(1).astype(np.float64)


# --- refusing --------------------------------------------------------------------------------------------------------
def _refusal(table: Table, bad: list) -> DataError:
    """What of a table is no number, and what to type: the column, the row (the first is 1)."""
    frame = table.raw(np.arange(len(table)))
    name = table.name
    if bad:
        shown = "; ".join(_what_is_wrong(frame[c], _column(table, c)) for c in bad[:3])
        shown += f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        rest = frame.shape[1] - len(bad)
        keep = f"To keep the numbers only (columns: {rest}): {_one_liner(table, bad)}"
        return DataError(
            f"{name}: numbers are due, but {shown}. tabular takes any table. "
            f"{keep if rest else 'There is no column of numbers'}"
        )
    gaps = frame.isna()
    column = frame.columns[int(gaps.any().to_numpy().argmax())]
    rows, columns = int(gaps.any(axis=1).sum()), [str(c) for c in frame.columns[gaps.any()]]
    first = int(gaps[column].to_numpy().argmax()) + 1
    return DataError(
        f"{name}: column {column!r} is empty (NaN) in row {first}; {rows} of {len(frame)} rows have gaps, in "
        f"{few(columns)}. tabular takes gaps. To leave those rows out: {_one_liner(table, None)}"
    )


def _column(table: Table, name) -> Column:
    return next(c for c in table.spec.entries if c.name == name)


def _what_is_wrong(values, column: Column) -> str:
    import pandas

    there = values[values.notna()]
    if not len(there):
        return f"column {column.name!r} is empty"
    what = {"date": "dates", "duration": "durations", "id": "names of rows"}.get(column.kind, "text")
    text = there.astype(str)
    wrong = pandas.to_numeric(text, errors="coerce").isna()
    if not wrong.any():
        return f"column {column.name!r} holds {'values that are told apart' if what == 'text' else what}"
    row, value = int(wrong[wrong].index[0]) + 1, shorten(text[wrong].iloc[0])
    if wrong.sum() <= len(there) / 2:
        return f"column {column.name!r} has {value!r} in row {row} ({int(wrong.sum())} such rows)"
    return f"column {column.name!r} holds {what} ({value!r} in row {row})"


def _one_liner(table: Table, drop) -> str:
    """What to type: Python for a DataFrame, a shell line that writes a mended file for a file."""
    mend = ".dropna()" if drop is None else (f".drop(columns={drop})" if len(drop) <= 3 else ".select_dtypes('number')")
    if table.name == "table":
        return f"df{mend}"
    layout = table.spec.layout
    how = f", sep={layout.separator!r}" if layout is not None and layout.separator != "," else ""
    read = "read_parquet" if table.name.endswith(".parquet") else "read_csv"
    stem = Path(table.name).name.split(".")[0]
    line = f"import pandas; pandas.{read}('{table.name}'{how}){mend}.to_csv('{stem}-numbers.csv', index=False)"
    return f'python -c "{line}"'
