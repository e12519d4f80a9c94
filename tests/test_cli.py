"""The command line as it is typed: what it prints, what it leaves behind, and how it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from gansmith.cli import main as cli
from gansmith.cli.settings import read_settings, split_words
from gansmith.gans import GAMES
from gansmith.version import __version__

DOCS = Path(__file__).parent.parent / "docs" / "cli.md"
SMALL = ["--latent", "4", "--width", "8", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Each test types in an empty folder of its own, after a plan that is over at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of six rounds."""
    out = tmp_path_factory.mktemp("cli") / "run"
    assert cli.main(["train", "gan", "digits", "--steps", "6", "--conditional", "-q", "--out", str(out), *SMALL]) == 0
    return out


def pictures(folder: Path, count: int, size: int = 8) -> Path:
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (count, size, size), np.uint8)
    for i, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def tree(folder: Path) -> dict:
    return {p.relative_to(folder): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def process(*words: str, **more) -> subprocess.Popen:
    program = [sys.executable, "-m", "gansmith", *words]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


# --- help ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("command", ["check", "evaluate", "list", "report", "resume", "sample", "train"])
def test_every_command_has_help_with_examples_and_stands_in_the_docs(command):
    result = CliRunner().invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert result.output.count(f"gansmith {command}") >= 2, "the usage and an example"
    said = DOCS.read_text()
    assert f"gansmith {command}" in said
    for parameter in get_command(cli.app).commands[command].params:
        for option in parameter.opts:
            assert not option.startswith("-") or option == "--help" or f"`{option}" in said, (
                f"{option} is not in the docs"
            )


def test_help_of_a_game_shows_its_settings(capsys):
    assert cli.main(["train", "wgan-gp", "--help"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"--penalty .*λ.*\[default: 10\.0\]", said) and "--discriminator-steps" in said


def test_nothing_typed_shows_the_help(capsys):
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert "gansmith train photos/" in said.out and said.err == ""


def test_version_and_list(capsys):
    assert cli.main(["--version"]) == 0
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == __version__
    assert [line.split()[0] for line in lines[1:]] == list(GAMES)
    assert all(game.summary in line for game, line in zip(GAMES.values(), lines[1:]))


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"], ["sample", "--help"]])
def test_help_loads_nothing_heavy(words):
    code = f"import sys; from gansmith.cli.main import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "matplotlib", "PIL"} & set(done.stderr.split())


# --- what was typed --------------------------------------------------------------------------------------------------
def test_words_become_positionals_and_settings():
    words = ["--conditional", "gan", "--width=32", "photos", "--discriminator-steps", "5", "--beta1", "-1"]
    given = {"conditional": None, "width": "32", "discriminator_steps": "5", "beta1": "-1"}
    assert split_words(words, GAMES.values()) == (["gan", "photos"], given)
    assert split_words(["--conditional", "no", "x"], GAMES.values()) == (["x"], {"conditional": "no"})


def test_settings_take_the_types_of_their_annotations():
    given = {"conditional": None, "width": "none", "gamma": "1", "latent": "16", "prior": "uniform"}
    assert read_settings(GAMES["r3gan"], given) == {
        "conditional": True,
        "width": None,
        "gamma": 1.0,
        "latent": 16,
        "prior": "uniform",
    }


# --- the whole way ---------------------------------------------------------------------------------------------------
def test_train_prints_a_plan_and_commands_that_run(here, capsys):
    assert cli.main(["train", "ring8", "--steps", "5", *SMALL]) == 0
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
    assert cli.main(["train", "ring8", "--steps", "2", "-q", *SMALL]) == 0
    assert (here / "runs" / "ring8-r3gan-2").is_dir()


def test_quiet_prints_the_folder_only(here, capsys):
    assert cli.main(["train", "gan", "ring8", "--steps", "2", "--out", "x", "--quiet", *SMALL]) == 0
    assert capsys.readouterr() == ("x\n", "")
    assert cli.main(["train", "gan", "ring8", "--steps", "3", "--out", "x", "--quiet", "--overwrite", *SMALL]) == 0
    assert json.loads((here / "x" / "settings.json").read_text())["options"]["steps"] == 3


def test_only_the_first_rank_prints(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert cli.main(["train", "nowhere"]) == 2
    assert capsys.readouterr() == ("", "")


def test_resume_with_nothing_left_says_so(trained, here, capsys):
    shutil.copytree(trained, "again")
    assert cli.main(["resume", "again"]) == 0
    assert "nothing was left to play" in capsys.readouterr().out


@pytest.mark.parametrize("out", ["x.png", "x.npz", "x.npy", "made/", "deep/er/x.png"])
def test_samples_of_pictures_go_where_asked(trained, here, out, capsys):
    assert cli.main(["sample", str(trained), "-n", "12", "-o", out, "--seed", "1"]) == 0
    assert capsys.readouterr().out.strip() == out.rstrip("/")
    if out == "made/":
        made = sorted((here / "made").iterdir())
        assert [p.name for p in made] == [f"{i:02d}.png" for i in range(12)]
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


def test_samples_of_a_table_come_as_a_table(here):
    rows = np.random.default_rng(0).normal(size=(300, 3))
    np.savetxt("table.csv", rows, delimiter=",", header="a,b,c", comments="")
    assert cli.main(["train", "table.csv", "--steps", "2", "-q", *SMALL]) == 0
    assert cli.main(["sample", "runs/table-r3gan", "-n", "9", "-o", "made.csv"]) == 0
    assert Path("made.csv").read_text().splitlines()[0] == "a,b,c"
    assert np.loadtxt("made.csv", delimiter=",", skiprows=1).shape == (9, 3)
    assert cli.main(["sample", "runs/table-r3gan", "-o", "pictures/"]) == 2
    assert not Path("pictures").exists()


def test_check_reports_and_trains_nothing(here, capsys):
    folder = pictures(here / "photos", 30)
    (folder / "broken.png").write_bytes(b"")
    assert cli.main(["check", "photos", "--size", "8"]) == 0
    said = capsys.readouterr().out
    assert "30 pictures of 1 x 8 x 8" in said and "broken.png" in said
    assert [p.name for p in here.iterdir()] == ["photos"]


# --- stopping --------------------------------------------------------------------------------------------------------
def wait_for(path: Path, worker: subprocess.Popen) -> None:
    for _ in range(600):
        if path.exists() and path.stat().st_size:
            return
        assert worker.poll() is None, worker.stderr.read()
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


def test_interrupt_saves_and_says_how_to_go_on(here):
    worker = process("train", "gan", "ring8", "--minutes", "10", "--out", "run", *SMALL)
    wait_for(here / "run" / "log.jsonl", worker)
    worker.send_signal(signal.SIGINT)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 130
    found = re.fullmatch(r"gansmith: stopped after round ([\d,]+); go on with: .+ resume run\n", said)
    rounds = int(found[1].replace(",", ""))
    assert (here / "run" / "report.html").is_file()
    assert cli.main(["resume", "run", "--steps", str(rounds + 2), "-q"]) == 0
    assert json.loads(Path("run/log.jsonl").read_text().splitlines()[-1])["step"] <= rounds + 2


def test_a_killed_run_is_reported_and_resumed(here, capsys):
    code = (
        "import os, signal, gansmith.training.folder as f\n"
        "log = f.RunFolder.log\n"
        "def die(keep, state, row):\n"
        "    log(keep, state, row)\n"
        "    if state.round == 7: keep.save(state)\n"
        "    if state.round == 9: os.kill(os.getpid(), signal.SIGKILL)\n"
        "f.RunFolder.log = die\n"
        "from gansmith.cli.main import main\n"
        f"main({['train', 'gan', 'ring8', '--steps', '12', '--out', 'run', *SMALL]!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -signal.SIGKILL
    assert not Path("run/model.gan").exists()
    assert cli.main(["report", "run"]) == 0
    assert "Not ended: 9 rounds" in Path("run/report.html").read_text()
    assert cli.main(["sample", "run", "-o", "x.png"]) == 2
    assert cli.main(["resume", "run"]) == 0
    assert "resuming     run after round 7" in capsys.readouterr().out
    steps = [json.loads(line)["step"] for line in Path("run/log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 13)), "no line twice, none lost"


# --- bad input -------------------------------------------------------------------------------------------------------
def table(text: str):
    return lambda: Path("t.csv").write_text(text)


def rows(cell: str) -> str:
    return "a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(40)) + f"{cell},1\n"


def truncated():
    pictures(Path("photos"), 3)
    for path in Path("photos").iterdir():
        path.write_bytes(path.read_bytes()[:40])


def zero_bytes():
    Path("photos").mkdir()
    for i in range(3):
        Path(f"photos/{i}.png").write_bytes(b"")


def cut_archive():
    np.savez("a.npz", images=np.zeros((50, 8, 8), np.uint8))
    Path("a.npz").write_bytes(Path("a.npz").read_bytes()[:200])


def something_else():
    Path("run").mkdir()
    Path("run/thesis.tex").write_text("precious")


nothing = lambda: None  # noqa: E731

BAD = {  # what is wrong -> (how it comes about, what is typed, what the line must say)
    "missing path": (nothing, "train nowhere/", "nowhere"),
    "empty folder": (lambda: Path("photos").mkdir(), "train photos", "photos"),
    "one picture": (lambda: pictures(Path("photos"), 1), "train photos", "one picture"),
    "zero-byte pictures": (zero_bytes, "train photos", "photos"),
    "truncated pictures": (truncated, "train photos", "photos"),
    "truncated archive": (cut_archive, "train a.npz", "a.npz"),
    "zero-byte table": (table(""), "train t.csv", "t.csv"),
    "NaN in a column": (table(rows("nan")), "train r3gan t.csv", "a"),
    "text in a column": (table(rows("seven")), "train r3gan t.csv", "a"),
    "no labels": (lambda: pictures(Path("photos"), 40), "train gan photos --conditional", "labels"),
    "batch beyond the data": (lambda: pictures(Path("photos"), 40), "train photos --batch-size 99", "batch_size=99"),
    "unknown GAN": (nothing, "train wgn-gp digits", "wgan-gp"),
    "unknown setting": (nothing, "train wgan-gp digits --penlty 3", "--penalty"),
    "unknown option": (nothing, "train wgan-gp digits --stesp 3", "--steps"),
    "text for a setting": (nothing, "train wgan-gp digits --penalty high", "a number"),
    "setting out of range": (nothing, "train wgan-gp digits --penalty -1", "at least 0"),
    "no data": (nothing, "train wgan-gp", "DATA"),
    "text for steps": (nothing, "train digits --steps many", "--steps"),
    "no steps": (nothing, "train digits --steps 0", "steps=0"),
    "two budgets": (nothing, "train digits --steps 3 --minutes 3", "not both"),
    "all held out": (nothing, "train digits --val 1", "val=1"),
    "bad size": (nothing, "train digits --size wide", "HEIGHTxWIDTH"),
    "bad device": (nothing, "train digits --device abacus", "abacus"),
    "bad precision": (nothing, "train digits --precision fp3", "fp3"),
    "a game for pictures": (nothing, "train dcgan ring8", "r3gan"),
    "folder of something else": (something_else, "train gan digits --out run --overwrite", "run"),
    "place that is a file": (lambda: Path("f").write_text(""), "train gan digits --steps 1 --out f/run", "--out"),
    "no run to resume": (nothing, "resume nowhere", "nowhere"),
    "no run to report": (nothing, "report nowhere", "nowhere"),
    "no model": (nothing, "sample nowhere", "nowhere"),
    "foreign model": (lambda: Path("m.gan").write_bytes(b"x" * 99), "sample m.gan", "m.gan"),
    "unknown command": (nothing, "trian digits", "trian"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_leaves_nothing(case, here, capsys):
    make, typed, expected = BAD[case]
    make()
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
        ("sample RUN -o x.csv", "vectors"),
        ("sample RUN -n 0", "--count"),
        ("sample RUN --label 11", "no class"),
        ("sample RUN --label seven", "no class"),
        ("train gan digits --steps 2 --out RUN", "resume"),
        ("resume RUN --data ring8", "not the data"),
    ],
)
def test_what_a_run_refuses_leaves_it_as_it_was(typed, expected, trained, here, capsys):
    before = tree(trained), tree(here)
    assert cli.main([str(trained) if word == "RUN" else word for word in typed.split()]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("gansmith: ") and said.err.count("\n") == 1 and expected in said.err
    assert (tree(trained), tree(here)) == before


def test_a_bad_picture_among_many_is_left_out_by_name(here, capsys):
    folder = pictures(here / "photos", 40)
    (folder / "torn.png").write_bytes((folder / "1.png").read_bytes()[:50])
    assert cli.main(["train", "photos", "--steps", "1", "--out", "run", *SMALL]) == 0
    assert "torn.png" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="the root user may write anywhere")
def test_a_place_without_permission_gets_one_line(here, capsys):
    locked = here / "locked"
    locked.mkdir(mode=0o500)
    assert cli.main(["train", "gan", "digits", "--steps", "1", "--out", "locked/run", *SMALL]) == 2
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
