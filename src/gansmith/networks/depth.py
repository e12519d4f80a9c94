"""What a shape looks like from the front: how far the first occupied cell of each line of sight is."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DepthView(nn.Module):
    """Volumes (n, 1, X, Y, Z) in −1 … 1, z upwards, to pictures (n, 1, Z, X) seen from low y: 1 is a cell right in
    front, falling to 0 at the back; −1 where nothing is seen. A cell above 0 is occupied. Not differentiable."""

    def forward(self, x: Tensor) -> Tensor:
        full = x[:, 0] > 0
        deep = full.shape[2]
        first = full.to(torch.uint8).argmax(2)  # of equal ones the first
        depth = 1 - first.to(x.dtype) / max(1, deep - 1)
        seen = torch.where(full.any(2), depth, torch.full_like(depth, -1.0))
        return seen.transpose(1, 2).flip(1)[:, None]
