"""What games share: items made from noise, two players against each other, and encoders that find the noise again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import repeat
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Batch
from gansmith.data.labels import class_numbers
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import map_across_ranks
from gansmith.errors import DataError, UserError
from gansmith.game import Game, Turn, observe, setting
from gansmith.gans.own_networks import with_own_networks
from gansmith.networks.blocks import Discriminator
from gansmith.training.metrics import Metric

CHOSEN = {  # what of a class says which settings follow from data and machine -> where they hold
    "for_vectors": "vectors",
    "for_columns": "3 or more columns",
    "for_pictures": "pictures",
    "for_cpu": "a CPU",
    "for_cpu_by_class": "a CPU by class",
}
NOUNS = {1: "series (C, T)", 2: "pictures (C, H, W)", 3: "volumes (C, D, H, W)"}  # by their axes


def new_rng(seed: int | None) -> torch.Generator:
    """A generator of random numbers on the CPU. Without a seed torch's own generator draws one, so that what comes of
    it repeats after `torch.manual_seed`."""
    return torch.Generator().manual_seed(int(torch.randint(2**63 - 1, ())) if seed is None else seed)


def observe_scores(on_real: Tensor, on_fake: Tensor) -> None:
    """Show the discriminator's scores of reals and of fakes to whoever watches."""
    observe("discriminator/real", on_real)
    observe("discriminator/fake", on_fake)


class FromNoise(Game):
    """A game whose `generator` makes items from noise, and from labels where it is `conditional`.

    generator= and, of two players, discriminator= replace the paper's networks by any nn.Module: see `own_networks`.
    """

    replaceable = ("generator",)
    prior = "normal"  # law of the noise, with unit variance: "normal" or "uniform"
    conditional = False  # whether the networks are given labels
    for_vectors: ClassVar[dict[str, object]] = {}  # settings that, unless given, differ where the data is vectors
    for_columns: ClassVar[dict[str, object]] = {}  # … of more than two columns
    for_pictures: ClassVar[dict[str, object]] = {}  # … has two axes: what the paper says is for days of training
    for_cpu: ClassVar[dict[str, object]] = {}  # … where no GPU is and none of those says otherwise
    for_cpu_by_class: ClassVar[dict[str, object]] = {}  # … and the networks are told the classes
    batch_size_on_cpu: ClassVar[int | None] = None  # items of a move there; None: as many as anywhere

    latent: int = setting(100, "size of the noise (latent) vector", minimum=1)
    width: int | None = setting(
        None, "channels of the finest layer, or units of a hidden one; None: from the data", minimum=1
    )

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = with_own_networks(cls.build)
        for given in set(CHOSEN) - set(cls.__dict__):  # a class's own default is nearer than these
            setattr(cls, given, {n: value for n, value in getattr(cls, given).items() if n not in cls.__dict__})

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        """Items of a move when nobody says; a class that has one number for all machines gives it in its place."""
        return self.batch_size_on_cpu if self.batch_size_on_cpu and self.device.type == "cpu" else Game.batch_size

    # --- before training ---------------------------------------------------------------------------------------------
    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        reasons = []
        if spec.points and not spec.axes:  # neither showers nor letters, which have no axes either
            of_form = self.for_vectors | (self.for_columns if spec.shape[0] > 2 else {})
        else:
            of_form = self.for_pictures if spec.axes == 2 else {}
        on_cpu = self.for_cpu | (self.for_cpu_by_class if self.conditional else {})
        on_cpu = on_cpu if self.device.type == "cpu" else {}
        for name, value in (on_cpu | of_form).items():
            if name not in self.asked and (paper := getattr(self, name)) != value:
                setattr(self, name, value)
                why = f"for {spec.noun}" if name in of_form else f"on a CPU; {paper} is for a GPU"
                reasons.append(f"{name} {value}: {why}")
        if self.width is None:
            self.width = self.default_width(spec)
            reasons.append(f"width {self.width}: for {spec.noun}")
        return reasons

    def default_width(self, spec: Kind) -> int:
        """`width` when it is left open: for pictures DCGAN's, for all else what two cores can train."""
        return 64 if spec.axes == 2 else spec.bodies().width

    def classes(self, spec: Kind) -> int:
        """Classes the networks must know: 0 unless `conditional`; UserError when the data has no labels."""
        if self.conditional and not spec.classes:
            raise DataError(
                f"{type(self).__name__}(conditional=True) needs labels and the data has none: sort pictures into one "
                "folder a class, give an .npz with 'labels', or play a game without conditional"
            )
        return len(spec.classes) if self.conditional else 0

    def check_axes(self, spec: Kind, *axes: int) -> None:
        """UserError unless the data has one of these numbers of axes to convolve over."""
        if spec.axes not in axes:
            made = ", ".join(NOUNS[count] for count in axes)
            raise DataError(
                f"{type(self).__name__} makes {made} and the data is {spec.noun} of shape {spec.shape}: use "
                f"{spec.default_game}"
            )

    # --- noise and labels --------------------------------------------------------------------------------------------
    def latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n, latent) noise of the prior, on the game's device. With `rng` it is the same on every device."""
        device = self.device if rng is None else "cpu"
        if self.prior == "normal":
            return torch.randn(n, self.latent, device=device, generator=rng).to(self.device)
        return ((2 * torch.rand(n, self.latent, device=device, generator=rng) - 1) * 3**0.5).to(self.device)

    def labels(self, n: int, label, rng: torch.Generator | None) -> Tensor | None:
        """(n,) class numbers on the game's device from one class or `n` (see `class_numbers`); None: drawn by `rng`."""
        if not self.conditional:
            if label is not None:
                raise UserError(self.no_classes(label))
            return None
        names = self.spec.classes
        if label is None:
            if rng is None:
                raise UserError("the scores of a conditional game need label=: one class, or one for each item")
            return torch.randint(len(names), (n,), generator=rng).to(self.device)
        one = np.ndim(label) == 0
        wanted = label if not one else label.reshape(1) if hasattr(label, "reshape") else [label]
        found = class_numbers(wanted, names)
        if len(found) != n and not one:
            raise UserError(f"{len(found)} labels for {n} items: give one, or one for each")
        return torch.tensor(found * n if one else found, device=self.device)

    def no_classes(self, label) -> str:
        """Why a class cannot be asked for, and what to train so that it can."""
        names = self.spec.classes
        if names:
            few = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
            return f"this model is unconditional: retrain with --conditional to ask for a class ({few})"
        return (
            f"this model is unconditional and its data had no classes: sort it into one folder per class (as in "
            f"photos/{label}/), then train with --conditional"
        )

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """(n, latent) noise to (n, *shape) in network units, differentiable."""
        return self.generator(latent, label)

    def sample(self, n: int, *, seed: int | None = None, label=None, batch_size: int = 250) -> np.ndarray:
        """`n` new items in the data's units (pictures: uint8 (n, C, H, W)), the same for the same seed.

        seed   None: drawn from torch's generator, so that samples repeat after `torch.manual_seed`
        label  for a conditional game: one class or `n` of them, by name, or by number where no class is called by one;
               None: classes drawn evenly
        """
        self.check_is_fitted()
        rng = new_rng(seed)
        latent, labels = self.latents(n, rng), self.labels(n, label, rng)
        return self.decode(latent, labels, batch_size=batch_size)

    def classes_of(self, n: int, *, seed: int, label=None) -> list[str] | None:
        """The name of the class of each item that `sample` makes of the same; None without classes."""
        rng = new_rng(seed)
        self.latents(n, rng)
        found = self.labels(n, label, rng)
        return None if found is None else [self.spec.classes[i] for i in found.tolist()]

    def decode(self, latent, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        """What `generate` makes of these latents, a tensor or array (n, latent), in eval mode, in the data's units,
        `batch_size` at a time."""
        latent = torch.as_tensor(latent, dtype=torch.get_default_dtype(), device=self.device)
        with self.at_rest():
            made = map_across_ranks(
                lambda z, y: self.spec.to_data(self.generate(z, y)),
                latent.split(batch_size),
                labels.split(batch_size) if labels is not None else repeat(None),
                what="sampling",
            )
        return np.concatenate(made) if made else np.empty((0, *self.spec.shape), self.spec.dtype)

    def apply_in_batches(self, network, x, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        """`network(items, labels)` of items in the data's units, in eval mode, `batch_size` at a time; float32."""
        self.check_is_fitted()
        x = torch.as_tensor(np.asarray(x))
        if tuple(x.shape[1:]) != self.spec.shape:
            raise UserError(f"items have shape {tuple(x.shape[1:])}, this game was trained on {self.spec.shape}")
        with self.at_rest():
            parts = map_across_ranks(
                lambda part, y: network(self.spec.to_network(part.to(self.device)), y).float().cpu().numpy(),
                x.split(batch_size),
                labels.split(batch_size) if labels is not None else repeat(None),
                what="scoring",
            )
        return np.concatenate(parts) if len(x) else np.empty(0, np.float32)

    def score(self, *args, **conditions) -> np.ndarray:
        """The former name of `score_samples`."""
        warnings.warn("score is now called score_samples", DeprecationWarning, stacklevel=2)
        return self.score_samples(*args, **conditions)

    # --- training ----------------------------------------------------------------------------------------------------
    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return self.wrap_optimizer(super().optimizer(player, parameters), player)

    def wrap_optimizer(self, optimizer: torch.optim.Optimizer, player: str):
        """The optimiser with what settings change of it; for papers that take another one than Adam to call, too."""
        return optimizer


class TwoPlayer(FromNoise):
    """One generator against one discriminator. A child gives `build` and the losses of both."""

    replaceable = ("generator", "discriminator")  # type: ignore[assignment]
    of_differences: ClassVar[bool] = False  # whether no constant on D's scores changes the loss
    prior: str = setting("normal", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))
    conditional: bool = setting(False, "class-conditional: both networks get the label")
    discriminator_steps: int = setting(1, "discriminator updates per generator update", minimum=1)
    discriminator_learning_rate: float | None = setting(
        None, "the discriminator's step size; None: learning_rate", minimum=0
    )
    freeze: int = setting(
        0, "of a game that starts from another: D's first layers, so many, keep its weights", minimum=0
    )

    # --- networks ----------------------------------------------------------------------------------------------------
    def build_bodies(self, spec: Kind, norm: str = "batch", discriminator_norm: str = "batch") -> None:
        """The default networks for this data: DCGAN's where there are axes to convolve over, else perceptrons."""
        self.choose(spec)
        bodies, classes = spec.bodies(), self.classes(spec)
        self.generator = bodies.generator(self.latent, spec.shape, self.width, classes, norm=norm)
        norm = self.discriminator_norm(discriminator_norm)
        self.discriminator = self.make_discriminator(
            lambda shape: bodies.discriminator(shape, self.width, classes, norm=norm), spec.shape
        )

    def make_discriminator(self, body: Callable[[tuple[int, ...]], Discriminator], shape: tuple[int, ...]) -> nn.Module:
        """D for items of `shape` with this `body`; where there are remedies, with what they add to it."""
        return body(shape)

    def discriminator_norm(self, norm: str) -> str:
        """The norm that D gets where its paper has `norm`."""
        return norm

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss, times=self.discriminator_steps),
            Turn("generator", self.generator_loss),
        ]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The discriminator's terms."""
        raise NotImplementedError

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The generator's terms."""
        raise NotImplementedError

    def fake(self, batch: Batch) -> Tensor:
        """As many fakes as the batch has items, of its labels, in network units."""
        return self.generator(self.latents(len(batch)), batch.label)

    def scores(self, batch: Batch, fake: Tensor, *, joint: bool = False) -> tuple[Tensor, Tensor]:
        """D's scores (n,) of a batch's reals and of as many fakes, which are shown to whoever watches.

        joint  in one pass, which is faster, and right where no norm looks at the whole batch
        """
        if joint:
            label = torch.cat([batch.label, batch.label]) if self.conditional else None
            on_real, on_fake = self.discriminator(torch.cat([batch.real, fake]), label).chunk(2)
        else:
            on_real, on_fake = self.discriminator(batch.real, batch.label), self.discriminator(fake, batch.label)
        observe_scores(on_real, on_fake)
        return on_real, on_fake

    def extra_terms(self, batch: Batch, fake: Tensor, on_real: Tensor, on_fake: Tensor) -> dict[str, Tensor]:
        """What remedies add to the discriminator's terms; by default nothing."""
        return {}

    def wrap_optimizer(self, optimizer: torch.optim.Optimizer, player: str):
        if player == "discriminator" and self.discriminator_learning_rate is not None:
            optimizer.param_groups[0]["lr"] = self.discriminator_learning_rate
            optimizer.param_groups[0]["initial_lr"] = self.discriminator_learning_rate
        return super().wrap_optimizer(optimizer, player)

    # --- use ---------------------------------------------------------------------------------------------------------
    def score_samples(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        """The discriminator's raw scores (n,) of items in the data's units, in eval mode; float32."""
        self.check_is_fitted()
        labels = self.labels(len(x), label, None) if self.conditional else None
        return self.apply_in_batches(self.discriminator, x, labels, batch_size=batch_size)


class AutoEncoding(FromNoise):
    """A game whose `encoder` gives a mean and a log-variance (n, 2·latent) of the noise an item may have come from."""

    def encode(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The means (n, latent) of the latents that items in the data's units may have come from."""
        return self.apply_in_batches(lambda part, _: self.encoder(part).chunk(2, 1)[0], x, batch_size=batch_size)

    def reconstruct(self, x, *, batch_size: int = 250) -> np.ndarray:
        """Items as the decoder makes them from their encoded means, in the data's units."""
        return self.decode(self.encode(x, batch_size=batch_size), batch_size=batch_size)

    @staticmethod
    def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
        """KL(N(mean, variance) ‖ N(0, 1)) (n,), summed over the latents, in nats."""
        return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2

    logs: ClassVar[dict[str, Metric]] = {
        "*/kl": Metric(
            "KL(q(z|x) ‖ N(0, 1)) in nats, summed over the latents: what an item's code says of it",
            "15 … 35 on MNIST with 20 latents",
            "near 0: the code is ignored; give the decoder less --width or the likelihood less --deviation",
        ),
    }
