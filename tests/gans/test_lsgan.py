"""The best least-squares discriminator and the divergence it stands for, on known densities."""

import pytest
import torch

import gansmith as gs


@pytest.mark.parametrize("shift, chi2", [(1.0, 0.4081), (2.0, 1.1008)])
def test_the_fitted_discriminator_is_the_weighted_mean_of_its_targets_and_reads_pearsons_chi2(
    shift, chi2, between_normals, two_normals
):
    targets = {"a": -1.0, "b": 1.0, "c": 0.0}
    gan = between_normals(gs.LSGAN, shift, steps=1500, width=32, learning_rate=3e-3, beta1=0.9, decay=1.0, **targets)
    p, q = two_normals(shift)
    with torch.no_grad():
        read = gan.discriminator(p).square().mean() + gan.discriminator(q).square().mean()
        x = torch.linspace(-2.576, shift + 2.576, 200)[:, None]
        said = gan.discriminator(x)
    best = torch.tanh(shift * (shift / 2 - x[:, 0]) / 2)  # (p − q) / (p + q) of the two normals
    assert (said - best).abs().mean() < 0.03
    assert read.item() == pytest.approx(chi2, rel=0.03)


def test_a_fake_far_on_the_right_side_still_has_a_gradient(losses_of):
    scores = torch.full((8,), 30.0, requires_grad=True)  # fakes that the discriminator takes for very real
    norm = {
        game: torch.autograd.grad(losses_of(game(), scores, scores)[1], scores)[0].norm() for game in (gs.LSGAN, gs.GAN)
    }
    assert norm[gs.LSGAN] > 1 and norm[gs.GAN] < 1e-10


def test_targets_reach_the_loss(losses_of):
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    discriminator, generator = losses_of(gs.LSGAN(a=-1.0, b=1.0, c=0.5), real, fake)
    assert discriminator.item() == (0 + 4) / 4 + (1 + 9) / 4
    assert generator.item() == (0.25 + 2.25) / 4
