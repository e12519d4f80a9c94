"""What every logged number is: one line of meaning, its healthy range, and what to do outside it.

What a number means in one game stands on the game's class (`Game.logs`); what it means in any game, in the table
`metrics.csv` beside this file. The report, docs/metrics.md and the rules of `gansmith.diagnose` read both.
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
    low: float | None = None
    high: float | None = None


@cache
def metrics() -> dict[str, Metric]:
    """Number (with shell wildcards) -> what it is in any game, in the order of the table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    level = lambda text: float(text) if text else None  # noqa: E731
    return {
        row["number"]: Metric(row["meaning"], row["healthy"], row["outside"], level(row["low"]), level(row["high"]))
        for row in rows
    }


@cache
def explain(number: str, game: type | None = None) -> Metric | None:
    """What a logged number is: what the game's class says of it, or else a parent, or else the table; None: nobody.

    The first pattern that fits counts.
    """
    own = [vars(cls).get("logs", {}) for cls in (game.__mro__ if game else ())]
    for logs in (*own, metrics()):
        for pattern, metric in logs.items():
            if fnmatch(number, pattern):
                return metric
    return None
