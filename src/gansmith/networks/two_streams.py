"""VGAN's generator (Vondrick et al. 2016, section 2.2): what moves, over what stands still."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from gansmith.networks.blocks import FromMean, Generator
from gansmith.networks.convolutional import ConvEncoder, ConvGenerator

MASKED = 3.0  # by which the mask starts below a half, at .05: what it lets through before f has learned is noise


class TwoStreams(Generator):
    """m ⊙ f + (1 − m) ⊙ b (eq. 2): a foreground f and its mask m from convolutions over time, height and width, and a
    background b from convolutions over height and width, the same in all frames.

    f and m are the channels of one last layer, as both are linear in what is below. At first m is about .05 and b,
    where it is bounded, the mean frame (`blocks.FromMean`): what stands still is there before anything moves.
    shape   (C, T, H, W) of a clip
    output  what squashes f and b: `nn.Tanh` for values in −1 … 1, None for anything unbounded
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        width: int = 64,
        classes: int = 0,
        *,
        norm: str = "batch",
        output: Callable[[], nn.Module] | None = nn.Tanh,
    ):
        super().__init__(latent, classes)
        channels, _, *size = shape
        self.foreground = ConvGenerator(self.inputs, (channels + 1, *shape[1:]), width, norm=norm, output=None)
        self.background = ConvGenerator(self.inputs, (channels, *size), width, norm=norm, output=None)
        self.output = output() if output else nn.Identity()
        self.still = FromMean((channels, 1, *size)) if output is nn.Tanh else self.output

    def streams(self, z: Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """(foreground (n, C, T, H, W), mask (n, 1, T, H, W), background (n, C, 1, H, W))."""
        z = self.told(z, label)
        moving = self.foreground.body(z).float()
        still = self.still(self.background.body(z).float()[:, :, None])
        return self.output(moving[:, :-1]), (moving[:, -1:] - MASKED).sigmoid(), still

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return composed(*self.streams(z, label))


def composed(foreground: Tensor, mask: Tensor, background: Tensor) -> Tensor:
    """What the three make together (eq. 2)."""
    return mask * foreground + (1 - mask) * background


class Animator(nn.Module):
    """A picture (n, C, H, W) to a clip (n, C, T, H, W): what an encoder sees takes the place of the noise (section
    2.4)."""

    def __init__(self, latent: int, shape: tuple[int, ...], width: int = 64, *, norm: str = "batch"):
        super().__init__()
        self.encoder = ConvEncoder((shape[0], *shape[2:]), latent, width, norm=norm)
        self.clips = TwoStreams(latent, shape, width, norm=norm)

    def forward(self, picture: Tensor) -> Tensor:
        return composed(*self.streams(picture))

    def streams(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.clips.streams(self.encoder(picture))
