"""Making items smaller, as a linear map, and its pseudo-inverse: exact at the borders and for any size."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

KERNELS = ("box", "gaussian")


class Downscaling(nn.Module):
    """A, which makes (n, C, …) `scale` times smaller along its last `axes` axes, and A⁺, with A A⁺ = 1.

    kernel  "box": the mean of scale × scale places, whose A⁺ repeats each place; "gaussian": a Gaussian with a
            deviation of half of `scale`, its weights summing to 1 at the borders, too

    A is a product of one matrix for each axis, so A⁺ is the product of their pseudo-inverses, found in float64. A
    transposed convolution, which the paper fits for it, is inexact at the borders. Under autocast both stay in float32.
    """

    def __init__(self, scale: int, axes: int = 2, kernel: str = "box"):
        super().__init__()
        self.scale, self.axes, self.kernel = scale, axes, kernel

    def down(self, y: Tensor) -> Tensor:
        """A y."""
        return self.along(y, [matrices(side, self.scale, self.kernel)[0] for side in y.shape[-self.axes :]])

    def up(self, x: Tensor) -> Tensor:
        """A⁺ x."""
        sides = [self.scale * side for side in x.shape[-self.axes :]]
        return self.along(x, [matrices(side, self.scale, self.kernel)[1] for side in sides])

    def project(self, y: Tensor, x: Tensor) -> Tensor:
        """The item nearest to y that A turns into x: (1 − A⁺A) y + A⁺ x."""
        return y + self.up(x - self.down(y))

    def along(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            x = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
            for axis, one in enumerate(maps, x.dim() - self.axes):
                x = (x.transpose(axis, -1) @ one.to(x).T).transpose(axis, -1)
        return x


@cache
def matrices(side: int, scale: int, kernel: str) -> tuple[Tensor, Tensor]:
    """(A, A⁺) of one axis of `side` places, float64 (side / scale, side) and (side, side / scale)."""
    centres = (torch.arange(side // scale, dtype=torch.float64) + 0.5) * scale - 0.5
    away = torch.arange(side, dtype=torch.float64) - centres[:, None]
    weight = (away.abs() < scale / 2).double() if kernel == "box" else (-2 * (away / scale).square()).exp()
    down = weight / weight.sum(1, keepdim=True)
    return down, torch.linalg.pinv(down)
