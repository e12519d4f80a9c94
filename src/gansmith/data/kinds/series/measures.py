"""The numbers of made series against real ones: what a forecaster looks at first, and judges of stated size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from gansmith.data.kinds.series import Series

LAGS = 10  # of the autocorrelation error
UNITS, MOVES, LEARNT = 16, 150, 2000  # of the GRU that tells made from real; windows that judges learn from, at most
BLOCKS = 16  # of time, in turn for judges to learn from and to be asked about
CELLS = 4  # parts of a window whose levels are compared
BACK = 8  # steps that the next one is predicted from


def filled(form: Series, items) -> np.ndarray:
    """(n, columns, steps) of the learned columns, gaps filled with the last value before, else the column's mean."""
    x = np.array(np.asarray(items)[:, : form.values], np.float64)
    if not np.isnan(x).any():
        return x
    at = np.where(np.isnan(x), 0, np.arange(x.shape[2]))
    x = np.take_along_axis(x, np.maximum.accumulate(at, 2), 2)
    flat = x.transpose(1, 0, 2).reshape(x.shape[1], -1)
    means = np.array([row[~np.isnan(row)].mean() if (~np.isnan(row)).any() else 0.0 for row in flat])
    return np.where(np.isnan(x), means[:, None], x)


def autocorrelation(x: np.ndarray, most: int) -> np.ndarray:
    """(most, columns): mean within-window autocorrelation of (n, columns, steps) at lags 1 … most."""
    c = x - x.mean(2, keepdims=True)
    v = (c**2).sum(2) + 1e-9
    return np.stack([((c[..., lag:] * c[..., :-lag]).sum(2) / v).mean(0) for lag in range(1, most + 1)])


def ks(a: np.ndarray, b: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance of two samples."""
    a, b = np.sort(a), np.sort(b)
    z = np.concatenate([a, b])
    return float(np.abs(np.searchsorted(a, z, "right") / len(a) - np.searchsorted(b, z, "right") / len(b)).max())


def cross(x: np.ndarray) -> np.ndarray:
    """Correlations of the columns, and of their steps from one time to the next."""
    both = [x.transpose(1, 0, 2).reshape(x.shape[1], -1), np.diff(x, axis=2).transpose(1, 0, 2).reshape(x.shape[1], -1)]
    with np.errstate(all="ignore"):
        return np.concatenate([np.nan_to_num(np.atleast_2d(np.corrcoef(part))).ravel() for part in both])


def profile(form: Series, items, x: np.ndarray) -> np.ndarray | None:
    """(columns, 168): mean of each column in each hour of the week (in each phase that the data tells apart), NaN where
    there are none; None where no calendar is known."""
    dated = [i for i, name in enumerate(form.cycles) if name in ("hour", "weekday")]
    if not dated:
        return None
    items, slot = np.asarray(items), np.zeros((len(items), np.shape(items)[2]), int)
    for i in dated:
        sin, cos = items[:, form.values + 2 * i], items[:, form.values + 2 * i + 1]
        phases = 24 if form.cycles[i] == "hour" else 7
        slot = slot * phases + np.rint(np.arctan2(sin, cos) / (2 * np.pi) * phases).astype(int) % phases
    count = np.bincount(slot.ravel(), minlength=168)
    sums = np.stack([np.bincount(slot.ravel(), x[:, f].ravel(), minlength=168) for f in range(x.shape[1])])
    with np.errstate(all="ignore"):
        return np.where(count > 0, sums / count, np.nan)


def standard(form: Series, real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """All in standard deviations of the columns of the first."""
    mean, sd = real.mean((0, 2), keepdims=True), real.std((0, 2), keepdims=True)
    return [(x - mean) / np.where(sd > 0, sd, 1) for x in (real, *others)]


def looks(x: np.ndarray) -> np.ndarray:
    """What trees see of windows: values, their differences, means, deviations, autocorrelation at lag 1."""
    d = np.diff(x, axis=2)
    c = x - x.mean(2, keepdims=True)
    lag = (c[..., 1:] * c[..., :-1]).sum(2) / ((c**2).sum(2) + 1e-9)
    parts = [x.reshape(len(x), -1), d.reshape(len(x), -1), x.mean(2), x.std(2), d.std(2), lag]
    return np.concatenate(parts, 1).astype(np.float32)


def halves(real: np.ndarray, fake: np.ndarray):
    """Equal numbers of both, to learn from and to be asked: reals by blocks of time in turn, so that neighbours stay on
    one side and both have all seasons."""
    n = min(len(real), len(fake), LEARNT) // 2
    pick = np.linspace(0, len(real) - 1, 2 * n).astype(int)
    odd = (np.arange(2 * n) * BLOCKS // (2 * n)) % 2 == 1
    first, second = pick[~odd], pick[odd]
    return real[first], real[second], fake[: len(first)], fake[len(first) : 2 * n]


def told_by_trees(real: np.ndarray, fake: np.ndarray) -> float:
    """AUROC of boosted trees (60 rounds) that tell made windows from real ones; 0.5 when they cannot."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import roc_auc_score
    except ImportError:
        return float("nan")
    a, b, c, d = map(looks, halves(real, fake))
    y = np.repeat([0, 1], [len(a), len(c)])
    judge = HistGradientBoostingClassifier(max_iter=60, early_stopping=False, random_state=0).fit(
        np.concatenate([a, c]), y
    )
    return float(roc_auc_score(np.repeat([0, 1], [len(b), len(d)]), judge.predict_proba(np.concatenate([b, d]))[:, 1]))


def told_by_gru(real: np.ndarray, fake: np.ndarray) -> float:
    """|accuracy − ½| of a GRU of UNITS units after MOVES moves: TimeGAN's discriminative score."""
    a, b, c, d = (torch.from_numpy(x.transpose(0, 2, 1).astype(np.float32)) for x in halves(real, fake))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.ModuleList([nn.GRU(a.shape[2], UNITS, batch_first=True), nn.Linear(UNITS, 1)])
        score = lambda x: net[1](net[0](x)[0][:, -1])[:, 0]  # noqa: E731
        optimizer = torch.optim.Adam(net.parameters(), 5e-3)
        for _ in range(MOVES):
            i, j = torch.randint(len(a), (64,)), torch.randint(len(c), (64,))
            loss = nn.functional.softplus(score(a[i])).mean() + nn.functional.softplus(-score(c[j])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = torch.cat([score(b) <= 0, score(d) > 0]).float().mean()
    return float(abs(right - 0.5))


def predicted(fake: np.ndarray, real: np.ndarray) -> float:
    """Mean error, in standard deviations, of the next step of real windows, by a ridge regression on the BACK steps
    before it that was learned from made ones."""
    back = min(BACK, fake.shape[2] - 1)

    def steps(x):
        x = x[:LEARNT].transpose(0, 2, 1)
        many = range(x.shape[1] - back)
        before = np.concatenate([x[:, i : i + back].reshape(len(x), -1) for i in many])
        return np.c_[before, np.ones(len(before))], np.concatenate([x[:, i + back] for i in many])

    a, y = steps(fake)
    weight = np.linalg.solve(a.T @ a + 1e-3 * len(a) * np.eye(a.shape[1]) / 100, a.T @ y)
    a, y = steps(real)
    return float(np.abs(a @ weight - y).mean())


def measures(form: Series, real, fake) -> dict[str, float]:
    """See docs/series.md; all in standard deviations of the real columns."""
    one, two = filled(form, real), filled(form, fake)
    weeks = profile(form, real, one), profile(form, fake, two)
    a, b = standard(form, one, two)
    most = min(LAGS, a.shape[2] - 2)
    found = {
        f"autocorrelation error, lags 1 to {most}": float(
            np.abs(autocorrelation(a, most) - autocorrelation(b, most)).mean()
        ),
        "cross-correlation error": float(np.abs(cross(a) - cross(b)).mean()),
        "marginal distance (KS), mean of columns": float(
            np.mean([ks(a[:, f].ravel(), b[:, f].ravel()) for f in range(a.shape[1])])
        ),
    }
    if weeks[0] is not None and weeks[1] is not None:
        sd = one.std((0, 2))[:, None]
        gap = np.abs(weeks[0] - weeks[1]) / np.where(sd > 0, sd, 1)
        found["hour-of-week profile error"] = float(np.nanmean(gap)) if (~np.isnan(gap)).any() else float("nan")
    found["AUROC of trees (60) that tell them from real windows"] = told_by_trees(a, b)
    found[f"discriminative score, GRU of {UNITS}"] = told_by_gru(a, b)
    found[f"predictive score, ridge on {min(BACK, a.shape[2] - 1)} steps"] = predicted(b, a)
    if np.isnan(np.asarray(real)[:, : form.values]).any():
        share = [np.isnan(np.asarray(x)[:, : form.values]).mean((0, 2)) for x in (real, fake)]
        found["difference of the share of gaps"] = float(np.abs(share[0] - share[1]).mean())
    return found


def spectrum(form: Series, real, fake) -> dict[str, np.ndarray]:
    """Power by frequency in cycles a step, mean of the columns."""
    a, b = standard(form, filled(form, real), filled(form, fake))
    power = lambda x: (np.abs(np.fft.rfft((x - x.mean(2, keepdims=True)) * np.hanning(x.shape[2]))) ** 2).mean((0, 1))  # noqa: E731
    return {"frequency": np.fft.rfftfreq(a.shape[2])[1:], "power_real": power(a)[1:], "power_fake": power(b)[1:]}


# --- feature spaces --------------------------------------------------------------------------------------------------
class Shapes:
    """Windows (n, channels, steps) in normal scores as levels in a few parts of the window, and deviations: (n, d)."""

    name = "levels"

    def __init__(self, form: Series):
        self.form = replace(form, groups=(), group_scores=())

    def scores(self, items) -> np.ndarray:
        x = torch.from_numpy(np.array(items, np.float64)[:, : len(self.form.scores)])
        return self.form.to_network(x).double().numpy()

    def __call__(self, items) -> np.ndarray:
        x = self.scores(items)
        cells = np.array_split(x, min(CELLS, x.shape[2]), axis=2)
        parts = [*(cell.mean(2) for cell in cells), x.std(2)]
        return np.concatenate(parts, 1).astype(np.float32)


class Moves(Shapes):
    """Their moves from step to step: deviations, autocorrelations of windows."""

    name = "moves"

    def __call__(self, items) -> np.ndarray:
        x = self.scores(items)
        d = np.diff(x, axis=2)
        c = x - x.mean(2, keepdims=True)
        v = (c**2).sum(2) + 1e-2
        lags = [lag for lag in (1, 2, 4) if lag < x.shape[2] - 1]
        parts = [np.log(d.std(2) + 1e-2), *(((c[..., k:] * c[..., :-k]).sum(2) / v) for k in lags), d.mean(2)]
        return np.concatenate(parts, 1).astype(np.float32)
