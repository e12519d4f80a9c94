"""SNGAN: hinge loss and spectral norm; with labels the projection GAN."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import relu

from gansmith.data.dataset import Batch
from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.base import TwoPlayer
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Remedies
from gansmith.networks.spectral import SpectralDiscriminator, SpectralGenerator
from gansmith.training.metrics import Metric


class SNGAN(Remedies, TwoPlayer):
    """Every weight of D is divided by its spectral norm, W/σ(W) (eq. 8), which makes each layer, and so D,
    1-Lipschitz; σ is followed by one power iteration a pass (algorithm 1). With it the hinge loss (eqs. 16 and 17):
    L_D = E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))),   L_G = −E D(G(z)).

    With `conditional=True` it is "cGANs with Projection Discriminator", Miyato & Koyama, ICLR 2018:
    D(x, y) = w·φ(x) + <e_y, φ(x)>   (eq. 3), the embedding e normalised too, and class-conditional batch norm in G.

    Networks: the residual ones of CIFAR-10 (at 3×32×32 and width 128: G 4,276,739 and D 1,053,824 parameters; G is
    twice as wide as D) for any size, or DCGAN's; for vectors perceptrons.
    Deviations: both players see batches of one size (the release: 64 for D, 128 for G) and D moves first; an average
    of G is kept and sampled. Proof: proofs/sngan.py.
    """

    name = "sngan"
    paper = Paper(
        "Spectral Normalization for Generative Adversarial Networks",
        "Miyato, Kataoka, Koyama, Yoshida",
        "ICLR",
        2018,
        "https://arxiv.org/abs/1802.05957",
        code="https://github.com/pfnet-research/sngan_projection",
    )
    summary = "hinge loss and spectral norm; with labels the projection GAN"
    for_vectors: ClassVar[dict[str, object]] = {"learning_rate": 1e-3, "latent": 16}
    unsupported_settings: ClassVar[tuple[str, ...]] = ("spectral_norm",)
    unreached: ClassVar[dict[str, str]] = {
        "discriminator*score.bias": "hinge is a difference of scores while all lie in its margin"
    }
    spectral_norm = True

    body: str = setting("residual", "the networks, but for vectors", choices=("residual", "convolutional"))
    discriminator_steps: int = setting(5, "moves of the discriminator for each of the generator", minimum=1)
    beta1: float = setting(0.0, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.9, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    decay: float = setting(
        1.0, "share of training, at its end, in which the step size falls to 0", minimum=0.0, maximum=1.0
    )
    latent: int = setting(128, "size of the noise (latent) vector", minimum=1)

    def default_width(self, spec: Kind) -> int:
        return 128 if spec.axes == 2 else spec.bodies().width

    def build(self, spec: Kind) -> None:
        if spec.axes and self.body == "residual":
            self.choose(spec)
            classes, output = self.classes(spec), nn.Tanh if spec.bounded else None
            self.generator = SpectralGenerator(self.latent, spec.shape, 2 * self.width, classes, output=output)
            self.discriminator = self.make_discriminator(
                lambda shape: SpectralDiscriminator(shape, self.width, classes), spec.shape
            )
        else:
            self.build_bodies(spec)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        hinge = relu(1 - on_real).mean() + relu(1 + on_fake).mean()
        return {"adversarial": hinge} | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.discriminator(self.fake(batch), batch.label).mean()}

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/adversarial": Metric(
            "hinge loss: how far scores are inside the margins at 1 and −1, reals and fakes summed",
            "0.5 … 2; 2 means that it cannot tell them apart",
            "at 0 for long: every score lies beyond its margin and D learns nothing; lower "
            "--discriminator-learning-rate. At 2 with poor samples: give D more --width or more "
            "--discriminator-steps",
        ),
        "generator/adversarial": Metric(
            "− E D(fake)",
            "between −1 and 1, and steady",
            "rising without end: D wins; lower --discriminator-learning-rate",
        ),
    }
