"""Refined samples from any generator and critic: draw, score, choose, until as many are there as were asked for."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from gansmith.data.batching import count, join, replace, take
from gansmith.data.generators import accepts, evaluating, generate_items, generator_of, modules_of
from gansmith.distributed.track import task
from gansmith.errors import UserError, nearest
from gansmith.refine import samplers
from gansmith.refine.array_api import make_rng
from gansmith.refine.calibration import FEWEST
from gansmith.refine.callables import batch_effect
from gansmith.refine.diagnostics import verdict
from gansmith.refine.ratio import Ratio, fit_ratio

METHODS = ("obrs", "rejection", "drs", "mh", "sir")
DEFAULT_BUDGET = {"obrs": 4, "sir": 10}
FEWEST_FAKES = 1000
BATCH_EFFECT = 0.02


@dataclass
class Group:
    """What sampling needs to know about one class; a model without classes is one group."""

    label: object
    share: float
    ratio: Ratio
    log_m: float
    log_c: float
    steps: int


class Refiner:
    """Samples of `generate` chosen with `score` so that they are distributed like `real`.

    generate: n -> n items, or (n, seed=) -> n items, or a model with such a method `sample`; a network that takes noise
    goes through `from_noise`. One that returns fewer items than it is asked for is called again.
    score: items -> (n,). Any callables, gansmith's or foreign; items may be a tensor, an array, a DataFrame, a dict of
    these, or a list of objects.
    real: items that no player was trained on, at least 20. They calibrate the scores and are never returned.
    method: "obrs" (default), "rejection", "drs", "mh" or "sir", as in `gansmith.refine`.
    budget: proposals per output. None: 4 for obrs, 10 for sir; for mh as many as M̂ and `tolerance` ask for; rejection
    and drs have none, their cost is M.
    kind, calibration: what the scores are and how they are calibrated, see `calibrate`.
    features: items -> (n, d), a frozen encoder on which a fresh ratio may be learned, see `fit_ratio`. With it, score
    may be None.
    label: the class of each real, (n,). Then `generate(n, label=)` is called per class, `score(items, label=)` too if
    it takes a label, and calibration, M and chains never cross classes.
    gamma: for drs. max_proposals: per output; at this cap sampling stops and returns what there is, flagged.
    batch_size: of scoring; changes nothing else. block: items drawn at once; part of the random stream.
    modules: further nn.Modules that `generate` and `score` use. They, and callables that are modules or methods of
    one, run in eval mode without gradients and get their mode back.

    Everything slow or wrong shows on construction: it draws as many fakes as there are reals (1,000 at least), scores
    both and calibrates. Where the critic cannot tell real from fake, `sample` returns plain samples and says so.
    """

    def __init__(
        self,
        generate: Callable,
        score: Callable | None,
        real,
        method: str = "obrs",
        budget: float | None = None,
        *,
        kind: str = "logit",
        calibration: str = "auto",
        features: Callable | None = None,
        label: Sequence | None = None,
        gamma: float = 0.0,
        tolerance: float = 0.01,
        batch_size: int = 256,
        block: int = 1024,
        max_proposals: int = 1000,
        modules: Sequence[nn.Module] = (),
        seed: int = 0,
    ):
        if method not in METHODS:
            raise UserError(f"method is {method!r}: pass one of {', '.join(METHODS)}.{nearest(str(method), METHODS)}")
        if budget is not None and not 1 <= budget < math.inf:
            raise UserError(f"budget is {budget}: it counts proposals per output, so it must be 1 or more.")
        if budget is not None and method in ("rejection", "drs"):
            raise UserError(f"{method} takes no budget, its cost is M: cap it by max_proposals, or use method='obrs'.")
        for name, value in (("batch_size", batch_size), ("block", block), ("max_proposals", max_proposals)):
            if value < 1:
                raise UserError(f"{name} is {value}: it must be at least 1.")
        self.generate, self.score, self.method = generator_of(generate), score, method
        if self.generate is None:
            raise UserError(f"generate is {type(generate).__name__}: pass a callable f(n, seed=…), or a trained model.")
        self.budget = budget if budget is not None else DEFAULT_BUDGET.get(method)
        self.kind, self.calibration, self.features = kind, calibration, features
        self.gamma, self.tolerance = gamma, tolerance
        self.batch_size, self.block, self.max_proposals = batch_size, block, max_proposals
        self._modules = [*modules, *modules_of(self.generate, score, features)]
        self._tally: dict = {}
        self.labels: list = []  # of the last `sample`: the class of each item
        with evaluating(self._modules):
            self.groups = self._fit(real, label, seed)

    def sample(self, n: int, seed: int | None = None, label=None):
        """`n` refined items, of one class with `label`, else of all classes in the proportions of `real` and in their
        order. Fewer, with a warning and `report["capped"]`, when the proposal cap is reached first."""
        if n < 1:
            raise UserError(f"n is {n}: ask for at least one sample.")
        rng, tally, parts, self.labels = make_rng(seed), Counter(), [], []
        groups = self._groups(label)
        edges = np.rint(n * np.cumsum([0.0] + [g.share for g in groups]) / sum(g.share for g in groups)).astype(int)
        with task("refining", n) as advance:
            for group, wanted in zip(groups, np.diff(edges), strict=True):
                for part in self._draw(group, int(wanted), rng, tally) if wanted else ():
                    parts.append(part)
                    self.labels += [group.label] * count(part)
                    advance(count(part))
        self._tally = {"asked": n, "returned": sum(map(count, parts)), **tally}
        if not parts:
            raise UserError(
                f"none of {tally['proposals']} candidates was accepted, so the samples are too far from the data: "
                "train longer, or raise max_proposals."
            )
        if self._tally["returned"] < n:
            warnings.warn(
                f"{self._tally['returned']} of {n} samples after {tally['proposals']} proposals", stacklevel=2
            )
        return join(parts)

    def stream(self, seed: int | None = None, label=None) -> Iterator:
        """Refined items of one class without end, in batches as they are accepted; memory does not grow. It stops with
        a warning where the proposal cap is reached before a block of outputs is full."""
        groups = self._groups(label)
        if len(groups) > 1:
            raise UserError(f"say which class to stream: label= one of {[g.label for g in groups]}.")
        rng, returned = make_rng(seed), self.block
        while returned == self.block:
            returned = 0
            for batch in self._draw(groups[0], self.block, rng, Counter()):
                returned += count(batch)
                yield batch
        warnings.warn(f"the stream dried up: {self.max_proposals} proposals per output are not enough", stacklevel=2)

    @property
    def report(self) -> dict:
        """What is known of the ratio (see `calibrate`; per class under "classes") and of the last `sample`."""
        known = {g.label: self._describe(g) for g in self.groups}
        known = known.get(None, {"classes": known})
        tally = dict(self._tally)
        if tally:
            tally["acceptance"] = tally["returned"] / tally["proposals"]
            tally["unique_fraction"] = tally.pop("unique") / tally["returned"]
            tally["capped"] = tally["returned"] < tally["asked"]
        return known | {"sampler": self.method, "budget": self.budget} | tally

    def _fit(self, real, label, seed: int) -> list[Group]:
        n = count(real)
        labels = [None] if label is None else np.unique(np.asarray(label)).tolist()
        if label is not None and len(label) != n:
            raise UserError(f"label has {len(label)} entries for {n} real samples: pass one class per sample.")
        rng, groups = make_rng(seed), []
        for value in labels:
            mine = np.arange(n) if value is None else np.flatnonzero(np.asarray(label) == value)
            if len(mine) < FEWEST:
                what = "there are" if value is None else f"class {value!r} has"
                raise UserError(f"{what} {len(mine)} real samples: calibration needs at least {FEWEST}.")
            score = self._score_for(value)
            fake = self._generate(value, max(len(mine), FEWEST_FAKES), rng)
            ratio = fit_ratio(
                take(real, mine),
                fake,
                score,
                features=self.features,
                kind=self.kind,
                method=self.calibration,
                batch_size=self.batch_size,
                seed=seed,
            )
            ratio.report["batch_effect"] = batch_effect(ratio.score, take(fake, slice(0, 64)), seed)
            d = ratio.calibration.fake_log_ratio
            log_m = float(d.max())
            log_c = samplers.obrs_log_c(d, self.budget) if self.method == "obrs" else -log_m
            steps = self.budget or min(samplers.chain_length(log_m, self.tolerance), self.max_proposals)
            groups.append(Group(value, len(mine) / n, ratio, log_m, log_c, int(steps)))
        return groups

    def _groups(self, label) -> list[Group]:
        if label is None:
            return self.groups
        chosen = [g for g in self.groups if g.label == label or str(g.label) == str(label)]
        if not chosen:
            known = [g.label for g in self.groups]
            given = "no classes of the real samples were given" if known == [None] else f"the classes are {known}"
            raise UserError(f"label is {label!r}: {given}.")
        return chosen

    def _score_for(self, label) -> Callable:
        if label is None or not accepts(self.score, "label"):
            return self.score
        return lambda items: self.score(items, label=label)

    def _generate(self, label, n: int, rng: np.random.Generator):
        """`n` items in blocks, so that no call asks the generator for more than one block."""
        conditions = {} if label is None else {"label": label}
        sizes = [min(self.block, n - first) for first in range(0, n, self.block)]
        return join([generate_items(self.generate, m, int(rng.integers(2**31)), **conditions) for m in sizes])

    def _propose(self, group: Group, n: int, rng: np.random.Generator, tally: Counter):
        """`n` candidates and their log-ratios; no score means no weight."""
        items = self._generate(group.label, n, rng)
        d = group.ratio.log_ratio(items)
        tally["proposals"] += n
        tally["nan"] += int(np.isnan(d).sum())
        return items, np.where(np.isnan(d), -math.inf, d)

    def _draw(self, group: Group, n: int, rng: np.random.Generator, tally: Counter) -> Iterator:
        """Batches of refined items, `n` in all."""
        draw = self._plain if group.ratio.report["blind"] else self._chains if self.method == "mh" else self._select
        batches = draw(group, n, rng, tally)
        while True:
            with evaluating(self._modules):  # not across a yield: the caller may train in between
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _plain(self, group: Group, n: int, rng: np.random.Generator, tally: Counter) -> Iterator:
        while n > 0:
            m = min(n, self.block)
            tally.update(proposals=m, unique=m)
            n -= m
            yield self._generate(group.label, m, rng)

    def _select(self, group: Group, n: int, rng: np.random.Generator, tally: Counter) -> Iterator:
        """Rejection in its forms, and importance resampling: each block of proposals gives some outputs."""
        cost = self.budget if self.method in DEFAULT_BUDGET else math.exp(min(group.log_m, 30))
        left, log_m = n, group.log_m
        allowed = n * self.max_proposals
        while left > 0 and allowed > 0:
            items, d = self._propose(group, math.ceil(min(self.block, allowed, 1.1 * cost * left)), rng, tally)
            allowed -= len(d)
            seed = int(rng.integers(2**31))
            if d.max() == -math.inf:
                continue
            if self.method == "sir":
                chosen = samplers.sir(d, seed, draws=int(max(1, min(left, len(d) // cost))))
            else:
                if self.method == "drs":
                    mask = samplers.drs(d, self.gamma, seed, log_m=log_m)
                    log_m = max(log_m, float(d.max()))
                else:
                    mask = samplers.obrs(d, seed=seed, log_c=group.log_c)
                chosen = np.flatnonzero(mask)[:left]
            tally["unique"] += len(np.unique(chosen))
            left -= len(chosen)
            if len(chosen):
                yield take(items, chosen)

    def _chains(self, group: Group, n: int, rng: np.random.Generator, tally: Counter) -> Iterator:
        """MH-GAN: chains start at the score of a held-out real; those that never move run again from a fake."""
        while n > 0:
            m = min(n, self.block)
            start = rng.choice(group.ratio.calibration.real_log_ratio, m)
            items, moved = self._run(group, None, start, rng, tally)
            stuck = int((~moved).sum())
            if stuck:
                again, _ = self._run(group, *self._propose(group, stuck, rng, tally), rng, tally)
                items = replace(items, ~moved, again)
                tally["restarts"] += stuck
            tally["unique"] += m
            n -= m
            yield items

    def _run(self, group: Group, items, state: np.ndarray, rng: np.random.Generator, tally: Counter):
        """Every chain through its K candidates, a block at a time: memory is two blocks whatever K is."""
        chains, done = len(state), 0
        ever = np.zeros(chains, bool)
        while done < group.steps:
            m = min(group.steps - done, max(1, self.block // chains))
            candidates, d = self._propose(group, chains * m, rng, tally)
            index = samplers.metropolis_hastings(d.reshape(chains, m), state, int(rng.integers(2**31)))
            moved = index >= 0
            place = np.arange(chains) * m + np.maximum(index, 0)
            if items is None:  # what stands in for a real's place is replaced before anyone sees it
                items = take(candidates, place)
            elif moved.any():
                items = replace(items, moved, take(candidates, place[moved]))
            state, ever, done = np.where(moved, d[place], state), ever | moved, done + m
        return items, ever

    def _describe(self, group: Group) -> dict:
        report = dict(group.ratio.report)
        report["verdict"] = verdict(report, by_budget=self.method in DEFAULT_BUDGET)
        d = group.ratio.calibration.fake_log_ratio
        w = samplers.weights(d) * len(d)
        report["tv_plain"] = float(np.abs(w - 1).mean() / 2)
        if self.method == "mh":
            report["steps"] = group.steps
            report["steps_needed"] = samplers.chain_length(group.log_m, self.tolerance)
            report["predicted_acceptance"] = report["mh_acceptance"]
            report["tv_bound"] = float((1 - math.exp(-max(group.log_m, 0))) ** group.steps)
        elif self.method in ("obrs", "rejection"):
            kept = np.exp(np.minimum(d + group.log_c, 0))
            report["predicted_acceptance"] = float(kept.mean())
            report["tv_refined"] = float(np.abs(w - kept / kept.mean()).mean() / 2)
        if report["batch_effect"] > BATCH_EFFECT:
            report["verdict"] = (
                f"the critic's scores depend on the rest of the batch (by {report['batch_effect']:.2f} sd): put it in "
                f"eval mode, or pass it in modules=; {report['verdict']}"
            )
        return report
