"""Videos -> clips of one length, rate and size: what was done to them, what is left out and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.video.sources import Header, Strips, Videos, listed
from gansmith.data.labels import choose, evenly, few
from gansmith.data.pictures import as_size, resize, with_channels
from gansmith.distributed.track import track
from gansmith.errors import DataError

USUAL_RATE, NO_RATE = 30.0, 25.0  # frames a second: at most, unless it is given; and where nothing says
USUAL_LENGTH = 16  # frames of a clip, where videos are so long
SIDES = (64, 32, 16)  # pixels that are chosen between: on two cores a clip of more takes too long
MANY = 1000  # clips that are wanted: where videos have less, clips overlap
MOST = 4 * 2**30  # bytes of all clips together
UNEVEN = 1.5  # times as long as usual that a frame of an uneven video is shown
AT_ONCE = 64  # frames scaled together
CUT, JUMP = 25.0, 4.0  # a cut: so large a mean difference of two frames, of 255, and so many times the usual one
STILL = 0.5  # mean difference of two frames, of 255, below which nothing moves


@dataclass
class Clips(Dataset):
    """Clips of videos, their owners: `place` the frame at which each row of `fields` begins."""

    place: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def split(self, held: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """(train, held-out): whole videos are held out; of a single video its end, and no clip of the first part has a
        frame of it."""
        rows = np.arange(len(self.place)) if self.rows is None else self.rows.numpy()
        if not held or self.owner is None or len(np.unique(self.owner[rows])) > 1:
            return super().split(held, seed)
        first = np.quantile(self.place[rows], 1 - held)
        inside = self.place[rows] >= first
        touches = self.place[rows] > first - self.fields[self.main].shape[2]
        if not inside.any() or touches.all():
            return super().split(held, seed)
        one, other = (replace(self, rows=torch.from_numpy(rows[of])) for of in (~touches, inside))
        return one, other


# --- options ---------------------------------------------------------------------------------------------------------
def as_rate(rate) -> float | None:
    try:
        if rate is None or 0 < float(rate) <= 1000:
            return None if rate is None else float(rate)
    except (TypeError, ValueError):
        pass
    raise DataError(f"rate={rate}: give frames a second, such as 25")


def as_length(length) -> int | None:
    if length is None:
        return None
    if isinstance(length, str) and length.isdigit():
        length = int(length)
    if isinstance(length, int) and 2 <= length <= 10_000:
        return length
    raise DataError(f"length={length}: give the frames of a clip, a whole number from 2 on, such as 16")


def as_stride(stride) -> int | None:
    if stride is None or (isinstance(stride, int) and stride >= 1):
        return stride
    raise DataError(f"stride={stride}: give the frames from the start of a clip to the next, a whole number from 1 on")


# --- reading ---------------------------------------------------------------------------------------------------------
def read(
    data, labels, limit, size, channels, rate, length, stride
) -> tuple[np.ndarray, np.ndarray | None, float, dict]:
    """(uint8 (n, C, T, H, W), labels or None, rate, what else a `Clips` is told) of the videos at a path."""
    rate, length, stride = as_rate(rate), as_length(length), as_stride(stride)
    if channels not in (None, 1, 3):
        raise DataError(f"channels={channels}: clips can have 1 (grey) or 3 (colour)")
    videos = listed(Path(data).expanduser())
    files = videos.files
    label, classes = choose(labels, files.label, files.classes, len(files), files.name)
    headers, bad = survey(videos)
    enough(headers, bad, files, 1)
    notes, odd = [*files.notes], defaultdict(list)
    rate = rate or usual_rate(headers)
    target = as_size(size) if size is not None else usual_size(headers)
    reels, uneven, broken = {}, [], set()
    for i in track(headers, "decoding videos", len(headers)):
        found = decode(videos, i, headers[i], target, channels or 3)
        if found.why and len(found.x) < 2:
            bad[files.files[i]] = found.why
        elif found.why:
            broken.add(i)
            odd["broken, what is before is used"].append(f"{files.files[i]} ({found.why})")
        if found.uneven:
            uneven.append(files.files[i])
        if len(found.x) > 1:
            reels[i] = at_rate(found, rate)
    enough(reels, bad, files, 1)
    frames = {i: len(x) for i, x in reels.items()}
    steps = length or usual_length({i: count for i, count in frames.items() if i not in broken} or frames)
    for i in [i for i, count in frames.items() if count < steps]:
        bad[files.files[i]] = f"{frames[i]} frames at {rate:g} a second, and a clip has {steps}; length=N for another"
        del reels[i]
    enough(reels, bad, files, 1)
    stride = stride or usual_stride(reels, steps)
    places = [(i, start) for i, x in reels.items() for start in range(0, len(x) - steps + 1, stride)]
    if limit is not None and limit < len(places):
        notes.append(f"{limit} of {len(places)} clips taken, evenly spaced (limit={limit})")
        places = [places[row] for row in evenly(len(places), limit)]
    enough(places, bad, files, 2)
    weight = len(places) * steps * next(iter(reels.values()))[0].size
    if weight > MOST:
        raise DataError(
            f"{files.name}: {len(places):,} clips of {target[0]} x {target[1]} pixels would take {weight / 2**30:.0f} "
            f"GiB of memory: give a smaller size, limit={int(MOST / weight * len(places))}, or stride={steps}"
        )
    x = np.stack([reels[i][start : start + steps] for i, start in places]).transpose(0, 2, 1, 3, 4)
    x = np.ascontiguousarray(x)
    names = [f"{files.files[i]} at {start / rate:.2f} s" if start else files.files[i] for i, start in places]
    notes += told(videos, headers, reels, frames, rate, steps, stride, target, uneven)
    for what, rows in zip(("with a cut in it", "static: nothing moves"), looked_at(x)):
        odd[what] += [names[row] for row in rows]
    notes += [f"{len(found)} {what}: {few(found, 8)}" for what, found in odd.items() if found]
    left = [f"{len(bad)} left out: " + few([f"{name} ({why})" for name, why in sorted(bad.items())], 20)] if bad else []
    owner = np.array([i for i, _ in places])
    return x, None if label is None else label[owner], rate, {
        "classes": classes, "name": files.name, "notes": left + notes, "left_out": dict(sorted(bad.items())),
        "files": tuple(names), "odd": {what: found for what, found in odd.items() if found}, "owner": owner,
        "place": np.array([start for _, start in places]),
    }  # fmt: skip


def survey(videos: Videos) -> tuple[dict[int, Header], dict[str, str]]:
    """(position -> what its header says, name -> why it cannot be read)."""
    headers, bad = {}, {}
    for i, name in enumerate(videos.files.files):
        try:
            headers[i] = videos.look(i)
        except DataError:  # no PyAV: none can be read
            raise
        except Exception as problem:
            bad[name] = reason(problem)
            continue
        if headers[i].frames == 1:
            bad[name] = "one frame: a picture, not a video"
            del headers[i]
    return headers, bad


@dataclass
class Reel:
    """A decoded video: x (n, C, H, W) uint8, seconds of each frame or None, why it ends early, whether it is uneven."""

    x: np.ndarray
    times: np.ndarray | None
    why: str
    uneven: bool


def decode(videos: Videos, i: int, header: Header, size: tuple[int, int], channels: int) -> Reel:
    """Video `i` at this size; up to where it is broken, if it is."""
    parts: list[np.ndarray] = []
    waiting: list[np.ndarray] = []
    times: list[float | None] = []
    why = ""

    def scale() -> None:
        if waiting:
            frames = np.stack(waiting).transpose(0, 3, 1, 2)
            parts.append(with_channels(resize(frames, size), channels))
            waiting.clear()

    try:
        for when, frame in videos.frames(i):
            waiting.append(frame)
            times.append(when)
            if len(waiting) == AT_ONCE:
                scale()
    except Exception as problem:
        why = f"{reason(problem)} after {len(times)} of {header.frames} frames"
    scale()
    x = np.concatenate(parts) if parts else np.empty((0, channels, *size), np.uint8)
    if not why and len(x) < 0.9 * header.frames:
        why = f"cut short: {len(x)} of {header.frames} frames are there"
    if None in times or len(times) < 2:
        return Reel(x, None, why, False)
    seconds = np.maximum.accumulate(np.array(times, float))
    shown = np.diff(seconds)
    return Reel(x, seconds, why, bool(shown.max() > UNEVEN * np.median(shown) > 0))


def at_rate(reel: Reel, rate: float) -> np.ndarray:
    """The frames that are shown at each tick of a clock of `rate` ticks a second."""
    if reel.times is None or len(reel.x) < 2:
        return reel.x
    usual = float(np.median(np.diff(reel.times))) or 1 / rate
    ticks = np.arange(max(1, round((reel.times[-1] + usual) * rate)))
    rows = np.searchsorted(reel.times, ticks / rate + 1e-3 / rate, side="right") - 1
    return reel.x if len(rows) == len(reel.x) and np.array_equal(rows, np.arange(len(rows))) else reel.x[rows]


# --- choosing --------------------------------------------------------------------------------------------------------
def usual_rate(headers: dict[int, Header]) -> float:
    """The commonest, at most USUAL_RATE."""
    counts = Counter(round(h.rate, 3) for h in headers.values() if h.rate)
    return min(max(counts, key=lambda r: (counts[r], r)), USUAL_RATE) if counts else NO_RATE


def usual_size(headers: dict[int, Header]) -> tuple[int, int]:
    """The size of all where that is small, else a square that three quarters of the videos reach."""
    sizes = Counter((h.height, h.width) for h in headers.values())
    common, count = sizes.most_common(1)[0]
    if count >= 0.9 * len(headers) and max(common) <= SIDES[0]:
        return common
    reach = np.sort([min(h.height, h.width) for h in headers.values()])[len(headers) // 4]
    return (next((side for side in SIDES if side <= reach), SIDES[-1]),) * 2


def usual_length(frames: dict[int, int]) -> int:
    """USUAL_LENGTH, or the most frames that 19 of 20 videos have."""
    return int(max(2, min(USUAL_LENGTH, np.quantile([*frames.values()], 0.05, method="lower"))))


def usual_stride(reels: dict[int, np.ndarray], steps: int) -> int:
    """As many frames as a clip has, or less where that would give few clips."""
    stride = steps
    while stride > 1 and sum(1 + (len(x) - steps) // stride for x in reels.values()) < MANY:
        stride = (stride + 1) // 2
    return stride


# --- saying ----------------------------------------------------------------------------------------------------------
def told(videos, headers, reels, frames, rate, steps, stride, size, uneven) -> list[str]:
    """What was done to the videos that were taken, one line each."""
    of = {i: headers[i] for i in reels}
    name = videos.files.files.__getitem__
    low, high = min(frames[i] for i in of), max(frames[i] for i in of)
    notes = [
        f"{len(of)} {counted(videos.frames_are, len(of))} of {low if low == high else f'{low} to {high}'} frames at "
        f"{rate:g} a second, cut into clips of {steps} frames ({steps / rate:.3g} s; length=N for another), one every "
        f"{f'{stride} frames' if stride > 1 else 'frame'} (stride=N for another)"
    ]
    if isinstance(videos, Strips):
        notes.append("each picture is taken for a strip of square frames (--kind images: as they are)")
    if stride < steps:
        notes.append("clips overlap, so that there are more of them; held out are whole videos")
    if not any(h.rate for h in of.values()):
        notes.append(f"nothing says how many frames a second these have: {rate:g} taken (rate=N for another)")
    sizes = {(h.width, h.height) for h in of.values()}
    if sizes != {size[::-1]}:
        small, large = (f(sizes, key=lambda s: (s[0] * s[1], s)) for f in (min, max))
        span = "x".join(map(str, small)) + (f" to {'x'.join(map(str, large))}" if len(sizes) > 1 else "")
        notes.append(
            f"frames of {span} (width x height) scaled to {size[1]}x{size[0]} (size=N for another), centre cut out"
        )
    changed = [f"{name(i)} ({h.rate:.4g})" for i, h in of.items() if h.rate and abs(h.rate / rate - 1) > 0.01]
    changed = [one for one in changed if one.rpartition(" ")[0] not in uneven]
    if changed:
        notes.append(f"{len(changed)} brought to {rate:g} frames a second (rate=N for another): {few(changed)}")
    if uneven:
        notes.append(f"{len(uneven)} of variable rate, brought to {rate:g} frames a second: {few(uneven)}")
    return notes


def counted(noun: str, count: int) -> str:
    """ "video files" of one: "video file"; "folders of frames": "folder of frames"."""
    if count != 1:
        return noun
    head, of, rest = noun.partition(" of ")
    return head.removesuffix("s") + of + rest


def looked_at(x: np.ndarray) -> tuple[list[int], list[int]]:
    """Positions of clips (n, C, T, H, W) with a cut, and of those in which nothing moves."""
    steps = differences(x)
    cut = (steps.max(1) > CUT) & (steps.max(1) > JUMP * np.median(steps, 1))
    return np.flatnonzero(cut).tolist(), np.flatnonzero(steps.max(1) < STILL).tolist()


def differences(x: np.ndarray) -> np.ndarray:
    """(n, T − 1) mean absolute difference of each frame from the one before, of clips uint8 (n, C, T, H, W)."""
    parts = [
        np.abs(np.diff(part.astype(np.int16), axis=2)).mean((1, 3, 4)) for part in np.split(x, range(64, len(x), 64))
    ]
    return np.concatenate(parts)


def reason(problem: Exception) -> str:
    text = " ".join(str(problem).split()) or type(problem).__name__
    return text if isinstance(problem, (ValueError, OSError)) and "Errno" not in text else f"broken ({text[:80]})"


def enough(found, bad: dict[str, str], files, least: int) -> None:
    if len(found) >= least:
        return
    why = f"; {few([f'{file}: {text}' for file, text in bad.items()], 3)}" if bad else ""
    what = "one clip only" if len(found) else f"none of {len(files)} videos can be used"
    raise DataError(f"{files.name}: {what}{why}. Name at least 2 readable videos (hundreds of clips, to learn from)")


def survey_into(dataset: Dataset, check: preflight.Check) -> None:
    """What the headers of the files say, into a Check."""
    if not dataset.files or not Path(dataset.name).expanduser().exists():
        return
    headers, _ = survey(listed(Path(dataset.name).expanduser()))
    check.sizes = preflight.count(f"{h.width}x{h.height}" for h in headers.values())
    check.modes = preflight.count(f"{h.rate:.4g} frames a second" if h.rate else "no rate" for h in headers.values())
    check.formats = preflight.count(h.format for h in headers.values())
    tall = sum(h.height > h.width for h in headers.values())
    wide = sum(h.height < h.width for h in headers.values())
    if tall and wide:
        check.problems.append(
            f"{tall} portrait and {wide} landscape videos: of each only the centre is seen; keep one sort, or cut them"
        )
