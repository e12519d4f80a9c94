"""What the page of a run shows of its samples: found where it was planted, left out where there is no time."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data import read
from gansmith.data.pictures import radial_power
from gansmith.data.toys import TOYS
from gansmith.errors import UserError
from gansmith.runs import class_reader, measures
from gansmith.runs.measures import affordable, measure
from gansmith.runs.report.exhibits import exhibits, told

GRID = TOYS["grid25"]


@pytest.fixture(autouse=True)
def smaller(monkeypatch):
    """Fewer reals and groups: wider intervals, in less time."""
    monkeypatch.setattr(measures, "FULL", (60, 300, 3))
    monkeypatch.setattr(measures, "LESS", ((60, 300, 3), (30, 100, 3)))


def game(sample, **more):
    """The least that is measured: something that makes items."""
    return SimpleNamespace(sample=sample, inputs=(), averaged=(), trained={"rounds": 7}, **more)


def pictures(n, seed):
    """Blobs at random places: uint8 (n, 1, 12, 12)."""
    random = np.random.default_rng(seed)
    at = random.uniform(2, 9, (n, 2, 1, 1))
    y, x = np.mgrid[:12, :12]
    blob = 230 * np.exp(-((y - at[:, 0]) ** 2 + (x - at[:, 1]) ** 2) / 6)
    return (blob + random.uniform(0, 20, blob.shape)).astype(np.uint8)[:, None]


def split(items, held=0.2):
    return read(items).split(held)


def page(tmp_path, spec):
    rows, arrays = measures.read(tmp_path)
    return exhibits(rows, arrays, spec)


def test_everything_is_measured_and_read_again(tmp_path):
    train, held = split(pictures(500, 0))
    found = measure(tmp_path, game(lambda n, seed: pictures(n, 100 + seed)), train, held)
    rows, arrays = measures.read(tmp_path)
    assert not found.skipped and not arrays["skipped"].size and arrays["rounds"] == 7
    assert [json.loads(line) for line in found.lines()] == rows and {row["space"] for row in rows} == {
        "random",
        "pixels",
    }
    assert all(row["low"] <= row["value"] <= row["high"] and row["samples"] == "plain" for row in rows)
    assert any("not refined" in note for note in found.notes), "a game without a discriminator says so"
    for name in ("worst", "best", "copy_fake", "copy_real"):
        assert arrays[name].shape == (8, 1, 12, 12) and arrays[name].dtype == np.uint8
    shown = page(tmp_path, train.spec)
    assert [len(one["lines"]) for one in shown["tables"]] == [6, 6] and all(one["plane"] for one in shown["tables"])
    assert shown["copies"]["sentence"].startswith("No sign") and "0.5 to 2" in shown["spectrum"]["sentence"]
    assert shown["classes"]["many"] == "regions"


def test_a_discriminator_that_accepts_hardly_anything_costs_little_and_is_a_note(monkeypatch):
    from gansmith.runs import reference

    train, held = split(np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32))
    gan = gs.GAN(width=8, latent=2).fit(train.raw(np.arange(len(train))), steps=1, batch_size=16, val=0)
    monkeypatch.setattr(reference, "MOST_CANDIDATES", 1)
    refined = reference.Refined(gan, train, held)
    with pytest.raises(UserError, match="fewer than one in 1 candidates; train longer"):
        refined(50, seed=0)


def test_copies_junk_and_blur_are_found_where_they_were_put(tmp_path):
    train, held = split(pictures(500, 0))

    def sample(n, seed):
        made = train.raw(np.random.default_rng(seed).choice(len(train), n)).copy()
        made[:5] = np.random.default_rng(seed).integers(0, 256, made[:5].shape)
        return made

    measure(tmp_path, game(sample), train, held)
    arrays = measures.read(tmp_path)[1]
    junk = sample(60, 0)[:5]
    assert all(any((one == worst).all() for worst in arrays["worst"][:5]) for one in junk)
    np.testing.assert_array_equal(arrays["copy_fake"], arrays["copy_real"])
    shown = page(tmp_path, train.spec)
    assert shown["copies"]["sentence"].startswith("It copies")
    assert shown["realism"][0] < 0.5 < 1 < shown["realism"][1]

    measure(tmp_path, game(lambda n, seed: np.full((n, 1, 12, 12), 99, np.uint8)), train, held)
    assert "blur" in page(tmp_path, train.spec)["spectrum"]["sentence"]


def test_what_cannot_be_measured_leaves_the_other_parts(tmp_path, monkeypatch):
    """Held-out items that all stand in the training data say nothing of copying, and a part that fails is a note."""
    x = read(pictures(500, 0))
    train, held = replace(x, rows=torch.arange(400)), replace(x, rows=torch.arange(100))

    def fails(*_, **__):
        raise UserError("no bins of these")

    monkeypatch.setattr(measures, "ndb", fails)

    def fails_too(train, held):
        raise UserError("no words for it")

    stand_in = game(lambda n, seed: pictures(n, 100 + seed), remarks=fails_too)
    found = measure(tmp_path, stand_in, train, held)
    notes = "\n".join(found.notes)
    assert "classes not measured: no bins of these" in notes and "no words for it" in notes
    arrays = measures.read(tmp_path)[1]
    assert "frequency" in arrays and "memorisation" not in arrays and len(arrays["copy_fake"]) == 8
    said = page(tmp_path, train.spec)["copies"]["sentence"]
    assert "cannot be told" in said and "also in the training set" in said


def test_modes_that_are_missing_are_told(tmp_path):
    train, held = read("grid25").split(0.25)

    def sample(n, seed):
        points, mode = GRID.labelled(4 * n, seed)
        return points[mode >= 5][:n]

    measure(tmp_path, game(sample), train, held)
    rows, arrays = measures.read(tmp_path)
    assert arrays["modes"][0] == 20 and (arrays["class_z"][:5] < -2).all() and (arrays["class_z"][5:] > -2).all()
    assert {row["card"]["split"] for row in rows} == {"held-out"}
    shown = page(tmp_path, train.spec)
    assert "20 of 25 modes found" in shown["classes"]["sentence"] and shown["copies"]["picture"] is None
    assert shown["worst"]["names"] == ["column 0", "column 1"] and len(shown["worst"]["rows"]) == 8


def test_classes_are_read_by_a_classifier_and_counted(tmp_path, monkeypatch):
    class Reader:  # tells bright from dark
        predict = staticmethod(lambda items: (items.mean((1, 2, 3)) > 60).astype(int))
        probabilities = classmethod(lambda cls, items: np.eye(2)[cls.predict(items)])
        accuracy = classmethod(lambda cls, items, labels: float((cls.predict(items) == labels).mean()))

    monkeypatch.setattr(class_reader, "classifier", lambda items, labels, seconds: Reader)
    dark, bright = pictures(700, 0) // 2, pictures(700, 1) // 2 + 60
    data = read(np.concatenate([dark, bright]), labels=np.repeat([0, 1], 700))
    train, held = data.split(0.1)
    measure(tmp_path, game(lambda n, seed: pictures(n, seed) // 2), train, held)
    shown = page(tmp_path, train.spec)["classes"]
    assert (
        shown["many"] == "classes"
        and "100.0\N{NO-BREAK SPACE}% of reals that" in shown["sentence"]
        and "2 of 2" in shown["sentence"]
    )
    assert shown["odd"][0].startswith("1: 0.0\N{NO-BREAK SPACE}% against 5")


def test_a_run_that_was_short_is_not_measured_and_says_so(tmp_path):
    train, held = split(pictures(200, 0))
    found = measure(tmp_path, game(lambda n, seed: pictures(n, seed)), train, held, seconds=0.5)
    rows, arrays = measures.read(tmp_path)
    assert rows == [] and arrays["skipped"].tolist() == found.skipped == ["everything, since the run was short"]


def test_what_is_left_out_is_named(tmp_path):
    train, held = split(pictures(500, 0))
    found = measure(tmp_path, game(lambda n, seed: pictures(n, seed)), train, held, seconds=1e6)
    assert found.scores and not found.skipped, "there was all the time"


def test_classes_that_a_classifier_cannot_learn_in_time_or_at_all_give_way_to_regions(tmp_path, monkeypatch):
    draw = game(lambda n, seed: pictures(n, seed))
    data = read(pictures(500, 0), labels=np.arange(500) % 2)
    learn, allowed = class_reader.classifier, []
    monkeypatch.setattr(
        class_reader, "classifier", lambda x, y, seconds: allowed.append(seconds) or learn(x, y, seconds=seconds and 0)
    )
    found = measure(tmp_path, draw, data, None, seconds=1e6)
    assert found.skipped[0].startswith("classes (a classifier would take") and len(found.skipped) == 1
    assert 0 < allowed[0] < 1e6 / 2, "half of the time that is left"
    assert page(tmp_path, data.spec)["classes"]["many"] == "regions"
    few = read(pictures(150, 0), labels=np.arange(150) % 2)
    found = measure(tmp_path, draw, few, None)
    assert not found.skipped and page(tmp_path, few.spec)["classes"]["many"] == "regions"
    assert any("not by class: 150 images are too few" in note for note in found.notes)


@pytest.mark.parametrize("tick, expected", [(1e-4, 0), (0.12, 1), (1.0, None)])
def test_a_coarser_plan_is_taken_where_time_is_short(monkeypatch, tick, expected):
    clock = iter(np.arange(1000) * tick)
    monkeypatch.setattr(measures.time, "monotonic", lambda: next(clock))
    plan = affordable(lambda n, seed: pictures(n, seed), pictures(300, 0), ["pixels"], 1.0, 100)
    assert plan == (None if expected is None else measures.LESS[expected])


@pytest.mark.parametrize(
    "sample, why",
    [
        (lambda n, seed: np.zeros((n, 3), np.float32), "shape"),
        (lambda n, seed: np.full((n, 2), np.nan, np.float32), "NaN"),
    ],
)
def test_samples_that_cannot_be_measured_get_a_note(tmp_path, sample, why):
    train, held = split(np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32))
    found = measure(tmp_path, game(sample), train, held)
    assert found.scores == {} and why in found.notes[-1]
    assert page(tmp_path, train.spec)["tables"] == []


def test_games_that_make_items_from_others_get_a_note(tmp_path):
    train, held = split(pictures(100, 0))
    mapping = SimpleNamespace(inputs=("source",), averaged=(), trained={}, sample=None)
    assert "from others" in measure(tmp_path, mapping, train, held).notes[-1]


def test_white_noise_has_the_same_power_at_all_frequencies_and_a_wave_at_its_own():
    frequency, power = radial_power(np.random.default_rng(0).normal(0, 3, (300, 2, 16, 20)))
    assert frequency[-1] == 0.5 and len(frequency) == 8
    np.testing.assert_allclose(power, 9, rtol=0.05)
    wave = np.cos(2 * np.pi * 4 / 16 * np.arange(16))[None, None, None].repeat(16, 2)
    frequency, power = radial_power(wave)
    assert frequency[power.argmax()] == 4 / 16 and power.max() / power.sum() > 1 - 1e-9


@pytest.mark.parametrize(
    "value, half, text",
    [
        (0.93123, 0.0213, "0.931 ± 0.021"),
        (12.3, 3.4, "12.3 ± 3.4"),
        (-0.0088, 0.0096, "−0.0088 ± 0.0096"),
        (412, 31, "412 ± 31"),
    ],
)
def test_a_value_is_told_as_finely_as_its_interval(value, half, text):
    assert told({"value": value, "low": value - half, "high": value + half}) == text


def test_a_defect_of_measuring_is_raised_after_all_is_saved_and_reported(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(measures, "_measure", broken)
    monkeypatch.setattr("gansmith.runs.train.PAGE_SHARE", 1e6)  # time enough to measure a run of three rounds
    gan = gs.GAN(width=8)
    with pytest.raises(RuntimeError, match="mat1") as defect:
        gan.fit("ring8", out=tmp_path / "run", steps=3, batch_size=16, precision="fp32")
    assert "training itself is finished" in defect.value.__notes__[0]
    assert gan.trained["finished"] and (tmp_path / "run" / "report.html").is_file()
    assert np.array_equal(gs.load(tmp_path / "run").sample(4, seed=0), gan.sample(4, seed=0))
    assert "measuring failed: RuntimeError" in str(measures.read(tmp_path / "run")[1]["notes"])


@pytest.mark.parametrize("error", [UserError("too few"), MemoryError(), torch.OutOfMemoryError("CUDA")])
def test_what_cannot_be_measured_is_a_note(error, tmp_path, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(measures, "_measure", broken)
    found = measure(tmp_path, game(None), None, None)
    assert len(found.notes) == 1 and "measur" in found.notes[0]
