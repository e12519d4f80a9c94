"""Content hashes, and the folder where features and small feature nets are kept between runs.

A stale cache is worse than none: one project's wrongly prepared real features survived in its cache and looked like
training instability (NVlabs/stylegan3#174). Entries here are named by the *content* that made them, so they cannot be
stale; delete the folder whenever you like.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import torch


def folder(cache: str | Path | None = None) -> Path:
    """`cache` itself, or `$XDG_CACHE_HOME/gansmith` (`~/.cache/gansmith` where that is unset). Not created here."""
    if cache is not None:
        return Path(cache).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gansmith"


def digest(*parts) -> str:
    """Sixteen hex digits that depend on the bytes, type and shape of every part (arrays, tensors, or anything printable)."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, torch.Tensor):
            part = part.detach().cpu().contiguous().numpy()
        if isinstance(part, np.ndarray):
            sha.update(f"{part.dtype}{part.shape}".encode())
            sha.update(np.ascontiguousarray(part).data)
        else:
            sha.update(repr(part).encode())
        sha.update(b"|")
    return sha.hexdigest()[:16]


def keep(path: Path, write) -> None:
    """`write(path)`, done beside and then renamed, so that a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    os.replace(beside, path)
