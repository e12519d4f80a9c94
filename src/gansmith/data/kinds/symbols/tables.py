"""Columns of CSV and JSON lines -> the records in them, as text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from gansmith.data.kinds.symbols.records import Records
from gansmith.data.labels import few
from gansmith.errors import DataError, nearest

TABLES = (".csv", ".tsv")  # read where a column is named
JSON = (".jsonl", ".ndjson", ".json")
SOME = 1000  # rows by which the column of text is found


def rows_of(where: str, name: str, text: str) -> Iterator[tuple[str, dict]]:
    """(name, cells by column) of each row of a file called `name`. DataError, with the place, for a broken one."""
    return _table(where, name, text) if name.endswith(TABLES) else _json(where, text)


def _table(where: str, name: str, text: str) -> Iterator[tuple[str, dict]]:
    separator = "\t" if name.endswith(".tsv") else max(",;\t|", key=text.partition("\n")[0].count)
    most = csv.field_size_limit(2**31 - 1)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error as problem:
        raise DataError(f"{where} is no table that can be read ({problem}): save it again") from None
    finally:
        csv.field_size_limit(most)  # which is one for all of Python
    header: list[str] = []
    for column in rows[0] if rows else []:
        again = header.count(column)
        header.append(f"{column}.{again}" if again else column)  # as tables call the second of a name
    for i, row in enumerate(rows[1:], 1):
        if any(row[len(header) :]):
            raise DataError(
                f"{where}, row {i}, has {len(row)} cells, and the header {len(header)}: put texts that hold a "
                f"{separator!r} in quotes"
            )
        yield f"row {i}", dict(zip(header, row))


def _json(where: str, text: str) -> Iterator[tuple[str, dict]]:
    for place, row in enumerate(_whole(text), 1):
        yield f"item {place}", _flat(row)
        text = ""
    for i, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = _flat(json.loads(line))
        except (ValueError, RecursionError) as problem:
            raise DataError(f"{where}, line {i}, is no JSON ({problem}): write one object a line") from None
        yield f"line {i}", row


def _whole(text: str) -> list:
    """The items of a text that is one list, or one object that holds one list; [] for any other."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return []
    lists = [part for part in held.values() if isinstance(part, list)] if isinstance(held, dict) else [held]
    return lists[0] if len(lists) == 1 and isinstance(lists[0], list) else []


def _flat(row: Any, before: str = "") -> dict:
    """An object with what lies in inner ones under "outer.inner"; anything else as a text."""
    if not isinstance(row, dict):
        return {"text": row}
    made: dict = {}
    for key, value in row.items():
        made |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
    return made


def from_rows(where: str, rows, column: str | None, label: str | None) -> Records:
    """The texts in `column` of rows, with the classes in `label`; rows without the one or the other are left out."""
    table = list(rows)
    if not table:
        raise DataError(f"{where} has no rows: give some hundreds")
    some = [row for _, row in table[:SOME]]
    there = dict.fromkeys(key for row in some for key in row)
    for name in filter(None, (column, label)):
        if name not in there:
            raise DataError(f"{where} has no column {name!r}.{nearest(name, there)} It has {few(there, 12)}")
    chosen = column or _column_of(where, some, there)
    found = Records(column=chosen, labels=None if label is None else [], each="each row")
    for name, row in table:
        value, of = row.get(chosen), None if label is None else row.get(label)
        if not _is_none(value) and not isinstance(value, str):
            raise DataError(f"{where}, {name}: {chosen} is {str(value)[:40]}, and text is expected")
        if found.labels is not None and (_is_none(of) or of == ""):
            found.left_out[name] = f"no {label}"
            continue
        found.add(name, "" if _is_none(value) else value)
        if found.labels is not None:
            found.labels.append(str(of))
    return found


def _column_of(where: str, rows: list[dict], there) -> str:
    """The only column that holds text."""
    held = {key: [row[key] for row in rows if not _is_none(row.get(key))] for key in there}
    long = {
        key: sum(map(len, values)) for key, values in held.items() if all(isinstance(v, str) for v in values) and values
    }
    if len(long) == 1:
        return next(iter(long))
    if not long:
        found = few([f"{key} ({str(values[0])[:40]}, …)" for key, values in held.items() if values], 5)
        raise DataError(f"{where} has no column in which all is text; it has {found or 'empty ones'}")
    raise DataError(f"{where} has {few(there, 12)}: which holds the text? --column {max(long, key=long.__getitem__)}")


def _is_none(value) -> bool:
    """None, or what pandas has for it."""
    return value is None or (isinstance(value, float) and value != value)
