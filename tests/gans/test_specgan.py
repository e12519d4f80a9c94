"""SpecGAN: sounds to normalised spectrograms and back."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.audio import tones
from gansmith.data.spectrogram import stft
from gansmith.errors import UserError
from gansmith.gans.specgan import CLIP, SpecGAN, bin_statistics


@pytest.fixture(scope="module")
def sounds():
    return tones((1, 2048), 60)


@pytest.fixture(scope="module")
def game(sounds):
    made = SpecGAN(width=2)
    made.read(sounds)
    made.build(sounds.spec)
    return made


def test_the_form_of_the_paper():
    sound = gs.data.kinds.audio.Audio((1, 16_384), rate=16_000)
    seen = SpecGAN().spectrogram(sound)
    assert seen.shape == (1, 128, 128) and seen.frame == 256


def test_each_bin_has_mean_0_and_deviation_1_over_the_data(game, sounds):
    seen = game.discriminator.spectrogram
    x = seen.logarithms(sounds.batch(torch.arange(60)).real)
    z = (x - seen.mean) / seen.deviation
    torch.testing.assert_close(z.mean((0, 1, 3)), torch.zeros(128), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.square().mean((0, 1, 3)), torch.ones(128), atol=1e-3, rtol=0)
    made = seen(sounds.batch(torch.arange(60)).real)
    torch.testing.assert_close(made, (z / CLIP).clamp(-1, 1))
    assert made.shape == (60, 1, 128, 16) and made.abs().max() <= 1


def test_a_spectrogram_becomes_sound_with_its_magnitudes(game, sounds):
    """Griffin-Lim comes nearer to what is not clipped with every round."""
    seen, real = game.discriminator.spectrogram, sounds.batch(torch.arange(20)).real
    wanted = stft(real, seen.frame).abs()[..., :128, :16]
    errors = []
    for rounds in (0, 16):
        seen.rounds = rounds
        sound = seen.inverse(seen(real))
        found = stft(sound, seen.frame).abs()[..., :128, :16]
        errors.append(float((found - wanted).norm() / wanted.norm()))
    seen.rounds = 16
    assert sound.shape == real.shape and errors[1] < 0.8 * errors[0]


def test_a_discriminator_takes_sounds_and_spectrograms(game, sounds):
    real = sounds.batch(torch.arange(5)).real
    with torch.no_grad():
        on_sound, on_spectrogram = game.discriminator(real), game.discriminator(game.discriminator.spectrogram(real))
    torch.testing.assert_close(on_sound, on_spectrogram)


def test_the_statistics_are_in_the_model(sounds, tmp_path):
    gan = SpecGAN(width=2).fit(sounds, steps=1, batch_size=8)
    gan.save(tmp_path / "x.gan")
    again = gs.load(tmp_path / "x.gan")
    expected, _ = bin_statistics(sounds, gan.spectrogram(sounds.spec))
    torch.testing.assert_close(again.discriminator.spectrogram.mean, expected)
    np.testing.assert_array_equal(gan.sample(3, seed=0), again.sample(3, seed=0))
    assert gan.sample(3, seed=0).shape == (3, 1, 2048) and len(gan.score_samples(sounds.raw(np.arange(4)))) == 4


def test_pictures_are_refused():
    with pytest.raises(UserError, match="series"):
        SpecGAN(width=2).fit("digits", steps=1)
