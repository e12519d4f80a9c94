import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.residual import Down, ResidualBlock, ResidualDiscriminator, ResidualGenerator, Up, linear_filter


def test_a_block_starts_as_the_identity():
    x = torch.randn(2, 32, 5, 7)
    block = ResidualBlock(32, blocks=4)
    assert torch.equal(block(x), x)
    torch.nn.init.normal_(block.narrow.weight)
    assert not torch.equal(block(x), x)


def test_fixup_scale():
    one, many = (ResidualBlock(64, blocks=n).mix.weight.detach().std() for n in (1, 16))
    assert float(one / many) == pytest.approx(2.0, rel=0.05)  # 16^(1/4)


@pytest.mark.parametrize("size", [(8, 8), (7, 12), (5, 5), (1, 3)])
def test_down_is_a_blur_and_a_mixing_of_channels(size):
    x = torch.randn(2, 3, *size)
    down = Down(3, 4)
    kernel = linear_filter().expand(3, 1, 3, 3)
    blurred = F.conv2d(x, kernel, padding=1, groups=3)[:, :, ::2, ::2]
    torch.testing.assert_close(down(x), F.conv2d(blurred, down.weight, down.bias))
    assert down(x).shape[2:] == tuple((s + 1) // 2 for s in size)


@pytest.mark.parametrize("size", [(8, 8), (7, 12), (5, 5), (1, 3)])
def test_up_is_bilinear_inside(size):
    coarse = tuple((s + 1) // 2 for s in size)
    up = Up(2, 2, size)
    torch.nn.init.ones_(up.weight)
    x = torch.randn(1, 2, *coarse)
    y = up(x)
    assert y.shape[2:] == size
    mixed = x.sum(1, keepdim=True).expand(-1, 2, -1, -1)
    torch.testing.assert_close(y[:, :, ::2, ::2], mixed)  # old pixels stay where they were
    if size[1] > 2:
        between = (mixed[..., :-1] + mixed[..., 1:]) / 2  # new ones lie midway
        torch.testing.assert_close(y[:, :, ::2, 1::2][..., : between.shape[-1]], between)


def test_from_small_to_the_papers_size():
    small = ResidualDiscriminator((1, 28, 28), 32, blocks=(0, 1, 1))
    assert sum(p.numel() for p in small.parameters()) < 200_000
    with torch.device("meta"):  # shapes without memory
        paper = ResidualGenerator(64, (3, 32, 32), (768,) * 4, blocks=2, stem=False)
        assert sum(isinstance(m, ResidualBlock) for m in paper.modules()) == 8
        assert {m.groups for m in paper.modules() if isinstance(m, torch.nn.Conv2d)} == {1, 96}


@pytest.mark.parametrize("arguments", [{"width": (32, 64)}, {"blocks": (1, 1, 1, 1)}, {"width": 20}])
def test_what_does_not_fit_is_said(arguments):
    with pytest.raises(UserError, match="give 3 numbers|multiple of 8"):
        ResidualDiscriminator((1, 28, 28), **arguments)


def test_finest_grid_with_and_without_stem():
    for stem in (True, False):
        generator = ResidualGenerator(4, (2, 9, 13), 8, stem=stem)
        discriminator = ResidualDiscriminator((2, 9, 13), 8, stem=stem)
        assert discriminator(generator(torch.randn(3, 4))).shape == (3,)
