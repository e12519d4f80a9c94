"""The next three things to try with a run: what the diagnosis found to change, then what its numbers say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gansmith import names
from gansmith.diagnose.advice import batches
from gansmith.diagnose.log_history import Past
from gansmith.gans import GAMES
from gansmith.runs.quality import better_before, still_falls
from gansmith.runs.reference import ENOUGH_HELD
from gansmith.training.plan import spell_time

FAR = 0.9  # of what real data scores, below which something is missing
HALF = 0.5  # of what real data scores, below which samples are far from the data
MOST_HELD = 0.3  # of the data, to be advised


class Step(NamedTuple):
    what: str
    why: str
    typed: str = ""


def next_steps(
    run, about: dict, findings: Sequence, rows: Sequence, scores: Sequence, arrays: dict, past: Past
) -> list[Step]:
    """At most three, the most urgent first.

    about, rows, scores, arrays: of settings.json, log.jsonl, scores.jsonl and measures.npz; `findings` and `past` of
    the diagnosis
    """
    run = names.typed(run)  # as it stands in commands
    steps = [*_found([one for one in findings if one.severity == "failure"])]
    if past.row and past.young:  # nothing else is known of it
        steps += [*_longer(run, about, past), *_found(findings)]
    else:
        steps += [*_found(findings), *_measured(run, about, rows, scores, arrays, past)]
    refused = any("not measured" in str(note) for note in arrays.get("notes", ()))  # again would say the same
    steps += _always(run, about, scores, past, refused)
    return [step for i, step in enumerate(steps) if step.what not in {one.what for one in steps[:i]}][:3]


def _found(findings) -> Iterator[Step]:
    for one in findings:
        if one.change and one.severity != "note":
            yield Step(one.remedy, f"{one.name}, {one.severity} since step {one.step:,}", one.options)


def _longer(run, about: dict, past: Past) -> Iterator[Step]:
    """What a young run needs, in steps and in time on the machine that it ran on."""
    step, seconds = past.row["step"], past.row["seconds"]
    first, good = past.needed
    noun = past.form.noun if past.form else "items"
    why = (
        f"after {step:,} training steps it is young: {noun} like these take about {first:,} until samples resemble them"
        f" ({spell_time(first * seconds / step)} here) and {good:,} until they are good "
        f"({spell_time(good * seconds / step)} here)"
    )
    total = f"--steps {first}" if about["options"]["steps"] else f"--minutes {math.ceil(first * seconds / step / 60)}"
    yield Step("Train longer.", why, f"gansmith resume {run} {total}")


def _measured(run, about: dict, rows, scores, arrays: dict, past: Past) -> Iterator[Step]:
    value = {(s["samples"], s["metric"]): s for s in reversed(scores)}  # of the first space
    if "memorisation" in arrays and arrays["memorisation"][-1]:
        typed = "--augment ada" if about["settings"].get("augment") == "none" else ""
        yield Step("Show the discriminator less of each item: augment, or stop earlier.", "samples are copies", typed)
    path = [(row["evaluate/mind"], row["step"]) for row in rows if "evaluate/mind" in row]
    if why := better_before(rows):
        how = past.form.to_sample(GAMES.get(past.game)) if past.form else "-n 64"
        yield Step("Take the best model rather than the last.", why, f"gansmith sample {run}/best.gan {how}")
    elif len(path) >= 6 and (fell := still_falls(path)):
        why = f"MIND (a distance to the data) still fell by {fell:.0%} in the last third of training"
        yield Step("Train longer.", why, f"gansmith resume {run} {more(about['options'])}")
    if arrays.get("refined_is_better"):
        cost = value["refined", "coverage"]["proposals"]
        why = f"its own discriminator's choice is better in two feature spaces, for {cost:.1f} candidates per sample"
        yield Step("Refine the samples.", why, f"gansmith sample {run} -n 64 --refine obrs")
    yield from _short(run, about, value.get(("plain", "coverage")), value.get(("plain", "precision")), past)


def _short(run, about: dict, reach: dict | None, fidelity: dict | None, past: Past) -> Iterator[Step]:
    """What to do where samples reach too little of the data, or lie off it."""
    if not (reach and fidelity and reach["floor"] and fidelity["floor"]):
        return
    width, batch = about["settings"].get("width"), 2 * about["options"]["batch_size"]
    lost, off = reach["value"] / reach["floor"], fidelity["value"] / fidelity["floor"]
    if fidelity["high"] < FAR * fidelity["floor"]:
        why = f"precision is {fidelity['value']:.2f} (real data {fidelity['floor']:.2f}): samples lie off the data"
        if off < HALF or (past.row and past.row["step"] < past.needed[1]):
            yield Step("Train longer.", why + _time_to_good(past), f"gansmith resume {run} {more(about['options'])}")
        if isinstance(width, int):
            yield Step("Use larger networks.", why, f"--width {2 * width}")
    if reach["high"] < FAR * reach["floor"] and lost < off:
        why = f"coverage is {reach['value']:.2f} (real data {reach['floor']:.2f}): part of the data is missing"
        if past.row and past.row["step"] < past.needed[1]:
            yield Step("Train longer.", why + _time_to_good(past), f"gansmith resume {run} {more(about['options'])}")
        if batches(past):
            yield Step("Use larger batches.", why, f"--batch-size {batch}")


def _time_to_good(past: Past) -> str:
    """'; about 20,000 training steps are usual, 3.1 h here', where that is ahead."""
    if not past.row or past.row["step"] >= past.needed[1]:
        return ""
    seconds = past.needed[1] * past.row["seconds"] / past.row["step"]
    return f"; about {past.needed[1]:,} training steps are usual, {spell_time(seconds)} here"


def _always(run, about: dict, scores, past: Past, refused: bool) -> Iterator[Step]:
    items = about["items"]
    if scores and items * about["options"]["val"] < ENOUGH_HELD and items * MOST_HELD >= ENOUGH_HELD:
        why = "the metrics use the training set, since too little was held out"
        yield Step("Hold more data out.", why, f"--val {math.ceil(100 * ENOUGH_HELD / items) / 100:g}")
    if scores and all(s["low"] <= s["floor"] <= s["high"] for s in scores if s["samples"] == "plain"):
        why = "every number reaches what real data scores, so more samples are needed to see a difference"
        yield Step("Measure more finely.", why, f"gansmith evaluate {run} -n 2000")
    if not scores and not refused:
        yield Step("Measure the samples.", "no metric stands on this page yet", f"gansmith report {run}")
    why = "another seed is another model; three tell a method from luck"
    yield Step("Train again with another seed.", why, f"--seed {about['options']['seed'] + 1}")
    yield Step(
        "Train longer.",
        "nothing asks for anything else" + _time_to_good(past),
        f"gansmith resume {run} {more(about['options'])}",
    )


def more(options: dict) -> str:
    """Twice the budget of a run, as it is typed."""
    return f"--steps {2 * options['steps']}" if options["steps"] else f"--minutes {2 * options['minutes']:g}"
