"""DCGAN: half width on MNIST; and do the discriminator's features know the digits?

    GANSMITH_DATA=… python proofs/dcgan.py [--steps 16000]

The check: a classifier is at least .9 sure of 75 % of the samples, every digit has 3 % of them, the digits'
Kullback-Leibler divergence from the data's is at most .15; and a linear probe on the discriminator's features, trained
on 1,000 labels, beats the same network before training by 3 points. Control: the untrained game.
"""

import argparse

import numpy as np
import torch
from digits_net import judge, read_digits
from gallery import hang
from record import record

import gansmith as gs


def probe(gan, data, test) -> float:
    """Test accuracy of a linear classifier on the discriminator's features, from 1,000 labels."""
    from sklearn.linear_model import LogisticRegression

    def features(pictures):
        with gan.at_rest():
            x = gan.spec.to_network(torch.from_numpy(np.asarray(pictures)))
            return torch.cat([gan.discriminator.features(part) for part in x.split(500)]).numpy()

    model = LogisticRegression(max_iter=300, C=0.1).fit(
        features(data.fields["real"][:1000]), data.fields["label"][:1000]
    )
    return float(model.score(features(test.fields["real"][:5000]), test.fields["label"][:5000]))


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=16_000, help="of batches of 64: 17 epochs")
    asked = parse.parse_args()
    data, net, floor = judge()
    test, labels = gs.read("mnist_test"), data.fields["label"]
    gan = gs.DCGAN(width=32, decay=0.5).fit(data, steps=asked.steps)
    made = gan.sample(10_000, seed=1)
    hang("dcgan", made[:64], columns=16)
    found = read_digits(made, net, labels)
    new = gs.DCGAN(width=32).fit(data, steps=1)
    control = read_digits(new.sample(2000, seed=1), net, labels)
    learned, random = probe(gan, data, test), probe(new, data, test)

    def good(reading):
        return reading.confident >= 0.75 and min(reading.shares) >= 0.03 and reading.divergence <= 0.15

    record(
        "dcgan",
        passed=good(found) and not good(control) and learned >= random + 0.03,
        confident=found.confident,
        confident_to_the_net_as_trained=found.confident_to_the_net_as_trained,
        shares=found.shares,
        divergence=found.divergence,
        probe_accuracy=learned,
        epochs=gan.trained["samples"] / len(data),
        floor=floor,
        goal="confident >= 0.75, every digit >= 3 %, divergence <= 0.15, probe >= the untrained one + 0.03",
        control={
            "what": "untrained",
            "confident": control.confident,
            "digits": control.digits,
            "probe_accuracy": random,
        },
        protocol=f"{gan!r}, {asked.steps} rounds, 10,000 samples; probe on 1,000 labels",
        seed=0,
    )


if __name__ == "__main__":
    main()
