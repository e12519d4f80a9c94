"""Wide tables: a row for each series, whose columns are its steps; or a column for each, whose rows are steps."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.kinds.series.read import Found, undated
from gansmith.data.kinds.table import Table, as_table
from gansmith.data.kinds.table import csv as table_csv
from gansmith.data.kinds.table.columns import NUMBERS, decode, write_cells
from gansmith.data.kinds.table.csv import Layout
from gansmith.data.kinds.table.read import Source
from gansmith.errors import DataError

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series

LEAST = 4  # steps of a series


@dataclass(frozen=True)
class Wide:
    """How a wide table is laid out: `by` "rows" or "columns" is what each series has; `heads` are the names of the
    steps, of which `index` is the name in a table of columns ("": it has none)."""

    by: str = ""
    heads: tuple[str, ...] = ()
    index: str = ""

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, about: dict) -> Wide:
        return cls(**about | {"heads": tuple(about["heads"])})

    def names(self, steps: int) -> list[str]:
        """The names of so many steps, counted on where the data has no more of them."""
        known = list(self.heads[:steps])
        ends = [re.fullmatch(r"(.*?)(\d+(?:\.\d+)?)", head) for head in self.heads[-2:]]
        if len(ends) == 2 and all(ends):
            (prefix, one), (_, two) = (end.groups() for end in ends if end)
            digits = len(two.partition(".")[2])
            last, step = float(two), float(two) - float(one)
            return known + [f"{prefix}{last + step * k:.{digits}f}" for k in range(1, steps - len(known) + 1)]
        return known + [f"step {k}" for k in range(len(known) + 1, steps + 1)]


def read_wide(frame, name: str, source: Source, by: str) -> tuple[Table, Found, Wide]:
    """(a table with a row for each step, its series, how it was laid out) of a wide table. DataError where it is none.

    by  "rows": each row is a series; "columns": each column is one
    """
    import pandas

    if by not in ("rows", "columns"):
        raise DataError(f"wide={by}: type rows, where each row is a series, or columns, where each column is one")
    whole = as_table(frame, name=name, source=source)
    numbers = [str(c.name) for c in whole.spec.entries if c.kind in NUMBERS and not c.part]
    frame = frame.rename(columns=str).reset_index(drop=True)
    index, key, types = "", "series", {}
    while key in frame.columns:
        key += "_"
    if by == "columns":
        first = whole.spec.entries[0]
        if first.kind in ("date", "id") or (first.kind in NUMBERS and ahead(whole.fields["real"][:, 0])):
            index = str(first.name)
        heads = [str(x) for x in frame[index]] if index else [str(k) for k in range(1, len(frame) + 1)]
        values = [n for n in numbers if n != index]
        if odd := [c for c in frame.columns if c not in values and c != index]:
            raise DataError(f"{name}: wide=columns: {odd[0]} holds no numbers, and each column is to be a series")
        others, cells = pandas.DataFrame({key: values}), frame[values].T
    else:
        values = heads = counting(numbers) or numbers
        others, cells = frame.drop(columns=values), frame[values]
        others.insert(0, key, np.arange(1, len(frame) + 1))
        types = {key: "continuous"}  # a number that says nothing, to nobody
    if len(heads) < LEAST or len(cells) < 2:
        raise DataError(f"{name}: wide={by}: {len(cells)} series of {len(heads)} steps: give longer ones, or more")
    long = others.loc[others.index.repeat(len(heads))].reset_index(drop=True)
    long["value" if "value" not in long else f"value of {key}"] = cells.to_numpy().ravel()
    table = as_table(long, name=name, types=types, source=replace(source, layout=None))
    table = replace(table, spec=replace(table.spec, layout=source.layout))
    return table, undated(table, [0]), Wide(by, tuple(heads), index)


def ahead(x: np.ndarray) -> bool:
    """Whether numbers go up from row to row."""
    return bool((np.diff(x) > 0).all())


def counting(names: list[str]) -> list[str]:
    """The names that count on by one step, with the same text before ("t0", "t1" … or "0.5", "1.0" …): most of them
    that do; [] where fewer than LEAST do."""
    found: dict[str, list[tuple[float, str]]] = {}
    for name in names:
        if number := re.fullmatch(r"(.*?)(\d+(?:\.\d+)?)", name):
            found.setdefault(number[1], []).append((float(number[2]), name))
    best = max(found.values(), key=len, default=[])
    steps = np.diff([place for place, _ in best])
    regular = len(best) >= LEAST and steps.min() > 0 and np.allclose(steps, steps[0], rtol=0.05)
    return [name for _, name in best] if regular else []


def write_wide(form: Series, spec, codes: np.ndarray, path: Path, safe: bool = False) -> None:
    """Rows of the table of steps (see `write.rows`) as the wide table that the data came from."""
    import pandas

    from gansmith.atomic import replacing

    entries, wide = spec.entries, form.wide
    new = len(entries) - len(form.table.entries)  # 1 where series have a number that the data has not
    place = form.learned[0] + new
    begin = np.flatnonzero(np.append(True, np.diff(codes[:, 0]) != 0))
    ends = np.append(begin[1:], len(codes))
    values = np.full((len(begin), int((ends - begin).max())), np.nan)
    for row, (a, b) in zip(values, zip(begin, ends)):
        row[: b - a] = codes[a:b, place]
    heads = wide.names(values.shape[1])
    cells = values.T if wide.by == "rows" else values  # one for each column that is written
    columns = [(entries[place], column) for column in cells]
    if wide.by == "rows":
        told = [i for i in range(new + 1, len(entries)) if i != place]
        columns, names = (
            [(entries[i], codes[begin, i]) for i in told] + columns, [*(str(entries[i].name) for i in told), *heads],
        )  # fmt: skip
    else:
        known = decode(entries[0], codes[begin, 0]).astype(str).tolist()
        names = [f"series {n}" if n.isdecimal() else n for n in known]
        if len(set(names)) < len(names):
            names = [f"{n} {k}" for k, n in enumerate(names, 1)]
    made = [decode(column, x) for column, x in columns]
    texts = [write_cells(column, x) for (column, _), x in zip(columns, made)]
    if wide.index:
        names, texts, made = [wide.index, *names], [heads, *texts], [pandas.Series(heads), *made]
    with replacing(path) as beside:
        if path.suffix == ".parquet":
            pandas.DataFrame(dict(zip(names, made))).to_parquet(beside, index=False)
        else:
            layout = form.table.layout or Layout()
            separator = "\t" if path.suffix == ".tsv" else "," if layout.separator == "\t" else layout.separator
            header = None if layout.header is None and form.table.layout else tuple(names)
            table_csv.write(beside, replace(layout, header=header, separator=separator), texts, safe)
