"""A run is sabotaged at half-time and left alone: does `--on-failure rollback` bring it to where it would have come?

    python proofs/rollback.py [settings | weights] [--steps 600] [--seeds 3]

At half-time, once, somebody makes the step size 1,000 times what it was (`settings`), or the critic's weights become
100 times as large and no setting is to blame (`weights`). The samples at the end are compared with those of the same
run left in peace: Fréchet distance of the pixels to the data. Control: the same with the default answer, which only
warns.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from record import record

import gansmith as gs
from gansmith.evaluate import frechet_distance
from gansmith.training.loop import Diverged


class Sabotaged(gs.R3GAN):
    def schedule(self, player, optimizer):
        if self.progress > 0.5 and not getattr(self, "sabotaged", False):
            self.sabotaged = True
            self.learning_rate *= 1000
            self.learning_rate_end *= 1000
        super().schedule(player, optimizer)


class Upset(gs.R3GAN):
    def moved(self, player):
        if self.progress > 0.5 and player == "discriminator" and not getattr(self, "upset", False):
            self.upset = True
            with torch.no_grad():
                for p in self.discriminator.parameters():
                    p *= 100
        super().moved(player)


CAUSES = {
    "settings": ("rollback", Sabotaged, "step size x 1,000 at half-time"),
    "weights": ("rollback-weights", Upset, "the critic's weights x 100 at half-time"),
}


def ends(game, folder: Path, steps: int, seed: int, **options) -> tuple[float, list[dict]]:
    """(Fréchet distance of 1,700 samples to the data, what the watch did)."""
    with suppress(Diverged):  # then its last finite weights are judged
        game.fit("digits", steps=steps, seed=seed, out=folder, device="cpu", precision="fp32", **options)
    data = gs.read("digits").fields["real"].reshape(-1, 64) / 16.0
    distance = frechet_distance(data, game.sample(1700, seed=100).reshape(-1, 64) / 16.0)
    file = folder / "findings.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return distance, [row for row in rows if "action" in row]


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=600)
    parse.add_argument("--seeds", type=int, default=3)
    parse.add_argument("cause", nargs="?", choices=CAUSES, default="settings")
    asked = parse.parse_args()
    name, broken, what = CAUSES[asked.cause]
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(asked.seeds):
            at = Path(place) / str(seed)
            healthy, _ = ends(gs.R3GAN(), at / "healthy", asked.steps, seed)
            saved, actions = ends(broken(), at / "saved", asked.steps, seed, on_failure="rollback")
            lost, _ = ends(broken(), at / "lost", asked.steps, seed)
            rows.append({"healthy": healthy, "rolled_back": saved, "only_warned": lost, "actions": actions})
            print(rows[-1], flush=True)
    ratio = float(np.mean([row["rolled_back"] for row in rows]) / np.mean([row["healthy"] for row in rows]))
    control = float(np.mean([row["only_warned"] for row in rows]) / np.mean([row["healthy"] for row in rows]))
    record(
        name,
        passed=ratio < 1.1 < control and all(row["actions"] for row in rows),
        ratio=ratio,
        runs=rows,
        goal="mean Fréchet distance at most 1.1 times the healthy runs'",
        control={"only warned, over healthy": control},
        protocol=f"R3GAN on digits, {asked.steps} rounds of 64, {what}; 1,700 samples, pixels",
        seed=list(range(asked.seeds)),
    )


if __name__ == "__main__":
    main()
