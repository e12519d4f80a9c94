"""The numbers of a kind's own field: as many items on all sides, and copies sought among all that was trained on."""

import numpy as np

from gansmith.data import read
from gansmith.runs.field import field_lines, field_numbers, reals_for, with_rows
from gansmith.runs.report.exhibits import field

RNG = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(60)]
LINES = list(dict.fromkeys(" ".join(RNG.choice(WORDS, 8)) for _ in range(900)))


def test_copies_are_looked_for_among_all_that_was_trained_on_and_never_among_the_floor():
    data = read(LINES)
    real, other, rest = reals_for(data, None, 50, 100)  # what is compared is a ninth of the data
    assert len(real) == len(other) == 50 and len(rest) == len(data) - 50
    trained = rest.raw(np.arange(len(rest)))
    floor = {row.tobytes() for row in other}
    assert floor.isdisjoint(row.tobytes() for row in trained) and len(floor) == 50
    found = field_numbers(data.spec, real, other, np.concatenate([trained[-40:], other[:20]]), data, rest)
    values = dict(zip(found["field_names"], zip(found["field_fake"], found["field_floor"])))
    name = f"at least 90 % identical to one of {len(data)} training sequences, share of 50"
    assert values[name] == (1, 0)
    train, held = data.split(0.1)
    assert reals_for(train, held, 50, 100)[2] is train


def test_numbers_that_depend_on_how_many_there_are_say_it_and_are_of_as_many():
    data = read(LINES)
    real, other, rest = reals_for(data, None, 50, 200)  # 100 others
    names = list(field_numbers(data.spec, real, other, data.raw(np.arange(70)), data, rest)["field_names"])
    assert "self-BLEU-4 against 69 others, 1 when all are one" in names and "distinct 1-grams of 70, share" in names
    assert "perplexity of the data to a trigram model of 70 samples" in names
    assert {f"distinct {n}-grams of 70, share" for n in (1, 2, 3)} <= set(names)


def test_a_cheap_model_of_the_training_data_stands_beside_every_game_of_sequences():
    grammar = [f"{a} {b} {c}" for a in WORDS[:9] for b in WORDS[9:18] for c in (WORDS[int(b[1:])], WORDS[30])]
    data = read(grammar)
    real, other, rest = reals_for(data, None, 60, 120)
    arrays = field_numbers(data.spec, real, other, data.raw(np.arange(60)), data, rest)
    names, cheap = list(arrays["field_names"]), arrays["field_baseline"]
    assert arrays["field_baseline_is"] == "trigram model" and len(cheap) == len(names)
    at = names.index("2-grams that real ones have, share")
    assert cheap[at] > max(0.6, 1.5 * arrays["field_control"][at])
    lines = field_lines(arrays)
    assert lines[1].split("  ")[-1].strip() == "shuffled (control)" and "trigram model (to beat)" in lines[1]
    assert field(arrays)["columns"][2] == "trigram model (to beat)" and len(field(arrays)["rows"][0]) == 5
    more = with_rows(arrays, {"of classes": (1.0, 2.0, 3.0)})
    assert np.isnan(more["field_baseline"][-1]) and len(more["field_names"]) == len(names) + 1


def test_the_cheap_model_of_genes_is_a_chain_of_codons():
    codons = ["GCA", "CCG", "GGT", "AAC"]
    genes = ["ATG" + "".join(RNG.choice(codons, RNG.integers(2, 6))) + "TAA" for _ in range(200)]
    data = read(genes)
    name, made = data.spec.baseline(data, 100, np.random.default_rng(0))
    texts = data.spec.texts(made)
    assert name == "chain of codons" and made.shape == (100, data.spec.shape[0]) and made.dtype == np.int16
    assert all(text.startswith("ATG") and len(text) % 3 == 0 for text in texts) and len(set(texts)) > 20
    assert np.mean([text.endswith("TAA") for text in texts]) > 0.7  # what is too long is cut
