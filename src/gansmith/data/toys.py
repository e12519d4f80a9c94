"""Toys: small distributions whose density is known, so that what a game learns can be checked exactly; toy showers,
whose profiles are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


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


@dataclass(frozen=True)
class ToyShowers:
    """A TOY of what a particle leaves in a calorimeter: parametrised, with no detector and no physics list behind it.

    In depth t, in radiation lengths, the energy follows a gamma function, dE/dt ∝ (bt)^(a−1) e^(−bt), whose maximum
    lies at ln(E / critical) + 1/2, as a photon's does; a and b fluctuate from shower to shower. Sideways it falls as
    the sum of two exponentials of the distance, a core that widens with depth and a halo, around a point that jitters.
    A cell holds a Poisson number of deposits of exponential energies, so that few are hit and the response fluctuates
    as 1/√E; what lies below the threshold is not read out. What leaves at the back is lost.

    layers  rows × columns of cells of each, all over the same square of `side` mm;  depths  where they begin and end
    low, high  GeV, energies of the particles, drawn evenly;  deposits  a GeV;  threshold  of a cell, MeV
    """

    layers: tuple[tuple[int, int], ...] = ((3, 96), (12, 12), (12, 6))  # CaloGAN's
    depths: tuple[float, ...] = (0.0, 6.0, 18.0, 24.0)
    low: float = 1.0
    high: float = 100.0
    side: float = 480.0
    deposits: float = 25.0
    threshold: float = 5.0
    critical: float = 0.01

    def shares(self, energy, a_factor=1.0, b_factor=1.0) -> np.ndarray:
        """Expected share (n, layers) of energies (n,) in GeV that each layer holds: differences of the gamma
        distribution's function. Their sum is below 1 by what leaks out at the back."""
        b = 0.5 * np.asarray(b_factor)
        a = (1 + 0.5 * (np.log(np.asarray(energy) / self.critical) + 0.5)) * a_factor
        ends = [torch.special.gammainc(*map(torch.as_tensor, np.broadcast_arrays(a, b * t))) for t in self.depths]
        return np.diff(torch.stack(ends, -1).numpy(), axis=-1)

    def sample(self, n: int, seed: int = 0) -> dict[str, np.ndarray]:
        """`n` independent showers as CaloGAN's files hold them: `energy` (n, 1) in GeV and `layer_0` (n, rows,
        columns) … in MeV, float32."""
        rng = np.random.default_rng(seed)
        energy = rng.uniform(self.low, self.high, n)
        shares = self.shares(energy, *np.exp(0.1 * rng.standard_normal((2, n))))
        middle, core = 8 * rng.standard_normal((2, n)), np.exp(0.1 * rng.standard_normal(n))
        halo = rng.uniform(0.15, 0.3, n)
        made = {"energy": energy[:, None].astype(np.float32)}
        for i, (rows, columns) in enumerate(self.layers):
            cells = [
                self._read_out(rng, part, rows, columns, 8 * (1 + 0.5 * i), energy, shares[:, i], middle, core, halo)
                for part in np.array_split(np.arange(n), max(1, n // 250))
            ]
            made[f"layer_{i}"] = np.concatenate(cells)
        return made

    def _read_out(self, rng, part, rows, columns, wide, energy, shares, middle, core, halo) -> np.ndarray:
        """What the cells of one layer show of the showers `part`: (n, rows, columns) in MeV."""
        fine = [-(-48 // count) for count in (rows, columns)]  # points in a cell, so that a narrow core is no point
        y, x = (((np.arange(k * c) + 0.5) / (k * c) - 0.5) * self.side for k, c in zip(fine, (rows, columns)))
        y, x = (p.astype(np.float32) - m[part, None].astype(np.float32) for p, m in zip((y, x), middle))
        r = np.sqrt(np.square(y)[:, :, None] + np.square(x)[:, None])
        a, h = ((v[part].astype(np.float32)[:, None, None]) for v in (wide * core, halo))
        density = (1 - h) / a**2 * np.exp(-r / a) + h / 45**2 * np.exp(-r / 45)
        cells = density.reshape(len(r), rows, fine[0], columns, fine[1]).sum((2, 4))
        cells *= (energy * shares)[part, None, None] / cells.sum((1, 2), keepdims=True)
        energies = 1000 * rng.standard_gamma(rng.poisson(self.deposits * cells)) / self.deposits
        return np.where(energies < self.threshold, 0, energies).astype(np.float32)


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
SHOWERS = 10_000  # toy showers, likewise
