"""GAN (2014): the paper's networks on MNIST. The theory on known densities is in tests/gans/test_gan.py.

    GANSMITH_DATA=… python proofs/gan.py [--steps 40000]

The check, after 67 epochs: a classifier is at least .9 sure of 70 % of the samples, nine digits of ten have 2 %
or more of them, and they are not copies. Control: the untrained generator.
"""

import argparse

from digits_net import judge, nearest_distance, read_digits
from gallery import hang
from record import record

import gansmith as gs


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=40_000, help="of batches of 100: 67 epochs")
    asked = parse.parse_args()
    data, net, floor = judge()
    gan = gs.GAN(decay=0.5).fit(data, steps=asked.steps, batch_size=100)
    made = gan.sample(10_000, seed=1)
    hang("gan", made[:64], columns=16)
    labels = data.fields["label"]
    found = read_digits(made, net, labels)
    control = read_digits(gs.GAN().fit(data, steps=1).sample(2000, seed=1), net, labels)
    distance = nearest_distance(made, data.fields["real"])

    def good(reading):
        return reading.confident >= 0.7 and reading.digits >= 9

    record(
        "gan",
        passed=good(found) and not good(control) and distance > 0.5,
        confident=found.confident,
        confident_to_the_net_as_trained=found.confident_to_the_net_as_trained,
        digits=found.digits,
        shares=found.shares,
        nearest_distance=distance,
        epochs=gan.trained["samples"] / len(data),
        floor=floor,
        goal="confident >= 0.7, digits >= 9, nearest distance (held-out reals: 1) > 0.5",
        control={"what": "untrained", "confident": control.confident, "digits": control.digits},
        protocol=f"{gan!r}, batch 100, {asked.steps} rounds, 10,000 samples",
        seed=0,
    )


if __name__ == "__main__":
    main()
