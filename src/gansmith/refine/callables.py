"""Calling other people's discriminators and encoders: in eval mode, in batches, with their answers checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from gansmith.data.batching import count, take
from gansmith.data.generators import evaluating, modules_of, name_of
from gansmith.errors import UserError
from gansmith.refine.array_api import make_rng


def in_batches(function: Callable, items, batch_size: int) -> np.ndarray:
    """`function` on batches of items, one row per item, (n, ...), in the precision it answers in: a probability of 1
    means more in float64 than in float32. A module runs in eval mode and is given tensors."""
    n = count(items)
    parts = []
    with evaluating(modules_of(function)):
        for first in range(0, n, batch_size):
            batch = items if n <= batch_size else take(items, slice(first, first + batch_size))
            part = np.atleast_1d(_cpu(function(_as_taken(batch, function))))
            if len(part) != count(batch):
                said = f"{name_of(function)} returned {len(part)} values for {count(batch)} items"
                raise UserError(f"{said}: it must return one each.")
            parts.append(part)
    return np.concatenate(parts)


def scores_of(score: Callable, items, batch_size: int) -> np.ndarray:
    """One score per item, (n,)."""
    scores = in_batches(score, items, batch_size)
    if scores.size != len(scores):
        raise UserError(
            f"{name_of(score)} returned shape {scores.shape} for {len(scores)} items: it must return one score each; "
            "for a critic that scores patches, average over them first."
        )
    return scores.reshape(-1)


def batch_effect(score: Callable, items, seed: int) -> float:
    """How far scores move when a batch is permuted and split in two, in standard deviations of the scores.

    Zero up to rounding for a function of the item. Batch normalisation in training mode and dropout show up here, and
    so do layers that compare the members of a batch (minibatch standard deviation).
    """
    n = count(items)
    whole = scores_of(score, items, n)
    order = make_rng(seed).permutation(n)
    again = np.empty(n)
    again[order] = scores_of(score, take(items, order), -(-n // 2))
    return float(np.nanmax(np.abs(whole - again)) / max(np.nanstd(whole), 1e-12))


def _as_taken(batch, function: Callable):
    """An array as the tensor that a module takes; all else as it is."""
    if not (isinstance(function, nn.Module) and isinstance(batch, np.ndarray)):
        return batch
    if batch.dtype.kind != "f":
        raise UserError(
            f"{name_of(function)} is a network and the items are {batch.dtype}: pass a function that brings them to "
            f"its units, such as lambda x: {name_of(function)}(torch.from_numpy(x) / 127.5 - 1)"
        )
    weights = next(function.parameters(), torch.empty(0))
    return torch.from_numpy(batch).to(weights.device, weights.dtype)


def _cpu(answer) -> np.ndarray:
    if not isinstance(answer, torch.Tensor):
        return np.asarray(answer)
    answer = answer.detach().cpu()
    return (answer.float() if answer.dtype == torch.bfloat16 else answer).numpy()  # NumPy has no bfloat16
