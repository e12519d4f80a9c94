import math

import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.game import Stage, Turn
from gansmith.testing import begin, made_up, rounds
from gansmith.training.loop import HOPELESS, Budget, Diverged, Mover, draw, play_round


class Pull(gs.Game):
    """Two numbers: each player is pulled to a place of its own, and the loss terms are known."""

    averaged = ("a",)
    learning_rate: float = gs.setting(0.1, "step")

    def build(self, spec):
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        nn.init.ones_(self.a.weight)
        nn.init.ones_(self.b.weight)

    def players(self):
        return {"a": [self.a], "b": [self.b]}

    def turns(self):
        return [Turn("a", self.loss_a), Turn("b", self.loss_b)]

    def loss_a(self, batch):
        return {"near": (self.a.weight - self.b.weight.detach() - 2).square().sum()}

    def loss_b(self, batch):
        return {"near": (self.b.weight * self.a.weight).sum(), "small": self.b.weight.square().sum()}

    def optimizer(self, player, parameters):
        return torch.optim.SGD(parameters, lr=self.learning_rate)


def play(game, **settings):
    return begin(game, made_up((3,)), settings, 0)


def test_a_round_is_alternating_gradient_descent():
    state = play(Pull)
    terms = rounds(state, 1)
    a = 1 - 0.1 * 2 * (1 - 1 - 2)  # then b sees the new a
    b = 1 - 0.1 * (a + 2 * 1)
    assert state.game.a.weight.item() == pytest.approx(a) and state.game.b.weight.item() == pytest.approx(b)
    assert terms["a/near"].item() == pytest.approx(4.0)
    assert {k: v.item() for k, v in terms.items() if k[0] == "b"} == pytest.approx({"b/near": a, "b/small": 1.0})


class Dirac(Pull):
    """Simultaneous play of V = a·b: each gets the gradient of its own sum, both from where the round began."""

    def turns(self):
        return [Turn(("a", "b"), self.both)]

    def both(self, batch):
        value = (self.a.weight * self.b.weight).sum()
        return {"a": {"value": value}, "b": {"value": -value}}


def test_simultaneous_play_leaves_the_saddle_as_the_flow_says():
    """Distance from the equilibrium grows by sqrt(1 + h²) a step; alternating play would keep its radius."""
    state = play(Dirac)
    rounds(state, 50)
    radius = math.hypot(state.game.a.weight.item(), state.game.b.weight.item())
    assert radius == pytest.approx(math.sqrt(2) * (1 + 0.1**2) ** 25, rel=1e-5)


class Scripted(Pull):
    def build(self, spec):
        super().build(spec)
        self.moves = []

    def said(self, name):
        def loss(batch):
            self.moves.append((name, tuple(batch.index.tolist())))
            return {"x": (self.a.weight + self.b.weight).sum() * 0}

        return loss


def test_times_every_when_and_fresh_say_who_moves_on_what():
    class Game(Scripted):
        def turns(self):
            return [
                Turn("a", self.said("thrice, then once"), times=lambda r: 3 if r < 1 else 1),
                Turn("b", self.said("same batch"), fresh=False),
                Turn("b", self.said("every other round"), every=2),
                Turn("a", self.said("never"), when=lambda: False),
            ]

    state = play(Game)
    rounds(state, 2)
    names = [name for name, _ in state.game.moves]
    assert names == ["thrice, then once"] * 3 + ["same batch", "every other round"] + [
        "thrice, then once",
        "same batch",
    ]
    batches = [index for _, index in state.game.moves]
    assert batches[3] == batches[2] and len(set(batches)) == 5


def test_stages_share_the_budget_and_begin_once():
    class Game(Scripted):
        def stages(self):
            begun = lambda: self.moves.append(("begin", ()))  # noqa: E731
            return [
                Stage("first", [Turn("a", self.said("1"))], share=1),
                Stage("second", [Turn("b", self.said("2"))], share=3, begin=begun),
            ]

    state = play(Game)
    budget = Budget(steps=8)
    mover = Mover(state, "fp32", 1)
    while state.round < 8:
        state.game.progress = budget.progress(state)
        play_round(state, mover)
        state.round += 1
    assert [name for name, _ in state.game.moves] == ["1", "1", "begin"] + ["2"] * 6


def test_micro_batches_give_the_gradient_of_the_whole_batch():
    whole, parts = play(gs.WGANGP, width=16), play(gs.WGANGP, width=16)
    for state, count in ((whole, 1), (parts, 3)):
        game = state.game
        turn = Turn("discriminator", lambda b, g=game: {"x": g.discriminator(b.real).square().mean()})
        Mover(state, "fp32", count).move(turn, draw(state, {}))
    one, other = whole.players["discriminator"].gradient, parts.players["discriminator"].gradient
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-6) and one.abs().max() > 0


class Broken(Pull):
    bad_from: int = gs.setting(2, "round from which the gradient is not a number")
    bad_to: int = gs.setting(4, "… until")

    def loss_a(self, batch):
        self.count = getattr(self, "count", -1) + 1
        bad = self.bad_from <= self.count < self.bad_to
        return {"near": self.a.weight.sum() * (float("nan") if bad else 1.0)}


def test_a_gradient_that_is_not_finite_is_counted_skipped_and_moves_nothing():
    state = play(Broken)
    rounds(state, 2)
    before = state.game.a.weight.item()
    rounds(state, 2)
    assert state.game.a.weight.item() == before and state.skipped == {"a": 2}
    rounds(state, 1)
    assert state.game.a.weight.item() != before


def test_a_player_that_is_lost_for_good_stops_the_run():
    state = play(Broken, bad_to=10_000)
    with pytest.raises(Diverged, match="not finite"):
        rounds(state, HOPELESS + 5)
    assert torch.isfinite(state.game.a.weight).all()


def test_half_precision_reaches_the_loss_but_not_the_penalty():
    seen = {}

    class Game(gs.WGANGP):
        def discriminator_loss(self, batch):
            seen["loss"] = (batch.real.flatten(1) @ batch.real.flatten(1).T).dtype
            kept = type(self).probe = {}
            discriminator = self.discriminator

            def probed(x):
                kept["penalty"] = (x.flatten(1) @ x.flatten(1).T).dtype
                return discriminator(x)

            gs.penalties.squared_gradient_norms(probed, batch.real)
            seen.update(kept)
            return super().discriminator_loss(batch)

    state = begin(Game, made_up((1, 8, 8)), {"width": 8}, 0)
    play_round(state, Mover(state, "bf16", 1))
    assert seen == {"loss": torch.bfloat16, "penalty": torch.float32}
    assert all(p.dtype == torch.float32 for p in state.game.parameters())
