"""A path -> the reader for what lies there."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from gansmith.data.arrays import from_array
from gansmith.errors import UserError, nearest

ITEMS = ("images", "x", "data", "arr_0", "x_train")
LABELS = ("labels", "label", "y", "y_train")
_TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def from_path(path, *, cache=None, **options):
    """The Dataset at `path`: a folder, or a file by its ending; `x.zip/inside` names a folder in a zip."""
    path = Path(path).expanduser()
    pictures = pictures_at(path)
    if pictures is not None:
        from gansmith.data.decode import from_pictures

        return from_pictures(pictures, cache=cache, **options)
    if not path.exists():
        raise UserError(_missing(path))
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty (0 bytes): fetch or write it again")
    name = path.name.lower()
    if name.endswith(_TABLES):
        from gansmith.data.tables import from_table

        return from_table(path, **options)
    if name.endswith(".npz"):
        return from_npz(path, cache=cache, **options)
    if name.endswith(".npy"):
        return from_array(_load(path), name=str(path), **options)
    from gansmith.data.sources import SUFFIXES

    if path.suffix.lower() in SUFFIXES:
        raise UserError(f"{path} is one picture: name the folder that holds many, e.g. {path.parent}")
    raise UserError(
        f"{path} is of no kind that can be read: give a folder or .zip of pictures, or a .npz, .npy, .csv, .csv.gz "
        "or .parquet file"
    )


def from_npz(path: Path, *, part="train", name=None, cache=None, **options):
    """The Dataset in a .npz file: items under one of `ITEMS`, labels under one of `LABELS`, `class_names`.

    JPEG or PNG files packed end to end under `<part>_jpeg` with `<part>_offsets`, labels `y_<part>`, are decoded too.
    """
    name = name or str(path)
    with _load(path) as file:
        classes = tuple(str(c) for c in file["class_names"]) if "class_names" in file else ()
        if f"{part}_jpeg" in file:
            from gansmith.data.decode import from_pictures
            from gansmith.data.sources import packed

            label = file.get(f"y_{part}")
            source = packed(name, file[f"{part}_jpeg"], file[f"{part}_offsets"], label, classes)
            return from_pictures(source, cache=cache, **options)
        key = next((k for k in ITEMS if k in file), None)
        if key is None and len(file.files) == 1:
            key = file.files[0]
        if key is None:
            shapes = ", ".join(f"{k} {file[k].shape}" for k in file.files)
            raise UserError(
                f"{path} has {shapes}: rename the items to 'images' or 'x', or give numpy.load({str(path)!r})[KEY]"
            )
        try:
            items, found = file[key], next((file[k] for k in LABELS if k in file), None)
        except (ValueError, zipfile.BadZipFile, OSError, EOFError, zlib.error) as problem:
            raise UserError(f"{path}: {key} cannot be read ({problem}): write the file again") from None
    return from_array(items, found, classes=classes, name=name, **options)


def pictures_at(path: Path):
    """The Pictures in the folder or zip `path`, or in a folder of a zip; None when `path` is something else."""
    from gansmith.data.sources import in_folder, in_zip

    if path.is_dir():
        return in_folder(path)
    for outer in (path, *path.parents):
        if outer.suffix.lower() == ".zip" and outer.is_file():
            return in_zip(outer, "" if path == outer else path.relative_to(outer).as_posix())
    return None


def _load(path: Path):
    try:
        return np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as problem:
        if "pickle" in str(problem):
            raise UserError(
                f"{path} holds Python objects, not numbers: save it again as an array of one number type"
            ) from None
        raise UserError(f"{path} cannot be read ({problem}): write the file again") from None


def _missing(path: Path) -> str:
    from gansmith.data.named import NAMES

    if path.parent == Path() and not path.suffix:
        hint = nearest(str(path), NAMES)
        return f"no file, folder or data set is called {str(path)!r}.{hint} Data sets: {', '.join(NAMES)}"
    there = path.parent
    while not there.exists():
        there = there.parent
    if there != path.parent:
        return f"there is no {path}: {there} is there, the rest is not"
    return f"there is no {path}.{nearest(path.name, sorted(p.name for p in there.iterdir()))}"
