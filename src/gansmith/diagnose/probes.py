"""What is measured while a game is played: at every log line what is free, at every look what costs a little.

A look takes 512 samples of the averaged generator and as many reals, and costs about as much as five rounds of play;
how often one is taken is chosen so that they stay near a hundredth of the training time. Every number is listed in
docs/metrics.md. Nothing here draws from the global chance or changes the game: a watched run is the same run.

Samples are compared in frozen features: the columns of vectors, in units of their standard deviation, or pictures
shrunk to at most 16 × 16. Numbers of samples are given over those of real data against real data, drawn in the same way
before training, so that 1 is a perfect model and the levels (mean − 4 sd of eight such draws) are the data's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.batching import join
from gansmith.data.kinds.images import Images
from gansmith.diagnose.artifacts import LEAST, roughness, unevenness
from gansmith.diagnose.dynamics import rotation
from gansmith.diagnose.held_out import Reference, chance_of, copies, explained
from gansmith.game import Game
from gansmith.training.hardware import casting
from gansmith.training.state import State

COUNT = 512  # samples of a look
POOL = 2048  # reals that are kept for them
DRAWS = 8  # real-against-real draws behind each level
POOLS = {4: F.adaptive_avg_pool2d, 5: F.adaptive_avg_pool3d}  # by the axes of a batch
SIDE = 16  # pictures are compared at no more than this
LITTLE = 1e-6  # below which a number of the reals is none
TURN = 4  # looks from one in which the field of the game is looked at to the next


class Probes:
    """A probe for `fit(probes=[…])`: called at log rounds with the state and what the losses observed.

    every     rounds between looks, a multiple of the rounds between log lines; 0: no looks
    features  items in the data's units (n, *shape) -> (n, d); None: see above
    precision of the losses; in bf16, how much of the critic's scores is rounding is measured, too
    """

    def __init__(
        self,
        every: int = 500,
        features: Callable[[np.ndarray], np.ndarray] | None = None,
        precision: str = "fp32",
    ):
        self.every, self.features, self.precision = every, features, precision
        self.real: Real | None = None

    def __call__(self, state: State, seen: Mapping) -> dict[str, float]:
        if not state.ranks.first:
            return {}
        row = free(state, seen)
        if self.every and (state.round - 1) % self.every == 0:
            row |= self.look(state)
        return {name: float(value) for name, value in row.items()}

    def look(self, state: State) -> dict[str, float]:
        """Everything that costs a little. The first one measures the levels, too."""
        row = {}
        if self.real is None:
            self.real = Real(state, self.features)
        if state.round <= 1:
            row = dict(self.real.levels)
        if not self.real.usable or getattr(state.game, "inputs", ()):
            return row
        with torch.random.fork_rng(devices=[]):  # a network may draw noise of its own
            torch.manual_seed(0)
            row |= looked(state, self.real)
            row |= rounding(state, self.real) if self.precision == "bf16" else {}
        if self.every and state.round > 1 and (state.round - 1) % (TURN * self.every) == 0:
            row["look/rotation"] = rotation(state)
        return row


def look_interval(make_state: Callable[[], State], log_every: int, rounds: int, seconds: float) -> int:
    """Rounds between looks for a run of so many rounds and seconds, a multiple of `log_every`; 0: none at all.

    Looks take a hundredth of the time. Short runs are looked at 16 times all the same, as long as that is no more than
    a tenth of it. One is taken on a throw-away state, to see what it costs.
    """
    if seconds < 2:
        return 0
    probes, state = Probes(), make_state()
    probes.look(state)  # measures the levels, too
    begun = time.perf_counter()
    probes.look(state)
    affordable = seconds / max(time.perf_counter() - begun, 1e-6)
    looks = min(max(0.01 * affordable, min(16, 0.1 * affordable)), 100)
    return max(1, round(rounds / looks / log_every)) * log_every if looks >= 2 else 0


def free(state: State, seen: Mapping) -> dict[str, float]:
    """What the round has left lying about: gradients, weights, skipped moves, scores."""
    row: dict[str, float] = {}
    for name, player in state.players.items():
        if player.moves:
            row[f"gradient/{name}"] = torch.linalg.vector_norm(player.gradient).item()
        some = player.flat.detach()[:: max(1, player.flat.numel() // 50_000)]
        row[f"weights/{name}"] = some.double().square().mean().sqrt().item()
        if player.skipped:
            row[f"skipped/{name}"] = player.skipped
    real, fake = seen.get("discriminator/real"), seen.get("discriminator/fake")
    if isinstance(real, Tensor) and isinstance(fake, Tensor) and real.numel() > 1:
        real, fake = real.float().flatten(), fake.float().flatten()
        row["discriminator/wins"] = (real[:, None] > fake).float().mean().item()
        row["discriminator/sign"] = real.sign().mean().item()
    return row


class Real:
    """The reals that samples are held against, their features, and what real data scores against real data."""

    def __init__(self, state: State, features: Callable | None = None):
        data, held = state.data, state.held
        rng = torch.Generator().manual_seed(0)
        usable = "real" in data.fields and len(data) >= 20
        self.usable = usable and not state.game.inputs  # a game that must be given inputs does not sample by itself
        self.levels: dict[str, float] = {"level/items": len(data)}
        if not self.usable:
            return
        index = torch.randperm(len(data), generator=rng)[:POOL]
        self.items = data.raw(index)
        self.labels = data.raw(index, "label") if "label" in data.fields else None
        index = torch.arange(len(held))[:COUNT] if held is not None else None
        self.held_items = held.raw(index) if held is not None and len(held) >= 30 else None
        self.held_labels = held.raw(index, "label") if self.held_items is not None and self.labels is not None else None
        form = data.spec
        self.features = features or (default_features(self.items) if form.continuous else form.numbers)
        self.pool = tensor(self.features(self.items))
        self.held = None  # how far held-out reals lie from those that the players see
        if self.held_items is not None:
            self.held = torch.cdist(tensor(self.features(self.held_items)), self.pool).amin(1)
        self.count = min(COUNT, len(self.pool) // 2)
        self.calibrate(rng)
        if form.continuous:
            network = data.spec.to_network(torch.from_numpy(np.ascontiguousarray(self.items[:256])))
            self.levels |= {"level/low": network.min().item(), "level/high": network.max().item()}
        self.large = isinstance(form, Images) and min(form.shape[1:]) >= LEAST
        if self.large:
            self.unevenness, self.roughness = unevenness(self.items[:COUNT]), roughness(self.items[:COUNT])

    def calibrate(self, rng: torch.Generator) -> None:
        """Real against real, DRAWS times: what a perfect model would score, and how far below it chance can fall."""
        drawn = []
        for _ in range(DRAWS):
            order = torch.randperm(len(self.pool), generator=rng)
            self.reference = Reference(self.pool[order[: self.count]])
            drawn.append(self.reference.compare(self.pool[order[self.count : 2 * self.count]]))
        self.usual = {name: float(np.mean([d[name] for d in drawn])) for name in drawn[0]}
        for name, mean in self.usual.items():
            sd = float(np.std([d[name] for d in drawn], ddof=1))
            self.levels[f"level/{name}"] = 1 - 4 * sd / mean if mean else 0.0
        if self.labels is not None:
            share, chances = explained(self.pool, self.labels), []
            for _ in range(DRAWS):
                chances.append(explained(self.pool, self.labels[torch.randperm(len(self.pool), generator=rng).numpy()]))
            self.by_label = share - float(np.mean(chances))
            self.levels["level/label"] = self.by_label / max(float(np.std(chances, ddof=1)), 1e-9)


def looked(state: State, real: Real) -> dict[str, float]:
    """One look at a game."""
    game, count = state.game, real.count
    labels = None
    if getattr(game, "conditional", False) and real.labels is not None:
        labels = real.labels[:count]
    asked = {} if labels is None else {"label": labels}
    with state.average.playing(game):
        fake = game.sample(count, seed=0, **asked)
        alone = game.sample(min(64, count), seed=1, label=labels[0]) if labels is not None else None
    if not isinstance(fake, np.ndarray) and state.data.spec.continuous:
        return {}
    features = tensor(real.features(fake))
    if not torch.isfinite(features).all():
        return {"look/finite": 0.0}
    found = real.reference.compare(features)
    row = {f"look/{name}": value / (real.usual[name] or 1.0) for name, value in found.items()}
    row["look/missing"] = real.reference.missing(features)
    shares: dict[str, tuple[float, float]] = {}  # of the samples, and of the reals
    if alone is not None:
        spread = float(tensor(real.features(alone)).var(0).sum().sqrt())
        shares["look/latent"] = spread, real.reference.spread
        by_label = explained(features, real.labels[:count]) - chance_of(real.labels[:count])
        shares["look/label"] = by_label, real.by_label
    if state.average.copies:
        raw = tensor(real.features(game.sample(count, seed=0, **asked)))
        inside = torch.cdist(real.reference.real, raw) <= real.reference.balls[:, None]
        shares["look/raw_coverage"] = float(inside.any(1).float().mean()), real.usual["coverage"]
    if real.held is not None:
        row["look/copies"], row["look/copies_z"] = copies(real.pool, real.held, features)
    if real.large:
        shares["look/checker"] = unevenness(fake), real.unevenness
        shares["look/roughness"] = roughness(fake), real.roughness
    # pictures of one colour each have no roughness, equal ones no spread: nothing is a share of that
    row |= {name: share / usual for name, (share, usual) in shares.items() if abs(usual) > LITTLE}
    return row | scored(state, real, fake, labels)


def scores(game: Game) -> bool:
    """Whether the game has a score for one item; a discriminator of packs has none."""
    return hasattr(game, "score_samples") and getattr(game, "packing", 1) == 1


def scored(state: State, real: Real, fake: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """What the critic says of reals that it saw, of held-out ones, of samples, and of the same in other company."""
    game = state.game
    if not scores(game):
        return {}
    count = len(fake)
    given = lambda y: {} if labels is None else {"label": y}  # noqa: E731
    on = lambda x, y: np.asarray(game.score_samples(x, **given(y)), np.float64)  # noqa: E731
    train = on(real.items[:count], labels)
    made = on(fake, labels)
    row = {}
    if real.held is not None:
        held = on(real.held_items, real.held_labels)
        gap, error = train.mean() - held.mean(), np.sqrt(train.var() / len(train) + held.var() / len(held))
        row["look/held_gap"] = float(gap / max(train.mean() - made.mean(), 2 * error, 1e-12))
        row["look/held_z"] = float(gap / max(error, 1e-12))
    part = count // 4
    mixed = join([real.items[:part], fake[:part]])
    again = on(mixed, None if labels is None else np.tile(labels[:part], 2))[:part]
    row["look/company"] = float(np.abs(again - train[:part]).max() / max(train.std(), 1e-6))
    return row


def rounding(state: State, real: Real) -> dict[str, float]:
    """How far the critic's scores in bf16 lie from those in fp32, in standard deviations of the latter."""
    game = state.game
    if not scores(game) or getattr(game, "conditional", False):
        return {}
    exact = np.asarray(game.score_samples(real.items[:64]), np.float64)
    with casting("bf16", game.device):
        rough = np.asarray(game.score_samples(real.items[:64]), np.float64)
    return {"look/rounding": float(np.sqrt(np.mean((rough - exact) ** 2)) / max(exact.std(), 1e-9))}


def default_features(items: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Columns in units of the reals' standard deviation, or pictures, clips and volumes of bytes shrunk to SIDE."""
    if items.dtype == np.uint8 and items.ndim in POOLS:
        size, most = [min(SIDE, s) for s in items.shape[2:]], 1 if items.max() <= 1 else 255
        pool = POOLS[items.ndim]
        return lambda x: pool(torch.from_numpy(x).float() / most, size).flatten(1).numpy()
    flat = items.reshape(len(items), -1)
    mean, sd = flat.mean(0), np.where(flat.std(0) > 0, flat.std(0), 1)
    return lambda x: (x.reshape(len(x), -1) - mean) / sd


def tensor(features) -> Tensor:
    return torch.as_tensor(np.asarray(features, np.float32))
