"""Somebody's function that scores sequences: found by its name, called with care, audited before anything obeys it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.data import own_code
from gansmith.errors import SettingError

FEW, MOST = 20, 1500  # sequences of a verdict below which nothing is learned from it; that an audit looks at
ALIKE, NONE = 0.8, 0.01  # shares of the data's share from which others pass as often; that is as good as nothing
FORM = "FILE.py:FUNCTION"


class Analyser:
    """`function`(list of n texts) -> n numbers, called `name` in messages. Every wrong answer is a SettingError."""

    def __init__(self, name: str, function: Callable):
        self.name, self.function = name, function

    def __call__(self, texts: list[str]) -> np.ndarray:
        """(n,) scores, float64."""
        try:
            found = np.asarray(self.function(list(texts)), np.float64)
        except (Exception, SystemExit) as error:  # whatever somebody's function raises
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            raise SettingError(f"the analyser {self.name} failed on {len(texts)} sequences ({reason})") from error
        if found.shape != (len(texts),):
            raise SettingError(
                f"the analyser {self.name} gave an answer of shape {found.shape} for {len(texts)} sequences: it must "
                f"return {len(texts)} numbers"
            )
        if not np.isfinite(found).all():
            at = int(np.flatnonzero(~np.isfinite(found))[0])
            raise SettingError(
                f"the analyser {self.name} gave {found[at]} for {texts[at][:60]!r}: it must give a number"
            )
        return found


def gc_content(texts: list[str]) -> list[float]:
    """The share of G and C: an example of an analyser, which letter content alone explains."""
    return [(text.count("G") + text.count("C")) / max(1, len(text)) for text in texts]


def load(text: str, option: str, asked: bool = False) -> tuple[Analyser, str]:
    """(the analyser of "FILE.py:FUNCTION" or "module:function", the same name from any folder).

    asked  whether the user named it just now; otherwise (a run that goes on) it must have been named before on this
           machine, since a run may be somebody else's
    """
    where, colon, name = text.rpartition(":")
    if not colon or not name.isidentifier():
        raise SettingError(f"{option} {text}: name a function, as {FORM} or module:function")
    where = str(Path(where).expanduser().resolve()) if where.endswith(".py") else where
    if not asked and not where.startswith("gansmith.") and where not in own_code.known():
        raise SettingError(
            f"{option} {text} was not yet used on this machine: if you trust it, train with it once, then resume"
        )
    module = own_code.module_of(where, option, FORM)
    function = getattr(module, name, None)
    if not callable(function):
        there = ", ".join(n for n, v in vars(module).items() if callable(v) and not n.startswith("_")) or "no function"
        raise SettingError(f"{option} {text}: {where} has no function '{name}'; it has {there}")
    if not where.startswith("gansmith."):
        own_code.remember(where)
    return Analyser(f"{where}:{name}", function), f"{where}:{name}"


# --- the audit -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Audit:
    """What an analyser goes by.

    passing    share of the data that it scores above the threshold;  shuffled  … with the letters of each mixed
    chain      … of a Markov chain of the data's codons (or letters), which knows what follows what and no more
    from_shuffled, from_chain  AUROC with which its scores tell the data from these
    by_length, by_letters  AUROC with which trees that see only the length, or only the share of each letter, tell what
               passes from what does not; NaN where too few pass, or too few do not
    truth, truth_by_length  AUROC with which its scores, and the length alone, tell labels that were given; else NaN
    tenth      the score that one in ten of the data is above
    An AUROC of 0.5 is nothing, 1 is all.
    """

    name: str
    threshold: float
    passing: float
    shuffled: float
    chain: float
    from_shuffled: float
    from_chain: float
    by_length: float
    by_letters: float
    truth: float
    truth_by_length: float
    tenth: float
    unit: str

    @property
    def fooled(self) -> bool:
        """Whether sequences that cannot know pass at least ALIKE times as often as the data."""
        return max(self.chain, self.shuffled) > max(NONE, ALIKE * self.passing)

    @property
    def idle(self) -> bool:
        """Whether (nearly) nothing passes, of the data or of the chain, or all."""
        return max(self.passing, self.chain) < NONE or self.passing > 1 - NONE

    def shares(self) -> str:
        return (
            f"{self.passing:.1%} of the data above {self.threshold:g}; with letters mixed {self.shuffled:.1%}; of a "
            f"chain of {self.unit} that only knows what follows what {self.chain:.1%}"
        )

    def lines(self, role: str = "analyser", option: str = "--threshold") -> list[str]:
        """What was found, for a plan: `option` sets the threshold of an analyser of this `role`."""
        aurocs = {
            "its scores tell the data from mixed letters": self.from_shuffled,
            "from the chain": self.from_chain,
            "length alone tells what passes": self.by_length,
            "letter content alone": self.by_letters,
            "its scores tell your labels": self.truth,
            "length alone tells these": self.truth_by_length,
        }
        told = ", ".join(f"{what} {value:.2f}" for what, value in aurocs.items() if value == value)
        found = [f"{role} {self.name}: {self.shares()}", f"{role}, AUROC (0.5 nothing, 1 all): {told}"]
        if self.idle:
            much = "all" if self.passing > 0.5 else "nothing"
            found.append(
                f"nearly {much} of the data is above {option} {self.threshold:g}, so that it chooses nothing: one in "
                f"ten scores {self.tenth:.3g} or more, {option} {self.tenth:.3g}"
            )
        elif self.fooled:
            found.append(
                f"the {role} is fooled: sequences that cannot know what it looks for pass at least {ALIKE:.0%} as "
                "often as the data, so a high share of passing samples proves little; train it against such sequences, "
                "or judge by another one"
            )
        return found


def audit(analyser: Analyser, texts: list[str], threshold: float, unit: int = 1, seed: int = 0, labels=None) -> Audit:
    """Ask `analyser` about the data's `texts` and about sequences that cannot know; `unit` letters are a codon.

    labels  (n,) whether each text is what the analyser looks for, where that is known
    """
    rng = np.random.default_rng(seed)
    truth = None if labels is None else np.asarray(labels).astype(bool)
    if truth is not None and truth.shape != (len(texts),):
        raise SettingError(f"labels of shape {truth.shape} for {len(texts)} texts: give True or False for each")
    if len(texts) > MOST:
        rows = rng.permutation(len(texts))[:MOST]
        texts, truth = [texts[i] for i in rows], None if truth is None else truth[rows]
    scores = analyser(texts)
    mixed = analyser(["".join(rng.permutation(list(text))) for text in texts])
    chained = analyser(chain(texts, len(texts), unit, rng))
    letters = sorted(set("".join(texts)))[:64]
    content = np.array([[text.count(x) / max(1, len(text)) for x in letters] for text in texts])
    lengths = np.array([[len(text)] for text in texts])
    passes = scores > threshold
    return Audit(
        analyser.name,
        threshold,
        passing=float(passes.mean()),
        shuffled=float((mixed > threshold).mean()),
        chain=float((chained > threshold).mean()),
        from_shuffled=auroc(scores, mixed),
        from_chain=auroc(scores, chained),
        by_length=told_by(lengths, passes),
        by_letters=told_by(content, passes),
        truth=float("nan") if truth is None else auroc(scores[truth], scores[~truth]),
        truth_by_length=float("nan") if truth is None else told_by(lengths, truth),
        tenth=float(np.quantile(scores, 0.9)),
        unit="codons" if unit == 3 else "letters",
    )


def auroc(high: np.ndarray, low: np.ndarray) -> float:
    """The chance that one of the scores `high` is above one of `low`, equal ones by half; NaN where either is empty."""
    if not len(high) or not len(low):
        return float("nan")
    low = np.sort(low)
    below, up_to = (np.searchsorted(low, high, side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(low)))


def chain(texts: list[str], n: int, unit: int, rng: np.random.Generator) -> list[str]:
    """`n` texts of a Markov chain of order 1 over units of `unit` letters, no longer than the longest of `texts`."""
    after: dict[str, Counter] = defaultdict(Counter)
    for text in texts:
        parts = [text[i : i + unit] for i in range(0, len(text), unit)]
        for one, two in zip(["", *parts], [*parts, ""]):
            after[one][two] += 1
    law = {one: (list(counts), np.cumsum([*counts.values()])) for one, counts in after.items()}
    most, made = max(map(len, texts)), []
    while len(made) < n:
        text, last = "", None
        while last != "" and len(text) <= most:
            names, total = law[last or ""]
            last = names[int(np.searchsorted(total, rng.integers(total[-1]), side="right"))]
            text += last
        if len(text) <= most:
            made.append(text)
    return made


def told_by(features: np.ndarray, verdict: np.ndarray, seed: int = 0) -> float:
    """AUROC of trees that learn a `verdict` (n,) from `features` (n, d) of half of the items, on the other half."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    first = np.random.default_rng(seed).random(len(verdict)) < 0.5
    if min((verdict[half] == side).sum() for half in (first, ~first) for side in (False, True)) < FEW:
        return float("nan")
    trees = HistGradientBoostingClassifier(max_iter=50, random_state=seed).fit(features[first], verdict[first])
    return float(roc_auc_score(verdict[~first], trees.predict_proba(features[~first])[:, 1]))
