"""A player's parameters as one flat tensor.

One optimiser step, one gradient average over ranks, one finiteness check and one moving average then cost one operation
each, however many layers there are; small games, whose rounds are nearly all overhead, run about twice as fast for it.
"""

from __future__ import annotations

from math import isfinite

import torch
from torch import Tensor, nn

from gansmith.errors import UserError
from gansmith.game import Game


def flatten(parameters: list[nn.Parameter]) -> Tensor:
    """Move the parameters into one new tensor, each becoming a view of its part, in order. Returns the tensor."""
    flat = torch.cat([p.detach().reshape(-1) for p in parameters])
    start = 0
    for p in parameters:
        p.data = flat[start : start + p.numel()].view(p.shape)
        start += p.numel()
    return flat


class Player:
    """Who moves: the parameters of some modules that require gradients, their gradient, their optimiser."""

    def __init__(self, name: str, modules: list[nn.Module], game: Game):
        self.name = name
        trained = [p for module in modules for p in module.parameters() if p.requires_grad]
        self.parameters = list(dict.fromkeys(trained))
        if not self.parameters:
            raise UserError(f"player '{name}' of {type(game).__name__} has no parameters: its `players()` is wrong")
        self.flat = nn.Parameter(flatten(self.parameters))
        self.gradient = self.flat.grad = torch.zeros_like(self.flat)
        self.optimizer = game.optimizer(name, [self.flat])
        self.moves = 0  # in this round
        self.skipped = 0  # moves not made because the gradient was not finite
        self.lost = 0  # … of which the last so many were in a row

    def part(self, module: nn.Module) -> Tensor | None:
        """The stretch of `flat` that is one module's parameters, in their order; None if it is not all of them."""
        wanted = [id(p) for p in module.parameters()]
        have = [id(p) for p in self.parameters]
        if not wanted or wanted[0] not in have:
            return None
        first = have.index(wanted[0])
        if have[first : first + len(wanted)] != wanted:
            return None
        start = sum(p.numel() for p in self.parameters[:first])
        return self.flat.data[start : start + sum(p.numel() for p in module.parameters())]

    def freeze(self, frozen: bool) -> None:
        for p in self.parameters:
            p.requires_grad_(not frozen)

    def differentiate(self, loss: Tensor, *, keep_graph: bool = False, add: bool = False) -> None:
        """Write (or add) the gradient of `loss` with respect to this player's parameters into `self.gradient`."""
        parts = torch.autograd.grad(loss, self.parameters, retain_graph=keep_graph, allow_unused=True)
        parts = [
            torch.zeros(p.numel(), device=p.device) if g is None else g.reshape(-1)
            for g, p in zip(parts, self.parameters)
        ]
        if add:
            self.gradient += torch.cat(parts)
        else:
            torch.cat(parts, out=self.gradient)

    def step(self) -> bool:
        """Move along the gradient; a gradient with a NaN or an infinity in it is counted and moves nothing."""
        self.moves += 1
        if not isfinite(torch.linalg.vector_norm(self.gradient).item()):
            self.skipped += 1
            self.lost += 1
            return False
        self.lost = 0
        self.optimizer.step()
        return True
