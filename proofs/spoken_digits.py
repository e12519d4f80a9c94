"""What proofs of sound share: the Free Spoken Digit Dataset (CC BY-SA 4.0), what made sounds of it are held against."""

import os
import warnings
from pathlib import Path

import numpy as np

import gansmith as gs
from gansmith.data.kinds.audio.kind import FULL, LogMel
from gansmith.evaluate.distances import frechet_distance

LENGTH = 8192  # samples: 99.4 % of the 3,000 recordings fit
WINDOW = 200  # samples over which loudness is followed: 25 ms


def spoken_digits():
    """(the Dataset, labelled with its digits; the digit of each sound), from $GANSMITH_DATA/fsdd_wav.zip."""
    path = Path(os.environ["GANSMITH_DATA"]) / "fsdd_wav.zip"
    digits = [Path(name).name[0] for name in gs.read(path, length=LENGTH).files]
    return gs.read(path, length=LENGTH, labels=digits), np.array(digits).astype(int)


def distance(real, fake, rate: int = 8000) -> float:
    """The Fréchet distance on means and deviations of 40 log-mel bands: what the goals speak of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one digit there are 300: the floor says what that costs
        return frechet_distance(LogMel(rate)(real), LogMel(rate)(fake))


def white_noise(real: np.ndarray, seed: int = 0) -> np.ndarray:
    """As loud as the data on average."""
    loud = np.sqrt((real.astype(np.float64) ** 2).mean())
    return _as_sound(np.random.default_rng(seed).standard_normal(real.shape) * loud)


def speech_noise(real: np.ndarray, seed: int = 0) -> np.ndarray:
    """Noise that grows loud and soft as each sound of the data does."""
    box = np.ones(WINDOW) / WINDOW
    loud = np.sqrt([[np.convolve(wave.astype(np.float64) ** 2, box, "same") for wave in item] for item in real])
    return _as_sound(np.random.default_rng(seed).standard_normal(real.shape) * loud)


def _as_sound(x: np.ndarray) -> np.ndarray:
    return x.round().clip(-FULL, FULL - 1).astype(np.int16)


def yardsticks(real: np.ndarray, digits: np.ndarray) -> dict[str, dict[str, float]]:
    """`floor` and `control` of any proof on these sounds."""
    order = np.random.default_rng(0).permutation(len(real))
    halves = real[order[: len(real) // 2]], real[order[len(real) // 2 :]]
    return {
        "floor": {
            "real against real": distance(*halves),
            "zero against the rest": distance(real[digits == 0], real[digits != 0]),
        },
        "control": {
            "what": "white noise as loud as the data; noise under the envelope of speech",
            "white_noise": distance(real, white_noise(real)),
            "speech_noise": distance(real, speech_noise(real)),
        },
    }
