"""GAT: its noise in closed form, penalties that are gradients, what each stage moves, a step that follows the width."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.images import smooth
from gansmith.gans.gat import noise_schedule
from gansmith.testing import begin, rounds

SMALL = {"width": 8, "depth": 2, "vae_width": 4, "latent": 6, "levels": 2}


def state(shape=(1, 16, 16), **settings):
    return begin(gs.GAT, smooth(shape), SMALL | settings, 0)


# --- the noise -------------------------------------------------------------------------------------------------------
def test_four_levels_keep_an_eighth_a_quarter_a_half_and_all():
    keep, mixing = noise_schedule(4)
    assert keep.tolist() == pytest.approx([1 / 8 - 0.01, 1 / 4 - 0.01, 1 / 2 - 0.01, 1 - 0.01])
    assert torch.allclose((mixing @ mixing.T).diagonal().sqrt(), 1 - keep)  # the deviation is t
    assert noise_schedule(1)[0].tolist() == pytest.approx([0.99])


def test_a_level_is_the_one_behind_it_with_noise_of_its_own():
    """So the finest tells all that any of them tells of a real item."""
    keep, mixing = noise_schedule(4)
    for k in range(3):
        rest = mixing[k] - keep[k] / keep[k + 1] * mixing[k + 1]
        assert rest[k] > 0 and torch.allclose(rest, rest[k] * torch.eye(4)[k], atol=1e-6)


def test_levels_of_an_item_have_the_schedule_s_moments():
    game = state(levels=4, depth=4).game
    torch.manual_seed(0)
    items = torch.full((500, 4, 4, 2, 2), 3.0)
    seen = game.perturbed(items, torch.randn_like(items)).unflatten(1, (4, 4))
    assert torch.allclose(seen.mean((0, 2, 3, 4)), 3 * game.keep, atol=0.03)
    assert torch.allclose(seen.std((0, 2, 3, 4)), 1 - game.keep, atol=0.03)


# --- the losses ------------------------------------------------------------------------------------------------------
class Linear(torch.nn.Module):
    """D(x) = a · Σ x."""

    def __init__(self, a):
        super().__init__()
        self.a = a

    def forward(self, x, label=None):
        return self.a * x.flatten(1).sum(1)


def test_the_penalties_of_a_linear_discriminator_are_its_gradient_s():
    """One step for all levels of a real, (Σ_k keep_k a)² a number; each its own of a fake, Σ_k (keep_k a)² a number."""
    play = state(gamma=3.0)
    game, batch = play.game, play.data.batch(torch.arange(40))
    game.discriminator, a = Linear(0.2), 0.2
    numbers = game.encoded(batch.real)[0].numel()
    torch.manual_seed(0)
    found = [game.discriminator_loss(batch) for _ in range(25)]
    for name, wanted in (("r1", game.keep.sum() ** 2), ("r2", game.keep.square().sum())):
        mean = torch.stack([terms[name] for terms in found]).mean()
        assert mean.item() == pytest.approx(3.0 / 2 * a**2 * numbers * wanted.item(), rel=0.15)


def test_the_losses_are_those_of_pairs():
    play = state(gamma=0.0)
    game, batch = play.game, play.data.batch(torch.arange(8))
    game.discriminator = Linear(0.0)  # which cannot tell
    for terms in (game.discriminator_loss(batch), game.generator_loss(batch)):
        assert terms["adversarial"].item() == pytest.approx(np.log(2), rel=1e-5)


def test_without_guidance_the_discriminator_sees_the_last_level_alone():
    seen = {on: state(guidance=on).game.discriminator.embed_patches.in_features for on in (True, False)}
    assert seen[True] == 2 * seen[False]
    play = state(guidance=False)
    for terms in (play.game.discriminator_loss, play.game.generator_loss):
        assert torch.isfinite(sum(terms(play.data.batch(torch.arange(8))).values()))


def test_augmenting_shows_all_levels_alike():
    game = state(augment_latents=True).game
    items = torch.rand(5, 1, 4, 8, 8).expand(-1, 2, -1, -1, -1) + 1
    shown = game.shown(items)
    assert torch.equal(shown[:, 0], shown[:, 1]) and not torch.equal(shown, items)
    assert torch.equal(state(augment_latents=False).game.shown(items), items)


# --- stages ----------------------------------------------------------------------------------------------------------
def test_the_auto_encoder_learns_first_and_is_then_frozen():
    play = state(vae_share=0.5)
    play.game.progress = 0.0
    before = {name: player.flat.detach().clone() for name, player in play.players.items()}
    rounds(play, 2)
    kept = {name: player.flat.detach().clone() for name, player in play.players.items()}
    moments = play.game.moments.clone()
    assert [name for name in kept if not torch.equal(kept[name], before[name])] == ["vae"]
    play.game.progress = 0.6
    rounds(play, 1)
    changed = [name for name, player in play.players.items() if not torch.equal(player.flat, kept[name])]
    assert changed == ["discriminator", "generator"] and torch.equal(moments, play.game.moments)


def test_the_game_is_played_in_standard_units():
    game = state().game
    game.moments.copy_(torch.tensor([[1.0], [1.0 + 4.0]]).expand(2, game.channels))  # mean 1, deviation 2
    x = game.spec.to_network(torch.as_tensor(np.asarray(smooth((1, 16, 16)).fields["real"])[:3]))
    mean, _ = game.encoder(x)
    assert torch.allclose(game.encoded(x, draw=False), (mean - 1) / 2, atol=1e-6)
    with torch.no_grad():
        assert torch.allclose(game.decoded((mean - 1) / 2), game.decoder(mean), atol=1e-5)


def test_the_step_falls_with_the_width_and_that_of_g_is_a_multiple_of_it():
    rates = {}
    for width in (8, 16):
        game = state(width=width, learning_rate=1e-4, generator_step=0.5, vae_learning_rate=0.5).game
        made = {name: game.optimizer(name, [torch.zeros(3, requires_grad=True)]) for name in game.players()}
        rates[width] = [made[name].param_groups[0]["lr"] for name in ("generator", "discriminator", "vae")]
    assert rates == {8: [1e-4 * 48, 1e-4 * 96, 0.5], 16: [1e-4 * 24, 1e-4 * 48, 0.5]}


# --- use -------------------------------------------------------------------------------------------------------------
def test_sizes_that_no_patch_divides_come_back_as_they_went_in():
    game = gs.GAT(**SMALL).fit(smooth((3, 17, 23)), steps=3, batch_size=8)
    assert game.fold == 2 and game.sample(2, seed=0).shape == (2, 3, 17, 23)
    real = np.asarray(smooth((3, 17, 23)).fields["real"])[:4]
    assert game.reconstruct(real).shape == real.shape and game.reconstruct(real).dtype == np.uint8
    scores = game.score_samples(real)
    assert scores.shape == (4,) and np.allclose(scores[2:], game.score_samples(real[2:]), atol=1e-5)


@pytest.mark.parametrize("device, folds", [("cuda", [2, 2, 4, 8, 8]), ("cpu", [2, 4, 8, 8, 8])])
def test_the_fold_leaves_sides_of_sixteen_and_on_a_cpu_of_eight(device, folds, monkeypatch):
    monkeypatch.setattr(gs.GAT, "device", torch.device(device))

    def fold(*size):
        game = gs.GAT()
        game.choose(smooth((3, *size), 2).spec, 100)
        return game.fold

    assert [fold(8, 8), fold(32, 32), fold(64, 96), fold(128, 128), fold(512, 512)] == folds


def test_few_pictures_are_augmented():
    games = {}
    for count in (19_999, 20_000):
        games[count] = gs.GAT()
        games[count].choose(smooth((3, 8, 8), 2).spec, count)
    assert games[19_999].augment_latents and not games[20_000].augment_latents


def test_what_is_no_picture_is_refused():
    with pytest.raises(gs.UserError, match="GAT makes pictures and the data is vectors"):
        gs.GAT(**SMALL).fit(np.random.default_rng(0).normal(size=(40, 3)), steps=1)
    with pytest.raises(gs.UserError, match="multiple of 4"):
        gs.GAT(**SMALL | {"width": 10}).fit(smooth((1, 8, 8)), steps=1)
