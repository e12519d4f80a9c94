"""From a critic's scores to log density ratios: the step that decides how good refined samples are.

The curves are fitted on scores of real and generated samples that no player was trained on, and judged by
cross-validation. Unequal counts of reals and fakes are corrected for in every fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gansmith.errors import UserError, nearest
from gansmith.refine.array_api import Array, double, like, make_rng, precision, to_numpy
from gansmith.refine.diagnostics import balanced_log_loss, measure, verdict
from gansmith.refine.logistic import logistic

KINDS = ("logit", "probability", "raw", "log_ratio")
METHODS = ("auto", "none", "affine", "beta", "isotonic")
FOLDS = 5
FEWEST = 20


@dataclass(frozen=True)
class Calibration:
    """A fitted curve from scores to log-ratios, and what is known about its quality.

    report: see `docs/refine.md` for every entry; its "verdict" says it in one line.
    real_log_ratio, fake_log_ratio: (n,), each computed by a curve that did not see that score (cross-fitting).
    """

    kind: str
    method: str
    parameters: tuple
    report: dict
    real_log_ratio: np.ndarray = field(repr=False)
    fake_log_ratio: np.ndarray = field(repr=False)

    def log_ratio(self, scores: Array) -> Array:
        """log p(data) - log q(generator) for raw scores of `kind`: same shape, library and device, in float64.
        Differentiable on tensors. NaN scores give NaN."""
        return _curve(self.method, self.parameters, to_logit(scores, self.kind))


def calibrate(
    real_scores: Array, fake_scores: Array, kind: str = "logit", method: str = "auto", seed: int = 0
) -> Calibration:
    """Fit the curve that turns critic scores into log density ratios.

    real_scores, fake_scores: (n,) and (m,), at least 20 each, of samples no player was trained on.
    kind: what the critic says. "logit" (before the sigmoid), "probability" (in [0, 1]; logits lose less), "raw" (only
    the order means something: Wasserstein, hinge, energy), "log_ratio" (trusted as it is).
    method: "none"; "affine" (logistic regression on the score, unpenalised: Platt, 1999); "beta" (Kull et al., 2017);
    "isotonic" (smoothed by one pseudo-real and one pseudo-fake per block and interpolated between block centres, as
    plain isotonic regression gives its top block infinite odds); "auto" takes, among those that `kind` allows, the
    first whose 5-fold log loss is within one standard error of the best. seed: the folds.

    Raises UserError for scores that are too few, not finite, all equal, or outside [0, 1] when they are probabilities.
    """
    if kind not in KINDS:
        raise UserError(f"kind is {kind!r}: pass one of {', '.join(KINDS)}.{nearest(str(kind), KINDS)}")
    if method not in METHODS:
        raise UserError(f"method is {method!r}: pass one of {', '.join(METHODS)}.{nearest(str(method), METHODS)}")
    if kind == "raw" and method == "none":
        raise UserError("raw scores are no log-ratios: use method='auto', 'affine', 'beta' or 'isotonic'.")
    real, fake = _checked(real_scores, "real_scores"), _checked(fake_scores, "fake_scores")
    if min(real.min(), fake.min()) == max(real.max(), fake.max()):
        raise UserError(f"all {len(real) + len(fake)} scores are {real[0]:g}: the critic does not look at its input.")
    saturated = sum(int(((x == 0) | (x == 1)).sum()) for x in (real, fake)) if kind == "probability" else 0

    label = np.repeat([1.0, 0.0], [len(real), len(fake)])
    score = np.concatenate([to_numpy(to_logit(x, kind)) for x in (real_scores, fake_scores)])
    fold = _folds(label, seed)
    names = _candidates(kind) if method == "auto" else [method]
    held_out = {name: _cross_fitted(name, score, label, fold) for name in names}
    held_out = {name: (d[label == 1], d[label == 0]) for name, d in held_out.items()}
    losses = {name: balanced_log_loss(*d) for name, d in held_out.items()}
    best = simplest_of_the_best(losses, held_out)

    parameters = _fit(best, score, label)
    final, (real, fake) = _curve(best, parameters, score), held_out[best]
    report = {"kind": kind, "method": best, "log_losses": losses, "saturated": saturated}
    report |= measure(score[label == 1], score[label == 0], real, fake)
    report |= {"plateau_mass": float(np.mean(final[label == 1] == final.max()))}
    report["verdict"] = verdict(report)
    return Calibration(kind, best, parameters, report, real, fake)


def to_logit(scores: Array, kind: str) -> Array:
    """Scores in float64; probabilities become log-odds, an exact 0 or 1 counting as its nearest neighbour."""
    xp, s = double(scores)
    if kind != "probability":
        return s
    if bool(((s < 0) | (s > 1)).any()):
        raise UserError("probabilities must lie in [0, 1]; these do not: pass kind='logit' or kind='raw'.")
    s = s.clip(float(precision(scores).tiny), 1 - float(precision(scores).eps) / 2)
    return xp.log(s) - xp.log1p(-s)


def _checked(scores: Array, name: str) -> np.ndarray:
    scores = to_numpy(scores)
    if scores.ndim != 1:
        raise UserError(f"{name} has shape {scores.shape}: pass one score per sample, shape (n,).")
    if len(scores) < FEWEST:
        raise UserError(f"{name} has {len(scores)} values: calibration needs at least {FEWEST} of each class.")
    if not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores)).sum())
        raise UserError(f"{name} holds {bad} NaN or infinite values: drop those samples, or mend the critic.")
    return scores


def _candidates(kind: str) -> list[str]:
    """The methods `auto` chooses from, the simplest first."""
    return {"log_ratio": ["none"], "raw": ["affine", "beta", "isotonic"]}.get(kind, list(METHODS[1:]))


def _folds(label: np.ndarray, seed: int) -> np.ndarray:
    """A fold number per sample, each class spread evenly."""
    rng, fold = make_rng(seed), np.empty(len(label), int)
    for value in (1.0, 0.0):
        members = rng.permutation(np.flatnonzero(label == value))
        fold[members] = np.arange(len(members)) % FOLDS
    return fold


def _cross_fitted(method: str, score: np.ndarray, label: np.ndarray, fold: np.ndarray) -> np.ndarray:
    if method == "none":
        return score
    out = np.empty_like(score)
    for k in range(FOLDS):
        out[fold == k] = _curve(method, _fit(method, score[fold != k], label[fold != k]), score[fold == k])
    return out


def simplest_of_the_best(losses: dict, held_out: dict) -> str:
    """The first name whose loss is within one standard error of the lowest, sample by sample (Breiman et al., 1984): on
    few samples a flexible curve wins by luck what it loses in its tails.

    held_out: name -> log-ratios of (reals, fakes), by a fit that did not see them.
    """
    lowest = min(losses, key=losses.get)
    for name, loss in losses.items():
        variance = 0.0
        for sign, d, best in zip((-1, 1), held_out[name], held_out[lowest], strict=True):
            variance += (np.logaddexp(0, sign * d) - np.logaddexp(0, sign * best)).var() / len(d)
        if loss - losses[lowest] <= np.sqrt(variance) / 2:
            return name


def _curve(method: str, parameters: tuple, s: Array) -> Array:
    """The log-ratio at logits or raw scores `s`, NumPy or torch."""
    xp, s = double(s)
    if method == "none":
        return s
    if method == "affine":
        slope, intercept = parameters
        return slope * s + intercept
    if method == "beta":
        a, b, c, center, scale = parameters
        s = (s - center) / scale
        zero = xp.zeros_like(s)
        return b * xp.logaddexp(zero, s) - a * xp.logaddexp(zero, -s) + c
    centers, values = (like(p, s) for p in parameters)
    if len(centers) == 1:
        return s * 0 + values[0]
    right = xp.searchsorted(centers, s).clip(1, len(centers) - 1)
    x0, x1, y0, y1 = centers[right - 1], centers[right], values[right - 1], values[right]
    return y0 + (y1 - y0) * ((s - x0) / (x1 - x0)).clip(0, 1)


def _fit(method: str, s: np.ndarray, label: np.ndarray) -> tuple:
    prior = np.log(label.sum() / (1 - label).sum())
    if method == "none":
        return ()
    if method == "affine":
        slope, intercept = logistic(s[:, None], label)
        return slope, intercept - prior
    if method == "beta":
        # Raw scores have no scale of their own; logits do, and standardising them would be another model.
        center, scale = np.mean(s), np.std(s)
        return *_fit_beta((s - center) / scale, label, prior), center, scale
    return _fit_isotonic(s, label, prior)


def _fit_beta(s: np.ndarray, label: np.ndarray, prior: float) -> tuple[float, float, float]:
    """a log(x) - b log(1 - x) + c with x = sigmoid(s) and a, b >= 0: a negative one is set to 0 and the rest refitted,
    as the paper does."""
    columns = np.stack([-np.logaddexp(0, -s), np.logaddexp(0, s)], 1)
    slopes, kept = np.zeros(2), np.array([True, True])
    while True:
        *fitted, intercept = logistic(columns[:, kept], label)
        slopes[:] = 0
        slopes[kept] = fitted
        if (slopes >= 0).all():
            return *slopes, intercept - prior
        kept &= slopes > 0


def _fit_isotonic(s: np.ndarray, label: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.isotonic import isotonic_regression

    values, place = np.unique(s, return_inverse=True)
    count = np.bincount(place).astype(float)
    share = isotonic_regression(np.bincount(place, label) / count, sample_weight=count)
    block = np.unique(share, return_inverse=True)[1]
    total = np.bincount(block, count)
    real = np.bincount(block, count * share)
    center = np.bincount(block, count * values) / total
    # The pseudo-counts hold the sample's own class shares, so that an empty block would say "no evidence", ratio 1.
    mean = label.mean()
    log_ratio = np.log((real + 2 * mean) / (total - real + 2 * (1 - mean))) - prior
    return center, isotonic_regression(log_ratio, sample_weight=total + 2)
