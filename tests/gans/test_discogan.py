"""DiscoGAN: its loss in the paper's and in the code's form, both ways back, points and pictures of any size."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.networks.encoder_decoder import EncoderDecoder, LayeredDiscriminator
from gansmith.testing import begin
from gansmith.testing.play import moves

SMALL = {"width": 4}


def points(n=100, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 2)).astype(np.float32)


def pictures(n=20, side=16, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, side, side), np.uint8)


def domains(one, two):
    return gs.read((one, two), form="domains")


POINTS = domains(points(), points(60, 1))
PICTURES = domains(pictures(), pictures(30, channels=3, seed=1))


def terms(data=POINTS, **settings):
    """The generator's terms in the first round."""
    torch.manual_seed(0)
    played = moves(begin(gs.DiscoGAN, data, SMALL | settings, 0))
    found = next(terms for turn, _, terms in played if turn.player == "generator")
    return {name.removeprefix("generator/"): value for name, value in found.items()}


@pytest.mark.parametrize("size", [(8, 8), (17, 23), (64, 64)])
def test_maps_keep_the_size(size):
    assert EncoderDecoder(1, 3, size, 4)(torch.zeros(2, 1, *size)).shape == (2, 3, *size)
    score, seen = LayeredDiscriminator((3, *size), 4).layers(torch.zeros(2, 3, *size))
    assert score.shape == (2,) and seen and all(len(x) == 2 for x in seen)


@pytest.mark.parametrize("data", [POINTS, PICTURES], ids=["points", "pictures"])
def test_the_paper_s_loss_is_a_setting_of_the_code_s(data):
    """Twice (1 − r) · adversarial + r · ways back at r = ½ is the sum of eqs. 7 and 8; `features` adds its share."""
    paper = terms(data, features=0.0, early=None)
    assert set(paper) == {"adversarial", "reconstruction"}
    code = terms(data, early=None)
    assert code["adversarial"].item() == pytest.approx(0.1 * paper["adversarial"].item(), rel=1e-4)
    assert code["reconstruction"].item() == pytest.approx(paper["reconstruction"].item(), rel=1e-4)
    assert code["features"] > 0
    early = terms(data)
    assert early["reconstruction"].item() == pytest.approx(0.01 / 0.5 * code["reconstruction"].item(), rel=1e-4)
    assert early["adversarial"].item() == pytest.approx(0.99 / 0.5 * code["adversarial"].item(), rel=1e-4)


def test_r_changes_after_the_early_part():
    game = gs.DiscoGAN(early=0.01, early_share=0.25, reconstruction=0.5)
    shares = []
    for game.progress in (0.0, 0.24, 0.25, 1.0):
        shares.append(game.share())
    assert shares == [0.01, 0.01, 0.5, 0.5]


def test_one_way_back_leaves_the_other_out():
    both, one = (terms(both=b, features=0.0, early=None)["reconstruction"] for b in (True, False))
    assert 0 < one < both


def test_what_equal_activations_cost_is_nothing():
    game = begin(gs.DiscoGAN, POINTS, SMALL, 0).game
    x = torch.randn(8, 2)
    assert game.looks(game.discriminator_target, x, x.flip(0))[1] < 1e-10
    assert game.looks(game.discriminator_target, x, x + 1)[1] > 1e-6


def test_points_are_translated_both_ways():
    game = gs.DiscoGAN(**SMALL).fit(POINTS, steps=3, batch_size=8)
    there = game.translate(points(7))
    assert there.shape == (7, 2) and there.dtype == np.float32
    assert game.back(there).shape == (7, 2)
    with pytest.raises(gs.UserError, match="takes float32 vectors of shape"):
        game.translate(np.zeros((3, 3), np.float32))


def test_pictures_are_translated_both_ways():
    game = gs.DiscoGAN(**SMALL).fit(PICTURES, steps=3, batch_size=8)
    there = game.translate(pictures(5))
    assert there.shape == (5, 3, 16, 16) and game.back(there).shape == (5, 1, 16, 16)


def test_points_and_pictures_do_not_mix():
    with pytest.raises(gs.UserError, match="makes pictures from pictures"):
        gs.DiscoGAN(**SMALL).fit(domains(pictures(), points()), steps=1)
