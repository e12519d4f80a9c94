"""Two things that up-sampling does to pictures and that no distance between samples sees."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LEAST = 16  # sides below which neither can be told


def unevenness(items: np.ndarray) -> float:
    """How differently much the pixels of the four phases (odd or even row, odd or even column) vary: largest variance
    over smallest, 1 in anything that was photographed.

    A transposed convolution whose kernel the stride does not divide reaches some pixels more often than others, in a
    pattern of the stride's period: a checkerboard (Odena et al. 2016). For kernel 3 and stride 2 the counts are 1, 2, 2
    and 4. The rim is left out, where padding does the same.
    """
    x = _grey(items)
    height, width = (max(1, side // 7) for side in x.shape[1:])
    varies = x.var(0)[height:-height, width:-width]
    phases = torch.stack([varies[i::2, j::2].mean() for i in (0, 1) for j in (0, 1)])
    return float(phases.max() / phases.min().clamp(min=1e-3))


def roughness(items: np.ndarray) -> float:
    """Share of the power in the upper fifth of the radii: far under that of the reals is blur, far over it noise."""
    x = _grey(items)
    x = x - x.mean((1, 2), keepdim=True)
    power = torch.fft.fft2(x).abs().square().mean(0)
    y, x = torch.fft.fftfreq(power.shape[0])[:, None], torch.fft.fftfreq(power.shape[1])
    upper = (y.square() + x.square()).sqrt() > 0.4
    return float(power[upper].sum() / power.sum().clamp(min=1e-6))


def _grey(items: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(items)).float().mean(1)
