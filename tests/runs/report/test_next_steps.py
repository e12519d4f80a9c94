"""The next three things to try: each rule fires where it should, and not where it should not."""

from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.diagnose import Finding
from gansmith.runs.report.next_steps import next_steps

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


def advised(about=ABOUT, findings=(), log=(), scores=None, arrays=None):
    scores = rows(GOOD | {"mind": (2.0, 0.9)}) if scores is None else scores
    return next_steps("runs/x", about, findings, log, scores, arrays or {})


COPIED = {"memorisation": np.array([0.1, -20, 0, 0.4, 0.2, 1])}
HONEST = {"memorisation": np.array([1.0, 0, 0.4, 0.4, 0.5, 0])}


@pytest.mark.parametrize(
    "typed, case, control",
    [
        ("--augment ada", {"arrays": COPIED}, {"arrays": HONEST}),
        ("resume runs/x --steps 2000", {"log": trail([9, 8, 6, 5, 3, 2])}, {"log": trail([9, 8, 3, 3, 3, 3])[:3]}),
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
    found += [SimpleNamespace(change={})]
    steps = advised(findings=found, arrays=COPIED, scores=rows(GOOD | {"precision": (0.6, 0.91)}))
    assert len(steps) == 3 and steps[0].typed == "--learning-rate 0.0001" and "oscillation" in steps[0].why


def test_a_run_that_asks_for_nothing_is_trained_again_or_longer():
    assert [step.typed for step in advised()] == ["--seed 1", "gansmith resume runs/x --steps 2000"]
