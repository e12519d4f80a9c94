"""What `train` plays and on what: as typed, as the model that is started from had it, and as the data asks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gansmith.cli.console import me
from gansmith.cli.settings import give_back, read_settings, take_reading
from gansmith.data import read
from gansmith.data.dataset import Dataset
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError, nearest
from gansmith.gans import GAMES
from gansmith.gans.recommend import choose, settings_for
from gansmith.runs.load import load

ANEW = ("augment", "mirror")  # what pictures ask for, and no network hangs on


class Chosen(NamedTuple):
    """The GAN with its settings, its data (in words, and read where the choice needed it), how that is read, why."""

    game: str
    settings: dict
    words: str
    data: object
    look: dict
    reading: dict
    reasons: list[str]


def chosen(named: list[str], given: dict[str, str | None], look: dict, start_from, options: list[str]) -> Chosen:
    """What is played of the one or two words `named` and the other options `given`.

    look     size and channels of pictures
    options  those of `train` itself, of which a misspelt setting may be one
    """
    reading = take_reading(given, next((GAMES[word] for word in named[:1] if word in GAMES), None))
    before: dict = {}
    if start_from is not None:
        named, before, look = as_before(start_from, named, look)
    name, words, data, reasons = pick_game(named, look | reading)
    typed = read_settings(GAMES[name], given | give_back(reading, GAMES[name]), options)
    found = Chosen(name, before | typed, words, data, look, reading, reasons)
    return with_asked(found, typed) if reasons or before else found


def with_asked(found: Chosen, typed: dict) -> Chosen:
    """… with the settings that its items ask for, where nobody named a GAN or the settings are another model's."""
    game = GAMES[found.game]
    data, settings = found.data, found.settings
    if not isinstance(data, Dataset):
        with Ranks().one_by_one():
            data = game(**settings).read(data, labels="auto", **found.look, **found.reading)
    if "real" in data.fields:  # these were asked of other pictures
        settings = {name: value for name, value in settings.items() if name in typed or name not in ANEW}
    asked, why = settings_for(data, game, settings)
    return found._replace(data=data, settings=asked | settings, reasons=[*found.reasons, *why])


def pick_game(positional: list[str], look: dict) -> tuple[str, str, object, list[str]]:
    """(game, data in words, the data, why this game) of the one or two words of `train`."""
    if len(positional) == 2:
        name, data = positional
        if name not in GAMES:
            known = nearest(name, GAMES) or f" There are {', '.join(GAMES)}; your own: --game FILE.py:CLASS"
            raise UserError(f"no GAN is called '{name}'.{known}")
        return name, data, data, []
    if len(positional) == 1 and positional[0] in GAMES and not GAMES[positional[0]].needs_data:
        return positional[0], positional[0], None, []
    if len(positional) != 1 or (positional[0] in GAMES and not Path(positional[0]).exists()):
        found = f"found '{' '.join(positional)}'" if positional else "no DATA was given"
        folders = [word for word in positional if word not in GAMES and Path(word).is_dir()]
        if len(folders) > 1:
            found += f". To train on {' and '.join(folders)}, move them into one folder and name that"
        raise UserError(f"train takes [GAN] DATA; {found}. For example: {me()} train r3gan digits")
    with Ranks().one_by_one():
        dataset = read(positional[0], **look)
    name, reasons = choose(dataset)
    return name, positional[0], dataset, reasons


def as_before(start_from, named: list[str], look: dict) -> tuple[list[str], dict, dict]:
    """(GAN and DATA, settings of the GAN, how its data is read) as the model that is started from had them, where the
    command line leaves them open."""
    old = load(start_from)
    if len(named) == 1 and (named[0] not in GAMES or Path(named[0]).exists()):
        named = [old.name, *named]
    form = old.spec.read_options()
    look = {name: form.get(name) if value is None else value for name, value in look.items()}
    settings = {name: value for name, value in old.settings().items() if name != "freeze"}
    return named, settings if named[:1] == [old.name] else {}, look
