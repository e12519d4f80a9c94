"""The rules: a sign of failure, what the failure is called, and what to do. In order: causes before what they cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gansmith.diagnose import advice
from gansmith.diagnose import symptoms as signs
from gansmith.diagnose.log_history import Past


@dataclass(frozen=True)
class Rule:
    """name, severity  of the finding
    sign     see `signs`
    remedy   one plain sentence
    change   the log so far -> settings that carry it out
    looks    asked only at rows that hold a look
    """

    name: str
    severity: str
    sign: signs.Sign
    remedy: str
    change: Callable[[Past], dict] = advice.nothing
    looks: bool = False


RULES = [
    Rule(
        "frozen-generator",
        "failure",
        signs.frozen,
        "The generator does not move: give it a step size above 0, and look for a detach() between it and its loss.",
        advice.moving,
    ),
    Rule(
        "range-mismatch",
        "failure",
        signs.wrong_range,
        "Bring the reals to −1 … 1, where a tanh ends: give them as bytes, or a DataSpec of centre and scale 127.5.",
        looks=True,
    ),
    Rule(
        "ignored-latent",
        "failure",
        signs.ignored_latent,
        "The samples do not depend on the noise: look for where the generator drops it; if nowhere, weaken what makes "
        "it redundant (L1 terms, labels) or add dropout.",
        looks=True,
    ),
    Rule(
        "batch-dependence",
        "warning",
        signs.in_company,
        "A score depends on what else is in the batch: score in eval mode, or take a norm of each item by itself.",
        looks=True,
    ),
    Rule(
        "ignored-label",
        "warning",
        signs.meaningless_labels,
        "Look whether labels and items are in the same order.",
        looks=True,
    ),
    Rule(
        "ignored-label",
        "warning",
        signs.ignored_label,
        "The samples of all labels are alike: condition the critic by projection, and balance the classes.",
        looks=True,
    ),
    Rule(
        "too-little-data",
        "warning",
        signs.few_items,
        "Augment what the critic sees, and hold out a part of the data to see memorisation.",
        advice.augmented,
        looks=True,
    ),
    Rule(
        "checkerboard",
        "warning",
        signs.checkered,
        "Up-sample with a kernel that the stride divides (4 for 2), or by interpolation and a convolution.",
        looks=True,
    ),
    Rule(
        "divergence",
        "failure",
        signs.fp32(signs.many_skipped),
        "Gradients are not finite: look for NaN in the data (gansmith check), then halve the step sizes.",
        advice.both,
    ),
    Rule(
        "precision-loss",
        "failure",
        signs.bf16(signs.many_skipped),
        "Gradients are not finite in bf16: train in fp32 (--precision fp32), then halve the step sizes.",
        advice.calmer,
    ),
    Rule(
        "divergence",
        "failure",
        signs.runaway,
        "A player has run away: halve the step sizes, more than once if need be.",
        advice.calmer,
    ),
    Rule(
        "divergence",
        "warning",
        signs.fp32(signs.skipped),
        "A gradient was not finite and its move was skipped: look for NaN in the data (gansmith check).",
        advice.calmer,
    ),
    Rule(
        "precision-loss",
        "warning",
        signs.bf16(signs.skipped),
        "A gradient was not finite and its move was skipped: train in fp32 (--precision fp32).",
    ),
    Rule(
        "precision-loss",
        "warning",
        signs.bf16(signs.rounded),
        "In bf16 the critic's scores are mostly rounding: train in fp32 (--precision fp32).",
        looks=True,
    ),
    Rule(
        "vanishing-gradient",
        "failure",
        signs.vanished,
        "The critic is sure and the generator learns nothing: take the non-saturating or the relativistic loss, and "
        "more of the penalty.",
        advice.weaker_discriminator,
    ),
    Rule(
        "vanishing-gradient",
        "warning",
        signs.beaten,
        "The critic tells every pair apart: penalise its slope more, or slow it down.",
        advice.weaker_discriminator,
    ),
    Rule(
        "discriminator-overfitting",
        "warning",
        signs.harmful,
        "The critic knows its training items by heart and the samples get worse: augment what it sees, or penalise its "
        "slope more.",
        advice.augmented,
        looks=True,
    ),
    Rule(
        "discriminator-overfitting",
        "note",
        signs.by_heart,
        "The critic knows its items by heart, without harm so far; if samples get worse, augment what it sees.",
        advice.augmented,
        looks=True,
    ),
    Rule(
        "mode-collapse",
        "failure",
        signs.collapse,
        "Go back to the last healthy checkpoint with more of the penalty and half the step sizes; pairing losses "
        "(r3gan) and seeing several samples at once (packing) make it rare.",
        advice.both,
        looks=True,
    ),
    Rule(
        "mode-collapse",
        "warning",
        signs.local_collapse,
        "The samples are nearly alike: show the critic several at once (packing), or penalise its slope more.",
        advice.several,
        looks=True,
    ),
    Rule(
        "mode-dropping",
        "warning",
        signs.dropping,
        "Parts of the data are never made: take a pairing loss with R1 and R2 (r3gan), larger batches, or packing.",
        advice.several,
        looks=True,
    ),
    Rule(
        "mode-dropping",
        "warning",
        signs.missing,
        "Parts of the data are never made: take a pairing loss with R1 and R2 (r3gan), larger batches, or packing.",
        advice.several,
        looks=True,
    ),
    Rule(
        "memorisation",
        "warning",
        signs.memorised,
        "The samples lie on training items: stop earlier, augment, or take a smaller generator; look at "
        "evaluate.nearest_pairs before believing any score.",
        advice.augmented,
        looks=True,
    ),
    Rule(
        "oscillation",
        "warning",
        signs.turning,
        "The players chase each other: penalise the critic's slope at the reals (R1), or step by extragradient.",
        advice.damped,
    ),
    Rule(
        "oscillation",
        "warning",
        signs.raw_worse,
        "Only the average of the generator is good: let the step size fall to 0 (--decay), or penalise more.",
        advice.damped,
        looks=True,
    ),
    Rule(
        "low-fidelity",
        "warning",
        signs.worse,
        "The samples were better before: go back to an earlier checkpoint with half the step sizes.",
        advice.calmer,
        looks=True,
    ),
    Rule(
        "low-fidelity",
        "note",
        signs.poor,
        "Few samples look like the data yet: train longer, or give the networks more width.",
        looks=True,
    ),
]
