"""Python code of the user's own, by the name of its file or module: loaded once, and remembered as used here.

A run that somebody else made names files, too. What it names is run only if the user of this machine named it before:
the paths of such files are kept in `own_games.txt` of the cache folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from gansmith.data.cache import folder as cache_folder
from gansmith.errors import SettingError, UserError


def module_of(where: str, option: str, form: str) -> ModuleType:
    """The module of FILE.py or of a name that can be imported. UserError, which begins with the `option` that named it,
    where there is none or it cannot be run; `form` is what to type instead, such as "FILE.py:CLASS"."""
    return _from_file(Path(where), option) if where.endswith(".py") else _from_name(where, option, form)


def remember(path) -> None:
    """Note that this file, or this module by its name, was used by the user of this machine."""
    if str(path) in known():
        return
    with suppress(OSError):  # then it must be named again
        _list().parent.mkdir(parents=True, exist_ok=True)
        with open(_list(), "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{path}\n")


def known() -> set[str]:
    """The files that were used on this machine."""
    try:
        return set(_list().read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    except OSError:
        return set()


def _list() -> Path:
    return cache_folder() / "own_games.txt"


def _from_file(path: Path, option: str) -> ModuleType:
    """The module of a file, run once in a process; what lies beside the file can be imported by it."""
    path = path.expanduser().resolve()
    if not path.is_file():
        raise UserError(f"{option} {path}: there is no such file")
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and Path(file).name == path.name and Path(file).resolve() == path and module.__name__ != "__main__":
            return module
    spec = importlib.util.spec_from_file_location(f"own_game_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"{option} {path}: Python cannot load it as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        del sys.modules[module.__name__]
        raise SettingError(f"{option} {path} cannot be run: {_spelled(error, path)}") from error
    return module


def _from_name(name: str, option: str, form: str) -> ModuleType:
    """An installed module, or one in the present folder."""
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0] and error.name != name:
            raise SettingError(f"{option} {name} cannot be imported: {error}") from error
        raise UserError(f"{option} {name}: there is no such module; name a file as {form}") from None
    except (Exception, SystemExit) as error:
        raise SettingError(f"{option} {name} cannot be imported: {_spelled(error, Path())}") from error
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
