"""What several proofs on MNIST ask of a sample: which digit, how sure, how far from the nearest training picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

import gansmith as gs
from gansmith.evaluate.classifier import Classifier, classifier


class Judge(NamedTuple):
    """A classifier that is sure of a digit as often as it is right.

    `classifier` is trained on softened labels (.955 for the true one), so that .9 of its own asks for more than .9. One
    temperature makes up for it, the one that makes test pictures likeliest (Guo et al. 2017).
    """

    net: Classifier
    temperature: float

    def probabilities(self, pictures) -> np.ndarray:
        """(n, 10)."""
        said = np.asarray(self.net.probabilities(pictures), np.float64).clip(1e-12) ** (1 / self.temperature)
        return said / said.sum(1, keepdims=True)


class Reading(NamedTuple):
    """Shares of samples: `confident` at .9 or more, each digit's; Kullback-Leibler of the digits from the data's."""

    confident: float
    shares: list[float]
    divergence: float

    @property
    def digits(self) -> int:
        """How many digits have at least 2 % of the samples."""
        return sum(share >= 0.02 for share in self.shares)


def judge() -> tuple[gs.data.dataset.Dataset, Judge, dict[str, np.ndarray]]:
    """MNIST's training set, a judge trained on it (99.4 % on the test set; cached) whose temperature is that of half
    the test set, and the other half: `real` and `label`.
    """
    data, test = gs.read("mnist"), gs.read("mnist_test").fields
    pictures, labels = np.asarray(test["real"]), test["label"]
    net = classifier(np.asarray(data.fields["real"]), data.fields["label"])

    def unlikely(log_temperature: float) -> float:
        said = Judge(net, np.exp(log_temperature)).probabilities(pictures[:5000])
        return float(-np.log(said[np.arange(5000), labels[:5000]]).mean())

    found = minimize_scalar(unlikely, bounds=(-2, 2), method="bounded")
    return data, Judge(net, float(np.exp(found.x))), {"real": pictures[5000:], "label": labels[5000:]}


def read_digits(made: np.ndarray, net: Judge, labels: np.ndarray) -> Reading:
    said = net.probabilities(made)
    shares = np.bincount(said.argmax(1), minlength=10) / len(made)
    true = np.bincount(labels, minlength=10) / len(labels)
    some = shares > 0
    divergence = float((shares[some] * np.log(shares[some] / true[some])).sum())
    return Reading(float((said.max(1) >= 0.9).mean()), shares.round(4).tolist(), divergence)


def floor(net: Judge, held: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, float]:
    """What the judge says of test pictures; it is calibrated where it is as sure as it is right."""
    said = net.probabilities(held["real"])
    return {
        "confident, real test pictures": read_digits(held["real"], net, labels).confident,
        "the judge's mean confidence": float(said.max(1).mean()),
        "the judge is right": float((said.argmax(1) == held["label"]).mean()),
        "the judge's temperature": net.temperature,
    }


def nearest_distance(made: np.ndarray, pictures: np.ndarray) -> float:
    """Median distance of samples to the nearest training picture, by that of held-out ones would be 1 (pixels)."""
    import torch

    flat = torch.from_numpy(np.asarray(pictures)).flatten(1).float()
    train, held = flat[:-1000], flat[-1000:]
    to_fake = torch.cdist(torch.from_numpy(made[:1000]).flatten(1).float(), train).min(1).values.median()
    return float(to_fake / torch.cdist(held, train).min(1).values.median())
