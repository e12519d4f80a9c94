"""Samples of any kind, one behaviour: count, take, join. Arrays, tensors, tables, dicts of these, lists of objects."""

from __future__ import annotations

import numpy as np
import torch

from gansmith.errors import UserError


def count(items) -> int:
    """How many samples."""
    if isinstance(items, dict):
        sizes = {key: count(part) for key, part in items.items()}
        if len(set(sizes.values())) != 1:
            raise UserError(f"the parts of one batch must be equally long; found {sizes}.")
        return next(iter(sizes.values()))
    if isinstance(items, torch.Tensor | np.ndarray) and not items.ndim:
        raise UserError("a batch of samples must have a first axis; got a single number.")
    if not hasattr(items, "__len__") or isinstance(items, str | bytes):
        raise UserError(f"got {type(items).__name__}: samples must be a tensor, array, DataFrame, dict or list.")
    return len(items)


def take(items, index):
    """The samples at `index`, a slice or an integer array."""
    if isinstance(items, dict):
        return {key: take(part, index) for key, part in items.items()}
    if hasattr(items, "iloc"):
        return items.iloc[index].reset_index(drop=True)
    if isinstance(index, slice):
        return items[index]
    if isinstance(items, torch.Tensor):
        return items[torch.as_tensor(index, device=items.device)]
    return items[index] if isinstance(items, np.ndarray) else [items[i] for i in index]


def join(parts: list):
    """Batches of one kind, one after the other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, dict):
        return {key: join([part[key] for part in parts]) for key in first}
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    return np.concatenate(parts) if isinstance(first, np.ndarray) else [item for part in parts for item in part]


def replace(items, mask: np.ndarray, new):
    """`items` with those under the boolean `mask` (n,) exchanged for the items of `new`, in order."""
    index = np.arange(len(mask))
    index[mask] = len(mask) + np.arange(mask.sum())
    return take(join([items, new]), index)
