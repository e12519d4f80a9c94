"""What a look at series says before training: frequency, groups, gaps, seasons, columns that tell nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.series import steps as series_steps
from gansmith.data.kinds.series.windows import Windows, fresh
from gansmith.data.kinds.table.check import same
from gansmith.data.labels import few

LOOKED = 4096  # windows that ranges are taken from
LAGS = 800  # steps in which seasons are looked for
NAMED = 6  # columns whose seasons are told


def check_series(dataset: Dataset, check: preflight.Check) -> None:
    form: Any = dataset.spec
    check.axes = f"channels x steps of {form.step.one}"
    some = np.sort(np.random.default_rng(0).permutation(len(dataset))[:LOOKED])
    x: np.ndarray = dataset.raw(some)[:, : form.values]
    check.part = "column"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns without a value
        numbers = [np.nanmin(x, (0, 2)), np.nanmax(x, (0, 2)), np.nanmean(x, (0, 2)), np.nanstd(x, (0, 2))]
    check.low, check.high, check.mean, check.sd = (np.nan_to_num(v).tolist() for v in numbers)
    check.columns = form.columns[: form.values]
    gaps = np.isnan(x).mean((0, 2))
    holed = [f"{name} {share:.1%}" for name, share in zip(check.columns, gaps) if 0 < share < 1]
    if holed:
        check.notes.append(f"missing values, learned as such: {few(holed, 8)}")
    beside = [c for i, c in enumerate(form.table.entries) if i not in form.learned and i != form.date and c.part < 2]
    empty = [name for name, share in zip(check.columns, gaps) if share == 1]
    empty += [str(c.name) for c in beside if c.missing == 1]
    if empty:
        check.problems.append(f"columns without a value: {few(empty, 8)}; leave them out")
    constant = [n for n, low, high, gap in zip(check.columns, check.low, check.high, gaps) if low == high and gap < 1]
    constant += [str(c.name) for c in beside if c.kind != "id" and same(c)]
    if constant:
        check.problems.append(f"constant columns: {few(constant, 8)}; leave them out")
    if ids := [str(c.name) for c in beside if c.kind == "id"]:
        check.notes.append(f"ids of rows, not learned, numbered anew in samples: {few(ids, 8)}")
    if form.told:
        check.notes.append(f"told to both players: {few([form.table.entries[i].name for i in form.told])}")
    anew, silent = fresh(form), [i for i in form.named if i not in form.told]
    for which, what in ((anew, "numbered anew in samples"), ([i for i in silent if i not in anew], "kept as they are")):
        if which:
            names = few([form.table.entries[i].name for i in which])
            check.notes.append(f"not told to the players, {what}: {names}")
    check.notes += seasons(dataset)


def seasons(dataset: Dataset) -> list[str]:
    """The strongest seasons of each column, in the longest series that the windows allow to put together."""
    form: Any = dataset.spec
    made = []
    x = longest(dataset)
    for i, name in enumerate(form.columns[: min(form.values, NAMED)]):
        column = x[i]
        if np.isnan(column).mean() > 0.2 or np.nanstd(column) == 0:
            continue
        column = np.where(np.isnan(column), np.nanmean(column), column)
        peaks = series_steps.seasons(column, min(LAGS, len(column) // 3))
        if peaks:
            made.append(f"{name}: " + ", ".join(f"{lag} steps (autocorrelation {r:.2f})" for lag, r in peaks))
    rest = f" ({form.values - NAMED} more columns not looked at)" if form.values > NAMED else ""
    told = [f"seasons found in the changes of {line}" for line in made] or ["no season found"]
    return [*told[:-1], told[-1] + rest]


def longest(dataset: Dataset) -> np.ndarray:
    """(columns, steps) of the series with the most windows, put together again."""
    form: Any = dataset.spec
    if not isinstance(dataset, Windows):
        return dataset.raw([0])[0][: form.values]
    rows = np.array(preflight.rows_of(dataset))
    mine = rows[dataset.owner[rows] == np.bincount(dataset.owner[rows]).argmax()]
    first, steps = dataset.place[mine].min(), form.shape[1]
    made = np.full((form.values, dataset.place[mine].max() - first + steps), np.nan)
    for row in mine:
        at = dataset.place[row] - first
        made[:, at : at + steps] = dataset.fields["real"][row, : form.values]
    return made
