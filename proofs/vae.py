"""VAE: the lower bound on MNIST in nats, and what a mean over pixels in place of their sum does to it.

    GANSMITH_DATA=… python proofs/vae.py [--epochs 10]

The check, on the 10,000 test digits, pixels as probabilities: −ELBO at most 110 nats (104 to 106 are usual for this
network) with a KL of 15 to 35. Control: the likelihood as a mean over the 784 pixels, which must lose the code.
"""

import argparse

import numpy as np
import torch
from gallery import hang
from record import record

import gansmith as gs


class Mean(gs.VAE):
    """The common mistake: pixels averaged, the KL not."""

    def bound(self, batch):
        terms = super().bound(batch)
        return terms | {"rebuilding": terms["rebuilding"] / batch.real[0].numel()}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--epochs", type=float, default=10)
    asked = parse.parse_args()
    data, test = gs.read("mnist"), gs.read("mnist_test")
    pictures = np.asarray(test.fields["real"])

    def measure(game, epochs):
        vae = game(decay=0.3).fit(data, steps=round(epochs * len(data) / 128), val=0, seed=0)
        torch.manual_seed(0)
        kl = vae.apply_in_batches(lambda part, _: vae.parts(part)[1], pictures)
        return vae, {"minus_elbo": -float(vae.score_samples(pictures).mean()), "kl": float(kl.mean())}

    vae, found = measure(gs.VAE, asked.epochs)
    _, averaged = measure(Mean, asked.epochs / 5)
    hang("vae", np.concatenate([pictures[:10], vae.reconstruct(pictures[:10]), vae.sample(20, seed=1)]), columns=10)

    def good(numbers):
        return numbers["minus_elbo"] <= 110 and 15 <= numbers["kl"] <= 35

    record(
        "vae",
        passed=good(found) and not good(averaged),
        **found,
        floor={"a grey picture (nats)": 784 * float(np.log(2))},
        goal="minus_elbo <= 110, kl 15 to 35",
        control={"what": "pixels averaged, a fifth of the time", **averaged},
        protocol=f"{vae!r}, {asked.epochs} epochs, one z for each of the 10,000 test digits",
        seed=0,
    )


if __name__ == "__main__":
    main()
