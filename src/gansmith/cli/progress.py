"""What is printed during training: a live view in a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from gansmith.cli.console import first_rank, me, say, say_error
from gansmith.cli.waiting import Waiting
from gansmith.distributed.track import watched_by
from gansmith.game import Game
from gansmith.names import shown, typed
from gansmith.training import modelfile
from gansmith.training.folder import RunFolder
from gansmith.training.plan import spell_threads, spell_time
from gansmith.training.stopping import signals_handled_by

NOT_LOSSES = ("step", "seconds", "samples", "threads", "threads/since")


def watched(start: Callable, run: Path, title: str, quiet: bool, begun: float) -> None:
    """Call `start(watch=…, say=…)`, which trains into the folder `run`, and say how it went and what to type next.

    Raises typer.Exit(130) when the run was stopped before its end: by Ctrl-C, SIGTERM or SIGHUP.
    """
    try:
        with (
            signals_handled_by(signal.default_int_handler),
            Progress(title, quiet or not first_rank()) as progress,
            watched_by(None if quiet else Waiting(pause=progress.pause)),
        ):
            game = start(watch=progress.watch, say=progress.say)
    except KeyboardInterrupt:
        say_error(stopped(run))
        raise typer.Exit(130) from None
    done = game.trained
    if first_rank() and not (progress.rows or quiet):
        so_far = f"{done['rounds']:,} steps, {spell_time(done['seconds'])}"
        progress.print(f"already trained: {so_far}; give a larger total, such as {larger(run)}")
        return
    if first_rank():
        progress.print(run if quiet else summary(run, done, time.monotonic() - begun))
    if not done["finished"]:
        say_error(stopped(run))
        raise typer.Exit(130)
    if first_rank() and not quiet:
        progress.print(whats_next(run, game))


def stopped(run: Path) -> str:
    """How far a run came that ended early, and what to type to go on."""
    folder = RunFolder(run)
    if not folder.checkpoint.exists():
        return "stopped before anything was saved"
    after = ""
    if folder.model.exists() and folder.model.stat().st_mtime >= folder.checkpoint.stat().st_mtime:
        done = modelfile.read_header(folder.model)["trained"]
        after = f" after step {done['rounds']:,}" + (f" ({done['enough']})" if done.get("enough") else "")
    return f"stopped{after}; continue with: {me()} resume {typed(run)}"


def summary(run: Path, done: Mapping, seconds: float) -> str:
    """Where things are and what they took."""
    return f"""
{done["rounds"]:,} training steps, {done["samples"]:,} samples, {spell_time(done["seconds"])} of training
  {run}/report.html   everything about this run on one page
  {run}/samples/      samples during training
  {run}/model.gan     the trained model
this command took {spell_time(seconds)}"""


def whats_next(run: Path, game: Game) -> str:
    """Three commands to type next."""
    place = typed(run)
    return f"""next:
  {me()} sample {place} {game.spec.to_sample(game)}
  {me()} report {place}
  {me()} resume {place} {larger(run)}"""


def larger(run: Path) -> str:
    """Twice the total that the run was given, as an option."""
    options = RunFolder(run).read_settings()["options"]
    return f"--steps {2 * options['steps']}" if options["steps"] else f"--minutes {2 * options['minutes']:g}"


class Progress:
    """Pass `say` and `watch` to `fit` or `resume`; use it as a context, so that the terminal is left in order."""

    def __init__(self, title: str = "", quiet: bool = False, every: float = 5.0, stream=None):
        self.stream = stream or sys.stdout  # None where the program was started without one
        self.title, self.quiet = title, quiet or self.stream is None
        self.every = 0.2 if not self.quiet and self.stream.isatty() else every
        self.recent: deque = deque(maxlen=20)
        self.shown = self.rows = 0
        self.live = None
        self.note = ""  # the last change of the number of threads

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the live view out of the terminal; the next row draws it again."""
        if self.live:
            with self.readers_may_leave():
                self.live.stop()
            self.live = None

    def say(self, line: str) -> None:
        if not self.quiet:
            for text in filter(None, (self.title, line)):
                self.print(shown(text))
            self.title = ""

    def print(self, text) -> None:
        """A line, as long as somebody reads."""
        with self.readers_may_leave():
            if self.stream is not None:
                say(text, stream=self.stream)

    @contextmanager
    def readers_may_leave(self) -> Iterator[None]:
        """Around whatever prints: where nobody reads any more (`| head`, a terminal that closed), training goes on."""
        try:
            yield
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) and not self.stream.closed:
                raise
            self.quiet, self.live = True, None
            if self.stream is sys.stdout:  # what is still buffered goes nowhere
                with suppress(OSError, ValueError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.stream = None
            say_error("the output is no longer read: training continues without it")

    def watch(self, state, row: Mapping) -> None:
        self.rows += 1
        self.recent.append((row["seconds"], row["samples"]))
        if "threads" in row:
            self.note = f"{spell_threads(row['threads'])} since step {row['threads/since']:,}"
        if self.quiet or time.monotonic() - self.shown < self.every:
            return
        self.shown = time.monotonic()
        share, speed = state.game.progress, self.speed()
        facts = [f"step {row['step']:,}", f"{100 * share:.0f} %"]
        facts += [f"{speed:,.0f} samples/s"] if speed else []
        facts += [f"{spell_time(row['seconds'] * (1 - share) / share)} left"] if row["seconds"] > 1 and share else []
        facts += [self.note] if self.note else []
        facts += [state.verdict] if state.verdict else []
        facts += [f"{sum(state.skipped.values())} updates skipped (gradient not finite)"] if state.skipped else []
        if self.stream.isatty():
            with self.readers_may_leave():
                self._draw(share, facts, by_player(row))
        else:
            self.say("  ".join(facts + [f"{who} {sum(terms.values()):.3g}" for who, terms in losses(row, state)]))

    def speed(self) -> float | None:
        """Samples a second over the last log lines."""
        (start, before), (end, after) = self.recent[0], self.recent[-1]
        return (after - before) / (end - start) if end > start else None

    def _draw(self, share: float, facts: list[str], groups: Mapping[str, Mapping[str, float]]) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if self.live is None:
            self.live = Live(console=Console(file=self.stream), auto_refresh=False, transient=True)
            self.live.start()
        top = Table.grid(padding=(0, 2))
        top.add_row(ProgressBar(total=1, completed=share, width=28), *facts)
        below = Table.grid(padding=(0, 2))
        for who, terms in groups.items():
            below.add_row(Text(who, style="dim"), Text("   ".join(f"{k} {v:.3g}" for k, v in terms.items())))
        self.live.update(Group(top, below), refresh=True)


def by_player(row: Mapping) -> dict[str, dict[str, float]]:
    """ "player/term" -> value of a log line, as player -> term -> value."""
    groups: dict[str, dict[str, float]] = {}
    for name, value in row.items():
        if name not in NOT_LOSSES:
            who, _, term = name.partition("/")
            groups.setdefault(who, {})[term] = value
    return groups


def losses(row: Mapping, state) -> list[tuple[str, dict[str, float]]]:
    """The loss terms of each network."""
    return [(who, terms) for who, terms in by_player(row).items() if who in state.players]
