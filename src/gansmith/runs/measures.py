"""What the page of a run shows of its samples, measured once and left in the run's folder for it to read.

`scores.jsonl` holds the numbers, one a line; `measures.npz` the pictures and curves, and in words what was left out.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.data.toys import TOYS, Mixture
from gansmith.distributed.track import track
from gansmith.errors import UserError, is_out_of_memory
from gansmith.evaluate.classifier import TooSlow
from gansmith.evaluate.comparison import Verdict, compare, numbers, paired
from gansmith.evaluate.copying import memorisation, nearest_pairs
from gansmith.evaluate.counts import class_counts, grid_modes, ndb, two_proportions
from gansmith.evaluate.features import extract, space
from gansmith.evaluate.neighbours import realism
from gansmith.evaluate.protocol import Scores
from gansmith.runs.class_reader import class_rows, reader
from gansmith.runs.field import field_numbers, reals_for, with_rows
from gansmith.runs.reference import (
    ENOUGH_GIVEN,
    POOL,
    Reals,
    Refined,
    as_numbers,
    asked_for,
    reals,
    sampler,
    some,
    spaces,
)

DRAWS = 3
SHOWN = 8  # best, worst and closest samples
FULL = (500, 2000, 10)  # samples of a draw, reals they meet, groups of the jackknife: what one core compares in seconds
LEAST = 2 * FULL[2]  # reals of a draw: two in each group
LESS = (FULL, (500, 2000, 4), (250, 1000, 4), (100, 500, 4))  # the first that fits into the time there is
LEAST_SECONDS = 2.0  # less is not worth beginning
BINS = 25  # of items without classes


@dataclass
class Measures:
    """What was found of a run: numbers of plain and of refined samples, which are better, and all else as arrays."""

    scores: dict[str, Scores] = field(default_factory=dict)
    verdict: Verdict | None = None
    proposals: float | None = None  # for each refined sample
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # parts that the time did not allow

    def lines(self) -> list[str]:
        """Of scores.jsonl."""
        cost = {"plain": 1.0, "refined": self.proposals}
        return [
            json.dumps({"samples": kind, "proposals": cost[kind]} | json.loads(line))
            for kind, found in self.scores.items()
            for line in found.lines()
        ]


def measure(
    path, game, train: Dataset, held: Dataset | None, *, n: int | None = None, seed: int = 0,
    seconds: float | None = None,
) -> Measures:  # fmt: skip
    """Measure the samples of `game`, which was trained on `train`, and write what was found into the run folder `path`.

    n        samples of each draw; None: 500
    seconds  what it may take, about: coarser where there is little time, and `skipped` says what was left out.
             None: everything, a minute or two

    What cannot be measured (a UserError) and memory that runs out become notes of the page. Any other error is a
    defect: it is raised, after what was found until then is written with a note of it.
    """
    found = Measures()
    end = np.inf if seconds is None else time.monotonic() + seconds
    try:
        if seconds is not None and seconds < LEAST_SECONDS:
            found.skipped.append("everything, since the run was short")
        else:
            _measure(found, game, train, held, n, seed, end)
    except UserError as error:
        found.notes.append(f"not measured: {error}")
    except Exception as error:
        found.notes.append(f"measuring failed: {type(error).__name__}: {error}")
        if not is_out_of_memory(error):
            error.add_note(f"The training itself is finished and saved in {path}; only measuring its samples failed.")
            raise
    finally:
        found.arrays |= {
            "rounds": np.array(game.trained.get("rounds", 0)),
            "notes": np.array(found.notes, dtype=str),
            "skipped": np.array(found.skipped, dtype=str),
        }
        write(Path(path), found)
    return found


def _measure(found: Measures, game, train: Dataset, held: Dataset | None, n, seed: int, end: float) -> None:
    draw = sampler(game, train, held)
    names, (against, calibration) = spaces(train.spec), reals(train, held)
    found.notes += against.notes
    how = how_to_compare(draw, against, names, n, seed, end - time.monotonic())
    if how is None:
        found.skipped.append("everything, since samples take too long to make")
        return
    about: dict[str, Any] = {
        "held_out": against.others,
        "split": against.split,
        "weights": "EMA" if game.averaged else "raw",
    }
    begun = time.monotonic()
    found.scores["plain"] = compare(against.items, draw, names, **about, **how)
    cost = time.monotonic() - begun
    made = [draw(how["n"], seed=seed + k) for k in range(DRAWS)]
    first = space(names[0], against.items[: how["reference"]])
    items = made[0] if train.spec.continuous else game.sample(how["n"], seed=seed)
    asked = [asked_for(game, train, how["n"], seed + k) for k in range(DRAWS)]
    labels = [one for one in asked if one is not None]
    parts: dict[str, Any] = {
        "extremes": extremes,
        "copying": copying,
        "classes": partial(classes, np.concatenate(labels) if labels else None),
        "spectrum": spectrum,
        "numbers of this kind of data": partial(field_measures, game, items),
    }
    if game.inputs:  # what is made from an item is like it
        parts.pop("copying")
    for name, part in track(parts.items(), "samples one by one"):
        if time.monotonic() > end:
            found.skipped.append(name)
        else:
            try:
                found.arrays |= part(found, first, made, train, held, end)
            except UserError as error:  # the others may be had all the same
                found.notes.append(f"{name} not measured: {error}")
    if end - time.monotonic() > 4 * cost:  # that is what proposals, numbers and verdict take
        refine(found, game, draw, train, calibration, against, names, about, how)
    else:
        found.skipped.append("refined samples")
    if hasattr(game, "remarks"):  # what it says itself of how it does on data
        if time.monotonic() < end:
            try:
                found.notes += game.remarks(train, None if held is None or len(held) < ENOUGH_GIVEN else held)
            except UserError as error:
                found.notes.append(f"what {type(game).__name__} says itself not measured: {error}")
        else:
            found.skipped.append("what the game itself says of its samples")
    for scores in found.scores.values():
        found.notes += [note for note in scores.notes if "held_out=" not in note and note not in found.notes]


def how_to_compare(draw, against: Reals, names: list, n: int | None, seed: int, seconds: float) -> dict | None:
    """Options of `compare` and `paired` that take no longer than `seconds`, about; None where there are none.
    UserError where there are too few reals."""
    if against.most < LEAST:
        have = f"{len(against.items)} {against.form.noun}"
        raise UserError(
            f"{have} are too few to measure samples by: {2 * LEAST} are the least, some hundreds tell something"
            if against.others is None
            else f"{against.most} training and {have} are too few to measure samples by: {LEAST} of each are the least"
        )
    plan = FULL if np.isinf(seconds) else affordable(draw, against.items, names, seconds, against.most)
    if plan is None:
        return None
    count, reference, groups = plan
    return {
        "n": min(n or count, against.most), "draws": DRAWS, "groups": groups, "reference": reference, "seed": seed,
    }  # fmt: skip


def refine(found: Measures, game, draw, train, calibration, against, names, about: dict, how: dict) -> None:
    """Numbers of what the game's own discriminator chooses, and whether that is better."""
    try:
        refined = Refined(game, train, calibration)
        found.notes += [f"refined samples: {refined.note}"] if refined.note else []
        found.scores["refined"] = compare(against.items, refined, names, **about, **how)
        found.proposals = refined.proposals
        found.verdict = paired(against.items, draw, refined, names, **how)
        found.arrays["refined_is_better"] = np.array(found.verdict.better == "b")
    except UserError as error:
        found.notes.append(f"not refined: {error}")


def affordable(draw, items: np.ndarray, names: list[str], seconds: float, most: int) -> tuple[int, int, int] | None:
    """The first of LESS that takes no longer than `seconds`, judged by a small trial; None: not even the last."""
    n, reference = min(100, most), items[:500]
    begun = time.monotonic()
    made = draw(n, seed=0)
    for where in (space(name, reference) for name in names):
        numbers(extract(where, reference), extract(where, made), frechet=False)
    once = (time.monotonic() - begun) / (n + len(reference)) ** 1.3  # neighbours take the square, all else n itself
    cost = lambda plan: once * (plan[0] + plan[1]) ** 1.3 * (DRAWS + 1 + plan[2])  # noqa: E731
    return next((plan for plan in LESS if cost(plan) < 0.7 * seconds), None)


# --- parts: (what was found so far, feature space, draws, data, held-out data, when to end) -> arrays -----------------
def extremes(found, where, made, train, held, end) -> dict:
    """The samples of lowest and of highest realism, and theirs."""
    if not train.spec.continuous:  # what is compared of them is not what they look like
        return {}
    real, fake = extract(where, as_numbers(train, FULL[1])), extract(where, made[0])
    value = realism(real, fake).numpy()
    order = np.argsort(value, kind="stable")
    worst, best = order[:SHOWN], order[::-1][:SHOWN]
    return {
        "worst": made[0][worst], "worst_realism": value[worst], "best": made[0][best], "best_realism": value[best],
    }  # fmt: skip


def copying(found, where, made, train, held, end) -> dict:
    """The samples closest to an item of the training data, with that item; and, where there are held-out items to say
    what is usual, whether they are copies."""
    items = as_numbers(train, POOL if np.isinf(end) else POOL // 4)
    real, fake = extract(where, items), features_of(where, made)
    pairs = nearest_pairs(real, fake, SHOWN)
    arrays = {
        "copy_fake": np.concatenate(made)[pairs.fake.numpy()], "copy_real": items[pairs.real.numpy()],
        "copy_among": np.array([len(items), len(train)]),
    }  # fmt: skip
    if held is None or len(held) < SHOWN:
        return arrays
    other = extract(where, as_numbers(held, FULL[1]))
    try:
        verdict = memorisation(real, other, fake)
    except UserError as error:  # the closest pairs are shown all the same
        return arrays | {"copy_untold": np.array(str(error))}
    return arrays | {"memorisation": np.array([*verdict, verdict.copied])}


def classes(labels, found, where, made, train, held, end) -> dict:
    """How many of each class, or, where a classifier cannot tell them, of each region of the data, against reals; and
    what the classifier says of them besides. `labels`: the classes that were asked for, where any were."""
    toy = TOYS.get(train.name)
    if isinstance(toy, Mixture):
        modes = grid_modes(np.concatenate(made), toy.means, sd=toy.sd)
        real = grid_modes(some(train), toy.means, sd=toy.sd)
        kept = ("modes", "high_quality", "high_quality_ceiling", "reverse_kl", "kl_floor")
        arrays = {"modes": np.array([getattr(modes, name) for name in kept])}
        return arrays | _bins(np.arange(len(toy.means)), two_proportions(real.counts, modes.counts), "mode")
    if "label" in train.fields and train.spec.classes and train.spec.pictures(made[0][:1]) is not None:
        try:
            read = reader(train, held, None if np.isinf(end) else (end - time.monotonic()) / 2)
            fake = read.net.predict(train.spec.pictures(np.concatenate(made)))
            names, bins = class_counts(read.net.predict(read.counted), fake)
            arrays = _bins(np.array(train.spec.classes)[names], bins, "class") | {"classifier": np.array(read.right)}
            _, others, _ = reals_for(train, held, len(made[0]), FULL[1])
            try:
                seconds = None if np.isinf(end) else (end - time.monotonic()) / 2
                rows = class_rows(read, train.spec, np.concatenate(made), others, labels, seconds)
                return arrays | {"label_names": np.array(list(rows)), "label_rows": np.array(list(rows.values()))}
            except TooSlow as error:
                found.skipped.append(f"what samples teach ({error})")
                return arrays
        except TooSlow as error:
            found.skipped.append(f"classes ({error})")
        except UserError as error:
            found.notes.append(f"samples were counted by region of the data, not by class: {error}")
    items = extract(where, as_numbers(train, POOL // 4))
    bins = ndb(items, features_of(where, made), bins=max(2, min(BINS, len(items) // 20)))
    return _bins(np.arange(len(bins.z)), bins, "region")


def features_of(where, made: list[np.ndarray]) -> np.ndarray:
    """Of all draws; those of each may be there already."""
    return np.concatenate([extract(where, items) for items in made])


def _bins(names: np.ndarray, bins, what: str) -> dict:
    return {
        "class_names": names.astype(str), "class_real": bins.real, "class_fake": bins.fake, "class_z": bins.z,
        "class_what": np.array(what),
    }  # fmt: skip


def spectrum(found, where, made, train, held, end) -> dict:
    """Power by frequency, of kinds that have one."""
    return train.spec.spectrum(as_numbers(train, FULL[0]), made[0])


def field_measures(game, items, found, where, made, train, held, end) -> dict:
    """The numbers of the kind's own field: of samples, of other reals, and of reals with what matters destroyed."""
    real, other, rest = reals_for(train, held, len(items), FULL[1])
    arrays = field_numbers(train.spec, real, other, items, train, rest, end)
    if arrays and not len(arrays["baseline_names"]) and type(train.spec).baselines is not Kind.baselines:
        found.skipped.append("what takes no training")
    shown = game.figures(held or train) if hasattr(game, "figures") else {}
    figures = _figures(shown | train.spec.figures(other, items)) if arrays else {}
    if "label_names" in found.arrays:
        arrays = with_rows(arrays, dict(zip(found.arrays["label_names"], found.arrays["label_rows"])))
    return arrays | figures


def _figures(figures: dict[str, np.ndarray]) -> dict:
    return {"figure_names": np.array(list(figures), dtype=str)} | {
        f"figure_{i}": picture for i, picture in enumerate(figures.values())
    }


# --- on disk ---------------------------------------------------------------------------------------------------------
def write(path: Path, found: Measures) -> None:
    (path / "scores.jsonl").unlink(missing_ok=True)
    if found.scores:
        with replacing(path / "scores.jsonl") as beside:
            beside.write_text("".join(line + "\n" for line in found.lines()))
    with replacing(path / "measures.npz") as beside, open(beside, "wb") as file:
        arrays: dict[str, Any] = found.arrays
        np.savez_compressed(file, **arrays)


def read(path: Path) -> tuple[list[dict], dict[str, np.ndarray]]:
    """(lines of scores.jsonl, arrays of measures.npz) of a run folder; empty where nothing was measured."""
    scores, arrays = Path(path) / "scores.jsonl", Path(path) / "measures.npz"
    rows = [json.loads(line) for line in scores.read_text().splitlines()] if scores.is_file() else []
    if not arrays.is_file():
        return rows, {}
    with np.load(arrays) as file:
        return rows, dict(file)
