"""What one process knows of the others that it trains, samples or scores with. Alone, none of this does anything.

In training each rank has its rows of the batch. A loss that is a mean over items needs no more than that, since
gradients are averaged; one that holds items against each other, or makes something of their mean, asks for `everyone`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from gansmith.distributed.track import task, track
from gansmith.errors import RankLost

_playing = False  # in a loss that every rank computes, each on its own rows
_sharing = False  # in a task that every rank does, each a part of the work


def is_distributed() -> bool:
    """Whether this process is one of several."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


@contextmanager
def talking() -> Iterator[None]:
    """Around whatever waits for other ranks: RankLost where torch says that one of them is gone.

    NCCL's error has a class (DistBackendError, a RuntimeError); gloo's is a plain RuntimeError.
    """
    try:
        yield
    except RuntimeError as error:
        raise RankLost("a process (rank) was lost and the others stopped") from error


@contextmanager
def in_loss() -> Iterator[None]:
    """Inside, all ranks compute the same loss on their own rows."""
    global _playing
    before, _playing = _playing, is_distributed()
    try:
        yield
    finally:
        _playing = before


def all_gather(x: Tensor) -> Tensor:
    """(n, …) of this rank's items to (ranks · n, …) of all, in the order of the batch; differentiable, also twice.
    Where no other rank computes the same loss, `x` itself."""
    return _Everyone.apply(x) if _playing else x


def mean_over_ranks(x: Tensor) -> Tensor:
    """What is a mean over this rank's items as the mean over everyone's; differentiable, also twice."""
    return all_gather(x[None]).mean(0) if _playing else x


def local_rows(x: Tensor) -> Tensor:
    """(ranks · n, …) back to the (n, …) of this rank's items."""
    return _rows(x) if _playing else x


class _Everyone(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
        with talking():
            dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _rows(_Total.apply(gradient))  # of functions that are differentiable themselves, as penalties need it


class _Total(torch.autograd.Function):
    """The sum over ranks. Since the losses of all depend on it, what flows back is the sum of what all send."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        x = x.clone(memory_format=torch.contiguous_format)
        with talking():
            dist.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _Total.apply(gradient)


def _rows(x: Tensor) -> Tensor:
    return x.unflatten(0, (dist.get_world_size(), -1))[dist.get_rank()]


# --- tasks that are no training --------------------------------------------------------------------------------------
@contextmanager
def shared_task() -> Iterator[None]:
    """Inside, all ranks do the same task from the same seeds, and what is `divided` is done once among them."""
    global _sharing
    before, _sharing = _sharing, is_distributed()
    try:
        yield
    finally:
        _sharing = before


def map_across_ranks(work: Callable, *parts: Iterable, what: str = "") -> list:
    """list(map(work, *parts)). While `sharing`, each rank does every so-manieth part, and all are given all of it.

    what  these parts are, in a few words, for whoever watches (see `track`)
    """
    global _sharing
    todo = list(zip(*parts))
    if not _sharing:
        return [work(*part) for part in (track(todo, what) if what else todo)]
    count, rank, _sharing = dist.get_world_size(), dist.get_rank(), False
    try:
        mine = todo[rank::count]
        done = [work(*part) for part in (track(mine, what) if what else mine)]
    finally:
        _sharing = True
    said: list = [None] * count
    with talking():
        dist.all_gather_object(said, done)
    return [said[i % count][i // count] for i in range(len(todo))]


def stream_across_ranks(work: Callable, parts: list, what: str) -> Iterator:
    """map(work, parts) as it is made, so that no more than one part of each rank is in memory."""
    some = dist.get_world_size() if _sharing else 1
    with task(what, len(parts)) as advance:
        for first in range(0, len(parts), some):
            for made in map_across_ranks(work, parts[first : first + some]):
                yield made
                advance()
