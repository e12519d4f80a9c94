"""Choosing among generated samples by their log density ratio, log w = log p(data) - log q(generator).

Every function takes log-ratios as a NumPy array or a torch tensor and answers in kind, on the same device. Arithmetic
is in float64 and in logs: odds above 1.7e7 do not exist in float32. `seed` is an int, or None for fresh randomness.
NaN marks a candidate that must never be chosen; +inf is refused with an error.
"""

from __future__ import annotations

import math

from gansmith.errors import UserError
from gansmith.refine.array_api import Array, exponential, log_ratios

FEW = 50_000  # samples that tell where a constant for many lies


def rejection(log_ratio: Array, log_m: float | None = None, seed: int | None = None) -> Array:
    """Keep each sample with probability `min(1, w / M)`.

    log_ratio: (n,). log_m: log of M = sup w; None takes the largest value given, which is an under-estimate when
    w is unbounded. Returns a boolean mask (n,). Exact when M is the true bound (von Neumann, 1951).
    """
    _, d = _usable(log_ratio)
    return d + exponential(d, seed)(d.shape) >= (d.max() if log_m is None else log_m)


def drs(
    log_ratio: Array,
    gamma: float = 0.0,
    seed: int | None = None,
    *,
    log_m: float = -math.inf,
    percentile: float | None = None,
    eps: float = 1e-8,
) -> Array:
    """Discriminator rejection sampling as published (Azadi et al., 2019, algorithm 1). Returns a boolean mask (n,).

    Accepts with probability `sigmoid(F)`, F = delta - log(1 - exp(delta - eps)) - gamma, where delta = d - log M and
    log M is a running maximum over `log_ratio` in the order given, starting from the burn-in's `log_m`.
    percentile: sets gamma to that percentile (0 to 100) of F over these samples, the paper's rule (80 for images).

    Only gamma = 0 targets the data; gamma > 0 is greedier than the data, gamma < 0 stays closer to the generator.
    """
    xp, d = _usable(log_ratio)
    peak = xp.cummax(d, 0).values if xp.__name__ == "torch" else xp.maximum.accumulate(d)
    delta = d - peak.clip(log_m)
    f = delta - xp.log(-xp.expm1(delta - eps))
    if percentile is not None:
        if not 0 <= percentile <= 100:
            raise UserError(f"percentile is {percentile}: it must lie between 0 and 100; the paper uses 80.")
        gamma = float(xp.quantile(f[f > -math.inf], percentile / 100))
    f = f - gamma
    return exponential(d, seed)(d.shape) >= xp.logaddexp(xp.zeros_like(f), -f)


def obrs(log_ratio: Array, budget: float = 4, seed: int | None = None, *, log_c: float | None = None) -> Array:
    """Optimal budgeted rejection sampling (Verine et al., 2024): keep one sample in `budget` on average.

    log_ratio: (n,). Accepts with probability `min(1, c w)`, with c such that the mean over these samples is exactly
    `1 / budget`; `log_c` takes a constant solved elsewhere instead (see `obrs_log_c`). Returns a boolean mask (n,).
    The paper proves no accept/reject rule of that cost is closer to the data in any f-divergence.
    """
    _, d = _usable(log_ratio)
    log_c = obrs_log_c(d, budget) if log_c is None else log_c
    return exponential(d, seed)(d.shape) + d > -log_c  # strict: weight 0 never passes, not even where c is inf


def obrs_log_c(log_ratio: Array, budget: float = 4) -> float:
    """log c with mean(min(1, c w)) = 1 / budget over `log_ratio` (n,); inf when too few samples have any weight."""
    if not 1 <= budget < math.inf:
        raise UserError(f"budget is {budget}: it counts proposals per output, so it must be 1 or more (4 is usual).")
    xp, d = _usable(log_ratio)
    target = len(d) / budget
    if bool((d == -math.inf).any()):
        d = d[d > -math.inf]
    if len(d) <= target:
        return math.inf
    every = len(d) // FEW
    log_c = obrs_log_c(d[::every], len(d) / target) if every > 1 else -math.inf  # of a part: near, and nearly free
    if int((d >= -log_c).sum()) >= target:
        log_c = -math.inf
    # The mean acceptance is concave and piecewise linear in c: a tangent from anywhere lands below the root, and
    # Newton's steps climb from there and end on it, when no further sample has become sure.
    known = None
    while True:
        sure = d >= -log_c
        count = int(sure.sum())
        if count == known or count >= target:
            return log_c
        log_c, known = math.log(target - count) - _logsumexp(xp, xp.where(sure, -math.inf, d)), count


def metropolis_hastings(log_ratio: Array, start: Array, seed: int | None = None) -> Array:
    """Independence Metropolis-Hastings, the selection of MH-GAN (Turner et al., 2019), all chains at once.

    log_ratio: (chains, K), the K candidates of each chain in order. start: (chains,), log-ratio of each chain's first
    state. Returns (chains,) int64: the candidate each chain ends on, or -1 where the start still stands.

    A candidate y is accepted from x with probability min(1, w(y) / w(x)), so a constant added to every log-ratio
    changes nothing. From any start the total variation left is at most (1 - 1/M)^K. Do not drop the -1 chains: that
    is biased; run them again from a generated sample with fresh candidates.
    """
    xp, d = log_ratios(log_ratio, 2)
    _, state = log_ratios(start, 1, "start")
    if len(state) != len(d):
        raise UserError(f"start has {len(state)} values for {len(d)} chains: pass one per row of log_ratio.")
    if bool(xp.isnan(state).any()):
        raise UserError("start holds NaN: a chain there could never move. Start from samples with a finite score.")
    noise = exponential(d, seed)
    index = xp.zeros_like(state, dtype=xp.int64) - 1
    for k in range(d.shape[1]):
        candidate = d[:, k]
        accepted = candidate + noise(state.shape) >= state
        state = xp.where(accepted, candidate, state)
        index = xp.where(accepted, k, index)
    return index


def sir(log_ratio: Array, seed: int | None = None, *, draws: int | None = None) -> Array:
    """Sampling by importance resampling: draw from a pool in proportion to the weights.

    log_ratio: (pools, size) gives one index per pool, (pools,). With `draws=n`, log_ratio is one pool (size,) and the
    answer (n,) is drawn with replacement: repeats are wanted, refusing them is biased. A small pool is biased towards
    the generator (Rubin, 1988; Grover et al., 2019).
    """
    xp, d = _usable(log_ratio, 2 if draws is None else 1)
    noise = exponential(d, seed)
    if draws is None:
        # An exponential clock of rate w per candidate: the first to ring is chosen with probability w / sum(w).
        return xp.argmin(xp.log(noise(d.shape)) - d, -1)
    if draws < 1:
        raise UserError(f"draws is {draws}: ask for at least one sample.")
    total = xp.cumsum(xp.exp(d - d.max()), 0)
    return xp.searchsorted(total, xp.exp(-noise((draws,))) * total[-1]).clip(0, len(d) - 1)


def weights(log_ratio: Array) -> Array:
    """Self-normalised importance weights (n,), summing to 1: for estimates, when samples themselves are not needed."""
    xp, d = _usable(log_ratio)
    w = xp.exp(d - d.max())
    return w / w.sum()


def chain_length(log_m: float, tolerance: float = 0.01) -> int:
    """Metropolis-Hastings steps K after which at most `tolerance` of the start remains: (1 - 1/M)^K <= tolerance.

    7, 44, 228 for M = 2, 10, 50: the K = 640 of the paper's experiments is enough up to M = 139.
    """
    if not 0 < tolerance < 1:
        raise UserError(f"tolerance is {tolerance}: it is the share of the start that may remain, between 0 and 1.")
    if log_m <= 0:
        return 1
    return max(1, math.ceil(math.log(tolerance) / math.log1p(-math.exp(-log_m)))) if log_m < 30 else 10**15


def _usable(log_ratio: Array, ndim: int = 1):
    """NaN becomes weight 0; every pool keeps at least one sample that can be chosen."""
    xp, d = log_ratios(log_ratio, ndim)
    if bool(xp.isnan(d).any()):
        d = xp.where(xp.isnan(d), -math.inf, d)
    if bool((d == -math.inf).all(-1).any()):
        raise UserError("log_ratio has no finite value to choose from: every score is NaN or -inf. Check the critic.")
    return xp, d


def _logsumexp(xp, d: Array) -> float:
    peak = d.max()
    return float(peak + xp.log(xp.exp(d - peak).sum()))
