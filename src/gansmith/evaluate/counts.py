"""Histograms and what their sampling noise alone would give: modes, classes, bins, effective numbers, densities."""

import math
from typing import NamedTuple

import numpy as np
import torch

from gansmith.errors import UserError
from gansmith.evaluate.inputs import pair, table
from gansmith.evaluate.neighbours import blocks

Z_LIMIT = 1.96  # a z beyond it is met by chance once in twenty times
GRID25 = np.array([[x, y] for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)], dtype=float)


class GridModes(NamedTuple):
    """What a sampler found of a mixture. Floors are a *perfect* sampler's expected values at this many samples."""

    modes: int
    high_quality: float  # share of samples within `within` standard deviations of their nearest mode
    reverse_kl: float  # nats, histogram of high-quality samples over modes against uniform
    jsd: float  # nats, at most ln 2
    kl_floor: float
    jsd_floor: float
    high_quality_ceiling: float  # a share clearly above it means a collapse inside the modes
    counts: np.ndarray  # (modes,) high-quality samples of each mode


class StackedModes(NamedTuple):
    """Classes found among `k`; KL in nats against the reference, and a perfect sampler's expected values."""

    modes: int
    kl: float
    kl_floor: float
    expected_modes: float


class Bins(NamedTuple):
    """NDB: bins whose shares differ. A perfect model has `significance` of them."""

    share: float
    z: np.ndarray  # (bins,) two-proportion z of each bin; negative where fakes are too few
    real: np.ndarray  # (bins,) shares
    fake: np.ndarray
    jsd: float


def _shares(counts, name: str) -> np.ndarray:
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 1 or not len(counts) or not np.isfinite(counts).all() or (counts < 0).any() or not counts.sum():
        raise UserError(f"{name} is no histogram; give a 1-D array of counts or shares, none negative, not all zero.")
    return counts / counts.sum()


def kullback_leibler(p, q) -> float:
    """KL(p || q) in nats of two histograms (counts or shares); infinite where q is empty and p is not."""
    p, q = _shares(p, "p"), _shares(q, "q")
    if len(p) != len(q):
        raise UserError(f"histograms of {len(p)} and {len(q)} bins cannot be compared; use the same bins for both.")
    some = p > 0
    with np.errstate(divide="ignore"):
        return float((p[some] * (np.log(p[some]) - np.log(q[some]))).sum())


def jensen_shannon(p, q) -> float:
    """Jensen-Shannon divergence in nats, 0 … ln 2, of two histograms (counts or shares).

    Sampling alone gives (K - 1)/(8 N) against known shares and (K - 1)/(4 N) against a second sample of N.
    """
    p, q = _shares(p, "p"), _shares(q, "q")
    return (kullback_leibler(p, p + q) + kullback_leibler(q, p + q)) / 2


def grid_modes(samples, modes=GRID25, *, sd: float = 0.05, within: float = 3.0, least: int = 1) -> GridModes:
    """PacGAN's protocol on a mixture of equal round Gaussians, by default 25 on a grid (Lin et al. 2018).

    `samples` (n, d); `modes` (K, d) means; a sample is of high quality within `within` sd of its nearest mode, a mode
    is found when `least` such samples fell on it. Publications use 2,500 samples; others `within=4` or `least=20`.
    """
    modes, samples = pair(modes, samples, least=1)
    distance, nearest = torch.cdist(samples, modes, compute_mode="donot_use_mm_for_euclid_dist").min(1)
    good = distance <= within * sd
    k, n = len(modes), int(good.sum())
    counts = torch.bincount(nearest[good], minlength=k).cpu().numpy()
    uniform = np.full(k, 1 / k)
    # The chance that a d-dimensional standard normal falls within that radius.
    ceiling = float(torch.special.gammainc(torch.tensor(samples.shape[1] / 2.0), torch.tensor(within**2 / 2)))
    return GridModes(
        modes=int((counts >= least).sum()),
        high_quality=n / len(samples),
        reverse_kl=kullback_leibler(counts, uniform) if n else math.inf,
        jsd=jensen_shannon(counts, uniform) if n else math.log(2),
        kl_floor=(k - 1) / (2 * n) if n else math.inf,
        jsd_floor=(k - 1) / (8 * n) if n else math.inf,
        high_quality_ceiling=ceiling,
        counts=counts,
    )


def stacked_modes(digits, frequencies=None) -> StackedModes:
    """Stacked MNIST: `digits` (n, 3) predicted digits 0-9 of the three channels, 1000 classes in all (26,000 samples).

    `frequencies` (10,) are the training digits' counts or shares, None means equal: the reference is their product, so
    a perfect model is not charged with MNIST's own imbalance. Report `kl` beside `kl_floor` = (K - 1)/(2 N).
    """
    digits = np.asarray(digits)
    if digits.ndim != 2 or not len(digits) or digits.min() < 0 or digits.max() > 9:
        raise UserError(f"digits have shape {digits.shape}; give an (n, 3) array of predicted digits 0 to 9.")
    channels, n = digits.shape[1], len(digits)
    shares = _shares(np.ones(10) if frequencies is None else frequencies, "frequencies")
    reference = shares
    for _ in range(channels - 1):
        reference = np.outer(reference, shares).ravel()
    cells = digits.astype(int) @ 10 ** np.arange(channels - 1, -1, -1)
    counts = np.bincount(cells, minlength=10**channels)
    return StackedModes(
        modes=int((counts > 0).sum()),
        kl=kullback_leibler(counts, reference),
        kl_floor=(len(counts) - 1) / (2 * n),
        expected_modes=float((1 - (1 - reference) ** n).sum()),
    )


def class_counts(real_labels, fake_labels) -> tuple[np.ndarray, Bins]:
    """Class names, and the two-proportion test of each class's share: which classes are dropped or overdone."""
    names, index = np.unique(np.concatenate([np.asarray(real_labels), np.asarray(fake_labels)]), return_inverse=True)
    real, fake = (np.bincount(part, minlength=len(names)) for part in np.split(index, [len(real_labels)]))
    return names, two_proportions(real, fake)


def ndb(real, fake, bins: int = 100, *, seed: int = 0, significance: float = 0.05) -> Bins:
    """Number of statistically different bins over their number  (Richardson & Weiss 2018).

    k-means on `real` makes the bins; each bin's two shares meet in a two-proportion z-test, no correction for many
    tests: a perfect model scores about `significance`. Ten reals a bin or more are needed for the test to hold.
    """
    from sklearn.cluster import KMeans

    real, fake = (x.cpu().numpy() for x in pair(real, fake))
    if len(real) < 10 * bins:
        raise UserError(f"{len(real)} reals are too few for {bins} bins; type bins={max(2, len(real) // 10)} or less.")
    means = KMeans(bins, n_init=1, random_state=seed).fit(real)
    return two_proportions(
        np.bincount(means.labels_, minlength=bins), np.bincount(means.predict(fake), minlength=bins), significance
    )


def two_proportions(real, fake, significance: float = 0.05) -> Bins:
    """The test of each bin's share, of counts (bins,) of reals and of fakes."""
    n, m = max(1, real.sum()), max(1, fake.sum())
    p, q, both = real / n, fake / m, (real + fake) / (n + m)
    z = (q - p) / np.sqrt(np.maximum(both * (1 - both), 1e-12) * (1 / n + 1 / m))
    limit = -math.sqrt(2) * float(torch.special.erfinv(torch.tensor(significance - 1, dtype=torch.float64)))
    jsd = jensen_shannon(p, q) if p.any() and q.any() else math.log(2)
    return Bins(float((np.abs(z) > limit).mean()), z, p, q, jsd)


def inception_score(probabilities, splits: int = 10) -> tuple[float, float]:
    """exp E KL(p(y|x) || p(y)), mean and standard deviation over `splits` consecutive parts  (Salimans et al. 2016).

    `probabilities` (n, classes) rows sum to 1. Never looks at real data and cannot see a collapse inside a class.
    """
    p = table(probabilities, "probabilities")
    if float(p.min()) < 0 or float((p.sum(1) - 1).abs().max()) > 1e-3:
        raise UserError("rows of probabilities are not positive or do not sum to 1; give softmax outputs, not logits.")
    if len(p) < splits:
        raise UserError(f"{len(p)} rows cannot be cut into {splits} splits; type splits=1.")
    parts = [p[len(p) * i // splits : len(p) * (i + 1) // splits] for i in range(splits)]
    scores = []
    for part in parts:
        mean = part.mean(0)
        kl = (torch.special.xlogy(part, part) - torch.special.xlogy(part, mean)).sum(1).mean()
        scores.append(math.exp(float(kl)))
    return float(np.mean(scores)), float(np.std(scores))


def vendi_score(features, order: float = 1.0, *, bandwidth: float | None = None) -> float:
    """Effective number of distinct samples, 1 … n: exp of the entropy of K/n's eigenvalues  (Friedman & Dieng 2023).

    K is the cosine kernel, or exp(-|x - y|^2/(2 l^2)) with `bandwidth` l. `order` is the entropy's (1: Shannon,
    inf: the largest share alone). Grows with n: use its ratio to the score of as many reals.
    """
    x = table(features, "features", least=1)
    if bandwidth is None:
        x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-300)
    if min(x.shape) > 8192 or (bandwidth is not None and len(x) > 8192):
        raise UserError(
            f"the kernel of {len(x)} samples would take {len(x) ** 2 * 8 / 1e9:.1f} GB; score 2,000 of them."
        )
    if bandwidth is not None:
        kernel = torch.cat([(squared / (-2 * bandwidth**2)).exp() for _, squared in blocks(x, x)])
    else:  # X X^T and X^T X share their non-zero eigenvalues: take the smaller
        kernel = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    shares = torch.linalg.eigvalsh(kernel / len(x)).clamp(min=0)
    shares = shares[shares > 1e-14]
    if math.isinf(order):
        return 1 / float(shares.max())
    if order == 1:
        return math.exp(-float(torch.special.xlogy(shares, shares).sum()))
    return float(shares.pow(order).sum()) ** (1 / (1 - order))


def parzen_log_likelihood(held_out, fake, bandwidth: float, *, rows: int | None = None) -> float:
    """Mean log density (nats) of held-out reals (n, d) under Gaussians of width `bandwidth` at the fakes (m, d).

    For comparison with papers of 2014 only: in many dimensions it says nothing about samples (Theis et al. 2016).
    """
    held_out, fake = pair(held_out, fake, least=1)
    if not bandwidth > 0:
        raise UserError(f"bandwidth is {bandwidth}; give a width above 0, chosen on a validation set.")
    total = 0.0
    for _, squared in blocks(held_out, fake, rows):
        total += float(torch.logsumexp(squared / (-2 * bandwidth**2), 1).sum())
    d = held_out.shape[1]
    return total / len(held_out) - math.log(len(fake)) - d / 2 * math.log(2 * math.pi * bandwidth**2)
