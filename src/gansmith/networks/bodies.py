"""The default networks for a kind of data, for papers that are about the loss and not about the networks.

>>> from gansmith.networks.bodies import bodies
>>> made = bodies(axes=1, bounded=True)                       # sound: one axis, values in −1 … 1
>>> generator = made.generator(100, (1, 8192), made.width, 0, norm="layer")
>>> discriminator = made.discriminator((1, 8192), made.width, 0, norm="none")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from gansmith.networks.blocks import Discriminator, FromMean, Generator
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator

WIDTHS = {0: 128, 1: 16, 2: 32, 3: 16}  # what two cores can train, by the number of axes


@dataclass(frozen=True)
class Bodies:
    """The default networks for one kind of data.

    generator      (latent, shape, width, classes=0, *, norm="batch") -> `blocks.Generator`
    discriminator  (shape, width, classes=0, *, norm="batch") -> `blocks.Discriminator`
    width          channels of the finest layer, or units of a perceptron, that two cores can train
    """

    generator: Callable[..., Generator]
    discriminator: Callable[..., Discriminator]
    width: int


def bodies(axes: int, bounded: bool, mean_of: tuple[int, ...] | None = None) -> Bodies:
    """Convolutions over 1, 2 or 3 axes; with 0 axes perceptrons of three hidden layers.

    bounded  the data lies in −1 … 1 in network units, so that generators end in tanh; otherwise in nothing
    mean_of  shape of items of which generators begin with the mean one (`blocks.FromMean`)

    UserError for more axes than three.
    """
    output: Callable[[], nn.Module] | None = nn.Tanh if bounded else None
    if bounded and mean_of is not None:
        output = partial(FromMean, mean_of)
    if axes:
        return Bodies(partial(ConvGenerator, output=output), ConvDiscriminator, WIDTHS.get(axes, 16))
    return Bodies(partial(perceptron_generator, output=output), perceptron_discriminator, WIDTHS[0])


def perceptron_generator(
    latent: int, shape: tuple[int, ...], width: int, classes: int = 0, *, norm: str = "batch", output=None
) -> MLPGenerator:
    """Three ReLU layers; `norm` is accepted, as convolutions take it, and has no effect."""
    return MLPGenerator(latent, shape, width, 3, classes, output=output)


def perceptron_discriminator(
    shape: tuple[int, ...], width: int, classes: int = 0, *, norm: str = "batch"
) -> MLPDiscriminator:
    """Three ReLU layers; `norm` is accepted, as convolutions take it, and has no effect."""
    return MLPDiscriminator(shape, width, 3, classes)
