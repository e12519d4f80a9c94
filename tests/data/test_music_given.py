"""The chords that a model of music is given, as people write them. Its tracks of files: tests/data/test_music.py."""

import re

import pytest

from gansmith.data.kinds.music import keys
from gansmith.data.kinds.music.given import key_move, moved_chords
from gansmith.errors import UserError


def test_chords_are_read_in_the_ways_they_are_written():
    assert keys.read_chords("C Am, Bb | e F#min N.C. nc") == [0, 21, 10, 16, 18, 24, 24]
    with pytest.raises(UserError, match="'H' is no chord"):
        keys.read_chords("C H")


@pytest.mark.parametrize(
    "written, taken",
    [
        ("F#m7", "F#m"), ("Gsus4", "G"), ("Dmaj7", "D"), ("Bdim", "Bm"), ("C°", "Cm"), ("Caug", "C"), ("E+", "E"),
        ("Am7b5", "Am"), ("C/E", "C"), ("Bb/F", "Bb"), ("C6/9", "C"), ("Ebmaj7#11", "Eb"), ("Bø7", "Bm"),
        ("G7(b9)", "G"), ("Cadd9", "C"), ("Dmmaj7", "Dm"), ("G5", "G"), ("AΔ7", "A"), ("D7sus4/A", "D"),
        ("Am(maj7)", "Am"),
    ],
)  # fmt: skip
def test_chords_of_more_than_a_triad_are_taken_for_it_and_said(written, taken):
    with pytest.warns(UserWarning, match=rf"takes {re.escape(written)} as {taken}$"):
        assert keys.read_chords(f"C {written} F")[1] == keys.CHORDS.index(taken)


# --- given to a model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chords, by", [("C Am F G", 0), ("F# D#m B C#", -6), ("Am Dm E", 0), ("G Em C D", 5), ("N.C.", 0)]
)
def test_chords_are_brought_to_the_key_of_the_model(chords, by):
    numbers = keys.read_chords(chords)
    assert key_move(numbers) == by and moved_chords(moved_chords(numbers, by), -by) == numbers
