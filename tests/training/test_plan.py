"""What a run will cost, said before it begins."""

import pytest

import gansmith as gs
from gansmith.errors import UserError
from gansmith.game import Stage
from gansmith.testing import begin, made_up
from gansmith.training import plan
from gansmith.training.loop import Budget, Mover


def fresh(game=gs.WGAN, batch_size=32, **settings):
    state = begin(game, made_up((3,), n=64), settings, 0)
    state.batch_size = batch_size
    return state


def planned(make, **options):
    return plan.make_plan(make, Budget(steps=7), precision="fp32", micro_batches=1, reasons=[], **options)


def test_rounds_are_timed_where_they_are_like_most(monkeypatch):
    """WGAN plays a hundred critic moves in each of its first rounds and five in the others."""
    played, states = [], []
    move = Mover.move
    monkeypatch.setattr(Mover, "move", lambda self, turn, batch: played.append(turn.player) or move(self, turn, batch))
    made = planned(lambda: states.append(fresh()) or states[-1])
    assert played.count("discriminator") == 5 * played.count("generator")
    assert made.rounds == 7 and made.memory > 0 and states[0].batch_size == 32


def test_a_round_takes_what_the_stages_take_on_average(monkeypatch):
    """A half in which a round takes 1 s, then one in which it takes 4: of the time, or of the rounds."""
    monkeypatch.setattr(plan, "_seconds", lambda state, mover, rounds: 4.0 if state.game.progress > 0.5 else 1.0)

    class Twice(gs.WGAN):
        def stages(self):
            return [Stage("first", self.turns(), 1.0), Stage("never", [], 0.0), Stage("second", self.turns(), 1.0)]

    state = fresh(Twice)
    assert plan._over_stages(state, None, 1.0, by_clock=True) == 1 / (0.5 / 1 + 0.5 / 4)
    assert plan._over_stages(state, None, 1.0, by_clock=False) == 2.5
    assert plan._over_stages(fresh(), None, 3.0, by_clock=True) == 3.0


def test_the_batch_grows_until_the_next_would_not_fit(monkeypatch):
    """A machine on which an item takes a megabyte, of which 12 are left: 4, 8, 16 fit, 32 would not."""
    taken = []
    monkeypatch.setattr(plan, "play_round", lambda state, mover: taken.append(state.batch_size))
    monkeypatch.setattr(plan, "peak_memory", lambda device: 10**6 * max(taken, default=0))
    monkeypatch.setattr(plan, "free_memory", lambda device: 28 * 10**6 - 10**6 * max(taken, default=0))
    with pytest.raises(UserError, match="--micro-batches 4 "):
        planned(fresh)
    assert taken == [4, 8, 16]
    monkeypatch.setattr(plan, "free_memory", lambda device: None)
    planned(fresh)
    assert max(taken) == 32


def test_a_batch_in_the_parts_it_was_told_fits(monkeypatch):
    """The same machine, where a move sees a part of the batch at a time."""
    taken = []
    monkeypatch.setattr(plan, "play_round", lambda state, mover: taken.append(state.batch_size // mover.micro_batches))
    monkeypatch.setattr(plan, "peak_memory", lambda device: 10**6 * max(taken, default=0))
    monkeypatch.setattr(plan, "free_memory", lambda device: 28 * 10**6 - 10**6 * max(taken, default=0))
    plan.make_plan(fresh, Budget(steps=7), precision="fp32", micro_batches=4, reasons=[])
    assert max(taken) == 8


def test_games_that_refuse_small_batches_are_planned_at_the_whole():
    class Packs(gs.WGAN):
        def discriminator_loss(self, batch):
            if len(batch) < 32:
                raise UserError("packs of 32")
            return super().discriminator_loss(batch)

    assert planned(lambda: fresh(Packs)).batch_size == 32


def test_sizes_and_times_in_words():
    assert plan.spell_size(1234) == "1.23 KB" and plan.spell_size(999) == "999 B"
    assert plan.spell_time(89) == "89 s" and plan.spell_time(600) == "10 min" and plan.spell_time(7200) == "2.0 h"
