"""Pictures of series: windows as lines over time, autocorrelations and weeks of made series beside real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gansmith.data.chart import Sheet, axis
from gansmith.data.kinds.series.measures import autocorrelation, filled, profile

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series
    from gansmith.data.kinds.series.windows import Windows

MADE, REAL = (47, 111, 181), (150, 150, 150)
FEW, DRAWN = 4, 8  # columns of a picture; windows in each
WEEK = 7  # windows that a stretch of made steps is long, at most, beside a real one


def curves(sheet: Sheet, index: int, title: str, made: np.ndarray, real: np.ndarray | None = None) -> None:
    """Lines (n, points) in a panel, those of `real` in grey behind; NaN is left out."""
    box = left, top, right, bottom = sheet.panel(index, title, left=46)
    sides = [(real, REAL), (made, MADE)]
    every = np.concatenate([x[np.isfinite(x)] for x, _ in sides if x is not None])
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    high = high if high > low else low + 1
    axis(sheet, box, 0, made.shape[1] - 1)
    axis(sheet, box, low, high, upright=True)
    for x, color in sides:
        for row in () if x is None else x:
            across = left + (right - left) * np.arange(len(row)) / max(1, len(row) - 1)
            up = bottom - (bottom - top) * (row - low) / (high - low)
            for part in np.split(np.arange(len(row)), np.flatnonzero(np.diff(np.isfinite(row))) + 1):
                if len(part) > 1 and np.isfinite(row[part[0]]):
                    sheet.draw.line(list(zip(across[part].tolist(), up[part].tolist())), color, 1)


def lines(form: Series, items: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    """A panel for each of the first columns: its windows over time, those of `other` in grey behind."""
    shown = min(form.values, FEW)
    sheet = Sheet(shown, 420, 240)
    sides = np.asarray(items)[:DRAWN], None if other is None else np.asarray(other)[:DRAWN]
    for f in range(shown):
        curves(sheet, f, form.columns[f], sides[0][:, f], None if sides[1] is None else sides[1][:, f])
    return sheet.picture


def figures(form: Series, real, fake) -> dict[str, np.ndarray]:
    """Captions and pictures of made windows beside real ones."""
    a, b = filled(form, real), filled(form, fake)
    apart = np.linspace(0, len(a) - 1, min(DRAWN, len(a))).astype(int)
    some = "" if form.values <= FEW else f" ({FEW} of {form.values} columns)"
    both = f"samples in blue, real ones in grey{some}"
    found = {f"Windows over their steps: {both}": lines(form, fake, np.asarray(real)[apart])}
    most = max(1, a.shape[2] // 2)
    curve = [np.concatenate([np.ones((1, form.values)), autocorrelation(x, most)]).T for x in (b, a)]
    weeks = [profile(form, x, y) for x, y in ((fake, b), (real, a))]
    for caption, (made, other) in (
        (f"Mean autocorrelation within a window, by lag: {both}", curve),
        (f"Mean by hour of the week, from Monday on: {both}", weeks),
    ):
        if made is None or other is None:
            continue
        shown = min(form.values, FEW)
        sheet = Sheet(shown, 420, 200)
        for f in range(shown):
            curves(sheet, f, form.columns[f], in_order(form, made[f : f + 1]), in_order(form, other[f : f + 1]))
        found[caption] = sheet.picture
    return found


def weeks(form: Series, data: Windows, roll: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
    """Caption and picture of the longest real stretch of time in `data`, of WEEK windows at most, and of two that
    `roll` (codes, begins, steps) makes of the same series from the same time on; {} where none is longer than a window.
    """
    owner, place, real = data.longest(WEEK * form.shape[1])
    known: Any = data.spec
    if real.shape[1] <= form.shape[1] or owner >= len(known.members):
        return {}
    member, step = known.members[owner], form.step
    before = place - (0 if step.kind == "order" else int(step.places(np.array([member.start]))[0]))
    begins = np.full(2, step.times(member.start, before + 1)[-1])
    made = roll(np.array([member.codes] * 2).reshape(2, -1), begins, np.full(2, real.shape[1]))
    shown = min(form.values, FEW)
    sheet = Sheet(shown, 640, 180)
    for f in range(shown):
        curves(sheet, f, form.columns[f], made[:, f], real[None, f])
    return {
        f"{real.shape[1]} steps on end: two made in blue, from the same time on as real ones in grey": sheet.picture
    }


def in_order(form: Series, curve: np.ndarray) -> np.ndarray:
    """A profile by hour and then weekday, as by weekday and then hour; without what the data does not tell apart."""
    if curve.shape[1] != 168:
        return curve
    if "hour" in form.cycles and "weekday" in form.cycles:
        return curve.reshape(-1, 24, 7).transpose(0, 2, 1).reshape(len(curve), -1)
    return curve[:, : 24 if "hour" in form.cycles else 7]
