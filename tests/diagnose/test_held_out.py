"""What a look sees, on samplers whose faults are known: the 25 Gaussians, and pictures."""

import numpy as np
import pytest
import torch

from gansmith.data.toys import TOYS
from gansmith.diagnose.artifacts import roughness, unevenness
from gansmith.diagnose.held_out import Reference, centers, chance_of, copies, explained

GRID = TOYS["grid25"]


def points(n, seed, keep=range(25), sd=1.0):
    x, mode = GRID.labelled(4 * n, seed)
    x = GRID.means[mode] + sd * (x - GRID.means[mode])
    return torch.tensor(x[np.isin(mode, list(keep))][:n], dtype=torch.float32)


REFERENCE = Reference(points(512, 0))
PERFECT = REFERENCE.compare(points(512, 1))


def test_a_perfect_sampler_scores_like_real_data():
    other = REFERENCE.compare(points(512, 2))
    for name, value in other.items():
        assert value == pytest.approx(PERFECT[name], abs=0.12), name
    assert other["nearest"] == pytest.approx(1, abs=0.12) and other["spread"] == pytest.approx(1, abs=0.05)
    assert REFERENCE.missing(points(512, 2)) == 0


def test_five_lost_modes_are_seen_by_coverage_variety_and_cells_and_not_by_spread():
    """A knight's pattern keeps mean and covariance: pairwise distances and the Fréchet distance are blind to it."""
    kept = [i for i in range(25) if i not in (0, 7, 14, 16, 23)]
    lost = REFERENCE.compare(points(512, 3, kept))
    assert lost["coverage"] / PERFECT["coverage"] == pytest.approx(0.8, abs=0.05)
    assert lost["vendi"] < 0.93 * PERFECT["vendi"]
    assert lost["precision"] > 0.95 * PERFECT["precision"] and abs(lost["spread"] - 1) < 0.06
    assert REFERENCE.missing(points(512, 3, kept)) > 0.1


def test_shrunken_modes_are_seen_by_the_nearest_distance():
    shrunk = REFERENCE.compare(points(512, 4, sd=0.2))
    assert shrunk["nearest"] == pytest.approx(0.2, abs=0.06) and shrunk["precision"] > PERFECT["precision"]
    assert REFERENCE.missing(points(512, 4, sd=0.2)) < 0.05


def test_noise_is_seen_by_precision_and_collapse_by_everything():
    assert REFERENCE.compare(points(512, 5, sd=3.0))["precision"] < 0.7 * PERFECT["precision"]
    one = REFERENCE.compare(points(512, 6, [12]))
    assert one["coverage"] < 0.06 and one["spread"] < 0.1 and REFERENCE.missing(points(512, 6, [12])) > 0.9


def test_cells_hold_what_belongs_together():
    found = centers(points(512, 0), 25)
    assert torch.cdist(torch.tensor(GRID.means, dtype=torch.float32), found).amin(1).max() < 0.1


def test_copies_are_nearer_than_held_out_reals():
    train = points(400, 0)
    usual = torch.cdist(points(200, 1), train).amin(1)
    ratio, z = copies(train, usual, train[:100])
    assert ratio == 0 and z < -10
    ratio, z = copies(train, usual, points(300, 2))
    assert ratio == pytest.approx(1, abs=0.15) and abs(z) < 3


def test_labels_explain_as_much_as_they_do():
    x = torch.tensor([[0.0], [2.0], [10.0], [12.0]])
    assert explained(x, np.array([0, 0, 1, 1])) == pytest.approx(100 / 104)
    assert explained(x, np.array([0, 1, 0, 1])) == pytest.approx(4 / 104)
    rng = np.random.default_rng(0)
    noise = torch.tensor(rng.standard_normal((2000, 5)))
    labels = rng.integers(0, 10, 2000)
    assert explained(noise, labels) == pytest.approx(chance_of(labels), rel=0.5)


def test_uneven_kernels_are_seen_and_even_ones_are_not():
    torch.manual_seed(0)
    x = torch.randn(400, 8, 12, 12)
    for kernel, low, high in ((3, 3.0, 5.0), (4, 0.9, 1.2), (5, 1.3, 3.0)):
        conv = torch.nn.ConvTranspose2d(8, 1, kernel, 2, kernel // 2)
        torch.nn.init.ones_(conv.weight)
        torch.nn.init.zeros_(conv.bias)
        with torch.no_grad():
            assert low < unevenness(conv(x).numpy()) < high, kernel


def test_blur_is_smooth_and_noise_is_rough():
    noise = np.random.default_rng(0).standard_normal((50, 3, 20, 20))
    blurred = (noise + np.roll(noise, 1, 2) + np.roll(noise, 1, 3) + np.roll(noise, (1, 1), (2, 3))) / 4
    assert roughness(noise) > 0.4 and roughness(blurred) < 0.5 * roughness(noise)
