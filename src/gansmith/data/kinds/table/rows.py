"""What a game that makes rows is played on: a table of whatever it is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table.kind import Table, as_table
from gansmith.errors import DataError


def read_rows(data, types: str | None, maker: str, **options) -> Table:
    """`data` (a path, a DataFrame, an array, a Dataset of rows or vectors) as a Table. DataError that names the `maker`
    of rows for all else."""
    from gansmith.data import read

    if isinstance(data, np.ma.MaskedArray):  # what is masked is a gap
        import pandas

        data = pandas.DataFrame(data)
    if hasattr(data, "__array__") and not hasattr(data, "columns"):
        data = read(data, form="items")
    if isinstance(data, Dataset):
        data = data.source if types and data.source else as_rows(data, types, maker)
    return read(data, form="table", types=types, **options)


def as_rows(data: Dataset, types: str | None, maker: str) -> Dataset:
    """A Dataset of rows or of vectors as a Table; DataError for anything else."""
    if isinstance(data, Table) and types is None:
        return data
    if not isinstance(data, Table) and data.fields:
        data = data.spec.as_numbers(data)
    if len(data.spec.shape) != 1 or not data.fields:
        raise DataError(
            f"{maker} makes rows of tables and {data.name} holds {data.spec.noun}: use {data.spec.default_game}"
        )
    import pandas

    rows = data.raw(np.arange(len(data)))
    rows = rows if isinstance(data, Table) else pandas.DataFrame(rows, columns=data.spec.columns or None)
    return replace(as_table(rows, types=types, name=data.name), source=data.source)
