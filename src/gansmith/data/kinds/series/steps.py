"""Times of a series: the step that they keep, their place on its grid, and what of the calendar a step falls into."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

DAY = 86_400
REGULAR = 0.8  # share of steps that must be the commonest one, for times to be regular
CYCLES = {"hour": DAY, "weekday": 7 * DAY, "year": 365.2425 * DAY}  # seconds of each
NAMES = {1: "second", 60: "minute", 3600: "hour", DAY: "day", 7 * DAY: "week"}


@dataclass(frozen=True)
class Step:
    """The step of a series: `size` seconds, months or working days; kind "order": one row after the other.

    phase  seconds by which the grid of seconds lies after 1970: 1800 of hours that are read at half past
    """

    kind: str = "order"
    size: float = 1.0
    phase: float = field(default=0.0, compare=False)

    def to_json(self) -> dict:
        return asdict(self)

    def __str__(self) -> str:
        """'hour', '15 minutes', '3 months', 'working day'."""
        if self.kind == "order":
            return "row"
        if self.kind == "seconds":
            size = max((s for s in NAMES if not self.size % s), default=1)
            count, name = self.size / size, NAMES[size]
        else:
            count, name = self.size, {"months": "month", "business": "working day"}[self.kind]
        return name if count == 1 else f"{count:g} {name}s"

    @property
    def one(self) -> str:
        """'one hour', '15 minutes'."""
        return str(self) if str(self)[0].isdigit() else f"one {self}"

    def places(self, times: np.ndarray) -> np.ndarray:
        """Seconds since 1970 to whole places on the grid, int64; what lies between two goes to the nearest."""
        if self.kind == "seconds":
            return np.floor((times - self.phase) / self.size + 0.5).astype(np.int64)  # rint goes to even halves
        if self.kind == "months":
            return (months(times) // int(self.size)).astype(np.int64)
        if self.kind == "business":
            return np.busday_count("1970-01-01", days(times)).astype(np.int64)
        return np.asarray(times).astype(np.int64)

    def times(self, first, count: int) -> np.ndarray:
        """Seconds since 1970 (…, count) of so many steps from each time in `first` (…) on."""
        return self.after(np.asarray(first, float)[..., None], np.arange(count))

    def after(self, first, ahead) -> np.ndarray:
        """Seconds since 1970, so many steps `ahead` of times `first`."""
        first, ahead = np.asarray(first, float), np.asarray(ahead, np.int64)
        if self.kind == "seconds" or self.kind == "order":
            return first + ahead * self.size
        if self.kind == "business":
            return np.busday_offset(days(first), ahead, roll="forward").astype("datetime64[s]").astype(float)
        start = first.astype(np.int64).astype("datetime64[s]")
        month = start.astype("datetime64[M]")
        into = start - month.astype("datetime64[s]")
        last = (start.astype("datetime64[D]") + 1).astype("datetime64[M]") > month
        made = month + ahead * int(self.size)
        ends = (made + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        clock = start - start.astype("datetime64[D]").astype("datetime64[s]")
        into = np.minimum(made.astype("datetime64[s]") + into, ends.astype("datetime64[s]") + clock)
        return np.where(last, ends.astype("datetime64[s]") + clock, into).astype("datetime64[s]").astype(np.float64)


def days(times: np.ndarray) -> np.ndarray:
    return np.floor_divide(times, DAY).astype("datetime64[D]")


def months(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def step_of(series: list[np.ndarray]) -> tuple[Step | None, float]:
    """(the step that the times of all `series` keep, the share of their steps that is exactly one); None: none.

    series  seconds since 1970, each ascending without repetition
    """
    times = np.concatenate([t for t in series if len(t) > 1] or [np.zeros(0)])
    gaps = np.concatenate([np.diff(t) for t in series if len(t) > 1] or [np.zeros(0)])
    if not len(gaps):
        return None, 0.0
    sizes, counts = np.unique(gaps, return_counts=True)
    usual, share = float(sizes[counts.argmax()]), float(counts.max() / len(gaps))
    if usual == DAY and len(times) >= 10 and not (times % DAY).any() and np.is_busday(days(times)).all():
        one = np.concatenate([np.diff(Step("business").places(t)) for t in series if len(t) > 1])
        return Step("business"), float((one == 1).mean())
    if share >= REGULAR or (share >= 0.5 and not (gaps % usual).any()):
        phases, counts = np.unique(times % usual, return_counts=True)
        return Step("seconds", usual, float(phases[counts.argmax()])), share
    apart = np.concatenate([np.diff(months(t)) for t in series if len(t) > 1])
    size = int(np.bincount(apart[apart > 0]).argmax()) if (apart > 0).any() else 0
    if size and 27 * DAY <= usual <= 367 * DAY and (apart > 0).all() and (apart % size == 0).all():
        return Step("months", size), float((apart == size).mean())
    return None, share


def cycles_of(step: Step, seconds: float) -> tuple[str, ...]:
    """The cycles of the calendar that a series of this step knows, which is `seconds` long: those that it goes through
    twice, and the day of the year from a quarter of one on, which says how its level drifts."""
    if step.kind == "order":
        return ()
    size = {"seconds": step.size, "months": 30 * DAY * step.size, "business": DAY}[step.kind]
    long = lambda name, whole: seconds >= (0.25 if name == "year" else 2) * whole  # noqa: E731
    return tuple(name for name, whole in CYCLES.items() if size * 2 <= whole and long(name, whole))


def calendar(times: np.ndarray, cycles: tuple[str, ...], seen: tuple[float, float] | None = None) -> np.ndarray:
    """(2·cycles, …): sine and cosine of the hour in the day, of the day in the week and of the day in the year, of
    times (…) on the wall.

    seen  first and last time of the data: where that is less than a year, other days take the place of the nearest end
    """
    made = [np.zeros((0, *np.shape(times)))]
    for name in cycles:
        at = {"hour": times % DAY / DAY, "weekday": (days(times).astype(np.int64) + 3) % 7 / 7}.get(name)
        if at is None:
            if seen is not None and seen[1] - seen[0] < CYCLES["year"]:
                times = np.clip(times, *seen)
            year = days(times).astype("datetime64[Y]")
            at = (days(times) - year.astype("datetime64[D]")).astype(np.float64) / 365.2425
        made.append(np.stack([np.sin(2 * np.pi * at), np.cos(2 * np.pi * at)]))
    return np.concatenate(made)


def span(members, step: Step) -> tuple[float, float]:
    """First and last time of these series, about: the end of the one that begins last, or of the longest."""
    last = [max(members, key=lambda m: m.start), max(members, key=lambda m: m.length)]
    return min(m.start for m in members), float(max(step.times(m.start, m.length)[-1] for m in last))


def seasons(x: np.ndarray, longest: int) -> list[tuple[int, float]]:
    """(period in steps, autocorrelation there) of one series (n,) without gaps: the shortest that is nearly as strong
    as any, and longer ones that are stronger; at most three."""
    x = np.nan_to_num(x - np.nanmean(x))
    spectrum = np.fft.rfft(np.diff(x), 2 * len(x))
    acf = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2]
    acf = acf / max(acf[0], 1e-12)
    around = lambda k: acf[k - k // 2 : k + k // 2 + 1].max()  # noqa: E731
    peaks = [(k, float(acf[k])) for k in range(4, longest * 2 // 3) if acf[k] >= max(0.1, around(k))]
    if not peaks:
        return []
    found = [next((k, r) for k, r in peaks if r >= 0.7 * max(height for _, height in peaks))]
    for k, height in sorted(peaks, key=lambda peak: -peak[1]):
        if len(found) < 3 and k > found[-1][0] and height > 1.1 * found[-1][1]:
            found.append((k, height))
    return found
