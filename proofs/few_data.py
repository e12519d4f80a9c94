"""Few pictures: does the discriminator know them by heart, and does augmentation help?

    GANSMITH_DATA=folder python proofs/few_data.py [--data clothes32-1000 faces32-1000] [--minutes 10] [--seeds 0]
        [--arms none diffaugment ada ada-late transfer freeze] [--game r3gan]

Few pictures of Fashion-MNIST and of grey faces, at 32×32, at their default settings (one in twenty held out, which ADA
asks), for as many minutes each. ADA holds r_v at .5, as in its paper, or ("ada-late") at .8. Two more arms are ADA that
starts with a model of other grey pictures, digits, trained for as many minutes before: "transfer", and "freeze", which
keeps D's first two layers. All arms have the width that the first one takes. D's gap is how much more it likes what it
was trained on than kept pictures, over how much more than samples: 0 where it knows nothing by heart, 1 where kept
pictures look as false as samples. The check: with ADA the gap is at most 70 % of that without, and the kernel distance
to kept pictures at most 75 %, in both feature spaces; and samples are no nearer to training pictures than kept pictures
are (C_T of Meehan et al. 2020 above −3). Floor: the training pictures. Control, which must fail: the run without
augmentation against itself. A run adds to what is found, so that one data set, and one arm, can be played at a time.
"""

import argparse
import json

import numpy as np
from photographs import Judge, resized, sets
from record import RESULTS, into_page, record

import gansmith as gs
from gansmith.evaluate import memorisation

COUNT = 2000
ARMS: dict[str, dict] = {
    "none": {"augment": "none"},
    "diffaugment": {"augment": "diffaugment"},
    "ada": {"augment": "ada", "ada_target": 0.5},
    "ada-late": {"augment": "ada", "ada_target": 0.8},
    "transfer": {"augment": "ada", "ada_target": 0.5},
    "freeze": {"augment": "ada", "ada_target": 0.5, "freeze": 2},
}


def trained_on(pictures: np.ndarray, arm: str, asked, seed: int, width: int | None, first=None):
    """The game of one arm after the minutes that all have."""
    game = gs.GAMES[asked.game](width=first.width if first else width, **ARMS[arm])
    return game.fit(pictures, minutes=asked.minutes, seed=seed, device=asked.device, start_from=first)


def measured(gan, data, judge: Judge, seed: int) -> dict:
    """What one arm has come to."""
    seen = gs.read(data.train).split(gan.trained["val"], seed)[0]  # without what was held out
    kept, made = data.kept[:COUNT], gan.sample(min(COUNT, len(data.kept)), seed=seed + 1)
    known = seen.raw(np.arange(len(seen)))
    trained, held, fake = (float(gan.score_samples(x[:1000]).mean()) for x in (known, kept, made))
    see = lambda x: judge.see("random", x)  # noqa: E731
    return judge(made) | {
        "width": gan.width,
        "gap": (trained - held) / abs(trained - fake),
        "copying": float(memorisation(see(known), see(kept), see(made)).c_t),
        "rounds": gan.trained["rounds"],
    }


def better(one: dict, plain: dict) -> bool:
    nearer = all(one[name]["kernel_distance"] <= 0.75 * plain[name]["kernel_distance"] for name in ("random", "pixels"))
    return nearer and one["gap"] <= 0.7 * plain["gap"] and one["copying"] > -3


def two(one: dict, name: str, times: int = 1) -> str:
    """A number in both feature spaces."""
    return " and ".join(f"{times * one[space][name]:.2f}" for space in ("random", "pixels"))


def table(found: dict, floor: dict) -> str:
    """All that was found, as a table of Markdown."""
    lines = [
        "| pictures | played | D's gap | distance | coverage | C_T | rounds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key, arms in found.items():
        for arm, one in arms.items():
            played = f"{one['gap']:.2f} | {two(one, 'kernel_distance', 1000)} | {two(one, 'coverage')}"
            lines.append(f"| {key} | {arm} | {played} | {one['copying']:.1f} | {one['rounds']:,} |")
        data = floor[key.split(",")[0]]
        about = f"{two(data, 'kernel_distance', 1000)} | {two(data, 'coverage')}"
        lines.append(f"| {key} | the pictures themselves | | {about} | | |")
    return "\n".join(lines)


def said(found: dict) -> str:
    """What ADA does to D's gap, and to how many kept pictures have a sample like them, in words."""
    parts = (
        f"{key}: D's gap {arms['none']['gap']:.2f} and {one['gap']:.2f}, coverage {two(arms['none'], 'coverage')}, "
        f"then {two(one, 'coverage')}, C_T {arms['none']['copying']:.1f} and {one['copying']:.1f}"
        for key, arms in found.items()
        if (one := arms.get("ada"))
    )
    return f"without ADA and with it: {'; '.join(parts)}. All that was played stands in docs/defaults.md"


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--data", nargs="+", default=["clothes32-1000", "faces32-1000"], choices=list(sets()))
    parse.add_argument("--arms", nargs="+", default=["none", "diffaugment", "ada"], choices=list(ARMS))
    parse.add_argument("--game", default="r3gan")
    parse.add_argument("--minutes", type=float, default=10, help="of training, of each arm")
    parse.add_argument("--seeds", type=int, nargs="+", default=[0])
    parse.add_argument("--device", default="cpu")
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    protocol = f"{asked.game}, defaults, {asked.minutes:g} minutes an arm, {COUNT:,} samples against kept pictures"
    before = json.loads(RESULTS.read_text()).get("few_data", {})
    before = before if before.get("protocol") == protocol else {}  # other minutes are another proof
    found, floor, reached = (before.get(part, {}) for part in ("found", "floor", "reached"))
    control = before.get("control", {}).get("without augmentation against itself", {})
    firsts: dict[tuple, object] = {}
    for name in asked.data:
        data = sets()[name]()
        judge = Judge(data.kept[:COUNT])
        floor[name] = judge(data.train)
        for seed in asked.seeds:
            key = f"{name}, seed {seed}"
            arms = found.setdefault(key, {})
            width = next((arm["width"] for arm in arms.values()), None)
            for arm in asked.arms if "none" in {*arms, *asked.arms} else ["none", *asked.arms]:
                first = None
                if arm in ("transfer", "freeze"):
                    if (seed, width) not in firsts:
                        digits = resized(sets()["mnist"]().train[:20_000], data.train.shape[-1])
                        firsts[seed, width] = trained_on(digits, "ada", asked, seed, width)
                    first = firsts[seed, width]
                gan = trained_on(data.train, arm, asked, seed, width, first)
                width = width or gan.width
                arms[arm] = measured(gan, data, judge, seed)
                print(name, seed, arm, arms[arm], flush=True)
            reached[key] = {arm: better(arms[arm], arms["none"]) for arm in arms if arm != "none"}
            control[key] = better(arms["none"], arms["none"])
    print(reached)
    if asked.no_record:
        return
    into_page(table(found, floor), "defaults.md")
    record(
        "few_data", passed=all(arms["ada"] for arms in reached.values()) and not any(control.values()), found=found,
        reached=reached, floor=floor, said=said(found), seed=asked.seeds, protocol=protocol,
        control={"without augmentation against itself": control},
        goal="ADA: D's gap <= 70 %, kernel distance <= 75 % of without, in two feature spaces, and no copies",
    )  # fmt: skip


if __name__ == "__main__":
    main()
