"""SRGAN: pixel shuffle, the paper's network to the number, PSNR's closed forms, the two stages, crops."""

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.data.crops import enlarge, read_crops, shrink, squares
from gansmith.evaluate.pictures import luma, psnr, sharpness
from gansmith.networks.srresnet import FrozenFeatures, SRResNet

SMALL = {"width": 4, "blocks": 1, "crop": 32}


def photos(n=3, size=(40, 52)):
    x = np.random.default_rng(0).integers(0, 256, (n, 3, -(-size[0] // 8), -(-size[1] // 8)), np.uint8)
    return x.repeat(8, 2).repeat(8, 3)[:, :, : size[0], : size[1]]


def test_the_generator_has_the_papers_parameters():
    assert sum(p.numel() for p in SRResNet(3).parameters()) == 1_549_462


def test_pixel_shuffle_by_hand():
    x = torch.arange(2 * 4 * 3 * 5.0).view(2, 4, 3, 5)
    made = torch.nn.PixelShuffle(2)(x)
    for h, w in [(0, 0), (3, 7), (5, 2)]:
        assert torch.equal(made[:, 0, h, w], x[:, 2 * (h % 2) + w % 2, h // 2, w // 2])


def test_psnr_of_a_shifted_constant():
    flat = np.full((2, 3, 20, 20), 100, np.uint8)
    weight = (65.481 + 128.553 + 24.966) / 255  # of a grey step in Y
    assert psnr(flat, flat + 10) == pytest.approx(20 * np.log10(255 / (10 * weight)))
    bordered = flat.copy()
    bordered[:, :, :4] = 0  # outside what is counted
    assert psnr(flat, bordered) == psnr(flat, flat) > 100
    assert luma(np.full((1, 3, 1, 1), 255, np.uint8))[0, 0, 0] == pytest.approx(235)
    ramp = np.tile(np.arange(0, 200, 10, np.uint8), (1, 1, 20, 1))
    assert sharpness(ramp) == pytest.approx(5 * weight)
    with pytest.raises(gs.UserError, match="in pairs"):
        psnr(flat, flat[:, :1])


def test_crops_cover_a_picture_at_its_own_resolution(tmp_path):
    item = np.arange(40 * 52, dtype=np.uint16).reshape(1, 40, 52)
    seen = np.unique(np.stack(squares(item, 32)))
    assert len(squares(item, 32)) == 4 and len(seen) == 40 * 52
    for i, size in enumerate([(52, 40), (64, 33), (90, 70)]):
        Image.fromarray(photos(1, size[::-1])[0].transpose(1, 2, 0)).save(tmp_path / f"{i}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    data = read_crops(tmp_path, 32, 4)
    assert data.spec.shape == (3, 32, 32) and data.spec.of("source").shape == (3, 8, 8)
    assert len(data) == 4 + 4 + 9 and "broken.png" in data.left_out
    batch = data.batch(torch.arange(5))
    assert batch.source.min() >= 0 and batch.source.max() <= 1 and batch.target.min() < -0.5
    assert np.array_equal(shrink(data.raw([7], "target")[0], 4), data.raw([7], "source")[0])


def test_shrinking_a_constant_and_back_is_lossless():
    flat = np.full((3, 16, 16), 77, np.uint8)
    assert (shrink(flat, 4) == 77).all() and (enlarge(shrink(flat, 4), 4) == flat).all()


def test_first_pixels_then_features_and_the_critic_starts_with_the_second_stage():
    gan = gs.SRGAN(pretrain=0.5, **SMALL).fit(photos(), steps=20, batch_size=4)
    first = [row for row in gan.history if row["step"] <= 10]
    later = [row for row in gan.history if row["step"] > 10]
    assert all("generator/pixels" in row and "critic/real" not in row for row in first)
    assert later and all("generator/features" in row and "critic/real" in row for row in later)
    alone = gs.SRGAN(pretrain=1.0, **SMALL).fit(photos(), steps=20, batch_size=4)
    assert not any("generator/features" in row for row in alone.history)


def test_any_size_goes_in_and_comes_out_larger():
    gan = gs.SRGAN(scale=2, **SMALL).fit(photos(), steps=2, batch_size=4)
    assert gan.translate(np.zeros((2, 3, 9, 14), np.uint8)).shape == (2, 3, 18, 28)
    with pytest.raises(gs.UserError, match="of any size"):
        gan.translate(np.zeros((2, 1, 9, 14), np.uint8))
    with pytest.raises(gs.UserError, match="2, 4 or 8 times"):
        gs.SRGAN(scale=3).fit(photos(), steps=1)


def test_the_frozen_net_is_the_same_each_time_is_never_trained_and_takes_weights(tmp_path):
    chance = torch.get_rng_state()
    one, two = FrozenFeatures(), FrozenFeatures()
    assert torch.equal(chance, torch.get_rng_state())
    assert torch.equal(one.body[0].weight, two.body[0].weight)
    file = tmp_path / "eyes.npz"
    np.savez(file, **{f"features.{k}": v.numpy() + 1 for k, v in one.body.state_dict().items()})
    gan = gs.SRGAN(pretrain=0.0, features=str(file), **SMALL).fit(photos(), steps=3, batch_size=4)
    assert torch.equal(gan.eyes.body[0].weight, one.body[0].weight + 1)
    gan.save(tmp_path / "x.gan")
    file.unlink()  # the weights are in the model now
    assert torch.equal(gs.load(tmp_path / "x.gan").eyes.body[0].weight, gan.eyes.body[0].weight)
    with pytest.raises(gs.UserError, match="cannot be read"):
        gs.SRGAN(features=str(file), **SMALL).fit(photos(), steps=3)
    np.savez(file, x=np.zeros(3))
    with pytest.raises(gs.UserError, match="does not hold SqueezeNet"):
        gs.SRGAN(features=str(file), **SMALL).fit(photos(), steps=3)
