"""FBGAN: a generator of sequences led towards the score of any function, by feeding the critic what scores well."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Batch, Dataset
from gansmith.errors import UserError
from gansmith.game import Stage, observe, setting
from gansmith.gans.analyser import MOST, Analyser, Audit, audit, load
from gansmith.gans.paper import Paper
from gansmith.gans.seqwgan import SeqWGAN
from gansmith.training.metrics import Metric

EXAMPLE = "gansmith.gans.analyser:gc_content"
ASKED = 500  # sequences that the analysers are asked about in an evaluation
RISE = 0.05  # share, at the least, by which more of the samples pass than of the data where an analyser likes them


class FBGAN(SeqWGAN):
    """SeqWGAN with a feedback loop (figure 1): once an epoch G makes `candidates` sequences, the analyser `score` gives
    each a number, and those above `threshold` join what the critic takes for real, in place of the oldest there. No
    gradient of the analyser is needed: it may be any function of texts.

    `score` is "FILE.py:FUNCTION" or "module:function"; the function takes a list of texts and returns as many numbers.
    Before training it is audited (`gansmith.gans.analyser`): what passes of the data, of the data with letters mixed,
    of a chain of codons that cannot know; how well its verdict is told from length or letters alone. The loop optimises
    the analyser and not what it stands for, so `judge` names a second one that never steers: it is audited, too, its
    share is logged beside, and an evaluation says whether both like the samples better than the data, or only the
    first, which is fooled then. The pool is part of the game's state: a resumed run goes on exactly.

    Deviations: each different sequence joins once; the data itself is the oldest of the pool, replaced item by item.
    Built from the paper alone. In silico: a high score is the analyser's word and no experiment.
    Proof: proofs/fbgan.py.
    """

    name = "fbgan"
    paper = Paper(
        "Feedback GAN for DNA optimizes protein functions",
        "Gupta, Zou",
        "Nature Machine Intelligence",
        2019,
        "https://arxiv.org/abs/1804.01694",
        code="https://github.com/av1659/fbgan",
    )
    summary = "sequences led towards the score of any function, by feedback to the critic"
    recordable: ClassVar[bool] = False  # what counts as real changes between moves
    training_only: ClassVar[tuple[str, ...]] = ("pool",)

    score: str = setting(EXAMPLE, "function that scores sequences: FILE.py:FUNCTION or module:function")
    threshold: float = setting(0.8, "score above which a sequence is fed back")
    judge: str | None = setting(None, "a second function, which only looks on: FILE.py:FUNCTION or module:function")
    judge_threshold: float | None = setting(None, "score of the second one above which it passes; None: as threshold")
    candidates: int = setting(960, "sequences that are scored at each feedback", minimum=1)
    feedback_every: int | None = setting(None, "generator moves between feedbacks; None: an epoch", minimum=1)
    imitation: float = setting(0.5, "share of training, at its beginning, without feedback", minimum=0.0, maximum=1.0)
    pool_size: int | None = setting(None, "sequences that may be replaced; None: all of the data", minimum=1)

    # --- before training ---------------------------------------------------------------------------------------------
    def read(self, data, **options) -> Dataset:
        found = super().read(data, **options)
        rows = np.sort(np.random.default_rng(0).permutation(len(found))[:MOST])
        self._texts = found.spec.texts(found.raw(rows))  # for the audit
        return found

    def choose(self, spec: Any, count: int | None = None) -> list[str]:
        """… and the audit of the analyser, which is refused here, before any training, if it cannot be used."""
        reasons = super().choose(spec, count)
        if count is None:
            return reasons
        if self.pool_size is None:
            self.pool_size = count
        if self.feedback_every is None:
            self.feedback_every = max(1, round(count / (self.batch_size * self.discriminator_steps)))
            reasons.append(f"feedback_every {self.feedback_every}: an epoch")
        if self.score == EXAMPLE:
            reasons.append("towards the share of G and C, an example: --score FILE.py:FUNCTION names what you want")
        self.analyser, self.score = load(self.score, "--score", asked=True)
        if self.judge is not None:
            self.judging, self.judge = load(self.judge, "--judge", asked=True)
        for role, found in self.audited().items():
            reasons += found.lines(role, "--threshold" if role == "analyser" else "--judge-threshold")
        return reasons

    def analysers(self) -> dict[str, tuple[Analyser, float]]:
        """By role, the analyser that steers and the one that looks on, where there is one, each with its threshold."""
        found = {"analyser": (self.analyser, self.threshold)}
        if self.judging is not None:
            found["second analyser"] = self.judging, self.needed
        return found

    @property
    def needed(self) -> float:
        """The score above which the second analyser passes a sequence."""
        return self.threshold if self.judge_threshold is None else self.judge_threshold

    def audited(self, texts: list[str] | None = None) -> dict[str, Audit]:
        """By role, what the analysers go by on `texts`, by default those of the data that is trained on."""
        texts = self._texts if texts is None else texts
        return {
            role: audit(analyser, texts, threshold, self.fold or 1)
            for role, (analyser, threshold) in self.analysers().items()
        }

    @cached_property
    def analyser(self) -> Analyser:
        return load(self.score, "--score")[0]

    @cached_property
    def judging(self) -> Analyser | None:
        return None if self.judge is None else load(self.judge, "--judge")[0]

    def build(self, spec: Any) -> None:
        super().build(spec)
        self.pool = Pool(self.pool_size or 1, spec.shape[0])

    # --- the game ----------------------------------------------------------------------------------------------------
    def stages(self) -> list[Stage]:
        return [
            Stage("imitation", self.turns(), share=self.imitation),
            Stage("feedback", self.turns(), share=1 - self.imitation),
        ]

    def reals(self, batch: Batch) -> Tensor:
        return self.pool(batch.index.to(self.device), batch.real)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        for name, value in self.pool.told().items():
            observe(name, value)
        return super().generator_loss(batch)

    def moved(self, player: str) -> None:
        super().moved(player)
        if player == "generator" and self.progress >= self.imitation:
            self.pool.moves += 1
            if int(self.pool.moves) % (self.feedback_every or 1) == 0:
                self.feed()

    @torch.no_grad()
    def feed(self) -> None:
        """One feedback: make candidates, score them, and put the good ones into the pool."""
        ids = self.spelled(self.generate(self.latents(self.candidates)))
        texts = self.spec.texts(ids.cpu().numpy())
        good = torch.as_tensor(self.analyser(texts) > self.threshold)
        liked = float("nan") if self.judging is None else float((self.judging(texts) > self.needed).mean())
        self.pool.take(torch.unique(ids[good.to(ids.device)], dim=0), float(good.float().mean()), liked)

    # --- after training ----------------------------------------------------------------------------------------------
    def remarks(self, train: Dataset, held: Dataset | None) -> list[str]:
        """What an evaluation says of how the analysers like samples, beside held-out sequences, or training ones where
        there are none, and sequences that cannot know."""
        data = train if held is None else held
        rows = np.sort(np.random.default_rng(0).permutation(len(data))[:ASKED])
        texts, made = self.spec.texts(data.raw(rows)), self.spec.texts(self.sample(ASKED, seed=0))
        found, liked = [], []
        try:
            about = self.audited(texts)
            for role, (analyser, threshold) in self.analysers().items():
                share = float((analyser(made) > threshold).mean())
                found.append(f"{role} {analyser.name} passes {share:.1%} of the samples; {about[role].shares()}")
                usual = about[role].passing
                chance = 2 * (usual * (1 - usual) * (1 / len(texts) + 1 / len(made))) ** 0.5  # two standard errors
                liked.append(share > usual + max(RISE, chance))
        except UserError as error:  # of somebody else's run
            return [f"the analysers were not asked: {error}"]
        if len(liked) == 1:
            return [
                *found,
                "no second analyser looked on: the share above is of the one that the samples were made for",
            ]
        if liked == [True, False]:
            found.append("the analyser is fooled: it likes the samples better than the data, the second one does not")
        return found

    logs: ClassVar[dict[str, Metric]] = {
        "analyser/passing": Metric(
            "share of G's sequences above the threshold, at the last feedback, by the weights that move",
            "rising, several times the data's",
            "at 0 for long: nothing is fed back; lower --threshold",
        ),
        "analyser/judged": Metric(
            "the same by the second analyser, which never steers; absent without one",
            "rising with analyser/passing",
            "flat while analyser/passing rises: G fools the analyser; mend it, or stop there",
        ),
        "analyser/fed": Metric(
            "share of what the critic takes for real that was fed back",
            "rising from 0 to 1",
            "at 0: no sequence passes",
        ),
    }


class Pool(nn.Module):
    """What was fed back, in the places of the oldest: ids (size, L), in buffers so that a resumed run goes on exactly.

    Place i stands for item i of the data, until something is put there.
    """

    def __init__(self, size: int, length: int):
        super().__init__()
        self.register_buffer("ids", torch.zeros(size, length, dtype=torch.int16))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))  # ever put in
        self.register_buffer("moves", torch.zeros((), dtype=torch.long))  # of the generator, since feedback began
        self.register_buffer("shares", torch.full((2,), torch.nan))  # of the last candidates: passing, liked

    def forward(self, index: Tensor, real: Tensor) -> Tensor:
        """The items `real` (n, L) of numbers `index` (n,), or what stands in their places."""
        there = index < min(int(self.count), len(self.ids))
        return torch.where(there[:, None], self.ids[index.clamp(max=len(self.ids) - 1)].to(real.dtype), real)

    def take(self, ids: Tensor, passing: float, liked: float) -> None:
        """Put sequences (m, L) in the places of the oldest."""
        ids = ids[: len(self.ids)]
        self.ids[(self.count + torch.arange(len(ids), device=ids.device)) % len(self.ids)] = ids.to(torch.int16)
        self.count += len(ids)
        self.shares[0], self.shares[1] = passing, liked

    def told(self) -> dict[str, float | Callable]:
        """What is logged."""
        passing, liked = self.shares.tolist()
        shares = {"analyser/passing": passing, "analyser/judged": liked}
        fed = min(1.0, int(self.count) / len(self.ids))
        return {"analyser/fed": fed} | {name: value for name, value in shares.items() if value == value}
