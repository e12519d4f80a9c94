"""Made rows against real ones, DataFrames with the same columns: each column alone, columns in pairs, whole rows, and
what the rows are good for.

None of these means much by itself: shuffle every column of a table by itself, and `shapes` is perfect. Put the same
number of other real rows (the floor) and of shuffled ones (`shuffled`, the control) beside it.
"""

from __future__ import annotations

import numpy as np

from gansmith.errors import UserError

BINS = 10  # of numbers, where columns are held against each other
NEARLY = 0.7  # of the dependence between columns is missing: nothing to speak of is left
COMMON = 50  # values of a column that are told apart; the rest are one


def shapes(real, fake) -> dict[str, float]:
    """For each column one minus the largest difference of the distribution functions (numbers) or one minus the total
    variation (other values, gaps among them): 1 when alike."""
    found = {}
    for name in _columns(real, fake):
        ours, theirs = real[name], fake[name]
        if _is_number(ours):
            x, y = (np.sort(c.dropna().to_numpy(np.float64)) for c in (ours, theirs))
            both = np.concatenate([x, y])
            gap = np.abs(np.searchsorted(x, both, "right") / len(x) - np.searchsorted(y, both, "right") / len(y)).max()
        else:
            shares = [c.value_counts(normalize=True, dropna=False) for c in (ours, theirs)]
            gap = shares[0].subtract(shares[1], fill_value=0).abs().sum() / 2
        found[name] = 1 - float(gap)
    return found


def dependence(frame, like=None) -> np.ndarray:
    """(columns, columns) Cramér's V of each pair, numbers cut at the deciles of `like` (None: of `frame` itself): 0 for
    columns that know nothing of each other, 1 where one says the other; 0 on the diagonal."""
    like = frame if like is None else like
    codes = [binned(frame[name], like[name]) for name in like.columns]
    found = np.zeros((len(codes), len(codes)))
    for i, a in enumerate(codes):
        for j, b in enumerate(codes[:i]):
            found[i, j] = found[j, i] = cramer(a, b)
    return found


def dependence_gap(real, fake) -> float:
    """Mean absolute difference of `dependence` over all pairs of columns: 0 when alike."""
    _columns(real, fake)
    count = real.shape[1]
    return float(np.abs(dependence(real) - dependence(fake[real.columns], real)).sum() / max(1, count * (count - 1)))


def detection(real, fake, seed: int = 0) -> float:
    """AUROC of boosted trees that tell real from fake, on the half of the rows they did not learn from: 0.5 when nobody
    can, 1 when each row gives itself away."""
    import pandas
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    names = _columns(real, fake)
    count = min(len(real), len(fake))
    both = pandas.concat([real[names].sample(count, random_state=seed), fake[names].sample(count, random_state=seed)])
    x, y = legible(both, both), np.repeat([0, 1], count)
    train = np.random.default_rng(seed).random(2 * count) < 0.5
    judge = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
    judge.fit(x[train], y[train])
    return float(roc_auc_score(y[~train], judge.predict_proba(x[~train])[:, 1]))


def utility(train, test, target: str, seed: int = 0) -> float:
    """AUROC on real `test` rows of boosted trees that learned `target`, a column of two values, from `train` rows: made
    ones (train on synthetic, test on real), or real ones for the ceiling."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    values = sorted(test[target].unique())
    if len(values) != 2:
        raise UserError(f"utility needs a column of two values, and {target!r} has {len(values)}")
    if train[target].nunique() < 2:
        return 0.5  # there is nothing to learn
    known = test.drop(columns=target)
    judge = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
    judge.fit(legible(train[known.columns], known), train[target] == values[1])
    return float(roc_auc_score(test[target] == values[1], judge.predict_proba(legible(known, known))[:, 1]))


def in_words(gap: float, floor: float, control: float, alike: float, alike_floor: float) -> str:
    """What two numbers mean: `dependence_gap` of made rows, of other real rows and of shuffled ones, and the mean of
    `shapes` of made and of other real rows."""
    if control <= 2 * floor:
        pairs = "the columns of the data hardly depend on each other, so that only their distributions can be judged"
    elif gap > floor + NEARLY * (control - floor):
        pairs = "nearly independent columns: train longer, or with smaller batches (--batch-size 100)"
    elif gap > 1.5 * floor:
        lost = 100 * (gap - floor) / (control - floor)
        pairs = f"the dependence between columns is kept in part ({lost:.0f} % of it is missing): train longer"
    else:
        pairs = "the dependence between columns is kept as well as in other real rows"
    each = (
        "are as in real rows" if 1 - alike < 1.5 * (1 - alike_floor) + 0.01 else f"differ by {1 - alike:.2f} on average"
    )
    return f"In words: {pairs}; the distributions of single columns {each}."


def shuffled(frame, seed: int = 0):
    """Each column in a random order of its own: every column is as it was, and knows nothing of the others."""
    rng = np.random.default_rng(seed)
    return frame.apply(lambda column: column.to_numpy()[rng.permutation(len(column))])


def legible(frame, like):
    """The rows as boosted trees read them: numbers, dates as numbers, and the commonest values of `like` as
    categories."""
    import pandas

    read = {}
    for name, column in frame.reset_index(drop=True).items():
        if _is_number(like[name]):
            read[name] = column.astype("float64")
        elif like[name].dtype.kind == "M":
            read[name] = pandas.to_datetime(column).astype("int64")
        else:
            common = like[name].dropna().astype(str).value_counts().index[:COMMON]
            read[name] = pandas.Categorical(column.astype("object").where(column.notna()).map(str), common)
    return pandas.DataFrame(read)


def _columns(real, fake) -> list:
    lacking = [name for name in real.columns if name not in fake.columns]
    if lacking:
        raise UserError(f"the made rows lack the columns {', '.join(map(str, lacking))}: make them of the same table")
    return list(real.columns)


def _is_number(column) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)


def binned(column, like) -> np.ndarray:
    """Codes 0 … k: the decile of a number, the place of a value among the commonest, and one more for all else."""
    if _is_number(like) or like.dtype.kind == "M":
        there = like.dropna()
        cuts = np.unique(np.quantile(there.to_numpy(np.float64), np.linspace(0, 1, BINS + 1)[1:-1]))
        codes = np.searchsorted(cuts, column.to_numpy(np.float64), "right")
        return np.where(column.isna(), len(cuts) + 1, codes)
    place = {value: i for i, value in enumerate(like.value_counts().index[:COMMON])}
    return np.array([place.get(value, len(place)) for value in column])


def cramer(a: np.ndarray, b: np.ndarray) -> float:
    """Cramér's V of two columns of codes."""
    counts = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(counts, (a, b), 1)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    if min(counts.shape) < 2:
        return 0.0
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    chi = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi / counts.sum() / (min(counts.shape) - 1)))
