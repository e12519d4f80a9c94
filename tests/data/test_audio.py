"""Sound files and arrays of sound: the form they get, what is left out, and how they are shown, written, measured."""

import shutil
import wave

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data import read
from gansmith.data.kinds.audio import FULL, Audio, tones, waves
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError

sf = pytest.importorskip("soundfile", reason="sound files are read by soundfile: pip install 'gansmith[audio]'")
RATE = 8000


def tone(steps=1000, pitch=440.0, rate=RATE, loud=0.5):
    return loud * np.sin(2 * np.pi * pitch * np.arange(steps) / rate)


def put(path, x, rate=RATE, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, x, rate, **how)
    return path


@pytest.fixture
def folder(tmp_path):
    """Twelve sounds of 1,000 samples at 8 kHz in high/ and low/."""
    for i in range(12):
        put(tmp_path / "tones" / ("high", "low")[i % 2] / f"{i:02}.wav", tone(pitch=(900, 200)[i % 2] + i))
    return tmp_path / "tones"


def pitch_of(x, rate):
    return np.abs(np.fft.rfft(x)).argmax() * rate / len(x)


# --- reading ---------------------------------------------------------------------------------------------------------
def test_folder_and_zip_give_the_same(folder):
    data, packed = read(folder), read(shutil.make_archive(str(folder), "zip", folder))
    assert data.spec.shape == (1, 1024) and data.spec.rate == RATE and data.spec.classes == ("high", "low")
    assert data.files[:2] == ("high/00.wav", "high/02.wav") and data.digest == packed.digest
    np.testing.assert_array_equal(data.fields["real"], packed.fields["real"])
    wanted = sf.read(folder / "high/00.wav", dtype="int16")[0]
    np.testing.assert_array_equal(data.raw([0])[0, 0], np.r_[wanted, np.zeros(24)])
    assert data.batch(torch.tensor([0, 6])).label.tolist() == [0, 1]
    assert "12 padded with silence, 0 cut" in " ".join(data.notes)
    assert len(read(f"{folder}.zip/low")) == 6 and len(read(folder, limit=4)) == 4


def test_units_reach_one_and_come_back(folder):
    data = read(folder)
    assert data.fields["real"].dtype == data.spec.dtype == np.int16
    x = data.spec.to_network(torch.from_numpy(data.raw(np.arange(12))))
    assert data.spec.bounded and float(x.abs().max()) == 1.0
    np.testing.assert_array_equal(data.spec.to_data(x), data.raw(np.arange(12)))
    assert data.spec.to_data(torch.full((1, 1, 4), 9.0)).max() == FULL - 1
    assert Kind.from_json(data.spec.to_json()) == data.spec


@pytest.mark.parametrize(
    "length, steps", [(500, 500), ("500", 500), (0.1, 800), ("0.1s", 800), ("0.05", 400), (2000, 2000)]
)
def test_length_in_samples_or_seconds(folder, length, steps):
    data = read(folder, length=length)
    assert data.spec.shape == (1, steps)
    wanted = sf.read(folder / "high/00.wav", dtype="int16")[0][: min(1000, steps)]
    if steps != 500 and steps != 400:  # those are half of a recording or less: cut in pieces
        np.testing.assert_array_equal(data.raw([0])[0, 0, : len(wanted)], wanted)


def test_long_recordings_are_cut_into_one_sound_after_the_other(tmp_path):
    x = put(tmp_path / "song.wav", tone(10_700, loud=0.3) + 0.1 * np.linspace(0, 1, 10_700))
    data, whole = read(x, length=1000), sf.read(x, dtype="int16")[0]
    assert len(data) == 11 and data.files[:2] == ("song.wav", "song.wav at 0.12 s")  # the last 700 are padded
    np.testing.assert_array_equal(data.raw([3])[0, 0], whole[3000:4000])
    other = read(x, length=1000, rate=4000)  # pieces of a resampled recording fit each other
    joined = other.raw(np.arange(5)).ravel().astype(float)
    assert len(other) == 5 and np.abs(np.diff(joined)).max() < 1.5 * np.abs(np.diff(joined[:900])).max()


def test_unlike_rates_and_channels_are_brought_to_the_commonest(tmp_path):
    for i in range(5):
        put(tmp_path / f"{i}.wav", np.stack([tone(1000, 1000)] * 2, 1))
    put(tmp_path / "fast.flac", np.stack([tone(4000, 1000, 32_000) + tone(4000, 12_000, 32_000)] * 2, 1), 32_000)
    put(tmp_path / "mono.wav", tone(1000, 1000))
    data = read(tmp_path, length=1000)
    assert data.spec.shape == (2, 1000) and data.spec.rate == RATE
    notes = " ".join(data.notes)
    assert "1 resampled to 8,000 Hz (rate=N for another): fast.flac (32,000 Hz)" in notes
    assert "1 turned into stereo (channels=N for another): mono.wav (mono)" in notes
    for item in data.raw(np.arange(7))[:, 0]:
        assert abs(pitch_of(item, RATE) - 1000) < 1
        assert np.abs(np.fft.rfft(item)[[500]]) < 0.02 * np.abs(np.fft.rfft(item)).max()  # 12 kHz folds to 4 kHz
    assert read(tmp_path, channels=1, rate=4000, length=500).spec.shape == (1, 500)


def test_bad_files_are_left_out_or_converted_and_named(folder):
    put(folder / "low/mono8.wav", tone(), subtype="PCM_U8")
    put(folder / "low/deep.wav", tone(), subtype="PCM_24")
    put(folder / "low/over.wav", 3 * tone(), subtype="FLOAT")
    put(folder / "low/clipped.wav", np.clip(4 * tone(), -1, 1))
    put(folder / "low/silent.wav", 0 * tone())
    put(folder / "low/stub.wav", tone(40))
    put(folder / "low/stereo.wav", np.stack([tone(), 0 * tone()], 1))
    put(folder / "low/slow.wav", tone(), 1)
    put(folder / "low/nothing.wav", tone(0))
    put(folder / "low/nan.wav", np.where(np.arange(1000) == 7, np.nan, tone()), subtype="FLOAT")
    shutil.copy(put(folder.parent / "x.mp3", tone(4000)), folder / "low/mp3.wav")
    whole = (folder / "low/01.wav").read_bytes()
    (folder / "low/cut.wav").write_bytes(whole[:800])
    (folder / "low/stream.wav").write_bytes(whole[:40] + b"\xff" * 4 + whole[44:])  # written to a pipe: it is all there
    (folder / "low/zero.wav").write_bytes(b"")
    (folder / "low/text.wav").write_text("no sound at all" * 9)
    data = read(folder)
    assert {name.removeprefix("low/"): why for name, why in data.left_out.items()} == {
        "slow.wav": "its header says 1 Hz, and a sound has 1,000 to 768,000",
        "nothing.wav": "no samples in it",
        "nan.wav": "nan at sample 7",
        "cut.wav": "cut short: 756 of 2,000 bytes are there",
        "zero.wav": "0 bytes",
        "text.wav": "not a sound that libsndfile can read (Format not recognised)",
    }
    assert len(data) == 12 + 9 and "low/stream.wav" in data.files
    notes = "\n".join(data.notes)
    assert "brought to 16 bits: low/deep.wav (24 bits), low/mono8.wav (8 bits)" in notes
    assert "not what the ending says, and read all the same: low/mp3.wav (MP3)" in notes
    assert "turned into mono (channels=N for another): low/stereo.wav (stereo)" in notes
    assert data.odd["clipped"] == ["low/clipped.wav"] and data.odd["silent"] == ["low/silent.wav"]
    assert data.odd["beyond full scale, brought down to it"] == ["low/over.wav"]
    assert data.odd["shorter than 5% of the length, the rest is padding"] == ["low/stub.wav"]
    check = gs.check(folder)
    problems = "\n".join(check.problems)
    assert "6 cannot be read" in problems and "1 silent: low/silent.wav" in problems
    assert "1 clipped: low/clipped.wav" in problems and not any("clipped" in note for note in check.notes)
    assert check.sizes == {"8000 Hz": 22} and check.formats["WAV PCM_24"] == 1


def test_nothing_left_is_one_line_and_exit_code_2(tmp_path, capsys):
    (tmp_path / "a.wav").write_bytes(b"")
    put(tmp_path / "b.wav", tone(0))
    assert main(["check", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and "none of 2 sounds can be read" in error and "a.wav: 0 bytes" in error
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    put(tmp_path / "d.wav", 0 * tone())
    with pytest.raises(DataError, match="gone.wav: a link to a file that is not there"):
        read(tmp_path)
    put(tmp_path / "e.wav", 0 * tone())
    with pytest.raises(DataError, match="all 2 sounds are silent"):
        read(tmp_path)
    with pytest.raises(DataError, match="ffmpeg -i NAME.m4a NAME.wav"):
        read(put(tmp_path / "x.wav", tone()).rename(tmp_path / "x.m4a"))
    with pytest.raises(DataError, match="one sound only"):
        read(put(tmp_path / "c.wav", tone()))
    with pytest.raises(DataError, match="12 Hz|rate=12: give samples a second"):
        read(tmp_path, rate=12)
    for wrong in (3, -1.0, "long", 0, float("nan")):
        with pytest.raises(DataError, match="length="):
            read(tmp_path / "c.wav", length=wrong)
    with pytest.raises(DataError, match="channels=0"):
        read(tmp_path, channels=0)


# --- arrays ----------------------------------------------------------------------------------------------------------
def test_arrays_are_sound_when_a_rate_is_given():
    x = np.stack([tone(pitch=200 + 10 * i) for i in range(6)])
    data = read(x, rate=RATE)
    assert data.spec == Audio((1, 1000), scale=data.spec.scale, rate=RATE) and data.fields["real"].dtype == np.int16
    np.testing.assert_allclose(data.fields["real"][:, 0] / FULL, x, atol=1e-4)
    stereo = read(np.stack([x, -x], 2).astype(np.float32), rate=RATE, length=500)
    assert stereo.spec.shape == (2, 500) and "channels" in " ".join(stereo.notes)
    np.testing.assert_array_equal(read(data.fields["real"], rate=RATE).fields["real"], data.fields["real"])
    assert read(x).spec.kind == "vectors"
    with pytest.raises(DataError, match="rate="):
        read(x, form="audio")
    with pytest.raises(DataError, match="divide"):
        read(300 * x, rate=RATE)
    with pytest.raises(DataError, match="is one recording"):
        read(x[0], rate=RATE)
    for silent in (0 * x, np.zeros((4, 500), np.int64)):
        with pytest.raises(DataError, match="are silent"):
            read(silent, rate=RATE)


@pytest.mark.parametrize("kind, bits", [("i4", 16), ("i8", 16), ("i4", 32), ("i8", 32), ("i1", 8), ("u1", 8)])
def test_whole_numbers_of_any_width_are_as_loud_as_they_were(kind, bits):
    x = np.stack([tone(pitch=200 + 10 * i) for i in range(4)])
    data = read((np.round(x * (2 ** (bits - 1) - 1)) + 128 * (kind == "u1")).astype(kind), rate=RATE)
    np.testing.assert_allclose(data.fields["real"][:, 0] / FULL, x, atol=2.0 ** -min(bits - 2, 14))
    wide = bits < 8 * np.dtype(kind).itemsize
    assert any("taken for sound of" in note for note in data.notes) == wide
    with pytest.raises(DataError, match="found uint16"):
        read((np.round(x * 32767) + 32768).astype(np.uint16), rate=RATE)


# --- looking ---------------------------------------------------------------------------------------------------------
def test_check_knows_quiet_shifted_and_doubled_sound():
    x = 0.05 * np.stack([tone(pitch=200 + 10 * i) + 0.3 for i in range(6)])
    problems = " ".join(gs.check(np.stack([x, x], 1), rate=RATE).problems)
    assert "4.0% of full scale" in problems and "a DC offset" in problems and "left and right are equal" in problems


# --- showing and writing ---------------------------------------------------------------------------------------------
def test_preview_is_a_wave_over_a_spectrogram():
    data = tones((1, 640))
    picture = data.spec.preview(data.raw(np.arange(5)))
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and min(picture.shape) > 0
    seen = waves(np.stack([np.zeros((1, 640), np.int16), np.full((1, 640), FULL - 1, np.int16)]))
    inked = (seen != 255).any(1)
    assert inked[0].any(1).nonzero()[0].mean() == 16 and inked[1].any(1).nonzero()[0].max() <= 1
    assert data.spec.pictures(data.raw(np.arange(4))).shape == (4, 1, 40, 32)
    grey = data.spec.spectrograms(data.raw(np.arange(40)))
    assert grey.shape[:3] == (40, 1, 64) and grey.dtype == np.uint8
    height = grey[:, 0].astype(float).mean(2).argmax(1)
    label = data.raw(np.arange(40), "label")
    assert height[label == 2].max() < height[label == 0].min()  # high tones are on top


@pytest.mark.parametrize("data", Audio.example(), ids=["mono", "stereo"])
def test_samples_are_written_as_wav_and_read_back(data, tmp_path):
    items, form = data.raw(np.arange(5)), data.spec
    made = write_samples(items, f"{tmp_path}/made/", form)
    again = read(made, **form.read_options())
    np.testing.assert_array_equal(again.fields["real"], items)
    x, rate = sf.read(made / "3.wav", dtype="int16", always_2d=True)
    assert rate == form.rate and np.array_equal(x.T, items[3])
    write_samples(items, f"{tmp_path}/all.wav", form)
    with wave.open(f"{tmp_path}/all.wav") as file:
        channels, steps = form.shape
        assert file.getnchannels() == channels and file.getnframes() == 5 * steps + 4 * form.rate // 4
    write_samples(items, f"{tmp_path}/made.npz", form)
    np.testing.assert_array_equal(read(tmp_path / "made.npz", **form.read_options()).fields["real"], items)
    form.keep(items, tmp_path / "sheet")
    (kind, content), *rest = form.played(tmp_path / "sheet")
    assert kind == "audio/wav" and content[:4] == b"RIFF" and not rest and form.played(tmp_path / "none") == []


# --- measuring -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("data", Audio.example(n=80), ids=["mono", "stereo"])
def test_measures_like_other_sounds_and_not_noise(data):
    real, other = data.raw(np.arange(40)), data.raw(np.arange(40, 80))
    same, floor = data.spec.measures(real, real), data.spec.measures(real, other)
    noise = data.spec.measures(real, data.spec.shuffled(other, np.random.default_rng(0)))
    assert all(abs(value) < 1e-3 for value in same.values())
    distance = next(name for name in floor if name.startswith("Fréchet"))
    assert noise[distance] > 5 * floor[distance]
    loud = data.spec.measures(real, (real // 2).astype(np.int16))
    assert 5.5 < loud["difference of loudness, dB"] < 6.5
    np.testing.assert_array_equal(np.sort(data.spec.shuffled(other, np.random.default_rng(0)), 2), np.sort(other, 2))


def test_two_feature_spaces_and_a_spectrum():
    data = tones((2, 640))
    scores = gs.evaluate.compare(
        data.raw(np.arange(20)), data.raw(np.arange(20, 40)), list(data.spec.features()), n=10, draws=2, groups=0
    )
    assert list(scores.numbers) == ["log-mel-40", "random-mel"]
    found = data.spec.spectrum(data.raw(np.arange(20)), data.raw(np.arange(20, 40)))
    assert found["frequency"][-1] == 0.5 and found["power_real"].argmax() / 256 * RATE < 900


# --- a run -----------------------------------------------------------------------------------------------------------
def test_a_run_on_sounds_is_sampled_evaluated_and_heard_on_its_page(folder, tmp_path, capsys):
    run = str(tmp_path / "run")
    assert main(["train", str(folder), "--steps", "2", "--batch-size", "4", "--width", "2", "--length", "640",
                 "--out", run, "--quiet"]) == 0  # fmt: skip
    assert main(["sample", run, "-n", "3", "-o", f"{tmp_path}/made/", "--seed", "0"]) == 0
    assert sf.read(tmp_path / "made/0.wav")[0].shape == (640,) and sf.info(tmp_path / "made/0.wav").samplerate == RATE
    page = (tmp_path / "run/report.html").read_text()
    assert page.count("data:audio/wav") == 2  # samples, and sounds of the data
    assert gs.load(run).spec.rate == RATE
