"""Numbers as the cells of a table write them: 1,234.50 · 1.234,5 · $5 · 12 % · 70 kg · 1.2e-05 · 007.

`find` reads what all cells of a column have in common, as a `Form`. A form turns its cells into numbers, and numbers
into cells of the same spelling; whether it does so for every cell is in `Form.proven`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from math import isfinite

CURRENCY = "$€£¥₹₩₽₺₫₴₦₱฿₿"
CODES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN NOK NZD PLN RUB SEK SGD THB TRY USD ZAR"
PREFIX = rf"(?:[A-Z]{{0,3}}[{CURRENCY}]|(?:{CODES.replace(' ', '|')}|Rs\.?|kr\.?)(?![A-Za-z])|[~≈<>≤≥±])[ \u00a0]?"
SUFFIX = rf"[ \u00a0\u202f]?(?:[%‰°{CURRENCY}′″]|[A-Za-zµμΩ°][A-Za-zµμΩ°%²³⁻¹/·.^0-9]{{0,11}})"
SIGN = "[-+\u2212]"
DIGITS = r"(?:\d+(?:[.,'’\u00a0\u202f ]\d+)*[.,]?|[.,]\d+)"
CELL = re.compile(rf"({SIGN}?)({PREFIX})?({SIGN}?)({DIGITS})(?:([eE])([-+]?)(\d+))?({SUFFIX})?")
SEPARATORS = [(".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"), (".", "’")]
SEPARATORS += [(point, space) for space in ("\u00a0", "\u202f") for point in ".,"]
PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
LARGEST = 2**1023  # integers beyond it are no float64
MOST_DIGITS = 17  # of a float64


@dataclass(frozen=True)
class Form:
    """How the numbers of a column are written.

    style     "fixed": always `digits` after the point; "shortest": as few as tell the number apart; "e" and "g": as
              printf's, with `digits`; "repr": as Python does; "exp": always with an exponent, as few digits as will do
    digits    see style;  whole  what follows whole numbers in the shortest styles: "" or ".0"
    point, thousands  separators;  prefix, suffix  text before and after;  sign_first  "-$5", not "$-5"
    minus     "-" or "−";  behind  "()": negative numbers are in brackets; "-": the sign follows them
    plus      whether positive numbers have a sign;  width  zeros in front up to so many digits
    zero      whether numbers below one have a 0 before the point;  lakh  thousands as in 12,34,567
    exponent  letter, sign and digits of exponents, as in "e+00" (two digits at least, always signed)
    """

    style: str = "fixed"
    digits: int = 0
    whole: str = ""
    point: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    sign_first: bool = True
    minus: str = "-"
    plus: bool = False
    width: int = 0
    zero: bool = True
    behind: str = ""
    lakh: bool = False
    exponent: str = "e+00"
    proven: bool = field(default=False, compare=False)  # that it spells the cells it was found in as they were

    @property
    def plain(self) -> bool:
        """Whether any program reads such cells as numbers, but for the decimal comma."""
        odd = (self.thousands, self.prefix, self.suffix, self.plus, self.width, self.behind)
        return not any(odd) and self.minus == "-"

    @cached_property
    def pattern(self) -> str:
        """A regular expression for one cell, without groups."""
        group = rf"(?:{re.escape(self.thousands)}\d{{{2 if self.lakh else 3},3}})*" if self.thousands else ""
        digits = rf"(?:\d+{group}(?:{re.escape(self.point)}\d*)?|{re.escape(self.point)}\d+)(?:[eE][-+]?\d+)?"
        first, then = (f"{SIGN}?", "") if self.sign_first else ("", f"{SIGN}?")
        plain = first + re.escape(self.prefix) + then + digits + re.escape(self.suffix)
        if self.behind == "()":
            return rf"(?:{plain}|\({plain}\)|{re.escape(self.prefix)}\({digits}{re.escape(self.suffix)}\))"
        return plain + "-?" if self.behind else plain

    def number(self, cell: str) -> int | float | None:
        """The number in a cell, exact where it is whole; None where there is none. Plain numbers are always read."""
        cell = text = sign_first(cell) if self.behind else cell
        if self.prefix or self.suffix or self.minus != "-":
            sign = cell[0] if re.match(SIGN, cell) else ""
            text = cell.removeprefix(sign).removeprefix(self.prefix).removesuffix(self.suffix)
            text = (sign + text).replace("\u2212", "-")
        text = text.strip()
        if self.thousands:
            text = text.replace(self.thousands, "")
        if self.point != ".":
            text = text.replace(self.point, ".")
        found = _plain_number(text)
        return _plain_number(cell.strip()) if found is None else found

    def cell(self, value: int | float) -> str:
        """A number as a cell; of an int all digits are kept."""
        text = self._digits(value)
        sign, text = (self.minus, text[1:]) if text[0] == "-" else ("+" if self.plus else "", text)
        if self.width:
            text = text.zfill(self.width)
        if not self.zero and text.startswith("0."):
            text = text[1:]
        head, point, tail = text.partition(".")
        if self.thousands and head.isdigit():
            head = (_lakhs(head) if self.lakh else f"{int(head):,}").replace(",", self.thousands)
        text = head + (self.point if point else "") + tail
        if sign == self.minus and self.behind:
            text = self.prefix * self.sign_first + text + self.suffix
            return self.prefix * (not self.sign_first) + (f"({text})" if self.behind == "()" else text + "-")
        return sign + self.prefix + text + self.suffix if self.sign_first else self.prefix + sign + text + self.suffix

    def _digits(self, value) -> str:
        if isinstance(value, int) and abs(value) > LARGEST:
            return str(value)
        if self.style == "fixed":
            return f"{value:d}" + (f".{'0' * self.digits}" if self.digits else "") if isinstance(value, int) else (
                f"{value:.{self.digits}f}"
            )  # fmt: skip
        if isinstance(value, int):
            text = str(value) if self.style in ("shortest", "repr") else repr(float(value))
            if self.style in ("shortest", "repr"):
                return text + self.whole
        if self.style in ("e", "g"):
            text = f"{value:.{self.digits}{self.style}}"
            return self._with_exponent(*text.split("e")) if "e" in text else text
        text = repr(float(value))
        if self.style == "exp":
            sign, digits, exponent = Decimal(text).normalize().as_tuple()
            figures = "".join(map(str, digits))
            mantissa = "-" * sign + figures[0] + (f".{figures[1:]}" if figures[1:] else self.whole)
            return self._with_exponent(mantissa, int(exponent) + len(figures) - 1)
        if "e" not in text:
            return text.removesuffix(".0") + self.whole if text.endswith(".0") else text
        if self.style == "repr":
            return self._with_exponent(*text.split("e"))
        text = format(Decimal(text), "f")
        return text if "." in text else text + self.whole

    def _with_exponent(self, mantissa: str, exponent) -> str:
        exponent, letter, signed = int(exponent), self.exponent[0], "+" in self.exponent
        sign = "-" if exponent < 0 else "+" * signed
        return f"{mantissa}{letter}{sign}{abs(exponent):0{self.exponent.count('0')}d}"

    def spelled(self, cells: list[str], values: list) -> int:
        """How many of `cells` the form writes just so."""
        return sum(map(str.__eq__, cells, map(self.cell, values)))


def find(cells: list[str], decimal: str = ".", coded: bool = True) -> tuple[Form, list] | None:
    """(the Form of these different cells, their numbers), or None where they are no numbers of one form.

    decimal  the separator that other columns of the file use, for cells that leave it open ("1,234")
    coded    whether numbers with zeros in front (007) are codes and no numbers
    """
    if not cells:
        return None
    if "-" not in "".join(c[:1] for c in cells) and (behind := _behind(cells)):
        found = find(list(map(sign_first, cells)), decimal, coded)
        return None if found is None else (replace(found[0], behind=behind), found[1])
    if (quick := _quickly(cells)) is not None:
        return replace(quick[0], proven=True), quick[1]
    matched = [m for m in map(CELL.fullmatch, cells) if m]
    if len(matched) < len(cells):
        return None
    before, prefix, after, digits, letters, signs, exponents, suffix = zip(
        *(m.groups("") for m in matched), strict=True
    )
    if len(set(prefix)) > 1 or len(set(suffix)) > 1 or (any(prefix) and any(before) and any(after)):
        return None
    separators = _separators(digits, decimal)
    lakh = separators is None and all(map(re.compile(r"(?:\d+|\d{1,2}(?:,\d{2})*,\d{3})(?:\.\d*)?").fullmatch, digits))
    if lakh:
        separators = ".", ","
    if separators is None:
        return None
    point, thousands = separators
    plainly = [d.replace(thousands, "") if thousands else d for d in digits]
    heads, tails = zip(*((h, t) for h, _, t in (d.partition(point) for d in plainly)), strict=True)
    widths = {len(h) for h in heads}
    zeros = any(len(h) > 1 and h[0] == "0" for h in heads)
    if zeros and (coded or thousands):
        return None
    common = {
        "point": point,
        "thousands": thousands,
        "prefix": prefix[0],
        "suffix": suffix[0],
        "sign_first": not any(after) or not prefix[0],
        "minus": "\u2212" if any("\u2212" in s for s in (*before, *after)) else "-",
        "plus": any("+" in s for s in (*before, *after)),
        "width": widths.pop() if zeros and len(widths) == 1 else 0,
        "zero": all(heads),
        "lakh": lakh,
    }
    reader = Form(**common)
    values = [number for number in map(reader.number, cells) if number is not None]
    whole = all(type(v) is int for v in values)
    if len(values) < len(cells) or (not whole and any(abs(v) > LARGEST for v in values)):
        return None  # or what is beyond a float64 among fractions
    forms = [Form(**common, **style) for style in _styles(tails, letters, signs, exponents, digits)]
    for form in forms:
        if all(a == b for a, b in zip(cells, map(form.cell, values))):
            return replace(form, proven=True), values
    return max(forms, key=lambda form: form.spelled(cells, values)), values


def _behind(cells: list[str]) -> str:
    """How cells without a sign before them show that a number is negative: "()", "-" behind it, or not: ""."""
    if any(re.fullmatch(r"[^\d(]*\([^()]*\d[^()]*\)", cell) for cell in cells):
        return "()"
    return "-" if any(re.fullmatch(r".*\d-", cell) for cell in cells) else ""


def sign_first(cell: str) -> str:
    """A number in brackets, or with its minus behind it, as one with a sign before it."""
    found = re.fullmatch(r"([^\d(]*)\(([^()]*\d[^()]*)\)", cell)
    if found:
        return f"{found[1]}-{found[2]}"
    return "-" + cell[:-1] if re.fullmatch(r".*\d-", cell) else cell


def _lakhs(digits: str) -> str:
    """12,34,567."""
    head, last = digits[:-3], digits[-3:]
    pairs = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
    return ",".join([*pairs, last])


def _quickly(cells: list[str]) -> tuple[Form, list] | None:
    """What `find` says of cells that Python itself would write."""
    first = cells[0]
    if not first or first[-1] not in "0123456789" or not (first[0] == "-" or first[0] in "0123456789"):
        return None
    try:
        if "." not in first and "e" not in first:
            whole = list(map(int, cells))
            return (Form(), whole) if list(map(str, whole)) == cells else None
        values = list(map(float, cells))
    except ValueError:
        return None
    if list(map(repr, values)) == cells:
        tails = {len(c.partition(".")[2]) for c in cells}
        fixed = len(tails) == 1 and not any("e" in c for c in cells)
        return (Form("fixed", tails.pop()) if fixed else Form("repr", whole=".0")), values
    return None


def _separators(digits, decimal: str) -> tuple[str, str] | None:
    """(point, thousands) of numbers without sign and exponent."""
    choices = SEPARATORS if decimal == "." else sorted(SEPARATORS, key=lambda pair: (pair[0] != ",", pair[1] != "."))
    if not any(c in d for d in digits for c in ".,'’ \u00a0\u202f"):
        return decimal, ""
    for point, thousands in choices:
        dot, comma = re.escape(point), re.escape(thousands)
        head = rf"(?:0|[1-9]\d{{0,2}}(?:{comma}\d{{3}})*)" if thousands else r"\d+"
        whole = re.compile(rf"{head}(?:{dot}\d*)?" + ("" if thousands else rf"|{dot}\d+"))
        if all(map(whole.fullmatch, digits)) and (not thousands or any(thousands in d for d in digits)):
            return point, thousands
    return None


def _styles(tails, letters, signs, exponents, digits) -> list[dict]:
    """Styles that the cells may be of, the simplest first."""
    after = {len(t) for t in tails}
    wholes = {t for t in tails if not t.strip("0")} or {""}
    whole = ".0" if wholes == {"0"} else ""
    if not any(letters):
        fixed = [{"style": "fixed", "digits": after.pop()}] if len(after) == 1 else []
        figures = max(len(re.sub(r"\D", "", d).lstrip("0")) for d in digits)
        printf = [{"style": "g", "digits": min(figures, MOST_DIGITS)}]
        return [*fixed, {"style": "shortest", "whole": whole}, *printf]
    there = [i for i, letter in enumerate(letters) if letter]
    unsigned = any(signs[i] == "" for i in there)
    shape = letters[there[0]] + "+" * (not unsigned) + "0" * min(len(exponents[i]) for i in there)
    figures = max(len(re.sub(r"\D", "", d).strip("0")) for d in digits)
    styles: list[dict] = [{"style": "repr", "whole": ".0"}, {"style": "repr"}]
    if len(there) == len(letters):
        fixed = [{"style": "e", "digits": after.pop()}] if len(after) == 1 else []
        styles = [*fixed, {"style": "exp", "whole": whole}, *styles]
    return [style | {"exponent": shape} for style in [*styles, {"style": "g", "digits": min(figures, MOST_DIGITS)}]]


def _plain_number(text: str) -> int | float | None:
    text = text.removeprefix("+")
    if not text or not (text[-1].isdigit() or text[-1] == ".") or not text.isascii() or "_" in text or " " in text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None  # 1e400
