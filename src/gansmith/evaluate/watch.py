"""Following a run by what its samples are worth: MIND and coverage of the averaged generator, and the best one kept."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gansmith.evaluate.distances import mind
from gansmith.evaluate.features import default_names, extract, space
from gansmith.evaluate.neighbours import density_coverage


class Watch:
    """A probe: `fit(…, probes=[Watch()])`. Measures whenever it has cost less than `share` of the training time.

    n: samples a measurement, and reals it meets, at most half of the data; always the same reals and the same latents
    features: a feature space (see `gansmith.evaluate.features`); None: the first default one that needs no training
    best: file the best model so far is written to, by the lowest MIND

    Adds `evaluate/mind` and `evaluate/coverage` to the log, each with what as many other reals score. `best_mind` and
    `best_step` say when it was best, `stale` how many measurements ago.
    """

    def __init__(
        self, *, n: int = 5000, features=None, share: float = 0.05, best: str | Path | None = None, seed: int = 0
    ):
        self.n, self.features, self.share, self.best, self.seed = n, features, share, best, seed
        self.best_mind, self.best_step, self.stale = np.inf, 0, 0
        self.spent = self.last = 0.0  # seconds, of all measurements and of the last one
        self.real = None

    def __call__(self, state, seen: Mapping) -> dict[str, float]:
        if not state.ranks.first or self.spent + self.last > self.share * state.seconds:
            return {}
        start = time.monotonic()
        found = self._measure(state) if self.real is not None else self._prepare(state)
        self.last = time.monotonic() - start
        self.spent += self.last
        return found

    def _prepare(self, state) -> dict[str, float]:
        """Features of the reals and the floors, once. It counts as a measurement, so that the share holds."""
        self.n = min(self.n, len(state.data) // 2)
        order = np.random.default_rng(self.seed).permutation(len(state.data))[: 2 * self.n]
        items = state.data.raw(order)
        self.space = space(self.features or default_names(items)[0], items)
        features = extract(self.space, items)
        self.real, other = features[: self.n], features[self.n :]
        self.floors = self._numbers(other, "-of-reals")
        return {}

    def _measure(self, state) -> dict[str, float]:
        with state.average.playing(state.game):
            found = self._numbers(extract(self.space, np.asarray(state.game.sample(self.n, seed=self.seed))))
            self.stale += 1
            if found["evaluate/mind"] < self.best_mind:
                self.best_mind, self.best_step, self.stale = found["evaluate/mind"], state.round, 0
                if self.best is not None:
                    state.game.save(self.best)
        return found | self.floors

    def _numbers(self, features, ending: str = "") -> dict[str, float]:
        return {
            f"evaluate/mind{ending}": mind(self.real, features),
            f"evaluate/coverage{ending}": density_coverage(self.real, features).coverage,
        }
