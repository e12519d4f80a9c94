"""Sequence networks: probabilities that add up, draws that follow them, roll-outs that keep what they begin with."""

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from gansmith.networks.sequence import SequenceDiscriminator, SequenceGenerator, choose, gumbel, inside


def every(symbols: int, steps: int) -> torch.Tensor:
    """All sequences of 1 … steps symbols, 0 behind."""
    found = [s + (0,) * (steps - len(s)) for n in range(1, steps + 1) for s in product(range(1, symbols + 1), repeat=n)]
    return torch.tensor(found)


def made(**how) -> SequenceGenerator:
    torch.manual_seed(0)
    net = SequenceGenerator(2, 3, 8, 4, **how)
    torch.nn.init.normal_(net.head.weight)
    return net


@pytest.mark.parametrize("ends", [True, False])
def test_all_sequences_together_are_certain(ends):
    net, ids = made(ends=ends), every(2, 3)
    likely = net.log_likelihoods(ids).sum(1).exp()
    assert likely.sum().item() == pytest.approx(1, abs=1e-5)
    assert ends or likely[(ids == 0).any(1)].sum() < 1e-6


def test_draws_are_as_likely_as_it_says():
    net, ids = made(), every(2, 3)
    with torch.no_grad():
        drawn = net.draw(torch.rand(20_000, 3))
        share = torch.stack([(drawn == row).all(1).float().mean() for row in ids])
        wanted = net.log_likelihoods(ids).sum(1).exp()
        soft, shares = net.draw_soft(gumbel(20_000, 3, 3), 50.0)
    assert share.sum() == 1 and (share - wanted).abs().max() < 0.015
    assert (torch.stack([(soft == row).all(1).float().mean() for row in ids]) - wanted).abs().max() < 0.015
    assert torch.equal(shares.argmax(2), soft) and torch.allclose(shares.sum(2), torch.ones(20_000, 3))
    assert not (net.draw(torch.rand(500, 3), banned=2) == 2).any()
    assert net.draw(torch.rand(500, 3), temperature=1e-3).unique(dim=0).shape[0] == 1


def test_roll_outs_keep_their_beginning_and_go_on_as_the_network_does():
    net = made()
    ids = torch.tensor([[1, 2, 1], [2, 0, 0]]).repeat_interleave(10_000, 0)
    whole = net.roll_out(ids, torch.rand(2, 20_000, 3))
    assert torch.equal(whole[0, :, 0], ids[:, 0]) and torch.equal(whole[1, :, :2], ids[:, :2])
    assert not whole[1, 10_000:, 1:].any()  # what has ended stays so
    after = torch.softmax(net(ids[:1])[0], 1)
    second = torch.bincount(whole[0, :10_000, 1], minlength=3) / 10_000
    third = torch.bincount(whole[1, :10_000, 2], minlength=3) / 10_000
    assert (second - after[1]).abs().max() < 0.02 and (third - after[2]).abs().max() < 0.02


def test_choices_are_never_of_what_cannot_be():
    logits = torch.tensor([[0.0, -1e9, 0.0, -1e9]]).repeat(4, 1)
    assert choose(logits, torch.tensor([0.0, 0.4999, 0.5001, 1.0])).tolist() == [0, 0, 2, 2]


def test_what_is_inside():
    assert inside(torch.tensor([[1, 2, 0, 0], [1, 1, 1, 1]])).tolist() == [[True] * 3 + [False], [True] * 4]


@pytest.mark.parametrize("representations", [1, 4])
def test_hard_and_soft_sequences_are_judged_alike(representations):
    net = SequenceDiscriminator(3, 5, 8, maps=4, representations=representations).eval()
    ids = torch.randint(0, 4, (6, 5))
    torch.testing.assert_close(net(ids), net(F.one_hot(ids, 4).float()))
    assert net.each(ids).shape == (6, representations) and net.features(ids).shape == (6, 20)
    torch.testing.assert_close(net.judge(net.features(ids)), net(ids))
