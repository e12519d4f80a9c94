"""A run that is stopped or killed is saved, reported and resumed."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gansmith.cli import main as cli
from gansmith.training.folder import RunFolder

pytestmark = pytest.mark.usefixtures("whole_toys", "signals_are_heard")


def process(*words: str, **more) -> subprocess.Popen:
    program = [sys.executable, "-m", "gansmith", *words]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_for(path: Path, worker: subprocess.Popen) -> None:
    for _ in range(1800):
        if path.exists() and path.stat().st_size:
            return
        assert worker.poll() is None, worker.stderr.read()
        time.sleep(0.1)
    worker.kill()
    raise AssertionError(f"{path} never came")


def test_interrupt_saves_and_says_how_to_go_on(here, small):
    worker = process("train", "gan", "ring8", "--minutes", "10", "--out", "run", *small)
    wait_for(here / "run" / "log.jsonl", worker)
    worker.send_signal(signal.SIGINT)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 130
    found = re.fullmatch(r"gansmith: stopped after step ([\d,]+); continue with: .+ resume run\n", said)
    rounds = int(found[1].replace(",", ""))
    assert (here / "run" / "report.html").is_file()
    assert cli.main(["resume", "run", "--steps", str(rounds + 2), "-q"]) == 0
    assert json.loads(Path("run/log.jsonl").read_text().splitlines()[-1])["step"] <= rounds + 2


def test_a_killed_run_is_reported_and_resumed(here, capsys, small):
    code = (
        "import os, signal, gansmith.training.folder as f, gansmith.training.plan as plan\n"
        "plan.WARM_SECONDS = 0.0\n"
        "log = f.RunFolder.log\n"
        "def die(keep, state, row):\n"
        "    log(keep, state, row)\n"
        "    if state.round == 7: keep.save(state)\n"
        "    if state.round == 9: os.kill(os.getpid(), signal.SIGKILL)\n"
        "f.RunFolder.log = die\n"
        "from gansmith.cli.main import main\n"
        f"main({['train', 'gan', 'ring8', '--steps', '12', '--out', 'run', *small]!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -signal.SIGKILL
    assert not Path("run/model.gan").exists()
    assert cli.main(["report", "run"]) == 0
    assert "9 training steps" in Path("run/report.html").read_text()
    assert cli.main(["sample", "run", "-o", "x.png"]) == 2
    assert cli.main(["resume", "run"]) == 0
    assert "resuming     run after step 7" in capsys.readouterr().out
    steps = [json.loads(line)["step"] for line in Path("run/log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 13)), "no line twice, none lost"


def test_a_terminal_that_closes_ends_a_run_as_an_interrupt_does(here, small, capsys, monkeypatch):
    """In this process, which hears of it as the one above of Ctrl-C."""
    log, closed = RunFolder.log, []

    def closes(folder, state, row):
        log(folder, state, row)
        if not closed:
            closed.append(state.round)
            signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr(RunFolder, "log", closes)
    assert cli.main(["train", "gan", "ring8", "--minutes", "10", "--out", "run", *small]) == 130
    said = capsys.readouterr().err
    assert re.fullmatch(rf"gansmith: stopped after step {closed[0]}; continue with: .+ resume run\n", said)


def test_training_goes_on_when_nobody_reads_what_it_prints(here, small):
    worker = process("train", "gan", "ring8", "--steps", "60", "--out", "run", *small)
    assert worker.stdout.readline().startswith("gan on ring8")
    worker.stdout.close()  # as `| head -n 1` does
    _, said = worker.communicate(timeout=120)
    assert worker.returncode == 0
    assert said == "gansmith: the output is no longer read: training continues without it\n"
    assert (here / "run" / "report.html").is_file()


def test_a_program_without_any_output_trains(here, small, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["train", "gan", "ring8", "--steps", "2", "--out", "run", *small]) == 0
    assert (here / "run" / "model.gan").is_file()
