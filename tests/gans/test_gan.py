"""The theory of 2014 on known densities: the best discriminator and the value of the game."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import losses
from gansmith.data.dataset import Dataset
from gansmith.data.spec import DataSpec
from gansmith.game import Turn


class Theory(gs.GAN):
    """A GAN whose generator is a known density, N(shift, 1): only the discriminator learns, real data is N(0, 1)."""

    shift: float = gs.setting(1.0, "mean of the fakes")
    averaged = ()

    def build(self, spec):
        super().build(spec)
        self.generator = nn.Identity()

    def fake(self, batch):
        return self.shift + torch.randn(len(batch), 1)

    def players(self):
        return {"discriminator": [self.discriminator]}

    def turns(self):
        return [Turn("discriminator", self.discriminator_loss)]


def normals(n=200_000):
    real = np.random.default_rng(0).standard_normal((n, 1)).astype(np.float32)
    return Dataset(DataSpec("vectors", (1,)), {"real": real}, name="normals", digest="normals")


@pytest.mark.parametrize("shift, value", [(1.0, -1.1635), (2.0, -0.7126), (4.0, -0.1209)])
def test_the_fitted_discriminator_is_the_density_ratio_and_its_value_twice_the_jsd(shift, value):
    gan = Theory(shift=shift, width=32, learning_rate=3e-3, beta1=0.9, decay=1.0)
    gan.fit(normals(), steps=1500, batch_size=512, val=0)
    draw = torch.Generator().manual_seed(1)
    real = torch.randn(200_000, 1, generator=draw)
    fake = shift + torch.randn(200_000, 1, generator=draw)
    with torch.no_grad():
        found = -losses.logistic_critic(gan.discriminator(real), gan.discriminator(fake)).item()
        x = torch.linspace(-2.576, shift + 2.576, 200)[:, None]
        said = torch.sigmoid(gan.discriminator(x))
    best = torch.sigmoid(shift * (shift / 2 - x[:, 0]))  # p / (p + q) of the two normals
    assert found == pytest.approx(value, abs=0.02)
    assert (said - best).abs().mean() < 0.03


def test_a_discriminator_that_has_not_learned_is_far_from_both():
    gan = Theory(shift=2.0, width=32)
    gan.fit(normals(2000), steps=1, val=0)
    x = torch.linspace(-2.5, 4.5, 200)[:, None]
    with torch.no_grad():
        said = torch.sigmoid(gan.discriminator(x))
    assert (said - torch.sigmoid(2.0 * (1.0 - x[:, 0]))).abs().mean() > 0.2


def test_the_minimax_gradient_vanishes_where_the_discriminator_is_sure():
    scores = torch.full((64,), -8.0, requires_grad=True)  # fakes, all found out
    slope = {
        name: torch.autograd.grad(getattr(losses, name).generator(scores, None), scores)[0].norm()
        for name in ("minimax", "non_saturating")
    }
    assert slope["non_saturating"] > 1000 * slope["minimax"]


def test_the_paper_networks_at_mnist_size():
    gan = gs.GAN()
    gan.build(DataSpec.images((1, 28, 28)))
    assert sum(p.numel() for p in gan.generator.parameters()) == 2_503_984
    assert gan.discriminator(torch.zeros(2, 1, 28, 28)).shape == (2,)


def test_noise_has_unit_variance_under_either_prior():
    for prior in ("uniform", "normal"):
        gan = gs.GAN(prior=prior, latent=10)
        z = gan.latents(20_000, torch.Generator().manual_seed(0))
        assert z.var().item() == pytest.approx(1.0, abs=0.02)
    assert gs.GAN().latents(1000).abs().max() <= 3**0.5
