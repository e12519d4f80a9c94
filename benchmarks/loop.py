"""What gansmith's loop costs over a loop written by hand for one game, with the same networks and the same arithmetic.

    python benchmarks/loop.py

Both play the same rounds of the same game in turn, in short stretches, so that whatever else the machine does hits
both, and processor time is counted; the figure is the median of the ratios. The hand-written loop has the flat
parameters and fused Adam of the library (the first column) or is the plain idiom: zero_grad, backward, Adam over a
list, average over a list (the second).
"""

from __future__ import annotations

import statistics
import time

import torch

import gansmith as gs
from gansmith import losses, penalties
from gansmith.testing import begin, made_up
from gansmith.training.loop import Budget, Every, play
from gansmith.training.players import flatten

STRETCHES = 15


class Quiet:
    """A keeper that keeps nothing but costs what a log line costs."""

    def log(self, state, row):
        state.game.history.append(row)

    def sample(self, state):
        pass

    def save(self, state):
        pass


class ByHand:
    """RpGAN + R1 + R2, or non-saturating, written out for one game."""

    def __init__(self, game, dataset, flat):
        self.game, self.flat = game, flat
        real = torch.from_numpy(dataset.fields["real"])
        self.real = dataset.spec.to_network(real) if real.dtype.is_floating_point else real
        self.spec = dataset.spec
        self.g, self.d = list(game.generator.parameters()), list(game.discriminator.parameters())
        self.average = [p.detach().clone() for p in self.g]
        settings = {"lr": 2e-4, "betas": (game.beta1, game.beta2), "fused": True}
        if flat:
            self.flat_g, self.flat_d = torch.nn.Parameter(flatten(self.g)), torch.nn.Parameter(flatten(self.d))
            self.average = self.flat_g.detach().clone()
            self.opt_g = torch.optim.Adam([self.flat_g], **settings)
            self.opt_d = torch.optim.Adam([self.flat_d], **settings)
        else:
            self.opt_g, self.opt_d = torch.optim.Adam(self.g, **settings), torch.optim.Adam(self.d, **settings)

    def draw(self, n=64):
        x = self.real[torch.randint(len(self.real), (n,))]
        return x if x.is_floating_point() else self.spec.to_network(x)

    def step(self, loss, parameters, optimizer):
        if self.flat:
            whole = self.flat_g if optimizer is self.opt_g else self.flat_d
            whole.grad = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters)])
            optimizer.step()
        else:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def round(self):
        game, relativistic = self.game, isinstance(self.game, gs.R3GAN)
        g, d = game.generator, game.discriminator
        game.generator.requires_grad_(False)
        game.discriminator.requires_grad_(True)
        fake = g(torch.randn(64, game.latent))
        if relativistic:
            scores, slopes = penalties.squared_gradient_norms(d, torch.cat([self.draw(), fake]))
            real, fake = scores.chunk(2)
            r1, r2 = slopes.chunk(2)
            loss = (
                losses.relativistic.discriminator(real, fake) + game.gamma / 2 * r1.mean() + game.gamma / 2 * r2.mean()
            )
        else:
            loss = losses.non_saturating.discriminator(d(self.draw()), d(fake))
        self.step(loss, self.d, self.opt_d)
        game.generator.requires_grad_(True)
        game.discriminator.requires_grad_(False)
        batch = self.draw()  # the library's move draws one as well
        fake = d(g(torch.randn(64, game.latent)))
        if relativistic:
            with torch.no_grad():
                real = d(batch)
            loss = losses.relativistic.generator(fake, real)
        else:
            loss = losses.non_saturating.generator(fake)
        self.step(loss, self.g, self.opt_g)
        with torch.no_grad():
            if self.flat:
                self.average.lerp_(self.flat_g, 0.01)
            else:
                for a, p in zip(self.average, self.g):
                    a.lerp_(p, 0.01)


def compare(name, game, dataset, rounds, settings):
    def fresh():
        state = begin(game, dataset, settings, 0)
        state.batch_size = 64
        return state

    state = fresh()
    hands = {flat: ByHand(fresh().game, dataset, flat) for flat in (True, False)}
    times = {"gansmith": [], True: [], False: []}
    for _ in range(STRETCHES + 1):
        start = time.process_time()
        play(state, Budget(steps=state.round + rounds), every=Every(log=50), keep=Quiet())
        times["gansmith"].append(time.process_time() - start)
        for flat, hand in hands.items():
            start = time.process_time()
            for _ in range(rounds):
                hand.round()
            times[flat].append(time.process_time() - start)
    ratios = {
        flat: statistics.median(a / b for a, b in zip(times["gansmith"][1:], times[flat][1:])) for flat in (True, False)
    }
    each = 1000 * statistics.median(times["gansmith"][1:]) / rounds
    print(
        f"{name:28s} {each:8.2f} ms a round   x {ratios[True]:.3f} of flat by hand   x {ratios[False]:.3f} of the idiom"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, one thread, {STRETCHES} stretches, medians")
    compare("R3GAN on grid25", gs.R3GAN, gs.read("grid25"), 200, {})
    compare("R3GAN on digits", gs.R3GAN, gs.read("digits"), 40, {})
    compare("DCGAN on 28 x 28", gs.DCGAN, made_up((1, 28, 28), n=2000), 5, {"width": 32})
    compare("R3GAN on 28 x 28", gs.R3GAN, made_up((1, 28, 28), n=2000), 5, {"simultaneous": False})
