"""A picture of any size through a network that was made for one size: in tiles that overlap, without a seam."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

OVERLAP = 0.25  # of a tile's side, over which neighbours fade into each other
AT_ONCE = 16  # tiles in memory


def in_tiles(
    make: Callable[[np.ndarray], np.ndarray], picture: np.ndarray, tile: tuple[int, int], scale: int = 1
) -> np.ndarray:
    """What `make` makes of a picture uint8 (C, H, W), `scale` times as large as that.

    make  pictures (n, C, *tile) -> uint8 (n, c, …), `scale` times as large as `tile`; it sees AT_ONCE at a time
    Where two tiles overlap each counts the more the further a pixel of the picture is from its edge. A picture smaller
    than a tile is mirrored at its edges.
    """
    size = picture.shape[1:]
    whole = np.pad(picture, [(0, 0), *((0, max(0, t - s)) for s, t in zip(size, tile))], mode="symmetric")
    places = [(top, left) for top in starts(whole.shape[1], tile[0]) for left in starts(whole.shape[2], tile[1])]
    fade = ramp(tile[0]).repeat(scale)[:, None] * ramp(tile[1]).repeat(scale)
    total, weight = None, np.zeros((scale * whole.shape[1], scale * whole.shape[2]), np.float32)
    for first in range(0, len(places), AT_ONCE):
        part = places[first : first + AT_ONCE]
        made = make(np.stack([whole[:, top : top + tile[0], left : left + tile[1]] for top, left in part]))
        if total is None:
            total = np.zeros((made.shape[1], *weight.shape), np.float32)
        for (top, left), one in zip(part, made, strict=True):
            rows, columns = (slice(scale * a, scale * (a + b)) for a, b in zip((top, left), tile))
            total[:, rows, columns] += one * fade
            weight[rows, columns] += fade
    assert total is not None
    total = total[:, : scale * size[0], : scale * size[1]]
    total /= weight[: total.shape[1], : total.shape[2]]  # in place: of a large photograph this is gigabytes
    return np.round(total, out=total).astype(np.uint8)


def starts(length: int, tile: int) -> np.ndarray:
    """Where the fewest tiles begin that cover `length` pixels and overlap by OVERLAP or more."""
    step = max(1, tile - round(OVERLAP * tile))
    return np.linspace(0, length - tile, -(-(length - tile) // step) + 1).round().astype(int)


def ramp(tile: int) -> np.ndarray:
    """(tile,): 1 in the middle, falling towards both ends over the overlap, never 0; as a square, since what a network
    makes at an edge is worst."""
    edge = np.minimum(np.arange(tile) + 1, tile - np.arange(tile))
    return (np.minimum(1, edge / max(1, round(OVERLAP * tile))) ** 2).astype(np.float32)
