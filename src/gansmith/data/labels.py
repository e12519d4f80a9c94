"""Labels that came with the data, and what every reader does with items: name classes, take some, make the Dataset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.errors import UserError

EMPTY = "classes without an item that can be read, which are left out"  # how the note of them begins


def choose(labels, found, classes, n: int, name: str):
    """(labels, names of the classes) to use: those found with "auto", none with None, else the `labels` given."""
    if isinstance(labels, str) and labels != "auto":
        raise UserError(
            f"{name}: labels={labels!r} names nothing here: give 'auto', None or an array, one label an item"
        )
    label, classes = (found, classes) if isinstance(labels, str) else (labels, ())
    if label is None:
        return None, ()
    label = label.detach().cpu().numpy() if hasattr(label, "detach") else np.asarray(label)
    if label.ndim == 2 and label.shape[1] == 1:
        label = label[:, 0]
    if label.shape != (n,):
        raise UserError(f"{name}: {n} items but labels of shape {label.shape}: give one label an item, or labels=None")
    return label, tuple(classes)


def labelled(data, label, spec: Kind, *, classes=(), name="data", notes=(), digest=None, **more) -> Dataset:
    """The Dataset of finished `data`, its labels coded 0 ... k-1."""
    notes, fields = list(notes), {"real": data}
    if label is not None:
        codes, classes = encode(label, classes, name, notes)
        fields["label"] = codes
        spec = replace(spec, classes=classes)
    return Dataset(spec, fields, name=name, digest=digest or cache.digest(*fields.values()), notes=tuple(notes), **more)


def encode(label: np.ndarray, classes, name: str, notes: list) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of any kind -> int64 codes 0 ... k-1 and the name of each class."""
    label = label.astype(str) if label.dtype == object else label
    if label.dtype.kind == "f":
        if not np.isfinite(label).all():
            odd = label[~np.isfinite(label)][0]
            raise UserError(f"{name}: a label is {odd}: give a class for each item, or labels=None")
        if not np.array_equal(label, np.round(label)):
            odd = label[label != np.round(label)][0]
            raise UserError(f"{name}: labels must be class numbers or names, found {odd}: give classes, or labels=None")
        label = label.astype(np.int64)
    values, codes = np.unique(label, return_inverse=True)
    if label.dtype.kind in "iub" and len(classes) and values[0] >= 0 and values[-1] < len(classes):
        there = set(values.astype(int).tolist())
        if empty := [str(c) for i, c in enumerate(classes) if i not in there]:
            notes.append(f"{EMPTY}: {few(empty, 12)}")
        return codes.astype(np.int64), tuple(str(c) for i, c in enumerate(classes) if i in there)
    names = tuple(str(v) for v in values.tolist())
    if label.dtype.kind in "iu" and names != tuple(str(i) for i in range(len(names))):
        notes.append(f"labels {few(names)} renumbered 0 ... {len(names) - 1}; their names are kept")
    return codes.astype(np.int64), names


def class_numbers(wanted, names: tuple[str, ...]) -> list[int]:
    """The places in `names` of classes, which are given by name, in small or large letters where that means one, or by
    number where no class is called by one.

    An array or tensor holds numbers, as the labels of a Dataset do. UserError for what is no class.
    """
    if "int" in str(getattr(wanted, "dtype", "")):
        found = [int(i) for i in wanted]
        odd = next((i for i in found if not 0 <= i < len(names)), None)
        if odd is None:
            return found
        raise UserError(f"no class {odd}: there are {few(names, 20)} (numbers 0 … {len(names) - 1})")
    small = [name.casefold() for name in names]
    place = {name: i for i, name in enumerate(small) if small.count(name) == 1}
    place |= {name: i for i, name in enumerate(names)}
    numbered = any(map(_is_number, names))
    found = []
    for one in wanted:
        name = str(one)
        if name not in place and _is_number(name) and not numbered and 0 <= int(name) < len(names):
            found.append(int(name))
        elif name in place or name.casefold() in place:
            found.append(place.get(name, place.get(name.casefold())))
        else:
            numbers = "" if numbered else f" (numbers 0 … {len(names) - 1})"
            shown = name if _is_number(name) else repr(name)
            raise UserError(f"no class {shown}: there are {few(names, 20)}{numbers}")
    return found


def unmistakable(numbers, names: tuple[str, ...]) -> list:
    """An array of class numbers as they are, or as names where the classes are called by other numbers than these."""
    known = not any(map(_is_number, names)) or names == tuple(map(str, range(len(names))))
    return numbers if known or "int" not in str(getattr(numbers, "dtype", "")) else [names[i] for i in numbers]


def _is_number(name: str) -> bool:
    return name.lstrip("-").isdecimal()


def evenly(n: int, count: int) -> np.ndarray:
    """`count` of `n` positions, evenly spaced, so that data sorted by class keeps its classes."""
    if count < 1:
        raise UserError(f"limit={count} leaves no items: give a limit of at least 1")
    return np.arange(count) * n // count


def few(names, most: int = 5) -> str:
    """The first `most` of `names` in one line, and how many more there are."""
    names = [str(n) for n in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
