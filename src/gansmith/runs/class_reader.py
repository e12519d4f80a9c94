"""A classifier of the user's own labels, and what it says of samples: which classes, how surely, what they teach."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.errors import UserError
from gansmith.evaluate.classifier import Classifier, classifier, enough_to_learn
from gansmith.evaluate.counts import inception_score
from gansmith.runs.reference import POOL, some

LEARNT = 10_000  # items that the classifier learns from
TELLING = 500  # reals that it never saw, below which it is asked about all
SECONDS = 60.0  # that learning from samples may take, too


@dataclass
class Reader:
    """What tells the classes of a data set apart.

    net      the classifier, of what `Kind.pictures` makes of items
    counted  reals whose classes are to be counted, as pictures
    unseen, label  reals that it did not learn from, as pictures, and their classes;  right  the share it reads rightly
    """

    net: Classifier
    counted: np.ndarray
    unseen: np.ndarray
    label: np.ndarray
    right: float


def reader(train: Dataset, held: Dataset | None, seconds: float | None = None) -> Reader:
    """A classifier that learnt from at most LEARNT items; others are counted wherever there are enough.

    UserError where there are too few to learn from, TooSlow where it would take longer than `seconds`.
    """
    both = lambda data, index: (data.spec.pictures(data.raw(index)), data.raw(index, "label"))  # noqa: E731
    index = np.random.default_rng(0).permutation(len(train))
    learnt, spare = both(train, index[:LEARNT]), index[LEARNT : LEARNT + POOL // 4]
    unseen = [both(train, spare)] if len(spare) else []
    if held is not None and len(held):
        unseen.append((held.spec.pictures(some(held)), some(held, "label")))
    others, label = (np.concatenate(side) for side in zip(*unseen)) if unseen else (learnt[0][:0], learnt[1][:0])
    net = classifier(*learnt, seconds=seconds)
    right = net.accuracy(others, label) if len(others) else np.nan
    return Reader(net, others if len(others) >= TELLING else learnt[0], others, label, right)


def class_rows(
    read: Reader, form: Kind, items, others, labels=None, seconds: float | None = None
) -> dict[str, tuple[float, float, float]]:
    """Number -> (of `items`, of `others`, which are real, of shuffled `others`).

    labels   the class number of each of `items`, where they were asked for by class: then a classifier learns from
             them, too, and is tried on reals (train on synthetic, test on real)
    seconds  that this may take; TooSlow is a note, as is any other UserError
    """
    shuffled = form.shuffled(others, np.random.default_rng(0))
    score = lambda x: float(inception_score(read.net.probabilities(form.pictures(x)), splits=1)[0])  # noqa: E731
    many = len(form.classes)
    rows = {
        f"inception score of a classifier of the labels; {many} at most": (score(items), score(others), score(shuffled))
    }
    if labels is not None and enough_to_learn(labels) and len(read.unseen):
        taught = classifier(form.pictures(items), labels, seconds=SECONDS if seconds is None else min(seconds, SECONDS))
        chance = np.bincount(read.label).max() / len(read.label)
        right = taught.accuracy(read.unseen, read.label)
        rows["accuracy on real data of a classifier that learnt from samples"] = (right, read.right, float(chance))
    return rows


def class_numbers_of(
    train: Dataset, held: Dataset | None, items, others, labels=None, seconds: float = np.inf
) -> tuple[dict, list[str]]:
    """(`class_rows`, notes) of items that were not made by a run; ({}, []) without classes that can be told apart."""
    form = train.spec
    if "label" not in train.fields or not form.classes or not form.continuous or form.pictures(others[:1]) is None:
        return {}, []
    begun, seconds = time.monotonic(), min(seconds, 2 * SECONDS)
    try:
        read = reader(train, held, seconds / 2)
        return class_rows(read, form, items, others, labels, seconds - (time.monotonic() - begun)), []
    except UserError as error:
        return {}, [f"no classifier of the labels: {error}"]
