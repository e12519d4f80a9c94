"""Writing so that nothing is lost: beside, flushed to the disk, then renamed over the old."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path


class DiskFull(OSError):
    """The disk took no more; what was there before is untouched."""


@contextmanager
def replacing(path):
    """Yield a path beside `path` to write to; on success it takes the place of `path`, on any failure it is removed."""
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if disk_is_full(error):
            raise DiskFull(f"no space left to write {path}") from error
        raise


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
