"""Sound: folders and zips of .wav, .flac and .ogg files, one long recording, arrays with a rate. 16 bits a sample."""

from __future__ import annotations

import warnings
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.audio import files
from gansmith.data.kinds.audio.waves import as_floats, as_int16, fit, mixed
from gansmith.data.labels import labelled
from gansmith.data.spec import Kind
from gansmith.data.spectrogram import frame_length, log_mel, log_mel_statistics, power_spectrum
from gansmith.errors import DataError

FULL = 32768  # what ±1 is in 16 bits
GAP = 0.25  # seconds of silence between sounds that are written one after the other
RANGE = 80  # decibels below full scale that are seen
BLUE = np.array([47, 111, 181], np.uint8)
HEAT = np.array([[0, 0, 4], [60, 15, 112], [150, 44, 128], [238, 96, 93], [254, 190, 130], [252, 253, 191]])


@dataclass(frozen=True)
class Audio(Kind):
    """Sounds of `shape` (C, T), int16, at `rate` samples a second; −1 … 1 in the networks, where 1 is the loudest."""

    kind = "audio"
    noun = "sounds"
    takes = "a folder or zip of .wav, .flac or .ogg files (a sub-folder for each class), or an array (n, T) and rate="
    reads = tuple(files.FORMATS)
    options = {
        "rate": "samples a second, such as 16000, or own: that of most files",
        "length": "of a sound: samples such as 16384, or seconds such as 1.0",
        "channels": "1 (mono) or 2 (stereo)",
    }
    default_reason = "its loss converges without tuning; docs/sound.md says what wavegan, specgan and hifi-gan are for"
    endings = (".wav", ".npz", ".npy", ".png")
    plays = (".wav", "audio/wav")
    heard = 8
    folder_of = ".wav"
    foreign = dict.fromkeys(
        (".m4a", ".aac", ".wma", ".amr", ".mp4a", ".m4b"), "turn them into .wav first: ffmpeg -i NAME.m4a NAME.wav"
    )
    write_options = ("labels",)
    example_out = "-n 16 -o made/"
    shown = 16
    cropped = True
    bounded = True

    scale: tuple[float, ...] = (float(FULL),)
    rate: int = 16_000

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, rate=None, length=None, channels=None
    ) -> Dataset:
        """The Dataset of sound files; one that cannot be decoded is left out and named in the notes.

        rate      samples a second; None: the commonest among the files, at most 16,000; "own": however many that are
        length    of a sound: samples (int) or seconds (float, "1.5s"); None: the power of two that 19 of 20 recordings
                  fit into, at most 16,384. Shorter ones are padded with silence; longer ones are cut at the end, or,
                  where half of the recordings are at least twice as long, into one sound after the other
        channels  1 or 2; None: the commonest, of more than two the first two
        """
        x, label, form, more = files.read(data, labels, limit, rate, length, channels)
        return labelled(x, label, cls(x.shape[1:], scale=(loudest(x),), rate=form), **more)

    @classmethod
    def of_array(
        cls, x: np.ndarray, notes: list[str], columns=(), rate=None, length=None, channels=None, named=False, **others
    ) -> tuple[np.ndarray, Kind] | None:
        """(n, T), (n, C, T) or (n, T, C) of 16-bit whole numbers, bytes, or floats in −1 … 1, when `rate` says of how
        many samples a second."""
        if rate is None and named:
            raise DataError("an array does not say of how many samples a second it is: give rate=, such as rate=16000")
        if x.ndim == 1 and rate is not None:
            raise DataError(
                f"an array of {len(x):,} numbers is one recording: cut it into (n, samples), such as x[: n * "
                "16384].reshape(n, 16384), or write it to a .wav file, which is cut for you"
            )
        if rate is None or x.ndim not in (2, 3):
            return None
        rate = files.as_rate(rate) or None
        if rate is None:
            raise DataError("rate=own is that of files, and this is an array: give samples a second, such as 16000")
        x = x[:, None] if x.ndim == 2 else x
        if x.shape[2] <= 8 < x.shape[1]:
            x = x.transpose(0, 2, 1)
            notes.append("the last axis, the shortest, taken for the channels")
        x = as_floats(x, notes)
        if np.abs(x).max() < files.SILENT:
            raise DataError(f"all {len(x)} sounds are silent, and there is nothing to learn")
        steps = files.as_length(length, rate) or x.shape[2]
        count = files.as_channels(channels) or x.shape[1]
        made = [fit(mixed(item.T, count), steps) for item in x]
        data = np.stack([as_int16(item) for item in made])
        return data, cls(data.shape[1:], scale=(loudest(data),), rate=rate)

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [tones(shape, n, seed) for shape in ((1, 640), (2, 96))]

    def read_options(self) -> dict:
        return {"rate": self.rate, "length": self.shape[1], "channels": self.shape[0]}

    def whole(self, data) -> dict[str, np.ndarray]:
        """Name -> sound int16 (C, T) of each file at a path, as long as it is, at this rate."""
        return files.whole(data, self.rate)

    def pace(self, items, seconds: float) -> str:
        """How long it took to make `items`, beside how long it takes to hear them."""
        heard = sum(item.shape[1] for item in items) / self.rate
        return f"{heard:.3g} s of sound in {seconds:.3g} s: {heard / max(seconds, 1e-9):.3g} times real time"

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        channels, steps = self.shape
        wide = files.called(channels)
        return f"{count:,} sounds of {steps:,} samples ({steps / self.rate:.3g} s at {self.rate:,} Hz), {wide}"

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = f"channels x samples, {self.shape[1] / self.rate:.3g} s at {self.rate} Hz"
        files.survey_into(dataset, check)
        silent, peaks = [], []

        def look(start: int, x: np.ndarray) -> None:
            peak = np.abs(x.astype(np.int32)).max((1, 2))
            peaks.append(peak)
            silent.extend((start + np.flatnonzero(peak < files.SILENT * FULL)).tolist())

        preflight.look_at_values(check, dataset, (0, 2), "channel", look, aside=silent)
        loud = np.concatenate(peaks).max() / FULL
        if loud < 0.1:
            check.problems.append(
                f"the loudest sample is at {loud:.1%} of full scale, {20 * np.log10(loud):.0f} dB: quiet recordings; "
                "normalise them"
            )
        shift = np.abs(check.mean).max() / max(1.0, *check.sd)
        if shift > 0.1:
            check.problems.append(
                f"the waves swing around {shift:.2g} times their own deviation, not around 0: a DC offset; "
                "remove it with a high-pass filter"
            )
        if self.shape[0] == 2:
            x = dataset.raw(np.arange(min(len(dataset), preflight.STEP)))
            if np.array_equal(x[:, 0], x[:, 1]):
                check.problems.append("left and right are equal: channels=1 says the same in half of the numbers")

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.int16

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to 16 bits, rounded and clipped."""
        x = (x.detach().float() * self.scale[0]).round()
        return x.clamp(-FULL, FULL - 1).to(torch.int16).cpu().numpy()

    # --- showing -----------------------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Each sound's wave over its spectrogram: time to the right, mel bands upwards."""
        return self.sheet(items, columns=4)

    def sheet(self, numbers: np.ndarray, columns: int = 8) -> np.ndarray:
        from gansmith.data.preview import grid

        drawn = np.concatenate([waves(numbers), heat(self.spectrograms(numbers))], 2)
        return grid(drawn, min(columns, len(numbers)), 4)

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None) -> None:
        """As .wav one after the other, with silence between them; .npz, .npy and .png as other arrays."""
        from gansmith.data.write import write_arrays

        if path.suffix != ".wav":
            return write_arrays(items, path, self, labels)
        gap = np.zeros((self.shape[0], round(GAP * self.rate)), np.int16)
        return self.write_one(np.concatenate([part for item in items for part in (item, gap)][:-1], 1), path)

    def write_one(self, item, path: Path) -> None:
        from gansmith.atomic import replacing

        with replacing(path) as beside, wave.open(str(beside), "wb") as file:
            file.setparams((item.shape[0], 2, self.rate, 0, "NONE", "not compressed"))
            file.writeframes(np.ascontiguousarray(item.T).astype("<i2").tobytes())

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return LogMel(self.rate), random_network(self.shape[0], self.rate)

    def pictures(self, items) -> np.ndarray:
        """Log-mel spectrograms of 40 bands and at most 32 times, uint8 (n, C, 40, 32): as large as telling classes of
        sound apart asks for, since a classifier's time grows with them."""
        return self.spectrograms(items, 40, 32)

    def spectrograms(self, items, bands: int = 64, times: int = 64) -> np.ndarray:
        """uint8 (n, C, bands, times), fewer of short sounds: 255 is a tone at full scale, 0 is RANGE decibels below it;
        high tones are on top."""
        frame = frame_length(self.rate, self.shape[1])
        hop, tall = min(max(1, self.shape[1] // times), frame // 2), frame / 4  # of a tone under a Hann window
        seen = [log_mel(x, self.rate, min(bands, frame // 2), hop) - np.log(tall) for x in split(items)]
        decibels = [20 / np.log(10) * F.adaptive_avg_pool2d(x, (None, min(times, x.shape[3]))) for x in seen]
        made = torch.cat(decibels).flip(2) / RANGE * 255 + 255
        return made.round().clamp(0, 255).to(torch.uint8).numpy()

    def measures(self, real, fake) -> dict[str, float]:
        from gansmith.evaluate.distances import frechet_distance

        of = LogMel(self.rate)
        one, two = of(real), of(fake)
        bands = self.shape[0] * of.bands
        levels = [np.sort(20 * np.log10(np.maximum(rms(x), 1e-4))) for x in (real, fake)]
        share = np.linspace(0, 1, 101)
        gap = np.abs(np.quantile(levels[0], share) - np.quantile(levels[1], share)).mean()
        tone = np.abs(one[:, :bands].mean(0) - two[:, :bands].mean(0)).mean() * 20 / np.log(10)
        distance = f"Fréchet distance of {of.bands}-band log-mel means and deviations; 0 when alike"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few sounds: what as many reals score stands beside it
            between = frechet_distance(one, two)
        return {
            distance: between,
            "difference of the mean spectrum, dB a band": float(tone),
            "difference of loudness, dB": float(gap),
        }

    def shuffled(self, items, rng: np.random.Generator):
        """The samples of each sound in random order: as loud, but noise."""
        return rng.permuted(np.asarray(items), axis=2)

    def spectrum(self, real, fake) -> dict[str, np.ndarray]:
        """Power by frequency, in cycles a sample."""
        frequency, power = power_spectrum(torch.cat(list(split(real))))
        return {
            "frequency": frequency,
            "power_real": power,
            "power_fake": power_spectrum(torch.cat(list(split(fake))))[1],
        }


def loudest(x: np.ndarray) -> float:
    """The largest size of a number, which is 1 in the networks."""
    return float(max(-int(x.min()), int(x.max()), 1))


def split(items, size: int = 256):
    """Sounds int16 in parts, as waves in −1 … 1."""
    for start in range(0, len(items), size):
        yield torch.from_numpy(np.array(items[start : start + size], np.float32)) / FULL


def rms(items) -> np.ndarray:
    """(n,) root mean squares, 1 is full scale."""
    return np.concatenate([x.square().mean((1, 2)).sqrt().numpy() for x in split(items)])


# --- feature spaces --------------------------------------------------------------------------------------------------
class LogMel:
    """Sounds int16 (n, C, T) to (n, 2·C·bands): mean and deviation over time of each log-mel band."""

    def __init__(self, rate: int, bands: int = 40):
        self.rate, self.bands, self.name = rate, bands, f"log-mel-{bands}"

    def __call__(self, items) -> np.ndarray:
        return torch.cat([log_mel_statistics(x, self.rate, self.bands) for x in split(items)]).numpy()


class RandomMel(nn.Module):
    """A frozen, never trained net of convolutions in time over log-mel bands, int16 (n, C, T) to (n, 256): its 64 last
    channels in each quarter of the sound. Unlike LogMel it knows what comes first. It ranks models of the same data and
    means nothing across data sets. Over the wave itself such a net took noise under the envelope of speech for speech.
    """

    name = "random-mel"

    def __init__(self, channels: int, rate: int, bands: int = 40):
        super().__init__()
        self.rate, self.bands = rate, bands
        self.convs = nn.ModuleList(nn.Conv1d(a, 64, 5, 2, 2) for a in (channels * bands, 64))
        for name, values in self.convs.named_parameters():
            nn.init.zeros_(values) if name.endswith("bias") else nn.init.kaiming_normal_(values, a=0.2)

    def forward(self, items: Tensor) -> Tensor:
        hop = frame_length(self.rate, items.shape[-1]) // 4
        x = log_mel(items.float() / FULL, self.rate, self.bands, hop).flatten(1, 2) / 3 + 1  # about -1 ... 1
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return F.adaptive_avg_pool1d(x, 4).flatten(1)


@cache
def random_network(channels: int, rate: int) -> RandomMel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RandomMel(channels, rate).eval().requires_grad_(False)


# --- pictures of sound -----------------------------------------------------------------------------------------------
def waves(items: np.ndarray, wide: int = 128, tall: int = 33) -> np.ndarray:
    """Sounds (n, C, T) as uint8 (n, 3, tall, ~wide): from the least to the greatest sample of each stretch of time."""
    x = np.asarray(items).astype(np.float64).mean(1) / FULL
    starts = np.unique(np.arange(wide) * x.shape[1] // wide)
    column = np.arange(wide) * len(starts) // wide
    low, high = (part.reduceat(x, starts, 1)[:, column] for part in (np.minimum, np.maximum))
    peak = max(1e-3, np.abs(x).max())
    rows = np.linspace(1, -1, tall)[None, :, None] * peak
    step = peak / (tall - 1)
    inside = (rows >= low[:, None] - step) & (rows <= high[:, None] + step)
    return np.where(inside[:, None], BLUE[:, None, None], np.uint8(255))


def heat(grey: np.ndarray, wide: int = 128, tall: int = 64) -> np.ndarray:
    """Pictures uint8 (n, C, h, w), the mean of their channels, as colours (n, 3, tall, wide): from black over red to
    white, which the brightest has."""
    grey = grey.mean(1)
    rows, columns = (np.arange(side) * old // side for side, old in ((tall, grey.shape[1]), (wide, grey.shape[2])))
    value = grey[:, rows][:, :, columns] / max(1.0, grey.max()) * 255
    colours = np.stack([np.interp(value, np.linspace(0, 255, len(HEAT)), channel) for channel in HEAT.T], 1)
    return colours.round().astype(np.uint8)


def tones(shape: tuple[int, int], n: int = 40, seed: int = 0, rate: int = 8000) -> Dataset:
    """`n` made-up decaying tones of three pitches, which are their classes."""
    rng = np.random.default_rng(seed)
    label, time = rng.integers(0, 3, n), np.arange(shape[1]) / rate
    pitch = (200.0 * 2 ** (label + rng.uniform(0, 0.2, n)))[:, None, None] * (1 + 0.01 * np.arange(shape[0]))[:, None]
    fade = np.exp(-time / (0.3 * shape[1] / rate))
    x = rng.uniform(0.2, 0.8, (n, 1, 1)) * fade * np.sin(2 * np.pi * pitch * time)
    real = as_int16(x + 0.01 * rng.standard_normal(x.shape))
    form = Audio(shape, ("low", "middle", "high"), scale=(loudest(real),), rate=rate)
    return Dataset(form, {"real": real, "label": label}, name="made up", digest=f"{shape}{n}{seed}")
