"""The numbers of the field that a kind of data belongs to, beside real data and a control; in words, too."""

from __future__ import annotations

import numpy as np

from gansmith.data.batching import count as count_of
from gansmith.data.batching import take
from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.runs.reference import some

WORST = 8  # columns that are printed; the page has all
CLEAR = 0.1  # of what real data scores: numbers that are nearer to it by less are as near


def field_numbers(form: Kind, real, other, items) -> dict[str, np.ndarray]:
    """What `form` measures of `items` against `real` ones, beside `other` real items, those with what matters in
    them destroyed (`Kind.shuffled`), and what its baselines make of `real` ones, as the arrays of a page: {} where it
    measures nothing.

    field_names, field_fake, field_floor, field_control (k,); baseline_names (b,), field_baselines (b, k); field_says,
    in words; column_names, column_fake, column_floor (columns,): how far the distribution of each column is from the
    data's
    """
    values = form.measures(real, items)
    if not values:
        return {}
    floor, control = form.measures(real, other), form.measures(real, form.shuffled(other, np.random.default_rng(0)))
    cheap = form.baselines(real, count_of(items), np.random.default_rng(0))
    beside = {name: form.measures(real, made) for name, made in cheap.items()}
    columns, usual = form.by_column(real, items), form.by_column(real, other)
    return {
        "field_names": np.array(list(values)),
        "field_fake": np.array(list(values.values()), float),
        "field_floor": np.array([floor[name] for name in values], float),
        "field_control": np.array([control[name] for name in values], float),
        "baseline_names": np.array(list(beside), dtype=str),
        "field_baselines": np.array([[found[name] for name in values] for found in beside.values()], float),
        "field_says": np.array(
            " ".join(filter(None, (form.says(values, floor, control), beaten(values, floor, beside))))
        ),
        "column_names": np.array(list(columns), dtype=str),
        "column_fake": np.array(list(columns.values()), float),
        "column_floor": np.array([usual[name] for name in columns], float),
    }


def beaten(values: dict[str, float], floor: dict[str, float], beside: dict[str, dict[str, float]]) -> str:
    """Which baselines samples do not beat, in words: those that are nearer to real data in at least as many numbers."""

    def nearer(one, other) -> int:
        gaps = [[abs(found[name] - floor[name]) for found in (one, other)] for name in values]
        return sum(a < b - CLEAR * abs(floor[name]) for name, (a, b) in zip(values, gaps))

    won = {name: (nearer(found, values), nearer(values, found)) for name, found in beside.items()}
    lost = [
        f"{name} (nearer to real data in {theirs} of {len(values)} numbers, the samples in {ours})"
        for name, (theirs, ours) in won.items()
        if theirs >= ours
    ]
    if lost:
        return f"These samples do not beat what takes no training: {'; '.join(lost)}. Train longer, or on more data."
    return f"These samples beat what takes no training: {', '.join(won)}." if won else ""


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
    """(real items, others to compare with as the floor): held-out ones, where there is half of `count`; else parts of
    the data."""
    real = some(train, most=most)
    if held is not None and len(held) >= count // 2:
        return real, some(held, most=count)
    rows = np.random.default_rng(1).permutation(count_of(real))
    return take(real, rows[len(rows) // 2 :]), take(real, rows[: len(rows) // 2])


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
