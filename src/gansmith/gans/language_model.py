"""Language model: an LSTM trained by maximum likelihood, the baseline that every GAN of sequences stands beside."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data import read
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.errors import DataError
from gansmith.game import Stage, Turn, setting
from gansmith.gans.base import FromNoise, new_rng
from gansmith.gans.paper import Paper
from gansmith.gans.remedies import Stepping
from gansmith.networks.sequence import SequenceDiscriminator, SequenceGenerator, inside
from gansmith.training.metrics import Metric


class LanguageModel(Stepping, FromNoise):
    """One player and no adversary. G says how likely each symbol is after those before it; it minimises
    −E Σ_t log G(y_t | y_1 … y_{t−1}), the end of a sequence being a symbol as any other, as a mean over symbols.
    Samples are drawn symbol by symbol. `temperature` divides the logits: below 1 they are likelier and more alike.

    Why it stands here: the paper shows that such a model at the right temperature is better than the GANs of text of
    its time over the whole curve of quality against diversity. The network is one LSTM over learned vectors of the
    symbols (Graves 2013). Deviations: an average of the weights is kept and sampled; "<unk>" is not drawn.
    Proof: proofs/text.py.
    """

    name = "language-model"
    paper = Paper(
        "Language GANs Falling Short",
        "Caccia, Caccia, Fedus, Larochelle, Pineau, Charlin",
        "ICLR",
        2020,
        "https://arxiv.org/abs/1811.02549",
        code="https://github.com/pclucas14/GansFallingShort",
    )
    summary = "sequences by maximum likelihood, without an adversary: the baseline"
    replaceable: ClassVar[tuple[str, ...]] = ()  # what draws symbols one by one
    unsupported_settings: ClassVar[tuple[str, ...]] = ("latent",)
    score_kind: ClassVar[str] = "raw"

    width: int = setting(128, "units of the LSTM", minimum=1)
    embedding: int = setting(64, "numbers of a symbol's vector", minimum=1)
    dropout: float = setting(0.3, "share of the LSTM's inputs and outputs dropped", minimum=0.0, maximum=1.0)
    learning_rate: float = setting(5e-3, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    clip_gradient: float | None = setting(5.0, "clip gradients at this norm; None: do not", minimum=0.0)
    decay: float = setting(
        0.7, "fraction of training, at its end, in which the learning rate falls to 0", minimum=0.0, maximum=1.0
    )

    # --- data and networks -------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        found = data if isinstance(data, Dataset) else read(data, **{"form": "symbols"} | options)
        if not hasattr(found.spec, "vocabulary") or "real" not in found.fields:
            held = found.spec.noun
            raise DataError(
                f"{type(self).__name__} makes sequences and {found.name} holds {held}: use {found.spec.default_game}"
            )
        return found

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        return []

    def build(self, spec: Any) -> None:
        if not hasattr(spec, "vocabulary"):
            raise DataError(f"{type(self).__name__} makes sequences and the data is {spec.noun}")
        self.generator = self.make_generator(spec)

    def make_generator(self, spec: Any) -> SequenceGenerator:
        return SequenceGenerator(
            len(spec.vocabulary), spec.shape[0], self.width, self.embedding, ends=spec.ends, dropout=self.dropout
        )

    # --- the game ----------------------------------------------------------------------------------------------------
    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.generator]}

    def turns(self) -> list[Turn]:
        return [Turn("generator", self.likelihood)]

    def likelihood(self, batch: Batch) -> dict[str, Tensor]:
        return {"likelihood": -self.generator.log_likelihoods(batch.real).sum() / inside(batch.real).sum()}

    # --- use ---------------------------------------------------------------------------------------------------------
    def latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """(n, L) numbers, even in 0 … 1: which of its likely symbols each place of a sequence has."""
        device = self.device if rng is None else "cpu"
        return torch.rand(n, self.generator.steps, device=device, generator=rng).to(self.device)

    def generate(self, latent: Tensor, label: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        """(n, L) numbers even in 0 … 1 to sequences ids (n, L)."""
        return self.generator.draw(latent, temperature=temperature, banned=self.spec.unknown)

    def sample(self, n: int, *, seed: int | None = None, temperature: float = 1.0, batch_size: int = 250) -> np.ndarray:
        """`n` new sequences, int16 (n, L) numbers of symbols, the same for the same seed; `spec.texts` spells them.

        temperature  below 1: likelier and more alike; above: the reverse
        """
        self.check_is_fitted()
        made = [np.empty((0, *self.spec.shape), self.spec.dtype)]
        with self.at_rest():
            for latent in self.latents(n, new_rng(seed)).split(batch_size):
                made.append(self.spec.to_data(self.generate(latent, temperature=temperature)))
        return np.concatenate(made)

    def log_likelihoods(self, x, *, batch_size: int = 250) -> np.ndarray:
        """(n,) log G of whole sequences in the data's units, in nats, the end included."""
        likely = lambda part, _: self.generator.log_likelihoods(part).sum(1)  # noqa: E731
        return self.apply_in_batches(likely, x, batch_size=batch_size)

    def perplexity(self, x) -> float:
        """exp of the mean negative log-likelihood of a symbol, the end being one."""
        return float(np.exp(-self.log_likelihoods(x).sum() / inside(self.spec.to_network(torch.as_tensor(x))).sum()))

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """(n,) how likely a symbol of each sequence is to G, in nats: a model has no other score of an item."""
        mean = lambda part, _: self.generator.log_likelihoods(part).sum(1) / inside(part).sum(1)  # noqa: E731
        return self.apply_in_batches(mean, x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/likelihood": Metric(
            "−log G of a symbol of the data, in nats: log of the perplexity",
            "falling, then flat",
            "flat from the start: raise --learning-rate; low while held-out text is unlikely: raise --dropout",
        ),
    }


class AfterLikelihood(LanguageModel):
    """A GAN of sequences whose G is a language model first: `pretraining` of the run it learns by likelihood, while D
    learns to tell, then both play. A child gives both losses and D."""

    pretraining: float = setting(0.5, "share of the run in which G learns by likelihood", minimum=0.0, maximum=1.0)
    pretraining_rate: float = setting(5e-3, "Adam's learning rate in that share", minimum=0.0)
    judge_every: int = setting(2, "moves of G by likelihood for each that D makes meanwhile", minimum=1)
    discriminator_learning_rate: float = setting(1e-4, "the discriminator's step size", minimum=0.0)
    discriminator_steps: int = setting(5, "discriminator updates per generator update", minimum=1)
    decay: float = setting(
        0.0, "fraction of training, at its end, in which the learning rate falls to 0", minimum=0.0, maximum=1.0
    )

    def make_discriminator(self, spec: Any) -> SequenceDiscriminator:
        raise NotImplementedError

    def build(self, spec: Any) -> None:
        super().build(spec)
        self.discriminator = self.make_discriminator(spec)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def stages(self) -> list[Stage]:
        first = [
            Turn("generator", self.likelihood),
            Turn("discriminator", self.discriminator_loss, every=self.judge_every),
        ]
        return [
            Stage("likelihood", first, self.pretraining),
            Stage("play", self.turns(), 1 - self.pretraining, self.begin_play),
        ]

    def turns(self) -> list[Turn]:
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, times=self.discriminator_steps),
        ]

    def begin_play(self) -> None:
        """Called before the first round in which both play."""

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        super().schedule(player, optimizer)
        for group in optimizer.param_groups:
            if player == "discriminator":
                group["lr"] = self.discriminator_learning_rate
            elif self.progress < self.pretraining:
                group["lr"] = self.pretraining_rate

    def drawn(self, n: int) -> Tensor:
        """`n` sequences of G as it stands, without its dropout and without gradients."""
        with self.at_rest():
            return self.generator.draw(self.latents(n))

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """The discriminator's raw scores (n,) of sequences in the data's units, in eval mode; float32."""
        return self.apply_in_batches(self.discriminator, x, batch_size=batch_size)
