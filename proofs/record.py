"""Where proofs write what they found: proofs/results.json, one entry a proof, and docs/papers.md from it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import papers
import torch

import gansmith
from gansmith.cli.waiting import Waiting
from gansmith.distributed.track import watched_by

RESULTS = Path(__file__).parent / "results.json"
DOCS = RESULTS.parents[1] / "docs"

watching = ExitStack()  # whoever imports this is shown how far training and measuring have come
watching.enter_context(watched_by(Waiting()))


def record(name: str, *, passed: bool, protocol: str, seed, control, command: str = "", **found) -> None:
    """Write the entry `name`: what was found, against which floor and control, and where. Exits with 1 if it failed."""
    entry = {
        "passed": bool(passed),
        **found,
        "control": control,
        "protocol": protocol,
        "seed": seed,
        "command": command or "python " + " ".join([f"proofs/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "commit": _commit(),
        "machine": machine(),
        "gansmith": gansmith.__version__,
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = entry
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(dict(sorted(results.items())), indent=2) + "\n")
    os.replace(beside, RESULTS)
    papers.PAGE.write_text(papers.page())
    print(json.dumps({name: entry}, indent=2))
    if not passed:
        sys.exit(1)


def into_page(table: str, page: str) -> None:
    """Write a table of Markdown into a page of docs/, between the marks of the proof that was called."""
    start, end = f"<!-- table of proofs/{Path(sys.argv[0]).name} -->", "<!-- end of the table -->"
    head, rest = (DOCS / page).read_text().split(start)
    (DOCS / page).write_text(f"{head}{start}\n{table}\n{end}{rest.split(end, 1)[1]}")


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    said = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":")[1].strip() for line in said.splitlines() if line.startswith("model name")), "")
    card = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{cores} cores, {model or platform.processor()}{card}"


def _commit() -> str:
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=RESULTS.parent).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../src")
    return git("rev-parse", "--short", "HEAD") + ("+changes" if changed else "")
