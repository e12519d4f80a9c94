"""Genes led towards antimicrobial peptides by an analyser's score, which is audited first, and judged by another.

    GANSMITH_DATA=… python proofs/fbgan.py [--minutes 14] [--feedbacks 20] [--seed 0]

First SeqWGAN's game alone on coding sequences of UniProt, for most of the time; then 20 feedbacks of an analyser of
proofs/antimicrobial.py, trees on what the peptide is made of. The share above 0.8 must grow threefold while the mean
edit distance of two samples falls by less than a fifth; and the share that a second analyser passes, which learned from
other genes and to which length tells nothing, must grow, too. The audit is part of the result: the analyser must have
an AUROC of 0.95 on held-out genes, and a chain of codons of genes that know of no microbe passes it as often as printed
there; so do its length and its letters alone. Control: the same feedback from an analyser that scores by chance.
"""

import argparse
from pathlib import Path

import numpy as np
from antimicrobial import content, held_out, labelled, neighbours, regression, score, second, trees
from record import record
from seqwgan import genes, measured
from sklearn.metrics import roc_auc_score

import gansmith as gs
from gansmith.data.kinds.symbols import measures
from gansmith.gans.analyser import Analyser, audit, told_by

HERE = Path(__file__).resolve().parent
EVERY = 60  # generator moves between feedbacks


def chance(texts: list[str]) -> np.ndarray:
    """Numbers that have nothing to do with the sequences: even in 0 … 1."""
    return np.random.default_rng(len(texts[0]) + len(texts[-1])).random(len(texts))


def distance(ids: np.ndarray, pairs: int = 400) -> float:
    """Mean edit distance of two samples."""
    one, two = np.random.default_rng(0).integers(0, len(ids), (2, pairs))
    return float(measures.edit_distances(ids[one], ids[two])[one != two].mean())


def look(gan, train, held) -> dict[str, float]:
    ids = gan.sample(1000, seed=1)
    texts = gan.spec.texts(ids)
    return {
        "passing": float((score(texts) > 0.8).mean()),
        "passing_second": float((second(texts) > 0.8).mean()),
        "edit_distance": distance(ids),
        **measured(gan.spec, texts, train, held),
    }


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=14.0)
    parse.add_argument("--feedbacks", type=int, default=20)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    train, held = genes()
    peptides, label = held_out()
    known, truth, part = labelled()
    lengths = np.array([[len(p)] for p in known])
    quality = {
        "auroc": float(roc_auc_score(label, trees().predict_proba(content(peptides))[:, 1])),
        "auroc_by_length": told_by(lengths, truth),
        "auroc_second": float(roc_auc_score(label, regression().predict_proba(neighbours(peptides))[:, 1])),
        "antimicrobial_passing": float((trees().predict_proba(content(peptides[label]))[:, 1] > 0.8).mean()),
    }
    about = audit(Analyser("antimicrobial.py:score", score), train, 0.8, 3)
    print(quality, *about.lines(), sep="\n", flush=True)

    first = gs.FBGAN(imitation=1.0)
    first.fit(train, minutes=asked.minutes, seed=asked.seed, val=0)
    before = look(first, train, held)
    print("before", before, flush=True)

    def led(name: str) -> tuple[dict, list]:
        settings = {"score": name, "judge": f"{HERE / 'antimicrobial.py'}:second", "imitation": 0.0}
        gan = gs.FBGAN(feedback_every=EVERY, candidates=640, **settings)
        gan.fit(train, steps=asked.feedbacks * EVERY, seed=asked.seed, val=0, start_from=first)
        steps = [row["analyser/passing"] for row in gan.history if "analyser/passing" in row]
        return look(gan, train, held), steps

    after, steps = led(f"{HERE / 'antimicrobial.py'}:score")
    print("after", after, flush=True)
    control, _ = led(f"{HERE / 'fbgan.py'}:chance")

    def good(found: dict) -> bool:
        return (
            found["passing"] >= 3 * before["passing"]
            and found["edit_distance"] > 0.8 * before["edit_distance"]
            and found["passing_second"] > before["passing_second"]
        )

    record(
        "fbgan",
        passed=good(after) and not good(control) and quality["auroc"] >= 0.95,
        before=before,
        after=after,
        passing_by_feedback=steps,
        analyser=quality,
        audit={"lines": about.lines(), "fooled": about.fooled, "chain": about.chain, "shuffled": about.shuffled},
        floor={"genes_passing": about.passing, "chain_of_codons_passing": about.chain},
        goal="share above 0.8 three times as large after 20 feedbacks, edit distance > 0.8 of before, the second "
        "analyser's share larger; AUROC of the analyser >= 0.95",
        control={"an analyser that scores by chance": control},
        protocol=f"{len(train):,} genes, {asked.minutes} minutes without feedback, then {asked.feedbacks} feedbacks of "
        f"640 candidates every {EVERY} generator moves, which replace genes; 1,000 samples",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
