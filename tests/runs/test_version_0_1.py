"""Runs and models of version 0.1 load, sample as they did, and resume. They are in `v0.1/`, made by that version."""

import shutil
from pathlib import Path

import numpy as np
import pandas
import pytest

import gansmith as gs
from gansmith.training.folder import RunFolder
from gansmith.training.version_0_1 import renamed

RUNS = Path(__file__).parent / "v0.1"
NAMES = sorted(path.name for path in RUNS.iterdir())

pytestmark = pytest.mark.usefixtures("whole_toys")  # as the runs saw them


@pytest.mark.parametrize("name", NAMES)
def test_a_model_samples_as_it_did(name):
    game = gs.load(RUNS / name / "model.gan")
    made = game.sample(4, seed=0)
    if name == "ctgan":
        wanted = pandas.read_csv(RUNS / name / "samples.csv")
        assert made.round(3).astype(str).equals(wanted.round(3).astype(str))
    else:
        assert np.allclose(made, np.load(RUNS / name / "samples.npy"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_resumes(name, tmp_path):
    run = tmp_path / name
    shutil.copytree(RUNS / name, run)
    before = RunFolder(run).read_log()
    steps = before[-1]["step"] + 4
    game = gs.resume(run, data=run / "people.csv" if name == "ctgan" else None, steps=steps)
    assert game.trained["rounds"] == steps
    names = set(game.history[-1])
    assert not any("critic" in number or "slope" in number for row in game.history for number in row)
    assert "discriminator/adversarial" in names and game.history[: len(before)] == before


def test_names_of_0_1_are_those_of_today():
    old = {"game": {"usual": 1, "generator.said.0.weight": 2, "reader.embed.weight": 3, "eyes.body.0.bias": 4}}
    new = {"lecam_ema": 1, "generator.text_embedding.0.weight": 2}
    new |= {"text_encoder.embed.weight": 3, "feature_net.body.0.bias": 4}
    assert renamed(old) == {"game": new}
    assert renamed({"critic/real": 1.0, "discriminator/real": 2.0}) == {
        "discriminator/real": 1.0,
        "discriminator/cost_real": 2.0,
    }
    assert renamed({"critic/slope_real": 1.0, "reader/found": 2.0, "unusual": 3, "readers": 4}) == {
        "discriminator/gradient_norm_real": 1.0,
        "text_encoder/found": 2.0,
        "unusual": 3,
        "readers": 4,
    }
