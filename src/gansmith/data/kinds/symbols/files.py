"""Files of lines, FASTA, FASTQ, and columns of CSV and JSON lines -> the records in them, as text."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

from gansmith.data.kinds.symbols.records import Records
from gansmith.data.kinds.symbols.tables import JSON, TABLES, from_rows, rows_of
from gansmith.data.labels import few
from gansmith.data.plain_text import decoded, is_binary
from gansmith.data.sources import files_in, one_file
from gansmith.errors import DataError

LINES, FASTA, FASTQ = (".txt", ".text", ".seq"), (".fasta", ".fa", ".fna", ".faa", ".ffn"), (".fastq", ".fq")
READS = (*LINES, *FASTA, *FASTQ, ".jsonl", ".ndjson")
MOST_LABELS = 100


class Damaged(DataError):
    """A file whose content cannot be read: left out where there are others."""


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
            part = _parsed(where, file.lower().removesuffix(".gz"), _content(files, i, where), column, label)
        except Damaged as problem:
            if not several:
                raise
            found.left_out[file] = str(problem).removeprefix(where).lstrip(" ")
            continue
        if several:
            part.names = [f"{file} {name}" for name in part.names]
            part.empty = [f"{file} {name}" for name in part.empty]
            part.left_out = {f"{file} {name}": why for name, why in part.left_out.items()}
        found.texts += part.texts
        found.notes += part.notes
        found.names += part.names
        found.left_out |= part.left_out
        found.empty += part.empty
        found.biological |= part.biological
        found.column, found.each = found.column or part.column, found.each or part.each
        if files.label is not None and found.labels is not None:
            found.labels += [files.classes[files.label[i]] if files.classes else str(files.label[i])] * len(part.texts)
        elif not several:
            found.labels = part.labels
    if found.empty:
        found.notes.append(f"{len(found.empty):,} empty lines passed over: {few(found.empty)}")
    return found


def _content(files, i: int, where: str) -> bytes:
    try:
        with files.open(i) as opened:
            content = opened.read()
        return gzip.decompress(content) if files.files[i].lower().endswith(".gz") else content
    except (OSError, ValueError, EOFError, zlib.error) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise Damaged(f"{where} cannot be read ({why}): fetch or write it again") from None


def _parsed(where: str, name: str, content: bytes, column, label) -> Records:
    if is_binary(content):
        raise Damaged(
            f"{where} holds no text, but binary data (or UTF-16 without its mark: save it as UTF-8): give lines of "
            "text, FASTA or a table"
        )
    notes: list[str] = []
    text = decoded(where, content, notes)
    if name.endswith((*TABLES, *JSON)):
        found = from_rows(where, rows_of(where, name, text), column, label)
    elif column is not None:
        raise DataError(f"column={column} is of tables and JSON lines, and {where} is neither: leave it out")
    else:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        form = _form(name, text)
        found = _by_biopython(where, text, form) if form else _lines(text)
        if form and not name.endswith((*LINES, *(FASTA if form == "FASTA" else FASTQ))):
            found.notes.append(f"{where} is {form}, which its ending does not say, and read as that")
        if not form and name.endswith(FASTA):
            found.biological = True
            found.notes.append(f"{where} has no header that begins with '>': each line is read as a sequence")
    found.notes = notes + found.notes
    return found


def _form(name: str, text: str) -> str:
    """FASTA or FASTQ, by how the text begins before its name is believed; "" for plain lines."""
    first = text.lstrip()[:1]
    if first == ">" or (name.endswith(FASTA) and "\n>" in text):
        return "FASTA"
    return "FASTQ" if name.endswith(FASTQ) or (name.endswith(FASTA) and first == "@") else ""


def _lines(text: str) -> Records:
    """Each line a record; of lines "text TAB class" the second is the label."""
    lines = text.split("\n")
    if lines and not lines[-1].strip():
        lines.pop()  # what comes after the last line break is no line
    numbered = [(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    empty = [f"line {i}" for i, line in enumerate(lines, 1) if not line.strip()]
    found = Records(empty=empty, each="each line")
    cells = [line.split("\t") for _, line in numbered]
    classes = {row[-1].strip() for row in cells}
    if cells and all(len(row) == 2 for row in cells) and len(classes) <= min(MOST_LABELS, len(cells) // 2):
        found.labels = [row[1].strip() for row in cells]
        found.notes.append(f"lines of text, a tab and one of {len(classes)} classes: {few(sorted(classes))}")
        numbered = [(i, row[0]) for (i, _), row in zip(numbered, cells)]
    for i, line in numbered:
        found.add(f"line {i}", line)
    return found


def _by_biopython(where: str, text: str, form: str) -> Records:
    try:
        from Bio.SeqIO.FastaIO import SimpleFastaParser
        from Bio.SeqIO.QualityIO import FastqGeneralIterator
    except ImportError:
        raise DataError(f"{where}: {form} is read by Biopython: pip install 'gansmith[bio]'") from None
    parse: Callable = SimpleFastaParser if form == "FASTA" else FastqGeneralIterator
    found, seen = Records(biological=True, each="each record"), set()
    before = len([line for line in text[: f"\n{text}".find("\n>")].split("\n") if line.strip()])
    if form == "FASTA" and before:
        found.notes.append(f"lines before the first '>' of {where}, taken for comments: {before}")
    try:
        for i, (title, letters, *_) in enumerate(parse(io.StringIO(text)), 1):
            name = next(iter(title.split()), "")
            found.add(name if name and name not in seen else f"{name} (record {i})" if name else f"record {i}", letters)
            seen.add(name)
    except ValueError as problem:
        why = " ".join(str(problem).split())
        raise Damaged(f"{where} is damaged after {len(found.texts)} records of {form}: {why}") from None
    return found


def _in_memory(data, column: str | None, label: str | None) -> Records:
    if hasattr(data, "columns"):
        held = data.astype(object).where(data.notna(), None)
        rows = ((f"row {i}", row) for i, row in enumerate(held.to_dict("records")))
        return from_rows("the table", rows, column, label)
    found = Records(source="a list of texts")
    for i, text in enumerate(data):
        if not isinstance(text, str):
            raise DataError(f"item {i} of the list is {str(text)[:40]}, and text is expected")
        found.add(f"item {i}", text)
    return found
