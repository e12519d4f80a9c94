"""The watch changes nothing, keeps the best generator, knows when to stop, and is exact on resume."""

import json
import signal

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.vectors import Vectors
from gansmith.runs import quality as worth
from gansmith.runs.quality import Watch, trail

SETTINGS, HOW = (
    {"latent": 2, "width": 16},
    {"steps": 60, "batch_size": 32, "seed": 0, "precision": "fp32", "diagnose": False},
)


class Clock:
    """Stands in for a state of training whose samples get better until round 30, then worse."""

    conditional = False
    spec = Vectors((2,))

    class Ranks:
        first = True

    class Average:
        def playing(self, game):
            from contextlib import nullcontext

            return nullcontext(game)

    class Data:
        spec = Vectors((2,))

        def __init__(self, items):
            self.items = items

        def __len__(self):
            return len(self.items)

        def raw(self, index):
            return self.items[index]

    def __init__(self, items):
        self.ranks, self.average, self.data, self.held = self.Ranks(), self.Average(), self.Data(items), None
        self.round, self.seconds, self.samples, self.enough = 0, 1.0, 0, ""
        self.game, self.saved, self.history = self, [], []

    def sample(self, n, seed):
        return np.random.default_rng(seed).normal(size=(n, 2)) + abs(self.round - 31) / 10

    def save(self, path):
        self.saved.append((self.round, path))


@pytest.fixture
def clock():
    return Clock(np.random.default_rng(1).normal(size=(600, 2)))


def measured(clock, watch, rounds):
    for clock.round in rounds:
        found = watch(clock, {})
        clock.history.append({"step": clock.round} | found)
    return [row for row in clock.history if len(row) > 1]


def test_the_best_is_kept(clock, tmp_path):
    rows = measured(clock, Watch(10, n=200, best=tmp_path / "best.gan"), range(1, 71, 5))
    assert [row["step"] for row in rows] == [11, 21, 31, 41, 51, 61]  # every tenth after the first
    assert [step for step, _ in clock.saved] == [11, 21, 31]
    assert rows[2]["evaluate/mind"] < 3 * rows[2]["evaluate/mind-of-reals"] < rows[5]["evaluate/mind"]
    assert rows[2]["evaluate/coverage"] > rows[5]["evaluate/coverage"]


@pytest.mark.parametrize("patience, last", [(1, 41), (3, 61), (None, None)])
def test_patience_counts_measurements_since_the_best(clock, patience, last):
    stopped = None
    watch = Watch(10, n=200, patience=patience)
    for step in range(1, 102, 10):
        measured(clock, watch, [step])
        if clock.enough and stopped is None:
            stopped = step
            assert "since step 31" in clock.enough
    assert stopped == last


def test_what_was_best_comes_back_with_the_log(clock, tmp_path):
    measured(clock, Watch(10, n=200, best=tmp_path / "x"), [1, 11, 21, 31])
    again = Clock(clock.data.items)
    again.history = json.loads(json.dumps(clock.history))
    measured(again, Watch(10, n=200, best=tmp_path / "x", patience=2), [41, 51])
    assert not again.saved and again.enough


@pytest.fixture(autouse=True)
def a_program_that_handles_sigterm():
    """What `fit` hands on, once all is saved, is no end of the tests."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def often(monkeypatch):
    """Runs measure every tenth round, however short they are."""
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
    monkeypatch.setattr(worth, "intervals", lambda *_: (10, 100))


def log(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_in_a_run_it_changes_nothing_and_is_exact_on_resume(often, tmp_path):
    def stop(state, row):
        if row["step"] == 25:
            signal.raise_signal(signal.SIGTERM)

    alone = gs.GAN(**SETTINGS).fit("ring8", out=tmp_path / "alone", evaluate=False, **HOW)
    whole = gs.GAN(**SETTINGS).fit("ring8", out=tmp_path / "whole", **HOW)
    gs.GAN(**SETTINGS).fit("ring8", out=tmp_path / "halves", watch=stop, **HOW)
    torch.manual_seed(999)
    gs.resume(tmp_path / "halves")
    assert np.array_equal(whole.sample(20, seed=1), alone.sample(20, seed=1))
    assert log(tmp_path / "whole") == log(tmp_path / "halves")
    assert [step for _, step in trail(log(tmp_path / "whole"))] == [11, 21, 31, 41, 51]
    assert trail(log(tmp_path / "alone")) == [] and not (tmp_path / "alone" / "best.gan").exists()
    best = [gs.load(tmp_path / name / "best.gan") for name in ("whole", "halves")]
    assert best[0].trained["rounds"] == min(trail(log(tmp_path / "whole")))[1] == best[1].trained["rounds"]
    assert np.array_equal(best[0].sample(9, seed=0), best[1].sample(9, seed=0))


def test_a_run_out_of_patience_is_finished(often, tmp_path):
    game = gs.GAN(**SETTINGS, learning_rate=0.0).fit("ring8", out=tmp_path / "run", patience=2, **HOW)
    assert game.trained["finished"] and game.trained["rounds"] == 31, "nothing ever gets better without steps"
    assert "no better MIND in 2 measurements since step 11" in game.trained["enough"]


def test_conditional_samples_have_the_labels_of_the_reals(often, tmp_path):
    gs.GAN(**SETTINGS, conditional=True).fit("digits", out=tmp_path / "run", **(HOW | {"steps": 12}))
    assert len(trail(log(tmp_path / "run"))) == 1


@pytest.mark.parametrize("options", [{"patience": 0}, {"patience": 3, "evaluate": False}, {"patience": 3}])
def test_patience_needs_measurements(options, tmp_path):
    with pytest.raises(gs.UserError, match="patience="):  # the last: a run too short for two of them
        gs.GAN(**SETTINGS).fit("ring8", out=tmp_path / "run", **HOW, **options)
    assert not list(tmp_path.iterdir())


def test_the_interval_keeps_to_its_share(monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr(worth.time, "perf_counter", lambda: float(next(ticks)))  # a measurement of 500 takes a second
    game = gs.GAN(**SETTINGS)

    def fresh():
        from gansmith.distributed.ranks import Ranks
        from gansmith.runs.options import Options
        from gansmith.runs.train import make_state

        return make_state(game.copy(), gs.read("ring8"), Options(), torch.device("cpu"), Ranks(torch.device("cpu")))

    assert worth.intervals(fresh, 10, 10_000, 5.0) == (0, 0)
    assert worth.intervals(fresh, 10, 10_000, 70.0) == (0, 0), "3.5 s: not even two beside the preparation"
    every, n = worth.intervals(fresh, 10, 10_000, 200.0)
    assert (every, n) == (1240, 500), "10 s: two to prepare, eight measurements"
    every, n = worth.intervals(fresh, 10, 10_000, 10_000.0)
    assert n == 5000 and every % 10 == 0 and 10_000 / every * 10**1.3 <= 0.05 * 10_000


def test_the_best_rows_are_the_most_useful_ones(tmp_path):
    import pandas as pd

    rng = np.random.default_rng(0)
    a = rng.standard_normal(1200)
    frame = pd.DataFrame({"a": a, "b": a + 0.1 * rng.standard_normal(1200), "c": rng.standard_normal(1200)})
    gan = gs.CTGAN(width=16).fit(
        gs.read(frame, form="table"), steps=40, batch_size=50, val=0.2, out=tmp_path / "run", evaluate=False,
        probes=[Watch(10, n=200, best=tmp_path / "best.gan")], diagnose=False,
    )  # fmt: skip
    measured = [row for row in gan.history if "evaluate/usefulness" in row]
    assert len(measured) >= 3 and all(0.9 < row["evaluate/usefulness-of-reals"] <= 1 for row in measured)
    assert all(row["evaluate/usefulness"] < 0.9 for row in measured)
    best = max(measured, key=lambda row: row["evaluate/usefulness"])
    assert gs.load(tmp_path / "best.gan").trained["rounds"] == best["step"] == min(trail(gan.history))[1]


@pytest.mark.parametrize("edited", [{"measure_items": 0}, {"val": 0.99}])
def test_a_run_whose_settings_leave_nothing_to_measure_goes_on(edited, tmp_path):
    run = tmp_path / "run"
    items = np.random.default_rng(0).standard_normal((130, 2)).astype(np.float32)
    gs.GAN(width=8, latent=2).fit(items, steps=4, batch_size=1, out=run, evaluate=False, diagnose=False)
    settings = json.loads((run / "settings.json").read_text())
    settings["options"] |= {"measure_every": 1, "measure_items": 50, "log_every": 1} | edited
    (run / "settings.json").write_text(json.dumps(settings))
    gan = gs.resume(run, data=items, steps=8)
    assert gan.trained["rounds"] == 8 and not any("evaluate/mind" in row for row in gan.history)
