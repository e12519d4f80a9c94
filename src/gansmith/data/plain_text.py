"""The text of a file whose encoding nobody says."""

from __future__ import annotations

import codecs


def decoded(place: str, content: bytes, notes: list[str]) -> str:
    """The text of a file in UTF-8, with or without a mark at its beginning, UTF-16 with one, or else cp1252."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(f"{place} is not UTF-8: read as cp1252 (Western European)")
        return content.decode("cp1252", errors="replace")
