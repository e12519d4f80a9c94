"""What the discriminator sees: changed while it trains, never when it scores; p follows the sign of its scores."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.distributed.ranks import Ranks
from gansmith.testing import begin, check_game, made_up, rounds
from gansmith.training.augment import CLIP, QUICK, SPAN, Augment, color, cut, translated


def pictures(n=64, channels=3, height=12, width=16):
    torch.manual_seed(0)
    return torch.rand(n, channels, height, width) * 2 - 1


@pytest.mark.parametrize("change", [color, translated, cut])
def test_changes_keep_shape_and_pass_gradients(change):
    x = pictures().requires_grad_()
    made = change(x)
    assert made.shape == x.shape and not torch.equal(made, x)
    made.sum().backward()
    assert torch.isfinite(x.grad).all() and x.grad.abs().sum() > 0


def test_translation_moves_by_at_most_an_eighth_and_brings_black_in():
    x = torch.ones(500, 1, 16, 24)
    kept = translated(x).mean((1, 2, 3))
    assert kept.min() == pytest.approx((14 / 16) * (21 / 24)) and kept.max() == 1
    point = torch.zeros(500, 1, 16, 24)
    point[:, :, 8, 12] = 1
    moved = translated(point).flatten(1)
    assert (moved.sum(1) == 1).all() and moved.argmax(1).unique().numel() > 20


def test_a_cut_takes_a_quarter_at_most():
    gone = 1 - cut(torch.ones(500, 2, 16, 16)).mean((1, 2, 3))
    assert gone.max() <= 0.25 and gone.mean() > 0.1


def test_p_says_how_many_are_changed():
    x, made = pictures(2000), Augment("ada")
    assert torch.equal(made(x), x)
    made.p.fill_(0.3)
    changed = (made(x) != x).flatten(1).any(1).float().mean()
    assert 0.55 < changed < 0.75  # 1 − 0.7³ = 0.657


def test_noise_has_its_size_and_falls():
    made = Augment(noise=0.5)
    x = torch.zeros(100, 1, 20, 20)
    assert made(x).std().item() == pytest.approx(0.5, rel=0.02)
    made.progress = lambda: 1.0
    assert torch.equal(made(x), x)


def test_training_is_augmented_and_scoring_is_not():
    state = begin(gs.R3GAN, made_up((1, 8, 8)), {"width": 8, "augment": "diffaugment"}, 0)
    x = torch.rand(4, 1, 8, 8)
    discriminator = state.game.discriminator
    assert not torch.equal(discriminator(x), discriminator(x))
    discriminator.eval()
    assert torch.equal(discriminator(x), discriminator(x))


@pytest.mark.parametrize("sign, expected", [(1.0, 1.0), (-1.0, 0.0)])
def test_p_follows_the_sign_of_the_scores_of_reals(sign, expected):
    state = begin(gs.GAN, made_up((1, 8, 8)), {"width": 10, "augment": "ada"}, 0)
    torch.nn.init.zeros_(state.game.discriminator.score.weight)
    torch.nn.init.constant_(state.game.discriminator.score.bias, sign)
    for _ in range(40):
        state.round += 1
        state.augment.adapt(state)
    assert state.augment.p.item() == pytest.approx(expected * 40 * state.batch_size / SPAN)
    state.augment.p.fill_(CLIP)
    state.round += 4
    state.augment.adapt(state)
    assert state.augment.p <= CLIP


@pytest.mark.parametrize("knows, expected", [(True, 1.0), (False, 0.0)])
def test_where_the_loss_is_of_differences_p_follows_how_far_reals_are_above_the_middle(knows, expected):
    """A constant on all scores, which such a loss never sees, says nothing: reals must lie above fakes."""
    state = begin(gs.R3GAN, made_up((1, 8, 8)), {"width": 8, "augment": "ada"}, 0)
    known = {bytes(x) for x in state.data.batch(torch.arange(len(state.data)), "cpu").real.numpy()}

    class Knowing(torch.nn.Module):
        def forward(self, x, label=None):
            own = torch.tensor([float(bytes(item) in known) for item in x.numpy()])
            return 100 + (own if knows else torch.tensor([1.0, -1.0]).repeat(len(x) // 2))

    state.game.discriminator = Knowing()
    for _ in range(40):
        state.round += 1
        state.augment.adapt(state)
    assert state.augment.p.item() == pytest.approx(expected * 40 * state.batch_size / SPAN)


@pytest.mark.parametrize("known, expected", [(0.8, 1.0), (0.3, 0.0)])
def test_where_pictures_are_held_out_p_follows_what_d_knows_by_heart(known, expected):
    """Held-out pictures lie `known` of the way from training pictures to fakes; a constant says nothing."""
    state = begin(gs.R3GAN, made_up((1, 8, 8)), {"width": 8, "augment": "ada", "ada_target": 0.5}, 0)
    state.data, state.held = state.data.split(0.3, 0)
    own, kept = ({bytes(x) for x in d.batch(torch.arange(len(d))).real.numpy()} for d in (state.data, state.held))

    class Knowing(torch.nn.Module):
        def forward(self, x, label=None):
            score = lambda item: 2.0 if item in own else 2.0 - 4 * known if item in kept else -2.0  # noqa: E731
            return 100 + torch.tensor([score(bytes(item)) for item in x.numpy()])

    state.game.discriminator = Knowing()
    for _ in range(40):
        state.round += 1
        state.augment.adapt(state)
    assert state.augment.gap.tolist() == pytest.approx([4 * known, 4.0], rel=1e-4)
    assert state.augment.p.item() == pytest.approx(expected * 40 * state.batch_size / QUICK)


@pytest.mark.parametrize("signal, held, target", [("sign", False, 0.6), ("known", True, 0.5), ("known", True, 0.8)])
def test_the_loop_is_closed_p_stays_where_the_signal_is_what_it_should_be(signal, held, target):
    """A discriminator that knows the less by heart the more it is shown: r = 0.9 − p / 2."""
    asked = {"ada_target": target} if held else {}
    state = begin(gs.GAN, made_up((1, 8, 8)), {"width": 4, "augment": "ada-bgc", **asked}, 0)
    if held:
        state.data, state.held = state.data.split(0.3, 0)
    state.batch_size, found = 1000, []  # for long strides
    setattr(state.augment, signal, lambda state: 0.9 - state.augment.p.item() / 2)
    for state.round in range(0, 1200, 4):
        state.augment.adapt(state)
        found.append(0.9 - state.augment.p.item() / 2)
    assert found[0] > 0.85 and np.abs(np.array(found[-100:]) - target).max() < 0.03


def test_it_looks_at_the_discriminator_without_leaving_a_trace():
    state = begin(gs.DCGAN, made_up((1, 8, 8)), {"width": 8, "augment": "ada"}, 0)
    state.data, state.held = state.data.split(0.3, 0)
    before = {name: value.clone() for name, value in state.game.state_dict().items()}
    state.round = 4
    state.augment.adapt(state)
    assert all(torch.equal(value, before[name]) for name, value in state.game.state_dict().items())
    assert state.game.discriminator.training and state.game.generator.training


def test_vectors_cannot_be_augmented_but_take_noise():
    with pytest.raises(gs.UserError, match="instance_noise"):
        begin(gs.R3GAN, made_up((3,)), {"augment": "ada"}, 0)
    rounds(begin(gs.R3GAN, made_up((3,)), {"instance_noise": 0.2}, 0), 2)


REMEDIES = [
    {"augment": "ada"},
    {"augment": "ada-bgc"},
    {"instance_noise": 0.3},
    {"stepping": "optimistic"},
    {"stepping": "extragradient"},
    {"stepping": "lookahead", "clip_gradient": 1.0},
]


@pytest.mark.parametrize("settings", REMEDIES, ids=lambda s: "-".join(map(str, s.values())))
def test_games_keep_the_contract_with_remedies(settings):
    check_game(gs.GAN, data=[made_up((1, 8, 8))], width=16, **settings)


def test_clipping_bounds_the_step():
    state = begin(gs.GAN, made_up((3,)), {"width": 16, "clip_gradient": 0.01}, 0)
    rounds(state, 3)
    assert max(p.gradient.norm().item() for p in state.players.values()) <= 0.01 + 1e-6


# --- mirrored pictures -----------------------------------------------------------------------------------------------
def mirroring(**settings):
    return begin(gs.R3GAN, made_up((1, 8, 8)), {"width": 8, "mirror": True, **settings}, 0)


def test_half_of_the_real_pictures_are_mirrored_the_same_ones_at_the_same_place():
    state = mirroring()
    index = state.order.take(state.batch_size)
    plain = state.data.batch(index)
    shown = state.augment.turned(plain, state).real
    turned = [torch.equal(a, b.flip(2)) and not torch.equal(a, b) for a, b in zip(shown, plain.real)]
    assert all(torch.equal(a, b) or t for a, b, t in zip(shown, plain.real, turned)) and 0.2 < np.mean(turned) < 0.8
    assert torch.equal(state.augment.turned(plain, state).real, shown)  # as a run that is resumed sees it
    state.order.take(state.batch_size)
    assert not torch.equal(state.augment.turned(plain, state).real, shown)


def test_ranks_mirror_what_one_process_would():
    class Second:  # of two
        count, rank = 2, 1
        rows = Ranks.rows

    state = mirroring()
    plain = state.data.batch(torch.arange(state.batch_size))
    whole = state.augment.turned(plain, state).real
    state.ranks = Second()
    half = state.batch_size // 2
    assert torch.equal(state.augment.turned(plain.parts(2)[1], state).real, whole[half:])


def test_mirroring_leaves_the_discriminator_alone_and_labels_with_their_pictures():
    state = mirroring(conditional=True)
    x, label = torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.long)
    assert torch.equal(state.game.discriminator(x, label), state.game.discriminator(x, label))
    batch = state.data.batch(torch.arange(state.batch_size))
    assert torch.equal(state.augment.turned(batch, state).label, batch.label)
    rounds(state, 2)


def test_only_pictures_are_mirrored():
    with pytest.raises(gs.UserError, match="mirror=True is for pictures and these are vectors"):
        begin(gs.R3GAN, made_up((3,)), {"mirror": True}, 0)
