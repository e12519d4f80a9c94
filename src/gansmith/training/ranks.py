"""The processes that train together under `torchrun`: who I am, and what we agree on. Alone, everything is free."""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import Tensor


class Ranks:
    """This process among `count`. Gradients are averaged in the open, one flat tensor a player, after the backward
    pass: wrappers that hook the backward pass do not work with gradient penalties."""

    def __init__(self, device: torch.device):
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        if self.count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        self.device = device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def average(self, tensor: Tensor) -> None:
        """Replace the tensor by its mean over ranks."""
        if self.count > 1:
            dist.all_reduce(tensor)
            tensor /= self.count

    def same(self, tensor: Tensor) -> None:
        """Replace the tensor by the first rank's."""
        if self.count > 1:
            dist.broadcast(tensor, 0)

    def agree(self, stop: bool, seconds: float) -> tuple[bool, float]:
        """(does any rank want to stop, the longest clock): every rank gets the same answer."""
        if self.count == 1:
            return stop, seconds
        said = torch.tensor([float(stop), seconds], dtype=torch.float64, device=self.device)
        dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return bool(said[0]), float(said[1])

    def as_first(self, answer: bool) -> bool:
        """The first rank's answer, so that every rank plays the same turns."""
        if self.count == 1:
            return answer
        said = torch.tensor(float(answer), device=self.device)
        dist.broadcast(said, 0)
        return bool(said)

    def wait(self) -> None:
        if self.count > 1:
            dist.barrier()
