"""Cells of a grid: from a .binvox file or from a mesh, made coarser or finer, and which of them are occupied.

A grid is an array (X, Y, Z) whose last axis points up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

import numpy as np

MOST = 512**3  # cells of a grid
AT_ONCE = 2**21  # points of a surface
UPS = ("x", "y", "z")


def occupancy(x: np.ndarray) -> np.ndarray | None:
    """Numbers of at most two values (0 and 1, 0 and 255, False and True …) as uint8, 1 where occupied: the higher of
    the two, or all that is not 0. None: they are grey."""
    if x.dtype == bool:
        return x.astype(np.uint8)
    low, high = x.min(), x.max()
    if low == high:
        return np.full(x.shape, high > 0, np.uint8)
    made = x == high
    return made.astype(np.uint8) if bool((made | (x == low)).all()) else None


def values_of(x: np.ndarray) -> str:
    """What is said of the two values of `x` where they are not 0 and 1, as those of samples are."""
    low, high = x.min(), x.max()
    return "" if (low, high) in ((0, 1), (0, 0), (1, 1)) else f", {low:g} and {high:g}, which become 0 and 1"


def upright(x: np.ndarray, up: str) -> np.ndarray:
    """(…, X, Y, Z) turned so that the axis `up`, one of x, y and z, comes last: a rotation, which mirrors nothing."""
    if up == "y":  # (x, y, z) -> (x, −z, y)
        return np.flip(np.swapaxes(x, -1, -2), -2)
    return np.moveaxis(x, -3, -1) if up == "x" else x  # (x, y, z) -> (y, z, x)


def resized(x: np.ndarray, shape: tuple[int, ...], grey: bool = False) -> np.ndarray:
    """(X, Y, Z) on a grid of another `shape`, its proportions kept by empty cells around it.

    A coarser cell is occupied where any of its finer ones is, so that thin walls stay; grey cells are averaged. A finer
    cell is what the coarser one was.
    """
    if x.shape == tuple(shape):
        return x
    scale = max(old / new for old, new in zip(x.shape, shape))
    for axis, new in enumerate(shape):
        missing = max(0, round(scale * new) - x.shape[axis])
        around = [(0, 0)] * 3
        around[axis] = (missing // 2, missing - missing // 2)
        x = np.pad(x, around, constant_values=x.min() if grey else 0)
        starts = np.arange(new) * x.shape[axis] // new
        if x.shape[axis] <= new:
            x = np.take(x, starts, axis)
        elif grey:
            sizes = np.diff([*starts, x.shape[axis]])
            x = np.add.reduceat(x, starts, axis) / sizes.reshape([-1 if a == axis else 1 for a in range(3)])
        else:
            x = np.maximum.reduceat(x, starts, axis)
    return x


def coarse(x: np.ndarray, most: int) -> np.ndarray:
    """Occupied cells (n, X, Y, Z) with no side above `most`, as `resized` does."""
    by = -(-max(x.shape[1:]) // most)
    for axis in (1, 2, 3) if by > 1 else ():
        x = np.maximum.reduceat(x, np.arange(0, x.shape[axis], by), axis)
    return x


# --- .binvox ---------------------------------------------------------------------------------------------------------
def read_binvox(content: bytes) -> np.ndarray:
    """The cells uint8 (x, y, z) of a .binvox file (https://www.patrickmin.com/binvox/binvox.html): pairs of bytes,
    value and count, along y, then z, then x. ValueError for what is none, or is damaged."""
    head = re.match(rb"#binvox 1\s(?:.*\n)*?data\r?\n", content[:2000])
    dims = head and re.search(rb"^dim (\d+) (\d+) (\d+)\s*$", head[0], re.MULTILINE)
    if not head or not dims:
        raise ValueError("no .binvox file: its header has no '#binvox 1', 'dim' and 'data'")
    shape = tuple(int(side) for side in dims.groups())
    if not 0 < prod(shape) <= MOST:
        raise ValueError(f"its header says {' x '.join(map(str, shape))} cells")
    runs = np.frombuffer(content[head.end() :], np.uint8)
    values, counts = runs[: len(runs) // 2 * 2].reshape(-1, 2).T
    there = int(counts.sum(dtype=np.int64))
    if there != prod(shape):
        raise ValueError(f"cut short or damaged: {there:,} of {prod(shape):,} cells are there")
    x, z, y = shape
    return (np.repeat(values, counts).reshape(x, z, y).transpose(0, 2, 1) > 0).astype(np.uint8)


# --- meshes ----------------------------------------------------------------------------------------------------------
def voxelised(vertices: np.ndarray, faces: np.ndarray, size: int) -> np.ndarray:
    """The surface of triangles as cells uint8 (size, size, size), its longest side as long as the grid and its middle
    in the middle. ValueError for one without extent."""
    corners = vertices[faces].astype(np.float64)
    low, high = corners.min((0, 1)), corners.max((0, 1))
    with np.errstate(over="ignore"):
        longest = float((high - low).max())
    if not 0 < longest < np.inf:
        raise ValueError(
            "its points are all one" if longest == 0 else "its points lie farther apart than numbers reach"
        )
    corners = (corners - (low + high) / 2) * ((size - 1) / longest) + (size - 1) / 2
    made = np.zeros((size,) * 3, np.uint8)
    for points in strewn(corners, 0.5):
        made[tuple(np.rint(points).astype(int).clip(0, size - 1).T)] = 1
    return made


def strewn(corners: np.ndarray, apart: float) -> Iterator[np.ndarray]:
    """Points (n, 3) on triangles (f, 3, 3) that are at most so far from each other, in parts."""
    edges = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    steps = 2 ** np.ceil(np.log2(np.maximum(edges / apart, 1))).astype(int)  # along an edge; few numbers of them
    for count in np.unique(steps):
        i, j = (part.ravel() for part in np.mgrid[: count + 1, : count + 1])
        inside = i + j <= count
        shares = np.stack([i, j, count - i - j], 1)[inside] / count  # barycentric
        mine = corners[steps == count]
        for part in np.array_split(mine, -(-len(mine) * len(shares) // AT_ONCE)):
            yield (shares @ part).reshape(-1, 3)


def filled(x: np.ndarray) -> np.ndarray:
    """A closed surface of cells with its inside."""
    from scipy.ndimage import binary_fill_holes

    return binary_fill_holes(x).astype(np.uint8)
