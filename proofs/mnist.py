"""MNIST in two minutes of two cores, default settings, beside a script written by hand on the same machine.

    GANSMITH_DATA=… python proofs/mnist.py [--minutes 2]

Fréchet distance and coverage on the 128 features of a small classifier trained on MNIST (gansmith.evaluate), 10,000
samples against 10,000 test pictures, with the training pictures as the floor. The number is that classifier's: it can
be compared with the script's beside it and with nothing else. Controls: the untrained generator, and shuffled pixels.
"""

import argparse
import time

import numpy as np
import torch
from record import record
from torch import nn
from torch.nn.functional import softplus

import gansmith as gs
from gansmith.evaluate import density_coverage, frechet_distance
from gansmith.evaluate.classifier import classifier
from gansmith.training.hardware import prepared

COUNT = 10_000


def by_hand(pictures: np.ndarray, seconds: float, seed: int = 0):
    """Width 32, non-saturating, R1 every 16th step, bf16, an average: what a careful person writes in an hour."""
    torch.manual_seed(seed)
    real = torch.from_numpy(pictures)
    g = nn.Sequential(
        nn.Linear(64, 128 * 16), nn.Unflatten(1, (128, 4, 4)), nn.BatchNorm2d(128), nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 3, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 16, 1),
    )  # fmt: skip
    average = [p.detach().clone() for p in g.parameters()]
    of_g = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.99), fused=True)
    of_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.99), fused=True)
    start, steps = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        x = real[torch.randint(len(real), (64,))].float() / 127.5 - 1
        x.requires_grad_(steps % 16 == 0)
        with torch.autocast("cpu", torch.bfloat16):
            fake = g(torch.randn(64, 64))
            on_real, on_fake = d(x).float(), d(fake.detach()).float()
        loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        if steps % 16 == 0:
            (slope,) = torch.autograd.grad(on_real.sum(), x, create_graph=True)
            loss = loss + 16 * 0.5 * slope.square().sum() / 64
        of_d.zero_grad()
        loss.backward()
        of_d.step()
        with torch.autocast("cpu", torch.bfloat16):
            on_fake = d(fake).float()
        of_g.zero_grad()
        softplus(-on_fake).mean().backward()
        of_g.step()
        with torch.no_grad():
            for a, p in zip(average, g.parameters()):
                a.lerp_(p, min(1.0, 0.005 + 1 / (steps + 1)))
        steps += 1
    with torch.no_grad():
        for a, p in zip(average, g.parameters()):
            p.copy_(a)
        # Batch statistics, not the running ones: those belong to the raw weights, and the averaged ones would suffer.
        noise = torch.randn(COUNT, 64, generator=torch.Generator().manual_seed(seed))
        made = torch.cat([g(part) for part in noise.split(500)])
    return (made * 127.5 + 127.5).round().clamp(0, 255).byte().numpy(), 64 * steps / seconds


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=2.0)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--save", help="write the first 64 samples as a sheet to this .png")
    asked = parse.parse_args()
    train = gs.read("mnist")
    test = gs.read("mnist_test")
    pictures, labels = train.fields["real"], train.fields["label"]
    features = classifier(np.asarray(pictures), labels)
    accuracy = features.accuracy(test.fields["real"], test.fields["label"])
    reference = features(test.fields["real"])

    def measure(made):
        seen = features(made)
        shares = np.bincount(features.predict(made), minlength=10) / len(made)
        relative = shares / (np.bincount(labels, minlength=10) / len(labels))
        return {
            "frechet": frechet_distance(reference, seen),
            "coverage": density_coverage(reference, seen, k=5).coverage,
            "digit_share_least": float(relative.min()),
            "digit_share_most": float(relative.max()),
        }

    gan = gs.R3GAN().fit("mnist", minutes=asked.minutes, seed=asked.seed)
    made = gan.sample(COUNT, seed=asked.seed + 100)
    ours = measure(made) | {"images_per_second": gan.trained["samples"] / gan.trained["seconds"]}
    print("gansmith", ours)
    if asked.save:
        from pathlib import Path

        from gansmith.data.write import save_sheet

        save_sheet(made[:64], Path(asked.save).with_suffix(""), gan.spec)
    with prepared(torch.device("cpu")):
        made, speed = by_hand(np.asarray(pictures), 60 * asked.minutes, asked.seed)
    hand = measure(made) | {"images_per_second": speed}
    print("by hand ", hand)
    floor = measure(pictures[np.random.default_rng(0).choice(len(pictures), COUNT, replace=False)])
    untrained = gs.R3GAN().fit("mnist", steps=1, seed=asked.seed)
    shuffled = np.random.default_rng(0).permuted(pictures[:COUNT].reshape(COUNT, -1), axis=1).reshape(COUNT, 1, 28, 28)
    control = {"untrained": measure(untrained.sample(COUNT, seed=1)), "shuffled pixels": measure(shuffled)}
    even = ours["digit_share_least"] >= 0.8 and ours["digit_share_most"] <= 1.2
    record(
        "mnist",
        passed=ours["frechet"] < hand["frechet"] / 1.5
        and even
        and min(c["frechet"] for c in control.values()) > 5 * ours["frechet"],
        **ours,
        by_hand=hand,
        floor=floor,
        goal="Fréchet distance below two thirds of the hand-written script's, every digit within 20 % of its share",
        control=control,
        classifier_test_accuracy=accuracy,
        protocol=f"R3GAN defaults, {asked.minutes} min, {COUNT} samples against the 10,000 test pictures, 128 features "
        "of a classifier trained on the 60,000",
        seed=asked.seed,
        command=f"python proofs/mnist.py --minutes {asked.minutes:g}",
    )


if __name__ == "__main__":
    main()
