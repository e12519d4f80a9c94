"""SeqWGAN: genes, proteins and other sequences of letters, by a Wasserstein critic that reads them at full length."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.data import read
from gansmith.data.dataset import Batch, Dataset
from gansmith.errors import DataError
from gansmith.game import observe, setting
from gansmith.gans.paper import Paper
from gansmith.gans.wgan_gp import WGANGP
from gansmith.networks.letters import LetterDiscriminator, LetterGenerator
from gansmith.training.metrics import Metric

NEVER = -1e4  # logit of what must not come


class SeqWGAN(WGANGP):
    """WGAN-GP on letters (section 2.1): a real sequence is one-hot, at each place a 1 for its letter, or for "end" from
    the end on; G gives a softmax over the letters at each place, and D judges both as arrays of numbers:
    L_D = E D(G(z)) − E D(x) + λ E(‖∇D(x̂)‖ − 1)²,    L_G = −E D(G(z)).
    A sample takes the likeliest letter of each place; what follows the first "end" is cut off.
    Networks (appendix A): a dense layer from z to all places, residual blocks of two convolutions of width 5, their
    output times 0.3, one convolution of width 1; D mirrors it. `gumbel` adds noise to G's logits and divides them by
    that temperature, as FBGAN does. ProteinGAN (Repecka et al. 2021) is `spectral_norm` on D, `attention` and `dilated`
    (https://doi.org/10.1038/s42256-021-00310-5).

    Deviations: G begins with how often each letter stands at each place; `gumbel` .75 by default (0 in the paper); a
    third of the width, at twenty times the step, where no GPU is: in 2 minutes of one core, at ten times the step,
    44 % of made genes were open reading frames (2 % at twice the width and a third of the step), with `gumbel` 54 %,
    with the beginning 58 %; `fold` 3 where all sequences are of whole codons: three letters share a place of the
    networks, which is a third of the work and gives the frame away; an average of G is kept and sampled; ProteinGAN's
    networks change their grid and theirs is another loss. In silico: that something looks like a gene does not make it
    one.
    Proof: proofs/seqwgan.py.
    """

    name = "seqwgan"
    paper = Paper(
        "Generating and designing DNA with deep generative models",
        "Killoran, Lee, Delong, Duvenaud, Frey",
        "NeurIPS workshop on computational biology",
        2017,
        "https://arxiv.org/abs/1712.06148",
        code="https://github.com/co9olguy/Generating-and-designing-DNA",
    )
    summary = "genes, proteins and other letters at full length, by a Wasserstein critic"
    replaceable: ClassVar[tuple[str, ...]] = ()  # G's letters are made of logits
    unsupported_settings: ClassVar[tuple[str, ...]] = ("augment", "mirror", "packing", "conditional")
    for_cpu: ClassVar[dict[str, object]] = {"discriminator_steps": 2, "learning_rate": 2e-3, "depth": 3}
    batch_size_on_cpu: ClassVar[int | None] = 32

    width: int | None = setting(None, "channels of both players; None: from the data", minimum=1)
    depth: int = setting(5, "residual blocks of each player", minimum=1)
    fold: int | None = setting(
        None, "letters that share a place of the networks; None: 3 for codons, else 1", minimum=1
    )
    dilated: bool = setting(False, "convolutions look 1, 2, 4, 8, 16 places apart (ProteinGAN)")
    attention: bool = setting(False, "every place looks at every other one, too (ProteinGAN)")
    gumbel: float = setting(0.75, "temperature of a Gumbel-softmax in place of the softmax; 0: softmax", minimum=0.0)

    # --- data and networks -------------------------------------------------------------------------------------------
    def default_width(self, spec: Any) -> int:
        return 32 if self.device.type == "cpu" else 100

    def read(self, data, **options) -> Dataset:
        found = data if isinstance(data, Dataset) else read(data, **{"form": "symbols"} | options)
        if not hasattr(found.spec, "vocabulary") or "real" not in found.fields:
            raise DataError(
                f"{type(self).__name__} makes sequences of letters and {found.name} holds {found.spec.noun}: use "
                f"{found.spec.default_game}"
            )
        return found

    def choose(self, spec: Any, count: int | None = None) -> list[str]:
        reasons = super().choose(spec, count)
        if self.fold is None:
            self.fold = 3 if spec.in_codons else 1
            reasons += ["fold 3: all sequences are of whole codons"] if self.fold == 3 else []
        return reasons

    def build(self, spec: Any) -> None:
        if not hasattr(spec, "vocabulary"):
            raise DataError(f"{type(self).__name__} makes sequences of letters and the data is {spec.noun}")
        self.choose(spec)
        shape = (len(spec.vocabulary) + 1, spec.shape[0])
        how = {"fold": self.fold, "depth": self.depth, "dilated": self.dilated, "attention": self.attention}
        self.generator = LetterGenerator(self.latent, shape, self.width, **how)
        self.discriminator = self.make_discriminator(lambda shape: LetterDiscriminator(shape, self.width, **how), shape)
        never = torch.zeros(shape)
        never[0, : 1 if spec.ends else None] = NEVER  # no sequence is empty; where none ends early, none ends
        self.register_buffer("never", never, persistent=False)

    # --- the game ----------------------------------------------------------------------------------------------------
    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return super().discriminator_loss(replace(batch, real=self.one_hot(self.reals(batch))))

    def reals(self, batch: Batch) -> Tensor:
        """The sequences ids (n, L) that count as real."""
        return batch.real

    def one_hot(self, ids: Tensor) -> Tensor:
        """ids (n, L) to (n, kinds, L)."""
        return F.one_hot(ids, len(self.spec.vocabulary) + 1).transpose(1, 2).float()

    def fake(self, batch: Batch) -> Tensor:
        logits = self.generate(self.latents(len(batch)))
        observe("generator/sure", lambda: logits.softmax(1).amax(1).mean())
        if self.gumbel:
            noise = -(torch.rand_like(logits).clamp(1e-20, 1 - 1e-7).log().neg().log())
            logits = (logits + noise) / self.gumbel
        return logits.softmax(1)

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise (n, latent) to logits (n, kinds, L) of "end" and of each letter, differentiable."""
        return self.generator(latent, label) + self.never

    def spelled(self, logits: Tensor) -> Tensor:
        """The likeliest letters, ids (n, L), 0 from the first end on."""
        ids = logits.argmax(1)
        return ids * (ids > 0).cumprod(1)

    def decode(self, latent: Tensor, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        made = [np.empty((0, *self.spec.shape), self.spec.dtype)]
        with self.at_rest():
            made += [self.spec.to_data(self.spelled(self.generate(z))) for z in latent.split(batch_size)]
        return np.concatenate(made)

    def apply_in_batches(self, network, x, labels: Tensor | None = None, *, batch_size: int = 250) -> np.ndarray:
        """`network(sequences, labels)` as D sees sequences, one-hot (n, kinds, L), of items in the data's units."""
        seen = lambda ids, y: network(self.one_hot(ids), y)  # noqa: E731
        return super().apply_in_batches(seen, x, labels, batch_size=batch_size)

    def score_samples(self, x, *, batch_size: int = 250) -> np.ndarray:
        """D's raw scores (n,) of sequences in the data's units, in eval mode; float32."""
        return self.apply_in_batches(lambda one_hot, _: self.discriminator(one_hot), x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/sure": Metric(
            "mean probability of the likeliest letter of a place: how near samples are to letters",
            "rising to above 0.9",
            "below 0.8 for long: samples take letters that G is not sure of; train longer, or lower --gumbel",
        ),
    }
