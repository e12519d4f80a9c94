"""The numbers of made groups against real ones: how many rows, how alike they are, what hangs on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gansmith.data.kinds.table import TableSpec
from gansmith.data.kinds.table import measures as of_rows

if TYPE_CHECKING:
    from gansmith.data.kinds.groups import Groups

LENGTHS = "numbers of rows: KS distance, 0 when alike"
ALIKE = "gap of how alike the rows of a group are, 0 when as in real groups"
NEXT = "gap of what a row says of the next, 0 when as in real groups"
PARENT = "gap of what a group says of its rows, 0 when as in real groups"
SHAPES = "column shapes, 1 when alike"
TOLD = "AUROC of trees that tell groups from real ones, 0.5 when they cannot"


def measures(form: Groups, real, fake) -> dict[str, float]:
    ours, made = form.legible(real), form.legible(fake)
    shapes = [*of_rows.shapes(ours[0], made[0]).values(), *of_rows.shapes(ours[1], made[1]).values()]
    found = {LENGTHS: 1 - of_rows.shapes(ours[0][["rows"]], made[0][["rows"]])["rows"]}
    rows = [codes(ours[1], one[1]) for one in (ours, made)]
    groups = [codes(ours[0], one[0]) for one in (ours, made)]
    whose = [one[2] for one in (ours, made)]
    found[ALIKE] = gap([alike(x, owner) for x, owner in zip(rows, whose)])
    found[NEXT] = gap([follows(x, owner) for x, owner in zip(rows, whose)])
    found[PARENT] = gap([cramer(g[owner], x) for g, x, owner in zip(groups, rows, whose)])
    return found | {SHAPES: float(np.mean(shapes)), TOLD: detection(vectors(form, real), vectors(form, fake))}


def codes(like, frame) -> np.ndarray:
    """(rows, columns) of a DataFrame, numbers cut at the deciles of `like`."""
    return np.stack([of_rows.binned(frame[name], like[name]) for name in like.columns], 1).astype(int)


def gap(pair: list[np.ndarray]) -> float:
    return float(np.abs(pair[0] - pair[1]).mean()) if pair[0].size else 0.0


def alike(x: np.ndarray, owner: np.ndarray, seed: int = 0) -> np.ndarray:
    """(columns,) how much more often two rows of one group have the same code than two of any, 1 where always: of each
    row (rows, columns) with another of its group."""
    count = np.bincount(owner)
    begin = np.cumsum(count) - count
    several = np.flatnonzero(count[owner] > 1)
    if not len(several):
        return np.zeros(x.shape[1])
    mine = owner[several]
    step = np.random.default_rng(seed).integers(1, count[mine])
    other = begin[mine] + (several - begin[mine] + step) % count[mine]
    found = []
    for column in x.T:
        share = np.bincount(column) / len(column)
        chance = float((share**2).sum())
        found.append(((column[several] == column[other]).mean() - chance) / max(1 - chance, 1e-9))
    return np.array(found)


def follows(x: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """(columns, columns) Cramér's V of each column of a row and each of the next row of its group."""
    here = np.flatnonzero(owner[1:] == owner[:-1])
    return cramer(x[here], x[here + 1])


def cramer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if not len(a):
        return np.zeros((a.shape[1], b.shape[1]))
    return np.array([[of_rows.cramer(one, two) for two in b.T] for one in a.T])


def detection(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> float:
    """AUROC of boosted trees that tell vectors (n, d) apart, on the half that they did not learn from."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rng, count = np.random.default_rng(seed), min(len(real), len(fake))
    x = np.concatenate([part[rng.permutation(len(part))[:count]] for part in (real, fake)])
    y, train = np.repeat([0, 1], count), rng.permutation(2 * count) % 2 == 0
    if min(map(len, map(np.unique, (y[train], y[~train])))) < 2:
        return 0.5
    judge = HistGradientBoostingClassifier(random_state=seed).fit(x[train], y[train])
    return float(roc_auc_score(y[~train], judge.predict_proba(x[~train])[:, 1]))


def vectors(form: Groups, items) -> np.ndarray:
    """(n, d): what holds for each group, and the mean and the spread of its rows, as numbers."""
    flat, plan = form.flat_of(items), form.plan
    owner, first = flat[:, 0].astype(int), flat[:, plan.first] == 1
    groups, rows = (part(form.flat, flat, columns) for columns in (plan.parents, plan.rows))
    count = np.bincount(owner)[:, None]
    mean, square = sums(rows, owner) / count, sums(rows.astype(np.float64) ** 2, owner) / count
    return np.concatenate([groups[first], mean, np.sqrt(np.maximum(square - mean**2, 0))], 1).astype(np.float32)


def part(flat: TableSpec, codes: np.ndarray, columns: range) -> np.ndarray:
    """Some columns of the flat table as numbers (rows, d)."""
    mine = slice(columns.start, columns.stop)
    form = TableSpec((len(columns),), entries=flat.entries[mine], center=flat.center[mine], scale=flat.scale[mine])
    return form.numbers_of(codes[:, mine])


def sums(x: np.ndarray, owner: np.ndarray) -> np.ndarray:
    begin = np.flatnonzero(np.append(True, np.diff(owner) > 0))
    return np.add.reduceat(x.astype(np.float64), begin, 0)


def dealt(form: Groups, items, rng: np.random.Generator) -> np.ndarray:
    """Groups, each of whose rows was dealt to one of them by chance; what holds for the group is of whoever got it."""
    rows, starts = form.rows_of(items)
    count, plan, room = len(starts) - 1, form.plan, form.shape[0] - 1
    free = rng.choice(count * room, len(rows) - count, replace=False) // max(1, room)
    owner = rng.permutation(np.concatenate([np.arange(count), free]))  # none without a row, none too long
    made = rows.copy()
    made[:, list(plan.attributes)] = rows[starts[:-1]][owner][:, list(plan.attributes)]
    by = made[:, plan.order] if plan.dated else rng.random(len(made))
    order = np.lexsort((by, owner))
    return form.items_of(made[order], np.cumsum([0, *np.bincount(owner, minlength=count)]))


def in_words(values: dict[str, float], floor: dict[str, float], control: dict[str, float]) -> str:
    """A sentence: what of groups was learned, and what was not, each held against real groups and dealt rows."""
    lost = []
    names = {ALIKE: "how alike their rows are", NEXT: "what follows what", PARENT: "what hangs on the group"}
    for name, text in names.items():
        if control[name] <= 2 * floor[name]:
            continue  # there is none in the data
        share = (values[name] - floor[name]) / (control[name] - floor[name])
        if share > 0.25:
            lost.append(f"{text} ({min(100 * share, 100):.0f} % of it is missing)")
    kept = "groups are as in the data" if not lost else f"of groups was not learned: {', '.join(lost)}: train longer"
    long = values[LENGTHS] > 1.5 * floor[LENGTHS] + 0.05
    return f"In words: {kept}; {'their numbers of rows differ' if long else 'they have as many rows'}."
