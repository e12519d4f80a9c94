"""The table of MH-GAN on pictures: does choosing among samples help a DCGAN and a WGAN-GP, and when in training?

    GANSMITH_DATA=folder python proofs/refine_pictures.py [--games dcgan wgan-gp] [--data cifar-10 faces]
        [--minutes 15] [--width 32] [--budget 100] [--device cpu]

CIFAR-10 and, at 32 pixels, too, grey faces with two expressions, neutral and happy. Each GAN is trained three times as
long as before, twice; at each stop plain samples stand beside those that its own discriminator chose: by DRS and by
Metropolis-Hastings with the scores as they are (of DCGAN; a critic's say nothing by themselves), by both with scores
calibrated on 1,000 held-out pictures, and by OBRS (the default here). Numbers: the inception score of a classifier of
the data's own classes, which learnt from at most 20,000 of them, and the Fréchet distance to the kept test pictures in
two feature spaces, each of five draws of 1,000, with the interval of Student's t. The published table (Turner et al.
2019, table 1: DCGAN on CIFAR-10 2.88 base, 3.38 MH calibrated, from chains of 640) is of one epoch that was chosen;
Ding et al. (2020) found no gain at the end of training: hence three stops. `--budget` is how long a chain of MH is,
and how many candidates DRS may look at for a sample: where it finds fewer than 1,000 by then, that is said instead.

The check: no chosen samples are worse than plain ones in both spaces beyond the intervals, at any stop. Floor: training
pictures. Control, which must not gain: the same selection by scores drawn by chance. A run adds to what is found, so
that one data set can be played at a time. With --device cuda --width 64 --minutes 5 it is sized for a card.
"""

import argparse
import csv
import io
import json
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from photographs import Set, few, sets
from record import RESULTS, record

import gansmith as gs
from gansmith.errors import UserError
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
        read = [Image.open(io.BytesIO(file.read(row["file"]))) for row in rows]
    x = np.stack([np.asarray(picture.resize((32, 32), Image.Resampling.BOX))[None] for picture in read])
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


def stop(game, calibrating: np.ndarray, judge: Judge, budget: int) -> tuple[dict, dict]:
    """(plain samples beside every selection of one trained GAN; how many of EACH were found where they were few)."""
    rng = np.random.default_rng(0)
    found, few_found = {"plain": judge([game.sample(EACH, seed=100 + k) for k in range(DRAWS)])}, {}
    ways = {name: how for name, how in WAYS.items() if game.score_kind != "raw" or "calibration" not in how}
    most = {"mh": {"budget": budget}, "drs": {"max_proposals": budget}, "obrs": {}}
    chosen = {name: game.refiner(calibrating, **how, **most[how["method"]]) for name, how in ways.items()}
    chosen["chance"] = Refiner(game.sample, lambda x: rng.standard_normal(len(x)), calibrating, method="mh", budget=10)
    for name, refiner in chosen.items():
        draws: list[np.ndarray] = []
        with suppress(UserError):  # none of all candidates was accepted
            while len(draws) < DRAWS and all(len(made) == EACH for made in draws):
                draws.append(refiner.sample(EACH, seed=200 + len(draws)))
        if len(draws) < DRAWS or len(draws[-1]) < EACH:
            few_found[name] = len(draws[-1]) if draws else 0
            continue
        found[name] = judge(draws)
        print("  ", name, found[name], flush=True)
    print("   found few:", few_found, flush=True)
    return found, few_found


def worse(one: dict, plain: dict) -> bool:
    """Whether the intervals of both Fréchet distances lie above those of plain samples."""
    return all(one[name][1] > plain[name][2] for name in plain if name.startswith("Fréchet"))


def pairs(found: dict, order) -> str:
    """The selections that are worse than plain samples (or plain ones than them), in `order`, and where."""
    return ", ".join(
        f"{way}: {key}"
        for key, ways in found.items()
        for way in WAYS
        if way in ways and order(ways[way], ways["plain"])
    )


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--games", nargs="+", default=["dcgan", "wgan-gp"], choices=["dcgan", "wgan-gp"])
    parse.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parse.add_argument("--minutes", type=float, default=15, help="of training, of each GAN and data set")
    parse.add_argument("--width", type=int, default=32)
    parse.add_argument("--budget", type=int, default=100, help="candidates for a sample of MH and DRS")
    parse.add_argument("--device", default="cpu")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    protocol = (
        f"{asked.minutes:g} minutes of training each, width {asked.width}, {DRAWS} draws of {EACH:,} samples, "
        f"MH and DRS from {asked.budget} candidates each"
    )
    before = json.loads(RESULTS.read_text()).get("refine_pictures", {})
    before = before if before.get("protocol") == protocol else {}  # other minutes are another proof
    found, scarce, floor, about = (before.get(part, {}) for part in ("found", "few_found", "floor", "about"))
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
                            evaluate=False, diagnose=False, size=32,
                        )  # fmt: skip
                    else:
                        game = gs.resume(f"{folder}/run", data=train, minutes=minutes)
                    print(data, name, f"{minutes:.3g} minutes, {game.trained['rounds']:,} rounds", flush=True)
                    key = f"{name} on {data}, {game.trained['samples'] / len(train):.3g} epochs"
                    found[key], scarce[key] = stop(game, calibrating, judge, asked.budget)
                    print("   plain", found[key]["plain"], flush=True)
    bad, good = pairs(found, worse), pairs(found, lambda one, plain: worse(plain, one))
    gained = [
        key for key, ways in found.items() if all(
            ways["chance"][name][2] < ways["plain"][name][1] for name in ways["plain"] if name.startswith("Fréchet")
        )
    ]  # fmt: skip
    print("worse than plain:", bad or "none", "nearer:", good or "none", "chance gained:", gained or "never")
    if asked.no_record:
        return
    record(
        "refine_pictures", passed=not bad and not gained, found=found, floor=floor, about=about,
        worse=bad or "none", nearer=good or "none", few_found=scarce, seed=asked.seed,
        control={"chance gained": ", ".join(gained) or "never"},
        goal="no selection is worse than plain samples in both feature spaces beyond the intervals",
        protocol=protocol,
    )  # fmt: skip


if __name__ == "__main__":
    main()
