"""Twelve runs broken on purpose and nine sound ones: is the cause named, soon, and only where there is one?

    python proofs/diagnose.py [--workers 2] [--only NAME …] [--keep FOLDER]

A broken run counts when one of its right names is among the first two findings that `gansmith.diagnose` lists after a
fifth of the run from the fault on. The sound runs are the control: none may have a finding of severity `failure`.
Needs MNIST in $GANSMITH_DATA for four of the runs.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from record import record
from torch import nn

import gansmith as gs
from gansmith.data.spec import DataSpec
from gansmith.diagnose import Diagnosis
from gansmith.training.folder import RunFolder

WITHIN = 0.2  # of the run, from the fault on


# --- faults ----------------------------------------------------------------------------------------------------------
class Frozen(gs.R3GAN):
    """Its generator's steps are nothing."""

    def schedule(self, player, optimiser):
        super().schedule(player, optimiser)
        if player == "generator":
            optimiser.param_groups[0]["lr"] = 0.0


class Deaf(nn.Module):
    """A generator that is given noise and drops it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, z, label=None):
        return self.inner(torch.ones_like(z), label)


class IgnoresNoise(gs.R3GAN):
    def build(self, spec):
        super().build(spec)
        self.generator = Deaf(self.generator)


class WideCritic(gs.R3GAN):
    """A critic sixteen times as wide as the generator."""

    def build(self, spec):
        super().build(spec)
        wide = gs.R3GAN(width=16 * self.width, latent=self.latent)
        wide.build(spec)
        self.discriminator = wide.discriminator


class NaNBatch(gs.R3GAN):
    """From half-time on, every tenth batch has an item that is not a number."""

    def critic_terms(self, batch, fake):
        self.count = getattr(self, "count", 0) + 1
        if self.progress > 0.5 and self.count % 10 == 0:
            batch = replace(batch, real=batch.real.index_fill(0, torch.tensor([3]), float("nan")))
        return super().critic_terms(batch, fake)


class ScoresInTrainMode(gs.DCGAN):
    def score(self, x, label=None, *, batch_size=250):
        x = self.spec.to_network(torch.as_tensor(np.asarray(x)))
        kept = {name: value.clone() for name, value in self.discriminator.state_dict().items()}
        with torch.no_grad():
            scores = self.discriminator.train()(x).numpy()
        self.discriminator.load_state_dict(kept)
        return scores


class UnevenKernels(gs.DCGAN):
    """Transposed convolutions of kernel 3 and stride 2: the stride does not divide the kernel."""

    def build(self, spec):
        super().build(spec)
        self.generator.convs = nn.ModuleList(
            nn.ConvTranspose2d(c.in_channels, c.out_channels, 3, 2, 1, output_padding=1, bias=c.bias is not None)
            for c in self.generator.convs
        )
        for conv in self.generator.convs:
            nn.init.normal_(conv.weight, 0.0, 0.02)


class Skips(nn.Module):
    """A generator that, once told to, puts what falls on five of the 25 modes onto their neighbours."""

    lost = False  # of the class, so that the averaged copy knows, too

    def __init__(self, inner, spec):
        super().__init__()
        self.inner, self.spec = inner, spec
        self.modes = [(-4.0, -4.0), (0.0, -2.0), (4.0, 0.0), (-2.0, 2.0), (2.0, 4.0)]

    def forward(self, z, label=None):
        made = self.inner(z, label)
        if not self.lost:
            return made
        centre, scale = torch.tensor(self.spec.centre), torch.tensor(self.spec.scale)
        x = made * scale + centre
        for a, b in self.modes:
            there = ((x - torch.tensor([a, b])).abs() < 1).all(1, keepdim=True)
            x = torch.where(there, x + torch.tensor([2.0 if a < 4 else -2.0, 0.0]), x)
        return (x - centre) / scale


class LosesModes(gs.R3GAN):
    def build(self, spec):
        super().build(spec)
        self.generator = Skips(self.generator, spec)

    def schedule(self, player, optimiser):
        super().schedule(player, optimiser)
        Skips.lost = self.progress > 0.5


def digits_in_01():
    data = gs.read("digits")
    spec = DataSpec("images", data.spec.shape, data.spec.classes, centre=(0.0,), scale=(255.0,))
    return replace(data, spec=spec)


def digits_with_shuffled_labels():
    data = gs.read("digits")
    shuffled = np.random.default_rng(0).permutation(data.fields["label"])
    return replace(data, fields=data.fields | {"label": shuffled})


def few_pictures():
    return gs.read("mnist").raw(torch.arange(200))[:, 0]


@dataclass
class Case:
    game: gs.Game
    data: object
    steps: int
    names: set = field(default_factory=set)  # right names; none for a sound run
    since: float = 0.0  # share of the run at which the fault begins
    options: dict = field(default_factory=dict)


BROKEN = {
    "step size x 100": lambda: Case(gs.R3GAN(learning_rate=0.2), "grid25", 1500, {"divergence"}),
    "critic far too wide, no penalty": lambda: Case(
        WideCritic(width=8, gamma=0.0, gamma_end=0.0),
        "digits",
        600,
        {"vanishing-gradient", "discriminator-overfitting"},
    ),
    "frozen generator": lambda: Case(Frozen(), "digits", 600, {"frozen-generator"}),
    "generator ignores the noise": lambda: Case(IgnoresNoise(), "digits", 600, {"ignored-latent"}),
    "200 pictures": lambda: Case(
        gs.R3GAN(width=16),
        few_pictures(),
        600,
        {"too-little-data", "discriminator-overfitting", "memorisation"},
        options={"val": 0.2},
    ),
    "shuffled labels": lambda: Case(gs.R3GAN(conditional=True), digits_with_shuffled_labels(), 600, {"ignored-label"}),
    "NaN in batches": lambda: Case(NaNBatch(), "digits", 600, {"divergence"}, 0.5),
    "reals in 0 ... 1": lambda: Case(gs.R3GAN(), digits_in_01(), 600, {"range-mismatch"}),
    "batch norm in train mode": lambda: Case(ScoresInTrainMode(width=16), "mnist", 400, {"batch-dependence"}),
    "kernel 3, stride 2": lambda: Case(UnevenKernels(width=16), "mnist", 400, {"checkerboard"}),
    "minimax, critic saturated": lambda: Case(
        gs.GAN(loss="minimax", critic_steps=5, critic_learning_rate=1e-3, width=256),
        "mnist",
        600,
        {"vanishing-gradient"},
    ),
    "five modes lost": lambda: Case(LosesModes(), "grid25", 5000, {"mode-dropping"}, 0.5),
}
SOUND = {
    "r3gan on grid25": lambda: Case(gs.R3GAN(), "grid25", 5000),
    "wgan-gp on grid25": lambda: Case(gs.WGANGP(penalty=0.1, learning_rate=1e-3), "grid25", 1200),
    "gan on grid25": lambda: Case(gs.GAN(latent=2, learning_rate=1e-3), "grid25", 3000),
    "r3gan on digits": lambda: Case(gs.R3GAN(), "digits", 800),
    "lsgan on digits": lambda: Case(gs.LSGAN(width=16), "digits", 600),
    "sngan on digits": lambda: Case(gs.SNGAN(width=16), "digits", 600),
    "r3gan on mnist, with labels": lambda: Case(gs.R3GAN(width=16, conditional=True), "mnist", 600),
    "dcgan on mnist": lambda: Case(gs.DCGAN(width=16), "mnist", 600),
    "gan on mnist": lambda: Case(gs.GAN(width=256), "mnist", 600),
}


def told(name: str, folder: Path) -> dict:
    """Train, then read the log as far as it counts: the findings in their order, and when the right one was there."""
    torch.set_num_threads(1)
    case = (BROKEN | SOUND)[name]()
    options = {"seed": 0, "batch_size": 64, "device": "cpu", "precision": "fp32"} | case.options
    with suppress(gs.training.loop.Diverged):  # a broken run may end so
        case.game.fit(case.data, steps=case.steps, out=folder, overwrite=True, **options)
    run = RunFolder(folder)
    rows, about = run.read_log(), run.read_settings()
    reading, found_at = Diagnosis(about), None
    for row in rows:
        if case.names and row["step"] > (case.since + WITHIN) * case.steps:
            break
        reading.read(row)
        if (
            found_at is None
            and case.names & {f.name for f in reading.findings[:2]}
            and row["step"] > case.since * case.steps
        ):
            found_at = row["step"]
    listed = [(f.name, f.severity, f.step) for f in reading.findings]
    late = None if found_at is None else found_at / case.steps - case.since
    first = [name for name, *_ in listed[:2]]
    return {
        "findings": listed,
        "found_after": late,
        "named": bool(case.names & set(first)),
        "failures": [name for name, severity, _ in listed if severity == "failure"],
        "looks": sum("look/coverage" in row for row in rows),
    }


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--only", nargs="*")
    parse.add_argument("--keep", help="folder for the runs; none: they are thrown away")
    parse.add_argument("--workers", type=int, default=2, help="runs at a time, of one thread each")
    asked = parse.parse_args()
    names = [name for name in BROKEN | SOUND if not asked.only or name in asked.only]
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(asked.workers) as workers:
        place = Path(asked.keep or scratch)
        runs = {name: workers.submit(told, name, place / name.replace(" ", "-")) for name in names}
        found = {}
        for name, run in runs.items():
            found[name] = run.result()
            print(f"{name:34s} {found[name]}", flush=True)
    if asked.only:
        return
    named = [name for name in BROKEN if found[name]["named"]]
    alarms = [name for name in SOUND if found[name]["failures"]]
    record(
        "diagnose",
        passed=len(named) >= 11 and not alarms,
        named=f"{len(named)} of {len(BROKEN)}",
        false_failures=f"{len(alarms)} of {len(SOUND)}",
        broken={name: found[name] for name in BROKEN},
        goal="the right cause among the first two findings in at least 11 of 12 within a fifth of the run, and no "
        "failure in a sound run",
        control={name: found[name] for name in SOUND},
        protocol="default probes, default levels, 500 to 6,000 rounds of 64 items each",
        seed=0,
        command="python proofs/diagnose.py",
    )


if __name__ == "__main__":
    main()
