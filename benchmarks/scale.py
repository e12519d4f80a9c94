"""What docs/scale.md says of 8, 64 and 512 cards, computed: the efficiency to expect of three games, and its limits.

    python benchmarks/scale.py [--reached 0.4] [--latency 10e-6] [--link 0.8]

A round is played once on tensors without memory, which counts its multiplications, its gradients and its batch norms;
the rest is arithmetic on the numbers below. Nothing is timed and no card is needed.

    round = compute + Σ over moves (2 (N − 1) / N · 4 bytes · parameters / bandwidth) + collectives · 2 log₂ N · latency

with nothing overlapped, as the loop has it for players that move in turn. The batch of each card stays what it is.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from math import log2
from unittest import mock

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.data.kinds.images import Images

PEAK = 989e12  # bf16 multiplications and additions a second, dense; memory 80 GB: NVIDIA's data sheet of the H100 SXM
MEMORY = 80e9
INSIDE = 450e9  # bytes a second and direction of NVLink among the 8 cards of a machine: the same
NETWORKS = {"InfiniBand": 8 * 50e9, "Ethernet": 12.5e9}  # of a machine: 8 × 400 Gb/s (DGX H100 data sheet); 100 Gb/s
CARDS = (8, 64, 512)
GAMES = {  # name -> game, shape, items a card
    "DCGAN 64×64": (gs.DCGAN(width=64), (3, 64, 64), 64),
    "R3GAN 256×256": (gs.R3GAN(body="residual", width=96, blocks=2), (3, 256, 256), 16),
    "R3GAN 256×256, wide": (gs.R3GAN(body="residual", width=896, blocks=2), (3, 256, 256), 8),
}


class Whole(nullcontext):
    """In place of the counter's tracker of modules, whose hooks do not go with the gradients of penalties."""

    parents = frozenset(["Global"])


class Norms(TorchFunctionMode):
    """Counts batch norms in training, and the numbers they must agree on."""

    def __init__(self):
        super().__init__()
        self.count = self.channels = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is F.batch_norm and (kwargs or {}).get("training", args[5] if len(args) > 5 else False):
            self.count += 1
            self.channels += args[0].shape[1]
        return function(*args, **(kwargs or {}))


def counted(game, shape, items: int) -> dict:
    """Parameters of all players, floating-point operations, moves, bytes of gradients and batch norms of a round."""
    with torch.device("meta"):
        game.build(Images(shape))
    game.spec = Images(shape)
    game.to("meta").train()
    batch = Batch(real=torch.empty(items, *shape, device="meta"), index=torch.arange(items))
    players = {name: [p for module in modules for p in module.parameters()] for name, modules in game.players().items()}
    size = {name: sum(p.numel() for p in parameters) for name, parameters in players.items()}
    moves = sent = 0
    # Autocast knows nothing of tensors without memory, and changes no count.
    plain = mock.patch.multiple(torch, autocast=lambda *_, **__: nullcontext(), is_autocast_enabled=lambda _: False)
    flops = FlopCounterMode(display=False)
    flops.mod_tracker = Whole()
    with plain, flops, Norms() as norms:
        for turn in game.turns():
            for name, parameters in players.items():
                for p in parameters:
                    p.requires_grad_(name in turn.movers)
            for _ in range(turn.times(1000) if callable(turn.times) else turn.times):
                said = turn.loss(batch)
                for name in turn.movers:
                    terms = said[name] if len(turn.movers) > 1 else said
                    torch.autograd.grad(sum(terms.values()), players[name], retain_graph=True, allow_unused=True)
                    moves, sent = moves + 1, sent + 4 * size[name]
    return {
        "parameters": sum(size.values()), "flops": flops.get_total_flops(), "moves": moves, "sent": sent,
        "norms": norms.count, "channels": norms.channels,
        "held": 16 * sum(size.values()) + 4 * size["generator"],  # weights, gradients, Adam's two; G's average
    }  # fmt: skip


def seconds(found: dict, cards: int, network: float, args) -> tuple[float, float, float]:
    """(compute, sending, waiting for each other) of a round."""
    compute = found["flops"] / (PEAK * args.reached)
    rate = args.link * (INSIDE if cards <= 8 else min(INSIDE, network))
    statistics = 2 * 4 * found["channels"] * cards  # gathered forwards; summed backwards
    sending = 2 * (cards - 1) / cards * (found["sent"] + statistics) / rate
    collectives = found["moves"] + 2 * found["norms"] + 1  # one to agree on time and on stopping
    return compute, sending, collectives * 2 * log2(cards) * args.latency


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reached", type=float, default=0.4, help="share of PEAK that a round reaches on one card")
    parser.add_argument("--latency", type=float, default=10e-6, help="seconds of one step of a collective")
    parser.add_argument("--link", type=float, default=0.8, help="share of its bandwidth that a link reaches")
    args = parser.parse_args()
    heads = ["game", "parameters", "a card's batch", "a round: operations, time", "network", *CARDS]
    print("|", *(f"{head} |" for head in heads))
    print("| --- " * len(heads) + "|")
    for name, (game, shape, items) in GAMES.items():
        found = counted(game, shape, items)
        for network, rate in NETWORKS.items():
            cells = []
            for cards in CARDS:
                compute, sending, waiting = seconds(found, cards, rate, args)
                share = compute / (compute + sending + waiting)
                cells.append(f"{100 * share:.0f} % ({1e3 * sending:.2g} + {1e3 * waiting:.2g} ms)")
            about = (
                f"{found['parameters'] / 1e6:.3g} M | {items} | {found['flops'] / 1e12:.3g} T, {1e3 * compute:.3g} ms"
            )
            print(f"| {name} | {about} | {network} | " + " | ".join(cells) + " |")
        print(f"<!-- {name}: {found['norms']} batch norms, {found['held'] / 1e9:.3g} GB held of {MEMORY / 1e9:.0f} -->")


if __name__ == "__main__":
    main()
