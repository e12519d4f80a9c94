"""MIDI files -> phrases of whole bars on one grid, bool (n, tracks, steps, pitches): what was decided and left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.data import cache as caching
from gansmith.data.kinds.music import keys
from gansmith.data.kinds.music.midi import DRUMS, Part, Tune, parse
from gansmith.data.kinds.music.roles import Plan
from gansmith.data.kinds.music.rolls import draw
from gansmith.data.labels import choose, evenly, few
from gansmith.data.sources import Files, files_in, one_file
from gansmith.distributed.track import track
from gansmith.errors import DataError

ENDINGS = (".mid", ".midi", ".kar")
SAME = {(1, 4): (4, 4), (2, 4): (4, 4), (2, 2): (4, 4), (4, 2): (4, 4), (3, 8): (6, 8), (3, 2): (6, 4)}  # bars joined
RARE = 0.002  # share of the notes beyond either end of the pitches, which are moved by octaves
HEARD = 0.5  # share of the bars of a phrase in which something sounds, below which it is left out
MOST_TRACKS = 16  # of a file, above which it is said how many were laid together
TEMPO = 120.0  # quarter notes a minute, of files that say nothing
LARGEST = 2**33  # bytes of phrases, which are held in memory


@dataclass(frozen=True)
class Grid:
    """How tunes are cut: `bars` bars of `metre` to a phrase, `resolution` steps to a quarter note, moved by `move`."""

    bars: int
    resolution: int
    metre: tuple[int, int]
    move: str = ""

    @property
    def quarters(self) -> float:
        return self.metre[0] * 4 / self.metre[1]

    @property
    def bar(self) -> int:
        """Steps of a bar."""
        return round(self.quarters * self.resolution)


# --- options ---------------------------------------------------------------------------------------------------------
def as_count(name: str, value, least: int, most: int, usual: int) -> int:
    if value is None:
        return usual
    if not str(value).isdigit() or not least <= int(value) <= most:
        raise DataError(f"{name}={value}: give a whole number from {least} to {most}")
    return int(value)


def as_metre(metre) -> tuple[int, int] | None:
    if metre is None:
        return None
    parts = str(metre).split("/")
    if len(parts) != 2 or not all(p.isdigit() for p in parts) or not 1 <= int(parts[0]) <= 32:
        raise DataError(f"metre={metre}: give beats and their unit, such as 4/4, 3/4 or 6/8")
    if int(parts[1]) not in (1, 2, 4, 8, 16):
        raise DataError(f"metre={metre}: the unit is 1, 2, 4, 8 or 16")
    return int(parts[0]), int(parts[1])


def as_move(transpose) -> str:
    if transpose in (None, "none"):
        return ""
    if transpose not in ("key", "all"):
        raise DataError(
            f"transpose={transpose}: give key (every tune to C major or A minor), all (each in all 12 keys) or none"
        )
    return str(transpose)


def as_grid(bars, resolution, metre: tuple[int, int], transpose) -> Grid:
    grid = Grid(
        as_count("bars", bars, 1, 64, 4), as_count("resolution", resolution, 1, 24, 4), metre, as_move(transpose)
    )
    if abs(grid.quarters * grid.resolution - grid.bar) > 1e-9 or grid.bar < 1:
        raise DataError(
            f"a bar of {metre[0]}/{metre[1]} is {grid.quarters:g} quarter notes, which {grid.resolution} steps a "
            "quarter note do not divide: give another resolution"
        )
    return grid


# --- reading ---------------------------------------------------------------------------------------------------------
def read(
    data, labels, limit, bars, resolution, metre, tracks, transpose
) -> tuple[np.ndarray, np.ndarray | None, dict, dict]:
    """(phrases, labels or None, fields of their form, what else a Dataset is told) of the MIDI files at a path."""
    path = Path(data).expanduser()
    files = files_in(path, ENDINGS, "tunes") or one_file(path)
    label, classes = choose(labels, files.label, files.classes, len(files), files.name)
    if isinstance(labels, str) and label is not None and len(classes) > len(files) / 2:
        files.notes.append("a folder for each tune or two: taken for no classes")
        label, classes = None, ()
    as_grid(
        bars, resolution, as_metre(metre) or (4, 4), transpose
    )  # what is wrong with it is said before files are read
    tunes, bad = survey(files)
    if not tunes:
        raise DataError(f"none of {len(files)} files can be read in {files.name}: {spelled(bad, 3)}")
    grid = as_grid(bars, resolution, as_metre(metre) or usual_metre(list(tunes.values())), transpose)
    plan = Plan(list(tunes.values()), tracks)
    low, pitches = usual_range(list(tunes.values()), plan, grid.move)
    notes, runs = [*files.notes, *plan.notes], {i: usable(tune, grid) for i, tune in tunes.items()}
    places = phrases(tunes, runs, grid)
    notes += other_metres(files, tunes, tunes.keys() - {i for i, _ in places}, grid)
    if len(places) < 2:
        raise DataError(
            f"{files.name} has {len(places)} phrases of {grid.bars} bars in {grid.metre[0]}/{grid.metre[1]}, and at "
            "least 2 are needed: give fewer bars (bars=1) or another metre="
        )
    shape = (len(plan.tracks), grid.bars * grid.bar, pitches)
    moves = {i: keys.moves(tune.parts, grid.move) for i, tune in tunes.items()}
    x, rows, names = cut(files, tunes, plan, grid, low, shape, places, moves)
    if limit is not None and limit < len(x):
        notes.append(f"{limit} of {len(x)} phrases taken, evenly spaced (limit={limit})")
        chosen = evenly(len(x), limit)
        x, rows, names = x[chosen], rows[chosen], [names[i] for i in chosen]
    notes += told(files, tunes, grid, runs, plan, low, pitches, len(x))
    left = [f"{len(bad)} left out: {spelled(bad, 20)}"] if bad else []
    tempos = [tune.tempos[0] for tune in tunes.values() if tune.tempos]
    form = {
        "tracks": plan.tracks, "programs": plan.programs, "low": low, "resolution": grid.resolution, "bar": grid.bar,
        "tempo": float(np.median(tempos)) if tempos else TEMPO, "metre": grid.metre,
        "move": grid.move,
    }  # fmt: skip
    return x, None if label is None else label[rows], form, {
        "classes": classes, "name": files.name, "notes": left + notes, "left_out": dict(sorted(bad.items())),
        "files": tuple(names), "digest": caching.digest(np.packbits(x), x.shape, low), "owner": rows,
    }  # fmt: skip


def survey(files: Files) -> tuple[dict[int, Tune], dict[str, str]]:
    """(position -> tune, name -> why it cannot be read)."""
    tunes, bad = {}, {}
    for i in track(range(len(files)), "reading tunes"):
        try:
            with files.open(i) as file:
                tunes[i] = parse(file.read())
        except DataError:
            raise
        except (OSError, ValueError) as problem:
            bad[files.files[i]] = problem.strerror or str(problem) if isinstance(problem, OSError) else str(problem)
    return tunes, bad


def spelled(bad: dict[str, str], most: int) -> str:
    return few([f"{name} ({why})" for name, why in sorted(bad.items())], most)


def usual_metre(tunes: list[Tune]) -> tuple[int, int]:
    """The metre in which most quarter notes stand."""
    counts: Counter = Counter()
    for tune in tunes:
        for (start, n, d), end in spans(tune):
            counts[SAME.get((n, d), (n, d))] += max(0.0, end - start)
    return max(counts, key=lambda m: (counts[m], m))


def spans(tune: Tune):
    """((first quarter note, beats, unit), last quarter note) of each stretch of one metre."""
    return zip(tune.metres, [*(start for start, _, _ in tune.metres[1:]), tune.end])


def usable(tune: Tune, grid: Grid) -> list[tuple[float, int]]:
    """(first quarter note, whole bars) of each stretch of a tune that is in the metre of `grid`."""
    runs: list[tuple[float, int]] = []
    for (start, n, d), end in spans(tune):
        if (n, d) != grid.metre and SAME.get((n, d)) != grid.metre:
            continue
        count = int(np.ceil((end - start) / grid.quarters - 0.05))
        follows = end < tune.end  # by another metre: only whole bars are of this one
        count = int((end - start) / grid.quarters + 1e-6) if follows else count
        if count > 0:
            runs.append((start, count))
    return joined(runs, grid.quarters)


def bar_number(tune: Tune, start: float) -> int:
    """The number of the bar that begins at a quarter note; 1 is the first."""
    number = 1
    for (first, n, d), end in spans(tune):
        n, d = SAME.get((n, d), (n, d))
        number += max(0, int(np.ceil((min(end, start) - first) / (n * 4 / d) - 1e-6)))
    return number


def joined(runs: list[tuple[float, int]], quarters: float) -> list[tuple[float, int]]:
    """Stretches that follow each other without a gap as one."""
    made: list[tuple[float, int]] = []
    for start, count in runs:
        if made and abs(made[-1][0] + made[-1][1] * quarters - start) < 1e-6:
            made[-1] = (made[-1][0], made[-1][1] + count)
        else:
            made.append((start, count))
    return made


def phrases(tunes: dict[int, Tune], runs: dict[int, list], grid: Grid) -> list[tuple[int, float]]:
    """(tune, first quarter note) of each phrase, one after the other, without those that are mostly silent."""
    found = []
    for i, tune in tunes.items():
        for start, count in runs[i]:
            heard = np.zeros(count + 1, bool)
            for part in tune.parts:
                first, last = ((t - start) / grid.quarters + e for t, e in ((part.start, 1e-6), (part.end, -1e-6)))
                for a, b in zip(first, last):
                    if b >= 0 and a <= count:
                        heard[max(0, int(a)) : int(b) + 1] = True
            begin = int(heard[:count].argmax())
            for k in range(begin, count - grid.bars + 1, grid.bars):
                if heard[k : k + grid.bars].mean() >= HEARD:
                    found.append((i, start + k * grid.quarters))
    return found


def usual_range(tunes: list[Tune], plan: Plan, move: str) -> tuple[int, int]:
    """(lowest pitch, how many) of the octaves, from C to B, that hold nearly all notes of the tracks taken."""
    pitches = [
        p.pitch for tune, row in zip(tunes, plan.where) for p, at in zip(tune.parts, row) if at is not None
    ]  # fmt: skip
    every = np.sort(np.concatenate(pitches))
    low, high = (every[round(share * (len(every) - 1))] for share in (RARE, 1 - RARE))
    low, high = (low - 6, high + 6) if move else (low, high)
    low, high = max(0, int(low)) // 12 * 12, min(128, int(high) // 12 * 12 + 12)
    if high - low < 24:
        low, high = (low, low + 24) if low + 24 <= 128 else (96, 128)
    return low, high - low


def cut(files: Files, tunes, plan: Plan, grid: Grid, low: int, shape, places, moves):
    """(phrases, the file of each, their names)."""
    total = sum(len(moves[i]) for i, _ in places)
    if total * float(np.prod(shape)) > LARGEST:
        raise DataError(
            f"{files.name}: {total:,} phrases of {' × '.join(map(str, shape))} do not fit into memory: give a lower "
            "resolution, fewer tracks, or a part of the files"
        )
    where = dict(zip(tunes, plan.where))
    x, rows, names, n = np.zeros((total, *shape), bool), np.zeros(total, int), [], 0
    for i, start in track(places, "cutting phrases"):
        for move in moves[i]:
            for part, at in zip(tunes[i].parts, where[i]):
                if at is not None:
                    here = (part.end > start) & (part.start < start + grid.bars * grid.quarters)
                    drums = part.program == DRUMS
                    pitch = part.pitch[here] + (0 if drums else move)
                    moved = Part(part.name, part.program, part.start[here] - start, part.end[here] - start, pitch)
                    draw(moved, shape[1:], low, grid.resolution, x[n, at])
            rows[n] = i
            moved_by = f", {move:+d}" if move else ""
            names.append(f"{files.files[i]}, bar {bar_number(tunes[i], start)}{moved_by}")
            n += 1
    kept = np.flatnonzero(x.any((1, 2, 3)))
    return x[kept], rows[kept], [names[k] for k in kept]


def other_metres(files: Files, tunes, out, grid: Grid) -> list[str]:
    """What is said of tunes that have no phrase in the metre of `grid`."""
    if not out:
        return []
    found = Counter(f"{n}/{d}" for i in out for n, d in {(n, d) for _, n, d in tunes[i].metres})
    (n, d), names = grid.metre, few([files.files[i] for i in sorted(out)])
    return [
        f"{len(out)} tunes have no {grid.bars} bars of {n}/{d} in a row and are not used: {names}; "
        f"metre={found.most_common(1)[0][0]} would take most of them"
    ]


def told(files: Files, tunes, grid: Grid, runs, plan: Plan, low: int, pitches: int, count: int) -> list[str]:
    """What was done to the tunes, one line each."""
    n, d = grid.metre
    notes = [
        f"{len(tunes):,} tunes cut into {count:,} phrases of {grid.bars} bars of {n}/{d} (bars=N, metre=N/N), "
        f"{grid.bar} steps a bar, {grid.resolution} a quarter note (resolution=N)",
        f"pitches {low} to {low + pitches - 1}, {keys.name_of(low)} to {keys.name_of(low + pitches - 1)}; the few notes"
        " beyond are moved by octaves",
    ]
    other: dict[str, float] = defaultdict(float)
    for tune in tunes.values():
        for (start, a, b), end in spans(tune):
            if (a, b) != grid.metre and SAME.get((a, b)) != grid.metre and end > start:
                other[f"{a}/{b}"] += (end - start) / (a * 4 / b)
    if other:
        found = sorted(other.items(), key=lambda item: -item[1])
        notes.append(f"bars of other metres, left out: {few([f'{m} ({c:,.0f})' for m, c in found])}")
    names = lambda keep: [files.files[i] for i, tune in tunes.items() if keep(tune)]  # noqa: E731
    if changing := names(lambda tune: len(set(np.round(tune.tempos))) > 1):
        notes.append(f"{len(changing)} with changes of tempo, of which beats know nothing: {few(changing)}")
    if many := names(lambda tune: tune.tracks > MOST_TRACKS):
        notes.append(f"{len(many)} of more than {MOST_TRACKS} tracks, laid together by what they play: {few(many)}")
    if grid.move:
        notes.append("moved to C major or A minor" if grid.move == "key" else "each phrase in all 12 keys")
    return notes
