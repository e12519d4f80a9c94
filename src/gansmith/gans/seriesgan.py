"""SeriesGAN: series step by step, by likelihood and then R3GAN's loss: the default for series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gansmith.data import read
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.series import Series
from gansmith.data.kinds.series.linear import features
from gansmith.data.kinds.series.write import Made, history_of, members_where, seconds_of
from gansmith.data.spec import Kind
from gansmith.errors import DataError, UserError
from gansmith.game import setting
from gansmith.gans.base import new_rng
from gansmith.gans.likelihood import LikelihoodFirst, Watched
from gansmith.gans.r3gan import R3GAN
from gansmith.networks.steps import Law, StepDiscriminator, StepGenerator

AHEAD = 6  # steps that D judges together
PARTS, WATCHED = 40, 10  # of the windows, side by side; one in so many is put aside
MOST_WATCHED = 500  # windows


class SeriesGAN(LikelihoodFirst):
    """Not of a paper: R3GAN's game on a few steps at a time, after a likelihood. Numbers are normal scores. A linear
    law says what the next step should be, given the last ones, the calendar and the attributes of the series; G knows
    how what it leaves, the innovation, is distributed, given all of that and the columns before it in the same step (a
    mixture of normal laws for each), and so goes on for as long as it likes.

    First G learns the likelihood of steps alone. D sees `ahead` steps that G made one after the other, those before
    them, which are real, and their innovations; a quarter of them begin with nothing before, as series do. It plays in
    the last part of the training.

    One part in ten of the windows, parts of time side by side, is not learned from: as in TabularGAN, the likelihood of
    those in their middle, which no window that is learned from reaches into, says when to go back.

    Why: on windows as a whole a generator must learn from few examples what each step shares with all others, and one
    Gaussian of the whole window, fitted in a tenth of a second, was better than every GAN that was measured. The law
    with noise of the right distribution is as good as that Gaussian before any training; the likelihood says more in a
    minute than the game does: on hours of electricity a minute of likelihood alone made windows that trees told from
    real ones with an AUROC of .73, and with .3 of it left to the game of .77, so that the game has a twentieth.
    Proof: proofs/series.py.
    """

    name = "seriesgan"
    summary = "series step by step, by likelihood and R3GAN's loss: the default for series"
    batch_size: ClassVar[int] = 256
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks know the law
    recordable: ClassVar[bool] = False  # which windows are put aside, the items say
    unreached: ClassVar[dict[str, str]] = R3GAN.unreached | {
        "generator.enter": "what a column holds, only those after it are told",
        "generator.linear": "what a column holds, only those after it are told",
    }

    ahead: int = setting(AHEAD, "steps that D judges together", minimum=1)
    mixture: int = setting(8, "normal laws that the next number of a column is drawn from", minimum=1)
    aside: int | None = setting(
        None, "windows side by side that are put aside together; None: from the data", minimum=1
    )
    width: int = setting(128, "units of a hidden layer of G; D has twice as many", minimum=1)
    dropout: float = setting(0.2, "share of G's units dropped", minimum=0.0, maximum=1.0)
    game_share: float = setting(0.05, "share of the training in which D plays", minimum=0.0, maximum=0.9)
    adversarial: float = setting(1.0, "weight of G's adversarial loss beside the likelihood", minimum=0.0)
    gamma: float = setting(0.5, "weight of R1 and R2 at the start", minimum=0.0)
    gamma_end: float = setting(0.1, "… at the end", minimum=0.0)
    learning_rate: float = setting(3e-3, "Adam's learning rate at the start", minimum=0.0)
    discriminator_learning_rate: float = setting(1e-3, "D's at the start of the game", minimum=0.0)
    weight_decay: float = setting(1e-2, "of G", minimum=0.0)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        found = data if isinstance(data, Dataset) else read(data, **{"form": "series"} | options)
        form: Any = found.spec
        if not hasattr(form, "with_law") or "real" not in found.fields:
            raise DataError(f"SeriesGAN makes series and {found.name} holds {form.noun}: use {form.default_game}")
        rows = np.arange(len(found)) if found.rows is None else found.rows.numpy()
        return replace(found, spec=form.with_law(found.fields["real"], rows))

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if self.aside is None:
            self.aside = max(1, (count or 0) // PARTS)
        return []

    def build(self, spec: Any) -> None:
        if getattr(spec, "linear", None) is None:
            raise DataError(f"SeriesGAN makes series and the data is {spec.noun}: use {spec.default_game}")
        self.choose(spec)
        steps, channels = spec.shape[1], spec.shape[0] - spec.values
        join = partial(features, cycles=len(spec.cycles), join=partial(torch.cat, dim=1))
        tables = (spec.linear.weight, spec.linear.scale, spec.linear.knots, spec.groups or [[]])
        law = lambda: Law(*(torch.tensor(t, dtype=torch.float64) for t in tables), join)  # noqa: E731
        mix = torch.tensor(spec.linear.mix, dtype=torch.float32)
        self.generator = StepGenerator(
            law(), channels, steps, self.width, partial(contexts, spec), mix, self.mixture, self.dropout
        )
        self.discriminator = StepDiscriminator(law(), channels, min(self.ahead, steps - 1), 2 * self.width)
        self.latent = self.generator.latent
        self.watched = Watched(self.generator, 1, spec.shape[0] * steps, MOST_WATCHED)

    # --- the game ----------------------------------------------------------------------------------------------------
    def learned_from(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(where to look into each, from a quarter on at its beginning; the windows, laid flat) of those windows of a
        batch that are learned from; of the others those in the middle of their part are watched."""
        assert self.aside
        x, last = batch.real, batch.real.shape[2] - self.discriminator.ahead
        start = torch.randint(last + 1, (len(x), 1), device=x.device)
        start = start * (torch.rand(len(x), 1, device=x.device) > 0.25)
        part, place = batch.index // self.aside, (batch.index % self.aside + 0.5) / self.aside
        aside = part % WATCHED == WATCHED - 1
        middle = aside if self.aside < 4 else aside & (place > 0.25) & (place < 0.75)
        self.watched.keep(start, x.flatten(1), middle.to(x.device))
        learned = ~aside.to(x.device) | (len(x) < 2 * WATCHED)
        return start[learned], x.flatten(1)[learned]

    def likelihood(self, start: Tensor, windows: Tensor) -> Tensor:
        """log of the likelihood (n,) of the steps of windows from `start` (n, 1) on that D would see."""
        d, spec = self.discriminator, self.spec
        x = windows.unflatten(1, (spec.shape[0], -1))
        steps, innovations, known, context = d.part(x, start[:, 0])
        every, lags = range(d.ahead), d.law.lags
        before = torch.stack([steps[:, t : t + lags].flip(1) for t in every], 1)
        known = torch.stack([(known + t).clamp(max=lags) for t in every], 1)
        rows = before, known, context, innovations[:, :-1], innovations[:, 1:], steps[:, lags:]
        return self.generator.likelihood(*(part.flatten(0, 1) for part in rows)).view(len(x), -1).sum(1)

    def seen(self, start: Tensor, windows: Tensor) -> Batch:
        """What D sees: a few steps of each window, and those before."""
        d, spec = self.discriminator, self.spec
        part = d.part(windows.unflatten(1, (spec.shape[0], -1)), start[:, 0])
        return Batch(real=d.sight(*part), index=torch.arange(len(start)), memo={"part": part})

    def fake(self, batch: Batch) -> Tensor:
        steps, innovations, known, context = batch.memo["part"]
        lags = self.discriminator.law.lags
        noise = torch.randn(len(steps), context.shape[1], 2 * self.discriminator.law.values, device=steps.device)
        made, new = self.generator.roll(steps[:, :lags].flip(1), known, context, innovations[:, 0], noise)
        whole = torch.cat([steps[:, :lags], made], 1), torch.cat([innovations[:, :1], new], 1)
        return self.discriminator.sight(*whole, known, context)

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(
        self, n: int | None = None, *, seed: int | None = None, where: Mapping | None = None, start=None,
        length: int | None = None, history=None, batch_size: int = 250, label=None,
    ) -> np.ndarray:  # fmt: skip
        """`n` new series (n, channels, steps) in the data's units, the same for the same seed.

        n        None: as many as the data has, each as long, of its attributes and beginning when it does
        where    column -> value, of columns that hold for a whole series: {"city": "Lima"}
        start    the date of the first step, such as "2026-01-01"
        length   steps; None: of a window
        history  rows of the data's form (a path, a DataFrame) that each series goes on from, in place of `start`
        """
        self.check_is_fitted()
        spec: Any = self.spec
        rng = new_rng(seed)
        if label is not None:
            raise UserError('series have no label: where={"column": value} asks for some')
        members = members_where(spec, where)
        if history is not None:
            return self.continued(history, rng, n, length)
        if n is None:
            codes = np.array([m.codes for m in members], float).reshape(len(members), -1)
            begins = np.array([m.start for m in members])
            steps = np.array([length or m.length for m in members])
        else:
            codes, begins = drawn(members, torch.randn(n, 2, generator=rng), spec, length or spec.shape[1])
            steps = np.full(n, length or spec.shape[1])
        if start is not None:
            begins = np.full(len(codes), seconds_of(start))
        made = [
            self.rolled(codes[i : i + batch_size], begins[i : i + batch_size], steps[i : i + batch_size], rng)
            for i in range(0, len(codes), batch_size)
        ]
        longest = max((m.shape[2] for m in made), default=spec.shape[1])
        items = np.full((len(codes), spec.shape[0], longest), np.nan)
        for i, part in zip(range(0, len(codes), batch_size), made):
            items[i : i + batch_size, :, : part.shape[2]] = part
        return Made.of(items, codes, begins)

    def rolled(self, codes, begins, steps, rng, before=None, known=None, last=None) -> np.ndarray:
        """Series of these codes (n, named) from `begins` on, `steps` (n,) long, gaps behind; after `before`."""
        spec: Any = self.spec
        law, count, n = self.generator.law, int(steps.max()), len(codes)
        context = spec.context(codes, begins, count)
        noise = torch.randn(n, count, 2 * law.values, generator=rng).to(self.device)
        before = torch.zeros(n, law.lags, law.values, device=self.device) if before is None else before
        known = torch.zeros(n, dtype=torch.int64, device=self.device) if known is None else known
        last = torch.zeros(n, law.values, device=self.device) if last is None else last
        told = torch.from_numpy(context).float().to(self.device)
        with self.at_rest():
            made, _ = self.generator.roll(before, known, told.transpose(1, 2), last, noise)
        items = spec.to_data(torch.cat([made.transpose(1, 2), told], 1))
        items[:, : spec.values][
            np.broadcast_to((np.arange(count) >= steps[:, None])[:, None], (n, spec.values, count))
        ] = np.nan
        return items

    def continued(self, history, rng, n: int | None, length: int | None) -> np.ndarray:
        """Series that go on from the last steps of `history`; `n` of each."""
        spec: Any = self.spec
        law = self.generator.law
        codes, begins, x = history_of(spec, history, 2 * law.lags)  # (series, channels, 2 · lags)
        many = np.repeat(np.arange(len(codes)), n or 1)
        z = spec.to_network(torch.from_numpy(x)).to(self.device)
        before = z[:, : spec.values].transpose(1, 2).flip(1)
        known = torch.full((len(z),), law.lags, device=self.device)
        with self.at_rest():
            last = law.innovation(before[:, 0], before[:, 1 : law.lags + 1], known, z[:, spec.values :, -1])
        steps = np.full(len(many), length or spec.shape[1])
        rows = torch.from_numpy(many).to(self.device)
        at = before[:, : law.lags][rows], known[rows], last[rows]
        return Made.of(
            self.rolled(codes[many], begins[many], steps, rng, *at), codes[many], begins[many], going_on=True
        )


def contexts(spec: Series, place: Tensor, steps: int) -> Tensor:
    """(n, channels, steps): what the steps of series of the data are told that two normal numbers (n, 2) choose."""
    codes, begins = drawn(spec.members, place.detach().cpu(), spec, steps)
    return torch.from_numpy(spec.context(codes, begins, steps)).float()


def drawn(members, place: Tensor, spec: Series, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """(codes, beginnings) of series: which by the first of two normal numbers, by how long they are, and when by the
    second; at their beginning where whole series are learned."""
    share = torch.special.ndtr(place.double()).numpy().reshape(-1, 2)
    lengths = np.array([m.length for m in members], float)
    which = np.minimum(np.searchsorted(np.cumsum(lengths) / lengths.sum(), share[:, 0]), len(members) - 1)
    codes = np.array([m.codes for m in members], float).reshape(len(members), -1)[which]
    into = np.floor(share[:, 1] * np.maximum(0, lengths[which] - steps + 1)).astype(int)
    begins = np.array([spec.step.times(members[m].start, i + 1)[-1] for m, i in zip(which, into)], float)
    return codes, begins
