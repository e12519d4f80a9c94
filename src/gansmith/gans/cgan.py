"""cGAN: label, noise and item joined after a layer each."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.spec import Kind
from gansmith.game import setting
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper
from gansmith.networks.mlp import Maxout


class CGAN(GAN):
    """Both players are told the label: min_G max_D E log σ(D(x, y)) + E log(1 − σ(D(G(z, y), y)))   (eq. 2). Noise,
    item and label each pass a layer of their own before they are joined (section 4.1, MNIST):
    G: z → 200 ReLU, y → 1000 ReLU, both → 1200 ReLU → item.   D: x → maxout 240×5, y → maxout 50×5, maxout 240×4 → 1.

    Three papers here know labels. This one joins them; acgan lets D name the class; sngan with `conditional=True`
    projects
    (Miyato & Koyama 2018), which is also how every other game's `conditional=True` tells D the label.
    Deviations: Adam instead of SGD with momentum; tanh on −1 … 1 instead of a sigmoid; dropout in D's joint layer alone
    (the paper: in G too); the non-saturating loss; an average of G is kept and sampled. Proof: proofs/cgan.py.
    """

    name = "cgan"
    paper = Paper(
        "Conditional Generative Adversarial Nets",
        "Mirza, Osindero",
        "arXiv",
        2014,
        "https://arxiv.org/abs/1411.1784",
    )
    summary = "label, noise and item joined after a layer each"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("conditional", "packing", "minibatch")
    conditional = True

    width: int | None = setting(None, "units of G's joint layer; None: 1200 for pictures, 240 for vectors", minimum=2)
    dropout: float = setting(0.5, "share of D's joint layer that is dropped", minimum=0.0, maximum=1.0)

    def default_width(self, spec: Kind) -> int:
        return 1200 if spec.axes else 240

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        classes = self.classes(spec)
        output = nn.Tanh() if spec.bounded else nn.Identity()
        self.generator = JoinedGenerator(self.latent, spec.shape, self.width, classes, output)
        self.discriminator = self.make_discriminator(
            lambda shape: JoinedDiscriminator(shape, self.width, classes, self.dropout), spec.shape
        )


class JoinedGenerator(nn.Module):
    def __init__(self, latent: int, shape: tuple[int, ...], width: int, classes: int, output: nn.Module):
        super().__init__()
        self.shape, self.classes = shape, classes
        self.of_noise = nn.Linear(latent, max(1, width // 6))
        self.of_label = nn.Linear(classes, width - max(1, width // 6))
        self.joint = nn.Linear(width, width)
        self.last = nn.Sequential(nn.Linear(width, prod(shape)), output)
        for layer in (self.of_noise, self.of_label, self.joint):
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        y = F.one_hot(label, self.classes).to(z.dtype)
        both = torch.cat([self.of_noise(z), self.of_label(y)], 1).relu()
        return self.last(self.joint(both).relu()).unflatten(1, self.shape).float()


class JoinedDiscriminator(nn.Module):
    def __init__(self, shape: tuple[int, ...], width: int, classes: int, dropout: float):
        super().__init__()
        self.classes = classes
        of_item, of_label = max(1, width // 5), max(1, width // 24)
        self.of_item = Maxout(prod(shape), of_item, 5)
        self.of_label = Maxout(classes, of_label, 5)
        self.joint = Maxout(of_item + of_label, of_item, 4)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(of_item, 1))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        y = F.one_hot(label, self.classes).to(x.dtype)
        both = torch.cat([self.of_item(x.flatten(1)), self.of_label(y)], 1)
        return self.last(self.joint(both)).squeeze(1).float()
