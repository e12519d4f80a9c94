"""GAN. "Generative Adversarial Nets", Goodfellow et al., NeurIPS 2014.

A generator G turns noise into items; a discriminator D says how likely an item is real. They play
min_G max_D  V = E log σ(D(x)) + E log(1 − σ(D(G(z))))   (eq. 1, D the raw score). For a fixed G the best D is
σ(D) = p/(p+q) and V = 2·JSD(p, q) − log 4 (prop. 1 and thm. 1; tested in tests/gans/test_gan.py on known densities).
Section 3's non-saturating generator, which maximises E log σ(D(G(z))), keeps a gradient where D is sure; it is the
default, as in the released code. `discriminator_steps` is the k of algorithm 1 (1 in their experiments).

Networks: for pictures those of the MNIST experiment (G: two ReLU layers of 1200; D: two maxout layers of 240 × 5 with
dropout .2 and .5; z uniform with unit variance); for vectors, ReLU perceptrons.
Deviations: Adam instead of SGD with momentum; tanh on −1 … 1 instead of a sigmoid on 0 … 1; default initial weights.
Proof: proofs/gan.py.

This class is also the parent of every game of one generator against one discriminator: a child gives its networks
(`build`), its loss (`adversarial` or the two turns) and its settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith import losses, penalties
from gansmith.data.dataset import Batch
from gansmith.data.spec import DataSpec
from gansmith.distributed.collectives import map_across_ranks, mean_over_ranks
from gansmith.errors import UserError
from gansmith.game import Game, Turn, observe, setting
from gansmith.networks.blocks import Discriminator
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator
from gansmith.networks.minibatch import Packed, SecondHead
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.spectral import spectrally_normalised
from gansmith.training import optimizers


class GAN(Game):
    summary: ClassVar[str] = "the original: perceptrons, minimax or non-saturating (Goodfellow et al. 2014)"

    loss: str = setting("non-saturating", "what the generator minimises", choices=("non-saturating", "minimax"))
    discriminator_steps: int = setting(1, "moves of the discriminator for each of the generator: k", minimum=1)
    latent: int = setting(100, "numbers of noise a sample is made from", minimum=1)
    prior: str = setting("uniform", "law of the noise, with unit variance", choices=("uniform", "normal"))
    conditional: bool = setting(False, "give both players the label")
    width: int | None = setting(None, "units of a hidden layer; None: 1200 for pictures, 128 for vectors", minimum=1)
    discriminator_learning_rate: float | None = setting(
        None, "the discriminator's step size; None: learning_rate", minimum=0
    )

    # Remedies (docs/diagnose.md); a game in which one means nothing is `without` it.
    augment: str = setting(
        "none", "of pictures, what is done to all that D sees", choices=("none", "diffaugment", "ada")
    )
    instance_noise: float = setting(0.0, "standard deviation of noise on all that D sees, falling to 0", minimum=0.0)
    stepping: str = setting("plain", "how both players step", choices=tuple(optimizers.WAYS))
    clip_gradient: float | None = setting(None, "largest norm of a player's gradient; None: any", minimum=0.0)
    r1: float = setting(0.0, "γ of R1, the squared slope of D at reals; D then has no batch norm", minimum=0.0)
    r2: float = setting(0.0, "γ of R2, the same at fakes", minimum=0.0)
    lecam: float = setting(
        0.0, "weight of LeCam: D's scores near where those of the other side usually are", minimum=0.0
    )
    smoothing: float = setting(1.0, "how real D should call reals: one-sided label smoothing", minimum=0.5, maximum=1.0)
    spectral_norm: bool = setting(False, "divide D's weights by their spectral norms; D then has no batch norm")
    packing: int = setting(1, "items that D judges at once, as one (PacGAN)", minimum=1)
    minibatch: str = setting(
        "none",
        "what D sees of a sample's company: how much it varies, or how close it is",
        choices=("none", "deviation", "discrimination"),
    )

    adversarial: ClassVar[losses.Loss | None] = None  # None: by the setting `loss`
    widths: ClassVar[tuple[int, int]] = (1200, 128)  # what `width` is when left open: for pictures, for all else

    # --- networks ----------------------------------------------------------------------------------------------------
    def choose(self, spec: DataSpec, count: int | None = None) -> list[str]:
        if self.width is not None:
            return []
        self.width = self.widths[spec.kind != "images"]
        return [f"width {self.width}: for {spec.kind}"]

    def build(self, spec: DataSpec) -> None:
        self.choose(spec)
        classes = self.classes(spec)
        if spec.kind == "images":
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 2, classes, output=nn.Tanh)
            maxout = {"pieces": 5, "dropout": (0.2, 0.5)}
            body = lambda shape: MLPDiscriminator(shape, max(1, self.width // 5), 2, classes, **maxout)  # noqa: E731
        else:
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 3, classes)
            body = lambda shape: MLPDiscriminator(shape, self.width, 3, classes)  # noqa: E731
        self.discriminator = self.make_discriminator(body, spec.shape)

    def build_convolutional(self, spec: DataSpec, norm: str = "batch", discriminator_norm: str = "batch") -> None:
        """The networks of papers that are about the loss: DCGAN's for pictures, three ReLU layers for all else."""
        self.choose(spec)
        classes = self.classes(spec)
        if spec.kind == "images":
            self.generator = ConvGenerator(self.latent, spec.shape, self.width, classes, norm=norm)
            self.discriminator = self.conv_discriminator(spec.shape, classes, discriminator_norm)
        else:
            self.generator = MLPGenerator(self.latent, spec.shape, self.width, 3, classes)
            self.discriminator = self.make_discriminator(
                lambda shape: MLPDiscriminator(shape, self.width, 3, classes), spec.shape
            )

    def conv_discriminator(
        self,
        shape: tuple[int, ...],
        classes: int = 0,
        norm: str = "batch",
        body: type[ConvDiscriminator] = ConvDiscriminator,
    ) -> nn.Module:
        """DCGAN's critic; its batch norm gives way to what bounds the slope at each item."""
        norm = "none" if norm == "batch" and (self.spectral_norm or self.r1 or self.r2) else norm
        return self.make_discriminator(lambda shape: body(shape, self.width, classes, norm=norm), shape)

    def make_discriminator(self, body: Callable[[tuple[int, ...]], Discriminator], shape: tuple[int, ...]) -> nn.Module:
        """D for items of `shape`, its `body` made for what packing shows it, with what the other remedies add to it."""
        if self.packing > 1 and self.conditional:
            raise UserError(
                "packing shows D several items of several labels at once: set conditional=False or packing=1"
            )
        made = body((self.packing * shape[0], *shape[1:]))
        if self.minibatch != "none":
            made.second = SecondHead(made.score.in_features, self.minibatch)
        if self.spectral_norm:
            spectrally_normalised(made)
        if self.lecam:
            self.register_buffer("usual", torch.zeros(2))  # mean scores of reals and of fakes
        return Packed(made, self.packing) if self.packing > 1 else made

    def classes(self, spec: DataSpec) -> int:
        """Classes the networks must know: 0 unless `conditional`; UserError when the data has no labels."""
        if self.conditional and not spec.classes:
            raise UserError(
                f"{type(self).__name__}(conditional=True) needs labels and the data has none: sort pictures into one "
                "folder a class, give an .npz with 'labels', or play a game without conditional"
            )
        return len(spec.classes) if self.conditional else 0

    def pictures_only(self, spec: DataSpec) -> None:
        """UserError unless the data is pictures."""
        if spec.kind != "images":
            raise UserError(
                f"{type(self).__name__} makes pictures and the data is {spec.kind}: use r3gan, wgan-gp or gan"
            )

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss, times=self.discriminator_steps),
            Turn("generator", self.generator_loss),
        ]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        scores = self.discriminator(batch.real, batch.label), self.discriminator(fake, batch.label)
        return self.judged(*scores) | self.sloped(batch, fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.discriminator(self.fake(batch), batch.label)
        return {"adversarial": self.pair().generator(fake, None)}

    def judged(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The discriminator's terms on these scores, which are shown to whoever watches."""
        observe("discriminator/real", real)
        observe("discriminator/fake", fake)
        terms = {"adversarial": self.pair().discriminator(real, fake)}
        if self.lecam:
            self.scored = mean_over_ranks(torch.stack([real.mean(), fake.mean()]).detach())
            terms["lecam"] = self.lecam * penalties.lecam(real, fake, *self.usual)
        return terms

    def sloped(self, batch: Batch, fake: Tensor) -> dict[str, Tensor]:
        """What the settings `r1` and `r2` add for the discriminator's slope at reals and at fakes."""
        asked = {"r1": (self.r1, batch.real), "r2": (self.r2, fake)}
        discriminator = lambda x: self.discriminator(x, batch.label)  # noqa: E731
        return {name: gamma * penalties.r1(discriminator, points) for name, (gamma, points) in asked.items() if gamma}

    def moved(self, player: str) -> None:
        if self.lecam and player == "discriminator":
            self.usual.lerp_(self.scored, 0.01)  # a memory of a hundred moves

    def pair(self) -> losses.Loss:
        pair = self.adversarial or getattr(losses, self.loss.replace("-", "_"))
        return pair if self.smoothing == 1 else losses.Loss(losses.smoothed(self.smoothing), pair.generator)

    def fake(self, batch: Batch) -> Tensor:
        """As many fakes as the batch has items, of its labels, in network units."""
        return self.generator(self.latents(len(batch)), batch.label)

    def latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n, latent) noise of the prior, on the game's device. With `chance` it is the same on every device."""
        device = self.device if rng is None else "cpu"
        if self.prior == "normal":
            return torch.randn(n, self.latent, device=device, generator=rng).to(self.device)
        return ((2 * torch.rand(n, self.latent, device=device, generator=rng) - 1) * 3**0.5).to(self.device)

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return self.steps(super().optimizer(player, parameters), player)

    def steps(self, made: torch.optim.Optimizer, player: str):
        """The optimiser with the step size and the way of stepping that the settings ask for."""
        if player == "discriminator" and self.discriminator_learning_rate is not None:
            made.param_groups[0]["lr"] = made.param_groups[0]["initial_lr"] = self.discriminator_learning_rate
        made = optimizers.WAYS[self.stepping](made)
        return optimizers.Clipped(made, self.clip_gradient) if self.clip_gradient else made

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """(n, latent) noise to (n, *shape) in network units, differentiable."""
        return self.generator(latent, label)

    def sample(self, n: int, *, seed: int | None = None, label=None, batch_size: int = 250) -> np.ndarray:
        """`n` new items in the data's units (pictures: uint8 (n, C, H, W)), the same for the same seed.

        label  for a conditional game: one class or `n` of them, by number or name; None: classes drawn evenly
        """
        self.must_be_built()
        rng = torch.Generator().manual_seed(torch.seed() % 2**63 if seed is None else seed)
        latent, labels = self.latents(n, rng), self.labels(n, label, rng)
        return self.made_from(latent, labels, batch_size=batch_size)

    def made_from(self, latent: Tensor, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        """What `generate` makes of these latents in eval mode, in the data's units, some at a time."""
        labels = labels.split(batch_size) if labels is not None else _nones()
        with self.at_rest():
            made = map_across_ranks(
                lambda z, y: self.spec.to_data(self.generate(z, y)), latent.split(batch_size), labels
            )
        return np.concatenate(made) if made else np.empty((0, *self.spec.shape), self.spec.dtype)

    def score(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        """The discriminator's raw scores (n,) of items in the data's units, in eval mode; float32."""
        self.must_be_built()
        if self.packing > 1:
            raise UserError(
                f"this discriminator judges {self.packing} items at once (packing) and has no score for one"
            )
        labels = self.labels(len(x), label, None) if self.conditional else None
        return self.said_by(self.discriminator, x, labels, batch_size=batch_size)

    def said_by(self, network, x, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        """What `network(items, labels)` says of items in the data's units, in eval mode, some at a time; float32."""
        self.must_be_built()
        x = torch.as_tensor(np.asarray(x))
        if tuple(x.shape[1:]) != self.spec.shape:
            raise UserError(f"items have shape {tuple(x.shape[1:])}, this game was trained on {self.spec.shape}")
        labels = labels.split(batch_size) if labels is not None else _nones()
        with self.at_rest():
            said = map_across_ranks(
                lambda part, y: network(self.spec.to_network(part.to(self.device)), y).float().cpu().numpy(),
                x.split(batch_size),
                labels,
            )
        return np.concatenate(said) if len(x) else np.empty(0, np.float32)

    def labels(self, n: int, label, rng: torch.Generator | None) -> Tensor | None:
        """(n,) class numbers on the game's device from one class or `n`, by number or name; None: drawn by `chance`."""
        if not self.conditional:
            if label is not None:
                raise UserError(
                    f"this {type(self).__name__} was trained without labels: set conditional=True to use them"
                )
            return None
        names = self.spec.classes
        if label is None:
            if rng is None:
                raise UserError("a conditional game's score needs label=: one class or one for each item")
            return torch.randint(len(names), (n,), generator=rng).to(self.device)
        asked = [label] * n if np.ndim(label) == 0 else list(np.asarray(label).tolist())
        if len(asked) != n:
            raise UserError(f"{len(asked)} labels for {n} items: give one, or one for each")
        for one in set(asked):
            known = one in names if isinstance(one, str) else 0 <= one < len(names)
            if not known:
                raise UserError(f"no class {one!r}: there are {', '.join(names[:20])} (numbers 0 … {len(names) - 1})")
        return torch.tensor([names.index(a) if isinstance(a, str) else int(a) for a in asked], device=self.device)

    def must_be_built(self) -> None:
        if self.spec is None:
            raise UserError(f"{type(self).__name__} was never trained: call fit, or load a trained one")


def _nones():
    while True:
        yield None
