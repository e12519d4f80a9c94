"""Bodies over one, two and three axes: any size, two derivatives, labels, and for two the numbers of version 0.1."""

from functools import partial

import pytest
import torch
from torch import nn

from gansmith import penalties
from gansmith.errors import UserError
from gansmith.networks import conv2d_gradfix
from gansmith.networks.autoencoder import AutoencoderDiscriminator, EluGenerator
from gansmith.networks.bodies import bodies
from gansmith.networks.convolutional import (
    NORMS,
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    Pyramid,
    halvings,
    padded,
    pyramid,
    repeat,
)
from gansmith.networks.residual import Down, ResidualBlock, ResidualDiscriminator, ResidualGenerator, Up
from gansmith.networks.spectral import DownBlock, SpectralDiscriminator, SpectralGenerator, spectrally_normalised
from gansmith.training import hardware

SHAPES = [(1, 24), (6, 7), (2, 1), (1, 513), (2, 1000), (1, 16, 16, 16), (3, 8, 17, 23), (2, 5, 1, 9), (1, 1, 1, 1)]


def count(module):
    return sum(p.numel() for p in module.parameters())


CONV = [(f"conv-{norm}", partial(ConvGenerator, norm=norm), partial(ConvDiscriminator, norm=norm)) for norm in NORMS]
BODIES = {
    **{name: pair for name, *pair in CONV},
    "residual": (ResidualGenerator, ResidualDiscriminator),
    "residual-without-stem": (partial(ResidualGenerator, stem=False), partial(ResidualDiscriminator, stem=False)),
    "spectral": (SpectralGenerator, lambda *a, **b: spectrally_normalised(SpectralDiscriminator(*a, **b))),
}


def made(name, shape, classes=0, width=8):
    torch.manual_seed(0)
    networks = [
        BODIES[name][0](5, shape, width, classes=classes),
        BODIES[name][1](shape, width, classes=classes),
    ]
    for network in networks:  # leave the residual blocks' identity, where no gradient enters them
        for module in network.modules():
            if isinstance(module, ResidualBlock):
                nn.init.normal_(module.narrow.weight, std=0.1)
    return networks


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_size_of_any_axes_with_labels(shape, name):
    generator, discriminator = made(name, shape, classes=3)
    label = torch.tensor([0, 2, 1])
    x = generator(torch.randn(3, 5), label)
    assert x.shape == (3, *shape) and x.dtype == torch.float32
    assert discriminator(x, label).shape == (3,)
    discriminator(x, label).square().sum().backward()
    for p in [*generator.parameters(), *discriminator.parameters()]:
        assert p.grad is not None and p.grad.isfinite().all()


@pytest.mark.parametrize("name", [name for name in BODIES if name != "conv-batch"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_penalties_reach_every_weight(shape, name):
    _, discriminator = made(name, shape)
    x = torch.randn(3, *shape)
    penalties.r1(discriminator, x).backward()
    for key, p in discriminator.named_parameters():
        assert "bias" in key or p.grad.abs().max() > 0
    discriminator.eval()
    torch.testing.assert_close(discriminator(x)[:1], discriminator(x[:1]))  # each by itself


@pytest.mark.parametrize("name", ["conv-none", "residual", "spectral"])
@pytest.mark.parametrize("shape", [(2, 20), (1, 600), (1, 6, 9), (1, 6, 5, 8)], ids=str)
def test_bfloat16_and_channels_last(shape, name, monkeypatch):
    """As on a card or a CPU with AMX: only maps of two axes are laid channels-last."""
    networks = made(name, shape)
    z = torch.randn(4, 5)
    plain = networks[0](z)
    monkeypatch.setattr(hardware, "has_amx_bf16", lambda: True)
    monkeypatch.setattr(conv2d_gradfix, "has_amx_bf16", lambda: True)
    hardware.arrange(nn.ModuleList(networks), torch.device("cpu"), "bf16")
    with torch.autocast("cpu", torch.bfloat16):
        x = networks[0](z)
        _, gradient = penalties.gradients(networks[1], x, precise=False)
        gradient.square().sum().backward()
    assert x.dtype == torch.float32 and not x.equal(plain)
    torch.testing.assert_close(x, plain, atol=0.15, rtol=0.15)
    assert all(p.grad is None or p.grad.isfinite().all() for p in networks[1].parameters())


@pytest.mark.parametrize("shape", [(1, 7), (2, 5, 6), (1, 3, 2, 4), (1, 513)], ids=str)
@pytest.mark.parametrize("name", [name for name in BODIES if name != "conv-batch"])
def test_the_penaltys_gradient_is_that_of_finite_differences(name, shape):
    """R1's gradient with respect to the weights, a second derivative, along a random direction, in double precision."""
    _, discriminator = made(name, shape)
    if name == "spectral":  # its σ follows the weights by power iteration, which gradients leave out
        discriminator = SpectralDiscriminator(shape, 8)
    discriminator = discriminator.double()
    score = lambda x: discriminator.features(x).tanh().sum(1)  # noqa: E731  scores themselves are float32
    x = torch.randn(2, *shape).double()
    weights = [p for n, p in discriminator.named_parameters() if p.dim() > 1 and "score" not in n]
    found = torch.autograd.grad(penalties.r1(score, x), weights)
    direction = [torch.randn_like(w) for w in weights]

    def moved(step):
        with torch.no_grad():
            for w, d in zip(weights, direction):
                w.add_(d, alpha=step)
        return float(penalties.r1(score, x).detach())

    step = 1e-7  # small: activations have kinks
    difference = (moved(step) - moved(-2 * step)) / (2 * step)
    assert difference == pytest.approx(float(sum((f * d).sum() for f, d in zip(found, direction))), rel=1e-4)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_encoders_and_autoencoders(shape):
    torch.manual_seed(0)
    x = torch.randn(3, *shape)
    assert ConvEncoder(shape, 7, 4)(x).shape == (3, 7)
    judge = AutoencoderDiscriminator(shape, 4, 6)
    assert judge.rebuild(x).shape == x.shape and judge(x).shape == (3,)
    assert EluGenerator(5, shape, 4)(torch.randn(2, 5)).shape == (2, *shape)


@pytest.mark.parametrize("size", [(9,), (4, 7), (2, 3, 5)])
@pytest.mark.parametrize("stride", [2, 4])
def test_a_constant_stays_constant_through_resampling(size, stride):
    """Away from the far edge, where what lies beyond is zero."""
    axes = len(size)
    ones = torch.ones(1, 3, *size)
    fine = tuple(stride * side for side in size)
    assert repeat(ones, stride, fine).equal(torch.ones(1, 3, *fine))
    up, down = Up(3, 3, fine, stride), Down(3, 3, axes, stride)
    for layer in (up, down):
        layer.weight.data.copy_(torch.eye(3).view(3, 3, *[1] * axes))
        assert float(layer.kernel.sum()) == pytest.approx(stride**axes if layer is up else 1)
    y = up(ones)
    assert y.shape[2:] == fine
    inner = [slice(0, stride * (side - 1) + 1) for side in size]
    torch.testing.assert_close(y[(..., *inner)], torch.ones(1, 3, *[s.stop for s in inner]))
    z = down(torch.ones(1, 3, *[side * stride + 1 for side in size]))
    assert z.shape[2:] == tuple(side + 1 for side in size)
    inner = [slice(1, side) for side in size]
    torch.testing.assert_close(z[(..., *inner)], torch.ones(1, 3, *[side - 1 for side in size]))


def test_up_is_linear_between_the_old_places():
    up = Up(1, 1, (15,), 4)
    nn.init.ones_(up.weight)
    places = torch.arange(13.0) / 4
    torch.testing.assert_close(up(torch.arange(4.0).view(1, 1, 4))[0, 0, :13], places)


@pytest.mark.parametrize("size", [(5,), (1,), (5, 4), (1, 3), (3, 5, 2), (5, 1, 2)])
def test_halving_by_the_mean_divides_by_what_is_there(size):
    block = DownBlock(1, 1, True, Pyramid([size]), first=True)
    x = torch.ones(1, 1, *size)
    assert block.halved(x).equal(torch.ones(1, 1, *[(side + 1) // 2 for side in size]))


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
    with torch.device("meta"):  # shapes without memory
        three = ConvGenerator(200, (1, 64, 64, 64), 64)  # 3D-GAN: 512-256-128-64-1 maps, kernels of 4³
        sound = ConvGenerator(100, (1, 16384), 64, norm="none")  # WaveGAN: 16×1024, then 512-256-128-64-1 maps
        small = ConvGenerator(100, (1, 8192), 16)
    convs = 64 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 1)
    assert count(three) == 200 * 512 * 64 + convs + 2 * (512 + 256 + 128 + 64)
    assert [c.out_channels for c in sound.convs] == [512, 256, 128, 64, 1] and sound.first == (1024, 16)
    assert count(small) < 2_000_000


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("shape", [(5,), (2, 20), (1, 12, 9), (1, 6, 5, 4)], ids=str)
def test_bodies_of_a_kind(shape, bounded):
    default = bodies(len(shape) - 1, bounded)
    torch.manual_seed(0)
    generator = default.generator(4, shape, 8, 3, norm="layer")
    discriminator = default.discriminator(shape, 8, 3, norm="none")
    label = torch.tensor([0, 1, 2])
    x = generator(torch.randn(3, 4), label)
    assert x.shape == (3, *shape) and discriminator(x, label).shape == (3,) and default.width > 0
    assert any(isinstance(m, nn.Tanh) for m in generator.modules()) is bounded


def test_bodies_of_too_many_axes():
    with pytest.raises(UserError, match="one, two or three axes"):
        bodies(4, True).generator(4, (1, 2, 2, 2, 2), 8)
