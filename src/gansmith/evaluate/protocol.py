"""A number is worth what its card says: what was measured, on how many items of what, and by which code.

Two numbers are compared only if their cards agree; the field's commonest complaint is a FID that was not another's FID.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from gansmith.errors import UserError

HIGHER = {"precision", "recall", "density", "coverage"}  # better when higher; distances are better when lower


@dataclass(frozen=True)
class Card:
    """Everything that can change a number without the model having changed."""

    features: str
    features_hash: str
    resize: str
    quantise: str  # "uint8 as given", or the floats' type
    n_real: int
    n_fake: int
    split: str  # which reals: "train", "held-out", "as given"
    data: str  # hash of the reference items
    weights: str = "as given"  # "EMA" or "raw", where the caller knows
    truncation: float = 1.0
    seed: int = 0
    version: str = ""

    def __str__(self) -> str:
        return (
            f"{self.features} {self.features_hash} | {self.resize} | {self.quantise} | n_fake {self.n_fake} | "
            f"ref {self.split} {self.n_real} {self.data} | {self.weights} | psi={self.truncation:g} | "
            f"seed {self.seed} | gansmith {self.version}"
        )

    def differences(self, other: "Card") -> list[str]:
        """Names of the fields that differ."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


class Score(NamedTuple):
    """One number with its 95 % interval and its real-against-real floor (or ceiling), all from the same counts."""

    value: float
    low: float
    high: float
    floor: float

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}], reals {self.floor:.4g}"


@dataclass(frozen=True)
class Scores:
    """Numbers of one generator: `scores["mind"]`, or `scores["mind", "pixels"]` in another feature space."""

    numbers: dict[str, dict[str, Score]]  # space -> metric -> Score
    cards: dict[str, Card]  # space -> Card
    notes: tuple[str, ...] = ()

    def __getitem__(self, key: str | tuple[str, str]) -> Score:
        metric, space = key if isinstance(key, tuple) else (key, next(iter(self.numbers)))
        if space not in self.numbers:
            raise UserError(f"nothing was measured in {space!r}; there is {', '.join(self.numbers)}.")
        if metric not in self.numbers[space]:
            raise UserError(f"no {metric!r} in {space}; there is {', '.join(self.numbers[space])}.")
        return self.numbers[space][metric]

    def __str__(self) -> str:
        lines = []
        for space, scores in self.numbers.items():
            lines.append(f"{space}: {self.cards[space]}")
            lines += [f"  {metric:18s} {score}" for metric, score in scores.items()]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def lines(self) -> list[str]:
        """One JSON object per number, as `scores.jsonl` keeps them."""
        return [
            json.dumps({"space": space, "metric": metric, **score._asdict(), "card": asdict(self.cards[space])})
            for space, scores in self.numbers.items()
            for metric, score in scores.items()
        ]


def rank(runs: dict[str, Scores], by: str, space: str | None = None) -> list[str]:
    """Names of `runs`, best first, by one metric; UserError when their cards differ in anything.

    A rank is no verdict: neighbours whose intervals overlap are told apart by `gansmith.evaluate.paired` only.
    """
    if not runs:
        raise UserError("there is nothing to rank; give {'name': scores, …}.")
    first = next(iter(runs))
    space = space or next(iter(runs[first].numbers))
    for name, scores in runs.items():
        scores[by, space]
        odd = scores.cards[space].differences(runs[first].cards[space])
        if odd:
            told = ", ".join(
                f"{f} {getattr(runs[first].cards[space], f)!r} against {getattr(scores.cards[space], f)!r}" for f in odd
            )
            raise UserError(f"{first} and {name} were measured differently ({told}); measure both in the same way.")
    return sorted(runs, key=lambda name: runs[name][by, space].value, reverse=by in HIGHER)
