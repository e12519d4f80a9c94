"""GroupGAN on a day of pickups in a borough: rows of hours that had any, in groups of one to 24.

    GANSMITH_DATA=folder python proofs/groups.py [--minutes 6] [--seed 0]

In the folder: uber_nyc_hourly_borough_2015h1.csv.gz, 181 days of seven parts of New York by the hour, with weather. A
group is a day in a borough: it has a holiday, or not, and as many rows as hours with pickups. A row has the time, how
many pickups, and the weather. One day in five is kept. Made are as many groups as were kept: how many rows they have,
how alike the rows of a group are (weather lasts), what a row says of the next, what a borough says of its rows, whether
trees tell groups from kept ones.

Floor: as many groups that were trained on. Control: the kept rows dealt to groups by chance, which has every row as it
was and must fail. Baseline: TabularGAN, which makes the same rows one by one, half as long, dealt to groups by chance.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas
from PIL import Image
from record import record

import gansmith as gs
from gansmith.data.kinds.groups.measures import ALIKE, LENGTHS, NEXT, PARENT, TOLD

FIGURE = "FIGURE"  # names the .png that made and real columns are drawn into
KEPT = 0.3  # of what tells real groups from dealt rows may be missing
NAMES = {"lengths": LENGTHS, "alike": ALIKE, "next": NEXT, "parent": PARENT, "detection": TOLD}
HOW = {"val": 0, "device": "cpu", "precision": "fp32", "threads": 1}


def days() -> pandas.DataFrame:
    frame = pandas.read_csv(Path(os.environ["GANSMITH_DATA"]) / "uber_nyc_hourly_borough_2015h1.csv.gz")
    frame = frame[frame["pickups"] > 0].reset_index(drop=True)
    frame["borough"] = frame["borough"].fillna("unknown")
    time = pandas.to_datetime(frame["pickup_dt"])
    frame["pickup_dt"] = time.dt.strftime("%Y-%m-%d %H:%M")
    frame.insert(0, "day", frame["borough"] + time.dt.strftime(" %Y-%m-%d"))
    frame.insert(1, "weekend", time.dt.day_of_week > 4)
    return frame.drop(columns=[c for c in frame if c.startswith("liq_precp") or c == "snow_depth_in"])


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=6.0)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    frame = days()
    kept = frame["day"].isin(np.random.default_rng(0).permutation(sorted(set(frame["day"])))[::5])
    data = gs.data.read(frame[~kept].reset_index(drop=True), form="groups", group="day")
    other = data.spec.like(gs.data.read(frame[kept].reset_index(drop=True), form="groups", group="day"))
    form, real = other.spec, other.raw(np.arange(len(other)))
    padded = lambda items: form.items_of(*data.spec.rows_of(items))  # noqa: E731
    print(*data.notes, f"{len(data)} groups trained, {len(other)} kept", sep="\n", flush=True)

    gan = gs.GroupGAN().fit(data, minutes=asked.minutes, seed=asked.seed, **HOW)
    made = padded(gan.sample(len(other), seed=asked.seed))
    rng = np.random.default_rng(asked.seed)
    some = rng.permutation(len(data))[: len(other)]
    plain = gs.TabularGAN().fit(
        frame[~kept].drop(columns="day").reset_index(drop=True), minutes=asked.minutes / 2, seed=asked.seed, **HOW
    )
    rows = plain.sample(int(kept.sum()), seed=asked.seed)
    rows.insert(0, "day", frame.loc[kept, "day"].to_numpy())
    alone = form.rows_of(form.like(gs.data.read(rows, form="groups", group="day")).raw(np.arange(len(other))))

    found, floor = judged(form, real, made), judged(form, real, padded(data.raw(some)))
    control = judged(form, real, form.shuffled(real, rng))
    baseline = judged(form, real, form.shuffled(form.items_of(*alone), rng))
    missing = {k: (found[k] - floor[k]) / (control[k] - floor[k]) for k in ("alike", "next", "parent")}
    fails = {k: (baseline[k] - floor[k]) / (control[k] - floor[k]) for k in missing}
    print({"found": found, "floor": floor, "control": control, "rows alone": baseline, "missing": missing}, flush=True)
    show(form, real, made)
    record(
        "groups",
        passed=max(missing.values()) <= KEPT and found["lengths"] <= floor["lengths"] + 0.1,
        found=found,
        missing=missing,
        floor=floor,
        baselines={"TabularGAN, rows dealt to groups": baseline, "missing": fails},
        control={"what": "kept rows dealt to groups by chance", **control},
        protocol=f"{len(data)} groups trained in {asked.minutes:g} minutes, {len(other)} kept; as many made; at most "
        f"{KEPT:.0%} of what tells real groups from dealt rows may be missing",
        seed=asked.seed,
    )


def judged(form, real, items) -> dict[str, float]:
    values = form.measures(real, items)
    return {short: values[name] for short, name in NAMES.items()}


def show(form, real, made) -> None:
    from gansmith.data.preview import plot_rows

    if FIGURE in os.environ:  # of no stated licence: to look at, not for the gallery
        both = [pandas.concat(form.legible(items)[:2], axis=1) for items in (made, real)]
        Image.fromarray(plot_rows(*both)).save(os.environ[FIGURE])


if __name__ == "__main__":
    main()
