"""Volumes: shapes as cells that are occupied or not, and grey volumes, from meshes, .binvox files and arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.volumes import measures, read, show
from gansmith.data.kinds.volumes.cells import coarse, occupancy, resized, upright, values_of
from gansmith.data.labels import few, labelled
from gansmith.data.preview import grid
from gansmith.data.spec import Kind

TURNED = 6  # shapes of a sheet that can be turned on a page
CUBES = 8  # cells along a side from which an array without channels is taken for volumes


@dataclass(frozen=True)
class Volumes(Kind):
    """Volumes of `shape` (1, X, Y, Z), z upwards. Cells that are occupied (1) or not (0), uint8, are −1 or 1 in the
    networks; grey ones, float32, go from −1 to 1.

    grey   whether numbers are more than two;  level  above it a cell counts as occupied, in data units
    pitch  edge of a cell in written meshes, in the units of the meshes that were read
    """

    kind = "volumes"
    noun = "volumes"
    takes = (
        "a folder or zip of .stl, .obj, .ply, .off or .glb meshes, or of .binvox, .npy or .npz grids (a sub-folder for "
        "each class), or an array (n, X, Y, Z) or (n, 1, X, Y, Z)"
    )
    reads = tuple(read.UP)
    foreign = dict.fromkeys(
        (".nii", ".nii.gz", ".mgz", ".mgh"),
        "make an array of each: numpy.save('NAME.npy', nibabel.load('NAME.nii').get_fdata())",
    )
    foreign |= {
        ".dcm": "make an array of each series of slices, (x, y, z), such as with SimpleITK: numpy.save('NAME.npy', x)",
        ".mat": "make an array of each: numpy.save('NAME.npy', scipy.io.loadmat('NAME.mat')['VARIABLE'])",
    }
    options = {
        "size": "cells along each side: 32, or 32x32x64",
        "up": "axis that points up in the files: x, y or z",
        "inside": "of meshes: solid or hollow",
    }
    endings = (".npz", ".npy", ".stl", ".png")
    plays = (".html", "text/html")
    folder_of = ".stl"
    written_by = {".stl": ("skimage", "volumes")}
    write_options = ("labels",)
    example_out = "-n 16 -o made/"
    shown = 16
    bounded = True
    sparse = True

    center: tuple[float, ...] = (0.5,)
    scale: tuple[float, ...] = (0.5,)
    grey: bool = False
    level: float = 0.5
    pitch: float = 1.0

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, size=None, up=None, inside=None
    ) -> Dataset:
        """The Dataset of meshes and grids; one that cannot be read is left out and named in the notes.

        size    cells along each side; None: the commonest of the grids, 32 for meshes
        up      "x", "y" or "z", the axis that points up in the files; None: y in .obj, .glb and .binvox, z in others
        inside  of meshes: "solid", which takes closed surfaces only, or "hollow"; None: solid where all are closed
        """
        x, label, grey, pitch, more = read.read(data, labels, limit, size, up, inside, cache)
        return labelled(x, label, cls.form_of(x, grey, pitch), **more)

    @classmethod
    def form_of(cls, x: np.ndarray, grey: bool, pitch: float = 1.0) -> Volumes:
        """The form of these cells (n, 1, X, Y, Z)."""
        if not grey:
            return cls(x.shape[1:], pitch=pitch)
        low, high = float(x.min()), float(x.max())
        half = (high - low) / 2 or 1.0
        return cls(x.shape[1:], center=(low + half,), scale=(half,), grey=True, level=threshold(x), pitch=pitch)

    @classmethod
    def of_array(
        cls, x: np.ndarray, notes: list[str], columns=(), size=None, up=None, inside=None, named=False, **others
    ) -> tuple[np.ndarray, Kind] | None:
        """(n, 1, X, Y, Z), and (n, X, Y, Z) of cubes, or of 8 cells at least along each side that hold two values; any
        (n, X, Y, Z) where they are named volumes."""
        sides = x.shape[1:]
        alone = x.ndim == 5 and 1 in (sides[0], sides[3])
        if alone:
            x = x[:, 0] if sides[0] == 1 else x[..., 0]
        elif x.ndim != 4 or (min(sides) < CUBES and not named):
            return None
        cells = occupancy(x)
        if cells is None and not (alone or named) and len(set(sides)) > 1:
            return None
        pair = values_of(x) if cells is not None else ""
        up = read.one_of("up", up, read.UPS) or "z"
        x = upright(x if cells is None else cells, up)
        if shape := read.as_shape(size):
            x = np.stack([resized(one, shape, cells is None) for one in x])
        what = "grey volumes" if cells is None else f"two values{pair}: cells that are occupied or not"
        notes.append(f"{what}; the axis that points up, {up}, comes last")
        x = np.ascontiguousarray(x[:, None], np.float32 if cells is None else np.uint8)
        return x, cls.form_of(x, cells is None)

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [blocks((1, 6, 9, 7), n, seed)]

    def read_options(self) -> dict:
        sides = self.shape[1:]
        return {"size": sides[0] if len(set(sides)) == 1 else sides}

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        what = "grey volumes" if self.grey else "shapes"
        return f"{count:,} {what} of {' × '.join(map(str, self.shape[1:]))} cells"

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = "channel x X x Y x Z, z upwards"
        empty: list[int] = []
        share: list[np.ndarray] = []

        def look(start: int, x: np.ndarray) -> None:
            share.append(self.occupied(x).mean((1, 2, 3)))
            empty.extend((start + np.flatnonzero(share[-1] == 0)).tolist())

        preflight.look_at_values(check, dataset, look=look, aside=empty)
        full = np.concatenate(share)
        what = f"cells above {self.level:.4g}" if self.grey else "occupied cells"
        check.notes.append(f"{what}: {full.mean():.1%} of the grid, {full.min():.1%} to {full.max():.1%}")
        if empty and not self.grey:
            name = preflight.namer(dataset)
            check.problems.append(f"{len(empty)} volumes are empty: {few([name(i) for i in empty], 8)}")
        sample = self.occupied(dataset.raw(np.arange(len(dataset))[:: max(1, len(dataset) // 50)]))
        loose = float(np.mean(measures.largest_piece(coarse(sample, measures.SIDE)) < 0.9))
        if loose and not self.grey:
            check.notes.append(f"{loose:.0%} of the shapes have a tenth of their cells or more in loose pieces")

    def occupied(self, items) -> np.ndarray:
        """Items (n, 1, X, Y, Z) in data units as bool (n, X, Y, Z)."""
        return np.asarray(items)[:, 0] > self.level

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.float32 if self.grey else np.uint8

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to grey values, or to the likelier of 0 and 1."""
        return super().to_data(x) if self.grey else (x.detach() > 0).to(torch.uint8).cpu().numpy()

    # --- networks ----------------------------------------------------------------------------------------------------
    def steps_needed(self, count: int, batch_size: int) -> tuple[int, int]:
        first = min(max(500 * max(self.shape[1:]) // 32, 200), 5000)
        return first, 4 * first

    # --- showing -----------------------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Each shape, or what lies above `level`, seen from a corner, lit."""
        return self.sheet(items, columns=None)

    def sheet(self, numbers: np.ndarray, columns: int | None = 8) -> np.ndarray:
        return grid(show.isometric(self.occupied(numbers)), columns and min(columns, len(numbers)), 4)

    def keep(self, items, stem: Path) -> None:
        """A page on which the first of them can be turned."""
        from gansmith.atomic import replacing

        with replacing(stem.with_name(stem.name + ".html")) as beside:
            beside.write_bytes(show.viewer(self.occupied(items[:TURNED])))

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None) -> None:
        """As one .stl, the shapes side by side in a square; .npz, .npy and .png as other arrays."""
        from gansmith.data.write import write_arrays

        if path.suffix != ".stl":
            return write_arrays(items, path, self, labels)
        across = int(np.ceil(np.sqrt(len(items))))
        step = np.array([*self.shape[1:3], 0]) * 1.25 * self.pitch
        parts = [self.triangles(item) + np.float32(step * (i % across, i // across, 0)) for i, item in enumerate(items)]
        return show.write_stl(np.concatenate(parts), path)

    def write_one(self, item, path: Path) -> None:
        """Its surface, and its cells in a .npy beside it."""
        from gansmith.data.write import write_arrays

        show.write_stl(self.triangles(item), path)
        write_arrays(item, path.with_suffix(".npy"), self)

    def triangles(self, item) -> np.ndarray:
        return show.triangles(np.asarray(item)[0], self.level, self.pitch)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return measures.Pooled(), measures.random_network(self.center[0], self.scale[0])

    def pictures(self, items) -> np.ndarray:
        """How much of a shape lies behind each place, along each of the three axes: uint8 (n, 3, 32, 32)."""
        x = torch.from_numpy(self.occupied(items).astype(np.float32))
        sides = [torch.nn.functional.adaptive_avg_pool2d(x.mean(axis), 32) for axis in (1, 2, 3)]
        return (torch.stack(sides, 1).sqrt() * 255).round().to(torch.uint8).numpy()

    def measures(self, real, fake) -> dict[str, float]:
        found = measures.measured(self.occupied(real), self.occupied(fake))
        if self.grey:
            share = np.linspace(0, 1, 101)
            apart = np.abs(np.quantile(real, share) - np.quantile(fake, share)).mean()
            found["difference of grey values, of the range"] = float(apart / (2 * self.scale[0]))
        return found

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        name = next(name for name in values if name.startswith("coverage by IoU"))
        return (
            f"Samples reach {values[name]:.0%} of the data, where other real volumes reach {floor[name]:.0%} and "
            f"independent cells {control[name]:.0%}. The 1-NN accuracy by itself says nothing: independent cells, too, "
            "may have 0.5."
        )


def threshold(x: np.ndarray) -> float:
    """The grey value that best parts the numbers in two, by the variance between them (Otsu 1979)."""
    counts, edges = np.histogram(x.reshape(-1)[:: max(1, x.size // 10**6)], 256)
    middle = (edges[1:] + edges[:-1]) / 2
    below, mass = np.cumsum(counts)[:-1], np.cumsum(counts * middle)[:-1]
    above, rest = counts.sum() - below, (counts * middle).sum() - mass
    between = below * above * (mass / np.maximum(below, 1) - rest / np.maximum(above, 1)) ** 2
    best = np.flatnonzero(between == between.max())  # many, where a gap lies between the two
    return float(edges[1:-1][best].mean())


def blocks(shape: tuple[int, ...], n: int = 40, seed: int = 0, grey: bool = False) -> Dataset:
    """`n` made-up blocks, low, middle and high, which are their classes; grey ones are brighter below."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    real = np.zeros((n, *shape), np.float32 if grey else np.uint8)
    sides = np.array(shape[1:])
    for x, kind in zip(real, label):
        low = rng.integers(0, sides // 3 + 1)
        high = np.minimum(low + [*rng.integers(2, sides[:2] // 2 + 1), 2 + 2 * kind], sides)
        x[(0, *map(slice, low, high))] = 1
    if grey:
        real *= np.linspace(200, 100, shape[-1], dtype=np.float32)
    form = Volumes.form_of(real, grey)
    form = Volumes(**{**vars(form), "classes": ("low", "middle", "high")})
    return Dataset(form, {"real": real, "label": label}, name="made up", digest=f"{shape}{n}{seed}{grey}")
