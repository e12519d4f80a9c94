"""StackGAN: the divergence's closed form, what each stage leaves alone, pictures as a function of their noise."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.captions import captioned
from gansmith.networks.second_stage import ConditioningAugmentation, SecondStage, divergence
from gansmith.testing import begin, rounds
from gansmith.testing.examples import CAPTIONS, made_up

SMALL = {"width": 4, "text_width": 8, "conditioning": 6, "latent": 5, "blocks": 1, "scale": 2}


def data(shape=(3, 16, 16)):
    return captioned(made_up(shape), CAPTIONS)


def test_the_divergence_is_that_of_normal_laws():
    mean, deviation = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, 0.5, 3.0])
    law, standard = torch.distributions.Normal(mean, deviation), torch.distributions.Normal(0.0, 1.0)
    assert torch.allclose(divergence(mean, deviation.log()), torch.distributions.kl_divergence(law, standard))
    assert divergence(torch.zeros(2), torch.zeros(2)).tolist() == [0, 0]


def test_a_caption_is_a_law():
    mean, log_deviation = ConditioningAugmentation(4, 6)(torch.randn(3, 4))
    assert mean.shape == log_deviation.shape == (3, 6)


@pytest.mark.parametrize("size, scale", [((16, 16), 4), ((16, 24), 2), ((5, 7), 2), ((6, 9), 8)])
def test_the_second_stage_is_scale_times_as_large(size, scale):
    made = SecondStage((3, *size), scale, 6, 4, 1)(torch.zeros(2, 3, *size), torch.zeros(2, 6))
    assert made.shape == (2, 3, scale * size[0], scale * size[1]) and made.dtype == torch.float32


def test_a_picture_is_a_function_of_its_noise():
    game = gs.StackGAN(**SMALL).fit(data(), steps=4, batch_size=8)
    text = game.text_encoder(game.as_ids("a thing"))
    latent = game.latents(2)
    assert latent.shape == (2, 5 + 2 * 6)
    with game.at_rest():
        one, two = (game.generate(latent, text.expand(2, -1)) for _ in range(2))
        other = game.generate(latent + torch.eye(17)[-1], text.expand(2, -1))
    assert torch.equal(one, two) and not torch.equal(one, other)  # the last number is ε of the second stage


def test_the_first_stage_stays_as_it_is_while_the_second_learns():
    """Weights and what batch norm keeps, too."""
    state = begin(gs.StackGAN, data(), SMALL | {"reading": 0.0, "first_share": 0.0}, 0)
    game = state.game
    kept = {name: value.clone() for name, value in game.state_dict().items() if name.startswith("first")}
    before = game.generator.last.weight.clone()
    assert kept
    state.game.begin_second()
    for turn in game.stages()[2].turns:
        loss = turn.loss(state.data.batch(torch.arange(8)))
        sum(loss.values()).backward()
    assert all(torch.equal(game.state_dict()[name], value) for name, value in kept.items())
    assert all(p.grad is None for name, p in game.named_parameters() if name.startswith("first"))
    assert game.generator.last.weight.grad is not None and torch.equal(before, game.generator.last.weight)
    assert game.first.training


def test_before_the_second_stage_samples_are_those_of_the_first():
    state = begin(gs.StackGAN, data(), SMALL | {"reading": 0.5}, 0)
    rounds(state, 2)
    game = state.game
    made, small = game.sample(3, text="a thing", seed=1), game.sketch(3, text="a thing", seed=1)
    assert small.shape == (3, 3, 8, 8) and np.array_equal(made, small.repeat(2, 2).repeat(2, 3))
    game.begin_second()
    assert not np.array_equal(game.sample(3, text="a thing", seed=1), made)


def test_that_the_second_stage_has_begun_is_saved(tmp_path):
    game = gs.StackGAN(**SMALL).fit(data(), steps=6, batch_size=8)
    game.save(tmp_path / "model.gan")
    loaded = gs.load(tmp_path / "model.gan")
    assert loaded.second_has_begun
    assert np.array_equal(loaded.sample(2, text="a thing", seed=0), game.sample(2, text="a thing", seed=0))


@pytest.mark.parametrize(
    "shape, settings, message",
    [((3, 17, 23), {}, "divided by 2"), ((3, 8, 8), {"scale": 4}, "at least 16"), ((3, 16, 16), {"scale": 3}, "2, 4")],
)
def test_sizes_that_do_not_fit_are_refused(shape, settings, message):
    with pytest.raises(gs.UserError, match=message):
        gs.StackGAN(**SMALL | settings).fit(data(shape), steps=1)


def test_pictures_without_captions_are_refused():
    with pytest.raises(gs.UserError, match="caption"):
        gs.StackGAN(**SMALL).fit(np.zeros((20, 16, 16, 3), np.uint8), steps=1)
