"""Images per second on a card: eager, compiled and CUDA-graphed networks, against the card's own peaks.

    python benchmarks/gpu.py [--batches 64 128 256 512]
    python benchmarks/gpu.py --device cpu --quick --ways eager     the same code at a small size, to see that it runs

A round is both players' moves, penalties, optimisers and average included. Its matrix products are counted (see
rounds.py); the shares are of the rate at which this device multiplies large bf16 matrices and of the rate at which it
copies, both measured here. "Compiled" is torch.compile around both networks, "graphed" the same with
mode="reduce-overhead", which records CUDA graphs. torch.compile cannot differentiate twice, so with gradient penalties
it is tried and the refusal printed. TF32 is off and on in turn for fp32, since it changes what fp32 means.

Sizes: DCGAN-64; R3GAN's default at 64×64; R3GAN with the paper's residual bodies of StyleGAN2's size (about 25 million
parameters a player) at 64×64.
"""

from __future__ import annotations

import argparse
import time

import torch
from rounds import BATCH, floor, whole_round

import gansmith as gs
from gansmith.errors import UserError
from gansmith.testing import made_up
from gansmith.training import hardware
from gansmith.training.loop import Mover
from gansmith.training.ranks import Ranks
from gansmith.training.state import State

SIZES = {
    "DCGAN-64": ("DCGAN", 64, {}),
    "R3GAN-64": ("R3GAN", 64, {}),
    "R3GAN-64, 25M": ("R3GAN", 64, {"body": "residual", "width": 256, "blocks": 2, "simultaneous": False}),
}
QUICK = {name: (game, 16, settings | {"width": 16}) for name, (game, _, settings) in SIZES.items()}
WAYS = {"eager": None, "compiled": "default", "graphed": "reduce-overhead"}


def begun(game: str, size: int, settings: dict, batch: int, device, precision: str):
    """(state, mover) on the device."""
    torch.manual_seed(0)
    made = getattr(gs, game)(**settings)
    data = made.read(made_up((3, size, size), n=2 * max(batch, BATCH)))
    made.choose(data.spec, len(data))
    made.build(data.spec)
    made.spec = data.spec
    made.to(device).train()
    state = State(made, data, None, batch_size=batch, seed=0, ranks=Ranks(device))
    return state, Mover(state, precision, 1)


def wait(device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(act, device, goes: int) -> float:
    """Seconds of one go, the least of three stretches."""
    best = float("inf")
    for _ in range(3):
        wait(device)
        start = time.perf_counter()
        for _ in range(goes):
            act()
        wait(device)
        best = min(best, (time.perf_counter() - start) / goes)
    return best


def rates(device, quick: bool) -> dict:
    """FLOP/s of matrix products by precision, bytes/s of copying."""
    n, found = (512 if quick else 8192), {}
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a = torch.randn(n, n, device=device).to(kind)
        found[name] = 2 * n**3 / timed(lambda a=a: a @ a, device, 5)
    a = torch.ones(2**22 if quick else 2**28, device=device)
    b = torch.ones_like(a)
    found["copy"] = 2 * 4 * len(a) / timed(lambda: b.copy_(a), device, 5)
    return found


def one(name: str, case, way: str, batch: int, device, precision: str, rate: dict, goes: int) -> float | None:
    """Images per second, printed with the shares; None where it cannot run."""
    state, mover = begun(*case, batch, device, precision)
    where = f"{name:14s} {precision} batch {batch:4d} {way:9s}"
    try:
        flops, bytes_, least = floor(state, mover, rate)
        if WAYS[way]:
            state.game.generator.compile(mode=WAYS[way])
            state.game.discriminator.compile(mode=WAYS[way])
        whole_round(state, mover)
        spent = timed(lambda: whole_round(state, mover), device, goes)
    except torch.OutOfMemoryError:
        print(f"{where} does not fit")
        return None
    except (RuntimeError, UserError) as error:
        print(f"{where} cannot run: {str(error).splitlines()[0][:100]}")
        return None
    print(
        f"{where} {batch / spent:10,.0f} images/s, {flops / spent / rate[precision]:4.0%} of the {precision} peak, "
        f"{bytes_ / spent / rate['copy']:4.0%} of the bandwidth, × {spent / least:.2f} of the floor",
        flush=True,
    )
    return batch / spent


def main(device, quick: bool, batches: list[int], precisions: list[str], ways: list[str]) -> None:
    cases, goes = (QUICK, 1) if quick else (SIZES, 10)
    rate = rates(device, quick)
    print(f"torch {torch.__version__}, {hardware.machine(device)}")
    print(f"products {rate['fp32'] / 1e12:.2f} TFLOP/s in fp32, {rate['bf16'] / 1e12:.2f} in bf16; ", end="")
    print(f"copies {rate['copy'] / 1e9:,.0f} GB/s")
    for precision in precisions:
        for name, case in cases.items():
            best = {}
            for way in ways:
                found = [(one(name, case, way, n, device, precision, rate, goes) or 0, n) for n in batches]
                best[way] = max(found)
            eager = best["eager"][0] if "eager" in best else 0
            for way, (speed, batch) in best.items():
                if speed and eager:
                    print(f"{name:14s} {precision} best of {way}: batch {batch}, × {speed / eager:.2f} of eager")
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        print("with TF32:")
        for name, case in cases.items():
            one(name, case, "eager", batches[0], device, "fp32", rates(device, quick), goes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--batches", nargs="+", type=int)
    parser.add_argument("--precisions", nargs="+", default=["bf16", "fp32"], choices=["bf16", "fp32"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    asked = parser.parse_args()
    main(
        hardware.pick_device(asked.device),
        asked.quick,
        asked.batches or ([8] if asked.quick else [64, 128, 256, 512]),
        asked.precisions,
        asked.ways,
    )
