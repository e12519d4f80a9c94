"""3D-GAN on the chairs of ModelNet10 (32×32×32 cells), beside a Gaussian and independent cells.

    GANSMITH_DATA=folder python proofs/gan3d.py [--game 3d-gan|r3gan|wgan-gp] [--minutes 20] [--batch 8]

(modelnet10_voxels32.npz in the folder.) 400 chairs are kept out, and 400 made ones are held against them by IoU:
coverage (kept chairs that some made one is nearest to), 1-NN accuracy, largest piece, occupied cells. Floor: 400 chairs
that were trained on. Baseline: a Gaussian on 20 principal components, cut at as many cells as a chair has. Control:
every cell drawn by itself, as often occupied as in the data. It has a perfect 1-NN accuracy of .5, as all shapes are
nearest to a real one, and must fail by coverage.

Of 3D-GAN also: a linear SVM on D's features tells chairs from monitors (which D never saw), from one labelled shape of
each, rightly for 85 %, or for 5 points more than on those of D before training. With more labels two classes are too
easy to say anything: from five of each an untrained D gives 95 %, and the cells themselves 94 %.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image
from record import record
from sklearn.svm import LinearSVC
from torch import lerp, linspace

from gansmith.data import read
from gansmith.data.kinds.volumes.measures import iou_distances, largest_piece, nearest, symmetry
from gansmith.data.kinds.volumes.show import isometric
from gansmith.data.preview import grid
from gansmith.gans import GAMES

KEPT, LABELLED, TRIALS = 400, 1, 100
GOALS = {"coverage": 0.35, "one_nn": 0.75, "largest_piece": 0.95, "occupied": 0.2}


def distinct(cells: np.ndarray) -> np.ndarray:
    """Bool (n, 32, 32, 32) without shapes that are there twice, in random order."""
    flat = np.unique(cells.reshape(len(cells), -1), axis=0)
    return flat[np.random.default_rng(0).permutation(len(flat))].reshape(-1, *cells.shape[1:]).astype(bool)


def measured(kept: np.ndarray, made: np.ndarray) -> dict[str, float]:
    both = np.concatenate([kept, made])
    near = nearest(iou_distances(both, both))
    return {
        "coverage": near["coverage"],
        "one_nn": near["one_nn"],
        "mmd_iou": 1 - near["mmd"],
        "occupied": float(made.mean() / kept.mean()),
        "largest_piece": float(largest_piece(made).mean()),
        "symmetry": float(symmetry(made, 0).mean()),
    }


def gaussian(train: np.ndarray, rng: np.random.Generator, components: int = 20) -> np.ndarray:
    """As many shapes from the normal law of the leading principal components, each with as many cells as some chair."""
    flat = train.reshape(len(train), -1).astype(np.float32)
    middle = flat.mean(0)
    _, sizes, axes = np.linalg.svd(flat - middle, full_matrices=False)
    code = rng.normal(size=(KEPT, components)) * sizes[:components] / np.sqrt(len(flat))
    grey = middle + code @ axes[:components]
    counts = rng.choice(flat.sum(1), KEPT).astype(int)
    made = [row >= np.partition(row, -count)[-count] for row, count in zip(grey, counts)]
    return np.stack(made).reshape(-1, *train.shape[1:])


def good(found: dict[str, float]) -> bool:
    return (
        found["coverage"] >= GOALS["coverage"]
        and found["one_nn"] <= GOALS["one_nn"]
        and found["largest_piece"] >= GOALS["largest_piece"]
        and abs(found["occupied"] - 1) <= GOALS["occupied"]
    )


def told_apart(features: np.ndarray, label: np.ndarray, seed: int) -> float:
    """The mean share that a linear SVM tells rightly which learnt from LABELLED shapes of each class."""
    rng, right = np.random.default_rng(seed), []
    features = (features - features.mean(0)) / (features.std(0) + 1e-6)
    for _ in range(TRIALS):
        learnt = np.concatenate([rng.choice(np.flatnonzero(label == c), LABELLED, False) for c in (0, 1)])
        rest = np.setdiff1d(np.arange(len(label)), learnt)
        rest = np.concatenate([rng.choice(rest[label[rest] == c], 200, False) for c in (0, 1)])
        svm = LinearSVC(C=0.01, max_iter=5000).fit(features[learnt], label[learnt])
        right.append(svm.score(features[rest], label[rest]))
    return float(np.mean(right))


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--game", default="3d-gan", choices=["3d-gan", "r3gan", "wgan-gp"])
    parse.add_argument("--minutes", type=float, default=20)
    parse.add_argument("--batch", type=int, default=8)
    parse.add_argument("--device", default="cpu")
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    held = np.load(Path(os.environ["GANSMITH_DATA"]) / "modelnet10_voxels32.npz")
    chairs, monitors = distinct(held["chair"]), distinct(held["monitor"])
    kept, train = chairs[:KEPT], chairs[KEPT:]
    rng = np.random.default_rng(asked.seed)
    beside = {
        "floor": measured(kept, train[:KEPT]),
        "baseline": measured(kept, gaussian(train, rng)),
        "control": measured(kept, rng.random((KEPT, *train.shape[1:])) < train.mean(0)),
    }
    print(beside, flush=True)
    data = read(train[:, None])
    how = {"minutes": asked.minutes, "batch_size": asked.batch, "seed": asked.seed, "val": 0, "device": asked.device}
    gan = GAMES[asked.game]().fit(data, **how)
    found = measured(kept, gan.sample(KEPT, seed=1)[:, 0].astype(bool))
    more, told = {}, True
    if asked.game == "3d-gan":
        fresh = GAMES[asked.game]().fit(data, steps=1, batch_size=asked.batch, seed=asked.seed, val=0)
        shapes = np.concatenate([kept, monitors[:KEPT]])[:, None].astype(np.uint8)
        label = np.repeat([0, 1], [len(kept), len(shapes) - len(kept)])
        sets = {"trained": gan.describe(shapes), "untrained": fresh.describe(shapes), "cells": shapes.reshape(800, -1)}
        more["svm"] = {name: told_apart(features, label, asked.seed) for name, features in sets.items()}
        told = more["svm"]["trained"] >= min(0.85, more["svm"]["untrained"] + 0.05)
        hang_shapes(gan)
    record(
        "gan3d" if asked.game == "3d-gan" else f"gan3d-{asked.game}",
        passed=good(found) and told and not good(beside["control"]) and good(beside["floor"]),
        **found,
        **more,
        **beside,
        rounds=gan.trained["rounds"],
        minutes=gan.trained["seconds"] / 60,
        goal="coverage >= .35, 1-NN accuracy <= .75, largest piece >= .95, occupied cells within 20 % of the data's"
        + ("; SVM on D's features >= .85, or 5 points above an untrained D" if more else ""),
        protocol=f"{gan!r}, batch {asked.batch}, {asked.minutes:g} minutes on {asked.device}; {len(train)} chairs of "
        f"ModelNet10 at 32×32×32, {KEPT} kept out, {KEPT} made; SVM from {LABELLED} labelled chair and monitor, mean "
        f"of {TRIALS} draws",
        seed=asked.seed,
    )


def hang_shapes(gan) -> None:
    """Samples, and below them two walks from one code to another."""
    ends = gan.latents(4, None).cpu()
    walks = [gan.decode(lerp(a, b, linspace(0, 1, 8)[:, None]).to(gan.device)) for a, b in (ends[:2], ends[2:])]
    shown = np.concatenate([gan.sample(24, seed=2), *walks])[:, 0]
    if "FIGURE" in os.environ:  # names a .png; ModelNet is for academic use: to look at, not for the gallery
        Image.fromarray(grid(isometric(shown), columns=8)).save(os.environ["FIGURE"])


if __name__ == "__main__":
    main()
