"""Every GAN that makes items from noise alone, at its default settings, on data that none of them was tuned on.

    GANSMITH_DATA=folder python proofs/every_game.py [--seconds 45] [--games dragan began …] [--data clothes …]

Clothes (Fashion-MNIST, 28×28 grey), CIFAR-10 (32×32 colour), points of a spiral in the plane, and 14 amounts of
customers of a bank (credit_default.csv.gz) as vectors. After so many seconds 1,000 samples are held against kept items,
in the first of the two feature spaces of `gansmith.evaluate`: `spread` is the mean distance of two samples over that of
two kept items, `far` the kernel distance over that of the mean item, a thousand times. A GAN has collapsed where the
spread is below 0.3, and went astray where it is farther than half of that. The check: none has or did.

Controls, which must fail: DCGAN (on pictures) and the GAN of 2014 (on vectors) with a learning rate of 1, and the
mean item. What is found is added to the entry `every_game`: one data set or one GAN can be played again. This says that
defaults are safe, not that they are good: seconds are few.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from photographs import few, sets
from record import RESULTS, record

import gansmith as gs
from gansmith.errors import UserError
from gansmith.evaluate import kernel_distance
from gansmith.evaluate.features import default_names, extract, space
from gansmith.gans import GAMES
from gansmith.gans.base import FromNoise

COUNT, SPREAD, FAR = 1000, 0.3, 0.5


def spiral(n: int, seed: int) -> np.ndarray:
    """Points (n, 2) of one spiral of two windings, with a little noise."""
    rng = np.random.default_rng(seed)
    angle = 4 * np.pi * np.sqrt(rng.random(n))
    points = angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return (points / 8 + 0.02 * rng.standard_normal((n, 2))).astype(np.float32)


def amounts() -> tuple[np.ndarray, np.ndarray]:
    """(n, 14): credit limits, ages, bills and payments, logarithms of their sizes with their signs; (train, kept)."""
    rows = pd.read_csv(Path(os.environ["GANSMITH_DATA"]) / "credit_default.csv.gz")
    wanted = [name for name in rows if rows[name].nunique() > 40]
    x = rows[wanted].to_numpy(np.float32)
    x = (np.sign(x) * np.log1p(np.abs(x)))[np.random.default_rng(0).permutation(len(x))]
    return x[2000:], x[:2000]


def both(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(train, kept) of a data set."""
    if name == "spiral":
        return spiral(20_000, 0), spiral(2000, 1)
    if name == "amounts":
        return amounts()
    found = few(sets()[{"clothes": "fashion_mnist"}.get(name, name)](), 20_000)
    return found.train, found.kept


DATA = ("clothes", "cifar-10", "spiral", "amounts")


def takes(cls: type, data: np.ndarray) -> str:
    """Why this GAN does not play on such data; "" where it does."""
    if not issubclass(cls, FromNoise) or cls.inputs or not cls.needs_data:
        return "it is no GAN that makes items from noise"
    try:
        game = cls()
        if game.conditional:
            return "it needs labels"
        game.fit(data[:256], steps=1, val=0, seed=0, batch_size=32, device="cpu")
    except UserError as error:
        return str(error)
    return ""


class Judge:
    """What samples are held against: kept items, in one feature space."""

    def __init__(self, kept: np.ndarray):
        self.where = space(default_names(kept)[0], kept)
        self.kept = self.features(kept[:COUNT])
        self.point = np.repeat(kept.mean(0, keepdims=True).astype(kept.dtype), COUNT, 0)
        self.unit = kernel_distance(self.kept, self.features(self.point))

    def features(self, x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.nan_to_num(extract(self.where, x))).double()

    def __call__(self, made: np.ndarray) -> dict:
        seen = self.features(made)
        spread = float(torch.pdist(seen).mean() / torch.pdist(self.kept).mean())
        far = kernel_distance(self.kept, seen) / self.unit
        return {"spread": round(spread, 3), "far": round(far, 3), "failed": spread < SPREAD or not far <= FAR}


def play(cls: type, train: np.ndarray, judge: Judge, seconds: float, seed: int, **settings) -> dict:
    """What this GAN has come to after so many seconds."""
    gan = cls(**settings).fit(train, minutes=seconds / 60, val=0, seed=seed, device="cpu")
    return judge(gan.sample(COUNT, seed=1)) | {"rounds": gan.trained["rounds"]}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--seconds", type=float, default=45, help="of one core for each GAN and data set")
    parse.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parse.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    protocol = (
        f"default settings, {asked.seconds:g} seconds of one core each, {COUNT} samples against kept items; one "
        "command for each data set, or for some GANs again, adds to what is found"
    )
    before = json.loads(RESULTS.read_text()).get("every_game", {})
    before = before if before.get("protocol") == protocol else {}  # seconds of another length are another proof
    found: dict[str, dict] = before.get("found", {})
    left_out: dict[str, dict] = before.get("left_out", {})
    control: dict[str, dict] = before.get("control", {})
    for name in asked.data:
        train, kept = both(name)
        judge = Judge(kept)
        for game in asked.games:
            why = takes(GAMES[game], train)
            if why:
                left_out.setdefault(game, {})[name] = why
                continue
            found.setdefault(game, {})[name] = play(GAMES[game], train, judge, asked.seconds, asked.seed)
            print(name, game, found[game][name], flush=True)
        wild = gs.DCGAN if train.ndim == 4 else gs.GAN
        control[f"{name}: {wild.name} at a learning rate of 1"] = play(
            wild, train, judge, asked.seconds / 3, asked.seed, learning_rate=1.0
        )
        control[f"{name}: the mean item"] = judge(judge.point)
        print(name, {key: value for key, value in control.items() if key.startswith(name)}, flush=True)
    failed = [f"{game} on {name}" for game, all_of in found.items() for name, n in all_of.items() if n["failed"]]
    print("collapsed or astray:", ", ".join(failed) or "none")
    if asked.no_record:
        return
    record(
        "every_game", passed=not failed and all(n["failed"] for n in control.values()), found=found,
        played=f"{sum(map(len, found.values()))} plays of {len(found)} GANs", failed=", ".join(failed) or "none",
        left_out=left_out, control=control, controls=", ".join(f"{name} {n['far']:.2g}" for name, n in control.items()),
        seed=asked.seed, goal=f"spread >= {SPREAD} and kernel distance <= {FAR} of the mean item's, everywhere",
        protocol=protocol,
    )  # fmt: skip


if __name__ == "__main__":
    main()
