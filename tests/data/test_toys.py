import numpy as np
import pytest

from gansmith.data import read, toys
from gansmith.data.toys import TOYS


@pytest.mark.parametrize("name", ["mixture2", "mixture4"])
def test_density_in_one_dimension_integrates_to_one(name):
    x = np.linspace(-12, 12, 24_001)
    assert TOYS[name].density(x).sum() * 1e-3 == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("name", "step"), [("ring8", 0.01), ("swissroll", 0.025)])
def test_density_in_the_plane_integrates_to_one(name, step):
    axis = np.arange(-2.5, 2.5, step)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    assert TOYS[name].density(points).sum() * step**2 == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", ["ring8", "grid25", "mixture2", "mixture4"])
def test_points_follow_the_density(name):
    """E[p(x)] over points of p is the integral of p squared: for Gaussians sum_ij w_i w_j N(m_i - m_j; 0, 2 sd^2)."""
    toy, d = TOYS[name], TOYS[name].means.shape[1]
    square = ((toy.means[:, None] - toy.means) ** 2).sum(2)
    pairs = np.exp(-square / (4 * toy.sd**2)) / (4 * np.pi * toy.sd**2) ** (d / 2)
    wanted = toy.weights @ pairs @ toy.weights
    x = toy.sample(20_000, seed=1)
    assert toy.density(x).mean() == pytest.approx(wanted, rel=0.01)
    assert toy.density(x + 0.5 * toy.sd).mean() < 0.95 * wanted  # the control: shifted points do not fit


def test_one_gaussian_of_the_grid_in_closed_form():
    toy = TOYS["grid25"]
    at_a_mean = 1 / (25 * 2 * np.pi * 0.05**2)
    assert toy.density([[2.0, -4.0]])[0] == pytest.approx(at_a_mean, rel=1e-12)
    assert toy.log_density([[2.1, -4.0]])[0] == pytest.approx(np.log(at_a_mean) - 2, rel=1e-9)


def test_swissroll_density_against_a_histogram():
    toy = TOYS["swissroll"]
    x = toy.sample(400_000, seed=0)
    on_it = np.array([-0.3 * np.pi, 0])  # t = 3 pi
    here = (np.abs(x - on_it) < 0.05).all(1).mean() / 0.1**2
    inside = np.linspace(-0.045, 0.045, 10)
    grid = on_it + np.stack(np.meshgrid(inside, inside), -1).reshape(-1, 2)
    assert toy.density(grid).mean() == pytest.approx(here, rel=0.05)


def test_read_by_name():
    data = read("grid25")
    assert len(data) == toys.POINTS and data.spec.kind == "vectors" and len(data.spec.classes) == 25
    toy = TOYS["grid25"]
    label = data.fields["label"]
    away = (data.fields["real"] - toy.means[label]) / toy.sd
    assert away.std() == pytest.approx(1, abs=0.01) and abs(away).max() < 6
    assert read("ring8").digest == read("ring8").digest != data.digest
    assert read("swissroll", limit=500).fields["real"].shape == (500, 2)
