"""What `gansmith evaluate` does: runs, or samples from anywhere, against data, with floors, intervals and cards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from gansmith.data import read
from gansmith.data.dataset import Dataset
from gansmith.errors import UserError
from gansmith.evaluate import Scores, compare, paired
from gansmith.run import data_of, load
from gansmith.training.files import replacing
from gansmith.training.folder import RunFolder

COUNT = 500  # samples of a draw: what one core compares in seconds
REFERENCE = 2000  # reals to compare with
DRAWS, GROUPS = 3, 10
ENOUGH_HELD = 1000  # held-out items that can spare a half for calibration and still be the reference
PART = "the column of reals is a random part of the data against the rest of it"
SPACES = {"images": ["random", "pixels"], "vectors": ["columns", "ranks"]}


@dataclass
class Reals:
    """What is compared with: `items` from the split so named; `others` give the floor (None: a part of `items`)."""

    items: np.ndarray
    others: np.ndarray | None
    split: str
    kind: str
    notes: list[str]


def evaluate(words: list[str], *, n: int | None = None, seed: int = 0) -> str:
    """The table, ready to print, of one or two runs or sets of samples: `words` of the command line.

    Words are paths of runs, of folders or files of samples, and last the data, which may be left out for runs. A run is
    shown plain and, where its discriminator can choose, refined; its numbers go into its scores.jsonl, too.
    """
    names, data = split(words)
    runs = [Path(name) for name in names if is_run(name)]
    reals, calibration = reals_of(runs, data)
    if reals.kind not in SPACES:
        raise UserError(f"{reals.kind} have no feature space of their own: gansmith.evaluate.compare(…, features=…)")
    notes, sources = list(reals.notes), {}
    for name in names:
        path = Path(name)
        sources[name] = remembered(sampler(path)) if is_run(name) else given(name, reals)
    if len(runs) == len(names) == 1:
        try:
            sources[f"{names[0]}, refined"] = choose = refined(runs[0], calibration)
        except UserError as error:
            notes.append(f"not refined: {error}")
    how = {"n": n or COUNT, "draws": DRAWS, "groups": GROUPS, "reference": REFERENCE, "seed": seed}
    how["n"] = min(how["n"], len(reals.items) // 2 if reals.others is None else len(reals.others))
    features = SPACES[reals.kind]
    scores = {
        name: compare(
            reals.items, source, features, held_out=reals.others, split=reals.split,
            weights="EMA" if is_run(name.removesuffix(", refined")) else "as given", **how,
        )
        for name, source in sources.items()
    }  # fmt: skip
    lines = table(scores)
    if len(scores) == 2:
        (one, a), (two, b) = sources.items()
        if callable(a) and callable(b):
            lines += ["", told(paired(reals.items, a, b, features, **how), one, two)]
        else:
            notes.append("no verdict: samples that are given cannot be drawn again with the seeds of the other's")
    if len(runs) == len(names) == 1 and len(scores) == 2:
        lines.append(f"refined by obrs: {choose.proposals / choose.returned:.1f} proposals for each sample")
    for run in runs:
        write(run, {name: found for name, found in scores.items() if name.removesuffix(", refined") == str(run)})
    said = dict.fromkeys(
        [*notes, *(note for found in scores.values() for note in found.notes if "held_out=" not in note)]
    )
    return "\n".join([*lines, *(f"note: {note}" for note in said)])


def is_run(word: str) -> bool:
    return RunFolder(word).settings.is_file()


def split(words: list[str]) -> tuple[list[str], str | None]:
    """(one or two things to measure, the data or None for that of the runs)."""
    names, data = (words, None) if words and all(map(is_run, words)) else (words[:-1], words[-1] if words else None)
    if not 1 <= len(names) <= 2:
        raise UserError(
            f"evaluate takes RUN, or one or two of RUN or SAMPLES and then DATA; found '{' '.join(words)}'. "
            "Type for example: gansmith evaluate runs/digits-r3gan"
        )
    if len(set(names)) < len(names):
        raise UserError(f"{names[0]} is named twice: give two different ones to compare")
    for name in names:
        if not Path(name).exists():
            raise UserError(f"{name} does not exist: name the folder of a run, or a folder or file of samples")
    return names, data


def reals_of(runs: list[Path], data: str | None) -> tuple[Reals, Dataset | None]:
    """The reals, and held-out items apart from them that calibrate a run's discriminator (None: there are none).

    Runs on the same data with the same split are compared with what no player of them saw, when that is enough.
    """
    if not runs:
        return whole(read(data, form="items"), note=PART), None
    abouts = [RunFolder(run).read_settings() for run in runs]
    splits = {(a["digest"], a["options"]["val"], a["options"]["seed"]) for a in abouts}
    if len(splits) > 1 and data is None:
        raise UserError(f"{runs[0]} and {runs[1]} were trained on unlike data or splits: name the DATA to compare with")
    options = {name: abouts[0]["options"][name] for name in ("size", "channels")}
    other = None if data is None else read(data, form="items", **options)
    if len(splits) > 1 or (other is not None and other.digest != abouts[0]["digest"]):
        return whole(other, note=PART), data_of(runs[0])[1] if abouts[0]["data"] else None
    train, held = data_of(runs[0], other if abouts[0]["data"] is None else None)
    if "real" not in train.fields:
        raise UserError(f"{runs[0]} makes items from others: write its samples to a folder, and evaluate those")
    if held is None or len(held) < ENOUGH_HELD:
        few = "nothing" if held is None else f"{len(held)} items, too few to compare with"
        found = whole(
            train, "train", f"{few} held out, so the reference is what the players saw; train with more --val"
        )
        return found, held
    items, half = everything(held), len(held) // 2
    order = np.random.default_rng(0).permutation(len(held))
    calibration = held.raw(order[:half]), held.raw(order[:half], "label") if "label" in held.fields else None
    return Reals(items[order[half:]], everything(train), "held-out", train.spec.kind, []), calibration


def whole(data: Dataset, split: str = "as given", note: str = "") -> Reals:
    return Reals(everything(data), None, split, data.spec.kind, [note] if note else [])


def everything(data: Dataset) -> np.ndarray:
    return data.raw(np.arange(len(data)))


def sampler(run: Path) -> Callable:
    """(n, seed=) -> items of a run's generator, of a conditional one in the proportions of its classes in the data."""
    game = load(run)
    if game.inputs or not hasattr(game, "sample"):
        raise UserError(f"{type(game).__name__} makes items from others: write them to a folder, and evaluate those")
    if not getattr(game, "conditional", False):
        return game.sample
    labels = data_of(run)[0]
    labels = labels.raw(np.arange(len(labels)), "label")
    return lambda n, seed: game.sample(n, seed=seed, label=np.random.default_rng(seed).choice(labels, n).tolist())


def remembered(draw: Callable) -> Callable:
    """`draw` that makes no draw twice: a table and a verdict are of the same samples."""
    return lru_cache(maxsize=None)(lambda n, seed: draw(n, seed=seed))


class refined:
    """(n, seed=) -> items of a run that its own discriminator chose; counts what they cost."""

    def __init__(self, run: Path, calibration):
        game = load(run)
        if calibration is None:
            raise UserError("no data was held out to calibrate the discriminator")
        if not (hasattr(game, "score") and hasattr(game, "generate")):
            raise UserError(f"{type(game).__name__} has no discriminator of samples")
        if isinstance(calibration, Dataset):
            labels = calibration.raw(np.arange(len(calibration)), "label") if "label" in calibration.fields else None
            calibration = everything(calibration), labels
        real, labels = calibration
        self.refiner = game.refiner(real, **({"label": labels} if game.conditional else {}))
        self.draw, self.proposals, self.returned = remembered(self.choose), 0, 0

    def __call__(self, n: int, seed: int):
        return self.draw(n, seed)

    def choose(self, n: int, seed: int):
        items = self.refiner.sample(n, seed=seed)
        self.proposals += self.refiner.report["proposals"]
        self.returned += len(items)
        return items


def given(name: str, reals: Reals) -> np.ndarray:
    """Samples from a folder or file, in the form of the reals."""
    form = reals.items.shape[1:]
    look = {"size": tuple(form[1:]), "channels": form[0]} if reals.kind == "images" else {}
    return everything(read(name, form="items", **look))


def table(scores: dict[str, Scores]) -> list[str]:
    """A block for each feature space: metric, value ± half its interval for each of `scores`, what reals score."""
    first, wide = next(iter(scores.values())), max(22, *(len(name) + 2 for name in scores))
    lines = []
    for space, numbers in first.numbers.items():
        lines += ["", f"{space:<20}" + "".join(f"{name:<{wide}}" for name in scores) + "reals"]
        for metric, score in numbers.items():
            cells = [found.numbers[space].get(metric) for found in scores.values()]
            texts = [f"{c.value:.4g} ± {(c.high - c.low) / 2:.2g}" if c else "—" for c in cells]
            lines.append(f"{metric:<20}" + "".join(f"{text:<{wide}}" for text in texts) + f"{score.floor:.4g}")
        lines.append(f"card: {first.cards[space]}")
    return lines[1:]


def told(verdict, one: str, two: str) -> str:
    """The verdict of a pair in a line, with its differences."""
    name = {"a": one, "b": two}.get(verdict.better)
    gaps = "; ".join(
        f"{space}: {verdict.metric[space]} {d.value:+.3g}, 95 % from {d.low:+.3g} to {d.high:+.3g}"
        for space, d in verdict.differences.items()
    )
    start = f"{name} is better" if name else "no difference shown"
    return f"{start} (first minus second, lower is better: {gaps})"


def write(run: Path, scores: dict[str, Scores]) -> None:
    """scores.jsonl: one JSON object a number, of the plain and of the refined samples."""
    with replacing(run / "scores.jsonl") as beside, open(beside, "w") as file:
        for name, found in scores.items():
            kind = "refined" if name.endswith(", refined") else "plain"
            file.writelines(json.dumps({"samples": kind} | json.loads(line)) + "\n" for line in found.lines())
