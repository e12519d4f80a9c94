"""SRGAN: pixel shuffle, the paper's network to the number, PSNR's closed forms, the two stages, crops."""

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.data.crops import enlarge, read_crops, shrink, squares
from gansmith.evaluate.fidelity import luma, psnr, sharpness
from gansmith.networks.srresnet import FrozenFeatures, SRResNet

SMALL = {"width": 4, "blocks": 1, "crop": 32}


def photos(n=3, size=(40, 52)):
    x = np.random.default_rng(0).integers(0, 256, (n, 3, -(-size[0] // 8), -(-size[1] // 8)), np.uint8)
    return x.repeat(8, 2).repeat(8, 3)[:, :, : size[0], : size[1]]


def test_the_generator_has_the_papers_parameters():
    assert sum(p.numel() for p in SRResNet(3).parameters()) == 1_549_462


def test_the_generator_starts_as_the_way_from_picture_to_picture_alone():
    net, x = SRResNet(3, 2, 4, 3), torch.rand(2, 3, 6, 7)
    assert torch.allclose(net(x), net.last(net.up(net.first(x))))


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


def test_first_pixels_then_features_and_the_discriminator_starts_with_the_second_stage():
    gan = gs.SRGAN(pretrain=0.5, **SMALL).fit(photos(), steps=20, batch_size=4)
    first = [row for row in gan.history if row["step"] <= 10]
    later = [row for row in gan.history if row["step"] > 10]
    assert all("generator/pixels" in row and "discriminator/real" not in row for row in first)
    assert later and all("generator/features" in row and "discriminator/real" in row for row in later)
    alone = gs.SRGAN(pretrain=1.0, **SMALL).fit(photos(), steps=20, batch_size=4)
    assert not any("generator/features" in row for row in alone.history)


def test_adversarial_training_goes_on_from_srresnet_and_does_not_undo_it():
    """Adam's memory of the first loss made its first steps on the second many times too long."""
    moves = {}

    def watch(state, row):
        memory = state.players["generator"].optimizer.state.values()
        moves[row["step"]] = max(int(kept["step"]) for kept in memory)

    gan = gs.SRGAN(pretrain=0.9, content="shallow", learning_rate=2e-3, decay=0.5, **SMALL | {"width": 8})
    gan.fit(photos(), steps=200, batch_size=4, val=0, watch=watch, precision="fp32")
    assert moves[171] == 171 and moves[181] == 1 and moves[191] == 11
    quality = {row["step"]: row["psnr/crops"] for row in gan.history}
    before, after = (quality[151] + quality[171]) / 2, quality[191]
    assert before > quality[1] + 5 and after > before - 3


def test_the_step_falls_in_each_stage_and_is_a_tenth_in_the_last_half():
    gan, step = gs.SRGAN(pretrain=0.8, learning_rate=1.0, decay=0.25), torch.optim.SGD([torch.zeros(1)], lr=9.0)
    for progress, rate in {0.0: 1, 0.6: 1, 0.7: 0.5, 0.8: 1, 0.89: 1, 0.92: 0.1, 0.975: 0.05}.items():
        gan.progress = progress
        gan.schedule("generator", step)
        assert step.param_groups[0]["lr"] == pytest.approx(rate)


def test_any_size_goes_in_and_comes_out_larger():
    gan = gs.SRGAN(scale=2, **SMALL).fit(photos(), steps=2, batch_size=4)
    assert gan.translate(np.zeros((2, 3, 9, 14), np.uint8)).shape == (2, 3, 18, 28)
    photo = photos(1, (70, 100))
    whole, gan.LARGEST = gan.translate(photo).astype(int), 64
    off = np.abs(gan.translate(photo) - whole)  # in tiles, which are hardly to be seen
    assert off.mean() < 0.5 and np.median(off) == 0 and whole.std() > 10
    with pytest.raises(gs.UserError, match="of any size"):
        gan.translate(np.zeros((2, 1, 9, 14), np.uint8))
    with pytest.raises(gs.UserError, match="2, 4 or 8 times"):
        gs.SRGAN(scale=3).fit(photos(), steps=1)


def test_the_frozen_net_is_the_same_each_time_is_never_trained_and_takes_weights(tmp_path):
    rng = torch.get_rng_state()
    one, two = FrozenFeatures(), FrozenFeatures()
    assert torch.equal(rng, torch.get_rng_state())
    assert torch.equal(one.body[0].weight, two.body[0].weight)
    assert one(torch.zeros(1, 3, 96, 96)).shape == (1, 512, 5, 5)
    assert FrozenFeatures(FrozenFeatures.SHALLOW)(torch.zeros(1, 1, 48, 48)).shape == (1, 128, 11, 11)
    file = tmp_path / "eyes.npz"
    np.savez(file, **{f"features.{k}": v.numpy() + 1 for k, v in one.body.state_dict().items()})
    gan = gs.SRGAN(pretrain=0.0, features=str(file), **SMALL).fit(photos(), steps=3, batch_size=4)
    assert torch.equal(gan.feature_net.body[0].weight, one.body[0].weight + 1)
    gan.save(tmp_path / "x.gan")
    file.unlink()  # the weights are in the model now
    assert torch.equal(gs.load(tmp_path / "x.gan").feature_net.body[0].weight, gan.feature_net.body[0].weight)
    with pytest.raises(gs.UserError, match="cannot be read"):
        gs.SRGAN(features=str(file), **SMALL).fit(photos(), steps=3)
    np.savez(file, x=np.zeros(3))
    with pytest.raises(gs.UserError, match="does not hold SqueezeNet"):
        gs.SRGAN(features=str(file), **SMALL).fit(photos(), steps=3)
