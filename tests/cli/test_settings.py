"""What was typed: words become positionals, options and settings of the types that they are annotated with."""

import pytest

from gansmith.cli.settings import read_settings, read_size, split_words
from gansmith.errors import UserError
from gansmith.gans import GAMES


def test_words_become_positionals_and_settings():
    words = ["--conditional", "gan", "--width=32", "photos", "--discriminator-steps", "5", "--beta1", "-1"]
    given = {"conditional": None, "width": "32", "discriminator_steps": "5", "beta1": "-1"}
    assert split_words(words, GAMES.values()) == (["gan", "photos"], given)
    assert split_words(["--conditional", "no", "x"], GAMES.values()) == (["x"], {"conditional": "no"})


def test_sizes_of_pictures_and_of_volumes():
    assert [read_size(text) for text in (None, "64", "48x64", "32X32x16")] == [None, 64, (48, 64), (32, 32, 16)]
    for wrong in ("", "0", "4x", "1x2x3x4", "-3"):
        with pytest.raises(UserError, match="--size takes 64, HEIGHTxWIDTH"):
            read_size(wrong)


def test_settings_take_the_types_of_their_annotations():
    given = {"conditional": None, "width": "none", "gamma": "1", "latent": "16", "prior": "uniform"}
    assert read_settings(GAMES["r3gan"], given) == {
        "conditional": True,
        "width": None,
        "gamma": 1.0,
        "latent": 16,
        "prior": "uniform",
    }
