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


def radial_power(pictures) -> tuple[np.ndarray, np.ndarray]:
    """(frequency, power) of pictures (n, C, H, W): mean squared amplitude of the Fourier transform over pictures and
    channels, averaged over rings; frequencies in cycles a pixel, above 0 and up to ½ (Durall et al. 2020)."""
    x = np.asarray(pictures, np.float32)
    power = np.mean([np.abs(np.fft.fft2(one)) ** 2 for one in x], axis=(0, 1)) / (x.shape[2] * x.shape[3])
    radius = np.hypot(np.fft.fftfreq(x.shape[2])[:, None], np.fft.fftfreq(x.shape[3]))
    rings = min(x.shape[2:]) // 2
    ring = np.ceil(radius * 2 * rings - 1e-9).astype(int)  # ring 0 is the mean grey alone
    count = np.bincount(ring.ravel(), minlength=rings + 1)[1 : rings + 1]
    total = np.bincount(ring.ravel(), power.ravel(), rings + 1)[1 : rings + 1]
    return np.arange(1, rings + 1) / (2 * rings), total / count
