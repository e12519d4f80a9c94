"""GANs of your own on the command line: `--game my_gan.py:MyGAN`, remembered with the run for later commands.

settings.json keeps the path and a digest of the file, never its code. A run that somebody else made can therefore not
bring code along: the file that it names is run only if you named it yourself on this machine, with --game or by
training from Python, and the paths of those files are kept in `own_games.txt` of the cache folder.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from gansmith.data.cache import folder as cache_folder
from gansmith.errors import SettingError, UserError, nearest
from gansmith.game import Game
from gansmith.gans import GAMES
from gansmith.names import typed


def find_game(text: str) -> type[Game]:
    """The class of `text`, "FILE.py:CLASS" or "module:CLASS", put into GAMES under its name.

    Without :CLASS, the only game that the file defines. UserError when there is none, or the file cannot be run.
    """
    where, _, name = text.rpartition(":") if _names_a_class(text) else (text, "", "")
    module = _from_file(Path(where)) if where.endswith(".py") else _from_name(where)
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
        if str(file) not in _known():
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
    if code is None or game.__module__ == "__main__" or code["file"] in _known():
        return
    with suppress(OSError):  # then --game must be typed again
        _list().parent.mkdir(parents=True, exist_ok=True)
        with open(_list(), "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(code["file"] + "\n")


def _known() -> set[str]:
    try:
        return set(_list().read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    except OSError:
        return set()


def _list() -> Path:
    return cache_folder() / "own_games.txt"


def _names_a_class(text: str) -> bool:
    """Whether what follows the last colon is a class; that of C:\\my_gan.py is not."""
    return text.rpartition(":")[2].isidentifier() and ":" in text


def _is_game(thing) -> bool:
    return isinstance(thing, type) and issubclass(thing, Game)


def _is_own(thing, module: ModuleType) -> bool:
    return _is_game(thing) and thing.__module__ == module.__name__


def _from_file(path: Path) -> ModuleType:
    """The module of a file, run once in a process; what lies beside the file can be imported by it."""
    path = path.expanduser().resolve()
    if not path.is_file():
        raise UserError(f"--game {path}: there is no such file")
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and Path(file).name == path.name and Path(file).resolve() == path and module.__name__ != "__main__":
            return module
    spec = importlib.util.spec_from_file_location(f"own_game_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"--game {path}: Python cannot load it as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        del sys.modules[module.__name__]
        raise SettingError(f"--game {path} cannot be run: {_spelled(error, path)}") from error
    return module


def _from_name(name: str) -> ModuleType:
    """An installed module, or one in the present folder."""
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0] and error.name != name:
            raise SettingError(f"--game {name} cannot be imported: {error}") from error
        raise UserError(f"--game {name}: there is no such module; name a file as FILE.py:CLASS") from None
    finally:
        sys.path.remove("")


def _spelled(error: BaseException, path: Path) -> str:
    """An error of the user's file in a line, with the place in it."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    return f"{type(error).__name__}: {error}" + (f" (line {line})" if line else "")
