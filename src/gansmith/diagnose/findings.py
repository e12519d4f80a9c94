"""Findings: a name, since when, the numbers behind it, and what to change. `Diagnosis` reads a log row by row.

The same reading serves a run that is going on (`Watch`) and one on disk (`run`), finished or crashed: rules see rows of
the log, the settings and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gansmith.diagnose.log_history import Past
from gansmith.diagnose.rules import RULES, Rule
from gansmith.errors import UserError
from gansmith.training.folder import RunFolder

SEVERITIES = ("note", "warning", "failure")
HITS = 2  # in a row, before anything is said


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    name      one of the sixteen of docs/diagnose.md
    severity  "note", "warning" or "failure"
    step      the training step of the first of the hits in a row
    evidence  number -> its value and what it is held against, in words
    remedy    one plain sentence
    change    settings that carry it out, {} where no setting can
    """

    name: str
    severity: str
    step: int
    evidence: dict[str, str] = field(default_factory=dict)
    remedy: str = ""
    change: dict = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.severity} since step {self.step:,}"]
        lines += [f"    {name} {value}" for name, value in self.evidence.items()]
        lines += [f"    {self.remedy}"]
        return "\n".join(lines + ([f"    try: {self.options}"] if self.change else []))

    @property
    def options(self) -> str:
        """The change as it is typed behind `gansmith train`."""
        return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in self.change.items())

    @property
    def grave(self) -> int:
        return SEVERITIES.index(self.severity)


class Diagnosis:
    """Reads rows in order; `findings` is what stands after the last of them, the gravest and most basic first."""

    def __init__(self, about: Mapping, rows: Iterable[Mapping] = ()):
        self.past = Past(about)
        self.hits: dict[int, tuple[int, int]] = {}  # place in RULES -> (hits in a row, round of the first)
        self.confirmed: dict[int, Finding] = {}
        for row in rows:
            self.read(row)

    def read(self, row: Mapping) -> list[Finding]:
        """What this row confirms that was not known before."""
        self.past.add(row)
        new = []
        for place, rule in enumerate(RULES):
            if rule.looks and not self.past.looking:
                continue
            evidence = rule.sign(self.past)
            if not evidence:
                self.hits.pop(place, None)
                continue
            count, since = self.hits.get(place, (0, int(row["step"])))
            self.hits[place] = (count + 1, since)
            if count + 1 >= HITS and place not in self.confirmed:
                self.confirmed[place] = finding(rule, since, evidence, self.past)
                new.append(self.confirmed[place])
        return new

    @property
    def findings(self) -> list[Finding]:
        """One of each name, the gravest first, then in the order of `RULES`: causes before what they cause."""
        ranked = sorted(self.confirmed, key=lambda place: (-self.confirmed[place].grave, place))
        named: dict[str, Finding] = {}
        for place in ranked:
            named.setdefault(self.confirmed[place].name, self.confirmed[place])
        return list(named.values())

    @property
    def suspected(self) -> bool:
        """Whether any rule of a failure hit at the last row it was asked about."""
        return any(RULES[place].severity == "failure" for place in self.hits)

    @property
    def verdict(self) -> str:
        """One word: the name of the first finding that is more than a note, or 'young', or 'healthy'."""
        sound = "young" if self.past.young else "healthy"
        return next((f.name for f in self.findings if f.severity != "note"), sound)

    @property
    def age(self) -> str:
        """One line where there were too few training steps to judge the samples, else ""."""
        if not (self.past.row and self.past.young):
            return ""
        steps, needed = self.past.row["step"], self.past.needed[0]
        return f"young: {steps:,} of about {needed:,} training steps that such data takes; too early to judge"


def finding(rule: Rule, since: int, evidence: dict[str, str], past: Past) -> Finding:
    change = {name: value for name, value in rule.change(past).items() if name in past.settings}
    remedy = rule.remedy if isinstance(rule.remedy, str) else rule.remedy(past)
    return Finding(rule.name, rule.severity, since, evidence, remedy, change)


def lost_for_good(past: Past, step: int, message: str) -> Finding:
    """The failure of a player whose gradient stayed not finite until the loop gave up."""
    name = "precision-loss" if past.options.get("precision") == "bf16" else "divergence"
    rule = next(rule for rule in RULES if rule.name == name and rule.severity == "failure")
    return finding(rule, step, {"gradient": message}, past)


def run(path) -> list[Finding]:
    """Findings of the run in folder `path`, which may be finished, going on or crashed; the gravest first.

    Raises UserError when the folder is not a run's or its log is empty.
    """
    folder = RunFolder(path)
    about, rows = folder.read_settings(), folder.read_log()
    if not rows:
        raise UserError(f"{path} has no log yet: it was stopped before its first line, or has only just begun")
    return complete(Diagnosis(about, rows).findings, folder.path)


def complete(found: list[Finding], path: Path) -> list[Finding]:
    """With what was found in parts of the run that a rollback took out of its log."""
    names = {f.name for f in found}
    return found + [f for f in recorded(path) if f.name not in names]


def spell(found: list[Finding], path=None) -> str:
    """All of them as text, or that there are none; that the run in folder `path` is young, where it is."""
    age = ""
    if path is not None:
        folder = RunFolder(path)
        age = Diagnosis(folder.read_settings(), folder.read_log()).age
    return "\n".join([*map(str, found), *filter(None, [age])]) or "healthy: no rule found anything"


def recorded(path) -> list[Finding]:
    """What was written down while the run went on, one of each name."""
    file = Path(path) / "findings.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    return [
        Finding(**{k: v for k, v in row.items() if k in Finding.__dataclass_fields__}) for row in rows if "name" in row
    ]
