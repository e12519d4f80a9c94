"""The numbers of a kind's own field: rows of one name for samples, reals and control, of as many of each, and copies
sought among all that was trained on; baselines, and what a GAN that does not beat them is told."""

from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.data import read
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.kinds.volumes.kind import Volumes
from gansmith.data.spec import Kind
from gansmith.runs.field import beaten, field_lines, field_numbers, reals_for, with_rows
from gansmith.runs.report.exhibits import exhibits

RNG = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(60)]
LINES = list(dict.fromkeys(" ".join(RNG.choice(WORDS, 8)) for _ in range(900)))


class Counted(Vectors):
    """Says how many it was shown, and which."""

    def measures(self, real, fake):
        return {"reals": len(real), "fakes": len(fake), "last": float(np.max(fake))}


def test_samples_reals_and_control_are_of_one_number_from_the_whole_range():
    column = lambda n: np.arange(float(n))[:, None]  # noqa: E731
    for items, other in ((20, 5), (5, 20)):
        found = field_numbers(Counted((1,)), column(50), column(other), column(items))
        rows = dict(zip(found["field_names"], np.stack([found[f"field_{x}"] for x in ("fake", "floor", "control")], 1)))
        assert rows["reals"].tolist() == [50] * 3 and rows["fakes"].tolist() == [5] * 3
        assert rows["last"].tolist() == [16 if items == 20 else 4, 16 if other == 20 else 4, 16 if other == 20 else 4]


def test_nearly_symmetric_shapes_have_one_axis_of_symmetry_for_any_number_of_samples():
    rng = np.random.default_rng(0)
    x = np.zeros((200, 1, 6, 6, 6), np.uint8)
    x[:, :, 1:5, 1:5, 1:5] = rng.random((200, 1, 4, 4, 4)) < 0.8
    form = Volumes.form_of(x, False)
    for count in (5, 10, 20, 40):
        assert len(field_numbers(form, x[:100], x[100:], x[:count])["field_names"]) == 9
    names = {tuple(form.measures(x[:100], x[100 : 100 + count])) for count in (3, 5, 8, 13, 40)}
    assert len(names) == 1


def test_copies_are_looked_for_among_all_that_was_trained_on_and_never_among_the_floor():
    data = read(LINES)
    real, other, rest = reals_for(data, None, 50, 100)  # what is compared is a ninth of the data
    assert len(real) == 100 and len(other) == 50 and len(rest) == len(data) - 50
    trained = rest.raw(np.arange(len(rest)))
    floor = {row.tobytes() for row in other}
    assert floor.isdisjoint(row.tobytes() for row in trained) and len(floor) == 50
    found = field_numbers(data.spec, real, other, np.concatenate([trained[-40:], other[:20]]), data, rest)
    values = dict(zip(found["field_names"], zip(found["field_fake"], found["field_floor"])))
    name = f"at least 90 % identical to one of {len(data)} training sequences, share of 50"
    assert values[name] == (1, 0)
    train, held = data.split(0.1)
    assert reals_for(train, held, 50, 100)[2] is train


def test_numbers_that_depend_on_how_many_there_are_say_it_and_are_of_as_many():
    data = read(LINES)
    real, other, rest = reals_for(data, None, 100, 200)
    names = list(field_numbers(data.spec, real, other, data.raw(np.arange(70)), data, rest)["field_names"])
    assert "self-BLEU-4 against 69 others, 1 when all are one" in names and "distinct 1-grams of 70, share" in names
    assert "perplexity of the data to a trigram model of 70 samples" in names
    assert {f"distinct {n}-grams of 70, share" for n in (1, 2, 3)} <= set(names)


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


def test_a_cheap_model_of_the_training_data_stands_beside_every_game_of_sequences():
    grammar = [f"{a} {b} {c}" for a in WORDS[:9] for b in WORDS[9:18] for c in (WORDS[int(b[1:])], WORDS[30])]
    data = read(grammar)
    real, other, rest = reals_for(data, None, 60, 120)
    arrays = field_numbers(data.spec, real, other, data.raw(np.arange(60)), data, rest)
    names, (cheap,) = list(arrays["field_names"]), arrays["field_baselines"]
    assert arrays["baseline_names"].tolist() == ["trigram model"] and len(cheap) == len(names)
    at = names.index("2-grams that real ones have, share")
    assert cheap[at] > max(0.6, 1.5 * arrays["field_control"][at])


def test_the_cheap_model_of_genes_is_a_chain_of_codons():
    codons = ["GCA", "CCG", "GGT", "AAC"]
    genes = ["ATG" + "".join(RNG.choice(codons, RNG.integers(2, 6))) + "TAA" for _ in range(200)]
    data = read(genes)
    ((name, made),) = data.spec.baselines(data.raw(np.arange(200)), 100, np.random.default_rng(0)).items()
    texts = data.spec.texts(made)
    assert name == "chain of codons" and made.shape == (100, data.spec.shape[0]) and made.dtype == np.int16
    assert all(text.startswith("ATG") and len(text) % 3 == 0 for text in texts) and len(set(texts)) > 20
    assert np.mean([text.endswith("TAA") for text in texts]) > 0.7  # what is too long is cut
