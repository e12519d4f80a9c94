"""A run's folder belongs to one process at a time, and only what gansmith wrote there is ever replaced.

A run is known by its settings.json, which names the version of gansmith that wrote it. While it is trained, `.lock` in
its folder is locked by the operating system, which lets go of it however the process ends, `kill -9` included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gansmith.atomic import sweep
from gansmith.data.sources import is_run
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.names import typed

LOCK = ".lock"
OWN = re.compile(  # what gansmith writes into a run's folder
    r"settings\.json|real\.\w+|log\.jsonl|checkpoint|healthy|healthy-before|model\.gan|best\.gan|report\.html|"
    r"scores\.jsonl|measures\.npz|findings\.jsonl|\.lock|\..+\.part"
)
OWN_IN = {  # … and into the folders in it
    "samples": re.compile(r"\d{7,}\.\w+|\..+\.part"),
    "post-mortem": re.compile(r"log\.jsonl|settings\.json|findings\.json|checkpoint|samples\.\w+|\..+\.part"),
}


def is_run_folder(path: Path) -> bool:
    """Whether the folder `path` holds a run of gansmith."""
    try:
        return is_run((path / "settings.json").read_bytes())
    except OSError:
        return False


def refuse_if_taken(path: Path, overwrite: bool = False) -> None:
    """UserError if something is in the way of a new run; `overwrite` allows a run, and only a run, to be replaced."""
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise UserError(f"{path} is there and not a folder: choose another --out")
    entries = [entry for entry in path.iterdir() if entry.name != LOCK]
    if not entries:
        return
    if is_run_folder(path):
        if not overwrite:
            raise UserError(
                f"{path} holds a run already: gansmith resume {typed(path)}, or choose another --out, or --overwrite"
            )
    elif not all(map(_is_own, entries)) or (path / "settings.json").exists():
        raise UserError(f"{path} exists and is not a run of gansmith: choose another --out")
    elif not overwrite:
        raise UserError(
            f"{path} holds what is left of a run that was stopped before its first save: choose another --out, or "
            "--overwrite"
        )


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Inside, no other process trains into the folder `path`, which is made where it is not there yet.

    What killed processes left in it is swept. A folder that is still empty at the end is gone again. Raises UserError
    when another process has it, and when it cannot be written to.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    lock = FileLock(path / LOCK)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"another process is training into {path}: wait until it has ended, or stop it, or choose another --out"
        ) from None
    except OSError as error:
        _unmake(made)
        raise UserError(f"cannot write to {path} ({error.strerror or error}): choose another --out") from None
    try:
        for folder in (path, *filter(_is_folder, (path / name for name in OWN_IN))):
            sweep(folder)
        yield
    finally:
        if path.is_dir() and os.listdir(path) == [LOCK]:
            (path / LOCK).unlink()
        lock.release()
        _unmake(made)


@contextmanager
def numbered(path: Path, ranks: Ranks) -> Iterator[Path]:
    """`path`, or `path`-2, -3, …, the first that is not there, which is made; gone again if nothing is put into it.

    Made at once, so that of two processes that begin together each has one of its own. All ranks get the same.
    """
    number = 1
    made = [path.parent] if ranks.first and not path.parent.exists() else []
    while ranks.first:
        try:
            free = _with_number(path, number)
            free.mkdir(parents=True)
            made.insert(0, free)
            break
        except FileExistsError as error:
            if not os.path.lexists(free):
                raise UserError(f"{path.parent} is no folder: name one for the run with --out") from error
            number += 1
        except OSError as error:
            raise UserError(f"cannot make {free} ({error.strerror}): name a folder for the run with --out") from None
    try:
        yield _with_number(path, int(ranks.as_first(number)))
    finally:
        _unmake(made)


def _with_number(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.name}-{number}")


def clear(path: Path) -> None:
    """Remove what an earlier run left in the folder `path`, but for its settings.json, which says whose the rest is.

    Whatever else lies there stays, and a link is removed rather than followed.
    """
    for entry in path.iterdir():
        if entry.name in OWN_IN and _is_folder(entry):
            for inner in entry.iterdir():
                if OWN_IN[entry.name].fullmatch(inner.name) and not _is_folder(inner):
                    inner.unlink()
            with suppress(OSError):  # somebody's file is in it
                entry.rmdir()
        elif (entry.name in OWN_IN or _is_own(entry)) and entry.name not in (LOCK, "settings.json"):
            entry.unlink()


def _is_own(entry: Path) -> bool:
    """Whether `entry` of a run's folder, and all that is in it, is called like what gansmith writes there."""
    if _is_folder(entry):
        names = OWN_IN.get(entry.name)
        return names is not None and all(names.fullmatch(inner.name) for inner in entry.iterdir())
    return bool(OWN.fullmatch(entry.name))


def _is_folder(entry: Path) -> bool:
    return entry.is_dir() and not entry.is_symlink()


def _unmake(folders: list[Path]) -> None:
    """Remove those that are empty, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
