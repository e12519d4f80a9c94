"""Operations of networks as they are written here, beside the plainer or the fused way, forth and back on a CPU.

    python benchmarks/operations.py [--repeats 15]

Processor time of one thread, the least of so many turns, ours and the other in turn, in fp32 and bf16. Ours is what
`gansmith.networks` calls; the other is what stood there before, or what torch offers for it. The gradient that comes
back is dense, as a layer behind gives it: that of a sum, which is one number expanded, some ways back take lightly.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.networks.convolutional import repeat
from gansmith.networks.minibatch import MinibatchDeviation
from gansmith.networks.style import filtered
from gansmith.networks.transformer import attended


def expanded(x: Tensor) -> Tensor:
    """Each place twice along both axes, by expanding."""
    n, c, h, w = x.shape
    return x[:, :, :, None, :, None].expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w)


def sliced(x: Tensor) -> Tensor:
    """[1, 3, 3, 1] / 8 along both axes, by sums of slices."""
    x = F.pad(x, [1] * 4)
    for axis in (2, 3):
        a, b, c, d = (x.narrow(axis, i, x.shape[axis] - 3) for i in range(4))
        x = (a + d) * 0.125 + (b + c) * 0.375
    return x


OPERATIONS = {  # what -> (ours, the other, shape)
    "repetition, 32 × 64 × 14 × 14": (lambda x: repeat(x, 2, (28, 28)), expanded, (32, 64, 14, 14)),
    "repetition, 32 × 16 × 14 × 14": (lambda x: repeat(x, 2, (28, 28)), expanded, (32, 16, 14, 14)),
    "StyleGAN2's filter, 32 × 16 × 30 × 30": (lambda x: filtered(x, 1), sliced, (32, 16, 30, 30)),
    "attention, 64 × 2 × 17 × 32": (
        lambda x: attended(x, x, x), lambda x: F.scaled_dot_product_attention(x, x, x), (64, 2, 17, 32)
    ),
    "attention, 16 × 2 × 256 × 32": (
        lambda x: attended(x, x, x), lambda x: F.scaled_dot_product_attention(x, x, x), (16, 2, 256, 32)
    ),
    "deviation in a group, 8 × 4 × 2048": (
        MinibatchDeviation(4).statistic, lambda x: (x.var(1, correction=0) + 1e-8).sqrt().mean(1), (8, 4, 2048)
    ),
}  # fmt: skip


def seconds(operation, x: Tensor) -> float:
    """Processor time of one way forth and back."""
    with torch.no_grad():
        slope = torch.randn_like(operation(x).contiguous())
    start = time.process_time()
    operation(x).backward(slope)
    taken = time.process_time() - start
    x.grad = None
    return taken


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--repeats", type=int, default=15)
    asked = parse.parse_args()
    torch.set_num_threads(1)
    for what, (ours, other, shape) in OPERATIONS.items():
        for precision in (torch.float32, torch.bfloat16):
            x = torch.randn(shape, dtype=precision, requires_grad=True)
            turns = [(seconds(ours, x), seconds(other, x)) for _ in range(asked.repeats)]
            mine, theirs = (1000 * min(side) for side in zip(*turns, strict=True))
            said = f"{what}, {str(precision)[6:]}: {mine:.2f} ms, the other {theirs:.2f}"
            print(f"{said}, {theirs / mine:.1f} times as long")


if __name__ == "__main__":
    main()
