"""TabularGAN: rows of a table, column after column, then against a discriminator: the default for tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.table.asked import holds, ranges, rules
from gansmith.data.kinds.table.bins import Bins, with_bins
from gansmith.data.kinds.table.bounds import bounds_of, emptied, filled, finished, within
from gansmith.data.kinds.table.keys import advice
from gansmith.data.kinds.table.layout import gumbel
from gansmith.data.kinds.table.rows import read_rows
from gansmith.data.spec import Kind
from gansmith.errors import DataError, UserError
from gansmith.game import setting
from gansmith.gans.base import new_rng
from gansmith.gans.likelihood import LikelihoodFirst, Watched
from gansmith.gans.r3gan import R3GAN
from gansmith.networks.columns import Bounds, ColumnGenerator, RowDiscriminator, draw

BLOCK = 4000  # rows drawn at once
PARTICLES = 32  # of each row that is asked to be something
TRIED, IDLE = 64, 5  # rows that are tried at once after the first ones; blocks without a good one before it gives up
WATCHED = 10  # one row in so many is not learned from: it tells when to stop


def until_made(found: np.ndarray, make: Callable, noun: str, block: int | None = None) -> np.ndarray:
    """`found` (n, columns) with every row as it was made; those that were not good are made again, several at once.
    UserError when none comes any more.

    make   (numbers of rows to make (m,), those that are missing) -> codes (m, columns), which of them are good
    noun   what rows are, for the error;  block  rows made at once; None: all
    """
    n, missing, idle = len(found), np.arange(len(found)), 0
    while len(missing):
        now = missing[:block]
        if idle or len(missing) < n:  # rows that are hard to make are tried several at once
            now = np.resize(now, max(len(now), TRIED))
        codes, good = make(now, missing)
        found[now[good]] = codes[good]
        missing = np.setdiff1d(missing, now[good])
        idle = 0 if good.any() else idle + 1
        if idle > IDLE:
            raise UserError(f"{n - len(missing):,} of {n:,} {noun} could be made as asked: ask for less at once")
    return found


class TabularGAN(LikelihoodFirst):
    """Not of a paper: a generator that makes one column after the other, each from noise and the columns before it, and
    plays R3GAN's game against a discriminator of whole rows.

    Columns of numbers are cut into bins of about as many rows (values that many rows share stay apart); a bin and a
    normal score within it are a point of the column's quantile function, so that each column is distributed as it was
    before any training. What is known of a row so far is a sum of vectors, one for each column made (NADE, Larochelle &
    Murray 2011), which a perceptron reads to choose the next.

    First G learns the likelihood of rows alone. Then D, which sees one-hot parts and numbers, learns to tell its rows
    from real ones, and for the rest of the time both play by L_D and L_G of R3GAN with both penalties, beside the
    likelihood. Fakes begin with the first columns of the real row they are paired with, how many chance says, none in
    half of the rounds; the gradient goes through G's choices as through a softmax (Gumbel-softmax, straight through).

    One row in ten is not learned from. When its likelihood has not grown for 200 moves, G goes back to where it was
    best and takes smaller steps: small tables are not learned by heart.

    Because a row is made in order, what is asked of it (`where`, `impute`) and what must hold in it (`keep`) are met by
    construction: a column may only take what is allowed, and rows are weighted by how likely that was.
    Proof: proofs/tabular.py, with and without L_G. On two tables of a minute each (credit card clients,
    Adult) L_G changed next to nothing: what the rows are worth is the likelihood's work.
    """

    name = "tabular"
    summary = "rows of a table, column after column: the default for tables"
    batch_size: ClassVar[int] = 256
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks know the columns
    recordable: ClassVar[bool] = False  # which rows a fake begins with, chance says on the CPU
    unreached: ClassVar[dict[str, str]] = R3GAN.unreached | {
        "discriminator.last.bias": "the loss is of differences of scores, which no constant changes",
        "generator.enter.shared": "what the last column holds, no other is told",
        "generator.place_in": "what the last column holds, no other is told",
    }
    told: ClassVar[int] = 0  # columns of a row that are never made

    types: str | None = setting(None, "what columns are that do not look it: 'zip=categorical, since=date'")
    keep: str | None = setting(None, "what holds in every row: 'end >= start, total = net + tax, unique city date'")
    levels: int = setting(500, "values of a column that G makes one by one", minimum=1)
    bins: int | None = setting(None, "bins of a column of numbers, at most; None: from the rows", minimum=1)
    width: int = setting(128, "units of a hidden layer of G; D has twice as many", minimum=1)
    temperature: float = setting(0.7, "τ of the Gumbel-softmax", minimum=1e-3)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        found = read_rows(data, self.types, "TabularGAN", **options)
        rules(self.keep, found.spec.entries, found.fields["real"])
        if "unique" not in (self.keep or ""):
            found = replace(found, notes=(*found.notes, *advice(found.spec.entries, found.fields["real"])))
        return with_bins(found, self.bins or min(40, max(8, len(found) // 150)))

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        return spec.kept_otherwise()

    def build(self, spec: Any) -> None:
        if not hasattr(spec, "entries") or not all(c.discrete or c.bins for c in spec.entries):
            raise DataError(f"TabularGAN makes rows of tables and the data is {spec.noun}: use {spec.default_game}")
        self.choose(spec)
        self.build_columns(Bins(spec, self.levels))

    def build_columns(self, bins: Bins) -> None:
        if not bins.parts:
            raise DataError("no column of the table can be learned: they are all ids")
        self.layout = bins
        inside = bins.parts + len(bins.numbers)
        self.generator = ColumnGenerator(
            bins.start, bins.numbers, bins.shares, bins.curves, bins.wide > 0, self.width, self.dropout
        )
        self.discriminator = RowDiscriminator(inside, 2 * self.width)
        self.latent = inside
        self.watched = Watched(self.generator, len(bins.widths), len(bins.numbers))

    # --- the game ----------------------------------------------------------------------------------------------------
    def likelihood(self, parts: Tensor, places: Tensor) -> Tensor:
        """log of the likelihood (n,) of rows in parts (n, columns) and places (n, numbers)."""
        return self.generator.likelihood(parts, places)

    def learned_from(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Parts and places of the rows of a batch that are learned from; the others are put aside, to be watched."""
        parts, places = self.layout.place(batch.real)
        aside = (self.owners(batch) % WATCHED == 0).to(parts.device)
        self.watched.keep(parts, places, aside)
        aside = aside & (len(batch) >= WATCHED)
        return parts[~aside], places[~aside]

    def owners(self, batch: Batch) -> Tensor:
        """Numbers (n,) of what the rows of a batch belong to, which is watched, or learned from, as a whole."""
        return batch.index

    def seen(self, parts: Tensor, places: Tensor) -> Batch:
        """Rows as D sees them, and beside them as G does."""
        row = self.layout.flat(parts), places
        return Batch(real=self.layout.seen(*row), index=torch.arange(len(parts)), memo={"row": row})

    def fake(self, batch: Batch) -> Tensor:
        columns, least = len(self.layout.widths), self.told
        begin = int(torch.randint(2 * least - columns, columns, ()).clamp(min=least))
        noise = gumbel((len(batch), self.layout.parts), batch.real.device)
        spots = torch.randn(len(batch), len(self.layout.numbers), device=noise.device)
        return self.layout.seen(*self.generator(noise, spots, self.temperature, batch.memo["row"], begin))

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(self, n: int, *, seed: int | None = None, where: Mapping | None = None):
        """`n` new rows, a DataFrame with the table's columns and types, the same for the same seed.

        where  column -> a value, a range ("> 60", "10 .. 20"; dates, too) or a list of such: every row is so. UserError
               when such rows hardly ever come
        """
        self.check_is_fitted()
        spec: Any = self.spec
        rng, asked = new_rng(seed), ranges(spec.entries, where or {})
        return spec.frame(self.drawn(n, rng, asked))

    def impute(self, rows, *, seed: int | None = None):
        """`rows`, a DataFrame of the table's columns, whose empty cells are filled with what they may have held, given
        the others of their row; drawn, not guessed: another seed gives other values."""
        self.check_is_fitted()
        spec: Any = self.spec
        rows = emptied(spec, rows)
        rng, codes = new_rng(seed), spec.codes(rows)
        made = self.drawn(len(codes), rng, {}, codes)
        return filled(spec, rows, codes, made)

    def drawn(self, n: int, rng: torch.Generator, asked: Mapping, known: np.ndarray | None = None) -> np.ndarray:
        """Codes (n, columns of the table) of rows that are what is `asked`, or that hold what is `known` (n, columns),
        and keep the rules."""
        spec: Any = self.spec
        kept = rules(self.keep, spec.entries)
        chance = np.random.default_rng(int(torch.randint(2**31, (), generator=rng)))
        found = np.full((n, len(spec.entries)), np.nan)
        particles = PARTICLES if asked or known is not None else 1

        def make(now: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            own = None if known is None else known[now]
            bounds = bounds_of(self.layout, asked, kept, None if own is None else self.placed(own), own)
            made, good = self.block(len(now), rng, bounds, particles)
            codes = finished(self.layout, made, chance, asked, kept, own)
            good &= within(self.layout, codes, kept, own)
            for rule in kept:
                if rule.kind != "unique":
                    good &= holds(rule, spec.entries, codes)
                elif known is None:  # among those that there are
                    there = np.concatenate([found[np.setdiff1d(np.arange(n), missing)], codes])
                    good &= holds(rule, spec.entries, there)[-len(codes) :]
            return codes, good

        return until_made(found, make, "rows", BLOCK // particles)

    def placed(self, codes: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Parts, places and which cells are there (n, columns of the layout) of rows of the table's codes."""
        spec: Any = self.spec
        rows = spec.to_network(torch.from_numpy(codes))
        parts, places = self.layout.place(rows.to(self.device))
        return parts.cpu(), places.cpu(), ~rows[:, self.layout.source.cpu()].isnan()

    def block(self, n: int, rng: torch.Generator, bounds: Mapping[int, Bounds], particles: int):
        with self.at_rest():
            parts, places, alive = draw(self.generator, n, rng, bounds, particles)
        return (parts, places), alive.numpy()

    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """(n, latent) normal noise to rows as D sees them (n, parts + numbers), differentiable."""
        uniform = torch.special.ndtr(latent[:, : self.layout.parts]).clamp(1e-7, 1 - 1e-7)
        noise = -(-uniform.log()).log()
        return self.layout.seen(*self.generator(noise, latent[:, self.layout.parts :], self.temperature))

    def score_samples(self, x, *, batch_size: int = 1000) -> np.ndarray:
        """D's score of each row of a DataFrame, (n,) float32."""
        self.check_is_fitted()
        spec: Any = self.spec
        rows = spec.to_network(torch.from_numpy(spec.codes(x))).to(self.device)
        with self.at_rest():
            scores = []
            for part in rows.split(batch_size):
                parts, places = self.layout.place(part)
                scores.append(self.discriminator(self.layout.seen(self.layout.flat(parts), places)).cpu().numpy())
        return np.concatenate(scores) if len(rows) else np.empty(0, np.float32)
