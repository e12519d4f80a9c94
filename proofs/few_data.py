"""A thousand pictures: does the discriminator know them by heart, and does augmentation help?

    GANSMITH_DATA=folder python proofs/few_data.py [--data clothes32-1000 faces32-1000] [--minutes 10] [--seeds 0]
        [--arms none diffaugment ada] [--game r3gan]

1,000 pictures of Fashion-MNIST and of grey faces, at 32×32, at their default settings, for as many minutes each. D's
gap is how much more it likes what it was trained on than kept pictures, over how much more than samples: 0 where it
knows nothing by heart, 1 where kept pictures look as false as samples. The check: with ADA the gap is at most 70 % of
that without, and the kernel distance to kept pictures at most 75 %, in both feature spaces; and samples are no nearer
to training pictures than kept pictures are (C_T of Meehan et al. 2020 above −3). Floor: the training pictures. Control,
which must fail: the run without augmentation against itself.
"""

import argparse

from photographs import Judge, sets
from record import record

import gansmith as gs
from gansmith.evaluate import memorisation

COUNT = 2000


def play(arm: str, data, judge: Judge, asked, seed: int) -> dict:
    """What one arm has come to."""
    gan = gs.GAMES[asked.game](augment=arm).fit(
        data.train, minutes=asked.minutes, seed=seed, val=0, device=asked.device
    )
    kept, made = data.kept[:COUNT], gan.sample(min(COUNT, len(data.kept)), seed=seed + 1)
    trained, held, fake = (float(gan.score_samples(x[:1000]).mean()) for x in (data.train, kept, made))
    see = lambda x: judge.see("random", x)  # noqa: E731
    return judge(made) | {
        "gap": (trained - held) / abs(trained - fake),
        "copying": float(memorisation(see(data.train), see(kept), see(made)).c_t),
        "rounds": gan.trained["rounds"],
    }


def better(one: dict, plain: dict) -> bool:
    nearer = all(one[name]["kernel_distance"] <= 0.75 * plain[name]["kernel_distance"] for name in ("random", "pixels"))
    return nearer and one["gap"] <= 0.7 * plain["gap"] and one["copying"] > -3


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--data", nargs="+", default=["clothes32-1000", "faces32-1000"], choices=list(sets()))
    parse.add_argument("--arms", nargs="+", default=["none", "diffaugment", "ada"])
    parse.add_argument("--game", default="r3gan")
    parse.add_argument("--minutes", type=float, default=10, help="of training, of each arm")
    parse.add_argument("--seeds", type=int, nargs="+", default=[0])
    parse.add_argument("--device", default="cpu")
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    found, floor, reached, control = {}, {}, {}, {}
    for name in asked.data:
        data = sets()[name]()
        judge = Judge(data.kept[:COUNT])
        floor[name] = judge(data.train)
        for seed in asked.seeds:
            arms = {}
            for arm in asked.arms:
                arms[arm] = play(arm, data, judge, asked, seed)
                print(name, seed, arm, arms[arm], flush=True)
            key = f"{name}, seed {seed}"
            found[key] = arms
            reached[key] = {arm: better(arms[arm], arms["none"]) for arm in arms if arm != "none"}
            control[key] = better(arms["none"], arms["none"])
    print(reached)
    if asked.no_record:
        return
    record(
        "few_data", passed=all(arms["ada"] for arms in reached.values()) and not any(control.values()), found=found,
        reached=reached, floor=floor, control={"without augmentation against itself": control}, seed=asked.seeds,
        goal="ADA: D's gap <= 70 %, kernel distance <= 75 % of without, in two feature spaces, and no copies",
        protocol=f"{asked.game}, defaults, {asked.minutes:g} minutes an arm, {COUNT:,} samples against kept pictures",
    )  # fmt: skip


if __name__ == "__main__":
    main()
