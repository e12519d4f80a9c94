"""How many threads share the operations of a round on a CPU: found by playing, first in the plan, then in training.

Threads that share an operation wait for one another at its end. Where something else keeps a core busy, one of them
waits for its turn on that core, some milliseconds, at each of the hundreds of operations of a round: two threads are
then slower than one, up to ten times (docs/performance.md, "Beside a busy neighbour"). Counting cores cannot tell.

Another number of threads adds up in another order, so a run keeps the number it began with, in settings.json, and each
change of it, in its checkpoint, which is written at once: what is resumed goes on with the number it was saved with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import torch

from gansmith.data.spec import Kind
from gansmith.errors import SettingError
from gansmith.training.hardware import cores
from gansmith.training.state import State

NEARLY = 1.03  # times as long as the quickest number of threads may take, and be taken because it is fewer
SLOWER = 1.5  # times as long as before for WINDOW seconds of rounds, and ROUNDS of them: time for a trial
WINDOW, ROUNDS = 5.0, 8
TRIES = 4  # rounds of each number in a trial, of which the first is not timed
AGAIN, SELDOM = 60.0, 1000.0  # seconds until more threads are tried again; doubled each time in vain, up to SELDOM


def candidates(device: torch.device, spec: Kind, asked: int | None = None, ranks: int = 1) -> tuple[int, ...]:
    """Numbers of threads worth a trial, the largest first; one alone is taken without.

    asked  the number wanted; SettingError unless this machine has as many cores
    """
    most = torch.get_num_threads()
    if asked is not None:
        if not 1 <= asked <= cores():
            raise SettingError(f"threads={asked}: this machine has {cores()} cores; give 1 to {cores()}")
        return (asked,)
    if device.type == "cpu" and spec.small:  # operations too short to share
        return (1,)
    if device.type != "cpu" or ranks > 1:
        return (most,)
    return tuple(sorted({most, max(1, most // 2), 1}, reverse=True))


def turn_about(counts: Sequence[int], rounds: int) -> Iterator[int]:
    """Each count so many times, forwards and backwards in turn, so that turns played every second round hit all."""
    for i in range(rounds):
        yield from counts if i % 2 == 0 else reversed(counts)


def quickest(seconds: Mapping[int, Sequence[float]]) -> int:
    """The fewest threads that take hardly longer than the quickest: they depend least on what else goes on."""
    typical = {count: median(times) for count, times in seconds.items()}
    return min(count for count, time in typical.items() if time <= NEARLY * min(typical.values()))


class Pace:
    """Called by the loop after each round with the seconds it took; sets how many threads play the next.

    It tries the candidates anew when rounds have become SLOWER than they were, and, where fewer threads than the most
    play, now and then whether more have become worth it.

    counts   candidates, the largest first; none: the number of threads stays as it is
    seconds  a round takes with the number of threads it begins with
    """

    def __init__(self, state: State, counts: Sequence[int] = (), seconds: float = 0.0):
        self.state, self.counts, self.usual = state, tuple(counts), seconds
        self.recent: list[float] = []  # seconds of rounds that were not judged yet
        self.left: list[int] = []  # of the trial under way: numbers of threads of its next rounds
        self.times: dict[int, list[float]] = {}
        self.since, self.patience = 0.0, AGAIN
        self.logged = len(state.threads)

    def __call__(self, seconds: float) -> bool:
        """True when the number of threads changed for good."""
        if len(self.counts) < 2:
            return False
        if self.left:
            return self._tried(seconds)
        if torch.get_num_threads() != self.state.threads[-1][1]:  # a rollback brought back what was
            torch.set_num_threads(self.state.threads[-1][1])
        self.since += seconds
        self.recent.append(seconds)
        if len(self.recent) >= ROUNDS and sum(self.recent) >= WINDOW:
            mean, self.recent = sum(self.recent) / len(self.recent), []
            slower, fewer = mean > SLOWER * self.usual, self.state.threads[-1][1] < self.counts[0]
            self.usual = min(self.usual, mean)
            if slower or (fewer and self.since > self.patience):
                self.left, self.times = list(turn_about(self.counts, TRIES)), {count: [] for count in self.counts}
                torch.set_num_threads(self.left[0])
        return False

    def _tried(self, seconds: float) -> bool:
        """Take note of a round of the trial; after the last, go on with the number that was the quickest."""
        self.times[self.left.pop(0)].append(seconds)
        if self.left:
            torch.set_num_threads(self.left[0])
            return False
        timed, before = {count: times[1:] for count, times in self.times.items()}, self.state.threads[-1][1]
        best = quickest(timed)
        torch.set_num_threads(best)
        self.usual, self.since = median(timed[best]), 0.0
        self.patience = AGAIN if best != before else min(2 * self.patience, SELDOM)
        if best != before:
            self.state.threads.append([self.state.round, best])
        return best != before

    def line(self, state: State, seen: Mapping) -> dict[str, float]:
        """A probe: what the log says of a change of the number of threads, once."""
        if len(state.threads) == self.logged:
            return {}
        self.logged = len(state.threads)
        return {"threads": state.threads[-1][1], "threads/since": state.threads[-1][0]}


def begin_pace(state: State, threads: int | None, seconds: float | None) -> Pace:
    """The Pace of a run that begins or goes on; on a CPU, `state.threads` has an entry from here on.

    threads  it began with;  seconds: a round took with them, None where their number was not found by trial and stays
    """
    game, ranks = state.game, state.ranks
    if game.device.type != "cpu":
        return Pace(state)
    counts = candidates(game.device, game.spec, ranks=ranks.count)
    state.threads = state.threads or [[state.round, threads or counts[0]]]
    if state.threads[-1][1] > cores():  # it goes on where there are fewer
        state.threads.append([state.round, cores()])
    return Pace(state, counts, seconds) if seconds else Pace(state)
