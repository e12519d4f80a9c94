"""Signals that end a training: the round is finished, all is saved, and then the caller gets the signal.

Ctrl-C (SIGINT), SIGTERM (`kill`, schedulers, containers) and SIGHUP (a terminal that closes) are held back while rounds
are played. What the calling program would have done on the signal happens after all is saved: by default Ctrl-C raises
KeyboardInterrupt and the others end the process, and a handler of the program's own is called.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Held:
    """The number of the signal that came, 0 before one does."""

    number: int = 0


@contextmanager
def signals_held() -> Iterator[Held]:
    """Inside, a first signal is only noted, in what is yielded; a second one raises KeyboardInterrupt at once."""
    held = Held()

    def hold(number, frame):
        if held.number:
            raise KeyboardInterrupt
        held.number = number

    with signals_handled_by(hold):
        yield held


@contextmanager
def signals_handled_by(handler) -> Iterator[None]:
    """Inside, `handler(number, frame)` is called for the signals.

    SIGHUP stays ignored where the caller ignores it, as under `nohup`. Python hears signals in its main thread alone,
    so that in another one this does nothing.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
        before = {n: old for n, old in before.items() if n == signal.SIGINT or old != signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)


def deliver(number: int) -> None:
    """Let the calling program have the signal that was held back, if one was."""
    if number and threading.current_thread() is threading.main_thread():
        signal.raise_signal(number)
