"""What is played where a model is started from: as it was, but for what the new pictures ask for."""

import numpy as np
import pytest

import gansmith as gs
from gansmith.cli.choosing import chosen


def dots(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    "named, given, augment, mirror",
    [
        ([], {}, "ada", True),
        (["r3gan"], {}, "ada", True),
        ([], {"augment": "none", "mirror": "false"}, "none", False),
    ],
)
def test_new_pictures_are_asked_what_is_done_to_them(tmp_path, named, given, augment, mirror):
    np.savez(tmp_path / "few.npz", x=dots(60), labels=np.arange(60) % 2)
    gs.R3GAN(width=8, freeze=0).fit(dots(20, 1), steps=1, evaluate=False).save(tmp_path / "old.gan")
    look = {"size": None, "channels": None}
    found = chosen([*named, str(tmp_path / "few.npz")], given, look, tmp_path / "old.gan", [])
    assert (found.settings["augment"], found.settings["mirror"]) == (augment, mirror)
    assert found.game == "r3gan" and found.settings["width"] == 8 and not found.settings["conditional"]
    assert found.look == {"size": (8, 8), "channels": 3}
    assert any(line.startswith("augment ada: ") for line in found.reasons) == (not given)
