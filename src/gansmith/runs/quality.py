"""Following a run by what its samples are worth: MIND, coverage and usefulness of the averaged generator, and the best
one kept."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from gansmith.evaluate.distances import mind
from gansmith.evaluate.features import extract, space
from gansmith.evaluate.neighbours import density_coverage
from gansmith.training.state import State

SHARE = 0.05  # of the training time, at most
COUNTS = (5000, 2000, 1000, 500)  # samples of a measurement: the most for which ENOUGH measurements fit into SHARE
ENOUGH = 10
STILL = 0.85  # MIND of the last third of the measurements over that of the third before, below which it still falls
LESS = 0.03  # R² by which the last rows are less useful than the best ones were
MOST_HELD = 5000  # held-out items on which usefulness is measured


class Watch:
    """A probe: `fit(…, probes=[Watch(every=500)])`. Runs with a folder have one by themselves.

    every: rounds between measurements, a multiple of the rounds between log lines; the rounds alone decide, not the
        clock, so that a resumed run measures where the whole one does
    n: samples a measurement, and reals it meets, at most half of the data; always the same reals and the same latents
    features: a feature space (see `gansmith.evaluate.features`); None: the first default one that needs no training
    best: file the best model so far is written to: by the highest usefulness on held-out items where the kind of data
        has one (tables: train on synthetic, test on real), else by the lowest MIND
    patience: measurements without a better one after which the run has seen enough; None: it goes on

    Adds `evaluate/mind`, `evaluate/coverage` and, where there is one, `evaluate/usefulness` to the log, each with what
    as many other reals score. It remembers nothing itself: what was best so far stands in the log, which a resumed run
    brings along.
    """

    def __init__(
        self, every: int, *, n: int = 5000, features=None, best: str | Path | None = None,
        patience: int | None = None, seed: int = 0,
    ):  # fmt: skip
        self.every, self.n, self.features, self.best, self.patience = every, n, features, best, patience
        self.seed = seed
        self.real: np.ndarray | None = None

    def __call__(self, state: State, seen: Mapping) -> dict[str, float]:
        if not (self.every and state.ranks.first and state.round > 1 and (state.round - 1) % self.every == 0):
            return {}
        if self.real is None:
            self._prepare(state)
        with torch.random.fork_rng(devices=[]):  # a network may draw noise of its own
            torch.manual_seed(self.seed)
            return self._measure(state)

    def _prepare(self, state: State) -> None:
        """Features of the reals and the floors, once."""
        self.n = min(self.n, len(state.data) // 2)
        order = np.random.default_rng(self.seed).permutation(len(state.data))[: 2 * self.n]
        items = state.data.raw(order)
        self.conditions = {}
        if getattr(state.game, "conditional", False):
            self.conditions = {"label": state.data.raw(order[: self.n], "label")}
        form = state.data.spec
        held = None if state.held is None else state.held.raw(np.arange(min(MOST_HELD, len(state.held))))
        rows = items[: self.n]  # as many as are made
        self.useful = None if held is None else form.usefulness(rows, held)
        items = form.numbers(items)
        self.space = space(self.features or form.features()[0], items)
        features = extract(self.space, items)
        self.real, other = features[: self.n], features[self.n :]
        self.floors = self._numbers(other, None if self.useful is None else rows, "-of-reals")

    def _measure(self, state: State) -> dict[str, float]:
        game, past = state.game, trail(state.game.history)
        with state.average.playing(game):
            made = game.sample(self.n, seed=self.seed, **self.conditions)
            features = extract(self.space, np.asarray(game.spec.numbers(made)))
            if not np.isfinite(features).all():
                return {}
            found = self._numbers(features, made)
            best, at = min([*past, *trail([found | {"step": state.round}])])
            if at == state.round and self.best is not None:
                game.trained = {
                    "finished": False,
                    "rounds": state.round,
                    "samples": state.samples,
                    "seconds": state.seconds,
                    "mind": found["evaluate/mind"],
                }
                game.save(self.best)
        if self.patience and sum(step > at for _, step in past) + (at < state.round) >= self.patience:
            by = "MIND" if self.useful is None else "usefulness"
            state.enough = f"no better {by} in {self.patience} measurements since step {at:,}"
        return found | self.floors

    def _numbers(self, features, items=None, ending: str = "") -> dict[str, float]:
        found = {"mind": mind(self.real, features), "coverage": density_coverage(self.real, features).coverage}
        if self.useful is not None:
            found["usefulness"] = self.useful(items)
        return {f"evaluate/{name}{ending}": value for name, value in found.items()}


def trail(rows) -> list[tuple[float, int]]:
    """(what a measurement found, the lower the better; its round) of each in the rows of a log: MIND, or usefulness
    with the sign changed, where that was measured."""
    return [
        (-row["evaluate/usefulness"] if "evaluate/usefulness" in row else row["evaluate/mind"], row["step"])
        for row in rows
        if "evaluate/mind" in row
    ]


def better_before(rows) -> str:
    """Why best.gan is to be taken rather than the last state, in words, where the measurements in the rows of a log say
    that it clearly is; else ""."""
    path = [(row["evaluate/mind"], row["step"]) for row in rows if "evaluate/mind" in row]
    useful = [row["evaluate/usefulness"] for row in rows if "evaluate/usefulness" in row]
    if (third := len(path) // 3) < 2:
        return ""
    if useful:
        most, last, (_, at) = max(useful), sum(useful[-third:]) / third, min(trail(rows))
        told = f"columns of made rows said {most:.0%} of what they say of each other at step {at:,}, and {last:.0%} in"
        return f"{told} the last third" if most - last > LESS else ""
    (best, at), last = min(path), sum(mind for mind, _ in path[-third:]) / third
    if best < STILL * last and at < path[-third][1] and not still_falls(path):
        return f"MIND (a distance to the data) was {best:.3g} at step {at:,} and {last:.3g} in the last third"
    return ""


def still_falls(path: list[tuple[float, int]]) -> float:
    """The share by which the first of at least 6 pairs fell in their last third, where that is much; else 0."""
    third = len(path) // 3
    earlier, late = (sum(value for value, _ in part) for part in (path[-2 * third : -third], path[-third:]))
    return 1 - late / earlier if late < STILL * earlier else 0.0


def measurable(state: State) -> bool:
    """Whether the game makes items by itself of a kind that feature spaces exist for, and there are reals enough."""
    usable = "real" in state.data.fields and bool(state.data.spec.features())
    return usable and len(state.data) >= 100 and not state.game.inputs


def intervals(make_state: Callable[[], State], log_every: int, rounds: int, seconds: float) -> tuple[int, int]:
    """(rounds between measurements, a multiple of `log_every`; samples of each) for a run of so many rounds and
    seconds, within SHARE of its time; (0, 0) where fewer than two fit. One is taken on a throw-away state."""
    if seconds < 10 or not measurable(state := make_state()):
        return 0, 0
    least = COUNTS[-1]
    watch = Watch(1, n=least)
    state.round = 2
    watch(state, {})  # prepares, too
    begun = time.perf_counter()
    watch(state, {})
    cost = time.perf_counter() - begun
    for n in COUNTS:  # neighbours take the square of n, all else n: 1.3 was measured between them
        fit = SHARE * seconds / (cost * (n / least) ** 1.3) - 2  # preparing takes about as long as two
        if fit >= ENOUGH or n == least:
            break
    many = min(int(fit), 40)
    return (max(1, (rounds - 1) // many // log_every) * log_every, n) if many >= 2 else (0, 0)
