"""What several proofs on MNIST ask of a sample: which digit, how sure, how far from the nearest training picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import gansmith as gs
from gansmith.evaluate.classifier import Classifier, classifier


class Reading(NamedTuple):
    """Shares of samples: `confident` at .9 or more, each digit's; Kullback-Leibler of the digits from the data's."""

    confident: float
    shares: list[float]
    divergence: float

    @property
    def digits(self) -> int:
        """How many digits have at least 2 % of the samples."""
        return sum(share >= 0.02 for share in self.shares)


def judge() -> tuple[gs.data.dataset.Dataset, Classifier]:
    """MNIST's training set and a classifier trained on it (99.4 % on the test set; cached)."""
    data = gs.read("mnist")
    return data, classifier(np.asarray(data.fields["real"]), data.fields["label"])


def read_digits(made: np.ndarray, net: Classifier, labels: np.ndarray) -> Reading:
    said = np.asarray(net.probabilities(made))
    shares = np.bincount(said.argmax(1), minlength=10) / len(made)
    true = np.bincount(labels, minlength=10) / len(labels)
    some = shares > 0
    divergence = float((shares[some] * np.log(shares[some] / true[some])).sum())
    return Reading(float((said.max(1) >= 0.9).mean()), shares.round(4).tolist(), divergence)


def nearest_distance(made: np.ndarray, pictures: np.ndarray) -> float:
    """Median distance of samples to the nearest training picture, by that of held-out ones would be 1 (pixels)."""
    import torch

    flat = torch.from_numpy(np.asarray(pictures)).flatten(1).float()
    train, held = flat[:-1000], flat[-1000:]
    to_fake = torch.cdist(torch.from_numpy(made[:1000]).flatten(1).float(), train).min(1).values.median()
    return float(to_fake / torch.cdist(held, train).min(1).values.median())
