"""Samples against reals, in frozen features: (n, d) float32 tensors of a few hundred rows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gansmith.evaluate.copying import mann_whitney

NEIGHBOURS = 5
CELLS = 32


class Reference:
    """(n, d) reals, with what comparing samples to them takes."""

    def __init__(self, real: Tensor):
        self.real = real
        distance = torch.cdist(real, real).fill_diagonal_(torch.inf)
        near = distance.topk(min(NEIGHBOURS, len(real) - 1), largest=False).values
        self.balls = near[:, -1] * (1 + 1e-6)
        self.width = float(self.balls.median()) or 1.0
        self.nearest, self.variety = within(distance, self.width)
        self.spread = float(real.var(0).sum().sqrt())
        self.cells = centers(real, min(CELLS, len(real) // 16))
        self.shares = self.shared(real)

    def shared(self, x: Tensor) -> Tensor:
        """Share of the rows of `x` in each cell."""
        nearest = torch.cdist(x, self.cells).argmin(1)
        return torch.bincount(nearest, minlength=len(self.cells)) / len(x)

    def compare(self, fake: Tensor) -> dict[str, float]:
        """Coverage and precision (balls of the reals), and nearest distance, variety and spread over the reals'."""
        inside = torch.cdist(self.real, fake) <= self.balls[:, None]
        nearest, variety = within(torch.cdist(fake, fake).fill_diagonal_(torch.inf), self.width)
        return {
            "coverage": float(inside.any(1).float().mean()),
            "precision": float(inside.any(0).float().mean()),
            "nearest": nearest / self.nearest if self.nearest else 1.0,
            "vendi": variety / self.variety,
            "spread": float(fake.var(0).sum().sqrt()) / self.spread if self.spread else 1.0,
        }

    def missing(self, fake: Tensor) -> float:
        """Share of the reals in cells where less than a quarter as many samples are. It sees lost modes while the
        samples are still too poor for coverage to."""
        return float(self.shares[self.shared(fake) < self.shares / 4].sum())


def centers(x: Tensor, count: int) -> Tensor:
    """(count, d) means of cells, by k-means: far points first (Gonzalez), then twenty of Lloyd's rounds."""
    chosen = [int((x - x.mean(0)).square().sum(1).argmin())]
    distance = torch.cdist(x, x[chosen])[:, 0]
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, torch.cdist(x, x[chosen[-1:]])[:, 0])
    means = x[chosen]
    for _ in range(20):
        nearest = torch.cdist(x, means).argmin(1)
        sums = torch.zeros_like(means).index_add_(0, nearest, x)
        means = sums / torch.bincount(nearest, minlength=count)[:, None].clamp(min=1)
    return means


def within(distance: Tensor, width: float) -> tuple[float, float]:
    """Of (n, n) distances with an infinite diagonal: mean to the nearest, and the Vendi score of order 2,
    n²/ΣK² with K = exp(−d²/2w²) (Pasarkar & Dieng 2023): it needs no eigenvalues."""
    n = len(distance)
    kernel = (distance / width).square().neg().exp()  # the square of K; its diagonal is 0 here and 1 in K
    return float(distance.amin(1).mean()), n * n / (n + float(kernel.sum()))


def explained(features: Tensor, labels: np.ndarray) -> float:
    """Share of the variance that lies between the classes."""
    labels = torch.as_tensor(np.asarray(labels).astype(np.int64))
    centerd = features - features.mean(0)
    between = 0.0
    for label in labels.unique():
        members = centerd[labels == label]
        between += len(members) * float(members.mean(0).square().sum())
    return between / max(float(centerd.square().sum()), 1e-12)


def chance_of(labels: np.ndarray) -> float:
    """What `explained` is when labels mean nothing: (k − 1)/(n − 1)."""
    return (len(np.unique(labels)) - 1) / (len(labels) - 1)


def copies(train: Tensor, usual: Tensor, fake: Tensor) -> tuple[float, float]:
    """Are the samples nearer to the training items than reals that nobody saw, whose distances are `usual`?

    The median distance over theirs (1, or 0 for copies), and the z of Mann and Whitney (0, or far below: C_T of
    `evaluate.memorisation`).
    """
    near, middle = torch.cdist(fake, train).amin(1), usual.median()
    return float(near.median() / middle) if middle else 1.0, mann_whitney(near, usual)
