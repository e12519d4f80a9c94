"""Steps are drawn from the law that their likelihood is of, begin as normal numbers that hang together, and pass the
gradient of a number at its share of the mixture."""

import numpy as np
import pytest
import torch

from gansmith.networks.steps import Law, StepGenerator, drawn

LAGS, CHANNELS = 3, 2


def make(values: int = 2, mixture: int = 4, mix=None) -> StepGenerator:
    torch.manual_seed(0)
    law = Law(
        0.1 * torch.randn(1, LAGS + 1, 1 + CHANNELS + LAGS * values, values),
        torch.full((1, LAGS + 1, values), 0.6),
        torch.linspace(-3, 3, 40).repeat(1, values, 1).double(),
        torch.zeros(1, 0),
        lambda c, b: torch.cat([c[:, :1] * 0 + 1, c, b], 1),
    )
    mix = torch.eye(values) if mix is None else mix
    contexts = lambda place, steps: torch.zeros(len(place), CHANNELS, steps)  # noqa: E731
    return StepGenerator(law, CHANNELS, 6, 16, contexts, mix, mixture)


def known(n: int, values: int = 2):
    """(steps before, how many are known, context, last innovation), the same for each of n."""
    torch.manual_seed(1)
    one = torch.randn(1, LAGS, values), torch.tensor([LAGS]), torch.randn(1, CHANNELS), torch.randn(1, values)
    return [x.expand(n, *x.shape[1:]) for x in one]


def test_it_begins_with_innovations_that_hang_together_as_the_law_leaves_them():
    mix = torch.linalg.cholesky(torch.tensor([[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]]))
    made = make(3, mix=mix)
    with torch.no_grad():
        made.leave.zero_()  # what chance put there
        _, x = made.next(*known(40_000, 3), torch.randn(40_000, 6))
    np.testing.assert_allclose(np.cov(x.T), (mix @ mix.T).numpy(), atol=0.03)
    np.testing.assert_allclose(x.mean(0), 0, atol=0.02)


@pytest.mark.parametrize("values", [1, 2])
def test_the_likelihood_is_a_density_and_the_draws_are_its_own(values):
    made = make(values).eval()
    with torch.no_grad():
        made.leave.mul_(12)  # a law that is not normal, whose second column hangs on the first
        side = torch.linspace(-12, 12, 241 if values == 2 else 2001)
        grid = torch.cartesian_prod(side, side) if values == 2 else side[:, None]
        told = known(len(grid), values)
        # the steps that belong to these innovations, as `next` tells later columns
        density = made.likelihood(*told, grid, made.law.step(grid, *told[:3])).exp()
        cell = float(side[1] - side[0]) ** values
        assert float(density.sum() * cell) == pytest.approx(1, abs=5e-3)
        _, x = made.next(*known(40_000, values), torch.randn(40_000, 2 * values))
    mean = (density[:, None] * grid).sum(0) * cell
    square = (density[:, None] * grid.square()).sum(0) * cell
    np.testing.assert_allclose(x.mean(0), mean, atol=0.04)
    np.testing.assert_allclose(x.square().mean(0), square, rtol=0.05)
    if values == 2:
        both = float((density * grid.prod(1)).sum() * cell)
        assert float((x[:, 0] * x[:, 1]).mean()) == pytest.approx(both, abs=0.06)


def test_the_gradient_is_that_of_a_number_at_its_share():
    """Of one law x = m + s n exactly; of a mixture the mean's slope is that of the mean."""
    about = torch.tensor([[[0.0], [0.3], [-0.5]]]).requires_grad_()
    x = drawn(about.expand(5, 3, 1), torch.zeros(5), within := torch.randn(5), torch.randn(5))
    (slope,) = torch.autograd.grad(x.sum(), about)
    assert slope[0, 1, 0].item() == pytest.approx(5, rel=1e-5)
    assert slope[0, 2, 0].item() == pytest.approx(float(within.sum() * np.exp(-0.5)), rel=1e-4)
    torch.manual_seed(0)
    n = 200_000
    about = torch.tensor([[[0.5, -0.5, 0.0], [-1.0, 0.2, 1.5], [-0.7, -0.2, -1.0]]]).requires_grad_()
    x = drawn(about.expand(n, 3, 3), torch.zeros(n), torch.randn(n), torch.randn(n))
    (slope,) = torch.autograd.grad(x.mean(), about)
    share = about[:, 0].softmax(1)
    (true,) = torch.autograd.grad((share * about[:, 1]).sum(), about)
    torch.testing.assert_close(slope, true, atol=0.02, rtol=0)
