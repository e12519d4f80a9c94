"""Refined samples of a run: what `gansmith sample RUN --refine METHOD` does."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.errors import UserError, nearest
from gansmith.game import Game
from gansmith.refine import calibrate, latent_mala
from gansmith.refine.calibration import FEWEST
from gansmith.refine.diagnostics import verdict
from gansmith.refine.refiner import METHODS as CHOOSING
from gansmith.runs.load import data_of, load

METHODS = (*CHOOSING, "mala")
STEPS = 100  # of a latent chain, when no budget is given


def refined(path, n: int, *, method: str = "obrs", budget: float | None = None, seed: int | None = None, label=None):
    """(`n` refined items, the report): the run's samples brought nearer to its data by its own discriminator.

    path    a run folder that kept data no player saw (`val` above 0): that data calibrates the discriminator
    method  of `gansmith.refine.Refiner`, or "mala": chains in latent space, `budget` steps each
    budget  proposals for each sample
    """
    if n < 1:
        raise UserError(f"{n} samples asked for: it must be one at least")
    if budget is not None and not 1 <= budget < math.inf:
        raise UserError(f"--budget {budget:g}: it counts proposals for each sample, so it must be 1 or more")
    if budget is not None and method in ("rejection", "drs"):
        raise UserError(f"--refine {method} takes no --budget, its cost follows from the data: use --refine obrs")
    if method not in METHODS:
        raise UserError(f"--refine {method}: choose one of {', '.join(METHODS)}.{nearest(method, METHODS)}")
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path} is a model alone: name the run's folder, where the data that no player saw is known")
    game = load(path)
    if not (hasattr(game, "score") and hasattr(game, "generate")):
        raise UserError(f"{type(game).__name__} has no discriminator of samples: --refine is not for it")
    _, held = data_of(path)
    if held is None:
        raise UserError(f"{path} held no data back (val 0), so its discriminator saw all there is: train it with --val")
    if len(held) < FEWEST:
        raise UserError(f"{path} held {len(held)} items back: --refine needs {FEWEST}, so train it with a larger --val")
    if method == "mala":
        if game.conditional:
            raise UserError("mala moves one latent space: for a conditional game use obrs")
        if not game.spec.continuous:
            raise UserError(f"mala follows gradients, and {game.spec.noun} have parts that are drawn: use obrs")
        seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
        return by_mala(game, held, n, STEPS if budget is None else int(budget), seed)
    real = held.raw(np.arange(len(held)))
    options = {"label": held.raw(np.arange(len(held)), "label")} if game.conditional else {}
    refiner = game.refiner(real, method=method, budget=budget, **options)
    if label is not None:
        label = int(game.labels(1, label, None))
    return refiner.sample(n, seed=seed, **({} if label is None else {"label": label})), refiner.report


def summary(report: dict) -> str:
    """One line: what the discriminator is worth, what it is thought to have won, and what the samples cost."""
    known = report.get("classes")
    said = report["verdict"] if not known else f"calibrated for each of {len(known)} classes"
    groups = [report] if not known else [*known.values()]
    won = ""
    if all("tv_refined" in group for group in groups):
        before, after = (np.mean([group[key] for group in groups]) for key in ("tv_plain", "tv_refined"))
        won = f"; distance to the data, 0 to 1, about {before:.2f} before and {after:.2f} after"
    return f"{said}{won}; {report['proposals'] / max(1, report['returned']):.1f} proposals for each sample"


def by_mala(game: Game, held: Dataset, n: int, steps: int, seed: int, step_size: float = 0.01):
    """(`n` items, report) from Langevin chains in latent space, with the Metropolis-Hastings test."""
    real = game.score(held.raw(np.arange(len(held))))
    fake = game.score(game.sample(max(1000, len(held)), seed=seed + 1))
    calibration = calibrate(real, fake, kind=game.score_kind)
    rng = torch.Generator().manual_seed(seed)
    latent = game.latents(n, rng)
    inside = (
        (lambda z: torch.where((z.abs() <= 3**0.5).flatten(1).all(1), 0.0, -torch.inf))
        if (game.prior == "uniform")
        else None
    )
    game.eval()
    moved, report = latent_mala(
        game.generate,
        lambda x: calibration.log_ratio(game.discriminator(x)).float(),
        latent,
        steps=steps,
        step_size=step_size,
        seed=seed,
        **({"log_prior": inside} if inside else {}),
    )
    with game.at_rest():
        items = np.concatenate([game.spec.to_data(game.generate(z)) for z in moved.split(250)])
    known = calibration.report | {"verdict": verdict(calibration.report, by_budget=True)}
    return items, known | report | {"proposals": n * (steps + 1), "asked": n, "returned": n}
