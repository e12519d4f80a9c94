"""What every body shares: how a label enters a generator and a discriminator."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError


def flat(x: Tensor) -> Tensor:
    """(n, C, …) to (n, C·…). The gradient comes back in the memory order of x: torch hands it on in its own, and a
    CPU's activations are three times as slow on operands of two orders."""
    if x.requires_grad and x.is_contiguous(memory_format=torch.channels_last):
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
    return x.flatten(1)


class FromMean(nn.Module):
    """tanh(x + m), with a learned number m for each place of an item (of `shape`, which broadcasts), at first that of
    the data's mean (see `begin_with`). Among cells of which nearly all are empty a generator spends its first minutes
    on emptying them one by one; so it begins with the mean item and learns how items differ.
    """

    FURTHEST = 0.99  # of what is always empty or always full, so that it may change

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(shape))

    def begin_with(self, mean: Tensor) -> None:
        """Begin at this mean item, in network units, averaged over the axes along which there is one number."""
        once = [axis for axis, (one, all_) in enumerate(zip(self.mean.shape, mean.shape)) if one < all_]
        mean = mean.mean(once, keepdim=True) if once else mean
        with torch.no_grad():
            self.mean.copy_(mean.clamp(-self.FURTHEST, self.FURTHEST).atanh())

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.mean).tanh()


class Generator(nn.Module):
    """(n, latent) noise, and (n,) labels when `classes` > 0, to (n, *shape) in network units, always float32.

    A subclass defines `body(z)`, which takes `self.inputs` numbers: the noise, and beside it the label as `classes`
    numbers of which one is 1. Not as a long embedding: what all samples of a class push alike adds up over its entries,
    drowns the noise in a few dozen moves, and leaves one sample a class. Without classes a label is ignored.
    """

    def __init__(self, latent: int, classes: int = 0):
        super().__init__()
        self.latent, self.classes = latent, classes
        self.inputs = latent + classes

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.body(self.told(z, label)).float()

    def told(self, z: Tensor, label: Tensor | None) -> Tensor:
        """The `self.inputs` numbers that `body` takes."""
        if not self.classes:
            return z
        return torch.cat([z, F.one_hot(needed(label, self.classes), self.classes).to(z.dtype)], 1)


class Discriminator(nn.Module):
    """(n, *shape) in network units, and (n,) labels when `classes` > 0, to (n,) raw scores, always float32.

    A subclass defines `features(x)` -> (n, width). The score is linear in them, w·h + b; with labels w moves by an
    embedding of the label, the projection discriminator (Miyato & Koyama 2018, equation 3): w·h + <v_y, h> + b.
    The embedding starts at zero, so that labels mean nothing until they are learned. A `second` head on the features
    may add its own score (`minibatch.SecondHead`).
    """

    def __init__(self, width: int, classes: int = 0, bias: bool = True):
        super().__init__()
        self.classes = classes
        self.score = nn.Linear(width, 1, bias=bias)
        self.embed = nn.Embedding(classes, width) if classes else None
        if classes:
            nn.init.zeros_(self.embed.weight)
        self.second: nn.Module | None = None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.judge(self.features(x), label)

    def judge(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The scores (n,) of what `features` saw: for games whose other heads share that pass."""
        weight = self.score.weight
        if self.embed is not None:
            weight = weight + self.embed(needed(label, self.classes))
        # A product and a sum rather than a matrix product: autocast leaves them in float32, where scores keep the
        # small differences that a relativistic loss is made of.
        score = (features.float() * weight).sum(1)
        score = score if self.score.bias is None else score + self.score.bias
        return score if self.second is None else score + self.second(features)


def needed(label: Tensor | None, classes: int) -> Tensor:
    """The label, or one line that asks for it."""
    if label is None:
        raise UserError(f"this network was built for {classes} classes and got no label; pass label=, integers (n,).")
    return label
