"""Locally connected layers against the convolution that they are where all places share their weights."""

import pytest
import torch
from torch.nn import functional as F

from gansmith.networks.locally_connected import LocallyConnected2d, items_first, places_first


@pytest.mark.parametrize(
    "kernel, stride, padding", [((2, 3), (1, 2), (0, 0)), ((3, 3), (1, 1), (1, 1)), ((9, 9), (1, 1), (0, 0))]
)
def test_equal_weights_make_a_convolution(kernel, stride, padding):
    torch.manual_seed(0)
    layer = LocallyConnected2d(3, 4, (5, 7), kernel, stride, padding)
    one = torch.randn(4, 3, *layer.kernel)
    with torch.no_grad():
        layer.weight.copy_(one.permute(2, 3, 1, 0).flatten(0, 2).expand_as(layer.weight))
        layer.bias.copy_(torch.arange(4.0).expand_as(layer.bias))
    x = torch.randn(2, 3, 5, 7)
    made, wanted = items_first(layer(places_first(x))), F.conv2d(x, one, torch.arange(4.0), stride, padding)
    assert made.shape == (2, 4, *layer.size)
    torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-5)


def test_each_place_has_weights_of_its_own():
    layer = LocallyConnected2d(1, 1, (2, 2), (1, 1), bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 2, 3, 4]).view(4, 1, 1))
    assert items_first(layer(places_first(torch.ones(1, 1, 2, 2)))).flatten().tolist() == [1, 2, 3, 4]
    assert layer.weight.shape == (4, 1, 1) and layer.bias is None
