"""Moves recorded as CUDA graphs: the loss and gradient of a turn, launched in one call instead of a thousand.

A round of a small or middling GAN keeps a card waiting for Python. What a turn does on the card is the same every
round, so after a few rounds it is recorded and from then on replayed with new batches. Penalties may be in it:
recording knows nothing of derivatives, so what `torch.compile` cannot do (differentiate twice) is no hindrance.

Whether a turn can be recorded is found out, not declared. The third time it is played under guard: no operation may
wait for the card, torch's chance on the CPU may not be drawn from, and the progress of the run is hidden, since a
number that Python works out would stay as it was in the recording. What breaks that is played as before, for ever. A
loss that reads other numbers of its own that change from round to round must say so: `Game.recordable = False`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

from gansmith.data.dataset import Batch
from gansmith.game import Turn
from gansmith.training.state import State

Work = Callable[[Turn, Batch], dict[str, Tensor]]  # writes the movers' gradients, returns the terms
PLAIN, GUARDED = 2, 3  # moves of a turn as they are, in which libraries set themselves up; under guard up to here


@dataclass
class Recording:
    """A recorded move: `graph` reads `batch` and writes the movers' gradients, `terms` and `left`."""

    graph: torch.cuda.CUDAGraph
    batch: Batch  # fields and memo at addresses of their own
    terms: dict[str, Tensor]
    left: dict[str, Tensor]  # what the loss leaves in the memo

    def replay(self, batch: Batch) -> dict[str, Tensor]:
        for name, kept in tensors(self.batch).items():
            kept.copy_(getattr(batch, name))
        for name, kept in self.batch.memo.items():
            kept.copy_(batch.memo[name])
        self.graph.replay()
        batch.memo |= self.left
        return self.terms


@dataclass
class Recorder:
    """Plays moves by `work`, and by recordings of it once they are made."""

    state: State
    work: Work
    seen: dict = field(default_factory=dict)  # key of a move -> times played so far, None if it cannot be recorded
    made: dict = field(default_factory=dict)  # key of a move -> Recording

    @staticmethod
    def of(state: State, work: Work) -> Work:
        """`work` itself where nothing can be recorded, else a Recorder of it."""
        game = state.game
        on_card = game.device.type == "cuda" and state.ranks.count == 1
        plain = state.augment is None or not state.augment.acts
        return Recorder(state, work) if on_card and game.recordable and plain else work

    def __call__(self, turn: Turn, batch: Batch) -> dict[str, Tensor]:
        key = (turn.movers, turn.loss, len(batch), *sorted(batch.memo))
        if not inspect.ismethod(turn.loss) or self.seen.setdefault(key, 0) is None:
            return self.work(turn, batch)
        self.seen[key] += 1
        if key in self.made:
            return self.made[key].replay(batch)
        if self.seen[key] <= PLAIN:
            return self.work(turn, batch)
        if self.seen[key] <= GUARDED:
            return self.guarded(turn, batch, key)
        self.made[key] = self.record(turn, batch)
        return self.made[key].replay(batch)

    def guarded(self, turn: Turn, batch: Batch, key) -> dict[str, Tensor]:
        """The move, found unfit for recording if it waits for the card, draws on the CPU or asks for the progress."""
        game, device, memo = self.state.game, self.state.game.device, dict(batch.memo)
        rng, drawn = torch.cuda.get_rng_state(device), torch.get_rng_state()
        buffers = [b.clone() for b in game.buffers()]
        try:
            with hidden_progress(game), no_waiting():
                if all(isinstance(value, Tensor) and value.is_cuda for value in memo.values()):
                    terms = self.work(turn, batch)
                    if torch.equal(drawn, torch.get_rng_state()):
                        return terms
        except (TypeError, RuntimeError):
            pass  # an error of the loss itself comes again below
        self.seen[key] = None
        torch.cuda.set_rng_state(rng, device)
        torch.set_rng_state(drawn)
        for buffer, before in zip(game.buffers(), buffers):
            buffer.copy_(before)
        batch.memo.clear()
        batch.memo |= memo
        return self.work(turn, batch)

    def record(self, turn: Turn, batch: Batch) -> Recording:
        memo = {name: value.clone() for name, value in batch.memo.items()}
        kept = replace(batch, memo=memo, **{name: value.clone() for name, value in tensors(batch).items()})
        graph, before = torch.cuda.CUDAGraph(), dict(memo)
        torch.cuda.synchronize()
        with hidden_progress(self.state.game), torch.cuda.graph(graph):
            terms = self.work(turn, kept)
        left = {name: value for name, value in kept.memo.items() if value is not before.get(name)}
        kept.memo = before
        return Recording(graph, kept, terms, left)


def tensors(batch: Batch) -> dict[str, Tensor]:
    """Name -> value of the fields of a batch that lie on the card."""
    named = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return {name: value for name, value in named.items() if isinstance(value, Tensor) and value.is_cuda}


@contextmanager
def hidden_progress(game):
    """Inside, whoever reckons with the progress of the run raises TypeError."""
    progress, game.progress = game.progress, None
    try:
        yield
    finally:
        game.progress = progress


@contextmanager
def no_waiting():
    """Inside, an operation that waits for the card raises RuntimeError."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
