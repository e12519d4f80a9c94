"""Many items of which each is made when it is asked for: a folder of any size takes the memory of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np


class OnDemand(Mapping[str, np.ndarray]):
    """Name -> what `make` makes of its row, anew each time.

    rows  (name, row), in order; a name that comes again takes the place of the one before
    """

    def __init__(self, rows: Iterable[tuple[str, int]], make: Callable[[int], np.ndarray]):
        self.rows, self.make = dict(rows), make

    def __getitem__(self, name: str) -> np.ndarray:
        return self.make(self.rows[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
