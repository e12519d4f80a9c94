"""R3GAN against closed forms: the pairing, the two penalties, and both players from one pass."""

import math

import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import losses, penalties
from gansmith.data.dataset import Batch
from gansmith.testing import begin, made_up
from gansmith.training.loop import Mover, draw


def test_a_constant_added_to_the_discriminator_changes_neither_loss():
    real, fake = torch.randn(50), torch.randn(50)
    for loss in (losses.relativistic.discriminator, lambda r, f: losses.relativistic.generator(f, r)):
        assert loss(real + 7, fake + 7).item() == pytest.approx(loss(real, fake).item(), rel=1e-5)


def test_at_equilibrium_each_player_loses_log_2():
    same = torch.zeros(10)
    assert losses.relativistic.discriminator(same, same).item() == pytest.approx(math.log(2))
    assert losses.relativistic.generator(same, same).item() == pytest.approx(math.log(2))


def test_the_loss_is_paired_not_averaged():
    real, fake = torch.tensor([0.0, 10.0]), torch.tensor([10.0, 0.0])
    paired = (math.log1p(math.exp(10)) + math.log1p(math.exp(-10))) / 2
    assert losses.relativistic.discriminator(real, fake).item() == pytest.approx(paired, rel=1e-6)


def test_both_penalties_are_those_of_a_known_quadratic():
    """D(x) = ½ xᵀAx has ∇D = Ax."""
    torch.manual_seed(0)
    a = torch.randn(3, 3)
    a = a + a.T

    class Quadratic(nn.Module):
        def forward(self, x, label=None):
            return ((x @ a) * x).sum(1) / 2

    gan = gs.R3GAN(gamma=3.0, gamma_end=3.0)
    gan.build(made_up((3,)).spec)
    gan.discriminator = Quadratic()
    real, fake = torch.randn(8, 3), torch.randn(8, 3)
    terms, *_ = gan.terms_and_gradients(Batch(real=real, index=torch.arange(8)), fake)
    assert terms["r1"].item() == pytest.approx(1.5 * (real @ a).square().sum(1).mean().item(), rel=1e-5)
    assert terms["r2"].item() == pytest.approx(1.5 * (fake @ a).square().sum(1).mean().item(), rel=1e-5)


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8)])
def test_one_pass_gives_the_gradients_of_two(shape):
    """Simultaneous play from one pass of D equals differentiating both losses by themselves."""
    state = begin(gs.R3GAN, made_up(shape), {"width": 16, "simultaneous": True}, 0)
    game, batch = state.game, draw(state, {})
    torch.manual_seed(1)
    terms = Mover(state, "fp32", 1).move(game.turns()[0], batch)
    found = {name: player.gradient.clone() for name, player in state.players.items()}

    state = begin(gs.R3GAN, made_up(shape), {"width": 16, "simultaneous": True}, 0)
    game, batch = state.game, draw(state, {})
    for player in state.players.values():
        player.freeze(False)
    torch.manual_seed(1)
    fake = game.fake(batch)
    real_scores = game.discriminator(batch.real)
    value = losses.relativistic.generator(game.discriminator(fake), real_scores.detach())
    state.players["generator"].differentiate(value, keep_graph=True)
    weight = game.gamma
    loss = losses.relativistic.discriminator(real_scores, game.discriminator(fake.detach()))
    loss = loss + weight * (
        penalties.r1(game.discriminator, batch.real) + penalties.r1(game.discriminator, fake.detach())
    )
    state.players["discriminator"].differentiate(loss)
    for name, player in state.players.items():
        assert torch.allclose(found[name], player.gradient, rtol=1e-4, atol=1e-6), name
    assert terms["generator/adversarial"].item() == pytest.approx(value.item(), rel=1e-5)


def test_the_schedule_ends_where_it_says():
    gan = gs.R3GAN(gamma=2.0, gamma_end=0.5)
    gan.progress = 0.0
    assert gan.along(gan.gamma, gan.gamma_end) == 2.0
    gan.progress = 1.0
    assert gan.along(gan.gamma, gan.gamma_end) == 0.5


def test_the_papers_bodies_are_a_setting():
    gan = gs.R3GAN(body="residual", width=16)
    gan.build(made_up((3, 32, 32)).spec)
    assert gan.generator(torch.randn(2, gan.latent)).shape == (2, 3, 32, 32)
    assert gan.discriminator(torch.zeros(2, 3, 32, 32)).shape == (2,)
