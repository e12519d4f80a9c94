"""Paired: digits from a coarse, noisy raster of themselves; or street photographs from maps of what is where.

    GANSMITH_DATA=… python proofs/pix2pix.py [digits | camvid] [--steps 2500]

digits  What goes in is the mean of each 4×4 block with noise of 10 grey levels, 7×7 numbers drawn as 28×28. On 2,000
        test digits: L1 at most half of what went in and of the mean digit; a classifier of true digits reads nine in
        ten (a support vector machine reads 93 % in the raster itself; with noise of 20, 90 %); and at most half of what
        L1 alone lacks in sharpness is left. (1.2 times as sharp as L1 alone would be sharper than the truth here.)
camvid  CamVid's label maps to photographs at 64 pixels, 367 pairs to learn from and the 233 of other drives to test
        (camvid_pairs128.zip with folders train and test, in each label and photo). L1 at most .25 of the range −1 … 1,
        1.2 times as sharp as L1 alone and nearer to the truth in it.

Sharpness is the energy of the gradient, the mean squared difference of neighbouring pixels, as a share of the truth's.
Controls: L1 alone, which must be less sharp; and the same game on shuffled pairs, which must miss the goal.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from gallery import hang
from record import record

import gansmith as gs
from gansmith.evaluate.classifier import classifier


def coarse(x: np.ndarray, seed: int, noise: float = 10.0) -> np.ndarray:
    means = x.reshape(len(x), 1, 7, 4, 7, 4).mean((3, 5))
    means += np.random.default_rng(seed).normal(0, noise, means.shape)
    return np.clip(np.rint(means), 0, 255).astype(np.uint8).repeat(4, 2).repeat(4, 3)


def energy(pictures) -> float:
    x = np.asarray(pictures, np.float32)
    return float((np.diff(x, axis=2) ** 2).mean() + (np.diff(x, axis=3) ** 2).mean())


def compared(made, truth) -> dict:
    return {
        "l1": float(np.abs(made.astype(np.float32) - truth).mean() / 127.5),
        "sharpness": energy(made) / energy(truth),
    }


def play(source, target, x, steps: int, *, batch_size: int, width: int, **settings):
    """A game on these pairs and what it makes of `x`."""
    gan = gs.Pix2Pix(width=width, learning_rate=1e-3, decay=0.5, **settings)
    gan.fit(gs.read((source, target), form="pairs"), steps=steps, batch_size=batch_size, seed=0, val=0)
    return gan, gan.translate(x, seed=0)


def all_three(source, target, x, steps: int, measure, **settings):
    """The game, what it makes, and what is measured of it, of L1 alone and of the game on shuffled pairs."""
    gan, made = play(source, target, x, steps, **settings)
    found = [measure(made)]
    found.append(measure(play(source, target, x, steps, adversarial=0.0, **settings)[1]))
    order = np.random.default_rng(0).permutation(len(target))
    found.append(measure(play(source, target[order], x, steps // 4, **settings)[1]))
    print(*found, sep="\n", flush=True)
    return gan, made, *found


def digits(steps: int) -> None:
    train, test = gs.read("mnist").fields, gs.read("mnist_test").fields
    target, truth, label = np.asarray(train["real"][:20_000]), np.asarray(test["real"][:2000]), test["label"][:2000]
    x = coarse(truth, seed=1)
    judge = classifier(train["real"][20_000:30_000], train["label"][20_000:30_000])

    def measure(made) -> dict:
        return compared(made, truth) | {"label_agreement": judge.accuracy(made, label)}

    settings = {"batch_size": 16, "width": 16}
    gan, made, ours, l1_alone, shuffled = all_three(coarse(target, seed=0), target, x, steps, measure, **settings)
    hang("pix2pix", np.concatenate([x[:24], made[:24], truth[:24]]), columns=24)
    floor = {
        "as it went in": measure(x),
        "mean digit": measure(np.broadcast_to(target.mean(0).astype(np.uint8), truth.shape)),
        "truth": measure(truth),
    }
    limit = 0.5 * min(floor["as it went in"]["l1"], floor["mean digit"]["l1"])

    def good(found):
        return found["l1"] <= limit and found["label_agreement"] >= 0.9

    record(
        "pix2pix",
        passed=good(ours)
        and not good(shuffled)
        and abs(ours["sharpness"] - 1) <= 0.5 * abs(l1_alone["sharpness"] - 1)
        and ours["l1"] <= 1.3 * l1_alone["l1"],
        **ours,
        floor=floor,
        goal="L1 at most half of the better floor's, agreement >= 0.9, at most half of what L1 alone lacks in "
        "sharpness and 1.3 times its L1",
        control={"L1 alone": l1_alone, "shuffled pairs": shuffled},
        protocol=f"{gan!r}, 20,000 pairs, {steps} rounds of 16 (shuffled: a quarter); L1 in network units",
        seed=0,
    )


def camvid(steps: int) -> None:
    file = Path(os.environ.get("GANSMITH_DATA", ".")) / "camvid_pairs128.zip"
    train, test = (gs.read(file / part, form="pairs", size=64).fields for part in ("train", "test"))
    source, target = (np.asarray(train[side]) for side in ("source", "target"))
    x, truth = (np.asarray(test[side]) for side in ("source", "target"))

    def measure(made):
        return compared(made, truth)

    settings = {"batch_size": 8, "width": 32}
    gan, _, ours, l1_alone, shuffled = all_three(source, target, x, steps, measure, **settings)
    mean = measure(np.broadcast_to(target.mean(0).astype(np.uint8), truth.shape))

    def good(found):
        sharper = found["sharpness"] >= 1.2 * l1_alone["sharpness"]
        return found["l1"] <= 0.25 and sharper and abs(found["sharpness"] - 1) < abs(l1_alone["sharpness"] - 1)

    record(
        "pix2pix_camvid",
        passed=good(ours) and not good(shuffled),
        **ours,
        floor={"mean photograph": mean},
        goal="L1 <= 0.25, 1.2 times as sharp as L1 alone and nearer to the truth in it",
        control={"L1 alone": l1_alone, "shuffled pairs": shuffled},
        protocol=f"{gan!r}, CamVid at 64 pixels, 367 pairs, {steps} rounds of 8 (shuffled: a quarter), 233 test pairs",
        seed=0,
    )


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("data", nargs="?", choices=("digits", "camvid"), default="digits")
    parse.add_argument("--steps", type=int, default=2500)
    asked = parse.parse_args()
    {"digits": digits, "camvid": camvid}[asked.data](asked.steps)


if __name__ == "__main__":
    main()
