"""What is shown of long work that is no training: bars in a terminal, elsewhere a line now and then, all on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from gansmith.cli.console import first_rank, say

SOON, LATER = 1.0, 5.0  # seconds that work may go on before anything is said: in a terminal, elsewhere
OFTEN = 30.0  # seconds between lines


@dataclass
class Task:
    what: str
    total: int | None
    done: int = 0
    begun: float = field(default_factory=lambda: time.monotonic())

    def __str__(self) -> str:
        """'decoding pictures 35 %, 40 s left'."""
        if not self.total or not self.done:
            return self.what
        left = (time.monotonic() - self.begun) * (self.total - self.done) / self.done
        return f"{self.what} {100 * self.done / self.total:.0f} %" + (f", {left:.0f} s left" if left >= 1 else "")


class Waiting:
    """Told of tasks (see `gansmith.distributed.track`), it shows those under way.

    pause  called before the first bar is drawn: what else is drawn in the terminal gives way
    """

    def __init__(self, stream=None, pause: Callable[[], None] = lambda: None):
        self.stream, self.pause = stream or sys.stderr, pause
        self.quiet = self.stream is None or self.stream.closed or not first_rank()
        self.terminal = not self.quiet and self.stream.isatty()
        self.tasks: list[Task] = []
        self.bars, self.shown = None, []  # rich's Progress, while one is drawn; its number for each task
        self.due = 0.0  # when the next line is

    def begin(self, what: str, total: int | None) -> None:
        if not self.tasks:
            self.due = time.monotonic() + (SOON if self.terminal else LATER)
        self.tasks.append(Task(what, total))
        self._show()

    def advance(self, count: int) -> None:
        self.tasks[-1].done += count
        self._show()

    def end(self) -> None:
        self.tasks.pop()
        if self.bars and len(self.shown) > len(self.tasks):
            self.bars.remove_task(self.shown.pop())
        if self.bars and not self.tasks:
            self.bars.stop()
            self.bars = None

    def _show(self) -> None:
        if self.quiet or time.monotonic() < self.due:
            return
        with suppress(OSError, ValueError):  # nobody reads any more
            if self.terminal:
                self._draw()
            else:
                self.due = time.monotonic() + OFTEN
                say("  " + ": ".join(map(str, self.tasks)), stream=self.stream)

    def _draw(self) -> None:
        if self.bars is None:
            from rich import progress
            from rich.console import Console

            self.pause()
            self.bars = progress.Progress(
                progress.SpinnerColumn(), *progress.Progress.get_default_columns(),
                console=Console(file=self.stream), transient=True, redirect_stdout=False,
            )  # fmt: skip
            self.bars.start()
            self.shown = []
        for one in self.tasks[len(self.shown) :]:
            self.shown.append(self.bars.add_task(one.what, total=one.total))
        self.bars.update(self.shown[-1], completed=self.tasks[-1].done)
