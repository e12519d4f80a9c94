"""Paired: digits seen through a coarse, noisy raster, and the digits themselves.

    GANSMITH_DATA=… python proofs/pix2pix.py [--steps 800] [--picture out.png]

What goes in is the mean of each 4×4 block with noise of 20 grey levels, 7×7 numbers drawn as 28×28: several digits fit
each, so L1 alone blurs. Measured on 2,000 test digits: L1 against what went in and against the mean digit, of which it
must be at most half; whether a classifier of true digits reads the right one; sharpness (mean difference of
neighbouring pixels) against L1 alone. Controls: L1 alone, which must be less sharp; and the same game on shuffled
pairs, whose outputs cannot be read.
"""

import argparse

import numpy as np
from record import record

import gansmith as gs
from gansmith.evaluate.classifier import classifier
from gansmith.evaluate.pictures import sharpness


def coarse(x: np.ndarray, seed: int, noise: float = 20.0) -> np.ndarray:
    means = x.reshape(len(x), 1, 7, 4, 7, 4).mean((3, 5)) + np.random.default_rng(seed).normal(
        0, noise, (len(x), 1, 7, 7)
    )
    return np.clip(np.rint(means), 0, 255).astype(np.uint8).repeat(4, 2).repeat(4, 3)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=800)
    parse.add_argument("--batch", type=int, default=16)
    parse.add_argument("--width", type=int, default=16)
    parse.add_argument("--l1", type=float, default=100.0)
    parse.add_argument("--learning-rate", type=float, default=1e-3)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--picture", help="write what goes in, what comes out and the truth as a sheet to this .png")
    asked = parse.parse_args()
    train, test = gs.read("mnist").fields, gs.read("mnist_test").fields
    digits, truth, label = np.asarray(train["real"][:20_000]), np.asarray(test["real"][:2000]), test["label"][:2000]
    x = coarse(truth, seed=1)
    judge = classifier(train["real"][20_000:30_000], train["label"][20_000:30_000])

    def measure(made) -> dict:
        return {
            "l1": float(np.abs(made.astype(np.float32) - truth).mean() / 127.5),
            "label_agreement": judge.accuracy(made, label),
            "sharpness": sharpness(made) / sharpness(truth),
        }

    def play(target, **settings):
        gan = gs.Pix2Pix(width=asked.width, l1=asked.l1, learning_rate=asked.learning_rate, **settings)
        pairs = gs.read((coarse(digits, seed=0), target), form="pairs")
        gan.fit(pairs, steps=asked.steps, batch_size=asked.batch, seed=asked.seed, val=0)
        found = measure(gan.translate(x, seed=0))
        print(settings, found, flush=True)
        return gan, found

    gan, ours = play(digits)
    _, l1_alone = play(digits, adversarial=0.0)
    _, shuffled = play(digits[np.random.default_rng(0).permutation(len(digits))])
    if asked.picture:
        from PIL import Image

        from gansmith.training.grid import grid

        rows = np.concatenate([x[:24], gan.translate(x[:24], seed=0), truth[:24]])
        Image.fromarray(grid(rows, columns=24)).save(asked.picture)
    floor = {
        "as it went in": measure(x),
        "mean digit": measure(np.broadcast_to(digits.mean(0).astype(np.uint8), truth.shape)),
        "truth": measure(truth),
    }
    limit = 0.5 * min(floor["as it went in"]["l1"], floor["mean digit"]["l1"])

    def good(found):
        return found["l1"] <= limit and found["label_agreement"] >= 0.9

    record(
        "pix2pix",
        passed=good(ours)
        and not good(shuffled)
        and ours["sharpness"] >= 1.2 * l1_alone["sharpness"]
        and ours["l1"] <= 1.3 * l1_alone["l1"],
        **ours,
        floor=floor,
        goal="L1 at most half of the better floor's, agreement >= 0.9, 1.2 times as sharp as L1 alone with at most 1.3 "
        "times its L1",
        control={"L1 alone": l1_alone, "shuffled pairs": shuffled},
        protocol=f"20,000 pairs, {asked.steps} rounds of {asked.batch}, width {asked.width}, lambda {asked.l1:g}, step "
        f"{asked.learning_rate:g}; L1 in network units, sharpness as a share of the truth's",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
