"""Blocks of places as channels: the same convolutions, and the same slopes of first and second order."""

import pytest
import torch
from torch import nn

from gansmith.networks.few_channels import DoublingConvTranspose3d, HalvingConv3d


def slopes(layer, x):
    """What the layer makes, the slope at x, and slopes of that slope at the weights."""
    y = layer(x)
    (first,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    return y, first, *torch.autograd.grad(first.square().sum(), [x, layer.weight])


@pytest.mark.parametrize(
    "ours, theirs, channels, size",
    [
        (HalvingConv3d, nn.Conv3d, (1, 5), (8, 4, 6)),
        (HalvingConv3d, nn.Conv3d, (3, 2), (2, 2, 4)),
        (HalvingConv3d, nn.Conv3d, (1, 5), (7, 4, 6)),  # odd: torch's own
        (HalvingConv3d, nn.Conv3d, (4, 5), (4, 4, 4)),
        (DoublingConvTranspose3d, nn.ConvTranspose3d, (5, 1), (4, 2, 3)),
        (DoublingConvTranspose3d, nn.ConvTranspose3d, (2, 3), (1, 2, 1)),
        (DoublingConvTranspose3d, nn.ConvTranspose3d, (2, 4), (2, 2, 2)),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_they_are_torch_s_own(ours, theirs, channels, size, bias):
    torch.manual_seed(0)
    reference = theirs(*channels, 4, 2, 1, bias=bias).double()
    layer = ours(*channels, 4, 2, 1, bias=bias).double()
    layer.load_state_dict(reference.state_dict())
    x = torch.randn(2, channels[0], *size, dtype=torch.double, requires_grad=True)
    for found, expected in zip(slopes(layer, x), slopes(reference, x), strict=True):
        torch.testing.assert_close(found, expected)
