"""Neural cryptography: the losses on readers that are known, who moves for what, and no data at all."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.gans.neural_crypto import Cipher, flipped, wrong_bits
from gansmith.testing import begin, played_on, rounds


def played(**settings):
    return begin(gs.NeuralCrypto, played_on(gs.NeuralCrypto), settings, 0)


class Reader(nn.Module):
    """Answers the message itself, times ±1 or 0; an oracle in the place of a network."""

    def __init__(self, game, factor):
        super().__init__()
        self.factor = factor
        self.said = {}
        talk = game.talk
        game.talk = lambda *a: self.said.setdefault(len(self.said), talk(*a))

    def forward(self, _):
        return self.factor * self.said[len(self.said) - 1][0]


@pytest.mark.parametrize("factor, wrong, term", [(1.0, 0.0, 1.0), (-1.0, 16.0, 1.0), (0.0, 8.0, 0.0)])
def test_eve_is_pushed_to_guess_not_to_err(factor, wrong, term):
    state = played()
    state.game.eve = Reader(state.game, factor)
    batch = state.data.batch(torch.arange(32))
    said = state.game.hide(batch)
    assert said["alice"]["eve"].item() == pytest.approx(term)
    assert state.game.attack(batch)["read"].item() == pytest.approx(wrong)
    assert said["bob"] == {"read": said["alice"]["bob"]}


def test_bits_are_counted_softly_and_whole():
    message = torch.tensor([[1.0, -1, 1, -1]])
    assert wrong_bits(message, torch.tensor([[0.0, 0, 1, 1]])).item() == pytest.approx(0.5 + 0.5 + 1)
    assert flipped(message, torch.tensor([[0.1, -0.1, -0.1, 1]])).item() == 2


def test_the_networks_are_those_of_the_paper():
    for bits in (2, 16, 17, 32):
        assert Cipher(2 * bits, bits)(torch.ones(3, 2 * bits)).shape == (3, bits)
    convolutions = (4 * 2 + 2) + (2 * 2 * 4 + 4) + (4 * 4 + 4) + (4 + 1)
    assert sum(p.numel() for p in Cipher(32, 16).parameters()) == 32 * 32 + 32 + convolutions


def test_alice_and_bob_move_at_once_then_eve_twice():
    state = played(eve_steps=2)
    moved = []
    state.game.moved = moved.append
    rounds(state, 2)
    assert moved == ["alice", "bob", "eve", "eve"] * 2


def test_a_key_bit_matters_and_bob_needs_the_key():
    gan = gs.NeuralCrypto(bits=8).fit(None, steps=5, batch_size=64)
    message, key = np.ones((1, 8)), np.ones((1, 8))
    other = key.copy()
    other[0, 3] = -1
    cipher = gan.encrypt(message, key)
    assert cipher.shape == (1, 8) and not np.array_equal(cipher, gan.encrypt(message, other))
    assert set(np.unique(gan.decrypt(cipher, key))) <= {-1, 1}
    blind = gs.NeuralCrypto(bits=8, key=False).fit(None, steps=2, batch_size=64)
    assert blind.bob.dense.in_features == 8 and gan.bob.dense.in_features == 16


def test_data_and_odd_messages_are_refused(tmp_path):
    with pytest.raises(gs.UserError, match="without data"):
        gs.NeuralCrypto().fit("digits", steps=1)
    gan = gs.NeuralCrypto(bits=4).fit(None, steps=2, batch_size=8, out=tmp_path / "run")
    assert gs.resume(tmp_path / "run", steps=4).trained["rounds"] == 4
    with pytest.raises(gs.UserError, match="of −1 and 1"):
        gan.encrypt(np.zeros((1, 4)), np.ones((1, 4)))
    with pytest.raises(gs.UserError, match="holds nothing: give it data"):
        gs.DCGAN().fit(gan.read(None), steps=1)
