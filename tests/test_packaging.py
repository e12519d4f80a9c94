"""What is promised to be enough is what the job with the oldest packages installs, and `all` holds every extra."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NOT_OF_USERS = {"all", "dev"}


def test_the_oldest_versions_are_tested():
    promised = PROJECT["dependencies"] + [need for name in EXTRAS.keys() - NOT_OF_USERS for need in EXTRAS[name]]
    lines = [line for line in (ROOT / ".ci" / "oldest.txt").read_text().splitlines() if line and line[0] != "#"]
    assert sorted(lines) == sorted(need.replace(">=", "==") for need in promised)


@pytest.mark.parametrize("name", sorted(NOT_OF_USERS))
def test_all_and_dev_hold_every_extra(name):
    held = re.search(r"gansmith\[([\w,]+)\]", " ".join(EXTRAS[name]))[1].split(",")
    assert set(held) == ({"all"} if name == "dev" else EXTRAS.keys() - NOT_OF_USERS)


def test_mypy_reads_files_that_exist():
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
    assert all((ROOT / file).exists() for file in files)
