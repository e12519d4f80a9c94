"""The numbers of the field that a kind of data belongs to, beside real data and a control; in words, too."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from gansmith.data.batching import count as count_of
from gansmith.data.batching import take
from gansmith.data.dataset import Dataset
from gansmith.data.labels import evenly
from gansmith.data.spec import Kind
from gansmith.runs.reference import chosen, some

WORST = 8  # columns that are printed; the page has all
TAUGHT = "R² on real rows of models that learned columns from these rows (train on synthetic, test on real)"
CLEAR = 0.1  # of what real data scores: numbers that are nearer to it by no more are as near


def field_numbers(
    form: Kind, real, other, items, train: Dataset | None = None, rest: Dataset | None = None, end: float = np.inf
) -> dict[str, np.ndarray]:
    """What `form` measures of `items` against `real` ones, beside `other` real items and those with what matters in
    them destroyed (`Kind.shuffled`), and what its baselines make of `real` ones, as the arrays of a page: {} where it
    measures nothing. `items` and `other` are cut to one number of both, since many numbers of two sets (Fréchet
    distances, those in bins) hang on how many there are.

    train  what `items` may be copies of; None: no copies are looked for
    rest   the same without the `other` ones, which are copies of themselves
    end    the time after which no baselines are begun

    field_names, field_fake, field_floor, field_control (k,); baseline_names (b,), field_baselines (b, k); field_says,
    in words; column_names, column_fake, column_floor (columns,): how far the distribution of each column is from the
    data's
    """
    count = min(count_of(items), count_of(other))
    items, other = (take(x, evenly(count_of(x), count)) for x in (items, other))

    def measured(some, known: Dataset | None = train) -> dict[str, float]:
        return form.measures(real, some) | ({} if known is None else form.copies(known, some))

    values = measured(items)
    if not values:
        return {}
    floor = dict(zip(values, measured(other, rest or train).values()))  # by place: names may say how many were searched
    control = measured(form.shuffled(other, np.random.default_rng(0)))
    late = time.monotonic() > end
    cheap = {} if late else form.baselines(real, count, np.random.default_rng(0))
    beside = {name: measured(made) for name, made in cheap.items()}
    columns, usual = form.by_column(real, items), form.by_column(real, other)
    arrays = {
        "field_names": np.array(list(values)),
        "field_fake": np.array(list(values.values()), float),
        "field_floor": np.array([floor[name] for name in values], float),
        "field_control": np.array([control[name] for name in values], float),
        "baseline_names": np.array(list(beside), dtype=str),
        "field_baselines": np.array([[found[name] for name in values] for found in beside.values()], float),
        "field_says": np.array(
            " ".join(filter(None, (form.says(values, floor, control), beaten(values, floor, control, beside))))
        ),
        "column_names": np.array(list(columns), dtype=str),
        "column_fake": np.array(list(columns.values()), float),
        "column_floor": np.array([usual[name] for name in columns], float),
    }
    return with_rows(arrays, taught(form, real, other, items))


def taught(form: Kind, real, other, items) -> dict[str, tuple[float, float, float]]:
    """How useful `items`, as many `real` ones and shuffled ones are to foretell `other` ones (`Kind.usefulness`); {}
    where the kind or so few items have no such number."""
    useful = form.usefulness(real, other)
    if useful is None:
        return {}
    few = take(real, np.linspace(0, count_of(real) - 1, min(count_of(real), count_of(items))).astype(int))
    shuffled = form.shuffled(few, np.random.default_rng(0))
    return {TAUGHT: (useful(items), useful(few), useful(shuffled))}


def beaten(values: dict, floor: dict, control: dict, beside: dict[str, dict[str, float]]) -> str:
    """Which baselines samples do not beat, in words: those that are nearer to real data in at least as many numbers.
    What is better than real data, away from where the farthest lies, is as good: a Gaussian fits its own data best."""
    count, found = len(values), np.array([[f[name] for name in values] for f in (control, values, *beside.values())])
    real = np.array([floor[name] for name in values])
    gaps = np.nan_to_num(found - real)
    worst = np.sign(gaps[np.abs(gaps).argmax(0), np.arange(count)])
    samples, *others = np.maximum(0, gaps * worst)[1:]
    clear = CLEAR * np.nan_to_num(np.abs(real))
    won = [(name, (o < samples - clear).sum(), (samples < o - clear).sum()) for name, o in zip(beside, others)]
    lost = [
        f"{name} (nearer to real data in {theirs} of {count} numbers, the samples in {ours})"
        for name, theirs, ours in won
        if theirs >= ours
    ]
    if lost:
        return f"These samples do not beat what takes no training: {'; '.join(lost)}. Train longer, or on more data."
    return f"These samples beat what takes no training: {', '.join(beside)}." if beside else ""


def with_rows(arrays: dict, rows: dict[str, tuple[float, float, float]]) -> dict:
    """The arrays of `field_numbers`, or none, with more rows: number -> (of samples, of reals, of the control)."""
    if not rows:
        return arrays
    empty = {"field_says": np.array("")}
    if arrays and len(arrays["baseline_names"]):  # which are not asked
        lacking = np.full((len(arrays["baseline_names"]), len(rows)), np.nan)
        arrays = arrays | {"field_baselines": np.concatenate([arrays["field_baselines"], lacking], 1)}
    columns = dict(zip(("field_fake", "field_floor", "field_control"), np.array(list(rows.values()), float).T))
    more = {"field_names": np.array(list(rows)), **columns}
    return (arrays or empty) | {
        name: np.concatenate([arrays[name], value]) if arrays else value for name, value in more.items()
    }


def reals_for(train: Dataset, held: Dataset | None, count: int, most: int) -> tuple:
    """(real items, others to compare with as the floor, all training items but those): others are held-out ones, where
    there is half of `count`; else of one half of the data, of series by blocks of time. In the order of the data."""
    if held is not None and len(held) >= count // 2:
        return some(train, most=most), some(held, most=count), train
    one, half = train.halves()
    other = some(half, most=count)
    rows, there = (torch.arange(len(data)) if data.rows is None else data.rows for data in (train, half))
    taken = there[torch.from_numpy(chosen(half, count_of(other)))]
    return some(one, most=most), other, replace(train, rows=rows[~torch.isin(rows, taken)])


def field_table(arrays: dict) -> tuple[list[str], list[list[str]]]:
    """(heads of the columns, rows of texts) of the numbers: their names, samples, real data, control, baselines."""
    heads = ["", "samples", "real data", "shuffled (control)", *map(str, arrays.get("baseline_names", ()))]
    columns = [*(arrays[f"field_{name}"] for name in ("fake", "floor", "control")), *arrays.get("field_baselines", ())]
    spelled = lambda value: "—" if np.isnan(value) else f"{value:.3g}"  # noqa: E731
    return heads, [[str(name), *map(spelled, row)] for name, *row in zip(arrays["field_names"], *columns)]


def field_lines(arrays: dict) -> list[str]:
    """What `gansmith evaluate` prints of them."""
    if "field_names" not in arrays:
        return []
    heads, rows = field_table(arrays)
    wide = [max(map(len, column)) + 2 for column in zip(heads, *rows)]
    lines = ["", *("".join(f"{cell:<{w}}" for cell, w in zip(row, wide)).rstrip() for row in (heads, *rows))]
    worst = worst_columns(arrays)[:WORST]
    if worst:
        lines.append(f"columns that differ most: {', '.join(f'{n} {v:.2f} (real data {f:.2f})' for n, v, f in worst)}")
    said = str(arrays.get("field_says", ""))
    return lines + ([said] if said else [])


def worst_columns(arrays: dict) -> list[tuple[str, float, float]]:
    """(column, its distance from the data, the same of real data), the farthest first."""
    if "column_names" not in arrays:
        return []
    rows = zip(map(str, arrays["column_names"]), map(float, arrays["column_fake"]), map(float, arrays["column_floor"]))
    return sorted(rows, key=lambda row: -row[1])
