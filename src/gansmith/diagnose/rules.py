"""The rules: what each failure looks like in the log, and what to change. Read from the top: causes before effects.

The levels are the `low` and `high` of `training.metrics.METRICS`, or the data's own, measured before training
(`level/…`). Where they come from stands in docs/diagnose.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

from gansmith.training.metrics import METRICS

COLLAPSED = {"look/nearest": 0.05, "look/spread": 0.1}
GOOD = 0.8  # precision above which missing reals are missing modes, not poor samples
ENDLESS = 1000.0  # no adversarial loss is this large, either way, in a run that is sound
WARM = 0.08  # share of a run in which samples are not judged: every generator begins with noise


class Past:
    """The log so far, with what rules ask of it."""

    def __init__(self, about: Mapping):
        self.settings, self.options = about["settings"], about["options"]
        self.spec, self.game = about.get("spec", {}), about.get("game", "")
        self.row: Mapping = {}
        self.level: dict[str, float] = {}
        self.series: dict[str, list[float]] = {}

    def add(self, row: Mapping) -> None:
        self.row = row
        for name, value in row.items():
            if name.startswith("level/"):
                self.level[name[6:]] = value
            elif isinstance(value, (int, float)):
                self.series.setdefault(name, []).append(value)

    @property
    def looking(self) -> bool:
        """Whether the last row holds a look."""
        return any(name.startswith(("look/", "level/")) for name in self.row)

    @property
    def share(self) -> float:
        """Of the budget that is spent."""
        steps, minutes = self.options.get("steps"), self.options.get("minutes")
        return self.row["step"] / steps if steps else self.row["seconds"] / (60 * minutes)

    @property
    def warm(self) -> bool:
        return self.share >= WARM

    def now(self, name: str) -> float | None:
        return self.row.get(name)

    def before(self, name: str) -> list[float]:
        """All values but the last."""
        return self.series.get(name, [])[:-1]

    def last(self, name: str, count: int) -> list[float]:
        return self.series.get(name, [])[-count:]

    def held(self, name: str, *, best: float | None = None) -> str:
        """A number with what it is held against, for the evidence."""
        metric = METRICS.get(name)
        bounds = f"healthy: {metric.healthy}" if metric else ""
        if name.startswith("look/") and name[5:] in self.level:
            bounds += f"; these data: above {self.level[name[5:]]:.3g}"
        if best is not None:
            bounds = f"its best was {best:.3g}"
        return f"{self.row[name]:.3g} ({bounds})"

    def has(self, *names: str) -> bool:
        return all(name in self.row for name in names)


@dataclass(frozen=True)
class Rule:
    """`holds` says whether the last row shows the failure: its evidence if so, else None or {}."""

    name: str
    severity: str
    holds: Callable[[Past], dict[str, str] | None]
    remedy: str
    change: Callable[[Past], dict] = field(default=lambda past: {})
    looks: bool = False  # asked only at rows that hold a look
    variant: str = ""

    @property
    def key(self) -> str:
        return self.name + self.variant


def low(name: str) -> float:
    return METRICS[name].low


def high(name: str) -> float:
    return METRICS[name].high


# --- what settings can do ------------------------------------------------------------------------------------------------
def times(factor: float, *names: str) -> Callable[[Past], dict]:
    """Each of these settings multiplied; those that are None or 0 or not the game's are left out."""
    return lambda past: {n: past.settings[n] * factor for n in names if past.settings.get(n)}


def calmer(past: Past) -> dict:
    """Half the step sizes."""
    return times(0.5, "learning_rate", "learning_rate_end", "critic_learning_rate")(past)


def weaker_critic(past: Past) -> dict:
    """More of the penalty that the game has; else the loss that does not saturate; else a slower critic."""
    has = past.settings
    if has.get("gamma") is not None and "gamma_end" in has:  # R1 and R2; other papers call other things gamma
        return {"gamma": 4 * has["gamma"] or 1.0, "gamma_end": 4 * (has["gamma_end"] or 0.0) or 1.0}
    if has.get("penalty") is not None:
        return {"penalty": 4 * has["penalty"] or 1.0}
    if has.get("loss") == "minimax":
        return {"loss": "non-saturating"}
    rate = has.get("critic_learning_rate") or has.get("learning_rate")
    return {"critic_learning_rate": rate / 4} if rate else {}


def augmented(past: Past) -> dict:
    pictures = past.spec.get("kind") == "images" and past.settings.get("augment") == "none"
    return {"augment": "ada"} if pictures else weaker_critic(past)


# --- causes --------------------------------------------------------------------------------------------------------------
def frozen(past: Past) -> dict | None:
    """A generator's weights are what they were a log line ago, to the last digit, while another player's moved."""
    last = {name: past.last(name, 2) for name in past.row if name.startswith("weights/")}
    still = {name: len(pair) == 2 and pair[0] == pair[1] for name, pair in last.items()}
    if not still.get("weights/generator") or all(still.values()) or past.share > 0.99:
        return None
    if past.has("skipped/generator"):  # then it is not its step that fails, but its gradient
        return None
    if not past.has("gradient/generator"):  # it was not its turn: a stage of another player
        return None
    return {"weights/generator": f"{past.row['weights/generator']:.9g}, as before"}


def ignored_latent(past: Past) -> dict | None:
    for name in ("look/latent", "look/spread"):
        if past.has(name):
            return {name: past.held(name)} if past.row[name] < low(name) else None
    return None


def ignored_label(past: Past) -> dict | None:
    if not past.settings.get("conditional"):
        return None
    if past.level.get("label", 99) < 4:
        return {"level/label": f"{past.level['label']:.2g} standard deviations (healthy: above 4): the data's labels "
                "say nothing of the items"}  # fmt: skip
    shown = past.has("look/label") and past.warm and past.row["look/label"] < low("look/label")
    return {"look/label": past.held("look/label")} if shown else None


def range_mismatch(past: Past) -> dict | None:
    at = past.level.get("low"), past.level.get("high")
    if None in at or past.spec.get("kind") != "images":
        return None
    said = {"level/low": f"{at[0]:.3g}", "level/high": f"{at[1]:.3g} (healthy: −1 and 1 for reals in network units)"}
    return said if abs(at[0]) < 0.05 and at[1] > 0.25 or at[1] > 1.5 or at[0] < -1.5 else None


def batch_dependence(past: Past) -> dict | None:
    over = past.has("look/company") and past.row["look/company"] > high("look/company")
    return {"look/company": past.held("look/company")} if over else None


def too_little(past: Past) -> dict | None:
    items = past.level.get("items", 1e9)
    few = (
        past.spec.get("kind") == "images"
        and items < low("level/items")
        and past.settings.get("augment") in (None, "none")
    )
    return (
        {"level/items": f"{items:.0f} (healthy: above {low('level/items'):.0f} pictures without augmentation)"}
        if few
        else None
    )


def checkerboard(past: Past) -> dict | None:
    over = past.has("look/checker") and past.warm and past.row["look/checker"] > high("look/checker")
    return {"look/checker": past.held("look/checker")} if over else None


# --- the game ------------------------------------------------------------------------------------------------------------
def lost_moves(past: Past) -> dict | None:
    """Moves that were skipped because their gradient was not finite, in the last hundred rounds or since the last line."""
    for name, counts in past.series.items():
        if name.startswith("skipped/") and name in past.row:
            steps = past.series["step"]
            then = (
                counts[-min(len(counts), 1 + max(1, round(100 / max(1, steps[-1] - steps[-2]))))]
                if len(steps) > 1
                else 0
            )
            fresh = counts[-1] - (then if len(counts) > 1 else 0)
            if fresh >= 10 or (len(counts) == 1 and counts[-1] >= 10):
                return {name: f"{fresh:.0f} in the last hundred rounds (healthy: none)"}
    return None


def lost_a_move(past: Past) -> dict | None:
    return {n: f"{v:.0f} (healthy: none)" for n, v in past.row.items() if n.startswith("skipped/")}


def in_bf16(rule: Callable) -> Callable:
    return lambda past: rule(past) if past.options.get("precision") == "bf16" else None


def in_fp32(rule: Callable) -> Callable:
    return lambda past: rule(past) if past.options.get("precision") != "bf16" else None


def runaway(past: Past) -> dict | None:
    """Weights many times what they began as, or gradients and losses without end."""
    for name, values in past.series.items():
        if name.startswith("weights/") and values[-1] > high("weights/*") * values[0] > 0:
            return {
                name: f"{values[-1]:.3g} (began at {values[0]:.3g}; healthy: below {high('weights/*'):.0f} times that)"
            }
        if name.endswith("/adversarial") and name in past.row and abs(values[-1]) > ENDLESS:
            return {name: f"{values[-1]:.3g} (healthy: within ±{ENDLESS:.0f})"}
    return None


def vanishing(past: Past) -> dict | None:
    """The critic is right about every pair, and the generator's gradient is a hundredth of its usual size; or the
    minimax loss has nothing left to give: its gradient is scaled by σ(D(fake))."""
    sure = len(past.last("critic/wins", 3)) == 3 and min(past.last("critic/wins", 3)) > high("critic/wins")
    if not sure:
        return None
    if past.settings.get("loss") == "minimax" and past.row.get("critic/fake", 0) < -4:
        return {"critic/fake": f"{past.row['critic/fake']:.3g}: e^D = share of the gradient that is left (healthy: above −4)",
                "critic/wins": past.held("critic/wins")}  # fmt: skip
    usual = past.before("gradient/generator")
    if len(usual) >= 5 and past.has("gradient/generator") and past.row["gradient/generator"] < median(usual) / 100:
        return {"gradient/generator": f"{past.row['gradient/generator']:.3g} (its median so far: {median(usual):.3g})",
                "critic/wins": past.held("critic/wins")}  # fmt: skip
    return None


def beaten(past: Past) -> dict | None:
    """The critic is right about every pair for a twelfth of the run, and samples are far from the reals."""
    count = max(4, len(past.series["step"]) // 12)
    wins = past.last("critic/wins", count)
    poor = past.last("look/precision", 1) and past.last("look/precision", 1)[0] < 0.3
    shown = past.warm and len(wins) >= 4 and min(wins) > high("critic/wins") and poor
    return {"critic/wins": f"{min(wins):.3g} at least, {len(wins)} lines long (healthy: below {high('critic/wins')})",
            "look/precision": f"{past.last('look/precision', 1)[0]:.3g}"} if shown else None  # fmt: skip


def overfitting(past: Past) -> dict | None:
    shown = past.has("look/held_gap") and past.row["look/held_gap"] > high("look/held_gap")
    return {"look/held_gap": past.held("look/held_gap"), "look/held_z": past.held("look/held_z")} if (
        shown and past.row["look/held_z"] > high("look/held_z")
    ) else None  # fmt: skip


def precision_loss(past: Past) -> dict | None:
    over = past.has("look/rounding") and past.row["look/rounding"] > high("look/rounding")
    return {"look/rounding": past.held("look/rounding")} if over else None


def turning(past: Past) -> dict | None:
    """The score of fakes swings to and fro: its autocorrelation goes from 1 through below −0.3 and back above 0.3."""
    values = past.last("critic/fake", 120)
    if not past.warm or len(values) < 60:
        return None
    peak = period(values)
    return {"critic/fake": f"comes back every {peak[0]} lines, correlation {peak[1]:.2f} (healthy: below 0.5)"} if (
        peak and peak[1] > 0.5
    ) else None  # fmt: skip


def period(values: list[float]) -> tuple[int, float] | None:
    """(lag, autocorrelation) of the first peak after a trough below −0.3, of values without their line of trend."""
    import numpy as np

    x = np.asarray(values, float)
    t = np.arange(len(x))
    if not np.isfinite(x).all() or x.std() == 0:
        return None
    x = x - np.polyval(np.polyfit(t, x, 1), t)
    power = float(x @ x)
    if power <= 0:
        return None
    lags = [float(x[: len(x) - k] @ x[k:]) / power * len(x) / (len(x) - k) for k in range(len(x) // 2)]
    trough = next((k for k, c in enumerate(lags) if c < -0.3), None)
    if trough is None:
        return None
    lag = max(range(trough, len(lags)), key=lags.__getitem__)
    return lag, lags[lag]


def raw_worse(past: Past) -> dict | None:
    """The generator that moves is far worse than its average: it circles around a place that it does not reach."""
    if not past.warm or not past.has("look/coverage", "look/raw_coverage") or past.row["look/coverage"] < 0.5:
        return None
    raw = past.row["look/raw_coverage"] / past.row["look/coverage"]
    return {"look/raw_coverage": f"{raw:.2g} of the averaged generator's (healthy: above 0.6)"} if raw < 0.6 else None


# --- the samples ---------------------------------------------------------------------------------------------------------
def collapse(past: Past) -> dict | None:
    if not past.warm or not past.has("look/nearest", "look/spread", "look/vendi"):
        return None
    for name in ("look/nearest", "look/spread"):
        if past.row[name] < COLLAPSED[name]:
            return {name: past.held(name)}
    for name in ("look/vendi", "look/coverage"):
        best = max(past.before(name), default=0)
        if best > 0.3 and past.row[name] < 0.3 * best:
            return {name: past.held(name, best=best)}
    return None


def local_collapse(past: Past) -> dict | None:
    shown = past.warm and past.has("look/nearest") and past.row["look/nearest"] < low("look/nearest")
    return {"look/nearest": past.held("look/nearest")} if shown else None


def dropping(past: Past) -> dict | None:
    """Samples are good, and there are reals that none of them comes near."""
    names = ("look/coverage", "look/precision", "look/vendi")
    if not past.warm or not past.has(*names) or past.row["look/precision"] < GOOD:
        return None
    short = past.row["look/coverage"] < min(low("look/coverage"), past.level.get("coverage", 1.0))
    narrow = past.row["look/vendi"] < min(low("look/vendi"), past.level.get("vendi", 1.0))
    return {name: past.held(name) for name in names} if short and narrow else None


def memorised(past: Past) -> dict | None:
    shown = past.warm and past.has("look/copies") and past.row["look/copies"] < low("look/copies")
    return {"look/copies": past.held("look/copies")} if shown else None


def poor(past: Past) -> dict | None:
    shown = past.share > 0.5 and past.has("look/precision") and past.row["look/precision"] < low("look/precision")
    return {"look/precision": past.held("look/precision")} if shown else None


def worse(past: Past) -> dict | None:
    best = max(past.before("look/precision"), default=0)
    shown = past.has("look/precision") and best > 0.3 and past.row["look/precision"] < 0.5 * best
    return {"look/precision": past.held("look/precision", best=best)} if shown else None


RULES = [
    Rule("frozen-generator", "failure", frozen, "The generator does not move: give it a step size above 0, and look for "
         "a detach() or a freeze between it and its loss.", lambda p: {"learning_rate": 2e-4} if not p.settings.get("learning_rate") else {}),
    Rule("range-mismatch", "failure", range_mismatch, "Bring the reals to −1 … 1, where the generator's tanh ends: give "
         "them as bytes, or set the DataSpec's centre and scale to 127.5.", looks=True),
    Rule("ignored-latent", "failure", ignored_latent, "The samples do not depend on the noise: look for where the "
         "generator drops it; if nowhere, weaken what makes it redundant (L1 terms, labels) or add dropout.", looks=True),
    Rule("batch-dependence", "warning", batch_dependence, "Score in eval mode, or take a norm that treats each item by "
         "itself (layer, none): the critic's scores depend on what else is in the batch.", looks=True),
    Rule("ignored-label", "warning", ignored_label, "Check that labels and items are in the same order; if they are, "
         "condition the critic by projection and balance the classes.", looks=True),
    Rule("too-little-data", "warning", too_little, "Augment what the critic sees, and hold out a part to see "
         "memorisation.", augmented, looks=True),
    Rule("checkerboard", "warning", checkerboard, "Up-sample with a kernel that the stride divides (4 for 2), or by "
         "nearest or bilinear interpolation and a convolution.", looks=True),
    Rule("divergence", "failure", in_fp32(lost_moves), "Halve the step sizes, and raise the penalty if there is one.",
         lambda p: weaker_critic(p) | calmer(p), variant=": gradients"),
    Rule("precision-loss", "failure", in_bf16(lost_moves), "Train in fp32 (--precision fp32), and halve the step sizes.", calmer,
         variant=": gradients"),
    Rule("divergence", "failure", runaway, "Halve the step sizes, more than once if need be.", calmer, variant=": weights"),
    Rule("divergence", "warning", in_fp32(lost_a_move), "A gradient was not finite and was skipped: look for NaN in the "
         "data (gansmith check), then halve the step sizes.", calmer, variant=": a move"),
    Rule("precision-loss", "warning", in_bf16(lost_a_move), "A gradient was not finite and was skipped: train in fp32 "
         "(--precision fp32).", variant=": a move"),
    Rule("precision-loss", "warning", precision_loss, "Train in fp32 (--precision fp32): in bf16 the critic's scores are "
         "mostly rounding.", looks=True),
    Rule("vanishing-gradient", "failure", vanishing, "The critic is sure of everything and the generator learns nothing: "
         "take the non-saturating or the relativistic loss, and more of the penalty.", weaker_critic),
    Rule("vanishing-gradient", "warning", beaten, "The critic tells every pair apart: penalise its slope more, or slow "
         "it down.", weaker_critic, variant=": beaten"),
    Rule("discriminator-overfitting", "warning", overfitting, "The critic knows its training items by heart: augment "
         "what it sees, or penalise its slope more.", augmented, looks=True),
    Rule("mode-collapse", "failure", collapse, "Go back to the last healthy checkpoint and penalise the critic's slope "
         "more, or halve the step sizes; pairing losses (r3gan) and packing make it rare.",
         lambda p: weaker_critic(p) | times(0.5, "learning_rate")(p), looks=True),
    Rule("mode-collapse", "warning", local_collapse, "The samples are nearly alike within each mode: penalise the "
         "critic's slope more, or show it several samples at once (packing, minibatch deviation).",
         weaker_critic, looks=True, variant=": local"),
    Rule("mode-dropping", "warning", dropping, "Parts of the data are never made: take a pairing loss with R1 and R2 "
         "(r3gan), larger batches, or packing.", weaker_critic, looks=True),
    Rule("memorisation", "warning", memorised, "The samples lie on training items: stop earlier, augment, or take a "
         "smaller generator; look at evaluate.nearest_pairs before believing any score.", augmented, looks=True),
    Rule("oscillation", "warning", turning, "The players chase each other: penalise the critic's slope at the reals "
         "(R1), or step by extragradient or optimistic steps.", weaker_critic),
    Rule("oscillation", "warning", raw_worse, "Only the average of the generator is good: lower its step size towards "
         "the end (--decay), or penalise the critic's slope more.", weaker_critic, looks=True, variant=": raw"),
    Rule("low-fidelity", "warning", worse, "The samples were better before: go back to an earlier checkpoint with half "
         "the step sizes.", calmer, looks=True, variant=": falling"),
    Rule("low-fidelity", "note", poor, "Few samples look like the data yet: train longer, or give the networks more "
         "width.", looks=True),
]  # fmt: skip
