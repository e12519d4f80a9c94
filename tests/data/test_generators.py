"""Generators of other people: with or without a seed, modules, objects with `sample`; called until there are enough."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.data.generators import from_noise, generate_items, generator_of


def normal(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 2))


class Ten:
    """Ten items, whatever it is asked for."""

    def sample(self, n):
        return torch.rand(10, 2)


class Asked(nn.Module):
    """A module that is asked for n items, with dropout that would show training mode."""

    def __init__(self):
        super().__init__()
        self.layer, self.dropout = nn.Linear(3, 2), nn.Dropout(0.9)

    def forward(self, n):
        return self.dropout(self.layer(torch.randn(n, 3)))


def test_with_a_seed_or_without_the_same_seed_gives_the_same_items():
    for generate in (normal, lambda n: torch.rand(n, 2), lambda n: np.random.rand(n, 2), Ten().sample):
        one, two, other = (np.asarray(generate_items(generate, 25, seed)) for seed in (4, 4, 5))
        assert one.shape == (25, 2) and (one == two).all() and (one != other).any()


def test_few_are_called_again_with_other_seeds_and_many_are_cut():
    seeds = []

    def few(n, seed):
        seeds.append((n, seed))
        return normal(min(n, 10), seed)

    items = generate_items(few, 25, 3)
    assert [n for n, _ in seeds] == [25, 25, 25] and len({seed for _, seed in seeds}) == 3
    assert (items[:10] == normal(10, 3)).all() and len(np.unique(items, axis=0)) == 25
    assert (generate_items(lambda n, seed: normal(99, seed), 7, 3) == normal(99, 3)[:7]).all()
    assert len(generate_items(lambda n, seed: normal(n - 1, seed), 7, 3)) == 7
    assert generate_items(lambda n: [{"text": "a"}] * 3, 7, 0) == [{"text": "a"}] * 7


def test_a_generator_of_nothing_is_refused():
    with pytest.raises(gs.UserError, match="no items"):
        generate_items(lambda n: torch.empty(0, 2), 5, 0)


def test_what_is_a_generator_and_what_is_data():
    import pandas as pd

    gan = gs.GAN()
    assert generator_of(gan) == gan.sample and generator_of(normal) is normal
    for data in (np.zeros((5, 2)), torch.zeros(5, 2), pd.DataFrame({"a": [1]}), [1, 2], "digits", Ten):
        assert generator_of(data) is None


def test_a_network_that_takes_noise_is_asked_for_items():
    network = nn.Sequential(nn.Unflatten(1, (4, 1, 1)), nn.ConvTranspose2d(4, 1, 8), nn.BatchNorm2d(1), nn.Tanh())
    before, mode = torch.get_rng_state(), network[2].training
    for latent in (4, (4,), lambda n, rng: torch.randn(n, 4, generator=rng)):
        made = from_noise(network, latent, to_data=lambda x: (127.5 * (x + 1)).byte(), batch_size=16)(40, seed=1)
        assert made.shape == (40, 1, 8, 8) and made.dtype == torch.uint8
        assert torch.equal(made, from_noise(network, latent, to_data=lambda x: (127.5 * (x + 1)).byte())(40, seed=1))
    assert torch.equal(before, torch.get_rng_state()) and network[2].training == mode
    with pytest.raises(gs.UserError, match="from_noise"):
        generate_items(network, 5, 0)


@pytest.mark.parametrize("one", [Asked(), Ten(), from_noise(nn.Linear(3, 2), 3), lambda n: torch.randn(n, 2)])
def test_all_of_them_are_compared_paired_and_refined(one):
    real = normal(300, 1)
    features = [lambda x: x, lambda x: x**2]
    how = {"n": 60, "draws": 2, "groups": 0}
    assert gs.evaluate.compare(real, one, features[0], **how).numbers
    gs.evaluate.paired(real, one, normal, features, n=60, draws=2, groups=3)
    refiner = gs.refine.Refiner(one, lambda x: np.asarray(x)[:, 0], real)
    assert len(refiner.sample(5, seed=0)) == 5


def test_a_module_that_scores_is_given_tensors_of_its_own():
    real, score = normal(300, 1).astype(np.float32), nn.Linear(2, 1)
    refined = gs.refine.Refiner(lambda n, seed: normal(n, seed).astype(np.float32), score, real).sample(5, seed=0)
    assert refined.shape == (5, 2)
    with pytest.raises(gs.UserError, match="uint8"):
        gs.refine.Refiner(lambda n: np.zeros((n, 2), np.uint8), score, np.zeros((300, 2), np.uint8))
