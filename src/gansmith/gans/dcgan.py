"""DCGAN: strided convolutions with batch norm."""

from __future__ import annotations

from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.base import FromNoise
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper


class DCGAN(GAN):
    """Convolutions with strides instead of pooling, batch norm in both networks except D's first and both last layers,
    ReLU in G with tanh at its end, leaky ReLU of .2 in D; weights N(0, .02); Adam 2e-4 with β1 .5; the non-saturating
    loss. At 64×64 with three channels the networks are those of the Torch release (3,576,704 and 2,765,568 parameters
    with latent 100).
    Real and fake batches pass D separately, each with its own batch statistics, as published.

    Deviations: z is normal, as in the Torch release (the paper: uniform); an average of G is kept and sampled.
    Mind that batch norm makes D's score of one picture depend on its batch while training; `score_samples` is in eval
    mode. Proof: proofs/dcgan.py.
    """

    name = "dcgan"
    paper = Paper(
        "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
        "Radford, Metz, Chintala",
        "ICLR",
        2016,
        "https://arxiv.org/abs/1511.06434",
        code="https://github.com/soumith/dcgan.torch",
    )
    summary = "strided convolutions with batch norm"
    default_width = FromNoise.default_width

    prior: str = setting("normal", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))

    def build(self, spec: Kind) -> None:
        self.check_axes(spec, 1, 2, 3)
        self.build_bodies(spec)
