"""Images per second on a card: as it is played, recorded, channels last, compiled, beside loops of plain PyTorch.

    python benchmarks/gpu.py [--batches 64 256 512] [--sizes "DCGAN-64" …] [--ways eager recorded …]
    python benchmarks/gpu.py --device cpu --quick --ways eager "channels last" plain     to see that it runs

A round is both players' moves, penalties, optimisers and average included. Its matrix products are counted (see
rounds.py); the shares are of the rate at which this device multiplies large bf16 matrices and of the rate at which it
copies, both measured here. The ways:

eager          every operation launched by Python
recorded       the moves as CUDA graphs, penalties and all (training/recording.py)
channels last  eager, with feature maps in that order;  recorded, channels last: both, as `gansmith train` does in bf16
compiled, graphed  torch.compile around both networks, "graphed" with mode="reduce-overhead". It cannot differentiate
               twice, so with gradient penalties it is tried and the refusal printed
plain          the same networks, with torch's own convolutions, in the loop of the PyTorch DCGAN tutorial, or R3GAN's
               losses written down; fp32 as torch sets it (TF32 in convolutions): see cpu.py

Sizes: DCGAN-64; R3GAN's default at 32×32 and 64×64; R3GAN with the paper's residual bodies of StyleGAN2's size (about
25 million parameters a player) at 64×64.
"""

from __future__ import annotations

import argparse
import gc
import time

import torch
from cpu import Eager, Tutorial
from rounds import BATCH, floor, whole_round
from torch.nn import functional as F

import gansmith as gs
from gansmith.errors import UserError
from gansmith.networks import conv2d_gradfix as twice
from gansmith.networks import residual
from gansmith.testing import begin, made_up
from gansmith.training import hardware
from gansmith.training.loop import Mover

SIZES = {
    "DCGAN-64": ("DCGAN", 64, {}),
    "R3GAN-32": ("R3GAN", 32, {}),
    "R3GAN-64": ("R3GAN", 64, {}),
    "R3GAN-64, 25M": ("R3GAN", 64, {"body": "residual", "width": 256, "blocks": 2, "simultaneous": False}),
}
QUICK = {name: (game, 16, settings | {"width": 16}) for name, (game, _, settings) in SIZES.items()}
COMPILED = {"compiled": "default", "graphed": "reduce-overhead"}
OURS = twice.conv2d
WAYS = ("eager", "recorded", "channels last", "recorded, channels last", *COMPILED, "plain")


def begun(game: str, size: int, settings: dict, batch: int, device, precision: str, record: bool = False):
    """(state, mover) on the device."""
    state = begin(getattr(gs, game), made_up((3, size, size), n=4 * max(batch, BATCH)), settings, 0, device)
    state.batch_size = batch
    return state, Mover(state, precision, 1, record)


def torchs_own(x, weight, bias=None, stride=1, padding=0, groups=1):
    return F.conv2d(x, weight, bias, stride, padding, groups=groups)


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


def prepared(case, way: str, batch: int, device, precision: str):
    """(a round played in this way, its recorder or None)."""
    twice.conv2d = residual.conv2d = torchs_own if way == "plain" else OURS
    state, mover = begun(*case, batch, device, precision, way.startswith("recorded"))
    if "channels last" in way:
        hardware.channels_last(state.game)
    if way in COMPILED:
        state.game.generator.compile(mode=COMPILED[way])
        state.game.discriminator.compile(mode=COMPILED[way])
    if way == "plain":
        game = state.game.requires_grad_(True)
        data = state.data
        loop = Tutorial(game, data.fields["real"], batch) if case[0] == "DCGAN" else Eager(game, data, batch)
        return loop.round, None
    return lambda: whole_round(state, mover), mover.replayed


def one(name: str, case, way: str, batch: int, device, precision: str, least, rate: dict, goes: int) -> float | None:
    """Images per second, printed with the shares; None where it cannot run."""
    flops, bytes_, fastest = least
    where = f"{name:14s} {'fp32' if way == 'plain' else precision} batch {batch:4d} {way:24s}"
    try:
        act, recorder = prepared(case, way, batch, device, precision)
        for _ in range(5):  # what is recorded is so after four
            act()
        if way.startswith("recorded") and not getattr(recorder, "made", None):
            print(f"{where} could not be recorded")
            return None
        spent = timed(act, device, goes)
    except torch.OutOfMemoryError:
        print(f"{where} does not fit")
        return None
    except (RuntimeError, UserError) as error:
        print(f"{where} cannot run: {str(error).splitlines()[0][:100]}")
        return None
    finally:
        act = recorder = None
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    print(
        f"{where} {batch / spent:10,.0f} images/s, {flops / spent / rate[precision]:4.0%} of the {precision} peak, "
        f"{bytes_ / spent / rate['copy']:4.0%} of the bandwidth, × {spent / fastest:.2f} of the floor",
        flush=True,
    )
    return batch / spent


def main(device, quick: bool, sizes, batches: list[int], precisions: list[str], ways: list[str]) -> None:
    cases, goes = (QUICK, 1) if quick else (SIZES, 10)
    rate = rates(device, quick)
    print(f"torch {torch.__version__}, {hardware.machine(device)}")
    print(f"products {rate['fp32'] / 1e12:.2f} TFLOP/s in fp32, {rate['bf16'] / 1e12:.2f} in bf16; ", end="")
    print(f"copies {rate['copy'] / 1e9:,.0f} GB/s")
    for precision in precisions:
        for name in sizes:
            found = {}
            for n in batches:
                state, mover = begun(*cases[name], n, device, precision)
                whole_round(state, mover)
                least = floor(state, mover, rate)
                del state, mover
                for way in ways:
                    speed = one(name, cases[name], way, n, device, precision, least, rate, goes)
                    found[way, n] = speed or 0
            for n in batches:
                said = [f"{way} × {found[way, n] / found['eager', n]:.2f}" for way in ways if found.get(("eager", n))]
                print(f"{name:14s} {precision} batch {n}, of eager: {', '.join(said)}", flush=True)
            way, n = max(found, key=found.get)
            print(f"{name:14s} {precision} best: {way}, batch {n}, {found[way, n]:,.0f} images/s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tf32", action="store_true", help="in matrix products too, for fp32")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=SIZES)
    parser.add_argument("--batches", nargs="+", type=int)
    parser.add_argument("--precisions", nargs="+", default=["bf16"], choices=["bf16", "fp32"])
    parser.add_argument("--ways", nargs="+", default=[way for way in WAYS if way not in COMPILED], choices=WAYS)
    asked = parser.parse_args()
    if asked.tf32:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    main(
        hardware.pick_device(asked.device),
        asked.quick,
        asked.sizes,
        asked.batches or ([8] if asked.quick else [64, 256, 512]),
        asked.precisions,
        asked.ways,
    )
