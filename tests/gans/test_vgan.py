"""VGAN: a clip is its two streams, what stands still stands still, and a picture is the first frame of a clip."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.kinds.video.kind import squares
from gansmith.errors import UserError
from gansmith.networks.convolutional import ConvDiscriminator
from gansmith.networks.two_streams import TwoStreams, composed
from gansmith.runs.start_from import begin_with_mean
from gansmith.testing.play import begin, moves

DATA = squares((3, 4, 8, 8))


def test_the_networks_are_those_of_the_paper():
    networks = TwoStreams(100, (3, 32, 64, 64)), ConvDiscriminator((3, 32, 64, 64))
    moving = [tuple(conv.weight.shape) for conv in networks[0].foreground.convs]
    assert moving == [(512, 256, 4, 4, 4), (256, 128, 4, 4, 4), (128, 64, 4, 4, 4), (64, 4, 4, 4, 4)]
    assert networks[0].foreground.first == (512, 2, 4, 4) and networks[0].background.first == (512, 4, 4)
    assert [conv.out_channels for conv in networks[1].convs] == [64, 128, 256, 512]


@pytest.mark.parametrize("shape", [(3, 5, 9, 7), (1, 2, 8, 12)])
def test_a_clip_is_the_foreground_where_the_mask_is_and_the_still_background_elsewhere(shape):
    generator = TwoStreams(6, shape, 4, classes=2).eval()
    z, label = torch.randn(3, 6), torch.tensor([0, 1, 1])
    foreground, mask, background = generator.streams(z, label)
    assert foreground.shape == (3, *shape) and mask.shape == (3, 1, *shape[1:])
    assert background.shape == (3, shape[0], 1, *shape[2:]) and 0 < mask.min() < mask.max() < 1
    clip = generator(z, label)
    torch.testing.assert_close(clip, mask * foreground + (1 - mask) * background)
    still = composed(foreground, torch.zeros_like(mask), background)
    assert torch.equal(still[:, :, 0], still[:, :, -1]) and clip.abs().max() <= 1
    assert not torch.allclose(clip, generator(z, 1 - label))


def test_the_terms_of_the_losses_are_those_of_the_paper():
    state = begin(gs.VGAN, DATA, {"width": 4, "sparsity": 0.5}, 0)
    terms = {name: value for _, _, terms in moves(state) for name, value in terms.items()}
    assert 0.015 < float(terms["generator/sparsity"]) < 0.04  # half of a mean of .05
    state = begin(gs.VGANFromFrame, DATA, {"width": 4, "first_frame": 2.0}, 0)
    game, batch = state.game, state.data.batch(torch.arange(8))
    assert torch.equal(batch.source, batch.target[:, :, 0])
    made, seen = game.generator(batch.source), game.generator_loss(batch)
    torch.testing.assert_close(seen["first_frame"], 2 * (made[:, :, 0] - batch.source).abs().mean())


def test_a_heavy_price_leaves_all_to_the_background():
    """The control: without it the mask stays where it was."""
    dear, free = (
        gs.VGAN(width=4, latent=4, sparsity=value, learning_rate=2e-2, average_half_life=20).fit(
            DATA, steps=25, batch_size=10, val=0, diagnose=False, evaluate=False
        )
        for value in (100.0, 0.0)
    )
    masks = [game.streams(20, seed=1).mask.mean() for game in (dear, free)]
    assert masks[0] < 0.5 * masks[1]
    apart, clips = dear.streams(20, seed=1, batch_size=7), dear.sample(20, seed=1)
    whole = apart.mask * apart.foreground + (1 - apart.mask) * apart.background
    assert np.abs(whole - clips).max() <= 1.5 and np.ptp(apart.background, axis=2).max() == 0


@pytest.fixture(scope="module")
def animating(tmp_path_factory):
    path = tmp_path_factory.mktemp("animating") / "run"
    gs.VGANFromFrame(width=4).fit(DATA, steps=1, batch_size=10, out=path, evaluate=False, diagnose=False)
    return path


def test_a_photo_is_animated(animating, tmp_path, capsys):
    from PIL import Image

    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8))
    photo.save(tmp_path / "photo.png")
    assert main(["sample", str(animating), "--input", f"{tmp_path}/photo.png", "-o", f"{tmp_path}/moving.gif"]) == 0
    assert Image.open(tmp_path / "moving.gif").size == (8, 8)
    game = gs.load(animating)
    pictures = DATA.raw(np.arange(5))[:, :, 0]
    assert game.translate(pictures).shape == (5, 3, 4, 8, 8)
    assert np.array_equal(game.sample(7, source=pictures)[5:], game.translate(pictures[:2]))
    with pytest.raises(UserError, match="makes clips from pictures"):
        game.sample(3)
    assert main(["sample", str(animating), "-o", f"{tmp_path}/none.gif"]) == 2
    assert "--input" in capsys.readouterr().err


def test_what_is_no_clip_is_refused():
    with pytest.raises(UserError, match="needs clips"):
        gs.VGANFromFrame().fit(np.zeros((20, 9, 9), np.uint8), steps=1)
    with pytest.raises(UserError, match="volumes"):
        gs.VGAN().fit(np.random.default_rng(0).random((20, 4)), steps=1)


def test_clips_begin_with_the_mean_frame_that_stands_still_and_a_thin_mask():
    """From noise and from a frame. The control: their foregrounds do not."""
    for kind in (gs.VGAN, gs.VGANFromFrame):
        state = begin(kind, DATA, {"width": 4}, 0)
        begin_with_mean(state.game, state.data)
        batch = state.data.batch(torch.arange(len(state.data)))
        clips = getattr(batch, state.data.main)
        given = batch.source if kind is gs.VGANFromFrame else state.game.latents(len(clips))
        foreground, mask, background = state.game.generator.streams(given)
        mean = clips.mean((0, 2))
        far = [(part.mean((0, 2)) - mean).abs().mean() for part in (background, foreground)]
        assert far[0] < 0.1 < far[1] and 0.02 < mask.mean() < 0.1
