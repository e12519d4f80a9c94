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


class Reading(NamedTuple):
    """Shares of samples: `confident` at .9 or more, and so before the judge was calibrated, each digit's;
    Kullback-Leibler of the digits from the data's.
    """

    confident: float
    confident_to_the_net_as_trained: float
    shares: list[float]
    divergence: float

    @property
    def digits(self) -> int:
        """How many digits have at least 2 % of the samples."""
        return sum(share >= 0.02 for share in self.shares)


def judge() -> tuple[gs.data.dataset.Dataset, Judge, dict[str, float]]:
    """MNIST's training set, a judge trained on it (99.4 % on the test set; cached) whose temperature is that of half
    the test set, and what it says of the other half: it is calibrated where it is as sure as it is right.
    """
    data, test = gs.read("mnist"), gs.read("mnist_test").fields
    net = classifier(np.asarray(data.fields["real"]), data.fields["label"])
    said, truth = np.asarray(net.probabilities(np.asarray(test["real"]))), test["label"]

    def unlikely(log_temperature: float) -> float:
        return float(-np.log(tempered(said[:5000], np.exp(log_temperature))[np.arange(5000), truth[:5000]]).mean())

    temperature = float(np.exp(minimize_scalar(unlikely, bounds=(-2, 2), method="bounded").x))
    held = tempered(said[5000:], temperature)
    floor = {
        "confident, real test pictures": sure(held),
        "the judge's mean confidence": float(held.max(1).mean()),
        "the judge is right": float((held.argmax(1) == truth[5000:]).mean()),
        "the judge's temperature": temperature,
    }
    return data, Judge(net, temperature), floor


def tempered(said: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, k) of logits divided by the temperature."""
    powers = said.astype(np.float64).clip(1e-12) ** (1 / temperature)
    return powers / powers.sum(1, keepdims=True)


def sure(said: np.ndarray) -> float:
    """The share of rows with a probability of at least .9."""
    return float((said.max(1) >= 0.9).mean())


def read_digits(made: np.ndarray, by: Judge, labels: np.ndarray) -> Reading:
    said = np.asarray(by.net.probabilities(made))
    shares = np.bincount(said.argmax(1), minlength=10) / len(made)
    true = np.bincount(labels, minlength=10) / len(labels)
    some = shares > 0
    divergence = float((shares[some] * np.log(shares[some] / true[some])).sum())
    return Reading(sure(tempered(said, by.temperature)), sure(said), shares.round(4).tolist(), divergence)


def nearest_distance(made: np.ndarray, pictures: np.ndarray) -> float:
    """Median distance of samples to the nearest training picture, by that of held-out ones would be 1 (pixels)."""
    import torch

    flat = torch.from_numpy(np.asarray(pictures)).flatten(1).float()
    train, held = flat[:-1000], flat[-1000:]
    to_fake = torch.cdist(torch.from_numpy(made[:1000]).flatten(1).float(), train).min(1).values.median()
    return float(to_fake / torch.cdist(held, train).min(1).values.median())
