"""Modules go by the names of version 0.1, too, for one release."""

import importlib
import subprocess
import sys

import pytest

from gansmith.moved import MOVED


@pytest.mark.parametrize("old", MOVED)
def test_an_old_name_is_the_module(old):
    assert importlib.import_module(f"gansmith.{old}") is importlib.import_module(f"gansmith.{MOVED[old]}")


def test_both_ways_of_importing_and_no_name_that_never_was():
    words = "import gansmith.data.files, gansmith.typed; from gansmith.run import fit; print(gansmith.typed.__name__)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True)
    assert done.stdout == "gansmith.cli.settings\n", done.stderr
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("gansmith.data.fliles")
