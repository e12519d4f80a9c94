"""The three papers that know labels, on MNIST at 14 pixels: does a sample show the digit that was asked for?

    GANSMITH_DATA=… python proofs/cgan.py [cgan | acgan | projection] [--steps N] [--size 28] [--width 64] [--seed 1]

cgan (Mirza & Osindero), acgan (Odena et al.), projection (SNGAN with labels, Miyato & Koyama). The check: a classifier
trained on reals agrees with the label of 95 % of 10,000 samples; the nearest neighbour among the samples names at least
92 % of the test digits, which samples that are all alike within a class cannot do; and, where D reads the label, the
wrong one lowers its score of test digits. The last is asked after a twelfth of the rounds, while samples still miss
their label: once they do not, D meets no wrong label any more, and what it says of one is chance (both are recorded).
Control: shuffled labels. Anchors on MNIST at 28 pixels: nearest neighbours among samples of
a conditional DCGAN 2.98 % wrong, of a GAN for each class 6.28 %, among reals 3.1 %.

Perceptrons depend on their seed: cgan reaches the goal with seed 0 by a hair and misses it with seed 1 (agreement
95.3 %, neighbours 10.4 % wrong).
"""

import argparse

import numpy as np
from gallery import hang
from record import record
from sklearn.neighbors import KNeighborsClassifier

import gansmith as gs
from gansmith.evaluate.classifier import classifier

GAMES = {  # name -> how it is made, rounds, batch
    "cgan": (
        lambda width: gs.CGAN(width=width or 800, learning_rate=5e-4, discriminator_learning_rate=2.5e-4, decay=0.5),
        24_000,
        128,
    ),
    "acgan": (lambda width: gs.ACGAN(width=width or 32, decay=0.5, classify_fakes=False), 24_000, 64),
    "projection": (
        lambda width: gs.SNGAN(
            conditional=True, body="convolutional", width=width or 32, discriminator_steps=2, learning_rate=5e-4
        ),
        24_000,
        64,
    ),
}
COUNT = 10_000


def flat(pictures) -> np.ndarray:
    return np.asarray(pictures, np.float32).reshape(len(pictures), -1)


def neighbour_error(pictures, labels, test, truth) -> float:
    return float((KNeighborsClassifier(1).fit(flat(pictures), labels).predict(flat(test)) != truth).mean())


def within(pictures, labels) -> float:
    """Mean standard deviation of a pixel within a class, 0 … 1."""
    return float(np.mean([(flat(pictures)[labels == k] / 255).std(0).mean() for k in range(10)]))


def prove(name: str, steps: int, size: int, width: int | None, seed: int) -> None:
    make, _, batch = GAMES[name]
    train, test = gs.read("mnist", size=size).fields, gs.read("mnist_test", size=size).fields
    x, y, held, truth = np.asarray(train["real"]), train["label"], np.asarray(test["real"]), test["label"]
    judge = classifier(x, y)
    asked = np.arange(COUNT) % 10

    def lowered(gan) -> float:
        return float((gan.score_samples(held, truth) - gan.score_samples(held, (truth + 1) % 10)).mean())

    def measure(labels, steps: int):
        early = []

        def watch(state, row):
            if not early and state.round >= steps // 12:
                early.append(lowered(state.game))

        gan = make(width).fit((x, labels), steps=steps, batch_size=batch, val=0, seed=seed, watch=watch)
        made = gan.sample(COUNT, seed=1, label=asked)
        found = {
            "agreement": judge.accuracy(made, asked),
            "neighbour_error": neighbour_error(made, asked, held, truth),
            "lowered_by_a_wrong_label": early[0],
            "lowered_in_the_end": lowered(gan),
            "deviation_within_a_class": within(made, asked),
        }
        print(name, steps, found, flush=True)
        return gan, made, found

    gan, made, found = measure(y, steps)
    _, _, shuffled = measure(np.random.default_rng(1).permutation(y), steps // 4)
    hang(name, made[:80], columns=10)

    def good(numbers):
        reads = name == "acgan" or numbers["lowered_by_a_wrong_label"] > 0
        return numbers["agreement"] >= 0.95 and numbers["neighbour_error"] <= 0.08 and reads

    record(
        name,
        passed=good(found) and not good(shuffled),
        **found,
        floor={
            "judge on test digits": judge.accuracy(held, truth),
            "neighbour_error from reals": neighbour_error(x[:COUNT], y[:COUNT], held, truth),
            "deviation_within_a_class of reals": within(x, y),
        },
        goal="agreement >= 0.95, neighbour_error <= 0.08; early, a wrong label lowers D's score (not acgan's)",
        control={"what": "shuffled labels, a quarter of the rounds", **shuffled},
        protocol=f"{gan!r}, {steps} rounds of {batch}, MNIST at {size} pixels, {COUNT:,} samples, 10,000 test digits",
        seed=seed,
    )


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("game", nargs="?", choices=GAMES, default="cgan")
    parse.add_argument("--steps", type=int, help="rounds, where not the game's own number")
    parse.add_argument("--size", type=int, default=14, help="pixels a side")
    parse.add_argument("--width", type=int, help="of the networks, where not the game's own number here")
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    prove(asked.game, asked.steps or GAMES[asked.game][1], asked.size, asked.width, asked.seed)


if __name__ == "__main__":
    main()
