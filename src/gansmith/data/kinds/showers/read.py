"""Showers out of HDF5, .npz and dictionaries of arrays: which layout it is, in what units, and what is left out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.kinds.showers.layers import CHALLENGE, Layers, layers_of, read_layers
from gansmith.data.labels import evenly, few
from gansmith.data.npz import LABELS, check_sizes, load_numpy
from gansmith.data.sources import Files, files_in
from gansmith.errors import DataError

ENDINGS = (".h5", ".hdf5", ".hdf")
GEV = {"GeV": 1.0, "MeV": 1e-3, "keV": 1e-6, "TeV": 1e3}
UNITS = {"calogan": ("MeV", "GeV"), "calochallenge": ("MeV", "MeV"), "images": ("GeV", "GeV")}  # of cells, of energies
ENERGY = {"calogan": "energy", "calochallenge": "incident_energies", "images": "energy"}
LAYOUTS = (
    "energy with layer_0, layer_1 … (CaloGAN), incident_energies with showers (CaloChallenge), or images (n, rows, "
    "columns)"
)
NOISE = 0.01  # share of the cells of images that may be negative
LARGE, RATIO = 2**30, 1000  # bytes of a data set above which it may not be packed more tightly than this


@dataclass
class Part:
    """Showers of one file: cells (n, cells) and energies (n,) in GeV, float32; the energies may be missing."""

    cells: np.ndarray
    energy: np.ndarray | None
    layers: Layers
    layout: str
    names: tuple[str, ...]  # of the data sets that hold cells
    units: tuple[str, str]  # of cells and of energies, in the file
    label: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)


def is_ours(held: Mapping, named: bool) -> bool:
    """Whether a dictionary of arrays, or the open .npz, is certainly one of showers or of images, which are sparse
    unless they are `named` showers."""
    names = set(held)
    if {"showers", "incident_energies"} <= names or {"energy", "layer_0"} <= names:
        return True
    found = [np.asarray(held[name]) for name in names - {*LABELS}]
    pictures = len(found) > 1 and all(x.ndim == 3 and x.dtype.kind == "f" and x.size for x in found)
    alike = pictures and len({x.shape[1:] for x in found}) == 1
    return alike and (named or all(sparse(x[:100]) for x in found))


def sparse(x: np.ndarray) -> bool:
    """Whether cells are mostly empty and hold energies, but for a few that are no number or below 0."""
    x = x[np.isfinite(x)]
    return x.size > 0 and bool((x == 0).mean() > 0.5 and (x < 0).mean() < NOISE)


def is_npz_of_ours(path: Path, named: bool) -> bool:
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as file:
            names = {entry.filename.removesuffix(".npy") for entry in file.infolist()}
            if "images" in names or "x" in names or len(names) < 2 or any(e.file_size > LARGE for e in file.infolist()):
                return False
        with np.load(path, allow_pickle=False) as held:
            return is_ours(held, named)
    except Exception:  # a file from outside; what is wrong is said when it is read
        return False


def read_parts(data, limit, layers, unit) -> tuple[list[Part], str, dict[str, str], Files | None]:
    """(the showers of each file, the name of it all, file -> why it is left out, the files)."""
    if isinstance(data, Mapping):
        return [parse(data, "showers", limit, layers, unit)], "showers", {}, None
    path = Path(data)
    if path.suffix.lower() == ".npz":
        with load_numpy(path) as held:
            check_sizes(path, held)
            return [parse(held, str(path), limit, layers, unit)], str(path), {}, None
    files = None if path.is_file() and path.suffix.lower() != ".zip" else files_in(path, ENDINGS, "HDF5 files")
    if files is None:
        with hdf5(path, str(path)) as held:
            return [parse(held, str(path), limit, layers, unit)], str(path), {}, None
    found: list[Part] = []
    left: dict[str, str] = {}
    each = None if limit is None else -(-limit // len(files))
    for i, name in enumerate(files.files):
        try:
            with files.open(i) as file, hdf5(file, name) as held:
                part = parse(held, name, each, layers, unit)
            if found and (part.layers, part.layout) != (found[0].layers, found[0].layout):
                raise DataError(f"{name} has layers {part.layers}, where others have {found[0].layers}")
            if files.label is not None:
                part.label = np.full(len(part.cells), files.label[i])
            found.append(part)
        except (DataError, OSError) as problem:
            left[name] = str(problem).removeprefix(f"{name} ").removeprefix(f"{name}: ")
    if not found:
        raise DataError(
            f"{path}: none of {len(files)} HDF5 files holds showers. {few([f'{a}: {b}' for a, b in left.items()], 1)}"
        )
    return found, files.name, left, files


@contextmanager
def hdf5(file, name: str):
    """The top of an HDF5 file, as a dictionary of data sets; DataError that names it where it cannot be read."""
    try:
        import h5py
    except ImportError:
        raise DataError(f"reading {name} needs h5py: pip install 'gansmith[hep]'") from None
    opened = None
    try:
        opened = h5py.File(file, "r")
        kept, there = arrays_at_top(h5py, opened), [*opened]
    except Exception as problem:  # a file from outside: HDF5 raises whatever its bytes lead to
        if opened:
            opened.close()
        reason = " ".join(str(problem).split())[:160]
        if "file signature not found" in reason:
            raise DataError(f"{name} is no HDF5 file, whatever its name says") from None
        if "truncated file" in reason:
            raise DataError(f"{name} is cut short: fetch or write it again") from None
        raise DataError(f"{name} cannot be read as HDF5 ({reason[:120]}): write the file again") from None
    with opened:
        if not kept:
            groups = few(there, 8) or "nothing"
            raise DataError(f"{name} has no arrays at its top, but {groups}: {LAYOUTS} are expected")
        yield kept


def arrays_at_top(h5py, opened) -> dict:
    """The data sets of an open file by name, each with a shape and a type, none with numbers in other files."""
    kept = {}
    for key in opened:
        link = opened.get(key, getlink=True)
        there = opened.get(key) if isinstance(link, h5py.HardLink) else None
        if isinstance(there, h5py.Dataset) and not (there.is_virtual or there.external):
            assert there.shape is not None and there.dtype is not None, f"{key} is damaged"
            kept[key] = there
    return kept


def parse(held: Mapping, name: str, limit, layers, unit) -> Part:
    """The showers in a dictionary of arrays, in GeV; DataError that names the file and what was found in it."""
    names = list(held)
    wanted = sorted((key for key in names if key.startswith("layer_") and key[6:].isdigit()), key=lambda k: int(k[6:]))
    shapes = ", ".join(f"{key} {tuple(held[key].shape)}" for key in names[:8])
    if "showers" in names:
        layout, wanted = "calochallenge", ["showers"]
    elif wanted:
        layout = "calogan"
    else:
        layout = "images"
        wanted = [k for k in names if len(held[k].shape) == 3 or (len(held[k].shape) == 4 and held[k].shape[3] == 1)]
        if not wanted or len({tuple(held[k].shape[1:3]) for k in wanted}) > 1:
            raise DataError(f"{name} holds no showers: {LAYOUTS} are expected, and it has {shapes}")
    key = next((k for k in (ENERGY[layout], "incident_energies", "energies") if k in names), None)
    unused = [k for k in names if k not in (*wanted, key, *LABELS)]
    if key is None and layout != "images":
        raise DataError(f"{name} has no {ENERGY[layout]}, the energy of each particle, but {shapes}")
    unit = known_unit(unit)
    of_cells, of_energies = (unit, unit) if unit else UNITS[layout]
    notes = [f"cells in {of_cells}" + (f", energies of particles in {of_energies}" if key else "")]
    if layout == "images" and not unit:
        notes[0] += ": the file does not say; --unit MeV if it is another"
    if unused:
        notes.append(f"passed over: {few([f'{k} {tuple(held[k].shape)}' for k in unused], 8)}")
    if layout == "calogan" and (gaps := sorted({*range(int(wanted[-1][6:]))} - {int(k[6:]) for k in wanted})):
        notes.append(f"{name} has no {few([f'layer_{k}' for k in gaps])}, though it has {wanted[-1]}")
    rows = None
    many = layout == "images" and len(wanted) > 1  # a data set for each class
    counts = [len(held[k]) for k in ([*wanted] if many else [*wanted, *([key] if key else [])])]
    if not many and len(set(counts)) > 1:
        raise DataError(
            f"{name}: {', '.join(f'{k} has {n} items' for k, n in zip([*wanted, key], counts))}: give as many of each"
        )
    if not min(counts):
        raise DataError(f"{name} holds no showers: its arrays are empty ({shapes})")
    if limit is not None and limit < sum(counts[: len(wanted)] if many else counts[:1]):
        share = -(-limit // len(wanted)) if many else limit
        rows = [evenly(n, min(n, share)) for n in counts]
        notes.append(f"{limit} of {sum(counts) if many else counts[0]} showers taken, evenly spaced (limit={limit})")
    arrays = [take(held[k], f"{name}: {k}", rows[i] if rows else None) for i, k in enumerate(wanted)]
    if layout == "calogan" and (odd := next((x for x in arrays if x.ndim != 3), None)) is not None:
        raise DataError(
            f"{name}: a layer has the shape {odd.shape}, where (n, rows, columns) is expected; it has {shapes}"
        )
    arrays = [x[..., 0] if x.ndim == 4 else x for x in arrays]
    form = _geometry(arrays, layout, layers, name)
    label, classes = None, ()
    if many:
        label, classes = np.repeat(np.arange(len(wanted)), [len(x) for x in arrays]), tuple(wanted)
        cells = np.concatenate(arrays).reshape(len(label), -1)
    else:
        cells = np.concatenate([x.reshape(len(x), -1) for x in arrays], 1)
        there = next((k for k in LABELS if k in names and len(held[k].shape) == 1), None)
        label = None if there is None else np.asarray(held[there])[rows[0] if rows else slice(None)]
        label = label.astype(str) if label is not None and label.dtype.kind in "SO" else label
    energy = None
    if key and not many:
        energy = take(held[key], f"{name}: {key}", rows[0] if rows else None)
        if energy.size != len(cells):
            raise DataError(f"{name}: {key} has the shape {energy.shape}, where one energy a shower is expected")
        energy = energy.reshape(-1) * np.float32(GEV[of_energies])
    part = Part(cells, energy, form, layout, tuple(wanted), (of_cells, of_energies), label, classes, notes)
    return cleaned(part, name)


def known_unit(unit) -> str | None:
    """A name in GEV, however its letters are spelt, where that leaves no doubt."""
    alike = [name for name in GEV if name.lower() == str(unit).lower()]
    if unit is None or alike:
        return alike[0] if alike else None
    raise DataError(f"unit={unit!r}: energies are in {', '.join(GEV)}")


def take(values: Any, name: str, rows=None) -> np.ndarray:
    """A data set, or these rows of it, as float32; DataError where it is no array of numbers or made to fill memory."""
    if values.dtype.kind not in "fiu" or not values.shape:
        raise DataError(f"{name} holds {values.dtype} of shape {values.shape}, where an array of numbers is expected")
    if hasattr(values, "id") and values.nbytes > max(LARGE, RATIO * values.id.get_storage_size()):
        raise DataError(f"{name} holds {values.id.get_storage_size():,} bytes that would become {values.nbytes:,}")
    try:
        with np.errstate(over="ignore"):
            return np.asarray(values[...] if rows is None else values[rows], np.float32)
    except MemoryError:
        raise
    except Exception as problem:  # a file from outside: HDF5 raises whatever its bytes lead to
        reason = " ".join(str(problem).split())[:120]
        raise DataError(f"{name} cannot be read ({reason}): write the file again") from None


def _geometry(arrays: list[np.ndarray], layout: str, layers, name: str) -> Layers:
    if layout != "calochallenge":
        held = layers_of([x.shape[1:3] for x in (arrays[:1] if layout == "images" else arrays)])
        if layers is not None and read_layers(layers) != held:
            raise DataError(f"{name} has layers {held}, and --layers says {read_layers(layers)}: leave it out")
        return held
    cells = arrays[0][0].size if len(arrays[0]) else 0
    found = read_layers(CHALLENGE.get(cells, ()) if layers is None and cells in CHALLENGE else layers or "1x1", True)
    if layers is None and cells not in CHALLENGE:
        raise DataError(
            f"{name} has showers of {cells} voxels: say --layers ANGLESxRADII of each layer, such as 45*16x9, or "
            "--layers binning.xml"
        )
    if found.cells != cells:
        raise DataError(f"{name} has showers of {cells} voxels, and layers {found} have {found.cells}")
    return found


def cleaned(part: Part, name: str) -> Part:
    """Without showers that are no showers, and with negative cells at 0; notes say how many."""
    cells, energy = part.cells * np.float32(GEV[part.units[0]]), part.energy
    right = np.isfinite(cells).all(1)
    out = {"showers with cells that are NaN, or more than float32 can hold": ~right}
    if energy is not None:
        with np.errstate(invalid="ignore"):
            out["particles whose energy is no number above 0"] = right & ~(np.isfinite(energy) & (energy > 0))
    for what, which in out.items():
        if which.any():
            places = np.flatnonzero(which)
            part.odd[f"{what} (left out)"] = [f"item {i} of {name}" for i in places]
            part.notes.append(f"{len(places)} {what} in {name} are left out, the first is item {places[0]}")
    keep = ~np.any(list(out.values()), 0)
    cells = cells[keep]
    below = cells < 0
    if below.any():
        least = float(cells.min())
        cells = np.where(below, 0, cells)
        hit = int(below.any(1).sum())
        what = (
            f"{int(below.sum()):,} negative cells in {hit:,} showers of {name} are set to 0 (down to {least:.3g} GeV)"
        )
        part.odd["showers with negative cells (set to 0)"] = [
            f"item {i} of {name}" for i in np.flatnonzero(keep)[below.any(1)]
        ]
        part.notes.append(what)
    part.cells, part.energy = cells, None if energy is None else energy[keep]
    part.label = None if part.label is None else part.label[keep]
    if len(cells) == 0:
        raise DataError(
            f"{name} holds no shower that can be used: {'; '.join(part.notes[1:]) or 'its arrays are empty'}"
        )
    return part
