"""The numbers of a kind's own field: baselines beside them, and what a GAN that does not beat them is told."""

from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.data.spec import Kind
from gansmith.runs.field import beaten, field_lines, field_numbers, with_rows
from gansmith.runs.report.exhibits import exhibits


class Levels(Kind):
    """Numbers that are good where their mean and spread are those of real ones; a baseline knows the mean."""

    def measures(self, real, fake):
        return {"mean": float(np.mean(fake)), "spread": float(np.std(fake)), "none": float("nan")}

    def baselines(self, real, count, rng):
        return {"their mean": np.full(count, np.mean(real))}


REAL = np.random.default_rng(0).normal(5, 1, 400)


@pytest.mark.parametrize(
    "made, said",
    [
        (REAL[::-1][:100], "beat what takes no training: their mean"),
        (np.full(100, 9.0), "do not beat what takes no training: their mean (nearer to real data in 1 of 3 numbers"),
    ],
)
def test_baselines_stand_beside_and_a_gan_that_does_not_beat_them_is_told_so(made, said):
    arrays = field_numbers(Levels((1,)), REAL[:200], REAL[200:300], made)
    lines = field_lines(with_rows(arrays, {"more": (1.0, 2.0, 3.0)}))
    assert lines[1].split()[-2:] == ["their", "mean"] and said in lines[-1]
    assert lines[2].split()[-1] == f"{REAL[:200].mean():.3g}" and lines[5].split()[-1] == lines[4].split()[-1] == "—"
    page = exhibits([], arrays | {"rounds": 1}, SimpleNamespace(columns=()))
    assert page["field"][0][-1] == "their mean" and len(page["field"][1]) == 3 and said in page["field_says"]


def test_a_baseline_that_is_better_than_real_data_is_not_far_from_it():
    """As one Gaussian is of data that is nearly normal: it fits the very items that samples are compared with."""
    floor, control = {"told": 0.56, "gap": 0.03}, {"told": 0.99, "gap": 0.2}
    said = beaten({"told": 0.94, "gap": 0.03}, floor, control, {"Gaussian": {"told": 0.47, "gap": 0.001}})
    assert (
        "do not beat what takes no training: Gaussian (nearer to real data in 1 of 2 numbers, the samples in 0)" in said
    )
    assert "These samples beat" in beaten(floor, floor, control, {"walk": {"told": 1.0, "gap": 0.1}})
    assert "do not beat" in beaten(floor, floor, control, {"as good": floor})


def test_a_kind_without_baselines_says_nothing_of_them():
    arrays = field_numbers(type("Plain", (Levels,), {"baselines": Kind.baselines})((1,)), REAL, REAL, REAL)
    assert not arrays["baseline_names"].size and field_lines(arrays)[1].rstrip().endswith("shuffled (control)")
    assert str(arrays["field_says"]) == ""
