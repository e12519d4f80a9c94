"""What every logged number is: one line of meaning, its healthy range, and what to do outside it.

This is the one table: the report, docs/metrics.md and the diagnosis read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Metric:
    """A logged number: `meaning` in one line, the `healthy` range in words, and what to do `outside` it.

    `low` and `high` are the levels that the rules of `gansmith.diagnose` hold the number against.
    """

    meaning: str
    healthy: str
    outside: str
    low: float | None = None
    high: float | None = None


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
    "*/information": Metric(
        "− λ · bound on the information between the category and the sample, as weighted in the loss",
        "falling to − λ · log K",
        "flat at 0: the code is ignored; raise --information",
    ),
    "*/information_continuous": Metric(
        "− λ · bound on the information between the numbers and the sample",
        "below 0 and falling slowly",
        "flat above 0: the numbers are ignored; raise --information-continuous. Large beside the rest: lower it",
    ),
    "information/category": Metric(
        "E log Q(c|x) + log K in nats: at least so much of the category can be read from a sample",
        "towards log K (2.30 for ten)",
        "below 1 after some thousand rounds: raise --information; categories may have merged, try another --seed",
    ),
    "information/continuous": Metric(
        "E log Q(c|x) + log 2 for each number, summed, in nats: the same for the numbers",
        "above 0",
        "below 0: Q knows less than nothing of the numbers yet; later, raise --information-continuous",
    ),
    "improved-gan:discriminator/real": Metric(
        "½E(softplus(log Z) − α log Z) on reals: ½E softplus(−log Z) without smoothing",
        "0.05 … 0.35; 0.35 means that it cannot tell reals from fakes",
        "near 0 for long: D is sure; lower --critic-learning-rate",
    ),
    "improved-gan:discriminator/fake": Metric(
        "½E softplus(log Z) on fakes",
        "0.05 … 0.35",
        "near 0 for long: D is sure; lower --critic-learning-rate",
    ),
    "generator/matching": Metric(
        "‖E f(x) − E f(G(z))‖²: how far the mean features of fakes are from those of reals",
        "falling from its start, then steady",
        "rising without end: G does not follow; lower --critic-learning-rate",
    ),
    "*/historical": Metric(
        "‖θ − mean of its past‖², as weighted in the loss",
        "small beside the adversarial loss",
        "larger: the player is held back; lower --historical",
    ),
    "vae:autoencoder/rebuilding": Metric(
        "−E log p(x | z) in nats, summed over an item",
        "falling; about 80 on MNIST",
        "flat from the start: raise --width or --learning-rate",
    ),
    "*/kl": Metric(
        "KL(q(z|x) ‖ N(0, 1)) in nats, summed over the latents: what an item's code says of it",
        "15 … 35 on MNIST with 20 latents",
        "near 0: the code is ignored; give the decoder less --width or the likelihood less --deviation",
    ),
    "vae-gan:*/features": Metric(
        "½‖f(x) − f(x̃)‖²: how unlike reconstructions are to D (in the decoder's loss times w)",
        "falling, then steady",
        "rising without end: D runs away; lower --critic-learning-rate",
    ),
    "vae-gan:discriminator/rebuilt": Metric(
        "−E log(1 − σ(D(x̃))): D's cost on reconstructions",
        "0.33 … 1.03 at the default margin",
        "near 0: D is sure; lower --critic-learning-rate",
    ),
    "gate/*": Metric(
        "1 where the player may move, 0 where D's costs are so far from balance that it rests",
        "both mostly 1",
        "one at 0 for long: the other is too weak; change --critic-learning-rate or --margin",
    ),
    "f-anogan:discriminator/adversarial": Metric(
        "E D(fake) − E D(real), as for wgan-gp",
        "negative and shrinking towards 0",
        "growing without end: raise --penalty or lower --learning-rate",
    ),
    "f-anogan:generator/adversarial": Metric(
        "− E D(fake): drifts with the critic", "any; a slow drift is normal", "look at critic/distance instead"
    ),
    "f-anogan:critic/real": Metric("mean raw score of reals", "any; it drifts", "look at critic/distance instead"),
    "f-anogan:critic/fake": Metric("mean raw score of fakes", "below critic/real", "look at critic/distance instead"),
    "encoder/rebuilding": Metric(
        "(x − G(E(x)))² + κ·(f(x) − f(G(E(x))))²: how badly the encoder finds items again",
        "falling, then steady",
        "flat: raise --encoder-learning-rate; rising: lower it",
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
    "pix2pix:discriminator/adversarial": Metric(
        "half the cross-entropy of D on the patches of true and of made pictures",
        "0.2 … 0.69; log 2 = 0.69 means that it cannot tell them apart",
        "near 0 for long: D is sure; lower --patch or --width. At 0.69: outputs are real to it, or D sees too little",
    ),
    "pix2pix:generator/adversarial": Metric(
        "−E log σ(D(x, G(x))) over patches, as weighted in the loss",
        "0.7 … 4",
        "rising without end: D wins; raise --l1 or lower --learning-rate",
    ),
    "pix2pix:generator/l1": Metric(
        "λ · mean ‖y − G(x)‖₁, in network units (0 … 2 before λ)",
        "falling, then steady; the floor is what the input cannot tell",
        "rising on and on: the adversarial loss leads; raise --l1. Far lower than on held-out pairs: too few pairs",
    ),
    "cyclegan:generator/adversarial": Metric(
        "E(D_Y(G(x)) − 1)² + E(D_X(F(y)) − 1)²",
        "0.3 … 1.6; 0.5 where both critics are at a loss",
        "at 2 for long: the critics are sure of every fake; lower --patch",
    ),
    "cyclegan:generator/cycle": Metric(
        "λ (‖F(G(x)) − x‖₁ + ‖G(F(y)) − y‖₁), means per pixel in network units",
        "falling below 2 (0.1 a pixel, each way, at λ = 10)",
        "steady above 5: the way back is lost; raise --cycle. Near 0 from the start: nothing is translated",
    ),
    "*/identity": Metric(
        "how much a translator changes what is already of its target's domain, as weighted in the loss",
        "falling, below half the cycle loss",
        "rising: colours or contrast are changed needlessly; raise --identity",
    ),
    "cyclegan:discriminator/*": Metric(
        "½ [E(D(real) − 1)² + E D(fake)²] of one domain's critic",
        "0.05 … 0.25; 0.25 means that it cannot tell real from made",
        "near 0 for long: the critic is sure; lower --patch or --width",
    ),
    "srgan:generator/pixels": Metric(
        "mean squared error of the enlarged picture, in network units",
        "falling; 0.01 is 26 dB",
        "rising or not a number: lower --learning-rate",
    ),
    "srgan:generator/features": Metric(
        "E‖φ(y) − φ(G(x))‖² / E‖φ(y)‖²: how unlike the frozen net finds made and true pictures",
        "falling below 1",
        "rising in the second stage: the adversarial loss leads; lower --adversarial",
    ),
    "psnr/crops": Metric(
        "10 log₁₀ of full range² over the mean squared error, on the crops of the batch, in dB",
        "rising in the first stage; falling by 1 to 3 dB in the second, which trades it for sharpness",
        "falling by more: lower --adversarial",
    ),
    "reader/matching": Metric(
        "cross-entropy of finding a caption's picture, and a picture's caption, in the batch",
        "falling; log of the batch size is guessing. Equal captions in a batch set a floor",
        "steady at the log of the batch size: the captions tell nothing of the pictures; raise --reading",
    ),
    "reader/found": Metric(
        "share of captions whose own picture is found first among the batch",
        "well above 1 / batch size",
        "as of reader/matching",
    ),
    "gan-int-cls:discriminator/*": Metric(
        "cross-entropy of one kind of pair, as weighted: real with its caption, real with another's, fake",
        "0.1 … 0.7 (real), 0.05 … 0.4 (the halves)",
        "mismatched at 0.35 for long: D does not read; raise --mismatched or --reading",
    ),
    "generator/interpolated": Metric(
        "−E log σ(D) for captions halfway between two, as weighted",
        "about as large as generator/adversarial",
        "far above it: lower --interpolated",
    ),
    "critic/mismatched": Metric(
        "mean raw score of real pictures beside another's caption",
        "well below critic/real",
        "equal to critic/real: D does not read the captions",
    ),
    "ctgan:discriminator/adversarial": Metric(
        "E D(fake packs) − E D(real packs): minus the distance that the critic reads",
        "negative and shrinking towards 0",
        "near 0 with poor rows: raise --critic-steps. Growing without end: raise --penalty",
    ),
    "ctgan:generator/adversarial": Metric(
        "− E D(fake packs): drifts with the critic, whose scores have no zero",
        "any; a slow drift is normal",
        "look at discriminator/adversarial instead",
    ),
    "generator/condition": Metric(
        "cross-entropy between the value that a row was asked for and the column that G makes",
        "falling to below 0.3",
        "above 1 after thousands of rounds: G ignores its conditions; raise --condition-weight",
    ),
    "condition/kept": Metric(
        "share of the rows whose likeliest value is the one that was asked for",
        "rising to above 0.9",
        "as of generator/condition",
    ),
    "ctgan:critic/real": Metric(
        "mean score of packs of reals",
        "any; it drifts",
        "look at discriminator/adversarial instead",
    ),
    "ctgan:critic/fake": Metric(
        "mean score of packs of fakes",
        "below critic/real",
        "look at discriminator/adversarial instead",
    ),
    "alice/bob": Metric(
        "share of the bits that Bob reads wrongly, as both he and Alice minimise it; soft bits count in part",
        "falling to below 0.05; ½ is guessing",
        "at 0.5 for thousands of rounds: Bob never got hold of the key; another --seed",
    ),
    "alice/eve": Metric(
        "(N/2 − Eve's wrong bits)² / (N/2)²: how far Eve is from guessing",
        "below 0.05 in the end; it rises at first, when Bob begins to read",
        "rising on and on: Eve reads along; raise --bits or play longer",
    ),
    "bob/read": Metric("share of the bits that Bob reads wrongly", "falling to below 0.05", "as of alice/bob"),
    "eve/read": Metric(
        "bits of a message that Eve reads wrongly; soft bits count in part",
        "near half the bits, which is guessing",
        "falling for good: she breaks the cipher",
    ),
    "bits/bob": Metric("whole bits of a message that Bob gets wrong", "below 0.5 in the end", "as of alice/bob"),
    "bits/eve": Metric("whole bits of a message that Eve gets wrong", "near half the bits", "as of eve/read"),
    "cyclegan:critic/real_*": Metric(
        "mean score of this domain's true pictures",
        "0.5 … 1: least squares aim at 1",
        "at 0.5 together with the fakes: the critic cannot tell them apart",
    ),
    "cyclegan:critic/fake_*": Metric(
        "mean score of pictures made for this domain",
        "0 … 0.5: least squares aim at 0",
        "at 0 for long: the critic is sure of every fake; lower --patch",
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
    "*/lecam": Metric(
        "LeCam: mean squared distances of D's scores from where those of the other side usually are, as weighted",
        "small beside the adversarial loss",
        "larger: D is held back; lower --lecam",
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
    "gradient/*": Metric(
        "norm of a player's gradient at his last move",
        "of one order of magnitude throughout",
        "a hundredth of its usual size while critic/wins is 1: the gradient vanishes; rising without end: divergence",
    ),
    "weights/*": Metric(
        "root mean square of a player's weights",
        "up to a few times what it began as",
        "the same twice, to the last digit: the player is frozen. 20 times as large: the step size is too large",
        high=20.0,
    ),
    "skipped/*": Metric(
        "moves not made so far because the gradient was not finite",
        "none: then the number is not there",
        "any: look for NaN in the data (gansmith check), halve the step sizes; in bf16 try fp32",
    ),
    "critic/wins": Metric(
        "share of pairs of a real and a fake in which D scores the real higher",
        "0.5 … 0.95",
        "1 for long: D is sure; raise its penalty or slow it down",
        high=0.999,
    ),
    "critic/sign": Metric(
        "E sign D(real), the r_t of adaptive augmentation (logistic losses)",
        "0 … 0.6",
        "towards 1: D overfits; augment what it sees",
    ),
    "level/items": Metric("items that the players see", "above 1,000 pictures", "augment (--augment ada)", low=1000.0),
    "level/low": Metric("smallest entry of the reals in network units", "−1 for pictures", "see level/high"),
    "level/high": Metric("largest entry of the reals in network units", "1 for pictures", "bring reals to −1 … 1"),
    "level/label": Metric(
        "how far the share of variance between the classes of the data lies above that of shuffled labels, in sd",
        "above 4",
        "the labels say nothing of the items: are both in the same order?",
        low=4.0,
    ),
    "level/*": Metric(
        "what real data scores against real data, mean − 4 sd of eight draws, over their mean: its own alarm level",
        "0.7 … 1",
        "below 0.5: too few items for this number to mean much",
    ),
    "evaluate/mind": Metric(
        "MIND of samples of the averaged generator against reals: 3 · dimensions · mean squared Wasserstein distance "
        "of their features along random directions",
        "falling towards evaluate/mind-of-reals",
        "rising for good: the best model is in best.gan; stop earlier (--patience) or lower the step sizes",
    ),
    "evaluate/mind-of-reals": Metric(
        "the same of as many other reals: what a perfect model would score", "constant", "—"
    ),
    "evaluate/coverage": Metric(
        "share of reals with a sample among their 5 nearest neighbours, in the same features",
        "rising towards evaluate/coverage-of-reals",
        "low while evaluate/mind falls: modes are missing",
    ),
    "evaluate/coverage-of-reals": Metric(
        "the same of as many other reals: what a perfect model would score", "constant", "—"
    ),
    "look/coverage": Metric(
        "share of reals with a sample among their 5 nearest, over that of real data",
        "above 0.9 at the end",
        "low with a high look/precision: modes are missing",
        low=0.9,
    ),
    "look/precision": Metric(
        "share of samples inside the ball of a real's 5 nearest, over that of real data",
        "above 0.3 by half-time, towards 1",
        "falling: the samples get worse; low at the end: train longer",
        low=0.3,
    ),
    "look/missing": Metric(
        "share of the reals in cells of the data (32, by k-means) where less than a quarter as many samples are",
        "below 0.1 from a quarter of the run on",
        "above: modes are missing; take a pairing loss with R1 and R2, larger batches, or packing",
        high=0.1,
    ),
    "look/nearest": Metric(
        "mean distance of a sample to the nearest other sample, over that of reals",
        "0.5 … 1.5",
        "below 0.5: samples nearly alike (local collapse), below 0.05: collapse; above 2: blur or noise",
        low=0.5,
    ),
    "look/vendi": Metric(
        "effective number of different samples (Vendi score of order 2), over that of reals",
        "0.85 … 1.2",
        "below 0.85: part of the variety is missing, below 0.3: collapse",
        low=0.85,
    ),
    "look/spread": Metric(
        "standard deviation of the samples, over that of the reals",
        "0.8 … 1.2",
        "below 0.1: collapse; 0: the samples do not depend on the noise",
        low=0.0005,
    ),
    "look/latent": Metric(
        "standard deviation of samples of one label, over that of the reals",
        "above 0.3",
        "0: the noise is ignored and only the label is used",
        low=0.0005,
    ),
    "look/label": Metric(
        "share of variance between the classes of the samples, over that of the reals",
        "0.7 … 1.5",
        "below 0.2: the generator ignores the label",
        low=0.2,
    ),
    "look/raw_coverage": Metric(
        "coverage of the generator that moves, not its average",
        "above 0.6 of look/coverage",
        "far below: the players circle; lower the step size, or penalise D's slope more",
    ),
    "look/copies": Metric(
        "median distance of samples to the nearest training item, over that of held-out reals",
        "above 0.8",
        "below 0.5 with look/copies_z below −5: the samples are copies",
        low=0.5,
    ),
    "look/copies_z": Metric(
        "z of Mann and Whitney: how much farther from the training items samples lie than held-out reals do (C_T)",
        "above −3",
        "below −5: samples lie closer than chance allows; augment, stop earlier, take a smaller generator",
        low=-5.0,
    ),
    "look/rotation": Metric(
        "vᵀJv / (‖v‖ ‖Jv‖), v the pull on all players, J its Jacobian, at every fourth look: what becomes of the pull "
        "a little along it",
        "−0.9 … −0.1: it fades",
        "near 0 for long: the players turn around each other; penalise D's slope or step by extragradient. "
        "Above 0: the pull grows; halve the step sizes",
    ),
    "look/held_gap": Metric(
        "(D(train) − D(held out)) / (D(train) − D(fake)): 0 when D knows no item by heart, 1 when nothing else",
        "below 0.5",
        "above: D knows items by heart. If samples get worse too: augment what it sees, raise its penalty",
        high=0.5,
    ),
    "look/held_z": Metric("D(train) − D(held out) in standard errors", "below 4", "see look/held_gap", high=4.0),
    "look/company": Metric(
        "largest change of a real's score when the other items of its batch are changed, in sd of the scores",
        "below 0.01",
        "above: the score depends on the batch; score in eval mode, or take another norm",
        high=0.01,
    ),
    "look/checker": Metric(
        "how differently much pixels of odd and even rows and columns vary (largest over smallest), over that of reals",
        "0.9 … 1.5",
        "above 2: a checkerboard; up-sample with a kernel that the stride divides",
        high=2.0,
    ),
    "look/roughness": Metric(
        "share of the samples' power in the upper fifth of the radii, over the same of the reals",
        "0.5 … 2",
        "below: blur; above: noise",
    ),
    "look/rounding": Metric(
        "change of the critic's scores from fp32 to bf16, in sd of the scores",
        "below 0.05",
        "above: train in fp32",
        high=0.05,
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
