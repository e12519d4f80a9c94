"""AffGAN: what goes in comes back, whatever the network is; pictures of any size and vectors; the paper's variants."""

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.testing import begin

SMALL = {"width": 4, "blocks": 1}


def pictures(n=24, side=16, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, side, side), np.uint8)


def pairs_of_numbers(n=200):
    """Points of two lines: for each x there are two y, and their mean is none."""
    rng = np.random.default_rng(0)
    middle, apart = rng.uniform(-1, 1, n), rng.choice([-1, 1], n)
    return np.stack([middle + apart, middle - apart], 1).astype(np.float32)


@pytest.mark.parametrize("kernel", ["box", "gaussian"])
@pytest.mark.parametrize("data", [pictures(), pictures(channels=3, side=24), pairs_of_numbers()], ids=["1", "3", "d"])
def test_any_network_gives_back_what_went_in(data, kernel):
    game = begin(gs.AffGAN, gs.read(data, labels=None), {"scale": 2, "kernel": kernel, **SMALL}, 0).game
    for p in game.generator.parameters():
        torch.nn.init.normal_(p, std=0.3)
    source = game.spec.of("source")
    x = torch.rand(3, *source.shape) * 2 - 1
    with torch.no_grad():
        made = game.generator(x)
        scale = max(1.0, made.abs().max().item())
        assert (game.generator.downscaling.down(made) - x).abs().max() < 1e-5 * scale


def test_without_the_projection_it_is_asked_for():
    data = gs.read(pictures(), labels=None)
    game = gs.AffGAN(scale=2, projection=False, **SMALL).fit(data, steps=5, batch_size=4)
    assert all(row["generator/consistency"] > 0 for row in game.history)
    assert game.history[0]["generator/inconsistency"] > 1e-2
    exact = gs.AffGAN(scale=2, **SMALL).fit(data, steps=5, batch_size=4)
    assert all("generator/consistency" not in row for row in exact.history)
    assert max(row["generator/inconsistency"] for row in exact.history) < 1e-5


def test_the_noise_on_what_the_discriminator_sees_falls_to_nothing():
    state = begin(gs.AffGAN, gs.read(pictures(), labels=None), {"scale": 2, "instance_noise": 0.5, **SMALL}, 0)
    game, x = state.game, torch.zeros(4, 1, 16, 16)
    assert state.augment is not None
    game.progress = 0.5
    assert not torch.equal(game.discriminator(x), game.discriminator(x))


def test_the_squared_error_has_no_discriminator_and_finds_the_mean():
    """Of two answers to each input, AffMSE gives their mean, which is neither."""
    game = gs.AffGAN(scale=2, objective="mse", width=32, learning_rate=3e-3)
    game.fit(pairs_of_numbers(), steps=200, batch_size=64, val=0)
    assert list(game.players()) == ["generator"]
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    made = game.sample(20, source=x)
    assert made.shape == (20, 2) and np.allclose(made.mean(1), x[:, 0], atol=1e-5)
    assert np.abs(made - x).max() < 0.5  # the answers are 1 away from it


def test_pictures_of_any_size_in_and_scale_times_as_large_out(tmp_path):
    for i, (height, width) in enumerate([(40, 52), (33, 64)]):
        x = np.random.default_rng(i).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(x).save(tmp_path / f"{i}.png")
    game = gs.AffGAN(scale=2, crop=16, **SMALL).fit(tmp_path, steps=2, batch_size=4)
    assert game.spec.shape == (3, 16, 16) and game.spec.of("source").shape == (3, 8, 8)
    given = game.read_source(tmp_path)
    one = given["0.png"][None]
    made = game.sample(1, source=one)
    assert made.shape == (1, 3, 80, 104)
    back = made.reshape(1, 3, 40, 2, 52, 2).mean((3, 5))
    inside = ((made.reshape(1, 3, 40, 2, 52, 2) % 255) > 0).all((3, 5))  # where nothing was clipped
    assert inside.any() and np.abs(back - one)[inside].max() <= 0.5


@pytest.mark.parametrize(
    "data, settings, message",
    [
        (pictures(side=18), {"scale": 4}, "sides 4 divides, and these are"),
        (pictures(), {"scale": 3}, "2, 4, 8"),
        (pictures(), {"kernel": "triangle"}, "box"),
        (np.zeros((10, 3, 2, 8, 8), np.float32), {}, "enlarges pictures and vectors"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(data, settings, message):
    with pytest.raises(gs.UserError, match=message) as error:
        gs.AffGAN(**settings, **SMALL).fit(data, steps=1)
    assert "\n" not in str(error.value)


def test_pairs_of_other_sizes_are_refused():
    with pytest.raises(gs.UserError, match="4 times smaller"):
        gs.AffGAN(**SMALL).fit(gs.read((pictures(), pictures()), form="pairs"), steps=1)
