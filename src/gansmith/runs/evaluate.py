"""`gansmith evaluate`: runs, or samples of any program, against data, with floors, intervals and cards."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from gansmith.data import read
from gansmith.data.dataset import Dataset
from gansmith.data.kinds import KINDS
from gansmith.data.spec import Kind
from gansmith.distributed.track import track
from gansmith.errors import DataError, UserError
from gansmith.evaluate import Scores, compare, paired
from gansmith.names import shown
from gansmith.runs.class_reader import class_numbers_of
from gansmith.runs.field import field_lines, field_numbers, reals_for, with_rows
from gansmith.runs.load import data_of, load
from gansmith.runs.measures import FULL, Measures, how_to_compare, measure
from gansmith.runs.measures import read as read_measures
from gansmith.runs.reference import Reals, as_numbers, asked_for, reals, sampler, some, spaces, whole
from gansmith.runs.report.page import write_report
from gansmith.training.folder import RunFolder

TOO_LITTLE = "too little time to measure anything: give more --within"


def evaluate(
    words: list[str], *, n: int | None = None, seed: int = 0, seconds: float | None = None, reading: dict | None = None
) -> str:
    """The table, ready to print, of one or two runs or sets of samples: `words` of the command line.

    Words are paths of runs, of folders or files of samples, and last the data, which may be left out for runs. A run
    alone is shown plain and, where its discriminator can choose, refined; what was found goes into its folder, too.
    `seconds` is what that may take, about: numbers are coarser where it is short, and what is left out is said.
    `reading`: options with which the data is read, see `gansmith.data.read`.
    """
    end = np.inf if seconds is None else time.monotonic() + seconds
    names, data = split(words)
    if reading and data is None:
        raise UserError(f"--{next(iter(reading))} says how DATA is read, and none is given: runs read their own")
    if len(names) == 1 and is_run(names[0]) and data is None:
        found = measured(names[0], end, n=n, seed=seed)
        write_report(names[0])
        return "\n".join(map(shown, alone(names[0], found)))
    return "\n".join(map(shown, against(names, data, n, seed, end, reading)))


def report(run, seconds: float | None = None) -> str:
    """Write report.html of a run anew, and say where it is. Samples of a run that ended are measured first where that
    was not done in full, in about `seconds`."""
    end = np.inf if seconds is None else time.monotonic() + seconds
    folder, said = RunFolder(run), []
    folder.read_settings()
    if folder.model.is_file():
        try:
            arrays = read_measures(run)[1]
            if not arrays or arrays["skipped"].size or arrays["rounds"] != load(run).trained.get("rounds", 0):
                measured(run, end)
        except UserError as error:  # data that moved or was in memory, a game of someone else: a page all the same
            said = [f"note: not measured: {error}"]
    return "\n".join([str(write_report(run)), *said])


def measured(run, end: float = np.inf, **how) -> Measures:
    """What a run's page says of its samples, measured until about `end`; UserError where the data are not to be had."""
    game, data = load(run), data_of(run)
    seconds = None if np.isinf(end) else end - time.monotonic()
    return measure(run, game, *data, seconds=seconds, **how)


def alone(name: str, found: Measures) -> list[str]:
    """What is printed of one run."""
    if not found.scores:
        why = found.notes[-1] if found.notes and not found.skipped else TOO_LITTLE
        raise UserError(why)
    lines = table({name if kind == "plain" else f"{name}, {kind}": scores for kind, scores in found.scores.items()})
    lines += field_lines(found.arrays)
    if found.verdict:
        lines += ["", told(found.verdict, name, f"{name}, refined")]
        lines.append(f"refined by obrs: {found.proposals:.1f} candidates per sample")
    left = [f"left out, since time was short: {', '.join(found.skipped)}"] if found.skipped else []
    return lines + [f"note: {note}" for note in (*found.notes, *left)]


def against(
    names: list[str], data: str | None, n: int | None, seed: int, end: float = np.inf, reading: dict | None = None
) -> list[str]:
    """What is printed of one or two things against data, measured until about `end`."""
    runs = [Path(name) for name in names if is_run(name)]
    real = reals_of(runs, data, reading or {})
    sources = {name: sampler(load(name), *data_of(name)) if is_run(name) else given(name, real) for name in names}
    features, first = spaces(real.form), next(iter(sources.values()))
    draw = first if callable(first) else lambda n, seed: first[:n]
    share = 4 if len(names) == 2 else 1  # two need twice the time, and a verdict between them as much again
    how = how_to_compare(draw, real, features, n, seed, (end - time.monotonic()) / share)
    if how is None:
        raise UserError(TOO_LITTLE)
    scores = {}
    for name, source in track(sources.items(), "comparing with the data"):
        scores[name] = compare(
            real.items, source, features, held_out=real.others, split=real.split,
            weights="EMA" if is_run(name) else "as given", **how,
        )  # fmt: skip
    lines, notes = table(scores), list(real.notes)
    for name in track(names, "metrics of this kind of data"):
        if time.monotonic() < end:
            found, more = of_field(name, real, how["n"], seed, alone=len(names) == 1, seconds=end - time.monotonic())
            lines, notes = lines + found, notes + more
    if len(names) == 2:
        if all(map(callable, sources.values())):
            one, other = (sources[name] for name in names)
            lines += ["", told(paired(real.items, one, other, features, **how), *names)]
        else:
            notes.append("no verdict: a fixed set of samples cannot be drawn again with the seeds of the other")
    notes += [note for found in scores.values() for note in found.notes if "held_out=" not in note]
    return lines + [f"note: {note}" for note in dict.fromkeys(notes)]


def of_field(name: str, real: Reals, count: int, seed: int, alone: bool, seconds: float) -> tuple[list, list]:
    """(what is printed of the numbers of the field that the data belongs to, notes) of one thing."""
    train, held = (real.data, None) if real.others_data is None else (real.others_data, real.data)
    ours, others, rest = reals_for(train, held, count, FULL[1])
    labels = None
    if is_run(name) and real.form.continuous:
        game, data = load(name), data_of(name)
        items, labels = sampler(game, *data)(count, seed=seed), asked_for(game, data[0], count, seed)
    elif is_run(name):
        items = load(name).sample(count, seed=seed)
    else:
        found, labels = labelled_samples(name, real.form)
        items, labels = some(found, most=FULL[1]), labels if len(found) <= FULL[1] else None
    arrays = field_numbers(real.form, ours, others, items, train, rest)
    rows, notes = class_numbers_of(train, held, items, others, labels, seconds)
    lines = field_lines(with_rows(arrays, rows))
    return (lines if alone or not lines else ["", name, *lines[1:]]), notes


def is_run(word: str) -> bool:
    return RunFolder(word).settings.is_file()


def split(words: list[str]) -> tuple[list[str], str | None]:
    """(one or two things to measure, the data or None for that of the runs)."""
    names, data = (words, None) if words and all(map(is_run, words)) else (words[:-1], words[-1] if words else None)
    if not 1 <= len(names) <= 2:
        raise UserError(
            f"evaluate takes RUN, or one or two RUN or SAMPLES followed by DATA; found '{' '.join(words)}'. "
            "For example: gansmith evaluate runs/digits-r3gan"
        )
    if len(set(names)) < len(names):
        raise UserError(f"{names[0]} is given twice: compare two different ones")
    for name in names:
        if not Path(name).exists():
            raise UserError(f"{name} does not exist: give the folder of a run, or a folder or file of samples")
    return names, data


def reals_of(runs: list[Path], data: str | None, reading: dict) -> Reals:
    """What runs, or anything, are compared with: `data`, or what no player of the runs saw, where that is enough."""
    if not runs:
        return whole(read(data, **{"form": "items"} | reading))
    abouts = [RunFolder(run).read_settings() for run in runs]
    splits = {(a["digest"], a["options"]["val"], a["options"]["seed"]) for a in abouts}
    if len(splits) > 1 and data is None:
        raise UserError(f"{runs[0]} and {runs[1]} were trained on different data or splits: add DATA to compare with")
    options = abouts[0]["options"]
    options = {"size": options["size"], "channels": options["channels"], **options.get("reading", {}), **reading}
    other = None if data is None else read(data, **{"form": "items"} | options)
    if other is not None and (len(splits) > 1 or other.digest != abouts[0]["digest"]):
        return whole(other)
    return reals(*data_of(runs[0], other if abouts[0]["data"] is None else None))[0]


def given(name: str, real: Reals) -> np.ndarray:
    """Samples from a folder or file, in the form of the reals."""
    return as_numbers(samples(name, real.form))


def samples(name: str, form: Kind) -> Dataset:
    """What lies in a folder or file, as items of `form`; UserError where it is something else."""
    return labelled_samples(name, form)[0]


def labelled_samples(name: str, form: Kind) -> tuple[Dataset, np.ndarray | None]:
    """(what lies in a folder or file, as items of `form`, the class number of each, where it says so of classes that
    `form` has); UserError where it is something else."""
    problems: list[DataError] = []
    alone = form.kind in KINDS and Path(name).is_file()  # one file, which says little of itself
    for way in (form.kind, "items") if alone else ("items",):
        try:
            found = read(name, form=way, **form.read_options())
            made = form.like(found)
            break
        except DataError as problem:
            problems.append(problem)
    else:
        said = problems[0 if alone and KINDS[form.kind].recognises(Path(name)) else -1]
        raise UserError(f"{said}. It is to be compared with {form.noun}")
    if "label" not in found.fields or not set(found.spec.classes) <= set(form.classes):
        return made, None
    numbers = np.array([form.classes.index(name) for name in found.spec.classes])
    return made, numbers[found.raw(np.arange(len(found)), "label")]


def table(scores: dict[str, Scores]) -> list[str]:
    """A block for each feature space: metric, value ± half its interval for each of `scores`, what reals score."""
    first, wide = next(iter(scores.values())), max(22, *(len(name) + 2 for name in scores))
    lines = []
    for space, numbers in first.numbers.items():
        lines += ["", f"{space:<20}" + "".join(f"{name:<{wide}}" for name in scores) + "real data"]
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
        f"{space}: {verdict.metric[space]} {d.value:+.3g}, 95 % interval {d.low:+.3g} to {d.high:+.3g}"
        for space, d in verdict.differences.items()
    )
    start = f"{name} is better" if name else "no significant difference"
    return f"{start} (difference of the first and the second; lower is better: {gaps})"
