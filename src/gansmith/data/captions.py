"""Pictures with captions: a folder or zip with a captions.json or captions.csv beside its pictures.

json: [{"file": "images/1.jpg", "captions": ["a dog", …]}, …] or {"images/1.jpg": "a dog" or ["a dog", …], …};
or the json of COCO; csv: columns file and caption, one caption a row, as many rows a file as it has captions.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from gansmith.data import cache as caching
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.text import Words
from gansmith.data.labels import few
from gansmith.data.plain_text import decoded
from gansmith.data.schema import spell
from gansmith.data.sources import file_in, pictures_at
from gansmith.errors import DataError
from gansmith.names import inner_parts

FILES = ("captions.json", "captions.csv")
FILE = ("file", "file_name", "filename", "image", "image_name", "path")  # what the column or field is called
CAPTION = ("captions", "caption", "text", "description", "comment")
CAPTIONS, WORDS, VOCABULARY = 5, 24, 5000  # at most: captions of a picture, words of a caption, words known


def from_captions(data, form: str, *, size=None, channels=None, limit=None, cache=None) -> Dataset | None:
    """Pictures as `real` and their captions as `text`, word numbers (n, captions, words); None when there are none.

    Raises UserError when captions were asked for (form="captions") or cannot be read.
    """
    if form == "captions" and isinstance(data, tuple) and len(data) == 2:
        from gansmith.data import read

        pictures = read(data[0], form="items", labels=None, size=size, channels=channels, cache=cache)
        if isinstance(data[1], (str, Mapping)) or not hasattr(data[1], "__len__"):
            raise DataError(
                f"captions are a {type(data[1]).__name__}: give a list, one text or a list of texts a picture"
            )
        if len(pictures) != len(data[1]):
            raise DataError(f"{len(pictures)} pictures and {len(data[1])} captions: give one, or a list, for each")
        return captioned(pictures, _of_rows(data[1]))
    found = file_in(data, FILES) if isinstance(data, (str, os.PathLike)) else None
    if found is None:
        if form == "captions":
            name = data if isinstance(data, (str, Path)) else type(data).__name__
            raise DataError(f"{name} has no captions: put a captions.json or captions.csv beside the pictures")
        return None
    from gansmith.data.kinds.images import Images

    (place, content), path, notes = found, Path(data).expanduser(), []
    told, pictures = _parse(place, decoded(place, content, notes)), pictures_at(path)
    below = place.removeprefix(f"{path}/").rpartition("/")  # the folder that the captions lie in
    said = _of_files(told, pictures.files, below[0] + below[1])
    rows = [row for row, file in enumerate(pictures.files) if file in said]
    if not any(told.values()):
        raise DataError(f"{place} holds no caption: write one for each picture, or take the file away")
    if not rows:
        raise DataError(
            f"{place} names none of the pictures: it has {few(told, 2)}, the pictures are {few(pictures.files, 2)}"
        )
    if len(rows) < len(pictures):
        notes.append(f"{len(pictures) - len(rows)} pictures without a caption left out")
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


def _texts(captions) -> list[str]:
    """The captions of one picture, without those that hold no word; TypeError for what is no text."""
    held = [captions] if isinstance(captions, str) or captions is None else list(captions)
    if isinstance(captions, Mapping) or not all(isinstance(c, str) or c is None for c in held):
        raise TypeError(f"found {spell(captions)} where text is expected")
    return [c for c in held if c and words(c)]


def _of_rows(captions) -> list[list[str]]:
    """The captions of each row; DataError that names the first row without a word."""
    said = []
    for row, one in enumerate(captions):
        try:
            said.append(_texts(one))
        except TypeError:
            said.append([])
        if not said[-1]:
            raise DataError(
                f"captions[{row}] is {spell(one)}: give each picture a text or a list of texts, or leave it out"
            )
    return said


def _parse(place: str, text: str) -> dict[str, list[str]]:
    """File -> its captions; none for those that are null."""
    said: dict[str, list[str]] = {}
    try:
        pairs = _from_csv(text) if place.endswith(".csv") else _from_json(json.loads(text))
        for file, captions in pairs:
            if not isinstance(file, str):
                raise TypeError(f"found {spell(file)} where the name of a file is expected")
            name = "/".join(inner_parts(file))
            said.setdefault(name, []).extend(_texts(captions))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as problem:
        reason = " ".join(f"{type(problem).__name__}: {problem}".split())[:120]
        raise DataError(
            f'{place} cannot be read ({reason}): write [{{"file": …, "captions": […]}}, …], or a table with the '
            "columns file and caption"
        ) from None
    return said


def _from_csv(text: str) -> list[tuple]:
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t|", key=head.count), skipinitialspace=True)
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    return list(map(_told, rows))


def _told(one: dict) -> tuple:
    """(file, captions) of one entry, whatever the two are called. KeyError says what it has instead."""
    found = [next((name for name in names if name in one), None) for names in (FILE, CAPTION)]
    if None in found:
        raise KeyError(f"no {'file' if found[0] is None else 'caption'}, but {few(one, 6)}")
    return one[found[0]], one[found[1]]


def _from_json(held) -> list[tuple]:
    """(file, captions) of the forms that this file's first lines show, and of COCO's, which lists pictures and captions
    apart: {"images": [{"id": 1, "file_name": "1.jpg"}, …], "annotations": [{"image_id": 1, "caption": "a dog"}, …]}."""
    if isinstance(held, dict) and isinstance(held.get("images"), list) and isinstance(held.get("annotations"), list):
        files = {image["id"]: image["file_name"] for image in held["images"]}
        return [(files[one["image_id"]], one["caption"]) for one in held["annotations"] if one["image_id"] in files]
    if isinstance(held, dict):
        return list(held.items())
    return list(map(_told, held))


def _of_files(said: dict[str, list[str]], files: list[str], place: str) -> dict[str, list[str]]:
    """`said` by the names that the pictures have: by their paths from the captions file, else by their names alone,
    where each is there once."""
    names = [file.rsplit("/", 1)[-1] for file in files]
    alone = {name for name, count in Counter(names).items() if count == 1}
    bare = Counter(file.rsplit("/", 1)[-1] for file in said)
    by_name = {file.rsplit("/", 1)[-1]: told for file, told in said.items() if bare[file.rsplit("/", 1)[-1]] == 1}
    found = {file: said.get(file.removeprefix(place), said.get(file)) for file in files}
    for file, name in zip(files, names):
        if found[file] is None and name in alone:
            found[file] = by_name.get(name)
    return {file: told for file, told in found.items() if told}
