"""Two kinds of pictures: pairs (what goes in, what should come out), or two domains whose items have nothing to do
with each other.

`gansmith.data.layouts` says which layouts of folders are known. The same file names on both sides make pairs, whatever
their endings. Asked for by name (form="pairs"), any two folders that hold the same names will do, and files twice as
wide as they should be hold what goes in on the left.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import ImageOps
from torch import Tensor

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.labels import few
from gansmith.data.layouts import UNPAIRED, in_one_folder, matched, training_part, two_folders, two_sides
from gansmith.data.sources import Pictures, by_folder
from gansmith.errors import DataError, SettingError
from gansmith.names import shown


def layout(form: str) -> str:
    """What to do to have pairs, or domains."""
    names = " under the same names" if form == "pairs" else ""
    return f"put what goes in into A/ and what should come out into B/{names}, or give (source, target)"


@dataclass
class Unpaired(Dataset):
    """Two domains, `source` and `target`, each with as many items as it has; an item of the longer one comes with one
    of the other in a fixed shuffled order, which means nothing: no loss of an unpaired game joins the two.
    """

    rows: dict[str, Tensor] | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.rows is None:
            shuffled = torch.randperm(len(self.fields["source"]), generator=torch.Generator().manual_seed(0))
            self.rows = {"source": shuffled, "target": torch.arange(len(self.fields["target"]))}
            if "source_label" in self.fields:
                self.rows["source_label"] = shuffled

    def __len__(self) -> int:
        return max(map(len, self.rows.values()))

    def at(self, index: Tensor, name: str) -> Tensor:
        return self.rows[name][index % len(self.rows[name])]

    def split(self, held: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Each domain is split by itself, so that no item is on both sides."""
        train, other = {}, {}
        for name, rows in self.rows.items():
            count = round(len(rows) * held)
            if held and not 0 < count < len(rows):
                raise SettingError(
                    f"val={held} of {len(rows)} items leaves one side empty: give more data or another val"
                )
            order = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))]
            train[name], other[name] = order[count:], order[:count]
        return replace(self, rows=train), replace(self, rows=other)


def from_two(data, form: str, *, size=None, labels=None, **options) -> Dataset | None:
    """`data` as pairs or as two domains; None when `form` is "auto" and it is neither.

    labels  "auto": of two domains, the classes of the first come along as `source_label`

    Raises UserError when a form was asked for that the data has not.
    """
    from gansmith.data import read

    notes: list[str] = []
    if isinstance(data, tuple) and len(data) == 2 and form in ("pairs", "domains"):
        sides = data
    else:
        sides = _sides(data, form, notes)
        if sides is None:
            return None
        read = _read_pictures
        if labels is not None:
            sides = by_folder(replace(sides[0], label=None, classes=(), notes=[]), "pictures"), sides[1]
    target = read(sides[1], form="items", labels=None, size=size, **options)
    common = target.spec.shape[1:] if isinstance(target.spec, Images) else size
    source = read(sides[0], form="items", labels=labels, size=common, **options)
    if size is None and any(said in note for note in source.notes for said in ("scaled to", "resized from")):
        width_first = "x".join(map(str, reversed(common)))
        notes.append(f"the sides differ in size: the source takes the target's, {width_first} (size=N for both)")
    for name, side in (("source", source), ("target", target)):
        notes += [f"{name}: {note}" for note in side.notes]
    name = str(data) if isinstance(data, (str, Path)) else f"{source.name} and {target.name}"
    about = {
        "spec": replace(target.spec, also={"source": source.spec}),
        "name": name,
        "digest": caching.digest(source.digest, target.digest),
        "left_out": source.left_out | target.left_out,
    }
    fields = {"source": source.fields["real"], "target": target.fields["real"]}
    odd: list[str] = []
    pairs = _paired(source, target, odd)
    if form == "auto":
        loose = UNPAIRED in notes or len(pairs) < max(2, 0.9 * min(len(source), len(target)))
        form = "domains" if loose else "pairs"
    if form == "domains":
        if "label" in source.fields:
            fields["source_label"] = source.fields["label"]
        return Unpaired(fields=fields, notes=(*notes, f"unpaired: {len(source)} and {len(target)} items"), **about)
    if not pairs:
        raise DataError(f"{name}: no file of the one side has the name of one of the other: {layout(form)}")
    names, one, two = zip(*pairs)
    fields["source"], fields["target"] = _rows(fields["source"], [*one]), _rows(fields["target"], [*two])
    return Dataset(fields=fields, files=names, notes=(*notes, *odd, f"{len(pairs)} pairs"), **about)


def problems(dataset: Dataset) -> list[str]:
    """What is odd in pairs or domains as such, for the pre-flight."""
    found, source, target = [], dataset.spec.of("source"), dataset.spec
    x, y = dataset.fields["source"], dataset.fields["target"]
    if isinstance(dataset, Unpaired):
        fewer, many = sorted((len(x), len(y)))
        if many > 4 * fewer:
            found.append(f"one domain has {fewer} items and the other {many}: the small one will be learned by heart")
    elif source.shape == target.shape:
        same = sum(bool((a == b).all()) for a, b in zip(x, y, strict=True))
        if same:
            found.append(f"{same} of {len(x)} pairs are twice the same picture: there is nothing to translate in them")
    return found


def _sides(data, form: str, notes: list[str]) -> tuple[Pictures, Pictures] | None:
    """The pictures of either side of a folder or zip."""
    from gansmith.data.named import NAMES
    from gansmith.data.sources import pictures_at

    if not isinstance(data, (str, os.PathLike)) or str(data) in NAMES:
        pictures = None
    else:
        pictures = pictures_at(Path(data).expanduser())
    if pictures is None:
        if form == "auto":
            return None
        name = data if isinstance(data, (str, Path)) else type(data).__name__
        raise DataError(f"{name} holds no {form}: {layout(form)}")
    sides = two_sides(pictures, notes)
    if sides is None and form == "auto":
        return None
    if sides is None:
        pictures = training_part(pictures, notes)
        sides = two_folders(pictures, notes)
    if sides is None and form == "pairs" and in_one_folder(pictures):
        notes.append("each file cut in two: its left half goes in, its right half should come out")
        sides = _half(pictures, 0), _half(pictures, 1)
    if sides is None:
        folders = sorted({shown(file.split("/")[0]) for file in pictures.files if "/" in file})
        has = f"pictures in {few(folders)}" if folders else "none"
        raise DataError(f"{pictures.name}: {form} are read from two folders, and it has {has}: {layout(form)}")
    return sides


def _half(pictures: Pictures, side: int) -> Pictures:
    """The left (0) or right (1) half of each picture."""

    def open_(i):
        image = ImageOps.exif_transpose(pictures.open(i))
        if image.width % 2 or image.width < image.height:
            raise ValueError(f"{image.width}x{image.height} is no two pictures side by side")
        return image.crop((side * image.width // 2, 0, (side + 1) * image.width // 2, image.height))

    return replace(pictures, open=open_, stamp=pictures.stamp and caching.digest(pictures.stamp, "half", side))


def _read_pictures(pictures: Pictures, *, form: str, **options) -> Dataset:
    return Images.read(replace(pictures, notes=[]), **options)


def _paired(source: Dataset, target: Dataset, notes: list[str]) -> list[tuple[str, int, int]]:
    """(name, row of `source`, row of `target`) of each pair: by the files' names, or by place where there are none."""
    if source.files and target.files:
        return matched([*source.files], [*target.files], notes)
    count = min(len(source), len(target))
    if len(source) != len(target):
        notes.append(f"{abs(len(source) - len(target))} left out: on one side only")
    return [(str(row), row, row) for row in range(count)]


def _rows(x: np.ndarray, rows: list[int]) -> np.ndarray:
    """x[rows], without a copy where that is all of it."""
    return x if rows == list(range(len(x))) else x[rows]
