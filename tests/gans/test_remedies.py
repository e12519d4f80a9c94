"""Every remedy is a setting: one that acts, that keeps the contract, and that does what its formula says."""

from dataclasses import fields

import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import losses, penalties
from gansmith.gans import GAMES
from gansmith.gans.remedies import Stepping
from gansmith.networks.minibatch import MinibatchDeviation, MinibatchFeatures, Packed
from gansmith.networks.mlp import MLPDiscriminator
from gansmith.testing import assert_same, begin, check_game, made_up, played_on, rounds
from gansmith.testing.play import moves

REMEDIES = {
    "augment": "diffaugment",
    "instance_noise": 0.3,
    "stepping": "optimistic",
    "clip_gradient": 1e-4,
    "discriminator_learning_rate": 1e-5,
    "average_half_life": 0,
    "r1": 1.0,
    "r2": 1.0,
    "lecam": 0.3,
    "smoothing": 0.9,
    "spectral_norm": True,
    "packing": 2,
    "minibatch": "deviation",
}
PICTURES = made_up((1, 8, 8))
LARGER = made_up((1, 16, 16))


def small(game: str) -> dict:
    """Few units: of GAN's width a fifth is its discriminator's, and dropout must leave some."""
    sizes = {"width": 40 if game == "gan" else 8, "latent": 8, "discriminator_steps": 1, "discriminator_steps_far": 1}
    sizes["vae_share"] = 0.0  # GAT's G moves, and its average with it, after the auto-encoder's rounds
    return {name: sizes[name] for name in sizes.keys() & {f.name for f in fields(GAMES[game])}}


def after(state) -> dict:
    """What three rounds, and one of each stage, made of the networks and their average."""
    rounds(state, 3)
    assert list(moves(state))
    return {name: player.flat for name, player in state.players.items()} | {"average": state.average.state_dict()}


@pytest.mark.parametrize("game", [name for name in GAMES if issubclass(GAMES[name], Stepping)])
def test_no_game_has_a_remedy_that_does_nothing(game):
    try:
        plain = begin(GAMES[game], PICTURES, small(game), 0)
    except gs.UserError:  # not a game of pictures
        plain = begin(GAMES[game], played_on(GAMES[game], **small(game)), small(game), 0)
    data, plain = plain.data, after(plain)
    there = {f.name for f in fields(GAMES[game])}
    for name in REMEDIES.keys() & there:
        state = begin(GAMES[game], data, small(game) | {name: REMEDIES[name]}, 0)
        state.augment.adapt(state) if state.augment else None
        with pytest.raises(AssertionError, match=f"{name} acts"):
            assert_same(plain, after(state), f"{name} acts")


def test_what_means_nothing_in_a_game_cannot_be_given():
    for game in (gs.BEGAN, gs.CGAN):
        assert "packing" not in game().settings()
        with pytest.raises(gs.UserError, match="no setting 'packing'"):
            game(packing=2)
    assert gs.CGAN().packing == 1 and gs.CGAN().conditional is True and gs.SNGAN().spectral_norm is True


TOGETHER = [
    {"r1": 1.0, "r2": 0.5, "lecam": 0.3},
    {"spectral_norm": True, "smoothing": 0.9},
    {"packing": 2, "lecam": 0.1},
    {"minibatch": "deviation", "packing": 2},
    {"minibatch": "discrimination"},
]


@pytest.mark.parametrize("game", ["gan", "dcgan", "lsgan", "r3gan", "wgan-gp"])
@pytest.mark.parametrize("settings", TOGETHER, ids=lambda s: "-".join(s))
def test_games_keep_the_contract_with_remedies(game, settings):
    """Saved and resumed exactly, among other things; with packing the discriminator has no score for one item."""
    there = {name: value for name, value in settings.items() if name in {f.name for f in fields(GAMES[game])}}
    check_game(GAMES[game], data=[PICTURES], **small(game), **there)


# --- packing ---------------------------------------------------------------------------------------------------------
def test_a_pack_is_judged_as_one_item_of_more_channels():
    discriminator = MLPDiscriminator((6,), 8)
    x = torch.randn(4, 3)
    assert torch.equal(Packed(discriminator, 2)(x), discriminator(torch.cat([x[::2], x[1::2]], 1)))
    with pytest.raises(gs.UserError, match="batch size that 2 divides"):
        Packed(discriminator, 2)(x[:3])


def test_the_slope_of_a_pack_is_over_all_of_its_items():
    """D(x, y) = 2x + 3y has the squared slope 13, and the one-centred penalty is (√13 − 1)²."""
    line = nn.Linear(2, 1, bias=False)
    line.weight.data = torch.tensor([[2.0, 3.0]])
    packed = Packed(nn.Sequential(line, nn.Flatten(0)), 2)
    assert penalties.squared_gradient_norms(packed, torch.randn(6, 1))[1].tolist() == pytest.approx([13.0] * 3)
    assert penalties.one_centered(packed, torch.randn(6, 1)).item() == pytest.approx((13**0.5 - 1) ** 2, rel=1e-5)


def test_the_pair_s_one_pass_gives_the_generator_its_own_gradient():
    """R3GAN moves both players from one pass: packed, the generator's gradient is that of its own loss all the same."""
    settings = {"width": 8, "latent": 4, "packing": 2, "body": "perceptron", "simultaneous": True}
    game = begin(gs.R3GAN, PICTURES, settings, 0).game
    batch = PICTURES.batch(torch.arange(8))
    parameters = list(game.generator.parameters())
    torch.manual_seed(5)
    at_once = torch.autograd.grad(game.both_losses(batch)["generator"]["adversarial"], parameters)
    torch.manual_seed(5)
    in_turn = torch.autograd.grad(game.generator_loss(batch)["adversarial"], parameters)
    for a, b in zip(at_once, in_turn):
        assert torch.allclose(a, b, atol=1e-6)


def test_packed_discriminators_say_what_they_cannot_do():
    with pytest.raises(gs.UserError, match="conditional=False"):
        begin(gs.GAN, PICTURES, {"packing": 2, "conditional": True}, 0)
    with pytest.raises(gs.UserError, match="no score for one"):
        begin(gs.GAN, PICTURES, {"packing": 2}, 0).game.score_samples(PICTURES.raw(torch.arange(4)))


# --- the company -----------------------------------------------------------------------------------------------------
def test_the_deviation_is_that_of_the_group():
    layer, x = MinibatchDeviation(4), torch.randn(8, 5)
    said = layer(x)
    for group in (0, 4):
        expected = x[group : group + 4].std(0, correction=0).mean()
        assert torch.allclose(said[group : group + 4, 5], expected, atol=1e-4)
    assert MinibatchDeviation(4)(torch.ones(4, 5))[:, 5].max() < 1e-3  # a generator that makes one thing


@pytest.mark.parametrize("layer", [MinibatchDeviation(4), MinibatchFeatures(5, kernels=3, group=4)])
def test_groups_do_not_see_each_other_and_at_rest_nobody_does(layer):
    x, other = torch.randn(4, 5), torch.randn(4, 5)
    assert torch.allclose(layer(torch.cat([x, other]))[:4], layer(x), atol=1e-6)
    for _ in range(600):
        layer(x)
    usual = layer(x)[:, 5:].mean(0)
    layer.eval()
    assert torch.equal(layer(x[:1]), layer(torch.cat([x, other]))[:1])
    assert torch.allclose(layer(x)[0, 5:], usual, atol=0.02)
    with pytest.raises(gs.UserError, match="4 divides"):
        layer.train()(x[:3])


# --- the rest --------------------------------------------------------------------------------------------------------
def test_smoothed_reals_are_called_real_by_alpha_only():
    """Minimising over D at one point gives σ(D) = αp/(p + q)."""
    p, q, alpha = 0.7, 0.2, 0.9
    score = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    discriminator = losses.smoothed(alpha)
    far = torch.full((1,), -60.0, dtype=torch.float64)  # where the other side costs a fake nothing
    of_real = lambda s: discriminator(s, far)  # noqa: E731
    of_fake = lambda s: nn.functional.softplus(s).mean()  # noqa: E731
    for _ in range(4000):
        (pull,) = torch.autograd.grad(p * of_real(score) + q * of_fake(score), score)
        score.data -= pull
    assert score.sigmoid().item() == pytest.approx(alpha * p / (p + q), rel=1e-6)
    x, y = torch.randn(9), torch.randn(9)
    assert losses.smoothed(1.0)(x, y).item() == pytest.approx(losses.logistic_discriminator(x, y).item(), rel=1e-6)


def test_lecam_follows_the_scores_and_pulls_each_side_to_the_other_s():
    state = begin(gs.GAN, made_up((3,)), {"width": 8, "lecam": 0.3}, 0)
    game = state.game
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.0])
    game.lecam_ema.copy_(torch.tensor([2.0, -2.0]))
    assert game.lecam_term(real, fake)["lecam"].item() == pytest.approx(0.3 * ((9 + 25) / 2 + (9 + 4) / 2))
    game.moved("generator")
    assert game.lecam_ema.tolist() == [2.0, -2.0]
    game.moved("discriminator")
    assert game.lecam_ema.tolist() == pytest.approx([0.99 * 2 + 0.01 * 2, -0.99 * 2 - 0.01 * 0.5])


def test_r1_is_half_gamma_times_the_squared_slope():
    state = begin(gs.GAN, made_up((3,)), {"width": 8, "r1": 3.0}, 0)
    game, weight = state.game, torch.tensor([1.0, 2.0, 2.0])
    game.discriminator.forward = lambda x, label=None: x @ weight
    batch = state.data.batch(torch.arange(8))
    terms = game.gradient_penalties(batch, batch.real)
    assert set(terms) == {"r1"} and terms["r1"].item() == pytest.approx(3.0 / 2 * 9)


def test_what_bounds_the_slope_takes_the_place_of_batch_norm():
    has_norm = lambda **s: any(  # noqa: E731
        isinstance(m, nn.BatchNorm2d) for m in begin(gs.DCGAN, LARGER, {"width": 8} | s, 0).game.discriminator.modules()
    )
    assert has_norm() and not has_norm(spectral_norm=True) and not has_norm(r1=1.0)


def test_two_step_sizes_reach_every_optimizer():
    for game in ("r3gan", "gan", "wgan", "began"):
        state = begin(GAMES[game], PICTURES, small(game) | {"discriminator_learning_rate": 1e-5}, 0)
        rounds(state, 1)
        rates = {name: player.optimizer.param_groups[0]["lr"] for name, player in state.players.items()}
        assert rates["discriminator"] == pytest.approx(1e-5) and rates["generator"] != pytest.approx(1e-5)
