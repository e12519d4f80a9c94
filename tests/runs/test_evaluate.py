"""`gansmith evaluate`: tables of runs and of samples, verdicts, and what is refused."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import gansmith as gs
from gansmith.cli import main as cli
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.vectors import Vectors
from gansmith.runs.class_reader import Reader
from gansmith.runs.evaluate import evaluate, samples
from gansmith.runs.measures import how_to_compare
from gansmith.runs.reference import whole


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run on points that held enough back, one of hardly any training, and one on pictures."""
    folder = tmp_path_factory.mktemp("appraise")
    gs.R3GAN(width=32).fit("ring8", steps=300, out=folder / "long", val=0.06)
    gs.R3GAN(width=32).fit("ring8", steps=2, out=folder / "short", val=0.06)
    gs.GAN(width=16, latent=4).fit("digits", steps=2, out=folder / "digits")
    gs.GAN(width=8, latent=2).fit(np.eye(40, 2, dtype=np.float32), steps=2, out=folder / "memory")
    return folder


@pytest.fixture(autouse=True)
def fewer_groups(monkeypatch):
    """Wider intervals, in a quarter of the time."""
    monkeypatch.setattr("gansmith.runs.measures.FULL", (60, 500, 3))

    def reader(train, held, seconds):  # instead of a classifier, which takes longer than all the rest
        def predict(x):
            return (x.mean((1, 2, 3)) > 80).astype(int)

        net = SimpleNamespace(predict=predict, probabilities=lambda x: np.eye(2)[predict(x)])
        items = train.raw(np.arange(500))
        return Reader(net, items, items[:0], np.array([], int), 1.0)

    monkeypatch.setattr("gansmith.runs.measures.reader", reader)
    monkeypatch.setattr("gansmith.runs.class_reader.reader", reader)


@pytest.mark.parametrize("name, split", [("long", "held-out"), ("digits", "train")])
def test_a_run_is_shown_plain_and_refined_in_two_spaces(runs, name, split, capsys):
    assert cli.main(["evaluate", str(runs / name), "-n", "60"]) == 0
    said = capsys.readouterr().out
    assert said.count("coverage ") == said.count("card: ") == 2 and f"ref {split}" in said
    assert "refined by obrs: " in said and "lower is better" in said
    rows = [json.loads(line) for line in (runs / name / "scores.jsonl").read_text().splitlines()]
    assert {row["samples"] for row in rows} == {"plain", "refined"} and len({row["space"] for row in rows}) == 2
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_the_page_shows_what_was_measured_and_measures_what_was_not(runs, capsys, monkeypatch):
    assert cli.main(["report", str(runs / "short")]) == 0
    page = (runs / "short" / "report.html").read_text()
    assert capsys.readouterr().out == f"{runs / 'short' / 'report.html'}\n"
    for words in ("Modes", "refined", "Young: train longer", "Coverage to the right", "Does it copy?", "try next"):
        assert words in page
    monkeypatch.setattr("gansmith.runs.evaluate.measure", None)  # once is enough
    assert cli.main(["report", str(runs / "short")]) == 0


def test_a_run_whose_data_are_gone_has_a_page_all_the_same(runs, capsys):
    assert cli.main(["report", str(runs / "memory")]) == 0
    assert "note: not measured: " in capsys.readouterr().out
    assert "everything, since the run was short" in (runs / "memory" / "report.html").read_text()


def test_the_better_of_two_runs_is_told_whatever_their_order(runs):
    long, short = str(runs / "long"), str(runs / "short")
    for words in ([long, short], [short, long]):
        assert f"{long} is better" in evaluate(words, n=150)


def test_no_difference_is_shown_between_a_run_and_its_copy(runs, tmp_path):
    twin = shutil.copytree(runs / "long", tmp_path / "twin")
    assert "no significant difference" in evaluate([str(runs / "long"), str(twin)], n=60)


def test_samples_are_measured_against_data_and_reals_reach_the_floor(tmp_path):
    items = np.random.default_rng(0).normal(size=(900, 2)).astype(np.float32)
    for name, made in {"data": items[:600], "good": items[600:], "bad": items[600:] + 3}.items():
        np.save(tmp_path / f"{name}.npy", made)
    data, good, bad = (str(tmp_path / f"{name}.npy") for name in ("data", "good", "bad"))
    coverage = {}
    for name in (good, bad):
        row = next(line for line in evaluate([name, data], n=100).splitlines() if line.startswith("coverage"))
        coverage[name] = float(row.split()[1]), float(row.split()[-1])
    assert coverage[good][0] > 0.9 * coverage[good][1] and coverage[bad][0] < 0.3 * coverage[bad][1]
    both = evaluate([good, bad, data], n=100)
    assert "good.npy" in both and "bad.npy" in both and "no verdict" in both


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("evaluate digits", "DATA"),
        ("evaluate nowhere digits", "nowhere does not exist"),
        ("evaluate RUN nowhere", "nowhere"),
        ("evaluate RUN RUN", "given twice"),
        ("evaluate RUN DIGITS", "different data"),
        ("evaluate RUN digits", "shape"),
        ("evaluate RUN -n 3", "--count"),
    ],
)
def test_what_cannot_be_measured_gets_one_line(runs, typed, expected, capsys):
    places = {"RUN": str(runs / "long"), "DIGITS": str(runs / "digits")}
    assert cli.main([places.get(word, word) for word in typed.split()]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and expected in said.err


def test_too_few_reals_are_said_with_how_many_it_takes():
    few = whole(Dataset(Vectors((2,)), {"real": np.zeros((24, 2), np.float32)}))
    with pytest.raises(gs.UserError, match="24 vectors are too few to measure samples by: 40 are the least"):
        how_to_compare(None, few, [], None, 0, np.inf)


def test_samples_in_files_are_read_in_the_form_of_the_data(tmp_path, monkeypatch):
    import pandas

    monkeypatch.chdir(tmp_path)
    rng, rows = np.random.default_rng(0), np.arange(90)
    real = pandas.DataFrame(
        {"x": rng.normal(size=90).round(2), "town": ["Rome"] * 60 + ["Bonn"] * 30, "pay": [f"${v}" for v in rows * 7]}
    )
    real.to_csv("real.csv", index=False)
    form = gs.read("real.csv").spec
    made = real.assign(x=real.x + 3, town=["Bonn"] * 60 + ["Rome"] * 30)  # another mean, another order by frequency
    made[["pay", "town", "x"]].assign(more=1).to_csv("made.csv", index=False, sep=";")
    found = samples("made.csv", form)
    assert found.spec == form and found.raw(rows)["town"].tolist() == made.town.tolist()
    assert np.allclose(found.raw(rows).x, real.x + 3)  # beyond what the data has, too
    assert np.allclose(
        form.numbers(found.raw(rows))[:, 0], np.clip((real.x + 3 - form.center[0]) / form.scale[0], -4, 4)
    )
    made.assign(town="Ulm").to_csv("new.csv", index=False)
    assert set(samples("new.csv", form).raw(rows)["town"]) == {"Ulm"}  # which no row of the data had
    for change, says in (({"x": "many"}, "column 'x' has 'many' in row 1"), ({"town": None}, "lack the columns town")):
        bad = made.assign(**change) if None not in change.values() else made.drop(columns=list(change))
        bad.to_csv("bad.csv", index=False)
        with pytest.raises(gs.UserError, match=f"bad.csv: .*{says}"):
            samples("bad.csv", form)


def test_rows_and_vectors_are_compared_as_each_other(tmp_path, monkeypatch):
    import pandas

    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(60, 2))
    np.save("x.npy", x)
    pandas.DataFrame(x, columns=["a", "b"]).to_csv("x.csv", index=False)
    rows, vectors = gs.read("x.csv").spec, gs.read("x.npy").spec
    assert np.allclose(samples("x.npy", rows).raw(np.arange(60)).to_numpy(), x)
    assert np.allclose(samples("x.csv", vectors).raw(np.arange(60)), x)
    np.save("y.npy", x[:, :1])
    for form, says in ((rows, "no such rows"), (vectors, "holds 60 rows of 1 numbers, where rows of 2")):
        with pytest.raises(gs.UserError, match=says):
            samples("y.npy", form)
