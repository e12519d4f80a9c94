"""What every logged number is: one line of meaning, its healthy range, and what to do outside it.

The one table is `metrics.csv` beside this file: the report, docs/metrics.md and the rules of `gansmith.diagnose` read
it. A number is looked up from the top: the first pattern (shell wildcards) that "game:number", or else "number", fits.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Metric:
    """A logged number: `meaning` in one line, the `healthy` range in words, and what to do `outside` it.

    `low` and `high` are the levels that the rules hold the number against; None: they hold it against none.
    """

    meaning: str
    healthy: str
    outside: str
    low: float | None
    high: float | None


@cache
def metrics() -> dict[str, Metric]:
    """Pattern -> what it is, in the order of the table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    level = lambda text: float(text) if text else None  # noqa: E731
    return {
        row["number"]: Metric(row["meaning"], row["healthy"], row["outside"], level(row["low"]), level(row["high"]))
        for row in rows
    }


@cache
def explain(number: str, game: str = "") -> Metric | None:
    """The entry of a logged number of a game (by its name on the command line), or None."""
    for wanted in (f"{game}:{number}", number):
        for pattern, metric in metrics().items():
            if fnmatch(wanted, pattern):
                return metric
    return None


def as_markdown() -> str:
    """The table as docs/metrics.md: `python -m gansmith.training.metrics > docs/metrics.md`."""
    lines = [
        "# Every logged number",
        "",
        "Each line of a run's `log.jsonl` holds these, and `report.html` draws them. Ranges are rules of thumb for",
        "telling a sound run from a sick one, not targets: what a generator is worth is measured on its samples.",
        "`game:number` is what the number means for that game. This page is written from",
        "`src/gansmith/training/metrics.csv`, where the meanings stand, by `python -m gansmith.training.metrics`.",
        "",
        "| number | what it is | healthy | outside that |",
        "| --- | --- | --- | --- |",
    ]
    cells = [(f"`{name}`", m.meaning, m.healthy, m.outside) for name, m in metrics().items()]
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
