"""Selection speed: the batched samplers against the plain loops people write, side by side in one run.

    OMP_NUM_THREADS=1 python benchmarks/refine.py

10,000 chains of 640 precomputed log-ratios from N(-1/2, 1), starts from N(1/2, 1): the pair in which about half of a
stationary chain's candidates are accepted. Each time is the best of five; the loops run on fewer chains and are scaled
to 10,000, which is exact because chains are independent.
"""

from __future__ import annotations

import argparse
import math
import random
import time
import tracemalloc

import numpy as np
import torch

from gansmith.refine import Refiner, metropolis_hastings, obrs, rejection, sir


def loop_over_numpy(log_ratio: np.ndarray, start: np.ndarray) -> list[int]:
    """As published code does it: one chain at a time, indexing arrays."""
    chosen = []
    for chain in range(len(start)):
        state, index = start[chain], -1
        for k in range(log_ratio.shape[1]):
            if np.random.rand() <= min(1.0, math.exp(log_ratio[chain, k] - state)):
                state, index = log_ratio[chain, k], k
        chosen.append(index)
    return chosen


def loop_over_floats(log_ratio: np.ndarray, start: np.ndarray) -> list[int]:
    """The fastest plain loop: Python floats, no array in sight."""
    chosen = []
    for state, row in zip(start.tolist(), log_ratio.tolist(), strict=True):
        index = -1
        for k, candidate in enumerate(row):
            if candidate >= state or random.random() <= math.exp(candidate - state):
                state, index = candidate, k
        chosen.append(index)
    return chosen


def best_of(runs: int, call) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def peak_bytes_of_chains(steps: int) -> int:
    """Peak of NumPy memory while 1,000 chains of `steps` candidates run on 100-dimensional items."""

    def generate(n: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=(n, 100))

    real = generate(1000, 1) + 0.1
    refiner = Refiner(generate, lambda x: 0.1 * x.sum(1) - 0.5, real, "mh", steps, kind="log_ratio")
    tracemalloc.start()
    refiner.sample(1000, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=640)
    settings = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    d = rng.normal(-0.5, 1, (settings.chains, settings.steps))
    start = rng.normal(0.5, 1, settings.chains)
    tensor, tensor_start = torch.from_numpy(d), torch.from_numpy(start)
    flat = d.ravel()

    ours = best_of(5, lambda: metropolis_hastings(d, start, 0))
    few = min(500, settings.chains)
    scale = settings.chains / few
    rows = [
        ("metropolis_hastings, NumPy", ours),
        ("metropolis_hastings, torch CPU", best_of(5, lambda: metropolis_hastings(tensor, tensor_start, 0))),
        ("plain loop over Python floats", scale * best_of(2, lambda: loop_over_floats(d[:few], start[:few]))),
        ("plain loop over NumPy scalars", scale * best_of(1, lambda: loop_over_numpy(d[:few], start[:few]))),
        ("obrs over all scores", best_of(5, lambda: obrs(flat, 4, 0))),
        ("obrs over all scores, constant given", best_of(5, lambda: obrs(flat, 4, 0, log_c=-1.0))),
        ("rejection over all scores", best_of(5, lambda: rejection(flat, seed=0))),
        ("sir, one pool per chain", best_of(5, lambda: sir(d, 0))),
    ]
    print(f"{settings.chains:,} chains x {settings.steps} log-ratios\n")
    print(f"{'what':40s} {'seconds':>9s} {'ratio':>8s}")
    for name, seconds in rows:
        print(f"{name:40s} {seconds:9.3f} {seconds / ours:8.1f}")
    short, long = peak_bytes_of_chains(8), peak_bytes_of_chains(256)
    print(f"\npeak memory of 1,000 chains: K = 8 {short / 1e6:.1f} MB, K = 256 {long / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
