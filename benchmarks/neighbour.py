"""What busy neighbours cost: training beside 0, 1, 2 and 4 processes that only count, against a quiet machine.

    python benchmarks/neighbour.py [--games R3GAN DCGAN] [--beside 0 1 2 4] [--seconds 6] [--repeats 3] [--late]

Pictures of 28 × 28, the game's own settings, batch 64. Each number is the median over repeats of samples a second, in
which all ways play one after the other beside the same neighbours:

    as torch waits   all threads, which spin for about 3 ms when they wait for each other: torch's own
    all, one         so many threads, which spin for 0.1 ms (src/gansmith/__init__.py)
    gansmith         as `gansmith train` plays: the plan tries numbers of threads, the run watches itself

`--late` lets the neighbours come when the plan of gansmith is made, so that the run has to find out by itself; give it
30 seconds or more. Processor time of other processes than these makes every number worthless, ratios too: see that
the machine is idle before (`uptime`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

WAYS = ("as torch waits", "all", "one", "gansmith")
COUNTING = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"  # until this script ends, however


@contextmanager
def neighbours(count: int):
    """So many busy processes, in sessions of their own as another person's would be."""
    busy = [subprocess.Popen([sys.executable, "-c", COUNTING], start_new_session=True) for _ in range(count)]
    with suppress(OSError):  # as nice as this session is, where Linux groups processes by sessions
        nice = Path("/proc/self/autogroup").read_text().split()[-1]
        for process in busy:
            Path(f"/proc/{process.pid}/autogroup").write_text(nice)
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


class Player:
    """A process that has all imported and read, and plays for so many seconds when asked to."""

    def __init__(self, game: str, way: str):
        env = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")}
        if way == "as torch waits":
            env["GOMP_SPINCOUNT"] = "300000"  # what libgomp takes when nobody says
        command = [sys.executable, __file__, "--play", game, way]
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def start(self, seconds: float) -> None:
        """Returns when its plan, if it makes one, is made."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def result(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def play(name: str, way: str) -> None:
    """What a Player's process does: for each line on stdin, a training of so many seconds."""
    import gansmith as gs
    from gansmith.testing import made_up
    from gansmith.training.hardware import cores

    game, data = getattr(gs, name), made_up((1, 28, 28), n=4000)
    game().fit(data, steps=3)  # libraries set themselves up
    print("ready", flush=True)
    for line in sys.stdin:
        plan = []
        threads = {"one": 1, "gansmith": None}.get(way, cores())
        first = [True]

        def begun(state, seen, first=first):
            if first.pop() if first else False:
                print("begun", flush=True)
            return {}

        say = plan.append if way == "gansmith" else None
        done = game().fit(data, minutes=float(line) / 60, threads=threads, say=say, probes=[begun]).trained
        shared = next((text for text in plan if text.startswith("shared")), "")
        print(json.dumps({"speed": done["samples"] / done["seconds"], "threads": done["threads"], "shared": shared}))
        sys.stdout.flush()


def measure(game: str, beside: list[int], seconds: float, repeats: int, late: bool) -> None:
    players = {way: Player(game, way) for way in WAYS}
    speeds: dict = {(n, way): [] for n in beside for way in WAYS}
    told: dict = {n: [] for n in beside}
    for _ in range(repeats):
        for n in beside:
            for way, player in players.items():
                with neighbours(0 if late else n):
                    player.start(seconds)
                    with neighbours(n if late else 0):
                        found = player.result()
                speeds[n, way].append(found["speed"])
                print(f"{game} beside {n}, {way}: {found['speed']:,.0f}", file=sys.stderr, flush=True)
                if way == "gansmith":
                    told[n].append((found["threads"], found["shared"]))
    quiet = max(statistics.median(speeds[min(beside), way]) for way in WAYS[:2])
    print(f"\n{game}: samples a second, and their share of {quiet:,.0f}, all threads beside {min(beside)}")
    print(f"{'beside':<8}" + "".join(f"{way:<24}" for way in WAYS))
    for n in beside:
        cells = [statistics.median(speeds[n, way]) for way in WAYS]
        print(f"{n:<8}" + "".join(f"{f'{speed:,.0f}  x {speed / quiet:.2f}':<24}" for speed in cells))
    for n in beside:
        print(f"  beside {n}, gansmith's threads since round: {told[n]}")
    for player in players.values():
        player.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--games", nargs="+", default=["R3GAN", "DCGAN"])
    parser.add_argument("--beside", nargs="+", type=int, default=[0, 1, 2, 4])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--play", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.play:
        play(*asked.play)
    else:
        import torch

        from gansmith.training.hardware import machine

        load = "/".join(f"{share:.1f}" for share in os.getloadavg())
        print(f"torch {torch.__version__}, {machine(torch.device('cpu'))}, load {load}, {time.strftime('%H:%M')}")
        for name in asked.games:
            measure(name, asked.beside, asked.seconds, asked.repeats, asked.late)
