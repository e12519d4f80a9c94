"""Writing so that nothing is lost: beside, flushed to the disk, then renamed over the old."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

_HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:32] or "host"
_LEFT = re.compile(r"^\..+\.(?P<host>[A-Za-z0-9-]+)-(?P<pid>\d+)\.part$")
_LEFT_0_1 = re.compile(r"^(\.[0-9a-f]{16}\.\d+|\..+\.\d+\.part)$")  # of version 0.1: whose it is cannot be told
_DAY = 86_400


class DiskFull(OSError):
    """The disk took no more; what was there before is untouched."""


def beside(path: Path) -> Path:
    """A path in the same folder that is this process's own, to write to before it takes the place of `path`."""
    return path.with_name(f".{path.name[:180]}.{_HOST}-{os.getpid()}.part")


@contextmanager
def replacing(path):
    """Yield a path beside `path` to write to; on success it takes the place of `path`, on any failure it is removed."""
    path = Path(path)
    part = beside(path)
    try:
        yield part
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):  # the folder may be gone, or be no folder: the error says so
            part.unlink()
        if disk_is_full(error):
            raise DiskFull(f"no space left to write {path}") from error
        raise


def sweep(folder: Path) -> None:
    """Remove what processes that were killed left beside the files of `folder`."""
    with suppress(OSError):
        for path in folder.iterdir():
            left, old = _LEFT.match(path.name), _LEFT_0_1.match(path.name)
            with suppress(OSError):  # another process may sweep as well
                dead = bool(left) and left["host"] == _HOST and not _alive(int(left["pid"]))
                if dead or ((left or old) and time.time() - path.lstat().st_mtime > _DAY):
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _alive(pid: int) -> bool:
    """Whether a process of this machine still runs; yes where there is no harmless way to ask."""
    if sys.platform == "win32" or pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def disk_is_full(error: BaseException) -> bool:
    """True of the operating system's error, and of what torch, safetensors and NumPy make of it."""
    text = str(error).lower()
    return (
        isinstance(error, DiskFull)
        or getattr(error, "errno", None) in (28, 122)
        or "no space left" in text
        or "os error 28" in text
        or (isinstance(error, OSError) and "requested and" in text and "written" in text)
        or (isinstance(error, RuntimeError) and ("write" in text and "fail" in text or "unexpected pos" in text))
    )
