"""Windows of another table of the same series, such as one that was made of them, as items of a form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gansmith.data.kinds.series.windows import Windows
from gansmith.data.kinds.table.columns import NUMBERS, Column
from gansmith.data.labels import few
from gansmith.errors import DataError


def like(form: Any, dataset: Any) -> Windows | None:
    """The windows of `dataset` with the columns, codes and calendar of `form`, found by name; None where they are of
    that form already, or of another step or length, of which more is said elsewhere."""
    other, steps = dataset.spec, form.shape[1]
    if not isinstance(dataset, Windows) or type(other) is not type(form) or other.table.entries == form.table.entries:
        return None
    if other.shape[1] != steps or other.step != form.step or dataset.owner.max() >= len(other.members):
        return None
    mine, theirs = form.table.entries, other.table.entries
    places = {str(column.name): i for i, column in reversed([*enumerate(theirs)])}
    values = [places.get(str(mine[i].name)) for i in form.learned]
    if lost := [mine[i].name for i, place in zip(form.learned, values) if place not in other.learned]:
        raise DataError(f"{dataset.name} has no column {few(lost)} that varies from step to step")
    x = dataset.fields["real"]
    real = [
        translated(x[:, other.learned.index(place)], theirs[place], mine[i]) for i, place in zip(form.learned, values)
    ]
    members = np.array([member.codes for member in other.members]).reshape(len(other.members), -1)[dataset.owner]
    codes = np.full((len(x), len(form.named)), np.nan)
    for k, i in enumerate(form.named):
        if (place := places.get(str(mine[i].name))) in other.named:
            codes[:, k] = translated(members[:, other.named.index(place)], theirs[place], mine[i])
    begins = np.array([member.start for member in other.members])[dataset.owner]
    first = 0 if other.step.kind == "order" else other.step.places(begins).astype(int)
    starts = other.step.after(begins, dataset.place - first)
    beside = form.context(codes, starts, steps)
    return replace(dataset, spec=form, fields={"real": np.concatenate([np.stack(real, 1), beside], 1)})


def translated(codes: np.ndarray, theirs: Column, mine: Column) -> np.ndarray:
    """Codes of one column as codes of another: numbers by their size, all else by what it is called, NaN if unknown."""
    gone = np.isnan(codes)
    at = np.where(gone, 0, codes)
    if mine.kind in NUMBERS and theirs.kind in NUMBERS:
        numbers = np.array(theirs.levels, float)[at.astype(int)] if theirs.discrete else at + theirs.origin
        if mine.discrete:
            numbers = np.abs(numbers[..., None] - np.array(mine.levels, float)).argmin(-1) + mine.origin
        return np.where(gone, np.nan, numbers - mine.origin)
    known = {str(level): i for i, level in enumerate(mine.levels)}
    if not (mine.discrete and theirs.discrete):
        return np.full(codes.shape, np.nan)
    return np.where(
        gone, np.nan, np.array([known.get(str(v), np.nan) for v in theirs.levels] or [np.nan])[at.astype(int)]
    )
