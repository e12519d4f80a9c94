"""Arrays of anything -> Dataset: pictures where the values are pictures, else rows of numbers, else plain arrays."""

from __future__ import annotations

import numpy as np

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.spec import DataSpec
from gansmith.errors import UserError


def from_array(
    x,
    found=None,
    *,
    labels="auto",
    classes=(),
    columns=(),
    name="array",
    notes=(),
    size=None,
    channels=None,
    limit=None,
) -> Dataset:
    """Items along the first axis of `x`; `found` are labels that came with them, `labels` as in `gansmith.data.read`.

    (n, H, W), (n, C, H, W) and (n, H, W, C) hold pictures when their numbers do: bytes, booleans, whole numbers up to
    65535, or floats in [0, 1], [-1, 1] or 0 ... 255. (n, d) and (n,) are vectors; anything else stays "arrays" of
    float32. Vectors are centred and scaled column by column, arrays as a whole.
    """
    x, notes = _numbers(x, name), list(notes)
    label, classes = choose(labels, found, classes, len(x), name)
    if limit is not None and limit < len(x):
        rows = evenly(len(x), limit)
        notes.append(f"{limit} of {len(x)} items taken, evenly spaced (limit={limit})")
        x, label = x[rows], None if label is None else label[rows]
    _finite(x, columns, name)
    pictures = _pictures(x, notes) if x.ndim in (3, 4) else None
    if pictures is not None:
        data = fit(pictures, size, channels, notes)
        spec = DataSpec.images(data.shape[1:])
    elif size is not None or channels is not None:
        raise UserError(
            f"{name}: size and channels are for pictures, and these are {x.dtype} items of shape {x.shape[1:]}"
        )
    elif x.ndim <= 2:
        data = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
        spec = _vector_spec(data, columns, notes)
    else:
        data = np.ascontiguousarray(x, dtype=np.float32)
        center, scale = float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64))
        spec = DataSpec("arrays", data.shape[1:], center=(center,), scale=(scale or 1.0,))
    return labelled(data, label, spec, classes=classes, name=name, notes=notes)


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


def labelled(data, label, spec: DataSpec, *, classes=(), name="data", notes=(), digest=None, **more) -> Dataset:
    """The Dataset of finished `data`, its labels coded 0 ... k-1."""
    from dataclasses import replace

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
        if not np.array_equal(label, np.round(label)):
            odd = label[label != np.round(label)][0]
            raise UserError(f"{name}: labels must be class numbers or names, found {odd}: give classes, or labels=None")
        label = label.astype(np.int64)
    values, codes = np.unique(label, return_inverse=True)
    if label.dtype.kind in "iub" and len(classes) and values[0] >= 0 and values[-1] < len(classes):
        return label.astype(np.int64), tuple(str(c) for c in classes)
    names = tuple(str(v) for v in values.tolist())
    if label.dtype.kind in "iu" and names != tuple(str(i) for i in range(len(names))):
        notes.append(f"labels {few(names)} renumbered 0 ... {len(names) - 1}; their names are kept")
    return codes.astype(np.int64), names


def evenly(n: int, count: int) -> np.ndarray:
    """`count` of `n` positions, evenly spaced, so that data sorted by class keeps its classes."""
    if count < 1:
        raise UserError(f"limit={count} leaves no items: give a limit of at least 1")
    return np.arange(count) * n // count


def fit(pictures: np.ndarray, size, channels, notes: list) -> np.ndarray:
    """Pictures (n, C, H, W) uint8 with the asked `channels` and `size`: shorter side resized, centre cut out."""
    from gansmith.data.pictures import as_size, resize

    if channels not in (None, pictures.shape[1]):
        notes.append(f"channels: {pictures.shape[1]} turned into {channels}")
        pictures = _with_channels(pictures, channels)
    if size is None or as_size(size) == pictures.shape[2:]:
        return pictures
    height, width = as_size(size)
    notes.append(f"resized from {pictures.shape[3]}x{pictures.shape[2]} to {width}x{height} (width x height)")
    return resize(pictures, (height, width))


def _numbers(x, name: str) -> np.ndarray:
    if hasattr(x, "detach"):  # a tensor, on any device
        x = x.detach().cpu()
        x = (x.float() if x.dtype.is_floating_point and x.element_size() < 4 else x).numpy()
    try:
        x = np.asanyarray(x)
    except ValueError:
        raise UserError(f"{name}: the items differ in shape: bring them to one shape first") from None
    if x.dtype.kind not in "buif":
        raise UserError(f"{name}: numbers are needed, found {x.dtype} values such as {x.reshape(-1)[:1].tolist()}")
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
    bad = ~np.isfinite(flat).all(axis=1)
    if not bad.any():
        return
    row = int(bad.argmax())
    place = int((~np.isfinite(flat[row])).argmax())
    where = f"column {columns[place]!r}" if len(columns) else f"entry {place}"
    raise UserError(
        f"{name}: {flat[row, place]} in item {row}, {where} ({int(bad.sum())} of {len(x)} items have such values): "
        "leave those out, e.g. x[np.isfinite(x.reshape(len(x), -1)).all(1)], or fill them in"
    )


def _pictures(x: np.ndarray, notes: list) -> np.ndarray | None:
    """`x` as (n, C, H, W) uint8 if its values are those of pictures, else None."""
    if x.ndim == 3:
        x = x[:, None]
    elif min(x.shape[1], x.shape[3]) > 4:
        return None
    elif x.shape[3] < x.shape[1]:
        x = x.transpose(0, 3, 1, 2)
    return _bytes(x, notes)


def _bytes(x: np.ndarray, notes: list) -> np.ndarray | None:
    low, high = x.min(), x.max()
    if low < -1 or high > 65535:
        notes.append(f"values {low:g} ... {high:g} are not those of pictures: kept as float arrays")
        return None
    whole = x.dtype.kind != "f" or bool((x == np.round(x)).all())
    if whole and low >= 0:
        return _whole(x, high, notes)
    if high > 1:
        notes.append(f"values {low:g} ... {high:g} with fractions are not those of pictures: kept as float arrays")
        return None
    scaled = (x + 1) * 127.5 if low < 0 else x * 255.0
    rounded = np.round(scaled)
    exact = bool(np.abs(scaled - rounded).max() < 0.02)
    if not exact and x.shape[1] == 1:  # as likely a series or a field: 256 steps would spoil it
        notes.append("values lie between 256 grey levels: kept as float arrays (for pictures give uint8)")
        return None
    span = "[-1, 1]" if low < 0 else "[0, 1]"
    notes.append(f"values in {span} taken as pictures{', exact in 8 bits' if exact else ', rounded to 8 bits'}")
    return rounded.astype(np.uint8)


def _whole(x: np.ndarray, high, notes: list) -> np.ndarray | None:
    """Whole numbers 0 ... `high`."""
    if high <= 1:
        notes.append("values are 0 and 1 only: taken as black and white pictures, 0 and 255")
        return x.astype(np.uint8) * np.uint8(255)
    if x.dtype == np.uint8:
        return x
    bits = int(high).bit_length()
    if x.dtype.kind == "f" and bits != 8:
        notes.append(f"whole numbers up to {high:g} kept as float arrays (for pictures give uint8)")
        return None
    notes.append(f"{x.dtype} values up to {high:g} taken as {max(bits, 8)}-bit pictures")
    return x.astype(np.uint8) if bits <= 8 else np.round(x * (255 / (2**bits - 1))).astype(np.uint8)


def _vector_spec(data: np.ndarray, columns, notes: list) -> DataSpec:
    center, scale = data.mean(0, dtype=np.float64), data.std(0, dtype=np.float64)
    constant = np.flatnonzero(data.max(0) == data.min(0))
    scale[constant] = 1.0
    if len(constant):
        names = [str(columns[i]) if len(columns) else str(i) for i in constant]
        notes.append(f"constant columns, centred but not scaled: {few(names)}")
    names = tuple(str(c) for c in columns)
    return DataSpec(
        "vectors", data.shape[1:], columns=names, center=tuple(center.tolist()), scale=tuple(scale.tolist())
    )


def _with_channels(x: np.ndarray, channels: int) -> np.ndarray:
    if channels not in (1, 3, 4) or x.shape[1] not in (1, 3, 4):
        raise UserError(
            f"channels={channels} of pictures with {x.shape[1]}: 1 (grey), 3 (colour) and 4 (with alpha) can be had"
        )
    if x.shape[1] == 4 and channels < 4:  # over white
        alpha = x[:, 3:].astype(np.uint16)
        x = ((x[:, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if channels == 1:
        if x.shape[1] == 3:  # ITU-R 601 luma, as Pillow rounds it
            luma = np.tensordot(x.astype(np.uint32), np.array([19595, 38470, 7471], np.uint32), (1, 0)) + 0x8000
            x = (luma >> 16).astype(np.uint8)[:, None]
        return x
    if x.shape[1] == 1:
        x = np.repeat(x, 3, axis=1)
    return np.concatenate([x, np.full_like(x[:, :1], 255)], axis=1) if channels == 4 else x


def few(names, most: int = 5) -> str:
    """The first `most` of `names` in one line, and how many more there are."""
    names = [str(n) for n in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
