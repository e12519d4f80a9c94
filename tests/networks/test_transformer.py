"""Transformers over patches: cut and put together, attention's formula, blocks that begin near the identity."""

import pytest
import torch
from torch.nn import functional as F

import gansmith as gs
from gansmith.networks.compression import Decoder, Encoder
from gansmith.networks.transformer import (
    Attention,
    Block,
    TransformerDiscriminator,
    TransformerGenerator,
    patches,
    positions,
    unpatched,
)


def test_patches_are_the_picture_s_own_numbers_row_by_row():
    x = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    cut = patches(x, 2)
    assert cut.shape == (2, 6, 12) and torch.equal(unpatched(cut, 2, (2, 3)), x)
    assert torch.equal(cut[1, 4], x[1, :, 2:4, 2:4].flatten())


def test_positions_are_those_of_sines():
    place = positions((3, 2), 8)
    row, column = 2, 1
    angles = torch.tensor([row, row / 100, column, column / 100])
    wanted = torch.cat([angles[:2].sin(), angles[:2].cos(), angles[2:].sin(), angles[2:].cos()])
    assert place.shape == (6, 8) and torch.allclose(place[row * 2 + column], wanted)
    with pytest.raises(gs.UserError, match="multiple of 4; take 12"):
        positions((3, 2), 10)


def test_attention_is_its_formula():
    torch.manual_seed(0)
    layer, x = Attention(64), torch.randn(3, 5, 64)
    assert layer.heads == 2 and Attention(48).heads == 1 and Attention(40).heads == 1
    q, k, v = (part.unflatten(2, (2, 32)).transpose(1, 2) for part in layer.qkv(x).chunk(3, 2))
    q, k = (part / part.square().mean(-1, keepdim=True).sqrt() for part in (q, k))
    weights = (q @ k.transpose(2, 3) / 32**0.5).softmax(-1)
    assert torch.allclose(layer(x), layer.out((weights @ v).transpose(1, 2).flatten(2)), atol=1e-5)


def test_a_block_without_gates_is_the_identity_and_takes_one_modulation_or_one_an_item():
    torch.manual_seed(0)
    block, x = Block(8), torch.randn(2, 5, 8)
    assert torch.equal(block(x, torch.zeros(4, 8)), x)
    modulation = torch.randn(4, 8)
    assert torch.allclose(block(x, modulation), block(x, modulation[None, :, None].expand(2, 4, 1, 8)))
    s1, g1, s2, g2 = modulation
    y = x + g1 * block.attention((1 + s1) * F.rms_norm(x, (8,), eps=1e-6))
    assert torch.allclose(block(x, modulation), y + g2 * block.mlp((1 + s2) * F.rms_norm(y, (8,), eps=1e-6)))


def test_a_generator_s_levels_add_up():
    torch.manual_seed(0)
    made = TransformerGenerator(6, (3, 4, 8), 16, depth=5, levels=2)
    assert made.after == [2, 5] and TransformerGenerator(6, (3, 4, 8), 16, depth=2, levels=4).after == [1, 2]
    z = torch.randn(2, 6)
    both = made(z)
    assert both.shape == (2, 2, 3, 4, 8) and both.dtype == torch.float32
    torch.nn.init.zeros_(made.heads[1].weight)
    assert torch.equal(made(z)[:, 0], both[:, 0]) and torch.equal(made(z)[:, 1], both[:, 0])


def test_labels_reach_both():
    torch.manual_seed(0)
    z, one, other = torch.randn(2, 6), torch.tensor([0, 1]), torch.tensor([2, 1])
    made = TransformerGenerator(6, (3, 4, 4), 16, 3)
    assert torch.equal(made(z, one)[1], made(z, other)[1]) and not torch.equal(made(z, one)[0], made(z, other)[0])
    judge, x = TransformerDiscriminator((3, 4, 4), 16, 3), torch.randn(2, 3, 4, 4)
    torch.nn.init.normal_(judge.embed.weight)
    difference = judge(x, other) - judge(x, one)
    wanted = (judge.features(x) * (judge.embed(other) - judge.embed(one))).sum(1)
    assert torch.allclose(difference, wanted, atol=1e-5) and difference[1] == 0 != difference[0]


def test_where_a_patch_lies_matters():
    """Without positions attention would not know it."""
    torch.manual_seed(0)
    judge, x = TransformerDiscriminator((1, 4, 4), 16), torch.randn(2, 1, 4, 4)
    assert not torch.allclose(judge(x), judge(x.roll(2, 3)), atol=1e-5)
    judge.position.zero_()
    assert torch.allclose(judge(x), judge(x.roll(2, 3)), atol=1e-5)


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_latents_are_smaller_by_halving(halvings):
    mean, log_variance = Encoder(3, 5, halvings, 4)(torch.zeros(2, 3, 16, 24))
    assert mean.shape == log_variance.shape == (2, 5, 16 >> halvings, 24 >> halvings)
    assert Decoder(3, 5, halvings, 4)(mean).shape == (2, 3, 16, 24)
