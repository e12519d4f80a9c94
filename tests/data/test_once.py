"""A folder is listed once while it is read, and anew the next time."""

import numpy as np
import pytest
from PIL import Image

import gansmith as gs
from gansmith.data import sources
from gansmith.data.once import once, remembered


def test_a_folder_is_listed_once_and_what_is_added_is_found(tmp_path, monkeypatch):
    seen, list_it = [], sources._in_folder
    monkeypatch.setattr(sources, "_in_folder", lambda root: seen.append(root) or list_it(root))
    for i in range(30):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (8, 8), np.uint8)).save(tmp_path / f"{i}.png")
    assert len(gs.read(tmp_path)) == 30 and len(seen) == 1
    Image.new("L", (8, 8), 9).save(tmp_path / "more.png")
    assert len(gs.read(tmp_path)) == 31 and len(seen) == 2


def test_an_error_is_not_remembered_and_nothing_outlives_the_reading():
    asked = []

    @remembered
    def fails(x):
        asked.append(x)
        raise ValueError

    with once():
        for _ in range(2):
            with pytest.raises(ValueError):
                fails(1)
            with once():  # one inside the other
                assert remembered(len)("ab") == 2
    assert asked == [1, 1]
