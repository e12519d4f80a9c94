"""The next three things to try: each rule fires where it should, and not where it should not."""

from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.diagnose import Diagnosis, Finding
from gansmith.diagnose.log_history import Past
from gansmith.runs.report.next_steps import next_steps
from gansmith.runs.report.page import _verdict

ABOUT = {
    "items": 10_000,
    "settings": {"width": 64, "augment": "none"},
    "options": {"val": 0.2, "batch_size": 64, "seed": 0, "steps": 1000, "minutes": None},
}
GOOD = {"precision": (0.9, 0.91), "coverage": (0.95, 0.96), "mind": (1.0, 0.9)}


def rows(numbers, samples="plain", half=0.02):
    return [
        {
            "samples": samples,
            "metric": name,
            "value": v,
            "low": v - half,
            "high": v + half,
            "floor": f,
            "proposals": 3.9,
        }
        for name, (v, f) in numbers.items()
    ]


def trail(values):
    return [{"step": 100 * i, "evaluate/mind": v} for i, v in enumerate(values)]


def useful(values):
    return [
        row | {"evaluate/usefulness": v, "evaluate/usefulness-of-reals": 0.6} for row, v in zip(trail([3] * 6), values)
    ]


SPEC = {"kind": "images", "shape": [3, 64, 64]}


def advised(about=ABOUT, findings=(), log=(), scores=None, arrays=None, step=30_000, game="gan", spec=SPEC):
    scores = rows(GOOD | {"mind": (2.0, 0.9)}) if scores is None else scores
    past = Past(about | {"game": game, "spec": spec})
    past.add({"step": step, "seconds": 1.2 * step, "look/coverage": 0.0})
    return next_steps("runs/x", about, findings, log, scores, arrays or {}, past)


COPIED = {"memorisation": np.array([0.1, -20, 0, 0.4, 0.2, 1])}
HONEST = {"memorisation": np.array([1.0, 0, 0.4, 0.4, 0.5, 0])}


@pytest.mark.parametrize(
    "typed, case, control",
    [
        ("--augment ada", {"arrays": COPIED}, {"arrays": HONEST}),
        ("resume runs/x --steps 2000", {"log": trail([9, 8, 6, 5, 3, 2])}, {"log": trail([9, 8, 3, 3, 3, 3])[:3]}),
        ("runs/x/best.gan", {"log": useful([1, 3, 5, 5, 4, 4])}, {"log": useful([1, 3, 4, 5, 5, 5])}),
        ("runs/x/best.gan", {"log": trail([3, 1, 1, 1, 2, 2])}, {"log": trail([3, 2, 2, 2, 2, 2])}),
        (
            "--refine obrs",
            {"arrays": {"refined_is_better": np.array(True)}},
            {"arrays": {"refined_is_better": np.array(False)}},
        ),
        ("--width 128", {"scores": rows(GOOD | {"precision": (0.6, 0.91)})}, {}),
        (
            "--batch-size 128",
            {"scores": rows(GOOD | {"coverage": (0.6, 0.96)})},
            {"scores": rows(GOOD | {"coverage": (0.8, 0.96), "precision": (0.1, 0.9)})},
        ),
        ("--val 0.1", {"about": ABOUT | {"options": ABOUT["options"] | {"val": 0.05}}}, {}),
        ("evaluate runs/x -n 2000", {"scores": rows(GOOD, half=0.5)}, {}),
        ("report runs/x", {"scores": []}, {}),
    ],
)  # fmt: skip
def test_a_number_that_asks_for_something_gets_it(typed, case, control):
    case = case | {"scores": rows(GOOD) + rows(GOOD, "refined")} if "arrays" in case else case
    control = control | {"scores": rows(GOOD | {"mind": (2.0, 0.9)})} if "arrays" in control else control
    assert any(typed in step.typed for step in advised(**case))
    assert not any(typed in step.typed for step in advised(**control)[:-1])


def test_what_the_diagnosis_found_comes_first_and_three_are_enough():
    found = [Finding("oscillation", "warning", 50, {}, "Calm down.", {"learning_rate": 1e-4})]
    found += [SimpleNamespace(change={}, severity="warning")]
    steps = advised(findings=found, arrays=COPIED, scores=rows(GOOD | {"precision": (0.6, 0.91)}))
    assert len(steps) == 3 and steps[0].typed == "--learning-rate 0.0001" and "oscillation" in steps[0].why


def test_a_run_that_asks_for_nothing_is_trained_again_or_longer():
    assert [step.typed for step in advised()] == ["--seed 1", "gansmith resume runs/x --steps 2000"]


def test_a_young_run_is_told_to_train_longer_and_how_long_that_is_here():
    step, *_ = advised(step=206, scores=rows(GOOD | {"precision": (0.0, 0.9), "coverage": (0.0, 0.9)}))
    assert step.what == "Train longer." and step.typed == "gansmith resume runs/x --steps 4000"
    assert "4,000" in step.why and "80 min here" in step.why and "20,000" in step.why and "6.7 h here" in step.why
    minutes = ABOUT | {"options": ABOUT["options"] | {"steps": None, "minutes": 4}}
    assert advised(minutes, step=206)[0].typed == "gansmith resume runs/x --minutes 80"
    assert not any("width" in one.typed or "batch" in one.typed for one in advised(step=206))


def scored(coverage, recall, precision):
    return rows({"coverage": (coverage, 0.89), "recall": (recall, 0.87), "precision": (precision, 0.87)})


@pytest.mark.parametrize(
    "step, scores, word, said",
    [
        (206, scored(0.12, 0.0, 0.77), "young", "206 of about 4,000 training steps"),
        (30_000, scored(0.12, 0.0, 0.77), "failed", "middle"),
        (30_000, scored(0.01, 0.0, 0.02), "failed", "almost nothing"),
        (30_000, scored(0.3, 0.5, 0.8), "far", "coverage 0.30 (real data 0.89)"),
        (30_000, scored(0.85, 0.8, 0.85), "healthy", "no failure"),
        (3, [], "young", "3 of about 4,000"),
    ],
)
def test_the_verdict_begins_with_what_is_reached_and_not_with_precision(step, scores, word, said):
    diagnosis = Diagnosis(
        ABOUT | {"game": "gan", "spec": SPEC}, [{"step": step, "seconds": step, "samples": 64 * step}]
    )
    found, why = _verdict(diagnosis, diagnosis.findings, scores)
    assert found == word and said in why
    assert "precision" not in why or why.index("coverage") < why.index("precision")


def test_larger_batches_are_for_data_of_many_of_them():
    table = {"kind": "vectors", "shape": [5]}
    few = ABOUT | {"items": 2400, "options": ABOUT["options"] | {"batch_size": 500}}
    steps = advised(few, scores=rows(GOOD | {"coverage": (0.6, 0.96)}), game="ctgan", spec=table)
    assert not any("batch" in one.typed for one in steps)


def test_what_cannot_be_measured_is_not_asked_for_again():
    notes = {"notes": np.array(["not measured: a game that makes items from others"])}
    assert not any("report" in one.typed for one in advised(scores=[], arrays=notes))
