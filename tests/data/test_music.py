"""MIDI files and piano-rolls: the grid they get, what is left out, how they are shown, played, written, measured."""

import io
import shutil
import warnings
import wave
from dataclasses import replace

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data import read
from gansmith.data.kinds.music import Music, keys, measures, midi, rolls, synth
from gansmith.data.kinds.music.files import usual_range
from gansmith.data.kinds.music.given import read_part
from gansmith.data.kinds.music.kind import tunes
from gansmith.data.kinds.music.midi import DRUMS, Part
from gansmith.data.kinds.music.roles import Plan, roles_of
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError, UserError

FORM = Music((2, 32, 36), tracks=("melody", "bass"), programs=(73, 33), low=48)


def part(notes, name="", program=0):
    """A track of (start, length, pitch), in quarter notes."""
    start, length, pitch = np.array(notes, float).T
    return Part(name, program, start, start + length, pitch.astype(int))


def walk(n=32, low=72, length=1.0):
    return [(i * length, length, low + (0, 4, 7, 2)[i % 4]) for i in range(n)]


def triads(n=8, low=48):
    return [(4 * i, 4, low + p) for i in range(n) for p in (0, 4, 7)]


@pytest.fixture
def folder(tmp_path):
    """Six tunes of eight bars of 4/4: a melody over chords, a bass, and drums in four of them."""
    pytest.importorskip("symusic", reason="MIDI files are read by symusic: pip install 'gansmith[music]'")
    (tmp_path / "tunes").mkdir()
    for i in range(6):
        parts = [part(walk(low=72 + i)), part(triads(low=48 + i)), part(walk(16, 36 + i, 2.0), program=33)]
        drums = [part([(i / 2, 0.25, 36 + 6 * (i % 2)) for i in range(64)], program=DRUMS)]
        midi.write(parts + drums * (i < 4), tmp_path / "tunes" / f"{i}.mid", (4, 4), 90)
    return tmp_path / "tunes"


# --- notes and rolls -------------------------------------------------------------------------------------------------
def test_notes_become_rolls_and_come_back():
    notes = [(0, 1, 60), (1, 0.5, 64), (2, 2, 48), (2, 2, 55)]
    roll = rolls.draw(part(notes), (32, 36), 48, 4)
    assert roll.sum() == 4 + 2 + 8 + 8 and roll[0:4, 12].all() and roll[8:16, 0].all()
    start, length, pitch = rolls.notes(roll, 48)
    assert list(zip(start, length, pitch)) == [(0, 4, 60), (4, 2, 64), (8, 8, 48), (8, 8, 55)]


def test_notes_beyond_the_pitches_are_moved_by_octaves_and_strokes_of_drums_are_left_out():
    high, low = part([(0, 1, 100)]), part([(0, 1, 20)])
    assert rolls.notes(rolls.draw(high, (4, 36), 48, 4), 48)[2].tolist() == [76]
    assert rolls.notes(rolls.draw(low, (4, 36), 48, 4), 48)[2].tolist() == [56]
    assert not rolls.draw(low._replace(program=DRUMS), (4, 36), 48, 4).any()


def test_the_highest_pitch_of_each_step_is_the_melody():
    roll = np.zeros((1, 2, 5), bool)
    roll[0, 0, [1, 3]] = roll[0, 1, 2] = True
    assert np.argwhere(rolls.skyline(roll)).tolist() == [[0, 0, 3], [0, 1, 2]]


# --- keys and chords -------------------------------------------------------------------------------------------------
def test_every_triad_is_found_in_its_own_tones_and_silence_in_none():
    assert keys.chord_of(keys.TRIADS.astype(float)).tolist() == list(range(24))
    assert keys.chord_of(np.zeros(12)) == -1


@pytest.mark.parametrize("pitches", [(0, 127), (120, 127), (60, 62), (3, 5), (21, 108)])
def test_the_octaves_taken_hold_the_notes_and_end_where_midi_does(pitches):
    tune = midi.Tune([part([(0, 1, pitches[0]), (1, 1, pitches[1])])], [(0.0, 4, 4)])
    low, count = usual_range([tune], Plan([tune]), "")
    assert low <= pitches[0] and pitches[1] < low + count <= 128 and low % 12 == 0 and count >= 24


@pytest.mark.parametrize("move", [0, 5, 7])
def test_the_key_of_a_scale_is_found_and_moved_home(move):
    scale = part([(i, 1 + (i % 7 in (0, 4)), 60 + move + p) for i, p in enumerate([0, 2, 4, 5, 7, 9, 11, 12])])
    assert (keys.moves([scale], "key")[0] + move) % 12 == 0 and len(keys.moves([scale], "all")) == 12


# --- reading ---------------------------------------------------------------------------------------------------------
def test_tracks_are_found_by_what_they_play():
    assert roles_of([part(walk()), part(triads()), part(walk(low=36)), part(walk(), program=DRUMS)]) == [
        "melody", "chords", "bass", "drums",
    ]  # fmt: skip
    assert roles_of([part(walk(), "Lead vocals"), part(walk(low=84), "Synth pad")]) == ["melody", "chords"]


def test_a_folder_is_cut_into_phrases_and_a_zip_gives_the_same(folder):
    data, packed = read(folder), read(shutil.make_archive(str(folder), "zip", folder))
    form = data.spec
    assert form.tracks == ("melody", "chords", "bass", "drums") and form.programs == (73, 0, 33, -1)
    assert len(data) == 12 and form.shape[1] == 64 and form.bar == 16 and form.tempo == pytest.approx(90, abs=0.1)
    assert form.low % 12 == 0 and form.shape[2] % 12 == 0 and data.fields["real"].dtype == bool
    np.testing.assert_array_equal(data.fields["real"], packed.fields["real"])
    assert data.files[:2] == ("0.mid, bar 1", "0.mid, bar 5")
    start, length, pitch = rolls.notes(data.raw([0])[0, 0], form.low)
    assert (start.tolist(), pitch[:4].tolist()) == (list(range(0, 64, 4)), [72, 76, 79, 74]) and (length == 4).all()
    assert Kind.from_json(form.to_json()) == form
    assert "drums (in 4 of 6)" in " ".join(data.notes)


def test_whole_tunes_are_held_out_whatever_repeats_in_them(folder):
    """Tunes of the form AABB, in every key: of each phrase there are equals, and all of them are on one side."""
    for i, path in enumerate(sorted(folder.iterdir())):
        a, b = np.random.default_rng(i).integers(60, 73, (2, 16))
        midi.write([part([(n, 1, pitch) for n, pitch in enumerate([*a, *a, *b, *b])])], path, (4, 4), 90)
    data = read(folder, transpose="all")
    train, held = data.split(0.2)
    assert len(data) == 6 * 4 * 12 and len(held) == 48 and len(train) + len(held) == len(data)
    assert set(train.rows.tolist()).isdisjoint(held.rows.tolist())
    known = {x.tobytes() for x in train.raw(np.arange(len(train)))}
    assert not known & {x.tobytes() for x in held.raw(np.arange(len(held)))}


def test_options_choose_bars_metre_resolution_tracks_and_keys(folder):
    data = read(folder, bars=2, resolution=2, tracks="melody,drums")
    assert data.spec.shape[:2] == (2, 16) and data.spec.tracks == ("melody", "drums") and len(data) == 24
    assert [read(folder, transpose=move).spec.move for move in ("key", "none")] == ["key", ""]
    assert len(read(folder, transpose="all")) == 12 * 12 and len(read(folder, limit=5)) == 5
    home = read(folder, transpose="key", tracks="melody")
    first = {tuple(rolls.notes(x[0], 0)[2][:4] % 12) for x in home.fields["real"]}
    assert len(first) == 1  # six tunes in six keys are one tune
    for options, said in (
        ({"metre": "3/4"}, "0 phrases"), ({"metre": "four"}, "such as 4/4"), ({"bars": 0}, "from 1 to 64"),
        ({"tracks": "oboe"}, "no tune has a track 'oboe'"), ({"transpose": "up"}, "give key"),
        ({"resolution": 1, "metre": "7/8"}, "another resolution"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            read(folder, **options)


def test_names_that_all_tunes_share_are_the_tracks(folder):
    for path in folder.iterdir():
        midi.write([part(walk(), "MELODY"), part(walk(low=60), "BRIDGE"), part(triads(), "PIANO")], path, (4, 4), 90)
    assert read(folder).spec.tracks == ("melody", "bridge", "piano")


def test_bars_follow_changes_of_metre(folder):
    s = midi.symusic()
    score = s.Score.from_file(str(folder / "0.mid"))
    score.time_signatures.append(s.TimeSignature(8 * 480, 3, 4))
    score.time_signatures.append(s.TimeSignature(14 * 480, 4, 4))
    for path in folder.iterdir():
        path.unlink()
    score.dump_midi(str(folder / "0.mid"))
    data = read(folder, bars=1)
    assert data.files[:3] == ("0.mid, bar 1", "0.mid, bar 2", "0.mid, bar 5")
    assert rolls.notes(data.raw([2])[0, 0], data.spec.low)[2][:2].tolist() == [
        79,
        74,
    ]  # the notes of quarters 14 and 15
    assert any("bars of other metres, left out: 3/4 (2)" in note for note in data.notes)


def test_bad_files_are_left_out_and_named(folder, tmp_path, capsys):
    whole = (folder / "0.mid").read_bytes()
    (folder / "cut.mid").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("not a tune at all, whatever it says")
    (folder / "two.mid").write_bytes(whole[:8] + b"\x00\x02" + whole[10:])
    (folder / "film.mid").write_bytes(whole[:12] + b"\xe7\x28" + whole[14:])
    (folder / "ticks.mid").write_bytes(whole[:12] + b"\0\0" + whole[14:])
    at = whole.index(b"\xff\x51\x03") + 3
    (folder / "5.mid").write_bytes(whole[:at] + b"\0\0\0" + whole[at + 3 :])  # a quarter note of no time
    (folder / "head.mid").write_bytes(whole[:14])
    (folder / "riff.mid").write_bytes(b"RIFF\0\0\0\0RMIDdata" + len(whole).to_bytes(4, "little") + whole)
    midi.write([], folder / "silent.mid", (4, 4), 90)
    midi.write([part(walk(16, 40 + i)) for i in range(40)], folder / "many.mid", (4, 4), 90)
    data = read(folder)
    why = data.left_out
    assert set(why) == {f"{name}.mid" for name in ["cut", "empty", "text", "two", "film", "silent", "ticks", "head"]}
    assert why["ticks.mid"] == "broken header: a quarter note of 0 ticks" and "cut short: none of" in why["head.mid"]
    assert "riff.mid, bar 1" in data.files and round(data.spec.tempo) == 90
    assert midi.parse((folder / "5.mid").read_bytes()).tempos == []
    assert why["empty.mid"] == "0 bytes" and why["silent.mid"] == "no notes in it" and "type 2" in why["two.mid"]
    assert "cut short" in why["cut.mid"] and "MThd" in why["text.mid"] and "film" in why["film.mid"]
    notes = "\n".join(data.notes)
    assert "more than 16 tracks" in notes and "many.mid" in notes
    check = gs.check(folder)
    assert "8 cannot be read" in "\n".join(check.problems) and "notes a bar" in check.types["melody"]
    for path in folder.iterdir():
        path.write_bytes(b"")
    assert main(["check", str(folder)]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and "none of 16 files can be read" in error


def test_piano_rolls_in_npz_and_in_memory(tmp_path):
    data = tunes(6)
    write_samples(data.fields["real"], str(tmp_path / "made.npz"), data.spec)
    again = read(tmp_path / "made.npz")
    assert replace(again.spec, also={}) == data.spec
    np.testing.assert_array_equal(again.fields["real"], data.fields["real"])
    lpd = np.random.default_rng(0).random((8, 4, 48, 84, 5)) < 0.05
    np.savez(tmp_path / "lpd.npz", nonzero=np.array(lpd.nonzero()), shape=lpd.shape)
    read_lpd = read(tmp_path / "lpd.npz")
    assert read_lpd.spec.shape == (5, 192, 84) and read_lpd.spec.tracks[0] == "drums" and read_lpd.spec.bar == 48
    np.testing.assert_array_equal(read_lpd.raw([3])[0, 2, 50, :], lpd[3, 1, 2, :, 2])
    rolled = np.random.default_rng(0).random((4, 2, 32, 128)) < 0.02
    assert read(rolled).spec.tracks == ("melody", "chords") and read(rolled).spec.low == 0
    assert read(rolled[..., :48].astype(int), tracks="melody,bass").spec.programs == (73, 33)
    assert read(rolled[..., :48]).spec.kind != "music"
    with pytest.raises(DataError, match="3 names"):
        read(rolled, tracks="a,b,c")
    assert read(rolled[:, 0, :, :48].astype("f4"), form="music").spec.tracks == ("melody",)
    loud = read(90 * rolled.astype("u1"), form="music")
    assert "how loud a note is (up to 90) is not kept" in " ".join(loud.notes)
    made = tmp_path / "made.npz"
    for wrong, options, said in (
        (rolled * 0.5, {}, "x > 0.5"), (rolled & False, {}, "nothing sounds"), (rolled, {"bars": 3}, "have 2 bars"),
        (rolled, {"transpose": "all"}, "is for MIDI files"), (np.ones((4, 1, 32, 130), bool), {}, "MIDI has 128"),
        (rolled[:, :, :30], {}, r"here \(4, 2, 30, 128\)"),
        (made, {"metre": "3/4"}, "have metre 4/4"), (made, {"bars": 3}, "have 2 bars"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            read(wrong, form="music", **options)
    labels = np.arange(6) % 2
    assert read(tmp_path / "made.npz", labels=labels).fields["label"].tolist() == labels.tolist()
    for name, value in (("tempo", 0.0), ("low", 120), ("resolution", 0), ("bar", 0), ("programs", [0])):
        with pytest.raises(DataError, match="the form of phrases is damaged"):
            Kind.from_json(data.spec.to_json() | {name: value})
    (tmp_path / "bad.npz").write_bytes((tmp_path / "made.npz").read_bytes()[:-300])
    assert main(["check", str(tmp_path / "bad.npz")]) == 2


# --- units, showing, writing -----------------------------------------------------------------------------------------
def test_units_and_pictures_and_sound(tmp_path):
    data = tunes(5)
    form, x = data.spec, data.fields["real"]
    z = form.to_network(torch.from_numpy(x))
    assert set(z.unique().tolist()) == {-1.0, 1.0}
    np.testing.assert_array_equal(form.to_data(z), x)
    picture = form.preview(x)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and (picture == [208, 79, 44]).all(2).any()
    form.keep(x, tmp_path / "000100")
    ((mime, sound),) = form.played(tmp_path / "000100")
    with wave.open(io.BytesIO(sound)) as file:
        seconds = file.getnframes() / file.getframerate()
        loud = np.abs(np.frombuffer(file.readframes(2**20), "<i2")).max()
    assert mime == "audio/wav" and 5 < seconds < 41 and loud > 20_000
    form.write(np.concatenate([x] * 4), tmp_path / "long.wav")  # what a page plays is short; what is asked for is whole
    with wave.open(str(tmp_path / "long.wav")) as file:
        assert file.getnframes() / file.getframerate() > 45
    slow = replace(form, tempo=30.0)
    assert slow.heard == 1 < form.heard <= 4 and (slow.legend(200) == [208, 79, 44]).all(2).any()


def test_the_synth_plays_the_pitch_in_time():
    sound = synth.played([part([(1, 2, 69)], program=73)], tempo=120).astype(float)
    assert not sound[: synth.RATE // 2].any() and sound[synth.RATE // 2 + 100 : synth.RATE].any()
    tone = sound[synth.RATE // 2 : synth.RATE // 2 + synth.RATE]
    assert abs(np.abs(np.fft.rfft(tone)).argmax() - 440) <= 1


def test_phrases_are_written_as_midi_that_reads_the_same(folder, tmp_path):
    data = read(folder)
    write_samples(data.fields["real"][:3], f"{tmp_path}/made/", data.spec)
    again = read(tmp_path / "made")
    assert again.spec.programs == data.spec.programs and len(again) == 3
    for one, two in zip(data.fields["real"], again.fields["real"]):
        for mine, theirs in zip(rolls.parts_of(one, data.spec), rolls.parts_of(two, again.spec)):
            assert all(map(np.array_equal, mine[1:], theirs[1:]))
    write_samples(data.fields["real"][:2], str(tmp_path / "both.mid"), data.spec)
    tune = midi.parse((tmp_path / "both.mid").read_bytes())
    assert tune.metres == [(0.0, 4, 4)] and tune.end == pytest.approx(4 * 9)  # two phrases and a bar between


def test_the_bytes_are_those_of_a_file_that_any_sequencer_opens(tmp_path):
    """Standard MIDI file of type 1, 480 ticks, its tempo and metre; flute on its channel, drums on channel 10."""
    pytest.importorskip("symusic", reason="MIDI files are written by symusic: pip install 'gansmith[music]'")
    drums = part([(0, 0.25, 36)], "drums", DRUMS)
    midi.write([part(walk(4), "melody", 73), drums], tmp_path / "a.mid", (3, 4), 90)
    raw = (tmp_path / "a.mid").read_bytes()
    assert raw[:4] == b"MThd" and raw[8:10] == b"\x00\x01" and raw[12:14] == (480).to_bytes(2, "big")
    assert b"\xff\x51\x03" + round(60e6 / 90).to_bytes(3, "big") in raw and b"\xff\x58\x04\x03\x02" in raw
    flute = [channel for channel in range(16) if bytes([0xC0 | channel, 73]) in raw]
    assert len(flute) == 1 and flute != [9] and bytes([0x90 | flute[0], 72]) in raw and bytes([0x99, 36]) in raw


def test_changes_of_tempo_are_noted_and_the_beats_stay(folder):
    plain, s = read(folder, bars=1), midi.symusic()
    score = s.Score.from_file(str(folder / "0.mid"))
    score.tempos.append(s.Tempo(8 * 480, 200.0))
    score.dump_midi(str(folder / "0.mid"))
    data = read(folder, bars=1)
    assert "1 with changes of tempo, of which beats know nothing: 0.mid" in data.notes
    np.testing.assert_array_equal(data.fields["real"], plain.fields["real"])


# --- measuring -------------------------------------------------------------------------------------------------------
def test_numbers_of_music_known_by_counting():
    x = np.zeros((1, 2, 32, 36), bool)
    x[0, 0, 0:4, 12] = x[0, 0, 4:8, 16] = x[0, 0, 8, 19] = True  # C E G: 4, 4 and 1 steps
    x[0, 1, 0:8, [0, 4, 7]] = True  # C E G below: three notes of 8 steps
    found = measures.portrait(x, FORM)
    assert found["empty bars"] == 0.5 and found["pitch classes a bar"] == 3 and found["notes in a scale"] == 1
    assert found["notes of 2 steps"] == pytest.approx(5 / 6) and found["polyphonic steps"] == pytest.approx(8 / 17)
    shares = measures.histograms(x, FORM)
    assert shares["leaps"][12 + 4] == 0.5 and shares["leaps"][12 + 3] == 0.5
    assert shares["lengths of notes"][7] == 0.5 and shares["lengths of notes"][0] == pytest.approx(1 / 6)
    assert shares["places in the bar"][0] == pytest.approx(4 / 6)


def test_tonal_distance_knows_octaves_and_not_neighbours():
    """0 for one pitch class in two octaves, √(1 + 1 + 1/4) · √2 · … from Harte's centroids for others."""
    x = np.zeros((1, 4, 36), bool)
    c, other = x.copy(), x.copy()
    c[0, :, 0] = True
    other[0, :, 24] = True
    assert measures.tonal_distance(c, other, 48, 4) == 0
    fifth, second = x.copy(), x.copy()
    fifth[0, :, 7], second[0, :, 1] = True, True
    near, far = (measures.tonal_distance(c, y, 48, 4) for y in (fifth, second))
    steps = np.array([7 * 7 / 6, 7 * 3 / 2, 7 * 2 / 3]) * np.pi
    assert near == pytest.approx(float(np.sqrt(((2 - 2 * np.cos(steps)) * [1, 1, 0.25]).sum())), abs=1e-5)
    assert far > 1.3 * near


@pytest.mark.parametrize("tracks", [("melody", "chords"), ("melody",), ("melody", "drums")])
def test_real_music_is_near_itself_and_every_number_tells_it_from_spoiled_music(tracks):
    data = tunes(400, steps=32)
    form = replace(data.spec, shape=(len(tracks), 32, 24), tracks=tracks, programs=(73, 0, -1)[: len(tracks)])
    x = data.fields["real"][:, : len(tracks)]
    if "drums" in tracks:
        form, x = replace(form, programs=(73, -1), resolution=4), x.copy()
        x[:, 1], x[:, 1, ::2, 3] = False, True
        x[: 2 * len(x) // 3, 1] = x[:, 0, :16] = False  # most bars are silent
    x = x[np.random.default_rng(0).permutation(len(x))]
    floor = form.measures(x[:200], x[200:])
    control = form.measures(x[:200], form.shuffled(x[200:], np.random.default_rng(0)))
    assert not [name for name in floor if control[name] <= 2 * floor[name] + 0.02]
    assert (
        form.says(floor, floor, control) == f"{len(floor)} of {len(floor)} numbers are about as near as those of "
        "other real music"
    )
    for space in form.features():
        features = space(torch.from_numpy(x[:4])) if hasattr(space, "forward") else space(x[:4])
        assert len(features) == 4 and np.isfinite(np.asarray(features)).all()


def test_numbers_that_tell_nothing_are_not_counted():
    floor = {"a, distance": 0.1, "b, distance": 0.1, "c, distance": 0.0}
    control = {"a, distance": 0.9, "b, distance": 0.2, "c, distance": 0.5}
    said = FORM.says({"a, distance": 0.1, "b, distance": 0.1, "c, distance": 0.6}, floor, control)
    assert said.startswith("1 of 2 numbers") and "no better than spoiled music: c" in said and "from spoiled: b" in said


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
