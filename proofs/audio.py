"""Sound as a kind of data: papers that know nothing of sound, on spoken digits.

    GANSMITH_DATA=folder python proofs/audio.py [--game wgan-gp|r3gan] [--minutes 10] [--batch 16]

(fsdd_wav.zip in the folder.) The check: after 10 minutes of two cores, with sounds of 8,192 samples and width 16, the
Fréchet distance of the made sounds to the data, on means and deviations of 40 log-mel bands, is below 100. Controls:
white noise as loud as the data, which must fail, and noise under the envelope of speech, which knows when a voice
speaks but not what a voice is. Floors: half of the data against the other half; one digit against the other nine.

WGAN-GP as published, 5 moves of the critic on 64 sounds, takes 8 s a round on two slow cores, and 67 rounds of it leave
a distance of 820: here it is 2 moves on 16, at ten times the step.
"""

import argparse

import numpy as np
from record import record
from spoken_digits import LENGTH, distance, spoken_digits, yardsticks

from gansmith.gans import GAMES

GOAL = 100
FEW_ROUNDS = {"wgan-gp": {"discriminator_steps": 2, "learning_rate": 1e-3}, "r3gan": {}}


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--game", default="wgan-gp", choices=["wgan-gp", "r3gan"])
    parse.add_argument("--minutes", type=float, default=10)
    parse.add_argument("--batch", type=int, default=16)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    data, digits = spoken_digits()
    real = data.raw(np.arange(len(data)))
    beside = yardsticks(real, digits)
    gan = GAMES[asked.game](width=16, **FEW_ROUNDS[asked.game])
    gan.fit(data, minutes=asked.minutes, batch_size=asked.batch, seed=asked.seed, val=0, device="cpu")
    made = gan.sample(len(real), seed=1)
    found = distance(real, made)
    record(
        "audio" if asked.game == "wgan-gp" else f"audio-{asked.game}",
        passed=found < GOAL < beside["control"]["white_noise"],
        distance=found,
        rounds=gan.trained["rounds"],
        minutes=gan.trained["seconds"] / 60,
        field={name: float(value) for name, value in data.spec.measures(real, made).items()},
        goal=f"Fréchet distance on 40-band log-mel means and deviations < {GOAL}",
        **beside,
        protocol=f"{gan!r}, batch {asked.batch}, {asked.minutes:g} minutes on the CPU; FSDD, {len(real):,} sounds of "
        f"{LENGTH:,} samples at {data.spec.rate:,} Hz; as many made",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
