"""Tables (CSV, TSV, Parquet, DataFrame): rows of columns of any kind, written back as they came in."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table import columns as table_columns
from gansmith.data.kinds.table import csv as table_csv
from gansmith.data.kinds.table import parts as table_parts
from gansmith.data.kinds.table.columns import NUMBERS, TIMES, Column, decode, encode, write_cells
from gansmith.data.kinds.table.csv import Layout
from gansmith.data.kinds.table.infer import infer
from gansmith.data.kinds.table.read import TABLES, Source, frame_of, kinds_asked
from gansmith.data.kinds.table.skill import FEWEST, Skill, blocks
from gansmith.data.labels import evenly, few
from gansmith.data.schema import check, kinds_of
from gansmith.data.spec import Kind
from gansmith.errors import DataError

MOST_COLUMNS = 2000  # of a table
COLUMN = kinds_of(Column) | {
    "name": (None, lambda name: hash(name) is not None),
    "origin": lambda origin: type(origin) is int,
}


def as_table(frame, *, types=None, name="table", limit=None, source: Source | None = None) -> Table:
    """The Table of a DataFrame; `types` overrules what columns look like: {"zip": "integer"}, or "zip=integer".

    source  the file that the frame's text was read from
    """
    source = source or Source()
    asked = kinds_asked(types, frame.columns)
    if len(frame) < 2 or not frame.shape[1]:
        raise DataError(f"{name}: the table has {frame.shape[0]} rows and {frame.shape[1]} columns: give more")
    if frame.shape[1] > MOST_COLUMNS:
        raise DataError(
            f"{name}: the table has {frame.shape[1]:,} columns, and at most {MOST_COLUMNS:,} can be learned: leave "
            "some out, or give numbers as an array"
        )
    notes = list(source.notes)
    if limit is not None and limit < len(frame):
        notes.append(f"{limit} of {len(frame)} rows taken, evenly spaced (limit={limit})")
        frame = frame.iloc[evenly(len(frame), limit)]
    if not source.parsed and type(frame.index).__name__ != "RangeIndex" and limit is None:
        notes.append("the index is left out; df.reset_index() makes a column of it")
    frame = frame.reset_index(drop=True)
    found = [
        infer(values, asked.get(str(name)), parsed=source.parsed, decimal=source.decimal)
        for name, values in frame.items()
    ]
    entries = tuple(column for columns in found for column in columns)
    codes = np.concatenate([codes_of(columns, values) for columns, (_, values) in zip(found, frame.items())], 1)
    spec = replace(TableSpec.of_columns(entries, codes), layout=source.layout)
    return Table(spec, {"real": codes}, name=name, digest=cache.digest(codes, entries), notes=tuple(notes))


def codes_of(columns: tuple[Column, ...], values, strict: bool = True) -> np.ndarray:
    """The cells of one column of a DataFrame as codes (n, columns), one for each part of a cell."""
    parts = [values] if len(columns) == 1 else table_parts.split(columns, values)
    return np.stack([encode(column, part, strict) for column, part in zip(columns, parts, strict=True)], 1)


SHAPES = "column shapes, 1 when alike"  # names of numbers of tables
GAP = "gap of the dependence of columns, 0 when alike"


@dataclass(frozen=True)
class TableSpec(Kind):
    """The form of a row: `entries` say what each column holds. Items in data units are DataFrames; in network units
    they are float32 (n, columns): the place of a value that is told apart, standardised numbers, NaN where missing."""

    kind = "table"
    noun = "rows"
    takes = "a table: .csv, .tsv (also .gz) or .parquet, or a DataFrame"
    options = {"types": "of columns that are not what they look like: zip=categorical, since=date"}
    default_game = "tabular"
    default_reason = (
        "column after column, each from those before; whole numbers, categories and gaps stay what they are"
    )
    written_by = {".parquet": ("pyarrow", "tables")}
    endings = (".csv", ".tsv", ".parquet", ".png")
    write_options = ("safe",)
    example_out = "-n 5000 -o samples.csv"
    continuous = False

    entries: tuple[Column, ...] = ()
    layout: Layout | None = None  # of the file that the rows came from

    @classmethod
    def of_columns(cls, entries: tuple[Column, ...], codes: np.ndarray) -> TableSpec:
        numbers = np.where([c.discrete for c in entries], 0.0, codes)
        for i, column in enumerate(entries):
            if column.words:  # their codes are no numbers
                numbers[numbers[:, i] > column.high, i] = np.nan
        with np.errstate(all="ignore"):
            center, scale, largest = np.nanmean(numbers, 0), np.nanstd(numbers, 0), np.nanmax(np.abs(numbers), 0)
            for i in np.flatnonzero((largest > 1e150) | ((largest < 1e-150) & (largest > 0))).tolist():
                x = numbers[:, i] / largest[i]  # whose squares a float can hold
                center[i], scale[i] = np.nanmean(x) * largest[i], np.nanstd(x) * largest[i]
        scale = np.where(scale > 0, scale, 1.0)
        return cls(
            (len(entries),),
            columns=tuple(str(c.name) for c in entries),
            center=tuple(center.tolist()),
            scale=tuple(scale.tolist()),
            entries=entries,
        )

    @classmethod
    def recognises(cls, data) -> bool:
        if isinstance(data, (str, os.PathLike)):
            return str(data).lower().endswith(TABLES) and Path(data).is_file()
        return hasattr(data, "to_pandas") or (hasattr(data, "columns") and hasattr(data, "to_numpy"))

    @classmethod
    def asked_by(cls, options: dict) -> type[Kind]:
        from gansmith.data.kinds.series import Series
        from gansmith.data.kinds.symbols import Symbols

        others = (kind for kind in (Series, Symbols) if any(options.get(name) is not None for name in kind.options))
        return next(others, cls)

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, types=None) -> Dataset:
        frame, name, source = frame_of(data)
        wanted = named or types is not None
        if not wanted and labels is not None and not (isinstance(labels, str) and labels == "auto"):
            from gansmith.data.kinds.table.numbers import with_labels

            return with_labels(frame, labels, name=name, source=source, limit=limit)
        if frame.shape[1] > MOST_COLUMNS and not wanted:
            from gansmith.data.kinds.table.numbers import wide

            return wide(frame, name, MOST_COLUMNS)
        if wanted or limit is not None:
            return as_table(frame, types=types, name=name, limit=limit, source=source)
        from gansmith.data.kinds.series import Series

        found = as_table(frame, name=name, source=source)
        return Series.of_table(found) or found

    def like(self, dataset: Dataset) -> Dataset:
        """Rows of these columns, in any order and of other types, with values that the table has not, too."""
        from gansmith.data.kinds.table.like import made_rows

        return made_rows(self, dataset)

    def taking(self, dataset: Dataset) -> Dataset:
        codes = self.codes(self.like(dataset).raw(np.arange(len(dataset))))
        return replace(dataset, spec=self, fields={"real": codes}, rows=None)

    def as_numbers(self, dataset: Dataset) -> Dataset:
        """Rows as vectors; DataError that names the first column that is none of numbers, and what to type."""
        from gansmith.data.kinds.table.numbers import as_vectors

        return as_vectors(cast(Table, dataset))

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        """Random rows: a category with gaps, a yes or no, a whole number with a spike and gaps."""
        rng = np.random.default_rng(seed)
        name, yes = rng.integers(0, 3, n).astype(float), rng.integers(0, 2, n).astype(float)
        number = np.where(rng.random(n) < 0.3, 0, rng.integers(1, 1000, n)).astype(float)
        name[rng.random(n) < 0.2] = number[rng.random(n) < 0.1] = np.nan
        columns = (
            Column("kind", "categorical", "object", True, ("a", "b", "c"), (0.3, 0.3, 0.2), missing=0.2),
            Column("yes", "boolean", "bool", True, (False, True), (0.5, 0.5)),
            Column("number", "integer", "float64", False, (0,), (0.3,), missing=0.1, low=0.0, high=1000.0, step=1.0),
        )
        codes = np.stack([name, yes, number], 1)
        return [Table(cls.of_columns(columns, codes), {"real": codes}, name="made up", digest=f"table {n} {seed}")]

    def to_json(self) -> dict:
        plain = replace(self, entries=(), layout=None)
        return super(TableSpec, plain).to_json() | {
            "entries": [column.to_json() for column in self.entries],
            "layout": self.layout and self.layout.to_json(),
        }

    @classmethod
    def of_json(cls, fields: dict) -> TableSpec:
        kept = (item for item in fields.items() if item[0] not in ("kind", "also"))
        plain: dict = {k: tuple(v) if isinstance(v, list) else v for k, v in kept}
        plain["entries"] = tuple(Column.from_json(column) for column in fields["entries"])
        if fields.get("layout") is not None:
            plain["layout"] = Layout.from_json(fields["layout"])
        return cls(**plain).tried()

    def tried(self) -> TableSpec:
        """Itself, if rows of every level can be made and written; else whatever a damaged form raises then."""
        for column in self.entries:
            check(asdict(column), {}, f"the column {column.name!r}", COLUMN)
            if len(column.shares) != len(column.levels) or column.kind not in table_columns.KINDS or self.shape[1:]:
                raise ValueError(f"the column {column.name!r} is of no kind, or has shares of other levels or axes")
        rows = max([len(c.levels) + len(c.words) for c in self.entries], default=0) + 3
        made = self.frame(np.stack([column.every_code(rows) for column in self.entries], 1))
        texts = [write_cells(columns[0], made.iloc[:, i]) for i, columns in enumerate(self.cells())]
        table_csv.write(Path(os.devnull), self.layout or Layout(), texts)
        return self

    def describe(self, count: int) -> str:
        return f"{count:,} rows of {self.shape[0]} columns"

    @property
    def axes(self) -> int:
        return 0

    @property
    def small(self) -> bool:
        return True

    def preview(self, items) -> np.ndarray:
        from gansmith.data.preview import plot_rows

        return plot_rows(self.legible(items))

    def keep(self, items, stem: Path) -> None:
        self.write(items, stem.with_name(stem.name + ".csv"))

    def write(self, items, path: Path, safe: bool = False) -> None:
        """Rows as .csv or .tsv, in the layout and the spelling of the file they came from, as .parquet, or their
        preview as .png; `safe` keeps spreadsheets from running what looks like a formula."""
        from gansmith.atomic import replacing
        from gansmith.data.write import save_picture

        if path.suffix == ".png":
            return save_picture(self.preview(items), path)
        with replacing(path) as beside:
            if path.suffix == ".parquet":
                try:
                    items.rename(columns=str).to_parquet(beside, index=False)
                except (ImportError, ValueError, TypeError, NotImplementedError) as problem:
                    why = str(problem).splitlines()[0]
                    raise DataError(f"{path}: these rows cannot be written as Parquet ({why}): write .csv") from None
            else:
                texts = [write_cells(columns[0], items.iloc[:, i]) for i, columns in enumerate(self.cells())]
                layout = self.layout or Layout(tuple(map(str, items.columns)))
                if path.suffix == ".tsv" or layout.separator == "\t":
                    layout = replace(layout, separator="\t" if path.suffix == ".tsv" else ",")
                table_csv.write(beside, layout, texts, safe)
        return None

    def features(self, labelled: bool = False) -> tuple:
        return "columns", "ranks"

    def usefulness(self, real, kept) -> Skill | None:
        found = Skill(self, real, kept) if len(kept) >= FEWEST else None
        return found if found and found.columns else None

    def measures(self, real, fake) -> dict[str, float]:
        """Columns alone, columns in pairs, and whole rows: see `measures`."""
        from gansmith.data.kinds.table.measures import dependence_gap, detection, shapes

        real, fake = self.legible(real), self.legible(fake)
        return {
            SHAPES: float(np.mean(list(shapes(real, fake).values()))),
            GAP: dependence_gap(real, fake),
            "AUROC of trees that tell them from real rows, 0.5 when they cannot": detection(real, fake),
        }

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        from gansmith.data.kinds.table.measures import in_words

        return in_words(values[GAP], floor[GAP], control[GAP], values[SHAPES], floor[SHAPES])

    def by_column(self, real, fake) -> dict[str, float]:
        from gansmith.data.kinds.table.measures import shapes

        return {name: 1 - alike for name, alike in shapes(self.legible(real), self.legible(fake)).items()}

    def shuffled(self, items, rng: np.random.Generator):
        """Each column shuffled by itself."""
        from gansmith.data.kinds.table.measures import shuffled

        return shuffled(items, int(rng.integers(2**31)))

    def check(self, dataset: Dataset, check) -> None:
        from gansmith.data.kinds.table.check import check_rows

        check_rows(self, dataset, check)

    @property
    def dtype(self):
        """Of `numpy.asarray(frame)`."""
        return np.asarray(self.frame(np.full((1, *self.shape), np.nan)[:0])).dtype

    def to_network(self, x: Tensor) -> Tensor:
        """Codes (n, columns) float64 to network units; in float64 until then, since dates are long numbers."""
        center, scale = (torch.tensor(v, dtype=torch.float64) for v in (self.center, self.scale))
        return ((x.double() - center) / scale).float()

    def cells(self) -> list[tuple[Column, ...]]:
        """The entries that each column of the table consists of: one, or the parts of its cells."""
        found: list[list[Column]] = []
        for column in self.entries:
            found[-1].append(column) if column.part > 1 else found.append([column])
        return [tuple(columns) for columns in found]

    def codes(self, frame, strict: bool = True) -> np.ndarray:
        """A DataFrame with these columns, in any order, to codes (n, columns) float64.

        strict  DataError for a value that no row of the table had; False: it is coded as one more level
        """
        places: dict[str, list[int]] = {}
        for place, name in enumerate(frame.columns):
            places.setdefault(str(name), []).append(place)
        found, lacking = [np.zeros((len(frame), 0))], []
        for columns in self.cells():
            alike = places.get(str(columns[0].name))
            if columns[0].kind == "id":
                found.append(np.zeros((len(frame), 1)))
            elif not alike:
                lacking.append(columns[0].name)
            else:  # of columns that are called alike, each in its turn
                values = frame.iloc[:, alike.pop(0) if len(alike) > 1 else alike[0]]
                found.append(codes_of(columns, values, strict))
        if lacking:
            raise DataError(f"the rows lack the columns {few(lacking)}: they have {few(frame.columns, 12)}")
        return np.concatenate(found, 1)

    def frame(self, codes: np.ndarray):
        """Codes (n, columns) to a DataFrame whose columns have the names, order and types of the table's."""
        try:
            import pandas
        except ImportError:
            raise DataError("tables need pandas: pip install 'gansmith[tables]'") from None
        made, left = [], iter(codes.T)
        for columns in self.cells():
            parts = [decode(column, next(left)) for column in columns]
            made.append(parts[0] if len(columns) == 1 else table_parts.join(columns, parts))
        frame = pandas.concat(made, axis=1) if made else pandas.DataFrame(index=range(len(codes)))
        names: list = [columns[0].name for columns in self.cells()]
        several = names and all(isinstance(name, tuple) for name in names)
        one = pandas.Index(names, dtype=object if None in names else None)  # else None would be NaN
        frame.columns = pandas.MultiIndex.from_tuples(names) if several else one
        return frame

    def legible(self, frame):
        """The frame with numbers and dates that are kept as text ("$5.00", "70 kg") as numbers and dates, under names
        that are text and differ; without names of rows."""
        import pandas

        known: dict[str, list[tuple[Column, ...]]] = {}
        for columns in self.cells():
            known.setdefault(str(columns[0].name), []).append(columns)
        found = {}
        for place, name in enumerate(map(str, frame.columns)):
            columns = known.get(name) or [()]
            column, *more = columns.pop(0) if len(columns) > 1 else columns[0] or (None,)
            values = frame.iloc[:, place]
            if column is not None and column.kind == "id":
                continue
            if column is not None and not more and column.is_text and column.kind in (*NUMBERS, *TIMES):
                values = table_columns.legible(column, values)
            found[name if name not in found else f"{name}.{place}"] = values
        return pandas.DataFrame(found)

    def steps_needed(self, count: int, batch_size: int) -> tuple[int, int]:
        """A hundred passes over the rows, and the three hundred of CTGAN's paper."""
        return max(300, 100 * count // batch_size), max(900, 300 * count // batch_size)

    def numbers(self, items) -> np.ndarray:
        """Rows as vectors (n, d) that can be compared: numbers in standard deviations, within ±4, gaps and words marked
        apart; for the commonest values that are told apart a 0 or √½ each, so that two rows that differ lie 1 apart."""
        return self.numbers_of(self.codes(items, strict=False))

    def numbers_of(self, codes: np.ndarray) -> np.ndarray:
        """`numbers` of codes (n, columns)."""
        found = blocks(self, codes)
        return np.concatenate(found, 1) if found else np.zeros((len(codes), 1), np.float32)

    def kept_otherwise(self) -> list[str]:
        """What of the table's values does not come back as it was in samples, one line each; new numbers first."""
        ids = [str(c.name) for c in self.entries if c.kind == "id"]
        what = "names of rows, which are not learned and numbered anew in samples"
        lines = [f"not kept: {few(ids, 8)}: {what}; to keep them, type {ids[0]}=categorical"] if ids else []
        return lines + [f"not kept as it was: {c.name}: {c.lost}" for c in self.entries if c.lost]


@dataclass
class Table(Dataset):
    """Rows of a table: codes in `fields`, DataFrames from `raw`."""

    spec: TableSpec

    def raw(self, index, name: str | None = None):
        return self.spec.frame(super().raw(index, name))
