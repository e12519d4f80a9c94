"""A look at a table before training: what each column was taken for, and columns that teach nothing."""

from __future__ import annotations

from gansmith.data.dataset import Dataset
from gansmith.data.labels import few
from gansmith.data.preflight import Check


def check_rows(dataset: Dataset, check: Check) -> None:
    """What each column was taken for, and columns that teach nothing."""
    entries, codes = dataset.spec.entries, dataset.fields["real"]
    check.axes = "columns"
    check.types = {str(column.name): str(column) for column in entries}
    check.notes = [*dataset.notes, "these columns; one that is mistaken is put right by types='zip=categorical'"]
    alike: dict = {}
    first: dict = {}
    for i, row in enumerate(codes[:, [column.kind != "id" for column in entries]]):
        alike.setdefault(row.tobytes(), []).append(f"row {i + 1}")
    check.duplicates = [rows for rows in alike.values() if len(rows) > 1]
    if check.duplicates:
        extra = sum(len(rows) - 1 for rows in check.duplicates)
        check.notes.append(f"{extra} rows that equal others: {few([' = '.join(r[:3]) for r in check.duplicates], 3)}")
    copies = [
        f"{column.name} = {twin}"
        for column, code in zip(entries, codes.T, strict=True)
        if column.kind != "id" and (twin := first.setdefault(code.tobytes(), column.name)) != column.name
    ]
    constant = [
        c.name
        for c in entries
        if c.kind != "id" and not c.missing and (len(c.levels) == 1 if c.discrete else c.low == c.high)
    ]
    named = {
        "columns with one value only, which teach nothing; leave them out": constant,
        "columns that are empty in more than half of the rows": [c.name for c in entries if c.missing > 0.5],
        "columns that say the same; one of each is enough": copies,
        "columns with nearly as many values as rows, which are names or free text; type NAME=id, or leave them out": [
            c.name for c in entries if c.kind == "categorical" and len(c.levels) > 0.5 * check.items
        ],
    }
    check.problems += [f"{what}: {few(names, 8)}" for what, names in named.items() if names]
