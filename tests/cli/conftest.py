"""The command line as it is typed: what it prints, what it leaves behind, and how it ends."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.cli import main as cli

SMALL = ["--latent", "4", "--width", "8", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Each test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def fewer_samples(monkeypatch):
    """Wide intervals, in a tenth of the time."""
    monkeypatch.setattr("gansmith.runs.measures.FULL", (60, 500, 3))
    monkeypatch.setattr("gansmith.runs.measures.LESS", ((60, 500, 3),))


@pytest.fixture(scope="session")
def small():
    """Options that make a run small."""
    return SMALL


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run of six rounds on digits, with labels: to read, not to change."""
    out = tmp_path_factory.mktemp("cli") / "run"
    words = ["train", "gan", "digits", "--steps", "6", "--conditional", "-q", "--out", str(out), *SMALL]
    assert cli.main(words) == 0
    return out


@pytest.fixture(scope="session")
def pictures():
    """(folder, count, size) -> the folder, with that many grey pictures of noise in it."""

    def make(folder: Path, count: int, size: int = 8) -> Path:
        folder.mkdir()
        noise = np.random.default_rng(0).integers(0, 256, (count, size, size), np.uint8)
        for i, pixels in enumerate(noise):
            Image.fromarray(pixels).save(folder / f"{i}.png")
        return folder

    return make
