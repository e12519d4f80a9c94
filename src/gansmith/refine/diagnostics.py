"""What a set of log-ratios on held-out reals and fakes says about the critic that gave them."""

from __future__ import annotations

import numpy as np

from gansmith.refine.logistic import expit, logistic

BLIND_AUC = 0.52
FAR_AUC = 0.97
UNSTABLE_GROWTH = 0.1


def measure(real_scores: np.ndarray, fake_scores: np.ndarray, real: np.ndarray, fake: np.ndarray) -> dict:
    """Numbers about log-ratios `real` (n,) and `fake` (m,), every class weighing one half whatever its count.

    The scores before calibration, `real_scores` and `fake_scores`, only serve the AUC. See `docs/refine.md`.
    """
    label = np.repeat([1.0, 0.0], [len(real), len(fake)])
    d = np.concatenate([real, fake])
    prior = np.log(len(real) / len(fake))
    slope, intercept = logistic(d[:, None], label) if d.min() < d.max() else (0.0, prior)
    odds, inverse = np.exp(np.minimum(fake, 700)), np.exp(np.minimum(-real, 700))
    log_m = [_expected_max(fake, 2.0**-k) for k in range(5)]
    ece, table = _reliability(expit(d), label)
    return {
        "n_real": len(real),
        "n_fake": len(fake),
        "auc": auc(real_scores, fake_scores),
        "blind": _blind(auc(real_scores, fake_scores), len(real), len(fake)),
        "slope": float(slope),
        "slope_error": _slope_error(d, slope, intercept),
        "intercept": float(intercept - prior),
        "brier": float(np.mean(expit(-real) ** 2) + np.mean(expit(fake) ** 2)) / 2,
        "log_loss": balanced_log_loss(real, fake),
        "ece": ece,
        "reliability": table,
        "odds_on_fakes": float(odds.mean()),
        "odds_on_fakes_error": float(odds.std() / np.sqrt(len(odds))),
        "inverse_odds_on_reals": float(inverse.mean()),
        "z": stratified_z(real, fake),
        "log_m": log_m[0],
        "log_m_half": log_m[1],
        "log_m_growth": (log_m[0] - log_m[4]) / 4,
        "ess_fraction": effective_fraction(fake),
        "top_weight": float(1 / np.exp(fake - fake.max()).sum()),
        "mh_acceptance": min(1.0, 2 * (1 - auc(real, fake))),
    }


def verdict(report: dict, by_budget: bool = False) -> str:
    """One line: can these log-ratios be used, and for what? by_budget: by a sampler that does not ask for M."""
    if report["blind"]:
        return f"the critic cannot tell real from fake (AUC {report['auc']:.2f}): plain samples returned"
    if report["auc"] < 0.5:
        return f"the critic ranks fakes above reals (AUC {report['auc']:.2f}): are its scores the wrong way round?"
    if abs(report["slope"] - 1) > max(0.2, 3 * report["slope_error"]):
        mend = "use method='auto'" if report["method"] == "none" else "pass more real samples"
        return f"the log-ratios are not calibrated (slope {report['slope']:.2f}, should be 1): {mend}"
    if report["auc"] > FAR_AUC:
        return f"the generator is far from the data (AUC {report['auc']:.3f}): choosing helps little, train it on"
    if report["log_m_growth"] > UNSTABLE_GROWTH and not by_budget:
        growth = f"+{100 * np.expm1(report['log_m_growth']):.0f} % per doubling of the sample"
        return f"the ratio is unbounded: M̂ is not stable ({growth}), choose by a budget and not by M"
    missing = 1 - report["odds_on_fakes"]
    if missing > max(0.02, 3 * report["odds_on_fakes_error"]):
        return f"about {100 * missing:.0f} % of the data is out of the generator's reach"
    return (
        f"the ratio is usable: AUC {report['auc']:.2f}, one effective sample in {1 / report['ess_fraction']:.1f}, "
        f"M̂ = {np.exp(report['log_m']):.1f}"
    )


def auc(real: np.ndarray, fake: np.ndarray) -> float:
    """P(a real scores above a fake), ties counted half."""
    order = np.sort(fake)
    below = np.searchsorted(order, real, "left") + np.searchsorted(order, real, "right")
    return float(below.mean() / (2 * len(fake)))


def balanced_log_loss(real: np.ndarray, fake: np.ndarray) -> float:
    """Mean log loss of sigmoid(d), in nats; ln 2 when nothing is known."""
    return float(np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()) / 2


def effective_fraction(log_ratio: np.ndarray) -> float:
    """Kish's effective sample size of the weights exp(log_ratio), as a fraction of their number."""
    w = np.exp(log_ratio - log_ratio.max())
    return float(w.sum() ** 2 / (len(w) * (w**2).sum()))


def stratified_z(real: np.ndarray, fake: np.ndarray) -> float:
    """Dawid's calibration statistic sum(y - D) with the variance it has when the class counts are fixed.

    The usual variance, sum D (1 - D), assumes random labels and is ten times too large on balanced sets. Blind to a
    wrong temperature in symmetric problems: read it with the slope.
    """
    prior = np.log(len(real) / len(fake))
    on_real, on_fake = expit(real + prior), expit(fake + prior)
    spread = np.sqrt(len(real) * on_real.var() + len(fake) * on_fake.var())
    total = len(real) - on_real.sum() - on_fake.sum()
    return float(total / spread) if spread > 0 else 0.0


def _blind(area: float, n: int, m: int) -> bool:
    """Is the AUC what two samples of one distribution would give?"""
    error = np.sqrt((n + m + 1) / (12 * n * m))
    return bool(abs(area - 0.5) < max(BLIND_AUC - 0.5, 2 * error))


def _slope_error(d: np.ndarray, slope: float, intercept: float) -> float:
    """Standard error of a logistic regression's slope, from the Fisher information."""
    p = expit(slope * d + intercept)
    information = np.sum(p * (1 - p) * (d - np.average(d, weights=p * (1 - p) + 1e-300)) ** 2)
    return float(1 / np.sqrt(information)) if information > 0 else float("inf")


def _expected_max(x: np.ndarray, fraction: float) -> float:
    """The mean of max(x) over random subsets holding that fraction of x."""
    x = np.sort(x)[::-1]
    rng = fraction * (1 - fraction) ** np.arange(len(x))
    return float((rng * x).sum() / rng.sum())


def _reliability(p: np.ndarray, label: np.ndarray, bins: int = 10) -> tuple[float, list[dict]]:
    """Expected calibration error over bins of equal count, and its table."""
    weight = np.where(label == 1, 0.5 / label.sum(), 0.5 / (1 - label).sum())
    table = []
    for members in np.array_split(np.argsort(p, kind="stable"), bins):
        w = weight[members]
        table.append(
            {
                "count": len(members),
                "predicted": float(np.average(p[members], weights=w)),
                "observed": float(np.average(label[members], weights=w)),
                "weight": float(w.sum()),
            }
        )
    return sum(row["weight"] * abs(row["predicted"] - row["observed"]) for row in table), table
