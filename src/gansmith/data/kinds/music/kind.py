"""Music: MIDI files and piano-rolls as phrases of whole bars on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.music import files, keys, measures, npz, rolls
from gansmith.data.kinds.music.features import Statistics, random_network
from gansmith.data.kinds.music.roles import PROGRAMS
from gansmith.data.labels import choose, evenly, labelled
from gansmith.data.spec import Kind
from gansmith.errors import DataError

HEARD, SECONDS = 4, 40  # phrases of a sheet that a page plays, at most, and for how long
COLOURS = np.array(
    [[208, 79, 44], [47, 111, 181], [90, 140, 60], [120, 120, 120], [150, 80, 160], [200, 150, 30], [30, 150, 150]]
)
PAPER, LINE = 255, 225
LAYOUTS = (128, 84)  # pitches of the two usual forms of piano-rolls: all of MIDI, and C1 to B7


@dataclass(frozen=True)
class Music(Kind):
    """Phrases of `shape` (tracks, steps, pitches), bool: where which pitch sounds. −1 and 1 in the networks.

    tracks    name of each track;  programs  its General MIDI program, −1 for drums
    low       MIDI number of the lowest pitch
    resolution  steps of a quarter note;  bar  steps of a bar;  metre  beats and their unit
    tempo     quarter notes a minute, of files and sounds that are written
    move      how tunes were moved before they were learnt: "key", to C major or A minor; "all", to every key; "", not
    """

    kind = "music"
    noun = "phrases"
    takes = "a folder or zip of .mid files, a piano-roll .npz, or a bool array (n, tracks, steps, pitches)"
    reads = files.ENDINGS
    options = {
        "bars": "of a phrase [4]",
        "resolution": "steps of a quarter note [4]",
        "metre": "such as 3/4; bars of others are left out [the commonest]",
        "tracks": "names or roles to take, such as melody,bass [those that are usual]",
        "transpose": "key: all to C major or A minor; all: each phrase in 12 keys [none]",
    }
    endings = (".mid", ".wav", ".npz", ".npy", ".png")
    plays = (".wav", "audio/wav")
    folder_of = ".mid"
    foreign = dict.fromkeys(
        (".musicxml", ".mxl", ".mscz", ".abc", ".sib", ".gp5", ".gpx", ".als", ".flp"),
        "export them as MIDI (.mid) from the program that wrote them",
    )
    write_options = ("labels",)
    example_out = "-n 16 -o made/"
    shown = 12
    cropped = True
    bounded = True

    center: tuple[float, ...] = (0.5,)
    scale: tuple[float, ...] = (0.5,)
    tracks: tuple[str, ...] = ("melody",)
    programs: tuple[int, ...] = (73,)
    metre: tuple[int, ...] = (4, 4)
    low: int = 0
    resolution: int = 4
    bar: int = 16
    tempo: float = files.TEMPO
    move: str = ""

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        return isinstance(data, Path) and data.suffix.lower() == ".npz" and data.is_file() and bool(npz.form_in(data))

    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, bars=None, resolution=None, metre=None,
        tracks=None, transpose=None,
    ) -> Dataset:  # fmt: skip
        """The Dataset of MIDI files; one that cannot be read is left out and named in the notes.

        bars        of a phrase;  resolution  steps of a quarter note
        metre       "3/4": only bars of it; None: the one in which most of the music is
        tracks      names or roles (melody, chords, bass, drums) to take; None: by their names where nearly all files
                    have the same, else the roles that a quarter of the files have. Tracks of one role are laid together
        transpose   "key": every tune to C major or A minor; "all": every phrase in all 12 keys; None: as it is
        """
        if cls.recognises(Path(data)):
            asked = {"bars": bars, "resolution": resolution, "metre": metre, "tracks": tracks, "transpose": transpose}
            return cls.of_npz(Path(data), labels, limit, **asked)
        x, label, form, more = files.read(data, labels, limit, bars, resolution, metre, tracks, transpose)
        return labelled(x, label, cls(x.shape[1:], **form), **more)

    @classmethod
    def of_npz(cls, path: Path, labels="auto", limit=None, bars=None, **asked) -> Dataset:
        """Piano-rolls of a file, which says its own resolution, metre and tracks: see `npz`."""
        x, form = npz.load(path)
        count, notes = files.as_count("bars", bars, 1, 64, max(4, x.shape[2] // form["bar"])), []
        own = cls(x.shape[1:], **form).read_options() | {"transpose": "none"}
        for name, value in asked.items():
            if value is not None and str(value).replace(" ", "").lower() != str(own[name]).replace(" ", "").lower():
                raise DataError(f"{name}={value} is for MIDI files: the rolls of {path} have {name} {own[name]}")
        if x.shape[2] == form["bar"] and count > 1:  # a song, bar by bar
            n = len(x) // count
            x = (
                x[: n * count]
                .reshape(n, count, *x.shape[1:])
                .transpose(0, 2, 1, 3, 4)
                .reshape(n, x.shape[1], -1, x.shape[3])
            )
            notes.append(f"cut into phrases of {count} bars (bars=N)")
        elif count * form["bar"] != x.shape[2] and bars is not None:
            raise DataError(f"bars={bars}: the phrases of {path} have {x.shape[2] // form['bar']} bars each")
        label, sounds = choose(labels, None, (), len(x), str(path))[0], x.any((1, 2, 3))
        x, label = x[sounds], None if label is None else label[sounds]
        if len(x) < 2:
            raise DataError(
                f"{path} holds {len(x)} phrases that sound, and at least 2 are needed: give fewer bars (bars=1)"
            )
        if limit is not None and limit < len(x):
            notes.append(f"{limit} of {len(x)} phrases taken, evenly spaced (limit={limit})")
            chosen = evenly(len(x), limit)
            x, label = x[chosen], None if label is None else label[chosen]
        return labelled(x, label, cls(x.shape[1:], **form), name=str(path), notes=notes)

    @classmethod
    def of_array(
        cls, x: np.ndarray, notes: list[str], columns=(), bars=None, resolution=None, metre=None, tracks=None,
        transpose=None, named=False, **others,
    ) -> tuple[np.ndarray, Kind] | None:  # fmt: skip
        """(n, tracks, steps, pitches) of bools with 128 or 84 pitches; or of any whole numbers 0 … 127, of which 0 is
        silence, also (n, steps, pitches) of one track, where form= or an option says that they are music."""
        told = named or any(value is not None for value in (bars, resolution, metre, tracks))
        x = x[:, None] if told and x.ndim == 3 else x
        if x.ndim != 4 or not (told or (x.dtype == bool and x.shape[3] in LAYOUTS)):
            return None
        grid = files.as_grid(bars, resolution, files.as_metre(metre) or (4, 4), transpose)
        check_rolls(x, grid, bars)
        if x.max() > 1:
            notes.append(f"how loud a note is (up to {x.max():g}) is not kept, only where it sounds")
        names = tuple(word.strip().lower() for word in str(tracks).split(",")) if tracks else usual_names(x.shape[1])
        if len(names) != x.shape[1]:
            raise DataError(f"tracks={tracks}: {len(names)} names, and the rolls have {x.shape[1]} tracks")
        low = npz.lowest(x.shape[3])
        notes.append(f"the lowest pitch taken for {keys.name_of(low)} ({low})")
        programs = tuple(next((p for role, p in PROGRAMS.items() if role in name), 0) for name in names)
        form = cls(
            x.shape[1:], tracks=names, programs=programs, metre=grid.metre, low=low, resolution=grid.resolution,
            bar=grid.bar,
        )  # fmt: skip
        return x > 0, form

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        return [tunes(n, seed)]

    @classmethod
    def of_json(cls, fields: dict) -> Kind:
        made = super().of_json(fields)
        npz.check_form(made.shape, vars(made))
        return made

    def read_options(self) -> dict:
        found = {"bars": self.bars, "resolution": self.resolution, "metre": f"{self.metre[0]}/{self.metre[1]}"}
        return found | {"tracks": ",".join(self.tracks)}

    @property
    def bars(self) -> int:
        return self.shape[1] // self.bar

    @property
    def default_game(self) -> str:  # type: ignore[override]
        """Melodies, alone or over chords, are made bar after bar; several tracks by players who hear each other."""
        return "midinet" if set(self.tracks) <= {"melody", "chords"} else "musegan"

    @property
    def default_reason(self) -> str:  # type: ignore[override]
        alone = self.default_game == "midinet"
        return "melodies over chords, bar after bar" if alone else "its tracks listen to each other"

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        tracks = f"{len(self.tracks)} tracks ({', '.join(self.tracks)})" if len(self.tracks) > 1 else self.tracks[0]
        return (
            f"{count:,} phrases of {self.bars} bars of {self.metre[0]}/{self.metre[1]}, {self.bar} steps each, {tracks}"
        )

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        check.axes = f"tracks x steps x pitches, {self.bars} bars of {self.metre[0]}/{self.metre[1]}"
        preflight.look_at_values(check, dataset, (0, 2, 3), "track")
        silent = [name for name, high in zip(self.tracks, check.high) if not high]
        check.low, check.high, check.mean, check.sd = [], [], [], []
        repeats = sum(len(names) - 1 for names in check.duplicates)
        check.problems = [p for p in check.problems if "constant tracks" not in p and "duplicates of" not in p]
        if repeats:
            check.notes.append(f"{repeats} phrases repeat another one, as music does")
        if silent:
            check.problems.append(f"tracks that never sound: {', '.join(silent)}; tracks=NAMES leaves them out")
        x = dataset.raw(np.arange(min(len(dataset), 4 * preflight.STEP)))
        onset, _ = rolls.edges(x)
        sounding = measures.bars_of(x, self.bar).any((3, 4)).mean((0, 2))
        for i, (name, program) in enumerate(zip(self.tracks, self.programs)):
            pitch = np.flatnonzero(x[:, i].any((0, 1))) + self.low
            span = f", {keys.name_of(pitch[0])} to {keys.name_of(pitch[-1])}" if len(pitch) and program >= 0 else ""
            many = onset[:, i].sum() / len(x) / self.bars
            what = "drums" if program < 0 else f"program {program}"
            check.types[name] = f"{what}{span}, {many:.3g} notes a bar, sounds in {sounding[i]:.0%} of the bars"
        pitched = [i for i, program in enumerate(self.programs) if program >= 0]
        if pitched:
            weights = keys.chroma(x[:, pitched], self.low).sum((0, 1, 2))
            check.notes.append(f"commonest pitch classes: {measures.commonest(weights)}; tempo {self.tempo:.0f}")
        check.notes += [f"{name}: {value:.3g}" for name, value in measures.portrait(x, self).items()]

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.bool_

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units to where a pitch sounds: above 0."""
        return (x.detach() > 0).cpu().numpy()

    # --- showing -----------------------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Piano-rolls: time to the right, pitch upwards, a colour for each track, a line for each bar."""
        drawn = self.sheet(items, columns=3)
        return np.concatenate([self.legend(drawn.shape[1]), drawn]) if len(self.tracks) > 1 else drawn

    def legend(self, width: int) -> np.ndarray:
        """The tracks' names in their colours, uint8 (h, width, 3)."""
        from PIL import Image, ImageDraw

        from gansmith.data.chart import font_for

        picture, x = Image.new("RGB", (width, 20), "white"), 4.0
        draw = ImageDraw.Draw(picture)
        for i, name in enumerate(self.tracks):
            draw.rectangle((x, 6, x + 10, 14), tuple(COLOURS[i % len(COLOURS)].tolist()))
            draw.text((x + 15, 10), name, "black", font_for(name), "lm")
            x += 30 + font_for(name).getlength(name)
        return np.asarray(picture)

    def sheet(self, numbers: np.ndarray, columns: int = 4) -> np.ndarray:
        from gansmith.data.preview import grid

        return grid(self.painted(np.asarray(numbers)), min(columns, len(numbers)), 4)

    def painted(self, items: np.ndarray) -> np.ndarray:
        """Items as pictures uint8 (n, 3, pitches, steps), whole times as large where they are small."""
        made = np.full((len(items), 3, items.shape[3], items.shape[2]), PAPER, np.uint8)
        made[:, :, :, :: self.bar] = LINE
        made[:, :, np.arange(items.shape[3]) % 12 == -self.low % 12] -= np.uint8(20)  # each C
        for i in range(items.shape[1]):
            sounds = np.asarray(items[:, i], bool).transpose(0, 2, 1)[:, None]
            made = np.where(sounds, COLOURS[i % len(COLOURS)].astype(np.uint8)[:, None, None], made)
        made = made[:, :, ::-1]
        times = max(1, 256 // max(items.shape[2:]))
        return made.repeat(times, 2).repeat(times, 3)

    @property
    def heard(self) -> int:  # type: ignore[override]
        """As many phrases as are played in SECONDS, each with the bar of silence after it."""
        return int(min(HEARD, max(1, SECONDS / (60 / self.tempo * (self.shape[1] + self.bar) / self.resolution))))

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None) -> None:
        """As .mid or .wav one after the other with a bar of silence between them; .npz with all that reading it again
        takes; .npy and .png as other arrays."""
        from gansmith.atomic import replacing
        from gansmith.data.write import write_arrays

        if path.suffix in (".npy", ".png"):
            return write_arrays(items, path, self, labels)
        if path.suffix == ".npz":
            with replacing(path) as beside, open(beside, "wb") as file:
                return npz.save(file, np.asarray(items), self)
        gap = np.zeros((len(self.tracks), self.bar, self.shape[2]), bool)
        return self.write_one(np.concatenate([part for item in items for part in (item, gap)][:-1] or [gap], 1), path)

    def write_one(self, item, path: Path) -> None:
        from gansmith.atomic import replacing
        from gansmith.data.kinds.music import midi

        parts = rolls.parts_of(np.asarray(item), self)
        with replacing(path) as beside:
            if path.suffix == ".wav":
                return write_wav(parts, beside, self.tempo)
            midi.write(parts, beside, (self.metre[0], self.metre[1]), self.tempo)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def features(self, labelled: bool = False) -> tuple:
        return Statistics(self), random_network(self.shape[0])

    def pictures(self, items) -> np.ndarray | None:
        """Rolls that a classifier of pictures can learn classes from, uint8 (n, tracks, pitches, steps): 0 or 255."""
        return np.asarray(items, bool).transpose(0, 1, 3, 2).astype(np.uint8) * np.uint8(255)

    def measures(self, real, fake) -> dict[str, float]:
        return measures.compared(real, fake, self)

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        return measures.in_words(values, floor, control)

    def shuffled(self, items, rng: np.random.Generator):
        """Steps in random order, bars in any key, too many or too few at once, and silent where others sound."""
        return measures.spoiled(np.asarray(items), self, rng)


def check_rolls(x: np.ndarray, grid: files.Grid, bars) -> None:
    """DataError unless (n, tracks, steps, pitches) are piano-rolls of whole bars of `grid`, and of as many as asked."""
    if x.dtype != bool and (x.min() < 0 or x.max() > 127 or not (x == np.round(x)).all()):
        raise DataError(
            f"piano-rolls hold whole numbers from 0 (silence) to 127, found {x.min():g} … {x.max():g}: of chances, say "
            "from which on a note sounds (x > 0.5)"
        )
    if x.shape[3] > 128:
        raise DataError(f"{x.shape[3]} pitches: axes are (n, tracks, steps, pitches), and MIDI has 128; here {x.shape}")
    if not x.any():
        raise DataError(f"nothing sounds in {len(x)} piano-rolls: there is nothing to learn")
    if x.shape[2] % grid.bar:
        raise DataError(
            f"{x.shape[2]} steps are no whole bars of {grid.bar} ({grid.metre[0]}/{grid.metre[1]}, {grid.resolution} "
            f"steps a quarter note): give metre= and resolution=; axes are (n, tracks, steps, pitches), here {x.shape}"
        )
    if grid.move:
        raise DataError("transpose= is for MIDI files: of piano-rolls nobody says which notes are drums")
    if bars is not None and grid.bars * grid.bar != x.shape[2]:
        raise DataError(f"bars={bars}: the piano-rolls have {x.shape[2] // grid.bar} bars each")


def usual_names(count: int) -> tuple[str, ...]:
    if count == 5:
        return "drums", "piano", "guitar", "bass", "strings"
    if count == 4:
        return "soprano", "alto", "tenor", "bass"
    return {1: ("melody",), 2: ("melody", "chords"), 3: ("melody", "chords", "bass")}.get(
        count, tuple(f"track {i + 1}" for i in range(count))
    )


def write_wav(parts, path: Path, tempo: float) -> None:
    import wave

    from gansmith.data.kinds.music.synth import RATE, played

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(played(parts, tempo).astype("<i2").tobytes())


def tunes(n: int = 40, seed: int = 0, steps: int = 16, pitches: int = 24) -> Dataset:
    """`n` made-up phrases of two bars: a melody of random walks in C major over the chord of each bar."""
    rng = np.random.default_rng(seed)
    bar, scale = steps // 2, np.flatnonzero(measures.SCALES[0][np.arange(pitches) % 12])
    real = np.zeros((n, 2, steps, pitches), bool)
    for item in real:
        place = int(rng.integers(len(scale) // 2, len(scale)))
        for t in range(0, steps, 2):
            place = int(np.clip(place + rng.integers(-2, 3), len(scale) // 2, len(scale) - 1))
            item[0, t : t + 2, scale[place]] = True
        for first in (0, bar):
            triad = np.flatnonzero(keys.TRIADS[rng.choice([0, 5, 7, 21])])
            item[1, first : first + bar, triad] = True
    form = Music(real.shape[1:], tracks=("melody", "chords"), programs=(73, 0), low=60, resolution=bar // 4, bar=bar)
    return Dataset(form, {"real": real}, name="made up", digest=f"{n}{seed}{steps}{pitches}")
