"""The same features through the packages whose numbers are published; each part runs where its package is installed."""

import numpy as np
import pytest

from gansmith.evaluate import (
    density_coverage,
    frechet_distance,
    frechet_from_moments,
    inception_score,
    kernel_distance,
    precision_recall,
)

RANDOM = np.random.default_rng(0)
REAL = RANDOM.normal(size=(1200, 24)) @ RANDOM.normal(size=(24, 24)) + 0.5
FAKE = RANDOM.normal(size=(1000, 24)) @ RANDOM.normal(size=(24, 24)) + 0.3


def test_torch_fidelity():
    pytest.importorskip("torch_fidelity")
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    statistics = [metric_fid.fid_features_to_statistics(x) for x in (real, fake)]
    fid = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert frechet_distance(REAL, FAKE) == pytest.approx(float(fid), rel=1e-6)
    whole = {"kid_subsets": 1, "kid_subset_size": 1000, "verbose": False}  # one subset of everything: no chance in it
    kid = metric_kid.kid_features_to_metric(real[:1000], fake, **whole)["kernel_inception_distance_mean"]
    assert kernel_distance(REAL[:1000], FAKE) == pytest.approx(float(kid), rel=1e-6)
    prc = metric_prc.prc_features_to_metric(fake, real, prc_neighborhood=3, verbose=False)
    assert precision_recall(REAL, FAKE, 3) == pytest.approx((prc["precision"], prc["recall"]), rel=1e-6)
    isc = metric_isc.isc_features_to_metric(fake, splits=10, shuffle=False)
    score = inception_score(fake.softmax(1), splits=10)
    assert score[0] == pytest.approx(float(isc["inception_score_mean"]), rel=1e-6)
    assert score[1] == pytest.approx(float(isc["inception_score_std"]), rel=1e-6)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_prdc(k):
    package = pytest.importorskip("prdc")
    theirs = package.compute_prdc(REAL, FAKE, nearest_k=k)
    assert precision_recall(REAL, FAKE, k) == pytest.approx((theirs["precision"], theirs["recall"]), rel=1e-6)
    assert density_coverage(REAL, FAKE, k) == pytest.approx((theirs["density"], theirs["coverage"]), rel=1e-6)


def test_clean_fid():
    fid = pytest.importorskip("cleanfid.fid")
    try:
        theirs = fid.frechet_distance(*(v for x in (REAL, FAKE) for v in (x.mean(0), np.cov(x, rowvar=False))))
    except TypeError as error:  # SciPy 1.18 dropped an argument clean-fid gives to sqrtm
        pytest.skip(str(error))
    assert frechet_distance(REAL, FAKE) == pytest.approx(float(theirs), rel=1e-6)


def test_scipy_square_root():
    """The textbook form, on moments: what every older package computes."""
    linalg = pytest.importorskip("scipy.linalg")
    (mu1, cov1), (mu2, cov2) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (REAL, FAKE))
    root = linalg.sqrtm(cov1 @ cov2).real
    theirs = ((mu1 - mu2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * root)
    assert frechet_from_moments(mu1, cov1, mu2, cov2) == pytest.approx(theirs, rel=1e-9)
