"""Genes: a GAN on coding sequences of short proteins, beside a Markov chain of codons and random letters.

    GANSMITH_DATA=… python proofs/seqwgan.py [--game seqwgan | relgan | language-model] [--minutes 18] [--seed 0]

3,655 coding sequences of reviewed UniProt proteins, equal ones once; a fifth is held out. Of 1,000 made genes 75 % must
be open reading frames; the Jensen-Shannon divergence of their codons in frame from real ones must be below 0.012, half
way between real and shuffled; fewer than half may be 90 % identical to a training gene; and trees on what the peptides
are made of must not tell them from held-out ones with an AUROC above 0.80, where they tell a chain of codons with 0.89.
Beside it: held-out genes, that chain, and letters of order 5. Control: the letters of each gene shuffled.
"""

import argparse
from collections import Counter, defaultdict

import numpy as np
from antimicrobial import content, data, peptide
from gallery import GALLERY
from PIL import Image
from record import record
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

import gansmith as gs
from gansmith.data.kinds.symbols import measures
from gansmith.gans.analyser import chain

COUNT = 700  # sequences that are compared


GAMES: dict[str, dict] = {"seqwgan": {"decay": 0.3}, "relgan": {}, "language-model": {}}


def genes() -> tuple[list[str], list[str]]:
    """(train, held-out): no gene is in both, nor twice in one."""
    found = sorted({line.upper() for line in data("fbgan_dna_uniprot_under_50_reviewed.fasta.gz")})
    found = [found[i] for i in np.random.default_rng(0).permutation(len(found))]
    return found[len(found) // 5 :], found[: len(found) // 5]


def letters(texts: list[str], order: int, n: int, rng) -> list[str]:
    """A Markov chain of letters of this order."""
    after = defaultdict(Counter)
    for text in texts:
        text = "^" * order + text + "$"
        for i in range(order, len(text)):
            after[text[i - order : i]][text[i]] += 1
    made = []
    for _ in range(n):
        text = "^" * order
        while len(text) < 200:
            names, counts = zip(*after[text[-order:]].items())
            letter = rng.choice(names, p=np.array(counts) / sum(counts))
            if letter == "$":
                break
            text += letter
        made.append(text[order:])
    return made


def told(real: list[str], fake: list[str], seed: int = 0) -> float:
    """AUROC of trees on the content of peptides, which learn from a half of both; equal peptides once."""
    real, fake = ({peptide(gene) for gene in some} for some in (real, fake))
    both = sorted(real - fake), sorted(fake - real)
    x = content([*both[0], *both[1]])
    y = np.repeat([0, 1], [len(both[0]), len(both[1])])
    first = np.random.default_rng(seed).random(len(y)) < 0.5
    trees = HistGradientBoostingClassifier(max_iter=100, random_state=seed).fit(x[first], y[first])
    return float(roc_auc_score(y[~first], trees.predict_proba(x[~first])[:, 1]))


def measured(form, made: list[str], train: list[str], held: list[str]) -> dict[str, float]:
    """The numbers of the goal, of genes that fit into the form."""
    fit = [text[: form.shape[0]] for text in made if text]
    ids, known, k = form.encode(fit)[0], form.encode(train)[0], len(form.vocabulary)
    near = measures.identities(known, ids, k)
    return {
        "valid_frames": float(measures.valid_frames(ids, form.vocabulary).sum() / len(made)),
        "codon_divergence": measures.kmer_divergence(known, ids, 3, k, step=3),
        "six_mer_divergence": measures.kmer_divergence(known, ids, 6, k),
        "told_from_real": told(held, fit[:COUNT]),
        "near_copies": float((near >= 0.9).mean()),
        "different": len(set(fit)) / len(fit),
    }


def good(found: dict) -> bool:
    return (
        found["valid_frames"] >= 0.75
        and found["codon_divergence"] < 0.012
        and found["told_from_real"] <= 0.80
        and found["near_copies"] < 0.5
    )


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--game", default="seqwgan", choices=list(GAMES))
    parse.add_argument("--minutes", type=float, default=18.0)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    train, held = genes()
    rng = np.random.default_rng(0)
    gan = gs.GAMES[asked.game](**GAMES[asked.game])
    gan.fit(train, minutes=asked.minutes, seed=asked.seed, val=0)
    form = gan.spec
    ours = measured(form, form.texts(gan.sample(1000, seed=1)), train, held)
    print(ours, flush=True)
    shuffled = ["".join(rng.permutation(list(gene))) for gene in held]
    beside = {
        "held-out genes": measured(form, held, train, train[:COUNT]),
        "chain of codons": measured(form, chain(train, 1000, 3, rng), train, held),
        "letters of order 5": measured(form, letters(train, 5, 1000, rng), train, held),
    }
    control = measured(form, shuffled, train, held)
    Image.fromarray(form.preview(gan.sample(16, seed=1))).save(GALLERY / f"genes-{asked.game}.png")
    record(
        "seqwgan" if asked.game == "seqwgan" else f"genes-{asked.game}",
        passed=good(ours) and not good(control),
        **ours,
        rounds=gan.trained["rounds"],
        floor=beside,
        goal="valid frames >= 0.75, codon divergence < 0.012, told from real <= 0.80, near copies < 0.5",
        control={"letters shuffled": control},
        protocol=f"{len(train):,} genes trained on, {len(held)} held out, no gene twice; {asked.minutes} minutes, "
        f"{gan!r}; 1,000 samples",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
