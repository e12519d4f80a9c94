"""Features and small feature nets, kept between runs under names made from the *content* that made them.

A stale cache is worse than none: one project's wrongly prepared real features survived in its cache and looked like
training instability (NVlabs/stylegan3#174). These cannot be stale; delete the folder whenever you like.
"""

import os
from pathlib import Path

import torch

from gansmith.data.cache import digest, folder

__all__ = ["folder", "kept", "tensor_digest"]


def tensor_digest(*parts) -> str:
    """Sixteen hex digits of tensors (on any device), arrays and anything printable."""
    return digest(*(p.detach().cpu().contiguous().numpy() if isinstance(p, torch.Tensor) else p for p in parts))


def kept(path: Path, make, load, save):
    """`load(path)` where the file exists, else `make()`, saved beside and renamed: no reader meets half a file."""
    if path.exists():
        return load(path)
    value = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    save(value, beside)
    os.replace(beside, path)
    return value
