"""The one loop, for any number of players: draw, play the round, average, log, probe, sample, save.

It knows the contract (`gansmith.game`) and no paper. Read `play` first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
from torch import Tensor

from gansmith.data.dataset import Batch
from gansmith.distributed.track import task, watched_by
from gansmith.errors import Diverged, SettingError
from gansmith.game import Turn, always, observed, observing
from gansmith.training.hardware import casting
from gansmith.training.recording import Recorder
from gansmith.training.state import State
from gansmith.training.stopping import Held

Probe = Callable[[State, Mapping], Mapping]

MOST = 2**31  # training steps, and minutes
HOPELESS = 100  # moves in a row with a gradient that is not finite: the player will not recover by itself


@dataclass(frozen=True)
class Budget:
    """How long to play: a number of rounds, or minutes of wall time to which every schedule fits itself."""

    steps: int | None = None
    minutes: float | None = None

    def progress(self, state: State) -> float:
        """Share of the budget that is spent, 0 … 1."""
        if self.steps is not None:
            return min(1.0, state.round / self.steps)
        return min(1.0, state.seconds / (60 * self.minutes))


@dataclass(frozen=True)
class Every:
    """Rounds between log lines and sample grids, seconds between saves."""

    log: int = 10
    sample: int = 1000
    save_seconds: float = 60.0


def play(
    state: State,
    budget: Budget,
    *,
    every: Every,
    keep,
    precision: str = "fp32",
    micro_batches: int = 1,
    record: bool = True,
    probes: Sequence[Probe] = (),
    judge: Callable[[State], None] = lambda state: None,
    held: Held | None = None,
    pace: Callable[[float], bool] = lambda seconds: False,
) -> bool:
    """Play rounds until the budget is spent; False if someone asked to stop before (state and files are saved then).

    keep    where the run is kept: an object with `log(state, row)`, `sample(state)` and `save(state)`
    record  on a card, record moves and replay them where that can be done (see `training.recording`)
    probes  called at log rounds with the state and what the losses observed; what they return joins the log line, and
            one that sets `state.enough` ends the run there
    judge   called after each log line, which is the last of `state.game.history`; may raise to end the run
    held    tells of a signal to stop (see `training.stopping`), here or, after the last round, at any other rank
    pace    called after each round with the seconds it took; true when it changed what a resumed run must know
    """
    held = held or Held()
    game, ranks = state.game, state.ranks
    mover = Mover(state, precision, micro_batches, record)
    started, saved, changed = time.monotonic() - state.seconds, time.monotonic(), False
    game.train()
    while True:
        stop, state.seconds = ranks.agree(held.number or bool(state.enough), time.monotonic() - started)
        game.progress = budget.progress(state)
        done = game.progress >= 1
        if state.round and (stop or done or changed or time.monotonic() - saved > every.save_seconds):
            keep.save(state)
            saved = time.monotonic()
        if stop or done:
            break

        seen = {} if state.round % every.log == 0 else None
        begun = time.monotonic()
        with observing(seen):
            terms = play_round(state, mover)
        state.round += 1
        state.average.update(state.batch_size, state.samples)
        if state.augment:
            state.augment.adapt(state)
        changed = pace(time.monotonic() - begun)

        if seen is not None:
            row = {name: float(value.float().mean()) for name, value in (terms | as_tensors(seen)).items()}
            row = ranks.means(row)
            row |= {f"{name}/skipped": count for name, count in state.skipped.items()}
            for probe in probes:
                row |= probe(state, seen)
            keep.log(state, row)
            judge(state)
        if state.round % every.sample == 0:
            with state.average.playing(game):
                keep.sample(state)
    held.number = int(ranks.agree(held.number, 0)[0])
    return done or bool(ranks.as_first(bool(state.enough)))


@contextmanager
def told(rows: bool) -> Iterator[Probe]:
    """A probe that tells whoever watches (see `distributed.track`) how far training has come; where they are shown its
    `rows`, they are told nothing inside."""
    with watched_by(None) if rows else nullcontext(), task("training", 1000) as advance:
        done = 0

        def probe(state: State, seen: Mapping) -> Mapping:
            nonlocal done
            now = int(1000 * state.game.progress)
            advance(now - done)
            done = now
            return {}

        yield probe


def play_round(state: State, mover: Mover) -> dict[str, Tensor]:
    """Every turn of the current stage, once. Returns "player/term" -> value of each player's last move."""
    game = state.game
    stage = enter_stage(state)
    for player in state.players.values():
        player.moves = 0
        game.schedule(player.name, player.optimizer)
    terms, batch, memo = {}, None, {}
    for turn in stage.turns:
        if state.round % turn.every or not (turn.when is always or state.ranks.as_first(turn.when())):
            continue
        for _ in range(turn.times(state.round) if callable(turn.times) else turn.times):
            if turn.fresh or batch is None:
                batch = draw(state, memo)
            terms |= mover.move(turn, batch)
    return terms


def enter_stage(state: State):
    """The stage that the progress lies in; a new one begins here."""
    stages = state.game.stages()
    total, reached = sum(s.share for s in stages), 0.0
    for index, stage in enumerate(stages):
        reached += stage.share / total
        if state.game.progress < reached or index == len(stages) - 1:
            break
    if index != state.stage:
        stage.begin()
        if state.stage >= 0:  # what an optimiser remembers of one loss misleads it in the next
            for player in state.players.values():
                player.optimizer = state.game.optimizer(player.name, [player.flat])
        state.stage = index
    return stage


def draw(state: State, memo: dict) -> Batch:
    """This rank's share of the next batch, on the game's device."""
    ranks = state.ranks
    index = state.order.take(state.batch_size // ranks.count, ranks.rank, ranks.count)
    with ranks.together(len(index)):
        batch = state.data.batch(index, state.game.device)
    if state.augment:
        batch = state.augment.turned(batch, state)
    batch.memo = memo
    return batch


class Mover:
    """Makes moves, remembering who is frozen."""

    def __init__(self, state: State, precision: str, micro_batches: int, record: bool = False):
        self.state, self.micro_batches = state, micro_batches
        self.casting = lambda: casting(precision, state.game.device)
        self.movers: tuple[str, ...] | None = None
        self.replayed = Recorder.of(state, self.differentiate) if record and micro_batches == 1 else self.differentiate

    def move(self, turn: Turn, batch: Batch) -> dict[str, Tensor]:
        """One move of the turn's player (or of several at once): loss, gradient, average over ranks, step."""
        self.free_only(turn.movers)
        terms = (self.differentiate if observed() else self.replayed)(turn, batch)
        for name in turn.movers:
            player = self.state.players[name]
            if player.step():
                self.state.game.moved(name)
            elif player.lost >= HOPELESS:
                raise Diverged(
                    f"{name}'s gradient was not finite in {HOPELESS} updates in a row (step {self.state.round})"
                )
        return terms

    def differentiate(self, turn: Turn, batch: Batch) -> dict[str, Tensor]:
        """Write each mover's gradient, averaged over ranks; return "player/term" -> value."""
        players = [self.state.players[name] for name in turn.movers]
        terms: dict[str, Tensor] = {}
        parts = [batch] if self.micro_batches == 1 else batch.parts(self.micro_batches)
        averaging = []
        for i, part in enumerate(parts):
            with self.casting(), self.state.ranks.together(len(part)):
                said = turn.loss(part)
            said = {turn.player: said} if isinstance(turn.player, str) else said
            for player in players:
                mine = said[player.name]
                if len(parts) > 1:
                    mine = {name: value * (len(part) / len(batch)) for name, value in mine.items()}
                player.differentiate(reduce(add, mine.values()), keep_graph=player is not players[-1], add=i > 0)
                if part is parts[-1]:  # while the next player's gradient is computed
                    averaging.append(self.state.ranks.begin_average(player.gradient))
                for name, value in mine.items():
                    key = f"{player.name}/{name}"
                    terms[key] = value.detach() + terms[key] if i else value.detach()
        for finish in averaging:
            finish()
        return terms

    def free_only(self, names: tuple[str, ...]) -> None:
        if names != self.movers:
            for name, player in self.state.players.items():
                player.freeze(name not in names)
            self.movers = names


def as_tensors(seen: Mapping) -> dict[str, Tensor]:
    return {name: torch.as_tensor(value, dtype=torch.float32) for name, value in seen.items()}


def check_budget(steps, minutes) -> Budget:
    """A Budget of one of the two; UserError for both, or for what is not positive."""
    if steps is not None and minutes is not None:
        raise SettingError("give --steps or --minutes, not both")
    if steps is not None and not (1 <= steps <= MOST and steps == int(steps)):
        raise SettingError(f"steps={steps}: give a whole number of training steps, from 1 to {MOST:,}")
    if minutes is not None and not 0 < minutes < MOST:
        raise SettingError(f"minutes={minutes}: give a time above 0, as a number")
    return Budget(None if steps is None else int(steps), minutes)
