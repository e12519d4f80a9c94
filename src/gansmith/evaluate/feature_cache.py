"""Features and small feature nets, kept between runs under names made from the *content* that made them.

A stale cache is worse than none: one project's wrongly prepared real features survived in its cache and looked like
training instability (NVlabs/stylegan3#174). These cannot be stale; delete the folder whenever you like.
"""

import hashlib
from pathlib import Path

import torch

from gansmith.atomic import replacing, sweep
from gansmith.data.cache import digest, folder

__all__ = ["folder", "kept", "tensor_digest"]


def tensor_digest(*parts) -> str:
    """Sixteen hex digits of tensors (on any device), arrays and anything printable."""
    return digest(*(p.detach().cpu().contiguous().numpy() if isinstance(p, torch.Tensor) else p for p in parts))


def kept(path: Path, make, load, save):
    """`load(path)` where the file is there and whole, else `make()`, saved beside and renamed: no reader meets half a
    file, and one that was damaged since is made again. A cache that cannot be written to is done without."""
    sums = path.with_name(f"{path.name}.sha256")
    try:
        if sums.read_text() == _sum(path):
            return load(path)
    except (OSError, ValueError):
        pass
    value = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        with replacing(path) as part:
            save(value, part)
            total = _sum(part)
        with replacing(sums) as part:
            part.write_text(total)
    except OSError:
        pass
    return value


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
