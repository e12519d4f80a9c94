"""3D-GAN: the gate, its losses by closed forms, the paper's sizes, codes and features."""

from math import log

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.data.kinds.images import smooth
from gansmith.data.kinds.volumes.kind import blocks
from gansmith.errors import UserError
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator
from gansmith.networks.depth import DepthView
from gansmith.testing import begin
from gansmith.testing.play import moves


@pytest.fixture(scope="module")
def trained():
    """3D-VAE-GAN on blocks, a few moves."""
    return gs.GAN3D(width=4, latent=8, codes_from="picture").fit(blocks((1, 8, 8, 8)), steps=3, batch_size=8)


def test_the_networks_of_the_paper():
    generator, discriminator = ConvGenerator(200, (1, 64, 64, 64), 64), ConvDiscriminator((1, 64, 64, 64), 64)
    assert [tuple(c.weight.shape[:2]) for c in generator.convs] == [(512, 256), (256, 128), (128, 64), (64, 1)]
    assert generator.linear.weight.shape == (512 * 4**3, 200) and generator.linear.bias is None
    assert [len(c.weight) for c in discriminator.convs] == [64, 128, 256, 512]
    assert discriminator.convs[0].kernel_size == (4, 4, 4) and discriminator.convs[0].stride == (2, 2, 2)


@pytest.mark.parametrize("share, plays", [(0.5, True), (0.75, True), (0.8, True), (0.81, False), (1.0, False)])
def test_it_moves_while_it_tells_at_most_four_of_five(share, plays):
    game = gs.GAN3D(accuracy=0.8)
    game.told = torch.tensor(share)
    assert game.discriminator_plays() is plays


def scored(real, fake):
    """A game whose D gives these scores, and a batch to play with."""
    game = gs.GAN3D()
    game.fake = lambda batch: torch.zeros(len(fake), 1, 2, 2, 2)
    game.discriminator = lambda x, label=None: torch.tensor(real if x.sum() else fake)
    return game, Batch(real=torch.ones(len(real), 1, 2, 2, 2), index=torch.arange(len(real)))


def test_the_share_told_rightly_is_of_reals_and_fakes_before_the_move():
    game, batch = scored([1.0, 2.0, 3.0, -1.0], [-1.0, -2.0, 1.0, 2.0])
    game.told = torch.zeros(())
    game.generator_loss(batch)
    game.moved("generator")
    assert float(game.told) == pytest.approx((3 / 4 + 2 / 4) / 2)


def test_losses_of_a_discriminator_that_cannot_tell():
    game, batch = scored([0.0, 0.0], [0.0, 0.0])
    assert float(game.generator_loss(batch)["adversarial"]) == pytest.approx(log(2))
    assert float(game.discriminator_loss(batch)["adversarial"]) == pytest.approx(2 * log(2))


def test_a_sure_discriminator_rests_and_goes_on_when_it_is_no_longer():
    state = begin(gs.GAN3D, blocks((1, 8, 8, 8)), {"width": 4, "latent": 4, "accuracy": 0.0}, 0)
    game = state.game
    game.told.fill_(1.0)
    assert [turn.player for turn, _, _ in moves(state)] in (["generator"], ["generator", "discriminator"])
    assert bool(game.told > 0) != game.discriminator_plays()
    game.accuracy = 1.0
    assert [turn.player for turn, _, _ in moves(state)] == ["generator", "discriminator"]


def test_depth_is_seen_from_the_front():
    x = -torch.ones(1, 1, 3, 5, 4)
    x[0, 0, 2, 1, 0] = x[0, 0, 2, 3, 0] = x[0, 0, 0, 0, 3] = 1  # right, low, second; left, high, in front
    seen = DepthView()(x)[0, 0]
    assert seen.shape == (4, 3) and seen[3, 2] == 0.75 and seen[0, 0] == 1 and (seen == -1).sum() == 10


def test_codes_and_what_is_made_of_them(trained):
    items = blocks((1, 8, 8, 8)).raw(np.arange(5))
    codes = trained.encode(items)
    assert codes.shape == (5, 8) and trained.prior == "normal" and trained.reconstruct(items).shape == items.shape
    a, b, c, *_ = codes
    between = trained.decode(np.linspace(a, b, 4))
    assert between.shape == (4, 1, 8, 8, 8) and set(np.unique(between)) <= {0, 1}
    assert np.array_equal(between[[0, 3]], trained.reconstruct(items[:2]))
    assert np.array_equal(trained.decode((a - a + c)[None])[0], trained.reconstruct(items)[2])
    taller = trained.decode(torch.from_numpy(a - b + c)[None])
    assert taller.shape == (1, 1, 8, 8, 8) and np.array_equal(taller, trained.decode((a - b + c)[None]))
    assert {"generator", "encoder"} == set(trained.raw)
    assert {"generator/kl", "generator/rebuilding"} <= trained.history[-1].keys()


def test_features_are_pooled_maps_behind_the_second_to_the_last_layer(trained):
    items = blocks((1, 8, 8, 8)).raw(np.arange(5))
    wide = gs.GAN3D(width=2, latent=4).fit(np.repeat(items.repeat(2, 2).repeat(2, 3).repeat(2, 4), 4, 0), steps=1)
    assert wide.describe(items.repeat(2, 2).repeat(2, 3).repeat(2, 4)).shape == (5, 4 * 8)
    with pytest.raises(UserError, match="codes-from"):
        wide.encode(wide.sample(2, seed=0))


def test_what_it_refuses():
    with pytest.raises(UserError, match="volumes"):
        gs.GAN3D(width=2).fit(smooth((1, 8, 8)), steps=1)
    with pytest.raises(UserError, match="conditional=False"):
        gs.GAN3D(width=2, conditional=True, codes_from="volume").fit(blocks((1, 8, 8, 8)), steps=1)
