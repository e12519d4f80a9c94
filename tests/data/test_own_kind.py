"""A kind of data from outside the package: read, checked, trained on, sampled, written, evaluated, reported."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import gansmith as gs
from gansmith.cli.main import main
from gansmith.errors import UserError
from gansmith.runs.measures import read as read_measures

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_kind.py"


@pytest.fixture
def own(monkeypatch):
    """The module of the example; its kind is known for one test."""
    monkeypatch.setattr("gansmith.data.kinds.KINDS", kinds := dict(gs.KINDS))
    for module in list(sys.modules.values()):
        if module.__name__.startswith("gansmith.") and "KINDS" in vars(module) and "images" in module.KINDS:
            monkeypatch.setattr(module, "KINDS", kinds)
    spec = importlib.util.spec_from_file_location("own_kind", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "own_kind", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def graphs(own, tmp_path):
    own.rings_and_stars(tmp_path / "graphs", 60)
    return tmp_path / "graphs"


def test_it_is_recognised_and_read_with_its_labels_and_its_options(own, graphs):
    data = gs.read(graphs)
    assert isinstance(data.spec, own.Graphs) and data.spec.shape == (1, 8, 8) and data.spec.classes == ("ring", "star")
    assert data.raw([0]).sum() == 2 * data.raw([0])[0, 0].any(0).sum()  # a ring has as many edges as nodes
    assert "120 graphs" not in str(gs.check(graphs)) and "60 graphs of 1 x 8 x 8" in str(gs.check(graphs))
    assert gs.read(graphs, nodes=7).left_out


@pytest.mark.parametrize(
    "break_it, said",
    [
        (lambda folder: (folder / "ring" / "0.edges").write_text("a b\n"), "left out"),
        (lambda folder: [file.write_text("0 x") for file in folder.rglob("*.edges")], "at least 2"),
        (
            lambda folder: [file.rename(file.with_suffix(".doc")) for file in folder.rglob("*.edges")],
            "no data that can",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(graphs, capsys, break_it, said):
    break_it(graphs)
    code = main(["check", str(graphs)])
    heard = capsys.readouterr()
    assert said in heard.out + heard.err and (code == 0) == (said == "left out") and heard.err.count("\n") <= 1


def test_it_is_trained_on_sampled_written_evaluated_and_reported(own, graphs, tmp_path, capsys):
    run, made = tmp_path / "run", tmp_path / "made"
    words = ["train", "wgan-gp", str(graphs), "--width", "4", "--steps", "3", "--batch-size", "16", "--out", str(run)]
    assert main(words) == 0
    assert main(["sample", str(run), "-n", "5", "-o", f"{made}/", "--seed", "1"]) == 0
    one = gs.load(run).sample(5, seed=1)
    assert np.array_equal(one, one.transpose(0, 1, 3, 2)) and not one[:, 0].diagonal(axis1=1, axis2=2).any()
    assert np.array_equal(gs.read(made, nodes=8).fields["real"][:2], one[:2])  # what is written is read again as it was
    assert main(["evaluate", str(run), "-n", "20"]) == 0
    assert "degrees" in capsys.readouterr().out
    arrays = read_measures(run)[1]
    assert arrays["field_floor"] == 0 > arrays["field_control"] and "in one piece" in (run / "report.html").read_text()
    assert main(["resume", str(run), "--steps", "4"]) == 0


def test_a_run_of_a_kind_that_is_not_known_says_what_to_do(own, graphs, tmp_path, monkeypatch):
    gs.GAN(width=4).fit(graphs, steps=1, batch_size=16).save(tmp_path / "x.gan")
    monkeypatch.delitem(gs.KINDS, "graphs")
    with pytest.raises(UserError, match="no kind of data called 'graphs'.*import the module"):
        gs.load(tmp_path / "x.gan")


def test_a_name_of_another_kind_is_refused(graphs):
    with pytest.raises(UserError, match="rate"):
        gs.read(graphs, rate=16000)


def test_the_least_that_works_as_the_page_says_works(own):
    page = (Path(__file__).parents[2] / "docs" / "own-kind.md").read_text()
    names: dict = {"__name__": "own_kind"}
    exec(page.split("```python\n")[1].split("```")[0], names)  # noqa: S102
    assert names["gan"].sample(2, seed=0).shape == (2, 1, 64) and "spectra" in names["gs"].KINDS
