"""Files of volumes -> one array (n, 1, X, Y, Z), z upwards: what was done to them, what is left out and why."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from gansmith.atomic import replacing
from gansmith.data import cache as caching
from gansmith.data.kinds.volumes.cells import (
    UPS,
    filled,
    occupancy,
    read_binvox,
    resized,
    upright,
    values_of,
    voxelised,
)
from gansmith.data.labels import choose, evenly, few
from gansmith.data.sources import Files, files_in, one_file
from gansmith.distributed.track import track
from gansmith.errors import DataError
from gansmith.names import ending

# ending -> the axis that points up in such files, as their programs have it
MESHES = {".stl": "z", ".obj": "y", ".ply": "z", ".off": "z", ".glb": "y"}
GRIDS = {".binvox": "y", ".npy": "z", ".npz": "z"}
UP = MESHES | GRIDS
USUAL, LEAST, LARGEST = 32, 4, 256  # cells along a side of the grid: unless it is given, at least, at most
APART = 10  # times as large as most, or of FEW as another: other units
FEW = 5
POLICY = 3  # raise when the same files would now give other cells: old cache entries are then not found


@dataclass
class Read:
    """What was made of files: by position, the cells, or for meshes only then filled; and what is odd of them."""

    grids: dict[int, np.ndarray] = field(default_factory=dict)
    closed: dict[int, bool] = field(default_factory=dict)  # of meshes
    longest: dict[int, float] = field(default_factory=dict)  # of meshes: the longest side, in their units
    bad: dict[int, str] = field(default_factory=dict)
    values: Counter = field(default_factory=Counter)  # of grids of two values, what is said of them


# --- options ---------------------------------------------------------------------------------------------------------
def as_shape(size) -> tuple[int, int, int] | None:
    """(X, Y, Z) from one number or three."""
    if size is None:
        return None
    sides = (size,) * 3 if isinstance(size, int) else tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(sides) != 3 or not all(type(side) is int and LEAST <= side <= LARGEST for side in sides):
        raise DataError(
            f"size={size}: of volumes give the cells along each side, {LEAST} to {LARGEST}: {USUAL}, or 32x32x64"
        )
    return sides


def one_of(name: str, value, choices: tuple[str, ...]) -> str | None:
    if value is not None and value not in choices:
        raise DataError(f"{name}={value}: of volumes give {' or '.join(choices)}")
    return value


# --- reading ---------------------------------------------------------------------------------------------------------
def read(data, labels, limit, size, up, inside, cache) -> tuple[np.ndarray, np.ndarray | None, bool, float, dict]:
    """(cells uint8 or grey float32 (n, 1, X, Y, Z), labels or None, whether they are grey, edge of a cell in the units
    of the files, what else a Dataset is told) of the files at a path."""
    shape = as_shape(size)
    up, inside = one_of("up", up, UPS), one_of("inside", inside, ("solid", "hollow"))
    files = listed(data)
    label, classes = choose(labels, files.label, files.classes, len(files), files.name)
    files.label = label
    notes = list(files.notes)
    if limit is not None and limit < len(files):
        notes.append(f"{limit} of {len(files)} volumes taken, evenly spaced (limit={limit})")
        files = files.take(evenly(len(files), limit))
    x, about = kept(files, shape, up, inside, cache)
    good, bad = about["good"], about["bad"]
    label = None if files.label is None else files.label[good]
    left = [f"{len(bad)} left out: " + few([f"{name} ({why})" for name, why in sorted(bad.items())], 20)] if bad else []
    return x, label, about["grey"], about["pitch"], {
        "classes": classes, "name": files.name, "notes": [*left, *notes, *about["notes"]], "left_out": bad,
        "files": tuple(files.files[i] for i in good), "odd": about["odd"],
        "digest": caching.digest(x, label if label is not None else ""),
    }  # fmt: skip


def listed(data) -> Files:
    """The files of volumes in a folder or zip, or the one file; of a shape that has a grid and a mesh, the grid."""
    path = Path(data).expanduser()
    files = files_in(path, UP, "volumes") or one_file(path)
    stems = {str(PurePosixPath(name).with_suffix("")) for name in files.files if ending(name) in GRIDS}
    twice = [ending(n) in MESHES and str(PurePosixPath(n).with_suffix("")) in stems for n in files.files]
    if any(twice):
        files = files.take(np.flatnonzero(~np.array(twice)))
        files.notes = [*files.notes, f"{sum(twice)} shapes have a mesh and a grid of one name: the grids are taken"]
    return files


def kept(files: Files, shape, up, inside, cache) -> tuple[np.ndarray, dict]:
    """`together` of the files, from the cache or into it."""
    if not files.stamp:
        return together(files, shape, up, inside)
    key = caching.digest(POLICY, files.stamp, shape, up, inside)
    entry = caching.folder(cache) / "volumes" / f"{key}.npz"
    try:
        with np.load(entry, allow_pickle=False) as file:
            return file["x"], json.loads(str(file["about"]))
    except (OSError, ValueError, KeyError, EOFError):
        x, about = together(files, shape, up, inside)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with replacing(entry) as beside, open(beside, "wb") as out:
            np.savez_compressed(out, x=x, about=np.array(json.dumps(about)))
    except OSError:
        pass  # a full or read-only disk costs time only
    return x, about


def together(files: Files, shape, up, inside) -> tuple[np.ndarray, dict]:
    """The cells of all files that can be read, on one grid, and what was found: good, bad, grey, pitch, notes, odd."""
    found = Read()
    kinds = {i: ending(name) for i, name in enumerate(files.files)}
    for i in track([i for i, kind in kinds.items() if kind in GRIDS], "reading volumes"):
        attempt(found, i, lambda i: upright(grid(files, i), up or UP[kinds[i]]))
    notes, grey = [], of_one_kind(found)
    sizes = Counter(x.shape for x in found.grids.values())
    common = shape or (sizes.most_common(1)[0][0] if sizes else (USUAL,) * 3)
    common = tuple(min(side, LARGEST) for side in common)
    meshes = [i for i, kind in kinds.items() if kind in MESHES]
    for i in track(meshes, "turning meshes into cells"):
        if grey:
            found.bad[i] = "a mesh among grey volumes"
            continue
        attempt(found, i, lambda i: upright(surface(found, files, i, max(common)), up or UP[kinds[i]]))
    notes += told(found, files, common, inside, {up or UP[kinds[i]] for i in found.grids}, grey)
    solid = inside == "solid" or (inside is None and bool(found.closed) and all(found.closed.values()))
    if solid:
        for i, closed in found.closed.items():
            if closed:
                found.grids[i] = filled(found.grids[i])
            else:
                del found.grids[i]
                found.bad[i] = "its surface has holes, so that it has no inside (inside=hollow takes it)"
    good = sorted(found.grids)
    enough(len(good), found, files)
    x = np.stack([resized(found.grids[i], common, grey) for i in good])[:, None]
    median = float(np.median(list(found.longest.values()))) if found.longest else 0.0
    return x.astype(np.float32 if grey else np.uint8), {
        "good": good, "bad": {files.files[i]: why for i, why in sorted(found.bad.items())}, "grey": grey,
        "pitch": median / (max(common) - 1) if median else 1.0, "notes": notes, "odd": odd(found, files, median),
    }  # fmt: skip


def attempt(found: Read, i: int, make) -> None:
    """Put what `make` makes of file `i` to the grids, or why it cannot be read."""
    try:
        found.grids[i] = make(i)
    except (MemoryError, DataError):
        raise
    except Exception as problem:  # a file from outside: trimesh and NumPy raise whatever its bytes lead to
        found.bad[i] = " ".join(str(problem).split())[:160] or type(problem).__name__


def of_one_kind(found: Read) -> bool:
    """Whether there are grey volumes; if not, all become cells that are occupied or not. Empty ones are taken out."""
    cells = {i: occupancy(x) for i, x in found.grids.items()}
    found.values = Counter(values_of(x) for i, x in found.grids.items() if cells[i] is not None)
    for i, x in list(found.grids.items()):
        if x.min() == x.max():
            found.bad[i] = "empty: no cell is occupied" if not x.any() else f"every cell is {x.flat[0]:g}"
            del found.grids[i]
    if any(cells[i] is None for i in found.grids):
        return True
    found.grids = {i: x for i, x in cells.items() if i in found.grids and x is not None}
    return False


def grid(files: Files, i: int) -> np.ndarray:
    """The numbers (X, Y, Z) of a .binvox, .npy or .npz file."""
    with files.open(i) as file:
        content = file.read()
    if ending(files.files[i]) == ".binvox":
        return read_binvox(content)
    try:
        held = np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError as problem:
        raise ValueError(
            "it holds Python objects, not numbers" if "allow_pickle" in str(problem) else problem
        ) from None
    x = held if isinstance(held, np.ndarray) else held[held.files[0]]
    x = x[0] if x.ndim == 4 and len(x) == 1 else x[..., 0] if x.ndim == 4 and x.shape[-1] == 1 else x
    if x.ndim != 3 or min(x.shape) < 2 or x.dtype.kind not in "buif":
        raise ValueError(f"no volume: {x.dtype} of shape {x.shape}")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        place = np.argwhere(~np.isfinite(x))[0].tolist()
        raise ValueError(f"{x[tuple(place)]} at cell {place}")
    return x


def surface(found: Read, files: Files, i: int, size: int) -> np.ndarray:
    """The surface of a mesh file in cells; whether it is closed and how long it is go to `found`."""
    trimesh = library()
    kind = ending(files.files[i])[1:]
    with files.open(i) as file:
        content = io.BytesIO(file.read())
    try:
        with np.errstate(all="ignore"):  # corners beyond all numbers, which are refused below
            mesh = trimesh.load(content, file_type=kind, force="mesh", skip_materials=True)
    except Exception:  # a file from outside: whatever its bytes lead to
        raise ValueError(f"no .{kind} file that can be read: cut short, or something else inside") from None
    vertices, faces = np.asarray(getattr(mesh, "vertices", ())), np.asarray(getattr(mesh, "faces", ()))
    if not len(faces):
        raise ValueError("points alone, no triangles" if len(vertices) else "empty: no triangles in it")
    if not np.isfinite(vertices[faces]).all():
        raise ValueError("a corner of it is no number")
    made = voxelised(vertices, faces, size)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)  # seams of textures are no holes
    found.closed[i], found.longest[i] = bool(mesh.is_watertight), float(np.ptp(vertices[faces], (0, 1)).max())
    return made


def library():
    try:
        import trimesh
    except ImportError:
        raise DataError("meshes are read by trimesh: pip install 'gansmith[volumes]'") from None
    return trimesh


def enough(count: int, found: Read, files: Files, least: int = 2) -> None:
    if count >= least:
        return
    why = f"; {few([f'{files.files[i]}: {text}' for i, text in sorted(found.bad.items())], 3)}" if found.bad else ""
    said = "one volume only" if count else f"none of {len(files)} volumes can be read"
    raise DataError(f"{files.name}: {said}{why}. Name at least 2 readable volumes (hundreds, to learn from)")


# --- saying ----------------------------------------------------------------------------------------------------------
def told(found: Read, files: Files, common, inside, ups: set[str], grey: bool) -> list[str]:
    """What was done to the files that were taken, one line each."""
    wide = " x ".join(map(str, common))
    notes = [
        f"the axis that points up in the files, {' or '.join(sorted(ups))}, comes last (up=x, y or z says another)"
    ]
    if not grey:
        notes += [f"{n} grids of two values{what}" for what, n in found.values.items() if what]
    others = [i for i, x in found.grids.items() if i not in found.closed and x.shape != common]
    if others:
        names = few([f"{files.files[i]} ({' x '.join(map(str, found.grids[i].shape))})" for i in others])
        notes.append(f"{len(others)} of another size brought to {wide} cells (size=N for another): {names}")
    if not found.closed:
        return notes
    low, high = (f"{found.longest[i]:.3g} ({files.files[i]})" for i in extremes(found.longest))
    notes.append(
        f"{len(found.closed)} meshes, {low} to {high} long in their units: each fills {wide} cells by itself "
        "(size=N for another), so that how large one is beside another is not learned"
    )
    holes = [files.files[i] for i, closed in found.closed.items() if not closed]
    if not holes:
        notes.append(f"closed surfaces: {'hollow, as asked' if inside == 'hollow' else 'solid, filled inside'}")
    elif inside != "solid":
        notes.append(
            f"{len(holes)} of {len(found.closed)} meshes {'has' if len(holes) == 1 else 'have'} holes, so all stay "
            f"hollow, as surfaces (inside=solid fills the others and leaves these out): {few(holes)}"
        )
    return notes


def odd(found: Read, files: Files, median: float) -> dict[str, list[str]]:
    longest = {i: size for i, size in found.longest.items() if i in found.grids}
    far = [i for i, size in longest.items() if not median / APART <= size <= median * APART]
    what = f"more than {APART} times longer or shorter than most ({median:.3g}): in other units?"
    if 1 < len(longest) < FEW:
        low, high = extremes(longest)
        far = [low, high] if longest[high] > APART * longest[low] else []
        what = f"meshes, one of them more than {APART} times as long as the other: in other units?"
    return {what: [f"{files.files[i]} ({longest[i]:.3g})" for i in far]} if far else {}


def extremes(longest: dict[int, float]) -> tuple[int, int]:
    """The shortest and the longest."""
    return min(longest, key=longest.__getitem__), max(longest, key=longest.__getitem__)
