"""Convolutions by hand are torch's, in value and in both derivatives."""

import pytest
import torch
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

from gansmith import penalties
from gansmith.networks import conv2d_gradfix as twice
from gansmith.networks.conv2d_gradfix import (
    Conv2d,
    Convolution,
    ConvTranspose2d,
    Transposed,
    conv,
    im2col_matmul,
    no_weight_gradients,
    windows_pay,
)
from gansmith.networks.convolutional import ConvDiscriminator
from gansmith.networks.residual import ResidualDiscriminator

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CASES = [  # kernel, stride, padding, groups, the sides of the map
    (4, 2, 1, 1, 8, 8),
    (4, 2, 1, 1, 7, 9),
    (3, 1, 1, 2, 5, 6),
    (3, 2, 1, 1, 6, 5),
    (1, 1, 0, 4, 4, 3),
    (24, 4, 10, 1, 30),
    (4, 2, 1, 1, 7),
    (9, 1, 4, 2, 11),
    (4, 2, 1, 1, 4, 3, 5),
    (3, 1, 1, 2, 2, 4, 3),
]
PLAIN = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


def operands(kernel, stride, padding, groups, *size, device="cpu"):
    torch.manual_seed(0)
    made = torch.randn(3, 4, *size), torch.randn(8, 4 // groups, *[kernel] * len(size)), torch.randn(8)
    return [x.double().to(device).requires_grad_() for x in made], (stride, padding, groups)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", CASES)
def test_value_and_both_derivatives(case, device):
    (x, w, b), about = operands(*case, device=device)
    ours, theirs = Convolution.apply(x, w, b, *about), PLAIN[x.dim()](x, w, b, about[0], about[1], groups=about[2])
    assert torch.allclose(ours, theirs)
    found = []
    for y in (ours, theirs):
        slopes = torch.autograd.grad(y.tanh().sum(), (x, w, b), create_graph=True)
        found.append([*slopes, *torch.autograd.grad(sum(s.square().sum() for s in slopes), (x, w, b))])
    for mine, torchs in zip(*found):
        assert torch.allclose(mine, torchs)


@pytest.mark.parametrize("case", CASES)
def test_by_finite_differences(case):
    (x, w, b), about = operands(*case)
    assert torch.autograd.gradcheck(lambda *a: Convolution.apply(*a, *about), (x, w, b), fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda *a: Convolution.apply(*a, *about), (x, w, b), fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda *a: conv(*a, *about), (x, w, b), fast_mode=True)  # torch's own


def test_slopes_only_leaves_the_weights_out_of_the_first_pass_and_in_the_second():
    (x, w, b), about = operands(*CASES[0])
    y = Convolution.apply(x, w, b, *about).tanh()
    with no_weight_gradients():
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        assert torch.autograd.grad(y.sum(), w, allow_unused=True, retain_graph=True) == (None,)
    (ours,) = torch.autograd.grad(slope.square().sum(), w)
    plain = F.conv2d(x, w, b, *about[:2]).tanh()
    (slope,) = torch.autograd.grad(plain.sum(), x, create_graph=True)
    assert torch.allclose(ours, torch.autograd.grad(slope.square().sum(), w)[0])


def test_a_cpu_keeps_torchs_own():
    (x, w, b), about = operands(*CASES[0])
    assert type(conv(x, w, b, *about).grad_fn).__name__ == "ConvolutionBackward0"


def test_transposed_convolution_and_its_derivatives():
    for case in CASES:
        (x, w, _), about = operands(*case)
        g = torch.randn_like(PLAIN[x.dim()](x, w, None, *about[:2], groups=about[2]), requires_grad=True)
        size = x.shape[2:]
        assert torch.allclose(
            Transposed.apply(g, w, size, *about), torch.autograd.grad(Convolution.apply(x, w, None, *about), x, g)[0]
        )
        assert torch.autograd.gradcheck(lambda *a, s=size, k=about: Transposed.apply(*a, s, *k), (g, w), fast_mode=True)
        assert torch.autograd.gradgradcheck(
            lambda *a, s=size, k=about: Transposed.apply(*a, s, *k), (g, w), fast_mode=True
        )


@pytest.mark.parametrize("case", [case for case in CASES if case[3] == 1 and len(case) == 6])
def test_product_of_windows_is_the_slope_of_the_weights(case):
    (x, w, _), (stride, padding, _) = operands(*case)
    g = torch.randn_like(F.conv2d(x, w, None, stride, padding))
    found = im2col_matmul(x, g, w.shape, stride, padding)
    assert torch.allclose(found, conv2d_weight(x, w.shape, g, stride, padding))


@pytest.mark.parametrize(
    "module", [Conv2d(4, 8, 4, 2, 1), ConvTranspose2d(4, 8, 4, 2, 1), ConvTranspose2d(4, 2, 3, 2, 1, 1)]
)
def test_modules_in_tiles_are_those_without(module, monkeypatch):
    torch.manual_seed(0)
    x = torch.randn(3, 4, 8, 8, requires_grad=True)
    found = []
    for in_tiles in (True, False):
        monkeypatch.setattr(twice, "has_amx_bf16", lambda yes=in_tiles: yes)
        with torch.autocast("cpu", torch.bfloat16):
            y = module(x)
        slopes = torch.autograd.grad(y.float().tanh().sum(), (x, *module.parameters()))
        found.append([y.float(), *slopes])
    for ours, torchs in zip(*found):
        assert ours.shape == torchs.shape
        assert (ours - torchs).abs().max() <= 0.02 * torchs.abs().max()


def test_tiles_are_known_by_the_flags_of_the_processor(monkeypatch, tmp_path):
    said = tmp_path / "cpuinfo"
    monkeypatch.setattr(twice, "Path", lambda _: said)
    for text, found in (
        ("flags : avx512f amx_bf16 amx_tile", True),
        ("flags : avx512f amx_bf16x", False),
        (None, False),
    ):
        said.unlink(missing_ok=True)
        if text:
            said.write_text(text)
        twice.has_amx_bf16.cache_clear()
        assert twice.has_amx_bf16() is found
    monkeypatch.undo()
    twice.has_amx_bf16.cache_clear()


def test_small_maps_take_windows_and_large_ones_do_not():
    x, g = torch.zeros(2, 4, 16, 16, dtype=torch.bfloat16), torch.zeros(2, 8, 8, 8, dtype=torch.bfloat16)
    assert windows_pay(x, g, (8, 4, 4, 4), groups=1)
    assert not windows_pay(x, g, (8, 2, 4, 4), groups=2)
    assert not windows_pay(x.float(), g.float(), (8, 4, 4, 4), groups=1)
    assert not windows_pay(x, torch.zeros(2, 8, 9, 8, dtype=torch.bfloat16), (8, 4, 4, 4), groups=1)


def test_a_penalised_discriminator_in_tiles_has_the_slopes_of_one_without(monkeypatch):
    torch.manual_seed(0)
    discriminator = ConvDiscriminator((3, 16, 16), 8, norm="none")
    x = torch.randn(4, 3, 16, 16)
    found = []
    for in_tiles in (True, False):
        monkeypatch.setattr(twice, "has_amx_bf16", lambda yes=in_tiles: yes)
        points = x.contiguous(memory_format=torch.channels_last) if in_tiles else x
        with torch.autocast("cpu", torch.bfloat16):
            penalty = penalties.gradients(discriminator, points, precise=False)[1].square().sum()
        slopes = torch.autograd.grad(penalty, list(discriminator.parameters()), allow_unused=True)
        found.append(torch.cat([slope.flatten() for slope in slopes if slope is not None]))
    assert F.cosine_similarity(*found, dim=0) > 0.999


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("shape", [(3, 17, 23), (2, 1000), (1, 9, 7, 8)], ids=str)
@pytest.mark.parametrize("body", [ConvDiscriminator, ResidualDiscriminator])
def test_a_penalty_is_the_same_on_a_card_as_on_a_cpu(body, shape):
    torch.manual_seed(0)
    settings = {"norm": "none"} if body is ConvDiscriminator else {"blocks": 1}
    discriminator, x = body(shape, 16, **settings).double(), torch.rand(5, *shape).double()
    for p in discriminator.parameters():
        torch.nn.init.normal_(p, std=0.1)  # a residual block starts as the identity
    slopes = []
    for device in ("cpu", "cuda"):
        net, points = discriminator.to(device), x.to(device)
        found = torch.autograd.grad(penalties.r1(net, points), list(net.parameters()), allow_unused=True)
        slopes.append([g.cpu() for g in found if g is not None])
    for a, b in zip(*slopes, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-6)
