"""Closed forms for calibration and its diagnostics. p, q = N(+-1/2, 1) has the exact log-ratio x.

E: recovery of a known distortion.   J: the isotonic plateau.   A, C: verdicts on bounded and unbounded ratios.
"""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from gansmith.errors import UserError
from gansmith.refine import calibrate, metropolis_hastings
from gansmith.refine.diagnostics import expit, stratified_z
from gansmith.refine.logistic import logistic

N = 100_000


def pair(n=N, m=None, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0.5, 1, n), rng.normal(-0.5, 1, n if m is None else m)


def law_a(n=N, seed=0):
    """Log-ratios of reals (p = 2x) and fakes (uniform)."""
    u = np.random.default_rng(seed).uniform(1e-12, 1, (2, n))
    return np.log(2 * np.sqrt(u[0])), np.log(2 * u[1])


# E: recovery -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fakes, tolerance", [(N, 0.0053), (N // 10, 0.012)])
def test_e_affine_recovers_a_known_distortion_whatever_the_counts(fakes, tolerance):
    real, fake = pair(N, fakes)
    slope, intercept = calibrate(3 * real + 1, 3 * fake + 1, method="affine").parameters
    assert slope == pytest.approx(1 / 3, abs=4 * tolerance / 3)
    assert intercept == pytest.approx(-1 / 3, abs=4 * tolerance)


def test_e_without_the_prior_correction_the_intercept_would_be_off():
    real, fake = pair(N, N // 10)
    label = np.repeat([1.0, 0.0], [N, N // 10])
    _, intercept = logistic(np.concatenate([3 * real + 1, 3 * fake + 1])[:, None], label)
    assert intercept == pytest.approx(-1 / 3 + math.log(10), abs=0.05)


@pytest.mark.parametrize("t", [0.5, 2, 3])
def test_e_diagnostics_see_a_wrong_temperature_that_z_cannot(t):
    real, fake = pair(40_000)
    report = calibrate(t * real, t * fake, method="none").report
    assert report["slope"] == pytest.approx(1 / t, rel=0.05)
    assert report["intercept"] == pytest.approx(0, abs=0.05)
    assert abs(report["z"]) < 4
    assert math.log(report["odds_on_fakes"]) == pytest.approx(t * (t - 1) / 2, abs=0.6 if t == 3 else 0.1)
    assert "not calibrated" in report["verdict"]
    mended = calibrate(t * real, t * fake).report
    assert mended["slope"] == pytest.approx(1, abs=0.03)
    assert mended["odds_on_fakes"] == pytest.approx(1, abs=0.03)
    assert mended["inverse_odds_on_reals"] == pytest.approx(1, abs=0.03)


def test_a10_calibration_brings_the_chain_back():
    real, fake = law_a(20_000)
    d = 3 * law_a(N * 40, seed=5)[1].reshape(N, 40)
    for curve, mean in ((lambda s: s, 4 / 5), (calibrate(3 * real, 3 * fake, method="affine").log_ratio, 2 / 3)):
        index = metropolis_hastings(curve(d[:, 1:]), curve(d[:, 0]), 0)
        state = np.take_along_axis(d, index[:, None] + 1, 1)[:, 0]
        x = np.exp(state / 3) / 2
        assert x.mean() == pytest.approx(mean, abs=0.006)


@pytest.mark.parametrize("method", ["affine", "beta", "isotonic", "auto"])
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_every_method_gives_log_ratios_close_to_the_truth(method, convert):
    real, fake = pair(20_000)
    curve = calibrate(convert(real), convert(fake), "raw", method)
    x = np.linspace(-1.5, 1.5, 7)
    answer = curve.log_ratio(convert(x))
    assert type(answer) is type(convert(x))
    np.testing.assert_allclose(np.asarray(answer), x, atol=0.3 if method == "isotonic" else 0.1)


def implied_tv(curve, transform=lambda x: x):
    """TV between q times the odds, normalised, and p."""
    x = norm.ppf((np.arange(50_000) + 0.5) / 50_000) - 0.5
    w = np.exp(curve.log_ratio(transform(x)))
    return np.abs(w / w.mean() - np.exp(x)).mean() / 2


def test_affine_fails_on_a_bent_score_and_auto_does_not():
    real, fake = pair(2500)
    assert implied_tv(calibrate(real, fake, "raw", "affine")) < 0.05
    assert implied_tv(calibrate(real, fake, "raw", "isotonic")) < 0.08
    bent = real**3, fake**3
    assert implied_tv(calibrate(*bent, "raw", "affine"), lambda x: x**3) > 0.9
    auto = calibrate(*bent, "raw", "auto")
    assert auto.method == "isotonic"
    assert implied_tv(auto, lambda x: x**3) < 0.08


def test_auto_keeps_what_is_already_right():
    assert calibrate(*pair(2500)).method == "none"
    assert calibrate(*(2 * x for x in pair(2500))).method == "affine"


def test_log_ratio_is_differentiable():
    curve = calibrate(*pair(2500), "raw", "isotonic")
    for kind in ("affine", "isotonic", "beta"):
        curve = calibrate(*pair(2500), "raw", kind)
        x = torch.linspace(-1, 1, 5, dtype=torch.float64, requires_grad=True)
        curve.log_ratio(x).sum().backward()
        shift = (curve.log_ratio(x.detach() + 1e-7) - curve.log_ratio(x.detach() - 1e-7)) / 2e-7
        torch.testing.assert_close(x.grad, shift, atol=1e-5, rtol=1e-5)


# Probabilities ---------------------------------------------------------------------------------------------------


def test_probabilities_are_logits_again():
    real, fake = pair(2000)
    curve = calibrate(expit(real), expit(fake), "probability", "none")
    np.testing.assert_allclose(curve.log_ratio(expit(real)), real, atol=1e-9)


@pytest.mark.parametrize("dtype, bound", [(np.float32, 16.64), (np.float64, 36.74)])
def test_saturated_probabilities_are_counted_and_stay_finite(dtype, bound):
    real, fake = (expit(60 * x).astype(dtype) for x in pair(2000))
    curve = calibrate(real, fake, "probability")
    top = calibrate(real, fake, "probability", "none").log_ratio(np.ones(1, dtype))[0]
    assert top == pytest.approx(bound, abs=0.01)
    assert curve.report["saturated"] == sum(int(((x == 0) | (x == 1)).sum()) for x in (real, fake)) > 100
    assert np.isfinite(curve.log_ratio(np.array([0, 0.5, 1], dtype))).all()


# J: the plateau --------------------------------------------------------------------------------------------------


def top_block_share(curve, threshold, chains=2000, steps=640):
    x = np.random.default_rng(8).normal(-0.5, 1, (chains, steps + 1))
    d = curve(x)
    index = metropolis_hastings(d[:, 1:], d[:, 0], 0)
    return (np.take_along_axis(x, index[:, None] + 1, 1) > threshold).mean()


def test_j_smoothed_isotonic_does_not_pile_up_on_its_top_block():
    from sklearn.isotonic import IsotonicRegression

    real, fake = pair(2500)
    label = np.repeat([1.0, 0.0], 2500)
    published = IsotonicRegression(out_of_bounds="clip").fit(np.concatenate([real, fake]), label)
    top = published.X_thresholds_[published.y_thresholds_ == 1].min()
    mass = norm.sf(top - 0.5)
    assert 0.002 < mass < 0.04
    ours = calibrate(real, fake, "raw", "isotonic")
    assert top_block_share(ours.log_ratio, top) < 3 * mass

    def published_log_ratio(x):
        p = np.clip(published.predict(x.ravel()).reshape(x.shape), 1e-12, 1 - 1e-12)
        return np.log(p) - np.log1p(-p)

    assert top_block_share(published_log_ratio, top) > 5 * mass  # the reference recipe fails this test


# The report ------------------------------------------------------------------------------------------------------


def test_a6_report_of_an_exact_ratio():
    report = calibrate(*law_a(), kind="log_ratio").report
    assert report["method"] == "none"
    expected = {
        "auc": (2 / 3, 0.005),
        "mh_acceptance": (2 / 3, 0.01),
        "brier": (0.225347, 0.002),
        "log_loss": (0.639365, 0.003),
        "ess_fraction": (3 / 4, 0.01),
        "odds_on_fakes": (1, 0.01),
        "inverse_odds_on_reals": (1, 0.03),
        "slope": (1, 0.03),
        "intercept": (0, 0.03),
        "ece": (0, 0.01),
        "log_m": (math.log(2), 1e-3),
        "log_m_half": (math.log(2), 1e-3),
        "log_m_growth": (0, 1e-3),
    }
    for name, (value, tolerance) in expected.items():
        assert report[name] == pytest.approx(value, abs=tolerance), name
    assert len(report["reliability"]) == 10
    assert "usable" in report["verdict"]


def test_z_has_unit_variance_only_when_stratified():
    zs, naive = [], []
    for seed in range(400):
        real, fake = law_a(500, seed)
        zs.append(stratified_z(real, fake))
        p = expit(np.concatenate([real, fake]))
        naive.append((500 - p.sum()) / np.sqrt((p * (1 - p)).sum()))
    assert np.std(zs) == pytest.approx(1, abs=4 / math.sqrt(800))
    assert np.std(naive) == pytest.approx(0.3140, abs=0.05)


def test_verdict_blind():
    same = np.random.default_rng(0).normal(size=(2, 2000))
    report = calibrate(*same).report
    assert report["blind"] and "cannot tell real from fake" in report["verdict"]
    assert not calibrate(*pair(2000)).report["blind"]


@pytest.mark.parametrize("m", [0.5, 1, 2])
def test_c_verdict_unbounded(m):
    rng = np.random.default_rng(0)
    real, fake = (m * x - m**2 / 2 for x in (rng.normal(m, 1, N // 2), rng.normal(0, 1, N // 2)))
    report = calibrate(real, fake, kind="log_ratio").report
    if m > 0.5:  # at 0.5 M grows by less than 10 % per doubling
        assert "unbounded" in report["verdict"]
    small = calibrate(real[:1000], fake[:1000], kind="log_ratio").report
    assert report["log_m"] > small["log_m"] + 0.2


def test_verdict_out_of_reach():
    rng = np.random.default_rng(0)
    real = np.where(rng.random(20_000) < 0.1, 30.0, math.log(0.9)) + rng.normal(0, 1e-3, 20_000)
    fake = math.log(0.9) + rng.normal(0, 1e-3, 20_000)
    assert (
        "about 10 % of the data is out of the generator's reach" in calibrate(real, fake, "log_ratio").report["verdict"]
    )


def test_verdict_far_away():
    real, fake = pair(2000)
    assert "far from the data" in calibrate(4 * real + 8, 4 * fake - 8).report["verdict"]


def test_verdict_reversed():
    real, fake = pair(2000)
    assert "wrong way round" in calibrate(fake, real, "raw").report["verdict"]


def test_separated_classes_stay_finite():
    real, fake = pair(200)
    curve = calibrate(real + 100, fake - 100)
    assert np.isfinite(curve.log_ratio(np.array([-500.0, 0, 500]))).all()


def test_the_seed_and_the_order_decide_nothing_else():
    real, fake = pair(500)
    assert calibrate(real, fake, seed=1).report == calibrate(real, fake, seed=1).report


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda g: calibrate([], g), "real_scores has 0 values"),
        (lambda g: calibrate(g, []), "fake_scores has 0 values"),
        (lambda g: calibrate(g[:19], g), "at least 20"),
        (lambda g: calibrate(g * 0 + 3, g * 0 + 3), "all 100 scores are 3"),
        (lambda g: calibrate(np.append(g, np.nan), g), "NaN or infinite"),
        (lambda g: calibrate(g, np.append(g, np.inf)), "NaN or infinite"),
        (lambda g: calibrate(g[:, None], g), r"shape \(50, 1\)"),
        (lambda g: calibrate(g, g, "probability"), r"lie in \[0, 1\]"),
        (lambda g: calibrate(g, g, "logits"), "Did you mean logit"),
        (lambda g: calibrate(g, g, method="isotone"), "Did you mean isotonic"),
        (lambda g: calibrate(g, g, "raw", "none"), "raw scores are no log-ratios"),
    ],
)
def test_bad_input_is_one_clear_line(call, says):
    with pytest.raises(UserError, match=says) as caught:
        call(np.linspace(-2, 2, 50))
    assert "\n" not in str(caught.value)
