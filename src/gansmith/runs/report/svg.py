"""Curves and points as inline SVG: crisp at any size, coloured by the page's style sheet, a few kilobytes each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from gansmith.data.chart import spell, ticks

BUCKETS = 150  # points of a drawn line; what lies between them is the band around it
WIDTH, HEIGHT = 420, 180
LEFT, TOP, RIGHT, BOTTOM = 46, 8, 8, 22

Interval = tuple[float, float, float]  # value, low, high
Series = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x, mean, low, high of each bucket


def draw(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], marks: Sequence[float] = (), decades: bool = False
) -> str:
    """Name -> (x, y) as one `<svg>`. Line i has the class `ci`; a band spans what a bucket of points averages over.
    At each of `marks` on the abscissa stands a dotted line.

    The ordinate shows the central 98 % of the means, so that a first spike hides nothing; it is logarithmic for
    positive numbers that span more than two decades, or with `decades`. Values that are not finite are left out.
    """
    series = [bucket(*map(np.asarray, points)) for points in curves.values()]
    means = np.concatenate([mean for _, mean, _, _ in series])
    if not len(means):
        return ""
    logarithmic = means.min() > 0 and (decades or np.percentile(means, 99) > 200 * np.percentile(means, 1))
    turn = np.log10 if logarithmic else np.asarray
    low, high = np.percentile(turn(means), (1, 99))
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    right = max(x[-1] for x, *_ in series if len(x))

    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(x):
        return np.asarray(x) / (right or 1) * wide

    def down(y):
        y = turn(np.maximum(y, 1e-300)) if logarithmic else np.asarray(y)
        return np.clip((high - y) / (high - low), -3, 4) * tall

    parts = [f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for value in decade_ticks(low, high) if logarithmic else ticks(low, high):
        y = TOP + (high - value) / (high - low) * tall
        kind = "zero" if value == 0 and not logarithmic else "grid"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = spell(10**value if logarithmic else value)
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{text}</text>')
    for value in ticks(0, right):
        x = LEFT + float(across(value))
        anchor = "middle" if x < WIDTH - 25 else "end"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{spell(value)}</text>')
    if logarithmic:
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{TOP + 8}" text-anchor="end">logarithmic</text>')
    parts.append(f'<svg x="{LEFT}" y="{TOP}" width="{wide}" height="{tall}">')  # a nested svg cuts what leaves it
    for mark in marks:
        parts.append(f'<path class="mark" d="M{across(mark):.1f} 0V{tall}"/>')
    for i, (steps, _, least, most) in enumerate(series):
        if (most > least).any():
            edge = zip(np.r_[across(steps), across(steps)[::-1]], np.r_[down(most), down(least)[::-1]])
            parts.append(f'<polygon class="band c{i}" points="{_points(edge)}"/>')
    for i, (steps, mean, _, _) in enumerate(series):
        parts.append(f'<polyline class="line c{i}" points="{_points(zip(across(steps), down(mean)))}"/>')
    return "".join([*parts, "</svg></svg>"])


def scatter(points: np.ndarray, low: np.ndarray, high: np.ndarray, marked: np.ndarray | None = None) -> str:
    """Points (n, 2) as one `<svg>` that shows the square around `low` … `high` (2,); others are cut off. `marked`
    points stand out from them."""
    side, middle = max(high - low) * 1.15 or 1.0, (low + high) / 2

    def dots(points):
        at = (points - middle) / side * (100, -100) + 50
        return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in at[((at > 0) & (at < 100)).all(1)])

    more = "" if marked is None else f'<path class="marked" d="{dots(marked)}"/>'
    return f'<svg class="dots" viewBox="0 0 100 100" role="img"><path d="{dots(points)}"/>{more}</svg>'


def plane(points: Mapping[str, tuple[Interval, Interval]], side: int = 200) -> str:
    """Points ((x, low, high), (y, low, high)) of the unit square as one `<svg>` with their intervals.

    Each has its name as its class and a shape of its own: "plain" a disc, "refined" a lozenge, "reals" a ring.
    """
    left, bottom, wide = 30, 20, side - 38
    across = lambda x: left + x * wide  # noqa: E731
    down = lambda y: side - bottom - y * wide  # noqa: E731
    parts = [f'<svg class="curve plane" viewBox="0 0 {side} {side}" role="img">']
    for value in (0, 0.5, 1):
        x, y = across(value), down(value)
        parts.append(f'<line class="grid" x1="{left}" x2="{across(1):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<line class="grid" y1="{down(0):.1f}" y2="{down(1):.1f}" x1="{x:.1f}" x2="{x:.1f}"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 3.5:.1f}" text-anchor="end">{value:g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{side - 6}" text-anchor="middle">{value:g}</text>')
    for name, ((x, *xs), (y, *ys)) in points.items():
        low, high = (across(min(1, max(0, v))) for v in xs)
        least, most = (down(min(1, max(0, v))) for v in ys)
        x, y = across(min(1, x)), down(min(1, y))
        shape = {
            "plain": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>',
            "refined": f'<path d="M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>',
            "reals": f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="6"/>',
        }[name]
        bars = f'<path class="bar" d="M{low:.1f} {y:.1f}H{high:.1f}M{x:.1f} {least:.1f}V{most:.1f}"/>'
        parts.append(f'<g class="point {name}">{bars}{shape}</g>')
    return "".join([*parts, "</svg>"])


def bars(fake: Sequence[float], real: Sequence[float], odd: Sequence[bool], names: Sequence[str]) -> str:
    """Shares as one `<svg>`: a bar for each of `fake`, marked where `odd`, and a line across it at that of `real`."""
    count, top, base = len(fake), TOP, HEIGHT - BOTTOM
    wide, most = (WIDTH - LEFT - RIGHT) / count, max(*fake, *real, 1e-9) * 1.1
    parts = [f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for value in ticks(0, most, 4):
        y = base - value / most * (base - top)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{spell(100 * value)} %</text>')
    written = max(map(len, names)) * 6.2 < wide  # where names have room
    for i, (share, usual, is_odd, name) in enumerate(zip(fake, real, odd, names)):
        x, tall, y = LEFT + i * wide, share / most * (base - top), base - usual / most * (base - top)
        parts.append(
            f'<rect class="{"odd" if is_odd else "share"}" x="{x + 0.15 * wide:.1f}" width="{0.7 * wide:.1f}" '
            f'y="{base - tall:.1f}" height="{tall:.1f}"/>'
        )
        parts.append(f'<path class="usual" d="M{x + 0.05 * wide:.1f} {y:.1f}h{0.9 * wide:.1f}"/>')
        if written:
            middle = x + wide / 2
            parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def bucket(x: np.ndarray, y: np.ndarray) -> Series:
    """At most BUCKETS points: where the points of each lie, their mean, and the least and largest of them."""
    finite = np.isfinite(y)
    x, y = x[finite].astype(float), y[finite].astype(float)
    pieces = [p for p in np.array_split(np.arange(len(x)), min(BUCKETS, max(1, len(x)))) if len(p)]
    of = lambda f, v: np.array([f(v[p]) for p in pieces])  # noqa: E731
    return of(np.mean, x), of(np.mean, y), of(np.min, y), of(np.max, y)


def decade_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Logarithms between `low` and `high` of 1, 2 or 5 times powers of ten, of powers alone where these are many."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for leading in ((1, 2, 5), (1,)):
        found = [power + math.log10(m) for power in powers for m in leading]
        found = [value for value in found if low <= value <= high]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def _points(pairs) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
