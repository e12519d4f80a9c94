"""Showers: HDF5 of layers with energies, as of CaloGAN and of the CaloChallenge, and jets as images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.showers import draw, read, write
from gansmith.data.kinds.showers.layers import Layers
from gansmith.data.kinds.showers.measures import in_words, measures
from gansmith.data.kinds.showers.read import Part
from gansmith.data.kinds.showers.shapes import LogCells, Shapes
from gansmith.data.labels import choose, labelled
from gansmith.data.spec import Kind
from gansmith.errors import DataError

KNOTS = 257  # quantiles of the energies that are kept
LEAST = 0.002  # share of the cells with energy that may lie below the threshold


@dataclass(frozen=True)
class Showers(Kind):
    """Showers of `shape` (numbers,): the particle's energy, where the data has it, then the cells layer by layer, all
    in GeV, float32. In the networks −1 … 1 as logarithms: 2 log(1 + x / threshold) / log(1 + top / threshold) − 1.

    heights, widths  rows and columns of each layer (of polar ones: angles and radii)
    threshold  GeV, below which a cell is empty: what made showers hold less is set to 0
    top        GeV, the largest energy of a particle or of a whole shower
    quantiles  of the particles' energies, else of the showers', evenly spaced in probability
    response   least and largest share of the particle's energy that was found in cells
    layout, names, units  of the file: "calogan", "calochallenge" or "images", its data sets, units of cells and of
                          particles
    """

    kind = "showers"
    noun = "showers"
    takes = (
        "an .h5 file or a folder of them: energy and layer_0 … (CaloGAN), incident_energies and showers "
        "(CaloChallenge), or sparse images (n, rows, columns), also in .npz"
    )
    reads = read.ENDINGS
    options = {
        "layers": "rows x columns of each layer, such as 3x96,12x12,12x6 or 45*16x9, or a binning .xml",
        "unit": "of the energies in the file: GeV, MeV …",
    }
    default_game = "calogan"
    default_reason = "it is given the particle's energy, and knows layers"
    endings = (".h5", ".hdf5", ".npz", ".png")
    written_by = dict.fromkeys((".h5", ".hdf5"), ("h5py", "hep"))
    write_options = ("labels",)
    example_out = "-n 5000 -o made.h5"
    shown = 16
    bounded = True

    heights: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()
    threshold: float = 1e-3
    top: float = 100.0
    quantiles: tuple[float, ...] = (1.0,)
    response: tuple[float, ...] = (1.0, 1.0)
    layout: str = "calogan"
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ("MeV", "GeV")

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        return cls.recognises_named(data, named=False)

    @classmethod
    def recognises_named(cls, data, named: bool = True) -> bool:
        """Images need not be sparse, where they are said to be showers."""
        if isinstance(data, Path):
            return read.is_npz_of_ours(data, named)
        arrays = isinstance(data, Mapping) and all(hasattr(x, "shape") for x in data.values())
        return arrays and read.is_ours(data, named)

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, layers=None, unit=None) -> Dataset:
        """The Dataset of HDF5, .npz or a dictionary of arrays; files in sub-folders are classes.

        layers  rows × columns of each layer, where the file does not say: of CaloChallenge-like files that are none of
                its data sets
        unit    of all energies in the file; None: MeV cells and GeV particles of CaloGAN's, MeV of the CaloChallenge's,
                GeV of images
        """
        parts, name, left, files = read.read_parts(data, limit, layers, unit)
        cells = np.concatenate([part.cells for part in parts])
        energies = [part.energy for part in parts if part.energy is not None]
        if energies and len(energies) < len(parts):
            raise DataError(f"{name}: some files have energies of particles and others have none: give both apart")
        energy = np.concatenate(energies) if energies else None
        found, classes = None, parts[0].classes
        if all(part.label is not None for part in parts):
            found, classes = np.concatenate([part.label for part in parts]), (files.classes if files else classes)
        label, classes = choose(labels, found, classes, len(cells), name)
        notes = dict.fromkeys(note for part in parts for note in part.notes)
        odd: dict[str, list[str]] = {}
        for part in parts:
            for what, items in part.odd.items():
                odd.setdefault(what, []).extend(items)
        form = cls.of_cells(cells, energy, parts[0], name)
        x = cells if energy is None else np.concatenate([energy[:, None], cells], 1)
        more = [] if files is None else files.notes
        return labelled(x, label, form, classes=classes, name=name, notes=[*more, *notes], left_out=left, odd=odd)

    @classmethod
    def of_cells(cls, cells: np.ndarray, energy: np.ndarray | None, part: Part, name: str) -> Showers:
        """The form of showers (n, cells) of particles of these energies (n,), all in GeV, laid out as `part` is.
        DataError for fewer than 2."""
        if len(cells) < 2:
            raise DataError(f"{name} has one shower that can be used: at least 2 are needed")
        if not (hit := cells[cells > 0]).size:
            raise DataError(f"{name}: no cell holds any energy")
        total = cells.sum(1, dtype=np.float64)
        given = total if energy is None else energy.astype(np.float64)
        response = (1.0, 1.0) if energy is None else ((total / given).min(), (total / given).max())
        quantiles = np.quantile(given, np.linspace(0, 1, KNOTS), method="nearest")
        return cls(
            (part.layers.cells + (energy is not None),),
            heights=part.layers.heights,
            widths=part.layers.widths,
            threshold=float(np.quantile(hit, LEAST)),
            top=float(max(given.max(), total.max())),
            quantiles=tuple(quantiles.tolist()),
            response=tuple(map(float, response)),
            layout=part.layout,
            names=part.names,
            units=part.units,
        )

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), layers=None, unit=None, **others):
        """Images (n, rows, columns), where unit= or form="showers" says that they are energies; cells (n, cells) where
        layers= says how they lie."""
        if x.ndim == 4 and x.shape[1] == 1:
            x = x[:, 0]
        if x.ndim != 3 and not (x.ndim == 2 and layers is not None):
            notes.append("showers in memory are arrays (n, rows, columns), or (n, cells) with layers=")
            return None
        held = {"images": x} if x.ndim == 3 else {"showers": x, "incident_energies": x.sum(1)}
        part = read.parse(held, "array", None, layers, unit or "GeV")
        if len(part.cells) < len(x):
            raise DataError(f"array: {part.notes[1]}: leave those out")
        notes += part.notes
        return part.cells, cls.of_cells(part.cells, None, part, "array")

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        from gansmith.data.toys import ToyShowers

        toy = ToyShowers(layers=((2, 6), (4, 4)), depths=(0.0, 6.0, 20.0))
        made = cls.read(toy.sample(n, seed))
        rng = np.random.default_rng(seed)
        jets = rng.gamma(0.3, 20, (n, 6, 5)) * (rng.random((n, 6, 5)) < 0.4)
        jets[:, 3, 2] = 50
        images = {"one": jets[: n // 2].astype(np.float32), "two": jets[n // 2 :].astype(np.float32)}
        return [made, cls.read(images)]

    def read_options(self) -> dict:
        said = {"layers": str(self.layers)} if self.layout == "calochallenge" else {}
        return {**said, **({"unit": self.units[0]} if self.units == (self.units[0],) * 2 else {})}

    @classmethod
    def of_json(cls, fields: dict) -> Kind:
        form = super().of_json(fields)
        assert isinstance(form, Showers)
        numbers = form.shape[0] - form.layers.cells
        right = form.heights and len(form.heights) == len(form.widths) and min(*form.heights, *form.widths) > 0
        if not (right and numbers in (0, 1) and form.layout in read.ENERGY and form.names and form.quantiles):
            raise DataError("the form of showers is damaged: its layers do not fit its shape")
        if not (0 < form.threshold < form.top and len(form.response) == len(form.units) == 2):
            raise DataError("the form of showers is damaged: its energies make no sense")
        if any(unit not in read.GEV for unit in form.units) or form.response[0] > form.response[1]:
            raise DataError("the form of showers is damaged: its units or its response make no sense")
        return form

    # --- form --------------------------------------------------------------------------------------------------------
    @cached_property
    def layers(self) -> Layers:
        return Layers(self.heights, self.widths, self.layout == "calochallenge")

    @property
    def has_energy(self) -> bool:
        """Whether the first number of an item is the energy of the particle."""
        return self.shape[0] > self.layers.cells

    @cached_property
    def shapes(self) -> Shapes:
        return Shapes(self.layers, self.has_energy)

    def energies(self, items) -> np.ndarray:
        """(n,) energies in GeV that items (n, numbers) were asked for: of the particles, else of the showers."""
        items = np.asarray(items)
        return items[:, 0] if self.has_energy else items.sum(1)

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        layers = f"{len(self.heights)} layers, {self.layers}" if len(self.heights) > 1 else f"{self.layers} cells"
        low, high = self.quantiles[0], self.quantiles[-1]
        return (
            f"{count:,} showers of {layers}, {'of particles ' if self.has_energy else ''}of {low:.4g} … {high:.4g} GeV"
        )

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = f"{'energy, ' if self.has_energy else ''}cells of {self.layers}, in GeV"
        preflight.look_at_values(check, dataset)
        x = dataset.raw(np.sort(np.random.default_rng(0).permutation(len(dataset))[:5000]))
        shapes = self.shapes(x)
        of = lambda kind: shapes[:, self.shapes.where(kind)].mean(0)  # noqa: E731
        check.notes.append(f"cells that hold energy: {', '.join(f'{v:.1%}' for v in of('cells')[:8])} of each layer")
        if len(self.heights) > 1:
            check.notes.append(f"energy by layer: {', '.join(f'{v:.1%}' for v in of('share')[:8])}")
        if self.has_energy:
            mean, low, high = shapes[:, 0].mean(), *self.response
            check.notes.append(f"found in cells: {mean:.1%} of a particle's energy ({low:.1%} … {high:.1%})")
            if not 0.05 < mean < 2:
                which = " and ".join(dict.fromkeys(self.units))
                check.problems.append(
                    f"cells hold {mean:.3g} times the particle's energy: are these {which}? --unit GeV says that all "
                    "are GeV"
                )
        empty = int((x[:, int(self.has_energy) :].max(1) == 0).sum())
        if empty:
            check.problems.append(f"{empty} of {len(x):,} showers have no energy in any cell")
        spoken = [note for note in dataset.notes if " are left out" in note or " are set to 0" in note]
        check.notes = [note for note in check.notes if note not in spoken]
        if spoken and not check.odd:
            check.problems += spoken

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def log_top(self) -> float:
        """log(1 + top / threshold): what 1 in the networks stands for."""
        return float(np.log1p(self.top / self.threshold))

    def to_network(self, x: Tensor) -> Tensor:
        return torch.log1p(x.float() / self.threshold) * (2 / self.log_top) - 1

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to GeV; cells below the threshold are empty."""
        made = torch.expm1((x.detach().float() + 1) * (self.log_top / 2)) * self.threshold
        cells = made[:, int(self.has_energy) :]
        cells[cells < 0.999 * self.threshold] = 0
        return made.cpu().numpy()

    # --- showing and writing -----------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Every shower as its layers from left to right, on a logarithmic scale."""
        return self.sheet(np.asarray(items), columns=4 if len(self.heights) > 1 else 0)

    def sheet(self, numbers: np.ndarray, columns: int = 8) -> np.ndarray:
        from gansmith.data.preview import grid

        made = draw.drawn(numbers[:, int(self.has_energy) :], self.layers, self.threshold)
        return grid(made, min(columns, len(numbers)) or None, 4)

    def figures(self, real, fake) -> dict[str, np.ndarray]:
        first = int(self.has_energy)
        real, fake = np.asarray(real), np.asarray(fake)
        return {
            "mean shower, real above, made below": draw.average(
                real[:, first:], fake[:, first:], self.layers, self.threshold
            ),
            "shapes: made (bars), real (lines)": draw.profiles(self.shapes, real, fake),
        }

    def write(self, items, path: Path, labels=None) -> None:
        """As the data sets, in the units, that came in: .h5, .npz; or a sheet as .png."""
        if path.suffix == ".png":
            from gansmith.data.write import save_picture

            return save_picture(self.preview(items), path)
        return write.write(items, path, self, labels)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return self.shapes, LogCells(int(self.has_energy), self.threshold)

    def measures(self, real, fake) -> dict[str, float]:
        return measures(self.shapes, LogCells(int(self.has_energy), self.threshold), np.asarray(real), np.asarray(fake))

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        return in_words(values, floor)
