"""MidiNet: a melody bar after bar, from noise, the chord and the bar before."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.music.given import key_move, moved_chords, read_part
from gansmith.data.kinds.music.keys import read_chords
from gansmith.data.kinds.music.lead import NONE, chords_of, lead_sheet, triads
from gansmith.data.kinds.music.rolls import moved
from gansmith.errors import DataError, UserError
from gansmith.game import Turn, setting
from gansmith.gans.base import TwoPlayer, new_rng, observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.bars import BarDiscriminator, BarGenerator, chord_code
from gansmith.training.metrics import Metric

MOST_BARS = 1024  # of a sample


class MidiNet(TwoPlayer):
    """A CNN G makes a bar of melody, pitches × steps, from noise z and its chord y; a conditioner CNN shows G's layers
    the bar before, each at its own size, so that one bar follows from another and a tune may go on for ever. D sees a
    bar and its chord, never the bar before. Players move in turn:
    L_D = BCE(D(x), 0.9) + BCE(D(G), 0),
    L_G = BCE(D(G), 1) + λ₁/2 ‖E x − E G‖² + λ₂/2 ‖E f(x) − E f(G)‖²   (section 3.3; f: D's first layer),
    E the mean over a batch. y is 13 numbers: the root, and whether it is minor. The bar before the first is silent. In
    samples each step has its most likely pitch, and none where that is less likely than `rest`: the paper's has one
    always, and cannot be silent.

    Played on lead sheets: of data with more tracks the highest voice of its melody is taken and, as a second track, the
    triad of each bar, found from what sounds beside the melody. Chords of samples follow each other as in the data
    unless `chords=` gives them; `melody=` is what they go on from.
    Deviations: G moves twice for each move of D, as in the released code, which says that the paper differs there
    (`generator_steps=1`), and the weights λ are that code's; pitches are those of the data, not 128, and bars of any
    metre; an average of G is kept and sampled. Of the released PyTorch port none of its bugs: batch norm is trained,
    and what is sampled is what was trained. Proof: proofs/midinet.py.
    """

    name = "midinet"
    paper = Paper(
        "MidiNet: A Convolutional Generative Adversarial Network for Symbolic-domain Music Generation",
        "Yang, Chou, Yang",
        "ISMIR",
        2017,
        "https://arxiv.org/abs/1703.10847",
        code="https://github.com/RichardYang40148/MidiNet",
    )
    summary = "melodies bar after bar, over chords"
    batch_size: ClassVar[int] = 72
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks are told chords and bars
    unsupported_settings: ClassVar[tuple[str, ...]] = ("latent", "conditional", "discriminator_steps", "prior")

    noise: int = setting(100, "numbers of noise of a bar", minimum=1)
    width: int = setting(128, "maps of a layer of G", minimum=1)
    hidden: int = setting(1024, "units of the dense layers of G and D", minimum=1)
    maps: int = setting(14, "maps of D's first layer", minimum=1)
    smoothing: float = setting(0.9, "how real D should call reals: one-sided label smoothing", minimum=0.5, maximum=1.0)
    match_items: float = setting(0.01, "λ₁, weight of the distance of mean bars", minimum=0.0)
    match_features: float = setting(0.1, "λ₂, weight of the distance of mean features", minimum=0.0)
    generator_steps: int = setting(2, "moves of G for each of D; 2 as released, 1 as in the paper", minimum=1)
    rest: float = setting(0.1, "a step whose likeliest pitch is less likely is silent", minimum=0.0, maximum=1.0)

    # --- data --------------------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        found = super().read(data, **options)
        if not hasattr(found.spec, "bar"):
            raise DataError(f"MidiNet makes melodies and {found.name} holds {found.spec.noun}: give MIDI files")
        found = lead_sheet(found)
        self.chord_law = law_of(chords_of(found.fields["real"], found.spec))
        return found

    def build(self, spec: Any) -> None:
        if tuple(getattr(spec, "tracks", ())) != ("melody", "chords"):
            raise DataError(f"MidiNet makes melodies over chords and the data is {spec.noun}: use {spec.default_game}")
        law = getattr(self, "chord_law", None)
        self.generator = Tunes(spec, self.noise, self.width, self.hidden, self.rest, law)
        self.discriminator = BarDiscriminator(spec.shape[2], spec.bar, self.hidden, self.maps)
        self.latent = self.generator.latent

    # --- the game ----------------------------------------------------------------------------------------------------
    def turns(self) -> list[Turn]:
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, times=self.generator_steps, fresh=False),
        ]

    def one_bar(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """(a bar of each phrase, drawn once a batch, its chord, the bar before it)."""
        if "bar" not in batch.memo:
            bars, chords = self.generator.bars(batch.real)
            at = torch.randint(bars.shape[1], (len(bars),), device=bars.device)
            rows = torch.arange(len(bars), device=bars.device)
            before = torch.where((at > 0)[:, None, None], bars[rows, at - 1], 0.0)
            batch.memo["bar"] = bars[rows, at], chord_code(chords[rows, at]), before
        return batch.memo["bar"]

    def made(self, chord: Tensor, before: Tensor) -> Tensor:
        z = torch.randn(len(chord), self.noise, device=chord.device)
        return self.generator.bar(z, chord, before)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        bar, chord, before = self.one_bar(batch)
        with torch.no_grad():
            fake = self.made(chord, before)
        on_real, on_fake = self.discriminator(bar, chord)[0], self.discriminator(fake, chord)[0]
        observe_scores(on_real, on_fake)
        real = F.binary_cross_entropy_with_logits(on_real, torch.full_like(on_real, self.smoothing))
        return {"adversarial": real + F.softplus(on_fake).mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        bar, chord, before = self.one_bar(batch)
        fake = self.made(chord, before)
        on_fake, seen = self.discriminator(fake, chord)
        wanted = self.discriminator(bar, chord)[1]
        apart = lambda one, two: (one.mean(0) - two.mean(0)).square().sum() / 2  # noqa: E731
        return {
            "adversarial": F.softplus(-on_fake).mean(),
            "items": self.match_items * apart(bar, fake),
            "features": self.match_features * apart(wanted.detach(), seen),
        }

    # --- use ---------------------------------------------------------------------------------------------------------
    def sample(
        self, n: int, *, seed: int | None = None, chords=None, melody=None, bars: int | None = None,
        batch_size: int = 250, label=None,
    ) -> np.ndarray:  # fmt: skip
        """`n` new phrases bool (n, 2, steps, pitches), melody and chords, the same for the same seed.

        chords  of the bars, "C Am F G" or numbers of `keys.CHORDS`, over and over; None: as they follow in the data
        melody  a MIDI file that they go on from, or a roll bool (steps, pitches); it stands before what is new
        bars    how many new ones; None: as in the data, or one for each of `chords`

        A model of tunes that were moved to one key plays there to what it is given, and moves what it makes back.
        """
        self.check_is_fitted()
        self.labels(n, label, None)
        form: Any = self.spec
        asked = read_chords(chords) if isinstance(chords, str) else chords
        count = bars or (len(asked) if asked is not None else form.bars)
        if not 1 <= count <= MOST_BARS:
            raise UserError(f"{count} bars: give 1 to {MOST_BARS}")
        if asked is not None and (not len(asked) or not all(0 <= chord <= NONE for chord in asked)):
            raise UserError(f"chords={chords!r}: give such as 'C Am F G'")
        (start, by), rng = self.start(melody), new_rng(seed)
        if asked is not None:
            by = key_move(asked) if melody is None and form.move == "key" else by
            asked = moved_chords(asked, by)
        z = torch.randn(n, count * (self.noise + 1), generator=rng)
        given = None if asked is None else torch.tensor([asked[i % len(asked)] for i in range(count)])
        parts = []
        with self.at_rest():
            for part in z.split(batch_size):
                first = None if start is None else start.expand(len(part), -1, -1, -1).to(self.device)
                told = None if given is None else given.expand(len(part), -1).to(self.device)
                parts.append(form.to_data(self.generator.tune(part.to(self.device), told, first)))
        if not parts:
            return np.empty((0, 2, count * form.bar, form.shape[2]), form.dtype)
        return moved(np.concatenate(parts), form, -by)

    def start(self, melody) -> tuple[Tensor | None, int]:
        """(what a tune goes on from, network units (1, 2, steps, pitches); semitones it was moved by)."""
        if melody is None:
            return None, 0
        form: Any = self.spec
        given = (np.asarray(melody, bool), 0) if hasattr(melody, "shape") else read_part(melody, form, "melody")
        roll, by = given
        if roll.ndim != 2 or roll.shape[1] != form.shape[2] or not len(roll) or len(roll) % form.bar:
            raise UserError(
                f"melody= has shape {roll.shape}: give whole bars of {form.bar} steps × {form.shape[2]} pitches"
            )
        silent = np.zeros_like(roll)
        sheet = lead_sheet(Dataset(form, {"real": np.stack([roll, silent])[None]})).fields["real"]
        return form.to_network(torch.from_numpy(sheet)), by

    def score_samples(self, x, label=None, *, batch_size: int = 250) -> np.ndarray:
        """D's raw scores (n,) of phrases, the mean of their bars; float32."""

        def judge(x, label):
            bars, chords = self.generator.bars(x)
            return self.discriminator(bars.flatten(0, 1), chord_code(chords.flatten()))[0].view(len(x), -1).mean(1)

        return self.apply_in_batches(judge, x, batch_size=batch_size)

    logs: ClassVar[dict[str, Metric]] = {
        "generator/items": Metric(
            "λ₁/2 ‖E x − E G‖²: how far the mean bar is from the data's",
            "falling to below 0.05",
            "rising: pitches or lengths are lost; raise --match-items",
        ),
        "generator/features": Metric(
            "λ₂/2 ‖E f(x) − E f(G)‖²: the same of the maps of D's first layer",
            "below 1 and falling",
            "rising: raise --match-features",
        ),
    }


class Tunes(nn.Module):
    """Noise (n, bars · (noise + 1)) to phrases (n, 2, steps, pitches) in network units, bar after bar; of each bar's
    noise the last number draws its chord.

    law  (shares of chords of first bars (25,), of each after each (25, 25)); None: to be loaded
    """

    def __init__(self, spec: Any, noise: int, width: int, hidden: int, rest: float, law=None):
        super().__init__()
        self.steps, self.noise, self.latent, self.rest = spec.bar, noise, spec.bars * (noise + 1), rest
        self.network = BarGenerator(noise, spec.shape[2], spec.bar, width, hidden)
        begins, follows = law if law is not None else (np.ones(NONE + 1), np.ones((NONE + 1, NONE + 1)))
        self.register_buffer("begins", torch.as_tensor(begins, dtype=torch.float32))
        self.register_buffer("follows", torch.as_tensor(follows, dtype=torch.float32))
        self.register_buffer("triads", torch.from_numpy(triads(spec)).float())

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.tune(z)

    def bar(self, z: Tensor, chord: Tensor, before: Tensor) -> Tensor:
        """A bar (n, pitches, steps), 0 … 1, from noise, chord (n, 13) and the bar before."""
        return self.network(z, chord, before)

    def bars(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Phrases in network units as (melodies (n, bars, pitches, steps), 0 … 1; chords (n, bars), 0 … 24)."""
        melody, chords = ((x + 1) / 2).unflatten(2, (-1, self.steps)).unbind(1)
        told = chords[:, :, 0] @ self.triads.T
        found = torch.where(told.amax(2) > 2.5, told.argmax(2), NONE)
        return melody.transpose(2, 3), found

    def tune(self, z: Tensor, chords: Tensor | None = None, start: Tensor | None = None) -> Tensor:
        """A phrase for each row of noise, of the given `chords` (n, bars), after the phrases `start` (n, 2, …)."""
        z = z.unflatten(1, (-1, self.noise + 1))
        before, melody, last = torch.zeros(len(z), self.triads.shape[1], self.steps, device=z.device), [], None
        if start is not None:
            told, heard = self.bars(start)
            before, last = told[:, -1], heard[:, -1]
        made = []
        for t in range(z.shape[1]):
            last = chords[:, t] if chords is not None else self.next_chord(z[:, t, -1], last)
            soft = self.bar(z[:, t, :-1], chord_code(last), before)
            before = soft + (one_voice(soft, self.rest) - soft).detach()
            melody.append(before.transpose(1, 2))
            made.append(last)
        held = self.triads[torch.stack(made, 1)].repeat_interleave(self.steps, 1)
        phrase = torch.stack([torch.cat(melody, 1), held], 1) * 2 - 1
        return phrase if start is None else torch.cat([start, phrase], 2)

    def next_chord(self, z: Tensor, last: Tensor | None) -> Tensor:
        """The chords (n,) that normal numbers (n,) draw, after `last`."""
        law = self.begins.expand(len(z), -1) if last is None else self.follows[last]
        reach = law.cumsum(1) / law.sum(1, keepdim=True)
        return (torch.special.ndtr(z)[:, None] > reach).sum(1).clamp(max=NONE)


def one_voice(bar: Tensor, rest: float) -> Tensor:
    """Bars (n, pitches, steps), 0 … 1, as 0 and 1: the likeliest pitch of each step, none where it is below `rest`."""
    return F.one_hot(bar.argmax(1), bar.shape[1]).transpose(1, 2) * (bar.amax(1, keepdim=True) >= rest)


def law_of(chords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(shares of chords (25,), of each after each (25, 25)) of phrases (n, bars)."""
    follows = np.zeros((NONE + 1, NONE + 1))
    np.add.at(follows, (chords[:, :-1].ravel(), chords[:, 1:].ravel()), 1)
    every = np.bincount(chords.ravel(), minlength=NONE + 1).astype(float)
    follows[follows.sum(1) == 0] = every
    return np.bincount(chords[:, 0], minlength=NONE + 1).astype(float), follows
