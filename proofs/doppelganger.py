"""DoppelGANger on four weeks of trips by kind of car, area and year: are attributes and ranges those of real series?

    GANSMITH_DATA=folder python proofs/doppelganger.py [--seconds 300] [--seed 0]

In the folder: nyc_trips_daily_by_geography.csv.gz, trips a day in New York from 2009 to 2017, from none to 849,414. A
series is 28 days of one kind of car in one area; it has three attributes (kind, area, year) that hang together (Uber
begins in 2014, green taxis hardly go to airports) and give its size. There are more groups than the form of series
keeps distributions of, so that ranges are the network's work. Blocks of 56 days alternate, three to train and one kept.

Measured against kept series: the largest Jensen-Shannon divergence (bits) of two attributes together; over groups of
all three, the correlation of made and kept ranges, the smaller of that of middles and of halves (means of logarithms);
the error of the autocorrelation. The floor is the series trained on; the control, which must fail, is those with each
attribute shuffled by itself. Beside it the same game, as long, without its auxiliary critic (α = 0). Seconds are of one
processor.
"""

import argparse
import os
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas
from processor import fitted
from record import record

import gansmith as gs

DAYS, BLOCK, STRIDE = 28, 56, 7
FIELDS = ["car_type", "geo", "year"]
STEPS = [f"t{i}" for i in range(DAYS)]
ENOUGH = 5  # series of a group whose ranges are compared
GOAL = {"attributes": 0.05, "ranges": 0.8}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--seconds", type=float, default=300, help="of each of the two trainings")
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    train, kept = series()
    rng = np.random.default_rng(asked.seed)
    shuffled = train.assign(**{name: rng.permutation(train[name]) for name in FIELDS})
    floor, control = judged(train, kept), judged(shuffled, kept)
    print(f"{len(train)} series trained, {len(kept)} kept", floor, control, flush=True)
    data, found, took = gs.read(train, form="series", wide="rows"), {}, {}
    for auxiliary in (1.0, 0.0):
        make = partial(gs.DoppelGANger, auxiliary=auxiliary)
        game, *took[auxiliary] = fitted(make, data, asked.seconds, asked.seed)
        found[auxiliary] = judged(table(game.spec, game.sample(len(train), seed=asked.seed)), kept)
        print(auxiliary, found[auxiliary], flush=True)
    record(
        "doppelganger",
        passed=reached(found[1.0]) == {"attributes", "ranges"} and not reached(control),
        goal=f"attributes <= {GOAL['attributes']:g}, ranges >= {GOAL['ranges']:g}",
        found=found[1.0],
        floor=floor,
        without_the_auxiliary_critic=found[0.0],
        took={"seconds": took[1.0][0], "rounds": took[1.0][1]},
        control={"what": "each attribute shuffled by itself", **control},
        protocol=f"{len(train):,} series trained in {asked.seconds:g} s of one processor, {len(kept):,} kept, as many "
        "made as trained",
        seed=asked.seed,
    )


def series() -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Series to train on and kept ones, a row each: the attributes, then the days."""
    rows = pandas.read_csv(Path(os.environ["GANSMITH_DATA"]) / "nyc_trips_daily_by_geography.csv.gz")
    known = rows.groupby(["car_type", "geo"])["trips"].transform("max") > 0  # of two kinds only the total is
    rows = rows[known].assign(date=pandas.to_datetime(rows["date"]))
    wide = rows.pivot(index="date", columns=["car_type", "geo"], values="trips").asfreq("D")
    made: dict[bool, list] = {False: [], True: []}
    for block, first in enumerate(range(0, len(wide) - BLOCK + 1, BLOCK)):
        for start in range(first, first + BLOCK - DAYS + 1, STRIDE):
            part = wide.iloc[start : start + DAYS]
            for name in part.columns[part.notna().all()]:
                made[block % 4 == 3].append([*name, f"year {part.index[0].year}", *part[name]])
    train, kept = (pandas.DataFrame(made[which], columns=[*FIELDS, *STEPS]) for which in (False, True))
    return train, kept


def table(form, items) -> pandas.DataFrame:
    """Samples as rows like those of `series`."""
    items = np.asarray(items)
    made, at = {}, form.values
    for column in (form.table.entries[i] for i in form.told):
        levels = np.array(column.levels)
        made[str(column.name)] = levels[items[:, at : at + len(levels), 0].argmax(1)]
        at += len(levels)
    return pandas.concat([pandas.DataFrame(made)[FIELDS], pandas.DataFrame(items[:, 0], columns=STEPS)], axis=1)


# --- judges ----------------------------------------------------------------------------------------------------------
def judged(made: pandas.DataFrame, kept: pandas.DataFrame) -> dict[str, float]:
    return {
        "attributes": max(divergence(made[list(two)], kept[list(two)]) for two in combinations(FIELDS, 2)),
        "ranges": ranges(made, kept),
        "autocorrelation": float(np.abs(acf(made) - acf(kept)).mean()),
    }


def reached(numbers: dict[str, float]) -> set[str]:
    fine = {"attributes": numbers["attributes"] <= GOAL["attributes"], "ranges": numbers["ranges"] >= GOAL["ranges"]}
    return {key for key in fine if fine[key]}


def divergence(a: pandas.DataFrame, b: pandas.DataFrame) -> float:
    """Jensen-Shannon divergence of the rows' values, in bits."""
    p, q = (x.value_counts(normalize=True) for x in (a, b))
    p, q = p.align(q, fill_value=0.0)
    mean = (p + q) / 2
    return float(sum((x[x > 0] * np.log2(x[x > 0] / mean[x > 0])).sum() for x in (p, q)) / 2)


def ranges(made: pandas.DataFrame, kept: pandas.DataFrame) -> float:
    """Correlation over groups of mean log of (max + min)/2, or of (max − min)/2 where that is smaller."""

    def of(frame):
        high, low = frame[STEPS].max(axis=1), frame[STEPS].min(axis=1)
        found = frame[FIELDS].assign(middle=np.log1p((high + low) / 2), half=np.log1p((high - low) / 2))
        groups = found.groupby(FIELDS)[["middle", "half"]]
        return groups.mean()[groups.size() >= ENOUGH]

    mine, theirs = of(made).align(of(kept), join="inner", axis=0)
    return float(min(np.corrcoef(mine[name], theirs[name])[0, 1] for name in ("middle", "half")))


def acf(frame: pandas.DataFrame, lags: int = 10) -> np.ndarray:
    x = np.log1p(frame[STEPS].to_numpy(np.float64))
    c = x - x.mean(1, keepdims=True)
    v = (c**2).sum(1) + 1e-9
    return np.stack([((c[:, lag:] * c[:, :-lag]).sum(1) / v).mean() for lag in range(1, lags + 1)])


if __name__ == "__main__":
    main()
