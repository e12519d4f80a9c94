"""SNGAN on Fashion-MNIST at 16 pixels: how far does the Fréchet distance fall, and do the spectral norms hold?

    GANSMITH_DATA=… python proofs/sngan.py [--steps 4000]

The check: the distance, on the features of a classifier trained on Fashion-MNIST, falls by 70 % or more from that of
the untrained generator, and no normalised weight of D has a singular value above 1.05. Control: the untrained
generator, and the training pictures with shuffled pixels. The number is this classifier's and compares with no other.
"""

import argparse

import numpy as np
import torch
from gallery import hang
from record import record
from torch import nn

import gansmith as gs
from gansmith.evaluate import frechet_distance
from gansmith.evaluate.classifier import classifier

COUNT = 5000


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=4000)
    asked = parse.parse_args()
    data, test = gs.read("fashion_mnist", size=16), gs.read("fashion_mnist_test", size=16)
    pictures = np.asarray(data.fields["real"])
    net = classifier(pictures, data.fields["label"])
    reference = net(np.asarray(test.fields["real"]))

    def distance(made):
        return float(frechet_distance(reference, net(made)))

    settings = {"width": 16, "discriminator_steps": 2}
    gan = gs.SNGAN(**settings).fit(data, steps=asked.steps, val=0, seed=0)
    made = gan.sample(COUNT, seed=1)
    hang("sngan", made[:64], columns=16)
    layers = [m for m in gan.discriminator.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    norms = [torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item() for layer in layers]
    found = distance(made)
    untrained = distance(gs.SNGAN(**settings).fit(data, steps=1, val=0, seed=0).sample(COUNT, seed=1))
    shuffled = np.random.default_rng(0).permuted(pictures[:COUNT].reshape(COUNT, -1), axis=1).reshape(COUNT, 1, 16, 16)
    record(
        "sngan",
        passed=found <= 0.3 * untrained and max(norms) <= 1.05 and distance(shuffled) > 0.3 * untrained,
        frechet=found,
        largest_norm=max(norms),
        floor={"training pictures": distance(pictures[np.random.default_rng(0).choice(len(pictures), COUNT)])},
        goal="Fréchet distance at most 30 % of the untrained generator's, spectral norms at most 1.05",
        control={"untrained": untrained, "shuffled pixels": distance(shuffled)},
        protocol=f"{gan!r}, Fashion-MNIST at 16 pixels, {asked.steps} rounds, {COUNT} samples, 10,000 test pictures",
        seed=0,
    )


if __name__ == "__main__":
    main()
