"""Runs on tables are looked at like others: rows as numbers, the critic's score of each row by itself."""

import numpy as np
import torch

import gansmith as gs
from gansmith.diagnose.dynamics import rotation
from gansmith.diagnose.probes import Probes
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
