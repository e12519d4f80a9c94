"""StyleGAN2's networks: closed forms of modulation, filters, equalised rates, truncation."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansmith.networks.style import (
    EqualConv,
    EqualLinear,
    Mapping,
    ModulatedConv,
    StyleDiscriminator,
    StyleGenerator,
    doubled,
    filtered,
)


def by_hand(conv: ModulatedConv, w):
    """(n, outside, inside, k, k) weights of each item, as equations 1 and 3 have them."""
    weight = conv.weight * conv.scale * conv.affine(w)[:, None, :, None, None]
    return weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()


def test_modulation_is_a_convolution_with_weights_of_each_item():
    conv, x, w = ModulatedConv(3, 5, 3, 4), torch.randn(4, 3, 6, 7), torch.randn(4, 4)
    wanted = torch.cat([F.conv2d(x[i : i + 1], by_hand(conv, w)[i], padding=1) for i in range(4)])
    assert torch.allclose(conv(x, w), wanted, atol=1e-5)


def test_demodulated_weights_have_unit_length():
    conv = ModulatedConv(3, 5, 3, 4)
    length = by_hand(conv, torch.randn(6, 4)).square().sum((2, 3, 4)).sqrt()
    assert torch.allclose(length, torch.ones(6, 5), atol=1e-3)


def test_a_style_starts_as_one():
    assert torch.equal(ModulatedConv(3, 5, 3, 4).affine.bias, torch.ones(3))


def test_doubling_keeps_a_constant_and_its_scale():
    flat = torch.full((1, 2, 4, 6), 0.7)
    assert torch.allclose(doubled(flat, (8, 12)), torch.tensor(0.7))
    conv, w = ModulatedConv(64, 64, 3, 4, double=True), torch.randn(8, 4)
    x = torch.randn(8, 64, 16, 16)
    made = conv(x, w)
    assert made.shape == (8, 64, 32, 32)
    same = F.interpolate(x, scale_factor=2, mode="bilinear").std() / x.std()
    assert made.std().item() == pytest.approx(same.item(), rel=0.25)  # as smooth as what is interpolated


def test_the_filter_is_1_3_3_1():
    x = torch.zeros(1, 1, 7, 7)
    x[0, 0, 3, 3] = 1
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    assert torch.allclose(filtered(x, 0)[0, 0], torch.outer(line, line))


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_equalised_layers_keep_the_variance_and_step_at_their_rate(rate):
    layer, x = EqualLinear(256, 256, rate=rate), torch.randn(512, 256)
    assert layer(x).std().item() == pytest.approx(1, rel=0.05)
    assert layer.weight.std().item() == pytest.approx(1 / rate, rel=0.05)
    assert EqualConv(64, 64, 3)(torch.randn(4, 64, 8, 8))[:, :, 1:-1, 1:-1].std().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 17, 23), (1, 8, 8)])
def test_any_size(shape):
    generator, discriminator = StyleGenerator(8, shape, 2, depth=2, output=None), StyleDiscriminator(shape, 2)
    made = generator(torch.randn(4, 8))
    assert made.shape == (4, *shape) and made.dtype == torch.float32 and 0.3 < made.std() < 6
    assert discriminator(made).shape == (4,)


def test_pictures_are_squashed_unless_asked_otherwise():
    torch.manual_seed(0)
    squashed, linear = (StyleGenerator(8, (1, 16, 16), 2, depth=2, output=output) for output in (nn.Tanh, None))
    linear.load_state_dict(squashed.state_dict())
    z = torch.randn(16, 8)
    assert torch.allclose(squashed(z), linear(z).tanh()) and linear(z).max() > 1


def test_w_does_not_depend_on_the_noise_s_length_and_its_mean_is_kept():
    mapping, z = Mapping(8, 8, 2), torch.randn(64, 8)
    assert torch.allclose(mapping(z), mapping(3 * z), atol=1e-4)
    for _ in range(2000):
        mapping(z)
    assert torch.allclose(mapping.mean, mapping(z).mean(0), atol=1e-3)
    kept = mapping.mean.clone()
    mapping.eval()(z + 1)
    assert torch.equal(mapping.mean, kept)


def test_truncation_to_nothing_is_one_picture():
    generator = StyleGenerator(8, (1, 16, 16), 2, depth=2)
    generator(torch.randn(32, 8))
    generator.eval()
    z = torch.randn(5, 8)
    made = generator(z, psi=0.0)
    assert torch.allclose(made, made[:1].expand_as(made), atol=1e-6)
    assert not torch.allclose(generator(z), generator(z)[:1], atol=1e-3)
    half = generator.styles(z, psi=0.5)
    assert torch.allclose(half, (generator.styles(z) + generator.mapping.mean) / 2, atol=1e-6)


def test_noise_is_drawn_in_training_and_stays_in_use():
    generator, z = StyleGenerator(8, (1, 16, 16), 2, depth=2), torch.randn(2, 8)
    assert torch.equal(generator(z), generator(z))  # its strength starts at 0
    torch.nn.init.ones_(generator.layers[0].strength)
    assert not torch.equal(generator(z), generator(z))
    generator.eval()
    assert torch.equal(generator(z), generator(z))


def test_a_batch_without_variation_shows_it():
    discriminator = StyleDiscriminator((1, 8, 8), 2)
    alike, seen = torch.randn(1, 1, 8, 8).expand(4, -1, -1, -1), []
    discriminator.variation.register_forward_hook(lambda module, given, made: seen.append(made[:, -1]))
    discriminator(alike)
    discriminator(torch.randn(4, 1, 8, 8))
    assert seen[0].max() <= 1.01e-4 < seen[1].min()
