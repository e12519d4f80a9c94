"""What pictures are trained with when nobody says: settings beside each other at equal seconds, on several data sets.

    GANSMITH_DATA=folder python proofs/defaults.py [--data clothes32-1000 …] [--minutes 4] [--arms now width-16 …]

Each arm is R3GAN with other settings than its default (see ARMS); "chosen" are those that `gansmith train` gives it
(`gs.recommend`), "before" what it gave in version 0.1: width 32 at the pictures' own size, nothing augmented; "ada" has
its paper's target. Samples are held against kept pictures: kernel distance (× 1000) and coverage in two feature spaces.
What is found is added to the entry `defaults` of results.json and to the table of docs/defaults.md, from which the
defaults are taken. The check: what is chosen is nowhere more than 1.25 times as far from the data as another arm, in
the mean of both spaces; and where "chosen" stands beside "before", it is at most .6 as far in each space, and covers
twice as many of the kept pictures in one. Control: R3GAN after 5 seconds.
"""

import argparse
import json
from math import sqrt

from photographs import Judge, sets
from record import RESULTS, into_page, record

import gansmith as gs

COUNT = 2000
# What `gansmith train` chooses for them (gs.recommend); an arm that was not played there leaves R3GAN's own default.
CHOSEN = {
    "mnist": "conditional",
    "fashion_mnist": "conditional",
    "clothes32-1000": "ada",
    "faces32-1000": "ada",
    "portraits64-800": "wide-and-small",
    "faces64-1000": "chosen",
    "clothes64-1000": "chosen",
    "photos64-320": "chosen",
}
ARMS: dict[str, dict] = {
    "default": {},
    "chosen": {},
    "before": {"width": 32, "size": 64},
    "width-16": {"width": 16},
    "width-32": {"width": 32},
    "width-64": {"width": 64},
    "batch-32": {"batch_size": 32},
    "width-16-batch-32": {"width": 16, "batch_size": 32},
    "width-32-batch-32": {"width": 32, "batch_size": 32},
    "ada": {"augment": "ada", "ada_target": 0.5},
    "mirror": {"mirror": True},
    "ada-mirror": {"augment": "ada", "ada_target": 0.5, "mirror": True},
    "diffaugment": {"augment": "diffaugment"},
    "conditional": {"conditional": True},
    "wide-and-small": {"size": 32, "width": 32},
    "narrow-and-large": {"size": 64, "width": 16},
    "gamma-0.3": {"gamma": 0.3, "gamma_end": 0.3},
    "gamma-3": {"gamma": 3.0, "gamma_end": 3.0},
    "rate-1e-3": {"learning_rate": 1e-3},
    "rate-3e-3": {"learning_rate": 3e-3},
}


def play(data, judge: Judge, minutes: float, seed: int, arm: str, batch_size=None, size=None, **settings) -> dict:
    """What R3GAN with these settings has come to after so many minutes."""
    gan = (gs.recommend(data.train) if arm == "chosen" else gs.R3GAN(**settings)).fit(
        data.train, minutes=minutes, batch_size=batch_size, size=size, labels=data.labels, seed=seed, device="cpu"
    )
    return judge(gan.sample(COUNT, seed=seed + 1)) | {"rounds": gan.trained["rounds"], "width": gan.width}


def far(one: dict) -> float:
    """The kernel distances in both spaces as one number, their geometric mean."""
    return sqrt(max(1e-9, one["random"]["kernel_distance"]) * max(1e-9, one["pixels"]["kernel_distance"]))


def near(name: str, arms: dict) -> bool:
    """Whether what is chosen for this data is about as near to kept pictures as the best arm."""
    chosen = CHOSEN.get(name.split(",")[0], "default")
    return far(arms.get(chosen) or arms["default"]) <= 1.25 * min(map(far, arms.values())) and better(arms)


def better(arms: dict) -> bool:
    """Whether what is chosen today is much nearer than what was chosen before, where both were played."""
    if not {"chosen", "before"} <= arms.keys():
        return True
    now, old = arms["chosen"], arms["before"]
    nearer = all(now[at]["kernel_distance"] <= 0.6 * old[at]["kernel_distance"] for at in ("random", "pixels"))
    return nearer and any(now[at]["coverage"] >= 2 * old[at]["coverage"] for at in ("random", "pixels"))


def table(found: dict) -> str:
    """What was found, as a table of Markdown."""
    lines = ["| data, minutes | settings | rounds | distance | coverage |", "| --- | --- | --- | --- | --- |"]
    for name, arms in found.items():
        best = min(map(far, arms.values()))
        for arm, one in arms.items():
            distance = f"{1000 * far(one):.2f}"
            lines.append(
                f"| {name} | {arm} | {one['rounds']:,} | {f'**{distance}**' if far(one) == best else distance} | "
                f"{one['random']['coverage']:.2f}, {one['pixels']['coverage']:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--data", nargs="+", default=["clothes32-1000", "faces32-1000"], choices=list(sets()))
    parse.add_argument("--arms", nargs="+", default=["default", "width-16", "width-32", "width-64"], choices=list(ARMS))
    parse.add_argument("--minutes", type=float, nargs="+", default=[4], help="of training, of each arm")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    before = json.loads(RESULTS.read_text()).get("defaults", {})
    found, floor = dict(before.get("found", {})), dict(before.get("floor", {}))
    for name in asked.data:
        data = sets()[name]()
        judge = Judge(data.kept[:COUNT])
        floor[name] = judge(data.train[:COUNT])
        for minutes in asked.minutes:
            arms = found.setdefault(f"{name}, {minutes:g} min, seed {asked.seed}", {})
            arms["control: 5 seconds"] = play(data, judge, 5 / 60, asked.seed, "")
            for arm in asked.arms:
                arms[arm] = play(data, judge, minutes, asked.seed, arm, **ARMS[arm])
                print(f"{name:16} {minutes:3g} min {arm:18} far {1000 * far(arms[arm]):8.2f}", arms[arm], flush=True)
    control = {name: far(arms["control: 5 seconds"]) for name, arms in found.items()}
    best = {name: min(ARMS.keys() & arms.keys(), key=lambda arm: far(arms[arm])) for name, arms in found.items()}
    print(json.dumps(best, indent=2))
    if asked.no_record:
        return
    into_page(table(found), "defaults.md")
    record(
        "defaults",
        passed=all(near(name, arms) for name, arms in found.items()),
        found=found, best=best, floor=floor, control={"5 seconds, kernel distance": control}, seed=asked.seed,
        goal="what is chosen is nowhere more than 1.25 times as far from kept pictures as the best arm, and at "
        "most .6 as far as what was chosen before, with twice the coverage",
        protocol=f"R3GAN, equal minutes, {COUNT:,} samples against kept pictures",
    )  # fmt: skip


if __name__ == "__main__":
    main()
