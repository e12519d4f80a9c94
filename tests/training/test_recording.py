"""Recorded moves are the moves. What needs a card is skipped without one."""

import pytest
import torch

import gansmith as gs
from gansmith.gans import GAMES
from gansmith.testing import begin, made_up, played_on
from gansmith.training.loop import Mover, play_round
from gansmith.training.recording import Recorder, hidden_progress

on_a_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
NOT_RECORDED = {  # why they are played as before
    "cyclegan": "crops and pools of past fakes are drawn on the CPU",
}


def state_of(game, device, **settings):
    smaller = {"width": 8} if "width" in game.__dataclass_fields__ else {}
    return begin(game, played_on(game, **smaller), smaller | settings, 0, device)


def play(state, rounds: int, record: bool, precision: str = "fp32"):
    """The mover, after so many rounds."""
    mover = Mover(state, precision, 1, record)
    for _ in range(rounds):
        play_round(state, mover)
        state.round += 1
        state.average.update(state.batch_size, state.samples)
    return mover


def moved(state) -> torch.Tensor:
    return torch.cat([player.flat.detach().cpu() for player in state.players.values()])


def test_on_a_cpu_moves_are_played_as_they_are():
    mover = play(state_of(gs.DCGAN, "cpu"), 1, True)
    assert mover.replayed == mover.differentiate and not isinstance(mover.replayed, Recorder)


def test_a_loss_that_reckons_with_the_progress_is_found():
    game = gs.R3GAN(gamma=1.0, gamma_end=0.5)
    with pytest.raises(TypeError), hidden_progress(game):
        game.along(game.gamma, game.gamma_end)
    with hidden_progress(game):
        assert game.along(1.0, 1.0) == 1.0  # what does not change may be recorded
    assert game.progress == 0.0


def after_ten_rounds(state, record: bool, precision: str):
    torch.manual_seed(1)
    mover = play(state, 10, record, precision)
    return moved(state), getattr(mover.replayed, "made", {})


@on_a_card
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", GAMES)
def test_recorded_rounds_are_the_rounds(name, precision):
    before = moved(state_of(GAMES[name], "cuda"))
    plain, again, recorded = (
        after_ten_rounds(state_of(GAMES[name], "cuda"), record, precision) for record in (False, False, True)
    )
    way, own = (plain[0] - before).norm(), (plain[0] - again[0]).norm()  # some operations add up in any order
    assert way > 0
    assert (plain[0] - recorded[0]).norm() <= 2e-3 * way + 3 * own, (name, way, own)
    assert bool(recorded[1]) or name in NOT_RECORDED


@on_a_card
@pytest.mark.parametrize("settings", [{"gamma_end": 0.5}, {"instance_noise": 0.1}, {"augment": "diffaugment"}])
def test_what_changes_from_round_to_round_is_not_recorded(settings):
    data = made_up((1, 28, 28))
    mover = play(begin(gs.R3GAN, data, {"width": 8, "body": "plain"} | settings, 0, "cuda"), 6, True)
    assert not getattr(mover.replayed, "made", None)


@on_a_card
def test_chance_goes_on_in_a_recording():
    """A replay draws new noise, and as much of it as the move would have."""
    state = state_of(gs.DCGAN, "cuda")
    mover = play(state, 6, True)
    turn, batch = state.game.turns()[1], state.data.batch(torch.arange(8), state.game.device)
    first = mover.replayed(turn, batch)["generator/adversarial"].item()
    assert mover.replayed(turn, batch)["generator/adversarial"].item() != first
