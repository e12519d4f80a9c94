"""One arithmetic for NumPy arrays and torch tensors: the samplers and calibrators are written once and run on both."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import torch

from gansmith.errors import UserError

Array = np.ndarray | torch.Tensor


def double(x) -> tuple[ModuleType, Array]:
    """`(numpy or torch, x in float64)`. A tensor stays on its device and in its graph; Apple's mps has no float64 and
    keeps float32."""
    if isinstance(x, torch.Tensor):
        return torch, x.to(torch.float32 if x.device.type == "mps" else torch.float64)
    return np, np.asarray(x, dtype=np.float64)


def to_numpy(x) -> np.ndarray:
    """A float64 NumPy copy on the CPU, out of any graph."""
    return x.detach().cpu().to(torch.float64).numpy() if isinstance(x, torch.Tensor) else np.asarray(x, np.float64)


def like(x: np.ndarray, other: Array) -> Array:
    """`x` in the library, type and place of `other`."""
    return torch.as_tensor(x, dtype=other.dtype, device=other.device) if isinstance(other, torch.Tensor) else x


def precision(x):
    """The `finfo` of the floating type `x` arrived in; float64 for lists and integers."""
    if isinstance(x, torch.Tensor):
        return torch.finfo(x.dtype if x.is_floating_point() else torch.float64)
    dtype = np.asarray(x).dtype
    return np.finfo(dtype if dtype.kind == "f" else np.float64)


def log_ratios(x, ndim: int, name: str = "log_ratio") -> tuple[ModuleType, Array]:
    """`(numpy or torch, x)` ready for a sampler: float64, detached, `ndim` axes, not empty, no +inf. NaN stays."""
    xp, x = double(x.detach() if isinstance(x, torch.Tensor) else x)
    if x.ndim != ndim or 0 in x.shape:
        axes = {1: "(n,)", 2: "(chains or pools, candidates)"}[ndim]
        raise UserError(f"{name} has shape {tuple(x.shape)}: pass a non-empty array of shape {axes}.")
    if bool((x == float("inf")).any()):
        raise UserError(
            f"{name} holds +inf: a probability of exactly 1 has no log-ratio. Score with logits, or use calibrate()."
        )
    return xp, x


def exponential(like: Array, seed: int | None) -> Callable[[tuple[int, ...]], Array]:
    """A source of Exp(1) noise in `like`'s library and on its device; `seed=None` draws a fresh one.

    The only randomness the samplers need: an event of log-probability `a` happens where `a + E >= 0`.
    """
    if isinstance(like, torch.Tensor):
        generator = torch.Generator(like.device)
        generator.seed() if seed is None else generator.manual_seed(seed)
        return lambda shape: torch.empty(shape, dtype=like.dtype, device=like.device).exponential_(generator=generator)
    return make_rng(seed).standard_exponential


def make_rng(seed: int | None) -> np.random.Generator:
    """NumPy's generator for any whole number, negative ones as torch takes them; None for a fresh one."""
    return np.random.default_rng(None if seed is None else seed % 2**64)
