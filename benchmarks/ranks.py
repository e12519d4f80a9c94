"""Two cores, one game: one process with two threads, or two ranks of one thread each?

    python benchmarks/ranks.py [--game r3gan] [--shape 1 28 28] [--batch 64]

Both play the same rounds in turn, in short stretches, on an otherwise idle machine; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from statistics import median

import torch

from gansmith.data.kinds.images import Images
from gansmith.distributed.ranks import Ranks
from gansmith.gans import GAMES
from gansmith.testing import made_up
from gansmith.training import hardware
from gansmith.training.loop import Mover, play_round
from gansmith.training.state import State


def state_of(args, ranks: Ranks) -> State:
    torch.manual_seed(0)
    data, game = made_up(tuple(args.shape), 2000), GAMES[args.game]()
    game.choose(data.spec, len(data))
    game.build(data.spec)
    game.spec = data.spec
    game.train()
    return State(game, data, None, batch_size=args.batch, seed=0, ranks=ranks)


def stretch(state: State, precision: str, threads: int, rounds: int) -> list[float]:
    """Seconds of each of some rounds."""
    torch.set_num_threads(threads)
    mover, times = Mover(state, precision, 1), []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        play_round(state, mover)
        state.round += 1
        state.average.update(state.batch_size, state.samples)
        times.append(time.perf_counter() - begun)
    return times[1:]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--game", default="r3gan")
    parser.add_argument("--shape", type=int, nargs="+", default=[1, 28, 28])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=20, help="of a stretch; there are five")
    args = parser.parse_args()
    if "RANK" not in os.environ:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        env = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        ranks = [subprocess.Popen([sys.executable, *sys.argv], env={**env, "RANK": str(rank)}) for rank in range(2)]
        sys.exit(max([rank.wait() for rank in ranks]))

    cpu = torch.device("cpu")
    torch.set_flush_denormal(True)
    ranks = Ranks(cpu)
    precision = hardware.pick_precision("auto", cpu, Images) if ranks.first else "fp32"
    precision = "bf16" if ranks.as_first(precision == "bf16") else "fp32"
    together = state_of(args, ranks)
    alone = Ranks(cpu)
    alone.count, alone.rank = 1, 0
    alone = state_of(args, alone)
    times = {"one thread": [], "two threads": [], "two ranks": []}
    for _ in range(5):
        if ranks.first:
            times["one thread"] += stretch(alone, precision, 1, args.rounds)
            times["two threads"] += stretch(alone, precision, 2, args.rounds)
        ranks.wait()
        times["two ranks"] += stretch(together, precision, 1, args.rounds)
    if ranks.first:
        print(f"{args.game} {tuple(args.shape)} at batch {args.batch}, {precision}: ms a round")
        for name, values in times.items():
            ms = 1e3 * median(values)
            print(f"  {name:12} {ms:8.1f}   {median(times['one thread']) * 1e3 / ms:.2f} times as fast as one thread")


if __name__ == "__main__":
    main()
