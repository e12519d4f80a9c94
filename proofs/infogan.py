"""InfoGAN: do the ten categories of the code become the ten digits, without a label?

    GANSMITH_DATA=… python proofs/infogan.py [--steps 3000] [--seeds 3] [--size 28 --width 64] [--lighter]

The check, on the 10,000 test digits: the category that Q reads, each matched to the digit it fits best one to one, is
right for 80 % in the best of the seeds; the bound on its information is at least 2.0 of log 10 = 2.303 nats; and one of
the numbers follows the slant of a digit (the skew of its moments), |ρ| ≥ .5. Control: λ = 0, which must leave less than
.5 nats and 50 %. The paper: 5 % error. Seeds differ, since digits that look alike merge; all are reported.

The numbers weigh as much as the category and have a standard deviation of 1, as in the released code, so that what
varies inside a digit should go into them and not into the category. `--lighter`: both weigh a fifth of that, and D's
step is that of pictures by default; written as an entry of its own.
"""

import argparse

import numpy as np
import torch
from gallery import hang
from record import record
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

import gansmith as gs


def matched(category: np.ndarray, label: np.ndarray) -> float:
    """Accuracy of the best one-to-one match of categories to labels."""
    table = np.zeros((10, 10))
    np.add.at(table, (category, label), 1)
    return float(table[linear_sum_assignment(-table)].sum() / len(label))


def slant(pictures: np.ndarray) -> np.ndarray:
    """Skew of each picture: how far the ink moves sideways for each row down."""
    ink = pictures[:, 0].astype(np.float64) + 1e-9
    rows, columns = np.indices(ink.shape[1:])
    total = ink.sum((1, 2))
    row, column = ((ink * grid).sum((1, 2)) / total for grid in (rows, columns))
    down = rows[None] - row[:, None, None]
    return (ink * down * (columns[None] - column[:, None, None])).sum((1, 2)) / (ink * down**2).sum((1, 2))


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=3000)
    parse.add_argument("--seeds", type=int, default=3)
    parse.add_argument("--size", type=int, default=14, help="pixels a side")
    parse.add_argument("--width", type=int, default=32)
    parse.add_argument("--lighter", action="store_true", help="λ and D's step as they are by default")
    asked = parse.parse_args()
    weight = 0.2 if asked.lighter else 1.0
    weights = {"information": weight, "information_continuous": weight, "fixed_deviation": True}
    weights |= {} if asked.lighter else {"discriminator_learning_rate": 2e-4}
    data, test = gs.read("mnist", size=asked.size), gs.read("mnist_test", size=asked.size)
    pictures, labels = np.asarray(test.fields["real"]), test.fields["label"]

    def measure(seed: int, **settings):
        gan = gs.InfoGAN(width=asked.width, decay=0.5, **(weights | settings))
        gan.fit(data, steps=asked.steps, batch_size=128, val=0, seed=seed)
        codes = gan.encode(pictures)
        made = gan.sample(4000, seed=1)
        read = gan.encode(made)
        chosen = gan.latents(4000, torch.Generator().manual_seed(1))[:, gan.latent : gan.latent + 10].argmax(1).numpy()
        sure = read.category[np.arange(4000), chosen]
        tilt = [abs(float(spearmanr(codes.continuous[:, i], slant(pictures)).statistic)) for i in range(2)]
        found = {
            "accuracy": matched(codes.category.argmax(1), labels),
            "information": float(np.log(10) + np.log(np.maximum(sure, 1e-12)).mean()),
            "slant": max(tilt),
        }
        print(seed, found, flush=True)
        return gan, found

    played = [measure(seed) for seed in range(asked.seeds)]
    gan, found = max(played, key=lambda one: one[1]["accuracy"])
    _, without = measure(0, information=0.0, information_continuous=0.0)
    if not asked.lighter:  # the picture is of the entry that it stands beside
        hang("infogan", gan.sample(80, seed=2, category=np.arange(80) % 10), columns=10)
    record(
        "infogan-lighter" if asked.lighter else "infogan",
        passed=found["accuracy"] >= 0.8
        and found["information"] >= 2.0
        and found["slant"] >= 0.5
        and without["accuracy"] <= 0.5
        and without["information"] < 0.5,
        **found,
        size=asked.size,
        each=[each for _, each in played],
        floor={"accuracy by chance": 0.1, "information at most": float(np.log(10))},
        goal="accuracy >= 0.8, information >= 2.0, slant >= 0.5",
        control={"what": "lambda = 0", **without},
        protocol=f"{gan!r}, MNIST at {asked.size} pixels, {asked.steps} rounds of 128, 10,000 test digits",
        seed=list(range(asked.seeds)),
    )


if __name__ == "__main__":
    main()
