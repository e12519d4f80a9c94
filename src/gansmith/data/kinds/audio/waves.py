"""Sound as numbers: of any width, as 16 bits, of other channels, lengths and rates."""

from __future__ import annotations

from math import gcd

import numpy as np

from gansmith.errors import DataError


def as_floats(x: np.ndarray, notes: list[str]) -> np.ndarray:
    """Whole numbers of 8 (bytes), 16 or 32 bits, or floats in −1 … 1, as float32 in −1 … 1. DataError for others.

    Numbers of 16 bits may lie in wider ones, as NumPy makes them; that they do is noted.
    """
    low, high = x.min(), x.max()
    if x.dtype == np.uint8:
        return (x.astype(np.float32) - 128) / 128
    if x.dtype == np.int8:
        return x.astype(np.float32) / 128
    if x.dtype.kind == "i":
        bits = 16 if low >= -(2**15) and high < 2**15 else 32
        if bits < 8 * x.dtype.itemsize:
            notes.append(f"{x.dtype} taken for sound of {bits} bits: its numbers lie in {low:,} ... {high:,}")
        if low >= -(2**31) and high < 2**31:
            return x.astype(np.float32) / 2 ** (bits - 1)
    elif x.dtype.kind == "f" and max(-low, high) <= 1:
        return x.astype(np.float32)
    raise DataError(
        f"sound is floats in -1 ... 1, whole numbers of 16 bits or bytes, found {x.dtype} in {low:.5g} ... {high:.5g}: "
        "divide by the largest that there can be (32768 of 16 bits)"
    )


def as_int16(x: np.ndarray) -> np.ndarray:
    """Floats in −1 … 1 as 16 bits."""
    return np.clip(np.round(x * 32768), -32768, 32767).astype(np.int16)


def mixed(x: np.ndarray, channels: int) -> np.ndarray:
    """(T, C) to (T, channels): one is the mean of all; more are the first of them, or the mean repeated."""
    if x.shape[1] == channels:
        return x
    if 1 < channels < x.shape[1]:
        return x[:, :channels]
    return np.repeat(x.mean(1, keepdims=True), channels, 1)


def fit(x: np.ndarray, steps: int) -> np.ndarray:
    """(T, C) to (C, steps): silence behind, or the end cut off."""
    made = np.zeros((x.shape[1], steps), x.dtype)
    made[:, : len(x)] = x[:steps].T
    return made


def resampled(x: np.ndarray, old: int, new: int) -> np.ndarray:
    """(T, C) from one rate to another, without aliases."""
    if old == new:
        return x
    from scipy.signal import resample_poly

    common = gcd(old, new)
    return resample_poly(x, new // common, old // common, axis=0).astype(np.float32)


def is_clipped(x: np.ndarray, bits: int) -> bool:
    """Whether three samples in a row are at the end of the range."""
    top = np.abs(x) >= 1 - 1.5 / 2 ** (min(bits, 16) - 1)
    return bool((top[2:] & top[1:-1] & top[:-2]).any())
