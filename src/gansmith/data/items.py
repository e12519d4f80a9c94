"""A path, or an object in memory -> items of the kind that recognises them, one by one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from gansmith.data.dataset import Dataset
from gansmith.data.kinds import KINDS
from gansmith.data.labels import few
from gansmith.data.memory import from_memory
from gansmith.data.named import NAMES, from_name
from gansmith.data.npz import from_npz, load_numpy
from gansmith.data.numeric import from_array
from gansmith.data.sources import endings_in
from gansmith.data.spec import Kind
from gansmith.errors import DataError, nearest
from gansmith.names import ending


def read_items(data, kind: str | None = None, **options) -> Dataset:
    """The Dataset of `data`: a name, a path or an object.

    kind     a name in KINDS that the data must be of; None: whichever recognises it
    options  labels, limit, cache, and those of the kind (see `Kind.options`)
    Raises DataError, one line, for what no kind can read.
    """
    if isinstance(data, str) and data in NAMES:  # a Path never is: it means the folder
        return from_name(data, kind=kind, **options)
    if isinstance(data, (str, os.PathLike)):
        return _from_path(Path(data).expanduser(), kind, options)
    chosen = KINDS[kind] if kind else next((k for k in KINDS.values() if k.recognises(data)), None)
    if chosen is not None and (chosen.recognises_named if kind else chosen.recognises)(data):
        return _read(chosen, data, options, named=kind is not None)
    return from_memory(data, kind=kind, **options)


def kind_at(data, alone: bool = False) -> type[Kind] | None:
    """The kind that a folder or zip is of, or with `alone` the one file; None for anything else, and where no kind
    reads it."""
    path = Path(data).expanduser() if isinstance(data, (str, os.PathLike)) else None
    if path is None or data in NAMES:
        return None
    return _kind_of(path, Counter([ending(path.name)]) if alone and path.is_file() else endings_in(path))


def _from_path(path: Path, kind: str | None, options: dict) -> Dataset:
    alone = path.is_file() and path.suffix.lower() != ".zip"
    found = Counter([ending(path.name)]) if alone else endings_in(path)
    if not (path.exists() or found):
        raise DataError(_missing(path))
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes): fetch or write it again")
    name = path.name.lower()
    if path.is_file() and name.endswith(".npz"):
        own = KINDS[kind] if kind else next((k for k in KINDS.values() if k.recognises(path)), None)
        if own and (not kind or own.recognises_named(path)):
            return _read(own, path, options, named=kind is not None)
        return from_npz(path, kind=kind, **options)
    if path.is_file() and name.endswith(".npy"):
        return from_array(
            load_numpy(path), name=str(path), kind=kind, **{k: v for k, v in options.items() if k != "cache"}
        )
    if kind:
        try:
            return _read(KINDS[kind], path, options, named=True)
        except DataError as problem:
            if how := _how([KINDS[kind]], found):
                raise DataError(f"{_unread(path, found, alone)}; {how}") from problem
            raise
    chosen = _kind_of(path, found)
    if chosen is None:
        if not found and not path.is_dir() and not alone:
            raise DataError(f"{path} is a pipe or a device: write what comes of it to a file, and name that")
        if not found:
            raise DataError(
                f"{path} is empty: name a folder or file that holds data; gansmith list --kinds says of what kinds"
            )
        what = _unread(path, found, alone)
        if how := _how(KINDS.values(), found):
            raise DataError(f"{what}; {how}")
        raise DataError(f"{what}. Data can be: {'; '.join(k.takes for k in KINDS.values() if k.takes)}")
    return _read(chosen, path, options)


def _unread(path: Path, found: Counter, alone: bool) -> str:
    there = ", ".join(f"{n} {end}" for end, n in found.most_common(4))
    said = f"unsupported file type {ending(path.name) or '(no ending)'}: {path}"
    return said if alone else f"{path} holds no data that can be read: found {there}"


def _how(kinds: Iterable[type[Kind]], found: Counter) -> str:
    """How files that these kinds do not read can be, where some of those were found."""
    return next((how for kind in kinds for end, how in kind.foreign.items() if end in found), "")


def _read(kind: type[Kind], data, options: dict, named: bool = False) -> Dataset:
    """`kind.read`, with the options that are its own; DataError for one that is another kind's."""
    if not named:
        kind = kind.asked_by(options)
    for name, value in list(options.items()):
        if name in ("labels", "limit", "cache") or name in kind.options:
            continue
        if value is not None:
            others = [other.noun for other in KINDS.values() if name in other.options]
            takes = f"which take {', '.join(kind.options)}" if kind.options else "which take no options"
            raise DataError(f"{name} is for {few(others, 9) or 'nothing'}, and {data} holds {kind.noun}, {takes}")
        options = {k: v for k, v in options.items() if k != name}
    return kind.read(data, named=named, **options)


def _kind_of(path: Path, found: Counter) -> type[Kind] | None:
    """The kind that recognises what lies at `path`, else the one that reads most of its files."""
    return next((k for k in KINDS.values() if k.recognises(path)), None) or _by_endings(found)


def _by_endings(found: Counter) -> type[Kind] | None:
    """The kind that most of the files in a folder or zip, or the one file, are of."""
    counts = {kind: sum(found[ending] for ending in kind.reads) for kind in KINDS.values()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def _missing(path: Path) -> str:
    if path.parent == Path() and not path.suffix:
        hint = nearest(str(path), NAMES)
        return f"no file, folder or data set is called {str(path)!r}.{hint} Data sets: {', '.join(NAMES)}"
    there = path.parent
    while not there.exists():
        there = there.parent
    if there.is_file():  # a zip
        return f"{there} below {path.relative_to(there).as_posix()} is empty: name a folder in it that holds files"
    if there != path.parent:
        return f"there is no {path}: {there} is there, the rest is not"
    return f"there is no {path}.{nearest(path.name, sorted(p.name for p in there.iterdir()))}"
