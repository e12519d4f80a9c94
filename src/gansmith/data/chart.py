"""Small charts as pictures, with numpy and Pillow alone: a sheet of nine histograms takes a few milliseconds.

A `Sheet` is a white picture with panels in rows; `histogram`, `bars` and `scatter` draw into one panel each.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK, SOFT, RULE = (29, 33, 38), (98, 106, 115), (227, 224, 216)
FILL, LINE = (130, 168, 211), (208, 105, 44)  # what is shown, and what it is compared with
DOT = np.array([47, 111, 181])
FONTS = (  # for letters that Pillow's own font lacks: of Linux, Windows and macOS; then Chinese, Japanese and Korean
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "segoeui.ttf", "Arial.ttf"),
    *("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "msyh.ttc", "malgun.ttf", "Hiragino Sans GB.ttc"),
    "Arial Unicode.ttf",
)


class Sheet:
    """`count` panels of (width, height) pixels in rows, nearly square. `picture` is uint8 (h, w, 3).

    legend  names of what is shown and what it is compared with, written once over all panels
    """

    def __init__(self, count: int, width: int, height: int, legend: Sequence[str] = ()):
        self.across = max(1, math.ceil(math.sqrt(count)))
        self.width, self.height, self.top = width, height, 24 if legend else 4
        rows = max(1, math.ceil(count / self.across))
        self.image = Image.new("RGB", (self.across * width + 8, self.top + rows * height + 4), "white")
        self.draw = ImageDraw.Draw(self.image)
        x = 12
        for name, color in zip(legend, (FILL, LINE)):
            middle = self.top / 2
            if color == FILL:
                self.draw.rectangle((x, middle - 4, x + 14, middle + 4), color)
            else:
                self.draw.line((x, middle, x + 14, middle), color, 2)
            x = 14 + self.text(x + 20, middle, name, anchor="lm")

    def panel(self, index: int, title: str, left: int = 12, bottom: int = 22) -> tuple[int, int, int, int]:
        """Write the title of a panel; the rest of it as (left, top, right, bottom), inside margins for an axis."""
        x, y = 4 + index % self.across * self.width, self.top + index // self.across * self.height
        self.text(x + left, y + 12, title, width=self.width - left - 10, anchor="lm", color=INK)
        return x + left, y + 26, x + self.width - 10, y + self.height - bottom

    def text(self, x: float, y: float, text: str, *, width: float = 1e9, anchor: str = "la", color=SOFT) -> float:
        """Write `text` on one line, cut to `width` pixels; returns where it ends."""
        text = one_line(text)
        font = font_for(text)
        if font.getlength(text) > width:
            while text and font.getlength(text + "...") > width:
                text = text[:-1]
            text += "..."
        self.draw.text((x, y), text, color, font, anchor)
        return x + font.getlength(text)

    @property
    def picture(self) -> np.ndarray:
        return np.asarray(self.image).copy()


def histogram(
    sheet: Sheet,
    box,
    values: np.ndarray,
    other: np.ndarray | None = None,
    *,
    bins: int = 40,
    spelled: Callable = None,
) -> None:
    """Shares of `values` (n,) in bins as bars, those of `other` as a line over them. NaN and infinity are left out.

    spelled  a number of the axis as text; None: three digits
    """
    left, top, right, bottom = box
    parts = [finite(p) for p in (values, other) if p is not None]
    both = np.concatenate(parts)
    if not len(both):
        sheet.text((left + right) / 2, (top + bottom) / 2, "no finite values", anchor="mm")
        return
    low, high = both.min(), both.max()
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # one number only
        low, high = low - max(0.5, abs(low) * 1e-3), high + max(0.5, abs(high) * 1e-3)
    bins = min(bins, right - left)
    counts = [
        np.bincount(((p - low) / (high - low) * bins).astype(int).clip(0, bins - 1), minlength=bins) for p in parts
    ]
    shares = [c / max(1, len(p)) for c, p in zip(counts, parts)]
    most = max(s.max() for s in shares)
    edges = np.linspace(left, right, bins + 1).round().astype(int)
    heights = [(s / most * (bottom - top)).round().astype(int) for s in shares]
    for i, tall in enumerate(heights[0]):
        if tall:
            sheet.draw.rectangle((edges[i], bottom - tall, edges[i + 1] - 1, bottom), FILL)
    if len(heights) > 1:
        steps = [(edges[i + j], bottom - tall) for i, tall in enumerate(heights[1]) for j in (0, 1)]
        sheet.draw.line([(left, bottom), *steps, (right, bottom)], LINE, 2)
    sheet.draw.line((left, bottom, right, bottom), SOFT)
    axis(sheet, box, low, high, spelled or three_digits)


def bars(sheet: Sheet, box, names: Sequence, shares: Sequence[float], other: Sequence[float] | None = None) -> None:
    """Shares (0 to 1) by name as bars that lie, those of `other` as a mark across each."""
    left, top, right, bottom = box
    if not len(names):
        sheet.text((left + right) / 2, (top + bottom) / 2, "no values", anchor="mm")
        return
    room = (right - left) * 0.4
    start = left + 6 + min(room, max(map(length, names)))
    most = max(*shares, *(shares if other is None else other), 1e-9)
    tall = min((bottom - top) / len(names), 26)
    for i, name in enumerate(names):
        y = top + (i + 0.5) * tall
        sheet.text(start - 6, y, name, width=start - left - 6, anchor="rm")
        scale = (right - 34 - start) / most
        sheet.draw.rectangle((start, y - 0.32 * tall, start + shares[i] * scale, y + 0.32 * tall), FILL)
        sheet.text(right, y, f"{100 * shares[i]:.3g} %" if shares[i] < 0.1 else f"{100 * shares[i]:.0f} %", anchor="rm")
        if other is not None:
            x = start + other[i] * scale
            sheet.draw.line((x, y - 0.45 * tall, x, y + 0.45 * tall), LINE, 2)
    sheet.draw.line((start, top, start, top + tall * len(names)), SOFT)


def scatter(sheet: Sheet, box, points: np.ndarray, radius: float = 1.6, alpha: float = 0.45) -> None:
    """Points (n, 2) as dots that darken where they lie on one another, both axes to one scale."""
    left, top, right, bottom = box
    points = finite(points)
    if not len(points):
        sheet.text((left + right) / 2, (top + bottom) / 2, "no finite points", anchor="mm")
        return
    low, high = points.min(0), points.max(0)
    box_size, middle = np.array([right - left, bottom - top]), (low + high) / 2
    reach = max(*(high - low) / 2 / box_size * 1.05, np.abs(middle).max() * 1e-9) or 0.5 / (right - left)
    half = reach * box_size  # of the plane that the box shows
    low, high = middle - half, middle + half
    axis(sheet, box, low[0], high[0])
    axis(sheet, box, low[1], high[1], upright=True)
    sheet.draw.rectangle((left, top, right, bottom), None, RULE)
    at = np.array([left, bottom]) + (points - low) / (2 * half) * box_size * (1, -1)
    size = math.ceil(radius) + 1
    near = np.stack(np.meshgrid(*[np.arange(-size, size + 1)] * 2), -1).reshape(-1, 2)
    whole = at.round().astype(int)
    clear = np.ones((sheet.image.height, sheet.image.width))  # of each pixel, what the dots leave of what lies below
    for step in near:
        cover = (radius + 0.5 - np.linalg.norm(whole + step - at, axis=1)).clip(0, 1)
        x, y = (whole + step).T
        inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom) & (cover > 0)
        np.multiply.at(clear, (y[inside], x[inside]), 1 - alpha * cover[inside])
    below = np.asarray(sheet.image, np.float64)
    mixed = below * clear[..., None] + DOT * (1 - clear[..., None])
    sheet.image.paste(Image.fromarray(mixed.round().astype(np.uint8)))


def axis(sheet: Sheet, box, low: float, high: float, spelled=None, *, upright: bool = False) -> None:
    """Numbers along the lower edge of `box`, or with `upright` along its left one: at its ends and its middle, as
    `spelled`, or without that at round numbers, with a line across the box at each."""
    left, top, right, bottom = box
    span = bottom - top if upright else right - left
    lines = spelled is None
    marks, spelled = (
        (ticks(low, high, max(2, span // 70)), spell) if lines else ((low, high, (low + high) / 2), spelled)
    )
    taken = []
    for value in marks:
        share, text = (value - low) / (high - low), spelled(value).replace("−", "-")
        if upright:
            sheet.draw.line((left, bottom - share * span, right, bottom - share * span), RULE)
            sheet.text(left - 6, bottom - share * span, text, anchor="rm")
            continue
        x, half = left + share * span, length(text) / 2
        if lines:
            sheet.draw.line((x, top, x, bottom), RULE)
        middle = min(max(x, left + half), right - half)
        if all(abs(middle - other) > half + reach + 8 for other, reach in taken):
            sheet.text(middle, bottom + 6, text, anchor="ma")
            taken.append((middle, half))


def three_digits(value: float) -> str:
    return spell(float(f"{value:.3g}"))


def finite(values) -> np.ndarray:
    """Numbers (n,) or points (n, 2) without those that are NaN or infinite; none is so large that a range overflows."""
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values).all(tuple(range(1, values.ndim)))].clip(-1e150, 1e150)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between `low` and `high`, 1, 2 or 5 times a power of ten apart."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, math.floor(high / step + 1e-9) + 1)]


def spell(value: float) -> str:
    """A number short enough for an axis: 12k, 3.5M, 0.02, −4."""
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        text = f"{value:.0e}"
    elif size >= 1e4:
        unit, letter = next((u, s) for u, s in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")) if size >= u)
        text = f"{value / unit:.4g}{letter}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


# --- text ------------------------------------------------------------------------------------------------------------
def one_line(text) -> str:
    """`text` without line breaks and what else cannot be drawn, at most 200 letters."""
    return "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", str(text)[:200])).strip()


def length(text) -> float:
    """Of `text` as it is drawn, in pixels."""
    return font_for(one_line(text)).getlength(one_line(text))


def font_for(text: str):
    """Pillow's own font, which holds ASCII, or the first that has most of the letters of `text`."""
    if text.isascii():
        return fonts()[0]
    return max(fonts(), key=lambda font: sum(has(font, letter) for letter in text))


@cache
def fonts(size: int = 12) -> list:
    """Pillow's own font, then those of FONTS that this machine has."""
    found = [ImageFont.load_default(size)]
    for name in FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return found


@lru_cache(10_000)
def has(font, letter: str) -> bool:
    """Whether `font` draws anything else for this letter than for one that does not exist."""
    return bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
