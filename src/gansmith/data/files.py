"""A path -> the reader for what lies there."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.arrays import from_array
from gansmith.data.npz import from_npz, load_numpy
from gansmith.errors import UserError, nearest

_TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def from_path(path, *, cache=None, **options):
    """The Dataset at `path`: a folder, or a file by its ending; `x.zip/inside` names a folder in a zip."""
    path = Path(path).expanduser()
    from gansmith.data.sources import SUFFIXES, pictures_at

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
        from gansmith.data.kinds.table import from_table

        return from_table(path, **options)
    if name.endswith(".npz"):
        return from_npz(path, cache=cache, **options)
    if name.endswith(".npy"):
        return from_array(load_numpy(path), name=str(path), **options)
    if path.suffix.lower() in SUFFIXES:
        raise UserError(f"{path} is one picture: name the folder that holds many, e.g. {path.parent}")
    raise UserError(
        f"{path} is of no kind that can be read: give a folder or .zip of pictures, or a .npz, .npy, .csv, .csv.gz "
        "or .parquet file"
    )


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
