"""Conditional-GAN captions: a writer and an evaluator of what pictures show, by policy gradient."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gansmith.data import read
from gansmith.data.captions import numbered, to_ids
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import all_gather, local_rows, mean_over_ranks
from gansmith.errors import DataError, UserError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.base import new_rng
from gansmith.gans.paper import Paper
from gansmith.gans.translation import Translation
from gansmith.networks.sequence import SequenceGenerator
from gansmith.networks.text_encoder import Halvings, TextReader
from gansmith.training.metrics import Metric


class CaptionGAN(Translation):
    """G writes a caption S = w₁ … w_T of a picture I from noise z, word for word; E(I, S) = σ(⟨f(I), h(S)⟩) says how
    well a caption fits and whether a person may have written it (section 3.1). E learns from captions of people (S),
    of G (Ŝ) and of people to other pictures (S′):
    L_E = −E log E(I, S) − E log(1 − E(I, Ŝ)) − E log(1 − E(I, S′))   (eq. 2).
    Words are drawn, and nothing can be differentiated through them: G follows the policy gradient
    ∇L_G = −E Σ_t ∇ log π(w_t | I, z, w₁ … w_{t−1}) · V(I, w₁ … w_t)   (eq. 4),
    V the mean of E over `rollouts` captions that G completes from the words so far (section 3.3), and E itself once the
    caption is whole. Without a baseline, as in the paper; with `baseline` the mean of V over the batch is taken off at
    each place, which changes nothing on average and makes less noise.

    At first G imitates captions with z = 0, the most likely words (MLE), and E learns to judge it; then z is uniform in
    −1 … 1, and the game begins. Several captions of a picture come of several z.
    Deviations: both networks learn to see in this game, by strided convolutions, where the paper takes VGG's features
    of ImageNet; `rollouts` 4, not 64, on whole batches; no dropout; captions are drawn and ranked by E, where the paper
    ranks what beam search finds; no sentences in sequence (section 3.4). Proof: proofs/caption_gan.py.
    """

    name = "caption-gan"
    paper = Paper(
        "Towards Diverse and Natural Image Descriptions via a Conditional GAN",
        "Dai, Fidler, Urtasun, Lin",
        "ICCV",
        2017,
        "https://arxiv.org/abs/1703.06029",
        code="https://github.com/doubledaibo/gancaption_iccv2017",
    )
    summary = "several different captions of a picture, by policy gradient"
    batch_size: ClassVar[int] = 64

    latent: int = setting(32, "size of the noise z", minimum=1)
    width: int = setting(128, "units of both LSTMs, numbers that a picture becomes", minimum=1)
    channels: int = setting(32, "channels of the finest layer that looks at pictures", minimum=1)
    imitation: float = setting(
        0.5, "share of training, at its beginning, in which G learns captions by heart (MLE)", minimum=0.0, maximum=1.0
    )
    rollouts: int = setting(
        4, "captions that are completed from each word on; 0: the whole caption's score for each word", minimum=0
    )
    evaluator_steps: int = setting(2, "moves of E for each of G in the game", minimum=1)
    baseline: bool = setting(False, "take off the batch's mean value at each place: the same gradient, less noise")
    learning_rate: float = setting(1e-3, "Adam's learning rate", minimum=0.0)
    game_learning_rate: float = setting(1e-4, "… of G in the game", minimum=0.0)
    beta1: float = setting(0.8, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)

    def read(self, data, **options) -> Dataset:
        """Pictures with captions, as pairs: the picture goes in (`source`), its captions come out (`target`)."""
        found = read(data, form="captions", **{k: v for k, v in options.items() if k != "labels"})
        if not found.spec.continuous and "source" in found.fields:
            return found
        if "text" not in found.fields:
            raise DataError(
                f"{type(self).__name__} needs pictures with captions and {found.name} has none: put a captions.json or "
                "captions.csv beside the pictures"
            )
        form = replace(found.spec.of("text"), also={"source": replace(found.spec, also={}, classes=())})
        return saying(replace(found, spec=form, fields={name: found.fields[name] for name in ("real", "text")}))

    def build(self, spec: Kind) -> None:
        shape = spec.of("source").shape
        if spec.continuous or len(shape) != 3:
            raise DataError(
                f"{type(self).__name__} writes captions of pictures: put a captions.json or captions.csv beside them"
            )
        words = len(spec.columns)
        self.generator = Captioner(shape, words, spec.shape[-1], self.width, self.channels, self.latent)
        self.evaluator = Evaluator(shape, words, self.width, self.channels)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.generator], "evaluator": [self.evaluator]}

    def stages(self) -> list[Stage]:
        judging = Turn("evaluator", self.evaluator_loss)
        return [
            Stage("imitation", [Turn("generator", self.imitation_loss), judging], share=self.imitation),
            Stage("game", self.turns(), share=1 - self.imitation),
        ]

    def turns(self) -> list[Turn]:
        return [
            Turn("evaluator", self.evaluator_loss, times=self.evaluator_steps),
            Turn("generator", self.generator_loss),
        ]

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=self.learning_rate, betas=(self.beta1, self.beta2))

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        super().schedule(player, optimizer)
        if player == "generator" and self.progress >= self.imitation:
            for group in optimizer.param_groups:
                group["lr"] *= self.game_learning_rate / max(self.learning_rate, 1e-12)

    # --- the game ----------------------------------------------------------------------------------------------------
    def imitation_loss(self, batch: Batch) -> dict[str, Tensor]:
        """−Σ_t log π(w_t) of a person's caption, z = 0."""
        text = one_of_each(batch.target)
        return {"likelihood": -self.generator(text, self.generator.context(batch.source)).sum(1).mean()}

    def evaluator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = one_of_each(batch.target)
        with torch.no_grad():
            fake = self.write(self.generator.context(batch.source, self.noise(len(batch))))
        picture = self.evaluator.see(batch.source)
        other = local_rows(all_gather(text).roll(1, 0))
        on_real, on_fake, on_other = self.evaluator.fit(picture.repeat(3, 1), torch.cat([text, fake, other])).chunk(3)
        observe("evaluator/real", on_real)
        observe("evaluator/fake", on_fake)
        observe("evaluator/mismatched", on_other)
        observe("evaluator/found", lambda: self.found(picture, text))
        return {
            "cost_real": softplus(-on_real).mean(),
            "cost_fake": softplus(on_fake).mean(),
            "cost_mismatched": softplus(on_other).mean(),
        }

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """A loss whose gradient is the policy gradient: −Σ_t log π(w_t) V_t with V held."""
        context = self.generator.context(batch.source, self.noise(len(batch)))
        with torch.no_grad():
            text = self.write(context)
            value = self.values(batch.source, text, context)
            observe("generator/value", lambda: value[:, -1])
            observe("generator/length", lambda: (text > 0).sum(1).float())
            if self.baseline:
                value = value - mean_over_ranks(value.mean(0))
        return {"adversarial": -(self.generator(text, context) * value).sum(1).mean()}

    def values(self, source: Tensor, text: Tensor, context: Tensor) -> Tensor:
        """V (n, length): how good the caption becomes whose first words these are; E of it, once it is whole."""
        picture, length = self.evaluator.see(source), text.shape[1]
        whole = self.evaluator.fit(picture, text).sigmoid()[:, None].expand(-1, length)
        if not self.rollouts or length == 1:
            return whole
        n, times = len(text), self.rollouts
        chance = torch.rand((length - 1) * times * n, length, device=self.device).view(length - 1, times * n, length)
        made = self.generator.writer.roll_out(text.repeat(times, 1), chance, context.repeat(times, 1))
        paid = self.evaluator.fit(picture.repeat((length - 1) * times, 1), made.flatten(0, 1)).sigmoid()
        return torch.cat([paid.view(length - 1, times, n).mean(1).T, whole[:, -1:]], 1)

    def write(self, context: Tensor, rng: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """As many captions (n, words) as `context` has rows."""
        device, length = self.device if rng is None else "cpu", self.spec.shape[-1]
        chance = torch.rand(len(context), length, generator=rng, device=device).to(self.device)
        return self.generator.writer.draw(chance, context, temperature=temperature)

    def noise(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        device = self.device if rng is None else "cpu"
        return (2 * torch.rand(n, self.latent, device=device, generator=rng) - 1).to(self.device)

    def found(self, picture: Tensor, text: Tensor) -> Tensor:
        """Share of pictures whose own caption E ranks first among the batch's; a tie counts for nobody."""
        scores = picture @ self.evaluator.reader(text).T
        return ((scores >= scores.diagonal()[:, None]).sum(1) == 1).float().mean()

    # --- use ---------------------------------------------------------------------------------------------------------
    def draw(self, x, captions: int, *, seed: int | None = None, temperature: float = 1.0, batch_size: int = 64):
        """Captions as G draws them, none chosen: word numbers (n, captions, words) of pictures uint8 (n, C, H, W)."""
        return self._drawn(x, captions, new_rng(seed), temperature, batch_size)[0]

    def translate(
        self, x, *, seed: int | None = None, batch_size: int = 64, captions: int | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """So many `captions` of each picture uint8 (n, C, H, W), by default as many as the data has at most: the best
        by E of four times as many, each once where G knows that many. Word numbers (n, captions, words); `spec.texts`
        spells them."""
        wanted = captions or self.spec.shape[0]
        text, score = self._drawn(x, 4 * wanted, new_rng(seed), temperature, batch_size)
        rows = [best_of(drawn, scores, wanted) for drawn, scores in zip(text, score)]
        return np.stack(rows) if rows else text[:, :wanted]

    def _drawn(self, x, captions: int, rng, temperature: float, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """(captions (n, captions, words), E's scores of them (n, captions)) of pictures."""
        self.check_is_fitted()
        x = torch.as_tensor(np.require(x, requirements=["C", "W"]))
        self.check_input(x, self.spec.of("source"))
        texts = [np.empty((0, captions, self.spec.shape[-1]), np.int64)]
        scores = [np.empty((0, captions), np.float32)]
        with self.at_rest():
            for part in x.split(batch_size) if len(x) else ():
                source = self.spec.of("source").to_network(part.to(self.device))
                seen = self.generator.see(source).repeat_interleave(captions, 0)
                text = self.write(torch.cat([seen, self.noise(len(seen), rng)], 1), rng, temperature)
                judged = self.evaluator.see(source).repeat_interleave(captions, 0)
                texts.append(text.view(len(part), captions, -1).cpu().numpy())
                scores.append(self.evaluator.fit(judged, text).view(len(part), captions).float().cpu().numpy())
        return np.concatenate(texts), np.concatenate(scores)

    def score_samples(self, x, source) -> np.ndarray:
        """E's raw scores (n,) of one caption each, texts or word numbers (n, words), of pictures uint8 (n, C, H, W)."""
        self.check_is_fitted()
        if len(x) and isinstance(x[0], str):
            x = to_ids(list(x), numbered(self.spec.columns), self.spec.shape[-1])
        text, source = torch.as_tensor(np.asarray(x)), torch.as_tensor(np.asarray(source))
        self.check_input(source, self.spec.of("source"))
        if text.shape != (len(source), self.spec.shape[-1]):
            raise UserError(f"captions are {tuple(text.shape)} and pictures {tuple(source.shape)}: give one for each")
        with self.at_rest():
            pictures = self.spec.of("source").to_network(source.to(self.device))
            return self.evaluator.fit(self.evaluator.see(pictures), text.to(self.device)).float().cpu().numpy()

    logs: ClassVar[dict[str, Metric]] = {
        "generator/likelihood": Metric(
            "−log π of a person's caption in nats, all words together, while G imitates",
            "falling; words × log(vocabulary) at first, 5 … 30 later",
            "steady and high: the captions are too few, or tell nothing of the pictures",
        ),
        "generator/adversarial": Metric(
            "−Σ log π(w) V(w): its slope is the policy gradient, its value says nothing",
            "any",
            "look at generator/value instead",
        ),
        "generator/value": Metric(
            "mean E(I, Ŝ) of G's captions, 0 … 1: what G is paid",
            "rising from below 0.1 towards 0.5",
            "at 0 for long: E sees through all that G writes; raise --imitation or lower --evaluator-steps",
        ),
        "generator/length": Metric("mean words of G's captions", "as in the data", "falling to 1: lower the step"),
        "evaluator/cost_*": Metric(
            "cross-entropy of one kind of pair: a picture with its caption, with G's, with another's",
            "0.1 … 0.7",
            "fake at 0: G is paid nothing. mismatched at 0.7 for long: E does not look at the pictures",
        ),
        "evaluator/real": Metric(
            "mean raw score of people's captions", "above evaluator/fake", "below it: train E more"
        ),
        "evaluator/fake": Metric(
            "mean raw score of G's captions", "below evaluator/real, and rising", "far below for long"
        ),
        "evaluator/mismatched": Metric(
            "mean raw score of captions of other pictures", "well below evaluator/real", "equal to it: E does not look"
        ),
        "evaluator/found": Metric(
            "share of pictures whose own caption E ranks first among the batch's; equal captions count as misses",
            "well above 1 / batch size",
            "as of evaluator/cost_mismatched",
        ),
    }


class Seeing(nn.Module):
    """Pictures (n, C, H, W) to (n, width) numbers above 0."""

    def __init__(self, shape: tuple[int, int, int], width: int, channels: int):
        super().__init__()
        body = Halvings(shape, channels, norm=False)
        self.layers = nn.Sequential(body, nn.Flatten(), nn.Linear(body.out * prod(body.grid), width), nn.ReLU())
        for weight in (p for p in self.layers.parameters() if p.dim() > 1):  # no norm makes up for small weights
            nn.init.kaiming_normal_(weight, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Captioner(nn.Module):
    """G: what it sees of a picture and the noise begin an LSTM that writes up to `most` words."""

    def __init__(self, shape: tuple[int, int, int], words: int, most: int, width: int, channels: int, latent: int):
        super().__init__()
        self.see, self.latent = Seeing(shape, width, channels), latent
        self.writer = SequenceGenerator(words, most, width, width, context=width + latent)

    def context(self, source: Tensor, z: Tensor | None = None) -> Tensor:
        """(n, width + latent): a picture and its noise, by default 0."""
        seen = self.see(source)
        return torch.cat([seen, seen.new_zeros(len(seen), self.latent) if z is None else z], 1)

    def forward(self, text: Tensor, context: Tensor) -> Tensor:
        """log π (n, words) of each word and of the end, 0 behind it."""
        return self.writer.log_likelihoods(text, context)


class Evaluator(nn.Module):
    """E: ⟨f(I), h(S)⟩, the raw score of a caption."""

    def __init__(self, shape: tuple[int, int, int], words: int, width: int, channels: int):
        super().__init__()
        self.see, self.reader = Seeing(shape, width, channels), TextReader(words, width)

    def fit(self, picture: Tensor, text: Tensor) -> Tensor:
        """(n,) scores of captions (n, words) of pictures that `see` has seen."""
        return (picture * self.reader(text)).sum(1)


def saying(found: Dataset) -> Dataset:
    """Pictures as `source` and captions as `target`, without captions of which no word is known."""
    text, pictures = found.fields["text"], found.fields["real"]
    known = text[:, :, 0] > 0
    rows = known.any(1)
    text = text[np.arange(len(text))[:, None], np.where(known, np.arange(text.shape[1]), known.argmax(1)[:, None])]
    if rows.all():
        return replace(found, fields={"source": pictures, "target": text})
    note = f"{(~rows).sum()} pictures left out, of whose captions no word is common enough to be known"
    files = tuple(file for file, kept in zip(found.files, rows) if kept)
    fields = {"source": pictures[rows], "target": text[rows]}
    return replace(found, fields=fields, files=files, rows=None, notes=(*found.notes, note))


def one_of_each(text: Tensor) -> Tensor:
    """One caption (n, words), by chance, of those of each picture (n, captions, words)."""
    rows = torch.arange(len(text), device=text.device)
    return text[rows, torch.randint(text.shape[1], (len(text),), device=text.device)]


def best_of(captions: np.ndarray, scores: np.ndarray, wanted: int) -> np.ndarray:
    """`wanted` of the captions (k, words), each once while there are enough, by falling score."""
    order = np.argsort(-scores, kind="stable")
    first = np.unique(captions[order], axis=0, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(order)), first)
    return captions[order][np.concatenate([np.sort(first), again])[:wanted]]
