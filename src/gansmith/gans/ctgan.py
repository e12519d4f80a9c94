"""CTGAN: rows of any table: categories, numbers, dates, gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gansmith import penalties
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.table import Table, TableSpec
from gansmith.data.kinds.table.columns import spelled
from gansmith.data.kinds.table.layout import Layout, gumbel
from gansmith.data.kinds.table.modes import with_modes
from gansmith.data.kinds.table.rows import read_rows
from gansmith.data.labels import few
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import all_gather, local_rows
from gansmith.errors import DataError, UserError, nearest
from gansmith.game import Turn, observe, setting
from gansmith.gans.base import FromNoise, new_rng, observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.rows import PackDiscriminator, RowGenerator
from gansmith.training.metrics import Metric

TRIES = 200  # rows that may be drawn for each one that a condition asks for, or for each of a block
BLOCK = 500  # rows drawn at once


class CTGAN(FromNoise):
    """Rows of a table: a DataFrame in, a DataFrame out. Four ideas:
    - Mode-specific normalisation (section 4.2): a variational Gaussian mixture of at most `modes` components for each
      column of numbers; a number is its mode k, drawn from the mixture's posterior, and (x − μₖ) / 4σₖ within it.
    - Conditions (4.3): G is given one value of one column that is told apart, and D sees it beside each row. G also
      minimises the cross-entropy between that value and the column it makes.
    - Training by sampling (4.3): the column is drawn evenly, its value by the log of its frequency, then a row that
      has it.
    - Packs (PacGAN): D judges `pack` rows as one, with WGAN-GP's loss:
      L_D = E D(fake packs) − E D(real packs) + λ E(‖∇D‖ − 1)²,    L_G = −E D(fake packs) + cross-entropy.
    Two hidden layers each (4.4): G's are batch-normed and added to their input, its parts leave by Gumbel-softmax; D
    has dropout. Built from the paper: the released package changed its licence after 0.6.0.

    Deviations. D's first layer reads each row of a pack by itself, with the same weights, and the second reads them
    together: laid end to end from the start, as in the paper (`shared=False`), it must learn what a row is once for
    each place, and learns far more slowly (the proof has both). Values that many rows share exactly, gaps among them
    (a capital gain of 0), are parts of their column beside its modes, since a mixture cannot say "exactly"
    (`spikes=False`: the paper). A number's mode is drawn anew in each batch; the mixture sees 5,000 rows at most. An
    average of G is kept and sampled, in eval mode: the released package samples with batch norm in training mode, so
    that rows depend on their company. Of a column with more than `levels` values, G makes the commonest ones and
    "another", which is then drawn from the rest by frequency alone: they cost neither memory nor weights, and what
    depends on those rare values is lost. The released package decays G's weights (`weight_decay=1e-6`). D judges packs
    only; `score_samples` says how it takes one row's part from that.
    Proof: proofs/ctgan.py.
    """

    name = "ctgan"
    paper = Paper(
        "Modeling Tabular Data using Conditional GAN",
        "Xu, Skoularidou, Cuesta-Infante, Veeramachaneni",
        "NeurIPS",
        2019,
        "https://arxiv.org/abs/1907.00503",
        code="https://github.com/sdv-dev/CTGAN",
    )
    summary = "rows of any table: categories, numbers, dates, gaps"
    batch_size: ClassVar[int] = 500
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks know the columns
    score_kind: ClassVar[str] = "raw"
    unreached: ClassVar[dict[str, str]] = {
        "discriminator.rest.*.bias": "the loss is of differences of scores, which no constant changes"
    }

    types: str | None = setting(None, "what columns are that do not look it: 'zip=categorical, since=date'")
    modes: int = setting(10, "components of a column's mixture, at most", minimum=1)
    spikes: bool = setting(True, "tell values apart that many rows share exactly; False: the paper")
    levels: int = setting(500, "values of a column that G makes one by one", minimum=1)
    pack: int = setting(10, "rows that D judges as one", minimum=1)
    shared: bool = setting(True, "read each row of a pack with the same weights first; False: the paper")
    penalty: float = setting(10.0, "λ, weight of the gradient penalty", minimum=0.0)
    condition_weight: float = setting(1.0, "weight of the cross-entropy with the condition", minimum=0.0)
    rare: str = setting(
        "log", "how often training asks for a value: by the log of its frequency, or by it", choices=("log", "plain")
    )
    discriminator_steps: int = setting(1, "moves of D for each of G", minimum=1)
    latent: int = setting(128, "size of the noise (latent) vector", minimum=1)
    width: int = setting(256, "units of a hidden layer of both", minimum=1)
    dropout: float = setting(0.5, "share of D's units dropped", minimum=0.0, maximum=1.0)
    temperature: float = setting(0.2, "τ of the Gumbel-softmax", minimum=1e-3)
    weight_decay: float = setting(0.0, "of G; 1e-6 in the released package", minimum=0.0)
    beta2: float = setting(0.9, "Adam's memory of the gradient's square", minimum=0.0, maximum=1.0)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        if isinstance(data, ConditionedRows):
            return data
        found = read_rows(data, self.types, "CTGAN", **options)
        found = with_modes(found, self.modes, self.spikes)
        return ConditionedRows(
            **{f.name: getattr(found, f.name) for f in fields(Dataset)}, levels=self.levels, rare=self.rare
        )

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        return spec.kept_otherwise()

    def build(self, spec: Kind) -> None:
        if not isinstance(spec, TableSpec):
            raise DataError(f"CTGAN makes rows of tables and the data is {spec.noun}: use {spec.default_game}")
        self.layout = Layout(spec, self.levels)
        if not self.layout.width:
            raise DataError("no column of the table can be learned: they are all ids")
        self.generator = RowGenerator(self.latent + self.layout.conditions, self.layout.width, self.width)
        row = self.layout.width + self.layout.conditions
        self.discriminator = PackDiscriminator(row, self.pack, self.width, self.dropout, self.shared)

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss, times=self.discriminator_steps),
            Turn("generator", self.generator_loss),
        ]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        asked = self.layout.asked(batch.source)
        everyones = all_gather(asked)
        others = local_rows(everyones[torch.randperm(len(everyones), device=asked.device)])
        with torch.no_grad():
            fake = self.packed(self.layout.soft(self.logits(others), self.temperature), others)
            real = self.packed(self.layout.flat(*self.layout.place(batch.real)), asked)
        on_real, on_fake = self.discriminator(torch.cat([real, fake])).chunk(2)
        observe_scores(on_real, on_fake)
        penalty = penalties.gradient_penalty(self.discriminator, real, fake)
        return {"adversarial": on_fake.mean() - on_real.mean(), "penalty": self.penalty * penalty}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        asked = self.layout.asked(batch.source)
        logits = self.logits(asked)
        fake = self.packed(self.layout.soft(logits, self.temperature), asked)
        terms = {"adversarial": -self.discriminator(fake).mean()}
        if self.layout.conditions:
            own = self.layout.words(logits, batch.source)
            wanted = batch.source - self.layout.start[self.layout.owner[batch.source]]
            observe("condition/kept", lambda: (own.argmax(1) == wanted).float().mean())
            terms["condition"] = self.condition_weight * cross_entropy(own, wanted)
        return terms

    def logits(self, asked: Tensor) -> Tensor:
        """What G makes of one-hot conditions (n, conditions) and noise, before its softmax and tanh: (n, width)."""
        return self.generator(torch.cat([self.latents(len(asked)), asked], 1))

    def packed(self, rows: Tensor, asked: Tensor) -> Tensor:
        """Rows beside their conditions, `pack` of them end to end; a batch that is no multiple is filled up from its
        start."""
        both = torch.cat([rows, asked], 1)
        short = -len(both) % self.pack
        if short:
            both = both[torch.arange(len(both) + short, device=both.device) % len(both)]
        return both.view(-1, self.pack * both.shape[1])

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        made = super().optimizer(player, parameters)
        made.param_groups[0]["weight_decay"] = self.weight_decay if player == "generator" else 0.0
        return made

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(self, n: int, *, seed: int | None = None, where: Mapping | None = None):
        """`n` new rows, a DataFrame with the table's columns and types, the same for the same seed.

        where  column -> value, for columns that are told apart ({"income": ">50K"}): every row has these values. G is
               asked for the rarest of them, and rows that lack one are drawn again, so that the others stay as likely
               as the game makes them. UserError when such rows hardly ever come.
        """
        self.check_is_fitted()
        rng = new_rng(seed)
        wanted = [self.condition_of(name, value) for name, value in (where or {}).items()]
        kept, found, drawn = [np.empty((0, *self.spec.shape))], 0, 0
        while found < n:
            if drawn >= TRIES * max(BLOCK, n):
                raise UserError(f"{found} of {drawn:,} rows had {dict(where)}: ask for fewer values at once")
            count = max(BLOCK, n - found) if wanted else min(BLOCK, n - found)
            given = min(wanted, key=lambda w: w[-1])[0].expand(count) if wanted else self.draw_conditions(count, rng)
            parts, numbers = self.draw(given, rng)
            for part, column, _, _ in wanted:
                right = parts[:, column] == part - self.layout.start[column]
                parts, numbers = parts[right], numbers[right]
            rows = self.layout.codes(parts, numbers, rng)[: n - found]
            for _, column, level, _ in wanted:
                rows[:, self.layout.source[column]] = level
            kept, found, drawn = [*kept, rows], found + len(rows), drawn + count
        return self.spec.frame(np.concatenate(kept))

    def draw(self, given: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Parts (n, columns) and numbers (n, numbers) of new rows for conditions (n,), on the CPU."""
        latent = self.latents(len(given), rng)
        noise = gumbel((len(given), self.layout.parts), rng=rng)
        with self.at_rest():
            logits = self.generator(torch.cat([latent, self.layout.asked(given.to(self.device))], 1))
            parts, numbers = self.layout.hard(logits, noise.to(self.device))
        return parts.cpu(), numbers.cpu()

    def draw_conditions(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n,) conditions for samples: a column evenly, its value by its frequency."""
        if not self.layout.conditions:
            return torch.zeros(n, dtype=torch.int64)
        return torch.multinomial(by_column(self.layout.share, self.layout), n, True, generator=rng)

    def condition_of(self, name: str, value) -> tuple[Tensor, int, float, float]:
        """(condition, column in the layout, code in the table, frequency) of a column's value, by what is written."""
        names = {str(c.name): i for i, (_, c) in enumerate(self.layout.columns) if c.discrete and not c.part}
        if name not in names:
            raise UserError(f"--where {name}: {self.why_not(name, list(names))}")
        column = names[name]
        about = self.layout.columns[column][1]
        gap = value is None or value != value
        if gap and about.missing:
            return self.layout.start[column] + self.layout.gap[column], column, float("nan"), about.missing
        text, written = str(value).strip(), [str(level).strip() for level in about.levels]
        if not gap and text not in written:  # "$5", as the cells of the table have it
            written = [cell.strip() for cell in spelled(about)]
        if gap or text not in written:
            there = [cell.strip() for cell in spelled(about)]
            hint = nearest(text, there)
            raise UserError(f"--where {name}={text}: no row has that value.{hint} There are: {few(there, 20)}")
        level = written.index(text)
        part = min(level, int(self.layout.head[column]))
        return self.layout.start[column] + part, column, float(level), about.shares[level]

    def why_not(self, name: str, names: list[str]) -> str:
        """Why a column cannot be asked for, and which can be."""
        can = f"columns that can be asked for: {few(names, 20)}" if names else "this table has no categorical columns"
        about = {str(c.name): c for c in self.spec.entries}.get(name)
        if about is None:
            return f"there is no such column.{nearest(name, [str(c.name) for c in self.spec.entries])} {can}"
        if about.kind == "id":
            return f"{name} is an identifier, which is not learned; {can}"
        return f"{name} is continuous, and --where works on categorical columns; {can}"

    def generate(self, latent: Tensor, given: Tensor | None = None) -> Tensor:
        """(n, latent) noise and (n,) conditions to flat rows (n, width) with soft parts, differentiable."""
        given = self.draw_conditions(len(latent)) if given is None else given
        logits = self.generator(torch.cat([latent, self.layout.asked(given.to(latent.device))], 1))
        return self.layout.soft(logits, self.temperature)

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """D's score of each row of a DataFrame by itself, (n,) float32.

        D knows packs only: a row is put into each place of a pack of fixed fakes, asked for one of its own values, and
        the scores of these packs are averaged. All rows meet the same fakes, so only the row makes a difference.
        """
        self.check_is_fitted()
        rows = self.spec.to_network(torch.from_numpy(self.spec.codes(x))).to(self.device)
        with self.at_rest():
            packs = self.reference_packs()
            scores = [self.score_in_packs(part, packs).cpu().numpy() for part in rows.split(batch_size)]
        return np.concatenate(scores) if len(rows) else np.empty(0, np.float32)

    def score_in_packs(self, rows: Tensor, reference: Tensor) -> Tensor:
        """Mean scores (n,) of rows in network units put into each place of the `reference` packs (pack, pack, row)."""
        parts, numbers = self.layout.place(rows, draw=False)
        flat, total = self.layout.flat(parts, numbers), torch.zeros(len(rows), device=rows.device)
        for place in range(self.pack):
            column = place % max(1, self.layout.told_apart)
            given = (self.layout.start[column] + parts[:, column]) * bool(self.layout.conditions)
            packs = reference[place].repeat(len(rows), 1, 1)
            packs[:, place] = torch.cat([flat, self.layout.asked(given)], 1)
            total += self.discriminator(packs.flatten(1))
        return total / self.pack

    def reference_packs(self) -> Tensor:
        """(pack, pack, row) fakes beside their conditions, always of the same noise."""
        rng = torch.Generator().manual_seed(0)
        given = self.draw_conditions(self.pack**2, rng)
        parts, numbers = self.draw(given, rng)
        flat = self.layout.flat(parts.to(self.device), numbers.to(self.device))
        return torch.cat([flat, self.layout.asked(given.to(self.device))], 1).unflatten(0, (self.pack, self.pack))

    logs: ClassVar[dict[str, Metric]] = {
        "*/penalty": Metric(
            "λ · E(‖∇D‖ − 1)²: on the segments between reals and fakes (wgan-gp), or around the reals (dragan)",
            "0.05 … 1 after the first rounds",
            "above 5 for long: the slope is not held; raise --penalty or lower --learning-rate",
        ),
        "discriminator/adversarial": Metric(
            "E D(fake packs) − E D(real packs): minus the distance that the critic reads",
            "negative and shrinking towards 0",
            "near 0 with poor rows: raise --discriminator-steps. Growing without end: raise --penalty",
        ),
        "generator/adversarial": Metric(
            "− E D(fake packs): drifts with the critic, whose scores have no zero",
            "any; a slow drift is normal",
            "look at discriminator/adversarial instead",
        ),
        "generator/condition": Metric(
            "cross-entropy between the value that a row was asked for and the column that G makes",
            "falling to below 0.3",
            "above 1 after thousands of rounds: G ignores its conditions; raise --condition-weight",
        ),
        "condition/kept": Metric(
            "share of the rows whose likeliest value is the one that was asked for",
            "rising to above 0.9",
            "as of generator/condition",
        ),
        "discriminator/real": Metric(
            "mean score of packs of reals",
            "any; it drifts",
            "look at discriminator/adversarial instead",
        ),
        "discriminator/fake": Metric(
            "mean score of packs of fakes",
            "below discriminator/real",
            "look at discriminator/adversarial instead",
        ),
    }


@dataclass
class ConditionedRows(Table):
    """Rows drawn for training (section 4.3): beside each row of a batch, `source` is the condition it was drawn for.

    The index of a batch says how many rows it has; which, chance says.
    """

    levels: int = 500
    rare: str = "log"

    def batch(self, index: Tensor, device="cpu") -> Batch:
        if not hasattr(self, "pool"):
            self.sort()
        if self.layout.conditions:
            given = torch.searchsorted(self.cumulative, torch.rand(len(index))).clamp_(max=self.layout.conditions - 1)
            place = self.first[given] + (torch.rand(len(index)) * self.count[given]).long()
            drawn = self.sorted[self.layout.owner[given], place].long()
        else:  # no column to ask for a value of: the rows of the index
            given, drawn = torch.zeros(len(index), dtype=torch.int64), index
        return Batch(real=self.pool[drawn].to(device), source=given.to(device), index=index)

    def sort(self) -> None:
        """Its rows by the value of each column that is told apart, so that one with a value is found at once.

        `pool` holds the rows of this set alone, in network units: positions in it are positions in the set."""
        self.pool = self._prepared("real") if self.rows is None else self._prepared("real")[self.rows]
        self.layout = layout = Layout(self.spec, self.levels)
        if not layout.conditions:
            return
        parts = layout.place(self.pool, draw=False)[0][:, : layout.told_apart]
        self.sorted = torch.stack([column.argsort(stable=True).int() for column in parts.T])
        self.count = torch.bincount((parts + layout.start[: layout.told_apart]).flatten(), minlength=layout.conditions)
        before = self.count.cumsum(0) - self.count
        self.first = before - len(parts) * layout.owner[: layout.conditions]
        weight = self.count.float()
        self.cumulative = by_column(weight.log1p() if self.rare == "log" else weight, layout).cumsum(0)


def by_column(weight: Tensor, layout: Layout) -> Tensor:
    """How likely each condition (conditions,) is drawn: columns evenly, their values by `weight`."""
    owner = layout.owner[: layout.conditions]
    total = torch.zeros(layout.told_apart, device=weight.device).index_add_(0, owner, weight)
    return weight / total[owner].clamp(min=1e-12) / layout.told_apart
