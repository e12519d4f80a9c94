"""Notes <-> piano-rolls: bool (…, steps, pitches), True where a pitch sounds. A pitch that is struck again without a
step of silence between is one held note, as in every piano-roll."""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.music.midi import Part


def edges(roll: np.ndarray, bar: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Where notes of rolls (…, steps, pitches) begin, and how many steps those that begin there last (0 elsewhere).

    bar  steps of a bar at whose lines notes end; 0: they last across
    """
    steps = roll.shape[-2]
    before = np.zeros_like(roll)
    before[..., 1:, :] = roll[..., :-1, :]
    if bar:
        before[..., ::bar, :] = False
    onset = roll & ~before
    length = np.zeros(roll.shape, np.int32)
    running = np.zeros(roll.shape[:-2] + roll.shape[-1:], np.int32)
    for t in range(steps - 1, -1, -1):
        running = np.where(roll[..., t, :], running + 1, 0)
        length[..., t, :] = np.where(onset[..., t, :], running, 0)
        running = np.where(onset[..., t, :], 0, running)
    return onset, length


def notes(roll: np.ndarray, low: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first steps, steps that they last, MIDI pitches) of the notes of one track's roll (steps, pitches), in order."""
    onset, length = edges(np.asarray(roll, bool))
    start, pitch = np.nonzero(onset)
    return start, length[start, pitch], pitch + low


def parts_of(item: np.ndarray, form) -> list[Part]:
    """The tracks of an item (tracks, steps, pitches) of the form `form`, times in quarter notes."""
    made = []
    for name, program, roll in zip(form.tracks, form.programs, item):
        start, length, pitch = notes(roll, form.low)
        made.append(Part(name, program, start / form.resolution, (start + length) / form.resolution, pitch))
    return made


def draw(part: Part, shape: tuple[int, int], low: int, resolution: int, roll: np.ndarray | None = None) -> np.ndarray:
    """A part as a roll of `shape` (steps, pitches), laid over `roll` where that is given. Notes below or above are
    moved by octaves, those of drums left out."""
    steps, pitches = shape
    roll = np.zeros(shape, bool) if roll is None else roll
    start = np.round(part.start * resolution).astype(int)
    end = np.maximum(start + 1, np.round(part.end * resolution).astype(int))
    pitch = part.pitch - low
    if part.program >= 0:
        pitch = by_octaves(pitch, pitches)
    inside = (pitch >= 0) & (pitch < pitches) & (start < steps) & (end > 0)
    for a, b, p in zip(np.maximum(start, 0)[inside], end[inside], pitch[inside]):
        roll[a:b, p] = True
    return roll


def by_octaves(pitch: np.ndarray, pitches: int) -> np.ndarray:
    """Places of pitches, those below 0 or from `pitches` on moved by octaves until they lie within."""
    under, over = np.minimum(pitch, 0), np.maximum(pitch - pitches + 1, 0)
    return pitch - under // 12 * 12 - -(-over // 12) * 12


def moved(items: np.ndarray, form, by: int) -> np.ndarray:
    """Items (n, tracks, steps, pitches) of a form with all tracks but drums `by` semitones higher, in its octaves."""
    if not by:
        return items
    pitched = [i for i, program in enumerate(form.programs) if program >= 0]
    made = items.copy()
    made[:, pitched] = False
    for old, new in enumerate(by_octaves(np.arange(items.shape[3]) + by, items.shape[3])):
        made[:, pitched, :, new] |= items[:, pitched, :, old]
    return made


def skyline(roll: np.ndarray) -> np.ndarray:
    """The highest pitch of each step alone: the melody of rolls (…, steps, pitches)."""
    above = np.flip(np.cumsum(np.flip(roll, -1), -1), -1)
    return roll & (above == 1)
