"""Where files of one kind lie: a folder or a zip, listed with their classes. Pictures also packed in an array, or in a
list. Nothing is decoded here.
"""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gansmith.data import cache as caching
from gansmith.data.once import remembered
from gansmith.errors import DataError
from gansmith.names import ending, inner_parts, shown

# fmt: off
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".apng", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
    ".pbm", ".pnm", ".psd", ".ico", ".tga", ".mpo", ".jp2", ".avif",
)
# What those endings stand for. Pillow goes by content, not by ending, and EPS would start Ghostscript.
FORMATS = (
    "PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM", "PSD", "ICO", "TGA", "JPEG2000", "AVIF",
)
# fmt: on
SPLITS = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2}
SHARDS = "dataset.json"  # what StyleGAN's dataset_tool.py writes beside folders that are shards, not classes
LARGE, RATIO = 2**26, 200  # bytes of a file in a zip above which it may not be packed more tightly than this


@dataclass
class Files:
    """Files that can be opened one by one, from any thread.

    name   what the user called them;  files  a name for each, in order: its path below the folder or in the zip
    open   position -> a binary file that can be sought in; raises OSError or ValueError saying why not
    stamp  changes when any of them does: names a cache entry; "" when they are not worth keeping
    label  the class of each, int64 (n,), or None;  classes  names of the classes;  notes  what was decided
    paths  where each lies, for libraries that want a path; None for files in a zip
    """

    name: str
    files: list[str]
    open: Callable[[int], Any]
    stamp: str = ""
    label: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    paths: list[Path] | None = None

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows):
        """Those at positions `rows`."""
        rows = [int(r) for r in rows]
        label = None if self.label is None else self.label[rows]
        open_, files = self.open, [self.files[r] for r in rows]
        stamp = self.stamp and caching.digest(self.stamp, rows)
        paths = self.paths and [self.paths[r] for r in rows]
        return replace(self, files=files, open=lambda i: open_(rows[i]), stamp=stamp, label=label, paths=paths)


class Pictures(Files):
    """Files whose `open` gives a PIL image, undecoded."""


def files_in(path, endings, noun: str = "files") -> Files | None:
    """The files below the folder or zip `path` (or `x.zip/inside`) that end in one of `endings`, sorted by name.

    None when `path` is neither. Sub-folders are the classes; hidden files and folders, `__MACOSX` and runs of gansmith
    are passed over, the last with a note. Raises UserError when there are no such files.
    """
    path, endings = Path(path).expanduser(), tuple(endings)
    found = _listed(path)
    if found is None:
        return None
    entries, where, name, notes, archive = found
    mine = {key: entry for key, entry in entries.items() if key.lower().endswith(endings)}
    others = Counter(ending(key) or "no suffix" for key in entries if key not in mine)
    if not mine:
        raise DataError(_none(others, where, noun, endings))
    if others - Counter({".json": any(f"/{key}".endswith(f"/{SHARDS}") for key in entries)}):
        notes = [*notes, f"passed over, being no {noun}: {_kinds(others)}"]
    keys = sorted(mine)
    held = [mine[key] for key in keys]
    stamp = caching.digest("zip" if archive else "folder", keys, [entry.stamp for entry in held])
    paths = None if archive else [entry.path for entry in held]
    files = Files(name, keys, lambda i: held[i].open(), stamp, notes=[*notes], paths=paths)
    about = min((key for key in entries if f"/{key}".endswith(f"/{SHARDS}")), key=len, default=None)
    if about is not None and all(key.startswith(about.removesuffix(SHARDS)) for key in keys):
        return _by_shards(files, entries[about], about.removesuffix(SHARDS), noun)
    return by_folder(files, noun)


def file_in(path, names) -> tuple[str, bytes] | None:
    """(where, content) of the file called as one of `names` that lies nearest the top of the folder or zip `path`."""
    path = Path(path).expanduser()
    found = _listed(path)
    keys = [key for key in (found[0] if found else ()) if key.rsplit("/", 1)[-1] in names]
    if not keys:
        return None
    key = min(keys, key=lambda k: (k.count("/"), names.index(k.rsplit("/", 1)[-1]), k))
    try:
        with found[0][key].open() as file:
            return f"{path}/{key}", file.read()
    except (OSError, ValueError) as problem:
        raise DataError(f"{path}/{key} cannot be read ({problem}): write it again") from None


def endings_in(path) -> Counter:
    """Ending in lower case -> how many files below the folder or zip `path` have it; empty when `path` is neither."""
    found = _listed(Path(path).expanduser())
    return Counter(map(ending, found[0])) if found else Counter()


def pictures_at(path) -> Pictures | None:
    """The pictures below the folder or zip `path`, as `files_in` finds them."""
    files = files_in(path, SUFFIXES, "pictures")
    return None if files is None else as_pictures(files)


def as_pictures(files: Files) -> Pictures:
    """`files` opened by Pillow."""
    open_, paths = files.open, files.paths

    def picture(i):  # of a folder by its path: Pillow then closes it when it has read it
        return Image.open(_checked(paths[i]) if paths else open_(i), formats=formats())

    return Pictures(**{**vars(files), "open": picture})


def one_file(path: Path) -> Files:
    """The file `path` alone."""
    return Files(str(path), [path.name], lambda i: open(_checked(path), "rb"), paths=[path])


def one_picture(path: Path) -> Pictures:
    """The picture file `path` alone."""
    return as_pictures(one_file(path))


@cache
def formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def packed(name: str, data: np.ndarray, offsets: np.ndarray, label=None, classes=()) -> Pictures:
    """Picture files end to end: number i is bytes offsets[i] ... offsets[i + 1] of `data` (uint8)."""
    files = [f"picture {i}" for i in range(len(offsets) - 1)]

    def open_(i):
        return Image.open(io.BytesIO(data[offsets[i] : offsets[i + 1]].tobytes()), formats=formats())

    return Pictures(name, files, open_, caching.digest("packed", data, offsets), label, tuple(classes))


def listed(name: str, items, label=None, classes=(), notes=()) -> Pictures:
    """PIL pictures in memory."""
    return Pictures(
        name, [f"item {i}" for i in range(len(items))], lambda i: items[i], "", label, tuple(classes), list(notes)
    )


def is_run(about: bytes) -> bool:
    """Whether this is the settings.json of a run of gansmith."""
    try:
        held = json.loads(about)
    except ValueError:
        return False
    return isinstance(held, dict) and isinstance(held.get("gansmith"), str)


# --- listing ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _File:
    """One on a disk."""

    path: Path
    stamp: tuple[int, int]  # size, time; (-1, 0) for a link to nothing

    def open(self):
        return open(_checked(self.path), "rb")


@dataclass(frozen=True)
class _Packed:
    """One in a zip."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo

    @property
    def stamp(self) -> tuple[int, int]:
        return self.entry.file_size, self.entry.CRC

    def open(self):
        size, packed = self.entry.file_size, self.entry.compress_size
        if size == 0:
            raise OSError("0 bytes")
        if size > max(LARGE, RATIO * packed):
            raise ValueError(f"{packed:,} bytes in the zip would become {size:,}: a bomb; unpack it yourself")
        try:
            return io.BytesIO(self.archive.read(self.entry))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as problem:
            raise ValueError(f"cannot be unpacked: {problem}") from None


@remembered
def _listed(path: Path):
    """(name -> entry of every file, where, what to call it, notes, archive or None) of a folder or zip, or None."""
    if path.is_dir():
        entries, runs = _in_folder(path)
        return entries, f"the folder {path}", str(path), _of_runs(runs), None
    for outer in (path, *path.parents):
        if outer.suffix.lower() == ".zip" and outer.is_file():
            inside = "" if path == outer else path.relative_to(outer).as_posix()
            archive = _opened(outer)
            entries, runs, notes = _in_zip(archive, inside)
            where = f"{outer} below {inside}" if inside else str(outer)
            return entries, where, str(path), _of_runs(runs) + notes, archive
    return None


def _in_folder(root: Path) -> tuple[dict[str, _File], list[str]]:
    entries, runs, seen = {}, [], set()
    for folder, below, files in os.walk(root, onerror=_refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back up would go round for ever
            below.clear()
            continue
        seen.add(real)
        if "settings.json" in files and _is_run_folder(Path(folder)):
            if Path(folder) == root:
                raise DataError(f"{root} is a run of gansmith, not data: name its samples, {root}/samples, or the data")
            runs.append(Path(folder).relative_to(root).as_posix())
            below.clear()
            continue
        below[:] = sorted(d for d in below if not _hidden(d))
        for file in files:
            if not _hidden(file):
                path = Path(folder, file)
                entries[path.relative_to(root).as_posix()] = _File(path, _stat(path))
    return entries, runs


def _is_run_folder(folder: Path) -> bool:
    try:
        return is_run((folder / "settings.json").read_bytes())
    except OSError:
        return False


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise DataError(f"{path} is not a readable zip file ({problem}): copy or pack it again") from None


def _in_zip(archive: zipfile.ZipFile, inside: str) -> tuple[dict[str, _Packed], list[str], list[str]]:
    prefix, entries, twice = inner_parts(inside), {}, 0
    for entry in archive.infolist():
        parts = inner_parts(entry.filename)
        if not parts or entry.is_dir() or entry.filename.endswith("\\") or any(map(_hidden, parts)):
            continue
        if parts[: len(prefix)] == prefix and len(parts) > len(prefix):
            name = "/".join(parts[len(prefix) :])
            twice += name in entries
            entries[name] = _Packed(archive, entry)
    notes = [f"{twice} names twice in the zip: the last of each is taken, as unzip does"] if twice else []
    runs = []
    for name in [n for n in entries if n.endswith("/settings.json")]:
        if entries[name].entry.file_size < LARGE and _tells_of_a_run(entries[name]):
            runs.append(name.rpartition("/")[0])
    return {n: e for n, e in entries.items() if not any(n.startswith(run + "/") for run in runs)}, runs, notes


def _tells_of_a_run(entry: _Packed) -> bool:
    try:
        return is_run(entry.open().read())
    except (OSError, ValueError):
        return False


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _of_runs(runs: list[str]) -> list[str]:
    from gansmith.data.labels import few

    return [f"passed over, being runs of gansmith: {few(sorted(runs))}"] if runs else []


def _refuse(problem: OSError):
    raise DataError(f"{problem.filename} cannot be opened ({problem.strerror}): mend its permissions")


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, 0  # a link to nothing: opening it will say so
    return found.st_size, found.st_mtime_ns


def _checked(path: Path) -> Path:
    """`path` if it is a file with something in it."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited at for ever
        raise OSError("not a file, but a pipe or a device")
    if found.st_size == 0:
        raise OSError("0 bytes")
    return path


def _kinds(others: Counter) -> str:
    return ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(4))


def _none(others: Counter, where: str, noun: str, endings) -> str:
    if others:
        wanted = " or ".join(list(endings)[:2])
        return f"no {noun} in {where}: found {_kinds(others)}; name one file, or a folder of {wanted} files"
    return f"{where} is empty: name one that holds {noun}"


# --- classes ---------------------------------------------------------------------------------------------------------
def _by_shards(files: Files, about, folder: str, noun: str) -> Files:
    """Labels from StyleGAN's dataset.json, {"labels": [["00000/img00000000.png", 6], …]}; null: there are none.

    folder  that it lies in, and that its names are counted from: "" or one that ends in a slash
    """
    try:
        labels = json.loads(about.open().read())["labels"]
        known = {folder + "/".join(inner_parts(name)): label for name, label in dict(labels or ()).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        files.notes.append(f"{SHARDS} is not one of StyleGAN's ({type(problem).__name__}): not used")
        return by_folder(files, noun)
    found = [known.get(name) for name in files.files]
    if not known or not any(label is not None for label in found):
        files.notes.append(f"{SHARDS} has no labels, and its folders are shards: no classes")
    elif any(label is None for label in found):
        files.notes.append(f"{SHARDS} has labels for {sum(x is not None for x in found)} of {len(found)}: no classes")
    elif all(isinstance(label, int) and not isinstance(label, bool) and abs(label) < 2**31 for label in found):
        files.label = np.array(found, np.int64)
        values, counts = np.unique(files.label, return_counts=True)
        files.notes.append(f"{len(values)} classes from {SHARDS}: {_counted(values, counts)}")
    elif all(isinstance(label, str) for label in found):
        classes, files.label = np.unique(found, return_inverse=True)
        files.classes = tuple(classes.tolist())
        files.notes.append(f"{len(classes)} classes from {SHARDS}: {_counted(classes, np.bincount(files.label))}")
    else:
        files.notes.append(f"labels in {SHARDS} are no classes, but {str(found[0])[:40]}: not used")
    return files


def by_folder(files: Files, noun: str) -> Files:
    """Labels from the folders, below any folder that holds everything; train/ and test/ are no classes."""
    parts = [f.split("/")[:-1] for f in files.files]
    depth = 0
    while all(len(p) > depth for p in parts) and len({p[depth] for p in parts}) == 1:
        depth += 1
    if not all(len(p) > depth for p in parts):
        if len({tuple(p) for p in parts}) > 1:
            files.notes.append(f"no classes: some {noun} lie beside the sub-folders, not in them")
        return files
    names = {p[depth] for p in parts}
    if all(n.lower() in SPLITS for n in names):
        first = min(names, key=lambda n: (SPLITS[n.lower()], n))
        files.notes.append(f"{', '.join(sorted(names))} read together; to use one, name it: {files.name}/{first}")
        depth += 1
        if not all(len(p) > depth for p in parts) or len({p[depth] for p in parts}) < 2:
            return files
    label = np.array([p[depth] for p in parts])
    classes, codes = np.unique(label, return_inverse=True)
    files.label, files.classes = codes, tuple(classes.tolist())
    files.notes.append(f"{len(classes)} classes from the folders: {_counted(classes, np.bincount(codes))}")
    return files


def _counted(classes, counts) -> str:
    first = ", ".join(f"{shown(c)} {n}" for c, n in list(zip(classes, counts))[:8])
    return first + (" ..." if len(classes) > 8 else "")
