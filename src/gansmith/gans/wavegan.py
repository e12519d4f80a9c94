"""WaveGAN: raw sound by WGAN-GP with phase shuffle."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.paper import Paper
from gansmith.gans.wgan_gp import WGANGP
from gansmith.networks.wave import WaveDiscriminator, WaveGenerator


class OfSound(WGANGP):
    """WGAN-GP as the papers of sound play it: noise of 100 uniform numbers, and, where no GPU is, few moves on few
    sounds at ten times the step. The paper's 5 moves of the critic on 64 sounds take two cores 8 s a round, of which
    too few are played to come to anything; what is given wins (proofs/wavegan.py)."""

    for_cpu: ClassVar[dict[str, object]] = {"discriminator_steps": 2, "learning_rate": 1e-3, "decay": 0.5}
    for_cpu_by_class: ClassVar[dict[str, object]] = {"learning_rate": 3e-4}  # at 1e-3 WaveGAN went astray in 25 minutes
    batch_size_on_cpu: ClassVar[int | None] = 8
    unsupported_settings: ClassVar[tuple[str, ...]] = ("augment", "mirror")  # which are of pictures

    latent: int = setting(100, "size of the noise (latent) vector", minimum=1)
    prior: str = setting("uniform", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))


class WaveGAN(OfSound):
    """WGAN-GP on raw sound, with DCGAN's networks flattened: kernels of 25 over one axis in place of 5×5 over two,
    strides of 4 in place of 2×2, so that 16,384 samples are five layers, as 64×64 pixels are four. No norm in either
    network.

    Phase shuffle. Transposed convolutions leave a tone in what they make, always in the same phase, by which D tells
    fakes without looking at anything else. So behind each layer of D but the last, each item's activations are moved
    along time by a whole number drawn evenly from −n … n (section 3.3), what is missing at an end reflected there. The
    paper moves each item by itself; the released code (github.com/chrisdonahue/wavegan) draws one number for a whole
    batch: the setting `shuffle_each`. Scores are made without it.

    Deviations: on a CPU 2 moves of the critic on 8 sounds at a step of 1e-3, which falls to 0 in the second half (the
    paper: 5 on 64 at 1e-4), unless they are given; z uniform with unit variance (the paper: −1 … 1, a matter of the
    first layer's weights); with one number for a batch the reals and fakes of a move share it, as they pass D
    together; He's initial weights; an average of G is kept and sampled. `kernel=24` touches every sample by as many
    weights, where 25 touches one in four by one more. Proof: proofs/wavegan.py.
    """

    name = "wavegan"
    paper = Paper(
        "Adversarial Audio Synthesis",
        "Donahue, McAuley, Puckette",
        "ICLR",
        2019,
        "https://arxiv.org/abs/1802.04208",
        code="https://github.com/chrisdonahue/wavegan",
    )
    summary = "raw sound by WGAN-GP with phase shuffle"

    shuffle: int = setting(2, "n, steps that phase shuffle moves activations of D by, at most; 0: none", minimum=0)
    shuffle_each: bool = setting(True, "move each item by itself, as in the paper; else a batch alike, as released")
    kernel: int = setting(25, "samples that a convolution sees: 25, or 24 without a checkerboard", minimum=4)

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1)
        self.choose(spec)
        classes = self.classes(spec)
        output = nn.Tanh if spec.bounded else None
        self.generator = WaveGenerator(self.latent, spec.shape, self.width, classes, kernel=self.kernel, output=output)
        how = {"kernel": self.kernel, "shuffle": self.shuffle, "each": self.shuffle_each}
        self.discriminator = self.make_discriminator(
            lambda shape: WaveDiscriminator(shape, self.width, classes, **how), spec.shape
        )
