"""A folder of photographs: how fast it is decoded the first time, and whether training ever waits for it afterwards.

    python benchmarks/pictures.py [FOLDER] [--sizes 64 128 256] [--count 400]

decode  reading the whole folder (headers, decoding, turning, scaling, checksums, writing the memory map), beside
        libjpeg alone: every file decoded at its full size by Pillow, on as many threads, in turn. Goal: 80 %
stall   of rounds of R3GAN on the 64×64 pictures in the memory map, the share of the time spent on drawing batches.
        Goal: below 1 %

Without FOLDER, made-up photographs of 640×480 are written: smooth shapes with grain, quality 90.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rounds import side_by_side, whole_round

import gansmith as gs
from gansmith.distributed.ranks import Ranks
from gansmith.runs.options import Options
from gansmith.runs.train import make_state
from gansmith.training import loop
from gansmith.training.loop import Mover


def photographs(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for i in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
        smooth = np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC), np.float32)
        grainy = smooth + rng.normal(0, 6, smooth.shape)
        Image.fromarray(grainy.clip(0, 255).astype(np.uint8)).save(folder / f"{i:05d}.jpg", quality=90)


def alone(files) -> None:
    """libjpeg through Pillow: open and decode, nothing else."""

    def load(file):
        with Image.open(file) as image:
            image.load()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(load, files, chunksize=16))


def decode(folder: Path, files, size: int) -> None:
    def whole():
        with tempfile.TemporaryDirectory() as cache:
            gs.read(folder, size=size, cache=cache)

    ours, theirs, ratio = side_by_side(whole, lambda: alone(files), 5)
    print(
        f"decode to {size}×{size}: {len(files) / ours:,.0f} pictures/s, libjpeg alone {len(files) / theirs:,.0f}: "
        f"{1 / ratio:.0%} of its speed  (goal 80 %)",
        flush=True,
    )


def stall(folder: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as cache:
        data = gs.read(folder, size=64, cache=cache)
        state = make_state(gs.R3GAN(), data, Options(), torch.device("cpu"), Ranks(torch.device("cpu")))
        state.game.train()
        mover, waited, draw = Mover(state, "fp32", 1), [], loop.draw

        def timed(*given):
            start = time.perf_counter()
            batch = draw(*given)
            waited.append(time.perf_counter() - start)
            return batch

        loop.draw = timed
        whole_round(state, mover)
        waited.clear()
        start = time.perf_counter()
        for _ in range(rounds):
            whole_round(state, mover)
        share = sum(waited) / (time.perf_counter() - start)
        loop.draw = draw
    print(f"stall: {share:.2%} of {rounds} rounds of R3GAN at 64×64  (goal below 1 %)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    made = Path(tempfile.mkdtemp()) if asked.folder is None else None
    try:
        if made:
            photographs(made, asked.count)
        files = sorted((asked.folder or made).rglob("*.jp*g"))
        print(f"{len(files)} JPEGs of {sum(f.stat().st_size for f in files) / len(files) / 1000:.0f} KB")
        for size in asked.sizes:
            decode(asked.folder or made, files, size)
        stall(asked.folder or made, asked.rounds)
    finally:
        if made:
            shutil.rmtree(made)
