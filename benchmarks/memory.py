"""The peak of memory that `gansmith train` says beforehand, beside what the run then takes, each in a fresh process.

    python benchmarks/memory.py [--rounds 40] [--device cpu] [--only 0 3]

On a CPU the truth is `ru_maxrss` of the finished process, on a card `max_memory_allocated`. Exits with 1 when any
prediction is off by more than 20 %.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CASES = [  # game, size of pictures or None for grid25, batch, settings
    ("r3gan", None, 64, []),
    ("r3gan", 32, 64, []),
    ("r3gan", 64, 256, []),
    ("dcgan", 32, 64, []),
    ("dcgan", 64, 64, []),
    ("dcgan", 64, 256, ["--micro-batches", "4"]),
    ("wgan-gp", 32, 64, []),
    ("sngan", 32, 64, []),
]
SIZES = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
# The child trains and says its own peak: of a child of this process the system would count this process, too.
CHILD = """
import sys
from gansmith.cli.main import main
try:
    main()
finally:
    from gansmith.training.hardware import peak_memory, pick_device
    print("peak", peak_memory(pick_device(sys.argv[sys.argv.index("--device") + 1])))
"""


def told(lines: list[str]) -> tuple[float, float]:
    """(bytes predicted, bytes at the end) from what the child printed."""
    whole = " ".join(lines)
    number, unit = whole.split(" of memory")[0].split()[-2:]
    peak = next(float(line.split()[1]) for line in lines if line.startswith("peak "))
    return float(number) * SIZES[unit], peak


def run(game: str, data: str, batch: int, settings: list[str], rounds: int, device: str, out: Path):
    command = ["train", game, data, "--steps", str(rounds), "--batch-size", str(batch), "--device", device, *settings]
    command += ["--out", str(out)]
    done = subprocess.run([sys.executable, "-c", CHILD, *command], capture_output=True, text=True)
    if done.returncode and "peak " not in done.stdout:
        raise SystemExit(done.stderr[-2000:])
    return told((done.stdout + done.stderr).splitlines())


def main(cases, rounds: int, device: str) -> int:
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for i, (game, size, batch, settings) in enumerate(cases):
            data = "grid25"
            if size:
                data = str(Path(folder) / f"{size}.npz")
                rng = np.random.default_rng(0)
                np.savez(data, images=rng.integers(0, 256, (1000, size, size, 3), np.uint8))
            said, took = run(game, data, batch, settings, rounds, device, Path(folder) / f"run{i}")
            off = said / took - 1
            worst = max(worst, abs(off))
            print(
                f"{game} on {size or 'grid25'}, batch {batch} {' '.join(settings)}: "
                f"said {said / 1e6:,.0f} MB, took {took / 1e6:,.0f} MB ({off:+.1%})",
                flush=True,
            )
    print(f"furthest off {worst:.1%}  (goal 20 %)")
    return 0 if worst <= 0.2 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", nargs="+", type=int)
    asked = parser.parse_args()
    sys.exit(main([CASES[i] for i in asked.only] if asked.only else CASES, asked.rounds, asked.device))
