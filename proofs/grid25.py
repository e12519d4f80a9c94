"""25 Gaussians in the plane, default settings, a minute of two cores: does the generator find all of them?

    python proofs/grid25.py [--minutes 0.9] [--seeds 3]

Protocol (PacGAN; gansmith.evaluate.grid_modes): means {−4, −2, 0, 2, 4}², sd 0.05, 100,000 points, 2,500 samples; a
sample is of high quality within 3 sd of its nearest mode (a perfect sampler: 98.9 %), a mode is found if one such
sample fell on it. Control: the same game without its penalties (γ = 0), which must miss the mark.
"""

import argparse

import numpy as np
from record import record

import gansmith as gs
from gansmith.evaluate import grid_modes


def play(seed: int, minutes: float, **settings):
    gan = gs.R3GAN(**settings).fit("grid25", minutes=minutes, seed=seed)
    return grid_modes(gan.sample(2500, seed=seed + 100)), gan.trained["rounds"]


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=0.95)
    parse.add_argument("--seeds", type=int, default=3)
    asked = parse.parse_args()
    found = [play(seed, asked.minutes) for seed in range(asked.seeds)]
    for modes, rounds in found:
        print(f"{rounds} rounds: {modes.modes} modes, {modes.high_quality:.3f}, reverse KL {modes.reverse_kl:.4f}")
    without, _ = play(0, asked.minutes, gamma=0.0)
    mean = {
        name: float(np.mean([getattr(m, name) for m, _ in found])) for name in ("modes", "high_quality", "reverse_kl")
    }

    def good(modes, high_quality, reverse_kl):
        return modes >= 24.5 and high_quality >= 0.85 and reverse_kl <= 0.02

    control = {k: float(getattr(without, k)) for k in mean}
    record(
        "grid25",
        passed=good(**mean) and not good(**control),
        **mean,
        each=[[m.modes, round(m.high_quality, 4), round(m.reverse_kl, 4), rounds] for m, rounds in found],
        floor={"high_quality_ceiling": found[0][0].high_quality_ceiling, "kl_floor": 24 / 5000},
        goal="modes >= 24.5, high quality >= 0.85, reverse KL <= 0.02",
        control={"what": "gamma = 0", **control},
        protocol=f"R3GAN defaults, {asked.minutes} min each, 2,500 samples within 3 sd",
        seed=list(range(asked.seeds)),
    )


if __name__ == "__main__":
    main()
