"""The size of pictures that the minutes of a run allow, by a trial on this machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.ranks import Ranks
from gansmith.game import Game
from gansmith.runs.options import Options
from gansmith.training import hardware
from gansmith.training.plan import spell_time, step_seconds
from gansmith.training.state import State

Size = tuple[int, ...]


def fitting(
    dataset: Dataset, minutes: float, batch_size: int, seconds_of: Callable[[Dataset], float]
) -> tuple[Size | None, list[str]]:
    """(the option `size` with which the data is to be read again, why): the largest that gets the training steps it
    needs in so many minutes, or the smallest there is. None: as it is.

    seconds_of  data of one size -> seconds of a training step on it, measured once, at the smallest size; larger ones
                take as much longer as they have more pixels
    """
    form = dataset.spec
    if "real" not in dataset.fields:
        return None, []
    coarser = form.coarser()
    if not coarser:
        return None, []
    sizes = [*reversed(coarser), tuple(form.shape[-len(coarser[0]) :])]
    seconds = seconds_of(stand_in(dataset, sizes[0], batch_size))
    needs = [Need(dataset, size, batch_size, seconds * math.prod(size) / math.prod(sizes[0])) for size in sizes]
    chosen = max((k for k, need in enumerate(needs) if need.seconds <= 60 * minutes), default=0)
    if chosen == len(sizes) - 1:
        return None, []
    return sizes[chosen], why(needs, chosen, minutes)


def read_to_fit(
    game: Game, data, dataset: Dataset, minutes: float, batch_size: int, seconds_of, ranks: Ranks, look: dict
) -> tuple[Dataset, Size | None, list[str]]:
    """(the data, its option `size`, why) as `fitting` says; as it is where it cannot be read again from `data`."""
    again = data if dataset.source is None else dataset.source
    if game.inputs or again is dataset:
        return dataset, None, []
    size, reasons = fitting(dataset, minutes, batch_size, seconds_of)
    if size is None:
        return dataset, None, []
    with ranks.one_by_one():
        return game.read(again, size=size, **look), size, reasons


class Need:
    """Steps that data of a size needs until samples resemble it, and the time that they take here."""

    def __init__(self, dataset: Dataset, size: Size, batch_size: int, step: float):
        self.name = "x".join(map(str, reversed(size)))
        self.typed = str(size[0]) if size[0] == size[1] else "x".join(map(str, size))
        form = at_size(dataset.spec, size)
        self.steps = form.steps_needed(len(dataset), batch_size)[0]
        self.seconds = self.steps * step


def why(needs: Sequence[Need], chosen: int, minutes: float) -> list[str]:
    """'size 32x32: what 4 minutes allow; 64x64 takes about 70 min here (--minutes 70), or type --size 64'."""
    now, larger = needs[chosen], needs[chosen + 1]
    enough = now.seconds <= 60 * minutes
    told = (
        f"what {minutes:g} minutes allow" if enough else f"the smallest, and it takes about {spell_time(now.seconds)}"
    )
    return [
        f"size {now.name}: {told}; {larger.name} takes about {spell_time(larger.seconds)} here until samples resemble "
        f"the data (--minutes {math.ceil(larger.seconds / 60)}); --size {larger.typed} trains at that size anyway"
    ]


def stand_in(dataset: Dataset, size: Size, batch_size: int) -> Dataset:
    """As many random items of that size as a batch holds, with the labels and the form of the data."""
    form = at_size(dataset.spec, size)
    rng = np.random.default_rng(0)
    fields = {"real": rng.integers(0, 256, (batch_size, *form.shape)).astype(form.dtype)}
    if "label" in dataset.fields:
        fields["label"] = rng.integers(0, max(1, len(dataset.spec.classes)), batch_size)
    return Dataset(form, fields, name=dataset.name)


def at_size(form: Kind, size: Size) -> Kind:
    """The form of the same data at another size, that of its last axes: clips have channels and frames before."""
    return replace(form, shape=(*form.shape[: -len(size)], *size))


def try_step(make_state: Callable[..., State], game: Game, precision: str, place, dataset: Dataset) -> float:
    """Seconds of a training step of a throw-away copy of the game on all of `dataset`.

    make_state  (game, dataset, options, place=) -> State
    """
    precision = hardware.pick_precision(precision, place, dataset.spec)
    options = Options(batch_size=len(dataset), precision=precision, val=0.0, device=str(place))
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []), hardware.prepared(place):
        return step_seconds(make_state(game.copy(), dataset, options, place=place), precision)
