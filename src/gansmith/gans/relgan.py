"""RelGAN: sequences through a soft choice of symbols, against a relativistic discriminator: the default for text."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.game import observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.language_model import AfterLikelihood
from gansmith.gans.paper import Paper
from gansmith.networks.sequence import SequenceDiscriminator, gumbel
from gansmith.training.metrics import Metric


class RelGAN(AfterLikelihood):
    """No roll-outs and no rewards: symbols are drawn by the Gumbel trick, and D sees softmax(β · (logits + noise)),
    whose greatest share is the symbol, so that its gradient reaches G (section 2.2). β grows from 1 to `sharpness`
    while they play, β = sharpness^progress: at first much gradient and a blurred sequence, at last the reverse. The
    loss is relativistic (2.4): L_D = E softplus(D(fake) − D(real)), L_G = E softplus(D(real) − D(fake)).
    D judges `representations` parts of the symbols' vectors each by itself, with the same weights, and the loss is the
    mean of theirs (2.3). First G learns by likelihood.

    Deviations: G is an LSTM, not a relational memory (2.1); D learns to tell while G learns by likelihood; D moves
    twice for each move of G, not five times; gradients are clipped at 5, not 10; dropout in the LSTM; an average of G
    is kept and sampled; smaller networks, for two cores.
    Proof: proofs/text.py.
    """

    name = "relgan"
    paper = Paper(
        "RelGAN: Relational Generative Adversarial Networks for Text Generation",
        "Nie, Narodytska, Patel",
        "ICLR",
        2019,
        "https://openreview.net/forum?id=rJedV3R5tm",
        code="https://github.com/weilinie/RelGAN",
    )
    summary = "sequences by a soft choice of symbols and a relativistic loss: the default for text"
    score_kind: ClassVar[str] = "raw"
    recordable: ClassVar[bool] = False  # β follows the progress
    unreached: ClassVar[dict[str, str]] = {
        "discriminator.score.bias": "the loss is of differences of scores, which no constant changes"
    }

    sharpness: float = setting(100.0, "β at the end: how near the soft choice comes to a hard one", minimum=1.0)
    representations: int = setting(8, "parts of a symbol's vector that D judges each by itself", minimum=1)
    maps: int = setting(50, "maps of each of D's convolutions", minimum=1)
    discriminator_steps: int = setting(2, "discriminator updates per generator update; 5 in the paper", minimum=1)
    learning_rate: float = setting(1e-4, "Adam's learning rate while both play", minimum=0.0)

    def make_discriminator(self, spec: Any) -> SequenceDiscriminator:
        return SequenceDiscriminator(
            len(spec.vocabulary), spec.shape[0], widths=(2, 3, 4, 5), maps=self.maps,
            representations=self.representations,
        )  # fmt: skip

    # --- the game ----------------------------------------------------------------------------------------------------
    @property
    def beta(self) -> float:
        """β: from 1 when the play begins to `sharpness` at its end."""
        return self.sharpness ** max(0.0, (self.progress - self.pretraining) / max(1e-9, 1 - self.pretraining))

    def fake(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """As many sequences as the batch has, ids (n, L) and soft (n, L, k + 1)."""
        noise = gumbel(*batch.real.shape, self.generator.symbols + 1, device=self.device)
        return self.generator.draw_soft(noise, self.beta)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            _, fake = self.fake(batch)
        on_real, on_fake = self.discriminator.each(batch.real), self.discriminator.each(fake)
        observe_scores(on_real.mean(1), on_fake.mean(1))
        return {"adversarial": F.softplus(on_fake - on_real).mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        _, fake = self.fake(batch)
        observe("soft/greatest", lambda: fake.amax(2).mean())
        with torch.no_grad():
            on_real = self.discriminator.each(batch.real)
        return {"adversarial": F.softplus(on_real - self.discriminator.each(fake)).mean()}

    logs: ClassVar[dict[str, Metric]] = {
        "soft/greatest": Metric(
            "mean of the greatest share in the soft choice of a symbol",
            "rising to 1 as β grows",
            "below 0.5 in the end: D is shown blurred sequences; raise --sharpness",
        ),
    }
