"""The size of pictures and the width of networks that the minutes of a run allow, by a trial on this machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.runs.options import Options
from gansmith.training import hardware
from gansmith.training.plan import spell_time, step_seconds
from gansmith.training.state import State

Size = tuple[int, ...]
NARROWEST = 16  # channels of the finest layer, below which pictures suffer more than they gain in steps


class Fit:
    """Data of one size and networks of one width, the steps that they need until samples resemble the data, and the
    time that these take here; `size` None: as the data is, `width` None: as it is."""

    def __init__(self, dataset: Dataset, size: Size, batch_size: int, width: int | None, step: float):
        self.size, self.width = size, width
        self.name = "x".join(map(str, reversed(size)))
        self.typed = str(size[0]) if len(set(size)) == 1 else "x".join(map(str, size))
        self.seconds = at_size(dataset.spec, size).steps_needed(len(dataset), batch_size)[0] * step


def fitting(
    dataset: Dataset,
    minutes: float,
    batch_size: int,
    seconds_of: Callable[[Dataset, int | None], float],
    *,
    widths: tuple[int, ...] = (),
    sized: bool = False,
) -> tuple[Size | None, int | None, list[str]]:
    """(the option `size` with which the data is to be read again, the width of the networks, why): the largest size
    that gets the training steps it needs in so many minutes, at the largest width with which it does; or the smallest
    of both. None: as it is.

    seconds_of  data of one size, width -> seconds of a training step, measured once for a width, at the smallest size;
                larger ones take as much longer as they have more pixels
    widths      to choose from, the largest, which is the usual one, first; none: as it is
    sized       the data stays at its size
    """
    if "real" not in dataset.fields:
        return None, None, []
    own, *coarser = sizes_of(dataset.spec)
    sizes = [own] if sized else [own, *coarser]
    if len(sizes) == 1 and len(widths) < 2:
        return None, None, []
    trial = stand_in(dataset, sizes[-1], batch_size)

    @cache
    def seconds(width: int | None) -> float:
        try:
            return seconds_of(trial, width)
        except UserError:
            if width in (None, widths[0]):
                raise
            return math.inf  # its networks cannot be so wide

    tried = (
        Fit(dataset, size, batch_size, width, seconds(width) * math.prod(size) / math.prod(sizes[-1]))
        for size in sizes
        for width in widths or (None,)
    )
    passed: list[Fit] = []
    for chosen in tried:
        if chosen.seconds <= 60 * minutes:
            break
        passed += [chosen] * math.isfinite(chosen.seconds)
    else:
        chosen = passed.pop()
    size = chosen.size if chosen.size != own else None
    width = chosen.width if widths and chosen.width != widths[0] else None
    return size, width, why(chosen, passed, minutes)


def sizes_of(form: Kind) -> list[Size]:
    """The size of the data and those that it can be read at instead, the largest first."""
    coarser = form.coarser()
    return [form.shape[-len(coarser[0]) :] if coarser else form.shape[1:], *coarser]


def enlarge_on_card(game: Game, dataset: Dataset, minutes: float, batch_size: int, seconds_of) -> list[str]:
    """Set the larger networks that the game has for a card (`on_card`, the largest first) where these get as many steps
    as make samples good, by a trial at the smallest size; why. As they were where one of their settings was given."""
    form, larger = dataset.spec, getattr(game, "on_card", ())
    given = game.own_networks or any(getattr(game, name) is not None for settings in larger for name in settings)
    if given or "real" not in dataset.fields or form.axes < 2 or form.small:
        return []
    own, least = sizes_of(form)[0], sizes_of(form)[-1]
    trial, steps = stand_in(dataset, least, batch_size), form.steps_needed(len(dataset), batch_size)[1]
    for settings in larger:
        seconds = steps * seconds_of(trial, **settings) * math.prod(own) / math.prod(least)
        if seconds <= 60 * minutes:
            for name, value in settings.items():
                setattr(game, name, value)
            named = ", ".join(f"{name} {value}" for name, value in settings.items())
            return [f"{named}: this card plays the {steps:,} steps that make samples good in {spell_time(seconds)}"]
    return []


def why(chosen: Fit, passed: list[Fit], minutes: float) -> list[str]:
    """'size 32x32: what 4 minutes allow; 64x64 takes about 70 min here (--minutes 70), or type --size 64', and the
    same of the width."""

    def told(least: str) -> str:
        if chosen.seconds <= 60 * minutes:
            return f"what {minutes:g} minutes allow"
        return f"the {least}, and it takes about {spell_time(chosen.seconds)}"

    reasons = []
    larger = [one for one in passed if one.size != chosen.size]
    if larger:
        one = larger[-1]  # the narrowest of the next larger size
        reasons.append(
            f"size {chosen.name}: {told('smallest')}; {one.name} takes about {spell_time(one.seconds)} here until "
            f"samples resemble the data (--minutes {math.ceil(one.seconds / 60)}); --size {one.typed} trains at that "
            "size anyway"
        )
    if passed and passed[-1].size == chosen.size:
        one = passed[-1]
        reasons.append(
            f"width {chosen.width}: {told('narrowest')}; {one.width} takes about {spell_time(one.seconds)} here; "
            f"--width {one.width} trains with it anyway"
        )
    return reasons


def read_to_fit(
    game: Game,
    data,
    dataset: Dataset,
    minutes: float,
    batch_size: int,
    seconds_of,
    ranks: Ranks,
    look: dict,
    size=None,
    chosen: bool = False,
) -> tuple[Dataset, Size | None, list[str]]:
    """(the data, its option `size`, why) as `fitting` says, with the game's width set, on a card first as
    `enlarge_on_card` says; the data is as it is where its size was asked for, and where `data` is a Dataset, which
    somebody may have changed since it was read, unless it was read to choose the game."""
    again = data if not isinstance(data, Dataset) else data.source if chosen else None
    fixed = size is not None or bool(game.inputs) or again is None
    on_card = ranks.device.type == "cuda"
    first = enlarge_on_card(game, dataset, minutes, batch_size, seconds_of) if on_card else []
    widths = widths_of(game, dataset)
    found, width, reasons = fitting(dataset, minutes, batch_size, seconds_of, widths=widths, sized=fixed)
    if width is not None:
        game.width = width
    if found is None:
        return dataset, size, first + reasons
    with ranks.one_by_one():
        return game.read(again, size=found, **look), found, first + reasons


def widths_of(game: Game, dataset: Dataset) -> tuple[int, ...]:
    """The width that the game would take for data of two axes or more, half of it, and so on down to 16 or an eighth;
    none where it is given, or where the game has none that follows from the data."""
    open_ = any(field.name == "width" and field.default is None for field in fields(game))
    if not open_ or game.width is not None or dataset.spec.axes < 2 or game.own_networks:
        return ()
    played = game.copy()
    played.choose(dataset.spec, len(dataset))
    usual = played.width or NARROWEST
    found = [usual]
    while found[-1] >= 2 * max(NARROWEST, usual / 8):
        found.append(found[-1] // 2)
    return tuple(found)


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


def try_step(
    make_state: Callable[..., State],
    game: Game,
    precision: str,
    place,
    dataset: Dataset,
    width: int | None = None,
    **settings,
) -> float:
    """Seconds of a training step of a throw-away copy of the game, of this width and with these settings, on all of
    `dataset`; UserError where its networks cannot be so wide.

    make_state  (game, dataset, options, place=) -> State
    """
    game = game.copy(**settings | ({} if width is None else {"width": width}))
    precision = hardware.pick_precision(precision, place, dataset.spec)
    options = Options(batch_size=len(dataset), precision=precision, val=0.0, device=str(place))
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []), hardware.prepared(place):
        return step_seconds(make_state(game, dataset, options, place=place), precision)
