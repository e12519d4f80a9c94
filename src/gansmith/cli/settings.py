"""What was typed after `train`, in the types of the game it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import get_args, get_type_hints

from gansmith.errors import UserError, nearest

BOOLEAN = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word", type(None): "none"}


def split_words(words: list[str], games: Iterable[type]) -> tuple[list[str], dict[str, str | None]]:
    """Positional words, and options (`--name value` or `--name=value`) as name -> text, None where no value follows.

    A setting that is true or false in any of `games` may stand alone before another word.
    """
    alone = {f.name for game in games for f in fields(game) if isinstance(f.default, bool)}
    positional, given, waiting = [], {}, None
    for word in words:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            name = name.replace("-", "_")
            given[name] = value if equals else None
            waiting = None if equals else name
        elif waiting and (waiting not in alone or word.lower() in BOOLEAN):
            given[waiting], waiting = word, None
        else:
            positional.append(word)
            waiting = None
    return positional, given


def read_settings(game: type, given: dict[str, str | None], others: Iterable[str] = ()) -> dict:
    """Settings of `game` from their texts, by the types of its annotations.

    Raises UserError for a text of another type, and for an unknown name, with the nearest of the game's settings and
    of `others`, the options of the command.
    """
    hints, known = get_type_hints(game), {f.name for f in fields(game)}
    settings = {}
    for name, text in given.items():
        option = name.replace("_", "-")
        if name not in known:
            close = nearest(f"--{option}", [*others, *(f"--{n.replace('_', '-')}" for n in known)])
            raise UserError(f"train and {game.__name__} have no option --{option}.{close}")
        settings[name] = read_value(option, text, get_args(hints[name]) or (hints[name],))
    return settings


def take_reading(given: dict[str, str | None], game: type | None = None) -> dict:
    """Out of `given` what says how the data is read (`--kind audio`, and the options of the kinds of data), but for
    settings of the game that are called the same; values as numbers where they are some."""
    from gansmith.data.kinds import KINDS

    options = {name for kind in KINDS.values() for name in kind.options} | {"kind"}
    settings = {f.name for f in fields(game)} if game else set()
    found = {name: given.pop(name) for name in list(given) if name in options - settings}
    reading = {name: read_value(name, text, (int, float, str)) for name, text in found.items()}
    return {"form" if name == "kind" else name: value for name, value in reading.items()}


def give_back(reading: dict, game: type) -> dict[str, str]:
    """Out of `reading`, as texts, what is a setting of the game that was chosen after the data had been read."""
    return {name: str(reading.pop(name)) for name in {f.name for f in fields(game)} & set(reading)}


def read_reading(words: list[str]) -> dict:
    """`take_reading` of words that may hold nothing else."""
    extra, reading = with_reading(words)
    if extra:
        raise UserError(f"one DATA is taken; found also {' '.join(extra)}")
    return reading


def with_reading(words: list[str]) -> tuple[list[str], dict]:
    """(positional words, `take_reading` of the others, which may hold nothing else)."""
    positional, given = split_words(words, ())
    reading = take_reading(given)
    if given:
        from gansmith.data.kinds import KINDS

        option = f"--{next(iter(given))}".replace("_", "-")
        close = nearest(option, [f"--{name}" for kind in KINDS.values() for name in kind.options])
        raise UserError(f"no kind of data has an option {option}.{close} See: gansmith list --kinds")
    return positional, reading


def explain_kinds() -> str:
    """Every kind of data: its name, what it takes, and its options, one a line."""
    from gansmith.data.kinds import KINDS

    lines = []
    for name, kind in KINDS.items():
        lines.append(f"{name:<10}{kind.takes}")
        lines += [f"{'':<10}--{option:<12}{meaning}" for option, meaning in kind.options.items()]
    return "\n".join(lines)


def read_value(option: str, text: str | None, kinds: tuple[type, ...]):
    """A text as the first of `kinds` that it can be."""
    if bool in kinds and (text or "true").lower() in BOOLEAN:
        return BOOLEAN[(text or "true").lower()]
    if type(None) in kinds and text is not None and text.lower() == "none":
        return None
    for kind in (int, float, str):
        try:
            if kind in kinds and text is not None:
                return kind(text)
        except ValueError:
            continue
    found = "but no value was given" if text is None else f"found '{text}'"
    raise UserError(f"--{option} takes {' or '.join(WORDS[k] for k in kinds)}, {found}")


def read_size(text: str | None) -> int | tuple[int, ...] | None:
    """'64', 'HEIGHTxWIDTH' or, of volumes, 'XxYxZ'."""
    if text is None:
        return None
    sides = text.lower().split("x")
    if not all(s.isdigit() and int(s) for s in sides) or len(sides) > 3:
        raise UserError(f"--size takes 64, HEIGHTxWIDTH such as 48x64 or, of volumes, XxYxZ, found '{text}'")
    return int(sides[0]) if len(sides) == 1 else tuple(map(int, sides))


def explain_settings(name: str, game: type) -> str:
    """The settings of a game as options, one a line, with meaning, choices and default."""
    from gansmith.gans.base import CHOSEN
    from gansmith.gans.catalogue import summary

    lines = [f"Settings of {name}: {summary(game)}"]
    others = {words: getattr(game, name, {}) for name, words in CHOSEN.items()}
    for f in fields(game):
        choices = f"; one of {', '.join(map(str, f.metadata['choices']))}" if f.metadata["choices"] else ""
        default = f"{f.default}" + "".join(f"; for {w} {of[f.name]}" for w, of in others.items() if f.name in of)
        lines.append(f"  --{f.name.replace('_', '-'):<22}{f.metadata['meaning']}{choices}  [default: {default}]")
    return "\n".join(lines)
