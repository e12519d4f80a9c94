"""Toys: small distributions whose density is known, so that what a game learns can be checked exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Mixture:
    """Round Gaussians N(means[k], sd² I) with shares `weights`.

    means    (k, d), in the toy's own units
    sd       standard deviation of every component along every axis
    weights  (k,), summing to 1
    """

    means: np.ndarray
    sd: float
    weights: np.ndarray

    def labelled(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`n` independent points (n, d) float32 and the component each came from (n,) int64."""
        random = np.random.default_rng(seed)
        component = random.choice(len(self.weights), size=n, p=self.weights)
        points = self.means[component] + self.sd * random.standard_normal((n, self.means.shape[1]))
        return points.astype(np.float32), component

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """`n` independent points (n, d), float32."""
        return self.labelled(n, seed)[0]

    def log_density(self, x) -> np.ndarray:
        """Natural logarithm of the density at points `x` (n, d), or (n,) in one dimension; float64 (n,)."""
        return _log_density(_points(x, self.means.shape[1]), self.means, self.sd, np.log(self.weights))

    def density(self, x) -> np.ndarray:
        """Density at points `x` (n, d); float64 (n,)."""
        return np.exp(self.log_density(x))


@dataclass(frozen=True)
class SwissRoll:
    """The spiral scale·(t cos t, t sin t), t uniform on [1.5π, 4.5π], blurred by N(0, sd² I)."""

    scale: float = 0.1
    sd: float = 0.05

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """`n` independent points (n, 2), float32."""
        random = np.random.default_rng(seed)
        t = random.uniform(1.5 * np.pi, 4.5 * np.pi, n)
        return (self._curve(t) + self.sd * random.standard_normal((n, 2))).astype(np.float32)

    def log_density(self, x) -> np.ndarray:
        """Natural logarithm of the density at points `x` (n, 2); float64 (n,).

        The integral over t by the midpoint rule, with nodes closer than a quarter of `sd`: the density is within 0.3 %
        of its limit wherever it exceeds 1e-6.
        """
        count = int(np.ceil(3 * np.pi * 4.5 * np.pi * self.scale / (0.25 * self.sd)))
        t = 1.5 * np.pi + 3 * np.pi * (np.arange(count) + 0.5) / count
        return _log_density(_points(x, 2), self._curve(t), self.sd, np.full(count, -np.log(count)))

    def density(self, x) -> np.ndarray:
        """Density at points `x` (n, 2); float64 (n,)."""
        return np.exp(self.log_density(x))

    def _curve(self, t):
        return self.scale * np.stack([t * np.cos(t), t * np.sin(t)], axis=1)


def _even(means, sd: float) -> Mixture:
    means = np.asarray(means, dtype=np.float64)
    return Mixture(means, sd, np.full(len(means), 1 / len(means)))


def _points(x, d: int) -> np.ndarray:
    return np.asarray(x, dtype=np.float64).reshape(-1, d)


def _log_density(x, means, sd, log_weights, rows: int = 4096) -> np.ndarray:
    d = x.shape[1]
    out = np.empty(len(x))
    for start in range(0, len(x), rows):  # in pieces: a table of all points by all components may not fit
        part = x[start : start + rows]
        square = ((part[:, None, :] - means[None]) ** 2).sum(2)
        exponent = log_weights - square / (2 * sd**2)
        top = exponent.max(1, keepdims=True)
        out[start : start + rows] = top[:, 0] + np.log(np.exp(exponent - top).sum(1))
    return out - d * np.log(sd * np.sqrt(2 * np.pi))


_angles = 2 * np.pi * np.arange(8) / 8  # eight, not nine: the released ring counts angle 0 twice

TOYS = {
    "ring8": _even(
        2 * np.stack([np.cos(_angles), np.sin(_angles)], axis=1), 0.02
    ),  # the ring of Metz et al. 2017 (unrolled GANs)
    "grid25": _even(
        [(a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)], 0.05
    ),  # the grid of Lin et al. 2018 (PacGAN)
    "swissroll": SwissRoll(),
    "mixture2": _even([[-2], [2]], 0.5),
    "mixture4": _even([[-6], [-2], [2], [6]], 0.5),
}
POINTS = 100_000  # drawn with seed 0 when a toy is read by name
