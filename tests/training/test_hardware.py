"""The order of feature maps is the one that the machine is quickest in, and changes no numbers but by rounding."""

import pytest
import torch
from torch import nn

from gansmith.data.kinds.images import Images
from gansmith.data.kinds.vectors import Vectors
from gansmith.networks.blocks import flat
from gansmith.training import hardware


@pytest.mark.parametrize(
    "precision, in_tiles, last", [("bf16", True, True), ("bf16", False, False), ("fp32", True, False)]
)
def test_convolutions_see_channels_last_where_bf16_is_multiplied_in_tiles(monkeypatch, precision, in_tiles, last):
    monkeypatch.setattr(hardware, "has_amx_bf16", lambda: in_tiles)
    net, seen = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 2, 3)), []
    x = torch.randn(2, 3, 8, 8)
    before = net(x)
    hardware.arrange(net, torch.device("cpu"), precision)
    net[2].register_forward_hook(lambda module, given, y: seen.append(given[0]))
    assert torch.allclose(net(x), before, atol=1e-6)
    assert seen[0].is_contiguous(memory_format=torch.channels_last) == last


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_flat_hands_the_slope_back_in_the_order_of_the_map(order):
    x = torch.randn(2, 3, 4, 5).contiguous(memory_format=order).requires_grad_()
    weight, orders = torch.randn(60), []
    y = x * 2
    flattened = flat(y)
    y.register_hook(lambda slope: orders.append(slope.is_contiguous(memory_format=order)))
    assert torch.equal(flattened, y.flatten(1))
    (flattened @ weight).sum().backward()
    assert orders == [True]
    assert torch.equal(x.grad, 2 * weight.view(3, 4, 5).expand(2, -1, -1, -1))


@pytest.mark.parametrize("half, chosen", [(1.0, "bf16"), (1.9, "fp32")])
def test_bf16_is_taken_where_it_is_quicker_and_asked_of_the_machine_once(monkeypatch, half, chosen):
    asked = []
    seconds = lambda dtype, **_: asked.append(dtype) or (half if dtype is torch.bfloat16 else 2.0)  # noqa: E731
    monkeypatch.setattr(hardware, "_product_seconds", seconds)
    hardware.bf16_is_quick.cache_clear()
    try:
        assert [hardware.pick_precision("auto", torch.device("cpu"), Images) for _ in range(3)] == 3 * [chosen]
        assert len(asked) == 2 and hardware.pick_precision("auto", torch.device("cpu"), Vectors) == "fp32"
    finally:
        hardware.bf16_is_quick.cache_clear()
