"""A look at data before anything is trained on it: what is there, what is odd, what training would do with it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.labels import EMPTY, few
from gansmith.distributed.track import track
from gansmith.names import shown

FEW = 200  # items: below this a game mostly learns its examples by heart
STEP, NUMBERS = 1024, 2**24  # items looked at together, and numbers, at most


@dataclass
class Check:
    """What a pre-flight look found.

    kind        a name in gansmith.KINDS;  what  its noun;  shape  of one item as training sees it;  items  how many
    axes        what the numbers of `shape` are;  part  what low, high, mean and sd are of
    sizes, modes, formats  of files, called `titles`: text -> count
    left_out    file -> why it cannot be read
    duplicates  groups of items that are equal as training sees them
    odd         what is odd -> the items' names
    classes     name -> count
    types       column of a table -> what it holds
    low, high, mean, sd  of each channel or column (arrays: of all), in data units
    notes       what training would do with the data;  problems  what to look at first
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    items: int
    what: str = "items"
    axes: str = ""
    part: str = "column"
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
    titles: tuple[str, str, str] = ("sizes", "modes", "formats")
    left_out: dict[str, str] = field(default_factory=dict)
    duplicates: list[list[str]] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    sd: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when nothing needs looking at."""
        return not self.problems

    def lines(self) -> list[str]:
        """The report for a terminal, one fact a line."""
        axes = f" ({self.axes})" if self.axes else ""
        out = [f"{self.name}: {self.items} {self.what} of {' x '.join(map(str, self.shape))}{axes}"]
        for title, counts in zip(self.titles, (self.sizes, self.modes, self.formats), strict=True):
            if counts:
                out.append(f"  {title:<10}{_counts(counts)}")
        if self.classes:
            out.append(f"  {'classes':<10}{len(self.classes)}: {_counts(self.classes, 12)}")
        wide = min(24, max(map(len, self.types), default=0))
        out += [f"  {name:<{wide}}  {text}" for name, text in self.types.items()]
        parts = [f"{self.part} {i}" for i in range(len(self.low))] if len(self.low) > 1 else ["values"]
        labels = self.columns or parts
        shown = list(zip(labels, self.low, self.high, self.mean, self.sd, strict=False))[:12]
        wide = max((len(label) + 2 for label, *_ in shown), default=0)
        for label, *numbers in shown:
            low, high, mean, sd = (f"{v:.5g}" for v in numbers)
            out.append(f"  {label:<{max(10, wide)}}{low} ... {high}, mean {mean}, sd {sd}")
        if len(self.low) > 12:
            out.append(f"  {'':<10}and {len(self.low) - 12} more")
        for title, lines in (
            ("left out", [f"{f}: {why}" for f, why in self.left_out.items()]),
            ("training would see", self.notes),
        ):
            if lines:
                out += [f"  {title}:", *(f"    {line}" for line in lines)]
        out += ["  look at:", *(f"    {p}" for p in self.problems)] if self.problems else ["  nothing odd found"]
        return out

    def __str__(self) -> str:
        return "\n".join(map(shown, self.lines()))

    def to_json(self) -> dict:
        """Every field, and `ok`, as plain values."""
        return {**asdict(self), "ok": self.ok}


def look_over(data) -> Check:
    """The Check of a Dataset, or of anything else that `gansmith.data.read` takes."""
    from gansmith.data.reading import read

    dataset = read(data)
    if "source" in dataset.fields:
        return _look_at_two(dataset)
    check = Check(dataset.name, dataset.spec.kind, dataset.spec.shape, len(dataset), columns=dataset.spec.columns)
    check.what = dataset.spec.noun
    check.left_out = dict(dataset.left_out)
    check.notes = [note for note in dataset.notes if " left out: " not in note]
    if check.left_out:
        check.problems.append(f"{len(check.left_out)} cannot be read and would be left out")
    if check.items < FEW:
        check.problems.append(
            f"{check.items} {check.what} are few: a game would memorise them; some hundreds are a start"
        )
    if dataset.spec.continuous:
        _classes(check, dataset)
    check.odd = {what: list(names) for what, names in dataset.odd.items()}
    dataset.spec.check(dataset, check)
    check.problems += [f"{len(names)} {what}: {few(names, 8)}" for what, names in check.odd.items()]
    check.notes = [note for note in check.notes if note not in check.problems]
    return check


def _look_at_two(dataset: Dataset) -> Check:
    """The Check of what should come out, with what is odd in what goes in, and in the two together."""
    from gansmith.data.pairs import problems

    sides = {
        name: look_over(Dataset(dataset.spec.of(name), {"real": dataset.fields[name]}, name=dataset.name))
        for name in ("source", "target")
    }
    check = sides["target"]
    check.left_out, check.duplicates = dict(dataset.left_out), []
    form = " x ".join(map(str, sides["source"].shape))
    check.notes = [f"source: {sides['source'].items} of {form}", *dataset.notes]
    check.problems = problems(dataset) + [f"{name}: {p}" for name, side in sides.items() for p in side.problems]
    if dataset.left_out:
        check.problems.append(f"{len(dataset.left_out)} cannot be read and would be left out")
    return check


def look_at_values(check: Check, dataset: Dataset, axes=None, part: str = "value", look=None, aside=()) -> None:
    """Range, mean and spread along `axes`, and equal items, in one pass over the items.

    axes   summed over: what is left are the parts ("channel", "column") that numbers are given of; None: of all
    look   called with (position, items) of each step of the pass
    aside  positions whose being equal to others is no news (filled by `look`)
    """
    same = defaultdict(list)
    sums, low, high, n = 0.0, np.inf, -np.inf, 0
    step = max(1, min(STEP, NUMBERS // int(np.prod(dataset.spec.shape))))
    for start in track(range(0, len(dataset), step), "looking at the data"):
        x = dataset.raw(np.arange(start, min(start + step, len(dataset))))
        low, high = np.minimum(low, x.min(axes)), np.maximum(high, x.max(axes))
        wide = x.astype(np.float64)
        sums = sums + np.stack([wide.sum(axes), (wide**2).sum(axes)])
        n += x.size // max(1, np.size(low))
        for i, item in enumerate(x):
            same[hashlib.blake2b(np.ascontiguousarray(item).data, digest_size=16).digest()].append(start + i)
        if look is not None:
            look(start, x)
    mean = sums[0] / n
    check.part = part
    check.low, check.high = np.ravel(low).tolist(), np.ravel(high).tolist()
    check.mean = np.ravel(mean).tolist()
    check.sd = np.ravel(np.sqrt(np.maximum(sums[1] / n - mean**2, 0))).tolist()
    _constant(check)
    name, flat = namer(dataset), set(aside)
    groups = [rows for rows in same.values() if len(rows) > 1 and rows[0] not in flat]
    check.duplicates = [[name(row) for row in rows] for rows in groups]
    if groups:
        extra = sum(len(rows) - 1 for rows in groups)
        shown = few([" = ".join(name(row) for row in rows[:3]) for rows in groups], 5)
        check.problems.append(f"{extra} duplicates of other items: {shown}")
        if dataset.files:
            _contradictions(check, dataset, groups)


def _constant(check: Check) -> None:
    labels = check.columns or [str(i) for i in range(len(check.low))]
    constant = [
        f"{label} ({low:g})" for label, low, high in zip(labels, check.low, check.high, strict=False) if low == high
    ]
    if constant:
        check.problems.append(f"constant {check.part}s, the same in every item: {few(constant, 12)}; leave them out")


def _classes(check: Check, dataset: Dataset) -> None:
    if "label" not in dataset.fields:
        check.notes.append("no labels: games that need a class for each item cannot use it")
        return
    label = dataset.raw(np.arange(len(dataset)), "label")
    counts = np.bincount(label, minlength=len(dataset.spec.classes))
    check.classes = {name: int(n) for name, n in zip(dataset.spec.classes, counts, strict=True)}
    check.problems += [note for note in dataset.notes if note.startswith(EMPTY)]
    scarce = [f"{name} ({n})" for name, n in check.classes.items() if 0 < n < max(10, 0.1 * counts.max())]
    if scarce:
        check.problems.append(f"classes with few items (below 10, or a tenth of the largest): {few(scarce, 12)}")
    if len(check.classes) == 1:
        check.problems.append("one class only: labels carry no information; labels=None leaves them out")
    if all(name.lstrip("-").isdigit() for name in check.classes):
        numbers = {int(name) for name in check.classes}
        holes = sorted(set(range(min(numbers), max(numbers))) - numbers) if max(numbers) - min(numbers) < 10_000 else []
        if holes:
            check.problems.append(
                f"class numbers have holes: {few(holes, 12)} missing between {min(numbers)} and {max(numbers)}"
            )


def _contradictions(check: Check, dataset: Dataset, groups) -> None:
    if "label" not in dataset.fields:
        return
    label = dataset.raw(np.arange(len(dataset)), "label")
    clashes = [rows for rows in groups if len(set(label[rows].tolist())) > 1]
    if clashes:
        name = namer(dataset)
        shown = few([" = ".join(map(name, rows[:3])) for rows in clashes], 3)
        check.problems.append(f"{len(clashes)} of them have different labels: {shown}")


def namer(dataset: Dataset):
    """Position -> the name of the item."""
    rows = rows_of(dataset)
    return lambda i: dataset.files[rows[i]] if dataset.files else f"item {rows[i]}"


def rows_of(dataset: Dataset, which=slice(None)) -> list[int]:
    """The rows of the files behind the items at `which`."""
    rows = np.arange(len(dataset)) if dataset.rows is None else dataset.rows.numpy()
    return rows[which].tolist()


def count(values) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _counts(counts: dict[str, int], most: int = 8) -> str:
    return few([f"{name} {n}" for name, n in counts.items()], most)
