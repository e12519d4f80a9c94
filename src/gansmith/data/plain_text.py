"""The text of a file whose encoding nobody says."""

from __future__ import annotations

import codecs

MARKS = {  # at the beginning of a file -> its encoding; the longer first, of which the shorter are the beginning
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
DAMAGED = 0.1  # share of the letters beyond ASCII that may be broken in what is still UTF-8


def is_binary(content: bytes) -> bool:
    """Whether a file holds bytes that no text has."""
    return b"\0" in content and not content.startswith(tuple(MARKS))


def decoded(place: str, content: bytes, notes: list[str]) -> str:
    """The text of a file in UTF-8, with or without a mark at its beginning, UTF-16 or -32 with one, or else cp1252."""
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", errors="replace")
        broken, foreign = text.count("\ufffd"), sum(letter > "\x7f" for letter in text)
        if broken < DAMAGED * foreign:
            notes.append(f"{place} is UTF-8 but for {broken} of its letters, read as \ufffd")
            return text
        notes.append(f"{place} is not UTF-8: read as cp1252 (Western European); save it as UTF-8 if letters look wrong")
        return content.decode("cp1252", errors="replace")
