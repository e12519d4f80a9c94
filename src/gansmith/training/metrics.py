"""What every logged number is: one line of meaning, its healthy range, and what to do outside it.

This is the one table: the report, docs/metrics.md and the diagnosis read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Metric:
    """A logged number: `meaning` in one line, the `healthy` range in words, and what to do `outside` it."""

    meaning: str
    healthy: str
    outside: str


# Looked up from the top: the first pattern (shell wildcards) that "game:number", or else "number", matches.
METRICS: dict[str, Metric] = {
    "step": Metric("rounds played", "rising", "—"),
    "seconds": Metric("seconds of training, of all parts of a resumed run together", "rising", "—"),
    "samples": Metric("real items' worth of rounds: rounds × batch size", "rising", "—"),
    "r3gan:discriminator/adversarial": Metric(
        "relativistic loss E log(1 + e^(D(fake) − D(real))): how well D orders pairs of a fake and a real",
        "0.3 … 0.69; log 2 = 0.69 means that it cannot tell them apart",
        "below 0.1 for long: D is sure of every pair; raise --gamma. At 0.69 with poor samples: give D more --width",
    ),
    "r3gan:generator/adversarial": Metric(
        "relativistic loss with the roles exchanged: E log(1 + e^(D(real) − D(fake)))",
        "0.7 … 2, and steady",
        "rising without end: D runs away; raise --gamma or lower --learning-rate",
    ),
    "wgan*:discriminator/adversarial": Metric(
        "E D(fake) − E D(real): minus the distance that the critic reads",
        "negative and shrinking towards 0; its size depends on the data",
        "growing without end: lower --learning-rate (wgan-gp: raise --penalty). Positive for long: it cannot follow; "
        "raise --critic-steps",
    ),
    "wgan*:generator/adversarial": Metric(
        "− E D(fake): drifts with the critic, whose scores have no zero",
        "any; a slow drift is normal",
        "look at critic/distance instead",
    ),
    "lsgan:discriminator/adversarial": Metric(
        "½E(D(real) − b)² + ½E(D(fake) − a)²: how far the scores are from their targets",
        "0.05 … 0.25; 0.25 means that it cannot tell them apart (targets 0 and 1)",
        "near 0 for long: D is sure; lower --critic-learning-rate. At 0.25 with poor samples: give D more --width",
    ),
    "lsgan:generator/adversarial": Metric(
        "½E(D(fake) − c)²: how far the scores of fakes are from what G wants",
        "0.1 … 0.5, and steady; 0.125 at the balance (targets 0 and 1)",
        "rising without end: D wins; lower --critic-learning-rate",
    ),
    "sngan:discriminator/adversarial": Metric(
        "hinge loss: how far scores are inside the margins at 1 and −1, reals and fakes summed",
        "0.5 … 2; 2 means that it cannot tell them apart",
        "at 0 for long: every score lies beyond its margin and D learns nothing; lower --critic-learning-rate. "
        "At 2 with poor samples: give D more --width or more --critic-steps",
    ),
    "sngan:generator/adversarial": Metric(
        "− E D(fake)",
        "between −1 and 1, and steady",
        "rising without end: D wins; lower --critic-learning-rate",
    ),
    "began:discriminator/real": Metric(
        "L(x): mean error of rebuilding reals, in network units (0 … 2)",
        "falling, from about 0.5 to below 0.1",
        "flat above 0.3: the auto-encoder does not learn; raise --width or --learning-rate",
    ),
    "began:discriminator/fake": Metric(
        "− k · L(G(z)): what D gains by rebuilding fakes badly",
        "a small part of L(x)",
        "as large as L(x): k is near 1; lower --lambda-k or --learning-rate",
    ),
    "began:generator/adversarial": Metric(
        "L(G(z)): mean error of rebuilding fakes",
        "γ times L(x)",
        "near 0 while samples are poor: G makes what is easiest to rebuild; raise --gamma",
    ),
    "began:critic/*": Metric(
        "minus the error of rebuilding these items: the score",
        "rising towards 0, fakes above reals when γ is below 1",
        "fakes far below reals for long: G does not follow; lower --lambda-k",
    ),
    "balance/k": Metric(
        "k: how much D cares about rebuilding fakes badly",
        "strictly between 0 and 1, and moving",
        "at 0 for long after the start: fakes are too easy, raise --lambda-k; at 1: G cannot follow, lower it",
    ),
    "balance/ratio": Metric(
        "L(G(z)) / L(x), which k holds at γ",
        "γ ± 0.05, averaged over some hundred rounds",
        "away from γ for long: raise --lambda-k",
    ),
    "balance/convergence": Metric(
        "M = L(x) + |γ·L(x) − L(G(z))|: BEGAN's measure of how far training has got",
        "falling",
        "flat: training has come as far as it will; rising: lower --learning-rate",
    ),
    "*/class": Metric(
        "cross-entropy of naming the class, as weighted in the loss (D: reals, and fakes unless told otherwise)",
        "below log(classes) and falling",
        "flat at log(classes): labels may be wrong. G's near 0 with samples alike: lower --class-weight-generator",
    ),
    "class/real": Metric("share of reals whose class D names rightly", "rising to what a classifier reaches", "—"),
    "class/fake": Metric(
        "share of fakes that D names as the class they were asked for",
        "rising, 0.9 and more at the end",
        "at 1 / classes: G ignores its label; raise --class-weight-generator",
    ),
    "discriminator/adversarial": Metric(
        "cross-entropy of D on reals and on fakes, summed",
        "0.5 … 1.38; 2·log 2 = 1.39 means that it cannot tell them apart",
        "near 0 for long: D is sure, and the generator learns little; lower --critic-learning-rate or take r3gan. "
        "At 1.39 with poor samples: give D more --width or more --critic-steps",
    ),
    "generator/adversarial": Metric(
        "what G minimises: −E log σ(D(fake)), or E log(1 − σ(D(fake))) when the loss is minimax",
        "0.7 … 3 (non-saturating), −0.7 … −0.05 (minimax); steady rather than falling",
        "rising without end: D wins; lower --critic-learning-rate, or take r3gan",
    ),
    "*/r1": Metric(
        "R1: γ/2 · E‖∇D‖² on reals, as weighted in the loss",
        "small beside the adversarial loss, rarely above a tenth of it",
        "larger than the adversarial loss: --gamma is too high; rising bursts: too low, or the step size is too large",
    ),
    "*/r2": Metric(
        "R2: γ/2 · E‖∇D‖² on fakes, as weighted in the loss",
        "about as large as R1",
        "far above R1: the fakes lie where D is steep; raise --gamma",
    ),
    "*/penalty": Metric(
        "λ · E(‖∇D‖ − 1)²: on the segments between reals and fakes (wgan-gp), or around the reals (dragan)",
        "0.05 … 1 after the first rounds",
        "above 5 for long: the slope is not held; raise --penalty or lower --learning-rate",
    ),
    "wgan*:critic/real": Metric(
        "mean raw score of reals; the critic's scores have no zero",
        "any; it drifts together with critic/fake",
        "look at critic/distance instead",
    ),
    "wgan*:critic/fake": Metric(
        "mean raw score of fakes",
        "below critic/real; it drifts together with it",
        "look at critic/distance instead",
    ),
    "critic/real": Metric(
        "mean raw score of reals",
        "above critic/fake; both bounded",
        "beyond ±20 and growing: D is sure of itself; regularise it more",
    ),
    "critic/fake": Metric(
        "mean raw score of fakes",
        "below critic/real, with a steady gap",
        "the gap grows without end: D wins. No gap and poor samples: D is too weak",
    ),
    "critic/distance": Metric(
        "E D(real) − E D(fake): what the critic reads; not the Wasserstein distance itself, but it falls with it",
        "positive and slowly falling",
        "rising: the generator gets worse; lower --learning-rate. Negative: raise --critic-steps",
    ),
    "critic/slope_real": Metric(
        "mean ‖∇D‖ at reals, in network units",
        "falling with training, of the order of 1 or below",
        "rising bursts: raise --gamma",
    ),
    "critic/slope_fake": Metric(
        "mean ‖∇D‖ at fakes, in network units",
        "about as large as at reals",
        "towards 0 while the fakes are poor: G gets no gradient; far above the slope at reals: raise --gamma",
    ),
}


def explain(number: str, game: str = "") -> Metric | None:
    """The entry of a logged number of a game (by its name on the command line), or None."""
    for wanted in (f"{game}:{number}", number):
        for pattern, metric in METRICS.items():
            if fnmatch(wanted, pattern):
                return metric
    return None


def as_markdown() -> str:
    """The table as docs/metrics.md: `python -m gansmith.training.metrics > docs/metrics.md`."""
    lines = [
        "# Every logged number",
        "",
        "Each line of a run's `log.jsonl` holds these, and `report.html` draws them. Ranges are rules of thumb for",
        "telling a sound run from a sick one, not targets: what a generator is worth is measured on its samples.",
        "`game:number` is what the number means for that game. This page is written from",
        "`src/gansmith/training/metrics.py`, where the meanings stand, by `python -m gansmith.training.metrics`.",
        "",
        "| number | what it is | healthy | outside that |",
        "| --- | --- | --- | --- |",
    ]
    cells = [(f"`{name}`", m.meaning, m.healthy, m.outside) for name, m in METRICS.items()]
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
