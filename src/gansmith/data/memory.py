"""What a program already holds: arrays, tensors, tables, torch Datasets, lists of pictures, pairs (items, labels)."""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.table import TableSpec
from gansmith.data.numeric import from_array
from gansmith.errors import UserError


def from_memory(data, *, labels="auto", **options):
    """The Dataset of a Python object; see `gansmith.data.read` for the options."""
    if isinstance(data, tuple) and len(data) == 2:
        data, found = data
        labels = found if isinstance(labels, str) and labels == "auto" else labels
    if TableSpec.recognises(data):
        return TableSpec.read(data, labels=labels, limit=options.get("limit"))
    if hasattr(data, "__array__"):
        return from_array(data, labels=labels, **{k: v for k, v in options.items() if k != "cache"})
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, dict):
        return _from_items(data, labels=labels, **options)
    if isinstance(data, dict):
        raise UserError(
            "a dict cannot be read: give pandas.DataFrame(data) where it holds columns, or one of its arrays"
        )
    raise UserError(
        f"a {type(data).__name__} cannot be read: give a path, a name, an array, a tensor, a DataFrame or a torch "
        "Dataset (anything with len() and [i])"
    )


def _from_items(data, *, labels, limit=None, cache=None, **options):
    """Anything with len() and [i]; an item is a picture, a tensor or an array, alone or first in (item, label, ...)."""
    from PIL import Image

    if len(data) == 0:
        raise UserError(f"a {type(data).__name__} without items: give at least 2")
    first = _item(data, 0)
    if not isinstance(first[0], Image.Image) and not hasattr(first[0], "shape"):
        return from_array(data, labels=labels, limit=limit, **options)  # plain numbers
    rows = range(len(data))
    notes = []
    if limit is not None and limit < len(data):
        from gansmith.data.labels import evenly

        rows = evenly(len(data), limit).tolist()
        notes.append(f"{limit} of {len(data)} items taken, evenly spaced (limit={limit})")
    pairs = [_item(data, i) for i in rows]
    found = None if first[1] is None else [label for _, label in pairs]
    if labels is not None and not isinstance(labels, str):
        labels = np.asarray(labels)[list(rows)]
    name, classes = type(data).__name__, tuple(getattr(data, "classes", None) or ())
    items = [item for item, _ in pairs]
    if isinstance(first[0], Image.Image):
        for i, item in enumerate(items):
            try:
                item.load()  # opened but not yet read, perhaps
            except Exception as problem:
                raise UserError(f"{name}: item {i} cannot be decoded ({problem}): leave it out") from None
        from gansmith.data.kinds.images import Images
        from gansmith.data.sources import listed

        options = {k: v for k, v in options.items() if k != "kind"}
        return Images.read(listed(name, items, found, classes, notes), labels=labels, **options)
    arrays = [np.asarray(i.detach().cpu() if hasattr(i, "detach") else i) for i in items]
    for i, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise UserError(
                f"{name}: item {i} has shape {array.shape}, item 0 has {arrays[0].shape}: pad or cut them to one, or "
                "write them to files and name the folder; PIL pictures are brought to one size here"
            )
    return from_array(np.stack(arrays), found, labels=labels, classes=classes, name=name, notes=notes, **options)


def _item(data, i: int):
    """(item, label or None) of position `i`."""
    from PIL import Image

    item = data[i]
    if isinstance(item, Image.Image) or hasattr(item, "shape"):
        return item, None
    if isinstance(item, dict):
        raise UserError(
            f"{type(data).__name__}: items are dictionaries with {', '.join(map(str, item))}: give "
            "pandas.DataFrame(data) where these are rows of a table, else return (item, label)"
        )
    if (
        isinstance(item, (tuple, list))
        and len(item)
        and (isinstance(item[0], Image.Image) or hasattr(item[0], "shape"))
    ):
        label = item[1] if len(item) > 1 else None
        label = label.item() if hasattr(label, "item") and np.prod(np.shape(label)) == 1 else label
        return item[0], label if isinstance(label, (int, float, str)) else None
    return item, None
