"""Improved GAN: a classifier from few labels, and four more techniques."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from math import prod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector
from torch.nn.utils.parametrizations import weight_norm

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import mean_over_ranks
from gansmith.errors import SettingError
from gansmith.game import observe, setting
from gansmith.gans.acgan import ACGAN
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Augmenting, Stepping
from gansmith.networks.minibatch import MinibatchDeviation, MinibatchFeatures, VirtualBatchNorm
from gansmith.training.metrics import Metric

# Where there is nothing to classify: the paper's choice for samples, at a step that is small enough for them. As for a
# classifier, clothes end farther from the data than their mean (proofs/every_game.py).
WITHOUT_CLASSES: dict[str, object] = {"matching": False, "minibatch": "discrimination", "learning_rate": 5e-4}


class ImprovedGAN(Stepping, Augmenting):
    """Semi-supervised (section 5). D has K logits l, one a class; with Z = Σ exp(l_k) an item is real with probability
    D(x) = Z/(Z + 1):
    L_D = E(−l_y + log Z) on the labelled  +  ½E softplus(−log Z) on reals  +  ½E softplus(log Z) on fakes,
    so `score_samples` gives log Z. Data without labels has K = 1. With `labels_each` only so many labels a class are
    used.
    Feature matching (3.1). L_G = ‖E f(x) − E f(G(z))‖², f the last hidden layer of D; or, by `matching=False`, the
    plain non-saturating −E log D(G(z)). Matched features make the better classifier, the plain loss the prettier
    samples: both at once are not to be had, as the paper says. Pictures without classes are played by the plain loss
    with minibatch features.
    Minibatch features (3.2, `minibatch="discrimination"`): D sees how close the samples of a batch are to each other.
    Historical averaging (3.3, `historical`): each player pays ‖θ − mean of its past θ‖².
    One-sided label smoothing (3.4, `smoothing`): reals are α real, fakes stay fake: D = αp/(p + q) at its best.
    Virtual batch norm (3.5, `virtual`): G normalises by a fixed reference batch, so that a sample knows no mates.

    Networks: those of MNIST: D 1000–500–250–250–250 with weight norm and Gaussian noise before each layer (.3, then
    .5; the first doubled since data is −1 … 1 here); G 500–500 softplus with batch norm. D is tested by its average,
    as released. Deviations: no data-dependent first scales; the labelled are trained on even where the split of the
    run holds them out. The paper's convolutions for CIFAR-10 are not here. Proof: proofs/improved_gan.py.
    """

    name = "improved-gan"
    paper = Paper(
        "Improved Techniques for Training GANs",
        "Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen",
        "NeurIPS",
        2016,
        "https://arxiv.org/abs/1606.03498",
        code="https://github.com/openai/improved-gan",
    )
    summary = "a classifier from few labels, and four more techniques"
    averaged: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    batch_size: ClassVar[int] = 100
    unsupported_settings: ClassVar[tuple[str, ...]] = ("conditional",)

    labels_each: int | None = setting(None, "labels of each class that are used; None: all", minimum=1)
    matching: bool = setting(True, "G matches D's features; off: the non-saturating loss")
    virtual: bool = setting(False, "virtual batch norm in G")
    historical: float = setting(0.0, "weight of the squared distance to a player's past", minimum=0.0)
    smoothing: float = setting(
        1.0, "α, how real D should call reals; the paper's one-sided .9", minimum=0.0, maximum=1.0
    )
    minibatch: str = setting(
        "none",
        "what D sees of the other samples of a batch: how much they vary, or how close they are",
        choices=("none", "deviation", "discrimination"),
    )
    prior: str = setting("uniform", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))
    width: int | None = setting(None, "units of D's first layer; None: 1000 for pictures, 200 for vectors", minimum=4)
    learning_rate: float = setting(3e-3, "Adam's learning rate", minimum=0.0)
    average_half_life: int = setting(100_000, "samples after which a weight counts half in the average", minimum=0)

    def read(self, data, **options) -> Dataset:
        dataset = super().read(data, **options)
        return (
            dataset if self.labels_each is None or "source" in dataset.fields else few_labels(dataset, self.labels_each)
        )

    def default_width(self, spec: Kind) -> int:
        return 1000 if spec.axes else 200

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        if not spec.classes:
            self.for_pictures = WITHOUT_CLASSES
        return super().choose(spec, count)

    def build(self, spec: Kind) -> None:
        self.choose(spec)
        self.generator = SoftplusGenerator(self.latent, spec, self.width // 2, self.virtual)
        self.discriminator = NoisyClassifier(spec, self.width, self.minibatch)
        if self.historical:
            for player, modules in self.players().items():
                self.register_buffer(f"past_{player}", parameters_to_vector(modules[0].parameters()).detach().clone())
                self.register_buffer(f"count_{player}", torch.ones(()))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real, on_fake = self.discriminator(batch.real), self.discriminator(self.fake(batch))
        observe_scores(on_real, on_fake)
        terms = {
            "cost_real": (F.softplus(on_real) - self.smoothing * on_real).mean() / 2,
            "cost_fake": F.softplus(on_fake).mean() / 2,
        }
        if self.spec.classes:
            logits = self.discriminator.logits(batch.real if batch.source is None else batch.source)
            observe("class/real", lambda: (logits.argmax(1) == batch.label).float().mean())
            terms["class"] = F.cross_entropy(logits, batch.label)
        return terms | self.historical_terms("discriminator")

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        if self.matching:
            real_features = self.discriminator.features(batch.real).float().mean(0)
            fake_features = self.discriminator.features(fake).float().mean(0)
            apart = mean_over_ranks(real_features - fake_features)
            return {"matching": apart.square().sum()} | self.historical_terms("generator")
        return {"adversarial": F.softplus(-self.discriminator(fake)).mean()} | self.historical_terms("generator")

    def historical_terms(self, player: str) -> dict[str, Tensor]:
        """Historical averaging: the weighted ‖θ − mean of the past‖², nothing when `historical` is 0."""
        if not self.historical:
            return {}
        now = parameters_to_vector(self.players()[player][0].parameters())
        return {"historical": self.historical * (now - getattr(self, f"past_{player}")).square().sum()}

    @torch.no_grad()
    def moved(self, player: str) -> None:
        if self.historical:
            count = getattr(self, f"count_{player}").add_(1)
            now = parameters_to_vector(self.players()[player][0].parameters())
            getattr(self, f"past_{player}").lerp_(now, 1 / count.item())

    def classify(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The class (n,) of items in the data's units."""
        logits = self.apply_in_batches(lambda part, _: self.discriminator.logits(part), x, batch_size=batch_size)
        return logits.argmax(1) if len(logits) else np.empty(0, np.int64)

    logs: ClassVar[dict[str, Metric]] = {
        "discriminator/cost_real": Metric(
            "½E(softplus(log Z) − α log Z) on reals: ½E softplus(−log Z) without smoothing",
            "0.05 … 0.35; 0.35 means that it cannot tell reals from fakes",
            "near 0 for long: D is sure; lower --discriminator-learning-rate",
        ),
        "discriminator/cost_fake": Metric(
            "½E softplus(log Z) on fakes",
            "0.05 … 0.35",
            "near 0 for long: D is sure; lower --discriminator-learning-rate",
        ),
        "generator/matching": Metric(
            "‖E f(x) − E f(G(z))‖²: how far the mean features of fakes are from those of reals",
            "falling from its start, then steady",
            "rising without end: G does not follow; lower --discriminator-learning-rate",
        ),
        "*/historical": Metric(
            "‖θ − mean of its past‖², as weighted in the loss",
            "small beside the adversarial loss",
            "larger: the player is held back; lower --historical",
        ),
        **{name: ACGAN.logs[name] for name in ("*/class", "class/real")},
    }


@dataclass
class FewLabels(Dataset):
    """Items as `real`, and beside each, as `source` with its `label`, one of the few whose labels are used, in turn."""

    labelled: Tensor | None = None  # rows of those few

    def at(self, index: Tensor, name: str) -> Tensor:
        return super().at(index, name) if name == "real" else self.labelled[index % len(self.labelled)]


def few_labels(dataset: Dataset, each: int, seed: int = 0) -> FewLabels:
    """The data set with the labels of `each` random items of every class, and no others."""
    if not dataset.spec.classes:
        raise SettingError(f"labels_each={each} needs labels and {dataset.name} has none")
    label, rng = dataset.fields["label"], np.random.default_rng(seed)
    chosen = []
    for k, name in enumerate(dataset.spec.classes):
        there = np.flatnonzero(label == k)
        if len(there) < each:
            raise SettingError(f"labels_each={each}, but class {name} has {len(there)} items: give at most that")
        chosen.append(rng.choice(there, each, replace=False))
    known = {f.name: getattr(dataset, f.name) for f in fields(dataset)}
    known["fields"] = dataset.fields | {"source": dataset.fields["real"]}
    known["digest"] += f"-{each}"
    known["notes"] += (f"{each} labels of each of {len(dataset.spec.classes)} classes are used",)
    return FewLabels(**known, labelled=torch.from_numpy(rng.permutation(np.concatenate(chosen))))


class SoftplusGenerator(nn.Module):
    """Two softplus layers with batch norm, or virtual batch norm by a reference batch of noise that is kept."""

    def __init__(self, latent: int, spec: Kind, width: int, virtual: bool, reference: int = 100):
        super().__init__()
        self.shape = spec.shape
        self.reference = nn.Buffer((2 * torch.rand(reference, latent) - 1) * 3**0.5) if virtual else None
        norm = (lambda: VirtualBatchNorm(width, reference)) if virtual else (lambda: nn.BatchNorm1d(width))
        layers = [nn.Linear(latent, width), norm(), nn.Softplus(), nn.Linear(width, width), norm(), nn.Softplus()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, prod(spec.shape)))
        self.output = nn.Tanh() if spec.bounded else nn.Identity()

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        if self.reference is None:
            x = self.layers(z)
        else:
            x = self.layers(torch.cat([self.reference, z]))[len(self.reference) :]
        return self.output(x).unflatten(1, self.shape).float()


class NoisyClassifier(nn.Module):
    """Weight-normed ReLU layers behind Gaussian noise (in training), then K logits; the score is their log Σ exp."""

    def __init__(self, spec: Kind, width: int, minibatch: str):
        super().__init__()
        sizes = [prod(spec.shape), width, width // 2, width // 4, width // 4, width // 4]
        self.layers = nn.ModuleList(weight_norm(nn.Linear(a, b)) for a, b in pairwise(sizes))
        kinds = {"none": nn.Identity, "deviation": lambda: MinibatchDeviation(None)}
        self.minibatch = kinds.get(minibatch, lambda: MinibatchFeatures(sizes[-1]))()
        seen = sizes[-1] + getattr(self.minibatch, "more", 0)
        self.head = weight_norm(nn.Linear(seen, max(1, len(spec.classes))))

    def features(self, x: Tensor) -> Tensor:
        x = self.noisy(x.flatten(1), 0.6)
        for i, layer in enumerate(self.layers):
            x = layer(self.noisy(x, 0.5) if i else x).relu()
        return x

    def logits(self, x: Tensor) -> Tensor:
        return self.head(self.noisy(self.minibatch(self.features(x)), 0.5)).float()

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.logits(x).logsumexp(1)

    def noisy(self, x: Tensor, deviation: float) -> Tensor:
        return x + deviation * torch.randn_like(x) if self.training else x
