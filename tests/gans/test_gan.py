"""The theory of 2014 on known densities: the best discriminator and the value of the game."""

import pytest
import torch

import gansmith as gs
from gansmith import losses
from gansmith.cli.settings import explain_settings
from gansmith.data.kinds.images import Images, smooth
from gansmith.runs.sizing import widths_of
from gansmith.testing import made_up


@pytest.mark.parametrize("shift, value", [(1.0, -1.1635), (2.0, -0.7126), (4.0, -0.1209)])
def test_the_fitted_discriminator_is_the_density_ratio_and_its_value_twice_the_jsd(
    shift, value, between_normals, two_normals
):
    gan = between_normals(gs.GAN, shift, steps=800, width=32, learning_rate=3e-3, beta1=0.9, decay=1.0, r1=0.0)
    real, fake = two_normals(shift)
    with torch.no_grad():
        found = -losses.logistic_discriminator(gan.discriminator(real), gan.discriminator(fake)).item()
        x = torch.linspace(-2.576, shift + 2.576, 200)[:, None]
        said = torch.sigmoid(gan.discriminator(x))
    best = torch.sigmoid(shift * (shift / 2 - x[:, 0]))  # p / (p + q) of the two normals
    assert found == pytest.approx(value, abs=0.02)
    assert (said - best).abs().mean() < 0.03


def test_a_discriminator_that_has_not_learned_is_far_from_both(between_normals):
    gan = between_normals(gs.GAN, 2.0, steps=1, items=2000, batch_size=64, width=32)
    x = torch.linspace(-2.5, 4.5, 200)[:, None]
    with torch.no_grad():
        said = torch.sigmoid(gan.discriminator(x))
    assert (said - torch.sigmoid(2.0 * (1.0 - x[:, 0]))).abs().mean() > 0.2


def test_the_minimax_gradient_vanishes_where_the_discriminator_is_sure():
    scores = torch.full((64,), -8.0, requires_grad=True)  # fakes, all found out
    slope = {
        name: torch.autograd.grad(getattr(losses, name).generator(scores, None), scores)[0].norm()
        for name in ("minimax", "non_saturating")
    }
    assert slope["non_saturating"] > 1000 * slope["minimax"]


def test_the_paper_networks_at_mnist_size():
    gan = gs.GAN()
    gan.build(Images((1, 28, 28)))
    assert sum(p.numel() for p in gan.generator.parameters()) == 2_503_984
    assert gan.discriminator(torch.zeros(2, 1, 28, 28)).shape == (2,)


def test_noise_has_unit_variance_under_either_prior():
    for prior in ("uniform", "normal"):
        gan = gs.GAN(prior=prior, latent=10)
        z = gan.latents(20_000, torch.Generator().manual_seed(0))
        assert z.var().item() == pytest.approx(1.0, abs=0.02)
    assert gs.GAN().latents(1000).abs().max() <= 3**0.5


def test_settings_for_vectors_hold_there_alone_and_give_way_to_what_is_given():
    points, pictures = gs.read("ring8"), smooth((1, 8, 8))
    for data, given, rate, latent in (
        (points, {}, 1e-3, 16),
        (points, {"learning_rate": 2e-4, "latent": 100}, 2e-4, 100),
        (pictures, {}, 2e-4, 100),
    ):
        found = gs.GAN(width=4, **given).fit(data, steps=1, batch_size=8, val=0).settings()
        assert (found["learning_rate"], found["latent"]) == (rate, latent)
    assert any("learning_rate 0.001" in line for line in gs.GAN().choose(points.spec))
    assert "[default: 0.0002; for vectors 0.001]" in explain_settings("gan", gs.GAN)


def test_settings_for_more_than_two_columns_hold_there_alone():
    columns = made_up((3,)).spec
    for spec, given, weight in (
        (gs.read("ring8").spec, {}, 0.0),
        (columns, {}, 1.0),
        (columns, {"r1": 0.5}, 0.5),
        (Images((1, 8, 8)), {}, 0.0),
    ):
        gan = gs.LSGAN(**given)
        gan.choose(spec)
        assert gan.r1 == weight
    assert "[default: 0.0; for 3 or more columns 1.0]" in explain_settings("lsgan", gs.LSGAN)


def test_a_default_of_a_class_is_nearer_than_what_its_base_says_for_vectors():
    """Showers have no axes: CaloGAN trained at the step and the noise that GAN takes for points in the plane."""
    showers = gs.read("toy-showers")
    gan = gs.CaloGAN(width=4)
    gan.choose(showers.spec)
    assert (gan.learning_rate, gan.latent) == (2e-3, 64)


def test_settings_for_pictures_hold_there_alone_and_give_way_to_what_is_given():
    pictures, sounds = Images((1, 8, 8)), made_up((1, 64)).spec
    for cls, name, paper in ((gs.DRAGAN, "learning_rate", 1e-4), (gs.BEGAN, "lambda_k", 0.001)):
        for spec, given, value in (
            (pictures, {}, cls.for_pictures[name]),
            (pictures, {name: paper}, paper),
            (sounds, {}, paper),
        ):
            game = cls(**given)
            game.choose(spec)
            assert getattr(game, name) == value
    assert "[default: 0.001; for pictures 0.3]" in explain_settings("began", gs.BEGAN)


def test_a_width_that_is_left_open_may_be_narrowed_to_the_minutes():
    assert widths_of(gs.BEGAN(), smooth((1, 28, 28))) == (64, 32, 16)
