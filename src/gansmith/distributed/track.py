"""How far long work has come, for whoever watches. The command line shows it; programs in Python are told nothing.

>>> for part in track(parts, "reading pictures"):
...     work(part)
>>> with task("training a classifier", total=600) as advance:
...     advance()  # after each of the 600
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Watcher(Protocol):
    """Tasks may be begun inside tasks: `advance` and `end` are about the one that began last."""

    def begin(self, what: str, total: int | None) -> None: ...
    def advance(self, count: int) -> None: ...
    def end(self) -> None: ...


_watcher: Watcher | None = None


@contextmanager
def watched_by(watcher: Watcher | None) -> Iterator[None]:
    """Inside, `watcher` is told of every task; None: nobody is."""
    global _watcher
    before, _watcher = _watcher, watcher
    try:
        yield
    finally:
        _watcher = before


@contextmanager
def task(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A piece of work, in a few words (`what`), of `total` parts where that is known: call what is given after each
    part, or with the number of parts that were done since."""
    watcher = _watcher
    if watcher is None:
        yield lambda count=1: None
        return
    watcher.begin(what, total)
    try:
        yield lambda count=1: watcher.advance(count)
    finally:
        watcher.end()


def track(parts: Iterable, what: str, total: int | None = None) -> Iterator:
    """The parts, one by one, as a task; `total` where they have no length."""
    total = len(parts) if total is None and hasattr(parts, "__len__") else total
    with task(what, total) as advance:
        for part in parts:
            yield part
            advance()
