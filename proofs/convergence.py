"""Draw docs/figures/dirac.png: who circles, who spirals in, who never arrives, played by the library's own loop.

python proofs/convergence.py
"""

from __future__ import annotations

from pathlib import Path

import torch

from gansmith import losses, penalties
from gansmith.diagnose.dirac import orbit
from gansmith.training.optimizers import Extragradient, Lookahead, Optimistic

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "dirac.png"


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def r1(discriminator, real, fake):
    return 0.3 * penalties.r1(discriminator, real)


def both(discriminator, real, fake):
    return 0.3 * (penalties.r1(discriminator, real) + penalties.r1(discriminator, fake))


def clipped(game):
    game.psi.data.clamp_(-0.3, 0.3)


def gp(discriminator, real, fake):
    return penalties.gradient_penalty(discriminator, real, fake) / 2


TURNS = {"at_once": False}
PANELS = {
    "non-saturating, at once": (losses.non_saturating, None, {}),
    "non-saturating, in turn": (losses.non_saturating, None, TURNS),
    "… with R1": (losses.non_saturating, r1, TURNS),
    "relativistic, R1 + R2": (losses.relativistic, both, TURNS),
    "Wasserstein, at once": (losses.wasserstein, None, {}),
    "Wasserstein, clipped": (losses.wasserstein, None, TURNS | {"after": clipped}),
    "WGAN-GP, one critic step": (losses.wasserstein, gp, TURNS),
    "WGAN-GP, five": (losses.wasserstein, gp, TURNS | {"discriminator_steps": 5}),
    "least squares (−1, 1, 0)": (losses.least_squares(-1, 1, 0), None, TURNS),
    "Wasserstein, extragradient": (
        losses.wasserstein,
        None,
        {"stepping": lambda p: Extragradient(sgd(p)), "steps": 800},
    ),
    "Wasserstein, optimistic": (losses.wasserstein, None, {"stepping": lambda p: Optimistic(sgd(p))}),
    "Wasserstein, lookahead": (losses.wasserstein, None, {"stepping": lambda p: Lookahead(sgd(p), 10)}),
}


def main() -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 4, figsize=(11, 8.4), sharex=True, sharey=True, layout="constrained")
    for axis, (title, (loss, penalty, options)) in zip(axes.flat, PANELS.items(), strict=True):
        path = orbit(loss, penalty, **({"steps": 400} | options))
        axis.plot(path[:, 0], path[:, 1], lw=0.8, color="#2060a0")
        axis.plot(*path[0], "o", ms=4, color="#808080")
        axis.plot(*path[-1], "o", ms=5, color="#c04020")
        axis.plot(0, 0, "+", ms=9, color="black")
        axis.set(title=title, xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
        axis.title.set_fontsize(10)
        print(f"{title:30s} starts at 1.41, ends {(path[-1] ** 2).sum() ** 0.5:.3f} from the equilibrium")
    for axis in axes[-1]:
        axis.set_xlabel("θ, the generator")
    for axis in axes[:, 0]:
        axis.set_ylabel("ψ, the critic")
    figure.savefig(FIGURE, dpi=110)


if __name__ == "__main__":
    main()
