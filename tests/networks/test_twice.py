"""Convolutions by hand are torch's, in value and in both derivatives."""

import pytest
import torch
from torch.nn import functional as F

from gansmith import penalties
from gansmith.networks.convolutional import ConvCritic
from gansmith.networks.residual import ResidualCritic
from gansmith.networks.twice import Convolution, conv2d, slopes_only

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CASES = [  # kernel, stride, padding, groups, height, width
    (4, 2, 1, 1, 8, 8),
    (4, 2, 1, 1, 7, 9),
    (3, 1, 1, 2, 5, 6),
    (3, 2, 1, 1, 6, 5),
    (1, 1, 0, 4, 4, 3),
]


def operands(kernel, stride, padding, groups, height, width, device="cpu"):
    torch.manual_seed(0)
    made = torch.randn(3, 4, height, width), torch.randn(8, 4 // groups, kernel, kernel), torch.randn(8)
    return [x.double().to(device).requires_grad_() for x in made], (stride, padding, groups)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", CASES)
def test_value_and_both_derivatives(case, device):
    (x, w, b), about = operands(*case, device)
    ours, theirs = Convolution.apply(x, w, b, *about), F.conv2d(x, w, b, about[0], about[1], groups=about[2])
    assert torch.allclose(ours, theirs)
    found = []
    for y in (ours, theirs):
        slopes = torch.autograd.grad(y.tanh().sum(), (x, w, b), create_graph=True)
        found.append([*slopes, *torch.autograd.grad(sum(s.square().sum() for s in slopes), (x, w, b))])
    for mine, torchs in zip(*found):
        assert torch.allclose(mine, torchs)


@pytest.mark.parametrize("case", CASES[:3])
def test_by_finite_differences(case):
    (x, w, b), about = operands(*case)
    assert torch.autograd.gradcheck(lambda *a: Convolution.apply(*a, *about), (x, w, b))
    assert torch.autograd.gradgradcheck(lambda *a: Convolution.apply(*a, *about), (x, w, b))


def test_slopes_only_leaves_the_weights_out_of_the_first_pass_and_in_the_second():
    (x, w, b), about = operands(*CASES[0])
    y = Convolution.apply(x, w, b, *about).tanh()
    with slopes_only():
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        assert torch.autograd.grad(y.sum(), w, allow_unused=True, retain_graph=True) == (None,)
    (ours,) = torch.autograd.grad(slope.square().sum(), w)
    plain = F.conv2d(x, w, b, *about[:2]).tanh()
    (slope,) = torch.autograd.grad(plain.sum(), x, create_graph=True)
    assert torch.allclose(ours, torch.autograd.grad(slope.square().sum(), w)[0])


def test_a_cpu_keeps_torchs_own():
    (x, w, b), about = operands(*CASES[0])
    assert type(conv2d(x, w, b, *about).grad_fn).__name__ == "ConvolutionBackward0"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("body", [ConvCritic, ResidualCritic])
def test_a_penalty_is_the_same_on_a_card_as_on_a_cpu(body):
    torch.manual_seed(0)
    settings = {"norm": "none"} if body is ConvCritic else {"blocks": 1}
    critic, x = body((3, 17, 23), 16, **settings).double(), torch.rand(5, 3, 17, 23).double()
    for p in critic.parameters():
        torch.nn.init.normal_(p, std=0.1)  # a residual block starts as the identity
    slopes = []
    for device in ("cpu", "cuda"):
        net, points = critic.to(device), x.to(device)
        found = torch.autograd.grad(penalties.r1(net, points), list(net.parameters()), allow_unused=True)
        slopes.append([g.cpu() for g in found if g is not None])
    for a, b in zip(*slopes, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-6)
