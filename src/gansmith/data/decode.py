"""Many pictures -> one array of bytes, decoded once on every core and kept as a memory map."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import warnings
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from gansmith.atomic import beside as own_path
from gansmith.atomic import sweep
from gansmith.data import cache as caching
from gansmith.data.labels import few
from gansmith.data.pictures import Facts, as_size, look, pixels
from gansmith.data.sources import Pictures
from gansmith.distributed.track import track
from gansmith.errors import DataError, UserError

POLICY = 3  # raise when the same files would now give other bytes: old cache entries are then not found
CHUNK = 2**24  # bytes read at a time
SQUARES = (256, 128, 64, 32, 16)


def survey(pictures: Pictures) -> list[Facts | str]:
    """The facts of each picture, or why it cannot be opened; headers only."""

    def of(i):
        try:
            with pictures.open(i) as image:
                return look(image)
        except Exception as problem:
            return _reason(problem)

    return list(chain.from_iterable(_parallel(of, len(pictures), 64, "reading the headers of pictures")))


def attempt(make, rows: list[int]) -> list[str | None]:
    """Why `make` cannot make each of these rows; None: it can. What it makes is not kept."""

    def of(k):
        try:
            make(rows[k])
        except Exception as problem:
            return _reason(problem)

    return list(chain.from_iterable(_parallel(of, len(rows), 1, "looking at pictures")))


def choose_form(facts: list[Facts], size=None, channels=None) -> tuple[tuple[int, int], int, int, list[str]]:
    """((height, width), channels, bits, notes) for pictures with these facts.

    Without `size`: the most common size if 9 of 10 pictures share it and it is at most 256 pixels long, else the
    largest square of 16, 32, 64, 128 and 256 that three quarters of the pictures reach.
    """
    sizes = Counter((f.height, f.width) for f in facts)
    common, count = sizes.most_common(1)[0]
    notes = []
    if size is not None:
        target = as_size(size)
    elif count >= 0.9 * len(facts) and max(common) <= SQUARES[0]:
        target = common
    else:
        reach = np.sort([min(f.height, f.width) for f in facts])[len(facts) // 4]
        target = (next((s for s in SQUARES if s <= reach), SQUARES[-1]),) * 2
    if len(sizes) > 1 or common != target:
        low, high = min(sizes, key=np.prod), max(sizes, key=np.prod)
        sizes_text = f"{low[1]}x{low[0]} to {high[1]}x{high[0]}" if len(sizes) > 1 else f"{low[1]}x{low[0]}"
        chosen = f"size={size}" if size is not None else "chosen; size=N for another"
        notes.append(
            f"pictures of {sizes_text} (width x height) scaled to {target[1]}x{target[0]} ({chosen}), centre cut out"
        )
    smaller = sum(f.height < target[0] or f.width < target[1] for f in facts)
    if smaller:
        notes.append(f"{smaller} smaller than that and enlarged")
    if channels is None:
        channels = 1 if all(f.grey for f in facts) else 3
    modes = Counter(f.mode for f in facts if f.mode not in ("L", "RGB"))
    if modes:
        kinds = {1: "grey", 3: "RGB", 4: "RGBA"}[channels]
        notes.append(f"turned into 8-bit {kinds}: {few([f'{n} {mode}' for mode, n in modes.most_common()], 12)}")
    bits = max(f.bits for f in facts)
    for what, wanted in (
        (f"deeper than 8 bits: {bits} bits are in use, brought down to 8", sum(f.bits > 8 for f in facts)),
        ("turned upright as their EXIF orientation says", sum(f.turned for f in facts)),
        ("with transparency laid over white (channels=4 keeps it)", sum(f.alpha for f in facts) if channels < 4 else 0),
        ("animated or of several pages: first frame taken", sum(f.moving for f in facts)),
        ("grey among pictures in colour", sum(f.grey for f in facts) if channels >= 3 else 0),
    ):
        if wanted:
            notes.append(f"{wanted} {what}")
    return target, channels, bits, notes


def kept(pictures: Pictures, size, channels, cache) -> tuple[np.ndarray, dict]:
    """The pixels (n, C, H, W) and what was noted, from the cache or decoded into it."""
    if not pictures.stamp:
        return _in_memory(pictures, size, channels)
    key = caching.digest(POLICY, pictures.stamp, size, channels)
    entry = caching.folder(cache) / "pictures" / key
    made = _open(entry)
    if made is None or _can_now(pictures, made[1]["passing"]):
        _build(pictures, size, channels, entry)
        made = _open(entry)
    if made is None:
        raise DataError(f"{entry} is not as it was just written: is that disk sound? Name another with cache=FOLDER")
    return made


def _open(entry: Path) -> tuple[np.ndarray, dict] | None:
    """A cache entry, or None if there is none or it is damaged in any byte."""
    try:
        about = json.loads((entry / "about.json").read_text())
        data = np.load(entry / "pixels.npy", mmap_mode="r")
        whole = about.pop("whole")
        sound = list(data.shape) == about["shape"] and data.dtype == np.uint8 and _whole(data, about) == whole
        return (data, about) if sound else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _whole(data: np.ndarray, about: dict) -> str:
    """A checksum of every byte of an entry. Training reads them all anyway: they are then in memory."""
    return f"{zlib.crc32(json.dumps(about, sort_keys=True).encode()):08x}{_checksum(data):08x}"


def _checksum(data: np.ndarray) -> int:
    total, rows = 0, max(1, CHUNK // max(1, data[0].nbytes))
    for start in range(0, len(data), rows):
        total = zlib.crc32(np.ascontiguousarray(data[start : start + rows]).data, total)
    return total


def _can_now(pictures: Pictures, passing: list[str]) -> bool:
    """Whether a picture that could not be had for a passing reason, such as its permissions, can be had now."""
    if not passing:
        return False
    rows = [row for row, file in enumerate(pictures.files) if file in set(passing)]
    return any(not isinstance(fact, Passing) for fact in survey(pictures.take(rows)))


class Passing(str):
    """Why a picture cannot be had just now, which says nothing of its content."""


def _build(pictures: Pictures, size, channels, entry: Path) -> None:
    beside = own_path(entry)
    try:
        sweep(entry.parent)
        beside.mkdir(parents=True, exist_ok=True)
        about = _write(pictures, size, channels, beside / "pixels.npy")
        data = np.load(beside / "pixels.npy", mmap_mode="r")
        about.update(shape=list(data.shape))
        about["whole"] = _whole(data, about)
        (beside / "about.json").write_text(json.dumps(about))
        shutil.rmtree(entry, ignore_errors=True)
        try:
            os.replace(beside, entry)
        except OSError:
            if _open(entry) is None:  # else another process was as quick, with the same bytes
                raise
    except OSError as problem:
        raise UserError(
            f"cannot keep the decoded pictures in {entry.parent} ({problem.strerror or problem}): "
            "make room, or name another folder with cache=FOLDER or GANSMITH_CACHE=FOLDER"
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(pictures: Pictures, size, channels, path: Path) -> dict:
    """Decode every picture into the .npy file `path`, in order; the notes, the names left out and a digest."""
    rows, bad, (*form, notes) = _plan(pictures, size, channels)
    sha, count = hashlib.sha256(), 0
    with open(path, "wb") as file:
        shape = (form[1], *form[0])
        file.write(_npy_header((0, *shape)))
        with closing(_decoded(pictures, rows, *form)) as chunks:  # closed early, it drops what is not yet begun
            for row, made in chain.from_iterable(chunks):
                if isinstance(made, str):
                    bad[pictures.files[row]] = made
                    continue
                data = made.tobytes()
                sha.update(data)
                file.write(data)
                count += 1
        _enough(count, bad, pictures)
        file.seek(0)
        file.write(_npy_header((count, *shape)))
    passing = sorted(file for file, why in bad.items() if isinstance(why, Passing))
    about = {"notes": [*_left_out(bad), *notes], "bad": dict(sorted(bad.items())), "passing": passing}
    return about | {"digest": sha.hexdigest()[:16]}


def _in_memory(pictures: Pictures, size, channels) -> tuple[np.ndarray, dict]:
    rows, bad, (*form, notes) = _plan(pictures, size, channels)
    made = list(chain.from_iterable(_decoded(pictures, rows, *form)))
    bad.update((pictures.files[row], why) for row, why in made if isinstance(why, str))
    good = [array for _, array in made if not isinstance(array, str)]
    _enough(len(good), bad, pictures)
    data = np.stack(good)
    return data, {"notes": [*_left_out(bad), *notes], "bad": bad, "digest": caching.digest(data)}


def _plan(pictures: Pictures, size, channels):
    facts = survey(pictures)
    bad = {pictures.files[i]: why for i, why in enumerate(facts) if isinstance(why, str)}
    rows = [i for i, fact in enumerate(facts) if isinstance(fact, Facts)]
    _enough(len(rows), bad, pictures)
    return rows, bad, choose_form([facts[i] for i in rows], size, channels)


def _decoded(pictures: Pictures, rows, target, channels, bits):
    """Lists of (position, pixels or the reason why not), in order."""

    def of(k):
        try:
            with pictures.open(rows[k]) as image:
                return rows[k], pixels(image, target, channels, bits)
        except Exception as problem:
            return rows[k], _reason(problem)

    chunk = max(1, min(64, 2**21 // (channels * target[0] * target[1])))
    return _parallel(of, len(rows), chunk, "decoding pictures")


def _parallel(of, count: int, chunk: int, what: str):
    """[of(0), of(1) ...] in lists of `chunk`, on every core: Pillow lets go of the interpreter while it decodes."""
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # a damaged EXIF block or a large picture is no news; a refusal raises
        starts = range(0, count, chunk)
        done = pool.map(lambda start: [of(i) for i in range(start, min(start + chunk, count))], starts)
        yield from track(done, what, len(starts))


def _reason(problem: Exception) -> str:
    if isinstance(problem, MemoryError) or (isinstance(problem, OSError) and problem.errno):
        return Passing(getattr(problem, "strerror", None) or "not enough memory")  # of the system, not of the content
    if isinstance(problem, UnidentifiedImageError):
        return "not a picture that Pillow can read"
    if isinstance(problem, Image.DecompressionBombError):
        return "its header claims more pixels than a picture has (a decompression bomb)"
    return " ".join(str(problem).split()) or type(problem).__name__


def _left_out(bad: dict[str, str]) -> list[str]:
    return [f"{len(bad)} left out: " + few([f"{file} ({why})" for file, why in sorted(bad.items())], 20)] if bad else []


def _enough(count: int, bad: dict[str, str], pictures: Pictures) -> None:
    if count > 1:
        return
    why = f"; {few([f'{file}: {reason}' for file, reason in bad.items()], 3)}" if bad else ""
    found = "one picture only" if count else f"none of {len(bad)} pictures can be read"
    raise UserError(
        f"{pictures.name}: {found}{why}. Name a folder with at least 2 readable pictures (hundreds, to learn from)"
    )


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """Always 128 bytes, so that the count can be filled in at the end (NEP 1, version 1.0)."""
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
