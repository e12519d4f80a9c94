"""Lead sheets: phrases of two tracks, a melody of one voice and the triad of each bar, held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.music.keys import CHORDS, TRIADS, chord_of, chroma
from gansmith.data.kinds.music.roles import WORDS
from gansmith.data.kinds.music.rolls import skyline
from gansmith.errors import DataError

NAMES = ("melody", "chords")
NONE = len(CHORDS)  # the number of no chord
REACH = 19  # pitches from the C of a triad's octave to its highest fifth


def melody_of(form: Any) -> int:
    """Which track is the melody: by its name, else the first that is neither bass nor drums. DataError without one."""
    pitched = [i for i, program in enumerate(form.programs) if program >= 0]
    if not pitched:
        raise DataError("a melody is needed, and the data has drums alone")
    named = [i for i in pitched if any(word in form.tracks[i] for word in WORDS["melody"])]
    others = [i for i in pitched if "bass" not in form.tracks[i] and "chord" not in form.tracks[i]]
    return (named or others or pitched)[0]


def octave_of(form: Any) -> int:
    """The place of the C whose octave the roots of triads lie in: the second where there are four octaves."""
    first = -form.low % 12
    base = first + (12 if form.shape[2] >= first + 12 + 24 else 0)
    if form.shape[2] < base + REACH:
        raise DataError(f"chords need {REACH} pitches from a C on, and the data has {form.shape[2]} from {form.low}")
    return base


def triads(form: Any) -> np.ndarray:
    """bool (25, pitches): each of CHORDS in root position, and none."""
    made, base = np.zeros((NONE + 1, form.shape[2]), bool), octave_of(form)
    for number in range(NONE):
        root = number % 12
        made[number, [base + root + step for step in (0, 3 if number >= 12 else 4, 7)]] = True
        assert TRIADS[number, (np.flatnonzero(made[number]) - base) % 12].all()
    return made


def chords_of(items: np.ndarray, form: Any) -> np.ndarray:
    """The chord (n, bars) that each bar stands on: of what sounds beside the melody, where nothing does of the melody;
    NONE for silence."""
    melody = melody_of(form)
    beside = [i for i, program in enumerate(form.programs) if program >= 0 and i != melody]
    sounds = chroma(items, form.low).reshape(len(items), items.shape[1], -1, form.bar, 12).sum(3)
    weights = sounds[:, melody]
    if beside:
        other = sounds[:, beside].sum(1)
        weights = np.where(other.sum(2, keepdims=True) > 0, other, weights)
    found = chord_of(weights)
    return np.where(found < 0, NONE, found)


def lead_sheet(data: Dataset) -> Dataset:
    """The data with two tracks: the highest voice of its melody, and the triad of each bar."""
    form: Any = data.spec
    items, melody = data.fields["real"], melody_of(form)
    table, chords = triads(form), chords_of(items, form)
    made = np.stack([skyline(items[:, melody]), table[chords].repeat(form.bar, 1)], 1)
    programs = (form.programs[melody], 0)
    spec = replace(form, shape=made.shape[1:], tracks=NAMES, programs=programs)
    return replace(data, spec=spec, fields={**data.fields, "real": made})
