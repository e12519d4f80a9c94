"""What the classes of the games say of themselves, as pages: `gansmith list`, docs/metrics.md, the table of
docs/papers.md.

    python -m gansmith.gans.catalogue > docs/metrics.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gansmith.game import Game
from gansmith.gans import GAMES
from gansmith.training.metrics import Metric, metrics

METRICS = """# Every logged number

Each line of a run's `log.jsonl` holds some of these, and `report.html` draws them. Ranges are rules of thumb for
telling a sound run from a sick one, not targets: what a generator is worth is measured on its samples.

First what numbers mean in any game (`src/gansmith/training/metrics.csv`), then what they mean in one game, where that
is something of its own (`logs` of its class). `*` stands for any part of a name. Written by
`python -m gansmith.gans.catalogue > docs/metrics.md`.
"""


def listing(games: Mapping[str, type[Game]] = GAMES) -> str:
    """One line for each game: its name, what it is, its paper."""
    wide = max(map(len, games))
    return "\n".join(f"{name:<{wide}}  {summary(game)}" for name, game in games.items())


def summary(game: type[Game]) -> str:
    """'Wasserstein critic with a gradient penalty (Gulrajani et al. 2017)'."""
    return f"{game.summary} ({game.paper.short})" if game.paper else game.summary


def metrics_page() -> str:
    """docs/metrics.md."""
    parts = [METRICS, "## Any game\n", *table(METRIC_HEADS, map(metric_row, metrics().items()))]
    for cls in logging_classes():
        title = f"{cls.name}: {summary(cls)}" if cls.name in GAMES else f"Games that are `{cls.__name__}`"
        parts += ["", f"## {title}\n", *table(METRIC_HEADS, map(metric_row, vars(cls)["logs"].items()))]
    return "\n".join(parts) + "\n"


def logging_classes() -> list[type[Game]]:
    """The parents of games that have `logs` of their own, then the games that have."""
    parents = dict.fromkeys(cls for game in GAMES.values() for cls in game.__mro__ if cls not in GAMES.values())
    return [cls for cls in (*parents, *GAMES.values()) if cls is not Game and vars(cls).get("logs")]


def papers_table() -> str:
    """The games and their papers, for docs/papers.md."""
    return "\n".join(table(("game", "class", "paper", "code of the authors"), map(paper_row, GAMES.values()))) + "\n"


# --- rows ------------------------------------------------------------------------------------------------------------
METRIC_HEADS = ("number", "what it is", "healthy", "outside that")


def metric_row(entry: tuple[str, Metric]) -> tuple[str, ...]:
    name, metric = entry
    return f"`{name}`", metric.meaning, metric.healthy, metric.outside


def paper_row(game: type[Game]) -> tuple[str, ...]:
    paper, file = game.paper, game.__module__.rpartition(".")[2]
    code = f"[{paper.code.removeprefix('https://')}]({paper.code})" if paper.code else "—"
    link = f"[{paper.title}]({paper.url}), {paper.short}, {paper.venue}"
    if "paper" not in vars(game):
        link, code = f"none of its own; it builds on {paper.short}", "—"
    return f"`{game.name}`", f"[{game.__name__}](../src/gansmith/gans/{file}.py)", link, code


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a table in Markdown."""
    lines = [heads, ("---",) * len(heads), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    print(metrics_page(), end="")
