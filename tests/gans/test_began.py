"""The control k by hand, the balance it keeps, and who gets which gradient."""

import pytest
import torch

import gansmith as gs
from gansmith.testing import begin, made_up, rounds

SMALL = {"width": 4, "latent": 8}


@pytest.mark.parametrize(
    "errors, k",
    [
        ([(1.0, 0.2), (1.0, 0.2)], 0.06),  # fakes too easy for D: k grows by 0.1 · (0.5 − 0.2) each time
        ([(1.0, 0.2), (0.4, 0.4)], 0.01),  # then a step back of 0.1 · (0.2 − 0.4)
        ([(0.2, 0.9)], 0.0),  # clipped below
        ([(20.0, 0.0)] * 2, 1.0),  # clipped above
    ],
)
def test_k_by_hand(errors, k):
    game = begin(gs.BEGAN, made_up((1, 8, 8)), SMALL | {"gamma": 0.5, "lambda_k": 0.1}, 0).game
    for real, fake in errors:
        game.pull = torch.tensor(game.gamma * real - fake)
        game.moved("discriminator")
        game.moved("generator")
    assert game.k.item() == pytest.approx(k, abs=1e-6)


def test_each_player_gets_the_gradient_of_its_own_loss():
    """G lowers the error of its fakes; D lowers that of reals and, as far as k lets it, raises that of fakes."""
    state = begin(gs.BEGAN, made_up((1, 8, 8)), SMALL, 0)
    game, batch = state.game, state.data.batch(torch.arange(8))
    game.k.fill_(0.5)
    for p in game.parameters():
        p.requires_grad_(True)
    torch.manual_seed(0)
    said = game.both_losses(batch)
    torch.manual_seed(0)
    fake = game.fake(batch)
    on_real, on_fake = game.discriminator.rebuild(batch.real), game.discriminator.rebuild(fake)
    real_error, fake_error = (batch.real - on_real).abs().mean(), (fake - on_fake).abs().mean()
    assert sum(said["discriminator"].values()).item() == pytest.approx((real_error - 0.5 * fake_error).item(), rel=1e-5)
    assert said["generator"]["adversarial"].item() == pytest.approx(fake_error.item(), rel=1e-5)


def test_k_is_saved_with_the_game():
    state = begin(gs.BEGAN, made_up((1, 8, 8)), SMALL | {"lambda_k": 0.5}, 0)
    rounds(state, 3)
    assert state.game.k > 0 and torch.equal(state.state_dict()["game"]["k"], state.game.k)


def test_the_score_is_minus_the_error_of_rebuilding():
    game = gs.BEGAN(**SMALL).fit("digits", steps=2)
    x = gs.read("digits").fields["real"][:5]
    with torch.no_grad():
        units = game.spec.to_network(torch.from_numpy(x))
        error = (units - game.discriminator.rebuild(units)).abs().flatten(1).mean(1)
    assert game.score_samples(x) == pytest.approx(-error.numpy(), rel=1e-5)


def test_the_step_size_is_halved_twice():
    game = gs.BEGAN(learning_rate=1.0)
    optimizer = torch.optim.Adam([torch.zeros(1)])
    sizes = []
    for game.progress in (0.0, 0.19, 0.2, 0.4, 0.6, 1.0):
        game.schedule("generator", optimizer)
        sizes.append(optimizer.param_groups[0]["lr"])
    assert sizes == [1.0, 1.0, 0.5, 0.25, 0.25, 0.25]
