"""A year of hours with three columns, from CSV to CSV as it is typed: seconds, processor seconds and peak of memory.

    python benchmarks/series.py [--minutes 1] [--steps N]

Load, wind and solar are drawn: seasons of a day, a week and a year, weather that lasts for days. Exits with 1 when all
of it together takes longer than two minutes, or any command more than 2 GB. With --steps in place of --minutes the work
is the same on a machine that does something else besides: then its processor seconds are what counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas

HOURS, MOST_SECONDS, MOST_BYTES = 8760, 120, 2e9
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss


def year(seed: int = 0) -> pandas.DataFrame:
    rng, hours = np.random.default_rng(seed), pandas.date_range("2025-01-01", periods=HOURS, freq="h")
    slow, quick = (np.zeros(HOURS) for _ in range(2))
    for i in range(1, HOURS):
        slow[i] = 0.98 * slow[i - 1] + 0.2 * rng.standard_normal()
        quick[i] = 0.8 * quick[i - 1] + 0.6 * rng.standard_normal()
    sun = np.maximum(0, np.sin(np.pi * (hours.hour - 6) / 12)) * (1 - 0.5 * np.cos(2 * np.pi * hours.day_of_year / 365))
    work = (hours.day_of_week < 5) * np.exp(-(((hours.hour - 13) / 5) ** 2))
    return pandas.DataFrame(
        {
            "time": hours.astype(str),
            "load": (40 + 15 * work + 4 * np.cos(2 * np.pi * hours.day_of_year / 365) + 2 * quick).round(2),
            "wind": np.maximum(0, 8 + 6 * slow + quick).round(2),
            "solar": (20 * sun * np.clip(0.8 + 0.3 * slow, 0.1, 1)).round(2),
        }
    )


def timed(*words: str) -> tuple[float, float, float]:
    """(seconds, processor seconds, bytes at the peak) of a command."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "gansmith", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"gansmith {' '.join(words)} failed")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT


def main() -> int:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", default="1")
    parse.add_argument("--steps")
    asked = parse.parse_args()
    how = ("--steps", asked.steps) if asked.steps else ("--minutes", asked.minutes)
    with tempfile.TemporaryDirectory() as folder:
        data, run, made = (str(Path(folder) / name) for name in ("year.csv", "run", "made.csv"))
        year().to_csv(data, index=False)
        took = {
            "train": timed("train", data, *how, "--seed", "0", "--out", run),
            "sample": timed("sample", run, "-o", made, "--seed", "0"),
        }
        rows = len(pandas.read_csv(made))
    for name, (seconds, used, peak) in took.items():
        print(f"{name:<8}{seconds:>7.1f} s{used:>8.1f} s of processors{peak / 1e9:>7.2f} GB")
    whole, most = sum(seconds for seconds, *_ in took.values()), max(peak for *_, peak in took.values())
    print(f"{rows:,} rows; {whole:.0f} s of {MOST_SECONDS}, {most / 1e9:.2f} GB of {MOST_BYTES / 1e9:.0f}")
    return int((whole > MOST_SECONDS and not asked.steps) or most > MOST_BYTES or rows != HOURS)


if __name__ == "__main__":
    sys.exit(main())
