"""The watch keeps to its share of the time, changes nothing, and keeps the best generator."""

import numpy as np
import pytest

import gansmith as gs
from gansmith.evaluate.watch import Watch


class Clock:
    """Stands in for a state of training whose samples get better, then worse."""

    class Ranks:
        first = True

    class Average:
        def playing(self, game):
            from contextlib import nullcontext

            return nullcontext(game)

    class Data:
        def __init__(self, items):
            self.items = items

        def __len__(self):
            return len(self.items)

        def raw(self, index):
            return self.items[index]

    def __init__(self, items):
        self.ranks, self.average, self.data = self.Ranks(), self.Average(), self.Data(items)
        self.round, self.seconds, self.game, self.saved = 0, 1e9, self, []

    def sample(self, n, seed):
        return np.random.default_rng(seed).normal(size=(n, 2)) + abs(self.round - 30) / 10

    def save(self, path):
        self.saved.append((self.round, path))


@pytest.fixture
def clock():
    return Clock(np.random.default_rng(1).normal(size=(600, 2)))


def test_the_best_is_kept(clock, tmp_path):
    watch, rows = Watch(n=200, best=tmp_path / "best.gan"), []
    for clock.round in range(0, 70, 10):
        rows.append(watch(clock, {}))
    assert rows[0] == {} and len(rows[1]) == 4  # the first call prepares
    assert watch.best_step == 30 and watch.stale == 3
    assert [step for step, _ in clock.saved] == [10, 20, 30]
    assert rows[3]["evaluate/mind"] < 3 * rows[3]["evaluate/mind-of-reals"] < rows[6]["evaluate/mind"]
    assert rows[3]["evaluate/coverage"] > rows[6]["evaluate/coverage"]


def test_it_waits_for_its_share(clock):
    watch = Watch(n=200, share=0.05)
    clock.seconds = 0.0
    watch(clock, {})  # nothing was spent yet
    clock.seconds = 39 * watch.spent  # spent + last = 2 spent > 0.05 * 39 spent
    assert watch(clock, {}) == {} and watch.last == watch.spent
    clock.seconds = 41 * watch.spent
    assert "evaluate/mind" in watch(clock, {})


def test_in_a_run_it_changes_nothing(tmp_path):
    def run(*probes):
        gan = gs.GAN(latent=2, width=16)
        gan.fit("ring8", steps=30, batch_size=32, seed=0, device="cpu", probes=probes)
        return gan

    watch = Watch(n=200, share=1e9, best=tmp_path / "best.gan")
    watched, alone = run(watch), run()
    assert np.array_equal(watched.sample(20, seed=1), alone.sample(20, seed=1))
    assert watch.best_step > 0 and gs.load(tmp_path / "best.gan").sample(5, seed=0).shape == (5, 2)
    assert any("evaluate/coverage" in row for row in watched.history)
