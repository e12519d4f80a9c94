"""Pictures by frequency: what up-sampling leaves behind is seen there and nowhere else."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def power(items: np.ndarray) -> Tensor:
    """(H, W) mean power spectrum of (n, C, H, W) pictures, channels averaged, the mean picture taken away."""
    x = torch.from_numpy(np.ascontiguousarray(items)).float().mean(1)
    x = x - x.mean((1, 2), keepdim=True)
    return torch.fft.fft2(x).abs().square().mean(0) + 1e-3 * x.shape[1] * x.shape[2]  # above rounding to bytes


def peaks(items: np.ndarray) -> float:
    """Power at the three corners of the highest frequency, (0, ½), (½, 0), (½, ½), over that beside them.

    A transposed convolution whose kernel the stride does not divide touches its pixels unevenly, and with a stride of 2
    the pattern's period is two pixels (Odena et al. 2016). Of sides that are odd the nearest frequency is taken.
    """
    p = power(items)
    h, w = p.shape[0] // 2, p.shape[1] // 2
    lines = [(p[h, :], (p[h - 1, :] + p[h - 2, :]) / 2), (p[:, w], (p[:, w - 1] + p[:, w - 2]) / 2)]
    return float(max((on / beside).log().mean().exp() for on, beside in lines))


def roughness(items: np.ndarray) -> float:
    """Share of the power in the upper fifth of the radii: far under the reals' is blur, far over it is noise."""
    p = power(items)
    y, x = torch.fft.fftfreq(p.shape[0])[:, None], torch.fft.fftfreq(p.shape[1])
    upper = (y.square() + x.square()).sqrt() > 0.4
    return float(p[upper].sum() / p.sum())
