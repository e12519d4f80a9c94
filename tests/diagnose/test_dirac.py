"""The Dirac-GAN's closed forms: every loss, penalty and optimiser here against what the theory says of it."""

import math

import numpy as np
import pytest
import torch

from gansmith import losses, penalties
from gansmith.diagnose.dirac import eigenvalues, field, orbit, radius, values
from gansmith.training.average import Average
from gansmith.training.optimizers import Extragradient, Lookahead, Optimistic


def r1(gamma):
    return lambda discriminator, real, fake: gamma * penalties.r1(discriminator, real)


def r2(gamma):
    return lambda discriminator, real, fake: gamma * penalties.r1(discriminator, fake)


def both(gamma):
    return lambda discriminator, real, fake: (
        gamma * (penalties.r1(discriminator, real) + penalties.r1(discriminator, fake))
    )


def pair(real, imaginary=0.0):
    return sorted([complex(real, imaginary), complex(real, -imaginary)], key=lambda z: z.imag)


def real_pair(a, b):
    return sorted([complex(a), complex(b)], key=lambda z: z.real)


def same(found, expected, tolerance=1e-7):
    assert np.allclose(found, expected, atol=tolerance), f"{found} instead of {expected}"


FLAT = [  # loss, how fast it turns around the equilibrium
    (losses.minimax, 0.5),
    (losses.non_saturating, 0.5),
    (losses.relativistic, 0.5),
    (losses.wasserstein, 1.0),
    (losses.hinge, 1.0),
    (losses.least_squares(-1, 1, 1), 1.0),
]


@pytest.mark.parametrize("loss, turn", FLAT)
def test_no_loss_alone_draws_near(loss, turn):
    same(eigenvalues(loss), pair(0, turn))


def test_pearsons_least_squares_neither_turn_nor_draw_near():
    same(eigenvalues(losses.least_squares(-1, 1, 0)), [0, 0])
    path = orbit(losses.least_squares(-1, 1, 0), steps=400, at_once=False)
    assert abs(path[-1, 0]) < 1e-20 and abs(path[-1, 1]) == pytest.approx(1.161, abs=0.1)


@pytest.mark.parametrize(
    "gamma, expected", [(0.1, pair(-0.05, 0.4974937)), (1, pair(-0.5)), (2, real_pair(-1.8660254, -0.1339746))]
)
@pytest.mark.parametrize("penalty", [r1, r2])
@pytest.mark.parametrize("loss", [losses.minimax, losses.non_saturating, losses.relativistic])
def test_r1_or_r2_draw_near_for_every_gamma(loss, penalty, gamma, expected):
    """−γ/2 ± √(γ²/4 − f'(0)²); fastest at γ = 1, where a double root stands."""
    same(eigenvalues(loss, penalty(gamma)), expected, 1e-4 if gamma == 1 else 1e-6)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0])
def test_r1_and_r2_together_count_twice(gamma):
    root = complex(gamma**2 - 0.25) ** 0.5
    expected = sorted([-gamma - root, -gamma + root], key=lambda z: (z.real, z.imag))
    same(eigenvalues(losses.relativistic, both(gamma)), expected, 1e-4 if gamma == 0.5 else 1e-6)


@pytest.mark.parametrize("gamma, limit", [(0.1, 0.4), (1.0, 4.0), (10.0, 0.2005)])
def test_r1_allows_steps_up_to_its_limit(gamma, limit):
    start = (1e-6, 1e-6)  # where the game is linear
    reach = {
        share: radius(orbit(losses.non_saturating, r1(gamma), steps=200, rate=share * limit, start=start))[-1]
        for share in (0.96, 1.04)
    }
    assert reach[0.96] < 1e-6 * 2**0.5 < reach[1.04]


@pytest.mark.parametrize(
    "sd, expected",
    [(0.5, pair(-0.0625, 0.4960784)), (1, pair(-0.25, 0.4330127)), (2, real_pair(-1.8660254, -0.1339746))],
)
def test_instance_noise_draws_near(sd, expected):
    """f''(0)σ² ± √(f''(0)²σ⁴ − f'(0)²), the expectation taken by Gauss and Hermite."""
    same(eigenvalues(losses.non_saturating, noise=sd), expected, 1e-6)


def test_lecam_draws_near():
    """γ((D(x) − a_F)² + (D(G) − a_R)²) with both anchors at 0, where they are at the equilibrium, pulls like nothing:
    its slope in ψ is 2γψθ², of third order. It bounds scores and does not damp the rotation."""
    zero = torch.zeros((), dtype=torch.float64)
    lecam = lambda discriminator, real, fake: penalties.lecam(discriminator(real), discriminator(fake), zero, zero)  # noqa: E731
    same(eigenvalues(losses.non_saturating, lecam), pair(0, 0.5))
    assert field(losses.non_saturating, lecam)(torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True))[
        1
    ].item() == pytest.approx(-1 / (1 + math.exp(-1)) - 2, rel=1e-9)


def test_losses_at_the_equilibrium():
    at = torch.zeros(2, dtype=torch.float64)
    found = {
        name: [v.item() for v in values(loss, at[0], at[1])]
        for name, loss in {
            "logistic": losses.non_saturating,
            "pairs": losses.relativistic,
            "hinge": losses.hinge,
            "wasserstein": losses.wasserstein,
        }.items()
    }
    two = math.log(2)
    assert found["logistic"] == pytest.approx([two, 2 * two]) and found["pairs"] == pytest.approx([two, two])
    assert found["hinge"] == pytest.approx([0, 2]) and found["wasserstein"] == pytest.approx([0, 0])
    half = torch.full((1,), 0.5)
    squares = losses.least_squares(0, 1, 1)
    assert squares.discriminator(half, half).item() == 0.25 and squares.generator(half).item() == 0.125


# --- discrete steps, exact -------------------------------------------------------------------------------------------
def test_wasserstein_at_once_leaves_at_an_exact_rate():
    path = radius(orbit(losses.wasserstein, steps=100))
    assert path[-1] / path[0] == pytest.approx(1.01**50, rel=1e-12)
    assert path[-1] / path[0] == pytest.approx(1.644632, abs=1e-6)


def test_wasserstein_in_turn_stays_on_an_ellipse():
    h, path = 0.1, orbit(losses.wasserstein, steps=300, at_once=False)
    kept = path[:, 0] ** 2 + path[:, 1] ** 2 - h * path[:, 0] * path[:, 1]
    start_to_end = np.abs(kept / kept[0] - 1).max()
    mirrored = path[:, 0] ** 2 + path[:, 1] ** 2 + h * path[:, 0] * path[:, 1]
    assert min(start_to_end, np.abs(mirrored / mirrored[0] - 1).max()) < 1e-12


@pytest.mark.slow
def test_non_saturating_in_turn_hardly_draws_near_and_r1_does():
    plain = radius(orbit(losses.non_saturating, steps=2000, at_once=False))[-1]
    damped = radius(orbit(losses.non_saturating, r1(0.1), steps=2000, at_once=False))[-1]
    assert plain == pytest.approx(0.2, abs=0.001) and damped == pytest.approx(3.3e-5, rel=0.05)


def test_clipped_weights_swing_for_ever():
    def clip(game):
        game.psi.data.clamp_(-0.1, 0.1)

    path = orbit(losses.wasserstein, steps=1000, rate=0.03, start=(0.3, 0.1), at_once=False, after=clip)
    late = path[500:, 0]
    assert late.max() > 0.09 and late.min() < -0.09


@pytest.mark.slow
def test_wgan_gp_has_no_equilibrium_where_it_should_be():
    """γ = g₀ = 1: the pull is (ψ, −θ − (|ψ| − 1) sign ψ). It does not vanish towards (0, 0) but towards two false rests
    (±1, 0±), where the slope that the penalty asks for outweighs the pull of the data."""

    def penalty(discriminator, real, fake):
        return penalties.gradient_penalty(discriminator, real, fake) / 2

    def pull(theta, psi):
        slope = math.hypot(psi, 1e-6)  # the penalty's own, finite at 0
        return psi, -theta - (slope - 1) * psi / slope

    played = field(losses.wasserstein, penalty)
    at = lambda *state: played(torch.tensor(state, dtype=torch.float64, requires_grad=True)).tolist()  # noqa: E731
    for small in (0.1, -0.01, 1e-3):
        sign = math.copysign(1, small)
        assert at(0.0, small) == pytest.approx([small, sign - small], abs=1e-4)
        assert at(sign, small) == pytest.approx([small, -small], abs=1e-4)

    for discriminator_steps, rounds in ((1, 1200), (5, 600)):
        path = orbit(losses.wasserstein, penalty, steps=rounds, at_once=False, discriminator_steps=discriminator_steps)
        for (theta, psi), after in zip(path, path[1:]):  # each round from where the last one ended: no chaos enters
            for _ in range(discriminator_steps):
                psi += 0.1 * pull(theta, psi)[1]
            assert after == pytest.approx([theta + 0.1 * psi, psi], abs=1e-9)
        # Within ½ of (0, 0), |ψ| grows by h(1 − |θ| − |ψ|) ≥ h(1 − √½) a critic step, so nobody stays there for long.
        inside, stay, longest = radius(path) < 0.5, 0, 0
        for there in inside:
            stay = stay + 1 if there else 0
            longest = max(longest, stay)
        assert longest <= 0.5 / (0.1 * (1 - 0.5**0.5)) / discriminator_steps + 1
    cycle = radius(orbit(losses.wasserstein, penalty, steps=1200, at_once=False))[600:]
    assert cycle.min() > 1.1 and cycle.max() < 1.55


def test_dragan_has_no_equilibrium_either():
    dragan = lambda discriminator, real, fake: penalties.one_centered(discriminator, real) / 2  # noqa: E731
    assert radius(orbit(losses.wasserstein, dragan, steps=800, at_once=False))[400:].min() > 1


def test_two_step_sizes_turn_at_their_geometric_mean_and_do_not_damp():
    sgd = {
        name: (lambda p, rate=rate: torch.optim.SGD(p, lr=rate))
        for name, rate in (("generator", 0.02), ("discriminator", 0.08))
    }
    path = orbit(losses.wasserstein, steps=500, stepping=sgd)
    scaled = path / np.sqrt([0.02, 0.08])
    grown = np.hypot(*scaled[-1]) / np.hypot(*scaled[0])
    assert grown == pytest.approx((1 + 0.02 * 0.08) ** 250, rel=1e-9)


@pytest.mark.parametrize("beta, in_turn", [(-0.5, 0.99852), (0.0, 1.0), (0.5, 1.0323), (0.9, 1.1921)])
def test_momentum_only_helps_when_negative_and_in_turn(beta, in_turn):
    """Growth a step on the bilinear game at h = 0.1 (Gidel et al. 2019b)."""

    def heavy_ball(parameters):
        made = torch.optim.SGD(parameters, lr=0.1, momentum=0.0)
        made.param_groups[0]["momentum"] = beta  # torch refuses a negative one in its constructor
        return made

    path = radius(orbit(losses.wasserstein, steps=800, at_once=False, stepping=heavy_ball))
    grown = (path[600:].max() / path[200:400].max()) ** (1 / 400)
    assert grown == pytest.approx(in_turn, abs=2e-3)
    if beta == -0.5:
        once = radius(orbit(losses.wasserstein, steps=800, stepping=heavy_ball))
        assert once[-1] > once[0]


def around(wrapper, rate):
    return lambda parameters: wrapper(torch.optim.SGD(parameters, lr=rate))


def test_extragradient_contracts_by_its_closed_form():
    h = 0.1
    path = orbit(losses.wasserstein, steps=200, stepping=around(Extragradient, h))[::2]  # a look and a move
    grown = radius(path)[1:] / radius(path)[:-1]
    assert grown == pytest.approx((1 - h**2 + h**4) ** 0.5, rel=1e-12)
    assert radius(path)[-1] / radius(path)[0] == pytest.approx(0.608069, abs=1e-6)


@pytest.mark.parametrize("h, rate", [(0.1, 0.99494), (0.5, 0.70711)])
def test_optimiztic_steps_contract_by_the_roots_of_their_polynomial(h, rate):
    path = orbit(losses.wasserstein, steps=400, stepping=around(Optimistic, h))
    late = radius(path)[100:]
    assert (late[-1] / late[0]) ** (1 / (len(late) - 1)) == pytest.approx(rate, abs=5e-3)
    now, before = path[2:], path[1:-1]  # exact: w₊ = w + 2h v(w) − h v(w₋), v = (ψ, −θ)
    pull = lambda w: np.stack([w[:, 1], -w[:, 0]], 1)  # noqa: E731
    assert np.allclose(now[1:], now[:-1] + 2 * h * pull(now[:-1]) - h * pull(before[:-1]), rtol=1e-12, atol=1e-15)


def test_optimiztic_steps_leave_above_their_limit():
    limit = 1 / math.sqrt(3)
    below, above = (
        radius(orbit(losses.wasserstein, steps=750, stepping=around(Optimistic, h)))[-1]
        for h in (limit - 0.02, limit + 0.02)
    )
    assert below < 1e-3 and above > 10


@pytest.mark.parametrize("k, rate", [(5, 0.99624), (10, 0.98961), (20, 0.97256)])
def test_lookahead_turns_leaving_into_arriving(k, rate):
    """|½ + ½(1 + hi)^k|^(1/k) a step, around steps that alone grow by √(1 + h²)."""
    path = orbit(losses.wasserstein, steps=10 * k, stepping=lambda p: Lookahead(torch.optim.SGD(p, lr=0.1), k))[::k]
    exact = abs(0.5 + 0.5 * (1 + 0.1j) ** k)
    assert radius(path)[1:] / radius(path)[:-1] == pytest.approx(exact, rel=1e-12)
    assert exact ** (1 / k) == pytest.approx(rate, abs=1e-5)


@pytest.mark.parametrize("keep, factor", [(0.9, 0.7255), (0.99, 0.1)])
def test_an_average_shrinks_the_orbit_by_its_transfer_function(keep, factor):
    """(1 − β)/|1 − β e^(−iω)| with cos ω = 1 − h²/2: it hides the rotation, it does not stop it."""

    class Shadow:
        averaged, average_half_life = ("psi_net",), math.log(0.5) / math.log(keep)

        def __init__(self):
            self.psi_net = torch.nn.Linear(1, 1, bias=False).double()
            torch.nn.init.zeros_(self.psi_net.weight)

    shadow, seen = Shadow(), []
    average = Average(shadow)

    def follow(game):
        shadow.psi_net.weight.data.copy_(game.psi.data[:, None])
        average.update(1, 10**9)
        seen.append((average.copies["psi_net"].weight.item(), game.psi.item()))

    orbit(losses.wasserstein, steps=max(400, round(8 / (1 - keep))), at_once=False, after=follow)
    late = np.array(seen[-130:])  # two turns
    turn = math.acos(1 - 0.1**2 / 2)
    exact = (1 - keep) / abs(1 - keep * np.exp(-1j * turn))
    swing = np.ptp(late[:, 0]) / np.ptp(late[:, 1])
    assert swing == pytest.approx(exact, rel=0.02) and exact == pytest.approx(factor, abs=1e-3)


def test_adam_of_a_game_stays_bounded():
    """No closed form: in turn, with β₁ = 0 and R1, it must not leave."""
    adam = lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.99))  # noqa: E731
    path = radius(orbit(losses.non_saturating, r1(1.0), steps=900, at_once=False, stepping=adam))
    assert path.max() < 2 and path[-100:].mean() < 0.2
