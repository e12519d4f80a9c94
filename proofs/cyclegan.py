"""Unpaired: digits and inverted digits, 28 pixels, no digit in both sets; is a 7 still a 7 on the other side?

    GANSMITH_DATA=… python proofs/cyclegan.py [--steps 800] [--picture out.png]

A classifier trained on inverted digits must read in the translated test digits what the source's label says (chance:
0.1), and the way back must lead home to 0.1 of the range −1 … 1 on average. A low cycle loss alone proves nothing, for
the way back may be hidden in faint noise; so it is measured with noise of 8 grey levels laid over the pictures in
between, too. Controls: the pictures left as they are, whose cycle is perfect and which the classifier cannot read; and
the game without its cycle loss, which has no reason to find the way home.
"""

import argparse

import numpy as np
from record import record

import gansmith as gs
from gansmith.evaluate.classifier import classifier

COUNT = 10_000  # digits on either side


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=800)
    parse.add_argument("--batch", type=int, default=8)
    parse.add_argument("--width", type=int, default=16)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--picture", help="write digits, their translations and the way back as a sheet to this .png")
    asked = parse.parse_args()
    train, test = gs.read("mnist").fields, gs.read("mnist_test").fields
    digits, inverted = train["real"][:COUNT], 255 - train["real"][COUNT : 2 * COUNT]
    x, label = np.asarray(test["real"][:2000]), test["label"][:2000]
    judge = classifier(255 - np.asarray(train["real"][2 * COUNT : 3 * COUNT]), train["label"][2 * COUNT : 3 * COUNT])

    def play(**settings):
        gan = gs.CycleGAN(width=asked.width, **settings)
        gan.fit(gs.read((digits, inverted), form="domains"), steps=asked.steps, batch_size=asked.batch, seed=asked.seed)
        there = gan.translate(x)
        noise = np.random.default_rng(0).normal(0, 8, there.shape)
        shaken = np.clip(there + noise, 0, 255).astype(np.uint8)
        found = {
            "label_agreement": judge.accuracy(there, label),
            "cycle_l1": distance(gan.back(there), x),
            "cycle_l1_with_noise_between": distance(gan.back(shaken), x),
        }
        print(settings, found, flush=True)
        return gan, found

    gan, ours = play()
    _, no_cycle = play(cycle=0.0)
    if asked.picture:
        sheet(gan, x[:24], asked.picture)

    def good(label_agreement, cycle_l1, **_):
        return label_agreement >= 0.8 and cycle_l1 <= 0.1

    unchanged = {"label_agreement": judge.accuracy(x, label), "cycle_l1": 0.0}
    record(
        "cyclegan",
        passed=good(**ours) and not good(**unchanged) and not good(**no_cycle),
        **ours,
        floor={"judge_on_true_inverted_digits": judge.accuracy(255 - x, label), "rng": 0.1},
        goal="label agreement >= 0.8, cycle L1 <= 0.1",
        control={"left as they are": unchanged, "no cycle loss": no_cycle},
        protocol=f"{COUNT} digits and {COUNT} other digits inverted, {asked.steps} rounds of {asked.batch}, width "
        f"{asked.width}, 2,000 test digits; L1 in network units",
        seed=asked.seed,
    )


def distance(a, b) -> float:
    """Mean absolute difference in network units (the range is 2)."""
    return float(np.abs(a.astype(np.float32) - b).mean() / 127.5)


def sheet(gan, x, path: str) -> None:
    from PIL import Image

    from gansmith.data.preview import grid

    there = gan.translate(x)
    rows = np.concatenate([x, there, gan.back(there)])
    Image.fromarray(grid(rows, columns=len(x))).save(path)


if __name__ == "__main__":
    main()
