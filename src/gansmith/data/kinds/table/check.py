"""A look at a table before training: what each column was taken for, what is not kept, columns that teach nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.csv import is_formula
from gansmith.data.kinds.table.keys import advice, differ
from gansmith.data.labels import few
from gansmith.data.preflight import Check

if TYPE_CHECKING:
    from gansmith.data.kinds.table import TableSpec

STRAY = 0.02  # of the rows: below this a word among numbers belongs to another sort of row


def check_rows(spec: TableSpec, dataset: Dataset, check: Check) -> None:
    """Add to `check` what is odd in a table; what does not come back as it was stands first."""
    entries, codes = spec.entries, dataset.fields["real"]
    check.axes = "columns"
    check.types = {str(columns[0].name): _said(columns) for columns in spec.cells()}
    check.notes = [*dataset.notes, "these columns; one that is mistaken is put right by types='zip=categorical'"]
    learned = [(column, code) for column, code in zip(entries, codes.T, strict=True) if column.kind != "id"]
    alike: dict[bytes, list[str]] = {}
    for i, row in enumerate(np.stack([code for _, code in learned], 1) if learned else []):
        alike.setdefault(row.tobytes(), []).append(f"row {i + 1}")
    check.duplicates = [rows for rows in alike.values() if len(rows) > 1]
    if check.duplicates:
        extra = sum(len(rows) - 1 for rows in check.duplicates)
        check.notes.append(f"{extra} rows that equal others: {few([' = '.join(r[:3]) for r in check.duplicates], 3)}")
    check.problems[:0] = spec.kept_otherwise()
    if texts := [str(c.name) for c in entries if c.kind == "id" and "int" not in c.dtype.lower()]:
        check.notes.append(f"to learn to write such texts as stand in a column, name it: --column {texts[-1]}")
    first: dict[bytes, str | int] = {}
    copies = [
        f"{column.name} = {twin}"
        for column, code in learned
        if not same(column) and (twin := first.setdefault(code.tobytes(), column.name)) != column.name
    ]
    columns = [column for column, _ in learned if not column.part]
    far = [(column, _farthest(column, code)) for column, code in learned]
    named = {
        "cells that a spreadsheet would run as formulas; write samples with --safe-csv": _formulas(columns),
        "columns with one value only, which teach nothing; leave them out": [c.name for c in columns if same(c)],
        "columns that are empty in more than half of the rows": [c.name for c in columns if c.missing > 0.5],
        "columns that say the same; one of each is enough": copies,
        "columns with nearly as many values as rows, which are names or free text; type NAME=id, or leave them out": [
            c.name for c in columns if c.kind == "categorical" and len(c.levels) > 0.5 * check.items
        ],
        "columns of whole numbers that differ in every row; if they name rows, type NAME=id, so that no made row has "
        "somebody's": [str(entries[i].name) for i in differ(entries, codes)],
        "columns of numbers with a few words among them: a title, units or a sum? Then delete those rows": [
            f"{c.name} ({few([repr(w) for w in c.words], 2)})" for c in columns if _stray(c)
        ],
        "columns with values far from all others; consider their logarithm": [
            f"{column.name} ({sd:.0f} sd)" for column, sd in far if sd > 20
        ],
    }
    check.problems += [f"{what}: {few(names, 8)}" for what, names in named.items() if names]
    check.notes += advice(entries, codes)


def _said(columns: tuple[Column, ...]) -> str:
    """What a column was taken for; of cells with several parts, what each of them was."""
    if len(columns) == 1:
        return str(columns[0])
    return f"{columns[0]}; in the same cell: {'; '.join(map(str, columns[1:]))}"


def _stray(column: Column) -> bool:
    """Whether a column of numbers has words among them that stand in single rows."""
    shares = column.shares[len(column.shares) - len(column.words) :]
    return any(isinstance(word, str) and share < STRAY for word, share in zip(column.words, shares, strict=True))


def same(column: Column) -> bool:
    return not column.missing and (len(column.levels) == 1 if column.discrete else column.low == column.high)


def _formulas(columns: list[Column]) -> list[str]:
    found = []
    for column in columns:
        texts = [str(level) for level in column.levels] if column.discrete else [str(word) for word in column.words]
        odd = [text for text in (*texts, str(column.name)) if is_formula(text)]
        if odd:
            found.append(f"{column.name} ({few(odd, 1)[:60]})")
    return found


def _farthest(column: Column, code: np.ndarray) -> float:
    """How many standard deviations the most distant number lies from the mean; 0 for what is told apart."""
    if column.discrete:
        return 0.0
    x = code[~np.isnan(code) & (code <= column.high)]
    with np.errstate(all="ignore"):
        sd = x.std()
        return float(np.abs(x - x.mean()).max() / sd) if sd > 0 else 0.0
