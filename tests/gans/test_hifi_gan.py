"""HiFi-GAN: its front end and losses in closed form, segments, sounds of any length without a seam, and from files."""

import math

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.audio import Audio, tones
from gansmith.data.spectrogram import MelSpectrogram, slaney_filters
from gansmith.errors import UserError
from gansmith.gans.hifi_gan import segments
from gansmith.runs.measures import Measures, _measure
from gansmith.runs.reference import sampler
from gansmith.training.modelfile import check_fit

SMALL = {"width": 16, "discriminator_width": 8}


@pytest.fixture(scope="module")
def trained():
    return gs.HiFiGAN(**SMALL).fit(tones((1, 1024), 20), steps=2, batch_size=4, device="cpu", precision="fp32")


# --- front end -------------------------------------------------------------------------------------------------------
# From the example of librosa.mel_frequencies(n_mels=40): 40 frequencies from 0 to 11,025 Hz
CENTRES = [
    0.0, 85.317, 170.635, 255.952, 341.269, 426.586, 511.904, 597.221, 682.538, 767.855, 853.173, 938.49, 1024.856,
    1119.114, 1222.042, 1334.436, 1457.167, 1591.187, 1737.532, 1897.337, 2071.84, 2262.393, 2470.47, 2697.686,
    2945.799, 3216.731, 3512.582, 3835.643, 4188.417, 4573.636, 4994.285, 5453.621, 5955.205, 6502.92, 7101.009,
    7754.107, 8467.272, 9246.028, 10096.408, 11025.0,
]  # fmt: skip


def test_filters_rise_and_fall_between_the_frequencies_that_librosa_publishes():
    ours, centre = slaney_filters(22_050, 22_050, 38, 11_025.0), np.array(CENTRES)  # a value for each Hz
    np.testing.assert_allclose(ours.argmax(1), centre[1:-1], atol=1)
    np.testing.assert_allclose(ours.amax(1), 2 / (centre[2:] - centre[:-2]), rtol=0.02)
    np.testing.assert_allclose(ours.sum(1), 1, atol=0.02)


def test_filters_are_librosas():
    librosa = pytest.importorskip("librosa", reason="the filters are compared with librosa's where it is installed")
    theirs = librosa.filters.mel(sr=22_050, n_fft=1024, n_mels=80, fmin=0, fmax=8000)
    np.testing.assert_allclose(slaney_filters(22_050, 1024, 80, 8000.0), theirs, atol=1e-7)


def test_filters_in_closed_form():
    filters = slaney_filters(22_050, 1024, 80, 8000.0).double()
    assert filters.shape == (80, 513) and (filters.amax(1) > 0).all()
    peaks = filters.argmax(1).double() * 22_050 / 1024
    mel = torch.where(peaks < 1000, peaks * 3 / 200, 15 + 27 * (peaks.clamp_min(1) / 1000).log() / math.log(6.4))
    top = 15 + 27 * math.log(8) / math.log(6.4)
    torch.testing.assert_close(mel, torch.arange(1, 81).double() * top / 81, atol=0.4, rtol=0)  # half a bin of 21.5 Hz
    areas = filters.sum(1) * 22_050 / 1024
    torch.testing.assert_close(areas[40:], torch.ones(40).double(), atol=0.02, rtol=0)  # of narrow ones bins are few
    assert filters[:, math.ceil(8000 * 1024 / 22_050) :].max() == 0


def test_a_tone_has_its_amplitude_in_its_band_and_silence_is_the_floor():
    heard = MelSpectrogram(8000, 512, 128, 80, 4000.0)
    silence = heard(torch.zeros(1, 1280))
    bands = torch.log((heard.filters.sum(1) * 1e-9**0.5).clamp_min(1e-5))
    torch.testing.assert_close(silence, bands[None, :, None].expand(1, 80, 10))
    frequency = 64 * 8000 / 512  # of bin 64: a Hann window spreads it over three, of ¼, ½ and ¼ of frame · amplitude
    found = heard(0.5 * torch.sin(2 * math.pi * frequency * torch.arange(1280) / 8000)[None])[0, :, 5].exp()
    wanted = heard.filters[:, 63:66] @ (torch.tensor([0.5, 1, 0.5]) * 512 / 4 * 0.5)
    torch.testing.assert_close(found[wanted > 0.1], wanted[wanted > 0.1], rtol=2e-3, atol=0)


def test_griffin_lim_comes_nearer_with_more_rounds():
    heard = MelSpectrogram(8000, 512, 128, 80, 4000.0)
    x = torch.from_numpy(tones((1, 2048), 2).fields["real"][:, 0] / np.float32(32768))
    mel = heard(x)
    off = [float((heard(heard.inverse(mel, rounds)) - mel).abs().mean()) for rounds in (0, 8, 60)]
    assert heard.inverse(mel).shape == x.shape and off[0] > off[1] > off[2]


# --- the game --------------------------------------------------------------------------------------------------------
def test_a_segment_is_part_of_its_sound_and_not_of_the_padding():
    x = torch.arange(1.0, 41).expand(200, 2, 40).clone()
    x[..., 30:] = 0
    torch.manual_seed(0)
    made = segments(x, 8, 4)
    assert made.shape == (400, 1, 8) and (made.diff(dim=2) == 1).all()
    assert made[..., 0].min() == 1 and made[..., -1].max() == 30  # both ends are reached, and no more
    assert segments(x, 64, 16).shape == (400, 1, 32)  # all there is, in whole frames
    assert segments(torch.zeros(3, 1, 40), 8, 4).abs().max() == 0


def test_losses_in_closed_form():
    """With scores that are all 0 or 1 and activations that differ by known numbers."""
    game = gs.HiFiGAN(**SMALL, version="v3")
    data = tones((1, 1024), 8)
    game.build(data.spec)
    batch = data.batch(torch.arange(4))

    def answer(score, shift):
        return [[torch.full((4, 3), shift), torch.full((4, 1), score)] for _ in range(8)]

    answers = iter([answer(1.0, 2.0), answer(0.0, 0.5)])
    game.discriminator.forward = lambda x: next(answers)
    terms = game.generator_loss(batch)
    assert float(terms["adversarial"]) == 8  # eight scores of 0, each (0 − 1)²
    assert float(terms["features"]) == pytest.approx(2 * 8 * (1.5 + 1))
    wave, fake = batch.memo["wave"], batch.memo["fake"]
    assert float(terms["mel"]) == pytest.approx(
        45 * float((game.heard(wave[:, 0]) - game.heard(fake[:, 0])).abs().mean())
    )
    answers = iter([[[torch.cat([torch.full((4, 1), score) for score in (0.5, 0.25)])] for _ in range(8)]])
    assert float(game.discriminator_loss(batch)["adversarial"]) == pytest.approx(8 * (0.25 + 0.0625))


def test_what_is_left_open_follows_the_rate(monkeypatch):
    for rate, hop in ((8000, 128), (16_000, 256), (22_050, 256), (24_000, 256), (44_100, 512), (48_000, 512)):
        game = gs.HiFiGAN()
        game.choose(Audio((1, 8192), rate=rate))
        assert game.hop == hop
    game = gs.HiFiGAN()
    reasons = " ".join(game.choose(Audio((1, 8192), rate=22_050)))
    assert (game.version, game.discriminator_width) == ("v3", 64) and "no GPU" in reasons and "11.6 ms" in reasons
    monkeypatch.setattr(gs.HiFiGAN, "device", property(lambda self: torch.device("cuda")))
    game.restart()
    game.choose(Audio((1, 8192), rate=22_050))
    assert (game.version, game.discriminator_width) == ("v1", 1024)


def test_the_step_falls_by_a_factor():
    game = gs.HiFiGAN()
    optimizer = game.optimizer("generator", [torch.zeros(3, requires_grad=True)])
    assert isinstance(optimizer, torch.optim.AdamW) and optimizer.defaults["betas"] == (0.8, 0.99)
    for progress, wanted in ((0.0, 2e-4), (0.5, 2e-4 * 0.045**0.5), (1.0, 2e-4 * 0.045)):
        game.progress = progress
        game.schedule("generator", optimizer)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(wanted)


def test_what_is_no_sound_or_too_short_is_refused():
    data = Dataset(Audio((1, 200), rate=8000), {"real": np.zeros((4, 1, 200), np.int16)})
    with pytest.raises(UserError, match="hears frames of 512 samples: sounds of 200 are too short"):
        gs.HiFiGAN(**SMALL).fit(data, steps=1)
    with pytest.raises(UserError, match="makes sounds from sounds, and the data is pictures"):
        gs.HiFiGAN(**SMALL).fit(np.zeros((8, 16, 16), np.uint8), steps=1)


# --- use -------------------------------------------------------------------------------------------------------------
def test_a_long_sound_made_in_pieces_is_the_whole(trained):
    x = tones((2, 20_000), 1, rate=8000).fields["real"]
    whole = trained.translate(x, piece=10**6)
    assert whole.shape == x.shape and whole.dtype == np.int16 and np.abs(whole).max() > 0
    assert np.abs(trained.translate(x, piece=20).astype(int) - whole).max() <= 1  # of the last bit
    again = torch.from_numpy(x)
    trained.generator.__class__.reach, kept = property(lambda self: 0), trained.generator.__class__.reach
    try:
        seam = trained.translate(again, piece=20)
    finally:
        trained.generator.__class__.reach = kept
    assert np.abs(seam.astype(int) - whole).max() > 1  # the control: without what is around a piece there is a seam


@pytest.mark.parametrize("length", [1, 7, 512, 1000])
def test_any_length_and_any_loudness(trained, length):
    x = np.full((1, 3, length), 20, np.int16)
    assert trained.translate(x).shape == x.shape and trained.translate(x[:0]).shape == (0, 3, length)
    loud = trained.translate(np.full((1, 1, length), 32767, np.int16))
    assert loud.shape == (1, 1, length)


def test_files_are_made_anew_as_long_as_they_are(trained, tmp_path, capsys):
    sf = pytest.importorskip("soundfile", reason="sound files are read by soundfile: pip install 'gansmith[audio]'")
    model, speech = trained.save(tmp_path / "m.gan") or tmp_path / "m.gan", tmp_path / "speech"
    (speech / "a").mkdir(parents=True)
    time = np.arange(9000) / 8000
    sf.write(speech / "a" / "one.wav", 0.5 * np.sin(2000 * time), 8000)
    sf.write(speech / "two.flac", np.stack([0.3 * np.sin(900 * time)] * 2, 1), 16_000, subtype="PCM_24")
    (speech / "three.wav").write_text("no sound")
    sf.write(speech / "loud.wav", 3 * np.sin(2000 * time), 8000, subtype="FLOAT")
    assert main(["sample", str(model), "--input", str(speech), "-o", f"{tmp_path / 'out'}/"]) == 0
    said = capsys.readouterr()
    assert "times real time" in said.out and "1 left out, cannot be read: three.wav" in said.err
    assert "1 resampled to the 8,000 Hz of the model: two.flac (16,000 Hz)" in said.err
    assert "1 beyond full scale, brought down to it: loud.wav" in said.err
    for name, shape in (("a/one.wav", (9000,)), ("two.wav", (4500, 2))):
        x, rate = sf.read(tmp_path / "out" / name)
        assert rate == 8000 and x.shape == shape
    assert main(["sample", str(model), "-o", f"{tmp_path / 'none'}/"]) == 2
    assert "--input FOLDER" in capsys.readouterr().err


def test_the_rate_is_that_of_the_files(tmp_path):
    sf = pytest.importorskip("soundfile", reason="sound files are read by soundfile: pip install 'gansmith[audio]'")
    for i in range(3):
        sf.write(tmp_path / f"{i}.wav", np.sin(np.arange(9000) / 9), 44_100)
    assert gs.HiFiGAN().read(tmp_path).spec.rate == 44_100 and gs.read(tmp_path).spec.rate == 16_000
    assert gs.HiFiGAN().read(tmp_path, rate=22_050).spec.rate == 22_050
    assert gs.HiFiGAN().read(tmp_path / "0.wav", length=4000).spec.rate == 44_100


def test_a_file_may_name_networks_whose_weights_are_registered_twice():
    """As those with weight norm are, which the check of files counts before it believes a file."""
    game, spec = gs.HiFiGAN(version="v3", discriminator_width=8), Audio((1, 1024), rate=8000)
    game.build(spec)
    check_fit(gs.HiFiGAN(**game.settings()), spec, dict(game.state_dict()), {})


# --- measuring -------------------------------------------------------------------------------------------------------
def test_griffin_lim_stands_beside_it(trained):
    sounds = list(tones((1, 1300), 3, rate=8000).fields["real"])
    found = trained.beside_griffin_lim(sounds, rounds=20)
    assert 0 < found["griffin_lim"] < found["mel_l1"], "two rounds of training make no vocoder"
    assert found["control"] > found["griffin_lim"] and found["speed"] > 0 and found["equal_rounds"] >= 1
    assert 0 < found["floor"] < found["mel_l1"] and found["floor"] < found["control"]
    assert trained.mel_l1(sounds, sounds) == 0 and trained.mel_l1(sounds[:1], [x // 2 for x in sounds[:1]]) > 0.1
    with pytest.raises(UserError, match="no sound is as long as a frame of 512 samples"):
        trained.beside_griffin_lim([sounds[0][:, :200]])


def test_a_run_is_evaluated_by_what_it_makes_of_held_out_sounds(trained, monkeypatch):
    monkeypatch.setattr("gansmith.runs.measures.FULL", (6, 30, 3))
    monkeypatch.setattr("gansmith.runs.measures.LEAST", 6)
    train, held = tones((1, 1024), 60, seed=3).split(0.4, 0)
    found = Measures()
    _measure(found, trained, train, held, 6, 0, 1e12)
    assert found.scores["plain"].numbers and "copy_fake" not in found.arrays
    said = " ".join(found.notes)
    assert "mel L1 of what is made of held-out sounds" in said and "4.0 ms late" in said and "not refined" in said
    assert "training sounds (none were held out)" in trained.remarks(train, None)[0]
    draw = sampler(trained, train, held)
    chosen = held.raw(np.random.default_rng(1).choice(24, 5, replace=False))
    np.testing.assert_array_equal(draw(5, seed=1), trained.sample(5, real=chosen))
