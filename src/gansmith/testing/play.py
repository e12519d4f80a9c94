"""A few rounds of a game by hand, without a run around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache

import numpy as np
import torch

from gansmith.data.dataset import Batch, Dataset
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.testing.examples import every_form
from gansmith.training.loop import Mover, draw, play_round
from gansmith.training.state import State


def begin(game: type[Game], dataset: Dataset, settings: dict, seed: int, device="cpu") -> State:
    """A fresh state of the game, ready for its first round."""
    torch.manual_seed(seed)
    made = game(**settings)
    dataset = made.read(dataset)
    made.choose(dataset.spec, len(dataset))
    made.build(dataset.spec)
    made.spec = dataset.spec
    made.to(device)
    state = State(made, dataset, None, batch_size=8, seed=seed, ranks=Ranks(torch.device(device)))
    made.train()
    return state


def played_on(game: type[Game], **settings) -> Dataset:
    """The smallest made-up data that a game takes."""
    return _played_on(game, tuple(settings.items()))


@cache
def _played_on(game: type[Game], settings: tuple[tuple, ...]) -> Dataset:
    for dataset in sorted(every_form(), key=lambda d: np.prod(d.spec.shape)):
        try:
            return begin(game, dataset, dict(settings), 0).data
        except UserError:
            continue
    raise AssertionError(f"{game.__name__} accepts no data")


def rounds(state: State, count: int) -> dict:
    """Play so many rounds; returns "player/term" -> value of the last."""
    mover = Mover(state, "fp32", 1)
    for _ in range(count):
        terms = play_round(state, mover)
        state.round += 1
        state.average.update(state.batch_size, state.samples)
    return terms


def moves(state: State, alter: Callable[[int, Batch], None] = lambda index, batch: None) -> Iterator:
    """Every turn of every stage once, whatever its schedule: yields (turn, batch, terms) after each move.

    alter  called before each turn with its number and its batch, to change it
    """
    mover, index = Mover(state, "fp32", 1), 0
    for stage in state.game.stages():
        stage.begin()
        batch = None
        for turn in stage.turns:
            if turn.fresh or batch is None:
                batch = draw(state, {} if batch is None else batch.memo)
            alter(index, batch)
            yield turn, batch, mover.move(turn, batch)
            index += 1


def gradients_for_other_reals(
    begin: Callable[[], State], of: Collection[str] = ()
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """(player, its gradient, the one in a game that was alike until the batch of this turn held other real items).

    begin  makes the game anew, the same each time
    of     players whose turns come before those of others
    """
    plain = begin()
    played = [(t, b, [(n, plain.players[n].gradient.clone()) for n in t.movers]) for t, b, _ in moves(plain)]
    for target in sorted(range(len(played)), key=lambda i: not {*played[i][0].movers} & {*of}):
        _, batch, gradients = played[target]
        first = next(i for i, (_, other, _) in enumerate(played) if other is batch)  # the turn that drew this batch
        state = begin()

        def others(index, batch, state=state, first=first):
            if index == first:
                rows, field = (batch.index + len(state.data) // 2) % len(state.data), state.data.main
                setattr(batch, field, getattr(state.data.batch(rows, state.game.device), field))

        for index, _ in enumerate(moves(state, others)):
            if index == target:
                break
        for name, gradient in gradients:
            yield name, gradient, state.players[name].gradient


def same_items(one, two) -> bool:
    """Whether two sets of samples are equal: arrays, or DataFrames; gaps are equal to gaps."""
    if hasattr(one, "equals"):
        return one.equals(two)
    one, two = np.asarray(one), np.asarray(two)
    return np.array_equal(one, two, equal_nan=one.dtype.kind == "f")


def assert_same(one, other, message: str) -> None:
    """AssertionError unless two nested states are equal bit for bit (times aside)."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), f"{message}: {set(one) ^ set(other)}"
        for key in one:
            if key != "seconds":
                assert_same(one[key], other[key], f"{message} ({key})")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), message
        for a, b in zip(one, other):
            assert_same(a, b, message)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(torch.nan_to_num(one.float()), torch.nan_to_num(other.float())), message
    else:
        assert one == other, message
