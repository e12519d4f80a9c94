"""Numbers of a made picture beside the one it should be."""

from __future__ import annotations

import numpy as np

from gansmith.errors import UserError


def luma(pictures) -> np.ndarray:
    """(n, 1|3, H, W) uint8 to (n, H, W) float64: the Y of ITU-R BT.601 in 16 … 235, as in super-resolution's tables."""
    x = np.asarray(pictures).astype(np.float64)
    if x.shape[1] == 1:
        x = x.repeat(3, 1)
    return 16 + (65.481 * x[:, 0] + 128.553 * x[:, 1] + 24.966 * x[:, 2]) / 255


def psnr(real, made, border: int = 4) -> float:
    """Mean over pictures of 10 log₁₀ 255² / E(Y − Ŷ)² in dB, on luma, `border` pixels cut off (Ledig et al., 3.1)."""
    real, made = np.asarray(real), np.asarray(made)
    if real.shape != made.shape or real.ndim != 4:
        raise UserError(
            f"real has shape {real.shape} and made {made.shape}: psnr compares pictures (n, C, H, W) in pairs"
        )
    cut = slice(border, -border if border else None)
    error = (luma(real) - luma(made))[:, cut, cut]
    return float(np.mean(10 * np.log10(255**2 / np.maximum((error**2).mean((1, 2)), 1e-12))))


def sharpness(pictures) -> float:
    """Mean |difference| of neighbouring pixels' luma, both directions, in grey levels: a blur lowers it."""
    y = luma(pictures)
    return float((np.abs(np.diff(y, axis=1)).mean() + np.abs(np.diff(y, axis=2)).mean()) / 2)
