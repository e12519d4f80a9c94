"""Pictures with captions: a folder or zip with a captions.json or captions.csv beside its pictures.

json: [{"file": "images/1.jpg", "captions": ["a dog", …]}, …] or {"images/1.jpg": "a dog" or ["a dog", …], …};
csv: columns file and caption, one caption a row, as many rows a file as it has captions.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.text import Words
from gansmith.data.labels import few
from gansmith.errors import DataError

FILES = ("captions.json", "captions.csv")
CAPTIONS, WORDS, VOCABULARY = 5, 24, 5000  # at most: captions of a picture, words of a caption, words known


def from_captions(data, form: str, *, size=None, channels=None, limit=None, cache=None) -> Dataset | None:
    """Pictures as `real` and their captions as `text`, word numbers (n, captions, words); None when there are none.

    Raises UserError when captions were asked for (form="captions") or cannot be read.
    """
    if form == "captions" and isinstance(data, tuple) and len(data) == 2:
        from gansmith.data import read

        pictures = read(data[0], form="items", labels=None, size=size, channels=channels, cache=cache)
        if len(pictures) != len(data[1]):
            raise DataError(f"{len(pictures)} pictures and {len(data[1])} captions: give one, or a list, for each")
        return captioned(pictures, [[c] if isinstance(c, str) else list(c) for c in data[1]])
    found = _find(Path(data).expanduser()) if isinstance(data, (str, os.PathLike)) else None
    if found is None:
        if form == "captions":
            name = data if isinstance(data, (str, Path)) else type(data).__name__
            raise DataError(f"{name} has no captions: put a captions.json or captions.csv beside the pictures")
        return None
    from gansmith.data.kinds.images import Images
    from gansmith.data.sources import pictures_at

    place, text = found
    said, pictures = _parse(place, text), pictures_at(Path(data).expanduser())
    rows = [row for row, file in enumerate(pictures.files) if said.get(file)]
    if not rows:
        raise DataError(
            f"{place} names none of the pictures: it has {few(said, 2)}, the pictures are {few(pictures.files, 2)}"
        )
    notes = [f"{len(pictures) - len(rows)} pictures without a caption left out"] if len(rows) < len(pictures) else []
    kept = replace(pictures.take(rows), notes=notes)
    shown = Images.read(kept, labels=None, size=size, channels=channels, limit=limit, cache=cache)
    return captioned(shown, [said[file] for file in shown.files])


def captioned(pictures: Dataset, captions: list[list[str]]) -> Dataset:
    """`pictures` with a list of captions for each."""
    told = [each[:CAPTIONS] for each in captions]
    counts = Counter(word for each in told for caption in each for word in words(caption))
    least = 2 if sum(counts.values()) > 2000 else 1
    vocabulary = tuple(word for word, n in counts.most_common(VOCABULARY) if n >= least)
    most = max(map(len, told))
    length = min(WORDS, max(len(words(caption)) for each in told for caption in each))
    number = numbered(vocabulary)
    text = np.stack([to_ids([each[i % len(each)] for i in range(most)], number, length) for each in told])
    known = sum(counts[word] for word in vocabulary) / max(1, sum(counts.values()))
    note = f"{sum(map(len, told))} captions, {len(vocabulary)} words known ({known:.1%} of what is said)"
    form = Words(text.shape[1:], columns=vocabulary)
    return replace(
        pictures,
        spec=replace(pictures.spec, also={"text": form}),
        fields=pictures.fields | {"text": text},
        digest=caching.digest(pictures.digest, text, vocabulary),
        notes=(*pictures.notes, note),
    )


def words(caption: str) -> list[str]:
    return re.findall(r"\w+", caption.lower())


def numbered(vocabulary) -> dict[str, int]:
    """Word -> its number; 0 is no word."""
    return {word: i for i, word in enumerate(vocabulary, 1)}


def to_ids(captions: list[str], number: dict[str, int], length: int) -> np.ndarray:
    """Captions as int64 (n, length): the numbers of the words that are known, then zeros."""
    ids = np.zeros((len(captions), length), np.int64)
    for row, caption in enumerate(captions):
        known = [number[word] for word in words(caption) if word in number][:length]
        ids[row, : len(known)] = known
    return ids


def _find(path: Path) -> tuple[str, str] | None:
    """(where, content) of the captions file of a folder or a zip."""
    if path.is_dir():
        for name in FILES:
            if (path / name).is_file():
                return str(path / name), (path / name).read_text(encoding="utf-8")
    elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in FILES:
                if name in archive.namelist():
                    return f"{path}/{name}", archive.read(name).decode("utf-8")
    return None


def _parse(place: str, text: str) -> dict[str, list[str]]:
    """File -> its captions."""
    said: dict[str, list[str]] = {}
    try:
        if place.endswith(".csv"):
            pairs = [(row["file"], row["caption"]) for row in csv.DictReader(io.StringIO(text))]
        else:
            held = json.loads(text)
            pairs = (
                held.items()
                if isinstance(held, dict)
                else [(e["file"], e.get("captions", e.get("caption"))) for e in held]
            )
        for file, captions in pairs:
            said.setdefault(file, []).extend([captions] if isinstance(captions, str) else captions)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise DataError(
            f'{place} cannot be read ({type(problem).__name__}: {problem}): write [{{"file": …, "captions": […]}}, …], '
            "or a table with the columns file and caption"
        ) from None
    return {file: [c for c in captions if words(c)] for file, captions in said.items()}
