"""Where pictures lie: a folder, a zip, packed end to end in an array, or in a list. None is decoded here."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from gansmith.data import cache as caching
from gansmith.errors import UserError

# fmt: off
SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
    ".pbm", ".pnm", ".psd", ".ico", ".tga", ".mpo", ".jp2", ".avif",
))
# fmt: on
_SPLITS = frozenset(("train", "training", "val", "valid", "validation", "test", "testing"))


@dataclass
class Pictures:
    """Pictures that can be opened one by one, from any thread.

    name   what the user called them;  files  a name for each, in order
    open   position -> PIL image, undecoded
    stamp  changes when any of them does: names a cache entry; "" when they are not worth keeping
    label  the class of each, or None;  notes  what was decided
    """

    name: str
    files: list[str]
    open: Callable[[int], Image.Image]
    stamp: str = ""
    label: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows) -> Pictures:
        """Those at positions `rows`."""
        rows = [int(r) for r in rows]
        label = None if self.label is None else self.label[rows]
        open_, files = self.open, [self.files[r] for r in rows]
        stamp = self.stamp and caching.digest(self.stamp, rows)
        return replace(self, files=files, open=lambda i: open_(rows[i]), stamp=stamp, label=label)


def in_folder(root: Path) -> Pictures:
    """Every picture below `root`, hidden ones left aside; sub-folders are the classes."""
    found, others, seen = [], Counter(), set()
    for folder, below, files in os.walk(root, onerror=_refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back up would go round for ever
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(d for d in below if not d.startswith((".", "__MACOSX")))
        for file in files:
            suffix = os.path.splitext(file)[1].lower()
            if file.startswith("."):
                continue
            if suffix in SUFFIXES:
                path = Path(folder, file)
                found.append((path.relative_to(root).as_posix(), path))
            else:
                others[suffix or "no suffix"] += 1
    found.sort()
    _some(found, others, f"the folder {root}")
    paths = [path for _, path in found]
    files = [name for name, _ in found]
    stats = [_size_and_time(path) for path in paths]
    stamp = caching.digest("folder", files, stats)
    return _by_folder(Pictures(str(root), files, lambda i: _open(paths[i], stats[i][0]), stamp, notes=_passed(others)))


def in_zip(path: Path, inside: str = "") -> Pictures:
    """Every picture in the zip `path` (below its folder `inside`), read in place; its folders are the classes."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as problem:
        raise UserError(f"{path} is not a readable zip file ({problem}): copy or pack it again") from None
    found, others, prefix = [], Counter(), inside.strip("/") + "/" if inside.strip("/") else ""
    for entry in archive.infolist():
        name = PurePosixPath(entry.filename)
        hidden = name.parts[0] == "__MACOSX" or name.name.startswith(".")
        if entry.is_dir() or hidden or not entry.filename.startswith(prefix):
            continue
        if name.suffix.lower() in SUFFIXES:
            found.append((entry.filename[len(prefix) :], entry))
        else:
            others[name.suffix.lower() or "no suffix"] += 1
    found.sort(key=lambda pair: pair[0])
    _some(found, others, f"{path}" + (f" below {inside}" if inside else ""))
    entries = [entry for _, entry in found]
    files = [name for name, _ in found]
    stamp = caching.digest("zip", files, [(e.file_size, e.CRC) for e in entries])
    name = f"{path}/{inside}" if inside else str(path)

    def open_(i):
        return _open(io.BytesIO(archive.read(entries[i])), entries[i].file_size)

    return _by_folder(Pictures(name, files, open_, stamp, notes=_passed(others)))


def packed(name: str, data: np.ndarray, offsets: np.ndarray, label=None, classes=()) -> Pictures:
    """Picture files end to end: number i is bytes offsets[i] ... offsets[i + 1] of `data` (uint8)."""
    files = [f"picture {i}" for i in range(len(offsets) - 1)]

    def open_(i):
        return Image.open(io.BytesIO(data[offsets[i] : offsets[i + 1]].tobytes()))

    return Pictures(name, files, open_, caching.digest("packed", data, offsets), label, tuple(classes))


def listed(name: str, items, label=None, classes=(), notes=()) -> Pictures:
    """PIL pictures in memory."""
    return Pictures(
        name, [f"item {i}" for i in range(len(items))], lambda i: items[i], "", label, tuple(classes), list(notes)
    )


def _refuse(problem: OSError):
    raise UserError(f"{problem.filename} cannot be opened ({problem.strerror}): mend its permissions")


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return -1, 0  # a link to nothing: opening it will say so
    return stat.st_size, stat.st_mtime_ns


def _open(file, size: int) -> Image.Image:
    if size == 0:
        raise OSError("0 bytes")
    return Image.open(file)


def _passed(others: Counter) -> list[str]:
    return [f"passed over, being no pictures: {_kinds(others)}"] if others else []


def _kinds(others: Counter) -> str:
    return ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(4))


def _some(found, others: Counter, where: str) -> None:
    if found:
        return
    if others:
        raise UserError(
            f"no pictures in {where}: found {_kinds(others)}; name one file, or a folder of .png or .jpg files"
        )
    raise UserError(f"{where} is empty: name one that holds pictures")


def _by_folder(pictures: Pictures) -> Pictures:
    """Labels from the folders, below any folder that holds everything; train/ and test/ are no classes."""
    parts = [f.split("/")[:-1] for f in pictures.files]
    depth = 0
    while all(len(p) > depth for p in parts) and len({p[depth] for p in parts}) == 1:
        depth += 1
    if not all(len(p) > depth for p in parts):
        if len({tuple(p) for p in parts}) > 1:
            pictures.notes.append("no classes: some pictures lie beside the sub-folders, not in them")
        return pictures
    names = {p[depth] for p in parts}
    if all(n.lower() in _SPLITS for n in names):
        first = max(names, key=lambda n: n.lower().startswith("train"))
        pictures.notes.append(f"{', '.join(sorted(names))} read together; to use one, name it: {pictures.name}/{first}")
        depth += 1
        if not all(len(p) > depth for p in parts) or len({p[depth] for p in parts}) < 2:
            return pictures
    label = np.array([p[depth] for p in parts])
    classes, codes = np.unique(label, return_inverse=True)
    pictures.label, pictures.classes = codes, tuple(classes.tolist())
    counts = ", ".join(f"{c} {n}" for c, n in zip(classes[:8], np.bincount(codes)[:8], strict=False))
    pictures.notes.append(f"{len(classes)} classes from the folders: {counts}{' ...' if len(classes) > 8 else ''}")
    return pictures
