"""Whether pictures may be mirrored: asked of the pictures, without any network."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.data.labels import evenly

SIDE, MOST, FEWEST = 16, 500, 30  # pixels that pictures are looked at with; pictures that are looked at
HARMLESS = 0.005  # below it what mirroring changes is lost in how pictures differ; measured in `asymmetry`


def asymmetry(pictures: np.ndarray, flips: int = 200) -> tuple[float, float]:
    """(how far pictures (n, C, H, W) of 0 … 255 are from their mirror images, the chance that it is chance).

    The first is a share of how far they are from each other: the squared kernel distance of both laws (Gretton et al.
    2012, https://jmlr.org/papers/v13/gretton12a.html; without bias, Gaussian, as wide as the median of distances, on
    pictures of at most 16×16) over twice the variance in the same space: about 0, or a little below, where mirrored
    pictures cannot be told from others. The second is the share of as large ones where each picture takes either side
    at random, `flips` times. Measured on 500 pictures: grey faces .0006, drawn portraits .0014, photographs 0, CIFAR-10
    0; magnetic tiles .011, streets with traffic on the left .027, clothes whose shoes point left .03, digits .04.
    """
    x = torch.from_numpy(np.ascontiguousarray(pictures)).float() / 127.5 - 1
    x = F.adaptive_avg_pool2d(x, tuple(min(SIDE, side) for side in x.shape[2:]))
    both = torch.cat([x, x.flip(3)]).flatten(1).double()
    squares = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist").square()
    away = squares[squares > 0]
    if not len(away):  # pictures that are all alike, each its own mirror image
        return 0.0, 1.0
    kernel = torch.exp(-squares / away.median())
    n = len(x)
    here, across, there = kernel[:n, :n], kernel[:n, n:], kernel[n:, n:]
    between = here - across - across.T + there
    between.fill_diagonal_(0)
    signs = 2.0 * torch.randint(2, (flips, n), generator=torch.Generator().manual_seed(0)).double() - 1
    chance = ((signs @ between * signs).sum(1) >= between.sum()).double().mean()
    spread = 1 - (here.sum() - n) / (n * (n - 1))
    return float(between.sum() / (n * (n - 1)) / (2 * spread).clamp(min=1e-12)), float(chance)


def may_mirror(dataset: Dataset) -> bool:
    """Whether mirroring its pictures is harmless, as far as 500 of them tell; of fewer than 30 nobody can tell."""
    if len(dataset) < FEWEST:
        return False
    share, chance = asymmetry(dataset.raw(evenly(len(dataset), min(MOST, len(dataset)))))
    return share < HARMLESS or chance > 0.01
