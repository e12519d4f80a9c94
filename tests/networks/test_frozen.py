"""For pictures the networks are those of version 0.1: the names of their tensors, their initial weights for a seed,
what they make, and both derivatives. The numbers were computed with that version."""

from zlib import crc32

import pytest
import torch
from torch import nn

from gansmith.networks import autoencoder, convolutional, residual, spectral

SHAPE = (3, 17, 23)


def conv(norm, classes):
    return (
        convolutional.ConvGenerator(6, SHAPE, 8, classes, norm=norm),
        convolutional.ConvDiscriminator(SHAPE, 8, classes, norm=norm),
    )


def residual_bodies(stem, classes):
    return (
        residual.ResidualGenerator(6, SHAPE, 8, classes, stem=stem),
        residual.ResidualDiscriminator(SHAPE, 8, classes, stem=stem),
    )


def spectral_bodies(classes):
    generator = spectral.SpectralGenerator(6, SHAPE, 8, classes)
    return generator, spectral.spectrally_normalised(spectral.SpectralDiscriminator(SHAPE, 8, classes))


def elu():
    return autoencoder.EluGenerator(6, SHAPE, 8), autoencoder.AutoencoderDiscriminator(SHAPE, 8, 8)


# (bodies, their arguments, classes): CRC-32 of the names of their tensors, and the mean magnitudes of weights, samples,
# scores, gradients, and gradients of the squared gradient norm
FROZEN = {
    (conv, "batch", 0): (2546044476, 0.0244371, 0.0540145, 0.184533, 0.134405, 6.50093),
    (conv, "batch", 3): (1624643896, 0.0232847, 0.0655547, 0.270221, 0.275391, 7.69333),
    (conv, "layer", 3): (4262610885, 0.0193545, 0.0649395, 0.169878, 0.110074, 3.75392),
    (conv, "none", 0): (3119569621, 0.120713, 0.431424, 0.251144, 0.0396629, 0.0480848),
    (conv, "none", 3): (4167426323, 0.119054, 0.437539, 0.481764, 0.129403, 0.0693771),
    (residual_bodies, True, 0): (740962750, 0.0833093, 0.610142, 0.0905571, 0.00437135, 0.000461598),
    (residual_bodies, True, 3): (2815380131, 0.0833731, 0.481511, 0.0555271, 0.00327349, 0.000393976),
    (residual_bodies, False, 3): (2375669105, 0.0753448, 0.325468, 0.295473, 0.0165668, 0.000761541),
    (spectral_bodies, 0): (3056929756, 0.155057, 0.534159, 3.80131, 7.74487, 0.0862317),
    (spectral_bodies, 3): (3449491255, 0.163601, 0.442118, 2.97633, 4.11202, 0.0388958),
    (elu,): (1665317449, 0.0556298, 0.0514566, 0.0700588, 0.000366734, 2.89349e-09),
}


@pytest.mark.parametrize("case", FROZEN, ids=lambda case: "-".join([case[0].__name__, *map(str, case[1:])]))
def test_pictures_as_in_version_0_1(case):
    make, *arguments = case
    names, *expected = FROZEN[case]
    torch.manual_seed(0)
    generator, discriminator = make(*arguments)
    state = [*generator.state_dict().items(), *discriminator.state_dict().items()]
    assert crc32("".join(name for name, _ in state).encode()) == names
    weights = torch.cat([tensor.double().flatten() for _, tensor in state])  # before they move
    for module in [*generator.modules(), *discriminator.modules()]:
        if isinstance(module, residual.ResidualBlock):  # leave the identity
            nn.init.normal_(module.narrow.weight, std=0.1)
    z = torch.randn(4, 6)
    label = torch.tensor([0, 1, 2, 1]) if arguments[-1:] == [3] else None
    x = generator(z, label)
    scores = discriminator(x, label)
    parameters = [*generator.parameters(), *discriminator.parameters()]
    first = torch.autograd.grad(scores.square().sum(), parameters)
    points = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(points, label).sum(), points, create_graph=True)
    second = torch.autograd.grad(slope.square().sum(), list(discriminator.parameters()), allow_unused=True)
    found = [weights, x, scores, *(torch.cat([g.flatten() for g in of if g is not None]) for of in (first, second))]
    assert [float(numbers.detach().double().abs().mean()) for numbers in found] == pytest.approx(
        expected, rel=1e-3, abs=1e-8
    )
