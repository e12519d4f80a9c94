"""Two ranks play the game of one: every game of the catalogue, the same rounds in one process and in two.

    python proofs/ranks.py [--games dcgan wgan-gp …] [--rounds 3] [--seeds 3] [--dry]

Both begin from the same weights and are given the same batches of 8. Compared are all players' weights and all that the
game keeps (running statistics, pools, controls): the distance between the two, in units of how far play has moved them.
Of several seeds the median counts, since a ReLU whose input is 0 but for rounding may open in one and not in the other.

rounding  the floor: one process against one process whose first weights are each a unit in the last place away
apart     control: two ranks that do not average their gradients
usual     control: two ranks that do, each with chance, batch norm and couplings of its own rows only

A move is a step of 1 % of the player's length along its gradient. Adam would turn a gradient that is 0 but for
rounding, such as that of a Wasserstein critic's last bias, into full steps, on one rank as on two.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from gansmith.gans import GAMES
from gansmith.testing import begin, played_on
from gansmith.training.loop import Mover, play_round

SMALL = {
    "width": 8, "latent": 8, "discriminator_steps": 2, "discriminator_steps_far": 2, "bits": 4, "blocks": 1,
    "reading": 0.4, "pretrain": 0.4, "pool": 6,
}  # fmt: skip
OWN = {"gan": {"lecam": 0.1}, "ctgan": {"pack": 2, "dropout": 0.0}}
VARIANTS = {  # what looks at the batch as a whole and no game does by itself
    "gan, packs of two": ("gan", {"packing": 2}),
    "dcgan, ADA and noise": ("dcgan", {"augment": "ada", "instance_noise": 0.1}),
    "dcgan, R1 through batch norm in G": ("dcgan", {"r1": 1.0}),
    "r3gan, minibatch deviation": ("r3gan", {"minibatch": "deviation"}),
    "improved-gan, all five": (
        "improved-gan",
        {"minibatch": "discrimination", "virtual": True, "historical": 0.1, "smoothing": 0.9, "matching": False},
    ),
    "dragan, normal noise": ("dragan", {"noise": "normal"}),
    "sngan with classes": ("sngan", {"conditional": True}),
}
HOWS = ("together", "apart", "usual")
EXACT = 1e-5


class Straight:
    """Steps of 1 % of the player's length along its gradient."""

    def __init__(self, flat: Tensor):
        self.flat, self.param_groups = flat, [{"lr": 0.01, "params": [flat]}]

    @torch.no_grad()
    def step(self) -> None:
        norm = self.flat.grad.norm()
        if norm:
            self.flat -= 0.01 * self.flat.norm() / norm * self.flat.grad


def settings_of(name: str) -> tuple[str, dict]:
    game, own = VARIANTS.get(name, (name, OWN.get(name, {})))
    known = {f.name for f in fields(GAMES[game])}
    return game, {k: v for k, v in SMALL.items() if k in known} | own


def played(name: str, seed: int, rounds: int, how: str = "together", nudge: bool = False) -> tuple[dict, dict]:
    """All that the game holds (before the first round, after the last), as this rank sees it."""
    game, settings = settings_of(name)
    state = begin(GAMES[game], played_on(GAMES[game], **settings), settings, seed)
    before = {k: v.clone() for k, v in state.game.state_dict().items()}
    for player in state.players.values():
        player.optimizer = Straight(player.flat)
        if nudge:
            side = torch.randint(0, 2, player.flat.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
            player.flat.data.mul_(1 + side * 2**-23)
    if how == "apart":
        state.ranks.begin_average = lambda tensor: lambda: None
    if how == "usual":
        state.ranks.together = lambda items: nullcontext()
        torch.manual_seed(seed + 7919 * state.ranks.rank)
    mover = Mover(state, "fp32", 1)
    for state.round in range(rounds):
        state.game.progress = state.round / rounds
        play_round(state, mover)
        if state.augment:
            state.augment.adapt(state)
    return before, {k: v.clone() for k, v in state.game.state_dict().items()}


def apart(one: dict, two: dict) -> float:
    """Euclidean distance over everything that is a number with a fraction."""
    return (
        sum((one[k].double() - two[k].double()).square().sum().item() for k in one if one[k].is_floating_point()) ** 0.5
    )


def of_two_ranks(names: list[str], seeds: int, rounds: int) -> dict:
    """(name, seed, how) -> what the first of two ranks holds in the end."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        free.close()
        path = Path(folder) / "played"
        command = [sys.executable, __file__, "--to", str(path), "--seeds", str(seeds), "--rounds", str(rounds)]
        ranks = [
            subprocess.Popen([*command, "--games", *names], env={**os.environ, **shared, "RANK": str(rank)})
            for rank in range(2)
        ]
        codes = [rank.wait() for rank in ranks]
        if any(codes):
            sys.exit("a rank failed")
        return torch.load(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--games", nargs="+", default=[*GAMES, *VARIANTS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="record nothing")
    parser.add_argument("--to", help=argparse.SUPPRESS)  # of one of the two ranks
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if args.to:
        cases = [(name, seed, how) for name in args.games for seed in range(args.seeds) for how in HOWS]
        held = {case: played(case[0], case[1], args.rounds, case[2])[1] for case in cases}
        if os.environ["RANK"] == "0":
            torch.save(held, args.to)
        return

    two = of_two_ranks(args.games, args.seeds, args.rounds)
    table, passed = {}, True
    print(f"{'':36}" + "".join(f"{column:>12}" for column in (*HOWS, "rounding")))
    for name in args.games:
        found = {column: [] for column in (*HOWS, "rounding")}
        for seed in range(args.seeds):
            before, one = played(name, seed, args.rounds)
            way = apart(before, one)
            for how in HOWS:
                found[how].append(apart(one, two[name, seed, how]) / way)
            found["rounding"].append(apart(one, played(name, seed, args.rounds, nudge=True)[1]) / way)
        row = table[name] = {column: median(values) for column, values in found.items()}
        fine = row["together"] <= max(EXACT, 10 * row["rounding"]) and min(row["apart"], row["usual"]) > 100 * EXACT
        passed &= fine
        print(f"{name:36}" + "".join(f"{row[column]:12.1e}" for column in row) + ("" if fine else "   no"), flush=True)
    if args.dry:
        sys.exit(not passed)

    from record import record

    record(
        "ranks",
        passed=passed,
        protocol=f"{len(args.games)} games, {args.rounds} rounds at batch 8 in one process and in two (gloo), fp32; "
        "distance of all weights and buffers over the way they moved, median of "
        f"{args.seeds} seeds; exact: at most {EXACT}, or ten times what a nudge of a unit in the last place does",
        seed=list(range(args.seeds)),
        worst=max(row["together"] for row in table.values()),
        floor=median(row["rounding"] for row in table.values()),
        control={how: min(row[how] for row in table.values()) for how in HOWS[1:]},
        games={name: {k: float(f"{v:.2g}") for k, v in row.items()} for name, row in table.items()},
    )


if __name__ == "__main__":
    main()
