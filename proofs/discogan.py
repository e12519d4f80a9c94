"""DiscoGAN's own toy: from five clouds of points to ten, without pairs. Is every cloud reached, and the way back known?

    python proofs/discogan.py [--rounds 8000] [--picture out.png]

A has five Gaussians, B ten on a circle (Kim et al. 2017, figure 3). At least 8 of the 10 must get 2 % of what A's
points are mapped to, and the way from A to B and back must end within 0.1 of the start. Controls, which must fail in
one of the two: no way back at all (a plain GAN), and a way back from A only, which leaves part of B without visitors.
"""

import argparse

import numpy as np
from record import record

import gansmith as gs

ARMS = {"discogan": {}, "one way back": {"both": False}, "plain gan": {"reconstruction": 0.0}}
LEAST = 0.02  # of the points, for a cloud to count as reached


def clouds(count: int, radius: float, n: int, seed: int, middle: tuple[float, float] = (0.0, 0.0)):
    """(points (n, 2), their clouds' middles): Gaussians of deviation 0.1 evenly on a circle."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(count) / count
    middles = np.array(middle) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    return (middles[rng.integers(0, count, n)] + 0.1 * rng.standard_normal((n, 2))).astype(np.float32), middles


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--rounds", type=int, default=8000)
    parse.add_argument("--seeds", type=int, default=3)
    parse.add_argument("--picture", help="write where A's points go, arm beside arm, to this .png")
    asked = parse.parse_args()
    (a, _), (b, middles) = clouds(5, 1.0, 5000, 0), clouds(10, 2.0, 5000, 1)
    test = clouds(5, 1.0, 2000, 2)[0]

    def reached(points) -> int:
        nearest = np.linalg.norm(points[:, None] - middles, axis=2)
        near = nearest.min(1) < 0.4
        return int((np.bincount(nearest.argmin(1)[near], minlength=10) >= LEAST * len(points)).sum())

    def play(seed: int, **settings):
        game = gs.DiscoGAN(width=128, learning_rate=5e-4, features=0.0, early=None, decay=0.5, **settings)
        game.fit(gs.read((a, b), form="domains"), steps=asked.rounds, batch_size=128, seed=seed, val=0, device="cpu")
        there = game.translate(test)
        error = float(np.abs(game.back(there) - test).mean())
        print(seed, settings, found := {"reached": reached(there), "cycle_error": error}, flush=True)
        return found, there

    played = {name: [play(seed, **settings) for seed in range(asked.seeds)] for name, settings in ARMS.items()}
    each = {name: [found for found, _ in runs] for name, runs in played.items()}

    def good(name: str) -> bool:
        found = each[name]
        return np.mean([f["reached"] for f in found]) >= 8 and np.mean([f["cycle_error"] for f in found]) <= 0.1

    if asked.picture:
        figure(b, {name: runs[0][1] for name, runs in played.items()}, asked.picture)
    record(
        "discogan",
        passed=good("discogan") and not good("one way back") and not good("plain gan"),
        reached=float(np.mean([f["reached"] for f in each["discogan"]])),
        cycle_error=float(np.mean([f["cycle_error"] for f in each["discogan"]])),
        each=each["discogan"],
        floor={"clouds that 2,000 true points reach": reached(clouds(10, 2.0, 2000, 3)[0])},
        goal="mean over the seeds: >= 8 of 10 clouds reached, cycle error <= 0.1",
        control={name: each[name] for name in ("one way back", "plain gan")},
        protocol=f"the paper's loss (features=0, early=None), width 128, {asked.rounds} rounds of 128, 2,000 points; a "
        f"cloud is reached by {LEAST:.0%} of them within 0.4 of its middle",
        seed=list(range(asked.seeds)),
    )


def figure(b, made: dict, path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn, axes = pyplot.subplots(1, len(made), figsize=(4 * len(made), 4), sharex=True, sharey=True)
    for axis, (name, points) in zip(axes, made.items()):
        axis.plot(*b[:1000].T, ".", color="#cccccc")
        axis.plot(*points[:1000].T, ".", markersize=2)
        axis.set_title(name)
        axis.set_aspect("equal")
    drawn.savefig(path, dpi=80, bbox_inches="tight")


if __name__ == "__main__":
    main()
