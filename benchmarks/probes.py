"""What watching costs over the play between: a log line's probes and rules, a look, every fourth look the rotation.

    python benchmarks/probes.py [--minutes 5]

Each game plays stretches of rounds with and without the default probes and rules, in turn, by processor time, so that
whatever else the machine does hits both; looks are timed by themselves in between and counted as often as a run of so
many minutes would take them. The figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from types import SimpleNamespace

import torch

import gansmith as gs
from gansmith.diagnose import Diagnosis, Probes, rotation
from gansmith.diagnose.probes import TURN, look_interval
from gansmith.testing import begin
from gansmith.training.loop import Budget, Every, play

STRETCHES = 9


def keeper():
    """Keeps what a run keeps in memory, and writes nothing."""
    log = lambda state, row: state.game.history.append({"step": state.round, "seconds": 1.0, "samples": 1} | row)  # noqa: E731
    return SimpleNamespace(log=log, sample=lambda state: None, save=lambda state: None)


def compare(name: str, game, data: str, minutes: float, rounds: int, **settings) -> None:
    dataset = gs.read(data)
    train, held = dataset.split(0.05)

    def fresh():
        state = begin(game, train, settings, 0)
        state.batch_size, state.held = 64, held
        return state

    plain, watched = fresh(), fresh()
    about = {"settings": watched.game.settings(), "options": {"minutes": minutes}, "spec": dataset.spec.to_json()}
    diagnosis, probes = Diagnosis(about), Probes(every=0)
    probes.look(watched)
    judge = lambda state: diagnosis.read(state.game.history[-1])  # noqa: E731
    spent: dict[str, list[float]] = {"plain": [], "watched": [], "look": [], "turn": []}

    def clocked(what, action):
        start = time.process_time()
        action()
        spent[what].append(time.process_time() - start)

    start = time.process_time()
    play(plain, Budget(steps=rounds), every=Every(log=10**9), keep=keeper())
    total = 60 * minutes * rounds / (time.process_time() - start)  # rounds of a run of so many minutes
    log = max(1, round(total / 400))
    every = Every(log=min(log, max(1, rounds // 5)))
    for _ in range(STRETCHES):
        clocked("plain", lambda: play(plain, Budget(steps=plain.round + rounds), every=every, keep=keeper()))
        clocked(
            "watched",
            lambda: play(
                watched, Budget(steps=watched.round + rounds), every=every, keep=keeper(), probes=[probes], judge=judge
            ),
        )
        clocked("look", lambda: probes.look(watched))
        clocked("turn", lambda: rotation(watched))
    spent["look"] = spent["look"][1:]
    a_round = statistics.median(spent["plain"]) / rounds
    extra = statistics.median(w - p for w, p in zip(spent["watched"], spent["plain"]))
    lines = extra * every.log / log / statistics.median(spent["plain"])
    between = look_interval(fresh, log, round(total), 60 * minutes)
    look = statistics.median(spent["look"])
    turn = statistics.median(spent["turn"])
    looks = (look + turn / TURN) / (between * a_round)
    print(
        f"{name:22s} round {1000 * a_round:7.2f} ms   look {1000 * look:5.0f} ms, rotation {1000 * turn:5.0f} ms; "
        f"a look every {between:,} rounds: "
        f"{100 * looks:.2f} %   lines {100 * lines:+.2f} %   together {100 * (looks + lines):.2f} %",
        flush=True,
    )


if __name__ == "__main__":
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=5.0)
    minutes = parse.parse_args().minutes
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, one thread, runs of {minutes:g} min, {STRETCHES} stretches, medians")
    compare("R3GAN on grid25", gs.R3GAN, "grid25", minutes, 150)
    compare("R3GAN on digits", gs.R3GAN, "digits", minutes, 40)
    compare("DCGAN on digits", gs.DCGAN, "digits", minutes, 30, width=32)
