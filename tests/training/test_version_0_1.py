"""Models and runs that version 0.1 wrote are read: the same samples, the same state, every name as it is now."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import gansmith as gs

pytestmark = pytest.mark.usefixtures("whole_toys")

RUNS = Path(__file__).parents[1] / "runs" / "v0.1"


@pytest.mark.parametrize("name", ["gan", "r3gan"])
def test_a_model_of_0_1_makes_the_samples_that_it_made(name):
    expected = np.load(RUNS / name / "samples.npy")
    assert np.array_equal(gs.load(RUNS / name / "model.gan").sample(len(expected), seed=0), expected)


def test_a_run_of_0_1_goes_on_and_says_what_it_cannot_keep(tmp_path):
    shutil.copytree(RUNS / "gan", tmp_path / "run")
    before = json.loads((tmp_path / "run" / "settings.json").read_text())
    said = []
    rounds = len((tmp_path / "run" / "log.jsonl").read_text().splitlines())
    game = gs.resume(tmp_path / "run", steps=before["options"]["steps"] + 3, say=said.append)
    assert game.trained["finished"] and rounds
    assert "another order" in said[-1] and "0.1.0" in said[-1] and len(said) == 2
    assert game.discriminator_steps == before["settings"]["critic_steps"]
    gs.resume(tmp_path / "run", steps=before["options"]["steps"] + 4, say=said.append)
    assert len(said) == 3, "of what the first resume did, the second says nothing"
