"""Samples to files: one file that holds all, or a folder with a file for each. How is the kind's own business."""

from __future__ import annotations

import csv
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gansmith.atomic import DiskFull, replacing, sweep
from gansmith.data.spec import Kind
from gansmith.distributed.track import track
from gansmith.errors import DataError
from gansmith.names import safe_name, safe_names

LABELLED = (".npz", ".csv", ".tsv", ".parquet")  # files that hold the class of each item, too


@contextmanager
def reaching(out):
    """A DataError that names `out` for what the disk says inside: no such place, a name too long, no folder."""
    try:
        yield
    except DiskFull:
        raise
    except OSError as problem:
        raise DataError(f"{out} cannot be written to ({problem.strerror or problem}): name another place") from None


def check_place(out: str, form: Kind | None = None) -> Path:
    """`out` as a path. DataError if samples of this kind are not written so, or if something is in the way."""
    if "\0" in out:
        raise DataError(f"{out} cannot be written to (no name has the character 0): name another place")
    with reaching(out):
        return _check_place(out, form)


def _check_place(out: str, form: Kind | None) -> Path:
    from gansmith.data.kinds import KINDS

    path, kinds = Path(out), [form] if form else KINDS.values()
    endings = dict.fromkeys(ending for kind in kinds for ending in kind.endings)
    folders = any(kind.folder_of for kind in kinds)
    noun = form.noun if form else "samples"
    where = f"{', '.join(endings)}{', or to a folder/' if folders else ''}"
    if path.suffix and not out.endswith("/") and path.suffix.lower() not in endings:
        raise DataError(f"{out}: {noun} are written to {where}")
    if is_folder(out, endings) and not folders:
        raise DataError(f"{out}: {noun} do not go to a folder; write {where}")
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if there != path and not there.is_dir():
        raise DataError(f"{out} cannot be made, since {there} is no folder: name another place")
    if path.exists() and not path.is_dir() and not path.is_file():
        raise DataError(f"{out} is a device or a pipe: name a file or a folder")
    if path.is_dir() and any(path.iterdir()):
        raise DataError(f"{out} has files in it already: name a new folder")
    if path.suffix in endings and path.is_dir():
        raise DataError(f"{out} is a folder: name a file")
    if not path.suffix and path.is_file():
        raise DataError(f"{out} is a file: name a folder, or a file that ends in {', '.join(endings)}")
    return path


def is_folder(out: str, endings) -> bool:
    return Path(out).suffix.lower() not in endings or out.endswith("/")


def write_samples(items, out: str, form: Kind, names=None, labels=None, **how) -> Path:
    """Write `items` (data units) to `out`, whose ending says how: a file of the kind's `endings`, or a folder with a
    numbered file for each.

    items  all of them; or, with `names`, an iterator, of which a folder holds no more than one in memory
    names  of the files in a folder, in place of numbers, where `items` may differ in size; of what captions are of. One
           item with a name is written as it is, where samples without are a sheet
    labels  the class of each item, by name: it stands in the names of the files, in a column of a table, and in .npz
    how    what else `form.write` is told (see `Kind.write_options`)
    """
    path = check_place(out, form)
    if unknown := [name for name, value in how.items() if value and name not in form.write_options]:
        raise DataError(
            f"{out}: {form.noun} cannot be written {', '.join(unknown)}: that is for .csv of tables and texts"
        )
    how = {name: value for name, value in how.items() if value}
    with reaching(out):
        return _write_samples(items, path, is_folder(out, form.endings), form, names, labels, how)


def _write_samples(items, path: Path, to_folder: bool, form: Kind, names, labels, how: dict) -> Path:
    count = len(items) if names is None else len(names)
    if to_folder:
        path.mkdir(parents=True, exist_ok=True)
        digits = len(str(count - 1))
        plain = [f"{i:0{digits}d}" for i in range(count)]
        if labels is not None:
            plain = [f"{number}-{safe_name(label)}" for number, label in zip(plain, labels, strict=True)]
        files = safe_names(names if names is not None else plain, form.folder_of)
        told = track(items, "writing files", count) if hasattr(items, "__len__") else items  # an iterator tells itself
        for item, file in zip(told, (path / file for file in files)):
            file.parent.mkdir(parents=True, exist_ok=True)
            form.write_one(item, file)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    items = items if hasattr(items, "__len__") else list(items)
    if names is not None and count == 1 and path.suffix.lower() == form.folder_of:
        form.write_one(items[0], path)
        return path
    if names is not None and "names" in form.write_options:
        how["names"] = names
    if not hasattr(items, "columns"):
        if len({np.shape(item) for item in items}) > 1:
            raise DataError(f"{path}: these {form.noun} differ in size; write them to a folder/")
        items = np.asanyarray(items)
    if labels is not None and "labels" in form.write_options and path.suffix in LABELLED:
        how["labels"] = labels
    elif labels is not None and len(set(labels)) > 1:
        keep = [e for e in form.endings if e in LABELLED and "labels" in form.write_options]
        keep += ["a folder/"] * bool(form.folder_of)
        where = f"; {' or '.join(keep)} keeps them" if keep else ""
        warnings.warn(f"{path} does not say of which class each of the {form.noun} is{where}", stacklevel=2)
    form.write(items, path, **how)
    return path


def write_arrays(items: np.ndarray, path: Path, form: Kind, labels=None) -> None:
    """Numbers as .npz, .npy or .csv (rows of them), or their preview as .png; with `labels` in .npz and .csv."""
    if path.suffix == ".png":
        return save_picture(form.preview(items), path)
    if path.suffix == ".csv" and np.ndim(items) != 2:
        raise DataError(f"{path}: a .csv holds rows of numbers, and these are {form.noun}: write .npz or .npy")
    with replacing(path) as beside:
        if path.suffix == ".csv":
            _write_rows(items, beside, form, labels)
        elif path.suffix == ".npz":
            told = {} if labels is None else {"labels": np.array([*map(str, labels)])}
            with open(beside, "wb") as file:
                np.savez_compressed(file, samples=items, **told)
        else:
            with open(beside, "wb") as file:
                np.save(file, items)
    return None


def _write_rows(items: np.ndarray, path: Path, form: Kind, labels) -> None:
    """Numbers in as many digits as tell them apart, and the class of each row in a last column."""
    names = [*(form.columns or [f"x{i}" for i in range(items.shape[1])])]
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(names if labels is None else [*names, "label"])
        for i, item in enumerate(items):
            rows.writerow([*map(str, item), *([] if labels is None else [labels[i]])])


def save_picture(picture: np.ndarray, path: Path) -> None:
    """A picture uint8 (h, w) or (h, w, 3|4) as .png, written beside and renamed."""
    from PIL import Image

    with replacing(path) as beside:
        Image.fromarray(picture).save(beside, format="PNG")


def save_sheet(items, stem: Path, form: Kind) -> Path:
    """A sheet of `items` (data units) as `stem`.png, and beside it what the kind keeps of them for later pages."""
    form.keep(items, stem)
    path = stem.with_name(stem.name + ".png")
    save_picture(form.preview(items), path)
    return path
