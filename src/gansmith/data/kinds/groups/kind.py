"""Groups of rows: orders of customers, visits of patients; a table in which one column says whose each row is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.groups import told
from gansmith.data.kinds.groups.read import Names, names_of, said, taken_apart
from gansmith.data.kinds.groups.told import Plan
from gansmith.data.kinds.table import Table, TableSpec, as_table
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.read import frame_of
from gansmith.data.labels import evenly
from gansmith.data.spec import Kind
from gansmith.errors import DataError


@dataclass(frozen=True)
class Groups(Kind):
    """A group of rows: (longest group, columns of the table) codes of the table, float64, NaN for gaps; the entry `key`
    is a number where there is a row and NaN behind the last one. `frame` makes a DataFrame of groups."""

    kind = "groups"
    noun = "groups of rows"
    takes = "a table with a row for each thing of a group: --group COLUMN says which column tells groups apart"
    options = {
        "group": "column that says to which group a row belongs: customer_id",
        "date": "column of dates that the rows of a group go by [the first that differs in groups]",
        "types": "of columns that are not what they look like: zip=categorical, since=date",
    }
    default_game = "groupgan"
    default_reason = "first the group, then row after row, each from the group and the rows before"
    written_by = {".parquet": ("pyarrow", "tables")}
    endings = (".csv", ".tsv", ".parquet", ".npz", ".npy", ".png")
    write_options = ("safe",)
    example_out = "-o made.csv --groups 500"
    continuous = False

    table: TableSpec = TableSpec((1,))  # the columns as they came
    key: int = 0
    plan: Plan = Plan()
    flat: TableSpec = TableSpec((1,))  # the columns as they are learned: see `told`
    names: Names = Names()
    count: int = 0  # of the data
    asked: tuple[str, ...] = ()  # the names of the columns of groups and, where it was given, of dates

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        return TableSpec.recognises(data)  # which comes first, and hands over what has groups

    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, group=None, date=None, types=None
    ) -> Dataset:
        """Groups of rows of a table.

        group  column, or columns ("city,shop"), that tell groups apart;  date  of dates that their rows go by
        """
        if isinstance(data, Table):
            table = data
        else:
            frame, name, source = frame_of(data)
            table = as_table(frame, types=types, name=name, source=source)
        if group is None:
            raise DataError(f"{table.name}: which rows belong together? Name the column that says so: --group COLUMN")
        return cls.of_rows(table, group, date, limit)

    @classmethod
    def of_rows(cls, table: Table, group: str, date: str | None = None, limit: int | None = None) -> Grouped:
        found = taken_apart(table, group, date)
        entries, codes, notes = table.spec.entries, table.fields["real"], [*table.notes, *found.notes]
        if limit is not None and limit < len(found.rows):
            notes.append(f"{limit} of {len(found.rows):,} groups taken, evenly spaced (limit={limit})")
            found = replace(found, rows=[found.rows[i] for i in evenly(len(found.rows), limit)])
        notes += said(table, found)
        starts = np.cumsum([0, *map(len, found.rows)])
        codes = codes[np.concatenate(found.rows)]
        names = names_of(entries[found.key], codes[:, found.key])
        before = entries[found.key]
        columns = list(entries)
        columns[found.key] = Column(before.name, "id", before.dtype, True, parsed=before.parsed)
        codes[:, found.key] = 0.0
        plan, flat = told.flat_table(tuple(columns), codes, starts, found)
        spec = replace(TableSpec.of_columns(tuple(columns), codes), layout=table.spec.layout)
        form = cls(
            (int(np.diff(starts).max()), len(columns)), columns=spec.columns, center=spec.center, scale=spec.scale,
            table=spec, key=found.key, plan=plan, flat=flat, names=names, count=len(starts) - 1,
            asked=(group, *([date] if date else [])),
        )  # fmt: skip
        digest = caching.digest(codes, starts, columns, found.key)
        return Grouped(form, {"real": codes}, name=table.name, digest=digest, notes=tuple(notes), starts=starts)

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        """Made-up orders of customers: how much and how often hang on the country, what on the last order."""
        import pandas

        rng = np.random.default_rng(seed)
        rows = []
        for customer in range(n):
            country = "PE" if rng.random() < 0.4 else "NO"
            day, level, item = 18_000 + int(rng.integers(100)), rng.normal(2 + (country == "PE"), 0.5), "tea"
            for _ in range(1 + int(rng.integers(1, 5))):
                item = item if rng.random() < 0.7 else ("tea", "coffee", "cake")[int(rng.integers(3))]
                price = float(np.round(np.exp(level + 0.3 * rng.standard_normal()), 2))
                rows.append((f"C{customer:03d}", country, day, item, int(rng.integers(1, 5)), price))
                day += int(rng.integers(1, 30))
        frame = pandas.DataFrame(rows, columns=["customer", "country", "ordered", "item", "pieces", "price"])
        frame["ordered"] = pandas.to_datetime(frame["ordered"], unit="D").dt.strftime("%Y-%m-%d")
        frame.loc[rng.random(len(frame)) < 0.1, "pieces"] = np.nan
        plain = frame[["customer", "country", "item"]]
        return [cls.of_rows(as_table(f, name="made up"), "customer") for f in (frame, plain)]

    def read_options(self) -> dict:
        return dict(zip(("group", "date"), self.asked))

    def like(self, dataset: Dataset) -> Dataset:
        """Groups of the same columns, with values that the table has not, too."""
        other = dataset.spec
        if not isinstance(dataset, Grouped) or not isinstance(other, Groups):
            raise DataError(f"{dataset.name} holds {other.noun}: groups are read with --group {self.asked[0]}")
        codes = self.table.codes(other.frame_of(dataset.fields["real"], dataset.starts), strict=False)
        longest = max(self.shape[0], int(np.diff(dataset.starts).max()))
        return replace(dataset, spec=replace(self, shape=(longest, self.shape[1])), fields={"real": codes})

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        return f"{count:,} groups of up to {self.shape[0]:,} rows of {self.shape[1]} columns"

    def check(self, dataset: Dataset, check) -> None:
        check.axes = "rows x columns"
        parts = self.table.cells()
        check.types = {str(c[0].name): "; in the same cell: ".join(map(str, c)) for c in parts}
        check.types[str(self.table.entries[self.key].name)] = "tells groups apart: made anew"
        check.notes = [*dataset.notes, "a column that is mistaken is put right by types='zip=categorical'"]
        check.problems += [line for line in self.table.kept_otherwise() if "names of rows" not in line]
        if ids := [str(c.name) for i, c in enumerate(self.table.entries) if c.kind == "id" and i != self.key]:
            check.problems.append(f"not kept: {', '.join(ids)}: names of rows, numbered anew in samples")

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.float64

    @property
    def axes(self) -> int:
        return 0

    @property
    def small(self) -> bool:
        return True

    def to_network(self, x: Tensor) -> Tensor:
        return self.table.to_network(x)

    def frame(self, items):
        """Groups (n, rows, columns) as a DataFrame of the table's columns, one group below the other."""
        return self.frame_of(*self.rows_of(items))

    def rows_of(self, items) -> tuple[np.ndarray, np.ndarray]:
        """(codes (rows, columns) one group after the other, where each begins (n + 1,)) of items (n, rows, columns)."""
        items = np.asarray(items)
        there = ~np.isnan(items[:, :, self.key])
        return items[there], np.cumsum([0, *there.sum(1)])

    def items_of(self, codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The way back of `rows_of`."""
        lengths = np.diff(starts)
        items = np.full((len(lengths), *self.shape), np.nan)
        items[np.arange(self.shape[0]) < lengths[:, None]] = codes
        return items

    def frame_of(self, codes: np.ndarray, starts: np.ndarray):
        """A DataFrame of codes (rows, columns) of groups that begin at `starts`, under new names."""
        entries = list(self.table.entries)
        for i, column in enumerate(entries):
            there = codes[:, i][~np.isnan(codes[:, i])]
            if column.kind == "date" and len(there):  # beyond what the data had
                low, high = min(column.low, there.min()), max(column.high, there.max())
                entries[i] = replace(column, low=float(low), high=float(high))
        frame = replace(self.table, entries=tuple(entries)).frame(codes)
        place = [columns[0] for columns in self.table.cells()].index(entries[self.key])
        names = self.names.of(entries[self.key], len(starts) - 1)
        whose = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        frame.isetitem(place, names.iloc[whose].reset_index(drop=True))
        return frame

    def flat_of(self, items) -> np.ndarray:
        """Codes of the flat table (rows, its columns) of items (n, rows, columns)."""
        codes, starts = self.rows_of(items)
        return told.flat_codes(self.plan, self.flat.entries, self.table.entries, codes, starts)

    def with_bins(self, codes: np.ndarray, starts: np.ndarray, most: int | None) -> tuple[Groups, np.ndarray]:
        """(this form with bins of numbers, codes of the flat table) of rows (rows, columns) of groups."""
        flat = told.flat_codes(self.plan, self.flat.entries, self.table.entries, codes, starts)
        return replace(self, flat=told.with_bins(self.plan, self.flat, flat, most)), flat

    # --- showing and writing -----------------------------------------------------------------------------------------
    def legible(self, items) -> tuple:
        """(DataFrame of groups, DataFrame of rows, number of the group of each row): what is shown and measured."""
        flat = self.flat_of(items)
        frame = self.flat.legible(self.flat.frame(flat))  # without the number of the group
        first = flat[:, self.plan.first] == 1
        parents, rows = ([*range(r.start - 1, r.stop - 1)] for r in (self.plan.parents, self.plan.rows))
        return frame.iloc[first, parents].reset_index(drop=True), frame.iloc[:, rows], flat[:, 0].astype(int)

    def preview(self, items) -> np.ndarray:
        import pandas

        from gansmith.data.preview import plot_rows

        groups, rows, _ = self.legible(items)
        return plot_rows(pandas.concat([groups, rows], axis=1))

    def keep(self, items, stem: Path) -> None:
        self.write(items, stem.with_name(stem.name + ".csv"))

    def write(self, items, path: Path, safe: bool = False) -> None:
        """As a table of the data's own columns, types and layout (.csv, .tsv, .parquet), or as an array."""
        from gansmith.data.write import write_arrays

        if path.suffix in (".csv", ".tsv", ".parquet"):
            return self.table.write(self.frame(items), path, safe)
        return write_arrays(np.asarray(items), path, self)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def numbers(self, items) -> np.ndarray:
        """Each group as a vector (n, d): what holds for it, and means and spreads of its rows."""
        from gansmith.data.kinds.groups.measures import vectors

        return vectors(self, items)

    def features(self, labelled: bool = False) -> tuple:
        return "columns", "ranks"

    def measures(self, real, fake) -> dict[str, float]:
        from gansmith.data.kinds.groups.measures import measures

        return measures(self, real, fake)

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        from gansmith.data.kinds.groups.measures import in_words

        return in_words(values, floor, control)

    def by_column(self, real, fake) -> dict[str, float]:
        from gansmith.data.kinds.table.measures import shapes

        pairs = zip(self.legible(real)[:2], self.legible(fake)[:2])
        return {name: 1 - alike for ours, made in pairs for name, alike in shapes(ours, made).items()}

    def shuffled(self, items, rng: np.random.Generator):
        """Each row dealt to a group by chance: rows are as they were, and groups are none."""
        from gansmith.data.kinds.groups.measures import dealt

        return dealt(self, items, rng)

    # --- on disk -----------------------------------------------------------------------------------------------------
    def to_json(self) -> dict:
        plain = replace(self, table=TableSpec((1,)), flat=TableSpec((1,)))
        return super(Groups, plain).to_json() | {
            "table": self.table.to_json(), "flat": self.flat.to_json(), "plan": asdict(self.plan),
            "names": asdict(self.names),
        }  # fmt: skip

    @classmethod
    def of_json(cls, fields: dict) -> Groups:
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k not in ("kind", "also")
        }
        plan: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields["plan"].items()}
        plain |= {name: TableSpec.of_json(fields[name]) for name in ("table", "flat")}
        form = cls(**plain | {"plan": Plan(**plan), "names": Names(**fields["names"])})
        made = np.zeros((2, len(form.flat.entries)))  # if rows can be made of it; else whatever a damaged form raises
        form.frame_of(told.table_codes(form.plan, form.table.entries, made, np.array([0, 2])), np.array([0, 2]))
        return form


@dataclass
class Grouped(Dataset):
    """Groups: the rows of `fields` one group after the other, from `starts`; `rows` are numbers of groups."""

    starts: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

    def __post_init__(self):
        super().__post_init__()
        if self.rows is None:
            self.rows = torch.arange(len(self.starts) - 1)

    def raw(self, index, name: str | None = None) -> np.ndarray:
        groups = self.at(torch.as_tensor(np.asarray(index)), "real").numpy()
        form: Any = self.spec
        lengths = np.diff(self.starts)[groups]
        starts = np.cumsum([0, *lengths])
        at = np.arange(starts[-1]) + np.repeat(self.starts[groups] - starts[:-1], lengths)
        return form.items_of(self.fields["real"][at], starts)

    def batch(self, index: Tensor, device="cpu"):
        from gansmith.data.dataset import Batch

        return Batch(real=self.spec.to_network(torch.from_numpy(self.raw(index))).to(device), index=index)
