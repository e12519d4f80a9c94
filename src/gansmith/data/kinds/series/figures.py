"""Pictures of series: windows as lines over time, autocorrelations and weeks of made series beside real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.chart import Sheet, axis
from gansmith.data.kinds.series.measures import autocorrelation, filled, profile

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series

MADE, REAL = (47, 111, 181), (150, 150, 150)
FEW, DRAWN = 4, 8  # columns of a picture; windows in each


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
    found = {"Windows over their steps: samples in blue, real ones in grey": lines(form, fake, np.asarray(real)[apart])}
    most = max(1, a.shape[2] // 2)
    curve = [np.concatenate([np.ones((1, form.values)), autocorrelation(x, most)]).T for x in (b, a)]
    weeks = [profile(form, x, y) for x, y in ((fake, b), (real, a))]
    for caption, (made, other) in (
        ("Mean autocorrelation within a window, by lag: samples in blue, real ones in grey", curve),
        ("Mean by hour of the week, from Monday on: samples in blue, real ones in grey", weeks),
    ):
        if made is None or other is None:
            continue
        shown = min(form.values, FEW)
        sheet = Sheet(shown, 420, 200)
        for f in range(shown):
            curves(sheet, f, form.columns[f], in_order(form, made[f : f + 1]), in_order(form, other[f : f + 1]))
        found[caption] = sheet.picture
    return found


def in_order(form: Series, curve: np.ndarray) -> np.ndarray:
    """A profile by hour and then weekday, as by weekday and then hour; without what the data does not tell apart."""
    if curve.shape[1] != 168:
        return curve
    if "hour" in form.cycles and "weekday" in form.cycles:
        return curve.reshape(-1, 24, 7).transpose(0, 2, 1).reshape(len(curve), -1)
    return curve[:, : 24 if "hour" in form.cycles else 7]
