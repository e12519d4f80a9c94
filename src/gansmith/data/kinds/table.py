"""Tables (CSV, Parquet, DataFrame): rows of mixed columns, or vectors of numbers that remember their columns."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table_columns import Column, decode, encode, infer
from gansmith.data.labels import evenly, few
from gansmith.data.numeric import from_array
from gansmith.data.spec import Kind
from gansmith.errors import UserError, nearest

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
SHOWN_LEVELS = 30  # of a column of categories, when rows are compared as numbers


def from_rows(data, form: str, *, types=None, limit=None, **options) -> Dataset | None:
    """`data` as a table of typed columns, or as vectors where form is "auto" and there are numbers only; None when it
    is no table. Raises UserError when a table was asked for (form="table", or types) and it is none."""
    frame, name = _frame(data)
    if frame is None:
        if form == "table" or types is not None:
            shown = data if isinstance(data, (str, Path)) else type(data).__name__
            raise UserError(f"{shown} is no table: give a .csv, .tsv, .parquet or a DataFrame")
        return None
    labels = options.get("labels")
    plain = not all(_holds_numbers(frame[c]) for c in frame.columns)
    if form == "table" or types is not None or (plain and isinstance(labels, str) and labels == "auto"):
        if options.get("size") or options.get("channels"):
            raise UserError(f"{name}: size and channels are for pictures, and this is a table")
        return as_table(frame, types=types, name=name, limit=limit)
    return from_frame(frame, name=name, limit=limit, **options)


def as_table(frame, *, types=None, name="table", limit=None) -> Dataset:
    """The Table of a DataFrame; `types` overrules what columns look like: {"zip": "integer"}, or "zip=integer"."""
    asked = _types(types, frame.columns)
    if len(frame) < 2 or not frame.shape[1]:
        raise UserError(f"{name}: the table has {frame.shape[0]} rows and {frame.shape[1]} columns: give more")
    if not frame.columns.is_unique:
        raise UserError(f"{name}: two columns are called {frame.columns[frame.columns.duplicated()][0]!r}: rename one")
    notes = []
    if limit is not None and limit < len(frame):
        notes.append(f"{limit} of {len(frame)} rows taken, evenly spaced (limit={limit})")
        frame = frame.iloc[evenly(len(frame), limit)]
    frame = frame.reset_index(drop=True)
    columns = tuple(infer(frame[c], asked.get(str(c))) for c in frame.columns)
    codes = np.stack([encode(column, frame[c]) for column, c in zip(columns, frame.columns)], 1)
    spec = TableSpec.of_columns(columns, codes)
    return Table(spec, {"real": codes}, name=name, digest=cache.digest(codes, columns), notes=tuple(notes))


@dataclass(frozen=True)
class TableSpec(Kind):
    """The form of a row: `entries` say what each column holds. Items in data units are DataFrames; in network units
    they are float32 (n, columns): the place of a value that is told apart, standardised numbers, NaN where missing."""

    kind = "table"
    noun = "rows"
    takes = "a table: .csv, .tsv (also .gz) or .parquet, or a DataFrame"
    options = {"types": "of columns that are not what they look like: zip=categorical, since=date"}
    default_game = "ctgan"
    default_reason = "it learns columns of mixed kinds"
    endings = (".csv", ".parquet", ".png")
    example_out = "-n 5000 -o samples.csv"
    continuous = False

    entries: tuple[Column, ...] = ()

    @classmethod
    def of_columns(cls, entries: tuple[Column, ...], codes: np.ndarray) -> TableSpec:
        numbers = np.where([c.discrete for c in entries], 0.0, codes)
        with np.errstate(all="ignore"):
            scale = np.nanstd(numbers, 0)
        scale = np.where(scale > 0, scale, 1.0)
        return cls(
            (len(entries),),
            columns=tuple(str(c.name) for c in entries),
            center=tuple(np.nanmean(numbers, 0).tolist()),
            scale=tuple(scale.tolist()),
            entries=entries,
        )

    @classmethod
    def recognises(cls, data) -> bool:
        if isinstance(data, (str, os.PathLike)):
            return str(data).lower().endswith(TABLES) and Path(data).is_file()
        return hasattr(data, "to_pandas") or (hasattr(data, "columns") and hasattr(data, "to_numpy"))

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, types=None) -> Dataset:
        return from_rows(data, "table" if named else "auto", types=types, limit=limit, labels=labels)

    def as_numbers(self, dataset: Dataset) -> Dataset:
        """Rows as vectors; DataError that names the first column that is none of numbers, and what to type."""
        return from_frame(dataset.raw(np.arange(len(dataset))), name=dataset.name)

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

    @classmethod
    def of_json(cls, fields: dict) -> TableSpec:
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k not in ("kind", "also")}
        return cls(**plain | {"entries": tuple(Column.from_json(column) for column in fields["entries"])})

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

        return plot_rows(items)

    def keep(self, items, stem: Path) -> None:
        self.write(items, stem.with_name(stem.name + ".csv"))

    def write(self, items, path: Path) -> None:
        """Rows as .csv or .parquet, whole numbers whole beside gaps, or their preview as .png."""
        from gansmith.atomic import replacing
        from gansmith.data.write import save_picture

        if path.suffix == ".png":
            return save_picture(self.preview(items), path)
        with replacing(path) as beside:
            if path.suffix == ".csv":
                items.apply(lambda c: c.convert_dtypes() if c.dtype.kind == "f" else c).to_csv(beside, index=False)
            else:
                items.to_parquet(beside, index=False)
        return None

    def features(self, labelled: bool = False) -> tuple:
        return "columns", "ranks"

    def measures(self, real, fake) -> dict[str, float]:
        """Columns alone, columns in pairs, and whole rows: see `table_measures`."""
        from gansmith.data.kinds.table_measures import dependence_gap, detection, shapes

        known = [c.name for c in self.entries if c.kind != "id"]
        real, fake = real[known], fake[known]
        return {
            "column shapes, 1 when alike": float(np.mean(list(shapes(real, fake).values()))),
            "gap of the dependence of columns, 0 when alike": dependence_gap(real, fake),
            "AUROC of trees that tell them from real rows, 0.5 when they cannot": detection(real, fake),
        }

    def shuffled(self, items, rng: np.random.Generator):
        """Each column shuffled by itself."""
        from gansmith.data.kinds.table_measures import shuffled

        return shuffled(items, int(rng.integers(2**31)))

    def check(self, dataset: Dataset, check) -> None:
        from gansmith.data.kinds.table_check import check_rows

        check_rows(dataset, check)

    @property
    def dtype(self):
        """Of `numpy.asarray(frame)`."""
        return np.asarray(self.frame(np.full((1, *self.shape), np.nan)[:0])).dtype

    def to_network(self, x: Tensor) -> Tensor:
        """Codes (n, columns) float64 to network units; in float64 until then, since dates are long numbers."""
        center, scale = (torch.tensor(v, dtype=torch.float64) for v in (self.center, self.scale))
        return ((x.double() - center) / scale).float()

    def codes(self, frame) -> np.ndarray:
        """A DataFrame with these columns, in any order, to codes (n, columns) float64."""
        lacking = [c.name for c in self.entries if c.name not in frame.columns and c.kind != "id"]
        if lacking:
            raise UserError(f"the rows lack the columns {few(lacking)}: they have {few(frame.columns, 12)}")
        ids = np.zeros(len(frame))
        return np.stack([ids if c.kind == "id" else encode(c, frame[c.name]) for c in self.entries], 1)

    def frame(self, codes: np.ndarray):
        """Codes (n, columns) to a DataFrame whose columns have the names, order and types of the table's."""
        try:
            import pandas
        except ImportError:
            raise UserError("tables need pandas: pip install 'gansmith[tables]'") from None
        return pandas.DataFrame({c.name: decode(c, codes[:, i]) for i, c in enumerate(self.entries)})

    def numbers(self, items) -> np.ndarray:
        """Rows as vectors (n, d) that can be compared: numbers in standard deviations, within ±4, gaps marked apart;
        for the commonest values that are told apart a 0 or √½ each, so that two rows that differ lie 1 apart."""
        codes, parts = self.codes(items), []
        for column, code, center, scale in zip(self.entries, codes.T, self.center, self.scale):
            if column.kind == "id":
                continue
            if column.discrete:
                parts += [(code == level) * 0.5**0.5 for level in range(min(len(column.levels), SHOWN_LEVELS))]
            else:
                parts.append(np.nan_to_num(np.clip((code - center) / scale, -4, 4)))
            if column.missing:
                parts.append(np.isnan(code) * 0.5**0.5)
        return np.stack(parts, 1).astype(np.float32) if parts else np.zeros((len(codes), 1), np.float32)


@dataclass
class Table(Dataset):
    """Rows of a table: codes in `fields`, DataFrames from `raw`."""

    def raw(self, index, name: str | None = None):
        return self.spec.frame(super().raw(index, name))


# --- reading ---------------------------------------------------------------------------------------------------------
def _frame(data):
    """(the DataFrame that `data` is or that its path holds, what to call it), (None, "") for anything else."""
    if hasattr(data, "to_pandas"):  # a table of another library
        data = data.to_pandas()
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        return data, "table"
    if isinstance(data, (str, os.PathLike)) and str(data).lower().endswith(TABLES):
        path = Path(data).expanduser()
        if path.is_file() and path.stat().st_size:
            return read_frame(path), str(path)
    return None, ""


def _types(types, columns) -> dict[str, str]:
    """{"zip": "categorical", …} from that, or from "zip=categorical, …"."""
    if types is None or isinstance(types, Mapping):
        asked = {str(name): kind for name, kind in (types or {}).items()}
    else:
        pairs = [part.rpartition("=") for part in types.split(",") if part.strip()]
        asked = {name.strip(): kind.strip() for name, _, kind in pairs}
    known = [str(c) for c in columns]
    for name in asked:
        if name not in known:
            raise UserError(
                f"types names no column of the table: {name!r}.{nearest(name, known)} It has {few(known, 12)}"
            )
    return asked


def _holds_numbers(column) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return (is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype)) and not column.isna().any()


def read_frame(path: Path):
    """The DataFrame in a .csv, .tsv (both plain or .gz) or .parquet file."""
    try:
        import pandas
    except ImportError:
        raise UserError(f"reading {path} needs pandas: pip install 'gansmith[tables]'") from None
    try:
        if path.suffix.lower() == ".parquet":
            return pandas.read_parquet(path)
        with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rt", encoding="utf-8-sig") as file:
            head = file.readline()
        sep = max(",;\t|", key=head.count)
        named = not all(_is_number(cell) for cell in head.split(sep))
        return pandas.read_csv(path, sep=sep, header=0 if named else None)
    except ImportError:
        raise UserError(f"reading {path} needs pyarrow: pip install 'gansmith[tables]'") from None
    except (ValueError, OSError, EOFError, zlib.error) as problem:
        raise UserError(
            f"{path} cannot be read as a table ({few(str(problem).splitlines(), 1)}): write the file again"
        ) from None


# --- numbers only ----------------------------------------------------------------------------------------------------
def from_table(path: Path, **options):
    """The Dataset of numbers in a file."""
    return from_frame(read_frame(path), name=str(path), **options)


def from_frame(frame, *, labels="auto", name="table", **options):
    """The Dataset of a DataFrame of numbers; `labels` names the column that holds the class of each row, if any."""
    found = None
    if isinstance(labels, str) and labels != "auto":
        if labels not in frame.columns:
            raise UserError(f"{name} has no column {labels!r}: it has {few(frame.columns, 12)}")
        gaps = frame[labels].isna()
        if gaps.any():
            raise UserError(f"{name}: column {labels!r} has no label in row {_first(gaps)}: fill it in or drop the row")
        found, frame, labels = frame[labels].to_numpy(), frame.drop(columns=labels), "auto"
    if frame.empty:
        raise UserError(f"{name}: no numbers, the table has {frame.shape[0]} rows and {frame.shape[1]} columns")
    _only_numbers(frame, name)
    columns = () if list(frame.columns) == list(range(frame.shape[1])) else tuple(str(c) for c in frame.columns)
    values = frame.to_numpy(dtype=np.float64)
    return from_array(values, found, labels=labels, columns=columns, name=name, **options)


def _only_numbers(frame, name: str) -> None:
    """Refuse text, dates and gaps, naming the column, the row (the first is 1) and what to type."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    bad = [c for c in frame.columns if not (is_numeric_dtype(frame[c].dtype) or is_bool_dtype(frame[c].dtype))]
    if bad:
        shown = "; ".join(_what_is_wrong(frame[c]) for c in bad[:3]) + (
            f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        )
        rest = frame.shape[1] - len(bad)
        keep = (
            f"To keep the numbers only (columns: {rest}): {_one_liner(name, bad)}"
            if rest
            else "There is no column of numbers"
        )
        raise UserError(f"{name}: numbers are due, but {shown}. ctgan takes any table. {keep}")
    gaps = frame.isna()
    if gaps.to_numpy().any():
        column = frame.columns[int(gaps.any().to_numpy().argmax())]
        rows, columns = int(gaps.any(axis=1).sum()), [str(c) for c in frame.columns[gaps.any()]]
        raise UserError(
            f"{name}: column {column!r} is empty (NaN) in row {_first(gaps[column])}; {rows} of {len(frame)} rows have "
            f"gaps, in {few(columns)}. ctgan takes gaps. To leave those rows out: {_one_liner(name, None)}"
        )


def _what_is_wrong(column) -> str:
    import pandas

    values = column.dropna()
    if not len(values):
        return f"column {column.name!r} is empty"
    text = values.astype(str)
    wrong = pandas.to_numeric(text, errors="coerce").isna()
    if not wrong.any():
        return f"column {column.name!r} holds numbers kept as text"
    row, value = column.index.get_loc(wrong.index[wrong.argmax()]) + 1, text[wrong].iloc[0]
    if wrong.sum() <= len(values) / 2:
        return f"column {column.name!r} has {value!r} in row {row} ({int(wrong.sum())} such rows)"
    kind = "text"
    if column.dtype.kind == "M" or _is_date(value):
        kind = "dates"
    return f"column {column.name!r} holds {kind} ({value!r} in row {row})"


def _is_date(text: str) -> bool:
    import warnings

    import pandas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(c.isdigit() for c in text) and not pandas.isna(pandas.to_datetime(text, errors="coerce"))


def _one_liner(name: str, drop) -> str:
    """What to type: Python for a DataFrame, a shell line that writes a mended file for a file."""
    mend = ".dropna()" if drop is None else (f".drop(columns={drop})" if len(drop) <= 3 else ".select_dtypes('number')")
    if name == "table":
        return f"df{mend}"
    read = "read_parquet" if name.endswith(".parquet") else "read_csv"
    stem = Path(name).name.split(".")[0]
    return f"""python -c "import pandas; pandas.{read}('{name}'){mend}.to_csv('{stem}-numbers.csv', index=False)\""""


def _first(mask) -> int:
    return int(mask.to_numpy().argmax()) + 1


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True
