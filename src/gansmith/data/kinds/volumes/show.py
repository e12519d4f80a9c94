"""Shapes as shaded pictures, as something to turn on a page, and as meshes."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.kinds.volumes.cells import coarse
from gansmith.errors import DataError

TALL, FINE = 96, 2  # pixels of a picture, and rays along each
DRAWN = 64  # cells along a side that are drawn, at most
BLUE = np.array([104, 164, 228])
LIGHT = np.array([0.78, 0.55, 1.0])  # of faces that look along x, y and z
FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])


# --- pictures --------------------------------------------------------------------------------------------------------
def isometric(x: np.ndarray) -> np.ndarray:
    """Occupied cells (n, X, Y, Z) seen from the corner at high x, low y and high z: uint8 (n, 3, TALL, TALL).

    Rays go through the grid; the first occupied cell that one meets is seen, as bright as the side through which the
    ray came in, and a little darker where it is farther away.
    """
    x = coarse(x, DRAWN)
    index, light = rays(x.shape[1:])
    made = np.full((len(x), TALL * FINE, TALL * FINE, 3), 255.0, np.float32)
    pixel = np.arange(len(index))
    for picture, shape in zip(made, x):
        cells = np.append(shape.ravel(), 0).astype(bool)[index]
        first = cells.argmax(1)
        seen = cells[pixel, first]
        picture.reshape(-1, 3)[seen] = light[pixel, first][seen, None] * BLUE
    small = made.reshape(len(x), TALL, FINE, TALL, FINE, 3).mean((2, 4))
    return small.round().astype(np.uint8).transpose(0, 3, 1, 2)


@lru_cache(maxsize=2)
def rays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel, row by row, and each place along its ray: the cell there (the last number is outside), and how
    bright the face is through which the ray came."""
    away = np.array([1.0, -1.0, 1.0]) / 3**0.5  # from the middle of the grid to the eye
    right = np.array([1.0, 1.0, 0.0]) / 2**0.5
    above = np.cross(away, right) * np.sign(np.cross(away, right)[2])
    sides, radius = np.array(shape), np.linalg.norm(shape) / 2
    wide = max(np.abs(axis) @ sides for axis in (right, above)) / 2
    across = np.linspace(-wide, wide, TALL * FINE)
    start = (across[::-1, None, None] * above + across[None, :, None] * right + sides / 2 + radius * away).reshape(
        -1, 3
    )
    crossed = [(start[:, axis, None] - np.arange(sides[axis] + 1)) / away[axis] for axis in range(3)]
    which = np.repeat(np.arange(3), sides + 1)
    along = np.concatenate(crossed, 1)  # how far along its ray each pixel crosses each plane between cells
    order = along.argsort(1)
    along = np.take_along_axis(along, order, 1)
    middle = along + np.diff(along, append=along[:, -1:]) / 2  # of the cell behind each of them
    at = np.floor(start[:, None] - middle[:, :, None] * away)
    outside = ((at < 0) | (at >= sides)).any(2)
    x, y, z = at.transpose(2, 0, 1).astype(np.int32)
    index = np.where(outside, np.prod(shape), (x * shape[1] + y) * shape[2] + z).astype(np.int32)
    far = 1 - 0.25 * along / (2 * radius)
    return index, (LIGHT[which[order]] * far).astype(np.float32)


# --- a page ----------------------------------------------------------------------------------------------------------
def viewer(x: np.ndarray) -> bytes:
    """A page of its own, without network, on which these occupied cells (n, X, Y, Z) are turned by hand, one at a
    time."""
    x = coarse(x, DRAWN)
    shapes = [base64.b64encode(np.packbits(shape.ravel() > 0).tobytes()).decode() for shape in x]
    page = (Path(__file__).parent / "viewer.html").read_text(encoding="utf-8")
    return page.replace('"SHAPES"', json.dumps({"size": x.shape[1:], "cells": shapes})).encode()


# --- meshes ----------------------------------------------------------------------------------------------------------
def triangles(item: np.ndarray, level: float, pitch: float = 1.0) -> np.ndarray:
    """The surface of a volume (X, Y, Z) at `level` as triangles float32 (n, 3, 3), closed, seen from outside counter-
    clockwise, cells `pitch` long; none of an empty volume."""
    try:
        from skimage.measure import marching_cubes
    except ImportError:
        raise DataError("surfaces are made by scikit-image: pip install 'gansmith[volumes]'") from None
    around = np.pad(item.astype(np.float32), 1, constant_values=min(float(item.min()), 2 * level - float(item.max())))
    if not around.max() > level:
        return np.zeros((0, 3, 3), np.float32)
    # Just below the middle of 0 and 1: there, cells that touch along an edge alone leave holes in these surfaces.
    corners, faces, _, _ = marching_cubes(around, level - 1e-3 * float(around.max() - around.min()))
    return ((corners[faces[:, ::-1]] - 0.5) * pitch).astype(
        np.float32
    )  # the middle of the first cell is at half a cell


def write_stl(parts: np.ndarray, path: Path) -> None:
    """Triangles (n, 3, 3) as a binary .stl."""
    facets = np.zeros(len(parts), FACET)
    facets["corners"] = parts
    normal = np.cross(parts[:, 1] - parts[:, 0], parts[:, 2] - parts[:, 0])
    facets["normal"] = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    with replacing(path) as beside:
        beside.write_bytes(b"gansmith".ljust(80) + np.uint32(len(parts)).tobytes() + facets.tobytes())
