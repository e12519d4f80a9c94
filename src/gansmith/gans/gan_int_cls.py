"""GAN-INT-CLS: pictures from captions, with mismatched and interpolated text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from gansmith.data import read
from gansmith.data.captions import numbered, to_ids
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.spec import Kind
from gansmith.distributed.collectives import all_gather, local_rows, map_across_ranks
from gansmith.errors import DataError, UserError
from gansmith.game import Stage, Turn, observe, setting
from gansmith.gans.base import FromNoise, new_rng, observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.convolutional import ConvGenerator
from gansmith.networks.text_encoder import ImageEncoder, TextDiscriminator, TextEncoder
from gansmith.training.metrics import Metric


class GANINTCLS(FromNoise):
    """G(z, φ(t)) paints a caption t. D must see through pictures that are real but belong to another caption, too
    (CLS):
    L_D = BCE(D(x, t) → 1) + ½ [BCE(D(x, t̂) → 0) + BCE(D(G(z, t), t) → 0)]   (algorithm 1), t̂ another item's caption.
    G is also asked for captions halfway between two, of which there is no picture (INT, eq. 5, β = ½, on half the
    batch):
    L_G = BCE(D(G(z, t), t) → 1) + BCE(D(G(z, ½t₁ + ½t₂), ½t₁ + ½t₂) → 1).

    φ must not be learned by the game: here it is a stage of its own before it, in which an encoder of captions and one
    of pictures learn to find each other's vectors in a batch (cross-entropy both ways), and which is frozen after.
    Deviations: the paper's φ reads characters and is learned with a structured hinge loss, here it averages words and
    is learned with a softmax over the batch; DCGAN's bodies without residual bottlenecks; no batch norm where D joins
    picture and text, which takes away what tells a batch of pairs that fit from one of pairs that do not; no halving
    of the step
    (`decay` has it fall); an average of G is kept and sampled. Proof: proofs/gan_int_cls.py.
    """

    name = "gan-int-cls"
    paper = Paper(
        "Generative Adversarial Text to Image Synthesis",
        "Reed, Akata, Yan, Logeswaran, Schiele, Lee",
        "ICML",
        2016,
        "https://arxiv.org/abs/1605.05396",
        code="https://github.com/reedscot/icml2016",
    )
    summary = "pictures from captions, with mismatched and interpolated text"
    inputs: ClassVar[tuple[str, ...]] = ("text",)
    replaceable: ClassVar[tuple[str, ...]] = ()  # its networks read captions

    reading: float = setting(
        0.1, "share of training, at its beginning, in which captions are learned", minimum=0.0, maximum=1.0
    )
    mismatched: float = setting(
        0.5, "weight of real pictures beside another item's caption (CLS); 0: none", minimum=0.0
    )
    interpolated: float = setting(1.0, "weight of captions halfway between two (INT); 0: none", minimum=0.0)
    latent: int = setting(100, "size of the noise (latent) vector", minimum=1)
    text_width: int = setting(128, "numbers a caption is turned into", minimum=1)
    width: int = setting(64, "channels of both players' finest layers", minimum=1)

    def read(self, data, **options) -> Dataset:
        dataset = read(data, form="captions", **{k: v for k, v in options.items() if k != "labels"})
        if "text" not in dataset.fields:
            raise DataError(f"{type(self).__name__} needs pictures with captions and {dataset.name} has no captions")
        return dataset

    def build(self, spec: Kind) -> None:
        self.check_captions(spec)
        self.text_encoder = TextEncoder(len(spec.of("text").columns), self.text_width)
        self.image_encoder = ImageEncoder(spec.shape, self.text_width)
        self.generator = TextGenerator(self.latent, spec.shape, self.text_width, self.width)
        self.discriminator = TextDiscriminator(spec.shape, self.text_width, self.width)

    def check_captions(self, spec: Kind) -> None:
        """DataError unless the data is pictures with captions."""
        if "text" not in spec.also or spec.axes != 2 or not spec.bounded:
            raise DataError(
                f"{type(self).__name__} makes pictures from captions: put a captions.json or captions.csv beside them"
            )

    def players(self) -> dict[str, list[nn.Module]]:
        return {
            "text_encoder": [self.text_encoder, self.image_encoder],
            "discriminator": [self.discriminator],
            "generator": [self.generator],
        }

    def stages(self) -> list[Stage]:
        play = [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]
        return [
            Stage("reading", [Turn("text_encoder", self.matching_loss)], share=self.reading),
            Stage("painting", play, share=1 - self.reading),
        ]

    def matching_loss(self, batch: Batch) -> dict[str, Tensor]:
        texts, pictures = all_gather(self.text_encoder(batch.text)), all_gather(self.image_encoder(batch.real))
        similarity = texts @ pictures.T * (10 / self.text_width)
        own = torch.arange(len(similarity), device=similarity.device)
        observe("text_encoder/found", lambda: (similarity.argmax(1) == own).float().mean())
        return {"matching": (cross_entropy(similarity, own) + cross_entropy(similarity.T, own)) / 2}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        return self.told_apart(self.discriminator, batch.real, self.generator(self.latents(len(batch)), text), text)

    def told_apart(self, discriminator: nn.Module, real: Tensor, fake: Tensor, text: Tensor) -> dict[str, Tensor]:
        """D's terms: real pictures beside their captions, beside others', and fakes."""
        maps = discriminator.body(real)
        on_real = discriminator.score_maps(maps, text)
        on_fake = discriminator(fake, text)
        observe_scores(on_real, on_fake)
        terms = {"cost_real": softplus(-on_real).mean(), "cost_fake": softplus(on_fake).mean() / 2}
        if self.mismatched:
            on_mismatched = discriminator.score_maps(maps, next_to(text))
            observe("discriminator/mismatched", on_mismatched)
            terms["cost_mismatched"] = self.mismatched * softplus(on_mismatched).mean()
        return terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        text = self.text_encoder(batch.text)
        terms = {"adversarial": self.adversarial(text)}
        if self.interpolated and len(batch) > 1:
            between = (text + next_to(text))[::2] / 2
            terms["interpolated"] = self.interpolated * self.adversarial(between)
        return terms

    def adversarial(self, text: Tensor) -> Tensor:
        """−E log σ(D(G(z, t), t))."""
        return softplus(-self.discriminator(self.generator(self.latents(len(text)), text), text)).mean()

    # --- use ---------------------------------------------------------------------------------------------------------
    def generate(self, latent: Tensor, text: Tensor) -> Tensor:
        """Noise (n, latent) and encoded captions (n, text_width) to pictures in network units, differentiable."""
        return self.generator(latent, text)

    def sample(self, n: int, *, seed: int | None = None, text=None, batch_size: int = 250) -> np.ndarray:
        """`n` pictures uint8 (n, C, H, W) of `text`: one caption or several, taken in turn."""
        made = self.painted(self.generate, n, seed, text, batch_size)
        return np.concatenate(made) if made else np.empty((0, *self.spec.shape), self.spec.dtype)

    def painted(self, generate: Callable, n: int, seed: int | None, text, batch_size: int) -> list[np.ndarray]:
        """What `generate(noise, encoded captions)` makes of the noise of this seed, in data units, part by part."""
        ids = self.as_ids(text)
        latent, rows = self.latents(n, new_rng(seed)), torch.arange(n) % len(ids)
        with self.at_rest():
            texts = self.text_encoder(ids)
            return map_across_ranks(
                lambda z, row: self.spec.to_data(generate(z, texts[row.to(self.device)])),
                latent.split(batch_size),
                rows.split(batch_size),
                what="sampling",
            )

    def score_samples(self, x, text) -> np.ndarray:
        """How well pictures uint8 (n, C, H, W) look and fit their captions: raw scores (n,)."""
        ids = self.as_ids(text)
        x = self.spec.to_network(torch.as_tensor(np.asarray(x)).to(self.device))
        with self.at_rest():
            return self.discriminator(x, self.text_encoder(ids[torch.arange(len(x)) % len(ids)])).cpu().numpy()

    def as_ids(self, text) -> Tensor:
        """One caption, several, or word numbers (n, captions, words), as word numbers on the game's device."""
        self.check_is_fitted()
        if text is None or len(text) == 0:
            raise UserError(f"{type(self).__name__} paints captions: give sample(n, text='a red bird')")
        form = self.spec.of("text")
        if not (isinstance(text, np.ndarray | Tensor) and np.asarray(text).dtype.kind in "iu"):
            captions = [text] if isinstance(text, str) else list(text)
            wrong = next((i for i, caption in enumerate(captions) if not isinstance(caption, str)), None)
            if wrong is not None:
                raise UserError(f"captions are texts, and number {wrong} (from 0) is {captions[wrong]!r}")
            ids = to_ids(captions, numbered(form.columns), form.shape[-1])[:, None]
            for caption, row in zip(captions, ids, strict=True):
                if not row.any():
                    raise UserError(f"no word of {caption!r} is known: known are {', '.join(form.columns[:12])} …")
            text = ids
        return torch.as_tensor(np.asarray(text)).to(self.device)

    logs: ClassVar[dict[str, Metric]] = {
        "text_encoder/matching": Metric(
            "cross-entropy of finding a caption's picture, and a picture's caption, in the batch",
            "falling; log of the batch size is guessing. Equal captions in a batch set a floor",
            "steady at the log of the batch size: the captions tell nothing of the pictures; raise --reading",
        ),
        "text_encoder/found": Metric(
            "share of captions whose own picture is found first among the batch",
            "well above 1 / batch size",
            "as of text_encoder/matching",
        ),
        "discriminator/cost_*": Metric(
            "cross-entropy of one kind of pair, as weighted: real with its caption, real with another's, fake",
            "0.1 … 0.7 (real), 0.05 … 0.4 (the halves)",
            "mismatched at 0.35 for long: D does not read; raise --mismatched or --reading",
        ),
        "generator/interpolated": Metric(
            "−E log σ(D) for captions halfway between two, as weighted",
            "about as large as generator/adversarial",
            "far above it: lower --interpolated",
        ),
        "discriminator/mismatched": Metric(
            "mean raw score of real pictures beside another's caption",
            "well below discriminator/real",
            "equal to discriminator/real: D does not read the captions",
        ),
    }


def next_to(text: Tensor) -> Tensor:
    """The text of the item before each in the batch."""
    return local_rows(all_gather(text).roll(1, 0))


class TextGenerator(nn.Module):
    """Noise (n, latent) and text (n, text), brought to 128 numbers, to pictures in −1 … 1."""

    def __init__(self, latent: int, shape: tuple[int, int, int], text: int, width: int, embedding: int = 128):
        super().__init__()
        self.text_embedding = nn.Sequential(nn.Linear(text, embedding), nn.LeakyReLU(0.2))
        self.body = ConvGenerator(latent + embedding, shape, width)

    def forward(self, z: Tensor, text: Tensor) -> Tensor:
        return self.body(torch.cat([z, self.text_embedding(text)], 1))
