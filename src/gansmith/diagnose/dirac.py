"""The Dirac-GAN: the smallest game there is, on which every loss, penalty and optimiser has a closed form.

Data is one point at 0, the generator one point at θ, the discriminator a slope: D(x) = ψx (Mescheder et al. 2018,
section 2). The equilibrium is (0, 0), and what happens near it is what the theory of GAN training is about: who
circles, who spirals in, who never arrives. Here it is played by the library's own loop, with its own losses and
penalties, in float64.

A `Pair` is one of `losses`; a penalty takes (critic, real, fake) and returns what is added to the critic's loss.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.spec import DataSpec
from gansmith.distributed.ranks import Ranks
from gansmith.game import Game, Turn
from gansmith.losses import Loss
from gansmith.training.loop import Mover, play_round
from gansmith.training.state import State

Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]


def values(pair: Loss, theta: Tensor, psi: Tensor, penalty: Penalty | None = None, noise: float = 0.0):
    """(generator's loss, critic's loss) at a state; with `noise`, in expectation over N(0, noise²) added to x and θ."""

    def discriminator(x: Tensor) -> Tensor:
        return (psi * x).sum(1)

    of_generator = of_discriminator = 0.0
    for node, weight in _normal(noise):
        real, fake = torch.full((1, 1), node, dtype=theta.dtype), (theta + node).reshape(1, 1)
        on_real, on_fake = discriminator(real), discriminator(fake)
        of_generator = of_generator + weight * pair.generator(on_fake, on_real)
        of_discriminator = of_discriminator + weight * pair.discriminator(on_real, on_fake)
    if penalty is not None:
        of_discriminator = of_discriminator + penalty(
            discriminator, torch.zeros(1, 1, dtype=theta.dtype), theta.reshape(1, 1)
        )
    return of_generator, of_discriminator


def field(pair: Loss, penalty: Penalty | None = None, noise: float = 0.0) -> Callable[[Tensor], Tensor]:
    """(θ, ψ) -> the way both players are pulled: minus the gradient of each one's own loss."""

    def pull(state: Tensor) -> Tensor:
        theta, psi = state[0], state[1]
        of_generator, of_discriminator = values(pair, theta, psi, penalty, noise)
        kept = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
        (down,) = torch.autograd.grad(of_generator, theta, **kept)
        (left,) = torch.autograd.grad(of_discriminator, psi, **kept)
        return -torch.stack([down, left])

    return pull


def eigenvalues(pair: Loss, penalty: Penalty | None = None, noise: float = 0.0, at=(0.0, 0.0)) -> np.ndarray:
    """Of the field's Jacobian: negative real parts draw near, imaginary parts turn. Sorted, complex (2,)."""
    jacobian = torch.autograd.functional.jacobian(field(pair, penalty, noise), torch.tensor(at, dtype=torch.float64))
    return np.sort_complex(np.linalg.eigvals(jacobian.numpy()))


class Dirac(Game):
    """The game itself. `pair`, `penalty` and `stepping` (parameters -> optimiser) are plain attributes."""

    averaged = ()
    at_once: bool = True
    discriminator_steps: int = 1

    def build(self, spec: DataSpec) -> None:
        self.theta, self.psi = (nn.Parameter(torch.tensor([x], dtype=torch.float64)) for x in self.start)

    def players(self):
        return {"generator": [nn.ParameterList([self.theta])], "discriminator": [nn.ParameterList([self.psi])]}

    def turns(self) -> list[Turn]:
        if self.at_once:
            return [Turn(("generator", "discriminator"), self.both)]
        return [
            Turn("discriminator", lambda batch: self.both(batch)["discriminator"], times=self.discriminator_steps),
            Turn("generator", lambda batch: self.both(batch)["generator"]),
        ]

    def both(self, batch) -> dict:
        of_generator, of_discriminator = values(self.pair, self.theta[0], self.psi[0], self.penalty)
        return {"generator": {"loss": of_generator}, "discriminator": {"loss": of_discriminator}}

    def optimizer(self, player, parameters):
        return self.stepping[player](parameters)


def orbit(
    pair: Loss,
    penalty: Penalty | None = None,
    *,
    steps: int,
    rate: float = 0.1,
    start: tuple[float, float] = (1.0, 1.0),
    at_once: bool = True,
    discriminator_steps: int = 1,
    stepping: Callable | None = None,
    after: Callable[[Game], None] | None = None,
) -> np.ndarray:
    """(steps + 1, 2) states (θ, ψ) of a game played by the library's loop.

    at_once   both move from where the round began; False: the critic first, then the generator against the new critic
    stepping  parameters -> optimiser, or one for each player; default: SGD of step size `rate`
    after     called with the game after each round
    """
    made = stepping or (lambda parameters: torch.optim.SGD(parameters, lr=rate))
    game = Dirac(at_once=at_once, discriminator_steps=discriminator_steps)
    game.pair, game.penalty, game.start = pair, penalty, start
    game.stepping = made if isinstance(made, dict) else {"generator": made, "discriminator": made}
    spec = Vectors((1,))
    game.build(spec)
    game.spec = spec
    data = Dataset(spec, {"real": np.zeros((1, 1), np.float32)}, name="a point at 0")
    state = State(game, data, None, batch_size=1, seed=0, ranks=Ranks(torch.device("cpu")))
    mover = Mover(state, "fp32", 1)
    path = [(game.theta.item(), game.psi.item())]
    for _ in range(steps):
        play_round(state, mover)
        state.round += 1
        if after:
            after(game)
        path.append((game.theta.item(), game.psi.item()))
    return np.array(path)


def radius(path: np.ndarray) -> np.ndarray:
    """Distance from the equilibrium along an orbit."""
    return np.hypot(path[:, 0], path[:, 1])


def _normal(sd: float, nodes: int = 60) -> list[tuple[float, float]]:
    """(node, weight) of N(0, sd²) by Gauss and Hermite."""
    if not sd:
        return [(0.0, 1.0)]
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    return [(float(sd * a), float(b / w.sum())) for a, b in zip(x, w)]
