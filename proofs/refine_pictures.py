"""The table of MH-GAN on pictures: does choosing among samples help a DCGAN and a WGAN-GP, and when in training?

    GANSMITH_DATA=folder python proofs/refine_pictures.py [--games dcgan wgan-gp] [--data cifar-10 faces]
        [--minutes 15] [--width 32] [--budget 100] [--device cpu]

CIFAR-10 (32×32), and grey faces (64×64) with two expressions, neutral and happy. Each GAN is trained three times as
long as before, twice; at each stop plain samples stand beside those that its own discriminator chose: by DRS and by
Metropolis-Hastings with the scores as they are (of DCGAN; a critic's say nothing by themselves), by both with scores
calibrated on 1,000 held-out pictures, and by OBRS (the default here). Numbers: the inception score of a classifier of
the data's own classes, which learnt from at most 20,000 of them, and the Fréchet distance to the kept test pictures in
two feature spaces, each of five draws of 1,000, with the interval of Student's t. The published table (Turner et al.
2019, table 1: DCGAN on CIFAR-10 2.88 base, 3.38 MH calibrated, from chains of 640) is of one epoch that was chosen;
Ding et al. (2020) found no gain at the end of training: hence three stops. `--budget` is how long a chain of MH is.

The check: no chosen samples are worse than plain ones in both spaces beyond the intervals, at any stop. Floor: training
pictures. Control, which must not gain: the same selection by scores drawn by chance. With --device cuda --width 64
--minutes 5 it is sized for a card.
"""

import argparse
import csv
import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from photographs import Set, few, sets
from record import record

import gansmith as gs
from gansmith.evaluate import frechet_distance, inception_score
from gansmith.evaluate.classifier import classifier
from gansmith.evaluate.features import space
from gansmith.evaluate.intervals import interval
from gansmith.refine import Refiner

DRAWS, EACH = 5, 1000
WAYS = {
    "DRS": {"method": "drs", "calibration": "none", "features": None},
    "DRS, calibrated": {"method": "drs"},
    "MH": {"method": "mh", "calibration": "none", "features": None},
    "MH, calibrated": {"method": "mh"},
    "OBRS": {"method": "obrs"},
}


def faces() -> Set:
    """Neutral and happy faces."""
    with zipfile.ZipFile(Path(os.environ["GANSMITH_DATA"]) / "faces64_gray.zip") as file:
        from PIL import Image

        rows = list(csv.DictReader(io.TextIOWrapper(file.open("attributes.csv"), "utf8")))
        rows = [row for row in rows if row["emotion"] in ("neutral", "happiness")]
        rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
        x = np.stack([np.asarray(Image.open(io.BytesIO(file.read(row["file"]))))[None] for row in rows])
    y = np.array([row["emotion"] == "happiness" for row in rows]).astype(int)
    return Set(x[2000:], x[:2000], y[2000:], y[:2000])


DATA = {"cifar-10": lambda: few(sets()["cifar-10"](), 50_000), "faces": faces}


class Judge:
    """A classifier of the data's own classes, and two feature spaces of kept pictures."""

    def __init__(self, data: Set):
        self.reader = classifier(data.train[:20_000], data.labels[:20_000])
        self.spaces = {"classifier": self.reader, "random": space("random", data.kept).extract}
        self.kept = {name: see(data.kept) for name, see in self.spaces.items()}
        self.accuracy = self.reader.accuracy(data.kept, data.kept_labels)

    def __call__(self, draws: list[np.ndarray]) -> dict:
        """Number -> (mean, low, high) over draws of samples."""
        found: dict[str, list] = {
            "inception score": [inception_score(self.reader.probabilities(x), 1)[0] for x in draws]
        }
        for name, see in self.spaces.items():
            found[f"Fréchet distance, {name}"] = [frechet_distance(self.kept[name], see(x)) for x in draws]
        return {name: [round(float(v), 4) for v in interval(values)] for name, values in found.items()}


def stop(game, calibrating: np.ndarray, judge: Judge, budget: int) -> dict:
    """Plain samples beside every selection of one trained GAN."""
    rng = np.random.default_rng(0)
    found = {"plain": judge([game.sample(EACH, seed=100 + k) for k in range(DRAWS)])}
    ways = {name: how for name, how in WAYS.items() if game.score_kind != "raw" or "calibration" not in how}
    most = lambda how: {"budget": budget} if how["method"] == "mh" else {}  # noqa: E731
    chosen = {name: game.refiner(calibrating, **how, **most(how)) for name, how in ways.items()}
    chosen["chance"] = Refiner(game.sample, lambda x: rng.standard_normal(len(x)), calibrating, method="mh", budget=10)
    for name, refiner in chosen.items():
        found[name] = judge([refiner.sample(EACH, seed=200 + k) for k in range(DRAWS)])
        print("  ", name, found[name], flush=True)
    return found


def worse(one: dict, plain: dict) -> bool:
    """Whether the intervals of both Fréchet distances lie above those of plain samples."""
    return all(one[name][1] > plain[name][2] for name in plain if name.startswith("Fréchet"))


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--games", nargs="+", default=["dcgan", "wgan-gp"], choices=["dcgan", "wgan-gp"])
    parse.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parse.add_argument("--minutes", type=float, default=15, help="of training, of each GAN and data set")
    parse.add_argument("--width", type=int, default=32)
    parse.add_argument("--budget", type=int, default=100, help="candidates for a sample of MH")
    parse.add_argument("--device", default="cpu")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    found, floor, about = {}, {}, {}
    for data in asked.data:
        read = DATA[data]()
        judge = Judge(read)
        calibrating, train = read.train[:EACH], read.train[EACH:]
        rng = np.random.default_rng(0)
        floor[data] = judge([train[rng.choice(len(train), EACH, replace=False)] for _ in range(DRAWS)])
        about[data] = {"accuracy of the classifier on kept pictures": round(float(judge.accuracy), 4)}
        print(data, about[data], "floor", floor[data], flush=True)
        for name in asked.games:
            with tempfile.TemporaryDirectory() as folder:
                for share in (1 / 9, 1 / 3, 1):
                    minutes = asked.minutes * share
                    if share == 1 / 9:
                        game = gs.GAMES[name](width=asked.width).fit(
                            train, minutes=minutes, seed=asked.seed, val=0, device=asked.device, out=f"{folder}/run",
                            evaluate=False, diagnose=False,
                        )  # fmt: skip
                    else:
                        game = gs.resume(f"{folder}/run", data=train, minutes=minutes)
                    print(data, name, f"{minutes:.3g} minutes, {game.trained['rounds']:,} rounds", flush=True)
                    key = f"{name} on {data}, {game.trained['samples'] / len(train):.3g} epochs"
                    found[key] = stop(game, calibrating, judge, asked.budget)
                    print("   plain", found[key]["plain"], flush=True)
    bad = [
        f"{way}: {key}"
        for key, ways in found.items()
        for way in WAYS
        if way in ways and worse(ways[way], ways["plain"])
    ]
    gained = [
        key for key, ways in found.items() if all(
            ways["chance"][name][2] < ways["plain"][name][1] for name in ways["plain"] if name.startswith("Fréchet")
        )
    ]  # fmt: skip
    print("worse than plain:", bad or "none", " chance gained:", gained or "never")
    if asked.no_record:
        return
    record(
        "refine_pictures", passed=not bad and not gained, found=found, floor=floor, about=about,
        worse=", ".join(bad) or "none", control={"chance gained": ", ".join(gained) or "never"}, seed=asked.seed,
        goal="no selection is worse than plain samples in both feature spaces beyond the intervals",
        protocol=f"{asked.minutes:g} minutes of training each, width {asked.width}, {DRAWS} draws of {EACH:,} samples, "
        f"MH from {asked.budget} candidates each",
    )  # fmt: skip


if __name__ == "__main__":
    main()
