"""Recurrent generators and convolutional discriminators of sequences of symbols.

A sequence is ids (n, L), int64: symbols 1 … k, and 0 from the end on. One that fills all L places has no end to be
told. Networks that judge take soft sequences as well, (n, L, k + 1) of shares that sum to 1 over ids 0 … k.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator

State = tuple[Tensor, Tensor]  # of an LSTM: (1, n, width) each
NEVER = -1e9  # logit of what must not come


def inside(ids: Tensor) -> Tensor:
    """(n, L) true up to the end, the end itself among it."""
    return F.pad(ids == 0, (1, -1)).cumsum(1) == 0


class SequenceGenerator(nn.Module):
    """An LSTM that says what comes next: `forward` gives logits, `draw` makes sequences.

    symbols  k, size of the vocabulary;  steps  L;  ends  whether a sequence may be shorter than L
    context  numbers that a sequence may be told at its start (of a picture, a class, noise); 0: none
    dropout  share of the inputs and outputs of the LSTM that is dropped in training
    """

    def __init__(
        self, symbols: int, steps: int, width: int = 32, embedding: int = 32, *, context: int = 0, ends: bool = True,
        dropout: float = 0.0,
    ):  # fmt: skip
        super().__init__()
        self.symbols, self.steps, self.ends = symbols, steps, ends
        self.embed = nn.Embedding(symbols + 2, embedding)  # the last is the start
        self.lstm = nn.LSTM(embedding, width, batch_first=True)
        self.head = nn.Linear(width, symbols + 1)
        self.first = nn.Linear(context, 2 * width) if context else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, context: Tensor | None = None) -> Tensor:
        """Logits (n, L, k + 1) of each symbol or end of ids (n, L), given those before it."""
        before = self.embed(F.pad(ids, (1, -1), value=self.symbols + 1))
        return self.logits(self.lstm(self.dropout(before), self.start(len(ids), context))[0])

    def start(self, n: int, context: Tensor | None = None) -> State:
        """The state before the first symbol."""
        if self.first is None or context is None:
            zeros = self.head.weight.new_zeros(1, n, self.lstm.hidden_size)
            return zeros, zeros
        hidden, cell = self.first(context).chunk(2, 1)
        return hidden.tanh()[None].contiguous(), cell[None].contiguous()

    def logits(self, out: Tensor, at: int = 0) -> Tensor:
        """(n, steps, k + 1) of the LSTM's output (n, steps, width), the first at place `at`; no sequence is empty."""
        found = self.head(self.dropout(out)).float()
        if not self.ends:
            found[..., 0] = NEVER
        elif at == 0:
            found[:, 0, 0] = NEVER
        return found

    def step(self, last: Tensor, state: State, at: int) -> tuple[Tensor, State]:
        """(logits (n, k + 1) of place `at`, the state after it) when `last` (n,) came before."""
        out, state = self.lstm(self.embed(last)[:, None], state)
        return self.logits(out, at)[:, 0], state

    def log_likelihoods(self, ids: Tensor, context: Tensor | None = None) -> Tensor:
        """(n, L) nats of each symbol and of the end, 0 behind it."""
        chosen = F.log_softmax(self(ids, context), 2).gather(2, ids[..., None])[..., 0]
        return chosen * inside(ids)

    def draw(
        self, chance: Tensor, context: Tensor | None = None, *, temperature: float = 1.0, banned: int = 0
    ) -> Tensor:
        """Sequences ids (n, L) that the numbers `chance` (n, L), even in 0 … 1, choose.

        temperature  below 1: likely symbols become likelier;  banned  a symbol that must not come; 0: none
        """
        if not temperature > 0:
            raise UserError(f"temperature={temperature}: give a number above 0, such as 0.8")
        state, last = self.start(len(chance), context), chance.new_full((len(chance),), self.symbols + 1).long()
        made, over = [], torch.zeros_like(last, dtype=torch.bool)
        for at in range(chance.shape[1]):
            logits, state = self.step(last, state, at)
            if banned:
                logits[:, banned] = NEVER
            last = choose(logits / temperature, chance[:, at]).masked_fill(over, 0)
            over = last == 0
            made.append(last)
        return torch.stack(made, 1)

    def draw_soft(self, gumbel: Tensor, sharpness: float, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Sequences that gradients can go through: ids (n, L), and beside them the shares (n, L, k + 1) of which each
        is the greatest, softmax(sharpness · (logits + gumbel)); of what follows the end, the end.

        gumbel  noise (n, L, k + 1), see `gumbel`
        """
        n, steps = gumbel.shape[:2]
        state, last = self.start(n, context), torch.full((n,), self.symbols + 1, device=gumbel.device)
        over, end = (
            torch.zeros(n, dtype=torch.bool, device=gumbel.device),
            F.one_hot(last * 0, self.symbols + 1).float(),
        )
        ids, soft = [], []
        for at in range(steps):
            logits, state = self.step(last, state, at)
            noisy = logits + gumbel[:, at]
            soft.append(torch.where(over[:, None], end, F.softmax(sharpness * noisy, 1)))
            last = noisy.detach().argmax(1).masked_fill(over, 0)
            over = last == 0
            ids.append(last)
        return torch.stack(ids, 1), torch.stack(soft, 1)

    def roll_out(self, ids: Tensor, chance: Tensor, context: Tensor | None = None) -> Tensor:
        """What may become of the beginnings of sequences: ids (n, L) to (L − 1, n, L), of which number t keeps the
        first t + 1 symbols and goes on by itself, chosen by `chance` (L − 1, n, L), even in 0 … 1. Without gradients.
        """
        with torch.no_grad():
            n, steps = ids.shape
            whole = ids.expand(steps - 1, n, steps).clone()
            _, true = self.step(torch.full_like(ids[:, 0], self.symbols + 1), self.start(n, context), 0)
            state = tuple(part[:, :0] for part in true)
            for at in range(1, steps):  # one more beginning joins those that go on
                state = tuple(torch.cat(both, 1) for both in zip(state, true))
                last = whole[:at, :, at - 1].flatten()
                logits, state = self.step(last, state, at)
                chosen = choose(logits, chance[:at, :, at].flatten()).masked_fill(last == 0, 0)
                whole[:at, :, at] = chosen.view(at, n)
                _, true = self.step(ids[:, at - 1], true, at)
            return whole


def gumbel(*shape: int, device=None) -> Tensor:
    """Gumbel noise: the place of the greatest logit with it is drawn as the softmax says."""
    return -torch.empty(shape, device=device).exponential_().clamp_(1e-20).log()


def choose(logits: Tensor, chance: Tensor) -> Tensor:
    """(n,) places of logits (n, m), each as likely as its softmax says, by numbers (n,) even in 0 … 1."""
    below = F.softmax(logits.float(), 1).cumsum(1)
    wanted = chance[:, None].clamp(max=1 - 1e-6) * below[:, -1:]
    return torch.searchsorted(below, wanted, right=True)[:, 0].clamp(max=logits.shape[1] - 1)


class SequenceDiscriminator(Discriminator):
    """Sequences, ids (n, L) or soft (n, L, k + 1), to (n,) scores, float32: convolutions of several widths over the
    vectors of the symbols, the maximum of each over the sequence, a highway layer (Srivastava et al. 2015), dropout.

    maps  of each width; widths above L are left out
    representations  parts of a symbol's vector, each judged by itself with the same weights (RelGAN); the score is the
        mean of theirs
    """

    def __init__(
        self, symbols: int, steps: int, embedding: int = 64, widths=(1, 2, 3, 4, 5), maps: int = 50,
        dropout: float = 0.25, representations: int = 1,
    ):  # fmt: skip
        used = sorted({min(width, steps) for width in widths})
        super().__init__(maps * len(used))
        self.parts, part = representations, max(1, embedding // representations)
        self.vectors = nn.Embedding(symbols + 1, part * representations)
        self.convs = nn.ModuleList(nn.Conv1d(part, maps, width) for width in used)
        self.gate, self.through = (nn.Linear(maps * len(used), maps * len(used)) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.each(x).mean(1)

    def each(self, x: Tensor) -> Tensor:
        """(n, representations) scores."""
        return self.judge(self.seen(x)).view(-1, self.parts)

    def features(self, x: Tensor) -> Tensor:
        """(n, maps · widths): the mean over representations of what the last layer sees."""
        return self.seen(x).unflatten(0, (-1, self.parts)).mean(1)

    def seen(self, x: Tensor) -> Tensor:
        """(n · representations, maps · widths)."""
        vectors = x @ self.vectors.weight if x.is_floating_point() else self.vectors(x)
        apart = vectors.unflatten(2, (self.parts, -1)).permute(0, 2, 3, 1).flatten(0, 1)
        h = torch.cat([F.relu(conv(apart)).amax(2) for conv in self.convs], 1)
        gate = torch.sigmoid(self.gate(h))
        return self.dropout(gate * F.relu(self.through(h)) + (1 - gate) * h)
