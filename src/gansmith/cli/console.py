"""What the program prints, who prints it, and errors in one line."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from gansmith.atomic import DiskFull
from gansmith.errors import Diverged, RankLost, UserError, is_out_of_memory
from gansmith.names import shown, typed

DISK = (
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
    errno.ELOOP, errno.ENAMETOOLONG,
)  # fmt: skip


def first_rank() -> bool:
    """Of the processes of a `torchrun`, the one that prints."""
    return os.environ.get("RANK", "0") == "0"


def me() -> str:
    """What to type to call this program again."""
    called = Path(sys.argv[0])
    if called.stem != "gansmith" or not called.exists():
        return f"{typed(sys.executable)} -m gansmith"
    there = shutil.which("gansmith")
    return "gansmith" if there and called.samefile(there) else typed(called)


def say(*texts, stream=None) -> None:
    """Print each of `texts`, which may be of several lines. Names in them cannot reach the terminal as commands."""
    for text in texts:
        print("\n".join(map(shown, str(text).split("\n"))), file=stream or sys.stdout, flush=True)


def say_error(text) -> None:
    """One line on stderr, where there is one and somebody reads it."""
    if first_rank() and sys.stderr is not None:
        with suppress(OSError, ValueError):
            say("gansmith: " + " ".join(str(text).split()), stream=sys.stderr)


def say_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """What `warnings.showwarning` does while the program runs: a warning of gansmith's own is one line."""
    if Path(filename).is_relative_to(Path(__file__).parents[1]):
        say_error(f"note: {message}")
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)


def take_any_text() -> None:
    """Let streams replace what their encoding has not, such as a λ on a Windows terminal, rather than raise."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def explain(error: Exception) -> tuple[str, int] | None:
    """(one line, exit code) for an error that is no defect of gansmith; None for all others, which keep their trace."""
    text = str(error)
    if isinstance(error, UserError):
        return text, 2
    if hasattr(error, "format_message"):  # typer's own: what was typed does not parse
        return f"{error.format_message()} See: {me()} --help", 2
    if isinstance(error, OSError) and (error.errno in DISK or isinstance(error, DiskFull)):
        return f"{error.filename}: {error.strerror}" if error.filename else text, 2
    if is_out_of_memory(error):
        return "out of memory: use a smaller --batch-size, --size or --width; of samples, a smaller -n", 2
    if isinstance(error, RankLost):
        return f"{text}: continue from the last save with gansmith resume, on any number of processes", 1
    if isinstance(error, Diverged):
        return f"{text}: training cannot continue; retrain with a lower --learning-rate", 1
    return None
