"""NumPy's own files: .npz with named arrays, .npy with one."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from gansmith.data.numeric import from_array
from gansmith.errors import DataError

ITEMS = ("images", "x", "data", "arr_0", "x_train")
LABELS = ("labels", "label", "y", "y_train")


def from_npz(path: Path, *, part="train", name=None, cache=None, kind=None, **options):
    """The Dataset in a .npz file: items under one of `ITEMS`, labels under one of `LABELS`, `class_names`.

    JPEG or PNG files packed end to end under `<part>_jpeg` with `<part>_offsets`, labels `y_<part>`, are decoded too.
    """
    name = name or str(path)
    with load_numpy(path) as file:
        classes = tuple(str(c) for c in file["class_names"]) if "class_names" in file else ()
        if f"{part}_jpeg" in file:
            from gansmith.data.kinds.images import Images
            from gansmith.data.sources import packed

            label = file.get(f"y_{part}")
            source = packed(name, file[f"{part}_jpeg"], file[f"{part}_offsets"], label, classes)
            return Images.read(source, cache=cache, **options)
        key = next((k for k in ITEMS if k in file), None)
        if key is None and len(file.files) == 1:
            key = file.files[0]
        if key is None:
            shapes = ", ".join(f"{k} {file[k].shape}" for k in file.files)
            raise DataError(
                f"{path} has {shapes}: rename the items to 'images' or 'x', or give numpy.load({str(path)!r})[KEY]"
            )
        try:
            items, found = file[key], next((file[k] for k in LABELS if k in file), None)
        except (ValueError, zipfile.BadZipFile, OSError, EOFError, zlib.error) as problem:
            raise DataError(f"{path}: {key} cannot be read ({problem}): write the file again") from None
    return from_array(items, found, classes=classes, name=name, kind=kind, **options)


def load_numpy(path: Path):
    try:
        return np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as problem:
        if "pickle" in str(problem):
            raise DataError(
                f"{path} holds Python objects, not numbers: save it again as an array of one number type"
            ) from None
        raise DataError(f"{path} cannot be read ({problem}): write the file again") from None
