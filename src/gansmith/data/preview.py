"""Samples as a picture: a grid of images, a scatter of points in the plane, histograms of other vectors and of rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.atomic import replacing
from gansmith.data.spec import DataSpec


def save_samples(items: np.ndarray, stem: Path, spec: DataSpec) -> Path:
    """Write `items` (data units) as `stem`.png; vectors too as `stem`.npy, so that later pages can draw them again, and
    rows of tables as `stem`.csv."""
    path = stem.with_name(stem.name + ".png")
    if spec.kind == "images":
        picture = Image.fromarray(grid(items))
    elif spec.kind == "table":
        with replacing(stem.with_name(stem.name + ".csv")) as beside:
            items.to_csv(beside, index=False)
        picture = Image.fromarray(plot_rows(items))
    else:
        with replacing(stem.with_name(stem.name + ".npy")) as beside, open(beside, "wb") as file:
            np.save(file, items)
        picture = Image.fromarray(plot(items.reshape(len(items), -1), spec.columns))
    with replacing(path) as beside:
        picture.save(beside, format="PNG")
    return path


def grid(items: np.ndarray, columns: int | None = None, gap: int = 1, least: int = 512) -> np.ndarray:
    """uint8 (n, C, H, W) to one picture (h, w) or (h, w, 3|4), enlarged by whole factors to about `least` pixels.

    Pictures of other channel counts show their first one.
    """
    n, channels, height, width = items.shape
    if channels not in (1, 3, 4):
        items, channels = items[:, :1], 1
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


def plot(points: np.ndarray, names=(), size: float = 5.0) -> np.ndarray:
    """float (n, d) as a picture: a scatter for d = 2, else a histogram for each of the first nine columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((size, size), dpi=100, layout="tight")
    canvas = FigureCanvasAgg(figure)
    if points.shape[1] == 2:
        axes = figure.subplots()
        axes.scatter(*points.T, s=4, alpha=0.5)
        axes.set_aspect("equal", "datalim")
    else:
        shown = min(points.shape[1], 9)
        side = math.ceil(math.sqrt(shown))
        for i, axes in enumerate(np.ravel(figure.subplots(math.ceil(shown / side), side, squeeze=False))):
            axes.set_visible(i < shown)
            if i < shown:
                axes.hist(points[:, i][np.isfinite(points[:, i])], bins=40)
                axes.set_title(names[i] if names else f"column {i}", fontsize=8)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def plot_rows(frame, other=None, names=("made", "real"), most: int = 16) -> np.ndarray:
    """A DataFrame as a picture: shares in each of the first `most` columns, beside those of `other` where given."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = list(frame.columns)[:most]
    side = math.ceil(math.sqrt(len(columns)))
    figure = Figure((3 * side, 2.4 * math.ceil(len(columns) / side)), dpi=100, layout="tight")
    canvas = FigureCanvasAgg(figure)
    for axes in np.ravel(figure.subplots(math.ceil(len(columns) / side), side, squeeze=False)):
        axes.set_visible(bool(columns))
        if columns:
            column = columns.pop(0)
            axes.set_title(str(column), fontsize=8)
            axes.tick_params(labelsize=6)
            plot_column(axes, [frame[column]] if other is None else [frame[column], other[column]], names)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def plot_column(axes, parts: list, names, most: int = 12) -> None:
    """The shares of one column in each of `parts`: bins of numbers and dates, the commonest of other values."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    last = parts[-1]
    if last.dtype.kind == "M" or (is_numeric_dtype(last.dtype) and not is_bool_dtype(last.dtype)):
        values = [part.dropna().to_numpy() for part in parts]
        weights = [np.full(len(v), 1 / max(1, len(v))) for v in values]
        axes.hist(values, bins=20, weights=weights, label=names[: len(parts)])
    else:
        shown = last.value_counts().index[:most]
        for i, part in enumerate(parts):
            shares = part.value_counts(normalize=True).reindex(shown).fillna(0)
            axes.bar(np.arange(len(shown)) + 0.4 * i, shares, 0.4, label=names[i])
        labels = [str(value).strip()[:12] for value in shown]
        axes.set_xticks(np.arange(len(shown)) + 0.2 * (len(parts) - 1), labels, rotation=60, ha="right")
    if len(parts) > 1:
        axes.legend(fontsize=6)
