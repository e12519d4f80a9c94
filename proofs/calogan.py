"""CaloGAN on TOY showers (parametrised, no simulation of physics) and on simulated jets as images of 30×30.

    GANSMITH_DATA=folder python proofs/calogan.py [--only toy jets] [--minutes 9] [--seed 0] [--width 8] [--batch 64]

(jet_images30.npz in the folder.) Minutes are of each. No file of a real calorimeter is at hand: what the toy shows is
that the game works, not that it matches a detector.

Toy, 10,000 showers of 3×96, 12×12 and 12×6 cells, 1 … 100 GeV: energy found / asked for .9 … 1.1 with correlation
≥ .95; separation power < .05 of each layer's share and < .1 of the cells hit; boosted trees on shapes tell fewer than
.99. Floor: other showers of the toy. Control: every cell drawn by itself, which must fail.

Jets (QCD), 2,000 to learn from and the others kept: trees on high-level shapes tell made from kept with AUROC ≤ .90,
mean pT within 5 %, cells hit within 10 %. Floor: jets learnt from. Baselines that cost nothing: pixels drawn by
themselves, a Gaussian on 64 principal components of log pixels. Control: an untrained G, which must fail.

Beside them: microseconds of one core for a shower, in batches of 1 and of 1,000.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from gallery import hang
from record import record
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

import gansmith as gs
from gansmith.data.kinds.showers.draw import drawn
from gansmith.data.kinds.showers.measures import separations
from gansmith.data.toys import ToyShowers

TOY = {"share": 0.05, "cells": 0.1, "told": 0.99, "response": 0.1, "correlation": 0.95}
JETS = {"told": 0.90, "pt": 0.05, "hit": 0.10}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--only", nargs="+", default=["toy", "jets"], choices=["toy", "jets"])
    parse.add_argument("--minutes", type=float, default=9)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--width", type=int, default=8)
    parse.add_argument("--batch", type=int, default=64)
    asked = parse.parse_args()
    for name in asked.only:
        {"toy": toy, "jets": jets}[name](asked)


def trained(data, asked) -> gs.CaloGAN:
    how = {"batch_size": asked.batch, "seed": asked.seed, "val": 0, "device": "cpu", "precision": "fp32"}
    return gs.CaloGAN(width=asked.width).fit(data, minutes=asked.minutes, diagnose=False, **how)


def untrained(data, asked) -> gs.CaloGAN:
    return gs.CaloGAN(width=asked.width).fit(data, steps=1, batch_size=asked.batch, val=0, device="cpu", diagnose=False)


def told(one: np.ndarray, two: np.ndarray, seed: int = 0) -> float:
    """AUROC of boosted trees that learnt from half of the rows."""
    x, y = np.concatenate([one, two]), np.repeat([0, 1], [len(one), len(two)])
    learnt = np.random.default_rng(seed).random(len(y)) < 0.5
    trees = HistGradientBoostingClassifier(max_iter=100, random_state=seed).fit(x[learnt], y[learnt])
    return float(roc_auc_score(y[~learnt], trees.predict_proba(x[~learnt])[:, 1]))


def microseconds(gan) -> dict[str, float]:
    """For a shower, on one core, of the fastest of a few draws."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {}
    for count, times in ((1, 20), (1000, 3)):
        spent = []
        for _ in range(times + 1):  # the first warms up
            begun = time.perf_counter()
            gan.sample(count, seed=0, batch_size=count)
            spent.append(time.perf_counter() - begun)
        found[f"batch of {count}"] = min(spent[1:]) / count * 1e6
    torch.set_num_threads(threads)
    return found


def spent(gan) -> dict:
    return {"rounds": gan.trained["rounds"], "minutes": gan.trained["seconds"] / 60, "microseconds": microseconds(gan)}


def show(name: str, form, made: np.ndarray, real: np.ndarray) -> None:
    """Made ones above real ones."""
    both = np.concatenate([made, real])[:, int(form.has_energy) :]
    hang(name, drawn(both, form.layers, form.threshold), columns=8)


# --- toy showers -----------------------------------------------------------------------------------------------------
def toy(asked) -> None:
    data = gs.read(ToyShowers().sample(10_000, seed=0))
    kept, other = (gs.read(ToyShowers().sample(3000, seed=s)).fields["real"] for s in (1, 2))
    shapes = data.spec.shapes

    def judged(x: np.ndarray) -> dict:
        found = separations(shapes, kept, x)
        energy, cells = x[:, 0].astype(float), x[:, 1:].sum(1, dtype=float)
        return {
            "response": float((cells / energy).mean()),
            "correlation": float(np.corrcoef(energy, cells)[0, 1]),
            "separation": found,
            "share": max(v for k, v in found.items() if k.startswith("share")),
            "cells": max(v for k, v in found.items() if k.startswith("cells")),
            "told": told(shapes(kept), shapes(x)),
            "told_by_cells": told(np.log1p(kept[:, 1:] * 1e3), np.log1p(x[:, 1:] * 1e3)),
        }

    def good(found: dict) -> bool:
        exact = abs(found["response"] - 1) <= TOY["response"] and found["correlation"] >= TOY["correlation"]
        return exact and all(found[name] < TOY[name] for name in ("share", "cells", "told"))

    gan = trained(data, asked)
    made = gan.sample(3000, seed=1)
    at = {e: gan.sample(500, seed=2, energy=float(e))[:, 1:].sum(1) / e for e in (5, 20, 50, 90)}
    found, control = judged(made), judged(data.spec.shuffled(kept, np.random.default_rng(0)))
    show("calogan-toy", data.spec, made[:8], kept[:8])
    record(
        "calogan-toy",
        passed=good(found) and not good(control),
        **found,
        at_energies={f"{e} GeV": [float(r.mean()), float(r.std())] for e, r in at.items()},
        **spent(gan),
        floor=judged(other),
        control={"what": "every cell of toy showers drawn by itself", **control},
        goal="TOY showers: response .9 … 1.1, correlation ≥ .95, separation power < .05 of each layer's share and "
        "< .1 of cells hit, trees on shapes < .99",
        protocol=f"{gan!r}, batch {asked.batch}, {asked.minutes:g} minutes; 10,000 toy showers; 3,000 made against "
        "3,000 others",
        seed=asked.seed,
    )


# --- jets ------------------------------------------------------------------------------------------------------------
def shapes_of_jets(v: np.ndarray) -> np.ndarray:
    """(n, 30, 30) to sums, centre, width, cells hit, the largest cells, concentration, and the image in 6×6 blocks."""
    down, right = np.mgrid[:30, :30]
    s = v.sum((1, 2)) + 1e-9
    x, y = (v * right).sum((1, 2)) / s, (v * down).sum((1, 2)) / s
    width = (v * ((right - x[:, None, None]) ** 2 + (down - y[:, None, None]) ** 2)).sum((1, 2)) / s
    large = np.sort(v.reshape(len(v), -1))[:, :-9:-1]
    blocks = v.reshape(len(v), 6, 5, 6, 5).sum((2, 4)).reshape(len(v), -1)
    return np.column_stack([s, x, y, width, (v > 0).sum((1, 2)), large, (v**2).sum((1, 2)) / s**2, blocks])


def gaussian(train: np.ndarray, n: int, rng: np.random.Generator, components: int = 64) -> np.ndarray:
    """The normal law of log pixels on principal components, of which as many are empty as in the data."""
    flat = np.log1p(train.reshape(len(train), -1))
    middle = flat.mean(0)
    _, sizes, axes = np.linalg.svd(flat - middle, full_matrices=False)
    code = rng.normal(size=(n, components)) * sizes[:components] / np.sqrt(len(flat))
    made = np.expm1(np.maximum(middle + code @ axes[:components], 0))
    return np.where(made < np.quantile(made, (train == 0).mean()), 0, made).reshape(-1, 30, 30)


def jets(asked) -> None:
    rng = np.random.default_rng(0)
    file = np.load(Path(os.environ["GANSMITH_DATA"]) / "jet_images30.npz")
    real = file["qcd"][rng.permutation(len(file["qcd"]))]
    train, kept = real[:2000], real[2000:].astype(float)
    data = gs.read(train, form="showers", unit="GeV")
    one_by_one = rng.permuted(train.reshape(len(train), -1), axis=0)[: len(kept)].reshape(-1, 30, 30)

    def judged(x: np.ndarray) -> dict:
        x = np.asarray(x, float).reshape(-1, 30, 30)
        return {
            "told": told(shapes_of_jets(kept), shapes_of_jets(x)),
            "pt": float(x.sum((1, 2)).mean() / kept.sum((1, 2)).mean()),
            "hit": float((x > 0).mean() / (kept > 0).mean()),
        }

    def good(found: dict) -> bool:
        return found["told"] <= JETS["told"] and all(abs(found[k] - 1) <= JETS[k] for k in ("pt", "hit"))

    gan = trained(data, asked)
    made = gan.sample(len(kept), seed=1)
    found, control = judged(made), judged(untrained(data, asked).sample(len(kept), seed=1))
    show("calogan-jets", data.spec, made[:8], kept[:8].reshape(8, -1))
    record(
        "calogan-jets",
        passed=good(found) and not good(control),
        **found,
        field=data.spec.measures(kept.reshape(len(kept), -1).astype(np.float32), made),
        **spent(gan),
        floor=judged(train[: len(kept)]),
        baselines={
            "pixels drawn by themselves": judged(one_by_one),
            "64-component Gaussian": judged(gaussian(train, len(kept), rng)),
        },
        control={"what": "untrained", **control},
        goal="trees on high-level shapes ≤ .90, mean pT within 5 %, cells hit within 10 %",
        protocol=f"{gan!r}, batch {asked.batch}, {asked.minutes:g} minutes; 2,000 QCD jets to learn from, "
        f"{len(kept):,} kept; as many made",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
