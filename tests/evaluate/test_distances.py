"""Closed forms of the distances; populations through the Gaussian entry point, samples where an identity is exact."""

import math

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.evaluate.distances import Moments, frechet_distance, frechet_from_moments, kernel_distance, mind, mmd

pytestmark = pytest.mark.filterwarnings("ignore:Fréchet distance from")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def normal(n, d, seed=0, **kw):
    return np.random.default_rng(seed).normal(size=(n, d), **kw)


def quantiles(n):
    """n points that stand for a standard normal, each with the same weight."""
    return torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)


def turn(degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


@pytest.mark.parametrize(
    "mu1, cov1, mu2, cov2, expected",
    [
        ([0, 0], np.eye(2), [3, 4], np.eye(2), 25),
        ([0, 0, 0], 4 * np.eye(3), [1, 1, 1], 9 * np.eye(3), 6),
        ([0, 0, 0], np.diag([1, 4, 9]), [0, 0, 0], np.diag([16, 25, 36]), 27),
        ([1, 0], [[2, 1], [1, 2]], [0, 1], [[5, 4], [4, 5]], 14 - 6 * math.sqrt(3)),
        ([0, 0], np.diag([1, 4]), [0, 0], [[2, 1], [1, 2]], 9 - 2 * math.sqrt(10 + 4 * math.sqrt(3))),
        ([0, 0], np.diag([1, 0]), [0, 0], np.diag([0, 1]), 2),
        ([0, 0, 0], np.diag([4, 0, 0]), [0, 0, 0], np.eye(3), 3),
        ([0, 0], np.diag([9, 1]), [0, 0], turn(45) @ np.diag([9, 1]) @ turn(-45), 20 - 4 * math.sqrt(17)),
        ([0, 0], [[1, 0.6], [0.6, 1]], [0, 0], [[1, -0.6], [-0.6, 1]], 0.8),
    ],
)
def test_frechet_of_gaussians(mu1, cov1, mu2, cov2, expected):
    cov1, cov2 = np.array(cov1, float), np.array(cov2, float)
    assert frechet_from_moments(mu1, cov1, mu2, cov2) == pytest.approx(expected, rel=1e-9)
    assert frechet_from_moments(mu2, cov2, mu1, cov1) == pytest.approx(expected, rel=1e-9)
    q = np.linalg.qr(normal(len(mu1), len(mu1)))[0]
    turned = frechet_from_moments(q @ mu1, q @ cov1 @ q.T, q @ mu2, q @ cov2 @ q.T)
    assert turned == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [300, 20])  # eigen-route, and nuclear norm with n < d
def test_frechet_of_samples(n):
    x, shift = normal(n, 32) + 0.5, normal(1, 32, seed=1)
    assert frechet_distance(x, x) < 1e-9
    assert frechet_distance(x, x[::-1]) < 1e-9
    assert frechet_distance(x, x + shift) == pytest.approx((shift**2).sum(), rel=1e-9)
    scaled = 2.25 * ((x.mean(0) ** 2).sum() + x.var(0, ddof=1).sum())
    assert frechet_distance(x, 2.5 * x) == pytest.approx(scaled, rel=1e-9)
    y, q = normal(n, 32, seed=2), np.linalg.qr(normal(32, 32))[0]
    assert frechet_distance(x @ q, y @ q) == pytest.approx(frechet_distance(x, y), rel=1e-9)


def test_frechet_routes_agree_where_both_hold():
    x, y = normal(40, 32), 1.5 * normal(40, 32, seed=1)
    a, b = ((z - z.mean(0)) / math.sqrt(39) for z in (x, y))
    nuclear = ((x.mean(0) - y.mean(0)) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * np.linalg.norm(a @ b.T, "nuc")
    assert frechet_distance(x, y) == pytest.approx(nuclear, rel=1e-9)
    dead = np.hstack([x, np.ones((40, 4))]), np.hstack([y, np.ones((40, 4))])  # constant features add nothing
    assert frechet_distance(*dead) == pytest.approx(nuclear, rel=1e-9)


def test_frechet_with_a_large_mean():
    x, y = normal(2000, 8), 2 * normal(2000, 8, seed=1)
    assert frechet_distance(x + 1e4, y + 1e4) == pytest.approx(frechet_distance(x, y), rel=1e-6)
    single = torch.tensor(x + 1000, dtype=torch.float32)  # float32 in, float64 inside
    assert frechet_distance(single, single.double()) < 1e-9


def test_frechet_bias_law():
    """E = (2d + d(d+1)/2)/n between two samples of one Gaussian; the control, a shifted one, must not obey it."""
    d, n = 4, 500
    values = [frechet_distance(normal(n, d, 2 * s), normal(n, d, 2 * s + 1)) for s in range(200)]
    law = (2 * d + d * (d + 1) / 2) / n
    assert np.mean(values) == pytest.approx(law, rel=0.08)
    assert frechet_distance(normal(n, d), normal(n, d, 1) + 0.3) > 3 * law


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_nothing_depends_on_the_batch(batch):
    x, y = normal(200, 6) + 50, 1.3 * normal(150, 6, seed=1) + 50
    moments = [Moments(), Moments()]
    for moment, z in zip(moments, (x, y)):
        for start in range(0, len(z), batch):
            moment.add(z[start : start + batch])
    streamed = frechet_from_moments(*(v for m in moments for v in (m.mean, m.covariance)))
    assert streamed == pytest.approx(frechet_distance(x, y), rel=1e-9)
    assert kernel_distance(x, y, rows=batch) == pytest.approx(kernel_distance(x, y), rel=1e-9)
    assert mmd(x, y, rows=batch) == pytest.approx(mmd(x, y), rel=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_devices_agree(device):
    x, y = normal(300, 16), normal(200, 16, seed=1) + 0.2
    tensors = [torch.tensor(z, device=device) for z in (x, y)]
    for number in (frechet_distance, kernel_distance, mind, mmd):
        assert number(*tensors) == pytest.approx(number(x, y), rel=1e-5)


def test_kernel_distance():
    assert kernel_distance(np.eye(2), 2 * np.eye(2)) == pytest.approx(-7, abs=1e-12)
    assert kernel_distance([[0.0], [1]], [[1.0], [2]]) == pytest.approx(9.5, abs=1e-12)
    x = quantiles(6000)[:, None]  # populations: N(0, 1) against N(1, 1), and against N(0, 4)
    assert kernel_distance(x, x + 1) == pytest.approx(22, rel=0.01)
    assert kernel_distance(x, 2 * x) == pytest.approx(27, rel=0.01)


def test_kernel_distance_is_unbiased():
    values = [kernel_distance(normal(50, 5, 2 * s), normal(40, 5, 2 * s + 1)) for s in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(300)
    assert min(values) < 0


def test_mmd():
    closed = 2 / 3 * (1 - math.exp(-1 / 6))
    assert closed == pytest.approx(0.1023455167, abs=1e-10)
    x = torch.cartesian_prod(quantiles(50), quantiles(50))
    assert mmd(x, x + torch.tensor([1.0, 0.0]), bandwidth=1.0, biased=True) == pytest.approx(closed, abs=1e-3)
    values = [mmd(normal(400, 2, 2 * s), normal(400, 2, 2 * s + 1) + [1, 0], bandwidth=1.0) for s in range(30)]
    assert np.mean(values) == pytest.approx(closed, abs=3 * np.std(values) / math.sqrt(30))


def test_mind():
    x = normal(2000, 8)
    assert mind(x, x) == 0
    line = normal(500, 1)
    assert mind(line, line + 2) == pytest.approx(12, rel=1e-9)  # in one dimension no direction is random
    assert mind(x, x + 0.5) == pytest.approx(3 * 8 * 0.25, rel=0.1)
    assert mind(x, 3 * x) == pytest.approx(3 * (4 * x**2).sum(1).mean(), rel=0.05)
    assert mind(x, 2 * normal(2000, 8, seed=1)) == pytest.approx(24, rel=0.1)  # 3 d (2 - 1)^2
    assert mind(x, x[:700], seed=3) == mind(x, x[:700], seed=3) != mind(x, x[:700], seed=4)


@pytest.mark.parametrize("n, m", [(7, 7), (6, 4), (9, 2), (5, 8)])
def test_mind_of_unequal_counts_is_the_distance_of_repeated_points(n, m):
    x, y = normal(n, 3), normal(m, 3, seed=1) + 1
    assert mind(x, y) == pytest.approx(mind(np.repeat(x, m, 0), np.repeat(y, n, 0)), rel=1e-9)


@pytest.mark.parametrize("number", [frechet_distance, kernel_distance, mind, mmd])
@pytest.mark.parametrize(
    "real, fake, words",
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "at least 2 rows"),
        (np.eye(3), np.full((5, 3), np.nan), "NaN or infinity"),
        (np.eye(3), np.eye(4), "same extractor"),
        (np.eye(3), np.ones(3), r"x\[:, None\]"),
        (np.eye(3), np.ones((2, 1, 4, 4)), "reshape"),
        (np.eye(3), [["a"], ["b"]], "table of numbers"),
    ],
)
def test_bad_input(number, real, fake, words):
    with pytest.raises(UserError, match=words):
        number(real, fake)


def test_warnings_that_say_what_to_do():
    with pytest.warns(UserWarning, match="use kernel_distance or mind"):
        frechet_distance(normal(20, 8), normal(20, 8, seed=1))
    with pytest.warns(UserWarning, match="rows are equal"):
        assert kernel_distance(np.ones((9, 3)), np.ones((9, 3))) == pytest.approx(0, abs=1e-12)
    with pytest.raises(UserError, match="means and covariances"):
        frechet_from_moments([0, 0], np.eye(3), [0, 0], np.eye(2))
    with pytest.raises(UserError, match="two rows or more"):
        _ = Moments().add(np.ones((1, 2))).covariance
