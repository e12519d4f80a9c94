"""The log of a run so far, with what the rules ask of it."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.data.spec import Kind
from gansmith.gans import GAMES
from gansmith.training.metrics import explain, metrics

NEAR = 0.5  # coverage from which on samples have come near the data, however few steps it took
WARM = 0.08  # share of a run in which samples are not judged: every generator begins with noise


class Past:
    """Rows of the log, added one by one; `about` is what settings.json says of the run."""

    def __init__(self, about: Mapping):
        self.settings, self.options = about["settings"], about["options"]
        self.game = about.get("game", "")
        self.items = about.get("items", 1000)
        self.form = Kind.from_json(about["spec"]) if about.get("spec") else None
        self.row: Mapping = {}
        self.level: dict[str, float] = {}  # what the data's own levels are, by name without "level/"
        self.series: dict[str, list[float]] = {}

    def add(self, row: Mapping) -> None:
        self.row = row
        for name, value in row.items():
            if name.startswith("level/"):
                self.level[name[6:]] = value
            elif self.warm or not name.startswith("look/"):  # what noise scores is nobody's best
                self.series.setdefault(name, []).append(value)

    @property
    def of_pictures(self) -> bool:
        return self.form.axes == 2 and self.form.bounded

    @property
    def looking(self) -> bool:
        """Whether the last row holds a look."""
        return any(name.startswith(("look/", "level/")) for name in self.row)

    @property
    def share(self) -> float:
        """Of the budget that is spent."""
        steps, minutes = self.options.get("steps"), self.options.get("minutes")
        return self.row["step"] / steps if steps else self.row["seconds"] / (60 * minutes)

    @property
    def warm(self) -> bool:
        return self.share >= WARM

    @property
    def needed(self) -> tuple[int, int]:
        """Training steps after which samples usually resemble such data, and after which they are usually good."""
        if self.form is None:
            return 0, 0
        return self.form.steps_needed(self.items, self.options.get("batch_size") or 64)

    @property
    def young(self) -> bool:
        """Too few steps to say that the samples are bad: that they are not there yet is what such a run looks like."""
        near = self.last("look/coverage", 1)
        return self.row.get("step", 0) < self.needed[0] and not (near and near[0] > NEAR)

    def has(self, *names: str) -> bool:
        return all(name in self.row for name in names)

    def last(self, name: str, count: int) -> list[float]:
        return self.series.get(name, [])[-count:]

    def best(self, name: str) -> float:
        """The largest value before the last; 0 when there is none."""
        return max(self.series.get(name, [])[:-1], default=0.0)

    # --- a number against its level: the evidence when it is outside, else None --------------------------------------
    def under(self, name: str, level: float | None = None) -> dict | None:
        level = metrics()[name].low if level is None else level
        return self.evidence(name) if name in self.row and self.row[name] < level else None

    def over(self, name: str, level: float | None = None) -> dict | None:
        level = metrics()[name].high if level is None else level
        return self.evidence(name) if name in self.row and self.row[name] > level else None

    def fallen(self, name: str, share: float, from_least: float) -> dict | None:
        """Below `share` of its best, if that was ever above `from_least`. Better than real data is not better."""
        best = min(self.best(name), 1.0)
        if name in self.row and best > from_least and self.row[name] < share * best:
            return {name: f"{self.row[name]:.3g} (its best was {best:.3g})"}
        return None

    def risen(self, name: str, times: float, lines: int = 3) -> dict | None:
        """Each of the last three values above so many `times` its best, where low is good."""
        last = self.last(name, lines)
        best = min(self.series.get(name, []), default=0.0)
        if len(last) == lines and min(last) > times * best:
            return {name: f"{last[-1]:.3g} (its best was {best:.3g})"}
        return None

    def evidence(self, *names: str) -> dict[str, str]:
        """Each number with what is healthy, in words."""
        said = {}
        for name in names:
            healthy = explain(name, GAMES.get(self.game)).healthy
            own = f"; real data: above {self.level[name[5:]]:.3g}" if name[5:] in self.level else ""
            now = self.row.get(name, *self.last(name, 1))  # of a player that rested, what it last said
            said[name] = f"{now:.3g} (healthy: {healthy}{own})"
        return said
