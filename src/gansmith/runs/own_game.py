"""GANs of your own on the command line: `--game my_gan.py:MyGAN`, remembered with the run for later commands.

settings.json keeps the path and a digest of the file, never its code. A run that somebody else made can therefore not
bring code along: the file that it names is run only if you named it yourself on this machine, with --game or by
training from Python, and the paths of those files are kept in `own_games.txt` of the cache folder.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from gansmith.data import own_code
from gansmith.data.own_code import module_of
from gansmith.errors import UserError, nearest
from gansmith.game import Game
from gansmith.gans import GAMES
from gansmith.names import typed


def find_game(text: str) -> type[Game]:
    """The class of `text`, "FILE.py:CLASS" or "module:CLASS", put into GAMES under its name.

    Without :CLASS, the only game that the file defines. UserError when there is none, or the file cannot be run.
    """
    where, _, name = text.rpartition(":") if _names_a_class(text) else (text, "", "")
    module = module_of(where, "--game", "FILE.py:CLASS")
    games = {key: value for key, value in vars(module).items() if _is_own(value, module)}
    if not name and len(games) == 1:
        name = next(iter(games))
    found: Any = getattr(module, name, None) if name else None
    if not _is_game(found):
        what = f"defines {', '.join(games)}" if games else "defines no subclass of gansmith.Game"
        wanted = f"has no game '{name}'" if name else "must be followed by :CLASS"
        raise UserError(f"--game {text}: {where} {wanted}; it {what}.{nearest(name, games)}")
    GAMES[found.name] = found
    remember(found)
    return found


def class_of(about: dict, path, game: type[Game] | None = None) -> type[Game]:
    """The class of the game that the run in `path` plays, of which settings.json says `about`.

    game  the class, for games that are not gansmith's own and were not remembered
    """
    name, code = about["game"], about.get("code")
    found = game if game is not None and game.name == name else GAMES.get(name)
    if found is None and code:
        file, naming = Path(code["file"]), f"--game {typed(code['file'])}:{code['class']}"
        if not file.is_file():
            raise UserError(f"{path} plays {name} of {file}, which is not there: name it anew, --game FILE.py:{name}")
        if str(file) not in own_code.known():
            raise UserError(
                f"{path} plays {name} of {file}, which was not yet used on this machine: if you trust it, type {naming}"
            )
        found = find_game(f"{file}:{code['class']}")
    if found is None:
        raise UserError(f"{path} plays {name}: name its class, --game FILE.py:{name} (from Python: game={name})")
    if code and (code_of(found) or code)["digest"] != code["digest"]:
        warnings.warn(f"{code['file']} changed since {path} was trained with it", stacklevel=2)
    return found


def code_of(game: type[Game]) -> dict | None:
    """Where a class of somebody else stands, for settings.json; None for gansmith's, and where it is in no file."""
    file = getattr(sys.modules.get(game.__module__), "__file__", None)
    if game.__module__.startswith("gansmith.") or not file or "<locals>" in game.__qualname__:
        return None
    path = Path(file).resolve()
    return {"file": str(path), "class": game.__qualname__, "digest": hashlib.sha256(path.read_bytes()).hexdigest()}


def remember(game: type[Game]) -> None:
    """Note that the file of this class was used by the user of this machine.

    A script is not noted: to load a class of it would run it again.
    """
    code = code_of(game)
    if code is not None and game.__module__ != "__main__":
        own_code.remember(Path(code["file"]))


def _names_a_class(text: str) -> bool:
    """Whether what follows the last colon is a class; that of C:\\my_gan.py is not."""
    return text.rpartition(":")[2].isidentifier() and ":" in text


def _is_game(thing) -> bool:
    return isinstance(thing, type) and issubclass(thing, Game)


def _is_own(thing, module: ModuleType) -> bool:
    return _is_game(thing) and thing.__module__ == module.__name__
