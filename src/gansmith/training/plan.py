"""A plan before step 1: what this run will cost on this machine, measured on a few rounds of a throw-away copy."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import torch

from gansmith.errors import UserError
from gansmith.training.folder import Memory, RunFolder
from gansmith.training.hardware import free_memory, peak_memory
from gansmith.training.loop import Budget, Every, Mover, play_round
from gansmith.training.pace import quickest, turn_about
from gansmith.training.state import State

WARM_SECONDS = 2.0  # of rounds, with each number of threads
ROUNDS = 50  # … or so many
SHARED = 0.9  # of a core, below which something else is said to use this machine
MEASURED = 250  # samples that a measurement makes at once
LINES, SHEETS = 400, 10  # of a run, about
USUAL = 1001  # a round like most: games may play their first ones, or every so many, at greater length


@dataclass
class Plan:
    """What a run will take; sizes in bytes, times in seconds."""

    parameters: dict[str, int]
    round_seconds: float
    rounds: int
    batch_size: int
    memory: int
    disk: int
    reasons: list[str] = field(default_factory=list)
    threads: int | None = None  # that it is played on; None: on a card
    tried: dict[int, float] = field(default_factory=dict)  # seconds a round took with each number of threads
    share: float = 1.0  # of a core that was ours in the trial
    needed: tuple[int, int] = (0, 0)  # steps until samples usually resemble such data, and until they are good
    covered: dict[int, float] = field(default_factory=dict)  # see `Kind.covered`

    @property
    def seconds(self) -> float:
        return self.rounds * self.round_seconds

    @property
    def every(self) -> Every:
        """About LINES log lines, and SHEETS sample sheets."""
        return Every(log=max(1, self.rounds // LINES), sample=max(1, self.rounds // SHEETS))

    def lines(self) -> list[str]:
        players = ", ".join(f"{name} {count:,}" for name, count in self.parameters.items())
        return [
            f"parameters   {players}",
            f"speed        {self.batch_size / self.round_seconds:,.0f} samples/s, "
            f"{1000 * self.round_seconds:.3g} ms per step of {self.batch_size}{self._on_threads()}",
            f"whole run    {self.rounds:,} steps, {spell_time(self.seconds)}, {spell_size(self.disk)} on disk, "
            f"{spell_size(self.memory)} of memory",
            *(
                [f"shared       this machine is shared: {100 * self.share:.0f} % of a core was ours in the trial"]
                if self.share < SHARED
                else []
            ),
            *self._expected(),
            *(f"chosen       {reason}" for reason in self.reasons),
        ]

    def expect(self, game, dataset) -> None:
        """Look up what can be expected of a game with this data."""
        self.needed = dataset.spec.steps_needed(len(dataset), self.batch_size)
        self.covered = dataset.spec.covered(len(dataset)) if game.name == dataset.spec.default_game else {}

    def _expected(self) -> list[str]:
        """What a run of so many steps can be expected to do, and how long it would take to do more."""
        first, good = self.needed
        long, longer = (spell_time(steps * self.round_seconds) for steps in (first, good))
        if not good:
            told = []
        elif self.rounds >= good:
            told = [f"samples that are good, as they usually are after about {good:,} steps"]
        elif self.rounds >= first:
            told = [
                f"samples that resemble the data, as they usually do after {first:,} steps; they are good "
                f"after about {good:,} ({longer} here)"
            ]
        else:
            told = [
                f"samples usually resemble such data after about {first:,} steps ({long} here) and are good "
                f"after {good:,} ({longer}); this run has {self.rounds:,}"
            ]
        return [f"expect       {line}" for line in told + self._covered()]

    def _covered(self) -> list[str]:
        """What share of the data was covered after as many steps, and after twice as many, where that was measured."""
        if not self.covered:
            return []
        most, steps = max(self.covered), self.rounds * self.batch_size / 64
        shares = np.interp(np.log([steps, 2 * steps]), np.log([*self.covered]), [*self.covered.values()])
        now, twice = (f"{round(100 * share, -1):.0f} %" for share in shares)
        more = f", {twice} after twice as many" if steps < most else f"; more than {most:,} were not measured"
        return [
            f"of other pictures of this size {now} had a sample like them after as many steps{more} (docs/defaults.md)"
        ]

    def _on_threads(self) -> str:
        """', on 2 threads (on 1: 205 ms)'."""
        if self.threads is None:
            return ""
        others = ", ".join(f"on {n}: {1000 * s:.3g} ms" for n, s in self.tried.items() if n != self.threads)
        return f", on {spell_threads(self.threads)}" + (f" ({others})" if others else "")


def step_seconds(state: State, precision: str) -> float:
    """Seconds of a training step on `state`, which is used up: the median of a few after the first."""
    state.game.train()
    mover = Mover(state, precision, 1, False)
    state.round = USUAL
    return state.ranks.as_first(_over_stages(state, mover, _seconds(state, mover, 5), by_clock=True))


def make_plan(
    make_state: Callable[[], State],
    budget: Budget,
    *,
    precision: str,
    micro_batches: int,
    reasons: list[str],
    record: bool = False,
    threads: Sequence[int] = (),
    out=None,
) -> Plan:
    """Play a few rounds on a state of its own, then save and sample once, so that neither fails in hour ten.

    make_state  gives a fresh State that shares nothing with the one to be trained
    threads     numbers of threads to try, of which the quickest is left set (see `training.pace`); none: as it is
    out         where the run will be kept: the trial files are written there and removed; None: none are
    """
    state = make_state()
    state.game.train()
    mover = Mover(state, precision, micro_batches, record)
    state.round = USUAL
    _grow(state, mover)  # the first rounds pay for what later ones find ready
    ranks, on_cpu = state.ranks, state.game.device.type == "cpu"
    tried, share = _time(state, mover, threads or (torch.get_num_threads(),))
    count = quickest(tried)
    torch.set_num_threads(count)
    tried = {n: median(times) for n, times in tried.items()}
    round_seconds = ranks.as_first(_over_stages(state, mover, tried[count], by_clock=budget.steps is None))
    rounds = budget.steps or max(1, round(60 * budget.minutes / round_seconds))
    written = _rehearse(state, Path(out)) if out is not None and ranks.first else 0
    return Plan(
        parameters={name: player.flat.numel() for name, player in state.players.items()},
        round_seconds=round_seconds,
        rounds=rounds,
        batch_size=state.batch_size,
        memory=peak_memory(state.game.device),
        disk=written,
        reasons=reasons,
        threads=count if on_cpu else None,
        tried=tried,
        share=share if on_cpu else 1.0,
    )


def _time(state: State, mover: Mover, threads: Sequence[int]) -> tuple[dict[int, list[float]], float]:
    """(seconds of rounds with each number of threads, by turns; the share of a core that was ours with the fewest)."""
    times: dict[int, list[float]] = {count: [] for count in threads}
    ours = spent = 0.0
    begun, warm = time.perf_counter(), len(threads) > 1  # another number of threads begins with a slow round
    for count in turn_about(threads, ROUNDS + warm):
        enough = time.perf_counter() - begun > WARM_SECONDS * len(threads)
        if min(map(len, times.values())) >= 3 and state.ranks.as_first(enough):  # ranks play these rounds together, too
            break
        torch.set_num_threads(count)
        start, used = time.perf_counter(), time.process_time()
        state.round += 1
        play_round(state, mover)
        state.average.update(state.batch_size, state.samples)
        _finish(state)
        times[count].append(time.perf_counter() - start)
        if count == min(threads):
            ours, spent = ours + time.process_time() - used, spent + times[count][-1]
    return {count: found[warm:] for count, found in times.items()}, ours / spent


def _over_stages(state: State, mover: Mover, first: float, by_clock: bool) -> float:
    """Seconds of a round on average over the stages of the game, the first of which takes `first`: a generator that
    learns by likelihood, say, plays many times as fast as later against a discriminator.

    by_clock  a stage has its share of the time; False: of the rounds
    """
    stages = [stage for stage in state.game.stages() if stage.share > 0]
    total, reached = sum(stage.share for stage in stages), 0.0
    times = []
    for stage in stages:
        state.game.progress = (reached + stage.share / 2) / total
        reached += stage.share
        times.append(_seconds(state, mover, 3) if times else first)
    shares = [stage.share / total for stage in stages]
    if by_clock:
        return 1 / sum(share / seconds for share, seconds in zip(shares, times))
    return sum(share * seconds for share, seconds in zip(shares, times))


def _seconds(state: State, mover: Mover, rounds: int) -> float:
    """Of a round: the median of a few after the first."""
    times = []
    for _ in range(1 + rounds):
        begun = time.perf_counter()
        state.round += 1
        play_round(state, mover)
        _finish(state)
        times.append(time.perf_counter() - begun)
        if len(times) > 1 and state.ranks.as_first(sum(times) > WARM_SECONDS):  # ranks play these rounds together
            break
    return median(times[1:])


def _grow(state: State, mover: Mover) -> None:
    """One round each with an eighth, a quarter, a half and all of the batch; UserError before memory runs out.

    Memory grows with the batch, so that what a step takes tells what the next, twice as large, will take at most.
    """
    device, ranks, whole = state.game.device, state.ranks, state.batch_size
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    smaller = [whole // share for share in (8, 4, 2)]
    if any(size % (ranks.count * mover.micro_batches) for size in smaller) or min(smaller) < 4 * ranks.count:
        smaller = []  # too few to be split so: such a batch fits
    before = peak_memory(device)
    for size in [*smaller, whole]:
        state.batch_size = size
        try:
            play_round(state, mover)
        except UserError:  # a game may want a multiple of something, such as packs of ten
            if size == whole:
                raise
        grown = (peak_memory(device) - before) / size  # bytes an item, with what the first round makes for all
        needed, free = (min(2 * size, whole) - size) * grown, free_memory(device)
        if ranks.as_first(float(free is not None and needed > free)):
            raise too_large(whole, (whole - size) * grown, free or 0, size * mover.micro_batches)


def too_large(batch: int, needed: float, free: float, fits: int) -> UserError:
    """For a batch that needs so many bytes more than are free, where `fits` items of it fit."""
    parts = -(-batch // max(1, fits // 2))  # half of what fits, since the run holds more than one round
    return UserError(
        f"a batch of {batch} needs about {spell_size(needed)} more of memory and {spell_size(free)} is free: "
        f"--micro-batches {min(parts, batch)} plays it in parts (batch norm then sees each part by itself), or give a "
        "smaller --batch-size"
    )


def _rehearse(state: State, out: Path) -> int:
    """Save and sample beside `out`; bytes a whole run will hold. UserError when the disk will not take them."""
    parent = out.absolute().parent
    made = [p for p in [parent, *parent.parents] if not p.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=parent) as folder:
            trial = RunFolder(folder)
            trial.samples.mkdir()
            with state.average.playing(state.game):
                trial.sample(state)
                if not state.game.inputs:
                    state.game.sample(MEASURED, seed=0)  # so that its memory is counted
            Memory.log(trial, state, {})
            trial.save(state)
            checkpoint = trial.checkpoint.stat().st_size
            sheet = sum(p.stat().st_size for p in trial.samples.iterdir())
    except OSError as error:
        for folder in made:
            folder.rmdir() if folder.exists() else None
        raise UserError(f"cannot write a run to {out} ({error.strerror or error}): choose another --out") from None
    total = 3 * checkpoint + 11 * sheet  # a checkpoint, the one being written beside it, the model
    free = shutil.disk_usage(parent).free
    if total > free:
        raise UserError(
            f"{out} needs {spell_size(total)} and the disk has {spell_size(free)} free: choose another --out"
        )
    return total


def _finish(state: State) -> None:
    if state.game.device.type == "cuda":
        torch.cuda.synchronize(state.game.device)


def spell_threads(count: int) -> str:
    return f"{count} thread" + "s" * (count > 1)


def spell_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def spell_size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
