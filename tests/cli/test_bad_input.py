"""Bad input gets one line, exit code 2, and leaves nothing behind."""

import os
from pathlib import Path

import numpy as np
import pytest

from gansmith.cli import main as cli


def tree(folder: Path) -> dict:
    return {p.relative_to(folder): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def table(text: str):
    return lambda _: Path("t.csv").write_text(text)


def rows(cell: str) -> str:
    return "a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(40)) + f"{cell},1\n"


def forty_pictures(pictures):
    pictures(Path("photos"), 40)


def truncated(pictures):
    pictures(Path("photos"), 3)
    for path in Path("photos").iterdir():
        path.write_bytes(path.read_bytes()[:40])


def zero_bytes(_):
    Path("photos").mkdir()
    for i in range(3):
        Path(f"photos/{i}.png").write_bytes(b"")


def cut_archive(_):
    np.savez("a.npz", images=np.zeros((50, 8, 8), np.uint8))
    Path("a.npz").write_bytes(Path("a.npz").read_bytes()[:200])


def something_else(_):
    Path("run").mkdir()
    Path("run/thesis.tex").write_text("precious")


nothing = lambda _: None  # noqa: E731

BAD = {  # what is wrong -> (how it comes about, what is typed, what the line must say)
    "missing path": (nothing, "train nowhere/", "nowhere"),
    "empty folder": (lambda _: Path("photos").mkdir(), "train photos", "photos"),
    "one picture": (lambda pictures: pictures(Path("photos"), 1), "train photos", "one picture"),
    "zero-byte pictures": (zero_bytes, "train photos", "photos"),
    "truncated pictures": (truncated, "train photos", "photos"),
    "truncated archive": (cut_archive, "train a.npz", "a.npz"),
    "zero-byte table": (table(""), "train t.csv", "t.csv"),
    "NaN in a column": (table(rows("nan")), "train r3gan t.csv", "a"),
    "text in a column": (table(rows("seven")), "train r3gan t.csv", "a"),
    "no labels": (forty_pictures, "train gan photos --conditional", "labels"),
    "batch beyond the data": (
        forty_pictures,
        "train photos --batch-size 99",
        "batch_size=99",
    ),
    "unknown GAN": (nothing, "train wgn-gp digits", "wgan-gp"),
    "unknown setting": (nothing, "train wgan-gp digits --penlty 3", "--penalty"),
    "unknown option": (nothing, "train wgan-gp digits --stesp 3", "--steps"),
    "text for a setting": (nothing, "train wgan-gp digits --penalty high", "a number"),
    "setting out of range": (nothing, "train wgan-gp digits --penalty -1", "at least 0"),
    "no data": (nothing, "train wgan-gp", "DATA"),
    "text for steps": (nothing, "train digits --steps many", "--steps"),
    "no steps": (nothing, "train digits --steps 0", "steps=0"),
    "steps without end": (nothing, "train digits --steps " + "9" * 30, "from 1 to"),
    "minutes without end": (nothing, "train digits --minutes inf", "minutes=inf"),
    "no number for a setting": (nothing, "train gan digits --learning-rate nan", "learning_rate=nan"),
    "a setting beyond all memory": (nothing, "train gan digits --width 999999999999999999", "width="),
    "a seed beyond all numbers": (nothing, "train gan digits --seed " + "9" * 30, "--seed"),
    "a device": (nothing, "check /dev/null", "is a pipe or a device"),
    "a name too long": (nothing, "check " + "a" * 300, "File name too long"),
    "two budgets": (nothing, "train digits --steps 3 --minutes 3", "not both"),
    "all held out": (nothing, "train digits --val 1", "val=1"),
    "bad size": (nothing, "train digits --size wide", "HEIGHTxWIDTH"),
    "bad device": (nothing, "train digits --device abacus", "abacus"),
    "bad precision": (nothing, "train digits --precision fp3", "fp3"),
    "a game for pictures": (nothing, "train dcgan ring8", "r3gan"),
    "folder of something else": (something_else, "train gan digits --out run --overwrite", "run"),
    "place that is a file": (
        lambda _: Path("f").write_text(""),
        "train gan digits --steps 1 --out f/run",
        "--out",
    ),
    "no run to resume": (nothing, "resume nowhere", "nowhere"),
    "no run to report": (nothing, "report nowhere", "nowhere"),
    "no model": (nothing, "sample nowhere", "nowhere"),
    "foreign model": (lambda _: Path("m.gan").write_bytes(b"x" * 99), "sample m.gan", "m.gan"),
    "unknown command": (nothing, "trian digits", "trian"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_leaves_nothing(case, here, capsys, pictures):
    make, typed, expected = BAD[case]
    make(pictures)
    before = tree(here)
    assert cli.main(typed.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("gansmith: ") and said.err.count("\n") == 1 and len(said.err) < 400
    assert expected in said.err
    assert tree(here) == before


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("sample RUN -o x.tiff", ".png"),
        ("sample RUN -o x.csv", "folder/"),
        ("sample RUN -n 0", "--count"),
        ("sample RUN -o /dev/null", "a device or a pipe"),
        ("sample RUN -o a\0b.png", "cannot be written to"),
        (f"sample RUN -o {'a' * 300}.png", "name another place"),
        ("sample RUN -o RUN/model.gan/x.png", "model.gan is no folder"),
        ("sample RUN --seed " + "9" * 30, "--seed"),
        ("sample RUN --label 11", "no class"),
        ("sample RUN --label seven", "no class"),
        ("train gan digits --steps 2 --out RUN", "resume"),
        ("resume RUN --data ring8", "not the data"),
    ],
)
def test_what_a_run_refuses_leaves_it_as_it_was(typed, expected, trained, here, capsys):
    before = tree(trained), tree(here)
    assert cli.main([word.replace("RUN", str(trained)) for word in typed.split()]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("gansmith: ") and said.err.count("\n") == 1 and expected in said.err
    assert (tree(trained), tree(here)) == before


def test_a_bad_picture_among_many_is_left_out_by_name(here, capsys, small, pictures):
    folder = pictures(here / "photos", 40)
    (folder / "torn.png").write_bytes((folder / "1.png").read_bytes()[:50])
    assert cli.main(["train", "photos", "--steps", "1", "--out", "run", *small]) == 0
    assert "torn.png" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="the root user may write anywhere")
def test_a_place_without_permission_gets_one_line(here, capsys, small):
    locked = here / "locked"
    locked.mkdir(mode=0o500)
    assert cli.main(["train", "gan", "digits", "--steps", "1", "--out", "locked/run", *small]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_gets_one_line(trained, here, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "x.png")

    monkeypatch.setattr("gansmith.atomic.os.replace", full)
    assert cli.main(["sample", str(trained), "-o", "x.png"]) == 2
    assert "no space left" in capsys.readouterr().err.lower()
    assert list(here.iterdir()) == []


def test_a_defect_keeps_its_trace(monkeypatch):
    def broken(*_, **__):
        raise KeyError("a defect")

    monkeypatch.setattr("gansmith.runs.evaluate.report", broken)
    with pytest.raises(KeyError):
        cli.main(["report", "x"])
