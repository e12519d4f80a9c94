"""The numbers of the field that a kind of data belongs to, beside real data and a control; in words, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from gansmith.data.batching import count as count_of
from gansmith.data.batching import take
from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.runs.reference import chosen, some

WORST = 8  # columns that are printed; the page has all


def field_numbers(form: Kind, real, other, items, train: Dataset, rest: Dataset) -> dict[str, np.ndarray]:
    """What `form` measures of `items` against `real` ones, beside `other` real items and those with what matters in
    them destroyed (`Kind.shuffled`), as the arrays of a page: {} where it measures nothing.

    train  what `items` may be copies of;  rest  the same without the `other` ones, which are copies of themselves

    field_baseline (k,) and field_baseline_is, its name, where the kind has a cheap model to beat (`Kind.baseline`)
    field_names, field_fake, field_floor, field_control (k,); field_says, a sentence; column_names, column_fake,
    column_floor (columns,): how far the distribution of each column is from the data's
    """
    if all(isinstance(part, np.ndarray) for part in (other, items)):  # some numbers depend on how many there are
        count = min(len(other), len(items))
        other, items = (part[np.random.default_rng(0).permutation(len(part))[:count]] for part in (other, items))

    def measured(some, known: Dataset = train) -> dict[str, float]:
        return form.measures(real, some) | form.copies(known, some)

    values = measured(items)
    if not values:
        return {}
    floor = dict(zip(values, measured(other, rest).values()))  # by place: names may say how many were searched
    control = measured(form.shuffled(other, np.random.default_rng(0)))
    cheap, beside = form.baseline(train, count_of(items), np.random.default_rng(0)), {}
    if cheap is not None:
        name, made = cheap
        beside = {"field_baseline_is": np.array(name), "field_baseline": np.array([*measured(made).values()], float)}
    columns, usual = form.by_column(real, items), form.by_column(real, other)
    return {
        "field_names": np.array(list(values)),
        "field_fake": np.array(list(values.values()), float),
        "field_floor": np.array([floor[name] for name in values], float),
        "field_control": np.array([control[name] for name in values], float),
        "field_says": np.array(form.says(values, floor, control)),
        "column_names": np.array(list(columns), dtype=str),
        "column_fake": np.array(list(columns.values()), float),
        "column_floor": np.array([usual[name] for name in columns], float),
        **beside,
    }


def with_rows(arrays: dict, rows: dict[str, tuple[float, float, float]]) -> dict:
    """The arrays of `field_numbers`, or none, with more rows: number -> (of samples, of reals, of the control)."""
    if not rows:
        return arrays
    empty = {"field_says": np.array("")}
    columns = dict(zip(("field_fake", "field_floor", "field_control"), np.array(list(rows.values()), float).T))
    more = {"field_names": np.array(list(rows)), **columns}
    if "field_baseline" in arrays:
        more["field_baseline"] = np.full(len(rows), np.nan)
    return (arrays or empty) | {
        name: np.concatenate([arrays[name], value]) if arrays else value for name, value in more.items()
    }


def reals_for(train: Dataset, held: Dataset | None, count: int, most: int) -> tuple:
    """(real items, others to compare with as the floor, all training items but those): others are held-out ones, where
    there is half of `count`; else a part of the data."""
    real = some(train, most=most)
    if held is not None and len(held) >= count // 2:
        return real, some(held, most=count), train
    rows = np.random.default_rng(1).permutation(count_of(real))
    half = len(rows) // 2
    places = torch.from_numpy(np.setdiff1d(np.arange(len(train)), chosen(train, len(rows))[rows[:half]]))
    rest = replace(train, rows=places if train.rows is None else train.rows[places])
    return take(real, rows[half:]), take(real, rows[:half]), rest


def field_lines(arrays: dict) -> list[str]:
    """What `gansmith evaluate` prints of them."""
    if "field_names" not in arrays:
        return []
    wide = max(map(len, arrays["field_names"])) + 2
    columns = field_columns(arrays)
    lines = ["", "".join([" " * wide, *(f"{name:<{len(name) + 4}}" for name in columns)]).rstrip()]
    for row in zip(arrays["field_names"], *columns.values()):
        cells = (f"{value:<{len(name) + 4}.3g}" for name, value in zip(columns, row[1:]))
        lines.append("".join([f"{row[0]:<{wide}}", *cells]).rstrip())
    worst = worst_columns(arrays)[:WORST]
    if worst:
        lines.append(f"columns that differ most: {', '.join(f'{n} {v:.2f} (real data {f:.2f})' for n, v, f in worst)}")
    said = str(arrays.get("field_says", ""))
    return lines + ([said] if said else [])


def field_columns(arrays: dict) -> dict[str, np.ndarray]:
    """What the columns of these numbers are called, and the numbers."""
    named = {"samples": "field_fake", "real data": "field_floor"}
    if "field_baseline" in arrays:
        named[f"{arrays['field_baseline_is']} (to beat)"] = "field_baseline"
    return {name: arrays[key] for name, key in (named | {"shuffled (control)": "field_control"}).items()}


def worst_columns(arrays: dict) -> list[tuple[str, float, float]]:
    """(column, its distance from the data, the same of real data), the farthest first."""
    if "column_names" not in arrays:
        return []
    rows = zip(map(str, arrays["column_names"]), map(float, arrays["column_fake"]), map(float, arrays["column_floor"]))
    return sorted(rows, key=lambda row: -row[1])
