"""The bound on the information against its closed forms, what a code does, and who moves."""

from math import log, pi

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.testing import begin, made_up

SMALL = {"width": 8, "latent": 6, "categories": 4, "information": 1.0, "information_continuous": 0.1}


class Reader(nn.Module):
    """A Q that is handed the codes as they are: `sure` of the category, right about the numbers."""

    def __init__(self, sure):
        super().__init__()
        self.sure = sure

    def forward(self, z):
        category, numbers = z[:, 6:10], z[:, 10:]
        return torch.cat([self.sure * category, numbers, torch.zeros_like(numbers)], 1)


def test_the_bound_by_hand():
    game = begin(gs.InfoGAN, made_up((1, 8, 8)), SMALL | {"fixed_deviation": True}, 0).game
    z = game.latents(1000)
    for sure, expected in ((100.0, log(4)), (0.0, 0.0), (2.0, log(4) - log(1 + 3 * np.exp(-2)))):
        game.q = Reader(sure)
        said = game.information_terms(z, z)
        assert said["information"].item() == pytest.approx(-expected, abs=1e-5)
        # Two numbers read exactly with a deviation of 1: log 2 + log N(0; 0, 1) for each.
        assert said["information_continuous"].item() == pytest.approx(-0.1 * 2 * (log(2) - log(2 * pi) / 2), abs=1e-5)


def test_latents_are_noise_one_category_and_numbers():
    game = begin(gs.InfoGAN, made_up((1, 8, 8)), SMALL, 0).game
    noise, category, numbers = game.latents(4000, torch.Generator().manual_seed(0)).split([6, 4, 2], 1)
    assert noise.var().item() == pytest.approx(1, abs=0.05)
    assert set(category.unique().tolist()) == {0.0, 1.0} and (category.sum(1) == 1).all()
    assert category.mean(0).tolist() == pytest.approx([0.25] * 4, abs=0.03)
    assert -1 <= numbers.min() < -0.99 and 0.99 < numbers.max() <= 1


def test_both_moves_carry_the_information_and_q_moves_with_the_generator():
    state = begin(gs.InfoGAN, made_up((1, 8, 8)), SMALL, 0)
    game, batch = state.game, state.data.batch(torch.arange(8))
    information = game.discriminator_loss(batch)["information"]
    assert torch.autograd.grad(information, list(game.discriminator.convs.parameters()))[0].any()
    assert [id(m) for m in game.players()["generator"]] == [id(game.generator), id(game.q)]
    assert not {id(p) for p in game.q.parameters()} & {id(p) for p in state.players["discriminator"].parameters}
    none = begin(gs.InfoGAN, made_up((1, 8, 8)), SMALL | {"information": 0.0, "information_continuous": 0.0}, 0)
    assert sum(none.game.generator_loss(batch)[k] for k in ("information", "information_continuous")) == 0


def test_sampling_by_code():
    game = gs.InfoGAN(**SMALL).fit("digits", steps=3)
    plain = game.sample(5, seed=1)
    drawn = game.latents(5, torch.Generator().manual_seed(1))
    category, numbers = drawn[:, 6:10].argmax(1).numpy(), drawn[:, 10:].numpy()
    assert np.array_equal(plain, game.sample(5, seed=1, category=category, codes=numbers))
    assert not np.array_equal(plain, game.sample(5, seed=1, category=(category + 1) % 4))
    assert not np.array_equal(plain, game.sample(5, seed=1, codes=[-2.0, 2.0]))
    for asked, says in (
        ({"category": 4}, "one of 0 … 3"),
        ({"category": [1, 2]}, "or 5"),
        ({"codes": [1]}, "2 numbers"),
    ):
        with pytest.raises(gs.UserError, match=says):
            game.sample(5, **asked)


def test_encoding_gives_probabilities_and_means():
    game = gs.InfoGAN(**SMALL).fit("digits", steps=3)
    codes = game.encode(gs.read("digits").fields["real"][:7])
    assert codes.category.shape == (7, 4) and codes.continuous.shape == (7, 2)
    assert codes.category.sum(1) == pytest.approx(1, abs=1e-5)
