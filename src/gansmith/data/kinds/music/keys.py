"""Pitches, keys and chords: names, which key a tune is in, which triad a bar stands on."""

from __future__ import annotations

import re
import warnings

import numpy as np

from gansmith.errors import UserError

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
CHORDS = (*NAMES, *(f"{name}m" for name in NAMES))  # the 24 triads: number r is r major, 12 + r is r minor
TRIADS = np.zeros((24, 12), bool)  # the pitch classes of each
for _root in range(12):
    TRIADS[_root, [_root, (_root + 4) % 12, (_root + 7) % 12]] = True
    TRIADS[12 + _root, [_root, (_root + 3) % 12, (_root + 7) % 12]] = True
# How well each degree of the scale fits a key: Krumhansl & Kessler 1982, from the ratings of listeners
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])

PLAIN = ("", "maj", "Maj", "ma", "M", "m", "min", "mi", "-")  # what says major or minor and nothing else
MINORS = ("m", "min", "mi", "-", "dim", "°", "o", "ø")  # whose third is minor
CHORD = re.compile(  # root, accidental, which third, and what is left out of the triad, a bass with it
    r"([A-Ga-g])([#b♯♭]?)(maj|Maj|ma|min|mi|m|M|Δ|dim|°|o|ø|aug|\+|-|)"
    r"((?:maj|Maj|M|Δ|sus|add|omit|no|alt|aug|dim|[#b♯♭+-]?\d+|/\d+|[()])*(?:/[A-Ga-g][#b♯♭]?)?)"
)


def name_of(pitch: int) -> str:
    """'C4' of 60."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def chroma(roll: np.ndarray, low: int) -> np.ndarray:
    """Rolls (…, pitches) to how much of each pitch class sounds (…, 12): octaves are the same, neighbours are not."""
    pitch = (np.arange(roll.shape[-1]) + low) % 12
    return roll.astype(np.float32) @ np.eye(12, dtype=np.float32)[pitch]


def key_of(weights: np.ndarray) -> int:
    """The key (0 … 11 major, 12 … 23 minor) whose profile correlates best with weights (12,) of pitch classes."""
    profiles = np.stack([np.roll(p, r) for p in (MAJOR, MINOR) for r in range(12)])
    profiles = profiles - profiles.mean(1, keepdims=True)
    fit = profiles @ (weights - weights.mean()) / np.linalg.norm(profiles, axis=1)
    return int(fit.argmax())


def moves(parts, move: str) -> list[int]:
    """By how many semitones a tune is moved: to C major or A minor ("key"), in all keys ("all"), not at all ("")."""
    if move == "all":
        return list(range(-6, 6))
    pitched = [part for part in parts if part.program >= 0]
    if not move or not pitched:
        return [0]
    weights = np.zeros(12)
    for part in pitched:
        np.add.at(weights, part.pitch % 12, part.end - part.start)
    return [home(weights)]


def home(weights: np.ndarray) -> int:
    """By how many semitones music of these weights (12,) of pitch classes is moved to C major or A minor."""
    key = key_of(weights)
    return ((0 if key < 12 else 9) - key % 12 + 6) % 12 - 6


def chord_of(weights: np.ndarray) -> np.ndarray:
    """Weights (…, 12) of pitch classes to the triad (0 … 23) that each stands on; −1 where nothing sounds.

    The triad with the most of the sound on its tones, least beside them; of equals, that with more on its root.
    """
    inside = TRIADS.astype(np.float32)
    roots = np.eye(12, dtype=np.float32)[np.arange(24) % 12]
    total = weights.sum(-1, keepdims=True)
    fit = weights @ inside.T + 0.1 * weights @ roots.T - 0.5 * (total - weights @ inside.T)
    return np.where(total[..., 0] > 0, fit.argmax(-1), -1)


def read_chords(text: str) -> list[int]:
    """'C Am F G' (blanks, commas or bars between) as numbers of CHORDS, N.C. as the number behind them. Of chords that
    are no triads the major or minor triad on their root is taken, with a warning. UserError for what is no chord."""
    found, simpler = [], {}
    for word in re.split(r"[\s,|]+", text.strip()):
        if re.fullmatch(r"n\.?c\.?", word, re.IGNORECASE):
            found.append(len(CHORDS))
            continue
        match = CHORD.fullmatch(word)
        if match is None:
            raise UserError(
                f"--chords: {word!r} is no chord; give such as C, Am, F#, Bb or Ebm, or N.C. for none, with blanks "
                "between"
            )
        letter, accidental, quality, rest = match.groups()
        root = (LETTERS[letter.upper()] + {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(accidental, 0)) % 12
        minor = quality in MINORS or (letter.islower() and not quality)
        found.append(root + 12 * minor)
        if rest or quality not in PLAIN:
            simpler[word] = CHORDS[found[-1]]
    if simpler:
        words = ", ".join(f"{one} as {other}" for one, other in simpler.items())
        warnings.warn(f"--chords: the model knows major and minor triads, so it takes {words}", stacklevel=3)
    return found
