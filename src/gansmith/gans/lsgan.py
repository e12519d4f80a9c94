"""LSGAN. "Least Squares Generative Adversarial Networks", Mao et al., ICCV 2017.

The discriminator regresses reals to b and fakes to a, the generator pulls its fakes to c:
L_D = ½E(D(x) − b)² + ½E(D(G(z)) − a)²,   L_G = ½E(D(G(z)) − c)²   (eq. 2). A fake far on the right side of the boundary
still has a gradient, which cross-entropy would not give it. The best D is (b·p + a·q)/(p + q); with b − c = 1 and
b − a = 2 the generator then minimises the Pearson χ²(p + q ‖ 2q)   (eqs. 5-9; both tested in tests/gans/test_lsgan.py).
The default a, b, c = 0, 1, 1 is the coding of the paper's experiments; −1, 1, 0 is that of its theorem.

Networks: DCGAN's for pictures; for vectors two tanh layers of 128, orthogonal with gain 1.4, as in the released toy.
Deviations: no extra stride-1 layers; losses are means (the released toy sums, so that its step sizes do not carry
over); its ring has nine angles, two of them the same mode: gansmith's `ring8` has eight; an average of G is kept.
Proof: proofs/ring.py.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from gansmith import losses
from gansmith.data.spec import DataSpec
from gansmith.game import setting
from gansmith.gans.gan import GAN
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator


class LSGAN(GAN):
    summary: ClassVar[str] = "least squares in place of cross-entropy (Mao et al. 2017)"
    loss: ClassVar[str] = "least squares"
    widths: ClassVar[tuple[int, int]] = (64, 128)
    without: ClassVar[tuple[str, ...]] = ("smoothing",)  # b does it

    a: float = setting(0.0, "what the discriminator should say of fakes")
    b: float = setting(1.0, "what the discriminator should say of reals")
    c: float = setting(1.0, "what the generator wants said of its fakes")
    prior: str = setting("normal", "law of the noise, with unit variance", choices=("uniform", "normal"))

    def build(self, spec: DataSpec) -> None:
        if spec.kind == "images":
            return self.build_convolutional(spec)
        self.choose(spec)
        classes = self.classes(spec)
        self.generator = MLPGenerator(self.latent, spec.shape, self.width, 2, classes, activation=nn.Tanh)
        self.generator.layers.apply(orthogonal)

        def body(shape):
            discriminator = MLPDiscriminator(shape, self.width, 2, classes, activation=nn.Tanh)
            discriminator.layers.apply(orthogonal)
            return discriminator

        self.discriminator = self.make_discriminator(body, spec.shape)

    def pair(self) -> losses.Loss:
        return losses.least_squares(self.a, self.b, self.c)


def orthogonal(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, gain=1.4)
        nn.init.zeros_(module.bias)
