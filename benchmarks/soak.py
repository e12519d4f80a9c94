"""A long run: memory, the time of a round and the log must not grow.

    python benchmarks/soak.py [--rounds 200000] [--data ring8] [--game R3GAN]

Everything a run from the command line does is done: diagnosis, measurement, sample sheets, saves. Memory and processor
time are read at each log line, the time beside that of some rounds of a second state of the same game, begun anew at
each line, so that whatever else the machine does hits both and what grows with the run hits one. The figures are
medians of the last tenth and of the second (in the first one memory fills and looks are prepared), and slopes by least
squares with their standard errors. It exits with 1 when memory grew by more than 2 % and 8 MB, or a round became slower
by more than 5 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import gansmith as gs
from gansmith.testing import begin
from gansmith.training.hardware import peak_memory, resident_memory
from gansmith.training.loop import Mover, play_round
from gansmith.training.plan import spell_size

BESIDE = 50  # rounds of the state that is new at each line


def tenths(values: np.ndarray) -> tuple[float, float]:
    """Medians of the second and of the last tenth."""
    tenth = len(values) // 10
    return float(np.median(values[tenth : 2 * tenth])), float(np.median(values[-tenth:]))


def slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(slope, its standard error) of y over x by least squares."""
    x = x - x.mean()
    found = float(x @ y / (x @ x))
    left = y - y.mean() - found * x
    return found, float(np.sqrt(left @ left / (len(x) - 2) / (x @ x)))


def main(game: str, data: str, rounds: int) -> int:
    seen: list[tuple[int, float, float, float, int]] = []

    def watch(state, row):
        reached = time.process_time()
        with torch.random.fork_rng(devices=[]):
            new = begin(type(state.game), state.data, {}, seed=0)
            new.batch_size = state.batch_size
            mover = Mover(new, "fp32", 1)
            play_round(new, mover)
            begun = time.process_time()
            for _ in range(BESIDE):
                play_round(new, mover)
            beside = (time.process_time() - begun) / BESIDE
        seen.append((state.round, reached, time.process_time(), beside, resident_memory()))

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        getattr(gs, game)().fit(data, steps=rounds, out=out, watch=watch)
        log, whole = (out / "log.jsonl").stat().st_size, sum(f.stat().st_size for f in out.rglob("*") if f.is_file())

    step, reached, left, beside, memory = np.array(seen, float).T
    each = (reached[1:] - left[:-1]) / np.diff(step)
    relative = each / beside[1:]
    rest = slice(len(step) // 10, None)
    peak = peak_memory(torch.device("cpu"))
    early, late = tenths(memory)
    before, after = tenths(relative)
    growth, error = slope(step[rest], memory[rest])
    slower, slower_error = slope(step[1:][rest] / step[-1], relative[rest] / before)
    print(f"{game} on {data}, {step[-1]:,.0f} of {rounds:,} rounds, {len(step)} log lines")
    print(f"memory       {spell_size(early)} -> {spell_size(late)}, peak {spell_size(peak)}")
    print(f"             {growth:+.2f} ± {error:.2f} bytes a round")
    print(f"a round      {1000 * np.median(each):.3f} ms of processor time, x {after / before:.3f} in the end")
    print(f"             of a new state {1000 * np.median(beside):.3f} ms")
    print(f"             {100 * slower:+.2f} ± {100 * slower_error:.2f} % over the whole run")
    print(f"on disk      log {spell_size(log)}, the whole run {spell_size(whole)}")
    flat = late < max(1.02 * early, early + 8e6) and after < 1.05 * before
    print("flat" if flat else "NOT FLAT")
    return 0 if flat else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--game", default="R3GAN")
    parser.add_argument("--data", default="ring8")
    parser.add_argument("--rounds", type=int, default=200_000)
    arguments = parser.parse_args()
    sys.exit(main(arguments.game, arguments.data, arguments.rounds))
