"""VAE-GAN beside a VAE on MNIST at 14 pixels: sharper reconstructions, at a price in pixels.

    GANSMITH_DATA=… python proofs/vae_gan.py [--steps 6000]

Sharpness is the mean variance of a picture's Laplacian. The check, on 2,000 test digits: that of VAE-GAN's
reconstructions is within 35 % of the data's, and the VAE, whose normal likelihood is a squared error, wins in squared
error per pixel. Control: the VAE itself, whose sharpness must be further from the data's.
"""

import argparse

import numpy as np
from gallery import hang
from record import record

import gansmith as gs


def sharpness(pictures: np.ndarray) -> float:
    x = pictures.astype(np.float64) / 255
    laplacian = (
        x[:, :, :-2, 1:-1] + x[:, :, 2:, 1:-1] + x[:, :, 1:-1, :-2] + x[:, :, 1:-1, 2:] - 4 * x[:, :, 1:-1, 1:-1]
    )
    return float(laplacian.var((1, 2, 3)).mean())


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=6000)
    asked = parse.parse_args()
    data, test = gs.read("mnist", size=14), gs.read("mnist_test", size=14)
    pictures = np.asarray(test.fields["real"][:2000])

    def measure(game):
        game.fit(data, steps=asked.steps, val=0, seed=0)
        again = game.reconstruct(pictures)
        error = float(np.square((again.astype(float) - pictures) / 255).mean())
        return game, again, {"sharpness": sharpness(again) / sharpness(pictures), "error": error}

    gan, sharp, found = measure(gs.VAEGAN(width=32, latent=20, weight=1e-3, decay=0.5))
    baseline, soft, vae = measure(gs.VAE(latent=20, likelihood="normal", decay=0.5))
    hang("vae_gan", np.concatenate([pictures[:16], sharp[:16], soft[:16], gan.sample(16, seed=1)]), columns=16)
    gates = {name: float(np.mean([row[name] for row in gan.history])) for name in gan.history[0] if "gate" in name}

    off = {name: abs(n["sharpness"] - 1) for name, n in (("gan", found), ("vae", vae))}
    record(
        "vae_gan",
        passed=off["gan"] <= 0.35 and off["gan"] < off["vae"] and vae["error"] < found["error"],
        **found,
        gates_open=gates,
        floor={"sharpness of the data": 1.0, "error of the mean digit": float((pictures / 255).var(0).mean())},
        goal="sharpness within 35 % of the data's, the VAE further off; the VAE's squared error smaller",
        control={"what": "the VAE, as many rounds", **vae},
        protocol=f"{gan!r} beside {baseline!r}, MNIST at 14 pixels, {asked.steps} rounds, 2,000 test digits",
        seed=0,
    )


if __name__ == "__main__":
    main()
