"""Scores of pictures that a known generator can and cannot make; the encoder's stage; nothing moves while judging."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.networks.mlp import MLPDiscriminator
from gansmith.testing import assert_same, begin, made_up
from gansmith.training.loop import Mover, play_round


class Line(nn.Module):
    """A generator that makes x = z·direction, pictures of 1×2×2 on a line and nothing else."""

    def forward(self, z, label=None):
        return (z * torch.tensor([1.0, 1.0, -1.0, 0.0])).unflatten(1, (1, 2, 2))


def searcher(**settings):
    game = begin(gs.AnoGAN, made_up((1, 8, 8)), {"width": 4, "latent": 1} | settings, 0).game
    game.generator, game.discriminator = Line(), MLPDiscriminator((1, 2, 2), 4, 1)
    return game


def test_the_search_finds_what_can_be_made_and_prices_the_rest():
    game = searcher(feature_weight=0.0)
    x = torch.tensor([[0.5, 0.5, -0.5, 0.0], [-1.2, -1.2, 1.2, 0.0], [0.5, 0.5, -0.5, 0.8]]).unflatten(1, (1, 2, 2))
    score = game.distance(x, game.rebuild(x))
    assert score.tolist() == pytest.approx([0.0, 0.0, 0.2], abs=0.02)


def test_the_score_weighs_pixels_and_features():
    game, x, made = searcher(), torch.rand(3, 1, 2, 2), torch.rand(3, 1, 2, 2)
    features = (game.discriminator.features(x) - game.discriminator.features(made)).abs().mean(1)
    pixels = (x - made).abs().mean((1, 2, 3))
    for weight in (0.0, 0.1, 1.0):
        game.feature_weight = weight
        assert torch.allclose(game.distance(x, made), (1 - weight) * pixels + weight * features)


def test_judging_is_repeatable_moves_nothing_and_treats_each_picture_alone():
    game = gs.AnoGAN(width=4, search_steps=5).fit("digits", steps=3)
    x, before = gs.read("digits").fields["real"][:6], {k: v.clone() for k, v in game.state_dict().items()}
    score = game.anomaly_score(x)
    assert score.shape == (6,) and np.array_equal(score, game.anomaly_score(x))
    assert_same(before, game.state_dict(), "judging moved the game")
    assert game.anomaly_score(x[:1]) == pytest.approx(score[:1], rel=1e-3)
    assert game.anomaly_map(x).shape == (6, 8, 8) and game.reconstruct(x).dtype == x.dtype


def test_only_the_encoder_moves_in_its_stage():
    state = begin(gs.FAnoGAN, made_up((1, 8, 8)), {"width": 4, "discriminator_steps": 2}, 0)
    moved = []
    for state.game.progress in (0.0, 0.6):
        before = {name: p.flat.detach().clone() for name, p in state.players.items()}
        play_round(state, Mover(state, "fp32", 1))
        moved.append({name for name, p in state.players.items() if not torch.equal(before[name], p.flat)})
    assert moved == [{"generator", "discriminator"}, {"encoder"}]


def test_the_encoder_s_tanh_is_off_by_default():
    x = torch.randn(4, 1, 8, 8)
    for bounded in (False, True):
        game = begin(gs.FAnoGAN, made_up((1, 8, 8)), {"width": 4, "bounded": bounded}, 0).game
        game.generator = nn.Identity()
        game.encoder.score.weight.data.mul_(1000)
        assert (game.rebuild(x).abs().max() <= 1) == bounded


def test_f_anogan_scores_and_maps():
    game, x = gs.FAnoGAN(width=4, discriminator_steps=1).fit("digits", steps=6), gs.read("digits").fields["real"][:5]
    assert game.anomaly_score(x).shape == (5,) and game.anomaly_map(x).shape == (5, 8, 8)
    units = game.spec.to_network(torch.from_numpy(x))
    with game.at_rest():
        by_hand = (units - game.rebuild(units)).abs().mean(1)
    assert game.anomaly_map(x) == pytest.approx(by_hand.numpy(), abs=1e-6)


def test_models_and_runs_from_before_layer_norm_was_a_setting_have_it(tmp_path, monkeypatch):
    now = gs.FAnoGAN.settings
    monkeypatch.setattr(gs.FAnoGAN, "settings", lambda self: {k: v for k, v in now(self).items() if k != "layer_norm"})
    run = tmp_path / "run"
    game = gs.FAnoGAN(width=4, discriminator_steps=1, layer_norm=True).fit("digits", steps=4, out=run)
    monkeypatch.undo()
    old = gs.load(run / "model.gan")
    assert old.layer_norm and np.array_equal(old.sample(3, seed=0), game.sample(3, seed=0))
    assert gs.resume(run, steps=6).layer_norm and not gs.FAnoGAN().layer_norm
