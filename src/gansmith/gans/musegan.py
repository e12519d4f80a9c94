"""MuseGAN: phrases of several tracks that listen to each other; with BinaryMuseGAN's refiner."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith import penalties
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.music.given import read_part
from gansmith.data.kinds.music.rolls import moved
from gansmith.data.labels import evenly
from gansmith.errors import DataError, SettingError, UserError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.base import TwoPlayer, new_rng, observe_scores
from gansmith.gans.paper import Paper
from gansmith.gans.wgan import WGAN
from gansmith.networks.phrases import BarMaker, Encoder, PhraseCritic, Refiner, Temporal, binary
from gansmith.training.metrics import Metric

MODES = ("jamming", "composer", "hybrid")
KEPT, TOLD = 64, 16  # phrases of a given track that a model keeps; maps of what its encoder tells


class MuseGAN(TwoPlayer):
    """M tracks of one phrase, by WGAN-GP: L_D = E D(G) − E D(x) + λ E(‖∇D(x̂)‖ − 1)², L_G = −E D(G)   (section 3.1), and
    three ways to make music together (section 3.2, figure 2):
    - jamming: M generators, each with noise z_i of its own, and M critics that each hear one track alone;
    - composer: one z for all tracks and one critic of all;
    - hybrid: M generators with a shared z and a z_i of their own, one critic.
    Bars (section 3.3): shared are z itself, the same in every bar, and z_t, of which a temporal network makes one
    latent for each bar; each track has both of its own, z_i and z_i,t, with a temporal network of its own:
    bar t of track i = G_i(z, Gtemp(z_t)(t), z_i, Gtemp_i(z_i,t)(t)). With `given`, that track is not made: an encoder E
    tells the layers of every G_i what it plays, bar by bar, and the critic hears it beside (accompaniment).
    Binary neurons (Dong & Yang 2018): G is trained first; then, for the last `refining` of the rounds, a refiner R of
    each track, whose last layer is one of binary neurons, is trained against the critic while G stays as it is.

    Networks: those of the released code in small (time first, then pitch; octaves of 12), of any number of tracks,
    bars, steps and pitches. Unlike there, tracks have temporal networks of their own, as the paper says (`temporal`;
    shared there), and jamming has M critics (`critics`; one of all tracks there); the encoder of a given track is used;
    each move of a critic draws new noise. Deviations: 5 critic moves from the beginning (released: 100 in the first 25
    rounds), and one for each of R's; R is trained after G alone (two-stage training, the better one there); an average
    of G is kept and sampled. Where a track is given, 64 phrases of it stay in the model, for samples that nobody gives
    one. Proof: proofs/musegan.py.
    """

    name = "musegan"
    paper = Paper(
        "MuseGAN: Multi-track Sequential Generative Adversarial Networks for Symbolic Music Generation and "
        "Accompaniment",
        "Dong, Hsiao, Yang, Yang",
        "AAAI",
        2018,
        "https://arxiv.org/abs/1709.06298",
        code="https://github.com/salu133445/musegan",
    )
    summary = "phrases of several tracks that listen to each other"
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks know tracks and bars
    score_kind: ClassVar[str] = "raw"
    unsupported_settings: ClassVar[tuple[str, ...]] = ("latent", "conditional", "prior")
    unreached: ClassVar[dict[str, str]] = {
        "discriminator.*score.bias": "the loss is of differences of scores, which no constant changes",
    }

    mode: str = setting("hybrid", "who shares what: see above", choices=MODES)
    temporal: str = setting(
        "own", "network of a track's noise in time: its own, or one shared by all tracks, as released",
        choices=("own", "shared"),
    )  # fmt: skip
    critics: str = setting(
        "own", "of jamming: each track's own, or one joint critic of all, as released", choices=("own", "joint")
    )
    noise: int = setting(32, "numbers of each of the kinds of noise", minimum=1)
    width: int = setting(32, "channels of the finest layer; the coarsest has four times as many", minimum=1)
    given: str | None = setting(None, "name of a track that is given, to be accompanied; None: all are made")
    neurons: str = setting(
        "deterministic", "how samples become binary; none: above 0", choices=("none", "deterministic", "stochastic")
    )
    refining: float = setting(0.2, "share of the rounds that train the refiner", minimum=0.0, maximum=0.9)
    slope: float = setting(2.0, "of the sigmoid that stands for a binary neuron backwards, at the end", minimum=0.1)
    penalty: float = setting(10.0, "λ, weight of the gradient penalty", minimum=0.0)
    discriminator_steps: int = setting(5, "moves of the critic for each of the generator", minimum=1)
    learning_rate: float = setting(5e-4, "Adam's learning rate", minimum=0.0)
    beta2: float = setting(0.9, "Adam's memory of its square", minimum=0.0, maximum=1.0)

    def read(self, data, **options) -> Dataset:
        found = super().read(data, **options)
        if not hasattr(found.spec, "bar"):
            raise DataError(f"MuseGAN makes music and {found.name} holds {found.spec.noun}: give MIDI files")
        if self.accompanied in names_of(found.spec):
            rows = evenly(len(found), min(KEPT, len(found)))
            self.examples = found.raw(rows)[:, names_of(found.spec).index(str(self.accompanied))]
        return found

    @property
    def accompanied(self) -> str | None:
        """The given track, in small letters, as tracks of files are called."""
        return None if self.given is None else self.given.strip().lower()

    def build(self, spec: Any) -> None:
        if not hasattr(spec, "bar"):
            raise DataError(f"MuseGAN makes music and the data is {spec.noun}: use {spec.default_game}")
        names = names_of(spec)
        if self.given is not None and (self.accompanied not in names or len(names) < 2):
            there = ", ".join(names)
            raise SettingError(
                f"given={self.given}: name a track of the data ({there}), of which another is left to make"
            )
        self.heard = names.index(str(self.accompanied)) if self.given is not None else None
        made = len(names) - (self.heard is not None)
        sizes = {"noise": self.noise, "width": self.width, "temporals": 1 if self.temporal == "shared" else made}
        self.generator = Players(spec, self.mode, heard=self.heard, examples=getattr(self, "examples", None), **sizes)
        self.latent = self.generator.latent
        shape = (spec.bars, spec.bar, spec.shape[2])
        apart = self.mode == "jamming" and self.critics == "own"
        if apart:
            ears = 1 if self.heard is None else 2
            critics = [PhraseCritic(ears, *shape, max(4, self.width // 2)) for _ in range(made)]
        else:
            critics = [PhraseCritic(len(names), *shape, self.width)]
        self.discriminator = Critics(critics, self.generator.bars, self.heard, apart)
        self.refiners = nn.ModuleList(Refiner(self.width // 4 or 1) for _ in range(made)) if self.refines else None

    @property
    def refines(self) -> bool:
        return self.neurons != "none" and self.refining > 0

    def players(self) -> dict[str, list[nn.Module]]:
        found: dict[str, list[nn.Module]] = {"discriminator": [self.discriminator], "generator": [self.generator]}
        return found | ({"refiner": [self.refiners]} if self.refines else {})

    def stages(self) -> list[Stage]:
        first = Stage("play", self.turns(), share=1 - self.refining if self.refines else 1.0)
        if not self.refines:
            return [first]
        turns = [
            Turn("discriminator", self.refined_discriminator_loss),
            Turn("refiner", self.refiner_loss),
        ]
        return [first, Stage("refine", turns, share=self.refining)]

    # --- the game ----------------------------------------------------------------------------------------------------
    def fake(self, batch: Batch) -> Tensor:
        told = None if self.heard is None else batch.real[:, self.heard]
        return self.generator(self.latents(len(batch)), told=told)

    def critic_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        on_real, on_fake = self.discriminator(torch.cat([real, fake])).chunk(2)
        observe_scores(on_real, on_fake)
        observe("discriminator/distance", lambda: on_real.mean() - on_fake.mean())
        penalty = sum(
            penalties.gradient_penalty(lambda x, i=i: self.discriminator.one(i, x), real, fake)
            for i in range(len(self.discriminator.critics))
        )
        return {"adversarial": on_fake.mean() - on_real.mean(), "penalty": self.penalty * penalty}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.fake(batch)
        return self.critic_loss(batch.real, fake)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.discriminator(self.fake(batch)).mean()}

    def refined_discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.refined(self.fake(batch))
        return self.critic_loss(batch.real, fake)

    def refiner_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.fake(batch)
        return {"adversarial": -self.discriminator(self.refined(fake)).mean()}

    def refined(self, x: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Phrases as −1 and 1, by each track's refiner; a given track as it is."""
        made = [i for i in range(x.shape[1]) if i != self.heard]
        parts = list(x.split(1, 1))
        for i, refiner in zip(made, self.refiners):
            logits = refiner(parts[i]) * 2
            threshold: Tensor | float = 0.5
            if self.neurons == "stochastic":
                device = x.device if rng is None else "cpu"
                threshold = torch.rand(logits.shape, device=device, generator=rng).to(x.device)
            slope = 1 + (self.slope - 1) * min(1.0, max(0.0, (self.progress - 1 + self.refining) / self.refining))
            parts[i] = binary(logits, threshold, slope)
        return torch.cat(parts, 1)

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(self, n: int, *, seed: int | None = None, given=None, batch_size: int = 250, label=None) -> np.ndarray:
        """`n` new phrases bool (n, tracks, steps, pitches), the same for the same seed.

        given  where a track is given (setting `given`): a MIDI file, as long as it is; or rolls bool (steps, pitches)
               or (n, steps, pitches). None: phrases of the data, of which the model keeps some. A model of tunes that
               were moved to one key plays there to a file, and moves what it makes back
        """
        self.check_is_fitted()
        self.labels(n, label, None)
        form: Any = self.spec
        if given is not None and self.heard is None:
            raise UserError("this model makes all tracks: train it with --given TRACK to accompany one")
        told, by = self.given_rolls(given, n) if self.heard is not None else (None, 0)
        phrases = 1 if told is None else told.shape[1] // form.shape[1]
        rng, made = new_rng(seed), []
        with self.at_rest():
            for rows in torch.arange(n).split(batch_size):
                parts = []
                for p in range(phrases):
                    part = None if told is None else told[rows].unflatten(1, (phrases, -1))[:, p].to(self.device)
                    x = self.generator(self.latents(len(rows), rng), told=part)
                    parts.append(form.to_data(self.refined(x, rng) if self.refines else x))
                made.append(np.concatenate(parts, 2))
        return moved(np.concatenate(made), form, -by) if made else np.empty((0, *form.shape), form.dtype)

    def given_rolls(self, given, n: int) -> tuple[Tensor, int]:
        """(what is given as network units (n, whole phrases of steps, pitches); semitones it was moved by)."""
        form: Any = self.spec
        if given is None:
            return self.generator.example(n), 0
        found = (
            (np.asarray(given, bool), 0) if hasattr(given, "shape") else read_part(given, form, str(self.accompanied))
        )
        roll, by = found
        if roll.ndim not in (2, 3) or roll.shape[-1] != form.shape[2] or (roll.ndim == 3 and len(roll) != n):
            raise UserError(f"given= has shape {roll.shape}: give (steps, {form.shape[2]}), or {n} of them")
        roll = np.broadcast_to(roll, (n, *roll.shape[-2:]))
        lack = -roll.shape[1] % form.shape[1]
        return form.to_network(torch.from_numpy(np.pad(roll, ((0, 0), (0, lack), (0, 0))))), by

    logs: ClassVar[dict[str, Metric]] = {
        **WGAN.logs,
        "*/penalty": Metric(
            "λ · E(‖∇D‖ − 1)² between reals and fakes, the sum over critics",
            "0.05 … 1 a critic after the first rounds",
            "above 5 for long: the slope is not held; raise --penalty or lower --learning-rate",
        ),
    }


def names_of(spec: Any) -> list[str]:
    """Of the tracks, in small letters."""
    return [name.lower() for name in spec.tracks]


class Players(nn.Module):
    """Noise (n, latent) to phrases (n, tracks, bars · steps, pitches), −1 … 1, of every track but a given one.

    Of `noise` numbers each: what all share, over the whole phrase and in time; what is a track's own, likewise. Jamming
    shares none, composer has none of a track's own. `temporals` networks make latents of what is tracks' own in time.
    """

    def __init__(self, spec: Any, mode: str, noise: int, width: int, temporals: int, heard: int | None, examples=None):
        super().__init__()
        tracks = len(spec.tracks)
        self.bars, self.steps, self.heard, self.noise = spec.bars, spec.bar, heard, noise
        made = tracks - (heard is not None)
        self.shared, self.own = mode != "jamming", mode != "composer"
        self.latent = noise * 2 * (self.shared + self.own * made)
        self.together = Temporal(noise, self.bars, 2 * width) if self.shared else None
        self.alone = nn.ModuleList(Temporal(noise, self.bars, 2 * width) for _ in range(temporals if self.own else 0))
        told = TOLD if heard is not None else 0
        inside, each = noise * 2 * (self.shared + self.own), (1,) * made if self.own else (made,)
        self.makers = nn.ModuleList(BarMaker(inside, m, spec.bar, spec.shape[2], width, told) for m in each)
        if heard is not None:
            self.encoder = Encoder(spec.bar, spec.shape[2], TOLD)
            kept = (
                np.zeros((KEPT, *spec.shape[1:]), bool)
                if examples is None
                else np.resize(examples, (KEPT, *spec.shape[1:]))
            )
            self.register_buffer("examples", torch.from_numpy(kept).float() * 2 - 1)

    def example(self, n: int) -> Tensor:
        """(n, steps, pitches) of a given track, over and over."""
        return self.examples[torch.arange(n, device=self.examples.device) % KEPT]

    def forward(self, z: Tensor, label: Tensor | None = None, told: Tensor | None = None) -> Tensor:
        parts = z.split(self.noise, 1)
        over = lambda z: z[:, None].expand(-1, self.bars, -1)  # noqa: E731
        shared = [over(parts[0]), self.together(parts[1])] if self.together is not None else []
        own, maps = parts[2:] if self.shared else parts, None
        if self.heard is not None:
            told = self.example(len(z)) if told is None else told
            maps = self.encoder(told.unflatten(1, (self.bars, self.steps)).flatten(0, 1))
        tracks = []
        for i, maker in enumerate(self.makers):
            mine = [over(own[2 * i]), self.alone[i % len(self.alone)](own[2 * i + 1])] if self.own else []
            bars = maker(torch.cat([*shared, *mine], 2).flatten(0, 1), maps)
            tracks += bars.unflatten(0, (len(z), self.bars)).transpose(1, 2).flatten(2, 3).unbind(1)
        if self.heard is not None:
            tracks.insert(self.heard, told)
        return torch.stack(tracks, 1).float()


class Critics(nn.Module):
    """One critic of all tracks, or one for each, which hears it alone (and beside it a given one): scores (n,), their
    sum."""

    def __init__(self, critics: list[PhraseCritic], bars: int, heard: int | None, apart: bool):
        super().__init__()
        self.critics, self.bars, self.heard, self.apart = nn.ModuleList(critics), bars, heard, apart

    def one(self, i: int, x: Tensor) -> Tensor:
        if self.apart:
            track = [k for k in range(x.shape[1]) if k != self.heard][i]
            x = x[:, [track] if self.heard is None else [track, self.heard]]
        return self.critics[i](x.unflatten(2, (self.bars, -1)))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return torch.stack([self.one(i, x) for i in range(len(self.critics))]).sum(0)
