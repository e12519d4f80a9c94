"""Arrays of numbers -> Dataset, of the kind that finds its own in them."""

from __future__ import annotations

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.labels import choose, evenly, few, labelled
from gansmith.errors import DataError, UserError

LOOKED_AT, AT_ONCE = 2000, 2**20  # items, for what rounding does to them; numbers of them in memory, about


def from_array(
    x, found=None, *, labels="auto", classes=(), columns=(), name="array", notes=(), limit=None, kind=None, **options
) -> Dataset:
    """Items along the first axis of `x`, of the first kind in KINDS that takes such numbers, or of the `kind` so named.

    found   labels that came with the numbers;  labels  as in `gansmith.data.read`
    options of the kind (pictures: size, channels)
    """
    from gansmith.data.kinds import KINDS

    x, notes = _numbers(x, name), list(notes)
    label, classes = choose(labels, found, classes, len(x), name)
    if limit is not None and limit < len(x):
        rows = evenly(len(x), limit)
        notes.append(f"{limit} of {len(x)} items taken, evenly spaced (limit={limit})")
        x, label = x[rows], None if label is None else label[rows]
    _finite(x, columns, name)
    options = {key: value for key, value in options.items() if value is not None}
    able = [k for k in KINDS.values() if options.keys() <= k.options.keys()] if options else []
    offered = [KINDS[kind]] if kind else [*able, *KINDS.values()]
    tried = (k.of_array(x, notes, columns, named=kind is not None, **options) for k in offered)
    made = next((made for made in tried if made is not None), None)
    if made is None:
        noun, takes = (KINDS[kind].noun, f"give {KINDS[kind].takes}") if kind else ("any kind", "")
        why = ". ".join(filter(None, [*notes[-1:], takes]))
        raise DataError(f"{name} is no data for {noun}: {x.dtype} items of shape {x.shape[1:]}. {why}")
    data, form = made
    notes += _rounded(x, data, columns)
    if others := [key for key in options if key not in form.options]:
        if strange := [key for key in others if not any(key in kind.options for kind in KINDS.values())]:
            raise DataError(f"{name}: no kind of data has an option {' or '.join(strange)}")
        owners = {other.noun for key in others for other in KINDS.values() if key in other.options}
        raise DataError(
            f"{name}: {' and '.join(others)} {'is' if len(others) == 1 else 'are'} for {few(sorted(owners), 9)}, and "
            f"these are {form.noun}: {x.dtype} items of shape {x.shape[1:]}"
        )
    return labelled(data, label, form, classes=classes, name=name, notes=notes)


def _rounded(x: np.ndarray, data: np.ndarray, columns) -> list[str]:
    """What of numbers that lie close together, far from 0, float32 does not tell apart: a note, or none."""
    if data.dtype != np.float32 or x.dtype.itemsize < 4 or x.dtype == np.float32 or x.size != data.size:
        return []
    rows = evenly(len(x), min(len(x), LOOKED_AT))
    each = x[:1].size if x.ndim < 3 else 1  # columns, or all numbers of an array together

    def parts():  # a few at a time, since an item may be large
        for some in np.array_split(rows, 1 + len(rows) * x[:1].size // AT_ONCE):
            exact = x[some].reshape(-1, each).astype(np.longdouble)
            yield exact, data[some].reshape(exact.shape)

    count = len(rows) * x[:1].size // max(1, each)
    mean = sum(exact.sum(0) for exact, _ in parts()) / max(1, count)
    spread = np.sqrt(sum(np.square(exact - mean).sum(0) for exact, _ in parts()) / max(1, count))
    error = np.max([np.abs(kept - exact).max(0, initial=0) for exact, kept in parts()], 0)
    places = np.flatnonzero((error > 0.01 * spread) & (spread > 0))
    if not len(places):
        return []
    where = few([str(columns[i]) if len(columns) else str(i) for i in places]) if x.ndim < 3 else "these arrays"
    return [
        f"not kept as it was: {where}: values differ by less than float32 can tell at their size; subtract their mean "
        "first, or give a table (.csv, DataFrame), which keeps every digit"
    ]


def _numbers(x, name: str) -> np.ndarray:
    if hasattr(x, "detach"):  # a tensor, on any device
        x = x.detach().cpu()
        x = (x.float() if x.dtype.is_floating_point and x.element_size() < 4 else x).numpy()
    try:
        x = np.asanyarray(x)
    except ValueError:
        raise UserError(f"{name}: the items differ in shape: bring them to one shape first") from None
    if np.ma.is_masked(x):
        raise DataError(
            f"{name}: {np.ma.getmaskarray(x).sum():,} values are masked: fill them in (x.filled(0)), or give a table "
            "with gaps: pandas.DataFrame(x)"
        )
    x = np.ma.getdata(x)
    if x.dtype.kind not in "buif":
        table = "; give pandas.DataFrame(data) where it is a table" if x.dtype.names or x.dtype.kind in "OU" else ""
        raise UserError(
            f"{name}: numbers are needed, found {x.dtype} values such as {x.reshape(-1)[:1].tolist()}{table}"
        )
    if x.ndim == 0 or len(x) == 0:
        raise UserError(f"{name}: no items, the array has shape {x.shape}")
    if 0 in x.shape:
        raise UserError(f"{name}: items of shape {x.shape[1:]} hold no numbers")
    if len(x) == 1:
        raise UserError(
            f"{name}: one item only (shape {x.shape}); the first axis counts the items, at least 2 are needed"
        )
    return x


def _finite(x: np.ndarray, columns, name: str) -> None:
    if x.dtype.kind != "f":
        return
    flat = x.reshape(len(x), -1)
    right = np.abs(flat) <= np.finfo(np.float32).max  # False for NaN, too
    bad = ~right.all(axis=1)
    if not bad.any():
        return
    row = int(bad.argmax())
    place = int((~right[row]).argmax())
    where = f"column {columns[place]!r}" if len(columns) else f"entry {place}"
    if np.isfinite(flat[row, place]):
        raise DataError(
            f"{name} holds {flat[row, place]:.3g} in item {row}, {where}, more than float32 can hold: divide by a "
            "power of ten, or take logarithms"
        )
    raise DataError(
        f"{name}: {flat[row, place]} in item {row}, {where} ({int(bad.sum())} of {len(x)} items have such values): "
        "leave those out, e.g. x[np.isfinite(x.reshape(len(x), -1)).all(1)], or fill them in"
    )
