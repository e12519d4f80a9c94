"""Sequences of symbols: lines of text as words or characters, genes and proteins as letters."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.symbols import alphabet as alphabets
from gansmith.data.kinds.symbols import measures as measured
from gansmith.data.kinds.symbols.features import SPACES, numbers_of
from gansmith.data.kinds.symbols.files import READS, records_of
from gansmith.data.kinds.symbols.ngrams import NGramModel, lengths_of
from gansmith.data.kinds.symbols.read import MOST, MOST_STEPS, VOCABULARY, as_count, as_dataset
from gansmith.data.kinds.symbols.tables import JSON
from gansmith.data.kinds.symbols.write import picture, write_texts
from gansmith.data.kinds.table.csv import is_formula
from gansmith.data.labels import choose, evenly, few
from gansmith.data.spec import Kind
from gansmith.errors import DataError

LOOKED_AT = 1000  # texts, for formulas
SEARCHED = 100_000  # training sequences among which samples are looked for, at most
PAIRS = 5000  # pairs of symbols that a form keeps the counts of
NOUNS = {"dna": "bases", "rna": "bases", "protein": "amino acids"}  # what the symbols are called


@dataclass(frozen=True)
class Symbols(Kind):
    """Sequences of `shape` (L,), int16: numbers of symbols 1 … k, and zeros from the end on; the networks see them as
    int64.

    vocabulary  the symbols;  alphabet  one of `alphabets.ALPHABETS`;  shortest  length of the shortest sequence
    multiple    what every length is a multiple of: 3 of genes in whole codons
    once, pairs  counts of the end and of each symbol (k + 1), and of the commonest pairs: first, second, count, …
    column      of the table that they come from
    """

    kind = "symbols"
    noun = "sequences"
    takes = "lines of text (.txt), .fasta, .fastq, .jsonl, .json (also .gz), a .csv and --column, or a list of texts"
    reads = READS
    options = {
        "alphabet": "dna, rna, protein, characters or words [found]",
        "column": "of a .csv, .tsv or .jsonl: which holds the text",
        "length": "of a sequence, in symbols, at most [what 99 in 100 fit into]",
        "vocabulary": f"words or characters that are told apart, at most [{VOCABULARY}]",
    }
    default_game = "relgan"
    default_reason = "it needs no roll-outs; hold it against language-model, which has no adversary and is often better"
    endings = (".txt", ".fasta", ".csv", ".jsonl", ".npz", ".npy", ".png")
    foreign = dict.fromkeys((".gb", ".gbk"), "turn it into FASTA: Bio.SeqIO.convert(NAME, 'gb', OUT, 'fasta')")
    foreign |= dict.fromkeys(
        (".doc", ".docx", ".odt", ".rtf", ".pdf", ".epub", ".html", ".md", ".tex"),
        "save its text as .txt, each text on a line of its own",
    )
    write_options = ("labels", "safe")
    example_out = "-n 1000 -o made.txt"
    shown = heard = 200
    plays = (".txt", "text/plain;charset=utf-8")  # which a browser has letters for, where a picture lacks them
    continuous = False

    vocabulary: tuple[str, ...] = ()
    alphabet: str = "characters"
    shortest: int = 1
    multiple: int = 1
    once: tuple[int, ...] = ()
    pairs: tuple[int, ...] = ()
    column: str = "text"

    def __post_init__(self) -> None:
        if self.alphabet in alphabets.LETTERS:
            object.__setattr__(self, "default_game", "language-model")
            object.__setattr__(self, "default_reason", "no GAN here comes as near in as many minutes: docs/genes.md")
            object.__setattr__(self, "example_out", "-n 1000 -o made.fasta")

    # --- reading -----------------------------------------------------------------------------------------------------
    @classmethod
    def recognises(cls, data) -> bool:
        if isinstance(data, (str, os.PathLike)):
            return str(data).lower().removesuffix(".gz").endswith((*READS, *JSON)) and Path(data).is_file()
        if hasattr(data, "columns") and hasattr(data, "to_dict"):
            return True  # a DataFrame, which is a table unless form= says otherwise
        return isinstance(data, (list, tuple)) and len(data) > 0 and isinstance(data[0], str)

    @classmethod
    def read(
        cls, data, *, labels="auto", limit=None, cache=None, named=False, alphabet=None, column=None, length=None,
        vocabulary=None,
    ) -> Dataset:  # fmt: skip
        """The Dataset of texts; sequences that cannot be learned are left out, and named in `left_out`.

        alphabet    of `alphabets.ALPHABETS`; None: found
        column      of a table or of JSON lines; `labels` may name another one, which holds classes
        length      symbols of a sequence, at most: longer ones are left out. None: what 99 in 100 fit into
        vocabulary  words or characters that are told apart, at most; the others are read as one, "<unk>"
        """
        alphabets.check_alphabet(alphabet)
        length = as_count("length", length, None, MOST_STEPS)
        vocabulary = as_count("vocabulary", vocabulary, VOCABULARY, MOST)
        by_name = isinstance(labels, str) and labels != "auto"
        found = records_of(data, column, labels if by_name else None)
        label = choose("auto" if by_name else labels, found.labels, (), len(found.texts), found.source)[0]
        return as_dataset(cls.of_ids, found, label, limit, alphabet, length, vocabulary)

    @classmethod
    def of_ids(cls, ids: np.ndarray, vocabulary, alphabet: str = "words", column: str = "") -> Symbols:
        """The form of sequences that are numbers already (n, L), 0 from the end on, of this vocabulary."""
        ids, k = np.asarray(ids, np.int64), len(vocabulary)
        once = np.bincount(ids.ravel(), minlength=k + 1)
        once[0] = len(ids)  # an end each, or the last place
        inside = ids[:, :-1] > 0
        pair, counts = np.unique(ids[:, :-1][inside] * (k + 1) + ids[:, 1:][inside], return_counts=True)
        often = np.sort(np.argsort(-counts, kind="stable")[:PAIRS])
        pairs = np.stack([pair[often] // (k + 1), pair[often] % (k + 1), counts[often]], 1)
        column = column or ("text" if alphabet in ("words", "characters") else "sequence")
        return cls(
            ids.shape[1:],
            vocabulary=tuple(vocabulary),
            alphabet=alphabet,
            shortest=int(lengths_of(ids).min()),
            multiple=int(np.gcd.reduce(lengths_of(ids))),
            once=tuple(once.tolist()),
            pairs=tuple(pairs.ravel().tolist()),
            column=column,
        )

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        """Words of four, three to six in a line."""
        rng = np.random.default_rng(seed)
        ids = rng.integers(1, 5, (n, 6)).astype(np.int16)
        ids[np.arange(6) >= rng.integers(3, 7, n)[:, None]] = 0
        form = cls.of_ids(ids, (" a", " red", " dog", " runs"))
        return [Dataset(form, {"real": ids}, name="made up", digest=f"symbols {n} {seed}")]

    def read_options(self) -> dict:
        return {"alphabet": self.alphabet, "length": self.shape[0]}

    def like(self, dataset: Dataset) -> Dataset:
        other = dataset.spec
        if not isinstance(other, Symbols):
            raise DataError(f"{dataset.name} holds {other.noun}, where {self.noun} are expected")
        if other.vocabulary == self.vocabulary and other.shape == self.shape:
            return replace(dataset, spec=self)
        texts = other.texts(dataset.raw(np.arange(len(dataset))))
        ids, odd = self.encode(texts)
        if odd:
            raise DataError(f"{dataset.name}: {odd[0]}; known are {few(self.vocabulary, 24)}")
        return replace(dataset, spec=replace(self, classes=()), fields={"real": ids}, rows=None)

    @classmethod
    def of_json(cls, fields: dict) -> Symbols:
        made = cast(Symbols, super().of_json(fields))
        if not made.vocabulary or len(made.once) != len(made.vocabulary) + 1 or len(made.pairs) % 3:
            raise ValueError("the counts are not of the vocabulary")
        if made.alphabet not in alphabets.ALPHABETS or (made.pairs and max(made.pairs[::3]) > len(made.vocabulary)):
            raise ValueError(f"there is no alphabet {made.alphabet!r} of {len(made.vocabulary)} symbols")
        return made

    # --- text --------------------------------------------------------------------------------------------------------
    @property
    def unknown(self) -> int:
        """The number of "<unk>", which stands for all that is not in the vocabulary; 0: there is none."""
        return len(self.vocabulary) if self.vocabulary[-1] == alphabets.UNKNOWN else 0

    @property
    def in_codons(self) -> bool:
        """Whether all sequences are of whole codons."""
        return self.alphabet in ("dna", "rna") and self.multiple % 3 == 0

    @property
    def ends(self) -> bool:
        """Whether sequences end before the last place, so that a network must learn where."""
        return self.shortest < self.shape[0]

    def texts(self, items) -> list[str]:
        """Items (n, L) as text."""
        ids = np.asarray(items)
        return [
            alphabets.join([self.vocabulary[k - 1] for k in row[:stop]], self.alphabet)
            for row, stop in zip(ids.tolist(), lengths_of(ids))
        ]

    def encode(self, texts: list[str]) -> tuple[np.ndarray, list[str]]:
        """(ids int16 (n, L), what is wrong: of unknown symbols where there is no "<unk>", and of texts too long)."""
        number = {symbol: i for i, symbol in enumerate(self.vocabulary, 1)}
        ids, odd = np.zeros((len(texts), *self.shape), np.int16), []
        for row, text in enumerate(texts):
            symbols = alphabets.split(text, self.alphabet)
            if new := [s for s in symbols if s not in number and not self.unknown]:
                odd.append(f"{text[:40]!r} has {new[0]!r}, which is new")
            if len(symbols) > self.shape[0]:
                odd.append(f"{text[:40]!r} has {len(symbols)} symbols, and {self.shape[0]} is the most")
            codes = [number.get(symbol, self.unknown) for symbol in symbols[: self.shape[0]]]
            ids[row, : len(codes)] = codes
        return ids, odd

    # --- looking -----------------------------------------------------------------------------------------------------
    @property
    def symbol(self) -> str:
        return NOUNS.get(self.alphabet, self.alphabet)

    def describe(self, count: int) -> str:
        called = alphabets.CALLED.get(self.alphabet, self.alphabet)
        most = f"{self.shape[0]} {self.symbol}"
        return (
            f"{count:,} sequences ({called}) of {'at most ' if self.ends else ''}{most}, {len(self.vocabulary):,} kinds"
        )

    def check(self, dataset: Dataset, check) -> None:
        from gansmith.data.preflight import look_at_values

        lengths: list[int] = []
        frames: list[bool] = []

        def look(start: int, x: np.ndarray) -> None:
            lengths.extend(lengths_of(x).tolist())
            if self.alphabet in ("dna", "rna"):
                frames.extend(measured.valid_frames(x, self.vocabulary).tolist())

        look_at_values(check, dataset, look=look)
        check.low = check.high = check.mean = check.sd = []
        check.axes = f"{self.symbol}, {len(self.vocabulary):,} kinds"
        low, middle, high = np.quantile(lengths, (0, 0.5, 1)).astype(int)
        check.notes.append(f"lengths {low} to {high}, median {middle}")
        seen = np.array(self.once[1:], float)
        if self.alphabet in alphabets.LETTERS:
            shares = ", ".join(f"{s} {n:.1%}" for s, n in zip(self.vocabulary, seen / max(1, seen.sum())))
            check.notes.append(f"letters: {shares}")
            if absent := [s for s, n in zip(self.vocabulary, seen) if not n]:
                check.notes.append(f"letters that never come: {few(absent, 20)}")
        if sum(frames) > len(frames) / 2:
            self._look_at_frames(dataset, check, np.array(frames))
        texts = self.texts(dataset.raw(np.arange(min(LOOKED_AT, len(dataset)))))
        if odd := next(filter(is_formula, texts), None):
            check.problems.append(
                f"texts that a spreadsheet would run as formulas; write .csv with --safe-csv: {odd[:60]}"
            )
        if len(check.duplicates) and sum(map(len, check.duplicates)) > len(dataset) / 2:
            check.problems.append("most sequences are copies of others: a game would learn those few by heart")

    def _look_at_frames(self, dataset: Dataset, check, whole: np.ndarray) -> None:
        """Say how many genes are open reading frames, and why the others are none."""
        from gansmith.data.preflight import namer

        said, broken = f"{whole.sum():,} of {len(whole):,} are open reading frames", np.flatnonzero(~whole)
        if not len(broken):
            check.notes.append(said)
            return
        name, genes = namer(dataset), self.texts(dataset.raw(broken))
        why = [f"{name(i)} {measured.broken_frame(gene)}" for i, gene in zip(broken, genes)]
        check.problems.append(f"{said}: {few(why, 3)}")

    # --- units -------------------------------------------------------------------------------------------------------
    @property
    def dtype(self):
        return np.int16

    def to_network(self, x: Tensor) -> Tensor:
        """Numbers of symbols, int64."""
        return x.long()

    def to_data(self, x: Tensor) -> np.ndarray:
        return x.detach().to(torch.int16).cpu().numpy()

    @property
    def axes(self) -> int:
        return 0

    def steps_needed(self, count: int, batch_size: int) -> tuple[int, int]:
        """Ten passes over the data, and fifty."""
        return max(300, 10 * count // batch_size), max(1500, 50 * count // batch_size)

    # --- showing -----------------------------------------------------------------------------------------------------
    def preview(self, items) -> np.ndarray:
        """Lines, and how likely a model of the data's pairs of symbols finds each, in nats a symbol."""
        items = np.asarray(items)[:32]
        likely = self.likelihoods(items) if self.once else None
        return picture(self.texts(items), likely, "log-likelihood a symbol, by pairs of the data")

    def likelihoods(self, items) -> np.ndarray:
        """(n,) mean log-likelihood of a symbol under the counts of single symbols and of pairs that the form keeps."""
        ids = np.pad(np.asarray(items, np.int64), ((0, 0), (0, 1)))
        k = len(self.vocabulary) + 1
        single = (np.array(self.once) + 0.5) / (sum(self.once) + 0.5 * k)
        kept = np.array(self.pairs, np.int64).reshape(-1, 3)
        order = np.argsort(kept[:, 0] * k + kept[:, 1])
        known, counts = (kept[:, 0] * k + kept[:, 1])[order], kept[order, 2]
        key = ids[:, :-1] * k + ids[:, 1:]
        at = np.searchsorted(known, key).clip(max=max(0, len(known) - 1))
        both = np.where(known[at] == key, counts[at], 0) if len(known) else np.zeros(key.shape)
        chance = np.empty(ids.shape)
        chance[:, 0] = single[ids[:, 0]]
        chance[:, 1:] = 0.7 * both / np.maximum(np.array(self.once)[ids[:, :-1]], 1) + 0.3 * single[ids[:, 1:]]
        length = lengths_of(ids)
        inside = np.arange(ids.shape[1]) <= np.minimum(length, self.shape[0] - (not self.ends))[:, None]
        return np.where(inside, np.log(chance), 0).sum(1) / inside.sum(1)

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None, safe: bool = False) -> None:
        from gansmith.data.write import write_arrays

        if path.suffix in (".txt", ".fasta", ".csv", ".jsonl"):
            return write_texts(self.texts(items), path, self.column, labels, safe)
        return write_arrays(np.asarray(items), path, self, labels)

    # --- measuring ---------------------------------------------------------------------------------------------------
    def numbers(self, items) -> np.ndarray:
        """(n, d) float32: the profile of n-grams (orders 1 to 3, hashed), then what a random convolution sees."""
        return numbers_of(np.asarray(items), len(self.vocabulary))

    def features(self, labelled: bool = False) -> tuple:
        return SPACES

    def measures(self, real, fake) -> dict[str, float]:
        """Numbers of `measures`, of fakes against real ones. How many sequences BLEU compares with, and a model of
        samples learns from, stands in their names: both numbers depend on it."""
        real, fake, k = np.asarray(real), np.asarray(fake), len(self.vocabulary)
        letters, found = self.alphabet in alphabets.LETTERS, {}
        made = fake[: measured.REFERENCES]
        if not letters:
            some = real[evenly(len(real), min(len(real), measured.REFERENCES))]
            found = {f"{n}-grams that real ones have, share": measured.precision(real, fake, n, k) for n in (2, 3, 4)}
            found[f"BLEU-4 against {len(some)} real ones"] = measured.bleu(made, some, k)
            found[f"self-BLEU-4 against {len(made) - 1} others, 1 when all are one"] = measured.bleu(made, None, k)
        for order in (1, 2, 3) if not letters else (6,) if k <= 8 else (4,):
            found[f"distinct {order}-grams of {len(fake)}, share"] = measured.distinct(fake, order, k)
        found[FORWARD] = NGramModel(real, k).perplexity(fake)
        found[f"{REVERSE} {len(made)} samples"] = NGramModel(made, k).perplexity(real)
        found["difference of lengths, symbols"] = measured.length_gap(real, fake)
        if letters:
            order = 3 if k <= 8 else 2
            found[f"divergence of {order}-mers (Jensen-Shannon, nats)"] = measured.kmer_divergence(real, fake, order, k)
        if self.alphabet in ("dna", "rna") and measured.valid_frames(real, self.vocabulary).mean() > 0.5:
            found["valid reading frames, share"] = float(measured.valid_frames(fake, self.vocabulary).mean())
            found["divergence of codons in frame (nats)"] = measured.kmer_divergence(real, fake, 3, k, step=3)
        return found

    def copies(self, known: Dataset, fake) -> dict[str, float]:
        """The share of `measures.NEAREST` fakes that are nearly one of the `known` sequences, of all where they fit."""
        ids = known.raw(evenly(len(known), min(len(known), SEARCHED)))
        near = measured.identities(ids, np.asarray(fake), len(self.vocabulary))
        share = float((near >= 0.9).mean()) if len(near) else 0.0
        return {f"at least 90 % identical to one of {len(ids):,} training sequences, share of {len(near)}": share}

    def baselines(self, real, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """A chain of codons where all sequences are of whole ones, else a model of three symbols in a row."""
        ids, k = np.asarray(real).astype(np.int64), len(self.vocabulary)
        size = 3 if self.in_codons else 1
        digits = (k + 1) ** np.arange(size)[::-1]
        units = np.pad(ids, ((0, 0), (0, -ids.shape[1] % size))).reshape(len(ids), -1, size) @ digits
        model = NGramModel(units, (k + 1) ** size - 1, order=2 if size == 3 else 3, weight=0 if size == 3 else 1)
        made = model.draw(count, units.shape[1], rng)[:, :, None] // digits % (k + 1)
        name = "chain of codons" if size == 3 else "trigram model"
        return {name: made.reshape(count, -1)[:, : self.shape[0]].astype(self.dtype)}

    def says(self, values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
        """Whether samples are as likely as real ones, and whether they say as much."""
        reverse = next(name for name in values if name.startswith(REVERSE))
        likely, covers = (values[name] / floor[name] for name in (FORWARD, reverse))
        chance = values[FORWARD] > (floor[FORWARD] * control[FORWARD]) ** 0.5
        order = "symbols come in an order nearer to chance than to the data's; " if chance else ""
        return (
            f"Samples: {order}a trigram model of the data finds them {likely:.2f} times as surprising as real ones "
            f"(below 1: they play safe), and one of the samples finds real ones {covers:.2f} times as surprising as "
            "one of real ones does (above 1: they say less than the data)."
        )

    def shuffled(self, items, rng: np.random.Generator):
        """The symbols of each sequence in random order."""
        ids = np.array(items)
        order = np.where(ids > 0, rng.random(ids.shape), 2.0).argsort(1, kind="stable")
        return np.take_along_axis(ids, order, 1)


FORWARD = "perplexity of samples to a trigram model of the data"
REVERSE = "perplexity of the data to a trigram model of"
