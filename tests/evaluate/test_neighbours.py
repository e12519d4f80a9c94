"""Precision, recall, density, coverage against closed forms and a plain n x n reference."""

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.evaluate.neighbours import (
    density_coverage,
    distance_ratios,
    expected_coverage,
    neighbour_distances,
    prdc,
    precision_recall,
    realism,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def plain(real, fake, k):
    """All four by full matrices and differences, no trick."""

    def distance(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))

    balls_r, balls_f = (np.sort(distance(x, x), 1)[:, k] for x in (real, fake))
    across = distance(real, fake)
    inside = across <= balls_r[:, None]
    return (
        inside.any(0).mean(),
        (across <= balls_f).any(1).mean(),
        inside.sum() / (k * len(fake)),
        inside.any(1).mean(),
    )


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_against_the_plain_form(shift):
    real, fake = normal(150, 5) + shift, 0.8 * normal(120, 5, seed=1) + shift
    for k in (1, 3, 5):
        p, r, d, c = plain(real, fake, k)
        assert precision_recall(real, fake, k) == pytest.approx((p, r), abs=1e-12)
        assert density_coverage(real, fake, k) == pytest.approx((d, c), abs=1e-12)
        assert prdc(real, fake, k, k) == pytest.approx((p, r, d, c), abs=1e-12)
    assert prdc(real, fake) == (*precision_recall(real, fake), *density_coverage(real, fake))


@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("device", DEVICES)
def test_blocks_and_devices_change_nothing(rows, device):
    real, fake = (torch.tensor(x, device=device) for x in (normal(130, 4).round(1), normal(100, 4, seed=1).round(1)))
    assert prdc(real, fake, rows=rows) == prdc(real.cpu().numpy(), fake.cpu().numpy())


def test_identical_disjoint_and_constant():
    x = normal(100, 6)
    same = prdc(x, x)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert prdc(x, x + 1000) == (0, 0, 0, 0)
    with pytest.warns(UserWarning, match="rows are equal"):
        assert prdc(np.full((20, 3), 0.1), np.full((20, 3), 0.1))[:2] == (1, 1)  # `<=`: `<` would give 0


@pytest.mark.parametrize(
    "n, m, k, expected", [(1000, 1000, 5, 0.968984), (1000, 1000, 3, 0.875375), (500, 2000, 5, 0.999688)]
)
def test_expected_coverage(n, m, k, expected):
    assert expected_coverage(n, m, k) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("d", [1, 16])
def test_coverage_of_a_perfect_model_is_the_expected_one(d):
    values = [density_coverage(normal(200, d, 2 * s), normal(150, d, 2 * s + 1)).coverage for s in range(60)]
    law = expected_coverage(200, 150)
    assert np.mean(values) == pytest.approx(law, abs=3 * np.std(values) / np.sqrt(60))
    assert density_coverage(normal(200, d), normal(150, d, 1) + 3).coverage < law - 0.1  # control: a shifted model


def test_neighbour_distances_and_realism():
    line = torch.tensor([[0.0], [1], [3], [7]], dtype=torch.float64)
    assert neighbour_distances(line, 2).sqrt().tolist() == [[1, 3], [1, 2], [2, 3], [4, 6]]
    x = normal(200, 3)
    inside, outside = realism(x, np.zeros((1, 3))), realism(x, np.full((1, 3), 100.0))
    assert float(inside) > 1 and float(outside) < 0.1
    assert torch.isinf(realism(x, x)).sum() == 100  # on the very centre of each of the smaller half of the balls
    with pytest.raises(UserError, match="smaller k"):
        precision_recall(np.eye(3), np.eye(3), k=3)


def test_distance_ratios():
    x = normal(300, 4)
    assert distance_ratios(x, 0.25 * x) == pytest.approx((0.25, 0.25))
    twice = np.repeat(x[:150], 2, 0)
    assert distance_ratios(x, twice).nearest == 0  # every sample has a copy: pairs hardly move
    assert distance_ratios(x, twice).pairs == pytest.approx(1, abs=0.1)
    with pytest.raises(UserError, match="drop duplicates"):
        distance_ratios(twice, x)
