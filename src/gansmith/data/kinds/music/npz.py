"""Piano-rolls in .npz files: what `Music.write` wrote, sparse ones of pypianoroll, phrases as in MuseGAN's data."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.npz import check_sizes, load_numpy
from gansmith.errors import DataError

OURS, SPARSE, PHRASES = "tracks", "pianoroll_0_csc_data", "nonzero"
MOST = 2**33  # bytes that a file may unfold into


def form_in(path: Path) -> str:
    """Which of the three forms a .npz file has; "" for any other."""
    try:
        with zipfile.ZipFile(path) as file:
            names = {name.removesuffix(".npy") for name in file.namelist()}
    except Exception:  # a file from outside; what is wrong is said when it is read
        return ""
    if {"samples", OURS, "programs"} <= names:
        return OURS
    if {SPARSE, "info.json"} <= names:
        return SPARSE
    return PHRASES if {PHRASES, "shape"} <= names else ""


def save(file, items: np.ndarray, form) -> None:
    """Phrases with all that reading them again takes."""
    about: dict[str, Any] = {name: np.array(getattr(form, name)) for name in ("tracks", "programs", "metre")}
    numbers: dict[str, Any] = {name: np.array(getattr(form, name)) for name in ("low", "resolution", "bar", "tempo")}
    np.savez_compressed(file, samples=items, **about, **numbers)


def load(path: Path) -> tuple[np.ndarray, dict]:
    """(phrases bool (n, tracks, steps, pitches), fields of their form that the file gives). DataError for damage."""
    found = form_in(path)
    with load_numpy(path) as file:
        check_sizes(path, file)
        try:
            x, form = {OURS: _ours, SPARSE: _sparse, PHRASES: _phrases}[found](file)
            check_form(x.shape[1:], {"metre": (4, 4), "tempo": 120.0} | form)
            return x, form
        except DataError:
            raise
        except Exception as problem:  # a file from outside: whatever its bytes lead to
            reason = " ".join(str(problem).split())[:120]
            raise DataError(f"{path} holds no piano-rolls that can be read ({reason}): save it again") from None


def _ours(file) -> tuple[np.ndarray, dict]:
    x = np.asarray(file["samples"]).astype(bool)
    form: dict[str, Any] = {name: tuple(file[name].tolist()) for name in ("tracks", "programs", "metre")}
    form |= {name: int(file[name]) for name in ("low", "resolution", "bar")} | {"tempo": float(file["tempo"])}
    return x, form


def lowest(pitches: int) -> int:
    """The MIDI number of the lowest of so many pitches, where nobody says it: C2, or lower where they are many."""
    return 24 if pitches == 84 else min(36, max(0, 128 - pitches))


def check_form(shape: tuple[int, ...], form: Mapping[str, Any]) -> None:
    """ValueError unless phrases of `shape` (tracks, steps, pitches) can have the tracks, bars and tempo of `form`."""
    tracks, bar = form["tracks"], form["bar"]
    fits = len(shape) == 3 and len(tracks) == len(form["programs"]) == shape[0] and bar > 0 and not shape[1] % bar
    if not fits or not 0 <= form["low"] <= 128 - shape[2]:
        raise ValueError(f"{len(tracks)} tracks, bars of {bar} steps from pitch {form['low']}, and rolls of {shape}")
    if not (
        form["resolution"] > 0 and 0 < form["tempo"] < np.inf and len(form["metre"]) == 2 and min(form["metre"]) > 0
    ):
        raise ValueError(f"{form['resolution']} steps a quarter note, tempo {form['tempo']}, metre {form['metre']}")


def _sparse(file) -> tuple[np.ndarray, dict]:
    """One song (steps, 128 pitches) a track, as compressed columns; `info.json` says the names of the tracks."""
    from scipy.sparse import csc_matrix

    info, rolls, names, programs = json.loads(file["info.json"]), [], [], []
    for i in range(sum(name.endswith("_csc_data") for name in file.files)):
        part = lambda what, i=i: file[f"pianoroll_{i}_csc_{what}"]  # noqa: E731
        steps, pitches = part("shape").tolist()
        if steps * pitches > MOST:
            raise ValueError(f"{steps:,} steps of {pitches} pitches")
        rolls.append(csc_matrix((part("data"), part("indices"), part("indptr")), (steps, pitches)).toarray() > 0)
        about = info.get(str(i), {})
        names.append(str(about.get("name") or f"track {i + 1}").lower())
        programs.append(-1 if about.get("is_drum") else int(about.get("program", 0)))
    resolution = int(info.get("beat_resolution") or info.get("resolution") or 24)
    bar = 4 * resolution
    count = max(len(roll) for roll in rolls) // bar
    x = np.zeros((len(rolls), count * bar, rolls[0].shape[1]), bool)
    for track, roll in zip(x, rolls):
        track[: len(roll)] = roll[: len(track)]
    made = x.reshape(len(rolls), count, bar, -1).transpose(1, 0, 2, 3)
    return made, {"tracks": tuple(names), "programs": tuple(programs), "low": 0, "resolution": resolution, "bar": bar}


def _phrases(file) -> tuple[np.ndarray, dict]:
    """(n, bars, steps of a bar, pitches, tracks), of which the places that sound are listed."""
    shape = tuple(np.asarray(file["shape"]).tolist())
    if len(shape) != 5 or np.prod(shape, dtype=float) > MOST:
        raise ValueError(f"an array of shape {shape}, where (phrases, bars, steps, pitches, tracks) is expected")
    x = np.zeros(shape, bool)
    x[tuple(file["nonzero"])] = True
    made = x.transpose(0, 4, 1, 2, 3).reshape(shape[0], shape[4], shape[1] * shape[2], shape[3])
    five = (
        ("drums", "piano", "guitar", "bass", "strings")
        if shape[4] == 5
        else tuple(f"track {i + 1}" for i in range(shape[4]))
    )
    programs = (-1, 0, 24, 32, 48) if shape[4] == 5 else (0,) * shape[4]
    return made, {
        "tracks": five, "programs": programs, "low": lowest(shape[3]), "bar": shape[2],
        "resolution": max(1, shape[2] // 4),
    }  # fmt: skip
