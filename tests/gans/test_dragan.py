"""Where DRAGAN looks at the slope, and what it finds for critics whose slope is known."""

import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Batch


class Slope(torch.nn.Module):
    """D(x) = k·x₁, remembering where it was asked."""

    def __init__(self, k):
        super().__init__()
        self.k, self.asked = k, None

    def forward(self, x, label=None):
        self.asked = x.detach()
        return self.k * x[:, 0]


@pytest.mark.parametrize("k", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("noise", ["released", "normal"])
def test_the_penalty_of_a_line_is_its_slope_minus_one_squared(k, noise):
    game = gs.DRAGAN(noise=noise)
    game.discriminator = Slope(k)
    assert game.gradient_penalty(Batch(real=torch.randn(64, 3))).item() == pytest.approx((k - 1) ** 2, abs=1e-5)


def test_the_released_noise_pushes_one_way_and_half_a_standard_deviation_at_most():
    game, real = gs.DRAGAN(), 4 * torch.randn(5000, 3)
    game.discriminator = Slope(1.0)
    game.gradient_penalty(Batch(real=real))
    push = game.discriminator.asked - real
    assert push.min() >= 0 and push.max() <= 0.5 * real.std()
    assert push.mean().item() == pytest.approx(real.std().item() / 8, rel=0.05)  # ½ · E[α] · E[u]


def test_the_normal_noise_has_no_side():
    game, real = gs.DRAGAN(noise="normal", reach=0.5), 4 * torch.randn(20_000, 3)
    game.discriminator = Slope(1.0)
    game.gradient_penalty(Batch(real=real))
    push = game.discriminator.asked - real
    assert abs(push.mean().item()) < 0.05 and push.std().item() == pytest.approx(0.5 * real.std().item(), rel=0.02)
