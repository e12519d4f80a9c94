"""Fréchet distance against training time, default settings, a fixed budget: R3GAN and SNGAN on the same pictures.

    python benchmarks/quality.py DATA [--minutes 10] [--games r3gan sngan] [--features classifier random]
                                      [--figure x.svg] [--sheets FOLDER]

The averaged generator is copied 12 times, at times that double, and measured after training, so that measuring is no
part of the budget. The distance is of `--count` samples to as many held-out reals in each named feature space, with
what as many other held-out reals score as the floor; without `--features`, in the two spaces that `gansmith evaluate`
takes. Written for a GPU and CIFAR-10 in ten minutes; on a CPU take `digits --minutes 0.5`. Distances in different
spaces must not be compared, nor these with published Inception ones.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gansmith.data.preview import grid
from gansmith.evaluate.distances import frechet_distance
from gansmith.evaluate.features import default_names, extract, space
from gansmith.gans import GAMES
from gansmith.runs.train import fit
from gansmith.training import hardware

LOOKS = 12


class Copies:
    """A probe that keeps (seconds, the averaged generator's state) at times that double up to the whole budget."""

    def __init__(self, minutes: float):
        self.times = [60 * minutes * 2.0 ** (i - LOOKS + 1) for i in range(LOOKS - 1)]
        self.kept, self.held = [], None

    def __call__(self, state, seen) -> dict:
        self.held = state.held
        if self.times and state.seconds >= self.times[0]:
            self.times = [t for t in self.times if t > state.seconds]
            self.kept.append((state.seconds, copy.deepcopy(state.average.state_dict()["generator"])))
        return {}


def curve(name: str, data: str, features: list[str] | None, minutes: float, count: int, device: str, sheets) -> dict:
    """The floor and the rows (seconds, a distance in each space) of one game."""
    copies = Copies(minutes)
    game = fit(GAMES[name](), data, minutes=minutes, val=0.2, device=device, probes=[copies])
    copies.kept.append((game.trained["seconds"], copy.deepcopy(game.generator.state_dict())))
    held = torch.arange(min(len(copies.held), 2 * count))
    items, half = copies.held.raw(held), len(held) // 2
    labels = copies.held.raw(held, "label") if "label" in copies.held.fields else None
    spaces = [space(feature, items, labels=labels) for feature in features or default_names(items, labels)]
    reals = {s.name: extract(s, items[:half]) for s in spaces}
    floor = {s.name: frechet_distance(reals[s.name], extract(s, items[half:])) for s in spaces}
    print(f"{name}: {game.trained['rounds']:,} rounds; {half} items; real against real {floor}")
    rows = []
    for seconds, weights in copies.kept:
        game.generator.load_state_dict(weights)
        made = np.asarray(game.sample(half, seed=0))
        found = {s.name: frechet_distance(reals[s.name], extract(s, made)) for s in spaces}
        rows.append({"seconds": round(seconds, 1)} | found)
        print("   ", rows[-1], flush=True)
    if sheets:
        Path(sheets).mkdir(parents=True, exist_ok=True)
        Image.fromarray(grid(made[:64], columns=16)).save(Path(sheets) / f"{name}.png")
    return {"floor": floor, "rows": rows}


def main(data: str, games, features, minutes: float, count: int, figure: str | None, device: str, sheets=None) -> None:
    print(f"torch {torch.__version__}, {hardware.machine(hardware.pick_device(device))}, {minutes} minutes each")
    curves = {name: curve(name, data, features, minutes, count, device, sheets) for name in games}
    print(json.dumps(curves))
    if figure:
        draw(curves, figure, data, minutes)


def draw(curves: dict, figure: str, data: str, minutes: float) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names = list(next(iter(curves.values()))["floor"])
    picture, axes = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.2), squeeze=False)
    for axis, name in zip(axes[0], names):
        for game, curve in curves.items():
            axis.loglog([r["seconds"] for r in curve["rows"]], [r[name] for r in curve["rows"]], marker=".", label=game)
        axis.axhline(curve["floor"][name], ls=":", color="grey", label="real against real")
        axis.set(title=f"{data}, {minutes:g} min", xlabel="seconds of training", ylabel=f"FD, {name}")
        axis.legend(frameon=False, fontsize=8)
    picture.tight_layout()
    picture.savefig(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--games", nargs="+", default=["r3gan", "sngan"])
    parser.add_argument("--features", nargs="+", help="feature spaces")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--figure")
    parser.add_argument("--sheets", metavar="FOLDER", help="write 64 samples of each game there")
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    main(asked.data, asked.games, asked.features, asked.minutes, asked.count, asked.figure, asked.device, asked.sheets)
