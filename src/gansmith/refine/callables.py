"""Calling other people's generators and critics: in eval mode, by seed, in batches, with their answers checked."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from gansmith.data.batching import count, take
from gansmith.errors import UserError
from gansmith.refine.array_api import make_rng


def accepts(function: Callable, name: str) -> bool:
    """Does the callable name this parameter?"""
    function = function.forward if isinstance(function, nn.Module) else function
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in callables hide their signature
        return False


def modules_of(*callables) -> list[nn.Module]:
    """The callables that are modules, and the modules whose methods they are."""
    owners = [getattr(f, "__self__", f) for f in callables]
    return [m for m in owners if isinstance(m, nn.Module)]


@contextmanager
def evaluating(modules: list[nn.Module]) -> Iterator[None]:
    """No gradients, and every module in eval mode; each submodule gets its own mode back, frozen layers included."""
    before = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        with torch.no_grad():
            yield
    finally:
        for part, mode in before:
            part.training = mode


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global generators of torch, NumPy and Python started from `seed`, and given back as they were."""
    state, python_state = np.random.get_state(), random.getstate()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)
            yield
    finally:
        np.random.set_state(state)
        random.setstate(python_state)


def generate_items(generate: Callable, n: int, seed: int, **conditions):
    """`n` items from `generate(n, seed=, **conditions)`; a generator without `seed` runs under a global one."""
    if accepts(generate, "seed"):
        items = generate(n, seed=seed, **conditions)
    else:
        with seeded(seed):
            items = generate(n, **conditions)
    if count(items) != n:
        raise UserError(f"generate({n}) returned {count(items)} items: it must return as many as it is asked for.")
    return items


def in_batches(function: Callable, items, batch_size: int) -> np.ndarray:
    """`function` on batches of items, one row per item, (n, ...), in the precision it answers in: a probability of 1
    means more in float64 than in float32. A module runs in eval mode."""
    n = count(items)
    parts = []
    with evaluating(modules_of(function)):
        for first in range(0, n, batch_size):
            batch = items if n <= batch_size else take(items, slice(first, first + batch_size))
            part = np.atleast_1d(_cpu(function(batch)))
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


def _cpu(answer) -> np.ndarray:
    if not isinstance(answer, torch.Tensor):
        return np.asarray(answer)
    answer = answer.detach().cpu()
    return (answer.float() if answer.dtype == torch.bfloat16 else answer).numpy()  # NumPy has no bfloat16


def name_of(function: Callable) -> str:
    return getattr(function, "__name__", type(function).__name__)
