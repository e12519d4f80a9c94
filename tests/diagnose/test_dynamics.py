"""Rotation and duality gap against games whose answers are known."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import losses, penalties
from gansmith.diagnose.dirac import Dirac
from gansmith.diagnose.dynamics import duality_gap, rotation
from gansmith.testing import assert_same, begin, made_up, rounds


def dirac(loss, penalty=None):
    class Played(Dirac):
        start, pair = (0.3, 0.2), loss

        def optimizer(self, player, parameters):
            return torch.optim.SGD(parameters, lr=0.1)

    Played.penalty = staticmethod(penalty) if penalty else None
    return begin(Played, made_up((1,)), {}, 0)


def test_the_wasserstein_game_only_turns():
    assert abs(rotation(dirac(losses.wasserstein))) < 1e-9


@pytest.mark.parametrize("gamma", [0.5, 5.0])
def test_r1_makes_it_draw_near(gamma):
    """E‖∇D‖² is ψ²: of (θ, ψ) the pull is (ψ, −θ − γψ) and J is [[0, 1], [−1, −γ]]."""
    jacobian = np.array([[0.0, 1.0], [-1.0, -gamma]])
    pull = jacobian @ [0.3, 0.2]
    expected = pull @ jacobian @ pull / np.linalg.norm(pull) / np.linalg.norm(jacobian @ pull)
    found = rotation(dirac(losses.wasserstein, lambda c, r, f: gamma * penalties.r1(c, r)))
    assert found == pytest.approx(expected, abs=1e-9) and found < -0.1


def test_asking_changes_nothing():
    state = begin(gs.GAN, made_up((3,)), {"width": 16}, 0)
    rounds(state, 2)
    before = copy.deepcopy(state.state_dict())
    assert -1 <= rotation(state) <= 1
    assert_same(before, state.state_dict(), "rotation changed the game")


@pytest.mark.parametrize("theta, psi", [(0.5, -0.25), (0.0, 0.0), (-0.8, 0.9)])
def test_the_gap_of_the_bilinear_game_in_a_box(theta, psi):
    """V = θψ on [−1, 1]²: the gap is |θ| + |ψ|."""
    a, b = nn.Parameter(torch.tensor([theta])), nn.Parameter(torch.tensor([psi]))

    def project():
        a.data.clamp_(-1, 1)
        b.data.clamp_(-1, 1)

    found = duality_gap(lambda: (a * b).sum(), [a], [b], steps=300, rate=0.02, project=project)
    assert found == pytest.approx(abs(theta) + abs(psi), abs=1e-6)
    assert math.isclose(a.item(), theta, abs_tol=1e-7) and math.isclose(b.item(), psi, abs_tol=1e-7)
