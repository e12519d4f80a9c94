"""The numbers of the field: separation power of shapes, and whether boosted trees tell made showers from real ones."""

from __future__ import annotations

import numpy as np

from gansmith.data.kinds.showers.shapes import LogCells, Shapes

BINS = 50
ON_SHAPES, ON_CELLS = "AUROC of trees on shapes; 0.5 when alike", "AUROC of trees on cells"
JUDGED = 1000  # showers of each side that the trees see


def separation(real: np.ndarray, fake: np.ndarray, bins: int = BINS) -> float:
    """Separation power ½ Σ (p − q)² / (p + q) of two samples (n,), in bins over the range of the real one with the
    rest in the outer two: 0 when alike, 1 when they share no bin (as in the CaloChallenge, arXiv 2410.21611)."""
    low, high = float(real.min()), float(real.max())
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)[1:-1]
    p, q = (np.bincount(np.searchsorted(edges, x), minlength=bins) / len(x) for x in (real, fake))
    there = p + q > 0
    return float((np.square(p - q)[there] / (p + q)[there]).sum() / 2)


def separations(shapes: Shapes, real, fake) -> dict[str, float]:
    """`separation` of every shape, by its name."""
    one, two = shapes(real), shapes(fake)
    bins = max(5, min(BINS, len(one) // 20, len(two) // 20))  # few showers fill few bins by chance
    return {name: separation(one[:, i], two[:, i], bins) for i, name in enumerate(shapes.names)}


def told_by_trees(real: np.ndarray, fake: np.ndarray, seed: int = 0, rounds: int = 60) -> float:
    """AUROC of boosted trees (scikit-learn) that learnt from half of the rows (n, d) and are asked about the others:
    0.5 where nobody can tell, 1 where every made one is known."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake), JUDGED)
    x = np.concatenate([side[rng.permutation(len(side))[:n]] for side in (real, fake)])
    y = np.repeat([0, 1], n)
    learnt = np.tile(rng.permutation(n) < n // 2, 2)
    if n < 4 or len(np.unique(x, axis=0)) < 2:
        return 0.5
    trees = HistGradientBoostingClassifier(max_iter=rounds, random_state=seed).fit(x[learnt], y[learnt])
    return float(roc_auc_score(y[~learnt], trees.predict_proba(x[~learnt])[:, 1]))


def measures(shapes: Shapes, cells: LogCells, real, fake) -> dict[str, float]:
    """Separation powers, the worst where there is one a layer, and AUROCs; see `separation` and `told_by_trees`."""
    found = separations(shapes, real, fake)
    worst = lambda *kinds: max(found[shapes.names[i]] for i in shapes.where(*kinds))  # noqa: E731
    several = len(shapes.layers.sizes) > 1
    made = {f"separation power of the {'response' if shapes.first else 'energy'}": worst("response", "energy")}
    if several:
        made |= {"… of the layers' shares, worst": worst("share"), "… of the depth": worst("depth")}
    layer = ", worst layer" if several else ""
    made |= {
        f"… of lateral widths{layer}": worst("width x", "width y"),
        f"… of non-empty cells{layer}": worst("cells"),
        ON_SHAPES: told_by_trees(shapes(real), shapes(fake)),
        ON_CELLS: told_by_trees(cells(real), cells(fake)),
    }
    return made


def in_words(values: dict[str, float], floor: dict[str, float]) -> str:
    """What `measures` of samples mean beside those of other real showers."""
    worst = max((name for name in values if name not in (ON_SHAPES, ON_CELLS)), key=values.__getitem__)
    return (
        f"Farthest from the data is the separation power {worst[worst.index('of') :]}: {values[worst]:.2g}, and "
        f"{floor[worst]:.2g} of other real showers. Of 100 pairs of a sample and a real shower trees know "
        f"{100 * values[ON_SHAPES]:.0f} by their shapes and {100 * values[ON_CELLS]:.0f} by their cells; by chance 50."
    )
