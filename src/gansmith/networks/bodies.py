"""The default networks of papers that are about the loss, by how many axes convolutions can run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator, Generator
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator


@dataclass(frozen=True)
class Bodies:
    """The default networks for one kind of data.

    generator      (latent, shape, width, classes=0, *, norm="batch") -> Generator
    discriminator  (shape, width, classes=0, *, norm="batch") -> Discriminator
    width          that two cores can train
    """

    generator: Callable[..., Generator]
    discriminator: Callable[..., Discriminator]
    width: int


def bodies(axes: int, bounded: bool) -> Bodies:
    """Perceptrons of three layers without axes (they have no norm), DCGAN's convolutions with; tanh at the end of what
    is `bounded`."""
    if axes == 2 and bounded:
        return Bodies(ConvGenerator, ConvDiscriminator, 32)
    if axes:
        raise UserError(f"there are no networks for data of {axes} axes yet: give pictures or vectors")

    def generator(latent, shape, width, classes=0, *, norm="batch"):
        return MLPGenerator(latent, shape, width, 3, classes, output=nn.Tanh if bounded else None)

    def discriminator(shape, width, classes=0, *, norm="batch"):
        return MLPDiscriminator(shape, width, 3, classes)

    return Bodies(generator, discriminator, 128)
