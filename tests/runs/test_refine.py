"""Refined samples of a run, from Python and from the command line."""

import math

import numpy as np
import pytest
from typer.testing import CliRunner

import gansmith as gs
from gansmith.cli.main import app
from gansmith.data.cache import digest
from gansmith.evaluate import grid_modes
from gansmith.refine import ratio
from gansmith.runs.refine import METHODS, refined, summary

QUICK = {"evaluate": False, "diagnose": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A game stopped early: its discriminator knows more than its generator."""
    folder = tmp_path_factory.mktemp("refine") / "run"
    gs.R3GAN(width=64).fit("grid25", steps=1500, out=folder, val=0.1, evaluate=False, diagnose=False)
    return folder


@pytest.fixture(scope="module", autouse=True)
def heads_are_trained_once():
    """Methods that are calibrated on the same items share what was trained for that, most of these tests' time."""
    kept, train = {}, ratio._cross_trained

    def trained(real, fake, width, seed):
        key = digest(real, fake, width, seed)
        if key not in kept:
            kept[key] = train(real, fake, width, seed)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ratio, "_cross_trained", trained)
        yield


@pytest.fixture
def rough_heads(monkeypatch):
    """Where it does not matter what the heads know, they go over their items twice, not up to 200 times."""
    monkeypatch.setattr(ratio, "PASSES", 2)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_what_was_asked_for(run, method):
    budget = {"mala": 3, "mh": 20}.get(method, 4 if method in ("obrs", "sir") else None)
    items, report = refined(run, 50, method=method, budget=budget, seed=0)
    assert items.shape == (50, 2) and np.isfinite(items).all() and report["proposals"] >= 50


def test_obrs_brings_samples_nearer_and_a_budget_of_one_does_not(run):
    plain = grid_modes(gs.load(run).sample(2000, seed=1))
    better = grid_modes(refined(run, 2000, budget=8, seed=1)[0])
    same = grid_modes(refined(run, 2000, budget=1, seed=1)[0])
    assert better.high_quality > 1.3 * plain.high_quality
    assert same.high_quality < 1.15 * plain.high_quality


def test_the_command_line_refines(run, tmp_path):
    out = tmp_path / "x.npy"
    said = CliRunner().invoke(app, ["sample", str(run), "-n", "30", "-o", str(out), "--refine", "obrs", "--seed", "1"])
    assert said.exit_code == 0 and "candidates per sample" in said.output.replace("\n", " ")
    assert "distance to the data" in said.output.replace("\n", " ")
    assert np.load(out).shape == (30, 2)


@pytest.mark.usefixtures("rough_heads")
def test_conditional_games_refine_within_their_classes(tmp_path):
    gs.R3GAN(width=16, conditional=True).fit("digits", steps=3, out=tmp_path / "run", val=0.3, **QUICK)
    items, report = refined(tmp_path / "run", 6, seed=0, label="7")
    assert items.shape == (6, 1, 8, 8) and list(report["classes"]) == [7]


@pytest.mark.parametrize(
    "asked, says",
    [
        ({"method": "obr"}, "Did you mean obrs"),
        ({"path": "model.gan"}, "give the folder of the run"),
        ({"n": 0, "method": "mala"}, "ask for at least one"),
        ({"budget": math.nan}, "--budget nan"),
        ({"budget": math.inf, "method": "mala"}, "--budget inf"),
        ({"budget": 0.5, "method": "mh"}, "--budget 0.5"),
        ({"budget": 3, "method": "drs"}, "--refine drs takes no --budget"),
    ],
)
def test_what_cannot_be_refined_is_said_in_one_line(run, asked, says):
    path = run / asked.pop("path", "")
    with pytest.raises(gs.UserError, match=says):
        refined(path, **{"n": 5} | asked)


@pytest.mark.usefixtures("rough_heads")
def test_a_run_that_held_nothing_or_little_back_is_calibrated_on_training_items_with_a_note(tmp_path):
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(100, 2)))
    for val, there in ((0, "held out: 0 vectors"), (0.1, "held out: 10 vectors")):
        gs.R3GAN(width=16).fit(tmp_path / "points.npy", steps=2, out=tmp_path / f"run{val}", val=val, **QUICK)
        made, report = refined(tmp_path / f"run{val}", 5, budget=1, seed=0)
        assert made.shape == (5, 2) and report["note"].startswith(there) and "--val 0.2" in report["note"]
        assert summary(report).count("\n") == 1 and "training vectors" in summary(report)


@pytest.mark.usefixtures("rough_heads")
def test_a_class_of_which_little_was_held_out_is_named(tmp_path):
    items, labels = np.zeros((200, 2)) + np.arange(200)[:, None] % 7, np.array(["dress"] * 40 + ["shirt"] * 160)
    np.savez(tmp_path / "clothes.npz", x=items.astype(np.float32), labels=labels)
    gs.R3GAN(width=16, conditional=True).fit(tmp_path / "clothes.npz", steps=2, out=tmp_path / "run", val=0.3, **QUICK)
    assert "of class 'dress' vectors" in refined(tmp_path / "run", 5, budget=1, seed=0)[1]["note"]
    alone, report = refined(tmp_path / "run", 5, label="shirt", budget=1, seed=0)
    assert alone.shape == (5, 2) and report["note"] == ""
    np.savez(tmp_path / "few.npz", x=items[35:].astype(np.float32), labels=labels[35:])
    gs.R3GAN(width=16, conditional=True).fit(tmp_path / "few.npz", steps=2, out=tmp_path / "few", val=0.3, **QUICK)
    with pytest.raises(gs.UserError, match="20 per class vectors, and there are . of class 'dress'"):
        refined(tmp_path / "few", 5)


def test_a_class_is_asked_of_an_unconditional_model(tmp_path):
    gs.R3GAN(width=8).fit("digits", steps=1, out=tmp_path / "run", **QUICK)
    with pytest.raises(gs.UserError, match=r"unconditional: retrain with --conditional to ask for a class \(0, 1"):
        gs.load(tmp_path / "run").sample(3, label="7")
    game = gs.R3GAN(width=8).fit(np.zeros((40, 2)) + np.arange(40)[:, None], steps=1)
    with pytest.raises(gs.UserError, match="its data had no classes: .* train with --conditional"):
        game.sample(3, label="cat")
