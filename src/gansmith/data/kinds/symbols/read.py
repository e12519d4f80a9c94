"""Texts -> the Dataset of their symbols, with what was decided and what was left out."""

from __future__ import annotations

import numpy as np

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.symbols import alphabet as alphabets
from gansmith.data.kinds.symbols.files import Records
from gansmith.data.labels import evenly, few, labelled
from gansmith.errors import DataError

LONGEST, FIT = 1024, 0.99  # symbols of a sequence, unless it is asked for; share of the sequences that then fits
LARGE = 200_000  # characters of what is no sequence, but a whole book or chromosome, unless a length is asked for
MOST_STEPS = 2**20  # symbols of a sequence that may be asked for
VOCABULARY, MOST = 5000, 30_000  # words or characters that are told apart


def as_count(name: str, value, usual: int | None, most: int) -> int | None:
    if value is None:
        return usual
    if not str(value).isdigit() or not 2 <= int(value) <= most:
        raise DataError(f"{name}={value}: give a whole number from 2 to {most:,}")
    return int(value)


def as_dataset(form, found: Records, label, limit, alphabet, length, vocabulary) -> Dataset:
    """The records as sequences of numbers, of the form that `form` makes of them (`Symbols.of_ids`)."""
    notes: list[str] = list(found.notes)
    left_out = dict(found.left_out)
    for i, (name, text) in enumerate(zip(found.names, found.texts)):
        if length is None and len(text) > LARGE:
            left_out[name] = f"{len(text):,} characters in one: cut it into sequences, or give a --length"
            found.texts[i] = ""
    named = alphabet is not None
    alphabet = alphabet or alphabets.find(found.texts, found.names, found.biological)
    kept = alphabets.cleaned(found, alphabet, notes, left_out)
    if limit is not None and limit < len(kept):
        notes.append(f"{limit} of {len(kept)} sequences taken, evenly spaced (limit={limit})")
        kept = [kept[i] for i in evenly(len(kept), limit)]
    sequences = [alphabets.split(text, alphabet) for _, text in kept]
    counts = np.array([len(s) for s in sequences])
    steps = length or int(min(LONGEST, np.quantile(counts, FIT, method="higher") if len(counts) else 1))
    if length is None and len(counts) and counts.max() <= min(LONGEST, 1.5 * steps):
        steps = int(counts.max())
    longer = [f"{found.names[i]} ({count:,})" for (i, _), count in zip(kept, counts) if count > steps]
    if longer:
        takes = f"--length {counts.max()} takes all" if counts.max() <= MOST_STEPS else "cut them into shorter ones"
        notes.append(f"{len(longer)} sequences of more than {steps:,} symbols are not taken ({takes}): {few(longer)}")
    inside = [(i, s) for (i, _), s in zip(kept, sequences) if len(s) <= steps]
    if longer and len(inside) < 2 <= len(kept):
        which = "all" if not inside else f"{len(longer)} of"
        raise DataError(
            f"{found.source}: {which} {len(kept)} sequences have more than {steps:,} symbols, {few(longer, 2)}: {takes}"
        )
    if len(inside) < 2:
        why = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:3])
        count, each = "one sequence only" if kept else "no sequences", f" ({found.each} is one)" if found.each else ""
        raise DataError(f"{found.source} has {count} to learn from{each}: give some hundreds. {why}".rstrip())
    symbols, share = alphabets.vocabulary_of([s for _, s in inside], alphabet, vocabulary)
    if len(used := {symbol for _, s in inside for symbol in s}) < 2:
        raise DataError(f"{found.source} is written in one symbol, {used.pop()!r}: there is nothing to learn")
    number, unknown = {symbol: i for i, symbol in enumerate(symbols, 1)}, len(symbols)
    ids = np.zeros((len(inside), steps), np.int16)
    for row, (_, sequence) in enumerate(inside):
        ids[row, : len(sequence)] = [number.get(symbol, unknown) for symbol in sequence]
    called = alphabets.CALLED.get(alphabet, alphabet)
    notes.append(f"{'read as' if named else 'looks like'} {called} (alphabet= for another): {len(symbols):,} symbols")
    if share:
        notes.append(f"{share:.2%} of the {alphabet} are rarer and read as {alphabets.UNKNOWN}")
    notes += [f"{len(names)} {what}: {few(names, 8)}" for what, names in found.odd.items()]
    if left_out:
        notes.append(f"{len(left_out)} left out: {few([f'{n} ({why})' for n, why in left_out.items()], 3)}")
    rows = [i for i, _ in inside]
    return labelled(
        ids,
        None if label is None else np.asarray(label)[rows],
        form(ids, symbols, alphabet, found.column),
        name=found.source,
        notes=notes,
        digest=cache.digest(ids, symbols),
        files=tuple(found.names[i] for i in rows),
        left_out=left_out,
        odd=found.odd,
    )
