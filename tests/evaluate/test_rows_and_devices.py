"""Every number that goes by row blocks is the same for blocks of 1, 7 and 64 rows, and on every device there is."""

import inspect

import numpy as np
import pytest
import torch

from gansmith import evaluate
from gansmith.evaluate.neighbours import nearest, own_distances

REAL, FAKE, HELD = (np.random.default_rng(i).normal(i / 4, 1, (90 - 10 * i, 5)) for i in range(3))
BY_ROWS = {
    "kernel_distance": (REAL, FAKE),
    "mmd": (REAL, FAKE),
    "precision_recall": (REAL, FAKE),
    "density_coverage": (REAL, FAKE),
    "prdc": (REAL, FAKE),
    "realism": (REAL, FAKE),
    "distance_ratios": (REAL, FAKE),
    "nearest_pairs": (REAL, FAKE),
    "memorisation": (REAL, HELD, FAKE),
    "one_nearest_neighbour": (REAL, FAKE),
    "parzen_log_likelihood": (REAL, FAKE, 0.7),
}
WHOLE = {
    "frechet_distance": (REAL, FAKE),
    "mind": (REAL, FAKE),
    "vendi_score": (FAKE,),
    "mmd_test": (REAL, FAKE),
    "grid_modes": (FAKE[:, :2],),
}
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def flat(found) -> list:
    """All numbers of a result."""
    parts = found if isinstance(found, tuple) else (found,)
    return np.concatenate([np.ravel(part.cpu() if isinstance(part, torch.Tensor) else part) for part in parts])


@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("name", BY_ROWS)
def test_nothing_depends_on_the_rows_of_a_block(name, rows):
    number = getattr(evaluate, name)
    np.testing.assert_allclose(flat(number(*BY_ROWS[name], rows=rows)), flat(number(*BY_ROWS[name])), rtol=1e-9)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", [*BY_ROWS, *WHOLE])
def test_devices_agree(name, device):
    number, given = getattr(evaluate, name), (BY_ROWS | WHOLE)[name]
    there = [torch.tensor(x, device=device) if isinstance(x, np.ndarray) else x for x in given]
    np.testing.assert_allclose(flat(number(*there)), flat(number(*given)), rtol=1e-5)


def test_all_that_takes_rows_is_here():
    functions = [name for name in evaluate.__all__ if inspect.isfunction(getattr(evaluate, name))]
    takes = {name for name in functions if "rows" in inspect.signature(getattr(evaluate, name)).parameters}
    assert takes == set(BY_ROWS)


def test_the_nearest_other_point_is_never_the_point_itself():
    x = torch.tensor(REAL)
    index = torch.tensor([3, 0, 89])
    expected = [nearest(x[i : i + 1], torch.cat([x[:i], x[i + 1 :]]))[0].item() for i in index]
    np.testing.assert_allclose(own_distances(x, index), expected, rtol=1e-9)
    for rows in (1, 2):
        np.testing.assert_allclose(own_distances(x, index, rows=rows), expected, rtol=1e-9)
