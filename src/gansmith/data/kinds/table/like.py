"""Rows that anything made, as rows of a table: its columns in its order, the values as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table import Table, TableSpec
from gansmith.errors import DataError


@dataclass
class MadeRows(Table):
    """Rows whose values may lie outside of what the table has: `raw` gives them as they are, not by their codes."""

    frame: Any = None

    def raw(self, index, name: str | None = None):
        return self.frame.iloc[np.asarray(index)].reset_index(drop=True)


def made_rows(form: TableSpec, dataset: Dataset) -> Table:
    """The rows of `dataset`, or its vectors, as rows of `form`; DataError where a column is lacking or another."""
    import pandas

    items: Any = dataset.raw(np.arange(len(dataset)))
    names = [columns[0].name for columns in form.cells() if columns[0].kind != "id"]
    if not hasattr(items, "columns"):
        if np.shape(items)[1:] != (len(names),):
            raise DataError(f"{dataset.name} holds {dataset.spec.describe(len(dataset))}, and no such rows")
        items = pandas.DataFrame(items, columns=pandas.Index(names, dtype=object))
    try:
        codes = form.codes(items, strict=False)
    except DataError as problem:
        raise DataError(f"{dataset.name}: {problem}") from None
    places: dict[str, list[int]] = {}
    for place, name in enumerate(map(str, items.columns)):
        places.setdefault(name, []).append(place)
    order = [found.pop(0) if len(found) > 1 else found[0] for found in (places[str(name)] for name in names)]
    digest = dataset.digest
    return MadeRows(form, {"real": codes}, name=dataset.name, digest=digest, frame=items.iloc[:, order])
