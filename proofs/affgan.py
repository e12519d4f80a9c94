"""AffGAN: samples that fit their input exactly and look real, where the least squared error is a blur.

    GANSMITH_DATA=… python proofs/affgan.py [--rounds 2500] [--picture out.png]

In the plane: points of a Swiss roll, of which only the mean of the two numbers is given. The distance of what AffGAN
makes to the roll must be at most 30 % of the distance of what the least squared error makes, which falls between the
windings. Digits, 7 pixels made 28: a classifier must read test digits made by AffGAN better than bicubically enlarged
ones, by 5 points. Both must fit their input to 1e-5. Controls: the squared error (AffMSE) in the plane; SoftGAN, which
has no projection and does not fit; bicubic and repeated pixels for the digits.
"""

import argparse

import numpy as np
import torch
from record import record

import gansmith as gs
from gansmith.data.crops import enlarge
from gansmith.data.toys import TOYS
from gansmith.evaluate.classifier import classifier

TEST = 2000  # digits


def roll(n: int, seed: int) -> np.ndarray:
    return TOYS["swissroll"].sample(n, seed).astype(np.float32)


def off_the_roll(points: np.ndarray) -> float:
    """Mean distance to the nearest of 20,000 true points."""
    near = torch.cdist(torch.from_numpy(points), torch.from_numpy(roll(20_000, 2)))
    return float(near.amin(1).mean())


def misfit(game, source) -> float:
    """The largest |A g(x) − x| in network units, before anything is rounded."""
    x = game.spec.of("source").to_network(torch.from_numpy(np.asarray(source)))
    with game.at_rest():
        return float((game.generator.downscaling.down(game.generator(x)) - x).abs().max())


def in_the_plane(seed: int) -> tuple[dict, float]:
    """(distance to the roll and misfit of each arm; the distance of true points)."""
    data, found = roll(5000, 0), {}
    given = roll(2000, 1).mean(1, keepdims=True)
    arms = {"gan": {}, "mse": {"objective": "mse"}, "soft": {"projection": False, "consistency": 1.0}}
    for name, settings in arms.items():
        game = gs.AffGAN(scale=2, width=128, learning_rate=2e-4, decay=0.5, **settings)
        game.fit(data, steps=6000, batch_size=128, seed=seed, val=0, device="cpu")
        found[name] = {
            "off_the_roll": off_the_roll(game.sample(len(given), source=given)),
            "misfit": misfit(game, given),
        }
        print(name, found[name], flush=True)
    return found, off_the_roll(roll(2000, 1))


def digits(rounds: int, batch: int, width: int, seed: int, picture: str | None) -> dict:
    train, test = gs.read("mnist").fields, gs.read("mnist_test").fields
    real, label = np.asarray(test["real"][:TEST]), test["label"][:TEST]
    judge = classifier(np.asarray(train["real"][:20_000]), train["label"][:20_000])
    source = np.stack([x.reshape(1, 7, 4, 7, 4).mean((2, 4)) for x in real]).round().astype(np.uint8)
    game = gs.AffGAN(width=width, blocks=4, learning_rate=5e-4, decay=0.5)
    game.fit(np.asarray(train["real"][:20_000]), steps=rounds, batch_size=batch, seed=seed, val=0, device="cpu")
    made = game.sample(TEST, source=source)
    bicubic = np.stack([enlarge(x, 4) for x in source])
    repeated = source.repeat(4, 2).repeat(4, 3)
    if picture:
        from gansmith.data.preview import grid
        from gansmith.data.write import save_picture

        rows = [x[i : i + 1] for i in range(12) for x in (repeated, bicubic, made, real)]
        save_picture(grid(np.concatenate(rows), columns=8), picture)
    read = {
        name: judge.accuracy(x, label) for name, x in [("affgan", made), ("bicubic", bicubic), ("repeated", repeated)]
    }
    return {"read_rightly": read | {"true digits": judge.accuracy(real, label)}, "misfit": misfit(game, source)}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--rounds", type=int, default=2500)
    parse.add_argument("--batch", type=int, default=32)
    parse.add_argument("--width", type=int, default=16)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--picture", help="write inputs, bicubic ones, ours and true digits as a sheet to this .png")
    asked = parse.parse_args()
    plane, floor = in_the_plane(asked.seed)
    share = plane["gan"]["off_the_roll"] / plane["mse"]["off_the_roll"]
    seen = digits(asked.rounds, asked.batch, asked.width, asked.seed, asked.picture)
    print(seen, flush=True)
    read = seen["read_rightly"]
    fits = max(plane["gan"]["misfit"], seen["misfit"])
    record(
        "affgan",
        passed=share <= 0.3 and fits <= 1e-5 and plane["soft"]["misfit"] > 1e-3
        and read["affgan"] >= read["bicubic"] + 0.05,
        share_of_the_squared_errors_distance=share,
        read_rightly=read["affgan"],
        misfit=fits,
        floor={"true points off the roll": floor, "true digits read rightly": read["true digits"]},
        goal="distance to the roll <= 30 % of AffMSE's, misfit <= 1e-5, digits read rightly >= bicubic + 0.05",
        control={"plane": plane, "bicubic": read["bicubic"], "repeated pixels": read["repeated"]},
        protocol=f"Swiss roll of 5,000 points, 6,000 rounds of 128; MNIST 7 to 28 pixels, 20,000 pictures, "
        f"{asked.rounds} rounds of {asked.batch}, width {asked.width}, 4 blocks; {TEST} test digits",
        seed=asked.seed,
    )  # fmt: skip


if __name__ == "__main__":
    main()
