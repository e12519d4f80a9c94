"""NumPy's own files: .npz with named arrays, .npy with one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.data.numeric import from_array
from gansmith.errors import DataError

ITEMS = ("images", "x", "data", "arr_0", "x_train", "samples")
LABELS = ("labels", "label", "y", "y_train")
LARGE, RATIO = 2**30, 200  # bytes of an array above which it may not be packed more tightly than this


def from_npz(path: Path, *, part="train", name=None, cache=None, kind=None, **options):
    """The Dataset in a .npz file: items under one of `ITEMS`, labels under one of `LABELS`, `class_names`.

    JPEG or PNG files packed end to end under `<part>_jpeg` with `<part>_offsets`, labels `y_<part>`, are decoded too.
    """
    name = name or str(path)
    with load_numpy(path) as file:
        check_sizes(path, file)
        there = dict.fromkeys(file.files)
        classes = _names(path, _member(path, file, "class_names")) if "class_names" in there else ()
        if f"{part}_jpeg" in there:
            from gansmith.data.kinds.images import Images

            label = _member(path, file, f"y_{part}") if f"y_{part}" in there else None
            return Images.read(_packed(path, file, part, name, label, classes), cache=cache, **options)
        key = next((k for k in ITEMS if k in there), None)
        if key is None and len(there) == 1:
            key = file.files[0]
        if key is None and (parts := _by_class(path, file)):
            label = np.repeat(np.arange(len(parts)), [len(part) for part in parts.values()])
            items = np.concatenate([*parts.values()])
            return from_array(items, label, classes=tuple(parts), name=name, kind=kind, **options)
        if key is None:
            shapes = ", ".join(f"{k} {_member(path, file, k).shape}" for k in there) or "no arrays"
            raise DataError(
                f"{path} has {shapes}: rename the items to 'images' or 'x', or give numpy.load({str(path)!r})[KEY]"
            )
        items = _member(path, file, key)
        found = next((_member(path, file, k) for k in LABELS if k in there), None)
    return from_array(items, found, classes=classes, name=name, kind=kind, **options)


def _by_class(path: Path, file) -> dict[str, np.ndarray]:
    """Name -> items, where every array holds items of one form, of three axes or more: one array a class; else {}."""
    parts = {key: _member(path, file, key) for key in file.files}
    forms = {(part.dtype, part.shape[1:]) for part in parts.values()}
    return parts if len(forms) == 1 and all(part.ndim > 3 for part in parts.values()) else {}


def check_sizes(path: Path, file) -> None:
    """DataError for an array that is packed so tightly that it was made to fill the memory."""
    for entry in file.zip.infolist():
        if entry.file_size > max(LARGE, RATIO * entry.compress_size):
            raise DataError(
                f"{path}: {entry.compress_size:,} bytes of {entry.filename} would become {entry.file_size:,}, over "
                f"{RATIO} times as many: if that is meant, save it with numpy.save, which is read piece by piece"
            )


def _member(path: Path, file, key: str) -> np.ndarray:
    try:
        return np.asarray(file[key])
    except MemoryError:
        sizes = {entry.filename.removesuffix(".npy"): entry.file_size for entry in file.zip.infolist()}
        if sizes.get(key, LARGE) >= LARGE:
            raise
        raise DataError(f"{path}: {key} holds less than its header says: save it again") from None
    except Exception as problem:  # a file from outside: NumPy raises whatever its bytes lead to
        reason = " ".join(str(problem).split())[:120]
        if "pickle" in reason:
            reason = "it holds Python objects, not numbers"
        raise DataError(f"{path}: {key} cannot be read ({reason}): save it again as an array of numbers") from None


def _names(path: Path, names: np.ndarray) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise DataError(f"{path}: class_names are {names.dtype} of shape {names.shape}: give a list of texts")
    return tuple(names.astype(str).tolist())


def _packed(path: Path, file, part: str, name: str, label, classes):
    """Picture files packed end to end in one array of bytes."""
    from gansmith.data.sources import packed

    if f"{part}_offsets" not in file.files:
        raise DataError(f"{path} has {part}_jpeg but no {part}_offsets, where each of its pictures begins and ends")
    data, offsets = _member(path, file, f"{part}_jpeg"), _member(path, file, f"{part}_offsets")
    fits = (
        data.dtype == np.uint8
        and data.ndim == offsets.ndim == 1
        and offsets.dtype.kind in "iu"
        and len(offsets) > 1
        and bool((np.diff(offsets.astype(np.int64)) >= 0).all())
        and int(offsets[0]) >= 0
        and int(offsets[-1]) <= len(data)
    )
    if not fits:
        raise DataError(
            f"{path}: {part}_jpeg is {data.dtype} of shape {data.shape} and {part}_offsets {offsets.dtype} of shape "
            f"{offsets.shape}: give bytes, and n + 1 rising places in them"
        )
    return packed(name, data, offsets.astype(np.int64), label, classes)


def load_numpy(path: Path):
    try:
        return np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
    except MemoryError:
        raise
    except Exception as problem:  # a file from outside: NumPy raises whatever its header leads to
        reason = " ".join(str(problem).split())[:120]
        if "pickle" in reason or "Object arrays" in reason or "Python objects" in reason:
            raise DataError(
                f"{path} holds Python objects, not numbers: save it again as an array of one number type"
            ) from None
        raise DataError(f"{path} cannot be read ({reason}): write the file again") from None
