"""How a file of text holds a table: its separator, its quotes, its header, what stands above it. By its first rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gansmith.data.kinds.table import dates
from gansmith.data.kinds.table import text as text_of
from gansmith.data.kinds.table import values as cells_of

SEPARATORS = "\t;|,\x1f^~"  # the first that every row has equally often
TITLES = 5  # lines above the header, at most


@dataclass(frozen=True)
class Dialect:
    """What Python's csv module must be told of a file; `strip`: spaces around cells are left out."""

    separator: str = ","
    spaced: bool = False
    quote: str = '"'
    escape: str = ""
    strip: bool = False

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The rows of lines, without empty ones.

        csv.Error for a quote that is left open, or not doubled within a cell, which would change or swallow others;
        where spaces are left out, one may be followed by them.
        """
        how: dict[str, Any] = {"escapechar": self.escape, "doublequote": False} if self.escape else {}
        how |= {"delimiter": self.separator, "skipinitialspace": self.spaced, "quotechar": self.quote}
        before: list[str] = []
        try:
            for row in csv.reader(lines, strict=not self.strip, **how):
                if row:
                    yield [cell.strip() for cell in row] if self.strip else row
                    before = row
        except csv.Error as problem:
            if "expected" not in str(problem):
                raise
            where = (
                f"behind the row {cells_of.shorten(self.separator.join(before))!r}" if before else "in the first row"
            )
            raise csv.Error(f"a {self.quote} {where} is left open, or is not doubled within a cell") from None


def find(head: list[str], notes: list[str]) -> tuple[list[str], Dialect, list[str] | None]:
    """(the first lines from the header on, their Dialect, a header that stands in a comment)."""
    head, separator, comments = _preamble(head, notes)
    if not head:
        return head, Dialect(separator or ","), None
    separator = separator or _separator(head)
    head, named = _untitled(head, separator, notes), None
    if comments:
        named = _named(comments[-1], head, separator, notes)
        if named is None:
            shown = cells_of.shorten(comments[0])
            notes.append(f"{len(comments)} lines of comments at the start are left out: {shown!r}")
    cells = [cell for row in csv.reader(head, delimiter=separator) for cell in row[1:]]
    spaced = separator == " " or _most(cell.startswith(" ") for cell in cells)
    before = [cell for row in csv.reader(head, delimiter=separator) for cell in row[:-1]]
    strip = separator != " " and _most(cell.endswith(" ") for cell in before)
    if separator == " ":
        notes.append("columns are parted by spaces")
    elif spaced or strip:
        where = "around" if spaced and strip else "after" if spaced else "before"
        notes.append(f"spaces {where} {separator!r} are left out")
    text = "".join(head)
    dialect = Dialect(separator, spaced, strip=strip or separator == " ")
    if re.search(r'\\"(?![;,\t|\r\n]|$)', text) and '""' not in text:
        notes.append("quotes within cells are marked by a backslash, as samples have them")
        return head, replace(dialect, escape="\\"), named
    if '"' not in text and _apostrophes(head, dialect):
        notes.append("cells are in single quotes")
        return head, replace(dialect, quote="'"), named
    return head, dialect, named


def _most(signs) -> bool:
    signs = list(signs)
    return bool(signs) and sum(signs) > 0.9 * len(signs)


def _apostrophes(head: list[str], dialect: Dialect) -> bool:
    """Whether a column has all its cells in single quotes."""
    rows = list(dialect.rows(head))[1:]
    width = min(map(len, rows), default=0)
    return any(all(len(row[i]) > 1 and row[i][0] == row[i][-1] == "'" for row in rows) for i in range(width))


def _preamble(head: list[str], notes: list[str]) -> tuple[list[str], str, list[str]]:
    """(lines below the comments, a separator that the file names, the comments)."""
    separator, comments = "", []
    while head and (not head[0].strip() or head[0].startswith("#") or re.fullmatch(r'"?sep=.?"?\s*', head[0])):
        line = head.pop(0)
        if line.startswith("#"):
            comments.append(line)
        elif "sep=" in line:
            separator = line.split("sep=")[1][:1]
            notes.append(f"the first line names the separator, {separator!r}")
    return head, separator, comments


def _named(comment: str, head: list[str], separator: str, notes: list[str]) -> list[str] | None:
    """The names of the columns, where the last comment holds them, as NumPy writes them."""
    names = [name.strip() for name in next(csv.reader([comment.lstrip("# ").strip()], delimiter=separator))]
    row = next(csv.reader(head[:1], delimiter=separator))
    if len(names) != len(row) or len(row) < 2 or not any(map(_is_number, row)) or any(map(_is_number, names)):
        return None
    notes.append(f"the names of the columns stand in a comment: {cells_of.shorten(comment)!r}")
    return names


def _untitled(head: list[str], separator: str, notes: list[str]) -> list[str]:
    """The lines from the header on: above it may stand a title, in the first cell alone."""
    rows = list(csv.reader(head[: 4 * TITLES], delimiter=separator))
    if len(rows) < 3 or any('"' in line for line in head[:TITLES]):
        return head
    width, _ = Counter(map(len, rows[1:])).most_common(1)[0]
    above = 0
    while width > 1 and above < min(TITLES, len(rows) - 2) and not "".join(rows[above][1:]).strip():
        above += 1
    under = [row for row in rows[above + 1 :] if row]
    header = rows[above]
    if not above or len(header) != width or not all(cell.strip() for cell in header) or any(map(_is_number, header)):
        return head
    if not rows[0] or not rows[0][0].strip() or not any(map(_is_number, under[0] if under else ())):
        return head
    notes.append(f"{above} lines above the header are left out: {cells_of.shorten(head[0].rstrip(separator + ' '))!r}")
    return head[above:]


def _separator(head: list[str]) -> str:
    """The separator that splits all rows into equally many cells; else the one that splits most of them so."""
    if len(head) > 1 and "," not in head[0] and all(re.fullmatch(r"-?\d+,\d+\s*|\s*", line) for line in head[1:]):
        return ";"  # one column, of decimal commas
    best, most = ",", 0.0
    for separator in SEPARATORS:
        lengths = Counter(len(row) for row in csv.reader(head, delimiter=separator, skipinitialspace=True) if row)
        if not lengths:
            continue
        (width, rows), *_ = lengths.most_common(1)
        if len(lengths) == 1 and width > 1:
            return separator
        if width > 1 and rows / lengths.total() > most:
            best, most = separator, rows / lengths.total()
    if not most:
        words = [line.split() for line in head if line.strip()]
        width = len(words[0]) if words else 0
        even = width > 1 and len(words) > 2 and all(len(row) == width for row in words)
        if even and any(all(_is_number(row[i]) for row in words[1:]) for i in range(width)):
            return " "
    return best


def has_header(rows: list[list[str]], notes: list[str]) -> bool:
    """Whether the first row names the columns. It does not where it holds what the rows below it hold."""
    first, below = rows[0], [row for row in rows[1:] if len(row) >= len(rows[0])]
    if not below:
        return not all(map(_is_number, first))
    columns = [[row[i] for row in below if row[i].strip()] for i in range(len(first))]
    if _years(first, columns):
        notes.append(f"the first row, {cells_of.shorten(', '.join(first))}, is taken for names: it counts years")
        return True
    if all(map(_is_number, first)):
        counted = first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))])
        whole = all(cell.strip().lstrip("-").isdigit() for column in columns for cell in column)
        if counted and len(first) > 1 and not whole:
            notes.append(f"the first row, {cells_of.shorten(', '.join(first))}, is taken for names, since it counts")
            return True
        notes.append("the first row holds numbers and is a row like the others: the columns are named 0, 1, 2 …")
        return False
    alike = [_alike(cell, column) for cell, column in zip(first, columns, strict=True)]
    if True in alike and False not in alike:
        notes.append(
            f"the first row ({cells_of.shorten(', '.join(first))}) looks like the others and is taken for one of them: "
            "there is no header, and the columns are named 0, 1, 2 …"
        )
        return False
    if True in alike:
        odd = first[alike.index(True)]
        notes.append(
            f"the first row is taken for the header, although {odd!r} stands over values like it: if the file has no "
            "header, add one"
        )
    return True


def _years(first: list[str], columns: list[list[str]]) -> bool:
    """Whether the numbers of the first row are years that count up, over columns that hold other numbers."""
    places = [i for i, cell in enumerate(first) if _is_number(cell)]
    cells = [first[i].strip() for i in places]
    if len(places) < 2 or not all(re.fullmatch(r"(?:1[5-9]|20|21)\d\d", cell) for cell in cells):
        return False
    steps = {int(b) - int(a) for a, b in zip(cells, cells[1:])}
    within = [int(cells[0]) <= float(c) <= int(cells[-1]) for i in places for c in columns[i] if _plain(c)]
    return len(steps) == 1 and steps.pop() > 0 and (not within or sum(within) < 0.5 * len(within))


def _plain(cell: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(?:\.\d*)?\s*", cell) is not None


def _alike(cell: str, column: list[str]) -> bool | None:
    """Whether a cell of the first row is of the sort of its column: True, False, or None where nothing tells."""
    if not column or not cell.strip():
        return None if not column else False
    if all(map(_is_number, column)):
        return _is_number(cell)
    different = list(dict.fromkeys(column))
    if dates.find(different[:50]):
        return dates.find([cell]) is not None
    if len(different) <= max(20, len(column) // 4):
        return cell in different or (None if len(different) > 20 else False)
    return None


def _is_number(cell: str) -> bool:
    return text_of.find([cell.strip()], coded=False) is not None


def padded(rows: list[list[str]], width: int) -> list[int]:
    """Places of the columns of numbers that most rows bring to one width by spaces."""
    found = []
    for place in range(width):
        cells = [cell for row in rows if (cell := "".join(row[place : place + 1])).strip()]
        if 2 * sum(cell != cell.strip() for cell in cells) > len(cells) and all(map(_is_number, cells)):
            found.append(place)
    return found


def decimal_commas(rows: list[list[str]]) -> bool:
    """Whether more cells have a comma before their decimals than a point."""
    cells = [cell for row in rows for cell in row]
    commas = sum(bool(re.fullmatch(r"[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+", cell)) for cell in cells)
    points = sum(bool(re.fullmatch(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)\.(?:\d{1,2}|\d{4,})", cell)) for cell in cells)
    return commas > points
