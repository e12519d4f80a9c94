"""`gansmith.losses` names what the papers write in their own files: both are held against each other."""

import pytest
import torch

import gansmith as gs
from gansmith import losses
from gansmith.data.dataset import Batch

PAPERS = [
    (gs.GAN(), losses.non_saturating),
    (gs.GAN(loss="minimax"), losses.minimax),
    (gs.WGAN(), losses.wasserstein),
    (gs.WGANGP(), losses.wasserstein),
    (gs.LSGAN(a=-1.0, b=1.0, c=0.0), losses.least_squares(-1.0, 1.0, 0.0)),
    (gs.SNGAN(), losses.hinge),
]


@pytest.mark.parametrize("game, loss", PAPERS, ids=lambda x: repr(x) if isinstance(x, gs.Game) else "")
def test_a_paper_s_loss_is_the_one_of_its_name(game, loss, losses_of):
    on_real, on_fake = torch.randn(2, 9)
    discriminator, generator = losses_of(game, on_real, on_fake)
    assert discriminator.item() == pytest.approx(loss.discriminator(on_real, on_fake).item(), rel=1e-6)
    assert generator.item() == pytest.approx(loss.generator(on_fake, on_real).item(), rel=1e-6)


def test_r3gan_s_loss_is_the_relativistic_one():
    game = gs.R3GAN(gamma=0.0, gamma_end=0.0)
    game.discriminator = lambda x, label=None: x[:, 0]
    game.fake = lambda batch: batch.target
    on_real, on_fake = torch.randn(2, 9)
    batch = Batch(real=on_real[:, None], target=on_fake[:, None], index=torch.arange(9))
    found = game.discriminator_loss(batch)["adversarial"], game.generator_loss(batch)["adversarial"]
    wanted = losses.relativistic.discriminator(on_real, on_fake), losses.relativistic.generator(on_fake, on_real)
    assert torch.allclose(torch.stack(found), torch.stack(wanted))


def test_smoothing_of_the_logistic_loss(losses_of):
    on_real, on_fake = torch.randn(2, 9)
    found = losses_of(gs.GAN(smoothing=0.9), on_real, on_fake)[0]
    assert found.item() == pytest.approx(losses.smoothed(0.9)(on_real, on_fake).item(), rel=1e-6)
