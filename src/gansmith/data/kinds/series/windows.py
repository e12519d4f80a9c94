"""Series cut into windows of one length, and held-out blocks of time that no window of the training part touches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.series.read import Found
from gansmith.data.kinds.series.scores import fitted
from gansmith.data.kinds.series.steps import DAY, Step
from gansmith.data.labels import few
from gansmith.errors import DataError, SettingError

NUMBERS = 30_000_000  # of all windows together: 240 MB
FITTED = 300_000  # rows that the distribution of a column is taken from
USUAL, MOST = 24, 288  # steps of a window when nothing says better; and at most
SHORT = 256  # steps: series no longer than this are kept whole, where there are many
MANY = 20
HELD = 4  # windows that a held-out block is long, at least
LEAST = 6  # windows that a single series is long, of which one is held out
EMPTY = 0.9  # share of missing values from which a window is left out


@dataclass(frozen=True)
class Member:
    """One series of the data: the codes of its keys and attributes, when it begins (seconds), and its steps."""

    codes: tuple[float, ...]
    start: float
    length: int

    def to_json(self) -> list:
        return [list(self.codes), self.start, self.length]

    @classmethod
    def from_json(cls, about: list) -> Member:
        return cls(tuple(float("nan") if c is None else float(c) for c in about[0]), float(about[1]), int(about[2]))


@dataclass
class Stretch:
    """A part of one series without long holes: x (steps, columns), NaN where missing, from the step `first` on."""

    owner: int
    first: int
    time: float
    x: np.ndarray


@dataclass
class Windows(Dataset):
    """Windows of series: `owner` the series of each row of `fields`, `place` the step at which it begins."""

    related = True

    owner: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    place: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def split(self, held: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """(train, held-out) as `apart`, and how the networks see numbers is learned from the first part alone."""
        train, kept = self.apart(held, seed)
        rows: Any = train.rows
        form: Any = self.spec
        spec = form.fitted_to(self.fields["real"], rows.numpy())
        return replace(train, spec=spec), replace(kept, spec=spec)

    def apart(self, held: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Blocks of time are held out, the same of all series, or whole series where they are too short for that. A
        window that touches both parts is in neither."""
        rows = np.arange(len(self.place)) if self.rows is None else self.rows.numpy()
        form: Any = self.spec
        place, steps = self.place[rows], form.shape[1]
        rng = np.random.default_rng(seed)
        start, end = int(place.min()), int(place.max()) + steps
        alone = len(np.unique(self.owner[rows])) == 1 and end - start >= LEAST * steps
        if alone or ((end - start) * held >= steps and end - start >= 3 * HELD * steps):
            inside, touches = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
            for low, high in blocks(start, end, held, steps, rng):
                inside |= (place >= low) & (place + steps <= high)
                touches |= (place < high) & (place + steps > low)
        else:
            owners = np.unique(self.owner[rows])
            chosen = rng.permutation(owners)[: max(1, round(held * len(owners)))]
            inside = touches = np.isin(self.owner[rows], chosen)
        if not inside.any() or touches.all():
            raise SettingError(
                f"val={held}: these series are too short to hold out blocks of time beside windows of {steps} steps: "
                "--val 0, or a shorter --window"
            )
        one, other = (replace(self, rows=torch.from_numpy(rows[of])) for of in (~touches, inside))
        return one, other

    def longest(self, most: int) -> tuple[int, int, np.ndarray]:
        """(series, place of its first step, values (columns, steps)) of the longest stretch of time that windows cover
        without a break, its first `most` steps."""
        form: Any = self.spec
        rows, steps = np.arange(len(self.place)) if self.rows is None else self.rows.numpy(), form.shape[1]
        rows = rows[np.lexsort((self.place[rows], self.owner[rows]))]
        ends = (np.diff(self.owner[rows]) != 0) | (np.diff(self.place[rows]) > steps)
        parts = np.split(rows, np.flatnonzero(ends) + 1)
        mine = max(parts, key=lambda part: self.place[part[-1]] - self.place[part[0]])
        at = self.place[mine] - self.place[mine[0]]
        made = np.full((form.values, at[-1] + steps), np.nan)
        for row, first in zip(mine[at < most], at):
            made[:, first : first + steps] = self.fields["real"][row, : form.values]
        return int(self.owner[mine[0]]), int(self.place[mine[0]]), made[:, :most]


def blocks(start: int, end: int, held: float, steps: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(first, last + 1) steps of held-out blocks, one in each equal part of the time, `held` of it together."""
    length = max(HELD * steps, int((end - start) * held / 8))
    count = max(1, round((end - start) * held / length))
    length = max(steps, int((end - start) * held / count))
    edges = np.linspace(start, end, count + 1).astype(int)
    return [
        (at := int(rng.integers(low, max(low + 1, high - length))), at + length) for low, high in zip(edges, edges[1:])
    ]


def window_of(asked: int | None, step: Step, lengths: np.ndarray, name: str) -> int:
    """Steps of a window: those asked for, whole series where they are many and short, else about the season of the
    step: a day of hours, four weeks of days."""
    longest, usual = int(lengths.max()), int(np.median(lengths))
    if asked is not None:
        if int(asked) != asked or not 4 <= asked <= longest:
            raise DataError(f"{name}: window={asked}: give 4 to {longest:,} steps, the longest series")
        return int(asked)
    if len(lengths) >= MANY and longest <= SHORT:
        return longest
    season = {"months": 24, "business": 20}.get(step.kind, USUAL)
    if step.kind == "seconds":
        season = round(DAY / step.size) if step.size < DAY else 28 if step.size == DAY else 26
    season = min(MOST, max(8, season))
    while season > 8 and season * 4 > usual and season > 12:
        season //= 2
    return max(4, min(season, longest))


def stretches(found: Found, codes: np.ndarray, steps: int) -> list[Stretch]:
    """The series on their grid, cut where nothing is known for longer than a window."""
    made = []
    for owner, (rows, places, times) in enumerate(zip(found.rows, found.places, found.times)):
        cuts = np.flatnonzero(np.diff(places) > steps) + 1
        for part in np.split(np.arange(len(rows)), cuts):
            if not len(part):
                continue
            x = np.full((places[part[-1]] - places[part[0]] + 1, len(found.values)), np.nan)
            x[places[part] - places[part[0]]] = codes[rows[part]][:, list(found.values)]
            made.append(Stretch(owner, int(places[part[0]]), float(times[part[0]]), x))
    return made


def cut(parts: list[Stretch], steps: int, stride: int | None, channels: int):
    """((stretch, first step in it) of each window, stride, stretches that are too short); shorter ones that hold half
    a window are filled up with gaps."""
    long = [len(p.x) for p in parts]
    total = sum(max(0, n - steps) for n in long)
    stride = stride or max(1, -(-total * steps * channels // NUMBERS))
    least = max(4, steps // 2) if max(long) >= steps else 1
    found = [(i, s) for i, n in enumerate(long) if n >= least for s in range(0, max(1, n - steps + 1), stride)]
    return found, stride, sum(n < least for n in long)


def fresh(form: Any) -> list[int]:
    """Entries that name a series, and that the networks are not told: samples number them anew. Numbers that hold for
    a series, such as the inhabitants of a town, are no names, and stay those of the series that is followed."""
    entries, members = form.table.entries, form.members
    found = []
    for place, i in enumerate(form.named):
        name = entries[i].kind == "categorical" or (
            entries[i].kind in ("integer", "id") and len({m.codes[place] for m in members}) == len(members)
        )
        if name and i not in form.told and len(members) > 1:
            found.append(i)
    return found


def window(x: np.ndarray, start: int, steps: int) -> np.ndarray:
    """(columns, steps) of (n, columns), NaN behind its end."""
    made = np.full((x.shape[1], steps), np.nan)
    part = x[start : start + steps]
    made[:, : len(part)] = part.T
    return made


def scores_of(real: np.ndarray, rows: np.ndarray, values: int, groups: int = 1):
    """The distribution of each of the first `values` channels in these rows of windows, one of so many `groups`."""
    some = rows[:: max(1, len(rows) * real.shape[2] // FITTED)]
    return fitted(real[some, :values].transpose(0, 2, 1).reshape(-1, values), groups)


def said(form: Any, found: Found, lengths: np.ndarray, stride: int, short: int) -> str:
    """One line of what was found."""
    from_to = (
        f"{lengths.min():,} to {lengths.max():,}"
        if len(lengths) > 1 and lengths.min() < lengths.max()
        else f"{lengths.max():,}"
    )
    keys = f" by {few([form.table.entries[i].name for i in found.keys], 4)}" if found.keys else ""
    holes = int(sum(n - len(p) for n, p in zip(lengths, found.places)))
    calendar = f"; both players know the {few(form.cycles)}" if form.cycles else ""
    return (
        f"{len(lengths):,} series{keys} of {from_to} steps of {form.step.one}"
        + (f", {holes:,} steps missing" if holes else "")
        + f": windows of {form.shape[1]} steps, {stride} apart (window=N, stride=N for others){calendar}"
        + (f"; {short:,} series shorter than half a window are left out" if short else "")
    )
