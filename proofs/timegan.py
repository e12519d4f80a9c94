"""TimeGAN on stock prices by its own protocol: are made windows told from real ones, and do they teach to foretell?

    GANSMITH_DATA=folder python proofs/timegan.py [timegan seriesgan] [--seconds 420] [--seed 0]

In the folder: timegan_stock_data.csv.gz, 3,685 days of six columns (prices, volume), with which TimeGAN was published.
Its protocol: every window of 24 days, columns scaled to 0 … 1. The discriminative score is how far from one half the
accuracy of a GRU is that tells made windows from real ones, learned on four fifths of both. The predictive score is the
mean error of a GRU that learned from made windows to foretell the next volume from the prices so far, asked about real
ones. Both judges have 24 units here, not half as many as columns (3), with which nobody fails.

The floor is the real windows themselves, of which one half is told from the other. The control, which must fail, is
real windows with their days shuffled. One Gaussian of the whole window stands beside; and how well the supervisor
foretells the hidden steps of real windows, against the identity ("as it is now"), which is hard to beat where prices
hardly move. Windows overlap, so that learned and asked ones are neighbours: that is the protocol, and why
proofs/series.py has another. Seconds are of one processor. The prices have no stated licence, so no picture is drawn.
With seriesgan the default of series is asked the same.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas
import torch
from processor import fitted
from record import record
from torch.nn import functional as F

import gansmith as gs

DAYS = 24
UNITS, BATCH = 24, 128
TELLING, FORETELLING = 2000, 5000  # steps of the judges, as published
GOAL = {"discriminative": 0.10, "predictive": 0.038}
GAMES = {"timegan": gs.TimeGAN, "seriesgan": gs.SeriesGAN}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("games", nargs="*", default=["timegan"], metavar="game", help=f"of {', '.join(GAMES)}")
    parse.add_argument("--seconds", type=float, default=420)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    torch.set_num_threads(1)
    real, rng = windows(), np.random.default_rng(asked.seed)
    half = rng.permutation(len(real))
    flat = real.reshape(len(real), -1).astype(np.float64)
    beside = {
        "real windows": {
            "discriminative": discriminative(real[half[::2]], real[half[1::2]], asked.seed),
            "predictive": predictive(real, real, asked.seed),
        },
        "gaussian": judged(rng.multivariate_normal(flat.mean(0), np.cov(flat.T), len(real)).reshape(real.shape), real),
    }
    control = judged(np.stack([w[rng.permutation(DAYS)] for w in real]), real)
    print(beside, control, flush=True)
    for name in asked.games:
        prove(name, real, beside, control, asked.seconds, asked.seed)


def prove(name: str, real, beside, control, seconds: float, seed: int) -> None:
    data = gs.read(real.astype(np.float64), form="series")
    game, spent, steps = fitted(GAMES[name], data, seconds, seed)
    made = np.asarray(game.sample(len(real), seed=seed))[:, : real.shape[2]].transpose(0, 2, 1)
    found = judged(made, real, seed)
    ahead = foresight(game, data) if name == "timegan" else {}
    print(name, found, ahead, flush=True)
    reached = lambda numbers: all(numbers[key] <= goal for key, goal in GOAL.items())  # noqa: E731
    record(
        name if name == "timegan" else f"stock-{name}",
        passed=reached(found) and not reached(control),
        goal=", ".join(f"{key} <= {goal:g}" for key, goal in GOAL.items()),
        found=found,
        supervisor=ahead,
        took={"seconds": spent, "rounds": steps},
        beside=beside,
        control={"what": "days of real windows shuffled", **control},
        protocol=f"TimeGAN's: all {len(real):,} overlapping windows of {DAYS} days, as many made; judges of {UNITS} "
        f"units, {TELLING:,} and {FORETELLING:,} steps; {seconds:g} s of one processor",
        seed=seed,
    )


def windows() -> np.ndarray:
    """(n, days, columns) in 0 … 1."""
    x = pandas.read_csv(Path(os.environ["GANSMITH_DATA"]) / "timegan_stock_data.csv.gz").to_numpy(np.float64)
    x = (x - x.min(0)) / np.ptp(x, 0)
    return np.stack([x[i : i + DAYS] for i in range(len(x) - DAYS + 1)]).astype(np.float32)


@torch.no_grad()
def foresight(game, data) -> dict[str, float]:
    """√S on real windows, of the supervisor and of the identity in its place."""
    hidden = game.embedder(data.batch(torch.arange(0, len(data), 4)).real.transpose(1, 2))
    found = {"supervisor": float(game.ahead(hidden).sqrt())}
    return found | {"identity": float(F.mse_loss(hidden[:, :-1], hidden[:, 1:]).sqrt())}


# --- judges ----------------------------------------------------------------------------------------------------------
class Judge(torch.nn.Module):
    def __init__(self, columns: int):
        super().__init__()
        self.gru = torch.nn.GRU(columns, UNITS, batch_first=True)
        self.head = torch.nn.Linear(UNITS, 1)

    def forward(self, x):
        """(n, steps), in which what is foretold after each step; the last says whether the window is real."""
        return self.head(self.gru(x)[0])[..., 0]


def judged(made: np.ndarray, real: np.ndarray, seed: int = 0) -> dict[str, float]:
    made = made.astype(np.float32)
    return {"discriminative": discriminative(made, real, seed), "predictive": predictive(made, real, seed)}


def learned(judge: Judge, steps: int, loss, count: int) -> Judge:
    adam = torch.optim.Adam(judge.parameters())
    for _ in range(steps):
        adam.zero_grad()
        loss(torch.randint(count, (BATCH,))).backward()
        adam.step()
    return judge


def discriminative(made: np.ndarray, real: np.ndarray, seed: int) -> float:
    """|accuracy − 1/2| of a judge that learned from four fifths of `made` and of `real`, on the others."""
    torch.manual_seed(seed)
    parts = [torch.from_numpy(x)[torch.randperm(len(x))].split(int(len(x) * 0.8)) for x in (real, made)]
    (real_, asked_real), (made_, asked_made) = (part[:2] for part in parts)
    judge = Judge(real.shape[2])

    def loss(i):
        on_real, on_made = judge(torch.cat([real_[i], made_[i]]))[:, -1].chunk(2)
        return F.softplus(-on_real).mean() + F.softplus(on_made).mean()

    learned(judge, TELLING, loss, min(len(real_), len(made_)))
    with torch.no_grad():
        right = torch.cat([judge(asked_real)[:, -1] > 0, judge(asked_made)[:, -1] <= 0])
    return abs(float(right.float().mean()) - 0.5)


def predictive(made: np.ndarray, real: np.ndarray, seed: int) -> float:
    """Mean error of the next value of the last column of `real`, foretold from the others by what `made` teaches."""
    torch.manual_seed(seed)
    x, asked = torch.from_numpy(made), torch.from_numpy(real)
    judge = Judge(made.shape[2] - 1)
    error = lambda w: (judge(w[:, :-1, :-1]).sigmoid() - w[:, 1:, -1]).abs().mean()  # noqa: E731
    learned(judge, FORETELLING, lambda i: error(x[i]), len(x))
    with torch.no_grad():
        return float(error(asked))


if __name__ == "__main__":
    main()
