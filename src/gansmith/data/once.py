"""What is found out once while something is read, however many kinds of data ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

_found: ContextVar[dict | None] = ContextVar("found", default=None)


@contextmanager
def once() -> Iterator[None]:
    """Inside, functions that are `remembered` give the same answer again; outside they look anew: files change."""
    if _found.get() is not None:
        yield
        return
    before = _found.set({})
    try:
        yield
    finally:
        _found.reset(before)


def remembered(function: Callable) -> Callable:
    """`function` of arguments that can be hashed, asked once for each of them inside `once`."""

    @wraps(function)
    def asked(*args):
        found = _found.get()
        if found is None:
            return function(*args)
        key = (function, *args)
        if key not in found:
            found[key] = function(*args)
        return found[key]

    return asked
