"""The augmentations "bgc" of Karras et al. 2020 (https://arxiv.org/abs/2006.06676, appendix B): whole pixels moved, the
plane distorted, colours changed; each with a probability p of its own, in the paper's order and strengths.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

BLIT, GEOMETRY = ("flip", "turn", "shift"), ("scale", "rotate", "stretch", "move")
COLOUR = ("brightness", "contrast", "luma", "hue", "saturation")
PARTS = (*BLIT, *GEOMETRY, *COLOUR)


def bgc(x: Tensor, p: Tensor | float, parts: Collection[str] = PARTS) -> Tensor:
    """Pictures (n, C, H, W) of −1 … 1 changed, each by draws of its own; differentiable, also twice.

    p      probability of each part, 0 … 1: at 0 nothing is changed, to the bit
    parts  of PARTS, those that may happen
    Hue and saturation are of pictures of three channels, and of the first three of four. Deviations: places between
    pixels are taken bilinearly, without the paper's filter of six taps; pictures that are not square are turned by 180°
    alone. What lies outside a picture is its mirror image.
    """
    p = torch.as_tensor(p, dtype=torch.float32, device=x.device)
    with torch.autocast(x.device.type, enabled=False):
        return colours(distorted(x.float(), p, parts), p, parts)


def distorted(x: Tensor, p: Tensor, parts: Collection[str]) -> Tensor:
    n, _, height, width = x.shape
    drawn = Drawn(n, p, parts, x.device)
    one = torch.ones(n, device=x.device)
    turns = drawn("turn", torch.randint(4, (n,), device=x.device), 0)
    turns = turns if height == width else turns // 2 * 2
    cos, sin = (torch.tensor(wave, device=x.device)[turns] for wave in ([1.0, 0, -1, 0], [0.0, 1, 0, -1]))
    rotating = 1 - (1 - p).sqrt()  # twice, so that p is the chance of either
    shift, move = (
        drawn(part, values, 0) for part, values in (("shift", drawn.even(2) / 8), ("move", drawn.normal(2) / 8))
    )
    scale, stretch = (drawn(part, torch.exp2(0.2 * drawn.normal()), 1) for part in ("scale", "stretch"))
    first, second = (drawn("rotate", torch.pi * drawn.even(), 0, rotating) for _ in range(2))
    back = (  # from where a pixel ends to where it is from, both as (x, y) of the middle
        affine(drawn("flip", 1 - 2 * torch.randint(2, (n,), device=x.device), 1), 0 * one, 0 * one, one)
        @ affine(cos, -sin, sin, cos)
        @ affine(one, 0 * one, 0 * one, one, (shift[:, 0] * width).round(), (shift[:, 1] * height).round())
        @ affine(scale, 0 * one, 0 * one, scale)
        @ affine(first.cos(), -first.sin(), first.sin(), first.cos())
        @ affine(stretch, 0 * one, 0 * one, 1 / stretch)
        @ affine(second.cos(), -second.sin(), second.sin(), second.cos())
        @ affine(one, 0 * one, 0 * one, one, move[:, 0] * width, move[:, 1] * height)
    )[:, :2, :, None, None]
    across = torch.arange(width, device=x.device) - (width - 1) / 2
    down = (torch.arange(height, device=x.device) - (height - 1) / 2)[:, None]
    column, row = (line[:, 0] * across + line[:, 1] * down + line[:, 2] for line in back.unbind(1))
    return bilinear(x, row + (height - 1) / 2, column + (width - 1) / 2)


def bilinear(x: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """(n, C, H, W) at places (n, h, w) in pixels, mirrored at the edges. By hand, since the gradient of torch's
    grid_sample has no gradient, which penalties ask for."""
    shape = (len(x), x.shape[1], -1)

    def around(place: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
        place = (place + 0.5).remainder(2 * side)
        place = (torch.minimum(place, 2 * side - place) - 0.5).clamp(0, side - 1)
        before = place.floor()
        return before.long(), (before.long() + 1).clamp_max(side - 1), (place - before)[:, None]

    (above, below, down), (left, right, across) = around(row, x.shape[2]), around(column, x.shape[3])

    def at(rows: Tensor, columns: Tensor) -> Tensor:
        place = (rows * x.shape[3] + columns).flatten(1)[:, None].expand(shape)
        return x.flatten(2).gather(2, place).view(*shape[:2], *row.shape[1:])

    upper, lower = (at(rows, left) * (1 - across) + at(rows, right) * across for rows in (above, below))
    return upper * (1 - down) + lower * down


def colours(x: Tensor, p: Tensor, parts: Collection[str]) -> Tensor:
    n = len(x)
    drawn = Drawn(n, p, parts, x.device)
    brightness = drawn("brightness", 0.2 * drawn.normal(), 0)
    contrast = drawn("contrast", torch.exp2(0.5 * drawn.normal()), 1)
    negative = drawn("luma", torch.randint(2, (n,), device=x.device), 0)
    hue = drawn("hue", torch.pi * drawn.even(), 0)
    saturation = drawn("saturation", torch.exp2(drawn.normal()), 1)
    if x.shape[1] not in (3, 4):
        return (x + column(brightness)) * column(contrast * (1 - 2 * negative))
    same, grey = torch.eye(3, device=x.device), torch.full((3, 3), 1 / 3, device=x.device)  # and what is along grey
    around = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=x.device) / 3**0.5
    hue, saturation, negative, contrast = (part[:, None, None] for part in (hue, saturation, negative, contrast))
    change = (saturation * same + (1 - saturation) * grey) @ (
        hue.cos() * same + (1 - hue.cos()) * grey + hue.sin() * around
    )
    change = contrast * change @ (same - 2 * negative * grey)
    changed = torch.einsum("nij,njhw->nihw", change, x[:, :3] + column(brightness))
    return torch.cat([changed, x[:, 3:]], 1)


class Drawn:
    """Draws for `n` pictures: `drawn(part, values, idle)` are the values (n, …) of a share p of them, else `idle`."""

    def __init__(self, n: int, p: Tensor, parts: Collection[str], device: torch.device):
        self.n, self.p, self.parts, self.device = n, p, parts, device

    def __call__(self, part: str, values: Tensor, idle: float, p: Tensor | None = None) -> Tensor:
        happens = (torch.rand(self.n, device=self.device) < (self.p if p is None else p)) & (part in self.parts)
        return torch.where(happens.view(-1, *[1] * (values.dim() - 1)), values, idle)

    def normal(self, *each: int) -> Tensor:
        return torch.randn(self.n, *each, device=self.device)

    def even(self, *each: int) -> Tensor:
        """In −1 … 1."""
        return 2 * torch.rand(self.n, *each, device=self.device) - 1


def affine(a: Tensor, b: Tensor, c: Tensor, d: Tensor, across=None, down=None) -> Tensor:
    """Matrices (n, 3, 3) that take (x, y, 1) to (a x + b y + across, c x + d y + down, 1), from numbers (n,) each."""
    none, one = torch.zeros_like(a), torch.ones_like(a)
    rows = (a, b, none if across is None else across), (c, d, none if down is None else down), (none, none, one)
    return torch.stack([torch.stack([*map(torch.Tensor.float, row)], 1) for row in rows], 1)


def column(x: Tensor) -> Tensor:
    """(n,) to (n, 1, 1, 1)."""
    return x[:, None, None, None]
