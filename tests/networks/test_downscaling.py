"""Making smaller and its pseudo-inverse: closed forms, exact at borders and for uneven sizes."""

import pytest
import torch

from gansmith.networks.downscaling import KERNELS, Downscaling


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale, size", [(2, (6, 10)), (4, (8, 20)), (8, (8, 16)), (3, (9, 6))])
def test_smaller_after_larger_is_what_went_in(kernel, scale, size):
    a, x = Downscaling(scale, 2, kernel), torch.randn(2, 3, *(side // scale for side in size), dtype=torch.float64)
    y = torch.randn(2, 3, *size, dtype=torch.float64)
    assert torch.allclose(a.down(a.up(x)), x, atol=1e-10, rtol=0)
    once = a.project(y, x)
    assert torch.allclose(a.down(once), x, atol=1e-10, rtol=0)
    assert torch.allclose(a.project(once, x), once, atol=1e-10, rtol=0)
    away = torch.randn_like(y)
    away -= a.up(a.down(away))  # any other item that fits lies further away
    assert (once - y).norm() < (once + away - y).norm()


def test_the_mean_of_blocks_and_its_repetition():
    a = Downscaling(2, 2)
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert torch.allclose(a.up(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3), atol=1e-5)
    assert torch.allclose(a.down(x[:, :, :2]), torch.tensor([[[[2.5, 4.5]]]]), atol=1e-6)
    assert torch.allclose(Downscaling(2, 1).down(torch.tensor([[1.0, 3.0, 10.0, 20.0]])), torch.tensor([[2.0, 15.0]]))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_constant_stays_itself_at_the_borders_too(kernel):
    assert torch.allclose(Downscaling(4, 2, kernel).down(torch.full((1, 1, 16, 12), 0.7)), torch.tensor(0.7))


def test_bf16_does_not_reach_it():
    a, y = Downscaling(4), torch.rand(2, 1, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        made = a.project(y, torch.zeros(2, 1, 4, 4))
    assert made.dtype == torch.float32 and a.down(made).abs().max() < 1e-5
