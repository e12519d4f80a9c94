"""What each failure looks like in the log.

A sign is given the log so far and says whether its last row shows the failure: the evidence if so, else None. Levels
are the `low` and `high` of `training/metrics.csv`, or the data's own, measured before training; where they come
from stands in docs/diagnose.md.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np

from gansmith.diagnose.log_history import Past
from gansmith.training.metrics import metrics

ENDLESS = 1000.0  # no adversarial loss is this large, either way, in a run that is sound
HOPELESS = 10  # of a hundred moves that were skipped
COLLAPSED = {"look/nearest": 0.05, "look/spread": 0.1}
DIFFERED = 0.4  # of what reals do: samples that once differed so much had left their beginning
GOOD = 0.8  # precision above which reals that nothing comes near are missing modes, not poor samples
SETTLED = 0.25  # share of a run by which samples differ from one another in any that is sound
SURE = 0.98  # of pairs ordered rightly, in the median: a critic that has won
WORSE = 1.2  # times its best is what samples that get worse score
POOR = 0.3  # precision or coverage of samples that are not there yet

Evidence = dict[str, str] | None
Sign = Callable[[Past], Evidence]


# --- causes ----------------------------------------------------------------------------------------------------------
def frozen(past: Past) -> Evidence:
    """A generator's weights are what they were a log line ago, to the last digit, while another player's moved."""
    last = {name: past.last(name, 2) for name in past.row if name.startswith("weights/")}
    still = {name: len(pair) == 2 and pair[0] == pair[1] for name, pair in last.items()}
    if not still.get("weights/generator") or all(still.values()) or past.share > 0.99:
        return None
    if past.has("skipped/generator"):  # then it is not its step that fails, but its gradient
        return None
    if not any(name.startswith("generator/") for name in past.row):  # a stage in which it has no turn
        return None
    return {"weights/generator": f"{past.row['weights/generator']:.9g}, as before"}


def wrong_range(past: Past) -> Evidence:
    if not past.of_pictures or "low" not in past.level:
        return None
    low, high = past.level["low"], past.level["high"]
    if (abs(low) < 0.05 and high > 0.25) or low < -1.5 or high > 1.5:
        return {"level/low": f"{low:.3g}", "level/high": f"{high:.3g} (healthy: −1 and 1 for reals in network units)"}
    return None


def ignored_latent(past: Past) -> Evidence:
    return past.under("look/latent") if past.has("look/latent") else past.under("look/spread")


def in_company(past: Past) -> Evidence:
    return past.over("look/company")


def meaningless_labels(past: Past) -> Evidence:
    if past.settings.get("conditional") and past.level.get("label", np.inf) < metrics()["level/label"].low:
        return {"level/label": f"{past.level['label']:.2g} (healthy: above 4): the labels say nothing of the items"}
    return None


def ignored_label(past: Past) -> Evidence:
    return past.under("look/label") if past.warm else None


def few_items(past: Past) -> Evidence:
    least = metrics()["level/items"].low
    bare = past.of_pictures and past.settings.get("augment", "none") == "none"
    if bare and past.level.get("items", np.inf) < least:
        return {"level/items": f"{past.level['items']:.0f} pictures (healthy: above {least:.0f})"}
    return None


def checkered(past: Past) -> Evidence:
    return past.over("look/checker")


# --- the game --------------------------------------------------------------------------------------------------------
def skipped(past: Past) -> Evidence:
    """A move was not made since its gradient was not finite, at any time so far."""
    return {name: f"{n:.0f} so far (healthy: none)" for name, n in past.row.items() if name.startswith("skipped/")}


def many_skipped(past: Past) -> Evidence:
    """Ten of the last hundred rounds."""
    steps = past.series["step"]
    recent = sum(step > steps[-1] - 100 for step in steps)
    for name, count in skipped(past).items():
        counts = past.series[name]
        before = counts[-recent - 1] if len(counts) > recent else 0
        if counts[-1] - before >= HOPELESS:
            return {name: f"{counts[-1] - before:.0f} in the last hundred rounds (healthy: none), {count}"}
    return None


def runaway(past: Past) -> Evidence:
    """Weights many times what they began as, or a loss without end."""
    most = metrics()["weights/*"].high
    for name, value in past.row.items():
        if name.startswith("weights/") and value > most * past.series[name][0] > 0:
            return {name: f"{value:.3g} (began at {past.series[name][0]:.3g}; healthy: below {most:.0f} times that)"}
        if name.endswith("/adversarial") and abs(value) > ENDLESS:
            return {name: f"{value:.3g} (healthy: within ±{ENDLESS:.0f})"}
    return None


def fp32(sign: Sign) -> Sign:
    return lambda past: sign(past) if past.options.get("precision") != "bf16" else None


def bf16(sign: Sign) -> Sign:
    return lambda past: sign(past) if past.options.get("precision") == "bf16" else None


def rounded(past: Past) -> Evidence:
    return past.over("look/rounding")


def vanished(past: Past) -> Evidence:
    """The critic is right about every pair, and of the generator's gradient a hundredth is left.

    The minimax loss scales it by σ(D(fake)); for every loss it is held against its own median so far.
    """
    wins = past.last("discriminator/wins", 3)
    if len(wins) < 3 or min(wins) <= metrics()["discriminator/wins"].high:
        return None
    sure = past.evidence("discriminator/wins")
    if past.settings.get("loss") == "minimax" and past.row.get("discriminator/fake", 0) < -4:
        return {
            "discriminator/fake": f"{past.row['discriminator/fake']:.3g} "
            "(healthy: above −4; e^D of the gradient is left)"
        } | sure
    norms = past.series.get("gradient/generator", [])
    if len(norms) > 5 and past.has("gradient/generator") and norms[-1] < median(norms[:-1]) / 100:
        return {"gradient/generator": f"{norms[-1]:.3g} (its median so far: {median(norms[:-1]):.3g})"} | sure
    return None


def beaten(past: Past) -> Evidence:
    """The critic has been right about nearly every pair for a twelfth of the log, and few reals have a sample near."""
    wins = past.last("discriminator/wins", max(8, len(past.series["step"]) // 12))
    look = past.last("look/coverage", 1)
    if past.warm and not past.young and len(wins) >= 8 and median(wins) > SURE and look and look[0] < POOR:
        return {"discriminator/wins": f"{median(wins):.3g}, median of {len(wins)} log lines (healthy: 0.5 … 0.95)"} | {
            "look/coverage": f"{look[0]:.3g}"
        }
    return None


def by_heart(past: Past) -> Evidence:
    """The critic tells the items that it trains on from reals that it never saw; by itself no harm."""
    gap = past.over("look/held_gap")
    return gap | past.evidence("look/held_z") if gap and past.over("look/held_z") else None


def harmful(past: Past) -> Evidence:
    """The same, and the samples are getting worse."""
    gap = by_heart(past)
    if not gap:
        return None
    worse = (
        past.risen("evaluate/mind", WORSE)
        or past.risen("look/copies", WORSE)
        or past.fallen("look/coverage", 0.8, POOR)
    )
    return gap | worse if worse else None


def turning(past: Past) -> Evidence:
    """The mean score of fakes swings to and fro."""
    values = past.last("discriminator/fake", 120)
    found = period(values) if past.share >= SETTLED and len(values) >= 60 else None
    if found and found[1] > 0.5:
        return {
            "discriminator/fake": f"comes back every {found[0]} log lines, correlation {found[1]:.2f} "
            "(healthy: below 0.5)"
        }
    return None


def period(values: list[float]) -> tuple[int, float] | None:
    """(lag, autocorrelation) of the first return after a trough below −0.3, of values without their trend; it must
    come back a second time, at twice the lag."""
    x, t = np.asarray(values, float), np.arange(len(values))
    if not np.isfinite(x).all() or not x.std():
        return None
    x = x - np.polyval(np.polyfit(t, x, 1), t)
    x = x / max(np.sqrt(np.mean(x * x)), 1e-300)
    lags = [float(np.mean(x[: len(x) - k] * x[k:])) for k in range(len(x) // 2)]
    trough = next((k for k, c in enumerate(lags) if c < -0.3), 0)
    if trough < 3:  # nothing, or noise that alternates
        return None
    lag = max(range(trough, min(3 * trough + 1, len(lags))), key=lags.__getitem__)
    return (lag, lags[lag]) if 2 * lag < len(lags) and lags[2 * lag] > 0.3 else None


def raw_worse(past: Past) -> Evidence:
    """The generator that moves is far worse than its average: it circles around a place that it does not reach."""
    if not past.warm or not past.has("look/coverage", "look/raw_coverage") or past.row["look/coverage"] < 0.5:
        return None
    return past.under("look/raw_coverage", 0.6 * past.row["look/coverage"])


# --- the samples -----------------------------------------------------------------------------------------------------
def collapse(past: Past) -> Evidence:
    """Samples that differed and no longer do, or that never came to differ in a run that is no longer young."""
    for name, level in COLLAPSED.items():
        differed = not past.young or past.best(name) > DIFFERED
        if past.share >= SETTLED and differed and (shown := past.under(name, level)):
            return shown
    return past.fallen("look/vendi", 0.3, 0.3) or past.fallen("look/coverage", 0.3, 0.3)


def local_collapse(past: Past) -> Evidence:
    """Samples lie where reals do, and too close to one another."""
    old = past.share >= SETTLED and not past.young
    near = past.under("look/nearest") if old and past.row.get("look/precision", 0) > POOR else None
    return near | past.evidence("look/precision") if near else None


def dropping(past: Past) -> Evidence:
    """Samples are good, and there are reals that none of them comes near. Grey first samples look like that, too."""
    if not past.warm or past.young or past.row.get("look/precision", 0) < GOOD:
        return None
    for name in ("look/coverage", "look/vendi"):
        if not past.under(name, min(metrics()[name].low, past.level.get(name[5:], 1.0))):
            return None
    return past.evidence("look/coverage", "look/vendi", "look/precision")


def missing(past: Past) -> Evidence:
    """There are cells of the data in which samples are hardly ever; asked also while the samples are poor."""
    return past.over("look/missing") if past.share >= SETTLED and not past.young else None


def memorised(past: Past) -> Evidence:
    """Samples lie on training items, and on many: noise and grey pictures lie near the middle of the data, too."""
    like_data = min(past.row.get(name, 1.0) for name in ("look/precision", "look/coverage", "look/vendi")) > POOR
    near = past.under("look/copies") if past.warm and like_data else None
    return near | past.evidence("look/copies_z") if near and past.under("look/copies_z") else None


def worse(past: Past) -> Evidence:
    return past.fallen("look/precision", 0.5, 0.3)


def poor(past: Past) -> Evidence:
    return past.under("look/precision") if past.share > 0.5 and not past.young else None
