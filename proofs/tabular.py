"""TabularGAN on tables of banks, of a census and of a telephone company: are the made rows as good as the real ones?

    GANSMITH_DATA=folder python proofs/tabular.py [credit adult …] [--seeds 0 1] [--baselines]

In the folder: credit_default.csv.gz, adult.csv.gz, telco_customer_churn.csv.gz. Seconds are of one processor, since
machines are shared, reading and all. Of each table some rows are kept: boosted trees that learn the target from as many
made rows as were trained on are asked about those (train on synthetic, test on real: AUROC); how alike columns are, how
much of the dependence between columns that hold on to each other is kept, for numbers how far rank correlations lie
apart, whether trees tell made rows from kept ones, and how many made rows are rows that were trained on.

Beside it the floor (the real rows that were trained on), the control (columns shuffled, each by itself), which must
fail, with --baselines CTGAN for as many seconds, and the ablation: the same rounds from the same seed without the
adversarial part of G's loss.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas
from gallery import GALLERY
from PIL import Image
from record import record

import gansmith as gs
from gansmith.data.kinds.table.measures import dependence, dependence_gap, detection, shapes, shuffled, utility
from gansmith.data.preview import plot_rows

# name -> (file, target, identifier, rows to train on, seconds of one processor)
TABLES = {
    "credit": ("credit_default", "def_pay", "ID", 24_000, 60),
    "adult": ("adult", "income", None, 26_000, 52),
    "adult-long": ("adult", "income", None, 26_000, 229),
    "churn": ("telco_customer_churn", "Churn", "customerID", 5_600, 180),
    "credit-small": ("credit_default", "def_pay", "ID", 2_400, 180),
}
# … and what is to be reached; "skill" is the share of real rows' AUROC over chance
GOALS = {
    "credit": {"auroc": 0.76, "shapes": 0.94, "rank_gap": 0.05},
    "adult": {"auroc": 0.885},
    "adult-long": {"auroc": 0.905},
    "churn": {"skill": 0.8, "kept_pairs": 0.8},
    "credit-small": {"skill": 0.8, "kept_pairs": 0.8},
}
OTHERS = {  # measured on another machine, same seconds of one core
    "credit": {"ctgan 0.12.1": {"auroc": 0.476}, "mostlyai-engine 2.7.3": {"auroc": 0.756, "shapes": 0.934}},
    "adult": {"ctgan 0.12.1": {"auroc": 0.789}},
    "adult-long": {"ctgan 0.12.1": {"auroc": 0.879}},
}
STRONG = 0.3  # Cramér's V of columns that hold on to each other


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("tables", nargs="*", default=list(TABLES))
    parse.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parse.add_argument("--seconds", type=float, help="of each table, in place of its own")
    parse.add_argument("--baselines", action="store_true")
    asked = parse.parse_args()
    for name in asked.tables:
        prove(name, asked.seconds or TABLES[name][-1], asked.seeds, asked.baselines)


def prove(name: str, seconds: float, seeds: list[int], baselines: bool) -> None:
    train, kept, target = rows_of(name)
    floor = judged(train, train, kept, target)
    control = judged(shuffled(train, 0), train, kept, target)
    skill = lambda numbers: (numbers["auroc"] - 0.5) / (floor["auroc"] - 0.5)  # noqa: E731
    print(name, "floor", floor, "control", control, flush=True)
    found, without = {}, {}
    for seed in seeds:
        steps = steps_in(seconds, train)
        for adversarial, into in ((1.0, found), (0.0, without)):
            begun = time.process_time()
            made = fitted(gs.TabularGAN(adversarial=adversarial), train, steps, seed).sample(len(train), seed=seed)
            spent = time.process_time() - begun
            into[f"seed {seed}"] = judged(made, train, kept, target) | {"seconds": spent, "rounds": steps}
            print(name, seed, adversarial, into[f"seed {seed}"], flush=True)
            if adversarial and seed == seeds[0]:
                form = gs.read(train, form="table").spec  # numbers that are kept as text are drawn as numbers
                show(name, form.legible(made), form.legible(kept))
    for numbers in [*found.values(), *without.values(), floor, control]:
        numbers["skill"] = skill(numbers)
    beside = dict(OTHERS.get(name, {}))
    if baselines:
        game = gs.CTGAN()
        begun = time.process_time()
        game.fit(train, steps=10**6, seed=seeds[0], probes=[until(begun + seconds)], **HOW)
        beside["our ctgan"] = judged(game.sample(len(train), seed=0), train, kept, target)
    mean = lambda key, of: float(np.mean([numbers[key] for numbers in of.values()]))  # noqa: E731
    means = lambda of: {key: mean(key, of) for key in floor}  # noqa: E731
    better = {key: mean(key, found) - mean(key, without) for key in ("auroc", "detection", "kept_pairs")}
    record(
        f"tabular {name}",
        passed=all(reached(key, goal, mean(key, found)) for key, goal in GOALS[name].items())
        and not all(reached(key, goal, control[key]) for key, goal in GOALS[name].items()),
        found=found,
        goal=GOALS[name],
        mean=means(found),
        without_the_adversarial_part=without,
        mean_without=means(without),
        what_the_adversarial_part_changes=better,
        floor=floor,
        baselines=beside,
        control={"what": "every column shuffled by itself", **control},
        protocol=f"{len(train):,} rows trained, {len(kept):,} kept; as many made; {seconds:g} s of one processor",
        seed=seeds,
    )


def rows_of(name: str):
    """(rows to train on, kept rows, target)."""
    file, target, identifier, count, _ = TABLES[name]
    rows = pandas.read_csv(Path(os.environ["GANSMITH_DATA"]) / f"{file}.csv.gz")
    rows = rows.drop(columns=identifier) if identifier else rows
    order = np.random.default_rng(0).permutation(len(rows))
    first = {"credit-small": 24_000}.get(name, count)  # the same kept rows for both
    parts = order[:count], order[first:]
    return *(rows.iloc[part].reset_index(drop=True) for part in parts), target


def judged(made, train, kept, target: str) -> dict[str, float]:
    made = made[kept.columns]
    real, mine = dependence(kept), dependence(made, kept)
    strong = real > STRONG
    found = {
        "auroc": utility(made, kept, target, 0),
        "shapes": float(np.mean(list(shapes(kept, made).values()))),
        "dependence_gap": dependence_gap(kept, made),
        "kept_pairs": float(np.minimum(real, mine)[strong].sum() / real[strong].sum()),
        "detection": detection(kept, made),
        "copies": len(made.merge(train.drop_duplicates(), how="inner")),
    }
    if all(kept[c].dtype.kind in "iuf" for c in kept):
        ranks = [frame.corr(method="spearman").fillna(0).to_numpy() for frame in (kept, made)]
        found["rank_gap"] = float(np.abs(ranks[0] - ranks[1]).sum() / (len(real) * (len(real) - 1)))
    return found


def reached(key: str, goal: float, value: float) -> bool:
    return value <= goal if key == "rank_gap" else value >= goal


# --- training --------------------------------------------------------------------------------------------------------
HOW = {"val": 0, "device": "cpu", "precision": "fp32", "threads": 1}


def fitted(game, train, steps: int, seed: int, **options):
    return game.fit(train, steps=steps, seed=seed, **HOW, **options)


def steps_in(seconds: float, train, trial: int = 60) -> int:
    """Rounds of so many seconds of one processor: they are counted beforehand, so that schedules end."""
    marks = []
    look = lambda state, seen: marks.append((state.round, time.process_time())) or {}  # noqa: E731
    begun = time.process_time()
    fitted(gs.TabularGAN(), train, trial, 0, probes=[look])
    end = time.process_time()
    each = (end - marks[0][1]) / (trial - marks[0][0])
    return max(trial, int((seconds - (end - begun - each * trial)) / each))


def until(end: float):
    def probe(state, seen):
        state.enough = "the seconds are spent" if time.process_time() >= end else ""
        return {}

    return probe


def show(name: str, made, kept) -> None:
    GALLERY.mkdir(exist_ok=True)
    columns = list(kept.columns)[-12:]
    Image.fromarray(plot_rows(made[columns], kept[columns])).save(GALLERY / f"tabular-{name}.png")


if __name__ == "__main__":
    main()
