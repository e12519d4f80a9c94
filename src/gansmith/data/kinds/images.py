"""Pictures: folders and zips of any picture files, and arrays whose numbers are those of pictures. 8 bits a channel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.data import cache as caching
from gansmith.data import layouts, preflight
from gansmith.data.dataset import Dataset
from gansmith.data.decode import kept, survey
from gansmith.data.labels import choose, evenly, labelled
from gansmith.data.mirror import may_mirror
from gansmith.data.pictures import Facts, as_pictures, fit, radial_power
from gansmith.data.sources import SUFFIXES, Pictures, listed, pictures_at
from gansmith.data.spec import Kind
from gansmith.errors import DataError

FEW, FEWEST = 20_000, 500  # pictures: fewer are augmented, and mirrored
EACH = 50  # of each class at least, to be made by class
# Number of pictures -> steps -> coverage of kept pictures in the mean of two feature spaces: R3GAN's defaults at 28 and
# 32 pixels, on clothes, faces and digits (docs/defaults.md)
COVERED = {
    1_000: {61: 0.06, 68: 0.04, 70: 0.0, 989: 0.51, 2342: 0.74, 2471: 0.80},
    60_000: {64: 0.14, 65: 0.10, 987: 0.48, 1335: 0.62},
}


@dataclass(frozen=True)
class Images(Kind):
    """Pictures of `shape` (C, H, W), uint8: 0 … 255 in the data, −1 … 1 in the networks."""

    kind = "images"
    noun = "pictures"
    takes = "a folder or zip of picture files (.png, .jpg …; a sub-folder for each class), or uint8 arrays (n, H, W, C)"
    reads = tuple(sorted(SUFFIXES))
    options = {"size": "pixels: 64, or HEIGHTxWIDTH", "channels": "1 (grey), 3 (colour) or 4 (with alpha)"}
    endings = (".png", ".npz", ".npy")
    folder_of = ".png"
    write_options = ("labels",)
    example_out = "-n 64 -o grid.png"
    shown = 64
    cropped = True
    bounded = True
    bf16 = True

    center: tuple[float, ...] = (127.5,)
    scale: tuple[float, ...] = (127.5,)

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        from PIL import Image

        return isinstance(data, Pictures) or (
            isinstance(data, (list, tuple)) and len(data) > 1 and all(isinstance(x, Image.Image) for x in data)
        )

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, size=None, channels=None) -> Dataset:
        """The Dataset of pictures; one that cannot be decoded is left out and named in the notes."""
        pictures = data
        if isinstance(data, (list, tuple)):
            pictures = listed("list", data)
        elif not isinstance(data, Pictures):
            pictures = pictures_at(Path(data).expanduser())
            if pictures is None:
                one = Path(data).suffix.lower() in SUFFIXES
                found = f"is one picture: name the folder that holds many, e.g. {Path(data).parent}"
                raise DataError(f"{data} {found if one else f'holds no pictures: give {cls.takes}'}")
        if channels not in (None, 1, 3, 4):
            raise DataError(f"channels={channels}: pictures can have 1 (grey), 3 (colour) or 4 (with alpha)")
        label, classes = choose(labels, pictures.label, pictures.classes, len(pictures), pictures.name)
        pictures = replace(pictures, label=label, notes=list(pictures.notes))
        if limit is not None and limit < len(pictures):
            pictures.notes.append(f"{limit} of {len(pictures)} pictures taken, evenly spaced (limit={limit})")
            pictures = pictures.take(evenly(len(pictures), limit))
        pixels, about = kept(pictures, size, channels, cache)
        good = [i for i, file in enumerate(pictures.files) if file not in about["bad"]]
        label = None if label is None else pictures.label[good]
        return labelled(
            pixels,
            label,
            cls(pixels.shape[1:]),
            classes=classes,
            name=pictures.name,
            notes=[*pictures.notes, *about["notes"]],
            digest=caching.digest(about["digest"], label if label is not None else ""),
            files=tuple(pictures.files[i] for i in good),
            left_out=about["bad"],
        )

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), size=None, channels=None, **others):
        """(n, H, W), (n, C, H, W) and (n, H, W, C) hold pictures when their numbers do: bytes, booleans, whole numbers
        up to 65535, or floats in [0, 1], [-1, 1] or 0 … 255."""
        pictures = as_pictures(x, notes) if x.ndim in (3, 4) else None
        if pictures is None:
            return None
        pixels = fit(pictures, size, channels, notes)
        return pixels, cls(pixels.shape[1:])

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [smooth(shape, n, seed) for shape in ((1, 28, 28), (3, 32, 32), (4, 14, 22), (1, 17, 23), (1, 8, 8))]

    def read_options(self) -> dict:
        return {"size": tuple(self.shape[1:]), "channels": self.shape[0]}

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        channels, height, width = self.shape
        return f"{count:,} pictures of {height} × {width}, {channels} channel{'s' * (channels > 1)}"

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = "channels x height x width"
        if dataset.files and Path(dataset.name).expanduser().exists():
            _check_files(dataset, check)
        flat: list[int] = []
        equal = [self.shape[0] >= 3]

        def look(start: int, x: np.ndarray) -> None:
            flat.extend((start + np.flatnonzero(np.ptp(x, axis=(2, 3)).max(axis=1) == 0)).tolist())
            equal[0] = equal[0] and bool((x[:, :3] == x[:, :1]).all())

        preflight.look_at_values(check, dataset, (0, 2, 3), "channel", look, aside=flat)
        if equal[0]:
            check.problems.append(
                "red, green and blue are equal everywhere: channels=1 says the same in a third of the numbers"
            )
        short, long = sorted(self.shape[1:])
        if dataset.files and long >= 8 * short and long % short == 0:
            check.notes.append("if each of these long pictures is a strip of frames: --kind video takes them as clips")
        if dataset.files and self.shape[2] == 2 * self.shape[1]:
            check.notes.append("if each holds two pictures side by side: gansmith train pix2pix takes them as pairs")
        if len(check.classes) == 2 and dataset.files:
            label = dataset.raw(np.arange(len(dataset)), "label")
            halves = ([dataset.files[row] for row in preflight.rows_of(dataset, label == k)] for k in (0, 1))
            if layouts.alike(*map(layouts.bare, halves)):
                check.problems.append(
                    f"{' and '.join(check.classes)} hold the same file names: are they pairs? "
                    "Then call the folders A and B"
                )
        elif dataset.files and not check.classes and (ends := layouts.two_of_each(dataset.files)):
            check.problems.append(
                f"each file name is there twice, with {' and '.join(ends)}: are they pairs? Then put them into folders "
                "A and B"
            )
        if 0 < max(check.high) < 128:
            check.problems.append(
                f"values reach {max(check.high):g} of 255 only: dark pictures, or another scale; "
                "stretch them to 0 ... 255"
            )
        if flat:
            check.odd["of one colour only"] = [preflight.namer(dataset)(row) for row in flat]

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.uint8

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to pixels, rounded and clipped."""
        center, scale = self._map(x.device)
        return (x.detach().float() * scale + center).round().clamp(0, 255).to(torch.uint8).cpu().numpy()

    def covered(self, count: int) -> dict[int, float]:
        nearest = min(COVERED, key=lambda n: abs(np.log(n / count)))
        return COVERED[nearest] if min(self.shape[1:]) >= 24 and max(self.shape[1:]) <= 40 else {}

    def coarser(self) -> tuple[tuple[int, ...], ...]:
        """(height, width) of 128, 64 and 32 pixels on the longer side, whole fours, where that is less than now."""
        longest = max(self.shape[1:])
        fours = lambda side, s: max(4, 4 * round(side * s / longest / 4))  # noqa: E731
        return tuple(tuple(fours(side, s) for side in self.shape[1:]) for s in (128, 64, 32) if s < longest)

    def settings(self, dataset: Dataset) -> dict[str, tuple[object, str]]:
        """Mirrored where that is harmless, augmented where pictures are few, by class where folders are classes."""
        found: dict[str, tuple[object, str]] = {}
        if len(dataset) < FEWEST and may_mirror(dataset):
            found["mirror"] = (True, f"{len(dataset):,} pictures are few, and mirrored ones look like the others")
        if len(dataset) < FEW:
            found["augment"] = ("ada", f"D would soon know {len(dataset):,} pictures by heart")
        smallest = min(np.bincount(dataset.fields["label"], minlength=len(self.classes))) if self.classes else 0
        if len(self.classes) > 1 and smallest >= EACH:
            found["conditional"] = (True, f"{len(self.classes)} classes, of {smallest:,} pictures or more")
        return found

    @property
    def small(self) -> bool:
        return self.shape[1] * self.shape[2] < 256

    # --- showing and writing -----------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        from gansmith.data.preview import grid

        return grid(np.asarray(items))

    def sheet(self, numbers: np.ndarray) -> np.ndarray:
        from gansmith.data.preview import grid

        return grid(numbers, columns=8)

    def write_one(self, item, path: Path) -> None:
        from gansmith.data.preview import grid
        from gansmith.data.write import save_picture

        save_picture(grid(item[None], gap=0, least=0), path)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return "random", "pixels"

    def pictures(self, items) -> np.ndarray:
        return items

    def spectrum(self, real, fake) -> dict[str, np.ndarray]:
        """Power by spatial frequency, of pictures of 8 pixels or more."""
        if min(self.shape[1:]) < 8:
            return {}
        frequency, power = radial_power(real)
        return {"frequency": frequency, "power_real": power, "power_fake": radial_power(fake)[1]}


def smooth(shape: tuple[int, int, int], n: int = 40, seed: int = 0) -> Dataset:
    """`n` made-up smooth pictures of `shape` in three classes."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    coarse = rng.integers(0, 256, (n, shape[0], 3, 3)).repeat(-(-shape[1] // 3), 2).repeat(-(-shape[2] // 3), 3)
    real = coarse[:, :, : shape[1], : shape[2]].astype(np.uint8)
    return Dataset(
        Images(shape, ("a", "b", "c")), {"real": real, "label": label}, name="made up", digest=f"{shape}{n}{seed}"
    )


def _check_files(dataset: Dataset, check: preflight.Check) -> None:
    """What the headers of picture files say."""
    pictures = pictures_at(Path(dataset.name).expanduser())
    if pictures is None:
        return
    known = set(dataset.files)
    facts = {
        name: f
        for name, f in zip(pictures.files, survey(pictures), strict=True)
        if name in known and isinstance(f, Facts)
    }
    check.sizes = preflight.count(f"{f.width}x{f.height}" for f in facts.values())
    check.modes = preflight.count(f.mode for f in facts.values())
    check.formats = preflight.count(f.format for f in facts.values())
    height, width = dataset.spec.shape[1:]
    odd = defaultdict(list)
    for name, f in facts.items():
        scale = max(height / f.height, width / f.width)
        share = height * width / (f.height * f.width * scale**2)
        if scale > 2:
            odd["enlarged more than twofold"].append(f"{name} ({f.width}x{f.height})")
        if share < 0.5:
            odd["of which the centre cut keeps less than half"].append(f"{name} ({f.width}x{f.height})")
        if f.bits > 8 or f.mode == "F":
            odd["deeper than 8 bits, brought down to 8"].append(f"{name} ({f.mode})")
        if f.mode in ("CMYK", "LAB", "YCbCr", "HSV"):
            odd["in another colour space, turned into RGB"].append(f"{name} ({f.mode})")
    check.odd.update(odd)
    palettes = sum(n for mode, n in check.modes.items() if mode == "P")
    if len(facts) / 10 < palettes < len(facts):
        check.problems.append(
            f"{palettes} have a palette and {len(facts) - palettes} do not: label maps or drawings among photos?"
        )
