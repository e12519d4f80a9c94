"""What a column of a table is taken for: one reading of typed columns and of columns of text.

A reading is tried out at once: what of its values would not come back as they were is in `Column.lost`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gansmith.data.kinds.table import dates
from gansmith.data.kinds.table import parts as parts_of
from gansmith.data.kinds.table import text as text_of
from gansmith.data.kinds.table import values as cells_of
from gansmith.data.kinds.table.columns import EXACT, KINDS, MARKS, NUMBERS, TIMES, Column, decode, encode, write_cells
from gansmith.data.kinds.table.text import Form
from gansmith.data.kinds.table.typed import FEW, ROWS_A_VALUE, of_numbers, of_ticks, told_apart
from gansmith.data.labels import evenly
from gansmith.errors import DataError

WORDS = 5  # among numbers or dates, at most: "unknown", "inf"
ODD = 0.05  # of the rows, at most, that hold a word with digits in it: "0000-00-00", "12a"
PLAIN = re.compile(r"[-+]?\d+([.,]\d+)*")
TRIED = 5000  # values that are sent there and back before a reading is believed


def infer(values, kind: str | None = None, *, parsed: bool = False, decimal: str = ".") -> tuple[Column, ...]:
    """The Columns of a pandas Series: see `read_as`; ids know which whole numbers are taken."""
    found = read_as(values, kind, parsed=parsed, decimal=decimal)
    return tuple(_anew(column, values) if column.kind == "id" else column for column in found)


def _anew(column: Column, values) -> Column:
    """A column of ids whose new ones go on beyond its largest number; where texts differ in a number only, such as
    INV-0042, they are written as those are."""
    texts = [str(v).strip() for v in values.dropna().tolist()]
    numbers = [int(t[:19]) for t in texts if t.isdecimal()]
    parts = [m for t in texts if (m := re.fullmatch(r"(\D*)(\d{1,18})(\D*)", t, re.ASCII))]
    if column.is_text and len(parts) == len(texts) and len({(m[1], m[3]) for m in parts}) == 1:
        numbers, widths = [int(m[2]) for m in parts], {len(m[2]) for m in parts}
        width = widths.pop() if len(widths) == 1 else 0
        column = replace(column, form=Form(prefix=parts[0][1], suffix=parts[0][3], width=width))
    return replace(column, taken=max((n for n in numbers if n < 2**62), default=0))


def read_as(values, kind: str | None = None, *, parsed: bool = False, decimal: str = ".") -> tuple[Column, ...]:
    """The Columns of a pandas Series: one, or several where each cell holds several things. DataError where `kind`,
    which overrules what it looks like, does not suit it.

    parsed   whether it came from a file of text: plain numbers and truths then get a type, and "" is a gap
    decimal  the separator of decimals that the file uses, for cells that leave it open
    """
    if kind is not None and kind not in KINDS:
        raise DataError(f"column {values.name!r} as {kind!r}: choose one of {', '.join(KINDS)}")
    base = Column(
        cells_of.of_json(cells_of.to_json(values.name)), "categorical", cells_of.kept_dtype(values), parsed=parsed
    )
    values = cells_of.plain(values)
    if base.dtype == "category":
        every = values.cat.categories
        base = replace(base, categories=tuple(every.tolist()), ordered=bool(values.cat.ordered), of=str(every.dtype))
        if kind not in (None, "categorical", "id"):
            values = values.astype(every.dtype)
            base = replace(base, dtype=str(every.dtype), categories=None, ordered=False, of="")
    if kind == "id":
        return (replace(base, kind="id", discrete=True),)
    if base.dtype != "category":
        made = cells_of.made_of(values)
        if made or cells_of.is_text(values):
            texts = cells_of.written(values, made) if made else values
            found = _Text(texts, replace(base, made=made), kind, decimal).read()
            return tuple(tried(c, values) for c in found) if len(found) == 1 else found
    return (tried(_of_typed(values, base, kind), values),)


def tried(column: Column, values) -> Column:
    """`column`, which says what of `values` does not come back as it was."""
    import pandas

    if column.kind == "id" or column.lost:
        return column
    before = values
    if cells_of.is_text(values):
        before = pandas.Series(pandas.unique(values), name=values.name)
    if len(before) > TRIED:
        before = before.iloc[evenly(len(before), TRIED)]
    after = decode(column, encode(column, before))
    after = write_cells(column, after) if column.parsed else after.tolist()
    gone, come = before.isna().tolist(), [v is None or v is pandas.NaT or v is pandas.NA or v != v for v in after]
    pairs = zip(before.tolist(), after, gone, come, strict=True)
    changed = [(a, b) for a, b, g, c in pairs if g != c or not (g or a == b)]
    if not changed:
        return column
    return replace(column, lost=_said(changed, len(before), "values"))


def _said(changed: list, rows: int, what: str) -> str:
    one, other = (cells_of.shorten(str(v)) for v in changed[0])
    return f"{len(changed):,} of {rows:,} {what}, such as {one!r} as {other!r}"


def _of_typed(values, base: Column, kind: str | None) -> Column:
    """The Column of a Series that is no text."""
    there = values[values.notna()]
    if values.dtype.kind == "c":
        raise DataError(f"column {values.name!r} holds complex numbers: give their parts as two columns")
    if kind == "categorical" or base.dtype == "category" or (not len(there) and kind is None):
        return told_apart(base, cells_of.keys(values))
    if not len(there):
        raise DataError(f"column {base.name!r} holds no {kind}: give types='{base.name}=categorical', or leave it out")
    if values.dtype.kind in "mM" or str(values.dtype).startswith("period"):
        of = "duration" if values.dtype.kind == "m" else "date"
        if kind in (None, of):
            return of_ticks(replace(base, kind=of), *cells_of.ticks(values))
    elif cells_of.countable(values):
        truths = not cells_of.numeric(values) and cells_of.truths(values)
        if kind == "boolean" or (truths and kind is None):
            plain = cells_of.keys(values)
            if truths or set(plain) - {None} <= {0, 1}:
                plain = [None if v is None else bool(v) for v in plain]
                return replace(told_apart(base, plain), kind="boolean")
        elif kind in (None, *NUMBERS):
            found, gaps = cells_of.numbers(values)
            if kind is None and found.dtype.kind in "iu" and _compact(list(map(str, np.unique(found[~gaps]).tolist()))):
                kind = "date"
            else:
                return of_numbers(base, found, gaps, kind)
        if kind in TIMES:
            return _Text(cells_of.written(values), base, kind, ".").read()[0]
    elif kind is None:
        return told_apart(base, cells_of.keys(values))
    shown = cells_of.shorten(str(there.iloc[0]))
    raise DataError(
        f"column {values.name!r} holds {base.dtype} ({shown}), no {kind}: choose another of {', '.join(KINDS)}"
    )


class _Text:
    """A column of text and what may be read from it.

    texts   its different texts;  count  of the rows that hold each;  place  (n,) the text of each row, −1 where missing
    cells   those of the texts that hold a digit;  every  (n,) the cell of each row, −1 for a gap, −2 − k for a word
    """

    def __init__(self, values, base: Column, kind: str | None, decimal: str):
        import pandas

        self.base, self.kind, self.decimal, self.rows = base, kind, decimal, len(values)
        self.place, different = pandas.factorize(values)
        self.texts = [str(t) for t in different]
        self.count = np.bincount(self.place[self.place >= 0], minlength=len(self.texts))

    def read(self) -> tuple[Column, ...]:
        found = None if self.kind == "categorical" else self.truths() or self.more()
        if found is None and self.kind not in (None, "categorical"):
            raise self.refused()
        return found or (self.told_apart(),)

    def told_apart(self) -> Column:
        """Text that is but text: each different one is a value, or names its row."""
        gap = "" if self.base.parsed and "" in self.texts else None
        there = [t for t in self.texts if t != gap]
        if self.kind is None and len(there) == self.rows > FEW:
            return replace(self.base, kind="id", discrete=True)
        base, level = replace(self.base, gap=gap), dict(zip(there, there))
        reading = text_of.find(there, self.decimal) if base.parsed else None
        if reading and reading[0].plain and reading[0].proven:
            form, numbers = reading
            level = dict(zip(there, numbers))
            base = replace(base, form=form, dtype=_typed(numbers, form, gap is not None))
        return told_apart(base, [None if p < 0 else level.get(self.texts[p]) for p in self.place.tolist()])

    def truths(self) -> tuple[Column] | None:
        """True and False in a file."""
        if not self.base.parsed or self.kind not in (None, "boolean"):
            return None
        marks = [t for t in self.texts if t.strip().lower() in MARKS]
        there = set(self.texts) - set(marks)
        for spelled in (("False", "True"), ("FALSE", "TRUE"), ("false", "true")):
            if there and there <= set(spelled) and len(marks) <= 1:
                truth = {spelled[0]: False, spelled[1]: True}
                plain = [None if p < 0 else truth.get(self.texts[p]) for p in self.place.tolist()]
                base = replace(self.base, dtype="boolean" if None in plain else "bool", gap=marks[0] if marks else None)
                return (replace(told_apart(base, plain), kind="boolean", texts=spelled),)
        return None

    def more(self) -> tuple[Column, ...] | None:
        """Numbers, durations, dates or several of them; None where it is but text."""
        digit, base = re.compile(r"\d").search, self.base
        there = [i for i, t in enumerate(self.texts) if digit(t) and t.strip().lower() not in MARKS]
        cells = [self.texts[i] for i in there]
        if not self.parted(base, there):
            return None
        if found := self.numbers() or self.times():
            return (found,)
        if (
            self.kind is None
            and self.parted(base, self.but(there, dates.odd(cells, WORDS)))
            and (found := self.times())
        ):
            return (found,)
        if self.parted(base, there) and (several := self.several()):
            return several
        odd = {i for i, t in enumerate(cells) if not PLAIN.fullmatch(t)} if self.kind is None else set()
        if self.parted(base, self.but(there, odd)) and (found := self.numbers()):
            return (found,)
        self.base = base
        return None

    def but(self, there: list[int], odd: set[int]) -> list[int]:
        """The texts at positions `there` but those at places `odd` in it; none where these are none, or many."""
        rare = self.count[[there[i] for i in odd]].sum() <= ODD * self.rows if odd else False
        return [t for i, t in enumerate(there) if i not in odd] if rare and len(odd) <= WORDS else []

    def parted(self, base: Column, there: list[int]) -> bool:
        """Whether the texts at positions `there` can be cells and the others words; the fields are then made so."""
        words = sorted(set(range(len(self.texts))) - set(there), key=lambda i: (-self.count[i], self.texts[i]))
        if not there or len(words) > WORDS:
            return False
        marks = [i for i in words if self.texts[i].strip().lower() in MARKS]
        words = [i for i in words if i not in marks[:1]]
        if words:  # are they words among numbers, or numbers among words?
            few = self.kind is None and len(there) <= FEW and self.rows >= ROWS_A_VALUE * len(self.texts)
            if few or self.count[there].sum() < self.rows / 2 or (len(there) <= FEW and set(words) - set(marks)):
                return False
        self.few = len(there) <= FEW and self.rows >= ROWS_A_VALUE * len(there)
        self.cells = [self.texts[i] for i in there]
        gap = self.texts[marks[0]] if marks else None
        self.base = replace(base, gap=gap, words=tuple(self.texts[i] for i in words))
        to = np.full(len(self.texts) + 1, -1)
        to[there] = np.arange(len(there))
        to[words] = -2 - np.arange(len(words))
        self.every = to[self.place]
        return True

    def per_row(self, different: np.ndarray) -> np.ndarray:
        """What each of the cells has, for each row; whatever where there is none."""
        return np.append(different, different[:1])[np.maximum(self.every, -1)]

    def numbers(self) -> Column | None:
        if self.kind not in (None, *NUMBERS) or (self.kind is None and _compact(self.cells)):
            return None
        reading = text_of.find(self.cells, self.decimal, coded=self.kind is None)
        if reading is None:
            return None
        form, numbers = reading
        changed = [(a, b) for a, b in zip(self.cells, map(form.cell, numbers)) if a != b] if not form.proven else []
        if changed and self.few and self.kind is None:
            return None  # few values, spelled in ways of their own
        found = cells_of.array(numbers)
        if (
            self.kind is None
            and self.base.words
            and found.dtype.kind != "f"
            and int(found.max()) - int(found.min()) > EXACT
        ):
            return None  # numbers that no float tells apart, and words: text
        gaps, words = self.every == -1, np.maximum(-1, -2 - self.every)
        typed = self.base.parsed and form.plain and not self.base.words
        base = replace(self.base, form=form, dtype=_typed(numbers, form, gaps.any()) if typed else self.base.dtype)
        column = of_numbers(base, self.per_row(found), gaps, self.kind, words)
        if changed and column.kind != "id":
            return replace(column, lost=_said(changed, len(self.cells), "spellings"))
        return column

    def times(self) -> Column | None:
        if self.kind not in (None, *TIMES):
            return None
        form, kind = (None if self.kind == "date" else dates.find_duration(self.cells)), "duration"
        if form is None and self.kind != "duration":
            form, kind = dates.find(self.cells, self.kind == "date" or _compact(self.cells)), "date"
        if form is None:
            return None
        gaps, words = self.every == -1, np.maximum(-1, -2 - self.every)
        base = replace(self.base, kind=kind, format=form)
        if base.parsed and not base.words and form in ("%Y%m%d", "%Y%m%d%H%M%S"):
            base = replace(base, dtype="float64" if gaps.any() else "int64", form=Form())
        ticks = dates.parse(self.cells, form, kind == "duration")[0]
        assert ticks is not None, form  # it was found because all cells have it
        return of_ticks(base, self.per_row(ticks), gaps, dates.unit_of(form), words)

    def several(self) -> tuple[Column, ...] | None:
        """Cells of several things: see `parts`."""
        if self.kind not in (None, "date") or self.base.words or self.base.made or (self.few and not self.kind):
            return None
        found = parts_of.find(self.cells)
        if found is None or (self.kind == "date" and found[0].kind != "date"):
            return None
        columns = []
        for place, part in enumerate(found, 1):
            texts = cells_of.from_texts(list(np.array([*part.texts, None], object)[self.every]), self.base.dtype)
            try:
                column = infer(texts.rename(self.base.name), part.kind)[0]
            except DataError:
                return None
            if column.part or column.kind == "id" or (column.kind == "categorical") != (part.kind == "categorical"):
                return None
            if column.lost or (column.form and (column.form.prefix or column.form.suffix)):
                return None
            if column.form and (part.prefix or part.suffix):
                form = replace(column.form, prefix=part.prefix, suffix=part.suffix, sign_first=False)
                column = replace(column, form=form)
            columns.append(replace(column, part=place, gap=self.base.gap, parsed=self.base.parsed))
        return tuple(columns)

    def refused(self) -> DataError:
        name = self.base.name
        what: dict[str | None, str] = {"date": "date", "duration": "duration", "boolean": "True or False"}
        readers: dict[str | None, Callable] = {
            "date": lambda t: dates.find([t], True),
            "duration": lambda t: dates.find_duration([t]),
            "boolean": lambda t: t.lower() in ("true", "false"),
        }
        reads = readers.get(self.kind, lambda t: text_of.find([t], self.decimal, coded=False))
        there = [i for i, t in enumerate(self.texts) if t.strip().lower() not in MARKS]
        bad = [i for i in there if not reads(self.texts[i])]
        if not there:
            return DataError(f"column {name!r} holds no {self.kind}: give types='{name}=categorical', or leave it out")
        if not bad:
            shown = ", ".join(repr(cells_of.shorten(self.texts[i])) for i in there[:3])
            return DataError(f"column {name!r} has values of more than one form ({shown}): write them alike")
        rows = np.isin(self.place, bad)
        such = f" ({rows.sum()} such rows)" if rows.sum() > 1 else ""
        return DataError(
            f"column {name!r} has {cells_of.shorten(self.texts[bad[0]])!r} in row {int(rows.argmax()) + 1}{such}, "
            f"which is no {what.get(self.kind, 'finite number')}: mend it, or type {name}=categorical"
        )


def _compact(cells: list[str]) -> bool:
    """Whether whole numbers are most likely days written as 20230623: of more values than chance would have valid."""
    if len(cells) <= FEW or not all(len(c) == 8 and c[:2] in ("19", "20") and c.isdigit() for c in cells):
        return False
    return dates.parse(cells, "%Y%m%d")[0] is not None


def _typed(numbers: list, form: Form, gaps: bool) -> str:
    """The type that pandas would read plain numbers of a file with; Int64 for long ones beside gaps."""
    if not all(type(v) is int for v in numbers) or form.digits or form.whole or form.style not in ("fixed", "shortest"):
        return "float64"
    largest = max(map(abs, numbers), default=0)
    if largest >= 2**63 - 1:
        return "object"
    return ("Int64" if largest >= EXACT else "float64") if gaps else "int64"
