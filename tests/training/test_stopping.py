"""A signal ends a training after all is saved, and the program that called `fit` then gets it."""

import signal
import subprocess
import sys

import pytest

import gansmith as gs
from gansmith.training.stopping import SIGNALS, deliver, signals_held

pytestmark = pytest.mark.usefixtures("whole_toys", "signals_are_heard")

HOW = {"steps": 40, "batch_size": 16, "precision": "fp32", "evaluate": False}
SCRIPT = """
import signal, sys
import torch
import gansmith as gs
import gansmith.training.plan
torch.set_num_threads(1)
gansmith.training.plan.WARM_SECONDS = 0.0
def stop(state, row):
    if row["step"] == 11: signal.raise_signal(signal.SIGTERM)
gs.GAN(width=8).fit("ring8", out={out!r}, watch=stop, **{how!r})
print("the next line of the script")
"""


def stop(number):
    return lambda state, row: signal.raise_signal(number) if row["step"] == 11 else None


def test_a_script_ends_as_it_would_have_without_us_and_its_run_goes_on(tmp_path):
    out = str(tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(out=out, how=HOW)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGTERM and "the next line" not in done.stdout
    assert (tmp_path / "run" / "report.html").is_file()
    assert gs.load(out).trained["rounds"] == 11
    assert gs.resume(out).trained["finished"]


def test_ctrl_c_leaves_the_game_usable_to_whoever_catches_it():
    gan = gs.GAN(width=8)
    with pytest.raises(KeyboardInterrupt):
        gan.fit("ring8", watch=stop(signal.SIGINT), **HOW)
    assert gan.trained["rounds"] == 11 and not gan.trained["finished"]
    assert gan.sample(3, seed=0).shape == (3, 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_handler_of_the_program_s_own_is_called_once_and_the_program_goes_on(number):
    heard = []
    before = signal.signal(number, lambda number, frame: heard.append(number))
    try:
        gan = gs.GAN(width=8).fit("ring8", watch=stop(number), **HOW)
    finally:
        signal.signal(number, before)
    assert heard == [number] and gan.trained["rounds"] == 11


def test_a_second_signal_is_not_held_back():
    with pytest.raises(KeyboardInterrupt), signals_held() as held:
        signal.raise_signal(signal.SIGTERM)
        assert held.number == signal.SIGTERM
        signal.raise_signal(signal.SIGINT)


def test_who_ignores_a_hangup_goes_on_and_every_handler_is_given_back():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        handlers = [signal.getsignal(number) for number in SIGNALS]
        with signals_held() as held:
            signal.raise_signal(signal.SIGHUP)
        assert held.number == 0
        assert [signal.getsignal(number) for number in SIGNALS] == handlers
    finally:
        signal.signal(signal.SIGHUP, before)
    deliver(0)  # nothing came, nothing is delivered
