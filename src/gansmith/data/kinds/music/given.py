"""What a model of music is given to play to: a track of a MIDI file and chords, brought to its grid and key."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.kinds.music import keys
from gansmith.data.kinds.music.files import SAME, spans
from gansmith.data.kinds.music.midi import DRUMS, Part, Tune, parse
from gansmith.data.kinds.music.roles import roles_of
from gansmith.data.kinds.music.rolls import draw
from gansmith.data.labels import few
from gansmith.errors import UserError


def read_part(path, form: Any, track: str) -> tuple[np.ndarray, int]:
    """(a track of a MIDI file on the grid of a form, bool (steps, pitches) of whole bars, from the first one that
    sounds; by how many semitones it is moved to the key of the model).

    What is not as in the model, or left out, is said in a warning. UserError where there is no such track.
    """
    place = Path(path).expanduser()
    try:
        tune = parse(place.read_bytes())
    except (OSError, ValueError) as problem:
        said = problem.strerror if isinstance(problem, OSError) else problem
        raise UserError(f"{path} cannot be read: {said}") from None
    found, notes = parts_for(tune, form, track), []
    if not found:
        there = few([called(part, i) for i, part in enumerate(tune.parts)])
        raise UserError(f"{path}: a track {track!r} is needed, and there is none that can stand for it: {there}")
    if len(found) < len(tune.parts):
        ours, others = (
            [called(part, i) for i, part in enumerate(tune.parts) if any(part is one for one in found) is taken]
            for taken in (True, False)
        )
        notes.append(f"{few(ours)} taken for the {track}, left out: {few(others)}")
    metre = tuple(form.metre)
    other = {(n, d) for (start, n, d), end in spans(tune) if end > start and metre not in ((n, d), SAME.get((n, d)))}
    if other:
        n, d = metre
        it_has = few([f"{a}/{b}" for a, b in sorted(other)])
        notes.append(f"it is in {it_has}, laid into bars of {n}/{d}, which the model knows: give a tune in {n}/{d}")
    move = keys.moves(tune.parts, "key")[0] if form.move == "key" else 0
    if move:
        notes.append(f"moved by {move:+d} semitones to the key of the model, and what is made of it back")
    quarters = form.bar / form.resolution
    skipped = int(min(part.start.min() for part in found) / quarters + 1e-6)
    if skipped:
        notes.append(f"{f'bars 1 to {skipped}, which are' if skipped > 1 else 'bar 1, which is'} silent, left out")
    if notes:
        warnings.warn(f"{path}: {'; '.join(notes)}", stacklevel=3)
    bars = max(1, int(np.ceil(max(part.end.max() for part in found) / quarters - 1e-6)) - skipped)
    roll = np.zeros((bars * form.bar, form.shape[2]), bool)
    for part in found:
        times = (part.start - skipped * quarters, part.end - skipped * quarters)
        pitch = part.pitch + (move if part.program != DRUMS else 0)
        draw(Part(part.name, part.program, *times, pitch), roll.shape, form.low, form.resolution, roll)
    return roll, move


def parts_for(tune: Tune, form: Any, track: str) -> list[Part]:
    """The parts of a tune that are called `track`, else those that have it in their names, else those that play as it,
    else, unless it is drums, the first that is no drums."""
    drums = dict(zip(form.tracks, form.programs)).get(track) == DRUMS
    names, roles = [part.name.lower() for part in tune.parts], roles_of(tune.parts)
    suits = (
        lambda i: names[i] == track,
        lambda i: track in names[i],
        lambda i: roles[i] == track,
        lambda i: not drums and tune.parts[i].program != DRUMS,
    )
    found = [[part for i, part in enumerate(tune.parts) if suit(i)] for suit in suits]
    return next(filter(None, (*found[:3], found[3][:1])), [])


def called(part: Part, i: int) -> str:
    return repr(part.name) if part.name else f"track {i + 1}"


def key_move(chords: list[int]) -> int:
    """By how many semitones chords are moved to C major or A minor; 0 where none sounds."""
    triads = [chord for chord in chords if chord < len(keys.CHORDS)]
    return keys.home(keys.TRIADS[triads].sum(0).astype(float)) if triads else 0


def moved_chords(chords: list[int], by: int) -> list[int]:
    """Numbers of CHORDS, so many semitones higher; no chord stays none."""
    return [c if c >= len(keys.CHORDS) else (c + by) % 12 + c // 12 * 12 for c in chords]
