"""gansmith beside the loops that people write from tutorials, on a CPU: same networks, same batch, in turn, in one run.

    python benchmarks/cpu.py [--threads 2] [--only start saturated toys penalties]

start      DCGAN, width 64, 32×32 and 64×64, beside the loop of the PyTorch DCGAN tutorial: fp32, sigmoid and BCELoss,
           Adam over a list, labels filled, losses read every round, batches from a DataLoader over tensors in memory.
           With `--precision auto`, which is what `gansmith train` takes on this machine
saturated  the same once the critic is sure: its last layer is scaled until it gives fakes −95, where σ is subnormal in
           fp32; both then train on from there. Also what a saturated round costs over one of the start, for each
toys       R3GAN on grid25, perceptrons, beside a plain eager loop: both penalties one after the other, `backward`, Adam
           over a list, an average over a list
penalties  a round of R3GAN on 32×32 pictures beside one without R1 and R2, by turns and by the default single pass

Each figure is the ratio of the least times of goes in turn, by the clock; the machine should do nothing else.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch
from rounds import BATCH, begun, side_by_side, whole_round
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gansmith as gs
from gansmith import losses, penalties
from gansmith.data.kinds.images import Images
from gansmith.testing import begin
from gansmith.training import hardware
from gansmith.training.loop import Mover

SURE = -95.0  # exp(-95) = 6e-42 is subnormal in fp32


class Tutorial:
    """The training loop of the PyTorch DCGAN tutorial over the networks of `game`."""

    def __init__(self, game, pictures, batch: int = BATCH):
        self.device = game.device
        self.g, self.d, self.latent = game.generator, game.discriminator, game.latent
        real = torch.as_tensor(pictures).float() / 127.5 - 1
        self.data = DataLoader(TensorDataset(real), batch, shuffle=True, drop_last=True)
        self.batches = iter(self.data)
        self.criterion = nn.BCELoss()
        settings = {"lr": 2e-4, "betas": (0.5, 0.999)}
        self.step_d = torch.optim.Adam(self.d.parameters(), **settings)
        self.step_g = torch.optim.Adam(self.g.parameters(), **settings)

    def draw(self):
        for again in (True, False):
            try:
                return next(self.batches)[0].to(self.device)
            except StopIteration:
                assert again
                self.batches = iter(self.data)

    def round(self) -> None:
        judge = lambda x: torch.sigmoid(self.d(x))  # noqa: E731
        self.d.zero_grad()
        real = self.draw()
        label = torch.full((len(real),), 1.0, device=self.device)
        on_real = self.criterion(judge(real), label)
        on_real.backward()
        fake = self.g(torch.randn(len(real), self.latent, device=self.device))
        label.fill_(0.0)
        on_fake = self.criterion(judge(fake.detach()), label)
        on_fake.backward()
        self.step_d.step()
        self.g.zero_grad()
        label.fill_(1.0)
        loss = self.criterion(judge(fake), label)
        loss.backward()
        self.step_g.step()
        self.said = on_real.item() + on_fake.item(), loss.item()


def saturate(game) -> None:
    """Scale the last layer of D until fakes get SURE on average."""
    game.discriminator.train()
    with torch.no_grad():
        fake = game.generator(torch.randn(BATCH, game.latent))
        score = game.discriminator.score
        if score.bias is not None:
            score.bias.zero_()
        score.weight *= SURE / game.discriminator(fake).mean()


def tutorial(size: int, precision: str, saturated: bool = False):
    """(our round, the tutorial's), each on networks of its own that begin alike."""
    state, mover = begun("DCGAN", size, precision)
    other, _ = begun("DCGAN", size, precision)
    plain = Tutorial(other.game.requires_grad_(True), other.data.fields["real"])
    if saturated:
        saturate(state.game)
        saturate(other.game)
    return partial(whole_round, state, mover), plain.round


def flushing(on: bool, act):
    """`act` with subnormal numbers flushed to zero, or not: ours trains in the first way, a tutorial in the second."""

    def run():
        torch.set_flush_denormal(on)
        act()

    return run


def compare(what: str, ours, theirs, times: int = 1, goal: str = "") -> tuple[float, float]:
    def many(act):
        for _ in range(times):
            act()

    ours, theirs = flushing(True, ours), flushing(False, theirs)
    many(ours), many(theirs)
    a, b, ratio = side_by_side(partial(many, theirs), partial(many, ours))
    a, b = 1000 * a / times, 1000 * b / times
    print(f"{what:34s} {a:8.2f} ms theirs, {b:8.2f} ms ours: × {ratio:.2f}{goal}", flush=True)
    return a, b


def start(precision: str) -> None:
    for size in (32, 64):
        compare(f"DCGAN {size}×{size}, {precision}", *tutorial(size, precision), goal="  (goal 2)")


def saturated(precision: str) -> None:
    one = compare("DCGAN 32×32, start", *tutorial(32, precision))
    two = compare("DCGAN 32×32, saturated critic", *tutorial(32, precision, True), goal="  (goal 10)")
    print(f"a saturated round over one of the start: × {two[0] / one[0]:.2f} theirs, × {two[1] / one[1]:.2f} ours")


class Eager:
    """R3GAN's losses, eq. 2, 7 and 8, as they are written down: every penalty by itself, plain autograd and Adam."""

    def __init__(self, game, dataset, batch: int = BATCH):
        self.batch = batch
        self.game, self.g, self.d = game, game.generator, game.discriminator
        self.real = dataset.spec.to_network(torch.from_numpy(dataset.fields["real"]).to(game.device))
        settings = {"lr": game.learning_rate, "betas": (game.beta1, game.beta2)}
        self.step_d = torch.optim.Adam(self.d.parameters(), **settings)
        self.step_g = torch.optim.Adam(self.g.parameters(), **settings)
        self.average = [p.detach().clone() for p in self.g.parameters()]

    def draw(self):
        return self.real[torch.randint(len(self.real), (self.batch,), device=self.real.device)]

    def fake(self):
        return self.g(torch.randn(self.batch, self.game.latent, device=self.real.device))

    def round(self) -> None:
        real, fake = self.draw(), self.fake().detach()
        self.d.zero_grad()
        loss = losses.relativistic.discriminator(self.d(real), self.d(fake))
        loss = loss + self.game.gamma * (penalties.r1(self.d, real) + penalties.r1(self.d, fake))
        loss.backward()
        self.step_d.step()
        real = self.draw()
        self.g.zero_grad()
        losses.relativistic.generator(self.d(self.fake()), self.d(real)).backward()
        self.step_g.step()
        with torch.no_grad():
            for kept, p in zip(self.average, self.g.parameters()):
                kept.lerp_(p, 0.01)


def toys(precision: str) -> None:
    dataset, threads = gs.read("grid25"), torch.get_num_threads()
    states = [begin(gs.R3GAN, dataset, {}, 0) for _ in range(2)]
    for state in states:
        state.batch_size = BATCH
    eager = Eager(states[1].game.requires_grad_(True), dataset)
    mover = Mover(states[0], "fp32", 1)

    def ours():  # as `prepared` does for vectors
        torch.set_num_threads(1)
        whole_round(states[0], mover)
        torch.set_num_threads(threads)

    compare("R3GAN on grid25, fp32", ours, eager.round, 100, "  (goal 1.5)")
    torch.set_num_threads(1)
    compare("… both on one thread", partial(whole_round, states[0], mover), eager.round, 100)
    torch.set_num_threads(threads)


class Bare(gs.R3GAN):
    """The relativistic game without R1 and R2, by turns."""

    def discriminator_loss(self, batch):
        on_real, on_fake = self.scores(batch, self.fake(batch), joint=True)
        return {"adversarial": torch.nn.functional.softplus(on_fake - on_real).mean()}


def penalised(precision: str) -> None:
    gs.Bare = Bare
    for size in (32, 64):
        bare = begun("Bare", size, precision, simultaneous=False)
        for how, simultaneous in (("by turns", False), ("by one pass", True)):
            state = begun("R3GAN", size, precision, simultaneous=simultaneous)
            a, b, ratio = side_by_side(partial(whole_round, *state), partial(whole_round, *bare))
            name = f"R1 + R2 {how}, {size}×{size}, {precision}"
            print(f"{name:34s} {1000 * a:8.2f} ms, {1000 * b:8.2f} ms without: × {ratio:.2f}  (goal at most 1.8)")


PARTS = {"start": start, "saturated": saturated, "toys": toys, "penalties": penalised}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    device = torch.device("cpu")
    chosen = hardware.pick_precision(asked.precision, device, Images)
    print(f"torch {torch.__version__}, {hardware.machine(device)}, {asked.threads} threads, pictures in {chosen}")
    for part in asked.only:
        PARTS[part](chosen)
