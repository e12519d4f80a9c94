"""Help, versions and lists: complete, the same in the docs, and quick."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from gansmith.cli import main as cli
from gansmith.gans import GAMES
from gansmith.version import __version__

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.mark.parametrize("command", ["check", "evaluate", "list", "report", "resume", "sample", "train"])
def test_every_command_has_help_with_examples_and_stands_in_the_docs(command):
    result = CliRunner().invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert result.output.count(f"gansmith {command}") >= 2, "the usage and an example"
    said = DOCS.read_text()
    assert f"gansmith {command}" in said
    for parameter in get_command(cli.app).commands[command].params:
        for option in parameter.opts:
            assert not option.startswith("-") or option == "--help" or f"`{option}" in said, (
                f"{option} is not in the docs"
            )


def test_help_of_a_game_shows_its_settings(capsys):
    assert cli.main(["train", "wgan-gp", "--help"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"--penalty .*λ.*\[default: 10\.0; for vectors 1\.0\]", said) and "--discriminator-steps" in said


def test_nothing_typed_shows_the_help(capsys):
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert "gansmith train photos/" in said.out and said.err == ""


def test_version_and_list(capsys):
    assert cli.main(["--version"]) == 0
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == __version__
    assert [line.split()[0] for line in lines[1:]] == list(GAMES)
    assert all(game.summary in line for game, line in zip(GAMES.values(), lines[1:]))


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"], ["sample", "--help"]])
def test_help_loads_nothing_heavy(words):
    code = f"import sys; from gansmith.cli.main import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "matplotlib", "PIL"} & set(done.stderr.split())
