"""Adversarial neural cryptography: three players learn to keep a secret; needs no data."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import DataError, UserError
from gansmith.game import Game, Turn, observe, setting
from gansmith.gans.base import new_rng
from gansmith.gans.paper import Paper
from gansmith.training.metrics import Metric


class NeuralCrypto(Game):
    """Three players and no data: Alice turns a message P and a key K, `bits` random bits of ±1 each, into a ciphertext
    C; Bob reads C with the key; Eve reads C without it. With d(P, Q) = ½ Σ|P − Q|, the number of wrong bits (section
    2.2):
    L_E = E d(P, Eve(C)),    L_B = E d(P, Bob(C, K)) / N,    L_AB = L_B + (N/2 − L_E)² / (N/2)².
    Alice and Bob push Eve to N/2 wrong bits, which is guessing, and not to N: who always errs knows the message,
    inverted. In a round Alice and Bob move at once, from one pass, then Eve twice on new messages (section 2.5). Bob
    minimises L_B alone, since Eve's errors do not depend on him.

    Networks (section 2.4): a dense layer of 2N with sigmoid, then convolutions over it (width, channels in, out,
    stride):
    (4,1,2,1), (2,2,4,2), (1,4,4,1) with sigmoid, (1,4,1,1) with tanh. Losses are batch means over messages; the
    released code sums over the batch, which Adam makes nearly the same.
    This teaches how players can learn to hide. It is no encryption: nothing is proved, and a longer-trained Eve may
    win. Deviations: none known but the means. Proof: proofs/neural_crypto.py.
    """

    name = "neural-crypto"
    paper = Paper(
        "Learning to Protect Communications with Adversarial Neural Cryptography",
        "Abadi, Andersen",
        "arXiv",
        2016,
        "https://arxiv.org/abs/1610.06918",
        code="https://github.com/tensorflow/models/tree/archive/research/adversarial_crypto",
    )
    summary = "three players learn to keep a secret; needs no data"
    averaged: ClassVar[tuple[str, ...]] = ()
    batch_size: ClassVar[int] = 4096
    needs_data: ClassVar[bool] = False

    bits: int = setting(16, "N, bits of a message and of a key", minimum=2)
    eve_steps: int = setting(2, "moves of Eve for each of Alice and Bob", minimum=1)
    learning_rate: float = setting(8e-4, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    key: bool = setting(True, "let Bob have the key; without it he is another Eve (the control of the proof)")

    def read(self, data=None, **options) -> Dataset:
        """No data: messages and keys are drawn anew in every move. What is numbered are the moves' places."""
        if data is not None and not (isinstance(data, Dataset) and not data.fields):
            raise DataError("neural-crypto is played without data: fit(None)")
        spec = Vectors((self.bits,), columns=tuple(f"c{i}" for i in range(self.bits)))
        return Dataset(spec, {}, name="random messages", digest=f"{self.bits} bits", rows=torch.arange(2**16))

    def build(self, spec: Kind) -> None:
        self.alice, self.bob, self.eve = Cipher(2 * self.bits, self.bits), self.reader(), Cipher(self.bits, self.bits)

    def reader(self) -> Cipher:
        return Cipher((2 if self.key else 1) * self.bits, self.bits)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"alice": [self.alice], "bob": [self.bob], "eve": [self.eve]}

    def turns(self) -> list[Turn]:
        return [Turn(("alice", "bob"), self.hide), Turn("eve", self.attack, times=self.eve_steps)]

    def hide(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        message, key, cipher = self.talk(len(batch))
        read = wrong_bits(message, self.open(cipher, key))
        guessed = mean_over_ranks(wrong_bits(message, self.eve(cipher)))
        observe("bits/bob", lambda: flipped(message, self.open(cipher, key)))
        half = self.bits / 2
        bob = read / self.bits
        return {"alice": {"bob": bob, "eve": (half - guessed).square() / half**2}, "bob": {"read": bob}}

    def attack(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            message, _, cipher = self.talk(len(batch))
        guess = self.eve(cipher)
        observe("bits/eve", lambda: flipped(message, guess))
        return {"read": wrong_bits(message, guess)}

    def talk(self, n: int, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """`n` random messages, keys and ciphertexts (n, bits)."""
        device = self.device if rng is None else "cpu"
        both = torch.randint(2, (n, 2 * self.bits), generator=rng, device=device).to(self.device).float() * 2 - 1
        return *both.chunk(2, 1), self.alice(both)

    def open(self, cipher: Tensor, key: Tensor) -> Tensor:
        """Bob's reading (n, bits), −1 … 1."""
        return self.bob(torch.cat([cipher, key], 1) if self.key else cipher)

    # --- use ---------------------------------------------------------------------------------------------------------
    def encrypt(self, message, key) -> np.ndarray:
        """Messages and keys (n, bits) of ±1 to ciphertexts (n, bits), float32 in −1 … 1."""
        with self.at_rest():
            return self.alice(torch.cat([self.as_bits(message), self.as_bits(key)], 1)).cpu().numpy()

    def decrypt(self, cipher, key) -> np.ndarray:
        """Ciphertexts and keys (n, bits) to messages of ±1."""
        with self.at_rest():
            cipher = torch.as_tensor(np.asarray(cipher, np.float32)).to(self.device)
            return np.where(self.open(cipher, self.as_bits(key)).cpu().numpy() > 0, 1, -1)

    def as_bits(self, x) -> Tensor:
        x = torch.as_tensor(np.asarray(x, np.float32))
        if x.ndim != 2 or x.shape[1] != self.bits or not (x.abs() == 1).all():
            raise UserError(f"messages and keys are (n, {self.bits}) of −1 and 1: this is {tuple(x.shape)}")
        return x.to(self.device)

    def sample(self, n: int, *, seed: int | None = None) -> np.ndarray:
        """`n` ciphertexts (n, bits) of random messages under random keys."""
        self.check_is_fitted()
        with self.at_rest():
            return self.talk(n, new_rng(seed))[2].cpu().numpy()

    logs: ClassVar[dict[str, Metric]] = {
        "alice/bob": Metric(
            "share of the bits that Bob reads wrongly, as both he and Alice minimise it; soft bits count in part",
            "falling to below 0.05; ½ is guessing",
            "at 0.5 for thousands of rounds: Bob never got hold of the key; another --seed",
        ),
        "alice/eve": Metric(
            "(N/2 − Eve's wrong bits)² / (N/2)²: how far Eve is from guessing",
            "below 0.05 in the end; it rises at first, when Bob begins to read",
            "rising on and on: Eve reads along; raise --bits or play longer",
        ),
        "bob/read": Metric(
            "share of the bits that Bob reads wrongly",
            "falling to below 0.05",
            "as of alice/bob",
        ),
        "eve/read": Metric(
            "bits of a message that Eve reads wrongly; soft bits count in part",
            "near half the bits, which is guessing",
            "falling for good: she breaks the cipher",
        ),
        "bits/bob": Metric(
            "whole bits of a message that Bob gets wrong",
            "below 0.5 in the end",
            "as of alice/bob",
        ),
        "bits/eve": Metric(
            "whole bits of a message that Eve gets wrong",
            "near half the bits",
            "as of eve/read",
        ),
    }


class Cipher(nn.Module):
    """(n, inside) to (n, bits) in −1 … 1: "mix and transform", a dense layer and four convolutions."""

    def __init__(self, inside: int, bits: int):
        super().__init__()
        self.dense = nn.Linear(inside, 2 * bits)
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, width, stride)
            for width, a, b, stride in ((4, 1, 2, 1), (2, 2, 4, 2), (1, 4, 4, 1), (1, 4, 1, 1))
        )
        for layer in (self.dense, *self.convs):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sigmoid(self.dense(x))[:, None]
        one, two, three, four = self.convs
        x = torch.sigmoid(one(F.pad(x, (1, 2))))  # as many places out as in
        x = torch.sigmoid(three(torch.sigmoid(two(x))))
        return torch.tanh(four(x))[:, 0]


def wrong_bits(message: Tensor, read: Tensor) -> Tensor:
    """½ E Σ|P − Q|: how many bits are wrong, soft ones counting in part."""
    return (message - read).abs().sum(1).mean() / 2


def flipped(message: Tensor, read: Tensor) -> Tensor:
    """Mean number of bits of a message that are wrong once rounded."""
    return (message * read <= 0).sum(1).float().mean()
