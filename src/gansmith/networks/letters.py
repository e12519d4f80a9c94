"""Convolutional bodies of sequences of letters: residual blocks over places, all of them seen at full length.

Letters come and go as numbers (n, kinds, length), one for each kind at each place. `fold` letters share a place of the
networks: 3 for genes, whose places are then codons, and a fifth of the work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.blocks import Discriminator, Generator


class LetterGenerator(Generator):
    """Noise to logits (n, kinds, length): one dense layer to every place, residual blocks, one convolution of width 1
    (Killoran et al. 2017, appendix A). To them comes a learned number for each letter at each place, at first the
    logarithm of how often it stands there: where sequences begin and how long they are need not be learned."""

    RAREST = 1e-3  # share of what never stands at a place, so that it may come to

    def __init__(self, latent: int, shape: tuple[int, int], width: int, *, fold: int = 1, **how):
        super().__init__(latent)
        kinds, self.length = shape
        self.fold, self.width, self.places = fold, width, -(-self.length // fold)
        self.first = nn.Linear(self.inputs, width * self.places)
        self.blocks = nn.Sequential(*blocks(width, fold, **how))
        self.last = nn.Conv1d(width, kinds * fold, 1)
        self.often = nn.Parameter(torch.zeros(shape))

    def counted(self, ids: Tensor) -> Tensor:
        """What `begin_with` is given the mean of: ids (n, length) as one-hot letters (n, kinds, length)."""
        return F.one_hot(ids, len(self.often)).transpose(1, 2)

    def begin_with(self, share: Tensor) -> None:
        """Begin with the share (kinds, length) that each letter has at each place."""
        with torch.no_grad():
            self.often.copy_((share + self.RAREST).log())

    def body(self, z: Tensor) -> Tensor:
        x = self.blocks(self.first(z).unflatten(1, (self.width, self.places)))
        return unfolded(self.last(x), self.fold)[:, :, : self.length] + self.often


class LetterDiscriminator(Discriminator):
    """The generator mirrored: letters as numbers (n, kinds, length) to scores (n,), linear in the last block's maps."""

    def __init__(self, shape: tuple[int, int], width: int, *, fold: int = 1, **how):
        kinds, length = shape
        places = -(-length // fold)
        super().__init__(width * places)
        self.fold, self.missing = fold, places * fold - length
        self.first = nn.Conv1d(kinds * fold, width, 1)
        self.blocks = nn.Sequential(*blocks(width, fold, **how))

    def features(self, x: Tensor) -> Tensor:
        return self.blocks(self.first(folded(F.pad(x, (0, self.missing)), self.fold))).flatten(1)


def blocks(width: int, fold: int, *, depth: int = 5, dilated: bool = False, attention: bool = False) -> list[nn.Module]:
    """`depth` residual blocks, whose convolutions see 5 places, or 3 of folded ones.

    dilated    convolutions look 1, 2, 4, 8, 16, 1, 2 … places apart
    attention  every place also looks at every other one, in the middle
    """
    kernel = 5 if fold == 1 else 3
    made: list[nn.Module] = [ResidualLetters(width, kernel, 2 ** (i % 5) if dilated else 1) for i in range(depth)]
    if attention:
        made.insert(depth // 2, Attention(width))
    return made


class ResidualLetters(nn.Module):
    """x + 0.3 · (ReLU → convolution → ReLU → convolution)(x)."""

    def __init__(self, width: int, kernel: int = 5, apart: int = 1):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=apart * (kernel // 2), dilation=apart) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.3 * self.convs[1](F.relu(self.convs[0](F.relu(x))))


class Attention(nn.Module):
    """x + γ · what each place takes from all others (Zhang et al. 2019); γ is learned, and 0 at the start."""

    def __init__(self, width: int):
        super().__init__()
        inner = max(1, width // 8)
        self.query, self.key, self.value = (nn.Conv1d(width, size, 1) for size in (inner, inner, width))
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        looks = torch.einsum("nci,ncj->nij", self.query(x), self.key(x)).softmax(2)
        return x + self.gamma * torch.einsum("nij,ncj->nci", looks, self.value(x))


def folded(x: Tensor, fold: int) -> Tensor:
    """(n, c, length) to (n, c · fold, length / fold)."""
    return x if fold == 1 else x.unflatten(2, (-1, fold)).transpose(2, 3).flatten(1, 2)


def unfolded(x: Tensor, fold: int) -> Tensor:
    """`folded` undone."""
    return x if fold == 1 else x.unflatten(1, (-1, fold)).transpose(2, 3).flatten(2)
