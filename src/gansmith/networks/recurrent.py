"""Stacks of recurrent layers over series (n, steps, numbers), with a dense layer at each step."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


class Steps(nn.Module):
    """(n, steps, inside) to (n, steps, outside): `layers` of GRU of `width` units, then one dense layer everywhere.

    output  what squashes the last layer, such as `nn.Sigmoid`; None: nothing
    """

    def __init__(
        self, inside: int, width: int, outside: int, layers: int, output: Callable[[], nn.Module] | None = nn.Sigmoid
    ):
        super().__init__()
        self.gru = nn.GRU(inside, width, layers, batch_first=True)
        self.head = nn.Sequential(nn.Linear(width, outside), *([output()] if output else []))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gru(x)[0])
