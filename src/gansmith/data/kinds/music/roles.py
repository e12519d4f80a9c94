"""What a track plays, by its channel, name, program and notes: melody, chords, bass or drums."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gansmith.data.kinds.music.midi import DRUMS, Part, Tune
from gansmith.data.labels import few
from gansmith.errors import DataError

ROLES = ("melody", "chords", "bass", "drums")
PROGRAMS = {"melody": 73, "chords": 0, "bass": 33, "drums": DRUMS}  # flute, piano, fingered bass
WORDS = {
    "drums": ("drum", "perc", "beat"),
    "bass": ("bass",),
    "melody": ("melod", "vocal", "voice", "lead", "solo", "soprano", "flute", "violin"),
    "chords": ("chord", "piano", "guitar", "organ", "pad", "string", "accomp", "harmon", "keys", "alto", "tenor"),
}
COMMON, MOST_NAMES = 0.8, 8  # share of the tunes that have the same track names, and how many of them
PRESENT = 0.25  # share of the tunes that have a role, from which on it is a track of its own
POLYPHONIC, DEEP = 1.5, 50  # pitches at a time of a track of chords; mean pitch below which a single voice is the bass


def roles_of(parts: list[Part]) -> list[str]:
    """The role of each part."""
    found = [said(part) for part in parts]
    voices = []
    for i, part in enumerate(parts):
        if found[i]:
            continue
        if thickness(part) >= POLYPHONIC:
            found[i] = "chords"
        elif part.pitch.mean() < DEEP:
            found[i] = "bass"
        else:
            voices.append(i)
    if "melody" not in found and voices:
        found[max(voices, key=lambda i: parts[i].pitch.mean())] = "melody"
    return [role or "chords" for role in found]


def said(part: Part) -> str:
    """The role that channel, name or program give away; "" where they do not."""
    if part.program == DRUMS:
        return "drums"
    name = part.name.lower()
    for role, words in WORDS.items():
        if role != "drums" and any(word in name for word in words):
            return role
    if 32 <= part.program <= 39:
        return "bass"
    return "melody" if 80 <= part.program <= 87 else ""


def thickness(part: Part) -> float:
    """Pitches at a time while any sounds."""
    order = np.argsort(part.start, kind="stable")
    start, end = part.start[order], part.end[order]
    reach = np.maximum.accumulate(end)
    free = np.r_[start[0], reach[:-1]]
    sounding = np.maximum(0, reach - np.maximum(start, free)).sum()
    return float((end - start).sum() / max(sounding, 1e-9))


class Plan:
    """Which tracks the tunes of a data set are laid into.

    tracks, programs  of each;  where  tune -> the track of each of its parts, None for one that is left out
    """

    def __init__(self, tunes: list[Tune], wanted: str | None = None):
        self.notes: list[str] = []
        names = [tuple(part.name.lower() for part in tune.parts) for tune in tunes]
        commonest, times = Counter(names).most_common(1)[0]
        distinct = len(set(commonest)) == len(commonest) and all(commonest) and 2 <= len(commonest) <= MOST_NAMES
        by_name = distinct and times >= COMMON * len(tunes)
        labels = names if by_name else [tuple(roles_of(tune.parts)) for tune in tunes]
        asked = [word.strip().lower() for word in str(wanted).split(",")] if wanted else []
        if asked and not by_name and not set(asked) <= set(ROLES):
            labels = names
        counts = Counter(label for row in labels for label in set(row))
        if asked:
            for one in asked:
                if not counts[one]:
                    there = few(sorted(filter(None, counts)), 12) or "no names"
                    raise DataError(f"tracks={wanted}: no tune has a track {one!r}; there are {there}")
            self.tracks = tuple(dict.fromkeys(asked))
        elif by_name:
            self.tracks = commonest
        else:
            self.tracks = tuple(r for r in ROLES if counts[r] >= PRESENT * len(tunes))
            rare = [f"{r} (in {counts[r]} of {len(tunes)})" for r in ROLES if 0 < counts[r] < PRESENT * len(tunes)]
            if rare:
                self.notes.append(f"left out, few tunes have them (tracks=NAMES to take them): {', '.join(rare)}")
        place = {name: i for i, name in enumerate(self.tracks)}
        self.where = [[place.get(label) for label in row] for row in labels]
        self.programs = tuple(self._program(tunes, i) for i in range(len(self.tracks)))
        how = "by their names" if by_name or (asked and labels is names) else "by channel, name, program and notes"
        found = [f"{name} (in {counts[name]:,} of {len(tunes):,})" for name in self.tracks]
        self.notes.insert(0, f"tracks, found {how}: {', '.join(found)}")

    def _program(self, tunes: list[Tune], track: int) -> int:
        """The commonest program of a track; a role's own where all are pianos, as in files that say nothing."""
        parts = (p for tune, row in zip(tunes, self.where) for p, at in zip(tune.parts, row) if at == track)
        found = Counter(part.program for part in parts).most_common(1)
        program, name = (found[0][0] if found else 0), self.tracks[track]
        return PROGRAMS[name] if program == 0 and name in PROGRAMS and name != "drums" else program
