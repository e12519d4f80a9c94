"""Samples of a run, selected by its own discriminator: `gansmith sample RUN --refine METHOD`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.errors import UserError, nearest
from gansmith.game import Game
from gansmith.refine import calibrate, latent_mala
from gansmith.refine.diagnostics import verdict
from gansmith.refine.refiner import METHODS as CHOOSING
from gansmith.runs.load import data_of, load
from gansmith.runs.reference import calibrating

METHODS = (*CHOOSING, "mala")
STEPS = 100  # of a latent chain, when no budget is given


def refined(path, n: int, *, method: str = "obrs", budget: float | None = None, seed: int | None = None, label=None):
    """(`n` refined items, the report): the run's samples brought nearer to its data by its own discriminator.
    `names` in the report are those of the items' classes.

    path    a run folder; the data that it held out calibrates the discriminator, or, where that is too little, the data
            that it was trained on, and the report says so under "note"
    method  of `gansmith.refine.Refiner`, or "mala": chains in latent space, `budget` steps each
    budget  proposals for each sample
    """
    if n < 1:
        raise UserError(f"{n} samples: ask for at least one")
    if budget is not None and not 1 <= budget < math.inf:
        raise UserError(f"--budget {budget:g}: this is the number of candidates per sample, at least 1")
    if budget is not None and method in ("rejection", "drs"):
        raise UserError(f"--refine {method} takes no --budget, since its cost depends on the data: use --refine obrs")
    if method not in METHODS:
        raise UserError(f"--refine {method}: choose one of {', '.join(METHODS)}.{nearest(method, METHODS)}")
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"--refine needs the data of a run, and {path} is a file: give the folder of the run")
    game = load(path)
    if game.inputs or not hasattr(game, "score_samples"):
        raise UserError(f"{type(game).__name__} has no discriminator that scores samples: remove --refine")
    train, held = data_of(path)
    if method == "mala":
        if getattr(game, "conditional", False):
            raise UserError("--refine mala does not support conditional models: use --refine obrs")
        if not game.spec.continuous:
            raise UserError(f"--refine mala needs gradients, which {game.spec.noun} do not have: use --refine obrs")
        seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
        items, note = calibrating(train, held)
        made, report = by_mala(game, items, n, STEPS if budget is None else int(budget), seed)
        return made, report | {"note": note}
    label = None if label is None else int(game.labels(1, label, None))
    wanted, options = None, {}
    if getattr(game, "conditional", False):
        wanted = [label] if label is not None else np.unique(train.raw(np.arange(len(train)), "label"))
    items, note = calibrating(train, held, wanted)
    rows = np.arange(len(items))
    if wanted is not None:
        rows = rows[np.isin(items.raw(rows, "label"), wanted)]
        options = {"label": items.raw(rows, "label")}
    refiner = game.refiner(items.raw(rows), method=method, budget=budget, **options)
    made = refiner.sample(n, seed=seed)
    names = [one if isinstance(one, str) else game.spec.classes[one] for one in refiner.labels if one is not None]
    return made, refiner.report | {"note": note, "names": names}


def summary(report: dict) -> str:
    """What the discriminator is worth, what it is thought to have won, and what the samples cost, in a line; and what
    to know of the items that calibrated it, in another."""
    known = report.get("classes")
    said = report["verdict"] if not known else f"calibrated for each of {len(known)} classes"
    groups = [report] if not known else [*known.values()]
    won = ""
    if all("tv_refined" in group for group in groups):
        before, after = (np.mean([group[key] for group in groups]) for key in ("tv_plain", "tv_refined"))
        won = f"; total variation distance to the data about {before:.2f} before and {after:.2f} after"
    cost = f"{said}{won}; {report['proposals'] / max(1, report['returned']):.1f} candidates per sample"
    return cost + (f"\nnote: {report['note']}" if report.get("note") else "")


def by_mala(game: Game, held: Dataset, n: int, steps: int, seed: int, step_size: float = 0.01):
    """(`n` items, report) from Langevin chains in latent space, with the Metropolis-Hastings test."""
    real = game.score_samples(held.raw(np.arange(len(held))))
    fake = game.score_samples(game.sample(max(1000, len(held)), seed=seed + 1))
    calibration = calibrate(real, fake, kind=game.score_kind)
    rng = torch.Generator().manual_seed(seed)
    latent = game.latents(n, rng)
    inside = lambda z: torch.where((z.abs() <= 3**0.5).flatten(1).all(1), 0.0, -torch.inf)  # noqa: E731
    prior: dict[str, Any] = {"log_prior": inside} if game.prior == "uniform" else {}
    game.eval()
    moved, report = latent_mala(
        game.generate,
        lambda x: torch.as_tensor(calibration.log_ratio(game.discriminator(x))).float(),
        latent,
        steps=steps,
        step_size=step_size,
        seed=seed,
        **prior,
    )
    with game.at_rest():
        items = np.concatenate([game.spec.to_data(game.generate(z)) for z in moved.split(250)])
    known = calibration.report | {"verdict": verdict(calibration.report, by_budget=True)}
    return items, known | report | {"proposals": n * (steps + 1), "asked": n, "returned": n}
