"""What sequences are made of: DNA, RNA, protein, characters or words. Text -> symbols -> text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gansmith.data.kinds.symbols.records import Records
from gansmith.data.labels import few
from gansmith.errors import DataError, nearest

LETTERS = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}
CALLED = {"dna": "DNA", "rna": "RNA"}  # the others are called as they are
SAME = {"dna": ("U", "T"), "rna": ("T", "U")}  # the letter that the other one has for the same base
ALPHABETS = (*LETTERS, "characters", "words")
UNKNOWN = "<unk>"
TOKEN = re.compile(  # a word or a sign, with the space before it: so that all comes back
    r" ?[\u3040-\u30ff\u3400-\u9fff]"  # a Chinese or Japanese letter, between which no spaces stand
    r"| ?(?:[^\W\u3040-\u30ff\u3400-\u9fff]|['’\-\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0d7f])+"  # with marks
    r"| ?[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    r"| ?[^\w\s](?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[^\w\s])*"  # a sign, an emoji with its colour and its family
)
NUCLEIC = frozenset("ACGTUNRYSWKMBDHV-.")  # with IUPAC's letters for "one of several", and gaps
PROTEIN = frozenset("ACDEFGHIKLMNPQRSTVWYXBZUOJ*-.")
WHAT = {"-": "a gap (-)", ".": "a gap (.)", "*": "a stop (*)"}
STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ue000-\uf8ff\ufeff\ufffd]")
COMMON = 0.05  # share of the records that have a letter, from which it belongs to the alphabet
LONG = 12  # letters from which a protein of A, C, G and T alone is hardly one


def check_alphabet(asked: str | None) -> None:
    if asked is not None and asked not in ALPHABETS:
        raise DataError(f"alphabet={asked}: there is no such.{nearest(asked, ALPHABETS)} There are {few(ALPHABETS)}")


def split(text: str, alphabet: str) -> list[str]:
    """The symbols of a text; runs of white space count as one space."""
    if alphabet == "words":
        return TOKEN.findall(" " + " ".join(text.split()))
    return list(text)


def join(symbols: Sequence[str], alphabet: str) -> str:
    text = "".join(f" {s}" if s == UNKNOWN and alphabet == "words" else s for s in symbols)
    return text.strip() if alphabet == "words" else text


def find(texts: list[str], names: list[str], biological: bool) -> str:
    """Which of ALPHABETS the texts are written in. DataError, which names some, where genes and proteins are mixed."""
    every = max(1, len(texts) // 5000)
    there = [i for i in range(0, len(texts), every) if texts[i].strip()]
    if not biological and not _looks_biological([text.strip() for text in texts[:2000] if text.strip()]):
        spaces = sum(len(texts[i].split()) > 1 for i in there) / max(1, len(there))
        return "words" if spaces > 0.5 else "characters"
    some = ["".join(texts[i].split()).upper() for i in there]
    genes = [is_nucleic(text) for text in some]
    share = sum(genes) / max(1, len(genes))
    if 0.1 < share < 0.9 and sum(len(text) >= LONG for text, gene in zip(some, genes) if gene) > 0.1 * len(some):
        gene, protein = (f"{names[there[i]]} ({some[i][:20]})" for i in (genes.index(True), genes.index(False)))
        raise DataError(
            f"genes and proteins are mixed ({share:.0%} of the sequences are of nucleotides, such as {gene}; others "
            f"are not, such as {protein}): give one kind at a time, or say which with alphabet="
        )
    if share <= 0.5:
        return "protein"
    letters = Counter(letter for text in some for letter in text)
    return "rna" if letters["U"] > letters["T"] else "dna"


def is_nucleic(text: str) -> bool:
    plain = sum(text.count(letter) for letter in "ACGTUN")
    return plain >= (0.8 if NUCLEIC.issuperset(text) else 0.9) * len(text)  # a stray letter makes no protein of it


def _looks_biological(lines: list[str]) -> bool:
    """Whether nearly all lines of plain text are sequences: long, without spaces, of those letters alone."""
    if not lines or sum(map(len, lines)) < 10 * len(lines):
        return False
    nucleic = [line.upper() for line in lines if set(line.upper()) <= set("ACGTUN-")]
    if len(nucleic) >= 0.95 * len(lines) and len(set("".join(nucleic)) & set("ACGTU")) >= 3:
        return True
    proteins = [line for line in lines if PROTEIN.issuperset(line)]
    return len(proteins) >= 0.95 * len(lines) and len(set("".join(proteins))) >= 15


def cleaned(found: Records, alphabet: str, notes: list[str], left_out: dict[str, str]) -> list[tuple[int, str]]:
    """(place, text) of each sequence that can be learned; what is not goes to `left_out` by name, what is odd and kept
    to `found.odd` by name or to `notes`."""
    texts, names = found.texts, found.names
    if alphabet not in LETTERS:
        spaced = alphabet == "characters"
        kept = [(i, text.strip("\r\n") if spaced else text) for i, text in enumerate(texts) if text.strip()]
        if not spaced and (runs := sum(text != " ".join(text.split()) for _, text in kept)):
            notes.append(f"{runs} texts have tabs, line breaks or several spaces in a row, which count as one space")
        if strange := [(names[i], first[0]) for i, text in kept if (first := STRANGE.search(text))]:
            kinds = few(sorted({f"U+{ord(sign):04X}" for _, sign in strange}), 4)
            found.odd[f"texts have signs that nobody sees or that a wrong encoding left ({kinds}), kept"] = [
                name for name, _ in strange
            ]
        return _empty(kept, names, left_out)
    upper = ["".join(text.split()).upper() for text in texts]
    small = sum(text != text.upper() for text in texts)
    if small:
        notes.append(f"{small} of {len(texts)} sequences had letters in lower case, which are read as upper case")
    if alphabet == "protein" and (stops := sum(text.endswith("*") for text in upper)):
        upper = [text.removesuffix("*") for text in upper]
        notes.append(f"{stops} sequences ended in a stop (*), which is left out")
    if alphabet in SAME and (other := sum(SAME[alphabet][0] in text for text in upper)):
        upper = [text.replace(*SAME[alphabet]) for text in upper]
        old, new = SAME[alphabet]
        notes.append(
            f"{other} of {len(upper)} sequences have {old}, which is read as {new}, as {CALLED[alphabet]} has it"
        )
    letters = set(LETTERS[alphabet])
    more = _more(upper, letters, (NUCLEIC if alphabet != "protein" else PROTEIN) - letters)
    kept = []
    for i, text in enumerate(upper):
        odd = next(((at, x) for at, x in enumerate(text, 1) if x not in letters and x not in more), None)
        if odd is None:
            kept.append((i, text))
        else:
            left_out[names[i]] = _odd(*odd, alphabet)
    for letter in sorted(more):
        what = f"sequences have {WHAT.get(letter, letter)}, which is kept as a letter beside those of"
        found.odd[f"{what} {CALLED.get(alphabet, alphabet)}"] = [names[i] for i, text in kept if letter in text]
    return _empty(kept, names, left_out)


def _more(texts: list[str], letters: set[str], others: frozenset[str]) -> frozenset[str]:
    """Those of the `others` that one in twenty of the texts has, among texts that are made of `letters` and of them."""
    while True:
        known = letters | others
        counts = Counter(x for text in texts if known.issuperset(text) for x in set(text))
        often = frozenset(x for x in others if counts[x] >= COMMON * len(texts) and counts[x])
        if often == others:
            return others
        others = often


def _odd(at: int, letter: str, alphabet: str) -> str:
    foreign = "" if letter.isascii() else f" (U+{ord(letter):04X})"  # which may look like one of ours
    what = WHAT.get(letter, f"the letter {letter!r}{foreign}")
    return f"{what} at {at}, which is not of {CALLED.get(alphabet, alphabet)}"


def _empty(kept: list[tuple[int, str]], names: list[str], left_out: dict[str, str]) -> list[tuple[int, str]]:
    there = {i for i, text in kept if text}
    for i, name in enumerate(names):
        if i not in there and name not in left_out:
            left_out[name] = "empty"
    return [(i, text) for i, text in kept if text]


def vocabulary_of(sequences: list[list[str]], alphabet: str, most: int) -> tuple[tuple[str, ...], float]:
    """(the symbols that are told apart, the commonest first or, of letters, in order; the share that is not).

    Where there are more than `most`, the last of them is UNKNOWN, which stands for the rest.
    """
    counts = Counter(symbol for sequence in sequences for symbol in sequence)
    if alphabet in LETTERS:
        extra = sorted(set(counts) - set(LETTERS[alphabet]))
        return (*LETTERS[alphabet], *extra), 0.0
    order = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
    if len(order) <= most:
        return tuple(order), 0.0
    known = order[: most - 1]
    return (*known, UNKNOWN), 1 - sum(counts[s] for s in known) / counts.total()
