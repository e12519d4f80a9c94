"""The processes that train together under `torchrun`: who I am, what we agree on, and how N of us play the game of one.

A round gives the same result on any number of ranks, up to rounding: each has its rows of the same batch; random
numbers are drawn for the whole batch, by everyone from the same chance, and each keeps those of its rows; batch norm
takes its statistics over everyone's rows, and so does whatever else asks for `collectives.all_gather`; and gradients
are averaged. docs/scale.md says what that costs.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from gansmith.distributed.collectives import all_gather, in_loss, is_distributed, local_rows, shared_task, talking

# A rank that waits for a slow disk must not give up; one that is gone is seen by the broken connection and by torchrun.
PATIENCE = timedelta(days=7)


class Ranks:
    """This process among `count`. Gradients are averaged in the open, one flat tensor a player, after the backward
    pass: wrappers that hook the backward pass do not work with gradient penalties."""

    def __init__(self, device: torch.device | None = None, patience: timedelta = PATIENCE):
        device = device or torch.device("cpu")
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        self.leads = os.environ.get("LOCAL_RANK", "0") == "0"  # the first of its machine
        self.device = device
        if self.count > 1 and device.type == "cuda":
            torch.cuda.set_device(device)
        if self.count > 1 and not is_distributed():
            # Its functions have the group as a default value: imported by torch's optimisers when the group stood
            # already, they would keep it, and its threads, alive to the end of the process, which then may abort.
            from torch.distributed.nn import functional  # noqa: F401

            dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=patience)
            atexit.register(leave)

    @property
    def first(self) -> bool:
        return self.rank == 0

    def rows(self, batch: Tensor) -> Tensor:
        """This rank's rows of something that is as long as the whole batch."""
        return batch.tensor_split(self.count)[self.rank]

    @contextmanager
    def together(self, items: int) -> Iterator[None]:
        """Inside, a loss of this rank's `items` is its part of the loss of the whole batch."""
        if self.count == 1:
            yield
        else:
            with in_loss(), OneBatch(self.rank, self.count, items):
                yield

    def begin_average(self, tensor: Tensor):
        """Start to replace the tensor by its mean over ranks; call what is returned to wait for it."""
        if self.count == 1:
            return lambda: None
        with talking():
            under_way = dist.all_reduce(tensor, async_op=True)

        def finish() -> None:
            with talking():
                under_way.wait()
            tensor.div_(self.count)

        return finish

    def average(self, tensor: Tensor) -> None:
        """Replace the tensor by its mean over ranks."""
        self.begin_average(tensor)()

    def means(self, row: dict[str, float]) -> dict[str, float]:
        """Each number's mean over ranks, all of which have the same ones."""
        if self.count == 1:
            return row
        said = torch.tensor([*row.values()], dtype=torch.float64, device=self.device)
        self.average(said)
        return dict(zip(row, said.tolist(), strict=True))

    def same(self, tensor: Tensor) -> None:
        """Replace the tensor by the first rank's."""
        if self.count > 1:
            with talking():
                dist.broadcast(tensor, 0)

    def agree(self, stop: float, seconds: float) -> tuple[float, float]:
        """(the largest wish to stop of any rank, 0 for none; the longest clock): every rank gets the same answer."""
        if self.count == 1:
            return stop, seconds
        said = torch.tensor([float(stop), seconds], dtype=torch.float64, device=self.device)
        with talking():
            dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return said[0].item(), said[1].item()

    def as_first(self, answer: float) -> float:
        """The first rank's answer, so that every rank does the same."""
        if self.count == 1:
            return answer
        said = torch.tensor(float(answer), dtype=torch.float64, device=self.device)
        self.same(said)
        return said.item()

    def wait(self) -> None:
        """Until every rank is here, however long that takes."""
        self.agree(False, 0)

    @contextmanager
    def one_by_one(self) -> Iterator[None]:
        """The first process of each machine goes through before the others, who find what it left in the cache."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()


@contextmanager
def one_task(seed: int | None) -> Iterator[tuple[bool, int | None]]:
    """(whether this is the first rank, the seed of all) of a task on the CPU that all ranks do together, each a part of
    what is `gansmith.distributed.collectives.divided`. Every rank ends up with everything; the first one says so."""
    ranks = Ranks()
    if ranks.count > 1 and seed is None:
        seed = int(ranks.as_first(int(torch.randint(2**31, ()))))
    with shared_task():
        yield ranks.first, seed
    ranks.wait()


def leave() -> None:
    if is_distributed():
        dist.destroy_process_group()


class OneBatch(TorchFunctionMode):
    """Inside, torch's own chance and its batch norm see one batch of `count · items` rows, of which this rank has some.

    A tensor's first axis is the items, as everywhere in gansmith; of several blocks of items in one tensor (reals, then
    fakes) this rank has its part of each. Single numbers, permutations, and what is drawn from a generator of one's own
    are the same everywhere.
    """

    def __init__(self, rank: int, count: int, items: int):
        super().__init__()
        self.rank, self.count, self.items = rank, count, items
        self.sized = {torch.rand, torch.randn, torch.randint}
        self.like = {torch.rand_like, torch.randn_like, torch.randint_like}
        self.masks = {F.dropout, F.dropout1d, F.dropout2d, F.dropout3d}
        self.in_place = {Tensor.uniform_, Tensor.normal_, Tensor.exponential_, Tensor.bernoulli_, Tensor.random_}
        self.by_value = {F.gumbel_softmax, torch.bernoulli, torch.multinomial, torch.normal}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if kwargs.get("generator") is not None:
            return function(*args, **kwargs)
        if function is F.batch_norm:
            return self.batch_norm(*args, **kwargs)
        if function in self.sized:
            return self.drawn(function, *args, **kwargs)
        if function in self.like:
            return self.local_rows(function(self.whole(args[0]), *args[1:], **kwargs))
        if function in self.masks:
            return args[0] * self.local_rows(function(torch.ones_like(self.whole(args[0])), *args[1:], **kwargs))
        if function in self.in_place:
            return args[0].copy_(self.local_rows(function(self.whole(args[0]), *args[1:], **kwargs)))
        if function in self.by_value:
            return local_rows(function(*(all_gather(a) if isinstance(a, Tensor) else a for a in args), **kwargs))
        return function(*args, **kwargs)

    def drawn(self, function, *args, size=None, **kwargs) -> Tensor:
        """`rand`, `randn` or `randint` for the whole batch; its rows of this rank."""
        limits, size = (args, size) if size is not None else split_size(function, args)
        if not len(size):
            return function(*limits, size, **kwargs)
        return self.local_rows(function(*limits, (size[0] * self.count, *size[1:]), **kwargs))

    def whole(self, x: Tensor) -> Tensor:
        """A tensor of the whole batch's size that is laid out as `x` is, which decides the order of what is drawn."""
        return torch.cat([x.detach()] * self.count)

    def local_rows(self, x: Tensor) -> Tensor:
        """This rank's rows of each block of items."""
        rows = len(x) // self.count
        block = self.items if rows % self.items == 0 else rows
        return x.unflatten(0, (-1, self.count, block))[:, self.rank].flatten(0, 1)

    def batch_norm(
        self, x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
    ) -> Tensor:
        """`F.batch_norm`, in training by the mean and variance of everyone's rows; differentiable twice."""
        if not training:
            return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
        axes, shape = [0, *range(2, x.dim())], (1, -1, *[1] * (x.dim() - 2))
        wide = x.float()
        here = torch.stack(torch.var_mean(wide, axes, correction=0))[None]
        variances, means = all_gather(here).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        if running_mean is not None:
            n = self.count * x.numel() // x.shape[1]
            running_mean.lerp_(mean.detach(), momentum)
            running_var.lerp_(variance.detach() * (n / (n - 1)), momentum)
        scale = (variance + eps).rsqrt() * (1 if weight is None else weight)
        shift = -mean * scale + (0 if bias is None else bias)
        return (wide * scale.view(shape) + shift.view(shape)).to(x.dtype)


def split_size(function, args: tuple) -> tuple[tuple, tuple]:
    """(what comes before the size, the size) of the arguments of `rand`, `randn` or `randint`."""
    if function is torch.randint:
        return args[:-1], args[-1]
    return (), args if not args or isinstance(args[0], int) else args[0]
