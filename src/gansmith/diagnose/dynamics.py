"""The game as a field of forces: does it turn or draw near here, and how far is it from an equilibrium?

The first costs about two rounds of play, the second as much as many and is asked on request; neither changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gansmith.game import observing
from gansmith.training.loop import Mover, draw
from gansmith.training.state import State


def rotation(state: State, reach: float = 1e-3, seed: int = 0) -> float:
    """vᵀJv / (‖v‖ ‖Jv‖), v the pull on all players and J its Jacobian: what becomes of the pull a little along it.

    −1: it fades, an equilibrium is near that way; 0: it turns, as in the Dirac-GAN without penalty; 1: it grows.
    J v is a difference of pulls at weights `reach` (relative) apart, on one batch and with the same chance, so it needs
    first derivatives only. Random directions in place of v would see no more than tr J/√d in a game of d numbers, which
    is nearly 0 however it is played: 0.002 … 0.013 in five games on grid25 and digits, sound and without penalty alike.
    """
    place, kept = state.order.position, [player.flat.detach().clone() for player in state.players.values()]
    here = _pull(state, seed)
    size = reach * max(_norm(kept), 1.0) / max(_norm(here), 1e-30)
    try:
        for player, x, step in zip(state.players.values(), kept, here):
            player.flat.data.copy_(x + size * step)
        change = [there - stood for there, stood in zip(_pull(state, seed), here)]
    finally:
        for player, x in zip(state.players.values(), kept):
            player.flat.data.copy_(x)
        state.order.position = place
    along = float(sum((a * b).sum() for a, b in zip(here, change)))
    return along / max(_norm(here) * _norm(change), 1e-30)


def _pull(state: State, seed: int) -> list[Tensor]:
    """Minus each player's gradient at the state, every turn's loss on the same batch and chance; nobody moves."""
    game, mover = state.game, Mover(state, "fp32", 1)
    state.order.position = 0
    devices = [game.device] if game.device.type == "cuda" else []
    kept = {name: buffer.clone() for name, buffer in game.named_buffers()}
    pull = {name: torch.zeros_like(player.flat.data) for name, player in state.players.items()}
    with torch.random.fork_rng(devices=devices), observing(None):
        torch.manual_seed(seed)
        batch = draw(state, {})  # a batch may be drawn by chance, too: rows of tables, crops of pictures
        for turn in game.stages()[max(state.stage, 0)].turns:
            mover.free_only(turn.movers)
            said = turn.loss(batch)
            said = {turn.player: said} if isinstance(turn.player, str) else said
            for i, name in enumerate(turn.movers):
                player, gradient = state.players[name], state.players[name].gradient.clone()
                player.differentiate(sum(said[name].values()), keep_graph=i < len(turn.movers) - 1)
                pull[name] -= player.gradient
                player.gradient.copy_(gradient)
    for name, buffer in game.named_buffers():
        buffer.copy_(kept[name])
    return list(pull.values())


def _norm(parts: Sequence[Tensor]) -> float:
    return float(torch.cat([x.flatten() for x in parts]).norm())


def duality_gap(
    value: Callable[[], Tensor],
    low: Sequence[Tensor],
    high: Sequence[Tensor],
    *,
    steps: int = 200,
    rate: float = 1e-2,
    project: Callable[[], None] = lambda: None,
) -> float:
    """max over `high` of V − min over `low` of V, from where both stand; 0 at an equilibrium (Grnarova et al. 2019).

    value    the game's value V on held-out data, from the current contents of the tensors
    low      parameters that the minimising player has;  high: the maximising player's
    project  called after each step, to keep the parameters where they may be

    Each side is optimised by `steps` steps of Adam while the other stands still; all are put back. As the search is
    local, what is found is a lower bound of the gap.
    """

    def best(movers: Sequence[Tensor], sign: float) -> float:
        kept = [x.detach().clone() for x in movers]
        optimizer, found = torch.optim.Adam(list(movers), lr=rate), float(value().detach())
        for _ in range(steps):
            gradients = torch.autograd.grad(sign * value(), list(movers))
            for x, gradient in zip(movers, gradients):
                x.grad = gradient
            optimizer.step()
            project()
            found = (max if sign < 0 else min)(found, float(value().detach()))
        for x, was in zip(movers, kept):
            x.data.copy_(was)
            x.grad = None
        return found

    return best(high, -1.0) - best(low, 1.0)
