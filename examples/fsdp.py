"""Players too large for one card: their weights, gradients and optimisers sharded over ranks by `fully_shard`.

    python examples/fsdp.py                                       one process, nothing sharded
    torchrun --nproc-per-node 2 examples/fsdp.py                  the same game, each rank holding half: the same result

gansmith's own loop keeps each player whole on every rank, which is the faster way as long as it fits (docs/scale.md).
This is a loop of its own, of gansmith's networks, losses and penalties. Two things are unlike other uses of FSDP:
- A penalty differentiates D twice. The first time must leave its weights gathered, since the second needs them:
  `set_reshard_after_backward`.
- Chance is drawn for the whole batch on every rank, and each takes its rows, so that the result does not depend on how
  many there are.
"""

from __future__ import annotations

import argparse
import os
from itertools import chain

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from gansmith import losses, penalties
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator

LATENT, BATCH = 8, 64


def sharded(network: nn.Module) -> nn.Module:
    """Each hidden layer on its own, so that only one is whole at a time; then what is left of the network."""
    if dist.is_initialized():
        card = "cuda" if torch.cuda.is_available() else "cpu"
        mesh = init_device_mesh(card, (dist.get_world_size(),))
        for layer in [m for m in network.layers if isinstance(m, nn.Linear)]:
            fully_shard(layer, mesh=mesh)
        fully_shard(network, mesh=mesh)
    return network


def rows(batch: Tensor) -> Tensor:
    """This rank's rows of the whole batch."""
    return batch.chunk(dist.get_world_size())[dist.get_rank()] if dist.is_initialized() else batch


def keep_gathered(network: nn.Module, keep: bool) -> None:
    """Whether weights stay gathered after they were differentiated."""
    if isinstance(network, FSDPModule):
        network.set_reshard_after_backward(not keep)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    args = parser.parse_args()
    if "RANK" in os.environ:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)  # the same first weights everywhere
    generator = sharded(MLPGenerator(LATENT, (2,), 64, 3).to(device))
    discriminator = sharded(MLPDiscriminator((2,), 64, 3).to(device))
    of_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.99))
    of_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.0, 0.99))
    rng = torch.Generator().manual_seed(1)

    for _ in range(args.steps):
        angle = 2 * torch.pi * torch.rand(BATCH, 1, generator=rng)
        real = rows(torch.cat([angle.cos(), angle.sin()], 1)).to(device)  # a circle
        z = rows(torch.randn(BATCH, LATENT, generator=rng)).to(device)
        with torch.no_grad():
            fake = generator(z)
        keep_gathered(discriminator, True)
        loss = losses.non_saturating.discriminator(discriminator(real), discriminator(fake)) + penalties.r1(
            discriminator, real
        )
        keep_gathered(discriminator, False)
        of_d.zero_grad()
        loss.backward()
        of_d.step()

        discriminator.requires_grad_(False)
        loss = losses.non_saturating.generator(discriminator(generator(z)), None)
        of_g.zero_grad()
        loss.backward()
        of_g.step()
        discriminator.requires_grad_(True)

    with torch.no_grad():
        made = generator(torch.randn(1000, LATENT, generator=torch.Generator().manual_seed(2)).to(device))
    held = sum(
        (p.to_local() if hasattr(p, "to_local") else p).numel()
        for p in chain(generator.parameters(), discriminator.parameters())
    )
    if not dist.is_initialized() or dist.get_rank() == 0:
        print(f"weights on this rank {held}, radius {made.norm(dim=1).mean():.5f}, x {made[:, 0].mean():+.5f}")
    if dist.is_initialized():
        dist.barrier()  # nobody leaves while another still talks to it
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
