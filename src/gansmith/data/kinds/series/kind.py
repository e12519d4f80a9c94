"""Series: steps in time of one thing or of many, from a table with dates or an array (n, steps, columns)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.series import attributes as series_attributes
from gansmith.data.kinds.series import like as series_like
from gansmith.data.kinds.series import linear as series_linear
from gansmith.data.kinds.series import read as series_read
from gansmith.data.kinds.series import steps as series_steps
from gansmith.data.kinds.series import windows as series_windows
from gansmith.data.kinds.series.linear import Linear
from gansmith.data.kinds.series.read import Found
from gansmith.data.kinds.series.scores import Scores
from gansmith.data.kinds.series.steps import Step
from gansmith.data.kinds.series.wide import Wide, read_wide
from gansmith.data.kinds.series.windows import Member, Windows
from gansmith.data.kinds.table import Table, TableSpec, as_table
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.read import frame_of
from gansmith.data.labels import evenly, few
from gansmith.data.spec import Kind
from gansmith.errors import DataError

MEMBERS = 10_000  # series of the data that a form keeps the names and dates of
GROUPS = 32  # of series that each have distributions and a law of their own, at most
ENOUGH = 500  # values of a column from which a group has a distribution of its own


@dataclass(frozen=True)
class Series(Kind):
    """Windows (channels, steps), float64: first `values` columns that are learned, NaN where a value is missing, then
    what of the calendar each step falls into and what the series is (its attributes). In the networks the first are
    normal scores, where series differ in attributes within their `groups`, the rest is as it is."""

    kind = "series"
    noun = "windows of series"
    takes = "a table with a row for each step and a column of dates, or an array (n, steps, columns) with --kind series"
    options = {
        "window": "steps that are learned together, such as 168",
        "stride": "steps from one window to the next [1]",
        "date": "column of the times, where there are several",
        "group": "columns that tell series apart: city,shop",
        "wide": "rows or columns: what each series has, where steps do not stand below each other",
    }
    default_game = "seriesgan"
    default_reason = "it goes on step by step for as long as you like, and starts from a linear law"
    endings = (".csv", ".tsv", ".parquet", ".npz", ".npy", ".png")
    write_options = ("safe", "start")
    example_out = "-o made.csv"
    shown = 64

    values: int = 1
    scores: tuple[Scores, ...] = ()  # of each column
    groups: tuple[tuple[float, ...], ...] = ()  # the attributes of each group of series, as channels; none: one group
    group_scores: tuple[tuple[Scores, ...], ...] = ()  # … and the scores of its columns
    step: Step = Step()
    cycles: tuple[str, ...] = ()
    table: TableSpec = TableSpec((1,))  # the columns as they came
    date: int | None = None
    learned: tuple[int, ...] = ()  # places of the first channels among the entries of the table
    named: tuple[int, ...] = ()  # … of keys and attributes: what `members` have the codes of
    told: tuple[int, ...] = ()  # … of those that the networks are told
    coded: tuple[int, ...] = ()  # … of those of these that are told by codes: see `attributes`
    members: tuple[Member, ...] = ()
    lags: int = 0  # steps that the linear law looks back on, where a game asks for one
    linear: Linear | None = None
    padded: bool = False  # whether series end before their window does
    wide: Wide = Wide()

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        return TableSpec.recognises(data)  # which comes first, and hands over what `of_table` finds to be series

    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, window=None, stride=None, date=None,
        group=None, wide=None,
    ) -> Dataset:  # fmt: skip
        """Windows of the series in a table.

        window  steps of each;  stride  from one to the next;  date, group, wide  see `options`
        """
        if hasattr(data, "__array__") and not hasattr(data, "columns"):
            raise DataError("an array of series is read by gansmith.read(array, form='series')")
        frame, name, source = frame_of(data)
        if wide is not None:
            table, found, how = read_wide(frame, name, source, wide)
            return windows(table, found, window, stride, limit, how)
        table = as_table(frame, name=name, source=source)
        if group is not None and not named and window is None and stride is None:
            regular = series_read.find(table, date=date, group=group)
            if regular is None or regular.date is None:
                from gansmith.data.kinds.groups import Groups

                return Groups.of_rows(table, group, date, limit)
        return windows(table, series_read.certain(table, date, group), window, stride, limit)

    @classmethod
    def of_table(cls, table: Table) -> Dataset | None:
        """The windows of a table that nobody called a table, if its rows are certainly the steps of series."""
        found = series_read.find(table)
        if found is None or found.date is None:
            return None
        made = windows(table, found, None, None, None)
        column = table.spec.entries[found.date].name
        many = f" of {len(found.rows):,} series" if len(found.rows) > 1 else ""
        note = f"taken for series: {column} goes on by one {found.step}{many}; --kind table for single rows"
        return replace(made, notes=(note, *made.notes))

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), window=None, stride=None, **others):
        """(n, steps) or (n, steps, columns): a series each, without dates."""
        if x.ndim not in (2, 3):
            return None
        data = np.ascontiguousarray((x[:, None] if x.ndim == 2 else x.transpose(0, 2, 1)), np.float64)
        if data.shape[2] < 4:
            notes.append(f"series of {data.shape[2]} steps are too short: arrays are (n, steps, columns)")
            return None
        names = (
            tuple(map(str, columns)) if len(columns) == data.shape[1] else tuple(f"x{i}" for i in range(data.shape[1]))
        )
        entries = tuple(Column(name, "continuous", "float64") for name in names)
        form = cls(
            data.shape[1:], columns=names, values=len(names), learned=tuple(range(len(names))),
            table=TableSpec.of_columns(entries, np.zeros((1, len(names)))), members=(Member((), 0.0, data.shape[2]),),
        )  # fmt: skip
        return data, form.fitted_to(data, np.arange(len(data)))

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        """Made-up demand of two cities by the hour, with gaps; and plain arrays."""
        import pandas

        rng = np.random.default_rng(seed)
        hours = pandas.date_range("2025-01-06", periods=n + 11, freq="h")
        parts = []
        for city, size in (("Lima", 20), ("Oslo", 6)):
            demand = rng.poisson(size * (1.3 + np.sin(2 * np.pi * hours.hour / 24))).astype(float)
            demand[rng.random(len(hours)) < 0.05] = np.nan
            heat = 15 + np.cumsum(rng.standard_normal(len(hours))).round(1)
            parts.append(pandas.DataFrame({"time": hours, "city": city, "demand": demand, "heat": heat}))
        table = as_table(pandas.concat(parts, ignore_index=True), name=f"made up {seed}")
        first = windows(table, series_read.certain(table), 12, 2, None)
        walk = np.cumsum(rng.standard_normal((n, 16, 2)), 1)
        data, form = cls.of_array(walk, [])
        return [first, Dataset(form, {"real": data}, name="made up", digest=f"series {n} {seed}")]

    def fitted_to(self, real: np.ndarray, rows: np.ndarray) -> Series:
        """This form with what its numbers are learned from: these rows of the windows, and no others."""
        told = real[rows][:, self.values + 2 * len(self.cycles) :, 0]
        groups, group = np.unique(told, axis=0, return_inverse=True)
        made = replace(self, scores=series_windows.scores_of(real, rows, self.values), groups=(), group_scores=())
        if 1 < len(groups) <= GROUPS:
            own = [rows[group.ravel() == g] for g in range(len(groups))]
            large = [np.isfinite(real[r, : self.values]).sum((0, 2)).min() >= ENOUGH for r in own]
            each = [
                series_windows.scores_of(real, r, self.values, len(own)) if x else made.scores
                for r, x in zip(own, large)
            ]
            made = replace(made, groups=tuple(map(tuple, groups.tolist())), group_scores=tuple(each))
        if not self.lags:
            return made
        some = rows[:: max(1, len(rows) // series_linear.FITTED)]
        x = made.to_network(torch.from_numpy(real[some])).double().numpy()
        z, context = np.split(x, [self.values], 1)
        law = series_linear.fit(z, context, len(self.cycles), self.lags, made.group(x), max(1, len(made.groups)))
        return replace(made, linear=law)

    def with_law(self, real: np.ndarray, rows: np.ndarray) -> Series:
        """This form with the linear law of its steps, too, from these rows, and from whatever rows it is fitted to."""
        return replace(self, lags=series_linear.lags_of(self.values, self.shape[1])).fitted_to(real, rows)

    def read_options(self) -> dict:
        return {"wide": self.wide.by} if self.wide.by else {}

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        many = f" of {len(self.members):,} series" if len(self.members) > 1 else ""
        columns = f"{self.values} column{'s' * (self.values > 1)}"
        return f"{count:,} windows of {self.shape[1]} steps (one {self.step}) of {columns}{many}"

    def check(self, dataset: Dataset, check) -> None:
        from gansmith.data.kinds.series.check import check_series

        check_series(dataset, check)

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.float64

    def to_network(self, x: Tensor) -> Tensor:
        made, rng = np.array(x.detach().cpu().numpy(), np.float64), np.random.default_rng(0)
        for rows, scores in self.each_group(made):
            for i, one in enumerate(scores):
                made[rows, i] = one.forward(made[rows, i], rng)
        return torch.from_numpy(made.astype(np.float32)).to(x.device)

    def to_data(self, x: Tensor) -> np.ndarray:
        made = x.detach().float().cpu().numpy().astype(np.float64)
        for rows, scores in self.each_group(made):
            for i, one in enumerate(scores):
                made[rows, i] = one.backward(made[rows, i])
        return made

    def group(self, x: np.ndarray) -> np.ndarray:
        """(n,): the group of each window (n, channels, steps), the one whose attributes are nearest."""
        if not self.groups:
            return np.zeros(len(x), np.int64)
        groups = np.array(self.groups)
        told = x[:, x.shape[1] - groups.shape[1] :, 0]
        return ((told[:, None] - groups) ** 2).sum(2).argmin(1)

    def each_group(self, x: np.ndarray) -> list[tuple]:
        """(rows of the windows, scores of their columns) of each group."""
        if not self.groups:
            return [(slice(None), self.scores)]
        group = self.group(x)
        return [(group == g, scores) for g, scores in enumerate(self.group_scores)]

    def like(self, dataset: Dataset) -> Dataset:
        return series_like.like(self, dataset) or super().like(dataset)

    # --- what a step is told -----------------------------------------------------------------------------------------
    def attributes(self, codes: np.ndarray) -> np.ndarray:
        """(n, channels) of the codes (n, named) of series."""
        return series_attributes.channels(self, codes)

    def context(self, codes: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
        """(n, channels, steps): calendar and attributes of series with these codes (n, named) that begin at `start`."""
        times = [self.step.times(first, steps) for first in start]
        seen = series_steps.span(self.members, self.step)
        waves = [series_steps.calendar(t, self.cycles, seen) for t in times]
        dated = np.stack(waves) if waves else np.zeros((0, 0, steps))
        fixed = self.attributes(np.asarray(codes, float).reshape(len(start), -1))
        return np.concatenate([dated, np.repeat(fixed[:, :, None], steps, 2)], 1)

    # --- showing and writing -----------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        from gansmith.data.kinds.series.figures import lines

        return lines(self, np.asarray(items)[:16])

    def sheet(self, numbers: np.ndarray) -> np.ndarray:
        return self.preview(numbers)

    def write(self, items, path: Path, safe: bool = False, start=None) -> None:
        """As a table of the data's own columns, types and layout (.csv, .tsv, .parquet), or as an array."""
        from gansmith.data.kinds.series.write import write

        write(self, items, path, safe, start)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        from gansmith.data.kinds.series.measures import Moves, Shapes

        return Shapes(self), Moves(self)

    def measures(self, real, fake) -> dict[str, float]:
        from gansmith.data.kinds.series.measures import measures

        return measures(self, real, fake)

    def shuffled(self, items, rng: np.random.Generator):
        """The steps of each window in random order, the same for all its columns."""
        made = np.array(items)
        for item in made:
            item[: self.values] = item[: self.values, rng.permutation(item.shape[1])]
        return made

    def figures(self, real, fake) -> dict[str, np.ndarray]:
        from gansmith.data.kinds.series.figures import figures

        return figures(self, real, fake)

    def spectrum(self, real, fake) -> dict[str, np.ndarray]:
        from gansmith.data.kinds.series.measures import spectrum

        return spectrum(self, real, fake)

    # --- on disk -----------------------------------------------------------------------------------------------------
    def to_json(self) -> dict:
        plain = replace(
            self, scores=(), group_scores=(), step=Step(), table=TableSpec((1,)), members=(), linear=None, wide=Wide()
        )  # fmt: skip
        return super(Series, plain).to_json() | {
            "scores": [s.to_json() for s in self.scores],
            "group_scores": [[s.to_json() for s in group] for group in self.group_scores],
            "step": self.step.to_json(),
            "wide": self.wide.to_json(),
            "table": self.table.to_json(),
            "linear": self.linear and self.linear.to_json(),
            "members": [[[None if c != c else c for c in m.codes], m.start, m.length] for m in self.members],
        }

    @classmethod
    def of_json(cls, fields: dict) -> Series:
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k not in ("kind", "also")}
        known: dict[str, Any] = plain
        return cls(
            **known
            | {
                "scores": tuple(map(Scores.from_json, fields["scores"])),
                "groups": tuple(map(tuple, fields["groups"])),
                "group_scores": tuple(tuple(map(Scores.from_json, group)) for group in fields["group_scores"]),
                "step": Step(**fields["step"]),
                "wide": Wide.from_json(fields["wide"]) if "wide" in fields else Wide(),
                "linear": Linear.from_json(fields["linear"]) if fields["linear"] else None,
                "table": TableSpec.of_json(fields["table"]),
                "members": tuple(map(Member.from_json, fields["members"])),
            }
        )


def windows(table: Table, found: Found, window, stride, limit, wide: Wide = Wide()) -> Windows:  # noqa: B008
    """The Dataset of the series that were found in a table."""
    table = series_read.in_order(table)
    entries, codes, notes = table.spec.entries, table.fields["real"], [*table.notes, *found.notes]
    lengths = np.array([p[-1] - p[0] + 1 for p in found.places])
    steps = series_windows.window_of(window, found.step, lengths, table.name)
    parts = series_windows.stretches(found, codes, steps)
    named = tuple(dict.fromkeys((*found.keys, *found.attributes)))
    own = codes[[r[0] for r in found.rows]][:, named]
    told, coded = series_attributes.told(entries, named, found.keys, own, 0 if wide.by else float(np.median(lengths)))
    whole = max((t[-1] - t[0] for t in found.times), default=0.0)
    cycles = series_steps.cycles_of(found.step, whole) if found.date is not None else ()
    members = [Member(tuple(code), float(t[0]), int(n)) for code, t, n in zip(own.tolist(), found.times, lengths)]
    picked, stride, short = series_windows.cut(
        parts, steps, stride, len(found.values) + 2 * len(cycles) + series_attributes.LEVELS
    )
    if limit is not None and limit < len(picked):
        picked = [picked[i] for i in evenly(len(picked), limit)]
    real = np.stack([series_windows.window(parts[i].x, s, steps) for i, s in picked]) if picked else np.zeros((0, 1, 1))
    there = np.isnan(real).mean((1, 2)) < series_windows.EMPTY if len(real) else np.zeros(0, bool)
    if there.sum() < 2:
        raise DataError(
            f"{table.name}: {int(there.sum())} windows of {steps} steps: give longer series, or a shorter --window"
        )
    picked, real = [p for p, keep in zip(picked, there) if keep], real[there]
    form = Series(
        (1, steps), values=len(found.values), step=found.step, cycles=cycles, table=table.spec, date=found.date,
        learned=found.values, named=named, told=told, coded=coded, members=tuple(members[:MEMBERS]),
        padded=bool(np.isnan(real[:, :, -1]).all(1).mean() > 0.01), wide=wide,
    )  # fmt: skip
    context = {
        i: form.context(np.array([codes[found.rows[p.owner][0], named]]), np.array([p.time]), len(p.x) + steps)[0]
        for i, p in enumerate(parts)
    }
    beside = np.stack([context[i][:, s : s + steps] for i, s in picked])
    real = np.concatenate([real, beside], 1)
    names = [str(entries[i].name) for i in found.values]
    names += [f"{cycle} {wave}" for cycle in cycles for wave in ("sin", "cos")]
    names += series_attributes.names(form)
    form = replace(form, shape=real.shape[1:], columns=tuple(names)).fitted_to(real, np.arange(len(real)))
    notes.append(said(form, found, lengths, stride, short))
    owner = np.array([parts[i].owner for i, _ in picked])
    place = np.array([parts[i].first + s for i, s in picked])
    return Windows(
        form, {"real": real}, name=table.name, digest=caching.digest(real, str(form.step), owner, place),
        notes=tuple(notes), owner=owner, place=place,
    )  # fmt: skip


def said(form: Series, found: Found, lengths: np.ndarray, stride: int, short: int) -> str:
    """One line of what was found."""
    from_to = (
        f"{lengths.min():,} to {lengths.max():,}"
        if len(lengths) > 1 and lengths.min() < lengths.max()
        else f"{lengths.max():,}"
    )
    keys = f" by {few([form.table.entries[i].name for i in found.keys], 4)}" if found.keys else ""
    holes = int(sum(n - len(p) for n, p in zip(lengths, found.places)))
    calendar = f"; both players know the {few(form.cycles)}" if form.cycles else ""
    return (
        f"{len(lengths):,} series{keys} of {from_to} steps of one {form.step}"
        + (f", {holes:,} steps missing" if holes else "")
        + f": windows of {form.shape[1]} steps, {stride} apart (window=N, stride=N for others){calendar}"
        + (f"; {short:,} series shorter than half a window are left out" if short else "")
    )
