"""The numbers of a kind's own field: as many items on all sides, and copies sought among all that was trained on."""

import numpy as np

from gansmith.data import read
from gansmith.runs.field import field_numbers, reals_for

RNG = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(60)]
LINES = list(dict.fromkeys(" ".join(RNG.choice(WORDS, 8)) for _ in range(900)))


def test_copies_are_looked_for_among_all_that_was_trained_on_and_never_among_the_floor():
    data = read(LINES)
    real, other, known = reals_for(data, None, 50, 100)  # what is compared is a ninth of the data
    assert len(real) == len(other) == 50 and len(known) == len(data) - 50
    trained = known.raw(np.arange(len(known)))
    floor = {row.tobytes() for row in other}
    assert floor.isdisjoint(row.tobytes() for row in trained) and len(floor) == 50
    found = field_numbers(data.spec, real, other, trained[-60:], known)
    values = dict(zip(found["field_names"], zip(found["field_fake"], found["field_floor"])))
    name = f"at least 90 % identical to one of {len(known)} training sequences, share of 50"
    assert values[name] == (1, 0)
    train, held = data.split(0.1)
    assert reals_for(train, held, 50, 100)[2] is train


def test_numbers_that_depend_on_how_many_there_are_say_it_and_are_of_as_many():
    data = read(LINES)
    real, other, known = reals_for(data, None, 50, 200)  # 100 others
    names = list(field_numbers(data.spec, real, other, data.raw(np.arange(70)), known)["field_names"])
    assert "self-BLEU-4 against 69 others, 1 when all are one" in names and "distinct 1-grams of 70, share" in names
    assert "perplexity of the data to a trigram model of 70 samples" in names
    assert {f"distinct {n}-grams of 70, share" for n in (1, 2, 3)} <= set(names)
