"""StyleGAN2 on MNIST: all digits, coarse layers that decide which, and truncation.

    GANSMITH_DATA=… python proofs/stylegan2.py [--minutes 10] [--width 16] [--picture out.png]

A classifier of digits reads 5,000 samples: the divergence KL(shares ‖ 1/10) is at most 0.2. Of pairs of samples, the
first keeps its digit less often when it takes the other's styles in its coarse layers than in its fine ones, where both
halves have as many layers. With ψ = 0 all samples are one picture. Beside it, for as many minutes, the paper's linear
output; coverage of test digits by 2,000 samples, in the classifier's features, says how well either did. Controls: one
sample 5,000 times, whose divergence is log 10 = 2.3; and the untrained generator, read by the same classifier.
"""

import argparse

import numpy as np
import torch
from record import record

import gansmith as gs
from gansmith.evaluate import density_coverage
from gansmith.evaluate.classifier import classifier

COUNT = 5000


def divergence(digits: np.ndarray) -> float:
    """KL(shares of the digits ‖ even), in nats."""
    share = np.bincount(digits, minlength=10) / len(digits)
    return float(sum(p * np.log(10 * p) for p in share if p))


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=10, help="of each of two trainings")
    parse.add_argument("--width", type=int, default=16)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--picture", help="write samples, and a table of mixed styles, as a sheet to this .png")
    asked = parse.parse_args()
    train, test = gs.read("mnist").fields, gs.read("mnist_test").fields
    judge = classifier(np.asarray(train["real"][:20_000]), train["label"][:20_000])
    seen = judge(np.asarray(test["real"][:2000]))

    def read(pictures: np.ndarray) -> np.ndarray:
        return judge.probabilities(pictures).argmax(1)

    def covered(pictures: np.ndarray) -> float:
        return float(density_coverage(seen, judge(pictures[:2000]), k=5).coverage)

    def played(output: str, **budget) -> gs.StyleGAN2:
        gan = gs.StyleGAN2(width=asked.width, output=output)
        return gan.fit(np.asarray(train["real"]), seed=asked.seed, val=0, device="cpu", **budget)

    untrained = divergence(read(played("tanh", steps=1).sample(COUNT, seed=1)))
    gan, linear = (played(output, minutes=asked.minutes) for output in ("tanh", "linear"))
    made, plain = gan.sample(COUNT, seed=1), linear.sample(COUNT, seed=1)
    digits = read(made)
    uneven, coverage = divergence(digits), covered(made)
    one, other = gan.styles(1000, seed=2), gan.styles(1000, seed=3)
    half = one.shape[1] // 2
    before = read(gan.synthesize(one))
    kept = {
        "coarse": float((read(gan.synthesize(torch.cat([other[:, :half], one[:, half:]], 1))) == before).mean()),
        "fine": float((read(gan.synthesize(torch.cat([one[:, :half], other[:, half:]], 1))) == before).mean()),
    }
    flat = gan.sample(50, seed=4, psi=0.0)
    one_picture = bool((flat == flat[:1]).all())
    beside = {"divergence": divergence(read(plain)), "coverage": covered(plain), "rounds": linear.trained["rounds"]}
    print(uneven, coverage, kept, gan.trained["rounds"], "linear:", beside, flush=True)
    if asked.picture:
        sheet(gan, made, half, asked.picture)
    record(
        "stylegan2",
        passed=uneven <= 0.2 and kept["coarse"] < kept["fine"] and one_picture,
        divergence=uneven,
        coverage=coverage,
        linear=beside,
        digit_kept=kept,
        one_picture_without_spread=one_picture,
        shares=[float(share) for share in np.bincount(digits, minlength=10) / COUNT],
        rounds=gan.trained["rounds"],
        goal="divergence of the digits' shares <= 0.2; others' coarse styles change the digit more often than fine "
        "ones; psi = 0: one picture",
        floor={
            "divergence of the data": divergence(np.asarray(train["label"])),
            "coverage by the data": covered(np.asarray(train["real"][-2000:])),
        },
        control={"one sample, many times": divergence(np.repeat(digits[:1], COUNT)), "untrained": untrained},
        protocol=f"{gan!r}, MNIST at 28 pixels, {asked.minutes:g} minutes each, batch 32; {COUNT} samples, 1,000 pairs",
        seed=asked.seed,
    )


def sheet(gan, made: np.ndarray, half: int, path: str) -> None:
    """Eight rows of samples; then rows of equal coarse styles and columns of equal fine ones."""
    from gansmith.data.preview import grid
    from gansmith.data.write import save_picture

    rows, columns = gan.styles(6, seed=5), gan.styles(12, seed=6)
    table = [torch.cat([a[:half], b[half:]]) for a in rows for b in columns]
    save_picture(grid(np.concatenate([made[:96], gan.synthesize(torch.stack(table))]), columns=12), path)


if __name__ == "__main__":
    main()
