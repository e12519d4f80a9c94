"""What a file of ours must hold before anything is made of it: names and types, checked once, said in one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import get_args, get_origin, get_type_hints

from torch import Tensor

from gansmith.errors import UserError

NAMES = {dict: "a table", list: "a list", str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def check(held, wanted: Mapping, where: str, optional: Mapping | None = None) -> None:
    """UserError naming `where` unless `held` is a dict that has everything `wanted`, of its type.

    wanted    name -> a type, several of them in a tuple (None stands for null), or a function that says whether it will
              do; a number may be whole where it need not be, and true and false are no numbers
    optional  the same of what may be missing
    """
    if not isinstance(held, dict):
        raise UserError(f"{where} is damaged: it holds {spell(held)}, not a table of names and values")
    for name, kind in {**(optional or {}), **wanted}.items():
        if name not in held:
            if name in wanted:
                raise UserError(f"{where} is damaged: it says nothing of {name!r}")
        elif not fits(held[name], kind):
            raise UserError(f"{where} is damaged: {name!r} is {spell(held[name])}{_instead(kind)}")


def fits(value, kind) -> bool:
    """Whether `value` is of `kind`, as in `check`."""
    if isinstance(kind, tuple):
        return any(fits(value, one) for one in kind)
    if kind is None or value is None:
        return value is kind
    if isinstance(kind, type):
        if isinstance(value, bool) and kind is not bool:
            return False
        if isinstance(value, int) and abs(value) >= 2**63:  # nothing here counts so far, and torch cannot
            return False
        return isinstance(value, kind) or (kind is float and isinstance(value, int))
    return bool(kind(value))


def is_count(value) -> bool:
    """A whole number from 0 to what a machine can count."""
    return type(value) is int and 0 <= value < 2**62


def is_finite(value) -> bool:
    return fits(value, float) and math.isfinite(value)


def is_table_of_texts(value) -> bool:
    """Names and texts, such as those of networks and of their classes."""
    return isinstance(value, dict) and are(str)([*value, *value.values()])


def are(kind) -> Callable:
    """A check of lists all of whose items are of `kind`."""
    return lambda value: isinstance(value, (list, tuple)) and all(fits(one, kind) for one in value)


def kind_of(hint):
    """What `check` takes for a type hint: plain types, tuples (lists in a file), unions, dataclasses (tables there)."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is tuple or (origin is tuple and inside[1:] == (...,)):
        return are(kind_of(inside[0]) if inside else lambda value: True)
    if origin is tuple:
        each = [kind_of(one) for one in inside]
        return lambda held: are(lambda _: True)(held) and len(held) == len(each) and all(map(fits, held, each))
    if is_dataclass(hint):
        kinds = kinds_of(hint)
        return lambda held: isinstance(held, dict) and all(n in kinds and fits(v, kinds[n]) for n, v in held.items())
    if inside and origin is not dict:
        return tuple(kind_of(one) for one in inside)
    return origin or (None if hint is type(None) else hint)


def kinds_of(cls) -> dict:
    """Name -> what `check` takes, of the fields of a dataclass."""
    return {name: kind_of(hint) for name, hint in get_type_hints(cls).items()}


def alike(held, form, where: str) -> None:
    """ValueError unless `held` has the names, types and shapes of `form`."""
    number = isinstance(form, (int, float)) and isinstance(held, (int, float))
    if not number and type(held) is not type(form) and not (isinstance(form, dict) and isinstance(held, dict)):
        raise ValueError(f"{where} is {type(held).__name__}, not {type(form).__name__}")
    if isinstance(form, Tensor):
        if held.shape != form.shape or held.dtype != form.dtype:
            raise ValueError(f"{where} is {tuple(held.shape)} {held.dtype}, not {tuple(form.shape)} {form.dtype}")
    elif isinstance(form, dict):
        if set(held) != set(form):
            raise ValueError(f"{where} has other parts: {', '.join(sorted(map(str, set(held) ^ set(form))))[:80]}")
        for name in form:
            alike(held[name], form[name], f"{where}.{name}")
    elif isinstance(form, (list, tuple)):
        if len(held) != len(form):
            raise ValueError(f"{where} has {len(held)} parts, not {len(form)}")
        for i, (one, other) in enumerate(zip(held, form)):
            alike(one, other, f"{where}.{i}")


def spell(value) -> str:
    """`value` in a few letters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _instead(kind) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    named = ["null" if one is None else NAMES.get(one, "") for one in kinds]
    return f", not {' or '.join(named)}" if all(named) else ""
