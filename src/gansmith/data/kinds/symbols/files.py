"""Files of lines, FASTA, FASTQ, and columns of CSV and JSON lines -> the records in them, as text."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gansmith.data.labels import few
from gansmith.data.plain_text import decoded
from gansmith.data.sources import files_in, one_file
from gansmith.errors import DataError, nearest

LINES, FASTA, FASTQ = (".txt", ".text", ".seq"), (".fasta", ".fa", ".fna", ".faa", ".ffn"), (".fastq", ".fq")
COLUMNS = (".jsonl", ".ndjson")
READS = (*LINES, *FASTA, *FASTQ, *COLUMNS)
TABLES = (".csv", ".tsv")  # read where a column is named
MOST_LABELS = 100


@dataclass
class Records:
    """What files hold: `texts`, their `names` ("line 3", or what FASTA calls them), and perhaps a label of each.

    biological  whether the files say that they hold genes or proteins;  column  of the table that they come from
    """

    texts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    biological: bool = False
    column: str = ""
    source: str = "data"

    def add(self, name: str, text: str) -> None:
        self.names.append(name)
        self.texts.append(text)


def records_of(data, column: str | None, label: str | None) -> Records:
    """The records of a path (file, folder or zip of files; also .gz), a list of texts or a column of a DataFrame.

    column  of a table or of JSON lines; None: the only one that holds text
    label   the column that holds the class of each
    """
    if not isinstance(data, (str, os.PathLike)):
        return _in_memory(data, column, label)
    path = Path(data)
    files = files_in(path, [end + gz for end in READS for gz in ("", ".gz")], "files of text") or one_file(path)
    found = Records(source=str(data), notes=list(files.notes), labels=None if files.label is None else [])
    several = len(files) > 1
    for i, file in enumerate(files.files):
        where = f"{data}/{file}" if several else str(data)
        try:
            with files.open(i) as opened:
                content = opened.read()
            content = gzip.decompress(content) if file.lower().endswith(".gz") else content
        except (OSError, ValueError, EOFError, zlib.error) as problem:
            raise DataError(f"{where} cannot be read ({problem}): fetch or write it again") from None
        part = _parsed(where, file.lower().removesuffix(".gz"), content, column, label, found.notes)
        found.texts += part.texts
        found.notes += part.notes
        found.names += [f"{file} {name}" for name in part.names] if several else part.names
        found.biological |= part.biological
        found.column = found.column or part.column
        if files.label is not None and found.labels is not None:
            found.labels += [files.classes[files.label[i]] if files.classes else str(files.label[i])] * len(part.texts)
        elif not several:
            found.labels = part.labels
    return found


def _parsed(where: str, name: str, content: bytes, column, label, notes: list[str]) -> Records:
    if b"\0" in content[:4096] and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{where} holds no text, but binary data: give lines of text, FASTA or a table")
    text = decoded(where, content, notes)
    if name.endswith((*TABLES, *COLUMNS)):
        return _from_rows(where, _rows(where, name, text), column, label)
    if column is not None:
        raise DataError(f"column={column} is of tables and JSON lines, and {where} is neither: leave it out")
    if name.endswith(FASTQ):
        return _by_biopython(where, text, "FASTQ")
    if text.lstrip()[:1] == ">":
        return _by_biopython(where, text, "FASTA")
    found = _lines(text)
    found.biological = name.endswith(FASTA)
    if found.biological:
        notes.append(f"{where} has no header that begins with '>': each line is read as a sequence")
    return found


def _lines(text: str) -> Records:
    """Each line a record; of lines "text TAB class" the second is the label."""
    found = Records()
    lines = text.split("\n")
    if lines and not lines[-1].strip():
        lines.pop()  # what comes after the last line break is no line
    lines = [line.rstrip("\r") for line in lines]
    cells = [line.split("\t") for line in lines]
    classes = {row[-1].strip() for row in cells}
    if cells and all(len(row) == 2 for row in cells) and len(classes) <= min(MOST_LABELS, len(cells) // 2):
        found.labels = [row[1].strip() for row in cells]
        found.notes.append(f"lines of text, a tab and one of {len(classes)} classes: {few(sorted(classes))}")
        lines = [row[0] for row in cells]
    for i, line in enumerate(lines, 1):
        found.add(f"line {i}", line)
    return found


def _by_biopython(where: str, text: str, form: str) -> Records:
    try:
        from Bio.SeqIO.FastaIO import SimpleFastaParser
        from Bio.SeqIO.QualityIO import FastqGeneralIterator
    except ImportError:
        raise DataError(f"{where}: {form} is read by Biopython: pip install 'gansmith[bio]'") from None
    parse: Callable = SimpleFastaParser if form == "FASTA" else FastqGeneralIterator
    found = Records(biological=True)
    try:
        for i, (title, letters, *_) in enumerate(parse(io.StringIO(text.replace("\r\n", "\n"))), 1):
            found.add(title.split()[0] if title.split() else f"record {i}", letters)
    except ValueError as problem:
        why = " ".join(str(problem).split())
        raise DataError(f"{where} is damaged after {len(found.texts)} records of {form}: {why}") from None
    return found


# --- tables ----------------------------------------------------------------------------------------------------------
def _rows(where: str, name: str, text: str) -> Iterator[tuple[str, dict]]:
    if name.endswith(TABLES):
        head = text.partition("\n")[0]
        separator = "\t" if name.endswith(".tsv") else max(",;\t|", key=head.count)
        most = csv.field_size_limit(2**31 - 1)
        try:
            rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
        finally:
            csv.field_size_limit(most)  # which is one for all of Python
        for i, row in enumerate(rows, 1):
            yield f"row {i}", {key: value for key, value in row.items() if key is not None}
        return
    for i, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise DataError(f"{where}, line {i}, is no JSON ({problem}): write one object a line") from None
        yield f"line {i}", row if isinstance(row, dict) else {"text": row}


def _from_rows(where: str, rows, column: str | None, label: str | None) -> Records:
    table = list(rows)
    if not table:
        raise DataError(f"{where} has no rows: give some hundreds")
    there = dict.fromkeys(key for _, row in table[:1000] for key in row)
    texts = [key for key in there if all(isinstance(row.get(key), str) for _, row in table[:1000])]
    for name in filter(None, (column, label)):
        if name not in there:
            raise DataError(f"{where} has no column {name!r}.{nearest(name, there)} It has {few(there, 12)}")
    if column is None and len(texts) != 1:
        raise DataError(f"{where} has {few(there, 12)}: which holds the text? --column {texts[0] if texts else 'NAME'}")
    chosen = column or texts[0]
    found = Records(column=chosen, labels=None if label is None else [])
    for name, row in table:
        value = row.get(chosen)
        if value is not None and not isinstance(value, str):
            raise DataError(f"{where}, {name}: {chosen} is {str(value)[:40]}, and text is expected")
        found.add(name, value or "")
        if label is not None and found.labels is not None:
            found.labels.append(str(row.get(label)))
    return found


def _in_memory(data, column: str | None, label: str | None) -> Records:
    if hasattr(data, "columns"):
        rows = ((f"row {i}", row) for i, row in enumerate(data.astype(object).to_dict("records")))
        return _from_rows("the table", rows, column, label)
    found = Records(source="a list of texts")
    for i, text in enumerate(data):
        if not isinstance(text, str):
            raise DataError(f"item {i} of the list is {str(text)[:40]}, and text is expected")
        found.add(f"item {i}", text)
    return found
