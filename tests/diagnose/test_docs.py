"""docs/diagnose.md names what there is: findings, and remedies that can be typed."""

import re
from dataclasses import fields
from pathlib import Path

from gansmith.diagnose.rules import RULES
from gansmith.gans import GAMES

PAGE = (Path(__file__).parents[2] / "docs" / "diagnose.md").read_text()
FINDINGS, REMEDIES = PAGE.split("## The sixteen findings")[1].split("## Remedies")
SETTINGS = {f.name for game in GAMES.values() for f in fields(game)}


def test_the_sixteen_findings_are_listed():
    assert set(re.findall(r"^\| `([a-z-]+)` \|", FINDINGS, re.M)) == {rule.name for rule in RULES}


def test_every_remedy_can_be_typed():
    rows = [row.split(" | ")[1] for row in REMEDIES.splitlines() if row.startswith("| ") and " | type | " not in row]
    rows = [row for row in rows if row.strip("- ")]
    for row in rows:
        typed = {name.replace("-", "_") for name in re.findall(r"`--([a-z0-9-]+)", row)}
        assert typed and typed <= SETTINGS, row


def test_every_change_that_a_finding_may_name_is_listed():
    source = (Path(__file__).parents[2] / "src/gansmith/diagnose/advice.py").read_text()
    named = set(re.findall(r'\{"([a-z0-9_]+)":', source)) - {"learning_rate"}  # the step size of all is no remedy
    assert named >= {"packing", "minibatch", "r1", "augment", "stepping"}
    assert named <= {name.replace("-", "_") for name in re.findall(r"`--([a-z0-9-]+)", REMEDIES)}
