"""Bodies over one, two and three axes: any size, two derivatives, labels, and for two the numbers of version 0.1."""

import pytest
import torch
from torch import nn

from gansmith import penalties
from gansmith.errors import UserError
from gansmith.networks.bodies import bodies
from gansmith.networks.convolutional import (
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    halvings,
    padded,
    pyramid,
)

SHAPES = [(1, 24), (6, 7), (2, 1), (1, 513), (2, 1000), (1, 16, 16, 16), (3, 8, 17, 23), (2, 5, 1, 9), (1, 1, 1, 1)]


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_size_of_any_axes_with_labels(shape, norm):
    torch.manual_seed(0)
    generator = ConvGenerator(5, shape, 4, 3, norm=norm)
    discriminator = ConvDiscriminator(shape, 4, 3, norm=norm)
    label = torch.tensor([0, 2, 1])
    x = generator(torch.randn(3, 5), label)
    assert x.shape == (3, *shape) and x.dtype == torch.float32 and x.abs().max() <= 1
    assert discriminator(x, label).shape == (3,)
    assert ConvEncoder(shape, 7, 4, norm=norm)(x).shape == (3, 7)
    discriminator(x, label).sum().backward()
    for p in [*generator.parameters(), *discriminator.parameters()]:
        assert p.grad is not None and p.grad.isfinite().all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_penalties_reach_every_weight(shape):
    torch.manual_seed(0)
    discriminator = ConvDiscriminator(shape, 4, norm="none")
    penalties.r1(discriminator, torch.randn(3, *shape)).backward()
    for name, p in discriminator.named_parameters():
        assert name.endswith("bias") or p.grad.abs().max() > 0


def test_unbounded_bodies_end_in_nothing():
    torch.manual_seed(0)
    generator = ConvGenerator(5, (2, 24), 4, norm="none", output=None)
    assert list(generator.state_dict()) == list(ConvGenerator(5, (2, 24), 4, norm="none").state_dict())
    nn.init.constant_(generator.convs[-1].bias, 99.0)
    assert generator(torch.randn(3, 5)).min() > 2


def test_grids():
    assert pyramid((24,)).grids == [(24,), (12,), (6,), (3,)] and pyramid((24,)).stride == 2
    assert pyramid((16384,)).grids == [(16384,), (4096,), (1024,), (256,), (64,), (16,)]
    assert pyramid((8, 30, 17)).grids == [(8, 30, 17), (4, 15, 9), (2, 8, 5), (1, 4, 3)]
    assert halvings((1000,), 16, by=4) == [(1000,), (250,), (63,), (16,)]
    with pytest.raises(UserError, match="perceptrons"):
        pyramid(())


@pytest.mark.parametrize("size", [(513,), (1000,), (9, 5), (3, 8, 7)])
def test_every_output_is_touched_by_equally_many_weights(size):
    """No checkerboards: a transposed convolution of ones over ones is flat away from the edges."""
    steps = pyramid(size)
    layer = ConvGenerator(2, (1, *size), 1, norm="layer").convs[-1]
    nn.init.ones_(layer.weight)
    touched = layer(torch.ones(1, layer.in_channels, *[20] * steps.axes))
    inner = touched[(..., *[slice(12, -12)] * steps.axes)]
    assert inner.unique().tolist() == [layer.in_channels * (steps.kernel // steps.stride) ** steps.axes]


def test_padding_comes_behind():
    x = torch.ones(1, 1, 3, 4, 5)
    assert padded(x, 2).shape == (1, 1, 4, 4, 6)
    assert padded(x, 2)[..., :3, :, :5].equal(x) and padded(x, 2).sum() == x.sum()
    assert padded(x[..., :4], 1).equal(x[..., :4])


def test_published_sizes():
    three = ConvGenerator(200, (1, 64, 64, 64), 64)  # 3D-GAN: 512-256-128-64-1 maps, kernels of 4³
    convs = 64 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 1)
    assert count(three) == 200 * 512 * 64 + convs + 2 * (512 + 256 + 128 + 64)
    sound = ConvGenerator(100, (1, 16384), 64, norm="none")  # WaveGAN: 16×1024, then 512-256-128-64-1 maps
    assert [c.out_channels for c in sound.convs] == [512, 256, 128, 64, 1] and sound.first == (1024, 16)
    assert count(ConvGenerator(100, (1, 8192), 16)) < 2_000_000


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("shape", [(5,), (2, 20), (1, 12, 9), (1, 6, 5, 4)], ids=str)
def test_bodies_of_a_kind(shape, bounded):
    made = bodies(len(shape) - 1, bounded)
    torch.manual_seed(0)
    generator = made.generator(4, shape, 8, 3, norm="layer")
    discriminator = made.discriminator(shape, 8, 3, norm="none")
    label = torch.tensor([0, 1, 2])
    x = generator(torch.randn(3, 4), label)
    assert x.shape == (3, *shape) and discriminator(x, label).shape == (3,) and made.width > 0
    assert any(isinstance(m, nn.Tanh) for m in generator.modules()) is bounded


def test_bodies_of_too_many_axes():
    with pytest.raises(UserError, match="one, two or three axes"):
        bodies(4, True).generator(4, (1, 2, 2, 2, 2), 8)
