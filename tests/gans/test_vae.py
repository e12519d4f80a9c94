"""The lower bound where the exact answer is known, and its two parts."""

from math import log

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.vectors import Vectors


def test_the_analytic_kl_is_the_sampled_one():
    torch.manual_seed(0)
    mean, log_variance = torch.tensor([[0.7, -1.5]]), torch.tensor([[0.4, -1.0]])
    law = torch.distributions.Normal(mean, (log_variance / 2).exp())
    z = law.sample((400_000,))
    sampled = (law.log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)).sum(2).mean()
    assert gs.VAE.kl(mean, log_variance).item() == pytest.approx(sampled.item(), rel=0.01)


class Posterior(nn.Module):
    """The exact posterior of z ~ N(0, 1), x ~ N(z, s²): N(x/(1 + s²), s²/(1 + s²))."""

    def __init__(self, s, wrong=0.0):
        super().__init__()
        self.s, self.wrong = s, wrong

    def forward(self, x):
        variance = self.s**2 / (1 + self.s**2)
        return torch.cat([x / (1 + self.s**2) + self.wrong, torch.full_like(x, log(variance))], 1)


def bound(wrong):
    s, x = 0.5, np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    game = gs.VAE(deviation=s, latent=1)
    game.spec = Vectors((1,))
    game.build(game.spec)
    game.encoder, game.generator = Posterior(s, wrong), nn.Identity()
    torch.manual_seed(0)
    found = game.score_samples(x.repeat(20_000, 0)).reshape(9, -1).mean(1)
    exact = torch.distributions.Normal(0.0, (1 + s**2) ** 0.5).log_prob(torch.from_numpy(x[:, 0])).numpy()
    return found, exact


def test_with_the_exact_posterior_the_bound_is_the_likelihood_itself():
    found, exact = bound(0.0)
    assert found == pytest.approx(exact, abs=0.02)


def test_with_another_posterior_it_is_lower_by_the_divergence_between_them():
    found, exact = bound(0.3)
    assert found == pytest.approx(exact - 0.3**2 / (2 * 0.5**2 / 1.25), abs=0.02)


def test_the_bernoulli_likelihood_is_summed_over_pixels():
    game = gs.VAE(width=4)
    game.spec = Images((1, 8, 8))
    game.build(game.spec)
    for p in game.generator.parameters():
        nn.init.zeros_(p)  # every pixel has probability one half
    likelihood, _ = game.parts(torch.rand(5, 1, 8, 8) * 2 - 1)
    assert likelihood.tolist() == pytest.approx([64 * log(0.5)] * 5, rel=1e-5)
    assert game.generate(torch.randn(2, 20)).abs().max() == 0  # the mean of such a pixel is grey


def test_encoding_and_rebuilding_have_the_data_s_form():
    game, x = gs.VAE(width=16, latent=3).fit("digits", steps=3), gs.read("digits").fields["real"][:5]
    assert game.encode(x).shape == (5, 3) and game.score_samples(x).shape == (5,)
    again = game.reconstruct(x)
    assert again.shape == x.shape and again.dtype == x.dtype
