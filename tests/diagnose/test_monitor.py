"""Runs under watch: found while they train, answered as asked, the same numbers with and without."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.diagnose import Probes
from gansmith.testing import assert_same
from gansmith.training.folder import RunFolder

HOW = {"batch_size": 32, "precision": "fp32", "device": "cpu"}
SMALL = {"width": 16, "latent": 2}


def ring(n=3000):
    return gs.read("ring8").raw(torch.arange(n))


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


class Frozen(gs.R3GAN):
    def schedule(self, player, optimizer):
        super().schedule(player, optimizer)
        if player == "generator":
            optimizer.param_groups[0]["lr"] = 0.0


class Infected(gs.R3GAN):
    """From half-time on, every loss is NaN."""

    def generator_loss(self, batch):
        terms = super().generator_loss(batch)
        return {name: value * (float("nan") if self.progress > 0.5 else 1) for name, value in terms.items()}


def test_watching_changes_nothing():
    plain = gs.R3GAN(**SMALL).fit(ring(), steps=30, **HOW)
    watched = gs.R3GAN(**SMALL).fit(ring(), steps=30, probes=[Probes(every=10)], **HOW)
    assert_same(plain.state_dict(), watched.state_dict(), "probes changed the run")
    assert sum("look/coverage" in row for row in watched.history) == 3
    assert "level/coverage" in watched.history[0] and "look/coverage" not in plain.history[0]


def test_looks_are_the_same_each_time_and_of_real_data_say_one():
    class Perfect(gs.R3GAN):
        def sample(self, n, *, seed=None, **conditions):
            return ring(20_000)[-n:]

    rows = [Perfect(**SMALL).fit(ring(), steps=1, probes=[Probes(10)], **HOW).history[0] for _ in range(2)]
    assert {k: v for k, v in rows[0].items() if k[:5] == "look/"} == {
        k: v for k, v in rows[1].items() if k[:5] == "look/"
    }
    for name in ("coverage", "precision", "nearest", "vendi", "spread"):
        assert rows[0][f"look/{name}"] >= rows[0][f"level/{name}"]
        assert rows[0][f"look/{name}"] == pytest.approx(1, abs=0.15)
    assert rows[0]["look/copies"] == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("settings", [{"packing": 2}, {"minibatch": "discrimination"}, {"lecam": 0.1}])
def test_runs_with_remedies_are_watched_like_any_other(settings):
    """And every fourth look asks whether the game turns, which changes nothing either."""
    how = HOW | {"steps": 50, "probes": [Probes(every=10)]}
    rows = gs.R3GAN(**SMALL, **settings).fit(ring(), **how).history
    turns = [row["look/rotation"] for row in rows if "look/rotation" in row]
    assert len(turns) == 1 and -1 <= turns[0] <= 1
    assert ("look/company" in rows[0]) == ("packing" not in settings)
    assert rows[0].get("look/company", 0.0) < 1e-3  # a score is an item's own, whatever D sees in training


def test_rounding_is_measured_in_bf16_only():
    exact = gs.R3GAN(**SMALL).fit(ring(), steps=1, probes=[Probes(10)], **HOW).history[0]
    rough = gs.R3GAN(**SMALL).fit(ring(), steps=1, probes=[Probes(10, precision="bf16")], **HOW).history[0]
    assert "look/rounding" not in exact and 0 < rough["look/rounding"] < 0.5


def test_a_frozen_generator_is_found_and_stops_the_run(tmp_path):
    game = Frozen(**SMALL).fit(ring(), steps=200, out=tmp_path / "run", on_failure="stop", **HOW)
    assert not game.trained["finished"] and game.trained["rounds"] < 20
    (found, *_) = gs.diagnose.run(tmp_path / "run")
    assert found.name == "frozen-generator" and found.severity == "failure" and found.step <= 3
    bundle = {path.name for path in (tmp_path / "run" / "post-mortem").iterdir()}
    assert {"log.jsonl", "settings.json", "findings.json", "checkpoint", "samples.png"} <= bundle


def test_the_default_only_warns(tmp_path):
    game = Frozen(**SMALL).fit(ring(), steps=60, out=tmp_path / "run", **HOW)
    assert game.trained["finished"]
    assert lines(tmp_path / "run" / "findings.jsonl")[0]["name"] == "frozen-generator"


def test_a_run_that_crashed_can_be_diagnosed(tmp_path):
    with pytest.raises(gs.training.loop.Diverged):
        Infected(**SMALL).fit(ring(), steps=300, out=tmp_path / "run", **HOW)
    (found, *_) = gs.diagnose.run(tmp_path / "run")
    assert found.name == "divergence" and found.severity == "failure" and 150 <= found.step <= 210
    assert found.change["learning_rate"] == pytest.approx(1e-3)


def test_unwatched_runs_and_folders_that_are_no_runs(tmp_path):
    Frozen(**SMALL).fit(ring(), steps=10, out=tmp_path / "run", diagnose=False, **HOW)
    assert not (tmp_path / "run" / "findings.jsonl").exists() and gs.diagnose.run(tmp_path / "run") == []
    with pytest.raises(gs.UserError, match="not a run"):
        gs.diagnose.run(tmp_path)
    with pytest.raises(gs.UserError, match="choose one of warn, stop, rollback"):
        gs.R3GAN(**SMALL).fit(ring(), steps=10, on_failure="panic", **HOW)


class Sabotaged(gs.R3GAN):
    """Somebody sets the step size a thousand times too high at half-time, once."""

    def schedule(self, player, optimizer):
        if self.progress > 0.5 and not getattr(self, "done", False):
            self.learning_rate *= 1000
            self.learning_rate_end *= 1000
            self.done = True
        super().schedule(player, optimizer)


class Upset(gs.R3GAN):
    """Nobody touches a setting, and at half-time the critic's weights are thrown far away, once."""

    def moved(self, player):
        if self.progress > 0.5 and player == "discriminator" and not getattr(self, "done", False):
            self.done = True
            with torch.no_grad():
                for p in self.discriminator.parameters():
                    p *= 100
        super().moved(player)


@pytest.mark.parametrize(
    ("cause", "rate"),
    [
        (Sabotaged, 2e-3),  # what somebody changed since is put back
        (Upset, 1e-3),  # nobody did: half of 2e-3
    ],
)
def test_rollback_restores_changes_and_goes_on(cause, rate, tmp_path, monkeypatch):
    monkeypatch.setattr("gansmith.runs.train.look_interval", lambda *args: 10)
    folder = tmp_path / "run"
    game = cause(**SMALL).fit(ring(), steps=300, out=folder, on_failure="rollback", **HOW)
    actions = [row for row in lines(folder / "findings.jsonl") if "action" in row]
    assert game.trained["finished"] and game.trained["rounds"] == 300 and len(actions) == 1
    assert actions[0]["because"] == "divergence" and actions[0]["to"] <= 150 < actions[0]["failed_at"] <= 210
    assert actions[0]["change"]["learning_rate"] == pytest.approx(rate)
    about = json.loads((folder / "settings.json").read_text())
    assert about["settings"]["learning_rate"] == pytest.approx(rate) and about["interventions"] == actions
    steps = [row["step"] for row in lines(folder / "log.jsonl")]
    assert steps == sorted(set(steps)) and steps[-1] > 290
    weights = [p.abs().max().item() for p in game.generator.parameters()]
    assert max(weights) < 5 and np.isfinite(game.sample(10, seed=0)).all()
    assert any(f.name == "divergence" for f in gs.diagnose.run(folder))  # what happened is not forgotten


def test_rollback_with_nothing_to_go_back_to_stops(tmp_path):
    game = Frozen(**SMALL).fit(ring(), steps=100, out=tmp_path / "run", on_failure="rollback", **HOW)
    assert not game.trained["finished"] and ": failure since step" in game.trained["enough"]


def test_what_was_found_after_the_last_save_is_found_again_once(tmp_path):
    """A kill between a finding and the next save: no line twice, and what led to a rollback stays."""
    folder, state = RunFolder(tmp_path), SimpleNamespace(round=7)
    rows = [
        {"name": "a", "found_at": 22}, {"action": "rollback", "failed_at": 22, "to": 3}, {"name": "b", "found_at": 7},
        {"name": "c", "found_at": 8},
    ]  # fmt: skip
    folder.findings.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"name": "d", "fou')
    folder.continue_findings(state)
    assert [json.loads(line) for line in folder.findings.read_text().splitlines()] == rows[:3]


def test_a_post_mortem_is_whole_or_not_there(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt  # as a kill would, between its first file and its last

    monkeypatch.setattr("gansmith.diagnose.monitor.shutil.copy", stopped)
    with pytest.raises(KeyboardInterrupt):
        Frozen(**SMALL).fit(ring(), steps=200, out=tmp_path / "run", on_failure="stop", **HOW)
    assert not (tmp_path / "run" / "post-mortem").exists()
    monkeypatch.undo()
    game = gs.resume(tmp_path / "run", data=ring(), game=Frozen)
    assert not game.trained["finished"] and (tmp_path / "run" / "post-mortem" / "checkpoint").is_file()
    assert not list((tmp_path / "run").glob("*.part"))
