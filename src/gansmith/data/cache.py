"""Where decoded data is kept between runs, and hashes of content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np


def folder(cache: str | Path | None = None) -> Path:
    """`cache`, else $GANSMITH_CACHE, else $XDG_CACHE_HOME/gansmith, else ~/.cache/gansmith. Not created here."""
    if cache is not None:
        return Path(cache).expanduser()
    if os.environ.get("GANSMITH_CACHE"):
        return Path(os.environ["GANSMITH_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gansmith"


def digest(*parts) -> str:
    """Sixteen hexadecimal digits that depend on every part: bytes, type and shape of arrays, the text of all else."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            sha.update(f"{part.dtype}{part.shape}".encode())
            sha.update(np.ascontiguousarray(part).data)
        else:
            sha.update(repr(part).encode())
        sha.update(b"|")
    return sha.hexdigest()[:16]
