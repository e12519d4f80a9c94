"""`compare(real, fake)`: every number with its interval, floor and card; `paired(real, a, b)`: which is better."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from gansmith.data.generators import evaluating, generate_items, generator_of, modules_of
from gansmith.errors import UserError
from gansmith.evaluate.distances import frechet_distance, kernel_distance, mind
from gansmith.evaluate.feature_cache import tensor_digest
from gansmith.evaluate.features import default_names, extract, space
from gansmith.evaluate.inputs import same_range
from gansmith.evaluate.intervals import Interval, interval, jackknife
from gansmith.evaluate.neighbours import prdc
from gansmith.evaluate.protocol import Card, Score, Scores
from gansmith.version import __version__

REFERENCE = 10_000  # reals to compare with, unless said otherwise
ENOUGH = 10  # rows a feature needs before a Fréchet distance is more than bias


def numbers(real, fake, frechet: bool | None = None) -> dict[str, float]:
    """All numbers of two feature tables: Fréchet distance, KID, MIND, precision, recall, density, coverage.

    `frechet` None leaves the first out where there are fewer than ten rows a feature.
    """
    found = {}
    if _enough(real, fake) if frechet is None else frechet:
        found["frechet_distance"] = frechet_distance(real, fake)
    found["kernel_distance"] = kernel_distance(real, fake)
    found["mind"] = mind(real, fake)
    return {**found, **prdc(real, fake)._asdict()}


def _enough(real, fake, groups: int = 0) -> bool:
    """Are there ten rows a feature, even with one of `groups` left out?"""
    rows = min(len(real), len(fake))
    return rows - (-(-rows // groups) if groups else 0) >= ENOUGH * real.shape[1]


def compare(
    real, fake, features=None, *, n: int | None = None, draws: int = 3, groups: int = 10, reference: int = REFERENCE,
    held_out=None, labels=None, seed: int = 0, cache: str | Path | None = None, split: str = "as given",
    weights: str = "as given", truncation: float = 1.0,
) -> Scores:  # fmt: skip
    """What `fake` is worth against `real`, in each feature space of `features`.

    real, held_out: an array (n, …), a Dataset, or anything `gansmith.data.read` takes: a folder, a file, a name
    fake: the same, or a callable `f(n)` or `f(n, seed=…)` -> items, or a model with such a method `sample`: then
        `draws` independent draws give the interval; a network that takes noise goes through `from_noise`
    features: a name, a callable or a list of them (see `gansmith.evaluate.features`); None: two spaces where two exist
    n: fakes per draw, at most half of the reals or all of `held_out`; None: at most 5,000
    groups: of the jackknife over the given items (20 for a final figure); 0 leaves it out: quicker, and claims less

    The floor is the same number of `n` reals (held-out ones, else a random part of `real`) against the same reference.
    Raises UserError for unlike forms, ranges or counts that are too small.
    """
    reals, labels = _items(real, labels)
    if (reals == reals[:1]).all():
        raise UserError(
            f"all {len(reals)} real items are equal: nothing can be measured against them; give varied data."
        )
    kept = None if held_out is None else _items(held_out, None)[0]
    reals, labels, floor, n, notes = _split(reals, labels, kept, n, reference, seed)
    names = _names(features, reals, labels)
    if features is None and labels is not None and "random" in names and "classifier" not in names:
        notes.append(f"no classifier: it would not learn {len(np.unique(labels))} classes from {len(reals)} items.")
    spaces = [space(name, reals, labels=labels, seed=seed, cache=cache) for name in names]
    batches = _draws(fake, n, draws, seed, reals.shape[1:])
    n = len(batches[0])
    floor = floor[:n]
    if reals.ndim == 4:
        same_range(reals[:1000], batches[0][:1000])
    found, cards = {}, {}
    for where in spaces:
        real_features = extract(where, reals, cache=cache, keep=True)
        floor_features = extract(where, floor, cache=cache, keep=True)
        draws_features = [extract(where, batch) for batch in batches]
        number = partial(numbers, frechet=_enough(real_features, floor_features, groups))
        expected = number(real_features, floor_features)
        got = _intervals(real_features, draws_features, number, groups, seed)
        found[where.name] = {metric: Score(*_possible(metric, got[metric]), expected[metric]) for metric in expected}
        cards[where.name] = Card(
            where.name, where.hash, where.resize, _quantised(reals), len(reals), n, split, tensor_digest(reals),
            weights, truncation, seed, __version__,
        )  # fmt: skip
        if "frechet_distance" not in expected:
            d = real_features.shape[1]
            notes.append(
                f"{where.name}: {min(len(reals), n)} items are too few for a Fréchet distance of {d} features "
                f"({ENOUGH * d} needed); read kernel_distance and mind."
            )
        if where.relative:
            notes.append(f"{where.name}: relative only, for ranking models of the same data.")
    return Scores(found, cards, tuple(notes))


@dataclass(frozen=True)
class Verdict:
    """`better` is "a", "b" or None; `differences` maps space -> a minus b of `metric[space]` with its interval."""

    better: str | None
    metric: dict[str, str]
    differences: dict[str, Interval]

    def __str__(self) -> str:
        told = "; ".join(
            f"{space}: {self.metric[space]} a - b = {d.value:.4g} [{d.low:.4g}, {d.high:.4g}]"
            for space, d in self.differences.items()
        )
        return f"{self.better + ' is better' if self.better else 'no significant difference'} ({told})"


def paired(
    real, a, b, features=None, *, n: int = 2000, draws: int = 5, groups: int = 10,
    reference: int = REFERENCE, labels=None, seed: int = 0, cache: str | Path | None = None,
) -> Verdict:  # fmt: skip
    """Is generator `a` better than `b`? Both are callables `f(n, seed=…)` -> items, or models with such a method
    `sample`, and get the same seeds and reals.

    Says so only when the 95 % interval of the paired difference excludes 0, on the same side, in two feature spaces.
    The metric is the Fréchet distance where there are ten items a feature, else KID.
    """
    if generator_of(a) is None or generator_of(b) is None:
        raise UserError("paired(real, a, b) draws from both models itself; give two models or callables f(n, seed=…).")
    reals, labels = _items(real, labels)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(reals))[:reference])
    reals, labels = reals[chosen], None if labels is None else labels[chosen]
    names = _names(features, reals, labels)
    if len(names) < 2:
        two = default_names(reals, labels)
        raise UserError(f"one feature space ({names[0]}) cannot decide; give two, as in features={two}.")
    spaces = [space(name, reals, labels=labels, seed=seed, cache=cache) for name in names]
    ours, theirs = (_draws(model, n, draws, seed, reals.shape[1:]) for model in (a, b))
    if reals.ndim == 4:
        same_range(reals[:1000], np.concatenate([ours[0][:500], theirs[0][:500]]))
    metric, differences = {}, {}
    for where in spaces:
        real_features = extract(where, reals, cache=cache, keep=True)
        couples = [np.stack([extract(where, x), extract(where, y)], 1) for x, y in zip(ours, theirs)]
        number = frechet_distance if _enough(real_features, couples[0], groups) else kernel_distance
        metric[where.name] = number.__name__

        def gap(r, couple, number=number):
            return {"gap": number(r, couple[:, 0]) - number(r, couple[:, 1])}

        differences[where.name] = _intervals(real_features, couples, gap, groups, seed)["gap"]
    a_wins = sum(d.high < 0 for d in differences.values())  # distances: lower is better
    b_wins = sum(d.low > 0 for d in differences.values())
    better = "a" if a_wins >= 2 and not b_wins else "b" if b_wins >= 2 and not a_wins else None
    return Verdict(better, metric, differences)


def _intervals(real, draws, number, groups, seed) -> dict[str, Interval]:
    """Mean over draws of each number, with the spread of the draws and a jackknife of the reals.

    One or two draws, all that a given set may hold, tell no spread: then the fakes are jackknifed as well.
    """
    values = [number(real, x) for x in draws]
    names = list(values[0])
    sources = [jackknife(real, lambda rows: number(rows, draws[0]), groups, seed)] if groups else []
    if groups and len(draws) < 3:
        fakes = jackknife(draws[0], lambda rows: number(real, rows), groups, seed)
        sources.append({k: fakes[k] / len(draws) for k in names})
        values = [{k: np.mean([v[k] for v in values]) for k in names}]
    return {k: interval([v[k] for v in values], [(s[k], groups - 1) for s in sources]) for k in names}


def _possible(metric: str, got: Interval) -> Interval:
    """An interval of a share ends at 0 and 1."""
    if metric not in ("precision", "recall", "coverage"):
        return got
    return Interval(got.value, max(0.0, got.low), min(1.0, got.high))


def _split(reals, labels, held_out, n, reference, seed):
    """(reference items, their labels, floor items, n, notes): disjoint, in a random order that `seed` fixes."""
    order = np.random.default_rng(seed).permutation(len(reals))
    if held_out is None:
        n = min(n or 5000, len(reals) // 2)
        floor, order = reals[order[:n]], order[n:]
        notes = ["the floor is a part of `real` itself; give held_out=… to see copying."]
    else:
        n = min(n or 5000, len(held_out))
        floor, notes = held_out[np.random.default_rng(seed).permutation(len(held_out))[:n]], []
    order = np.sort(order[:reference])
    return reals[order], None if labels is None else labels[order], floor, n, notes


def _draws(fake, n: int, draws: int, seed: int, form: tuple[int, ...]) -> list[np.ndarray]:
    """Fresh draws of `n` from a callable; disjoint random parts of anything given, which is one part if it is small."""
    if (generate := generator_of(fake)) is not None:
        with evaluating(modules_of(generate)):
            parts = [_array(generate_items(generate, n, seed + k)) for k in range(draws)]
    else:
        given, _ = _items(fake, None)
        n = min(n, len(given))
        order = np.random.default_rng(seed).permutation(len(given))
        parts = [given[order[k * n : (k + 1) * n]] for k in range(min(draws, len(given) // n))]
    for part in parts:
        if part.shape != (n, *form):
            raise UserError(
                f"fakes have shape {part.shape} where {(n, *form)} was asked for, the form of the reals; "
                "resize or convert them first."
            )
    return parts


def _items(data, labels) -> tuple[np.ndarray, np.ndarray | None]:
    """Items and labels of arrays, or of anything else through `gansmith.data.read`."""
    if not isinstance(data, (np.ndarray, torch.Tensor, list)):
        from gansmith.data import read

        data = read(data)
        if labels is None and "label" in data.fields:
            labels = data.raw(torch.arange(len(data)), "label")
        data = data.raw(torch.arange(len(data)))
    items = _array(data)
    if len(items) < 8:
        raise UserError(f"{len(items)} items are too few to measure anything; give hundreds at least.")
    if labels is not None and len(labels) != len(items):
        raise UserError(f"{len(items)} items but {len(labels)} labels; give one label per item.")
    return items, None if labels is None else np.asarray(labels)


def _array(items) -> np.ndarray:
    array = items.detach().cpu().numpy() if isinstance(items, torch.Tensor) else np.asarray(items)
    if array.dtype == object or array.ndim < 2:
        raise UserError(f"items have shape {array.shape} and type {array.dtype}; give one array (n, …) of numbers.")
    return array


def _names(features, items, labels) -> list:
    if features is None:
        return default_names(items, labels)
    return list(features) if isinstance(features, (list, tuple)) else [features]


def _quantised(items: np.ndarray) -> str:
    return "uint8 as given" if items.dtype == np.uint8 else f"{items.dtype}"
