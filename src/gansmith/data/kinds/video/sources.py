"""Where videos lie: video files, animated pictures, folders of frames, pictures that hold all frames side by side.

Whichever it is becomes a `Videos`: a list of names, of each of which `look` gives a Header and `frames` the pictures.
PyAV reads video files, Pillow all else.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from gansmith.data import pictures
from gansmith.data.sources import SUFFIXES, Files, Pictures, as_pictures, by_folder, files_in, one_file
from gansmith.errors import DataError

ENDINGS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".wmv", ".ogv")
ANIMATED = (".gif", ".webp", ".apng")
BESIDE = (".gif", ".apng")  # of those, what PyAV decodes, too, where they lie among video files
FEWEST = 8  # squares of one picture, from which it may be a strip of frames
ALIKE = 0.7  # of a strip, from frame to frame, over other distances along it: the difference, at most
TRIED = 6  # pictures that are opened to find out what they are
FRAME = re.compile(r"frame[ _-]?\d+", re.IGNORECASE)
PAUSE = 0.1  # seconds that browsers show a frame of a GIF that says 0


@dataclass(frozen=True)
class Header:
    """What a video says of itself; `rate` in frames a second, None where nothing is said; where `frames` is a guess, it
    is one by the `seconds` of the whole."""

    frames: int
    rate: float | None
    width: int
    height: int
    format: str
    seconds: float | None = None


@dataclass
class Videos:
    """Videos that can be read one by one. `files` has one name a video."""

    files: Files
    frames_are: ClassVar[str] = "video files"

    def look(self, i: int) -> Header:
        """What video `i` says of itself; ValueError or OSError saying why it is of no use."""
        raise NotImplementedError

    def frames(self, i: int) -> Iterator[tuple[float | None, np.ndarray]]:
        """(seconds from the start or None, uint8 (h, w, 3)) of each frame; an exception where it is broken."""
        raise NotImplementedError


def listed(path: Path) -> Videos:
    """The videos at a path: of a folder or zip, or the one file. DataError where there are none."""
    found = files_in(path, (*ENDINGS, *SUFFIXES), "videos") or one_file(path)
    if any(name.lower().endswith(ENDINGS) for name in found.files):
        rows = [i for i, name in enumerate(found.files) if name.lower().endswith((*ENDINGS, *BESIDE))]
        if len(rows) < len(found):
            found.notes.append(f"{len(found) - len(rows)} pictures beside the videos passed over")
        return Recorded(found.take(rows))
    return of_pictures(as_pictures(found))


def of_pictures(found: Pictures) -> Videos:
    """What pictures are: animated, strips of frames side by side, else frames, one folder a video."""
    tried = sample(found)
    if tried and all(one.n_frames > 1 for one in tried):
        return Animated(found)
    if tried and all(squares(one.size) > 1 for one in tried):
        return Strips(found)
    return Frames.of(found)


def are_video(path: Path) -> bool:
    """Whether what lies at a path of pictures is certainly video: all animated, all long strips of frames that are
    alike, or called frames."""
    if path.is_file() and path.suffix.lower() in ANIMATED:
        found: Files | None = one_file(path)
    elif path.is_dir() or ".zip" in (outer.suffix.lower() for outer in (path, *path.parents)):
        try:
            found = files_in(path, (*SUFFIXES, *ENDINGS), "videos")
        except DataError:
            return False
    else:
        return False
    if found is None or any(name.lower().endswith(ENDINGS) for name in found.files):
        return False  # of video files the endings say enough
    if all(FRAME.match(Path(name).stem) for name in found.files):
        return len(found) > FEWEST
    tried = sample(as_pictures(found))
    return bool(tried) and (all(one.n_frames > 1 for one in tried) or all(one.strip for one in tried))


@dataclass(frozen=True)
class Opened:
    size: tuple[int, int]
    n_frames: int
    strip: bool  # whether it is certainly frames side by side


def sample(found: Pictures) -> list[Opened]:
    """A few of the pictures, evenly spaced; those that cannot be opened are left out."""
    made = []
    for i in sorted({k * len(found) // TRIED for k in range(TRIED)}):
        try:
            with found.open(i) as image:
                frames = getattr(image, "n_frames", 1)
                made.append(Opened(image.size, frames, frames == 1 and is_strip(image)))
        except Exception:  # it is named when it is read
            continue
    return made


def squares(size: tuple[int, int]) -> int:
    """How many squares a picture of this width and height is, side by side; 1 where it is no row of squares."""
    short, long = sorted(size)
    return long // short if long % short == 0 else 1


def is_strip(image) -> bool:
    """Whether a long picture is certainly frames side by side: what stands a frame further on is more alike than what
    stands half a frame less, or more. A banner, a line of text or a panorama is not."""
    if squares(image.size) < FEWEST:
        return False
    x = of_picture(image).mean(2)
    x = x if x.shape[1] > x.shape[0] else x.T
    side = x.shape[0]
    apart = [float(np.abs(x[:, s:] - x[:, :-s]).mean()) for s in (side, *(side * k // 4 for k in (2, 3, 5, 6)))]
    return apart[0] < ALIKE * float(np.median(apart[1:]))


# --- video files -----------------------------------------------------------------------------------------------------
def pyav():
    try:
        import av
    except ImportError as problem:
        raise DataError(
            f"video files are read and written by PyAV ({problem}): pip install 'gansmith[video]'"
        ) from None
    return av


class Recorded(Videos):
    """Files that PyAV decodes."""

    def look(self, i: int) -> Header:
        with self.files.open(i) as file, opened(file) as box:
            stream = picture_stream(box)
            seconds = float(stream.duration * stream.time_base) if stream.duration else (box.duration or 0) / 1e6
            first = next(iter(box.decode(stream)), None)
            if first is None:
                raise ValueError("no frame in it")
            width, height = (first.width, first.height)[:: -1 if quarter_turns(first) % 2 else 1]
            rate = float(stream.average_rate or stream.guessed_rate or 0) or None
            if stream.average_rate != stream.guessed_rate:  # a variable one, whose mean a single pause changes
                rate = usual_rate(box, stream) or rate
            frames, name = stream.frames or round(seconds * (rate or 0)), stream.codec_context.name
            return Header(frames, rate, width, height, name, None if stream.frames else seconds)

    def frames(self, i: int) -> Iterator[tuple[float | None, np.ndarray]]:
        with self.files.open(i) as file, opened(file) as box:
            stream, start = picture_stream(box), None
            stream.thread_type = "AUTO"
            for frame in box.decode(stream):
                if frame.is_corrupt:
                    raise ValueError("damaged")
                start = frame.time if start is None else start
                when = None if frame.time is None or start is None else frame.time - start
                yield when, np.rot90(frame.to_ndarray(format="rgb24"), quarter_turns(frame))


def opened(file):
    """A container of PyAV; ValueError in plain words where there is none."""
    av = pyav()
    try:
        return av.open(file)
    except av.FFmpegError as problem:
        text = " ".join(str(problem.strerror or problem).split())
        raise ValueError(f"not a video that FFmpeg can read ({text})") from None


def picture_stream(box):
    if not box.streams.video:
        raise ValueError("no pictures in it, only sound" if box.streams.audio else "no pictures in it")
    return box.streams.video[0]


def usual_rate(box, stream) -> float | None:
    """Frames a second by the median time between two; None where nothing says. Frames are not decoded."""
    box.seek(0)
    ticks = np.diff(np.sort([packet.pts for packet in box.demux(stream) if packet.pts is not None]))
    usual = float(np.median(ticks) * stream.time_base) if len(ticks) else 0.0
    return 1 / usual if usual else None


def quarter_turns(frame) -> int:
    """To the left, by which a frame is shown: telephones turn the picture by a note in the file."""
    return round(getattr(frame, "rotation", 0) / 90) % 4


# --- pictures --------------------------------------------------------------------------------------------------------
class Animated(Videos):
    """GIF, WebP and APNG, a video each."""

    frames_are = "animated pictures"

    def look(self, i: int) -> Header:
        frames = self.count(i)
        with self.files.open(i) as image:
            seconds = image.info.get("duration", 0) / 1000 or PAUSE
            return Header(frames, 1 / seconds, image.width, image.height, image.format)

    def count(self, i: int) -> int:
        """Frames that can be reached; ValueError where a file is cut short before the second."""
        with self.files.open(i) as image:
            try:
                return image.n_frames
            except Exception:  # a file from outside: whatever its bytes lead to
                pass
        found = 0
        with self.files.open(i) as image:
            try:
                while True:
                    image.seek(found)
                    found += 1
            except Exception:
                if found > 1:
                    return found
                raise ValueError("cut short in its first frames") from None

    def frames(self, i: int) -> Iterator[tuple[float | None, np.ndarray]]:
        with self.files.open(i) as image:
            when = 0.0
            for k in itertools.count():
                try:
                    image.seek(k)
                except EOFError:
                    return
                image.load()
                yield when, of_picture(image)
                when += image.info.get("duration", 0) / 1000 or PAUSE


class Strips(Videos):
    """Square frames side by side along the longer side of one picture."""

    frames_are = "strips of square frames"

    def look(self, i: int) -> Header:
        with self.files.open(i) as image:
            if squares(image.size) == 1 and image.width != image.height:
                raise ValueError(f"{image.width}x{image.height} pixels are no row of square frames")
            side = min(image.size)
            return Header(squares(image.size), None, side, side, f"{image.format} strip")

    def frames(self, i: int) -> Iterator[tuple[float | None, np.ndarray]]:
        with self.files.open(i) as image:
            whole = of_picture(image)
        side = min(whole.shape[:2])
        for k in range(0, max(whole.shape[:2]), side):
            yield None, whole[k : k + side] if whole.shape[0] > whole.shape[1] else whole[:, k : k + side]


@dataclass
class Frames(Videos):
    """Folders of pictures, each a video whose frames come in the order of the numbers in their names."""

    pictures: Pictures
    rows: list[list[int]]  # of `pictures`, for each video
    frames_are = "folders of frames"

    @classmethod
    def of(cls, found: Pictures) -> Frames:
        folders: dict[str, list[int]] = {}
        for i, name in enumerate(found.files):
            folders.setdefault(name.rpartition("/")[0], []).append(i)
        rows = [sorted(of, key=lambda i: numbered(found.files[i])) for of in folders.values()]
        names = [name or Path(found.name).name for name in folders]
        whole = Files(found.name, names, found.open, found.stamp, notes=[])
        return cls(by_folder(whole, "videos") if len(names) > 1 else whole, found, rows)

    def look(self, i: int) -> Header:
        with self.pictures.open(self.rows[i][0]) as image:
            return Header(len(self.rows[i]), None, image.width, image.height, f"{image.format} frames")

    def frames(self, i: int) -> Iterator[tuple[float | None, np.ndarray]]:
        shape = None
        for row in self.rows[i]:
            with self.pictures.open(row) as image:
                frame = of_picture(image)
            shape = shape or frame.shape
            if frame.shape != shape:
                raise ValueError(f"{self.pictures.files[row]} is {frame.shape[1]}x{frame.shape[0]}, the first another")
            yield None, frame


def of_picture(image) -> np.ndarray:
    """A picture as uint8 (h, w, 3), upright and over white."""
    facts = pictures.look(image)
    return pictures.pixels(image, (facts.height, facts.width), 3).transpose(1, 2, 0)


def numbered(name: str) -> list:
    """A key by which frame2 comes before frame10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
