"""How long `import gansmith` and `gansmith --help` take, beside an empty Python and beside `import torch`.

    python benchmarks/startup.py

The best of several runs each, in turn: start-up is disturbed only upwards.
"""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "python, nothing": [sys.executable, "-c", "pass"],
    "import gansmith": [sys.executable, "-c", "import gansmith"],
    "gansmith --help": [sys.executable, "-m", "gansmith", "--help"],
    "gansmith train --help": [sys.executable, "-m", "gansmith", "train", "--help"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def main(times: int = 7) -> None:
    best = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(times):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{name:24s} {seconds:6.3f} s")


if __name__ == "__main__":
    main()
