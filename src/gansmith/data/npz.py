"""NumPy's own files: .npz with named arrays, .npy with one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.data.labels import few
from gansmith.data.numeric import from_array
from gansmith.data.sources import SPLITS
from gansmith.errors import DataError

ITEMS = ("images", "x", "data", "arr_0", "x_train", "samples")
LABELS = ("labels", "label", "y", "y_train")
LARGE, RATIO = 2**30, 200  # bytes of an array above which it may not be packed more tightly than this


def from_npz(path: Path, *, part="train", name=None, cache=None, kind=None, **options):
    """The Dataset in a .npz file: items under one of `ITEMS`, or the one array that can be, labels under one of
    `LABELS`, `class_names`. What else there is, is named in a note.

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
        shapes = {key: _shape(file, key) for key in there}
        able = [key for key in there if len(shapes[key]) > 1 and key.lower() not in LABELS]
        key = _one_of(ITEMS, there) or (able[0] if len(able) == 1 else file.files[0] if len(there) == 1 else None)
        notes: list[str] = []
        if key is None and (parts := _by_class(path, file)):
            items, label = np.concatenate([*parts.values()]), None
            if all(part.lower() in SPLITS for part in parts):
                notes, classes = [f"{', '.join(parts)} read together"], ()
            else:
                label, classes = np.repeat(np.arange(len(parts)), [len(part) for part in parts.values()]), tuple(parts)
            return from_array(items, label, classes=classes, name=name, notes=notes, kind=kind, **options)
        if key is None:
            said = ", ".join(f"{k} {shape}" for k, shape in shapes.items()) or "no arrays"
            raise DataError(
                f"{path} has {said}: rename the items to 'images' or 'x', or give numpy.load({str(path)!r})[KEY]"
            )
        labels = _one_of(LABELS, there)
        if unused := [f"{k} {shapes[k]}" for k in there if k not in (key, labels, "class_names")]:
            notes = [f"{key} {shapes[key]} taken, and not {few(unused, 8)}"]
        items, found = _member(path, file, key), None if labels is None else _member(path, file, labels)
    return from_array(items, found, classes=classes, name=name, notes=notes, kind=kind, **options)


def _one_of(wanted: tuple[str, ...], names) -> str | None:
    """The first of `wanted` that is there, in capital letters if need be."""
    there = {name.lower(): name for name in names} | {name: name for name in names}
    return next((there[name] for name in wanted if name in there), None)


def _shape(file, key: str) -> tuple[int, ...]:
    """The shape of an array that is not read yet; () where its header does not say."""
    try:
        with file.zip.open(f"{key}.npy") as member:
            version = np.lib.format.read_magic(member)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return header(member)[0]
    except Exception:  # a file from outside; what is wrong is said when it is read
        return ()


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
