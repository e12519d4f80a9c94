"""Which pictures of a folder or zip go in, which should come out, and which of them belong together: by their paths.

The layouts of the field: A/ and B/ (also source/ and target/, input/ and output/) below train/, val/, test/ or above
them, as pix2pix's combine_A_and_B.py asks for; trainA/ and trainB/, as CycleGAN's data has it; train_A/ and train_B/;
files that hold both side by side, below train/ and val/. Where there is a training part, the others are left aside.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath

from gansmith.data.labels import few
from gansmith.data.sources import SPLITS, Pictures

_SPLIT = "|".join(sorted(SPLITS, key=len, reverse=True))
_SIDE = re.compile(rf"(?:((?i:{_SPLIT}))[_-]?)?([AB])")
_SUFFIX = re.compile(r"(.+)[_-]([AB])(\.[^./]+)")
WORDS = {"source": 0, "input": 0, "target": 1, "output": 1}
UNPAIRED = 'trainA and trainB are two domains; form="pairs" joins the files of the same names'


def side_of(file: str) -> int | None:
    """0 for what goes in, 1 for what should come out, None where the folders do not say, or say both."""
    sides = set()
    for part in PurePosixPath(file).parts[:-1]:
        found = _SIDE.fullmatch(part)
        if found:
            sides.add("AB".index(found[2]))
        elif part in WORDS:
            sides.add(WORDS[part])
    return sides.pop() if len(sides) == 1 else None


def split_of(file: str) -> tuple[int, str]:
    """(0 for training, or for no part at all; 1 for validation; 2 for test; the folder that says so)."""
    for part in PurePosixPath(file).parts[:-1]:
        found = _SIDE.fullmatch(part)
        name = found[1] if found else part
        if name and name.lower() in SPLITS:
            return SPLITS[name.lower()], part
    return 0, ""


def training_part(pictures: Pictures, notes: list[str]) -> Pictures:
    """Those below train/, where others are below val/ or test/, which are left aside; else all of the first part."""
    splits = [split_of(file) for file in pictures.files]
    first = min(rank for rank, _ in splits)
    rows = [row for row, (rank, _) in enumerate(splits) if rank == first]
    if len(rows) == len(pictures):
        return pictures
    aside = sorted({folder for rank, folder in splits if rank != first})
    notes.append(
        f"{len(pictures) - len(rows)} pictures in {few(aside)} left aside; to use them, name the folder that holds them"
    )
    return pictures.take(rows)


def two_sides(pictures: Pictures, notes: list[str]) -> tuple[Pictures, Pictures] | None:
    """The files below a folder called A and below one called B (or alike), if all are; the others of a split aside."""
    sides = [side_of(file) for file in pictures.files]
    if set(sides) == {None}:
        return _by_suffix(pictures, notes)
    if None in sides or len(set(sides)) < 2:
        return None
    pictures = training_part(pictures, notes)
    sides = [side_of(file) for file in pictures.files]
    if len(set(sides)) < 2:
        return None
    if any("trainA" in file.split("/") for file in pictures.files):
        notes.append(UNPAIRED)
    return tuple(pictures.take([row for row, side in enumerate(sides) if side == k]) for k in (0, 1))


def _by_suffix(pictures: Pictures, notes: list[str]) -> tuple[Pictures, Pictures] | None:
    """The files whose names end in _A and those that end in _B, if all do, each as if it were called without that."""
    found = [_SUFFIX.fullmatch(file) for file in pictures.files]
    if None in found or len({m[2] for m in found}) < 2:
        return None
    sides = [[row for row, m in enumerate(found) if m[2] == side] for side in "AB"]
    one, two = ({found[row][1] for row in rows} for rows in sides)
    if len(one & two) < 0.9 * max(len(one), len(two)):
        return None
    notes.append("from the files whose names end in _A to those that end in _B")
    return tuple(replace(pictures.take(rows), files=[found[row][1] + found[row][3] for row in rows]) for rows in sides)


def bare(files: list[str]) -> set[str]:
    """The names of files without folders, endings, and what all of them end in, such as _mask."""
    stems = [PurePosixPath(file).stem for file in files]
    shared = os.path.commonprefix([stem[::-1] for stem in stems])[::-1].lstrip("0123456789")
    return {stem.removesuffix(shared) for stem in stems}


def alike(one: set[str], two: set[str]) -> bool:
    """Whether nearly all names are on both sides."""
    return len(one & two) > 0.9 * max(len(one), len(two))


def two_of_each(files) -> list[str] | None:
    """What the names of files end in, where each is there twice but for that: .jpg and .png, _photo.png and
    _mask.png."""
    for expression in (r"(.+)(\.[^./]+)", r"(.+)([_-][A-Za-z]+\.[^./]+)"):
        found = [m for m in (re.fullmatch(expression, file) for file in files) if m]
        ends = sorted({m[2] for m in found})
        halves = [{m[1] for m in found if m[2] == end} for end in ends]
        if len(found) == len(files) and len(ends) == 2 and alike(*halves):
            return ends
    return None


def two_folders(pictures: Pictures, notes: list[str]) -> tuple[Pictures, Pictures] | None:
    """The files of the only two innermost folder names there are, the first in the alphabet being what goes in."""
    folders = [PurePosixPath(file).parent.name for file in pictures.files]
    names = sorted(set(folders))
    if len(names) != 2 or "" in names or any(name.lower() in SPLITS for name in names):
        return None
    notes.append(f"from {names[0]} to {names[1]}")
    first, second = ([row for row, folder in enumerate(folders) if folder == name] for name in names)
    return pictures.take(first), pictures.take(second)


def in_one_folder(pictures: Pictures) -> bool:
    """Whether the files lie together, but for train/, val/ and test/."""
    common = common_folders(pictures.files)
    parts = (PurePosixPath(file).parts[:-1] for file in pictures.files)
    return all(part in common or part.lower() in SPLITS for folders in parts for part in folders)


def common_folders(files) -> set[str]:
    return set.intersection(*(set(PurePosixPath(file).parts[:-1]) for file in files))


def matched(source: list[str], target: list[str], notes: list[str]) -> list[tuple[str, int, int]]:
    """(name, row of `source`, row of `target`) of the files of either side that have one name.

    First those with one ending, then those whose name without ending is left once on each side. What has no
    counterpart, or two of them, is left out and named in `notes`.
    """
    one, two = ({name: row for row, name in enumerate(_inner(files))} for files in (source, target))
    stems = {name: str(PurePosixPath(name).with_suffix("")) for name in (*one, *two)}
    twice = {stem for names in (one, two) for stem, n in Counter(stems[name] for name in names).items() if n > 1}
    pairs = {name: (one[name], two[name]) for name in one if name in two}
    rest = [{stems[name]: [] for name in names if name not in pairs} for names in (one, two)]
    for left, names in zip(rest, (one, two)):
        for name in names:
            if name not in pairs:
                left[stems[name]].append(name)
    for stem in rest[0].keys() & rest[1].keys():
        left, right = rest[0][stem], rest[1][stem]
        if len(left) == len(right) == 1:
            name, other = left.pop(), right.pop()
            pairs[name] = one[name], two[other]
    alone = sorted({name for left in rest for names in left.values() for name in names})
    odd = [name for name in alone if stems[name] in twice]
    plain = sorted({stems[name] for name in alone if stems[name] not in twice})
    if plain:
        notes.append(f"{len(plain)} left out: on one side only: {few(plain)}")
    if odd:
        notes.append(f"{len(odd)} left out: of the same name as another but for the ending: {few(odd)}")
    ordered = sorted(pairs.items(), key=lambda pair: pair[1])
    return [(name if stems[name] in twice else stems[name], *rows) for name, rows in ordered]


def _inner(files: list[str]) -> list[str]:
    """The paths without the folders that all have in common."""
    common = common_folders(files)
    paths = map(PurePosixPath, files)
    return ["/".join([*(part for part in path.parts[:-1] if part not in common), path.name]) for path in paths]
