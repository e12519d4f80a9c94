"""GAT on CIFAR-10 at 32 pixels, beside R3GAN in the same latent space at equal seconds.

    GANSMITH_DATA=… python proofs/gat.py [--minutes 6] [--picture out.png]
    … --device cuda --minutes 8                      what a card would run: width 384, 12 blocks, batches of 256
    … --step-size                                    the control of the step size alone, three seeds
    … --minutes 0.2 --count 1000 --no-record         to see that it works

Kernel and Fréchet distances to CIFAR-10 in two feature spaces, a classifier's that was trained on the labels and a
random network's. Goal: GAT's kernel distance within 1.5 times of R3GAN's in both, where R3GAN plays on the latents of
GAT's own auto-encoder for as many seconds as GAT's game; and, with guidance, early blocks that make at least twice as
large a share of the picture as without. Beside them R3GAN on the pixels, for as long as GAT with its auto-encoder.
Floor: test pictures, and those through the auto-encoder and back, which is the best that GAT can do. Controls: GAT
without guidance, for as long; and before its game begins, which must be far off. Twice the width, for as long, with the
step that is made for it and with that of the usual width (`--step-size`): the latter must diverge or be farther in both
spaces in two of three seeds.
"""

import argparse

import numpy as np
import torch
from record import record

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.spec import Kind
from gansmith.errors import Diverged
from gansmith.evaluate import compare

SPACES = ("random", "classifier")
SIZES = {
    "cpu": ({"width": 64, "depth": 4, "generator_step": 0.33}, {}, None),  # so that D does not end flat
    "cuda": ({"width": 384, "depth": 12, "vae_width": 128, "learning_rate": 1.4e-4}, {"body": "residual"}, 256),
}


def first_head(gan: gs.GAT) -> float:
    """Variance over samples of what the first part of the blocks makes, as a share of the whole picture's."""
    with gan.at_rest():
        made = gan.generator(gan.latents(1000, torch.Generator().manual_seed(0)))
    return float(made[:, 0].var(0).mean() / made[:, -1].var(0).mean())


def in_latents(gat: gs.GAT, pictures: np.ndarray) -> Dataset:
    """The latents of pictures, drawn once, as data for a GAN."""
    made = gat.apply_in_batches(lambda part, _: gat.encoded(part), pictures)
    return Dataset(Kind(shape=made.shape[1:]), {"real": made}, "latents")


def out_of_latents(gat: gs.GAT, latents: np.ndarray) -> np.ndarray:
    """Pictures of latents, in the data's units."""
    with gat.at_rest():
        parts = (torch.as_tensor(part).to(gat.device) for part in np.array_split(latents, 10))
        return np.concatenate([gat.spec.to_data(gat.decoded(part)) for part in parts])


def step_size(asked, ours: dict, play, score) -> None:
    """Twice the width: with its own step, and with that of the usual width, which is twice as large."""
    rate = ours.get("learning_rate", gs.GAT().learning_rate)
    found: dict[str, dict] = {}
    for seed in (asked.seed, asked.seed + 1, asked.seed + 2):
        arms = found[f"seed {seed}"] = {}
        for name, times in (("scaled", 1), ("unscaled", 2)):
            game = gs.GAT(**ours | {"width": 2 * ours["width"], "learning_rate": times * rate})
            try:
                arms[name] = score(play(game, seed, minutes=asked.minutes).sample(asked.count, seed=1))
            except Diverged as error:
                arms[name] = str(error)
            print(seed, name, arms[name], flush=True)
    worse = [key for key, arms in found.items() if farther(arms["unscaled"], arms["scaled"])]
    if not asked.no_record:
        record(
            "gat-step", passed=len(worse) >= 2, found=found, worse=", ".join(worse) or "none", seed=asked.seed,
            control={"seeds in which the scaled step is the farther": sum(
                farther(arms["scaled"], arms["unscaled"]) for arms in found.values()
            )},
            goal="with the usual width's step, twice the width diverges or is farther in both spaces in 2 of 3 seeds",
            protocol=f"CIFAR-10, width {2 * ours['width']}, {asked.minutes:g} minutes each, {asked.count} samples",
        )  # fmt: skip


def farther(one: dict | str, other: dict | str) -> bool:
    """Whether the first diverged, or is farther in every space than the other, which did not."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and not isinstance(other, str)
    return all(one[space]["kernel_distance"] > other[space]["kernel_distance"] for space in SPACES)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=6.0, help="of each of three arms")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--device", choices=tuple(SIZES), default="cpu")
    parse.add_argument("--count", type=int, default=5000, help="pictures to measure")
    parse.add_argument("--step-size", action="store_true", help="twice the width, with either step, in three seeds")
    parse.add_argument("--picture", help="write samples of each arm as a sheet to this .png")
    parse.add_argument("--no-record", action="store_true")
    asked = parse.parse_args()
    train, test = gs.read("cifar10").fields, gs.read("cifar10_test").fields
    pictures, held = np.asarray(train["real"]), np.asarray(test["real"][: asked.count])
    known = min(len(pictures), 2 * asked.count)
    labels = np.asarray(train["label"][:known])
    ours, theirs, batch = SIZES[asked.device]

    def score(made: np.ndarray) -> dict:
        found = compare(
            pictures[:known], made, list(SPACES), n=asked.count, held_out=held, labels=labels, groups=0
        ).numbers
        wanted = ("kernel_distance", "frechet_distance")
        return {
            space: {name: float(found[space][name].value) for name in wanted if name in found[space]}
            for space in SPACES
        }

    def play(game, seed=asked.seed, data=pictures, **budget):
        how = {"batch_size": batch, "seed": seed, "val": 0, "device": asked.device, "evaluate": False}
        return game.fit(data, **how, **budget)

    if asked.step_size:
        return step_size(asked, ours, play, score)
    before = play(gs.GAT(**ours), steps=1)
    games = {"gat": gs.GAT(**ours), "r3gan": gs.R3GAN(**theirs), "without guidance": gs.GAT(**ours, guidance=False)}
    found, sheets, rounds = {}, [], {}

    def keep(name: str, made: np.ndarray, played) -> None:
        found[name], rounds[name] = score(made), played.trained["rounds"]
        print(name, rounds[name], found[name], flush=True)
        sheets.append(made[:48])

    for name, game in games.items():
        gan = play(game, minutes=asked.minutes)
        keep(name, gan.sample(asked.count, seed=1), gan)
    gat = games["gat"]
    latents = in_latents(gat, pictures)
    rival = play(gs.R3GAN(body="plain", width=64), data=latents, minutes=asked.minutes * (1 - gat.vae_share))
    keep("r3gan on latents", out_of_latents(gat, rival.sample(asked.count, seed=1)), rival)
    rebuilt = gat.reconstruct(held)
    floor = {"test pictures": score(held), "test pictures rebuilt": score(rebuilt)}
    untrained = score(before.sample(asked.count, seed=1))
    share = {name: first_head(games[name]) for name in ("gat", "without guidance")}
    print(floor, untrained, share, flush=True)
    if asked.picture:
        from gansmith.data.preview import grid
        from gansmith.data.write import save_picture

        save_picture(grid(np.concatenate([*sheets, held[:24], rebuilt[:24]]), columns=24), asked.picture)
    if asked.no_record:
        return

    def times(one: dict, other: dict) -> float:
        """The worse of two spaces' ratios of kernel distances."""
        return max(one[space]["kernel_distance"] / other[space]["kernel_distance"] for space in SPACES)

    against = times(found["gat"], found["r3gan on latents"])
    record(
        "gat" if asked.device == "cpu" else "gat-cuda",
        passed=against <= 1.5
        and times(untrained, found["r3gan on latents"]) > 1.5
        and share["gat"] >= 2 * share["without guidance"],
        times_r3gans=against,
        gat=found["gat"],
        r3gan_on_latents=found["r3gan on latents"],
        r3gan=found["r3gan"],
        share_of_first_blocks=share,
        rounds=rounds,
        floor=floor,
        goal="kernel distance <= 1.5 times R3GAN's on the same latents, in two feature spaces at equal seconds; the "
        "first blocks' share of the picture at least twice that without guidance",
        control={"before the game": untrained, "without guidance": found["without guidance"]},
        protocol=f"{gat!r}, {rival!r} on its latents and {games['r3gan']!r} on pixels, CIFAR-10, {asked.minutes:g} "
        f"minutes each, on latents less its share for the auto-encoder, batch {batch or 'of each by default'}; "
        f"{asked.count} samples against {known} pictures, as many test pictures",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
