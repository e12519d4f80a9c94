"""Networks of your own in a GAN of gansmith: any two nn.Modules, with the loss, the loop and the report of WGAN-GP.

python examples/own_networks.py
"""

from __future__ import annotations

from torch import nn

import gansmith as gs

LATENT, WIDTH = 32, 16


def generator() -> nn.Module:
    """(n, 32) noise to (n, 1, 8, 8) images in −1 … 1."""
    return nn.Sequential(
        nn.Unflatten(1, (LATENT, 1, 1)),
        *(nn.ConvTranspose2d(LATENT, 4 * WIDTH, 4), nn.BatchNorm2d(4 * WIDTH), nn.ReLU()),  # 4 × 4
        *(nn.Upsample(scale_factor=2), nn.Conv2d(4 * WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.ReLU()),
        *(nn.Conv2d(WIDTH, 1, 3, padding=1), nn.Tanh()),
    )


def discriminator() -> nn.Module:
    """(n, 1, 8, 8) images to (n, 1) raw scores: no sigmoid, and no batch norm, since WGAN-GP penalises each item."""
    return nn.Sequential(
        *(nn.Conv2d(1, WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(WIDTH, 4 * WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(16 * WIDTH, 1)),
    )


def main(steps: int = 1000, out: str | None = None, n: int = 300) -> None:
    own = {"generator": generator(), "discriminator": discriminator()}
    gan = gs.WGANGP(latent=LATENT, **own).fit("digits", steps=steps, out=out)
    print(gs.evaluate.compare("digits", gan, ["random", "pixels"], n=n, groups=0))
    if out is not None:  # modules are in no file, so they are passed again
        gan = gs.load(out, **own)
        print(gan.sample(4, seed=0).shape, "from", out)


if __name__ == "__main__":
    main(out="runs/own-networks")
