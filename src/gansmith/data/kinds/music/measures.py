"""The numbers of music: of phrases bool (n, tracks, steps, pitches) and their form (`Music`).

Those of Dong et al. 2018 (MuseGAN, section 4.3) with octaves that are octaves: the metrics files that were released lay
seven neighbouring semitones together, and cannot tell chords that fit from chords that do not. Steps are those of the
form; a quarter note has `resolution` of them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from gansmith.data.kinds.music.keys import NAMES, chroma
from gansmith.data.kinds.music.rolls import edges, skyline

THICK = 3  # pitches at a time, from which a step is polyphonic
LENGTHS, LEAPS = 17, 25  # bins: notes of 1 … 16 steps and longer; from an octave down to an octave up
# Harte, Sandler & Gasser 2006: circles of fifths, of minor and of major thirds, of radius 1, 1 and a half
_step = np.arange(12) * np.pi
TONNETZ = np.stack(
    [f(_step * angle) * r for angle, r in ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5)) for f in (np.sin, np.cos)]
).astype(np.float32)
SCALES = np.stack([np.roll([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], r) for r in range(12)]).astype(np.float32)


def portrait(items: np.ndarray, form) -> dict[str, float]:
    """Numbers that say what music is like, each a mean over phrases; NaN where no track has such notes.

    empty bars              share of the bars of all tracks in which nothing sounds
    pitch classes a bar     how many of the twelve, of bars that sound, drums aside
    notes of 2 steps        share of the notes that last two steps or longer, drums aside ("qualified")
    polyphonic steps        share of the steps that sound in which 3 or more pitches do, drums aside
    notes in a scale        share of the sound of a phrase that lies in the major (or minor) scale that fits it best
    drums on eighths        share of the strokes of drums that fall on eighths
    tonal distance A-B      of two tracks, mean over quarter notes in which both sound: 0 one chord, 2 far apart
    """
    items = np.asarray(items, bool)
    found = {"empty bars": float(1 - bars_of(items, form.bar).any((3, 4)).mean())}
    pitched = [i for i, program in enumerate(form.programs) if program >= 0]
    drums = [i for i, program in enumerate(form.programs) if program < 0]
    if pitched:
        mine: np.ndarray = items[:, pitched]
        classes = chroma(mine, form.low)
        a_bar = bars_of(classes, form.bar).sum(3) > 0
        sounding = a_bar.any(3)
        found["pitch classes a bar"] = mean(a_bar.sum(3)[sounding])
        onset, length = edges(mine)
        found["notes of 2 steps"] = mean(length[onset] >= 2)
        thick = mine.sum(3)
        found["polyphonic steps"] = mean(thick[thick > 0] >= THICK)
        whole = classes.sum((1, 2))
        inside = (whole @ SCALES.T).max(1) / np.maximum(whole.sum(1), 1e-9)
        found["notes in a scale"] = mean(inside[whole.sum(1) > 0])
    if drums and form.resolution % 2 == 0:
        where = np.nonzero(edges(items[:, drums])[0])[2]
        found["drums on eighths"] = mean(where % (form.resolution // 2) == 0)
    for a, b in combinations(pitched, 2):
        name = f"tonal distance {form.tracks[a]}-{form.tracks[b]}"
        found[name] = tonal_distance(items[:, a], items[:, b], form.low, form.resolution)
    return found


def tonal_distance(one: np.ndarray, two: np.ndarray, low: int, steps: int) -> float:
    """Between two tracks (n, steps, pitches): the mean distance of their tonal centroids over each `steps` steps (a
    quarter note) in which both sound."""
    classes = [chroma(part_of(x, steps).sum(2), low) for x in (one, two)]
    sums = [c.sum(-1, keepdims=True) for c in classes]
    centre = [c / np.maximum(s, 1e-9) @ TONNETZ.T for c, s in zip(classes, sums)]
    both = (sums[0] > 0) & (sums[1] > 0)
    return mean(np.linalg.norm(centre[0] - centre[1], axis=-1)[both[..., 0]])


def histograms(items: np.ndarray, form) -> dict[str, np.ndarray]:
    """Name -> shares (bins,) that add up to 1, of all tracks but drums: pitch classes, lengths of notes in steps, leaps
    of the highest voice of each track in semitones, and where in the bar notes begin."""
    pitched = [i for i, program in enumerate(form.programs) if program >= 0]
    items = np.asarray(items, bool)
    items = items[:, pitched] if pitched else items
    onset, length = edges(items)
    _, _, step, _ = np.nonzero(onset)
    counts = {
        "pitch classes": chroma(items, form.low).sum((0, 1, 2)),
        "lengths of notes": np.bincount(np.minimum(length[onset], LENGTHS) - 1, minlength=LENGTHS),
        "leaps": np.bincount(leaps(onset), minlength=LEAPS),
        "places in the bar": np.bincount(step % form.bar, minlength=form.bar),
    }
    return {name: c / max(c.sum(), 1) for name, c in counts.items()}


def leaps(onset: np.ndarray) -> np.ndarray:
    """From each highest note of a track (n, tracks, steps, pitches) to the next one of its phrase, as bins 0 … 24."""
    there = onset.any(3)
    top = onset.shape[3] - 1 - np.flip(onset, 3).argmax(3)
    n, track, _ = np.nonzero(there)
    pitch, same = top[there], (np.diff(n) == 0) & (np.diff(track) == 0)
    return np.clip(np.diff(pitch)[same], -12, 12) + 12


def compared(real: np.ndarray, fake: np.ndarray, form) -> dict[str, float]:
    """How far phrases are from real ones: differences of what `portrait` says, distances (0 … 1, total variation) of
    the `histograms`. 0 when alike."""
    one, two = portrait(real, form), portrait(fake, form)
    found = {f"{name}, difference": abs(two[name] - one[name]) for name in one if np.isfinite(one[name])}
    found = {name: value if np.isfinite(value) else 1.0 for name, value in found.items()}  # no such notes at all
    mine, theirs = histograms(real, form), histograms(fake, form)
    return {f"{name}, distance": float(np.abs(mine[name] - theirs[name]).sum() / 2) for name in mine} | found


def in_words(values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
    """Which of `compared` are as in real music, and which are no better than of spoiled music; of those numbers that
    tell the two apart on this data."""
    telling = [n for n in values if control[n] > 2 * floor[n] + 0.02]
    short = lambda names: ", ".join(name.rsplit(",", 1)[0] for name in names)  # noqa: E731
    good = [n for n in telling if values[n] <= 2 * floor[n] + 0.01]
    parts = [f"{len(good)} of {len(telling)} numbers are about as near as those of other real music"]
    if bad := [n for n in telling if values[n] >= control[n]]:
        parts.append(f"no better than spoiled music: {short(bad)}")
    if silent := [n for n in values if n not in telling]:
        parts.append(f"not counted, since they do not tell real music of this kind from spoiled: {short(silent)}")
    return "; ".join(parts)


def statistics(items: np.ndarray, form) -> np.ndarray:
    """Phrases as (n, d): of each track pitch classes, places in the bar, how much sounds, how high and how long."""
    items = np.asarray(items, bool)
    onset, length = edges(items)
    classes = chroma(items, form.low).sum(2)
    shares = classes / np.maximum(classes.sum(2, keepdims=True), 1)
    begun = onset.sum((2, 3))
    pitch = (items.sum(2) @ np.arange(items.shape[3])) / np.maximum(items.sum((2, 3)), 1) / items.shape[3]
    lasting = np.minimum(length, form.bar).sum((2, 3)) / np.maximum(begun, 1) / form.bar
    sounding = items.any(3)
    places = onset.any(3).reshape(*onset.shape[:2], -1, form.bar).mean(2)
    rest = [sounding.mean(2), begun / items.shape[2], pitch, lasting]
    return np.concatenate([shares, places, np.stack(rest, 2)], 2).reshape(len(items), -1).astype(np.float32)


def spoiled(items: np.ndarray, form, rng: np.random.Generator) -> np.ndarray:
    """A control that none of `compared` likes: tracks `shuffled`; bars of several phrases at once, or, where there are
    many chords, one note a bar, struck at random; each bar of a track in a key of its own; and one bar in three silent,
    or, where most bars are, few."""
    made, empty = shuffled(items, rng), 1 - mean(np.asarray(bars_of(np.asarray(items), form.bar).any((3, 4))))
    pitched = np.array([program >= 0 for program in form.programs])
    voices = made[:, pitched]
    if mean(voices.sum(3)[voices.any(3)] >= THICK) > 0.5:
        bars = bars_of(skyline(voices), form.bar)
        first = np.take_along_axis(bars, bars.any(4).argmax(3)[..., None, None], 3)
        made[:, pitched] = (first & (rng.random(bars.shape[:4]) < 0.5)[..., None]).reshape(voices.shape)
    else:
        made[:, pitched] = np.logical_or.reduce([voices[rng.permutation(len(voices))] for _ in range(THICK + 1)])
    bars = bars_of(made, form.bar)
    by = rng.integers(0, 12, bars.shape[:3]) * pitched[:, None]
    place = (np.arange(bars.shape[4]) + by[..., None]) % (bars.shape[4] // 12 * 12 or bars.shape[4])
    made = np.take_along_axis(bars, place[:, :, :, None], 4)
    if empty < 0.5:
        made &= rng.random(bars.shape[:3])[..., None, None] > 1 / 3
    else:
        made |= made[rng.permutation(len(made))]
    return made.reshape(items.shape)


def shuffled(items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each track with its steps in random order, beside tracks of other phrases: as much of each pitch."""
    items = np.asarray(items)
    made = np.empty_like(items)
    for track in range(items.shape[1]):
        others = items[rng.permutation(len(items)), track]
        order = rng.permuted(np.tile(np.arange(items.shape[2]), (len(items), 1)), axis=1)
        made[:, track] = np.take_along_axis(others, order[:, :, None], 1)
    return made


def commonest(weights: np.ndarray) -> str:
    """'C, G, D' of weights (12,)."""
    return ", ".join(NAMES[i] for i in np.argsort(-weights, kind="stable")[:3])


def bars_of(x: np.ndarray, bar: int) -> np.ndarray:
    """(n, tracks, steps, …) to (n, tracks, bars, bar, …)."""
    return x.reshape(*x.shape[:2], x.shape[2] // bar, bar, *x.shape[3:])


def part_of(x: np.ndarray, steps: int) -> np.ndarray:
    """(n, steps, pitches) to (n, parts, steps of a part, pitches); what is left over at the end is left out."""
    count = x.shape[1] // steps
    return x[:, : count * steps].reshape(len(x), count, steps, x.shape[2])


def mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
