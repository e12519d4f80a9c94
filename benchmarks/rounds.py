"""Where the time of one training round goes, by kind of operator, against the floor of this machine.

    python benchmarks/rounds.py [--threads 2] [--precision auto] [--games DCGAN R3GAN] [--sizes 32 64]
    python benchmarks/rounds.py --formats
    python benchmarks/rounds.py --compile

The floor is the time that the round's matrix products alone would take: their FLOPs over the rate at which this machine
multiplies large matrices in the same precision, plus their bytes (each operand read once, each result written once)
over the rate at which it copies. Both rates are measured in the same run. Products are convolutions and matrix
products, forward, backward and twice backward, as the round calls them with torch's own convolutions. Rounds are timed
by the clock: the machine should do nothing else.

--formats  the same rounds in torch's own order of feature maps and with its own convolutions, side by side
--compile  the same rounds with torch.compile around both networks, and after how many of them it has paid for itself
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from math import prod
from pathlib import Path
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile

import gansmith as gs
from gansmith.data.kinds.images import Images
from gansmith.testing import begin, made_up
from gansmith.training import hardware
from gansmith.training.loop import Mover, play_round

BATCH = 64
PRODUCTS = {f"aten::{name}" for name in ("_convolution", "convolution_backward", "mm", "addmm", "bmm")}
KINDS = {  # kind -> parts of names of operators, the first that fits counts
    "step and average": ("adam", "optimizer", "lerp", "vector_norm"),
    "convolutions": ("conv",),
    "matrix products": ("mm", "linear", "matmul"),
    "norms": ("norm",),
    "activations": ("relu", "tanh", "sigmoid", "softplus", "threshold", "clamp"),
    "copies, casts": ("copy", "cat", "clone", "contiguous", "to", "fill", "zero", "pad", "slice", "strided"),
}


def begun(name: str, size: int, precision: str, *, arranged: bool = True, **settings):
    """(state, mover) of a game on pictures (3, size, size), one round played; arranged as training does, or not."""
    state = begin(getattr(gs, name), made_up((3, size, size), n=4 * BATCH), settings, 0)
    state.batch_size = BATCH
    if arranged:
        hardware.arrange(state.game, state.game.device, precision)
    mover = Mover(state, precision, 1)
    whole_round(state, mover)
    return state, mover


def torchs_own():
    """Inside, no slope of a convolution is written out on a CPU."""
    return patch("gansmith.networks.conv2d_gradfix.has_amx_bf16", lambda: False)


def whole_round(state, mover) -> None:
    play_round(state, mover)
    state.round += 1
    state.average.update(state.batch_size, state.samples)


def seconds(act, least: float = 1.0) -> float:
    """The least time of several goes: a machine is disturbed only upwards."""
    times = []
    while len(times) < 3 or sum(times) < least:
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times)


# --- the floor -------------------------------------------------------------------------------------------------------
def rates() -> dict:
    """FLOP/s of matrix products by precision ("fp32", "bf16"), bytes/s of copying ("copy"), the best of a few sizes."""
    found = {}
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        found[name] = 0.0
        for n in (512, 1024, 2048):
            a, b = torch.randn(n, n).to(kind), torch.randn(n, n).to(kind)
            found[name] = max(found[name], 2 * n**3 / seconds(lambda a=a, b=b: a @ b, 0.2))
    a = torch.ones(2**26)
    b = torch.ones(2**26)
    found["copy"] = 2 * 4 * len(a) / seconds(lambda: b.copy_(a), 0.2)
    return found


def products(events: list[dict]):
    """(FLOPs, numbers read and written, precision) of each matrix product among the events of a trace.

    At each place of the smaller map of a convolution every weight is used once, in all three directions.
    """
    for event in events:
        name, about = event["name"], event["args"]
        shapes, values = about["Input Dims"], about["Concrete Inputs"]
        if name == "aten::_convolution":
            x, w = shapes[:2]
            stride, pad, dilation = (json.loads(values[i]) for i in (3, 4, 5))
            turned = values[6] == "True"
            extra = json.loads(values[7])
            sides = zip(x[2:], w[2:], stride, pad, dilation, extra)
            if turned:
                sides = [(n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, d, e in sides]
            else:
                sides = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d, _ in sides]
            groups = int(values[8])
            out = [x[0], w[1] * groups if turned else w[0], *sides]
            flops = 2 * x[0] * prod(x[2:] if turned else sides) * prod(w)
            amount = prod(x) + prod(w) + prod(out)
        elif name == "aten::convolution_backward":
            slope, x, w = shapes[:3]
            small = x if values[7] == "True" else slope
            wanted = [given == "true" for given in values[10].strip("[]").lower().split(", ")]
            flops = 2 * small[0] * prod(small[2:]) * prod(w) * sum(wanted[:2])
            amount = sum(prod(slope) + prod(x) + prod(w) for one in wanted[:2] if one)
        else:
            a, b = [shape for shape in shapes if shape][-2:]  # addmm's first is what is added
            flops = 2 * prod(a) * b[-1]
            amount = prod(a) + prod(b) + prod(a[:-1]) * b[-1]
        yield flops, amount, "bf16" if about["Input type"][0] == "c10::BFloat16" else "fp32"


def floor(state, mover, rate: dict) -> tuple[float, float, float]:
    """(FLOPs of a round, bytes of its products, seconds that they would take at the machine's best)."""
    with torchs_own(), profile(activities=[ProfilerActivity.CPU], record_shapes=True) as seen:
        whole_round(state, mover)
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        seen.export_chrome_trace(str(trace))
        events = [event for event in json.loads(trace.read_text())["traceEvents"] if event.get("name") in PRODUCTS]
    size = {"bf16": 2, "fp32": 4}
    found = list(products(events))
    flops = sum(flops for flops, _, _ in found)
    moved = sum(amount * size[kind] for _, amount, kind in found)
    return flops, moved, sum(flops / rate[kind] for flops, _, kind in found) + moved / rate["copy"]


# --- what is printed -------------------------------------------------------------------------------------------------
def shares(state, mover, rounds: int = 2) -> Counter:
    """Kind -> share of the processor time of a round."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(rounds):
            whole_round(state, mover)
    found = Counter()
    for row in seen.key_averages():
        name = row.key.lower()
        known = (kind for kind, parts in KINDS.items() if any(part in name for part in parts))
        kind = next(known, "all else")
        found["all else" if name.startswith("autograd") else kind] += row.self_cpu_time_total
    total = sum(found.values())
    return Counter({kind: spent / total for kind, spent in found.items()})


def profiles(games, sizes, precision: str) -> None:
    rate = rates()
    print(f"matrix products {rate['fp32'] / 1e9:.0f} GFLOP/s in fp32, {rate['bf16'] / 1e9:.0f} in bf16; ", end="")
    print(f"copies {rate['copy'] / 1e9:.1f} GB/s, read and written")
    for name in games:
        for size in sizes:
            state, mover = begun(name, size, precision)
            spent = seconds(lambda s=state, m=mover: whole_round(s, m), 2.0)
            flops, _, least = floor(state, mover, rate)
            print(
                f"\n{name} {size}×{size}, batch {BATCH}, {precision}: {1000 * spent:.1f} ms a round, "
                f"{flops / 1e9:.1f} GFLOP, floor {1000 * least:.1f} ms = {least / spent:.0%}"
            )
            for kind, share in shares(state, mover).most_common():
                print(f"    {kind:18s} {share:6.1%}")


def side_by_side(one, other, goes: int = 9) -> tuple[float, float, float]:
    """(seconds of the one, of the other, ratio): the least of goes in turn, as a machine is disturbed only upwards."""
    times = [[], []]
    for _ in range(goes):
        for k, act in enumerate((one, other)):
            start = time.perf_counter()
            act()
            times[k].append(time.perf_counter() - start)
    a, b = map(min, times)
    return a, b, a / b


def formats(games, sizes, precision: str) -> None:
    for name in games:
        for size in sizes:
            ours = begun(name, size, precision)
            with torchs_own():
                plain = begun(name, size, precision, arranged=False)

            def as_torch(plain=plain):
                with torchs_own():
                    whole_round(*plain)

            a, b, ratio = side_by_side(as_torch, lambda o=ours: whole_round(*o))
            print(f"{name} {size}×{size} {precision}: torch's {1000 * a:.1f} ms, ours {1000 * b:.1f} ms, × {ratio:.2f}")


def compiling(games, sizes, precision: str) -> None:
    for name in games:
        for size in sizes:
            plain, compiled = begun(name, size, precision), begun(name, size, precision)
            compiled[0].game.generator.compile()
            compiled[0].game.discriminator.compile()
            start = time.perf_counter()
            try:
                for _ in range(3):
                    whole_round(*compiled)
            except RuntimeError as error:
                print(f"{name} {size}×{size} {precision}: cannot be compiled: {str(error).splitlines()[0][:120]}")
                continue
            cost = time.perf_counter() - start
            a, b, ratio = side_by_side(lambda p=plain: whole_round(*p), lambda c=compiled: whole_round(*c))
            pays = f"paid after {cost / (a - b):,.0f} rounds" if a > b else "never pays"
            print(
                f"{name} {size}×{size} {precision}: {1000 * a:.1f} ms, compiled {1000 * b:.1f} ms, × {ratio:.2f}; "
                f"{cost:.0f} s to compile, {pays}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", nargs="+", default=["DCGAN", "R3GAN", "WGANGP"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[32, 64])
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--formats", action="store_true")
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.set_flush_denormal(True)
    device = torch.device("cpu")
    chosen = hardware.pick_precision(asked.precision, device, Images)
    print(f"torch {torch.__version__}, {hardware.machine(device)}, {asked.threads} threads")
    show = compiling if asked.compile else formats if asked.formats else profiles
    show(asked.games, asked.sizes, chosen)
