"""Distances between two tables of features: Fréchet, kernel (KID), MIND and Gaussian-kernel MMD.

`real` is (n, d), `fake` is (m, d), arrays or tensors, CPU or GPU; everything inside is float64, whatever comes in.
Lower is better everywhere. All of them depend on n: print it, and put the real-against-real value beside the number.
"""

import math
import warnings
from functools import lru_cache

import torch

from gansmith.errors import UserError
from gansmith.evaluate.inputs import pair, table
from gansmith.evaluate.neighbours import blocks, rows_that_fit


class Moments:
    """Mean and covariance of a stream of feature batches, exact to float64 however the stream is cut.

    Batches are merged by Chan, Golub & LeVeque's pairwise update, so a feature mean of 1e4 costs no digits; float32
    running sums with a mean of 1000 return a trace of 9.6 where 8 is right.
    """

    def __init__(self):
        self.count, self.mean, self._scatter = 0, None, None

    def add(self, batch) -> "Moments":
        x = table(batch, "batch", least=1)
        count, mean, scatter = len(x), x.mean(0), _scatter(x)
        if not self.count:
            self.count, self.mean, self._scatter = count, mean, scatter
            return self
        total, gap = self.count + count, mean - self.mean
        self._scatter = self._scatter + scatter + torch.outer(gap, gap) * (self.count * count / total)
        self.mean = self.mean + gap * (count / total)
        self.count = total
        return self

    @property
    def covariance(self) -> torch.Tensor:
        """(d, d), divisor n - 1."""
        if self.count < 2:
            raise UserError(f"a covariance of {self.count} rows does not exist; give two rows or more.")
        return self._scatter / (self.count - 1)


def _scatter(x: torch.Tensor, block: int = 256) -> torch.Tensor:
    """(x - mean)^T (x - mean), computing each symmetric pair of blocks once: half the work of the plain product."""
    x = x - x.mean(0)
    out = x.new_empty(x.shape[1], x.shape[1])
    for start in range(0, x.shape[1], block):
        part = x[:, start : start + block].T @ x[:, start:]
        out[start : start + block, start:] = part
        out[start:, start : start + block] = part.T
    return out


def frechet_distance(real, fake) -> float:
    """|mu_r - mu_f|^2 + tr(S_r + S_f) - 2 tr (S_r S_f)^(1/2)  (Heusel et al. 2017, eq. 6), on any features.

    With fewer rows than columns the trace is the nuclear norm of A B^T (A, B: centred rows over sqrt(n - 1)), which
    needs no covariance, is never complex and is the more exact one. Biased upwards by about (2d + d(d+1)/2)/n for two
    unit Gaussians with n rows each: below 10 d rows it warns, use `kernel_distance` or `mind` there.
    """
    real, fake = pair(real, fake)
    n, m, d = len(real), len(fake), real.shape[1]
    if min(n, m) < 10 * d:
        warnings.warn(
            f"Fréchet distance from {min(n, m)} rows of {d} features is mostly sampling bias (10 d = {10 * d} rows are "
            "needed); use kernel_distance or mind, or print the real-against-real value beside it.",
            stacklevel=2,
        )
    if min(n, m) >= d:
        return _frechet(real.mean(0), _scatter(real) / (n - 1), fake.mean(0), _scatter(fake) / (m - 1))
    mean_r, mean_f = real.mean(0), fake.mean(0)
    a, b = (real - mean_r) / math.sqrt(n - 1), (fake - mean_f) / math.sqrt(m - 1)
    cross = torch.linalg.svdvals(a @ b.T).sum()
    return max(0.0, float((mean_r - mean_f).square().sum() + a.square().sum() + b.square().sum() - 2 * cross))


def frechet_from_moments(mu1, cov1, mu2, cov2) -> float:
    """The same distance between two Gaussians: means (d,), covariances (d, d)."""
    mu1, mu2 = (table(torch.as_tensor(mu).reshape(1, -1), "mean", least=1)[0] for mu in (mu1, mu2))
    cov1, cov2 = (table(cov, "covariance", least=1) for cov in (cov1, cov2))
    d = len(mu1)
    if len(mu2) != d or cov1.shape != (d, d) or cov2.shape != (d, d):
        shapes = [tuple(x.shape) for x in (mu1, cov1, mu2, cov2)]
        raise UserError(f"means and covariances have shapes {shapes}; give (d,), (d, d), (d,), (d, d).")
    return _frechet(mu1, cov1, mu2.to(mu1.device), cov2.to(mu1.device))


def _frechet(mu1, cov1, mu2, cov2) -> float:
    """Symmetric route: S_1 = R R^T, and the eigenvalues of S_1 S_2 are those of R^T S_2 R; no matrix square root."""
    root = _root(cov1)
    product = torch.linalg.eigvalsh(root.T @ cov2 @ root)
    # What lies below rounding is nothing: its square root would add 1e-8 of the largest for each such direction.
    cross = product[product > _rounding(product)].sqrt().sum()
    return max(0.0, float((mu1 - mu2).square().sum() + cov1.trace() + cov2.trace() - 2 * cross))


def _root(cov: torch.Tensor) -> torch.Tensor:
    """R with R R^T = cov: Cholesky's, or the eigenvectors of non-zero variance where some direction has none."""
    root, failed = torch.linalg.cholesky_ex(cov)
    if not failed and root.diagonal().min() ** 2 > 1e-6 * cov.diagonal().max():
        return root
    values, vectors = torch.linalg.eigh(cov)
    solid = values > _rounding(values)
    return vectors[:, solid] * values[solid].sqrt()


def _rounding(values: torch.Tensor) -> float:
    return len(values) * torch.finfo(values.dtype).eps * max(0.0, float(values.max())) if len(values) else 0.0


def kernel_distance(
    real, fake, *, degree: int = 3, gamma: float | None = None, coef: float = 1.0, rows: int | None = None
) -> float:
    """KID: unbiased MMD^2 with (gamma x.y + coef)^degree, gamma = 1/d  (Binkowski et al. 2018).

    The U-statistic of the *whole* set, in blocks of `rows`, so there are no random subsets and no seed. Being unbiased,
    it can be negative when the two sides are alike. Papers multiply it by 100 or 1000; this does not.
    """
    real, fake = pair(real, fake)
    gamma = 1 / real.shape[1] if gamma is None else gamma

    def total(x, y):
        return float((gamma * (x @ y.T) + coef).pow(degree).sum())

    def off_diagonal(x):
        """Mean over pairs; each block left of the diagonal equals one right of it and is not computed."""
        found, start = 0.0, 0
        diagonal = float((gamma * x.square().sum(1) + coef).pow(degree).sum())
        for part in x.split(rows or rows_that_fit(x)):
            start += len(part)
            found += total(part, part) + 2 * total(part, x[start:])
        return (found - diagonal) / (len(x) * (len(x) - 1))

    across = sum(total(part, fake) for part in real.split(rows or rows_that_fit(fake)))
    return off_diagonal(real) + off_diagonal(fake) - 2 * across / (len(real) * len(fake))


def mind(real, fake, *, directions: int = 1000, seed: int = 0) -> float:
    """3 d times the mean squared 1-D Wasserstein-2 distance over random unit directions  (arXiv 2605.06797).

    Needs no covariance and few samples: the number to follow while training. It is new; show it beside the Fréchet
    distance, not instead. A shift by c gives 3 |c|^2. Where n and m differ, the paper cuts both to the smaller; here
    the two quantile functions are compared exactly, so that no sample is thrown away.
    """
    real, fake = pair(real, fake)
    d, n, m = real.shape[1], len(real), len(fake)
    axes = _directions(directions, d, seed).to(real.device)
    # Both quantile functions are steps: constant between neighbouring multiples of 1/n and 1/m, counted in 1/(n m).
    steps = torch.cat([torch.arange(n, device=real.device) * m, torch.arange(m, device=real.device) * n]).unique()
    width = torch.diff(steps, append=steps.new_tensor([n * m])).double() / (n * m)
    total = 0.0
    for part in axes.split(max(1, 2**21 // len(steps))):  # 16 MB of projections at a time
        gap = (part @ real.T).sort(1).values[:, steps // m] - (part @ fake.T).sort(1).values[:, steps // n]
        total += float((gap.square() @ width).sum())
    return 3 * d * total / directions


@lru_cache(maxsize=2)  # intervals ask for the same ones dozens of times
def _directions(count: int, d: int, seed: int) -> torch.Tensor:
    """(count, d) random unit vectors, on the CPU, so that every device gets the same."""
    axes = torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return axes / axes.norm(dim=1, keepdim=True)


def median_distance(real, fake, *, most: int = 1000) -> float:
    """Median distance between points of the two sides together (at most `most` of each): a kernel's usual width."""
    both = torch.cat([real[:most], fake[:most]])
    width = float(torch.pdist(both).median())
    return width if width > 0 else 1.0


def mmd(real, fake, *, bandwidth: float | None = None, biased: bool = False, rows: int | None = None) -> float:
    """MMD^2 with exp(-|x - y|^2 / (2 l^2))  (Gretton et al. 2012, eqs. 3 and 5).

    `bandwidth` is l; None takes the mean over five widths, 1/4 to 4 times the median distance. `biased` keeps the
    diagonal (the V-statistic, as CMMD reports it: unit-norm CLIP features, l = 10, times 1000); else the value may be
    negative.
    """
    real, fake = pair(real, fake)
    widths = [bandwidth] if bandwidth else [median_distance(real, fake) * 2.0**p for p in (-2, -1, 0, 1, 2)]

    def mean(x, y, same):
        total = 0.0
        for _, squared in blocks(x, y, rows):
            total += sum(float((squared / (-2 * width**2)).exp().sum()) for width in widths) / len(widths)
        return (total - len(x)) / (len(x) * (len(x) - 1)) if same and not biased else total / (len(x) * len(y))

    return mean(real, real, True) + mean(fake, fake, True) - 2 * mean(real, fake, False)
