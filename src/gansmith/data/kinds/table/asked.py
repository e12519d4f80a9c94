"""What rows are asked to be ("age>60", "income=>50K"), and what must hold in each of them ("end >= start")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gansmith.data.kinds.table.columns import NUMBERS, TIMES, Column, counted, encode, spelled
from gansmith.data.labels import few
from gansmith.errors import DataError, UserError, nearest

OPERATOR = re.compile(r"(>=|<=|==|=|>|<)")
RANGE = re.compile(r"\s*(>=|<=|>|<)\s*(.+?)\s*")


@dataclass(frozen=True)
class Rule:
    """What holds in every row: `left` ≥ `right` ("at least", strictly more with `strict`), `left` is the sum of the
    columns `right` ("sum"), or no two rows have the same values of the columns `right` ("unique"). Both are places in
    the table; `text` is how it was typed."""

    kind: str
    left: int
    right: tuple[int, ...]
    strict: bool = False
    text: str = ""


@dataclass(frozen=True)
class Range:
    """What a column is asked to be: from `low` to `high`, or the value with this code, NaN for a gap."""

    low: float = -np.inf
    high: float = np.inf
    code: float | None = None


def conditions(text: Iterable[str]) -> dict[str, list[str]]:
    """{"age": [">60"], "income": [">50K"]} of "age>60" and "income=>50K", as the command line has them."""
    found: dict[str, list[str]] = {}
    for part in text:
        name, operator, value = (OPERATOR.split(part, maxsplit=1) + ["", ""])[:3]
        value = value if operator in ("=", "==", "") else operator + value
        found.setdefault(name.strip(), []).append(value)
    return found


def ranges(entries: tuple[Column, ...], where: Mapping) -> dict[int, Range]:
    """Place in `entries` -> what is asked of that column.

    where  column -> a value, "> 60", "10 .. 20", or a list of such, all of which hold. UserError where no row can be so
    """
    names = {str(c.name): i for i, c in enumerate(entries) if not c.part}
    found = {}
    for name, asked in where.items():
        column = entries[names[str(name)]] if str(name) in names else None
        if column is None:
            there = [str(c.name) for c in entries]
            raise UserError(
                f"--where {name}: there is no such column.{nearest(str(name), there)} There are: {few(there, 20)}"
            )
        if column.kind == "id":
            raise UserError(f"--where {name}: it is an identifier, which is not learned")
        every = [_range(column, value) for value in (asked if isinstance(asked, (list, tuple)) else [asked])]
        whole = Range(max(r.low for r in every), min(r.high for r in every), every[-1].code)
        if whole.low > whole.high or len({r.code for r in every}) > 1:
            raise UserError(f"--where {name}: no value is {' and '.join(map(str, asked))}")
        found[names[str(name)]] = whole
    return found


def _range(column: Column, value) -> Range:
    text = "" if value is None else str(value).strip()
    written = [cell.strip() for cell in spelled(column)] if column.discrete else []
    for known in ([str(level).strip() for level in column.levels], written) if column.discrete else ():
        if text in known:
            return Range(code=float(known.index(text)))
    if value is None or value != value or text in ("", (column.gap or "").strip()):
        if not column.missing:
            raise UserError(f"--where {column.name}: no row lacks a value there")
        return Range(code=np.nan)
    between, beyond = re.fullmatch(r"(.+?)\s*\.\.\s*(.+)", text), RANGE.fullmatch(text)
    if column.discrete and not (between or beyond):
        there = f"{nearest(text, written)} There are: {few(written, 20)}"
        raise UserError(f"--where {column.name}={text}: no row has that value.{there}")
    if between:
        return Range(_number(column, between[1]), _number(column, between[2]))
    if beyond is None:
        return Range(_number(column, text), _number(column, text))
    code, step = _number(column, beyond[2]), column.step
    more, less = (code + step, code - step) if step else (np.nextafter(code, np.inf), np.nextafter(code, -np.inf))
    ends = {">": (more, np.inf), ">=": (code, np.inf), "<": (-np.inf, less), "<=": (-np.inf, code)}
    return Range(*ends[beyond[1]])


def _number(column: Column, text: str) -> float:
    """A number or a date as the code it has or, outside of the column's range, would have."""
    import pandas

    plain = column if not column.discrete else replace(column, discrete=False, levels=(), words=())
    try:
        if column.discrete and column.kind != "integer":
            raise DataError("its values are told apart and have no order: give one of them")
        return float(encode(plain, pandas.Series([text], name=column.name, dtype=object))[0])
    except DataError as problem:
        raise UserError(f"--where {column.name}: {problem}") from None


def rules(
    text: str | None, entries: tuple[Column, ...], codes: np.ndarray | None = None,
    called: Callable[[int], str] = lambda row: f"row {row + 1}",
) -> tuple[Rule, ...]:  # fmt: skip
    """The rules of "end >= start, total = net + tax, unique city date". UserError for one that is none, names no column
    or does not hold in all rows of `codes`, of which `called` names the first where it does not."""
    found = tuple(_rule(part.strip(), entries) for part in (text or "").split(",") if part.strip())
    if codes is None:
        return found
    for rule in found:
        broken = np.flatnonzero(~holds(rule, entries, codes))
        if len(broken):
            raise UserError(
                f"--keep {rule.text!r} does not hold in {len(broken):,} rows of the data, first in "
                f"{called(int(broken[0]))}: mend those rows, or leave the rule out"
            )
    return found


def _rule(part: str, entries: tuple[Column, ...]) -> Rule:
    names = {str(c.name): i for i, c in enumerate(entries) if not c.part and c.kind != "id"}

    def place(name: str, number: bool = True) -> int:
        if name not in names:
            raise UserError(
                f"--keep {part!r}: there is no column {name!r} that is learned.{nearest(name, list(names))}"
            )
        column = entries[names[name]]
        if number and (column.kind not in (*NUMBERS, *TIMES) or column.words):
            raise UserError(f"--keep {part!r}: {name} is {column.kind}; rules are of numbers and dates")
        return names[name]

    if part.startswith("unique "):
        words, places = part.split()[1:], []
        while words:  # names may hold blanks: the longest that there is
            many = next((m for m in range(len(words), 0, -1) if " ".join(words[:m]) in names), 1)
            places.append(place(" ".join(words[:many]), False))
            words = words[many:]
        return Rule("unique", places[0], tuple(places), text=part)
    left, operator, right = (p.strip() for p in (OPERATOR.split(part, maxsplit=1) + ["", ""])[:3])
    if operator in ("=", "=="):
        return Rule("sum", place(left), tuple(place(name.strip()) for name in right.split("+")), text=part)
    if not operator:
        raise UserError(f"--keep {part!r} is no rule: write 'a >= b', 'total = a + b' or 'unique a b'")
    a, b = place(left), place(right)
    if (entries[a].kind in TIMES or entries[b].kind in TIMES) and entries[a].kind != entries[b].kind:
        raise UserError(f"--keep {part!r}: {left} is {entries[a].kind} and {right} is {entries[b].kind}")
    if entries[a].unit != entries[b].unit:
        raise UserError(
            f"--keep {part!r}: {left} and {right} are not written with the same precision: write both alike"
        )
    a, b = (a, b) if ">" in operator else (b, a)
    return Rule("at least", a, (b,), "=" not in operator, part)


def values(column: Column, codes: np.ndarray) -> np.ndarray:
    """Codes of numbers or dates as what can be compared and added, once they are written; NaN for gaps."""
    if column.discrete:
        levels = np.array(
            [level if type(level) in (int, float) else np.nan for level in column.levels] + [np.nan], float
        )
        return levels[np.where(np.isnan(codes), -1, codes).astype(int)]
    found = np.full(len(codes), np.nan)
    there = ~np.isnan(codes)
    found[there] = counted(replace(column, origin=0, low=-np.inf, high=np.inf), codes[there])
    return found


def holds(rule: Rule, entries: tuple[Column, ...], codes: np.ndarray) -> np.ndarray:
    """Whether a rule holds in each row (n,) of the table's codes; where a cell is missing it does."""
    if rule.kind == "unique":
        key = np.nan_to_num(codes[:, list(rule.right)], nan=-1e300)
        return np.isin(np.arange(len(codes)), np.unique(key, axis=0, return_index=True)[1])
    left, *right = (values(entries[i], codes[:, i]) for i in (rule.left, *rule.right))
    shift = entries[rule.left].origin - sum(entries[i].origin for i in rule.right)
    if rule.kind == "sum":
        return ~(np.abs(left + shift - sum(right)) > 1e-9 * (1 + np.abs(left)) + 1e-6 * (entries[rule.left].step or 1))
    return ~((left + shift <= right[0]) if rule.strict else (left + shift < right[0]))
