"""Tables in files of text: cells as they are written, how the file is laid out, and files of the same layout.

Python's csv module splits the rows. What it must be told (separator, header, encoding, spaces) is found here, and what
was done that nobody asked for is in the notes.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from gansmith.data.kinds.table import dialect as dialect_of
from gansmith.data.kinds.table import text as text_of
from gansmith.data.kinds.table import values as cells_of
from gansmith.errors import DataError

SAMPLE = 200  # rows that the layout is found in
CHUNK = 20_000  # rows that are put into columns at once
MOST_BYTES = 4 * 2**30  # of text in a table
MOST_LINE = 2**24  # characters
MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
NAMES = {
    "utf-32": "UTF-32",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
FORMULA = re.compile(r"[=@\t\r]|[-+].*[(|!]")  # what a spreadsheet would run


@dataclass(frozen=True)
class Layout:
    """How a file of text holds a table.

    header    the first row as it stands; None: there is none
    separator, newline, encoding  of the file;  quote  what cells that hold a separator are in;  escape  what stands
              before a quote within one; "": it is doubled
    """

    header: tuple[str, ...] | None = None
    separator: str = ","
    newline: str = "\n"
    encoding: str = "utf-8"
    quote: str = '"'
    escape: str = ""

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, about: dict) -> Layout:
        return cls(**about | {"header": None if about["header"] is None else tuple(about["header"])})


def read(path: Path) -> tuple[object, Layout, str, list[str]]:
    """(a DataFrame of text, its Layout, the separator of decimals, notes) of a .csv or .tsv file, plain or .gz.

    DataError, one line, for what is no table: other files, torn ones, rows of unlike length, cells without end.
    """
    try:
        return _read(path)
    except (OSError, EOFError, zlib.error) as problem:
        raise _bad(path, f"{problem}: write the file again") from None
    except UnicodeDecodeError as problem:  # behind a mark that says what it is
        name = NAMES.get(problem.encoding, problem.encoding.upper())
        raise _bad(path, f"it begins as {name} and goes on otherwise: save the file as UTF-8") from None
    except csv.Error as problem:
        if "field larger" in str(problem):
            most = csv.field_size_limit()
            raise _bad(path, f"a cell has more than {most:,} characters: is a quote left open?") from None
        raise _bad(path, f"{problem}: mend it, or write the file again") from None


def _read(path: Path):
    notes: list[str] = []
    encoding = _encoding(path, notes)
    with _open(path, encoding) as file:
        lines = _lines(file, path)
        head = list(islice(lines, SAMPLE))
        if other := _other(head):
            raise _bad(path, f"it holds {other}")
        newline = next((end for end in ("\r\n", "\r") if head and head[0].endswith(end)), "\n")
        head, dialect, named = dialect_of.find(head, notes)
        if not head:
            raise _bad(path, "it has no rows")
        rows, separator = dialect.rows(chain(head, lines)), dialect.separator
        first = list(islice(rows, SAMPLE))
        header = named or (first.pop(0) if first and dialect_of.has_header(first, notes) else None)
        if header is None and not first:
            raise _bad(path, "it has no rows")
        width = len(header or first[0])
        rows, width, header = _even(chain(first, rows), first, width, header, separator, path, notes)
        columns = _columns(rows, width)
    names = _names(header, width, notes)
    import pandas

    frame = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(columns=range(width))
    for place in dialect_of.padded(first, width):
        frame[place] = frame[place].str.strip()
        notes.append(f"spaces beside the numbers of {cells_of.shorten(str(names[place]))!r} are left out")
    frame.columns = names
    decimal = "," if separator != "," and dialect_of.decimal_commas(first) else "."
    names_there = None if header is None else tuple(header)
    return frame, Layout(names_there, separator, newline, encoding, dialect.quote, dialect.escape), decimal, notes


def _other(head: list[str]) -> str:
    """What a file that is called .csv holds instead, as the answer of a server does, and what to do; "" for rows."""
    first = next((line.strip() for line in head if line.strip()), "")
    if first[:14].lower().startswith(("<!doctype html", "<html", "<?xml")):
        return "a web page (is its link one that wants a login?): fetch the file itself"
    if first.startswith(("{", "[{")) and '":' in first:
        return "JSON: write it as rows, as pandas.read_json(…).to_csv(…, index=False) does"
    return ""


# --- bytes to lines --------------------------------------------------------------------------------------------------
def _encoding(path: Path, notes: list[str]) -> str:
    """The encoding of a file, by its first bytes, and by whether all of it is UTF-8."""
    with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb") as file:
        head = file.read(2**16)
        found = next((name for mark, name in MARKS.items() if head.startswith(mark)), "")
        if not found and head[1:200:2].count(0) > 0.3 * len(head[1:200:2]):
            found = "utf-16-le"
        elif not found and head[:200:2].count(0) > 0.3 * len(head[:200:2]):
            found = "utf-16-be"
        decoder, total, odd, part, unknown = codecs.getincrementaldecoder("utf-8")(), 0, b"", head, False
        while part:
            total += len(part)
            unknown = unknown or any(b in part for b in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
            if total > MOST_BYTES:
                raise _bad(path, f"it holds more than {MOST_BYTES // 2**30} GiB of text: give a part of it")
            if not found and not odd:
                try:
                    decoder.decode(part)
                except UnicodeDecodeError as problem:
                    odd = part[max(0, problem.start - 20) : problem.start + 20] or b"\xff"
            part = file.read(2**22)
        if not found and not odd and decoder.getstate()[0]:
            odd = decoder.getstate()[0]  # bytes of a letter that is cut off
    if not found and b"\0" in head:
        raise _bad(path, "it holds bytes that no text has")
    if found:
        if found in NAMES:
            notes.append(f"read as {NAMES[found]}, as the samples are written")
        return found
    if not odd:
        return "utf-8"
    found = "latin-1" if unknown else "cp1252"  # which has no such bytes
    words = re.findall(r"\w*[^\x00-\x7f]\w*", odd.decode(found, "replace"))
    notes.append(
        f"read as {NAMES[found]}, since it is not UTF-8 ({cells_of.shorten((words or ['?'])[0])!r} is one of its "
        "words); samples are written so, too. Where words look wrong, save the file as UTF-8"
    )
    return found


def _open(path: Path, encoding: str):
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rt", encoding=encoding, newline="")


def _lines(file, path: Path) -> Iterator[str]:
    while line := file.readline(MOST_LINE):
        if len(line) >= MOST_LINE:
            raise _bad(path, f"a line has more than {MOST_LINE:,} characters")
        if line.rstrip("\r\n") == "\x1a":  # the end of a file of DOS
            return
        yield line


def _bad(path: Path, why: str) -> DataError:
    return DataError(f"{path} cannot be read as a table: {why}")


# --- rows to columns -------------------------------------------------------------------------------------------------
def _even(rows, first: list[list[str]], width: int, header, separator: str, path: Path, notes: list[str]):
    """(rows of one length, that length, the header): last cells that are always empty are left out."""
    longest = max(map(len, first), default=width)
    if longest > width and header is not None and all(len(row) == longest for row in first):
        if not any("".join(row[width:]).strip() for row in first):
            notes.append(f"rows end in a {separator!r} that the header has not: nothing stands behind it")
            return _without_last(_checked(rows, longest, separator, path, notes), path, width), width, header
        if longest == width + 1:
            notes.append("rows have one cell more than the header: the first names the rows")
            return _checked(rows, width + 1, separator, path, notes), width + 1, ["", *header]
    if (
        header is not None
        and width > 1
        and not header[-1].strip()
        and all(not "".join(row[width - 1 :]) for row in first)
    ):
        notes.append(f"rows end in a {separator!r}: nothing stands behind it")
        kept = _without_last(_checked(rows, width, separator, path, notes), path, width - 1)
        return kept, width - 1, header[:-1]
    return _checked(rows, width, separator, path, notes), width, header


def _checked(rows: Iterator, width: int, separator: str, path: Path, notes: list[str]) -> Iterator[list[str]]:
    short, at = 0, 0
    for number, row in enumerate(rows, 1):
        if len(row) > width:
            shown = cells_of.shorten(separator.join(row))
            raise _bad(
                path,
                f"row {number} has {len(row)} cells where others have {width} ({shown!r}): put text that holds a "
                f"{separator!r} in quotes",
            )
        if len(row) < width:
            short, at = short + 1, at or number
            row = row + [""] * (width - len(row))
        yield row
    if short:
        notes.append(f"{short:,} rows are short of cells, the first is row {at}: what they lack is a gap")


def _without_last(rows: Iterator, path: Path, width: int) -> Iterator[list[str]]:
    """Rows without the cells from `width` on, empty in all that were looked at; DataError where they are not."""
    for number, row in enumerate(rows, 1):
        if rest := "".join(row[width:]).strip():
            raise _bad(
                path, f"row {number} holds {cells_of.shorten(rest)!r} in a last column that has no name: name it"
            )
        yield row[:width]


def _columns(rows: Iterator, width: int) -> list:
    """A Series of text for each column."""
    import pandas

    dtype = str(pandas.Series(["a"]).dtype)
    parts: list[list] = [[] for _ in range(width)]
    while chunk := list(islice(rows, CHUNK)):
        for part, column in zip(parts, zip(*chunk, strict=True), strict=True):
            part.append(pandas.Series(column, dtype=dtype))
    return [pandas.concat(part, ignore_index=True) for part in parts if part]


def _names(header: list[str] | None, width: int, notes: list[str]) -> list:
    """Names of the columns, all different, as pandas has them."""
    if header is None:
        return list(range(width))
    plain = [name.strip() or f"Unnamed: {i}" for i, name in enumerate(header)]
    names: list[str] = []
    for name in plain:
        number, unique = 0, name
        while unique in names:
            number += 1
            unique = f"{name}.{number}"
        if unique != name:
            notes.append(f"two columns are called {cells_of.shorten(name)!r}: the second goes by {unique!r}")
        names.append(unique)
    return names


# --- writing ---------------------------------------------------------------------------------------------------------
def write(path: Path, layout: Layout, columns: list[list[str]], safe: bool = False) -> None:
    """Columns of cells to a file of text, laid out as `layout`; `safe` keeps spreadsheets from running cells."""
    header = [] if layout.header is None else [list(layout.header)]
    if safe:
        columns = [[harmless(cell) for cell in column] for column in columns]
        header = [[harmless(cell) for cell in row] for row in header]
    rows = [*header, *zip(*columns, strict=True)]
    encoding = layout.encoding
    try:
        "".join(chain.from_iterable(rows)).encode(encoding)
    except UnicodeEncodeError:
        encoding = "utf-8"
    with open(path, "w", encoding=encoding, errors="replace", newline="") as file:  # names that are no Unicode
        how: dict[str, Any] = {"escapechar": layout.escape, "doublequote": False} if layout.escape else {}
        how |= {"delimiter": layout.separator, "lineterminator": layout.newline, "quotechar": layout.quote}
        csv.writer(file, **how).writerows(rows)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what might be one."""
    return "'" + cell if cell[:1] in "=+-@\t\r" and cell and text_of.find([cell], coded=False) is None else cell


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run the text of a cell."""
    return bool(FORMULA.match(cell)) and text_of.find([cell], coded=False) is None
