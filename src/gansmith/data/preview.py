"""Samples as a picture: a grid of images, a scatter of points in the plane, histograms of other vectors and of rows."""

from __future__ import annotations

import math

import numpy as np

from gansmith.data.chart import Sheet, bars, histogram, scatter


def grid(items: np.ndarray, columns: int | None = None, gap: int = 1, least: int = 512) -> np.ndarray:
    """uint8 (n, C, H, W) to one picture (h, w) or (h, w, 3|4), enlarged by whole factors to about `least` pixels.

    The channels of pictures that have two, or more than four, stand side by side.
    """
    if items.shape[1] not in (1, 3, 4):
        items = items.transpose(0, 2, 1, 3).reshape(len(items), 1, items.shape[2], -1)
    n, channels, height, width = items.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8)
    for i, item in enumerate(items):
        top, left = gap + (i // columns) * (height + gap), gap + (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = item.transpose(1, 2, 0)
    factor = max(1, round(least / max(sheet.shape[:2])))
    sheet = sheet.repeat(factor, 0).repeat(factor, 1)
    return sheet[:, :, 0] if channels == 1 else sheet


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Pictures uint8 (n, C, h, w) and (n, D, H, W) as pairs (n, max(C, D), H, …): grey repeated, the left enlarged."""
    channels, factor = max(left.shape[1], right.shape[1]), max(1, right.shape[2] // left.shape[2])
    left, right = (np.repeat(x, channels, 1) if x.shape[1] == 1 else x for x in (left, right))
    left = left.repeat(factor, 2).repeat(factor, 3)[:, :, : right.shape[2]]
    return np.concatenate([left, right], 3)


def plot(points: np.ndarray, names=(), size: int = 500) -> np.ndarray:
    """float (n, d) as a picture (h, w, 3) of about `size` pixels: a scatter for d = 2, else a histogram for each of the
    first nine columns."""
    points = np.asarray(points)
    names = names or [f"column {i}" for i in range(points.shape[1])]
    if points.shape[1] == 2:
        sheet = Sheet(1, size, size)
        scatter(sheet, sheet.panel(0, f"{names[0]} (across), {names[1]} (up)" if names else "", left=46), points)
        return sheet.picture
    shown = min(points.shape[1], 9)
    side = size // max(1, math.ceil(math.sqrt(shown)))
    sheet = Sheet(shown, side, side)
    for i in range(shown):
        histogram(sheet, sheet.panel(i, names[i]), points[:, i])
    return sheet.picture


def plot_rows(frame, other=None, names=("made", "real"), most: int = 36) -> np.ndarray:
    """A DataFrame as a picture (h, w, 3): shares in each of the first `most` columns as bars, and where given those of
    `other` as lines over them. `names` of the two are the legend. How many columns are left out is written last."""
    columns, left = list(frame.columns)[:most], len(frame.columns) - most
    sheet = Sheet(len(columns) + (left > 0), 280, 220, () if other is None else names)
    if left > 0:
        sheet.panel(len(columns), f"and {left} more columns")
    for i, column in enumerate(columns):
        plot_column(sheet, i, frame[column], None if other is None else other[column])
    return sheet.picture


def plot_column(sheet: Sheet, index: int, column, other=None, most: int = 10) -> None:
    """One column (a Series) in its panel of a sheet: bins of numbers and dates, the commonest of other values."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    last = column if other is None else other
    parts = [part.dropna() for part in (column, other) if part is not None]
    if last.dtype.kind == "M":
        box = sheet.panel(index, column.name)
        histogram(sheet, box, *map(seconds, parts), bins=30, spelled=day)
    elif is_numeric_dtype(last.dtype) and not is_bool_dtype(last.dtype):
        histogram(sheet, sheet.panel(index, column.name), *(p.to_numpy(np.float64) for p in parts), bins=30)
    else:
        shown = last.value_counts().index[:most]
        shares = [part.value_counts(normalize=True).reindex(shown).fillna(0).to_numpy(float) for part in parts]
        bars(sheet, sheet.panel(index, column.name, bottom=8), list(shown), *shares)


def day(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))


def seconds(dates) -> np.ndarray:
    """A Series of dates as seconds since 1970."""
    from pandas import DatetimeIndex

    return DatetimeIndex(dates).tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.float64)
