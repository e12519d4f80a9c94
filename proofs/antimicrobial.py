"""Two analysers of genes: is the peptide antimicrobial? One may steer FBGAN, the other looks on (proofs/fbgan.py).

    GANSMITH_DATA=… gansmith train fbgan genes.fasta --score proofs/antimicrobial.py:score \
        --judge proofs/antimicrobial.py:second

`score` is trees on what the peptide is made of, learned from a half of the labelled genes in
$GANSMITH_DATA/fbgan_AMP_dataset.fa.gz; `second` is a logistic regression on pairs of residues, learned from the other
half, of which as many of each length are antimicrobial as are not, so that length tells it nothing.
"""

import gzip
import os
from functools import cache
from pathlib import Path

import numpy as np

BASES, RESIDUES = "TCAG", "ACDEFGHIKLMNPQRSTVWY"
AMINO = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # by codon, in the order of BASES
CODONS = {a + b + c: AMINO[16 * i + 4 * j + k] for i, a in enumerate(BASES) for j, b in enumerate(BASES)
          for k, c in enumerate(BASES)}  # fmt: skip
GROUPS = ("KRH", "DE", "AILMFVW", "GSTNQ")


def data(name: str) -> list[str]:
    """The lines of a packed file in $GANSMITH_DATA."""
    with gzip.open(Path(os.environ.get("GANSMITH_DATA", ".")) / name, "rt") as file:
        return [line.strip() for line in file if line.strip()]


def peptide(gene: str) -> str:
    """Residues up to the first stop."""
    return "".join(CODONS.get(gene[i : i + 3], "X") for i in range(0, len(gene) - 2, 3)).split("*")[0]


def content(peptides: list[str]) -> np.ndarray:
    """(n, 38): length, share of each residue, net charge, share of neighbours of each two groups of residues."""
    rows = []
    for p in peptides:
        n = max(1, len(p))
        pairs = [sum(a in one and b in two for a, b in zip(p, p[1:])) / n for one in GROUPS for two in GROUPS]
        charge = sum(p.count(x) for x in "KR") - sum(p.count(x) for x in "DE")
        rows.append([len(p), *(p.count(x) / n for x in RESIDUES), charge, *pairs])
    return np.array(rows)


def neighbours(peptides: list[str]) -> np.ndarray:
    """(n, 420): how often each residue and each two beside each other come, as shares."""
    place = {x: i for i, x in enumerate(RESIDUES)}
    found = np.zeros((len(peptides), 20 + 400))
    for row, p in zip(found, peptides):
        ids = [place[x] for x in p if x in place]
        for one in ids:
            row[one] += 1 / max(1, len(ids))
        for one, two in zip(ids, ids[1:]):
            row[20 + 20 * one + two] += 1 / max(1, len(ids))
    return found


@cache
def labelled() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(peptides, whether each is antimicrobial, its part: 0 for `score`, 1 for `second`, 2 for neither)."""
    rows = [line.split() for line in data("fbgan_AMP_dataset.fa.gz")]
    rows = list({row[0].upper(): row for row in rows}.values())
    peptides = np.array([peptide(row[0].upper()) for row in rows], object)
    part = np.random.default_rng(0).choice(3, len(rows), p=(0.4, 0.4, 0.2))
    return peptides, np.array([row[1] == "1" for row in rows]), part


@cache
def trees():
    from sklearn.ensemble import HistGradientBoostingClassifier

    peptides, label, part = labelled()
    return HistGradientBoostingClassifier(random_state=0).fit(content(peptides[part == 0]), label[part == 0])


@cache
def regression():
    from sklearn.linear_model import LogisticRegression

    peptides, label, part = labelled()
    kept, length = [], np.array([len(p) for p in peptides])
    for n in np.unique(length[part == 1]):
        good, bad = (np.flatnonzero((part == 1) & (length == n) & (label == side)) for side in (True, False))
        count = min(len(good), len(bad))
        kept += [*good[:count], *bad[:count]]
    return LogisticRegression(C=30.0, max_iter=500).fit(neighbours(peptides[kept]), label[kept])


def score(genes: list[str]) -> np.ndarray:
    """How likely each gene's peptide is antimicrobial by what it is made of, 0 … 1."""
    return trees().predict_proba(content([peptide(g) for g in genes]))[:, 1]


def second(genes: list[str]) -> np.ndarray:
    """… by its pairs of residues, with length telling nothing."""
    return regression().predict_proba(neighbours([peptide(g) for g in genes]))[:, 1]


def held_out() -> tuple[np.ndarray, np.ndarray]:
    """(peptides, labels) that no analyser learned from."""
    peptides, label, part = labelled()
    return peptides[part == 2], label[part == 2]
