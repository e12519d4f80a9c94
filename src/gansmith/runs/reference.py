"""What of a game is measured and against what: its samples, plain and refined, and reals that no player saw."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.labels import few
from gansmith.data.spec import Kind
from gansmith.errors import UserError
from gansmith.refine.calibration import FEWEST

ENOUGH_HELD = 1000  # held-out items that can spare a half for calibration and still be the reference
ENOUGH_GIVEN = 20  # held-out items that are made anew rather than those of training
MOST_HELD = 0.3  # of the data, to be advised
MOST_CANDIDATES = 20  # for each refined sample that is measured: five times what obrs aims at
CALIBRATING = 5000  # training items that calibrate, at most, where too few were held out
POOL, BYTES = 20_000, 2**30  # reals are a random part of the data, of no more items and bytes than these
PART = "real data: a random part of the data, measured against the rest of it"


@dataclass
class Reals:
    """What is compared with: `items` from the split so named; `others` give the floor (None: a part of `items`)."""

    items: np.ndarray
    others: np.ndarray | None
    split: str
    form: Kind
    notes: list[str]
    data: Dataset  # what `items` are of
    others_data: Dataset | None = None  # what `others` are of

    @property
    def most(self) -> int:
        """Samples a draw may hold, at most: as many as there are reals for the floor."""
        return len(self.items) // 2 if self.others is None else len(self.others)


def spaces(form: Kind) -> list:
    """The two feature spaces that items of this kind are compared in."""
    if not form.features():
        raise UserError(f"no built-in metrics for {form.noun}: gansmith.evaluate.compare(…, features=FUNCTION)")
    return list(form.features())


def reals(train: Dataset, held: Dataset | None) -> tuple[Reals, Dataset | None]:
    """The reals that a run is compared with, and held-out items apart from them that calibrate its discriminator
    (None: there are none). No player saw the reals, where at least ENOUGH_HELD are held out."""
    if "real" not in train.fields:
        raise UserError("a game that makes items from others: write its samples to a folder, and evaluate those")
    if held is None or len(held) < ENOUGH_HELD:
        there = "no" if held is None else f"only {len(held)}"
        share = ENOUGH_HELD / (len(train) + (0 if held is None else len(held)))
        more = f"retrain with --val {math.ceil(100 * share) / 100:g}" if share <= MOST_HELD else "give more data"
        note = f"{there} held-out {train.spec.noun}, so metrics use the training set; {more}"
        return whole(train, "train", note), held
    order, half = torch.from_numpy(np.random.default_rng(0).permutation(len(held))), len(held) // 2
    rows = held.rows if held.rows is not None else torch.arange(len(held))
    calibration, kept = replace(held, rows=rows[order[:half]]), replace(held, rows=rows[order[half:]])
    return Reals(as_numbers(kept), as_numbers(train), "held-out", train.spec, [], kept, train), calibration


def whole(data: Dataset, split: str = "as given", note: str = PART) -> Reals:
    return Reals(as_numbers(data), None, split, data.spec, [note], data)


def as_numbers(data: Dataset, most: int = POOL) -> np.ndarray:
    """`some` as arrays: what rows of tables are compared as."""
    return data.spec.numbers(some(data, most=most))


def some(data: Dataset, name: str | None = None, most: int = POOL):
    """All items, or a random part of them that fits into memory; the same items for every field `name`."""
    one = np.asarray(data.spec.numbers(data.raw([0]))).nbytes
    count = min(len(data), most, max(2, BYTES // max(1, one)))
    return data.raw(chosen(data, count), name)


def chosen(data: Dataset, count: int) -> np.ndarray:
    """The positions of `count` items by chance, the same ones each time."""
    return np.sort(np.random.default_rng(0).permutation(len(data))[:count])


def sampler(game, train: Dataset, held: Dataset | None = None) -> Callable:
    """(n, seed=) -> numbers of items a game makes, a conditional one in the proportions of its classes in the data; one
    that makes items anew, of held-out ones where there are enough.

    No draw is made twice: a table, a verdict and pictures are of the same samples.
    """
    anew = game.inputs == (train.main,)
    if (game.inputs and not anew) or not hasattr(game, "sample"):
        raise UserError(f"{type(game).__name__} makes items from others: write them to a folder, and evaluate those")
    given = held if held is not None and len(held) >= ENOUGH_GIVEN else train

    def draw(n: int, seed: int) -> np.ndarray:
        conditions: dict = {}
        if anew:
            chosen = np.random.default_rng(seed).choice(len(given), n, replace=n > len(given))
            conditions = {train.main: given.raw(chosen)}
        elif (labels := asked_for(game, train, n, seed)) is not None:
            conditions = {"label": labels}
        return train.spec.numbers(game.sample(n, seed=seed, **conditions))

    return lru_cache(maxsize=None)(draw)


def asked_for(game, train: Dataset, n: int, seed: int) -> np.ndarray | None:
    """The classes (n,) that a conditional game is asked for, in the proportions of the data; None for any other."""
    if not getattr(game, "conditional", False):
        return None
    return np.random.default_rng(seed).choice(train.raw(np.arange(len(train)), "label"), n)


def calibrating(train: Dataset, held: Dataset | None, wanted=None) -> tuple[Dataset, str]:
    """(items that calibrate a discriminator, "" or what to know of them): held-out ones, where there are FEWEST, of
    each class number in `wanted` where that is given; else training items, which the discriminator knows.

    UserError, with the names of the classes, where there are too few of those, too.
    """
    noun = train.spec.noun
    ours = counted(train, wanted)
    theirs = dict.fromkeys(ours, 0) if held is None else counted(held, wanted)
    lacking = {name: count for name, count in theirs.items() if count < FEWEST}
    if held is not None and not lacking:
        return held, ""
    each = f"{FEWEST} per class" if wanted is not None else f"{FEWEST}"
    if scarce := {name: count for name, count in ours.items() if count < FEWEST}:
        raise UserError(f"refining needs at least {each} {noun}, and there are {told(scarce)}: give more data")
    share = FEWEST / min(ours[name] + theirs[name] for name in lacking)
    more = f"retrain with --val {math.ceil(20 * share) / 20:g}" if share <= 0.5 else "give more data"
    note = (
        f"held out: {told(lacking)} {noun}, and refining needs {each}: it uses training {noun} instead, which the "
        f"discriminator knows, so the gain may be smaller than it seems; better: {more}"
    )
    rows = train.rows if train.rows is not None else torch.arange(len(train))
    kept = np.random.default_rng(0).permutation(len(train))[:CALIBRATING]
    return replace(train, rows=rows[torch.from_numpy(np.sort(kept))]), note


def counted(data: Dataset, wanted) -> dict[str, int]:
    """Items of each class number in `wanted`, by its name; of all under "" where that is None."""
    if wanted is None:
        return {"": len(data)}
    label = data.raw(np.arange(len(data)), "label")
    return {data.spec.classes[k]: int((label == k).sum()) for k in wanted}


def told(counts: dict[str, int]) -> str:
    """'16', or '3 of class 'dress', 8 of class 'shirt''."""
    return few([f"{count} of class '{name}'" if name else f"{count}" for name, count in counts.items()], 5)


class Refined:
    """(n, seed=) -> items of a game that its own discriminator chose; counts what they cost."""

    def __init__(self, game, train: Dataset, held: Dataset | None):
        if game.inputs or not hasattr(game, "score_samples"):
            raise UserError(f"{type(game).__name__} has no discriminator of samples")
        conditional = getattr(game, "conditional", False)
        wanted = np.unique(train.raw(np.arange(len(train)), "label")) if conditional else None
        calibration, self.note = calibrating(train, held, wanted)
        conditions = {"label": some(calibration, "label")} if conditional else {}
        most = {"max_proposals": MOST_CANDIDATES}  # of a young run a discriminator may accept one in thousands
        self.refiner, self.spec = game.refiner(some(calibration), **conditions, **most), calibration.spec
        self.draw, self.drawn, self.returned = lru_cache(maxsize=None)(self._choose), 0, 0

    def __call__(self, n: int, seed: int) -> np.ndarray:
        return self.draw(n, seed)

    @property
    def proposals(self) -> float:
        """For each sample, on average over all draws."""
        return self.drawn / self.returned

    def _choose(self, n: int, seed: int) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            items = self.refiner.sample(n, seed=seed)
        if self.refiner.report["capped"]:
            raise UserError(f"its discriminator accepts fewer than one in {MOST_CANDIDATES} candidates; train longer")
        self.drawn += self.refiner.report["proposals"]
        self.returned += len(items)
        return self.spec.numbers(items)
