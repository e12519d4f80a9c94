"""SeqGAN: sequences by policy gradient: the discriminator's verdict is the reward of each symbol."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Batch
from gansmith.distributed.collectives import all_gather
from gansmith.game import observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.language_model import AfterLikelihood
from gansmith.gans.paper import Paper
from gansmith.networks.sequence import SequenceDiscriminator
from gansmith.training.metrics import Metric


class SeqGAN(AfterLikelihood):
    """Symbols have no gradient, so G is a policy and D's verdict its reward (section 3). G maximises E D(y); of a
    sequence y drawn from G
    ∇ = Σ_t ∇ log G(y_t | y_1 … y_{t−1}) · Q_t,    Q_t = 1/N Σ D(y_1 … y_t and how a copy of G goes on), t < L,
    and Q_L = D(y): N roll-outs of each beginning say what it is worth (equations 4 and 6). The copy follows G with rate
    `follow` after each move. D minimises the cross-entropy of telling data from samples, with an L2 penalty on its last
    layer.
    First G learns by likelihood while D learns to tell; then they play, G once for `discriminator_steps` moves of D.

    Networks: an LSTM of 32 over vectors of 32; D convolutions of several widths with the maximum over time and a
    highway layer. `baseline` takes from each Q_t the mean of the others in the batch, which leaves the gradient's mean
    as it is and makes it far less noisy; the paper has none. Deviations: D sees fresh samples in each move (in the
    paper, a set of them for three epochs), and those of a young G, too; an average of G is kept and sampled; the
    gradient of a batch is a mean.
    Proof: proofs/seqgan.py.
    """

    name = "seqgan"
    paper = Paper(
        "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient",
        "Yu, Zhang, Wang, Yu",
        "AAAI",
        2017,
        "https://arxiv.org/abs/1609.05473",
        code="https://github.com/LantaoYu/SeqGAN",
    )
    summary = "sequences by policy gradient: the discriminator's verdict is each symbol's reward"
    training_only: ClassVar[tuple[str, ...]] = ("copied",)
    score_kind: ClassVar[str] = "logit"

    rollouts: int = setting(16, "N, roll-outs of each beginning", minimum=1)
    follow: float = setting(
        0.8, "how much of itself the copy that rolls out keeps at each move of G; 0: G itself", minimum=0.0, maximum=1.0
    )
    baseline: bool = setting(False, "take from each reward the mean of the others in the batch")
    width: int = setting(32, "units of the LSTM", minimum=1)
    embedding: int = setting(32, "numbers of a symbol's vector", minimum=1)
    dropout: float = setting(0.0, "share of the LSTM's inputs and outputs dropped", minimum=0.0, maximum=1.0)
    maps: int = setting(50, "maps of each of D's convolutions", minimum=1)
    penalty: float = setting(0.2, "weight of the L2 penalty on D's last layer", minimum=0.0)
    learning_rate: float = setting(1e-2, "Adam's learning rate while both play", minimum=0.0)
    pretraining_rate: float = setting(1e-2, "… and while G learns by likelihood", minimum=0.0)

    def make_discriminator(self, spec: Any) -> SequenceDiscriminator:
        return SequenceDiscriminator(len(spec.vocabulary), spec.shape[0], maps=self.maps)

    def build(self, spec: Any) -> None:
        super().build(spec)
        self.copied = self.make_generator(spec).requires_grad_(False)
        self.copied.load_state_dict(self.generator.state_dict())

    # --- the game ----------------------------------------------------------------------------------------------------
    def begin_play(self) -> None:
        self.copied.load_state_dict(self.generator.state_dict())

    def moved(self, player: str) -> None:
        if player == "generator":
            with torch.no_grad():
                for mine, theirs in zip(self.copied.parameters(), self.generator.parameters()):
                    mine.lerp_(theirs, 1 - self.follow)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        on_real, on_fake = self.discriminator(batch.real), self.discriminator(self.drawn(len(batch)))
        observe_scores(on_real, on_fake)
        size = sum(values.square().sum() / 2 for values in self.discriminator.score.parameters())
        return {
            "adversarial": (F.softplus(-on_real).mean() + F.softplus(on_fake).mean()) / 2,
            "penalty": self.penalty * size,
        }

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """A number whose gradient is the policy's: −Σ_t log G(y_t | …) · Q_t."""
        made = self.drawn(len(batch))
        reward = self.rewards(made)
        observe("reward/mean", reward[:, -1])
        if self.baseline:
            reward = reward - others_mean(reward)
        likely = self.generator.log_likelihoods(made)
        return {"policy": -(likely * reward).sum(1).mean()}

    def rewards(self, made: Tensor) -> Tensor:
        """Q (n, L) of each symbol of sequences ids (n, L)."""
        n, steps = made.shape
        with self.at_rest():
            last = torch.sigmoid(self.discriminator(made))
            total = made.new_zeros((steps - 1, n), dtype=torch.float32)
            for _ in range(self.rollouts if steps > 1 else 0):
                chance = torch.rand(n, steps - 1, steps, device=made.device).transpose(0, 1)
                ended = self.copied.roll_out(made, chance)
                total += torch.sigmoid(self.discriminator(ended.flatten(0, 1))).view(steps - 1, n)
            return torch.cat([total / self.rollouts, last[None]]).T

    logs: ClassVar[dict[str, Metric]] = {
        "generator/policy": Metric(
            "−Σ log G(y_t) · Q_t of samples: its gradient is the policy's, its value means little",
            "any",
            "look at reward/mean",
        ),
        "reward/mean": Metric(
            "D(y), the probability that a sample is real in D's eyes",
            "0.1 to 0.5",
            "near 0: D tells all samples at once and rewards nothing; fewer --discriminator-steps",
        ),
        "discriminator/penalty": Metric(
            "the L2 penalty on D's last layer, as weighted",
            "below 0.2",
            "rising on and on: D is sure of itself; fewer --discriminator-steps",
        ),
    }


def others_mean(reward: Tensor) -> Tensor:
    """(n, L): at each step the mean of all the batch's rewards but a sequence's own."""
    everyones = all_gather(reward)
    return (everyones.sum(0) - reward) / max(1, len(everyones) - 1)
