"""Spectral norm against the singular values, the paper's networks, and the projection of labels."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

import gansmith as gs
from gansmith.data.kinds.images import Images
from gansmith.networks.spectral import SpectralNorm, spectrally_normalised


def test_the_papers_networks_at_cifar_size():
    gan = gs.SNGAN()
    gan.build(Images((3, 32, 32)))
    count = [sum(p.numel() for p in net.parameters()) for net in (gan.generator, gan.discriminator)]
    assert count == [4_276_739, 1_053_824]


@pytest.mark.parametrize("layer", [nn.Linear(30, 20), nn.Conv2d(8, 12, 3), nn.Embedding(10, 16)])
def test_power_iteration_finds_the_largest_singular_value(layer):
    torch.manual_seed(0)
    weight = layer.weight.detach().clone()
    network = spectrally_normalised(nn.Sequential(layer)).train()
    for _ in range(100):
        normed = network[0].weight
    true = torch.linalg.matrix_norm(weight.flatten(1), 2)
    assert (weight / normed).median().item() == pytest.approx(true.item(), rel=0.01)
    assert torch.linalg.matrix_norm(normed.detach().flatten(1), 2) <= 1.01


def test_the_vector_moves_in_training_only_and_is_saved():
    layer = spectrally_normalised(nn.Sequential(nn.Linear(30, 20)))
    (name,) = [name for name in layer.state_dict() if name.endswith(".u")]
    before = layer.state_dict()[name].clone()
    layer.eval()(torch.randn(2, 30))
    assert torch.equal(before, layer.state_dict()[name])
    layer.train()(torch.randn(2, 30))
    assert not torch.equal(before, layer.state_dict()[name])


def test_a_scaled_weight_gives_the_same_discriminator():
    """All that is left of a weight is its direction, so a gradient along the weight itself is zero."""
    weight = torch.randn(6, 5, requires_grad=True)
    norm = SpectralNorm(weight.detach()).train()
    for _ in range(50):
        norm(weight.detach())
    (gradient,) = torch.autograd.grad(norm(weight).square().sum(), weight)
    assert torch.allclose(norm(weight), norm(7 * weight), atol=1e-6)
    assert abs((gradient * weight).sum().item()) < 1e-4


def test_every_weight_of_the_discriminator_is_normalised_and_none_of_the_generator():
    for body in ("residual", "convolutional"):
        gan = gs.SNGAN(width=8, body=body, conditional=True)
        gan.build(Images((1, 20, 12), ("a", "b")))
        for network, wanted in ((gan.discriminator, True), (gan.generator, False)):
            layers = [m for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.Embedding))]
            assert layers and all(parametrize.is_parametrized(m) == wanted for m in layers)


def test_labels_enter_by_projection():
    gan = gs.SNGAN(width=8, conditional=True)
    gan.build(Images((1, 16, 16), ("a", "b", "c")))
    discriminator, x = gan.discriminator.eval(), torch.randn(5, 1, 16, 16)
    with torch.no_grad():
        found = discriminator(x, torch.full((5,), 2)) - discriminator(x, torch.full((5,), 0))
        wanted = discriminator.features(x) @ (discriminator.embed.weight[2] - discriminator.embed.weight[0])
    assert torch.allclose(found, wanted, atol=1e-4)


def test_the_hinge_is_silent_beyond_its_margin(losses_of):
    beyond, within = torch.full((4,), 2.0), torch.full((4,), 0.5)
    assert losses_of(gs.SNGAN(), beyond, -beyond)[0] == 0
    assert losses_of(gs.SNGAN(), within, -within)[0] == 1
