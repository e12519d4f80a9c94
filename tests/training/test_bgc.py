"""The augmentations of ADA's paper: nothing at p = 0, whole pixels moved exactly, colours by hand, two gradients."""

from itertools import product

import pytest
import torch

from gansmith.distributed.ranks import OneBatch
from gansmith.training.bgc import BLIT, COLOUR, GEOMETRY, PARTS, bgc, bilinear


def pictures(n=64, channels=3, height=8, width=8):
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("channels, width", [(1, 8), (2, 8), (3, 11), (4, 8)])
def test_nothing_is_changed_at_p_0_and_much_at_p_1(channels, width):
    x = pictures(channels=channels, width=width)
    assert torch.equal(bgc(x, 0.0), x)
    made = bgc(x, 1.0)
    assert made.shape == x.shape and made.isfinite().all() and (made != x).flatten(1).any(1).all()
    assert channels < 4 or torch.equal(bgc(x, 1.0, COLOUR)[:, 3], x[:, 3])  # what is no colour


def is_one_of(made, choices):
    """How often each of the choices (k, n, …) of pictures (n, …) was made; each made one is one of them, to the bit."""
    found = (made == torch.stack(choices)).flatten(2).all(2)
    assert found.any(0).all()
    return found.float().mean(1)


def test_flips_and_quarter_turns_are_exact():
    x = pictures(400)
    assert is_one_of(bgc(x, 1.0, ["flip"]), [x, x.flip(3)]) == pytest.approx([0.5, 0.5], abs=0.1)
    assert is_one_of(bgc(x, 1.0, ["turn"]), [x.rot90(k, (2, 3)) for k in range(4)]) == pytest.approx(
        [0.25] * 4, abs=0.1
    )
    assert is_one_of(bgc(x, 0.5, ["flip"]), [x, x.flip(3)]) == pytest.approx([0.75, 0.25], abs=0.1)
    is_one_of(bgc(pictures(width=11), 1.0, ["turn"]), [pictures(width=11), pictures(width=11).rot90(2, (2, 3))])


def test_shifts_are_of_whole_pixels_up_to_an_eighth_and_mirror_at_the_edge():
    x = pictures(200, 1, 16, 16)
    wide = torch.cat([x.flip(2), x, x.flip(2)], 2)
    wide = torch.cat([wide.flip(3), wide, wide.flip(3)], 3)
    shifted = [wide[:, :, 16 + i : 32 + i, 16 + j : 32 + j] for i, j in product(range(-2, 3), repeat=2)]
    assert (is_one_of(bgc(x, 1.0, ["shift"]), shifted) > 0).sum() > 20


def test_places_between_pixels_are_means_of_neighbours():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    half = torch.full((1, 1, 1), 0.5)
    assert bilinear(x, half, half).item() == 2.5 and bilinear(x, -1 - half, half).item() == 2.5  # mirrored at the edge


def test_a_disc_in_the_middle_stays_one_when_it_is_turned_and_grows_when_it_is_scaled():
    side = torch.arange(33) - 16.0
    disc = ((side**2 + side[:, None] ** 2) < 64).float()[None, None].expand(200, -1, -1, -1)
    size = disc[0].sum()
    assert (bgc(disc, 1.0, ["rotate"]).sum((1, 2, 3)) / size).sub(1).abs().max() < 0.03
    assert bgc(disc, 1.0, ["stretch"]).sum((1, 2, 3)).div(size).sub(1).abs().max() < 0.1  # its area stays
    grown = bgc(disc, 1.0, ["scale"]).sum((1, 2, 3)).div(size).log2() / 2
    assert grown.std() == pytest.approx(0.2, abs=0.05)
    assert bgc(disc, 1.0, ["move"]).std(0).max() > 0.1


def test_rotations_happen_to_a_share_p():
    turned = bgc(pictures(2000), 0.3, ["rotate"]) != pictures(2000)
    assert turned.flatten(1).any(1).float().mean() == pytest.approx(0.3, abs=0.04)


def test_colours_by_hand():
    x = pictures(500)
    brighter = bgc(x, 1.0, ["brightness"]) - x
    assert brighter.flatten(1).std(1).max() < 1e-6 and brighter.mean((1, 2, 3)).std() == pytest.approx(0.2, abs=0.03)
    more = (bgc(x, 1.0, ["contrast"]) / x).flatten(1)
    assert more.std(1).max() < 1e-3 and more.mean(1).log2().std() == pytest.approx(0.5, abs=0.05)
    grey = x.mean(1, keepdim=True)
    negative = bgc(x, 1.0, ["luma"])  # the paper's reflection: grey turns over, what is around it stays
    assert torch.minimum((negative - x).abs(), (negative - x + 2 * grey).abs()).max() < 1e-6
    for part in ("hue", "saturation"):
        made = bgc(x, 1.0, [part])
        assert torch.allclose(made.mean(1, keepdim=True), grey, atol=1e-5)  # along grey nothing moves
        far = (made - grey).square().sum(1) / (x - grey).square().sum(1)
        assert torch.allclose(far, far[:, :1, :1].expand_as(far), rtol=1e-2)
        assert part == "saturation" or torch.allclose(far, torch.ones(()), rtol=1e-3)
    assert torch.equal(bgc(x[:, :1], 1.0, ["hue", "saturation"]), x[:, :1])  # which grey has not


@pytest.mark.parametrize("parts", [BLIT, GEOMETRY, COLOUR, PARTS])
def test_gradients_pass_and_gradients_of_gradients(parts):
    x = pictures(6, 3, 5, 5).requires_grad_()
    made = bgc(x, 0.8, parts)
    (slope,) = torch.autograd.grad(made.square().sum(), x, create_graph=True)
    (curve,) = torch.autograd.grad(slope.square().sum(), x)
    assert slope.isfinite().all() and slope.abs().sum() > 0 and curve.isfinite().all() and curve.abs().sum() > 0


def test_ranks_change_what_one_process_would():
    x = pictures(12)
    whole = bgc(x, 0.5)
    for rank, part in enumerate(x.chunk(2)):
        torch.manual_seed(0)
        with OneBatch(rank, 2, 6):
            assert torch.equal(bgc(part, 0.5), whole.chunk(2)[rank])
