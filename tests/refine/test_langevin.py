"""H, I: G(z) = 2z, z standard normal, data N(0, 1). The latent target is N(0, 1/4), the generator's law N(0, 4)."""

import math

import pytest
import torch

from gansmith.errors import UserError
from gansmith.refine import gradient_flow, latent_mala

N = 20_000
SPREAD = 4 * math.sqrt(2 / N)  # four standard errors of a unit variance


def generator(z):
    return 2 * z


def log_ratio(x):
    return math.log(2) - 3 * x.square().sum(1) / 8


def prior(n=N):
    return torch.randn(n, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("step, acceptance", [(0.1, 0.980), (0.4, 0.842)])
def test_h_the_test_removes_the_step_size_bias(step, acceptance):
    z, report = latent_mala(generator, log_ratio, prior(), 60, step, seed=1)
    assert generator(z).var().item() == pytest.approx(1, abs=SPREAD)
    _, stationary = latent_mala(generator, log_ratio, z, 5, step, seed=2)
    assert stationary["acceptance"] == pytest.approx(acceptance, abs=0.005)
    assert report["acceptance"] != 1


@pytest.mark.parametrize("step", [0.1, 0.4])
def test_h_without_the_test_it_is_biased(step):
    z, _ = latent_mala(generator, log_ratio, prior(), 60, step, seed=1, adjust=False)
    biased = 1 / (1 - step)
    assert generator(z).var().item() == pytest.approx(biased, abs=biased * SPREAD)
    assert abs(generator(z).var().item() - 1) > SPREAD


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 25])
def test_i_gradient_flow_is_no_sampler(steps):
    z = gradient_flow(generator, log_ratio, prior(), steps, seed=1)
    shrink = 0.7 ** (2 * steps)
    expected = 4 * shrink + 0.008 * (1 - shrink) / (1 - 0.49)
    assert generator(z).var().item() == pytest.approx(expected, rel=SPREAD)


def test_no_gradient_reaches_the_networks_and_the_seed_decides():
    discriminator = torch.nn.Linear(1, 1).double()
    z, _ = latent_mala(generator, lambda x: discriminator(x).squeeze(1), prior(50), 5, 0.1, seed=1)
    assert discriminator.weight.grad is None and not z.requires_grad
    again, _ = latent_mala(generator, lambda x: discriminator(x).squeeze(1), prior(50), 5, 0.1, seed=1)
    assert torch.equal(z, again)


def test_latents_of_any_shape():
    z = torch.randn(7, 3, 2, 2)
    out, _ = latent_mala(lambda z: z, lambda x: -x.flatten(1).square().sum(1), z, 3, 0.1, seed=0)
    assert out.shape == z.shape


def test_nan_proposals_are_refused():
    def cliff(x):
        return torch.where(x[:, 0] > 0, torch.nan, 0.0) * x[:, 0]

    z, _ = latent_mala(lambda z: z, cliff, -prior(500).abs() - 0.1, 20, 0.5, seed=0)
    assert torch.isfinite(z).all() and (z <= 0).all()


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda z: latent_mala(generator, lambda x: x, z), "one value per sample"),
        (lambda z: latent_mala(generator, log_ratio, z, 0), "steps is 0"),
        (lambda z: latent_mala(generator, log_ratio, z, step_size=-1), "step size -1"),
        (lambda z: latent_mala(generator, lambda x: log_ratio(x) * torch.nan, z), "NaN at the starting latents"),
    ],
)
def test_bad_input_is_one_clear_line(call, says):
    with pytest.raises(UserError, match=says):
        call(prior(5))
