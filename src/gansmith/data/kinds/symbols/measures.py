"""The numbers of text and of sequences: n-grams, BLEU, perplexities, codons, reading frames, nearest neighbours.

All take ids (n, L), 0 behind the last symbol, and `symbols`, the size of the vocabulary.
"""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.symbols.ngrams import distribution, keys, lengths_of

REFERENCES = 500  # sequences that BLEU compares with, at most: a fixed number, since more of them raise it
NEAREST, CANDIDATES = 200, 5  # samples that are aligned with the data, and data sequences that each is aligned with
PART = 4096  # sequences whose profiles are in memory at once
STOPS = (("T", "A", "A"), ("T", "A", "G"), ("T", "G", "A"))
START = ("A", "T", "G")


def precision(real: np.ndarray, fake: np.ndarray, order: int, symbols: int) -> float:
    """Share of the fakes' n-grams that occur in real sequences."""
    made = keys(fake, order, symbols)[1]
    return float(np.isin(made, keys(real, order, symbols)[1]).mean()) if len(made) else 0.0


def distinct(ids: np.ndarray, order: int, symbols: int) -> float:
    """Different n-grams as a share of all n-grams: 0 when all sequences are one."""
    made = keys(ids, order, symbols)[1]
    return len(np.unique(made)) / max(1, len(made))


def bleu(candidates: np.ndarray, references: np.ndarray | None, symbols: int, order: int = 4) -> float:
    """Mean BLEU of each candidate against all references (Papineni et al. 2002), with 0.1 in place of no match at all;
    None: against the other candidates (self-BLEU, Zhu et al. 2018). A short candidate is judged by the orders it has.
    """
    length, logs = lengths_of(candidates), np.zeros(len(candidates))
    used = np.minimum(order, np.maximum(length, 1))
    for n in range(1, order + 1):
        row, key, count = _counted(*keys(candidates, n, symbols))
        _, other, there = _counted(*keys(candidates if references is None else references, n, symbols))
        most = _most_of_others(key, count) if references is None else _most(key, other, there)
        matched = np.bincount(row, np.minimum(count, most), len(candidates))
        total = np.maximum(length - n + 1, 0)
        logs += np.where(total > 0, np.log(np.maximum(matched, 0.1) / np.maximum(total, 1)), 0) / used
    nearest = _nearest_length(length, None if references is None else lengths_of(references))
    return float(np.mean(np.exp(logs) * np.exp(np.minimum(0, 1 - nearest / np.maximum(length, 1)))))


def _counted(row: np.ndarray, key: np.ndarray):
    """(row, key, count) of each different n-gram of each sequence."""
    order = np.lexsort((row, key))
    row, key = row[order], key[order]
    first = np.flatnonzero(np.r_[True, (row[1:] != row[:-1]) | (key[1:] != key[:-1])]) if len(row) else row
    return row[first], key[first], np.diff(np.append(first, len(row)))


def _most(key: np.ndarray, other: np.ndarray, count: np.ndarray) -> np.ndarray:
    """For each key the greatest `count` that any reference has of it."""
    known, at = np.unique(other, return_inverse=True)
    most = np.zeros(len(known) + 1, np.int64)
    np.maximum.at(most, at, count)
    place = np.searchsorted(known, key).clip(max=max(0, len(known) - 1))
    return np.where(known[place] == key, most[place], 0) if len(known) else np.zeros(len(key), np.int64)


def _most_of_others(key: np.ndarray, count: np.ndarray) -> np.ndarray:
    """For each (sequence, key), the greatest count that any other sequence has of the key."""
    order = np.lexsort((-count, key))
    sorted_key, sorted_count = key[order], count[order]
    first = np.r_[True, sorted_key[1:] != sorted_key[:-1]] if len(key) else np.zeros(0, bool)
    starts = np.flatnonzero(first)
    second = np.where(
        np.diff(np.append(starts, len(key))) > 1, sorted_count[(starts + 1).clip(max=max(0, len(key) - 1))], 0
    )
    group = np.cumsum(first) - 1
    found = np.empty(len(key), np.int64)
    found[order] = np.where(first, second[group], sorted_count[starts][group])
    return found


def _nearest_length(length: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    """The reference length nearest to each, the shorter of two; the same length where there is another such."""
    pool = np.sort(length if others is None else others)
    if others is None and len(pool) > 1:
        at = np.searchsorted(pool, length)
        twice = pool[(at + 1).clip(max=len(pool) - 1)] == length
        below, above = pool[(at - 1).clip(0)], pool[(at + 1).clip(max=len(pool) - 1)]
        near = np.where((np.abs(above - length) < np.abs(below - length)) & (above != length) | (at == 0), above, below)
        return np.where(twice, length, near)
    at = np.searchsorted(pool, length).clip(max=len(pool) - 1)
    below, above = pool[(at - 1).clip(0)], pool[at]
    return np.where(np.abs(above - length) < np.abs(below - length), above, below)


def divergence(one: np.ndarray, two: np.ndarray) -> float:
    """Jensen-Shannon divergence of two distributions in nats: 0 when alike, 0.693 when they share nothing."""
    middle = (one + two) / 2

    def half(p: np.ndarray) -> float:
        there = p > 0
        return float((p[there] * np.log(p[there] / middle[there])).sum())

    return (half(one) + half(two)) / 2


def kmer_divergence(real: np.ndarray, fake: np.ndarray, order: int, symbols: int, step: int = 1) -> float:
    """Jensen-Shannon divergence of k-mers; with `step` 3 and order 3, of codons in frame."""
    return divergence(*(distribution(ids, order, symbols, step) for ids in (real, fake)))


def length_gap(real: np.ndarray, fake: np.ndarray) -> float:
    """Mean distance between the lengths of the two, each sorted, in symbols (Wasserstein)."""
    share = np.linspace(0, 1, 201)
    one, two = (np.quantile(lengths_of(ids), share) for ids in (real, fake))
    return float(np.abs(one - two).mean())


def valid_frames(ids: np.ndarray, vocabulary: tuple[str, ...]) -> np.ndarray:
    """(n,) whether each is an open reading frame: starts with ATG, ends with a stop, none before, in threes."""
    number = {letter: i for i, letter in enumerate(vocabulary, 1)}
    number.setdefault("T", number.get("U", -1))
    length = lengths_of(ids)
    codons = np.pad(ids, ((0, 0), (0, -ids.shape[1] % 3))).reshape(len(ids), -1, 3)
    stop = np.any([(codons == [number.get(x, -1) for x in s]).all(2) for s in STOPS], 0)
    last = np.arange(codons.shape[1]) == (length // 3 - 1)[:, None]
    starts = (codons[:, 0] == [number.get(x, -1) for x in START]).all(1)
    return (length % 3 == 0) & (length >= 6) & starts & (stop == last).all(1)


def broken_frame(gene: str) -> str:
    """Why a gene is no open reading frame, in words; "" where it is one."""
    codons = [gene[i : i + 3].replace("U", "T") for i in range(0, len(gene), 3)]
    stops = {"".join(stop) for stop in STOPS}
    inside = next((3 * i + 1 for i, codon in enumerate(codons[:-1]) if codon in stops), 0)
    if len(gene) % 3 or len(gene) < 6:
        return f"has {len(gene)} bases, which are no whole codons" if len(gene) % 3 else "is too short"
    if codons[0] != "".join(START):
        return f"begins with {codons[0]}, not with ATG"
    return (
        f"has a stop at {inside}" if inside else "" if codons[-1] in stops else f"ends in {codons[-1]}, not in a stop"
    )


# --- nearest neighbours ----------------------------------------------------------------------------------------------
def edit_distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """(n,) insertions, deletions and exchanges (Levenshtein 1966) that make each row of `one` that of `two`."""
    lengths, others = lengths_of(one), lengths_of(two)
    places = np.arange(two.shape[1] + 1)
    row = np.tile(places, (len(one), 1))
    found = np.where(lengths == 0, others, 0)
    for i in range(one.shape[1]):
        new = np.empty_like(row)
        new[:, 0] = i + 1
        new[:, 1:] = np.minimum(row[:, 1:] + 1, row[:, :-1] + (two != one[:, i : i + 1]))
        row = np.minimum.accumulate(new - places, 1) + places  # insertions, each a step to the right
        done = lengths == i + 1
        found[done] = row[done, others[done]]
    return found


def identities(real: np.ndarray, fake: np.ndarray, symbols: int) -> np.ndarray:
    """(m,) of at most NEAREST fakes: 1 − edits / the longer length, to the nearest of the CANDIDATES real sequences
    that share most 3-grams (or symbols) with it."""
    fake = fake[:NEAREST]
    if not len(fake) or not len(real):
        return np.zeros(0)
    order = 3 if lengths_of(fake).min(initial=9) >= 3 and lengths_of(real).min() >= 3 else 1
    profile = hashed(fake, order, symbols)
    shared, near = np.zeros((len(fake), 0), np.float32), np.zeros((len(fake), 0), np.int64)
    for start in range(0, len(real), PART):  # a profile of each of many sequences is large
        more = profile @ hashed(real[start : start + PART], order, symbols).T
        place = np.broadcast_to(np.arange(start, start + more.shape[1]), more.shape)
        shared, near = np.concatenate([shared, more], 1), np.concatenate([near, place], 1)
        best = np.argsort(-shared, 1, kind="stable")[:, :CANDIDATES]
        shared, near = np.take_along_axis(shared, best, 1), np.take_along_axis(near, best, 1)
    left, right = np.repeat(fake, near.shape[1], 0), real[near.ravel()]
    longer = np.maximum(np.maximum(lengths_of(left), lengths_of(right)), 1)
    return (1 - edit_distances(left, right) / longer).reshape(near.shape).max(1)


def hashed(ids: np.ndarray, order: int, symbols: int, size: int = 1024) -> np.ndarray:
    """(n, size) float32: root of how often each n-gram comes, n-grams hashed to `size` places, of length 1."""
    row, key = keys(ids, order, symbols)
    place = ((key.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)) % np.uint64(size)
    counts = np.bincount(row * size + place.astype(np.int64), minlength=len(ids) * size).reshape(len(ids), size)
    return np.sqrt(counts / np.maximum(counts.sum(1, keepdims=True), 1)).astype(np.float32)
