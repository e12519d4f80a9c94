"""Cells that hold several things: a date and its offset from UTC, a number in one of a few units, two or three numbers.

Each part is a Column of its own (`Column.part`); a cell is the texts of its parts end to end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gansmith.data.kinds.table import dates
from gansmith.data.kinds.table import text as text_of
from gansmith.data.kinds.table import values as cells_of
from gansmith.data.kinds.table.columns import MARKS, NUMBERS, TIMES, Column
from gansmith.errors import DataError

VARIANTS = 5  # units or offsets, at most
NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)"
SIGNED = r"(?:(?<![^\s(\[{,;:/=x×])[-+](?=[\d.]))?"  # a sign, not a dash between two numbers
MOST, TEXT = 6, 24  # numbers of a cell, letters of the text between them, at most
JOINT = r"\s?[,;/x×]\s?|\s"


@dataclass
class Part:
    """Texts of one part of each of different cells, what it is, and the text around it that is always the same."""

    texts: list[str]
    kind: str | None
    prefix: str = ""
    suffix: str = ""


def find(cells: list[str]) -> list[Part] | None:
    """The parts of different cells, or None where they have none in common."""
    zones = dates.split_zone(cells)
    if zones:
        return [Part(zones[0], "date"), Part(zones[1], "categorical")] if len(set(zones[1])) <= VARIANTS else None
    return _units(cells) or _numbers(cells) or _template(cells)


def _units(cells: list[str]) -> list[Part] | None:
    one = re.compile(rf"({text_of.PREFIX})?({text_of.SIGN}?{text_of.DIGITS}(?:[eE][-+]?\d+)?)({text_of.SUFFIX})?")
    matched = [m for m in map(one.fullmatch, cells) if m]
    if len(matched) < len(cells):
        return None
    before, numbers, after = (list(part) for part in zip(*(m.groups("") for m in matched), strict=True))
    if not 1 < len(set(zip(before, after, strict=True))) <= VARIANTS:
        return None
    parts = [Part(before, "categorical"), Part(numbers, None), Part(after, "categorical")]
    return [part for part in parts if any(part.texts)]


def _numbers(cells: list[str]) -> list[Part] | None:
    first = re.fullmatch(rf"(\D{{0,7}}?){NUMBER}({JOINT}){NUMBER}(?:({JOINT}){NUMBER})?(\D?)", cells[0])
    if not first:
        return None
    opening, *joints, closing = first.groups("")
    joints = [joint for joint in joints if joint]
    form = re.escape(opening) + "".join(f"({NUMBER}){re.escape(after)}" for after in (*joints, closing))
    matched = [m for m in map(re.compile(form).fullmatch, cells) if m]
    if len(matched) < len(cells):
        return None
    columns = zip(*(m.groups() for m in matched), strict=True)
    parts = [Part(list(texts), None, suffix=after) for texts, after in zip(columns, (*joints, closing), strict=True)]
    parts[0].prefix = opening
    return parts


def _template(cells: list[str]) -> list[Part] | None:
    """Several whole numbers or decimals, and between them text that is the same in all cells, or one of few."""
    dotted = all(re.fullmatch(r"\d+(?:\.\d+){2,}", cell) for cell in cells)  # versions, addresses
    number = re.compile(r"\d+" if dotted else rf"{SIGNED}(?:\d+(?:\.\d+)?|\.\d+)")
    pieces = [number.split(cell) for cell in cells]
    count = len(pieces[0])
    if not 2 < count <= MOST + 1 or any(len(p) != count for p in pieces):
        return None
    between = list(zip(*pieces, strict=True))
    if any(len(set(texts)) > VARIANTS or max(map(len, texts)) > TEXT for texts in between):
        return None
    if not all(text for texts in between[1:-1] for text in texts):
        return None
    parts: list[Part] = []
    numbers = list(zip(*map(number.findall, cells), strict=True))
    for place, texts in enumerate(between):
        if any(texts) and (len(set(texts)) > 1 or not parts):
            parts.append(Part(list(texts), "categorical"))
        elif texts[0]:
            parts[-1].suffix = texts[0]
        if place < len(numbers):
            texts = numbers[place]
            padded = len(set(map(len, texts))) == 1 and "".join(texts).isdigit() and any(t[0] == "0" for t in texts)
            parts.append(Part(list(texts), "integer" if padded else None))
    return parts


def split(columns: tuple[Column, ...], values) -> list:
    """A Series of such cells as a Series for each of its parts. DataError for a cell of another form."""
    import pandas

    if not cells_of.is_text(values):
        values = cells_of.written(values)
    form = re.compile("".join(f"({_pattern(column)})" for column in columns))
    place, different = pandas.factorize(values)
    parts: list[list[str | None]] = [[None] * (len(different) + 1) for _ in columns]
    for i, cell in enumerate(different):
        found = form.fullmatch(cell)
        if found:
            for part, text in zip(parts, found.groups(), strict=True):
                part[i] = text
        elif cell != columns[0].gap and cell.strip().lower() not in MARKS:
            row = int((place == i).argmax())
            raise DataError(
                f"column {columns[0].name!r} has {cells_of.shorten(cell)!r} in row {row + 1}, which is not of the form "
                "of the others: mend it"
            )
    return [pandas.Series([part[p] for p in place], dtype=object, name=values.name) for part in parts]


def join(columns: tuple[Column, ...], parts: list):
    """The Series of the cells whose parts these are; a gap where one of them is."""
    mark = None if columns[0].parsed else columns[0].gap
    cells = [
        mark if any(not isinstance(p, str) for p in cell) else "".join(cell)
        for cell in zip(*(part.tolist() for part in parts), strict=True)
    ]
    return cells_of.from_texts(cells, columns[0].dtype)


def _pattern(column: Column) -> str:
    if column.kind in NUMBERS and column.form is not None:
        return column.form.pattern
    if column.kind in TIMES:
        return dates.pattern(column.format)
    return "|".join(re.escape(level) for level in sorted(column.levels, key=len, reverse=True))
