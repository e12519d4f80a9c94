"""What a WGAN-GP critic reads is known exactly in one dimension, and it is not the Wasserstein distance."""

import pytest
import torch

import gansmith as gs
from gansmith.cli.settings import explain_settings
from gansmith.data.kinds.images import Images


@pytest.fixture
def read(between_normals, two_normals):
    def distance(shift, penalty=10.0, steps=1200, width=64):
        gan = between_normals(
            gs.WGANGP,
            shift,
            steps=steps,
            width=width,
            latent=128,
            learning_rate=3e-3,
            decay=1.0,
            beta2=0.99,
            penalty=penalty,
        )
        real, fake = two_normals(shift)
        with torch.no_grad():
            return (gan.discriminator(real).mean() - gan.discriminator(fake).mean()).item()

    return distance


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "shift, expected, size",
    [
        (1.0, 1.0545, {"steps": 800, "width": 32}),
        pytest.param(2.0, 2.210, {}, marks=SLOW),
        pytest.param(4.0, 4.813, {}, marks=SLOW),
    ],
)
def test_the_discriminator_reads_its_closed_form(shift, expected, size, read):
    """1-D optimum: slope 1 + |F_q − F_p| / (2λr), hence more than the shift itself; λ = 10."""
    assert read(shift, **size) == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
def test_a_weak_penalty_reads_far_more(read):
    """λ = 0.1, the toys' setting: 6.45 in place of 1.05 at a shift of 1."""
    assert read(1.0, penalty=0.1) > 3


def test_on_a_cpu_there_are_few_moves_of_the_critic_but_not_on_vectors():
    for spec, given, steps, rate in (
        (Images((1, 8, 8)), {}, 2, 5e-4),
        (Images((1, 8, 8)), {"discriminator_steps": 5, "learning_rate": 1e-4}, 5, 1e-4),
        (gs.read("ring8").spec, {}, 5, 1e-3),
    ):
        game = gs.WGANGP(**given)
        game.choose(spec)
        assert (game.discriminator_steps, game.learning_rate) == (steps, rate)
    assert "[default: 5; for vectors 5; for a CPU 2]" in explain_settings("wgan-gp", gs.WGANGP)
