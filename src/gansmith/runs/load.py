"""What a finished or unfinished run is read from: its game, and the data that it was trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import nn

from gansmith.data.dataset import Dataset
from gansmith.data.named import NAMES
from gansmith.data.spec import Kind
from gansmith.errors import DataError, UserError
from gansmith.game import Game
from gansmith.gans import GAMES
from gansmith.names import typed
from gansmith.runs.options import Options
from gansmith.runs.own_game import class_of
from gansmith.training import hardware, modelfile
from gansmith.training.folder import RunFolder


def read_again(path, game: Game, data=None, changed: bool = False) -> Dataset:
    """The data that the run in folder `path` was trained on; UserError if it is not to be had or changed since.

    changed  whether other data will do, as long as it is of the same form
    """
    about = RunFolder(path).read_settings()
    if data is None:
        if about.get("in_memory") or "data" not in about:
            raise UserError(f"{path} was trained on data in memory: give it again, as data=… from Python")
        data = about["data"]
    options = about["options"]
    look = {"size": options["size"], "channels": options["channels"], **options.get("reading", {})}
    try:
        dataset = game.read(data, **look)
    except DataError as problem:
        moved = isinstance(data, str) and data == about["data"] and not Path(data).expanduser().exists()
        if not moved or data in NAMES:
            raise
        where = f"if it moved, gansmith resume {typed(path)} --data says where it is now"
        raise DataError(f"{path} was trained on {data}, which is not there: {where}") from problem
    same = dataset.digest == about["digest"]
    if same and not about.get("changed"):
        return dataset
    form, digest, there, now = Kind.from_json(about["spec"]), dataset.digest, about.get("items"), len(dataset)
    if type(dataset.spec) is type(form) and dataset.spec.shape != form.shape:  # a size that was chosen for all of it
        dataset = game.read(data, **look | form.read_options())
    try:
        dataset = replace(form.taking(dataset), digest=digest)  # in the form that the networks know
    except DataError as problem:
        raise UserError(f"{data} is not the data that {path} was trained on: {problem}") from None
    if same or changed:
        return dataset
    count = f"{now:,} {form.noun}, not all as they were"
    if there and there != now:
        count = f"{there:,} {form.noun} then, {now:,} now"
    raise UserError(
        f"{dataset.name} is not as it was when {path} was trained on it ({count}). To go on with it as it is: gansmith "
        f"resume {typed(path)} --accept-changed-data"
    )


def data_of(path, data=None) -> tuple[Dataset, Dataset | None]:
    """(what the players of the run in folder `path` saw, what none of them ever did), read again.

    data  the data again, for runs whose data was not a path or a name
    """
    about = RunFolder(path).read_settings()
    options = Options.from_json(about["options"], RunFolder(path).settings)
    try:
        game = class_of(about, path)(**about["settings"])
    except UserError:  # its class is not at hand: read as most games do, and the digest tells whether that was right
        game = Game()
    dataset = read_again(path, game, data)
    return dataset.split(options.val, options.seed) if options.val else (dataset, None)


def load(
    path,
    *,
    device: str = "cpu",
    game: type[Game] | None = None,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
) -> Game:
    """A trained game from a model.gan file, or from a run folder that has one, ready to sample.

    game  the class, for a game that is not gansmith's own
    generator, discriminator  networks of your own, where it was trained with such: their weights come from the file

    Raises UserError for a file that is missing, cut short, changed or not gansmith's.
    """
    path = Path(path)
    run = RunFolder(path if path.is_dir() else path.parent)
    if path.is_dir():
        if run.settings.is_file() and not run.model.is_file():
            raise UserError(
                f"{path} has no model yet: it is still going on, or was killed; gansmith resume {typed(path)}"
            )
        path = run.model
    games = GAMES | ({game.name: game} if game else {})
    if run.settings.is_file() and path.is_file():
        cls = class_of(run.read_settings(), run.path, game)
        games[cls.name] = cls
    networks = {"generator": generator, "discriminator": discriminator}
    return modelfile.read(path, games, hardware.pick_device(device), networks)
