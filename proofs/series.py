"""SeriesGAN on hourly series: nearer to kept weeks than one Gaussian of the whole window, in a minute of one core?

    GANSMITH_DATA=folder python proofs/series.py [etth1 etth2 pickups mobile uber] [--seconds 60] [--seeds 0] [--papers]
    GANSMITH_DATA=folder python proofs/series.py --show

In the folder: ETTh1.csv.gz and ETTh2.csv.gz (electricity, 17,420 hours of 7 columns each),
nyc_jfk_hourly_pickups.csv.gz (2,880 hours of two kinds of car), mobile_traffic_profiles.csv.gz (113 published days in
steps of 10 minutes) and uber_nyc_hourly_borough_2015h1.csv.gz (pickups of 5 boroughs). Weeks alternate, three to train
and one kept; windows of 24 hours never leave their week, and nothing is tuned on kept weeks. Of mobile traffic days
take the place of weeks, and 24 steps that of 24 hours. Seconds are of one processor, since machines are shared. Judges
know nothing of gansmith: boosted trees that tell made windows from kept ones (values, differences, means, deviations,
lag 1; learned on every second kept week, asked about the others), a ridge that predicts the next hour of kept windows
from made ones, the error of the autocorrelation, the distance of the marginals. Beside it stand baselines that cost
nothing (a Gaussian of the whole window, blocks of three hours of other windows of the same hours, a random walk), the
floor (windows trained on), and the control, which must fail (hours of a window shuffled). With --papers TimeGAN and
DoppelGANger, trained for as long, stand beside.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas
from gallery import stack
from record import record
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

import gansmith as gs
from gansmith.data.chart import Sheet
from gansmith.data.kinds.series import baselines as cheap
from gansmith.data.kinds.series.figures import curves
from gansmith.data.kinds.series.write import whose

HOURS, WEEK = 24, 168
DAYS = {"mobile": 144}  # steps, of series that are one day long
TRIED = 200  # steps by which the speed is measured
GOALS = {
    "etth1": {"told_by_trees": 0.75, "ridge": 0.034, "autocorrelation": 0.03},
    "uber": {"told": 0.60, "profile": 0.97, "totals": 0.20},
}  # of the others: trees tell them less often than the Gaussian's


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("data", nargs="*", default=["etth1", "etth2", "pickups", "mobile", "uber"])
    parse.add_argument("--seconds", type=float, default=60)
    parse.add_argument("--seeds", type=int, nargs="+", default=[0])
    parse.add_argument("--papers", action="store_true")
    parse.add_argument("--show", action="store_true", help="only draw the picture of the gallery: pickups may be shown")
    asked = parse.parse_args()
    if asked.show:
        return show(asked.seconds, asked.seeds[0])
    for name in asked.data:
        if name == "uber":
            uber(asked.seconds, asked.seeds)
        else:
            hourly(name, asked.seconds, asked.seeds, asked.papers)


def trained(frame, seconds: float, seed: int, game=gs.SeriesGAN, **options):
    """(the game after so many seconds of one processor, what it took, rounds): steps are counted beforehand, so that
    schedules end."""
    how = {"val": 0, "seed": seed, "device": "cpu", "precision": "fp32", "threads": 1}
    data = gs.read(frame, form="series", window=HOURS, **options)
    marks = []
    look = lambda state, seen: marks.append((state.round, time.process_time())) or {}  # noqa: E731
    game().fit(data, steps=TRIED, probes=[look], **how)  # to its end, since later stages take longer
    first, begun = marks[1]
    steps = int(seconds * (TRIED - first) / (time.process_time() - begun))
    begun = time.process_time()
    made = game().fit(data, steps=steps, **how)
    return made, time.process_time() - begun, steps


def windows(x: np.ndarray, stride: int = 4, long: int = WEEK) -> tuple[np.ndarray, np.ndarray]:
    """Windows (n, hours, columns) of training weeks and of kept ones, which are `long` steps."""
    parts = {False: [], True: []}
    for week, first in enumerate(range(0, len(x) - HOURS + 1, long)):
        block = x[first : first + long]
        parts[week % 4 == 3] += [block[i : i + HOURS] for i in range(0, len(block) - HOURS + 1, stride)]
    return np.stack(parts[False]).astype(np.float32), np.stack(parts[True]).astype(np.float32)


# --- judges ----------------------------------------------------------------------------------------------------------
def looks(w: np.ndarray) -> np.ndarray:
    d, c = np.diff(w, axis=1), w - w.mean(1, keepdims=True)
    lag = (c[:, 1:] * c[:, :-1]).sum(1) / ((c**2).sum(1) + 1e-9)
    flat = [w.reshape(len(w), -1), d.reshape(len(w), -1)]
    return np.concatenate([*flat, w.mean(1), w.std(1), d.std(1), lag], 1)


def judged(made: np.ndarray, kept: np.ndarray, per: int) -> dict[str, float]:
    """per: windows of a week."""
    made = made.astype(np.float32)
    odd = (np.arange(len(kept)) // per) % 2 == 1
    first, second, told = kept[~odd], kept[odd], []
    for seed in (0, 1):
        m = made[np.random.default_rng(seed).permutation(len(made))]
        n = min(len(first), len(m) // 2)
        y, asked = np.r_[np.zeros(len(first)), np.ones(n)], np.concatenate([second, m[n : 2 * n]])
        trees = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
        trees.fit(looks(np.concatenate([first, m[:n]])), y)
        truth = np.arange(len(asked)) >= len(second)
        told.append(roc_auc_score(truth, trees.predict_proba(looks(asked))[:, 1]))
    return {
        "told_by_trees": float(np.mean(told)),
        "ridge": ridge(made, kept),
        "autocorrelation": float(np.abs(acf(made) - acf(kept)).mean()),
        "marginals": float(np.mean([ks(made[..., c].ravel(), kept[..., c].ravel()) for c in range(made.shape[2])])),
    }


def ridge(made: np.ndarray, kept: np.ndarray, back: int = 8) -> float:
    """Mean error of the next hour of kept windows."""

    def steps(w):
        w, every = w.astype(np.float64), range(w.shape[1] - back)
        before = np.concatenate([w[:, i : i + back].reshape(len(w), -1) for i in every])
        return before, np.concatenate([w[:, i + back] for i in every])

    model, (x, y) = Ridge(1e-3).fit(*steps(made)), steps(kept)
    return float(np.abs(model.predict(x).reshape(y.shape) - y).mean())  # of one column scikit-learn makes it flat


def acf(w: np.ndarray, lags: int = 10) -> np.ndarray:
    c = w - w.mean(1, keepdims=True)
    v = (c**2).sum(1) + 1e-9
    return np.stack([((c[:, lag:] * c[:, :-lag]).sum(1) / v).mean(0) for lag in range(1, lags + 1)])


def ks(a: np.ndarray, b: np.ndarray) -> float:
    a, b = np.sort(a), np.sort(b)
    z = np.concatenate([a, b])
    return float(np.abs(np.searchsorted(a, z, "right") / len(a) - np.searchsorted(b, z, "right") / len(b)).max())


# --- baselines: those of a page, of windows (n, hours, columns) -----------------------------------------------------
def gaussian(w: np.ndarray, rng) -> np.ndarray:
    return turned(cheap.gaussian(turned(w), np.zeros((len(w), 0)), np.arange(len(w)), rng))


def walk(w: np.ndarray, rng) -> np.ndarray:
    return turned(cheap.walk(turned(w), np.arange(len(w)), rng))


def blocks(w: np.ndarray, hour: np.ndarray, rng) -> np.ndarray:
    return turned(cheap.blocks(turned(w), hour, np.arange(len(w)), rng))


def turned(w: np.ndarray) -> np.ndarray:
    return w.transpose(0, 2, 1)


# --- data ------------------------------------------------------------------------------------------------------------
def hours_of(name: str) -> pandas.DataFrame:
    """A column of hours, then columns of numbers; of mobile traffic one column, days one below the other."""
    folder = Path(os.environ["GANSMITH_DATA"])
    if name == "mobile":
        rows = pandas.read_csv(folder / "mobile_traffic_profiles.csv.gz", index_col="t_day")
        rows.index = pandas.date_range("2020-01-01", periods=len(rows), freq="10min", name="time")
        return rows.melt(var_name="day", value_name="traffic", ignore_index=False).reset_index()
    if name != "pickups":
        return pandas.read_csv(folder / f"{name.replace('etth', 'ETTh')}.csv.gz")
    rows = pandas.read_csv(folder / "nyc_jfk_hourly_pickups.csv.gz")
    return rows.pivot(index="pickup_hour", columns="car_type", values="trips").dropna().reset_index()


def hourly(name: str, seconds: float, seeds: list[int], papers: bool) -> None:
    frame = hours_of(name)
    x = frame.select_dtypes("number").to_numpy(np.float64)
    long, step = (DAYS[name], 600) if name in DAYS else (WEEK, 3600)
    options = {"group": "day"} if name in DAYS else {}
    low, wide = x.min(0), np.ptp(x, 0)
    scaled = lambda v: (v - low) / wide  # noqa: E731
    train, kept = windows(scaled(x), long=long)
    per = (long - HOURS) // 4 + 1
    rng = np.random.default_rng(0)
    phase = np.tile(np.arange(per) * 4 % DAYS.get(name, 24), len(train) // per + 1)[: len(train)]
    judge = lambda made: judged(made, kept, per)  # noqa: E731
    beside = {
        "real windows": judge(train),
        "gaussian": judge(gaussian(train, rng)),
        "blocks": judge(blocks(train, phase, rng)),
        "persistence": judge(walk(train, rng)),
    }
    control = judge(np.stack([w[rng.permutation(HOURS)] for w in train]))
    print(beside, control, flush=True)
    weeks = frame[(np.arange(len(frame)) // long) % 4 != 3]
    for paper in (gs.TimeGAN, gs.DoppelGANger) if papers else ():
        game, _, _ = trained(weeks, seconds, seeds[0], paper, **options)
        made = game.sample(4 * len(train), seed=seeds[0])
        hour = whose(game.spec, made)[1] // step
        beside[paper.name] = judge(scaled(made[hour % 4 == 0, : x.shape[1]].transpose(0, 2, 1)))
        print(beside[paper.name], flush=True)
    ours, took = {}, {}
    for seed in seeds:
        game, spent, steps = trained(weeks, seconds, seed, **options)
        made = game.sample(4 * len(train), seed=seed)
        made = made[(made.start // step) % 4 == 0]
        ours[f"seed {seed}"] = judge(scaled(np.asarray(made)[:, : x.shape[1]].transpose(0, 2, 1)))
        took[f"seed {seed}"] = {"seconds": spent, "steps": steps}
        print(ours, took, flush=True)
    finish(name, ours, beside, control, seconds, seeds, took)


def show(seconds: float, seed: int) -> None:
    """Made pickups beside a kept week, their autocorrelations, hours of the week and spectrum, as a page shows them."""
    frame = hours_of("pickups")
    kept = (np.arange(len(frame)) // WEEK) % 4 == 3
    game, _, _ = trained(frame[~kept], seconds, seed)
    data = gs.read(frame[kept], form="series", window=HOURS)
    real, made = data.raw(np.arange(len(data))), np.asarray(game.sample(len(data), seed=seed))
    power, sheet = game.spec.spectrum(real, made), Sheet(1, 640, 200)
    sides = [np.log10(power[f"power_{side}"])[None] for side in ("fake", "real")]
    curves(sheet, 0, "log10 of the power, from one cycle in a window on", *sides)
    stack("series", [*game.figures(data).values(), *game.spec.figures(real, made).values(), sheet.picture])


def uber(seconds: float, seeds: list[int]) -> None:
    frame = pandas.read_csv(Path(os.environ["GANSMITH_DATA"]) / "uber_nyc_hourly_borough_2015h1.csv.gz")
    frame["time"] = pandas.to_datetime(frame["pickup_dt"], format="%m/%d/%Y %H:%M")
    frame = frame[frame["borough"].notna() & ~frame["borough"].isin(["EWR", "Unknown"])]
    frame["day"] = frame["time"].dt.normalize()
    names = sorted(frame["borough"].unique())
    day = frame.assign(hour=frame["time"].dt.hour).pivot_table(
        index=["borough", "day"], columns="hour", values="pickups", aggfunc="sum"
    ).dropna()  # fmt: skip
    at = day.index.get_level_values(1)
    what = np.stack([[names.index(b) for b in day.index.get_level_values(0)], at.day_of_week >= 5], 1).astype(int)
    top = np.log1p(day.to_numpy()).max()
    x = np.log1p(day.to_numpy(np.float64)) / top
    week = ((at - at.min()).days // 7) % 4 == 3
    train, kept = (x[~week], what[~week]), (x[week], what[week])
    judge = lambda made: days_judged(*made, *kept, top)  # noqa: E731
    rng = np.random.default_rng(0)
    groups = [(g, np.flatnonzero((train[1] == g).all(1))) for g in np.unique(train[1], axis=0)]

    def each(make):
        return (
            np.concatenate([make(train[0][rows]) for _, rows in groups]),
            np.concatenate([train[1][rows] for _, rows in groups]),
        )

    beside = {
        "real days": judge(train),
        "gaussian of each borough and weekend": judge(each(lambda w: gaussian(w[..., None], rng)[..., 0])),
        "blocks": judge(each(lambda w: blocks(w[..., None], np.zeros(len(w)), rng)[..., 0])),
    }
    control = judge(each(lambda w: np.stack([rng.permutation(column) for column in w.T], 1)))
    print(beside, control, flush=True)
    first = frame["day"].min()
    rows = frame[(((frame["day"] - first).dt.days // 7) % 4 != 3)][["borough", "time", "pickups"]]
    ours, took = {}, {}
    for seed in seeds:
        game, spent, steps = trained(rows.sort_values(["borough", "time"]), seconds, seed, group="borough")
        made = game.sample(24 * len(train[0]), seed=seed)
        made = made[:], made.codes, made.start
        midnight = (made[2] // 3600) % 24 == 0
        levels = next(c.levels for c in game.spec.table.entries if c.name == "borough")
        place = np.array([names.index(levels[int(c)]) for c in made[1][midnight, 0]])
        weekend = (made[2][midnight] // 86400 + 3) % 7 >= 5
        values = np.log1p(np.asarray(made[0])[midnight, 0]) / top
        fine = np.isfinite(values).all(1)
        ours[f"seed {seed}"] = judge((values[fine], np.stack([place, weekend], 1)[fine].astype(int)))
        took[f"seed {seed}"] = {"seconds": spent, "steps": steps, "days": int(fine.sum())}
        print(ours, took, flush=True)
    finish("uber", ours, beside, control, seconds, seeds, took)


def days_judged(made, group, kept, kept_group, top: float) -> dict[str, float]:
    """Days (n, 24) of boroughs and weekends: told from kept ones, profiles, spread of the days' totals."""
    looks = lambda w, g: np.column_stack([w, np.diff(w, axis=1), g])  # noqa: E731
    x, y = np.concatenate([looks(kept, kept_group), looks(made, group)]), np.r_[np.zeros(len(kept)), np.ones(len(made))]
    told = []
    for seed in range(5):
        half = np.random.default_rng(seed).random(len(y)) < 0.5
        trees = HistGradientBoostingClassifier(max_iter=100, class_weight="balanced", random_state=seed)
        told.append(roc_auc_score(y[~half], trees.fit(x[half], y[half]).predict_proba(x[~half])[:, 1]))
    pairs = [(made[(group == g).all(1)], kept[(kept_group == g).all(1)]) for g in np.unique(kept_group, axis=0)]
    total = lambda w: np.expm1(w * top).sum(1).std()  # noqa: E731
    return {
        "told": float(np.mean(told)),
        "profile": float(np.mean([np.corrcoef(a.mean(0), b.mean(0))[0, 1] for a, b in pairs])),
        "totals": float(np.mean([abs(np.log(total(a) / total(b))) for a, b in pairs])),
    }


def seeds_of(seeds: list[int]) -> str:
    return " ".join(map(str, seeds))


def finish(data: str, ours, beside, control, seconds, seeds, took) -> None:
    goal = GOALS.get(data) or {"told_by_trees": beside["gaussian"]["told_by_trees"]}
    mean = {key: float(np.mean([o[key] for o in ours.values()])) for key in next(iter(ours.values()))}
    reached = {key: mean[key] >= value if key == "profile" else mean[key] <= value for key, value in goal.items()}
    text = ", ".join(f"{key} {'>=' if key == 'profile' else '<='} {value:.3g}" for key, value in goal.items())
    record(
        f"series-{data}", passed=all(reached.values()), goal=text, reached=reached, mean=mean, ours=ours,
        beside=beside, took=took, control=control, seed=seeds,
        protocol=f"{seconds:g} s of one processor; 3 weeks to train, 1 kept; windows of 24 hours; judges of their own",
        command=f"GANSMITH_DATA=… python proofs/series.py {data} --seconds {seconds:g} --seeds {seeds_of(seeds)}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
