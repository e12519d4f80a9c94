"""GroupGAN: groups of rows, such as customers and their orders: the default for tables with --group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.groups import Grouped, Groups
from gansmith.data.kinds.groups.told import Habit, table_codes
from gansmith.data.kinds.table.asked import Rule, holds, ranges, rules
from gansmith.data.kinds.table.bins import Bins
from gansmith.data.kinds.table.bounds import both, bounds_of, finished, within
from gansmith.data.labels import few
from gansmith.data.spec import Kind
from gansmith.errors import DataError, UserError
from gansmith.game import setting
from gansmith.gans.base import new_rng
from gansmith.gans.tabular import PARTICLES, TabularGAN, until_made
from gansmith.networks.columns import draw

BLOCK = 4000  # groups drawn at once
Rules = tuple[Rule, ...]


class GroupGAN(TabularGAN):
    """Not of a paper: TabularGAN, row after row. What holds for a group (its attributes, its first date, how many rows
    it has) is made first, column after column; then each row, from the group, the row's number, the row before and the
    average of all rows before, which is what a group's habits leave: of numbers the mean, of other values the
    commonest.

    One network makes all of it, since a row is what was said of the group, what it is told, and its own columns, one
    after the other. The likelihood of a group is that of its first part and of all its rows; half of the rows of a
    batch are first ones, by which groups of any length count alike for what holds for them. D judges a row beside what
    was said and told before it, and G's fakes begin with that.

    Dates are made as the time since the row before, so that rows stay in order. What is asked of groups (`where`) and
    what must hold in rows (`keep`, also of a row and its group or the row before: "odometer >= last odometer") is met
    by construction. One group in ten is not learned from: as in TabularGAN, it says when to go back.
    Proof: proofs/groups.py, with the control that rows are dealt to groups by chance.
    """

    name = "groupgan"
    summary = "customers and their orders: groups of rows, one row after the other"
    unsupported_settings: ClassVar[tuple[str, ...]] = (*TabularGAN.unsupported_settings, "types")

    keep: str | None = setting(None, "what holds in every row: 'paid <= amount, odometer >= last odometer'")
    bins: int | None = setting(None, "bins of a column of numbers, at most; None: from the groups and rows", minimum=1)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        from gansmith.data import read

        found = read(data, form="groups", **options)
        if not isinstance(found, Grouped):
            raise DataError(f"{found.name} holds {found.spec.noun}, and groups are expected: {Groups.takes}")
        form: Any = found.spec
        spec, flat = form.with_bins(found.fields["real"], found.starts, self.bins)
        kept_by(spec, self.keep, flat)
        plain = {f.name: getattr(found, f.name) for f in fields(Grouped)}
        return RowsOfGroups(**plain | {"spec": spec}, flat=flat)

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        return []

    def build(self, spec: Any) -> None:
        if not hasattr(spec, "plan"):
            raise DataError(f"GroupGAN makes groups of rows and the data is {spec.noun}: use {spec.default_game}")
        self.choose(spec)
        self.plan = spec.plan
        self.build_columns(Bins(spec.flat, self.levels))

    @property
    def told(self) -> int:  # type: ignore[override]
        """Columns of a row before its own; the flat table's first, which the layout leaves out, names the group."""
        return self.plan.rows.start - 1

    @property
    def parents(self) -> range:
        return range(self.plan.parents.stop - 1)

    # --- the game ----------------------------------------------------------------------------------------------------
    def likelihood(self, parts: Tensor, places: Tensor) -> Tensor:
        """Of each row given what it is told (n,); of first rows, that of their group, too."""
        own = range(self.told, len(self.layout.widths))
        first = parts[:, self.plan.first - 1] == 1
        group = self.generator.likelihood(parts[first], places[first], self.parents)
        return self.generator.likelihood(parts, places, own).index_add(0, torch.nonzero(first)[:, 0], group)

    def owners(self, batch: Batch) -> Tensor:
        return batch.real[:, 0].long()

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(self, n: int | None = None, *, seed: int | None = None, where: Mapping | None = None) -> np.ndarray:
        """`n` new groups (n, rows, columns of the table), codes, NaN behind the last row; the same for the same seed.
        `spec.frame(…)` makes a DataFrame of them, and `frame` does both.

        n      None: as many as the data has
        where  column of groups -> a value, a range ("> 60") or a list of such: every group is so
        """
        self.check_is_fitted()
        spec: Any = self.spec
        flat, n = spec.flat, spec.count if n is None else n
        own = {str(flat.entries[k].name): k for k in spec.plan.parents}
        if unknown := [name for name in where or {} if str(name) not in own]:
            raise UserError(
                f"--where {unknown[0]}: groups can be asked for {few(list(own), 20)}, which hold for all rows"
            )
        rng, asked = new_rng(seed), ranges(flat.entries, where or {})
        chance = np.random.default_rng(int(torch.randint(2**31, (), generator=rng)))
        with self.at_rest():
            made = [self.block(min(BLOCK, n - i), rng, chance, asked) for i in range(0, n, BLOCK)]
        return np.concatenate([np.zeros((0, *spec.shape)), *made])

    def frame(self, n: int | None = None, *, seed: int | None = None, where: Mapping | None = None):
        """`sample` as a DataFrame of the table's columns and types, one group below the other, under new names."""
        return self.spec.frame(self.sample(n, seed=seed, where=where))

    def block(self, n: int, rng: torch.Generator, chance: np.random.Generator, asked: Mapping) -> np.ndarray:
        """`n` groups: what holds for them, then their rows, all groups one row further at a time."""
        spec: Any = self.spec
        plan, entries = spec.plan, spec.flat.entries
        of_groups, of_rows = kept_by(spec, self.keep)
        groups = self.groups(n, rng, chance, asked, of_groups)
        lengths = np.clip(np.nan_to_num(groups[:, plan.parents.stop - 1], nan=1.0), 1, spec.shape[0]).astype(int)
        codes = np.full((n, len(entries)), np.nan)
        codes[:, : plan.parents.stop] = groups[:, : plan.parents.stop]
        habits = [Habit(entries[plan.rows.start + k]) for k in plan.habits]
        counts = [np.zeros((n, h.size)) for h in habits]
        rows = []
        for step in range(int(lengths.max(initial=0))):
            now = np.flatnonzero(lengths > step)
            told = [(codes[now, plan.first], float(step == 0)), (codes[now, plan.first + 1], step + 1.0)]
            codes[now, plan.first], codes[now, plan.first + 1] = (value for _, value in told)
            start = plan.first + 2
            codes[now, start : start + plan.size] = codes[now, plan.rows.start :] if step else np.nan
            for k, (habit, count) in enumerate(zip(habits, counts), start + plan.size):
                codes[now, k] = habit.of(count[now])
            codes[now, plan.rows.start :] = self.row(codes[now], step, rng, chance, of_rows)
            for k, habit, count in zip(plan.habits, habits, counts):
                count[now] += habit.counts(codes[now, plan.rows.start + k])
            rows.append(np.c_[now, np.full(len(now), step), codes[now]])
        every = np.concatenate(rows)
        every = every[np.lexsort((every[:, 1], every[:, 0]))][:, 2:]
        starts = np.cumsum([0, *lengths])
        return spec.items_of(table_codes(plan, spec.table.entries, every, starts), starts)

    def groups(self, n: int, rng: torch.Generator, chance: np.random.Generator, asked: Mapping, kept: Rules):
        """Codes of the flat table (n, columns) of groups that are as `asked` and keep the rules; only those of groups
        mean anything."""
        bounds, particles = bounds_of(self.layout, asked, kept), PARTICLES if asked else 1

        def make(which: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            parts, places, alive = draw(self.generator, len(which), rng, bounds, particles, columns=self.parents)
            codes = finished(self.layout, (parts, places), chance, asked, kept)
            return codes, alive.numpy() & self.holding(codes, kept)

        return until_made(np.zeros((n, len(self.spec.flat.entries))), make, "groups")

    def row(
        self, codes: np.ndarray, step: int, rng: torch.Generator, chance: np.random.Generator, kept: Rules
    ) -> np.ndarray:
        """Codes of the columns of a row (n, columns of a row), of groups of which `codes` (n, flat columns) say what it
        is told; the time since the row before is none in the first."""
        spec: Any = self.spec
        begin = self.told + (spec.plan.dated and step == 0)
        if begin == len(self.layout.widths):
            return codes[:, spec.plan.rows.start :]
        given = self.layout.place(spec.flat.to_network(torch.from_numpy(codes)).to(self.device))
        dated = spec.plan.dated and not spec.table.entries[spec.plan.order].missing  # all rows, in the data
        known = codes.copy()
        known[:, spec.plan.rows.start :] = np.nan

        def make(which: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            bounds = bounds_of(self.layout, {}, kept, codes=known[which])
            if dated and step:
                there = lambda *made: self.layout.there(self.told)  # noqa: E731
                bounds[self.told] = both([there, bounds[self.told]]) if self.told in bounds else there
            parts, places, alive = draw(
                self.generator, len(which), rng, bounds, given=tuple(x[which] for x in given),
                columns=range(begin, len(self.layout.widths)),
            )  # fmt: skip
            made = finished(self.layout, (parts, places), chance, {}, kept, known[which])
            return made, alive.numpy() & self.holding(made, kept)

        made = until_made(codes.copy(), make, "rows")[:, spec.plan.rows.start :]
        if spec.plan.dated and step == 0:
            made[:, 0] = np.nan
        return made

    def holding(self, codes: np.ndarray, kept: Rules) -> np.ndarray:
        """Whether the rules hold in rows of the flat table (n,), within the ranges of their columns."""
        good = within(self.layout, codes, kept)
        for rule in kept:
            good &= holds(rule, self.spec.flat.entries, codes)
        return good

    def impute(self, rows, *, seed: int | None = None):
        raise UserError("GroupGAN fills no cells: train the GAN 'tabular' on the table first")

    def score_samples(self, x, *, batch_size: int = 1000) -> np.ndarray:
        """D's score of each group, the mean of its rows', (n,) float32."""
        self.check_is_fitted()
        spec: Any = self.spec
        flat = spec.flat_of(x)
        rows = spec.flat.to_network(torch.from_numpy(flat)).to(self.device)
        with self.at_rest():
            scores = []
            for part in rows.split(batch_size):
                parts, places = self.layout.place(part)
                scores.append(self.discriminator(self.layout.seen(self.layout.flat(parts), places)).cpu())
        count = np.bincount(flat[:, 0].astype(int), minlength=len(x))
        total = np.bincount(flat[:, 0].astype(int), torch.cat(scores).numpy() if len(rows) else None, len(x))
        return (total / np.maximum(count, 1)).astype(np.float32)


def kept_by(spec: Any, text: str | None, codes: np.ndarray | None = None) -> tuple[Rules, Rules]:
    """(the rules that hold for a group, those of its rows), by what of a rule is made last. UserError for one that is
    none, or that does not hold in all rows of `codes`."""
    plan, entries = spec.plan, spec.flat.entries

    def called(row: int) -> str:
        return f"row {codes[row, plan.first + 1]:.0f} of group {codes[row, 0] + 1:.0f} of the table"

    found = rules(text, entries, codes, called)
    for rule in found:
        if rule.kind == "unique":
            raise UserError(f"--keep {rule.text!r}: of groups only rules within a row are kept, such as 'a >= b'")
        if max(rule.left, *rule.right) not in (*plan.parents, *plan.rows):
            raise UserError(f"--keep {rule.text!r}: name a column of the row or of its group, which can be made so")
    of_rows = tuple(rule for rule in found if max(rule.left, *rule.right) in plan.rows)
    return tuple(rule for rule in found if rule not in of_rows), of_rows


@dataclass
class RowsOfGroups(Grouped):
    """Rows drawn for training: of a batch, half are the first rows of the groups that its index names, half any rows
    of any groups of this set, which chance draws."""

    flat: np.ndarray | None = None  # codes of the flat table, one for each row of `fields`

    def batch(self, index: Tensor, device="cpu") -> Batch:
        if not self._tensors:
            assert self.flat is not None and self.rows is not None
            form: Any = self.spec
            groups = self.rows.numpy()
            mine = np.concatenate([np.arange(a, b) for a, b in zip(self.starts[groups], self.starts[groups + 1])])
            self._tensors = {
                "real": form.flat.to_network(torch.from_numpy(self.flat)), "mine": torch.from_numpy(mine),
                "first": torch.from_numpy(self.starts[groups]),
            }  # fmt: skip
        mine, first = self._tensors["mine"], self._tensors["first"].index_select(0, index)
        drawn = mine[(torch.rand(len(index)) * len(mine)).long().clamp_(max=len(mine) - 1)]
        rows = torch.where(torch.arange(len(index)) % 2 == 0, first, drawn)
        return Batch(real=self._tensors["real"][rows].to(device), index=index)
