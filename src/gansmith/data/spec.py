"""A kind of data: what networks, reports and files must know of it. One class in one file of `data/kinds/`.

`Kind` is also the form of one item of one data set (its shape, its classes, its units). What a kind does not say stays
as this base class says it, which suits arrays of numbers. See docs/own-kind.md for a kind of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, get_args, get_origin, get_type_hints

import numpy as np
import torch
from torch import Tensor

from gansmith.data.schema import are, check, is_count, is_finite, spell
from gansmith.errors import DataError, UserError

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.data.preflight import Check
    from gansmith.networks.bodies import Bodies

MOST = 2**31  # numbers of one item


@dataclass(frozen=True)
class Kind:
    """A kind of data, and the form of one item: `network = (data - center) / scale`.

    shape    of one item: (C, H, W), (C, T), (d,) …
    classes  names of the labels 0 … k−1; empty without labels
    columns  names of the entries, where they have some
    center, scale  one number, or one for each entry of a vector
    also     form of the data's other fields by name ("source", "target", "text"), for games that map or are told things
    """

    # --- what is the same for all data of a kind ---------------------------------------------------------------------
    kind: ClassVar[str] = ""  # its name in KINDS, in settings.json and in model.gan
    noun: ClassVar[str] = "items"  # what messages call them
    takes: ClassVar[str] = ""  # what can be read, in words: "a folder or zip of .wav, .flac or .ogg files"
    reads: ClassVar[tuple[str, ...]] = ()  # endings of the files that are read
    foreign: ClassVar[dict[str, str]] = {}  # ending of files that are not read -> how they can be, for errors
    options: ClassVar[dict[str, str]] = {}  # option of `read` -> what it is, for --help and for errors
    default_game: ClassVar[str] = "r3gan"
    default_reason: ClassVar[str] = "its loss converges without tuning"
    endings: ClassVar[tuple[str, ...]] = (".npz", ".npy", ".png")  # of one file that holds many samples
    write_options: ClassVar[tuple[str, ...]] = ()  # what `write` may be told besides: "safe", of text; "labels"
    plays: ClassVar[tuple[str, str]] = ("", "")  # ending and MIME type of what `keep` writes for a page to play
    heard: ClassVar[int] = 0  # items of a sheet that `keep` writes in that form; 0: none, or by a `keep` of its own
    written_by: ClassVar[dict[str, tuple[str, str]]] = {}  # ending -> (module that writes it, extra that brings it)
    from_others: ClassVar[str] = ""  # games that make such items of what they are given, for errors
    folder_of: ClassVar[str] = ""  # ending of the files that samples go to one by one in a folder; "": they do not
    example_out: ClassVar[str] = "-n 5000 -o samples.npz"  # of `gansmith sample`, in advice
    shown: ClassVar[int] = 2000  # items of a sample sheet, always from the same noise
    cropped: ClassVar[bool] = False  # whether a quarter of a sheet shows what the whole does
    continuous: ClassVar[bool] = True  # an item is an array of numbers; False: parts of it are drawn from a list
    bounded: ClassVar[bool] = False  # numbers lie in −1 … 1 in the networks, so generators end in tanh
    sparse: ClassVar[bool] = False  # nearly all of an item is empty, so that generators begin with the mean item
    points: ClassVar[bool] = False  # items without axes are points: GANs have settings for these (`for_vectors`)
    bf16: ClassVar[bool] = False  # whether bfloat16 is used where it is fast

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    center: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    also: dict[str, Kind] = field(default_factory=dict)

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        """Whether a path that is not read by its files' endings, or an object in memory, is certainly of this kind."""
        return False

    @classmethod
    def recognises_named(cls, data) -> bool:
        """`recognises`, of what form= says to be of this kind: what speaks for it may be less."""
        return cls.recognises(data)

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, **options) -> Dataset:
        """The Dataset at a path of files of this kind, or of an object that it `recognises`. DataError in one line.

        named  whether form= named this kind, so that nothing is left to doubt
        """
        raise DataError(f"{cls.noun} are not read from {data}: {cls.takes}")

    @classmethod
    def asked_by(cls, options: dict) -> type[Kind]:
        """The kind that data of this one is read as where these options are given: this one, or one that has them."""
        return cls

    @classmethod
    def of_array(cls, x: np.ndarray, notes: list[str], columns=(), **options) -> tuple[np.ndarray, Kind] | None:
        """Finite numbers (n, …) as (data in data units, its form), if they look like this kind's; None: they do not.

        What was decided goes to `notes`. Called with whatever options the user gave, of which it knows its own, and
        `named`, which says whether form= named this kind.
        """
        return None

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        """Small made-up data of this kind, two or three shapes of it, for tests of games."""
        return []

    def as_numbers(self, dataset: Dataset) -> Dataset:
        """`dataset`, of this form, as items that are arrays of numbers, for games that make such; DataError if they are
        not to be had as numbers."""
        if self.continuous:
            return dataset
        raise DataError(f"{dataset.name} has {self.noun}, and numbers are expected: use {self.default_game}")

    def read_options(self) -> dict:
        """The options with which other data is read in this form."""
        return {}

    def first_frames(self, items) -> tuple[np.ndarray, Kind] | None:
        """The picture that each item begins with and the form of such pictures; None: items are nothing that moves."""
        return None

    def like(self, dataset: Dataset) -> Dataset:
        """Items that anything may have made as items of this form, without labels. DataError where they are others."""
        other = dataset.spec.as_numbers(dataset) if self.continuous else dataset
        mine, there = other.spec, self.describe(0).partition(" ")[2]
        one, two = ([(k.shape, np.dtype(k.dtype)) for k in (form, *form.also.values())] for form in (mine, self))
        if one != two:
            raise DataError(f"{other.name} holds {mine.describe(len(other))}, where {there} are expected")
        fields = {name: values for name, values in other.fields.items() if name != "label"}
        return replace(other, spec=replace(self, classes=()), fields=fields)

    def taking(self, dataset: Dataset) -> Dataset:
        """Data that grew as items of this form, with its classes. DataError where it is of another, or has new ones."""
        found, mine, name = self.like(dataset), dataset.spec.classes, dataset.name
        if bool(mine) != bool(self.classes):
            raise DataError(f"{name} has {len(mine)} classes, where {len(self.classes)} are expected")
        if new := [c for c in mine if c not in self.classes]:
            known = ", ".join(self.classes[:20])
            raise DataError(f"{name} has classes that are new: {', '.join(new[:5])}. Known are {known}")
        fields = dict(found.fields)
        if mine:
            fields["label"] = np.array([self.classes.index(c) for c in mine])[dataset.fields["label"]]
        return replace(found, spec=self, fields=fields)

    # --- looking -----------------------------------------------------------------------------------------------------
    def describe(self, count: int) -> str:
        """'1,797 arrays of 3 × 20'."""
        return f"{count:,} {self.noun} of {' × '.join(map(str, self.shape))}"

    def to_sample(self, game) -> str:
        """Options of `gansmith sample`, in advice: of a game (or its class) that makes items of others, with those."""
        if not hasattr(game, "read_source") or "--input" in self.example_out:
            return self.example_out
        return f"--input {self.also.get('source', self).noun}/ -o made/"

    def check(self, dataset: Dataset, check: Check) -> None:
        """Add to `check` what the data of this kind shows before training: `notes`, `problems`, `low`, `high` …"""
        from gansmith.data import preflight

        preflight.look_at_values(check, dataset)

    # --- units -------------------------------------------------------------------------------------------------------
    def of(self, name: str) -> Kind:
        """The form of the field `name`: its own, or this one."""
        return self.also.get(name, self)

    @property
    def dtype(self):
        """Of items in data units."""
        return np.float32

    def to_network(self, x: Tensor) -> Tensor:
        """Data units (n, *shape) to network units, float32 on the device of `x`."""
        center, scale = self._map(x.device)
        return (x.float() - center) / scale

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units (n, *shape) to data units."""
        center, scale = self._map(x.device)
        return (x.detach().float() * scale + center).cpu().numpy()

    def _map(self, device):
        if len(self.center) == 1:
            return self.center[0], self.scale[0]
        return torch.tensor(self.center, device=device), torch.tensor(self.scale, device=device)

    # --- networks ----------------------------------------------------------------------------------------------------
    @property
    def axes(self) -> int:
        """Axes that convolutions run over: 0 for vectors, 1 for sound, 2 for pictures, 3 for volumes and video."""
        return len(self.shape) - 1 if 2 <= len(self.shape) <= 4 else 0

    def settings(self, dataset: Dataset) -> dict[str, tuple[object, str]]:
        """Setting of the default game -> (a value that these items ask for, why), where nobody gives one."""
        return {}

    def bodies(self) -> Bodies:
        """The default generator and discriminator, for papers that are about the loss."""
        from gansmith.networks.bodies import bodies

        return bodies(self.axes, self.bounded, self.shape if self.sparse else None)

    def steps_needed(self, count: int, batch_size: int) -> tuple[int, int]:
        """Training steps on `count` items after which samples of a default GAN usually resemble the data, and after
        which they are usually good: orders of magnitude, four times as many for pictures of twice the side."""
        if not self.axes:
            return 500, 5000
        first = 4000 * math.prod(self.shape[1:]) // 64**2
        first = min(max(first, 200), 50_000)
        return first, 5 * first

    def covered(self, count: int) -> dict[int, float]:
        """Training steps of a batch of 64 -> the coverage that the default GAN came to in as many, on the data most
        like `count` items of this form that it was measured on; {} without."""
        return {}

    def coarser(self) -> tuple[tuple[int, ...], ...]:
        """Values of the option `size` that make the same data smaller and quicker to train on, the largest first."""
        return ()

    @property
    def small(self) -> bool:
        """Whether items are too small for several threads to share the work on them."""
        return int(np.prod(self.shape)) < 256

    # --- showing -----------------------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Items in data units as one picture, uint8 (h, w) or (h, w, 3)."""
        from gansmith.data.preview import plot

        return plot(np.asarray(items).reshape(len(items), -1), self.columns)

    def beside(self, given, made) -> np.ndarray:
        """Items of this kind that were made of others, each with what it was made of (pictures: to its left)."""
        from gansmith.data.preview import beside

        return beside(given, made)

    def keep(self, items, stem: Path) -> None:
        """Write the items of a sheet beside its picture, where a page needs more than the picture (stem + ending)."""
        if self.heard:
            self.write(items[: self.heard], stem.with_name(stem.name + self.plays[0]))

    def played(self, stem: Path) -> list[tuple[str, bytes]]:
        """(MIME type, content) of what a page can play of a sheet that `keep` wrote, as `plays` says; none else."""
        ending, mime = self.plays
        path = stem.with_name(stem.name + ending)
        return [(mime, path.read_bytes())] if ending and path.is_file() else []

    def sheet(self, numbers: np.ndarray) -> np.ndarray | None:
        """A few items that a page singles out, as one picture; None: the page shows their first numbers instead."""
        return None

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None) -> None:
        """Write samples (data units) to one file that ends in one of `endings`; `labels`: the class of each."""
        from gansmith.data.write import write_arrays

        write_arrays(items, path, self, labels)

    def write_one(self, item, path: Path) -> None:
        """Write one sample to a file that ends in `folder_of`."""
        raise NotImplementedError

    def pace(self, shapes, seconds: float) -> str:
        """What to say of items of these `shapes` that took so many seconds to make, where they have a duration of their
        own; or ""."""
        return ""

    # --- measuring ---------------------------------------------------------------------------------------------------
    def numbers(self, items) -> np.ndarray:
        """Items in data units as arrays of numbers that can be compared: as they are, but for rows of tables."""
        return items

    def features(self, labelled: bool = False) -> tuple:
        """Two feature spaces for `gansmith.evaluate`: names that it knows, or functions of `numbers` to (n, d)."""
        return ("columns", "ranks") if len(self.shape) == 1 else ("columns", "moments")

    def pictures(self, items) -> np.ndarray | None:
        """Items as pictures uint8 (n, C, H, W) that a classifier of pictures can learn classes from; None: not so."""
        return None

    def measures(self, real, fake) -> dict[str, float]:
        """The numbers of this kind's own field, of `fake` items against `real` ones (both in data units)."""
        return {}

    def copies(self, known, fake) -> dict[str, float]:
        """How much of `fake` items is copied from the Dataset `known`, all that was trained on; {}: not measured."""
        return {}

    def usefulness(self, real, kept) -> Callable[..., float] | None:
        """(made items) -> how well models that learn from them do on `kept` real ones (train on synthetic, test on
        real), 1 at best; beside `real` ones that show what there is to learn. None: there is nothing."""
        return None

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        """What `measures` of samples mean, beside those of real and of shuffled data, in a plain sentence; or ""."""
        return ""

    def baselines(self, real, count: int, rng: np.random.Generator) -> dict[str, object]:
        """Name -> `count` items made of `real` ones by what takes no training, which a GAN should beat; {}: there are
        none."""
        return {}

    def by_column(self, real, fake) -> dict[str, float]:
        """Column -> how far its distribution in `fake` is from that in `real`: 0 when alike, 1 at most; {} without
        columns."""
        return {}

    def shuffled(self, items, rng: np.random.Generator):
        """A control that no measure may like: the items with what matters in them destroyed, each number kept."""
        flat = np.array(items).reshape(len(items), -1)
        return rng.permuted(flat, axis=0).reshape(np.shape(items))

    def spectrum(self, real, fake) -> dict[str, np.ndarray]:
        """`frequency`, `power_real` and `power_fake` (k,), where the kind has a spectrum; else {}."""
        return {}

    def figures(self, real, fake) -> dict[str, np.ndarray]:
        """Caption -> picture uint8 (h, w, 3) that shows `fake` items beside `real` ones, for the page; else {}."""
        return {}

    # --- on disk -----------------------------------------------------------------------------------------------------
    def to_json(self) -> dict:
        form = {k: v for k, v in asdict(self).items() if k != "also"}
        return {"kind": self.kind, **form, "also": {name: kind.to_json() for name, kind in self.also.items()}}

    @classmethod
    def from_json(cls, fields: dict) -> Kind:
        """What `to_json` wrote, of whatever kind in KINDS. DataError for one that is not there."""
        from gansmith.data.kinds import KINDS

        check(fields, {"kind": str, "shape": are(is_count)}, "the form of the data")
        if fields["kind"] not in KINDS:
            raise DataError(
                f"there is no kind of data called {fields['kind']!r}, but {', '.join(KINDS)}: import the module that "
                "defines it first, so that it is in gansmith.KINDS"
            )
        kind = KINDS[fields["kind"]]
        check_form(kind, fields)
        try:
            return kind.of_json(fields)
        except UserError:
            raise
        except Exception as error:  # a form from outside: whatever it makes of itself, it is none
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise DataError(f"the form of {kind.noun} is damaged: {reason}") from error

    @classmethod
    def of_json(cls, fields: dict) -> Kind:
        """The form that these fields of this kind describe."""
        also = {name: Kind.from_json(form) for name, form in fields.get("also", {}).items()}
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k not in ("also", "kind")}
        return cls(**plain, also=also)


def check_form(kind: type[Kind], fields: dict) -> None:
    """UserError unless the `fields` of a form are of the types that `kind` says, and fit its shape."""
    kinds = {
        name: are(is_finite) if hint == tuple[float, ...] else are(get_args(hint)[0])
        for name, hint in get_type_hints(kind).items()
        if get_origin(hint) is tuple and get_args(hint)[0] in (int, float, str)
    }
    numbers = {name: is_finite for name, hint in get_type_hints(kind).items() if hint in (int, float)}
    where = f"the form of {kind.noun}"
    check(fields, {}, where, {**numbers, **kinds, "also": dict})
    shape, scale = fields["shape"], fields.get("scale", [1.0])
    if not shape or min(shape) < 1 or math.prod(shape) > MOST:
        raise DataError(f"{where} is damaged: no item has the shape {spell(shape)}")
    by = fields.get("by", -1)  # the axis that they go along
    lengths = (1, shape[by]) if by in (0, -1) else ()
    if not all(len(fields.get(name, [0.0])) in lengths for name in ("center", "scale")) or min(scale) <= 0:
        raise DataError(f"{where} is damaged: 'center' and 'scale' do not fit the shape {spell(shape)}")


DataSpec = Kind  # its name in version 0.1
