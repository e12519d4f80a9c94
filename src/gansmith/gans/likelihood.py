"""What GANs share whose generator first learns by likelihood, watched on items that it does not learn from."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import ClassVar

import torch
from torch import Tensor, nn

from gansmith.data.dataset import Batch
from gansmith.distributed.collectives import all_gather
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.r3gan import R3GAN
from gansmith.training.metrics import Metric

LEAD = 0.2  # of the second part of training, in which D plays alone
LOOK, PATIENCE, FEWER = 50, 4, 0.3  # moves between looks, looks without a better one, and what the step size becomes


class LikelihoodFirst(R3GAN):
    """R3GAN's game after a likelihood: G learns alone, D then learns to tell G's items from real ones, and for the rest
    both play, beside the likelihood. When the likelihood of watched items has not grown for 200 moves, G goes back to
    where it was best and takes smaller steps, so that little data is not learned by heart.

    A child gives `learned_from(batch)`, what of a batch is learned from, which puts aside what is `watched`;
    `likelihood` of that, log (n,); `seen` of that, a batch as D sees it; and `fake`.
    """

    training_only: ClassVar[tuple[str, ...]] = ("watched",)
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("r1", "r2", "decay", "packing", "minibatch", "spectral_norm", "lecam", "augment", "instance_noise"),
        *("conditional", "body", "blocks", "prior", "simultaneous", "latent", "learning_rate_end", "beta2"),
        *("discriminator_steps", "mirror", "ada_target"),
    )
    simultaneous, body, learning_rate_end = True, "perceptron", 0.0

    dropout: float = setting(0.1, "share of G's units dropped", minimum=0.0, maximum=1.0)
    game_share: float = setting(0.3, "share of the training in which D plays", minimum=0.0, maximum=0.9)
    adversarial: float = setting(5.0, "weight of G's adversarial loss beside the likelihood", minimum=0.0)
    gamma: float = setting(0.02, "weight of R1 and R2 at the start", minimum=0.0)
    gamma_end: float = setting(0.02, "… at the end", minimum=0.0)
    learning_rate: float = setting(2e-3, "Adam's learning rate at the start", minimum=0.0)
    game_learning_rate: float = setting(3e-4, "G's at the start of the game", minimum=0.0)
    discriminator_learning_rate: float = setting(3e-3, "D's at the start of the game", minimum=0.0)
    weight_decay: float = setting(1e-3, "of G", minimum=0.0)
    beta1: float = setting(0.9, "Adam's memory of G's gradient; D's has none", minimum=0.0, maximum=1.0)
    average_half_life: int = setting(30_000, "samples after which a weight counts half in the average", minimum=0)

    # --- to be given -------------------------------------------------------------------------------------------------
    def learned_from(self, batch: Batch) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def likelihood(self, *learned: Tensor) -> Tensor:
        raise NotImplementedError

    def seen(self, *learned: Tensor) -> Batch:
        raise NotImplementedError

    # --- the game ----------------------------------------------------------------------------------------------------
    def stages(self) -> list[Stage]:
        alone = Stage("likelihood", [Turn("generator", self.likelihood_loss)], 1 - self.game_share)
        lead = Stage("lead", [Turn("discriminator", self.discriminator_loss)], self.game_share * LEAD, self.begin_game)
        game = Stage("game", self.turns(), self.game_share * (1 - LEAD))
        return [alone, lead, game] if self.game_share else [alone]

    def begin_game(self) -> None:
        self.watched.go_back(self.generator)

    def likelihood_loss(self, batch: Batch) -> dict[str, Tensor]:
        observe("likelihood/watched", self.watched.last)
        return {"likelihood": -self.likelihood(*self.learned_from(batch)).mean()}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        seen = self.seen(*self.learned_from(batch))
        with torch.no_grad():
            fake = self.fake(seen)
        return self.terms_and_gradients(seen, fake)[0]

    def both_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        rows = self.learned_from(batch)
        terms = super().both_losses(self.seen(*rows))
        mine = terms["generator"]
        mine["adversarial"] = self.adversarial * mine["adversarial"]
        mine["likelihood"] = -self.likelihood(*rows).mean()
        return terms

    def moved(self, player: str) -> None:
        if player == "generator" and self.progress < 1 - self.game_share:
            self.watched.moved(self.generator, self.likelihood)

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        mine = player == "generator"
        how = {"betas": (self.beta1, 0.999), "weight_decay": self.weight_decay} if mine else {"betas": (0.0, 0.99)}
        fused = parameters[0].device.type != "mps"
        rate = self.learning_rate if mine else self.discriminator_learning_rate
        adam = torch.optim.AdamW(parameters, lr=rate, fused=fused, **{"weight_decay": 0.0} | how)
        return self.wrap_optimizer(adam, player)

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        """Half a cosine in each stage."""
        alone, mine = 1 - self.game_share, player == "generator"
        if mine and self.progress < alone:
            rate, part = self.learning_rate, self.progress / alone
        else:
            rate = self.game_learning_rate if mine else self.discriminator_learning_rate
            begin = alone + self.game_share * LEAD * mine
            part = max(0.0, self.progress - begin) / max(1 - begin, 1e-9)
        rate *= float(self.watched.rate) if mine else 1.0
        optimizer.param_groups[0]["lr"] = rate * (0.02 + 0.98 * (1 + cos(pi * part)) / 2)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/likelihood": Metric(
            "minus the mean log likelihood of an item, in nats",
            "falling, then steady",
            "rising: the step is too large; lower --learning-rate",
        ),
        "likelihood/watched": Metric(
            "the same of items that are not learned from",
            "falling with generator/likelihood",
            "rising: the data is learned by heart, and the best state so far is taken up again; more --dropout",
        ),
    }


class Watched(nn.Module):
    """Items that are not learned from, as whole numbers `parts` and as `places`, the weights with which they were
    likeliest, and the step size that is left."""

    parts: Tensor
    places: Tensor
    count: Tensor
    moves: Tensor
    stale: Tensor
    best: Tensor
    rate: Tensor
    last: Tensor
    weights: Tensor

    def __init__(self, generator: nn.Module, columns: int, numbers: int, most: int = 1000):
        super().__init__()
        size = sum(p.numel() for p in generator.parameters())
        for name in ("count", "moves", "stale"):
            self.register_buffer(name, torch.tensor(0))
        self.register_buffer("parts", torch.zeros(most, columns, dtype=torch.int64))
        self.register_buffer("places", torch.zeros(most, numbers))
        self.register_buffer("best", torch.tensor(torch.inf))
        self.register_buffer("last", torch.tensor(0.0))
        self.register_buffer("rate", torch.tensor(1.0))
        self.register_buffer("weights", torch.zeros(size))

    @torch.no_grad()
    def keep(self, parts: Tensor, places: Tensor, aside: Tensor) -> None:
        """Put the items that are `aside` (n,) to those that are watched, until there are enough."""
        count = int(self.count)
        if count >= len(self.parts):
            return
        parts, places, aside = (all_gather(x) for x in (parts, places, aside))
        rows = torch.nonzero(aside)[: len(self.parts) - count, 0]
        self.parts[count : count + len(rows)] = parts[rows]
        self.places[count : count + len(rows)] = places[rows]
        self.count += len(rows)

    @torch.no_grad()
    def moved(self, generator: nn.Module, likelihood: Callable[[Tensor, Tensor], Tensor]) -> None:
        """Called after each move of G: look, from time to time; go back where nothing got better for long."""
        self.moves += 1
        count = int(self.count)
        if int(self.moves) % LOOK or count < 20:
            return
        mode = generator.training
        generator.eval()
        value = -likelihood(self.parts[:count], self.places[:count]).mean()
        generator.train(mode)
        self.last.copy_(value)
        if value < self.best - 1e-3 or count < len(self.parts) and not self.stale and self.best.isinf():
            self.best.copy_(value)
            self.weights.copy_(nn.utils.parameters_to_vector(generator.parameters()))
            self.stale.zero_()
            return
        self.stale += 1
        if int(self.stale) >= PATIENCE:
            self.go_back(generator)
            self.stale.zero_()
            self.rate *= FEWER

    @torch.no_grad()
    def go_back(self, generator: nn.Module) -> None:
        """Give G the weights with which the watched rows were likeliest."""
        if self.best.isinf():
            return
        start = 0
        for p in generator.parameters():
            p.copy_(self.weights[start : start + p.numel()].view_as(p))
            start += p.numel()
