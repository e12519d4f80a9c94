"""pix2pix: the paper's networks to the number, the two losses, the order of moves, noise from dropout alone."""

import math

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.gans.translation import jitter
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.unet import UNet
from gansmith.testing import begin, made_up_pairs, rounds


@pytest.mark.parametrize("layers, field", [(3, 70), (2, 34), (1, 16)])
def test_the_receptive_field_is_exactly_that_of_the_paper(layers, field):
    """Which input pixels one score's gradient reaches; without norms, which look at the whole map."""
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(1, 4, layers, norm=lambda channels: torch.nn.Identity())
    for p in discriminator.parameters():
        torch.nn.init.uniform_(p, 0.1, 1)  # no two paths cancel
    x = torch.ones(1, 1, 256, 256, requires_grad=True)
    scores = discriminator(x)
    (slope,) = torch.autograd.grad(scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2], x)
    rows, columns = slope[0, 0].nonzero().unbind(1)
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == field
    if layers == 3:
        assert scores.shape == (1, 1, 30, 30)


def test_the_networks_at_256_pixels():
    """Counted by hand from appendix 6.1, with biases and the norms' scales and shifts."""
    net = UNet(3, 3, (256, 256))
    channels = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    down = sum(16 * a * b + b for a, b in zip(channels, channels[1:]))
    ends = [3, 64, 128, 256, 512, 512, 512, 512]
    up = sum(16 * (c if c_i == 7 else 2 * c) * e + e for c_i, (c, e) in enumerate(zip(channels[1:], ends)))
    norms = 2 * (sum(channels[2:8]) + sum(ends[1:]))
    assert sum(p.numel() for p in net.parameters()) == down + up + norms == 54_419_459
    assert sum(p.numel() for p in PatchDiscriminator(6).parameters()) == 2_764_737 + 3 * 64 * 16 + 2 * (128 + 256 + 512)
    assert len(net.down) == 8 and net(torch.zeros(1, 3, 256, 256)).shape == (1, 3, 256, 256)


class Sure(torch.nn.Module):
    """A critic that scores the mean of the second picture."""

    def forward(self, x):
        return x[:, 1:].mean((1, 2, 3), keepdim=True) * 1.0


def test_both_losses_on_known_scores():
    gan = gs.Pix2Pix(width=4)
    gan.build(made_up_pairs((1, 8, 8)).spec)
    assert (gan.jitter, gan.mirror) == (1.0, False)
    gan.generator, gan.discriminator = torch.nn.Identity(), Sure()
    batch = Batch(source=torch.full((2, 1, 8, 8), -0.5), target=torch.full((2, 1, 8, 8), 0.25), index=torch.arange(2))
    said = gan.generator_loss(batch)
    soft = lambda t: math.log1p(math.exp(t))  # noqa: E731
    assert said["l1"].item() == pytest.approx(100 * 0.75)
    assert said["adversarial"].item() == pytest.approx(soft(0.5), rel=1e-5)
    judged = gan.discriminator_loss(batch)["adversarial"].item()
    assert judged == pytest.approx((soft(-0.25) + soft(-0.5)) / 2, rel=1e-5)


def test_the_discriminator_judges_the_fakes_that_the_generator_just_made():
    state = begin(gs.Pix2Pix, made_up_pairs((1, 8, 8)), {"width": 4}, 0)
    game, seen = state.game, []
    judge = game.judge
    game.judge = lambda source, picture: seen.append(picture) or judge(source, picture)
    rounds(state, 1)
    for_generator, real, for_discriminator = seen
    assert torch.equal(for_generator, for_discriminator) and not for_discriminator.requires_grad


def test_jitter_cuts_a_window_of_the_enlarged_picture_and_the_same_one_of_its_pair():
    torch.manual_seed(0)
    x = torch.rand(400, 1, 6, 8)
    cut, twin = jitter(x, 2 * x.repeat(1, 3, 1, 1), enlarge=1.5, mirror=True)
    assert torch.equal(twin, 2 * cut.repeat(1, 3, 1, 1))
    large = torch.nn.functional.interpolate(x, (9, 12), mode="bilinear")
    places = torch.zeros(4, 5, 2, dtype=torch.long)  # how often each window, as it is and mirrored
    for one, whole in zip(cut[:, 0], large[:, 0]):
        there = [
            (top, left, turned)
            for top in range(4)
            for left in range(5)
            for turned in (0, 1)
            if torch.equal(one.flip(1) if turned else one, whole[top : top + 6, left : left + 8])
        ]
        assert len(there) == 1
        places[there[0]] += 1
    assert places.min() > 0 and 160 < places[..., 1].sum() < 240
    assert places.sum((1, 2)).min() > 60 and places.sum((0, 2)).min() > 50


def test_without_jitter_and_mirror_pictures_are_what_they_were():
    x = torch.rand(3, 1, 6, 8)
    assert jitter(x, enlarge=1.0, mirror=False)[0] is x
    (turned,) = jitter(x, enlarge=1.0, mirror=True)
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(2)) for a, b in zip(turned, x))


def test_pictures_of_64_pixels_are_jittered_in_training_and_never_in_use():
    gan = gs.Pix2Pix(width=4)
    spec = made_up_pairs((1, 64, 64), n=2).spec
    gan.build(spec)
    gan.spec, (x, y) = spec, torch.rand(2, 2, 1, 64, 64)
    assert gan.jitter * 256 == 286 and gan.mirror
    gan.generator, gan.discriminator = torch.nn.Identity(), Sure()
    batch = Batch(source=x, target=y, index=torch.arange(2))
    gan.generator_loss(batch)
    seen = torch.cat([batch.memo["source"], batch.memo["target"]], 1)
    assert seen.shape == (2, 2, 64, 64) and not torch.equal(seen[:, :1], x)
    torch.manual_seed(0)
    gan.generator_loss(batch)
    torch.manual_seed(0)
    (alone,) = jitter(torch.cat([x, y], 1), enlarge=gan.jitter, mirror=True)
    assert torch.equal(torch.cat([batch.memo["source"], batch.memo["target"]], 1), alone)
    pictures = np.random.default_rng(0).integers(0, 255, (2, 1, 64, 64), np.uint8)
    assert np.array_equal(gan.translate(pictures), pictures)


def test_dropout_is_the_only_noise_and_the_seed_decides_it():
    gan = gs.Pix2Pix(width=8).fit(made_up_pairs((3, 16, 16)), steps=2, batch_size=8)
    x = made_up_pairs((3, 16, 16)).raw(np.arange(6), "source")
    one, two, three = gan.translate(x, seed=1), gan.translate(x, seed=1), gan.translate(x, seed=2)
    assert np.array_equal(one, two) and not np.array_equal(one, three) and one.shape == (6, 3, 16, 16)
    gan.generator.noise = False
    assert np.array_equal(gan.translate(x, seed=1), gan.translate(x, seed=2))
    alone = np.concatenate([gan.translate(x[i : i + 1]) for i in range(6)])
    assert np.abs(alone.astype(int) - gan.translate(x).astype(int)).max() <= 1  # no picture sees its neighbours


def test_reverse_learns_the_other_way(tmp_path):
    x = np.zeros((20, 8, 8), np.uint8)
    pairs = gs.read((x, np.stack([x] * 3, 1) + 200), form="pairs")
    assert gs.Pix2Pix(reverse=True).read(pairs).spec.shape == (1, 8, 8)
    gan = gs.Pix2Pix(width=4, reverse=True).fit(pairs, steps=1)
    assert gan.translate(pairs.raw(np.arange(2), "target")).shape == (2, 1, 8, 8)


def test_what_it_refuses():
    with pytest.raises(gs.UserError, match="holds no pairs: put what goes in into A/"):
        gs.Pix2Pix().fit("digits", steps=1)
    with pytest.raises(gs.UserError, match="single items"):
        gs.Pix2Pix().fit(gs.read("digits"), steps=1)
    gan = gs.Pix2Pix(width=4).fit(made_up_pairs((1, 8, 8)), steps=1)
    with pytest.raises(gs.UserError, match="give sample"):
        gan.sample(3)
    with pytest.raises(gs.UserError, match=r"takes uint8 pictures of shape \(n, 1, 8, 8\)"):
        gan.translate(np.zeros((2, 3, 9, 8), np.uint8))
    assert gan.translate(np.zeros((2, 1, 9, 12), np.uint8)).shape == (2, 1, 9, 12)
