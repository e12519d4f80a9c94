"""HiFi-GAN: sound from its mel spectrogram, a vocoder."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.items import kind_at
from gansmith.data.spec import Kind
from gansmith.data.spectrogram import MelSpectrogram
from gansmith.errors import DataError, UserError
from gansmith.game import Game, Turn, observe, setting
from gansmith.gans.base import observe_scores
from gansmith.gans.paper import Paper
from gansmith.networks.vocoder import HOPS, MelGenerator, WaveJudges, weights_at_rest
from gansmith.training.metrics import Metric

USUAL_HOP = 256 / 22_050  # seconds from frame to frame, in the paper
PIECE = 128  # frames that a long sound is made in pieces of: what a core keeps at hand
REMARKED = 16  # sounds that it is held against Griffin-Lim on
LOUD = 0.95  # of the loudest sample that was learnt from, what a louder sound is brought down to and up from


class HiFiGAN(Game):
    """A wave x from its mel spectrogram s = φ(x), which people and text-to-speech write more easily than waves:
    L_D = Σ_k E[(D_k(x) − 1)² + D_k(G(s))²],
    L_G = Σ_k [E(D_k(G(s)) − 1)² + λ_fm L_fm(G; D_k)] + λ_mel E‖φ'(x) − φ'(G(s))‖₁   (eqs. 1–6; λ_fm = 2, λ_mel = 45),
    where L_fm sums the mean distances of D_k's activations, layer by layer. Speech is made of periods, so five D see
    the wave folded at 2, 3, 5, 7 and 11 samples, and three more hear it whole, halved and quartered. φ' has all
    frequencies, φ those up to 8 kHz.

    V1 is the best, V2 the smallest, V3 the quickest on a CPU. 80 bands, frames of 1,024 samples every 256, segments of
    8,192, AdamW at 2·10⁻⁴ are the paper's, at 22,050 Hz; at rates far from that the hop is halved or doubled, and with
    it the frame, the segment and the up-sampling. `gansmith sample RUN --input sounds/ -o out/` makes sounds of any
    length anew, piece by piece, each with as much around it as reaches into it, so there is no seam.

    In a round G moves first and D then judges the very fakes it made; the released code does it the other way round.
    Other deviations: the step falls by the same factor each round, to the share that 0.999 an epoch is after the
    paper's 2.5 million steps; sounds of a data set share one gain, and are not brought to a peak of .95 each; an
    average of G is kept and used; stereo is made channel by channel. Proof: proofs/hifi_gan.py.
    """

    name = "hifi-gan"
    paper = Paper(
        "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis",
        "Kong, Kim, Bae",
        "NeurIPS",
        2020,
        "https://arxiv.org/abs/2010.05646",
        code="https://github.com/jik876/hifi-gan",
    )
    summary = "sound from its mel spectrogram, a vocoder"
    batch_size: ClassVar[int] = 16
    inputs: ClassVar[tuple[str, ...]] = ("real",)
    unsupported_settings: ClassVar[tuple[str, ...]] = ("decay",)  # the step falls by a factor: `fall`

    version: str | None = setting(
        None, "v1 (the best), v2 (the smallest) or v3 (the quickest); None: v1 with a GPU, else v3",
        choices=(None, "v1", "v2", "v3"),
    )  # fmt: skip
    width: int | None = setting(None, "channels of G's coarsest layer; None: the version's", minimum=1)
    discriminator_width: int | None = setting(
        None, "channels of the discriminators' coarsest layers; None: 1024, the paper's, with a GPU, else 64", minimum=1
    )
    bands: int = setting(80, "mel bands", minimum=4)
    top: float = setting(8000.0, "highest frequency of the bands that G is given, in Hz", minimum=100.0)
    hop: int | None = setting(
        None, "samples from frame to frame: 64, 128, 256 or 512; None: about 12 ms", choices=(None, *HOPS)
    )
    segment: int = setting(32, "frames that a move hears of each sound", minimum=4)
    mel: float = setting(45.0, "λ_mel, weight of the distance of spectrograms", minimum=0.0)
    feature_matching: float = setting(2.0, "λ_fm, weight of the distance of D's activations", minimum=0.0)
    adversarial: float = setting(1.0, "weight of the adversarial loss; with λ_fm at 0 too, none is played", minimum=0.0)
    beta1: float = setting(0.8, "AdamW's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.99, "AdamW's memory of its square", minimum=0.0, maximum=1.0)
    weight_decay: float = setting(0.01, "AdamW's decay of the weights", minimum=0.0)
    fall: float = setting(0.045, "share that the learning rate has fallen to at the end", minimum=1e-6, maximum=1.0)

    # --- before training ---------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        kind = kind_at(data, alone=True)
        if kind is not None and "rate" in kind.options and options.get("rate") is None:
            options["rate"] = "own"  # a vocoder is of the rate of its sounds; elsewhere 16 kHz are enough
        dataset = super().read(data, **options)
        rate_of(dataset.spec)
        return dataset

    def choose(self, spec: Kind, count: int | None = None) -> list[str]:
        rate, reasons = rate_of(spec), []
        card = self.device.type == "cuda"
        if self.version is None:
            self.version = "v1" if card else "v3"
            reasons.append(f"version {self.version}: {'the best' if card else 'the quickest, since there is no GPU'}")
        if self.discriminator_width is None:
            self.discriminator_width = 1024 if card else 64
            reasons.append(
                f"discriminator_width {self.discriminator_width}: {'as in the paper' if card else 'for a CPU'}"
            )
        if self.hop is None:
            self.hop = min(HOPS, key=lambda hop: abs(np.log(hop / rate / USUAL_HOP)))
            reasons.append(f"hop {self.hop}: {1000 * self.hop / rate:.3g} ms at {rate:,} Hz")
        return reasons

    def build(self, spec: Kind) -> None:
        rate = rate_of(spec)
        self.choose(spec)
        frame = 4 * self.hop
        if spec.shape[1] < frame:
            raise DataError(
                f"HiFiGAN(hop={self.hop}) hears frames of {frame} samples: sounds of {spec.shape[1]} are too short"
            )
        self.generator = MelGenerator(self.version, self.bands, self.hop, self.width)
        self.discriminator = WaveJudges(self.discriminator_width)
        self.given = MelSpectrogram(rate, frame, self.hop, self.bands, min(self.top, rate / 2))
        self.heard = MelSpectrogram(rate, frame, self.hop, self.bands, rate / 2)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, lr=self.learning_rate, betas=(self.beta1, self.beta2), weight_decay=self.weight_decay,
            fused=parameters[0].device.type != "mps",
        )  # fmt: skip

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        optimizer.param_groups[0]["lr"] = self.learning_rate * self.fall**self.progress

    # --- the game ----------------------------------------------------------------------------------------------------
    def turns(self) -> list[Turn]:
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss, fresh=False),
        ]

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        real = segments(batch.real, self.segment * self.hop, self.hop)
        fake = self.generator(self.given(real[:, 0]))
        batch.memo |= {"wave": real, "fake": fake.detach()}
        distance = (self.heard(real[:, 0]) - self.heard(fake[:, 0])).abs().mean()
        observe("mel/l1", distance)
        with torch.no_grad():
            on_real = self.discriminator(real)
        on_fake = self.discriminator(fake)
        adversarial = sum((made[-1] - 1).square().mean() for made in on_fake)
        matching = sum((a - b).abs().mean() for one, two in zip(on_real, on_fake) for a, b in zip(one, two))
        return {
            "mel": self.mel * distance,
            "adversarial": self.adversarial * adversarial,
            "features": self.feature_matching * matching,
        }

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        heard = self.discriminator(torch.cat([batch.memo["wave"], batch.memo["fake"]]))
        scores = [seen[-1].chunk(2) for seen in heard]
        observe_scores(*(torch.cat([score.flatten(1) for score in of], 1).mean(1) for of in zip(*scores)))
        return {"adversarial": sum((real - 1).square().mean() + fake.square().mean() for real, fake in scores)}

    # --- use ---------------------------------------------------------------------------------------------------------
    def translate(self, x, *, seed: int | None = None, batch_size: int = 16, piece: int = PIECE) -> np.ndarray:
        """Sounds int16 (n, C, T) of any length, made anew from their spectrograms, int16 (n, C, T).

        piece  frames that are made at a time, whatever the length
        """
        self.check_is_fitted()
        x = torch.as_tensor(np.require(x, requirements=["C", "W"]))
        if x.ndim != 3 or x.numpy().dtype != self.spec.dtype:
            raise UserError(f"give sounds int16 (n, channels, samples): this is {tuple(x.shape)}")
        if not x.numel():
            return x.numpy()
        with self.at_rest(), weights_at_rest():
            waves = x.flatten(0, 1)
            made = [self.resynthesis(part, piece) for part in waves.split(batch_size)]
        return np.concatenate(made).reshape(x.shape)

    def resynthesis(self, waves: Tensor, piece: int) -> np.ndarray:
        """int16 (m, T) to as much, `piece` frames at a time."""
        waves = self.spec.to_network(waves.to(self.device))
        gain = (waves.abs().amax(1, keepdim=True) / LOUD).clamp_min(1)
        frames, length = -(-waves.shape[1] // self.hop), waves.shape[1]
        whole = F.pad(waves / gain, (0, max(frames * self.hop, 4 * self.hop) - length))
        side, reach = self.given.side, self.generator.reach
        whole = F.pad(whole[:, None], (side, side), "reflect")[:, 0]
        made = []
        for start in range(0, frames, piece):
            first, last = max(0, start - reach), min(frames, start + piece + reach)
            mel = self.given.framed(whole[:, first * self.hop : (last - 1) * self.hop + 4 * self.hop])
            skipped = (start - first) * self.hop
            made.append(self.generator(mel)[:, 0, skipped : skipped + piece * self.hop])
        return self.spec.to_data(torch.cat(made, 1)[:, :length] * gain)

    def read_source(self, path) -> dict[str, np.ndarray]:
        """Name -> sound int16 (C, T) of a file, folder or zip, whole, at the rate that was learnt."""
        return self.spec.whole(path)

    def sample(self, n: int, *, seed: int | None = None, real=None) -> np.ndarray:
        """`n` sounds made anew from the sounds `real`, taken in turn as often as it takes."""
        if real is None or len(real) == 0:
            raise UserError(
                "HiFiGAN makes sounds from sounds: give sample(n, real=sounds), or on the command line --input FOLDER"
            )
        return self.translate(np.asarray(real)[np.arange(n) % len(real)])

    def mel_l1(self, real, made) -> float:
        """Mean distance of the log-mel bands, all frequencies, of sounds int16 (n, C, T): .2 is hard to hear."""
        self.check_is_fitted()
        one, two = (self.bands_of(x, self.heard) for x in (real, made))
        return float((one - two).abs().mean())

    def bands_of(self, x, front: MelSpectrogram) -> Tensor:
        """Sounds int16 (n, C, T) to (n·C, bands, frames), down to whole frames."""
        waves = self.spec.to_network(torch.as_tensor(np.asarray(x)).to(self.device)).flatten(0, 1)
        return front(waves[:, : waves.shape[1] // self.hop * self.hop])

    def griffin_lim(self, x, rounds: int = 60) -> np.ndarray:
        """Sounds int16 (n, C, T), down to whole frames, made anew without a network from what `translate` makes them
        of: what a vocoder has to be better than."""
        self.check_is_fitted()
        made = self.given.inverse(self.bands_of(x, self.given), rounds)
        return self.spec.to_data(made).reshape(*np.shape(x)[:2], -1)

    def beside_griffin_lim(self, sounds: list[np.ndarray], rounds: int = 60) -> dict[str, float]:
        """How far sounds int16 (C, T) are from those made anew of their spectrograms, and how quickly they are made.

        mel_l1, speed           of this game; speed in seconds of sound a second
        griffin_lim, griffin_lim_speed  of Griffin-Lim with so many rounds
        equal_time, equal_rounds  of Griffin-Lim with as many rounds as take as long as this game
        floor                   mel_l1 of the sounds themselves, a quarter of a hop late, which nobody hears
        control                 mel_l1 of sounds turned back to front, which have the same frequencies
        """
        self.check_is_fitted()
        sounds = [x[None, :, : x.shape[1] // self.hop * self.hop] for x in sounds if x.shape[1] >= 4 * self.hop]
        if not sounds:
            raise DataError(f"no sound is as long as a frame of {4 * self.hop} samples")
        heard = sum(x.shape[2] for x in sounds) / self.spec.rate

        def tried(make) -> tuple[float, float]:
            begun = time.perf_counter()
            made = [make(x) for x in sounds]
            spent = time.perf_counter() - begun
            off = np.average([self.mel_l1(*two) for two in zip(sounds, made)], weights=[x.shape[2] for x in sounds])
            return float(off), spent

        late = lambda x: np.pad(x, ((0, 0), (0, 0), (self.hop // 4, 0)))[..., : x.shape[2]]  # noqa: E731
        (ours, spent), (theirs, needed) = tried(self.translate), tried(partial(self.griffin_lim, rounds=rounds))
        equal = max(1, round(rounds * spent / needed))
        return {
            "mel_l1": ours, "speed": heard / spent, "griffin_lim": theirs, "griffin_lim_speed": heard / needed,
            "equal_time": tried(partial(self.griffin_lim, rounds=equal))[0] if equal != rounds else theirs,
            "equal_rounds": float(equal), "floor": tried(late)[0], "control": tried(lambda x: x[..., ::-1].copy())[0],
        }  # fmt: skip

    def remarks(self, train: Dataset, held: Dataset | None) -> list[str]:
        """What an evaluation says of how sounds are made anew: held-out ones, or training ones where there are none."""
        data, whose = (held, "held-out sounds") if held is not None else (train, "training sounds (none were held out)")
        rows = np.random.default_rng(0).permutation(len(data))[:REMARKED]
        found = self.beside_griffin_lim([without_end(x) for x in data.raw(rows)])
        return [
            "mel L1 of what is made of {whose} {mel_l1:.2f}, at {speed:.2g} times real time; of the sounds themselves, "
            "{late:.1f} ms late, {floor:.2f}; of Griffin-Lim, 60 rounds, {griffin_lim:.2f} at {griffin_lim_speed:.2g}, "
            "or {equal_time:.2f} in as much time ({equal_rounds:.0f} rounds); of sounds turned back to front "
            "{control:.2f}".format(whose=whose, late=250 * self.hop / self.spec.rate, **found)
        ]

    logs: ClassVar[dict[str, Metric]] = {
        "generator/mel": Metric(
            "λ_mel · mean distance of log-mel bands of real and made sounds",
            "falling from about 90; 45 · 0.4 = 18 after an hour on a GPU",
            "steady above 40: give it more minutes or --discriminator-width; rising: lower --learning-rate",
        ),
        "generator/adversarial": Metric(
            "Σ over 8 discriminators of E(D(G(s)) − 1)²",
            "2 … 6; 8 where every fake scores 0",
            "8 or above for long: D wins; lower --learning-rate",
        ),
        "generator/features": Metric(
            "λ_fm · Σ of mean distances of the activations of all layers of 8 discriminators",
            "2 … 20, rising slowly as D learns to see more",
            "near 0: D sees nothing; above 40: D wins; lower --learning-rate",
        ),
        "discriminator/adversarial": Metric(
            "Σ over 8 discriminators of E(D(x) − 1)² + E D(G(s))²",
            "1 … 4; 4 where all scores are ½",
            "near 0: D is sure; lower --learning-rate",
        ),
        "mel/l1": Metric(
            "mean distance of log-mel bands, all frequencies, of real and made segments of the batch",
            "falling to 0.5 in minutes on a GPU, 0.2 in days; Griffin-Lim has about 0.5",
            "rising on held-out sounds alone is usual; judge by ear and by `gansmith evaluate`",
        ),
    }


def rate_of(spec: Kind) -> int:
    """Samples a second; DataError where the data is no sound."""
    rate = getattr(spec, "rate", None)
    if rate is None or spec.axes != 1:
        raise DataError(
            f"HiFiGAN makes sounds from sounds, and the data is {spec.noun} of shape {spec.shape}: use "
            f"{spec.default_game}"
        )
    return rate


def without_end(x: np.ndarray) -> np.ndarray:
    """A sound (C, T) without the silence that it is padded with."""
    heard = np.flatnonzero(np.asarray(x).any(0))
    return x[:, : heard[-1] + 1] if len(heard) else x


def segments(x: Tensor, size: int, step: int) -> Tensor:
    """(n, C, T) to (n·C, 1, size): a random part of each channel that begins before its last `size` samples that are
    not silent end; of shorter sounds all, down to a multiple of `step`."""
    size = min(size, x.shape[2] // step * step)
    x = x.flatten(0, 1)
    place = torch.arange(1, x.shape[1] + 1, device=x.device)
    room = ((x != 0) * place).amax(1).clamp_min(size) - size + 1  # silence behind a sound is padding
    start = (torch.rand(len(x), device=x.device) * room).long().clamp_max(x.shape[1] - size)
    return x.gather(1, start[:, None] + torch.arange(size, device=x.device))[:, None]
