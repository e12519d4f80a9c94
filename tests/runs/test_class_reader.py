"""What a classifier of the labels says of samples: like reals for reals, less for worse ones, within its time."""

import numpy as np
import pytest

import gansmith as gs
from gansmith.data.kinds.audio import tones
from gansmith.errors import UserError
from gansmith.evaluate.classifier import TooSlow
from gansmith.runs import class_reader
from gansmith.runs.class_reader import class_numbers_of, class_rows, reader

INCEPTION = "inception score of a classifier of the labels; 3 at most"
TAUGHT = "accuracy on real data of a classifier that learnt from samples"


class Nearest:
    """In place of a network: the class whose mean picture is the nearest."""

    def __init__(self, pictures, labels, seconds=None):
        if seconds is not None and seconds < 1:
            raise TooSlow(f"a classifier would take 1 s and {seconds:.3g} are left")
        self.means = np.stack([pictures[labels == k].mean(0).ravel() for k in np.unique(labels)])

    def predict(self, pictures):
        flat = pictures.reshape(len(pictures), -1).astype(float)
        return np.array([np.abs(self.means - row).mean(1).argmin() for row in flat])

    def probabilities(self, pictures):
        return np.eye(len(self.means))[self.predict(pictures)]

    def accuracy(self, pictures, labels):
        return float((self.predict(pictures) == labels).mean())


@pytest.fixture
def sounds(monkeypatch):
    monkeypatch.setattr(class_reader, "classifier", Nearest)
    return tones((1, 640), 800).split(0.25)


def test_reals_score_like_reals_and_a_collapse_does_not(sounds):
    train, held = sounds
    read = reader(train, held)
    assert read.right > 0.9 and len(read.unseen) == len(held) == 200
    items, labels = train.raw(np.arange(400)), train.raw(np.arange(400), "label")
    others = held.raw(np.arange(200))
    rows = class_rows(read, train.spec, items, others, labels)
    assert list(rows) == [INCEPTION, TAUGHT]
    made, real, control = rows[INCEPTION]
    assert 2.7 < made <= 3 and abs(made - real) < 0.2 and control < 2
    right, usual, chance = rows[TAUGHT]
    assert right > 0.9 and usual == read.right and 1 / 3 <= chance < 0.5
    one = class_rows(read, train.spec, items[labels == 0], others, labels[labels == 0])
    assert one[INCEPTION][0] < 1.3
    wrong = class_rows(read, train.spec, items, others, np.random.default_rng(0).permutation(labels))
    assert wrong[TAUGHT][0] < 0.7, "what says nothing of its class teaches nothing"


def test_samples_without_labels_teach_nothing_and_without_classes_there_is_no_reader(sounds):
    train, held = sounds
    items = train.raw(np.arange(400))
    rows, notes = class_numbers_of(train, held, items, items)
    assert list(rows) == [INCEPTION] and not notes
    rows, notes = class_numbers_of(train, held, items, items, seconds=0.5)
    assert not rows and "no classifier of the labels: a classifier would take" in notes[0]
    plain = gs.read(train.raw(np.arange(40))[:, 0], rate=8000)
    assert class_numbers_of(plain, None, items, items) == ({}, [])


def test_too_few_to_learn_from_is_a_note(sounds, monkeypatch):
    def refuse(pictures, labels, seconds=None):
        raise UserError("12 images are too few")

    monkeypatch.setattr(class_reader, "classifier", refuse)
    train, held = sounds
    rows, notes = class_numbers_of(train, held, train.raw(np.arange(40)), held.raw(np.arange(40)))
    assert not rows and "12 images are too few" in notes[0]
