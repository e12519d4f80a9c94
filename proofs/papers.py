"""Write docs/papers.md from proofs/results.json: what each paper reports, beside what our proof found.

    python proofs/papers.py

`SAID` has a line for each entry: the paper, its file, what the paper reports, and templates that are filled from the
entry: what we found, what it is to be held against, the control, which must fail, and the goal, where the entry has
none in words. Every number on the page is
read from results.json; an entry whose template does not fit is an error.
"""

from __future__ import annotations

import json
from pathlib import Path

from gansmith.gans.catalogue import papers_table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "papers.md"

# entry -> (paper, file in gans/, what the paper or its authors report, goal, ours, floor, control)
SAID = json.loads((HERE / "papers.json").read_text())

HEAD = """# Papers against ours

What each paper reports, and what our proof found on two CPU cores. Numbers on other data, budgets or feature nets
cannot be compared with the paper's: the goal, the floor and the control say what ours is worth. **Missed** means that
the proof ran and did not reach its goal. Written by `python proofs/papers.py` from
[proofs/results.json](../proofs/results.json), where each entry has its seed, commit, machine, protocol and command.
"""


def page() -> str:
    results = json.loads((HERE / "results.json").read_text())
    order = [name for name in SAID if name in results] + sorted(set(results) - set(SAID))
    waiting = [f"`{name}`" for name in SAID if name not in results]
    note = f"\nProofs that have not been run to their end yet: {', '.join(waiting)}.\n" if waiting else ""
    return HEAD + "\n" + papers_table() + "".join(section(name, results[name]) for name in order) + note


def section(name: str, entry: dict) -> str:
    """An entry: a heading and five lines."""
    said = SAID.get(name, {"paper": name})
    file = f", [{said['file']}.py](../src/gansmith/gans/{said['file']}.py)" if "file" in said else ""
    lines = {
        "paper reports": said.get("reported"),
        "goal": fill(name, said, "goal", entry) or entry.get("goal"),
        "ours": fill(name, said, "ours", entry),
        "beside it": fill(name, said, "floor", entry),
        "control": fill(name, said, "control", entry),
        "command": f"`{entry['command']}`",
    }
    verdict = "" if entry["passed"] else ". **Missed**"
    body = "".join(f"- {key}: {text}\n" for key, text in lines.items() if text)
    return f"\n## {said['paper']}{file}{verdict}\n\n{body}"


def fill(name: str, said: dict, part: str, entry: dict) -> str | None:
    """The template filled from the entry; ValueError that names both when they do not fit."""
    try:
        return said[part].format(**entry) if part in said else None
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"papers.json, {name}, {part}: {said[part]!r} does not fit the entry: {error!r}") from error


if __name__ == "__main__":
    PAGE.write_text(page())
