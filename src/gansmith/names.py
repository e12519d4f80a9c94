"""Names from outside (of files, folders, classes, columns): made safe to print, to write to and to type.

A name may hold anything: escape sequences that colour a terminal or set its title, line breaks that forge a line of
ours, bytes that are no UTF-8 (Python keeps those as lone surrogates, which no encoder takes), `../` and absolute paths.
"""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# C0, DEL, C1; line and paragraph separators; marks that turn the direction of what follows (CVE-2021-42574).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:$")
_RESERVED = re.compile(r'[<>:"|?*]')  # which Windows takes in no name


def shown(text) -> str:
    r"""`text` as one line that any terminal and any file can take: control characters as `\x1b`, the rest as it is."""
    return encodable(_CONTROL.sub(lambda found: ascii(found[0])[1:-1], str(text)))


def encodable(text: str) -> str:
    """`text` with U+FFFD for what is not Unicode, such as the bytes of a file name that is not UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


def typed(name) -> str:
    """`name` as it is typed in a shell."""
    return shown(shlex.quote(str(name)))


def ending(name: str) -> str:
    """What the name of a file ends in, in lower case: ".npy", ".csv.gz"; "" of none."""
    stem, last = os.path.splitext(name.lower())
    return os.path.splitext(stem)[1] + last if last == ".gz" else last


def inner_parts(name: str) -> list[str]:
    r"""The folders and the file of a name in an archive, below wherever it is put: no `..`, no root, no drive.

    Archives written on Windows have names like `pets\cat\1.png`, which are folders all the same.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return parts[1:] if parts and _DRIVE.match(parts[0]) else parts


def safe_names(names: Iterable[str], ending: str) -> list[Path]:
    """A relative path ending in `ending` for each of `names`, to write below a folder: never above it, no two the same.

    An ending is replaced (`a.jpg` becomes `a.png`), unless two names would then be one: `a.jpg` and `a.gif` become
    `a.jpg.png` and `a.gif.png`. Two names are one if they differ in case only, as they are on many disks.
    """
    clean = [[_safe_part(part) for part in inner_parts(str(name))] or ["unnamed"] for name in names]
    paths = [Path(*parts) for parts in clean]
    stems = Counter(str(path.with_suffix("")).casefold() for path in paths)
    taken = {str(folder).casefold() for path in paths for folder in path.parents}
    made = []
    for path in paths:
        bare = path.with_suffix("")
        alone = stems[str(bare).casefold()] == 1
        chosen = path.with_name((bare.name if alone else path.name) + ending)
        count = 1
        while str(chosen).casefold() in taken:
            count += 1
            chosen = path.with_name(f"{path.name} ({count}){ending}")
        taken.add(str(chosen).casefold())
        made.append(chosen)
    return made


def safe_name(name) -> str:
    """`name` as the name of one file or folder."""
    return _safe_part("_".join(inner_parts(str(name))) or "unnamed")


def _safe_part(part: str) -> str:
    part = _RESERVED.sub("_", _CONTROL.sub("_", encodable(part).replace("\ufffd", "_"))).rstrip(". ") or "_"
    while len(part.encode()) > 200:  # most disks take 255 bytes, and an ending is still to come
        part = part[:-1]
    return part
