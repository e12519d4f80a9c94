"""Which game for this data, and which settings, when nobody says: the answer and its reasons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

from gansmith.data.dataset import Dataset
from gansmith.data.pairs import Unpaired
from gansmith.data.reading import read
from gansmith.data.spec import Kind
from gansmith.game import Game


def choose(dataset: Dataset) -> tuple[str, list[str]]:
    """(a name in `gans.GAMES`, why)."""
    if "text" in dataset.fields:
        return "gan-int-cls", ["gan-int-cls: pictures with captions"]
    if isinstance(dataset, Unpaired):
        return "cyclegan", ["cyclegan: two folders of pictures that are no pairs"]
    if "source" in dataset.fields:
        return "pix2pix", ["pix2pix: pairs of pictures, what goes in and what should come out"]
    form = dataset.spec
    return form.default_game, [f"{form.default_game}: the default for {form.noun}; {form.default_reason}"]


def recommend(data, **reading) -> Game:
    """The game that `gansmith train data` plays, with the settings that it gives it: call its `fit(data)`.

    reading  options with which the data is read: see `gansmith.data.read`
    """
    from gansmith.gans import GAMES

    dataset = read(data, **reading)
    game = GAMES[choose(dataset)[0]]
    return game(**settings_for(dataset, game)[0])


def settings_for(dataset: Dataset, game: type[Game], given: Collection[str] = ()) -> tuple[dict, list[str]]:
    """(settings of `game` that the items of `dataset` ask for, beside those that are `given` and those that it chooses
    itself; why)."""
    wanted = dataset.spec.settings(dataset) if "real" in dataset.fields else {}
    wanted = {name: value for name, value in wanted.items() if name not in given and has(game, name)}
    return {name: value for name, (value, _) in wanted.items()}, [f"{n} {v}: {why}" for n, (v, why) in wanted.items()]


def has(game: type[Game], name: str) -> bool:
    """Whether a game has a setting of this name."""
    return any(field.name == name for field in fields(game))


def pairing_loss(game: type | None, form: Kind | None) -> str:
    """The name of the GAN whose loss pairs real and generated samples, for data of this form that `game` was given;
    "" where it is that GAN itself, or where it cannot take such data."""
    from gansmith.gans import GAMES

    other = GAMES["r3gan"]
    if form is None or game is None or issubclass(game, other) or game.inputs or not game.needs_data:
        return ""
    return other.name if form.continuous and form.axes <= 3 else ""
