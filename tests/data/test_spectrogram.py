"""Short-time spectra, mel bands and Griffin-Lim, by closed forms."""

import numpy as np
import pytest
import torch

from gansmith.data.spectrogram import (
    FLOOR,
    frame_length,
    griffin_lim,
    istft,
    log_mel,
    log_mel_statistics,
    mel_filters,
    power_spectrum,
    stft,
)


@pytest.mark.parametrize(
    "rate, length, frame", [(8000, 8192, 256), (16_000, 16_384, 512), (44_100, 9000, 1024), (8000, 100, 64)]
)
def test_a_frame_is_about_32_ms_and_no_longer_than_the_sound(rate, length, frame):
    assert frame_length(rate, length) == frame


@pytest.mark.parametrize("hop", [None, 16])
def test_spectra_and_back(hop):
    x = torch.randn(3, 2, 1000, generator=torch.Generator().manual_seed(0))
    spectra = stft(x, 64, hop)
    assert spectra.shape[:3] == (3, 2, 33)
    torch.testing.assert_close(istft(spectra, 1000, 64, hop), x, atol=1e-5, rtol=0)


def test_a_tone_is_in_its_bin_with_a_quarter_of_the_frame():
    time = torch.arange(4096) / 8000
    magnitude = stft(torch.sin(2 * torch.pi * 1000 * time), 256).abs()
    assert (magnitude[:, 4:-4].argmax(0) == 32).all()
    torch.testing.assert_close(magnitude[32, 4:-4], torch.full((25,), 64.0), atol=0.1, rtol=0)


def test_mel_filters_are_triangles_that_share_every_frequency():
    filters = mel_filters(16_000, 512)
    assert filters.shape == (40, 257) and filters.min() == 0 and filters.max() <= 1
    inner = filters.sum(0)[3:235]  # between the first and the last peak, neighbours add up to one
    torch.testing.assert_close(inner, torch.ones_like(inner), atol=1e-5, rtol=0)
    centre = (filters * torch.arange(257)).sum(1) / filters.sum(1)
    assert (centre.diff() > 0).all()


def test_mel_filters_are_librosas():
    librosa = pytest.importorskip("librosa", reason="the filters are compared with librosa's where it is installed")
    theirs = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40, htk=True, norm=None)
    np.testing.assert_allclose(mel_filters(16_000, 512), theirs, atol=1e-5)


def test_silence_is_the_floor_in_every_band():
    found = log_mel_statistics(torch.zeros(2, 1, 1000), 8000)
    assert found.shape == (2, 80)
    torch.testing.assert_close(found[:, :40], torch.full((2, 40), float(np.log(FLOOR))))
    assert not found[:, 40:].any()
    assert log_mel(torch.zeros(2, 1, 1000), 8000, bands=20, hop=10).shape == (2, 1, 20, 101)


def test_white_noise_has_a_flat_spectrum():
    frequency, power = power_spectrum(torch.randn(50, 1, 2048, generator=torch.Generator().manual_seed(0)))
    assert frequency[0] == 1 / 256 and frequency[-1] == 0.5
    np.testing.assert_allclose(power[:-1] / power.mean(), 1, atol=0.15)


def test_griffin_lim_comes_nearer_with_every_round():
    time = torch.arange(4096) / 8000
    x = torch.sin(2 * torch.pi * (300 * time + 400 * time**2)) * torch.exp(-3 * time)
    wanted = stft(x, 256, 64).abs()

    def error(rounds):
        return float(
            (stft(griffin_lim(wanted, 4096, 256, 64, rounds=rounds), 256, 64).abs() - wanted).norm() / wanted.norm()
        )

    errors = [error(rounds) for rounds in (0, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.5 * errors[0]
