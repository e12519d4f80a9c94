"""Sound files -> int16 (n, C, T) at one rate: the form they get, what was done to them, what is left out and why."""

from __future__ import annotations

import os
import warnings
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.data import cache as caching
from gansmith.data import preflight
from gansmith.data.kinds.audio.waves import as_int16, fit, is_clipped, mixed, resampled
from gansmith.data.labels import choose, evenly, few
from gansmith.data.sources import Files, files_in, one_file
from gansmith.errors import DataError

FORMATS = {  # ending -> what libsndfile calls what should be inside
    ".wav": ("WAV", "WAVEX", "RF64"),
    ".flac": ("FLAC",),
    ".ogg": ("OGG",),
    ".oga": ("OGG",),
    ".opus": ("OGG",),
    ".mp3": ("MP3",),
    ".aif": ("AIFF",),
    ".aiff": ("AIFF",),
}
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}  # of those that have not 16
RATES = 1_000, 768_000  # what a sound has, in samples a second
USUAL_RATE, LONGEST, SHORTEST = 16_000, 16_384, 64  # at most, unless it is given; samples, at most and at least
FIT, PIECES = 0.95, 2  # share of the recordings that the chosen length holds; lengths from which it is cut in pieces
SILENT = 1e-3  # peak below which nothing is heard: -60 dB
STUB = 0.05  # of the length: shorter ones are hardly more than padding
MARGIN = 64  # samples read before and after a piece, for the filter that resamples it


@dataclass(frozen=True)
class Header:
    """What a sound file says of itself."""

    frames: int
    rate: int
    channels: int
    format: str
    subtype: str


# --- options ---------------------------------------------------------------------------------------------------------
def as_rate(rate) -> int | None:
    """Samples a second; None: not said; 0: that of most of the files, however high ("own")."""
    if rate is None or rate == "own":
        return 0 if rate else None
    try:
        found = int(rate)
    except (TypeError, ValueError):
        found = 0
    if found != rate or not RATES[0] <= found <= RATES[1]:
        raise DataError(f"rate={rate}: give samples a second, a whole number from {RATES[0]:,} to {RATES[1]:,}, or own")
    return found


def as_length(length, rate: int) -> int | None:
    """Samples: whole numbers are samples, others seconds, as is a text that ends in s."""
    if length is None:
        return None
    try:
        if isinstance(length, str):
            length = float(length.removesuffix("s")) if not length.isdigit() else int(length)
        steps = int(length) if float(length).is_integer() and not isinstance(length, float) else round(length * rate)
    except (TypeError, ValueError, OverflowError):
        steps = 0
    if not 16 <= steps < 2**31:
        raise DataError(f"length={length}: give samples, such as 16384 (16 at least), or seconds, such as 1.0")
    return steps


def as_channels(channels) -> int | None:
    if channels is not None and channels not in range(1, 9):
        raise DataError(f"channels={channels}: give 1 (mono) or 2 (stereo)")
    return channels


# --- reading ---------------------------------------------------------------------------------------------------------
def read(data, labels, limit, rate, length, channels) -> tuple[np.ndarray, np.ndarray | None, int, dict]:
    """(int16 (n, C, T), labels or None, rate, what else a Dataset is told) of the sound files at a path."""
    rate, channels = as_rate(rate), as_channels(channels)
    files = listed(data)
    label, classes = choose(labels, files.label, files.classes, len(files), files.name)
    headers, bad = survey(files)
    enough(len(headers), bad, files, least=1)
    notes, odd = list(files.notes), defaultdict(list)
    rate, channels = rate or usual_rate(headers, rate == 0), channels or usual_channels(headers)
    frames = {i: h.frames * rate / h.rate for i, h in headers.items()}
    steps = as_length(length, rate) or usual_length(list(frames.values()))
    items = places(headers, frames, rate, steps)
    if limit is not None and limit < len(items):
        notes.append(f"{limit} of {len(items)} sounds taken, evenly spaced (limit={limit})")
        items = [items[row] for row in evenly(len(items), limit)]

    def of(place):
        i, start = place
        try:
            return decode(files, i, start, headers[i], rate, channels, steps)
        except Exception as problem:
            return reason(problem), ()

    made = mapped(of, items, files)
    good = []
    for place, (found, marks) in zip(items, made):
        name = name_of(files, headers, place, rate, steps)
        if isinstance(found, str):
            bad[files.files[place[0]]] = found
            continue
        good.append((place[0], name, found))
        for mark in marks:
            odd[mark].append(name)
    enough(len(good), bad, files)
    notes += told(headers, frames, good, files, rate, steps, channels)
    notes += [f"{len(names)} {what}: {few(names, 8)}" for what, names in odd.items()]
    x = np.stack([found for _, _, found in good])
    if max(int(x.max()), -int(x.min())) < SILENT * 2**15:
        raise DataError(
            f"{files.name}: all {len(x)} sounds are silent, and there is nothing to learn: {few(files.files, 3)}"
        )
    label = None if label is None else label[[i for i, _, _ in good]]
    left = [f"{len(bad)} left out: " + few([f"{name} ({why})" for name, why in sorted(bad.items())], 20)] if bad else []
    return x, label, rate, {
        "classes": classes, "name": files.name, "notes": left + notes, "left_out": dict(sorted(bad.items())),
        "files": tuple(name for _, name, _ in good), "odd": dict(odd),
        "digest": caching.digest(x, rate, label if label is not None else ""),
        "owner": np.array([i for i, _, _ in good]),
    }  # fmt: skip


def whole(data, rate: int) -> dict[str, np.ndarray]:
    """Name -> sound int16 (C, T) of each file at a path, as long and with as many channels as it is, at `rate`; what
    cannot be read is left out. A warning names that, and what was changed or is odd. DataError where all is left out.
    """
    files = listed(data)
    headers, bad = survey(files)
    found: dict[str, np.ndarray] = {}
    odd = defaultdict(list)
    for i, header in headers.items():
        try:
            made, marks = decode(files, i, 0, header, rate, header.channels, -(-header.frames * rate // header.rate))
        except Exception as problem:
            made = reason(problem)
        if isinstance(made, str):
            bad[files.files[i]] = made
            continue
        found[files.files[i]] = made
        for mark in marks:
            odd[mark].append(files.files[i])
        if header.rate != rate:
            odd[f"resampled to the {rate:,} Hz of the model"].append(f"{files.files[i]} ({header.rate:,} Hz)")
    enough(len(found), bad, files, least=1)
    if bad:
        odd["left out, cannot be read"] = [f"{name} ({why})" for name, why in sorted(bad.items())]
    if odd:
        lines = "; ".join(f"{len(names)} {what}: {few(names)}" for what, names in odd.items())
        warnings.warn(f"{files.name}: {lines}", stacklevel=3)
    return found


def listed(data) -> Files:
    """The sound files of a folder or zip, or the one file."""
    path = Path(data).expanduser()
    return files_in(path, FORMATS, "sounds") or one_file(path)


def survey(files: Files) -> tuple[dict[int, Header], dict[str, str]]:
    """(position -> what its header says, name -> why it cannot be read)."""
    soundfile()

    def of(i):
        try:
            with opened(files, i) as sound:
                return look(sound)
        except Exception as problem:
            return reason(problem)

    found = mapped(of, range(len(files)), files)
    headers = {i: header for i, header in enumerate(found) if isinstance(header, Header)}
    return headers, {files.files[i]: why for i, why in enumerate(found) if isinstance(why, str)}


def soundfile():
    try:
        import soundfile
    except (ImportError, OSError) as problem:  # OSError: without the library that it speaks to
        raise DataError(f"sound files are read by soundfile ({problem}): pip install 'gansmith[audio]'") from None
    return soundfile


@contextmanager
def opened(files: Files, i: int):
    """File `i`, open: on a disk by its number, so that libsndfile reads it without Python."""
    with files.open(i) as file, soundfile().SoundFile(file.fileno() if files.paths else file, closefd=False) as sound:
        yield sound


def mapped(of, items, files: Files) -> list:
    """[of(item) …], on every core for files on a disk; reading a zip, threads would only wait for each other."""
    if files.paths is None:
        return list(map(of, items))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(of, items))


def look(sound) -> Header | str:
    """The header of an open file, or why it is of no use."""
    if not RATES[0] <= sound.samplerate <= RATES[1]:
        return f"its header says {sound.samplerate:,} Hz, and a sound has {RATES[0]:,} to {RATES[1]:,}"
    promised, there = cut_short(sound.extra_info)
    if there < promised:
        return f"cut short: {there:,} of {promised:,} bytes are there"
    if sound.frames <= 0:
        return "no samples in it"
    return Header(sound.frames, sound.samplerate, sound.channels, sound.format, sound.subtype)


def cut_short(log: str) -> tuple[int, int]:
    """(bytes of sound that the header promises, bytes that are there) from what libsndfile logged; (0, 0) if it is
    content. Programs that write to a pipe promise 0 or 2³² − 1, which is no promise."""
    for line in log.splitlines():
        name, _, rest = line.partition(":")
        if name.strip() in ("data", "SSND") and "(should be" in rest:
            promised, there = (int("".join(filter(str.isdigit, part))) for part in rest.split("(should be"))
            return (promised, there) if 0 < promised < 2**31 - 1 else (0, 0)
    return 0, 0


def usual_rate(headers: dict[int, Header], any_: bool = False) -> int:
    """The commonest; at most USUAL_RATE, unless `any_` will do."""
    counts = Counter(h.rate for h in headers.values())
    commonest = max(counts, key=lambda r: (counts[r], r))
    return commonest if any_ else min(commonest, USUAL_RATE)


def usual_channels(headers: dict[int, Header]) -> int:
    """The commonest, 1 or 2."""
    counts = Counter(min(h.channels, 2) for h in headers.values())
    return 2 if counts[2] > counts[1] else 1


def usual_length(frames: list[float]) -> int:
    """The power of two that most recordings fit into, within SHORTEST and LONGEST."""
    most = np.quantile(frames, FIT)
    return int(min(LONGEST, max(SHORTEST, 2 ** np.ceil(np.log2(most)))))


def places(headers: dict[int, Header], frames: dict[int, float], rate: int, steps: int) -> list[tuple[int, int]]:
    """(file, first of its own samples) of each sound: the beginnings, or one after the other where most are long."""
    if np.median(list(frames.values())) < PIECES * steps:
        return [(i, 0) for i in headers]
    return [
        (i, round(k * steps * headers[i].rate / rate))
        for i in headers
        for k in range(max(1, int(frames[i] / steps + 0.5)))
    ]


def decode(files: Files, i: int, start: int, header: Header, rate: int, channels: int, steps: int):
    """(int16 (C, T), marks of what is odd) of the sound that begins at `start`, or (why not, ())."""
    before = min(start, MARGIN) if header.rate != rate else 0
    count = -(-steps * header.rate // rate) + before + (MARGIN if header.rate != rate else 0)
    with opened(files, i) as sound:
        sound.seek(start - before)
        x = sound.read(count, dtype="float32", always_2d=True)
    if len(x) < min(count, header.frames - start + before):
        return f"cut short: {len(x):,} of {header.frames:,} samples are there", ()
    if not np.isfinite(x).all():
        place = int((~np.isfinite(x)).any(1).argmax())
        return f"{x[place].max()} at sample {start - before + place:,}", ()
    marks, peak = [], np.abs(x).max()
    if header.subtype in ("FLOAT", "DOUBLE") and peak > 1:
        marks.append("beyond full scale, brought down to it")
        x = x / peak
    elif is_clipped(x, BITS.get(header.subtype, 16)):
        marks.append("clipped")
    if peak < SILENT:
        marks.append("silent")
    skip = round(before * rate / header.rate)
    x = resampled(mixed(x, channels), header.rate, rate)[skip:]
    if len(x) < STUB * steps:
        marks.append(f"shorter than {STUB:.0%} of the length, the rest is padding")
    return as_int16(fit(x, steps)), marks


def name_of(files: Files, headers, place: tuple[int, int], rate: int, steps: int) -> str:
    i, start = place
    return f"{files.files[i]} at {start / headers[i].rate:.2f} s" if start else files.files[i]


def told(headers, frames, good, files: Files, rate: int, steps: int, channels: int) -> list[str]:
    """What was done to the files that were taken, one line each."""
    taken = sorted({i for i, _, _ in good})
    notes, cut = [], len(good) > len(taken)
    low, high = (edge(frames[i] for i in taken) / rate for edge in (min, max))
    longer = [files.files[i] for i in taken if frames[i] > steps + 1]
    if cut:
        notes.append(
            f"recordings of {low:.3g} to {high:.3g} s cut into sounds of {steps:,} samples ({steps / rate:.3g} s)"
        )
    else:
        padded = sum(frames[i] < steps - 1 for i in taken)
        notes.append(
            f"sounds of {low:.3g} to {high:.3g} s: {steps:,} samples each ({steps / rate:.3g} s at {rate:,} Hz; "
            f"length=N for another); {padded} padded with silence, {len(longer)} cut at the end"
            + (f": {few(longer)}" if longer else "")
        )

    def some(what: str, texts: dict[int, str | None]):
        found = [f"{files.files[i]} ({text})" for i, text in texts.items() if text]
        if found:
            notes.append(f"{len(found)} {what}: {few(found)}")

    of = {i: headers[i] for i in taken}
    some(
        f"resampled to {rate:,} Hz (rate=N for another)",
        {i: f"{h.rate:,} Hz" for i, h in of.items() if h.rate != rate},
    )
    some(
        f"turned into {called(channels)} (channels=N for another)",
        {i: called(h.channels) for i, h in of.items() if h.channels != channels},
    )
    some("brought to 16 bits", {i: f"{BITS[h.subtype]} bits" for i, h in of.items() if h.subtype in BITS})
    ending = lambda i: Path(files.files[i]).suffix.lower()  # noqa: E731
    some(
        "not what the ending says, and read all the same",
        {i: h.format for i, h in of.items() if h.format not in FORMATS.get(ending(i), (h.format,))},
    )
    return notes


def called(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")


def reason(problem: Exception) -> str:
    """Why a file cannot be read, without the name of a Python object."""
    text = getattr(problem, "error_string", None)
    if text is not None:
        return f"not a sound that libsndfile can read ({text.strip().rstrip('.')})"
    if isinstance(problem, FileNotFoundError):
        return "a link to a file that is not there"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return " ".join(str(problem).split()) or type(problem).__name__


def enough(count: int, bad: dict[str, str], files: Files, least: int = 2) -> None:
    if count >= least:
        return
    why = f"; {few([f'{file}: {text}' for file, text in bad.items()], 3)}" if bad else ""
    found = "one sound only" if count else f"none of {len(files)} sounds can be read"
    raise DataError(f"{files.name}: {found}{why}. Name at least 2 readable sounds (hundreds, to learn from)")


# --- looking ---------------------------------------------------------------------------------------------------------
def survey_into(dataset, check) -> None:
    """What the headers of the files say, into a Check."""
    if not dataset.files or not Path(dataset.name).expanduser().exists():
        return
    files = listed(dataset.name)
    headers, _ = survey(files)
    check.titles = "rates", "channels", "formats"
    check.sizes = preflight.count(f"{h.rate} Hz" for h in headers.values())
    check.modes = preflight.count(called(h.channels) for h in headers.values())
    check.formats = preflight.count(f"{h.format} {h.subtype}" for h in headers.values())
