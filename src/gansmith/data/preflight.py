"""A look at data before anything is trained on it: what is there, what is odd, what training would do with it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gansmith.data import read
from gansmith.data.arrays import few
from gansmith.data.dataset import Dataset
from gansmith.data.pictures import Facts
from gansmith.names import shown

FEW = 200  # items: below this a game mostly learns its examples by heart
STEP = 1024  # items looked at together


@dataclass
class Check:
    """What a pre-flight look found.

    kind        "images", "vectors", "arrays" or "table";  shape  of one item as training sees it;  items  how many
    sizes, modes, formats  of picture files: text -> count
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
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
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
        what = {"images": "pictures", "table": "rows"}.get(self.kind, self.kind)
        out = [f"{self.name}: {self.items} {what} of {' x '.join(map(str, self.shape))}" + self._axes()]
        for title, counts in (("sizes", self.sizes), ("modes", self.modes), ("formats", self.formats)):
            if counts:
                out.append(f"  {title:<10}{_counts(counts)}")
        if self.classes:
            out.append(f"  {'classes':<10}{len(self.classes)}: {_counts(self.classes, 12)}")
        wide = min(24, max(map(len, self.types), default=0))
        out += [f"  {name:<{wide}}  {text}" for name, text in self.types.items()]
        part = "channel" if self.kind == "images" else "column"
        labels = self.columns or ([f"{part} {i}" for i in range(len(self.low))] if len(self.low) > 1 else ["values"])
        for label, *numbers in list(zip(labels, self.low, self.high, self.mean, self.sd, strict=False))[:12]:
            low, high, mean, sd = (f"{v:.5g}" for v in numbers)
            out.append(f"  {label:<10}{low} ... {high}, mean {mean}, sd {sd}")
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

    def _axes(self) -> str:
        return {"images": " (channels x height x width)", "table": " columns"}.get(self.kind, "")

    def __str__(self) -> str:
        return "\n".join(map(shown, self.lines()))

    def to_json(self) -> dict:
        """Every field, and `ok`, as plain values."""
        return {**asdict(self), "ok": self.ok}


def look_over(data, **options) -> Check:
    """The Check of `data`; options as in `gansmith.data.read`. Raises UserError where that would."""
    dataset = read(data, **options)
    if "source" in dataset.fields:
        return _look_at_two(dataset)
    if dataset.spec.kind == "table":
        return _look_at_rows(dataset)
    return _look_at(dataset, data)


def _look_at_two(dataset: Dataset) -> Check:
    """The Check of what should come out, with what is odd in what goes in, and in the two together."""
    from gansmith.data.pairs import problems

    sides = {
        name: _look_at(Dataset(dataset.spec.of(name), {"real": dataset.fields[name]}, name=dataset.name))
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


def _look_at(dataset: Dataset, data=None) -> Check:
    check = Check(dataset.name, dataset.spec.kind, dataset.spec.shape, len(dataset), columns=dataset.spec.columns)
    check.left_out = dict(dataset.left_out)
    check.notes = [note for note in dataset.notes if " left out: " not in note]
    if check.left_out:
        check.problems.append(f"{len(check.left_out)} cannot be read and would be left out")
    if check.items < FEW:
        check.problems.append(
            f"{check.items} items are few: a game would learn them by heart; some hundreds are a start"
        )
    _files(check, data, dataset)
    _classes(check, dataset)
    _values(check, dataset)
    if check.kind == "vectors":
        _columns(check, dataset)
    check.problems += [f"{len(names)} {what}: {few(names, 8)}" for what, names in check.odd.items()]
    return check


def _look_at_rows(dataset: Dataset) -> Check:
    """The Check of a table: what each column was taken for, and columns that teach nothing."""
    entries, codes = dataset.spec.entries, dataset.fields["real"]
    check = Check(dataset.name, "table", dataset.spec.shape, len(dataset), columns=dataset.spec.columns)
    check.types = {str(column.name): str(column) for column in entries}
    check.notes = [*dataset.notes, "these columns; one that is mistaken is put right by types='zip=categorical'"]
    if check.items < FEW:
        check.problems.append(f"{check.items} rows are few: a game would learn them by heart; hundreds are a start")
    alike, first = defaultdict(list), {}
    for i, row in enumerate(codes[:, [column.kind != "id" for column in entries]]):
        alike[row.tobytes()].append(f"row {i + 1}")
    check.duplicates = [rows for rows in alike.values() if len(rows) > 1]
    if check.duplicates:
        extra = sum(len(rows) - 1 for rows in check.duplicates)
        check.notes.append(f"{extra} rows that equal others: {few([' = '.join(r[:3]) for r in check.duplicates], 3)}")
    copies = [
        f"{column.name} = {twin}"
        for column, code in zip(entries, codes.T, strict=True)
        if column.kind != "id" and (twin := first.setdefault(code.tobytes(), column.name)) != column.name
    ]
    constant = [
        c.name
        for c in entries
        if c.kind != "id" and not c.missing and (len(c.levels) == 1 if c.discrete else c.low == c.high)
    ]
    named = {
        "columns with one value only, which teach nothing; leave them out": constant,
        "columns that are empty in more than half of the rows": [c.name for c in entries if c.missing > 0.5],
        "columns that say the same; one of each is enough": copies,
        "columns with nearly as many values as rows, which are names or free text; type NAME=id, or leave them out": [
            c.name for c in entries if c.kind == "categorical" and len(c.levels) > 0.5 * check.items
        ],
    }
    check.problems += [f"{what}: {few(names, 8)}" for what, names in named.items() if names]
    return check


def _files(check: Check, data, dataset: Dataset) -> None:
    """What the headers of picture files say."""
    if not dataset.files or not isinstance(data, (str, Path)):
        return
    from gansmith.data.decode import survey
    from gansmith.data.sources import pictures_at

    pictures = pictures_at(Path(data).expanduser())
    if pictures is None:
        return
    known = set(dataset.files)
    facts = {
        name: f
        for name, f in zip(pictures.files, survey(pictures), strict=True)
        if name in known and isinstance(f, Facts)
    }
    check.sizes = _count(f"{f.width}x{f.height}" for f in facts.values())
    check.modes = _count(f.mode for f in facts.values())
    check.formats = _count(f.format for f in facts.values())
    height, width = dataset.spec.shape[1:]
    odd = defaultdict(list)
    for name, f in facts.items():
        scale = max(height / f.height, width / f.width)
        kept = height * width / (f.height * f.width * scale**2)
        if scale > 2:
            odd["enlarged more than twofold"].append(f"{name} ({f.width}x{f.height})")
        if kept < 0.5:
            odd["of which the centre cut keeps less than half"].append(f"{name} ({f.width}x{f.height})")
        if f.bits > 8 or f.mode == "F":
            odd["deeper than 8 bits, brought down to 8"].append(f"{name} ({f.mode})")
        if f.mode in ("CMYK", "LAB", "YCbCr", "HSV"):
            odd["in another colour space, turned into RGB"].append(f"{name} ({f.mode})")
    check.odd.update(odd)
    palettes = sum(n for mode, n in check.modes.items() if mode == "P")
    if len(facts) / 10 < palettes < len(facts):
        check.problems.append(
            f"{palettes} have a palette and {len(facts) - palettes} do not: label maps or drawings among photos?"
        )


def _classes(check: Check, dataset: Dataset) -> None:
    if "label" not in dataset.fields:
        check.notes.append("no labels: games that need a class for each item cannot use it")
        return
    label = dataset.raw(np.arange(len(dataset)), "label")
    counts = np.bincount(label, minlength=len(dataset.spec.classes))
    check.classes = {name: int(n) for name, n in zip(dataset.spec.classes, counts, strict=True)}
    empty = [name for name, n in check.classes.items() if n == 0]
    if empty:
        check.problems.append(f"classes without an item: {few(empty, 12)}")
    scarce = [f"{name} ({n})" for name, n in check.classes.items() if 0 < n < max(10, 0.1 * counts.max())]
    if scarce:
        check.problems.append(f"classes with few items (below 10, or a tenth of the largest): {few(scarce, 12)}")
    if len(check.classes) == 1:
        check.problems.append("one class only: labels carry no information; labels=None leaves them out")
    if len(check.classes) == 2 and dataset.files:
        one, other = ({Path(dataset.files[row]).stem for row in _rows(dataset, label == k)} for k in (0, 1))
        if len(one & other) > 0.9 * max(len(one), len(other)):
            check.problems.append(
                f"{' and '.join(check.classes)} hold the same file names: are they pairs? Then call the folders A and B"
            )
    if all(name.lstrip("-").isdigit() for name in check.classes):
        numbers = {int(name) for name in check.classes}
        holes = sorted(set(range(min(numbers), max(numbers))) - numbers) if max(numbers) - min(numbers) < 10_000 else []
        if holes:
            check.problems.append(
                f"class numbers have holes: {few(holes, 12)} missing between {min(numbers)} and {max(numbers)}"
            )


def _values(check: Check, dataset: Dataset) -> None:
    """Range, spread, equal items and flat pictures, in one pass over the items."""
    axes = (0, 2, 3) if check.kind == "images" else 0 if check.kind == "vectors" else None
    same, flat, equal_channels = defaultdict(list), [], check.kind == "images" and check.shape[0] >= 3
    sums, low, high, count = 0.0, np.inf, -np.inf, 0
    for start in range(0, len(dataset), STEP):
        x = dataset.raw(np.arange(start, min(start + STEP, len(dataset))))
        low, high = np.minimum(low, x.min(axes)), np.maximum(high, x.max(axes))
        wide = x.astype(np.float64)
        sums = sums + np.stack([wide.sum(axes), (wide**2).sum(axes)])
        count += x.size // max(1, np.size(low))
        for i, item in enumerate(x):
            same[hashlib.blake2b(np.ascontiguousarray(item).data, digest_size=16).digest()].append(start + i)
        if check.kind == "images":
            flat += (start + np.flatnonzero(np.ptp(x, axis=(2, 3)).max(axis=1) == 0)).tolist()
            equal_channels = equal_channels and bool((x[:, :3] == x[:, :1]).all())
    mean = sums[0] / count
    check.low, check.high = np.ravel(low).tolist(), np.ravel(high).tolist()
    check.mean = np.ravel(mean).tolist()
    check.sd = np.ravel(np.sqrt(np.maximum(sums[1] / count - mean**2, 0))).tolist()
    _constant(check, equal_channels)
    name = _names(dataset)
    groups = [rows for rows in same.values() if len(rows) > 1 and rows[0] not in set(flat)]
    check.duplicates = [[name(row) for row in rows] for rows in groups]
    if groups:
        extra = sum(len(rows) - 1 for rows in groups)
        shown = few([" = ".join(name(row) for row in rows[:3]) for rows in groups], 5)
        check.problems.append(f"{extra} duplicates of other items: {shown}")
        _contradictions(check, dataset, groups)
    if flat:
        check.odd["of one colour only"] = [name(row) for row in flat]


def _constant(check: Check, equal_channels: bool) -> None:
    what = "channel" if check.kind == "images" else "column"
    labels = check.columns or [str(i) for i in range(len(check.low))]
    constant = [
        f"{label} ({low:g})" for label, low, high in zip(labels, check.low, check.high, strict=False) if low == high
    ]
    if constant:
        check.problems.append(f"constant {what}s, the same in every item: {few(constant, 12)}; leave them out")
    if equal_channels:
        check.problems.append(
            "red, green and blue are equal everywhere: channels=1 says the same in a third of the numbers"
        )
    if check.kind == "images" and max(check.high) < 128 and max(check.high) > 0:
        check.problems.append(
            f"values reach {max(check.high):g} of 255 only: dark pictures, or another scale; stretch them to 0 ... 255"
        )


def _columns(check: Check, dataset: Dataset) -> None:
    """Columns that are no measurements: row numbers, copies of each other, few whole numbers."""
    x = dataset.raw(np.arange(len(dataset)))
    labels = check.columns or tuple(str(i) for i in range(x.shape[1]))
    counters = [label for label, column in zip(labels, x.T, strict=True) if (np.diff(column) == 1).all()]
    if counters:
        check.problems.append(f"columns that count the rows: {few(counters)}; leave them out")
    first, copies = {}, []
    for label, column in zip(labels, x.T, strict=True):
        twin = first.setdefault(column.tobytes(), label)
        if twin != label and np.ptp(column) > 0:
            copies.append(f"{label} = {twin}")
    if copies:
        check.problems.append(f"columns that say the same: {few(copies)}; one of each is enough")
    coded = []
    for label, column in zip(labels, x[:100_000].T, strict=True):
        values = np.unique(column)
        if 1 < len(values) <= 20 and (values == np.round(values)).all():
            coded.append(f"{label} ({len(values)} values)")
    if coded:
        check.notes.append(f"whole numbers with few values, drawn as any other number: {few(coded, 8)}")
    far = np.abs(x - x.mean(0)).max(0) / np.maximum(x.std(0), 1e-30)
    wild = [f"{label} ({f:.0f} sd)" for label, f in zip(labels, far, strict=True) if f > 20]
    if wild:
        check.problems.append(f"columns with values far from all others: {few(wild, 8)}; consider their logarithm")


def _contradictions(check: Check, dataset: Dataset, groups) -> None:
    if "label" not in dataset.fields or check.kind != "images":
        return
    label = dataset.raw(np.arange(len(dataset)), "label")
    clashes = [rows for rows in groups if len(set(label[rows].tolist())) > 1]
    if clashes:
        name = _names(dataset)
        shown = few([" = ".join(map(name, rows[:3])) for rows in clashes], 3)
        check.problems.append(f"{len(clashes)} of them have different labels: {shown}")


def _names(dataset: Dataset):
    """Position -> the name of the item."""
    rows = _rows(dataset)
    return lambda i: dataset.files[rows[i]] if dataset.files else f"item {rows[i]}"


def _rows(dataset: Dataset, which=slice(None)) -> list[int]:
    """The rows of the files behind the items at `which`."""
    rows = np.arange(len(dataset)) if dataset.rows is None else dataset.rows.numpy()
    return rows[which].tolist()


def _count(values) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _counts(counts: dict[str, int], most: int = 8) -> str:
    return few([f"{name} {n}" for name, n in counts.items()], most)
