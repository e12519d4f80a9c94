"""Which gradient goes where, and which player rests when."""

import pytest
import torch

import gansmith as gs
from gansmith.testing import begin, made_up, rounds
from gansmith.training.loop import Mover, draw, play_round

SMALL = {"width": 4, "latent": 6}


def fresh(**settings):
    return begin(gs.VAEGAN, made_up((1, 8, 8)), SMALL | settings, 0)


def test_the_encoder_has_no_adversarial_term_and_the_discriminator_no_features():
    state = fresh()
    batch = draw(state, {})
    mover = Mover(state, "fp32", 1)
    said = {name for turn in state.game.turns() for name in mover.move(turn, batch)}
    assert {s for s in said if s.startswith("encoder")} == {"encoder/kl", "encoder/features"}
    assert {s for s in said if s.startswith("discriminator")} == {"discriminator/adversarial", "discriminator/rebuilt"}
    assert {s for s in said if s.startswith("generator")} == {"generator/features", "generator/adversarial"}


def test_the_decoder_s_two_gradients_are_weighed_by_w():
    state = fresh(weight=0.25)
    game, batch = state.game, draw(state, {})
    game.encoder_loss(batch)
    torch.manual_seed(1)
    quarter = {name: value.item() for name, value in game.generator_loss(batch).items()}
    game.weight = 0.5
    torch.manual_seed(1)
    half = {name: value.item() for name, value in game.generator_loss(batch).items()}
    assert quarter["features"] * 2 == pytest.approx(half["features"], rel=1e-4)
    assert quarter["adversarial"] / 3 * 2 == pytest.approx(half["adversarial"], rel=1e-4)


@pytest.mark.parametrize(
    "costs, plays",
    [
        ((0.68, 0.68), (True, True)),
        ((0.30, 0.68), (True, False)),  # D knows the reals too well: it rests
        ((0.68, 1.10), (False, True)),  # D is fooled too well: the decoder rests
        ((0.20, 1.10), (True, True)),  # neither, if both would
    ],
)
def test_the_gates(costs, plays):
    game = fresh().game
    game.costs.copy_(torch.tensor(costs))
    assert (game.generator_plays(), game.discriminator_plays()) == plays


def test_who_rests_does_not_move_and_the_encoder_never_rests():
    for costs, resting in (((0.1, 0.5), "discriminator"), ((0.7, 1.5), "generator")):
        state = fresh()
        state.game.moved = lambda player, game=state.game, costs=costs: game.costs.copy_(torch.tensor(costs))
        before = {name: p.flat.detach().clone() for name, p in state.players.items()}
        play_round(state, Mover(state, "fp32", 1))
        moved = {name for name, p in state.players.items() if not torch.equal(before[name], p.flat)}
        assert moved == {"encoder", "generator", "discriminator"} - {resting}


def test_costs_are_saved_and_reconstructions_can_be_left_out():
    state = fresh(judge_rebuilt=False)
    rounds(state, 2)
    assert torch.equal(state.state_dict()["game"]["costs"], state.game.seen)
    assert state.game.costs.tolist() != pytest.approx([0.68, 0.68], abs=1e-6)
    batch = draw(state, {})
    state.game.encoder_loss(batch)
    assert set(state.game.discriminator_loss(batch)) == {"adversarial"}


def test_encoding_and_rebuilding_have_the_data_s_form():
    game, x = gs.VAEGAN(**SMALL).fit("digits", steps=3), gs.read("digits").fields["real"][:5]
    assert game.encode(x).shape == (5, 6)
    assert game.reconstruct(x).shape == x.shape and game.reconstruct(x).dtype == x.dtype
