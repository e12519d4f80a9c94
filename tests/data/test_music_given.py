"""What a model of music is given: chords as people write them, tracks of files in any key, metre and order."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

from gansmith.data.kinds.music import Music, keys, midi, rolls
from gansmith.data.kinds.music.given import key_move, moved_chords, read_part
from gansmith.data.kinds.music.midi import DRUMS, Part
from gansmith.errors import UserError

FORM = Music((2, 32, 36), tracks=("melody", "bass"), programs=(73, 33), low=48)


def part(notes, name="", program=0):
    """A track of (start, length, pitch), in quarter notes."""
    start, length, pitch = np.array(notes, float).T
    return Part(name, program, start, start + length, pitch.astype(int))


def walk(n=32, low=72, length=1.0):
    return [(i * length, length, low + (0, 4, 7, 2)[i % 4]) for i in range(n)]


def triads(n=8, low=48):
    return [(4 * i, 4, low + p) for i in range(n) for p in (0, 4, 7)]


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
SCALE = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60, 60]


def test_a_track_is_given_in_the_key_of_the_model_from_where_it_sounds(tmp_path):
    pytest.importorskip("symusic", reason="MIDI files are read by symusic: pip install 'gansmith[music]'")
    late = [(40 + i, 1, pitch + 6) for i, pitch in enumerate(SCALE)]  # F# major, behind ten silent bars
    midi.write([part(triads(low=54), "Piano"), part(late, "Lead melody")], tmp_path / "a.mid", (4, 4), 90)
    with pytest.warns(UserWarning) as said:
        roll, by = read_part(tmp_path / "a.mid", replace(FORM, move="key"), "melody")
    text = str(said[0].message)
    assert by == -6 and roll.shape == (64, 36) and roll[0, 12] and "-6 semitones" in text
    assert "'Lead melody' taken for the melody, left out: 'Piano'" in text and "bars 1 to 10, which are silent" in text
    with pytest.warns(UserWarning):
        assert read_part(tmp_path / "a.mid", FORM, "melody")[1] == 0
    items = np.repeat(roll[None, None], 2, 1)
    back = rolls.moved(items, FORM, 6)
    assert rolls.notes(back[0, 0], 48)[2].tolist()[:4] == [66, 68, 70, 71]
    np.testing.assert_array_equal(rolls.moved(back, FORM, -6), items)
    drums = replace(FORM, programs=(73, DRUMS))
    np.testing.assert_array_equal(rolls.moved(items, drums, 6)[:, 1], items[:, 1])


def test_another_metre_is_said_and_a_file_of_one_track_in_the_metre_is_taken_without_a_word(tmp_path):
    pytest.importorskip("symusic", reason="MIDI files are read by symusic: pip install 'gansmith[music]'")
    midi.write([part(walk(12))], tmp_path / "waltz.mid", (3, 4), 90)
    midi.write([part(walk(16))], tmp_path / "song.mid", (2, 4), 90)
    with pytest.warns(UserWarning, match="it is in 3/4, laid into bars of 4/4"):
        read_part(tmp_path / "waltz.mid", FORM, "melody")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_part(tmp_path / "song.mid", FORM, "melody")[0].shape == (64, 36)
    midi.write([part(walk(4), "soprano 1"), part(walk(4, 60), "soprano 2")], tmp_path / "two.mid", (4, 4), 90)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_part(tmp_path / "two.mid", FORM, "soprano")[0][0].sum() == 2  # both, as in reading
    with pytest.raises(UserError, match="a track 'drums' is needed.*'soprano 1', 'soprano 2'"):
        read_part(tmp_path / "two.mid", replace(FORM, tracks=("melody", "drums"), programs=(73, DRUMS)), "drums")


@pytest.mark.parametrize(
    "chords, by", [("C Am F G", 0), ("F# D#m B C#", -6), ("Am Dm E", 0), ("G Em C D", 5), ("N.C.", 0)]
)
def test_chords_are_brought_to_the_key_of_the_model(chords, by):
    numbers = keys.read_chords(chords)
    assert key_move(numbers) == by and moved_chords(moved_chords(numbers, by), -by) == numbers
