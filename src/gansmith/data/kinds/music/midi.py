"""One MIDI file -> its notes by track, in quarter notes; and back. symusic parses and writes the bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gansmith.errors import DataError

LONGEST = 50_000  # quarter notes of a tune: a day and a half of bars, which no tune has and a broken file may claim
FASTEST = 2000  # quarter notes a minute, beyond which a tempo is a slip of the file
TICKS = 480  # of a quarter note, in files that are written
DRUMS = -1  # in place of a program


class Part(NamedTuple):
    """One track: its notes as arrays, times in quarter notes from the beginning."""

    name: str
    program: int  # 0 … 127, or DRUMS
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray


@dataclass
class Tune:
    """What a MIDI file holds.

    metres  (from which quarter note on, beats, unit): (0.0, 3, 4) is a waltz from the beginning
    tempos  quarter notes a minute, each change of it
    tracks  how many have notes, before any are laid together
    """

    parts: list[Part]
    metres: list[tuple[float, int, int]]
    tempos: list[float] = field(default_factory=list)
    end: float = 0.0

    @property
    def tracks(self) -> int:
        return len(self.parts)


def symusic() -> Any:
    try:
        import symusic
    except (ImportError, OSError) as problem:
        raise DataError(
            f"MIDI files are read and written by symusic ({problem}): pip install 'gansmith[music]'"
        ) from None
    return symusic


def parse(raw: bytes) -> Tune:
    """The tune in the bytes of a MIDI file. ValueError, in plain words, where there is none."""
    raw = unwrapped(raw)
    check_chunks(raw)
    try:
        score = symusic().Score.from_midi(raw)
    except DataError:
        raise
    except Exception as problem:  # a file from outside: whatever its bytes lead to
        reason = " ".join(str(problem).split()).removeprefix("MiniMidi: ")[:80]
        raise ValueError(f"broken, its events make no sense ({reason})") from None
    ticks = score.ticks_per_quarter
    if score.end() > LONGEST * ticks:
        raise ValueError(f"it claims {score.end() / ticks:,.0f} quarter notes, and {LONGEST:,} are the most")
    parts = [
        Part(
            track.name.strip(),
            DRUMS if track.is_drum else int(track.program),
            *((notes := track.notes.numpy())["time"] / ticks, (notes["time"] + notes["duration"]) / ticks),
            notes["pitch"].astype(int),
        )
        for track in score.tracks
        if len(track.notes)
    ]
    if not parts:
        raise ValueError("no notes in it")
    metres = sorted({(m.time / ticks, m.numerator, m.denominator) for m in score.time_signatures})
    metres = [(t, n, d) for t, n, d in metres if n > 0 and d > 0]
    if not metres or metres[0][0] > 0:
        metres.insert(0, (0.0, 4, 4))  # what the format says of files that say nothing
    end = max(float(part.end.max()) for part in parts)
    return Tune(parts, metres, [float(t.qpm) for t in score.tempos if 1 <= t.qpm <= FASTEST], end)


def unwrapped(raw: bytes) -> bytes:
    """The MIDI file in a RIFF file of form RMID; any other as it is."""
    if raw[:4] != b"RIFF" or raw[8:16] != b"RMIDdata":
        return raw
    return raw[20 : 20 + int.from_bytes(raw[16:20], "little")]


def check_chunks(raw: bytes) -> None:
    """ValueError unless the bytes are a whole MIDI file whose time is counted in beats and whose tracks go together."""
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise ValueError("not a MIDI file: it does not begin with MThd and a header")
    form, division = int.from_bytes(raw[8:10], "big"), int.from_bytes(raw[12:14], "big")
    if form == 2:
        raise ValueError("of type 2, patterns without a common time: export it as type 0 or 1")
    if form > 2:
        raise ValueError(f"broken header: there is no type {form}")
    if not division:
        raise ValueError("broken header: a quarter note of 0 ticks")
    if division & 0x8000:
        raise ValueError("timed in frames of film, not in beats: export it in ticks a quarter note")
    place, found = 8 + int.from_bytes(raw[4:8], "big"), 0
    while place + 8 <= len(raw):
        size = int.from_bytes(raw[place + 4 : place + 8], "big")
        if raw[place : place + 4] == b"MTrk" and place + 8 + size > len(raw):
            raise ValueError(f"cut short: {len(raw) - place - 8:,} of {size:,} bytes of a track are there")
        found += raw[place : place + 4] == b"MTrk"
        place += 8 + size
    if not found and (promised := int.from_bytes(raw[10:12], "big")):
        raise ValueError(f"cut short: none of {promised} tracks is there")


def write(parts: list[Part], path: Path, metre: tuple[int, int], tempo: float) -> None:
    """A MIDI file of type 1, for any sequencer."""
    s = symusic()
    score = s.Score(TICKS)
    score.tempos.append(s.Tempo(0, float(tempo)))
    score.time_signatures.append(s.TimeSignature(0, *metre))
    for part in parts:
        track = s.Track(part.name, max(0, part.program), part.program == DRUMS)
        times = np.round(np.stack([part.start, part.end]) * TICKS).astype(int).tolist()
        for start, end, pitch in zip(*times, part.pitch.tolist()):
            track.notes.append(s.Note(start, end - start, int(pitch), 90))
        score.tracks.append(track)
    score.dump_midi(str(path))
