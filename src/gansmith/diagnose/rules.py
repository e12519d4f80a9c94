"""The rules: a sign of failure, what the failure is called, and what to do. In order: causes before what they cause.

A remedy names no GAN, no setting and no batch size by itself: what helps depends on the run, and `advice` knows it.
"""

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
    remedy   one plain sentence, or what makes it of the log so far
    change   the log so far -> settings that carry it out
    looks    asked only at rows that hold a look
    """

    name: str
    severity: str
    sign: signs.Sign
    remedy: str | Callable[[Past], str]
    change: Callable[[Past], dict] = advice.nothing
    looks: bool = False


RULES = [
    Rule(
        "frozen-generator",
        "failure",
        signs.frozen,
        "The generator's weights do not change: give it a learning rate above 0, and look for a detach() in its loss.",
        advice.moving,
    ),
    Rule(
        "range-mismatch",
        "failure",
        signs.wrong_range,
        "Scale real images to −1 … 1, the range of a tanh: give them as uint8, or with center and scale 127.5.",
        looks=True,
    ),
    Rule(
        "ignored-latent",
        "failure",
        signs.ignored_latent,
        "The samples do not depend on the noise: look for where the generator drops it; if nowhere, weaken what makes "
        "it redundant (L1 terms, labels), or add dropout.",
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
        "Check whether labels and items are in the same order.",
        looks=True,
    ),
    Rule(
        "ignored-label",
        "warning",
        signs.ignored_label,
        "The samples of all classes are alike: condition the discriminator by projection, and balance the classes.",
        looks=True,
    ),
    Rule(
        "too-little-data",
        "warning",
        signs.few_items,
        "Augment the data (what the discriminator sees), and hold out a part of it (--val) to detect memorisation.",
        advice.augmented,
        looks=True,
    ),
    Rule(
        "checkerboard",
        "warning",
        signs.checkered,
        "Upsample with a kernel size that the stride divides (4 for 2), or by interpolation and a convolution.",
        looks=True,
    ),
    Rule(
        "divergence",
        "failure",
        signs.fp32(signs.many_skipped),
        "Gradients are not finite: look for NaN in the data (gansmith check), then halve the learning rates.",
        advice.both,
    ),
    Rule(
        "precision-loss",
        "failure",
        signs.bf16(signs.many_skipped),
        "Gradients are not finite in bf16: train in fp32 (--precision fp32), then halve the learning rates.",
        advice.calmer,
    ),
    Rule(
        "divergence",
        "failure",
        signs.runaway,
        "A network has diverged: halve the learning rates, more than once if need be.",
        advice.calmer,
    ),
    Rule(
        "divergence",
        "warning",
        signs.fp32(signs.skipped),
        "A gradient was not finite and its update was skipped: look for NaN in the data (gansmith check).",
        advice.calmer,
    ),
    Rule(
        "precision-loss",
        "warning",
        signs.bf16(signs.skipped),
        "A gradient was not finite and its update was skipped: train in fp32 (--precision fp32).",
    ),
    Rule(
        "precision-loss",
        "warning",
        signs.bf16(signs.rounded),
        "In bf16 the discriminator's scores are mostly rounding error: train in fp32 (--precision fp32).",
        looks=True,
    ),
    Rule(
        "vanishing-gradient",
        "failure",
        signs.vanished,
        advice.says("The discriminator is certain and the generator gets no gradient:", advice.loss, advice.restrain),
        advice.weaker_discriminator,
    ),
    Rule(
        "vanishing-gradient",
        "warning",
        signs.beaten,
        advice.says("The discriminator tells every pair of a real and a generated sample apart:", advice.restrain),
        advice.weaker_discriminator,
    ),
    Rule(
        "discriminator-overfitting",
        "warning",
        signs.harmful,
        advice.says("The discriminator overfits and the samples get worse:", advice.more_data, advice.restrain),
        advice.augmented,
        looks=True,
    ),
    Rule(
        "discriminator-overfitting",
        "note",
        signs.by_heart,
        advice.says("The discriminator overfits, without harm so far; if samples get worse:", advice.more_data),
        advice.augmented,
        looks=True,
    ),
    Rule(
        "mode-collapse",
        "failure",
        signs.collapse,
        advice.says(
            "The samples have become alike: train again with half the learning rates;",
            advice.restrain,
            advice.pairing,
            advice.packing,
        ),
        advice.both,
        looks=True,
    ),
    Rule(
        "mode-collapse",
        "warning",
        signs.local_collapse,
        advice.says("The samples are nearly alike:", advice.packing, advice.restrain),
        advice.several,
        looks=True,
    ),
    Rule(
        "mode-dropping",
        "warning",
        signs.dropping,
        advice.says("Parts of the data are missing in the samples:", advice.pairing, advice.batches, advice.packing),
        advice.several,
        looks=True,
    ),
    Rule(
        "mode-dropping",
        "warning",
        signs.missing,
        advice.says("Parts of the data are missing in the samples:", advice.pairing, advice.batches, advice.packing),
        advice.several,
        looks=True,
    ),
    Rule(
        "memorisation",
        "warning",
        signs.memorised,
        advice.says(
            "The samples are close to copies of training items (look at the pairs on the report page): stop earlier,",
            advice.more_data,
            advice.smaller,
        ),
        advice.augmented,
        looks=True,
    ),
    Rule(
        "oscillation",
        "warning",
        signs.turning,
        advice.says("Generator and discriminator oscillate:", advice.restrain, advice.extragradient),
        advice.damped,
    ),
    Rule(
        "oscillation",
        "warning",
        signs.raw_worse,
        advice.says("Only the averaged generator is good:", advice.decayed, advice.restrain),
        advice.damped,
        looks=True,
    ),
    Rule(
        "low-fidelity",
        "warning",
        signs.worse,
        "The samples were better before: train again with half the learning rates, or use best.gan of the run.",
        advice.calmer,
        looks=True,
    ),
    Rule(
        "low-fidelity",
        "note",
        signs.poor,
        advice.says("Few samples look like the data yet:", advice.longer, advice.wider),
        looks=True,
    ),
]
