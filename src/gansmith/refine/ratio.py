"""A density ratio for any items: the critic's own, or a fresh head on frozen features where that predicts better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gansmith.data.batching import count, take
from gansmith.data.generators import seeded
from gansmith.errors import UserError
from gansmith.refine.array_api import make_rng
from gansmith.refine.calibration import FEWEST, Calibration, calibrate, simplest_of_the_best, to_logit
from gansmith.refine.callables import in_batches, scores_of

PASSES = 200  # over the items that a head learns from, at most: it stops when ten more did not help


@dataclass(frozen=True)
class Ratio:
    """Scores of items and the curve that makes log density ratios of them.

    score: items -> (n,). report: the calibration's, plus "candidates" (held-out log loss of each), "chosen"
    and "nan" (generated items without a score, left out).
    """

    score: Callable
    calibration: Calibration
    report: dict

    def log_ratio(self, items) -> np.ndarray:
        """log p(data) - log q(generator), (n,) in float64; NaN where the critic gives NaN."""
        return self.calibration.log_ratio(self.score(items))


def fit_ratio(
    real,
    fake,
    score: Callable | None = None,
    *,
    features: Callable | None = None,
    kind: str = "logit",
    method: str = "auto",
    batch_size: int = 256,
    seed: int = 0,
) -> Ratio:
    """Learn log p(data) - log q(generator) from items that no player was trained on.

    real, fake: items of any kind, at least 20 of each (40 without `score`).
    score: items -> (n,), the critic; kind and method as in `calibrate`.
    features: items -> (n, ...), a frozen encoder or the critic's last hidden layer. Heads on it, a linear one and a
    perceptron, also see the critic's score (density-ratio estimation in feature space: Ding et al., 2020). Each is
    trained on one half of the items and, anew, on the other; what they say of the half they did not see calibrates
    them. Of critic and heads the simplest is taken whose held-out log loss is within one standard error of the best.
    With fewer than 40 items the critic stands alone.
    """
    if score is None and features is None:
        raise UserError("nothing to learn a ratio from: pass score= (a critic), features= (an encoder), or both.")

    def observe(items) -> dict[str, np.ndarray]:
        seen = {}
        if score is not None:
            seen["score"] = scores_of(score, items, batch_size)
        if features is not None:
            seen["features"] = in_batches(features, items, batch_size).reshape(count(items), -1)
        return seen

    def inputs(seen: dict[str, np.ndarray]) -> np.ndarray:
        # arcsinh keeps the order of the scores without the tails that would drown the features.
        extra = [np.arcsinh(to_logit(seen["score"], kind))] if "score" in seen else []
        return np.column_stack([seen["features"], *extra])

    real, fake = observe(real), observe(fake)
    fake, nan = (fake, 0) if score is None else _without_nan(real, fake)
    candidates = {}  # the simplest first
    if score is not None:
        curve = calibrate(real["score"], fake["score"], kind, method, seed)
        candidates["discriminator"] = (lambda items: scores_of(score, items, batch_size), curve)
    fewest = min(count(real), count(fake))
    if score is None and fewest < 2 * FEWEST:
        raise UserError(f"got {fewest} samples: with features, half of them train, so pass {2 * FEWEST} of each.")
    if features is not None and fewest >= 2 * FEWEST:
        if not all(np.isfinite(seen["features"]).all() for seen in (real, fake)):
            raise UserError("features holds NaN or infinite values: mend the encoder, or the scale of its input.")
        for name, width in (("linear head", 0), ("deep head", 128)):
            head, unseen = _cross_trained(inputs(real), inputs(fake), width, seed)
            candidates[name] = (lambda items, head=head: head(inputs(observe(items))), calibrate(*unseen, seed=seed))
    curves = {name: curve for name, (_, curve) in candidates.items()}
    losses = {name: curve.report["log_loss"] for name, curve in curves.items()}
    chosen = simplest_of_the_best(losses, {name: (c.real_log_ratio, c.fake_log_ratio) for name, c in curves.items()})
    function, curve = candidates[chosen]
    return Ratio(function, curve, curve.report | {"candidates": losses, "chosen": chosen, "nan": nan})


def _without_nan(real: dict, fake: dict) -> tuple[dict, int]:
    """The generated items that have a score, and how many have none. A real without one is an error."""
    missing, bad = int(np.isnan(real["score"]).sum()), np.isnan(fake["score"])
    if missing:
        raise UserError(f"the critic gives NaN for {missing} of {count(real)} real samples: mend it, or its input.")
    if bad.all():
        raise UserError(f"the critic gives NaN for all {len(bad)} generated samples: the model has diverged.")
    return take(fake, np.flatnonzero(~bad)), int(bad.sum())


def _cross_trained(real: np.ndarray, fake: np.ndarray, width: int, seed: int) -> tuple[Callable, tuple]:
    """The mean of two heads, each trained on one half; logits of (reals, fakes) by the head that did not see them."""
    first = [make_rng(seed).permutation(len(x)) < len(x) / 2 for x in (real, fake)]
    unseen = np.empty(len(real)), np.empty(len(fake))
    heads = []
    for halves in (first, [~half for half in first]):
        heads.append(_train_head(real[halves[0]], fake[halves[1]], width, seed))
        for out, x, half in zip(unseen, (real, fake), halves, strict=True):
            out[~half] = heads[-1](x[~half])
    return lambda x: (heads[0](x) + heads[1](x)) / 2, unseen


def _perceptron(d: int, width: int) -> nn.Module:
    hidden = [nn.Linear(d, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Linear(width, 1))


def _train_head(real: np.ndarray, fake: np.ndarray, width: int, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """A logit on standardised features, trained by balanced cross-entropy with early stopping on a fifth kept apart."""
    mean, scale = np.concatenate([real, fake]).mean(0), np.concatenate([real, fake]).std(0)
    scale = np.where(scale > 0, scale, 1.0)

    def tensor(x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy((x - mean) / scale).float().clamp(-10, 10)

    x = torch.cat([tensor(real), tensor(fake)])
    label = torch.repeat_interleave(torch.tensor([1.0, 0.0]), torch.tensor([len(real), len(fake)]))
    weight = torch.where(label == 1, len(x) / (2 * len(real)), len(x) / (2 * len(fake)))
    d = x.shape[1]
    with torch.enable_grad(), seeded(seed):
        head = _perceptron(d, width) if width else nn.Linear(d, 1)
        optimizer = torch.optim.AdamW(head.parameters(), lr=2e-3 if width else 1e-2, weight_decay=1e-2)
        order = torch.randperm(len(x))
        kept, trained = order[: len(x) // 5], order[len(x) // 5 :]

        def loss(index: torch.Tensor) -> torch.Tensor:
            logit = head(x[index]).squeeze(1)
            return nn.functional.binary_cross_entropy_with_logits(logit, label[index], weight[index])

        best, weights, patience = float("inf"), None, 0
        for _ in range(PASSES):
            for batch in trained[torch.randperm(len(trained))].split(256):
                optimizer.zero_grad()
                loss(batch).backward()
                optimizer.step()
            with torch.no_grad():
                now = float(loss(kept))
            patience = 0 if now < best else patience + 1
            if now < best:
                best, weights = now, {name: value.clone() for name, value in head.state_dict().items()}
            if patience == 10:
                break
    head.load_state_dict(weights)

    def logit(features: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return head(tensor(features)).squeeze(1).double().numpy()

    return logit
