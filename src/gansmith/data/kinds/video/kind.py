"""Video: files, animated pictures, folders of frames and strips of them, as clips of one length. 8 bits a channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache as caching
from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.video import measures, sources, write
from gansmith.data.kinds.video import read as reading
from gansmith.data.labels import encode
from gansmith.data.pictures import as_pictures, fit
from gansmith.data.spec import Kind
from gansmith.errors import DataError

PLAYED = 16  # clips of a sheet that a page plays together
SEEN = 8  # frames of a clip that a film strip shows


@dataclass(frozen=True)
class Video(Kind):
    """Clips of `shape` (C, T, H, W), uint8, at `rate` frames a second; 0 … 255 in the data, −1 … 1 in the networks."""

    kind = "video"
    noun = "clips"
    takes = (
        "a folder or zip of .mp4, .webm, .mov or .gif files, of strips of frames side by side, or of folders of frames "
        "(--kind video), a sub-folder for each class; an array (n, T, H, W, 3), or of grey (n, T, H, W) with rate="
    )
    reads = sources.ENDINGS
    options = {
        "size": "pixels: 32, or HEIGHTxWIDTH",
        "channels": "1 (grey) or 3 (colour)",
        "rate": "frames a second, such as 25",
        "length": "of a clip, in frames, such as 16",
        "stride": "frames from the start of a clip to the next; below the length, clips overlap",
    }
    endings = (".mp4", ".gif", ".webm", ".npz", ".npy", ".png")
    plays = (".webp", "image/webp")
    folder_of = ".mp4"
    written_by = dict.fromkeys((".mp4", ".webm"), ("av", "video"))
    from_others = "vgan-from-frame, which animates a picture"
    write_options = ("labels",)
    example_out = "-n 16 -o made/"
    shown = 16
    bounded = True

    center: tuple[float, ...] = (127.5,)
    scale: tuple[float, ...] = (127.5,)
    rate: float = reading.NO_RATE

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        return isinstance(data, Path) and sources.are_video(data)

    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, size=None, channels=None, rate=None,
        length=None, stride=None,
    ) -> Dataset:  # fmt: skip
        """The Dataset of videos; one that cannot be decoded is left out and named in the notes.

        size     of a frame, pixels: one number, or (height, width); None: the videos' own where it is small, else a
                 square of at most 64, cut from the centre
        rate     frames a second; None: the commonest, at most 30. Frames are taken by the times that the files say
        length   frames of a clip; None: 16, or as many as 19 of 20 videos have
        stride   frames from the start of one clip to the next; None: `length`, or less where that gives few clips
        """
        x, label, rate, more = reading.read(data, labels, limit, size, channels, rate, length, stride)
        form, fields, classes = cls(x.shape[1:], rate=rate), {"real": x}, more.pop("classes")
        notes = list(more.pop("notes"))
        if label is not None:
            fields["label"], names = encode(label, classes, more["name"], notes)
            form = replace(form, classes=names)
        digest = caching.digest(*fields.values(), rate)
        return reading.Clips(form, fields, digest=digest, notes=tuple(notes), **more)

    @classmethod
    def of_array(
        cls, x: np.ndarray, notes: list[str], columns=(), size=None, channels=None, rate=None, length=None,
        stride=None, **others,
    ) -> tuple[np.ndarray, Kind] | None:  # fmt: skip
        """(n, T, H, W, 3), (n, T, 3, H, W) and (n, 3, T, H, W) whose numbers are those of pictures; with `rate` grey
        ones, too: (n, T, H, W), or with an axis of 1 for the 3."""
        if x.ndim == 4 and rate is not None:
            x = x[:, :, None]
        axis = next((a for a in (4, 2, 1) if x.ndim == 5 and (x.shape[a] == 3 or (x.shape[a] == 1 and rate))), None)
        if axis is None:
            return None
        frames = np.moveaxis(x, axis, 2)
        if length not in (None, frames.shape[1]) or stride is not None:
            raise DataError(
                f"these clips have {frames.shape[1]} frames each; length and stride cut files: leave them out"
            )
        flat = as_pictures(frames.reshape(-1, *frames.shape[2:]), notes)
        if flat is None:
            return None
        flat = fit(flat, size, channels, notes)
        clips = flat.reshape(*frames.shape[:2], *flat.shape[1:]).transpose(0, 2, 1, 3, 4)
        return np.ascontiguousarray(clips), cls(
            (flat.shape[1], frames.shape[1], *flat.shape[2:]), rate=reading.as_rate(rate) or reading.NO_RATE
        )

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [squares(shape, n, seed) for shape in ((3, 4, 8, 8), (1, 3, 9, 6))]

    def read_options(self) -> dict:
        channels, length, *size = self.shape
        return {"size": tuple(size), "channels": channels, "rate": self.rate, "length": length}

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        channels, steps, height, width = self.shape
        seconds = f"{steps / self.rate:.3g} s at {self.rate:g} a second"
        colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
        return f"{count:,} clips of {steps} frames ({seconds}) of {height} × {width}, {colour}"

    def first_frames(self, items) -> tuple[np.ndarray, Kind]:
        return np.ascontiguousarray(np.asarray(items)[:, :, 0]), Images((self.shape[0], *self.shape[2:]))

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = f"channels x frames x height x width, {self.shape[1] / self.rate:.3g} s at {self.rate:g} a second"
        reading.survey_into(dataset, check)
        still: list[int] = []
        equal = [self.shape[0] == 3]

        def look(start: int, x: np.ndarray) -> None:
            still.extend((start + np.array(reading.looked_at(x)[1], int)).tolist())
            equal[0] = equal[0] and bool((np.ptp(x.astype(np.int16), axis=1) <= 8).all())

        preflight.look_at_values(check, dataset, (0, 2, 3, 4), "channel", look, aside=still)
        if len(still) > len(dataset) / 2:
            check.problems.append(f"nothing moves in {len(still)} of {len(dataset)} clips: pictures say the same")
        if equal[0]:
            check.problems.append(
                "red, green and blue are equal everywhere: channels=1 says the same in a third of the numbers"
            )

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.uint8

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to pixels, rounded and clipped."""
        return (x.detach().float() * self.scale[0] + self.center[0]).round().clamp(0, 255).to(torch.uint8).cpu().numpy()

    def coarser(self) -> tuple[tuple[int, ...], ...]:
        """(height, width) of 64, 32 and 16 pixels on the longer side, whole fours, where that is less than now."""
        longest = max(self.shape[2:])
        fours = lambda side, s: max(4, 4 * round(side * s / longest / 4))  # noqa: E731
        return tuple(tuple(fours(side, s) for side in self.shape[2:]) for s in reading.SIDES if s < longest)

    # --- showing and writing -----------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Film strips: a row for each clip, at most SEEN of its frames, evenly spaced, time to the right."""
        from gansmith.data.preview import grid

        x = np.asarray(items)
        chosen = np.unique(np.linspace(0, x.shape[2] - 1, SEEN).round().astype(int))
        frames = x[:, :, chosen].transpose(0, 2, 1, 3, 4)
        return grid(frames.reshape(-1, *frames.shape[2:]), len(chosen), least=800)

    def sheet(self, numbers: np.ndarray) -> np.ndarray:
        return self.preview(numbers)

    def beside(self, given, made) -> np.ndarray:
        """Clips that were made of pictures, each behind its picture as a first frame."""
        return np.concatenate([np.asarray(given)[:, :, None], made], 2)

    def keep(self, items, stem: Path) -> None:
        write.animation(np.asarray(items)[:PLAYED], stem.with_name(stem.name + ".webp"), self.rate)

    def write(self, items, path: Path, labels=None) -> None:
        """As .mp4, .webm or .gif all clips beside each other, playing together; .npz, .npy and .png as other arrays."""
        from gansmith.data.write import write_arrays

        if path.suffix in (".npz", ".npy", ".png"):
            write_arrays(items, path, self, labels)
        else:
            write.animation(np.asarray(items), path, self.rate)

    def write_one(self, item, path: Path) -> None:
        write.film(np.asarray(item).transpose(1, 2, 3, 0), path, self.rate)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return measures.random_network(self.shape[0]), measures.trained_network()

    def pictures(self, items) -> np.ndarray:
        """The middle frame of each clip."""
        return np.asarray(items)[:, :, self.shape[1] // 2]

    def measures(self, real, fake) -> dict[str, float]:
        return measures.measures(np.asarray(real), np.asarray(fake), self)

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        return measures.says(values, control)

    def shuffled(self, items, rng: np.random.Generator):
        """The frames of each clip in random order: every picture is real, and nothing moves as it should."""
        x = np.asarray(items)
        order = rng.permuted(np.tile(np.arange(x.shape[2]), (len(x), 1)), axis=1)
        return np.take_along_axis(x, order[:, None, :, None, None], 2)


def squares(shape: tuple[int, int, int, int], n: int = 40, seed: int = 0) -> Dataset:
    """`n` made-up clips of `shape` in three classes: a bright square that moves to the right, downwards, or not."""
    rng = np.random.default_rng(seed)
    channels, steps, height, width = shape
    label, side = rng.integers(0, 3, n), min(height, width) // 3
    real = np.repeat(rng.integers(0, 120, (n, channels, 1, height, width), np.uint8) // 4, steps, 2)
    for clip, way, top, left in zip(real, label, rng.integers(0, height, n), rng.integers(0, width, n)):
        for t in range(steps):
            rows = (top + t * (way == 1) + np.arange(side)) % height
            columns = (left + t * (way == 0) + np.arange(side)) % width
            clip[:, t, rows[:, None], columns] = 230
    form = Video(shape, ("right", "down", "still"))
    return Dataset(form, {"real": real, "label": label}, name="made up", digest=f"video{shape}{n}{seed}")
