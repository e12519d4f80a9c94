"""Runs on tables are looked at like others: rows as numbers, the critic's score of each row by itself."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.images import Images
from gansmith.diagnose.dynamics import rotation
from gansmith.diagnose.probes import Probes, default_features
from gansmith.testing import begin, made_up_table, rounds


def test_a_look_at_rows():
    state = begin(gs.CTGAN, made_up_table(400), {"width": 16, "latent": 8}, 0)
    state.data, state.held = state.data.split(0.2)
    rounds(state, 1)
    rng = torch.get_rng_state()
    row = Probes(1).look(state)
    rotation(state)  # whose batch of rows is drawn by chance
    assert torch.equal(rng, torch.get_rng_state())
    assert {"look/coverage", "look/precision", "look/copies", "look/held_gap", "look/company"} <= row.keys()
    assert np.isfinite(list(row.values())).all() and row["look/company"] < 1e-4


@pytest.mark.parametrize("grey", [np.zeros((60, 1, 1, 1)), np.arange(60).reshape(-1, 1, 1, 1) * 4], ids=["one", "many"])
@pytest.mark.parametrize("conditional", [False, True])
def test_a_look_at_pictures_of_one_colour(grey, conditional):
    real = np.broadcast_to(grey, (60, 1, 16, 16)).astype(np.uint8)
    data = Dataset(Images((1, 16, 16), ("a", "b")), {"real": real, "label": np.arange(60) % 2})
    state = begin(gs.DCGAN, data, {"width": 4, "conditional": conditional}, 0)
    rounds(state, 1)
    row = Probes(1).look(state)
    assert "look/coverage" in row and "look/roughness" not in row
    assert np.isfinite([value for name, value in row.items() if name.startswith("look/")]).all()


@pytest.mark.parametrize("shape, numbers", [((3, 32, 8), 3 * 16 * 8), ((1, 24, 8, 8), 16 * 8 * 8)])
def test_bytes_of_pictures_and_of_volumes_are_shrunk(shape, numbers):
    for most in (1, 255):
        items = np.full((4, *shape), most, np.uint8)
        assert (default_features(items)(items) == 1).all() and default_features(items)(items).shape == (4, numbers)
