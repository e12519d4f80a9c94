"""Better samples from a model that gansmith has never seen: here a GAN trained by a plain PyTorch loop.

    python examples/refine_foreign_model.py

`Refiner` needs a generator, the discriminator's scores, and real samples that neither network was trained on.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

import gansmith as gs
from gansmith.data.toys import TOYS
from gansmith.refine import Refiner, from_noise


def perceptron(inputs: int, outputs: int) -> nn.Module:
    hidden = [nn.Linear(inputs, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Linear(64, outputs))


def train(real: torch.Tensor, steps: int) -> tuple[nn.Module, nn.Module]:
    """Anybody's GAN: no line of it knows of gansmith."""
    torch.manual_seed(0)
    generator, discriminator = perceptron(4, 2), perceptron(2, 1)
    of_g = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.99))
    of_d = torch.optim.Adam(discriminator.parameters(), 1e-3, betas=(0.5, 0.99))
    for _ in range(steps):
        x, fake = real[torch.randint(len(real), (128,))], generator(torch.randn(128, 4))
        loss = softplus(-discriminator(x)).mean() + softplus(discriminator(fake.detach())).mean()
        of_d.zero_grad(), loss.backward(), of_d.step()
        loss = softplus(-discriminator(fake)).mean()
        of_g.zero_grad(), loss.backward(), of_g.step()
    return generator, discriminator


def main(steps: int = 3000) -> None:
    ring = TOYS["ring8"]
    data = gs.read("ring8")
    items = data.raw(np.random.default_rng(0).permutation(len(data)))
    seen, held_out = items[:-2000], items[-2000:]
    generator, discriminator = train(torch.from_numpy(seen), steps)

    plain = from_noise(generator, latent=4)  # n, seed -> n samples
    refiner = Refiner(plain, discriminator, real=held_out)
    print(refiner.report["verdict"])
    for name, samples in {"plain": plain(2000, seed=1), "refined": refiner.sample(2000, seed=1)}.items():
        modes = gs.evaluate.grid_modes(np.asarray(samples), ring.means, sd=ring.sd)
        print(f"{name:8} {modes.modes} of 8 modes, {100 * modes.high_quality:.0f} % of the samples near one")


if __name__ == "__main__":
    main()
