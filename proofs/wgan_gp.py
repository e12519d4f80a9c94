"""WGAN-GP: 25 Gaussians with the toys' λ, and a critic whose reading falls as the generator learns.

    python proofs/wgan_gp.py [--steps 5000]

The check: with λ = 0.1 at least 23 of 25 modes and half of the samples of high quality within 5,000 rounds; the
critic's estimate of the distance on digits, smoothed, falls by half or more. Control: λ = 0, an unbounded critic.
What a critic at its optimum reads in one dimension is in tests/gans/test_wgan_gp.py.
"""

import argparse

import numpy as np
from record import record

import gansmith as gs
from gansmith.evaluate import grid_modes


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=5000)
    asked = parse.parse_args()

    def play(penalty, seed=0, steps=asked.steps):
        gan = gs.WGANGP(penalty=penalty, width=128, latent=2, learning_rate=1e-3, decay=0.5)
        return grid_modes(gan.fit("grid25", steps=steps, batch_size=256, seed=seed).sample(2500, seed=1))

    found, control = play(0.1), play(0.0, steps=asked.steps // 5)
    digits = gs.WGANGP(width=32, learning_rate=5e-4, discriminator_steps=5).fit("digits", steps=600)
    reading = np.array([row["discriminator/distance"] for row in digits.history])
    early, late = reading[2:8].max(), reading[-10:].mean()

    def good(modes):
        return modes.modes >= 23 and modes.high_quality >= 0.5

    record(
        "wgan_gp",
        passed=good(found) and not good(control) and late <= early / 2,
        modes=found.modes,
        high_quality=found.high_quality,
        reverse_kl=found.reverse_kl,
        discriminator_on_digits={"early": float(early), "late": float(late)},
        floor={"high_quality_ceiling": found.high_quality_ceiling, "kl_floor": found.kl_floor},
        goal="modes >= 23, high quality >= 0.5; the critic's reading halves",
        control={
            "what": "penalty = 0, a fifth of the rounds",
            "modes": control.modes,
            "high_quality": control.high_quality,
        },
        protocol=f"WGANGP(penalty=0.1, width=128, latent=2), batch 256, {asked.steps} rounds, 2,500 samples; "
        "digits 600 rounds",
        seed=0,
    )


if __name__ == "__main__":
    main()
