"""Clips as files that players open: H.264 in .mp4, VP9 in .webm, .gif and .webp."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from gansmith.atomic import replacing

# ending -> (container, codec, options): fine enough that a clip read again is the same to ±3 of 255
CODECS = {
    ".mp4": ("mp4", "libx264", {"crf": "12", "preset": "medium"}),
    ".webm": ("webm", "libvpx-vp9", {"crf": "12", "b": "0"}),
}
WIDEST = 512  # pixels that small clips are enlarged to, at most, where many play together
GAP = 1  # pixels between them


def animation(clips: np.ndarray, path: Path, rate: float) -> None:
    """Clips uint8 (n, C, T, H, W) beside each other, playing together; one alone at its own size."""
    if len(clips) == 1:
        return film(clips[0].transpose(1, 2, 3, 0), path, rate)
    n, channels, steps, height, width = clips.shape
    columns = ceil(n**0.5)
    rows = ceil(n / columns)
    sheet = np.full((steps, rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), 255, np.uint8)
    for i, clip in enumerate(clips):
        top, left = GAP + i // columns * (height + GAP), GAP + i % columns * (width + GAP)
        sheet[:, top : top + height, left : left + width] = clip.transpose(1, 2, 3, 0)
    factor = max(1, WIDEST // max(sheet.shape[1:3]))
    return film(sheet.repeat(factor, 1).repeat(factor, 2), path, rate)


def film(frames: np.ndarray, path: Path, rate: float) -> None:
    """Frames uint8 (T, H, W, 1 or 3) as the video or animation that the ending of `path` says."""
    frames = np.ascontiguousarray(frames if frames.shape[3] == 3 else frames[..., :1].repeat(3, 3))
    if path.suffix in CODECS:
        encode(frames, path, rate)
    else:
        animate(frames, path, rate)


def encode(frames: np.ndarray, path: Path, rate: float) -> None:
    """By PyAV. Players take an even number of rows and columns only, so an odd last one is repeated."""
    from gansmith.data.kinds.video.sources import pyav

    av = pyav()
    container, codec, options = CODECS[path.suffix]
    frames = np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)), mode="edge")
    with replacing(path) as beside, av.open(str(beside), "w", format=container) as box:
        stream = box.add_stream(codec, rate=Fraction(rate).limit_denominator(1001), options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            box.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        box.mux(stream.encode())


def animate(frames: np.ndarray, path: Path, rate: float) -> None:
    """By Pillow: .gif, whose times are hundredths of a second, or .webp; both play for ever."""
    from PIL import Image

    made = [Image.fromarray(frame) for frame in frames]
    step = 10 if path.suffix == ".gif" else 1
    ends = [step * round(1000 * (k + 1) / rate / step) for k in range(len(made))]
    with replacing(path) as beside:
        made[0].save(
            beside, format=path.suffix[1:].upper(), save_all=True, append_images=made[1:], loop=0, quality=85, method=3,
            duration=[max(step, end - begin) for begin, end in zip([0, *ends], ends)],
        )  # fmt: skip
