"""A density ratio for any items: the critic's own, or a fresh head on frozen features where that predicts better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gansmith.errors import UserError
from gansmith.refine.calibration import Calibration, calibrate, to_logit
from gansmith.refine.calling import evaluating, in_batches, modules_of, scores_of, seeded
from gansmith.refine.items import count, take


@dataclass(frozen=True)
class Ratio:
    """Scores of items and the curve that makes log density ratios of them.

    score: items -> (n,) float64. report: the calibration's, plus "candidates" (held-out log loss of each), "chosen"
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

    real, fake: items of any kind, at least 20 of each (40 with `features`).
    score: items -> (n,), the critic; kind and method as in `calibrate`.
    features: items -> (n, ...), a frozen encoder or the critic's last hidden layer. One half of the items trains two
    heads on it, linear and one hidden layer, that also see the critic's score (density-ratio estimation in feature
    space: Ding et al., 2020). The other half calibrates critic and heads alike and chooses by held-out log loss.
    """
    if score is None and features is None:
        raise UserError("nothing to learn a ratio from: pass score= (a critic), features= (an encoder), or both.")

    def critic(items) -> np.ndarray:
        return scores_of(score, items, batch_size)

    def inputs(items) -> np.ndarray:
        x = in_batches(features, items, batch_size).reshape(count(items), -1)
        # arcsinh keeps the order of the scores without the tails that would drown the features.
        return x if score is None else np.column_stack([x, np.arcsinh(to_logit(critic(items), kind))])

    with evaluating(modules_of(score, features)):
        fake, nan = (fake, 0) if score is None else _without_nan(critic, real, fake)
        candidates = {}
        if features is None:
            judged = (real, fake)
        else:
            halves = [_halves(items, seed) for items in (real, fake)]
            trained, judged = zip(*halves, strict=True)
            x_trained, x_judged = ([inputs(items) for items in part] for part in (trained, judged))
            for name, width in (("linear head", 0), ("hidden head", 128)):
                head = _train_head(*x_trained, width, seed)
                curve = calibrate(*map(head, x_judged), "logit", "auto", seed)
                candidates[name] = (lambda items, head=head: head(inputs(items)), curve)
        if score is not None:
            candidates["critic"] = (critic, calibrate(*map(critic, judged), kind, method, seed))
    losses = {name: curve.report["log_loss"] for name, (_, curve) in candidates.items()}
    chosen = min(losses, key=losses.get)
    function, curve = candidates[chosen]
    return Ratio(function, curve, curve.report | {"candidates": losses, "chosen": chosen, "nan": nan})


def _without_nan(critic: Callable, real, fake) -> tuple[object, int]:
    """The generated items that have a score, and how many have none. A real without one is an error."""
    missing = int(np.isnan(critic(real)).sum())
    if missing:
        raise UserError(f"the critic gives NaN for {missing} of {count(real)} real samples: mend it, or its input.")
    bad = np.isnan(critic(fake))
    if bad.all():
        raise UserError(f"the critic gives NaN for all {len(bad)} generated samples: the model has diverged.")
    return take(fake, np.flatnonzero(~bad)), int(bad.sum())


def _halves(items, seed: int) -> tuple:
    order = np.random.default_rng(seed).permutation(count(items))
    return take(items, order[: len(order) // 2]), take(items, order[len(order) // 2 :])


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
        head = nn.Sequential(nn.Linear(d, width), nn.LeakyReLU(0.2), nn.Linear(width, 1)) if width else nn.Linear(d, 1)
        optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3 if width else 1e-2, weight_decay=1e-2)
        order = torch.randperm(len(x))
        kept, trained = order[: len(x) // 5], order[len(x) // 5 :]

        def loss(index: torch.Tensor) -> torch.Tensor:
            logit = head(x[index]).squeeze(1)
            return nn.functional.binary_cross_entropy_with_logits(logit, label[index], weight[index])

        best, weights, patience = float("inf"), None, 0
        for _ in range(200):
            for batch in trained[torch.randperm(len(trained))].split(256):
                optimiser.zero_grad()
                loss(batch).backward()
                optimiser.step()
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
