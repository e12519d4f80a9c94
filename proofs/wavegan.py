"""WaveGAN and SpecGAN on spoken digits, beside each other.

    GANSMITH_DATA=folder python proofs/wavegan.py [--game wavegan specgan] [--minutes 25] [--width 16] [--conditional]
        [--device cpu]

(fsdd_wav.zip in the folder.) The check, of each game in its budget: the Fréchet distance of the made sounds to the
data, on means and deviations of 40 log-mel bands, is below 35, about what noise under the envelope of speech has; no
digit is rarer than 3 % among them, read by a classifier of log-mel spectrograms that learnt from the data. Beside it
that classifier's inception score, of which 10 is the most. Controls, which must fail the same checks: white noise, and
noise under the envelope of speech. Each game has an entry of its own. With --conditional the networks are told the
digits, and as many sounds are asked of each: the check is the same, and beside it stands the share that is read as the
digit that was asked for. What is not given is the game's default: on a CPU 2 moves of the critic on 8 sounds at ten
times the paper's step, since a round of the paper's, 5 moves on 64, takes two cores 8 seconds, and 67 of them leave a
distance of 820. On a GPU (--device cuda --width 64) it is the paper's, and the goals are 12 and an inception score of
4. Four sounds of each go to docs/gallery/ (CC BY-SA 4.0, as the data).
"""

import argparse
import sys

import numpy as np
from gallery import GALLERY
from record import record
from spoken_digits import LENGTH, distance, speech_noise, spoken_digits, white_noise, yardsticks

from gansmith.evaluate import inception_score
from gansmith.evaluate.classifier import classifier
from gansmith.gans import GAMES

RAREST = 0.03  # share of a digit
GOALS = {"cpu": (35, 0.0), "cuda": (12, 4.0)}  # (Fréchet distance below, inception score from)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--game", nargs="+", default=["wavegan", "specgan"], choices=["wavegan", "specgan"])
    parse.add_argument("--minutes", type=float, default=25)
    parse.add_argument("--width", type=int, default=16)
    parse.add_argument("--conditional", action="store_true", help="by digit")
    parse.add_argument("--device", default="cpu", choices=sorted(GOALS))
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    most, least = GOALS[asked.device]
    by_digit = "-by-digit" if asked.conditional else ""
    data, digits = spoken_digits()
    real = data.raw(np.arange(len(data)))
    beside = yardsticks(real, digits)
    order = np.random.default_rng(0).permutation(len(real))
    learnt, unseen = order[500:], order[:500]
    reader = classifier(data.spec.pictures(real[learnt]), digits[learnt], seed=asked.seed)
    right = reader.accuracy(data.spec.pictures(real[unseen]), digits[unseen])

    def read(sounds: np.ndarray, wanted: np.ndarray | None = None) -> dict[str, float]:
        sure = reader.probabilities(data.spec.pictures(sounds))
        said = sure.argmax(1)
        found = {
            "inception_score": float(inception_score(sure, splits=1)[0]),
            "rarest_digit": float((np.bincount(said, minlength=10) / len(sounds)).min()),
        }
        return found if wanted is None else found | {"read_as_asked": float((said == wanted).mean())}

    def play(name: str) -> dict:
        gan = GAMES[name](width=asked.width, latent=64, average_half_life=5000, conditional=asked.conditional)
        gan.fit(data, minutes=asked.minutes, seed=asked.seed, val=0, device=asked.device)
        wanted = np.arange(len(real)) % 10 if asked.conditional else None
        made = gan.sample(len(real), seed=1, label=None if wanted is None else [str(digit) for digit in wanted])
        if asked.device == "cpu":
            data.spec.write(made[:4], GALLERY / f"digits_{name}{by_digit}.wav")
        spent = {"game": repr(gan), "rounds": gan.trained["rounds"], "minutes": gan.trained["seconds"] / 60}
        print(name, found := {"distance": distance(real, made), **read(made, wanted), **spent}, flush=True)
        return found

    def good(numbers: dict) -> bool:
        likely = numbers["inception_score"] >= least
        return numbers["distance"] < most and numbers["rarest_digit"] >= RAREST and likely

    noises = {"white_noise": white_noise(real), "speech_noise": speech_noise(real)}
    beside["control"]["read"] = {name: read(noise) for name, noise in noises.items()}
    fails = {
        name: not good({"distance": beside["control"][name], **beside["control"]["read"][name]}) for name in noises
    }
    missed = 0
    for name in asked.game:
        found = play(name)
        try:
            record(
                f"{name}{by_digit}" if asked.device == "cpu" else f"{name}-on-a-gpu{by_digit}",
                passed=good(found) and all(fails.values()),
                **found,
                reader={"right for unseen sounds": right, "of the data": read(real)},
                goal=f"Fréchet distance on 40-band log-mel means and deviations < {most}, no digit under {RAREST:.0%}"
                + (f", inception score >= {least:g}" if least else ""),
                floor=beside["floor"],
                control=beside["control"] | {"fails": fails},
                protocol=f"{asked.minutes:g} minutes on {asked.device}; FSDD, {len(real):,} "
                f"sounds of {LENGTH:,} samples at {data.spec.rate:,} Hz; as many made; the reader learnt from "
                f"{len(learnt):,}",
                seed=asked.seed,
            )
        except SystemExit as end:  # the other game is played all the same
            missed = end.code
    sys.exit(missed)


if __name__ == "__main__":
    main()
