"""Ways to step that make a game converge where plain gradient steps circle, each around any optimiser of torch.

Two players pull at right angles to their distance from the equilibrium, so plain steps turn around it, and outwards
when both move at once. Each wrapper looks ahead or back in its own way; `tests/diagnose/test_dirac.py` holds all three
against their closed forms, and docs/convergence.md draws them. Give both players the same one.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Wrapper:
    """An optimiser around another: the same groups, so that schedules reach them; its memory is saved with the rest."""

    def __init__(self, inner: torch.optim.Optimizer):
        self.inner = inner
        self.count = 0
        self.kept: list[Tensor] = [p.detach().clone() for p in self.parameters]

    @property
    def param_groups(self) -> list[dict]:
        return self.inner.param_groups

    @property
    def parameters(self) -> list[Tensor]:
        return [p for group in self.inner.param_groups for p in group["params"]]

    def state_dict(self) -> dict:
        return {"inner": self.inner.state_dict(), "count": self.count, "kept": self.kept}

    def load_state_dict(self, state: dict) -> None:
        self.inner.load_state_dict(state["inner"])
        self.count = state["count"]
        for mine, saved in zip(self.kept, state["kept"]):
            mine.copy_(saved)


class Optimistic(Wrapper):
    """Each step counts twice and the last one is taken back: w += 2uₜ − uₜ₋₁ (Daskalakis et al. 2018, alg. 1).

    Around SGD this is optimistic gradient descent, around Adam optimistic Adam.
    """

    @torch.no_grad()
    def step(self) -> None:
        before = [p.clone() for p in self.parameters]
        self.inner.step()
        for p, was, last in zip(self.parameters, before, self.kept):
            step = p - was
            if self.count:
                p += step - last
            last.copy_(step)
        self.count += 1


class Extragradient(Wrapper):
    """A step to look, then a step from where it stood before with the gradient seen there (Gidel et al. 2019, alg. 2).

    The rounds of play alternate between looking and moving, so it takes two of them to get on by one. Around Adam this
    is ExtraAdam (alg. 4): both of the steps enter its moments.
    """

    @torch.no_grad()
    def step(self) -> None:
        before = [p.clone() for p in self.parameters]
        self.inner.step()
        for p, now, stood in zip(self.parameters, before, self.kept):
            if self.count % 2:
                p += stood - now
            else:
                stood.copy_(now)
        self.count += 1


class Lookahead(Wrapper):
    """After every `k` steps, halfway back to where they began (Zhang et al. 2019; for games Chavdarova et al. 2021)."""

    def __init__(self, inner: torch.optim.Optimizer, k: int = 5, share: float = 0.5):
        super().__init__(inner)
        self.k, self.share = k, share

    @torch.no_grad()
    def step(self) -> None:
        self.inner.step()
        self.count += 1
        if self.count % self.k == 0:
            for p, began in zip(self.parameters, self.kept):
                p.lerp_(began, 1 - self.share)
                began.copy_(p)


class Clipped(Wrapper):
    """The gradient brought to at most `norm` before each step (Pascanu et al. 2013)."""

    def __init__(self, inner: torch.optim.Optimizer, norm: float):
        super().__init__(inner)
        self.norm, self.kept = norm, []

    def step(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.parameters, self.norm)
        self.inner.step()


WAYS = {"plain": lambda inner: inner, "optimistic": Optimistic, "extragradient": Extragradient, "lookahead": Lookahead}
