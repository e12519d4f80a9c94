"""The whole way: train, look, sample, resume, as it is typed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.cli import main as cli


def test_train_prints_a_plan_and_commands_that_run(here, capsys, small):
    assert cli.main(["train", "ring8", "--steps", "5", *small]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    for word in ("r3gan on ring8", "parameters ", "samples/s", "whole run ", "chosen ", "this command took"):
        assert word in said.out
    run = here / "runs" / "ring8-r3gan"
    files = {"checkpoint", "log.jsonl", "model.gan", "real.png", "report.html", "samples", "settings.json"}
    assert files <= {p.name for p in run.iterdir()}
    typed = [line.split(" -m gansmith ")[1].split() for line in said.out.splitlines() if " -m gansmith " in line]
    assert [words[0] for words in typed] == ["sample", "report", "resume"]
    for words in typed:
        assert cli.main(words) == 0
    assert json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"] == 10, "the new budget was played"
    assert cli.main(["train", "ring8", "--steps", "2", "-q", *small]) == 0
    assert (here / "runs" / "ring8-r3gan-2").is_dir()


def test_quiet_prints_the_folder_only(here, capsys, small):
    assert cli.main(["train", "gan", "ring8", "--steps", "2", "--out", "x", "--quiet", *small]) == 0
    assert capsys.readouterr() == ("x\n", "")
    assert cli.main(["train", "gan", "ring8", "--steps", "3", "--out", "x", "--quiet", "--overwrite", *small]) == 0
    assert json.loads((here / "x" / "settings.json").read_text())["options"]["steps"] == 3


def test_only_the_first_rank_prints(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert cli.main(["train", "nowhere"]) == 2
    assert capsys.readouterr() == ("", "")


def test_resume_with_nothing_left_says_so_and_keeps_what_was_measured(trained, here, capsys, monkeypatch):
    shutil.copytree(trained, "again")
    numbers = b'{"samples": "refined", "metric": "mind", "space": "pixels", "value": 1.0, "low": 0.9, "high": 1.1, '
    numbers += b'"floor": 0.8, "proposals": 4.1, "card": null}\n'
    kept = {name: (here / "again" / name).read_bytes() for name in ("measures.npz", "log.jsonl")}
    (here / "again" / "scores.jsonl").write_bytes(numbers)
    monkeypatch.setattr("gansmith.runs.train.report", lambda state, keep, *, measured: told.append(measured))
    told: list[bool] = []
    assert cli.main(["resume", "again"]) == 0
    assert "already trained: 6 steps" in capsys.readouterr().out
    assert told == [False] and (here / "again" / "scores.jsonl").read_bytes() == numbers, "refined numbers stay"
    assert all((here / "again" / name).read_bytes() == what for name, what in kept.items())


@pytest.mark.parametrize("out", ["x.png", "x.npz", "x.npy", "made/", "deep/er/x.png"])
def test_samples_of_pictures_go_where_asked(trained, here, out, capsys):
    assert cli.main(["sample", str(trained), "-n", "12", "-o", out, "--seed", "1"]) == 0
    assert capsys.readouterr().out.strip() == out.rstrip("/")
    if out == "made/":
        made = sorted((here / "made").iterdir())
        assert [p.name[:3] for p in made] == [f"{i:02d}-" for i in range(12)]  # its number, then its class
        assert Image.open(made[0]).size == (8, 8)
    elif out.endswith("png"):
        assert Image.open(out).mode == "L"
    else:
        items = np.load(out)["samples"] if out.endswith("npz") else np.load(out)
        assert items.shape == (12, 1, 8, 8) and items.dtype == np.uint8


def test_samples_repeat_with_their_seed_and_follow_the_label(trained, here):
    model = str(trained / "model.gan")
    for name, more in {"a": [], "b": [], "c": ["--label", "3"], "d": ["--label", "4"]}.items():
        assert cli.main(["sample", model, "-n", "5", "-o", f"{name}.npy", "--seed", "7", *more]) == 0
    a, b, c, d = (np.load(f"{name}.npy") for name in "abcd")
    assert (a == b).all() and (c != d).any()


def test_samples_of_a_table_come_as_a_table(here, small):
    rows = np.random.default_rng(0).normal(size=(300, 3))
    np.savetxt("table.csv", rows, delimiter=",", header="a,b,c", comments="")
    assert cli.main(["train", "r3gan", "table.csv", "--steps", "2", "-q", *small]) == 0
    assert cli.main(["sample", "runs/table-r3gan", "-n", "9", "-o", "made.csv"]) == 0
    assert Path("made.csv").read_text().splitlines()[0] == "a,b,c"
    assert np.loadtxt("made.csv", delimiter=",", skiprows=1).shape == (9, 3)
    assert cli.main(["sample", "runs/table-r3gan", "-o", "pictures/"]) == 2
    assert not Path("pictures").exists()


def test_sampling_a_run_says_where_its_best_state_was_clearly_better_than_its_last(trained, here, capsys):
    shutil.copytree(trained, "again")
    shutil.copy("again/model.gan", "again/best.gan")
    for values, said in (([3, 1, 1, 1, 2, 2], "gansmith sample again/best.gan"), ([3, 2, 2, 2, 2, 2], "")):
        rows = [{"step": k, "seconds": k, "samples": 16 * k, "evaluate/mind": value} for k, value in enumerate(values)]
        Path("again/log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert cli.main(["sample", "again", "-n", "1", "-o", "one.png"]) == 0
        told = capsys.readouterr().err
        assert said in told and bool(said) == bool(told)


def test_check_reports_and_trains_nothing(here, capsys, pictures):
    folder = pictures(here / "photos", 30)
    (folder / "broken.png").write_bytes(b"")
    assert cli.main(["check", "photos", "--size", "8"]) == 0
    said = capsys.readouterr().out
    assert "30 pictures of 1 x 8 x 8" in said and "broken.png" in said
    assert [p.name for p in here.iterdir()] == ["photos"]
