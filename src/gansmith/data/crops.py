"""Pictures of any size cut into squares at their own resolution, each beside a smaller copy of itself."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.labels import evenly, few
from gansmith.data.on_demand import OnDemand
from gansmith.errors import DataError


def read_crops(data, crop: int, scale: int, *, channels=None, limit=None, size=None, cache=None) -> Dataset:
    """Squares of `crop` pixels as `target`, and as `source` the same 1/`scale` as large.

    data   a folder or zip of pictures of any sizes, or anything that `gansmith.data.read` takes
    crop   smaller where the pictures are, and rounded down to a multiple of `scale`
    The squares of a picture cover it, overlapping a little; `source` is 0 … 1 in the networks (Ledig et al., 3.2).
    """
    from gansmith.data import read

    pictures, notes, left_out = None, [], {}
    if isinstance(data, (str, os.PathLike)) and size is None:
        from gansmith.data.named import NAMES
        from gansmith.data.sources import pictures_at

        pictures = None if str(data) in NAMES else pictures_at(Path(data).expanduser())
    if pictures is None:
        whole = read(data, form="items", size=size, channels=channels, labels=None, cache=cache)
        if not isinstance(whole.spec, Images):
            raise DataError(f"{whole.name} holds {whole.spec.noun}: pictures are needed")
        items, name = whole.raw(np.arange(len(whole))), whole.name
    else:
        items, name = list(decoded(pictures, channels, None, left_out).values()), pictures.name
    side = min(crop, min(min(item.shape[1:]) for item in items)) // scale * scale
    if side < crop:
        notes.append(f"crops of {side} pixels: the smallest picture has no more")
    if side == 0:
        raise DataError(f"{name} has pictures smaller than {scale} pixels: leave them out")
    target = np.stack([square for item in items for square in squares(item, side)])
    notes.insert(0, f"{len(target)} crops of {side} pixels from {len(items)} pictures at their own resolution")
    if left_out:
        notes.append(f"{len(left_out)} cannot be read and are left out: {few(left_out)}")
    if limit is not None and limit < len(target):
        target = target[evenly(len(target), limit)]
    source = np.stack([shrink(x, scale) for x in target])
    small = Images(source.shape[1:], center=(0.0,), scale=(255.0,))
    return Dataset(
        Images(target.shape[1:], center=(127.5,), scale=(127.5,), also={"source": small}),
        {"source": source, "target": target},
        name=name,
        digest=caching.digest(source, target),
        notes=tuple(notes),
        left_out=left_out,
    )


def squares(item: np.ndarray, side: int) -> list[np.ndarray]:
    """The fewest squares (C, side, side) that cover a picture (C, H, W), evenly spread."""
    tops, lefts = (np.linspace(0, length - side, -(-length // side)).round().astype(int) for length in item.shape[1:])
    return [item[:, top : top + side, left : left + side] for top in tops for left in lefts]


def shrink(item: np.ndarray, scale: int) -> np.ndarray:
    """A picture (C, H, W) uint8 made 1/`scale` as large by antialiased bicubic interpolation, rounded to 8 bits."""
    return _resized(item, item.shape[2] // scale, item.shape[1] // scale)


def enlarge(item: np.ndarray, scale: int) -> np.ndarray:
    """… and `scale` times as large: what a network has to beat."""
    return _resized(item, item.shape[2] * scale, item.shape[1] * scale)


def _resized(item: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(c).resize((width, height), Image.Resampling.BICUBIC)) for c in item])


def opened(path, channels: int | None, size: tuple[int, int] | None = None) -> OnDemand:
    """Name -> picture uint8 (C, H, W) of a picture file, a folder or a zip; at `size`, or each at its own; decoded when
    it is asked for.

    What cannot be read is left out and named in a warning; UserError where that is all of them.
    """
    from gansmith.data.sources import one_picture, pictures_at

    path = Path(path).expanduser()
    zipped = path.suffix.lower() == ".zip"
    pictures = one_picture(path) if path.is_file() and not zipped else pictures_at(path)
    if pictures is None:
        raise DataError(f"there is no {path}: name a picture, or a folder or zip of pictures")
    left_out: dict[str, str] = {}
    found = decoded(pictures, channels, size, left_out)
    if left_out:
        lines = [f"{name} ({why})" for name, why in left_out.items()]
        warnings.warn(f"{path}: {len(left_out)} cannot be read and are left out: {few(lines)}", stacklevel=3)
    return found


def decoded(pictures, channels, size, left_out: dict[str, str]) -> OnDemand:
    """Name -> picture at `size`, or at its own; grey only if all are. What cannot be read goes to `left_out`: each is
    decoded once before, so that this is known at the beginning of what may take hours."""
    from gansmith.data.decode import attempt, survey
    from gansmith.data.pictures import Facts, pixels

    facts = survey(pictures)
    channels = channels or (1 if all(f.grey for f in facts if isinstance(f, Facts)) else 3)

    def make(i):
        with pictures.open(i) as image:
            return pixels(image, size or (facts[i].height, facts[i].width), channels)

    good = [i for i, fact in enumerate(facts) if isinstance(fact, Facts)]
    wrong = dict(zip(good, attempt(make, good))) | {i: why for i, why in enumerate(facts) if isinstance(why, str)}
    left_out.update((pictures.files[i], why[:100]) for i, why in sorted(wrong.items()) if why)
    if len(left_out) == len(pictures):
        one = few([f"{file}: {why}" for file, why in left_out.items()], 1)
        raise DataError(f"{pictures.name}: no picture could be read, e.g. {one}")
    if other := size and sum((facts[i].height, facts[i].width) != tuple(size) for i in good):
        at = f"{size[1]}x{size[0]}"
        warnings.warn(f"{pictures.name}: {other} brought to {at}, the size that was trained on", stacklevel=4)
    if channels < 4 and (clear := sum(facts[i].alpha for i in good)):
        warnings.warn(f"{pictures.name}: {clear} with transparency, laid over white", stacklevel=4)
    return OnDemand(((pictures.files[i], i) for i in good if not wrong[i]), make)
